//! What has come since the page was loaded: heard from the stream of events, or, while there is none, asked for.

use std::time::Duration;

use domain::overview::DatabaseStatus;
use leptos::prelude::*;

use super::live::Refresher;
use crate::browser::stream::{News, listen};
use crate::browser::{every, is_visible, monotonic_ms, sign_in_again};
use crate::error::AppError;
use crate::loading::Loaded;
use crate::server_fns::{Frame, load_status};

/// A visible page that hears nothing asks this often.
const ASK_EVERY: Duration = Duration::from_secs(5);
/// A stream that is silent for so many milliseconds may have died without a word: the page asks then, too.
const LONG_SILENCE_MS: f64 = 30_000.0;

/// Pages that hear of a reading refresh within so many milliseconds.
const SPREAD_MS: f64 = 800.0;

/// How the database stands, once it is newer than what the page was loaded with.
pub(super) type Newer = RwSignal<Option<DatabaseStatus>>;

/// What the page knows of its stream.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Hearing {
    /// Nothing was heard yet.
    Nothing,
    /// When something was heard last, in milliseconds on the clock that never jumps.
    Since(f64),
    /// There is no stream.
    Failed,
}

impl Hearing {
    fn is_well(self) -> bool {
        matches!(self, Self::Since(at_ms) if monotonic_ms() - at_ms < LONG_SILENCE_MS)
    }
}

/// The page's own view of the database it is about.
#[derive(Clone, Copy)]
struct Watch {
    /// What the page was loaded with.
    loaded: RwSignal<Option<DatabaseStatus>>,
    newer: Newer,
    hearing: StoredValue<Hearing>,
    /// Whether something was heard that the page does not show, as nobody saw it.
    is_behind: StoredValue<bool>,
    /// Whether the pages are refreshed because the server has answered.
    is_answered: StoredValue<bool>,
    refresher: Refresher,
}

/// Whether asking how the database stands refreshes the pages. A server that does not answer leaves them as they are.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Refresh {
    Never,
    IfOther,
    OnceAnswered,
}

/// Follows the database of the frame, and has the pages refreshed when there is something new. Who is signed out
/// meanwhile leaves the page.
pub(super) fn newer_status(frame: Loaded<Result<Frame, AppError>>, refresher: Refresher) -> Newer {
    let watch = Watch {
        loaded: RwSignal::new(None),
        newer: RwSignal::new(None),
        hearing: StoredValue::new(Hearing::Nothing),
        is_behind: StoredValue::new(false),
        is_answered: StoredValue::new(false),
        refresher,
    };
    Effect::new(move |_| {
        if let Some(Ok(frame)) = frame.get() {
            // Of another database nothing is known yet.
            watch.newer.set(None);
            watch.loaded.set(Some(frame.status));
        }
    });
    let database = Memo::new(move |_| watch.database());
    listen(database, move |news| watch.take(news));
    every(ASK_EVERY, move || {
        if !is_visible() {
            return;
        }
        match watch.hearing.get_value() {
            hearing if hearing.is_well() => {}
            // Whether there is something new at all is to be seen.
            Hearing::Since(_) => watch.ask(Refresh::IfOther),
            Hearing::Nothing | Hearing::Failed => watch.ask(Refresh::OnceAnswered),
        }
    });
    // What refreshes the pages while nothing is heard refreshes the frame too, unless the frame was asked for first.
    Effect::new(move |before: Option<u32>| {
        let version = refresher.version();
        let is_answered = watch.is_answered.get_value();
        watch.is_answered.set_value(false);
        if before.is_some_and(|before| before != version)
            && !is_answered
            && !watch.hearing.get_value().is_well()
        {
            watch.ask(Refresh::Never);
        }
        version
    });
    watch.newer
}

/// Everybody hears of a reading at the same moment; not everybody asks for it at the same moment.
fn refresh_soon(watch: Watch) {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the fraction of a positive number"
    )]
    let wait_ms = (monotonic_ms().fract() * SPREAD_MS) as u64;
    let refresh = move || {
        // Hidden meanwhile, it asks for nothing until it is seen again.
        if is_visible() {
            watch.refresher.now();
        } else if let Some(mut is_behind) = watch.is_behind.try_write_value() {
            *is_behind = true;
        }
    };
    set_timeout(refresh, Duration::from_millis(wait_ms));
}

impl Watch {
    fn database(self) -> Option<String> {
        self.loaded
            .with(|loaded| loaded.as_ref().map(|status| status.database.to_string()))
    }

    fn take(self, news: News) {
        match news {
            News::Silence => self.hearing.set_value(Hearing::Nothing),
            News::Snapshot { json, waited_ms } => {
                let Ok(mut status) = serde_json::from_slice::<DatabaseStatus>(json.as_bytes()) else {
                    return;
                };
                if let Some(freshness) = &mut status.freshness {
                    freshness.age_ms += waited_ms;
                }
                // The first thing that is heard may be what the page was loaded with. Every other is news, also where
                // it looks the same: why readings fail is not told to everybody.
                let is_first = !matches!(self.hearing.get_value(), Hearing::Since(_));
                self.hearing.set_value(Hearing::Since(monotonic_ms()));
                let is_behind = self.is_behind.get_value();
                self.is_behind.set_value(false);
                if self.show(status) || !is_first || is_behind {
                    refresh_soon(self);
                }
            }
            News::Failed => {
                let was_failed = self.hearing.get_value() == Hearing::Failed;
                self.hearing.set_value(Hearing::Failed);
                if !was_failed {
                    self.ask(Refresh::OnceAnswered);
                }
            }
        }
    }

    /// Asks the server how the database stands.
    fn ask(self, refresh: Refresh) {
        let Some(database) = self
            .loaded
            .get_untracked()
            .map(|status| status.database.to_string())
        else {
            return;
        };
        leptos::task::spawn_local(async move {
            match load_status(Some(database)).await {
                Ok(status) => {
                    let is_other = self.show(status);
                    if refresh == Refresh::OnceAnswered || (refresh == Refresh::IfOther && is_other) {
                        // Hidden meanwhile, the page loads nothing until it is seen again.
                        if is_visible() {
                            self.is_answered.set_value(true);
                            self.refresher.now();
                        } else {
                            self.is_behind.set_value(true);
                        }
                    }
                }
                Err(AppError::NotSignedIn) => sign_in_again(),
                // The age goes on counting, and says so.
                Err(_) => {}
            }
        });
    }

    /// Shows a status, if it is that of the database the page is about; says whether it comes of another reading.
    fn show(self, status: DatabaseStatus) -> bool {
        let reading = |status: &DatabaseStatus| {
            let collected_at = status.freshness.map(|freshness| freshness.collected_at);
            (status.database.clone(), status.health, collected_at)
        };
        // An answer may come when the page is gone, or about a database that was left.
        let Some(loaded) = self
            .loaded
            .try_get_untracked()
            .flatten()
            .filter(|loaded| loaded.database == status.database)
        else {
            return false;
        };
        let known = self.newer.get_untracked().unwrap_or(loaded);
        let is_other = reading(&known) != reading(&status);
        self.newer.set(Some(status));
        is_other
    }
}
