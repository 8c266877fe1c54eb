//! How fast something grows and when it reaches a limit, in words.

use domain::forecast::{Basis, Growth, LOOKED_AHEAD_S, Reach, Trend, plateau, reach};
use domain::quantity::{bytes, counted, day, minute, rounded};
use jiff::Timestamp;

/// What grows, and how.
pub(super) struct Grows {
    /// What it is, and how large now: begins a sentence.
    pub(super) what: String,
    /// How it grows.
    pub(super) growth: Growth,
    /// Since when nothing comes in, in seconds since 1970; `None` where something does.
    pub(super) idle_since_s: Option<i64>,
    /// What the next run of retention drops of it, in bytes.
    pub(super) due_bytes: u64,
    /// Retention policies whose drops nobody can foretell.
    pub(super) unsure_retentions: u64,
}

/// Begins the sentence about what is not foretold.
const UNSURE: &str = "Not taken off is what retention may drop by";

/// `+ 212 MB`.
fn signed(value: f64) -> String {
    let sign = if value < 0.0 { "−" } else { "+" };
    format!("{sign} {}", bytes(rounded(value.abs())))
}

/// The growth in sentences, with what they rest on and when `limit` bytes are reached.
pub(super) fn words(grows: &Grows, limit: Option<u64>) -> Vec<String> {
    let mut sentences = match &grows.growth {
        Growth::Known(trend) => {
            let mut sentences = vec![said(&grows.what, trend)];
            sentences.extend(ends(trend));
            sentences.extend(steps_left_out(trend));
            sentences
        }
        Growth::NotEnough { have, need } => vec![format!(
            "How {} grows is not known yet: {} of history, {need} are needed.",
            in_sentence(&grows.what),
            counted(u64::from(*have), "day", "days")
        )],
    };
    if grows.due_bytes > 0 {
        sentences.push(format!(
            "The next run of retention drops {} that are old enough.",
            bytes(grows.due_bytes)
        ));
    }
    match grows.unsure_retentions {
        0 => {}
        1 => sentences.push(format!(
            "{UNSURE} 1 policy that does not work now, or counts from creation."
        )),
        policies => sentences.push(format!(
            "{UNSURE} {policies} policies that do not work now, or count from creation."
        )),
    }
    if let Some(since_s) = grows.idle_since_s {
        sentences.push(format!(
            "Nothing that came in is newer than {} UTC.",
            Timestamp::from_second(since_s).map_or_else(|_| "—".to_owned(), minute)
        ));
    }
    if let (Growth::Known(trend), Some(limit)) = (&grows.growth, limit) {
        sentences.push(when(trend, limit));
    }
    sentences
}

/// `The database` is written small within a sentence; names stay as they are.
fn in_sentence(what: &str) -> String {
    what.strip_prefix("The database")
        .map_or_else(|| what.to_owned(), |rest| format!("the database{rest}"))
}

fn said(what: &str, trend: &Trend) -> String {
    let basis = match &trend.basis {
        Basis::History { from_s, .. } => format!("by its history since {}", date(*from_s)),
        Basis::Chunks { chunks } => {
            format!(
                "by what the last {} hold",
                counted(*chunks as u64, "chunk", "chunks")
            )
        }
    };
    let now = trend.paces()[0].1;
    // What retention takes off by now.
    if !trend.settling.is_empty() && plateau(trend).is_some_and(|plateau| plateau.at_s <= trend.at_s) {
        return format!(
            "{what} stays about as large as it is: a month of data takes {} ({basis}), and retention drops as much.",
            bytes(rounded(trend.monthly.likely))
        );
    }
    let [low, high] = [now.low, now.high].map(signed);
    let verb = if now.likely < 0.0 { "shrinks" } else { "grows" };
    let by = bytes(rounded(now.likely.abs()));
    if low == high {
        format!("{what} {verb} by {by} a month, evenly ({basis}).")
    } else {
        let cases = match trend.basis {
            Basis::History { .. } => "in nine of ten cases",
            Basis::Chunks { .. } => "by four of five chunks",
        };
        format!("{what} {verb} by {by} a month; {cases} {low} to {high} ({basis}).")
    }
}

/// Growth that ends because retention will drop as much as comes in.
fn ends(trend: &Trend) -> Option<String> {
    if let Some(plateau) = plateau(trend) {
        return (plateau.at_s > trend.at_s).then(|| {
            format!(
                "It levels off near {} about {}, when retention drops as much as comes in.",
                bytes(rounded(plateau.level)),
                date(plateau.at_s)
            )
        });
    }
    let (at_s, last) = *trend.paces().last()?;
    let slows = last.likely < trend.monthly.likely && trend.monthly.likely > 0.0;
    let is_near = at_s - trend.at_s <= LOOKED_AHEAD_S;
    (at_s > trend.at_s && slows && is_near).then(|| {
        format!(
            "From about {} on {} a month: by then retention drops as much as comes in of the tables that have such a \
             policy.",
            date(at_s),
            signed(last.likely)
        )
    })
}

/// What happened once is no growth, and is said.
fn steps_left_out(trend: &Trend) -> Option<String> {
    let Basis::History { left_out, .. } = &trend.basis else {
        return None;
    };
    let steps: Vec<String> = left_out
        .iter()
        .map(|step| format!("{} on {}", signed(step.by), date(step.at_s)))
        .collect();
    (!steps.is_empty()).then(|| format!("Left out, as it happened once: {}.", steps.join(", ")))
}

fn when(trend: &Trend, limit: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let float = limit as f64;
    let reached = reach(trend, float);
    let limit = bytes(limit);
    match reached {
        Reach::Already => format!("{limit} are reached already."),
        Reach::NotWithinFiveYears if plateau(trend).is_some_and(|plateau| plateau.level < float) => {
            format!("{limit} are not reached: it levels off below.")
        }
        Reach::NotWithinFiveYears => format!("{limit} are not reached within five years."),
        Reach::Within {
            earliest_s,
            latest_s: Some(latest_s),
            ..
        } if date(earliest_s) == date(latest_s) => {
            format!(
                "{limit} are reached about {}, if it goes on as evenly.",
                date(earliest_s)
            )
        }
        Reach::Within {
            earliest_s,
            likely_s,
            latest_s,
        } => {
            let likely = likely_s.map_or_else(
                || "not within five years if it goes on like this".to_owned(),
                |at_s| format!("about {}", date(at_s)),
            );
            let latest = latest_s.map_or_else(
                || "may be never".to_owned(),
                |at_s| format!("{} at the latest", date(at_s)),
            );
            format!(
                "{limit} are reached {likely}: {} at the earliest, {latest}.",
                date(earliest_s)
            )
        }
    }
}

fn date(at_s: i64) -> String {
    Timestamp::from_second(at_s).map_or_else(|_| "—".to_owned(), day)
}

#[cfg(test)]
mod tests {
    use domain::forecast::{Monthly, Settling};

    use super::*;

    const MB: f64 = 1_048_576.0;
    /// 2026-11-23.
    const NOW_S: i64 = 1_795_392_000;
    const MONTH_S: i64 = 2_629_800;

    fn grows(monthly: [f64; 3], settling: Vec<Settling>) -> Grows {
        let [low, likely, high] = monthly.map(|value| value * MB);
        Grows {
            what: "The database (100 MB now)".to_owned(),
            growth: Growth::Known(Trend {
                monthly: Monthly { low, likely, high },
                level: 100.0 * MB,
                peak: 100.0 * MB,
                at_s: NOW_S,
                basis: Basis::Chunks { chunks: 30 },
                settling,
            }),
            idle_since_s: None,
            due_bytes: 0,
            unsure_retentions: 0,
        }
    }

    fn settling(after_s: i64, monthly: f64) -> Settling {
        let value = monthly * MB;
        Settling {
            at_s: NOW_S + after_s,
            monthly: Monthly {
                low: value,
                likely: value,
                high: value,
            },
        }
    }

    #[test]
    fn even_growth_names_what_grows_and_one_date() {
        assert_eq!(
            words(&grows([10.0, 10.0, 10.0], Vec::new()), Some(120 << 20)),
            [
                "The database (100 MB now) grows by 10 MB a month, evenly (by what the last 30 chunks hold).",
                "120 MB are reached about 22 Jan 2027, if it goes on as evenly.",
            ]
        );
    }

    #[test]
    fn growth_that_varies_has_an_interval_and_so_has_the_date() {
        assert_eq!(
            words(&grows([5.0, 10.0, 20.0], Vec::new()), Some(120 << 20)),
            [
                "The database (100 MB now) grows by 10 MB a month; by four of five chunks + 5 MB to + 20 MB \
                 (by what the last 30 chunks hold).",
                "120 MB are reached about 22 Jan 2027: 23 Dec 2026 at the earliest, 24 Mar 2027 at the latest.",
            ]
        );
    }

    #[test]
    fn what_retention_will_keep_levels_off_and_a_limit_above_is_not_reached() {
        let grows = grows([10.0, 10.0, 10.0], vec![settling(2 * MONTH_S, 10.0)]);
        assert_eq!(
            words(&grows, Some(130 << 20))[1..],
            [
                "It levels off near 120 MB about 22 Jan 2027, when retention drops as much as comes in.",
                "130 MB are not reached: it levels off below.",
            ]
        );
    }

    #[test]
    fn what_retention_keeps_already_stays_as_it_is() {
        let grows = grows([10.0, 10.0, 10.0], vec![settling(-1, 10.0)]);
        assert_eq!(
            words(&grows, None),
            [
                "The database (100 MB now) stays about as large as it is: a month of data takes 10 MB (by what the last \
                 30 chunks hold), and retention drops as much."
            ]
        );
    }

    #[test]
    fn where_some_tables_are_kept_for_ever_the_rest_of_the_growth_is_said() {
        let grows = grows([10.0, 10.0, 10.0], vec![settling(MONTH_S, 8.0)]);
        assert_eq!(
            words(&grows, None)[1],
            "From about 23 Dec 2026 on + 2 MB a month: by then retention drops as much as comes in of the tables that \
             have such a policy."
        );
    }

    #[test]
    fn a_database_into_which_nothing_comes_says_since_when() {
        let grows = Grows {
            idle_since_s: Some(NOW_S - 3 * 86_400),
            ..grows([10.0, 10.0, 10.0], Vec::new())
        };
        assert_eq!(
            words(&grows, None)[1],
            "Nothing that came in is newer than 20 Nov 2026 00:00 UTC."
        );
    }

    #[test]
    fn what_shrinks_says_nothing_of_when_it_stops_growing() {
        let grows = grows([-10.0, -10.0, -10.0], vec![settling(MONTH_S, -10.0)]);
        assert_eq!(words(&grows, None).len(), 1);
    }

    #[test]
    fn a_limit_below_where_it_levels_off_far_ahead_is_not_said_to_be_above() {
        let grows = grows([1.0, 1.0, 1.0], vec![settling(58 * MONTH_S, 1.0)]);
        assert_eq!(
            words(&grows, Some(400 << 20)).last().map(String::as_str),
            Some("400 MB are not reached: it levels off below.")
        );
        let for_ten_years = super::tests::grows([1.0, 1.0, 1.0], vec![settling(120 * MONTH_S, 1.0)]);
        assert_eq!(
            words(&for_ten_years, Some(200 << 20))[1..],
            ["200 MB are not reached within five years."]
        );
    }

    #[test]
    fn retention_that_does_not_work_and_a_backlog_are_said() {
        let grows = Grows {
            due_bytes: 30 << 20,
            unsure_retentions: 2,
            ..grows([10.0, 10.0, 10.0], Vec::new())
        };
        assert_eq!(
            words(&grows, None)[1..],
            [
                "The next run of retention drops 30 MB that are old enough.",
                "Not taken off is what retention may drop by 2 policies that do not work now, or count from creation.",
            ]
        );
    }
}
