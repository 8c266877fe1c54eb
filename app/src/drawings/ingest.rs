//! How fast rows came in.

use charts::{Figure, Point, Series, TimeChart, Unit};
use domain::history::Series as Recorded;
use domain::quantity::minute;
use domain::time_axis::{Window, moment};

use super::MICROS;

/// As many seconds without a row are worth a word.
const QUIET_S: i64 = 3_600;

/// The title says what the line cannot: that nothing was recorded, or since when nothing has come in.
fn title(recorded: &Recorded) -> String {
    const TITLE: &str = "Rows that came in";
    let Some(last) = recorded.points.last() else {
        return format!("{TITLE}: nothing recorded in this time");
    };
    let last_s = last.at_s + recorded.step_s;
    let newest = recorded.points.iter().rev().find(|point| point.max > 0.0);
    let quiet_from_s = match newest {
        Some(point) => point.at_s + recorded.step_s,
        None => recorded.points[0].at_s,
    };
    // What came in while nobody looked is not known.
    let looked_from_s = recorded
        .gaps
        .iter()
        .map(|gap| gap.until_s)
        .filter(|until_s| *until_s <= last.at_s)
        .max();
    let quiet_from_s = quiet_from_s.max(looked_from_s.unwrap_or(i64::MIN));
    if last_s - quiet_from_s < QUIET_S {
        return TITLE.to_owned();
    }
    format!(
        "{TITLE}: none since {} UTC",
        minute(moment(quiet_from_s * MICROS))
    )
}

/// Rows a second over time, as they were recorded: the mean of each point, in its middle.
pub(crate) fn draw_ingest(recorded: &Recorded) -> Figure {
    let half_s = recorded.step_s / 2;
    let values = recorded.points.iter().map(|point| Point {
        at: (point.at_s + half_s).min(recorded.until_s) * MICROS,
        value: Some(point.mean()),
        is_derived: false,
    });
    let gaps = recorded.gaps.iter().map(|gap| Point {
        at: (gap.from_s + half_s + 1) * MICROS,
        value: None,
        is_derived: false,
    });
    let mut points: Vec<Point> = values.chain(gaps).collect();
    points.sort_by_key(|point| point.at);
    TimeChart {
        title: title(recorded),
        unit: Unit::RowsPerSecond,
        series: vec![Series {
            name: "Rows a second".to_owned(),
            points,
        }],
        is_stacked: false,
        window: Window::new(recorded.from_s * MICROS, recorded.until_s * MICROS),
        gap_after: None,
    }
    .draw()
}

#[cfg(test)]
mod tests {
    use domain::history::{Gap, Measure, Point as Held, Resolution};

    use super::*;

    fn recorded(rates: &[f64]) -> Recorded {
        let points = (0..).zip(rates).map(|(index, rate)| Held {
            at_s: index * 3_600,
            min: *rate,
            max: *rate,
            last: *rate,
            sum: *rate,
            count: 1,
        });
        Recorded {
            measure: Measure::IngestRowsPerSecond,
            resolution: Resolution::Hour,
            step_s: 3_600,
            from_s: 0,
            until_s: 86_400,
            points: points.collect(),
            gaps: Vec::new(),
        }
    }

    #[test]
    fn of_a_time_in_which_nobody_looked_nothing_is_said() {
        let mut recorded = recorded(&[1.0, 0.0, 0.0]);
        recorded.gaps = vec![Gap {
            from_s: 0,
            until_s: 7_200,
        }];
        assert_eq!(
            title(&recorded),
            "Rows that came in: none since 1 Jan 1970 02:00 UTC"
        );
    }

    #[test]
    fn the_title_tells_nothing_recorded_from_nothing_that_came_in() {
        for (rates, expected) in [
            (&[][..], "Rows that came in: nothing recorded in this time"),
            (&[1.0, 2.0], "Rows that came in"),
            (
                &[1.0, 0.0, 0.0],
                "Rows that came in: none since 1 Jan 1970 01:00 UTC",
            ),
            (&[0.0, 0.0], "Rows that came in: none since 1 Jan 1970 00:00 UTC"),
        ] {
            assert_eq!(title(&recorded(rates)), expected);
        }
    }
}
