//! What somebody points at in a chart, kept while the page is refreshed: the chart is made anew then, and nobody has
//! moved the pointer.

use std::cell::RefCell;

use charts::Readout;
use leptos::prelude::*;

use super::overlay::Pointing;

/// One chart at a time is pointed at.
struct Held {
    title: String,
    pointing: Pointing,
    /// Where it is on the chart's axis: the same place has another number once there are newer ones.
    at: i64,
}

thread_local! {
    /// Written by an effect, so in the browser only.
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
}

/// What is pointed at in the chart of this title: what was pointed at in the one whose place it takes.
pub(super) fn pointing_in(title: &str, readout: StoredValue<Readout>) -> RwSignal<Pointing> {
    let title = title.to_owned();
    let before = HELD.with_borrow(|held| {
        let held = held.as_ref().filter(|held| held.title == title)?;
        Some(Pointing {
            place: readout.with_value(|readout| readout.nearest(held.at)),
            ..held.pointing
        })
    });
    let pointing = RwSignal::new(before.unwrap_or_default());
    Effect::new(move |_| {
        let pointing = pointing.get();
        let at = pointing
            .place
            .map(|place| readout.with_value(|readout| readout.middle(place)));
        HELD.with_borrow_mut(|held| {
            if let Some(at) = at {
                *held = Some(Held {
                    title: title.clone(),
                    pointing,
                    at,
                });
            } else if held.as_ref().is_some_and(|held| held.title == title) {
                *held = None;
            }
        });
    });
    pointing
}
