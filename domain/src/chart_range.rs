//! Which part of the time axis a chart shows, and how that is written in an address.

use serde::{Deserialize, Serialize};

use crate::history::Range;
use crate::listing::escape_parameter;
use crate::time_axis::{TimeAxis, Window};

/// What a chart shows of its time axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChartRange {
    /// Up to now.
    Last(Range),
    /// What somebody chose, in ticks of the chart's axis.
    Between(Window),
}

impl ChartRange {
    /// Reads an address's parameters: `from` and `to`, else `range`, else `default`. What is no range falls back.
    pub fn from_parameters(axis: TimeAxis, default: Range, get: impl Fn(&str) -> Option<String>) -> Self {
        let point = |name| get(name).and_then(|text| axis.read(&text));
        if let (Some(start), Some(end)) = (point("from"), point("to"))
            && start < end
        {
            return Self::Between(Window { start, end });
        }
        let range = get("range");
        Self::Last(range.and_then(|text| text.parse().ok()).unwrap_or(default))
    }

    /// The part of the axis, in ticks: `now` ends it, `oldest` begins what there is. Ranges of days have no meaning
    /// on an axis of numbers and show everything.
    pub fn window(self, axis: TimeAxis, now: i64, oldest: i64) -> Window {
        match self {
            Self::Between(window) => window,
            Self::Last(last) => match last.length_s() {
                Some(length_s) if axis == TimeAxis::Moments => {
                    Window::new(now.saturating_sub(length_s * 1_000_000), now)
                }
                _ => Window::new(oldest, now),
            },
        }
    }

    /// An address's query with this range in place of its own; every other parameter stays as it is. What somebody
    /// chose stands beside the range it was chosen from, which [`without_choice`] goes back to.
    pub fn replaced_in(self, axis: TimeAxis, query: &str) -> String {
        let (mut parameters, replaced) = match self {
            Self::Last(last) => (
                vec![format!("range={}", last.as_str())],
                &["range", "from", "to"][..],
            ),
            Self::Between(window) => (
                vec![
                    format!("from={}", escape_parameter(&axis.write(window.start))),
                    format!("to={}", escape_parameter(&axis.write(window.end))),
                ],
                &["from", "to"][..],
            ),
        };
        let mut kept = without(query, replaced);
        kept.append(&mut parameters);
        format!("?{}", kept.join("&"))
    }
}

/// Of an address's query only the part of the axis somebody chose, with its `?`; empty where nobody did.
pub fn choice(query: &str) -> String {
    let chosen: Vec<&str> = query
        .trim_start_matches('?')
        .split('&')
        .filter(|pair| pair.starts_with("from=") || pair.starts_with("to="))
        .collect();
    if chosen.is_empty() {
        String::new()
    } else {
        format!("?{}", chosen.join("&"))
    }
}

/// An address's query without the part of the axis somebody chose: what was shown before.
pub fn without_choice(query: &str) -> String {
    format!("?{}", without(query, &["from", "to"]).join("&"))
}

fn without(query: &str, names: &[&str]) -> Vec<String> {
    query
        .trim_start_matches('?')
        .split('&')
        .filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            !name.is_empty() && !names.contains(&name)
        })
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(axis: TimeAxis, pairs: &[(&str, &str)]) -> ChartRange {
        ChartRange::from_parameters(axis, Range::Month, |name| {
            pairs
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn an_address_without_a_range_or_with_nonsense_shows_the_default() {
        let default = ChartRange::Last(Range::Month);
        for pairs in [
            &[][..],
            &[("range", "a while")],
            &[("from", "2026-11-22T00:00:00Z")],
            &[("from", "2026-11-22T00:00:00Z"), ("to", "2026-11-21T00:00:00Z")],
            &[("from", "1"), ("to", "2")],
        ] {
            assert_eq!(read(TimeAxis::Moments, pairs), default, "{pairs:?}");
        }
        assert_eq!(
            read(TimeAxis::Moments, &[("range", "7d")]),
            ChartRange::Last(Range::Week)
        );
    }

    #[test]
    fn a_range_in_an_address_replaces_the_range_and_keeps_the_rest() {
        let week = ChartRange::Last(Range::Week);
        assert_eq!(week.replaced_in(TimeAxis::Moments, ""), "?range=7d");
        assert_eq!(
            week.replaced_in(TimeAxis::Moments, "?sort=rows&from=1&to=2&q=a%26b&range=1y"),
            "?sort=rows&q=a%26b&range=7d"
        );
        let chosen = ChartRange::Between(Window { start: 3, end: 9 });
        let query = chosen.replaced_in(TimeAxis::Numbers, "?range=7d&page=2");
        assert_eq!(query, "?range=7d&page=2&from=3&to=9");
        assert_eq!(without_choice(&query), "?range=7d&page=2");
        assert_eq!(read(TimeAxis::Numbers, &[("from", "3"), ("to", "9")]), chosen);
    }

    #[test]
    fn ranges_of_days_show_everything_on_an_axis_of_numbers() {
        let week = ChartRange::Last(Range::Week);
        let days = 7 * 86_400_000_000;
        assert_eq!(
            week.window(TimeAxis::Moments, days, -5),
            Window { start: 0, end: days }
        );
        assert_eq!(
            week.window(TimeAxis::Numbers, 100, -5),
            Window { start: -5, end: 100 }
        );
        assert_eq!(
            ChartRange::Last(Range::All).window(TimeAxis::Moments, 100, 100),
            Window { start: 100, end: 101 }
        );
    }
}
