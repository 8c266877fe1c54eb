//! Few and round labels for axes.

use domain::time_axis::{TimeAxis, Window};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, date};
use jiff::tz::{Offset, TimeZone};

use crate::figure::write_number;
use crate::unit::Unit;

/// The value axis of a chart: it begins at zero, or below where there are negative values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scale {
    /// Value at its lower end.
    pub(crate) low: f64,
    /// Value at its upper end.
    pub(crate) high: f64,
    /// Values that get a grid line, and their labels.
    pub(crate) ticks: Vec<(f64, String)>,
}

/// A scale over values from `low` to `high` with about `lines` grid lines above zero.
pub(crate) fn value_scale(unit: Unit, low: f64, high: f64, lines: u32) -> Scale {
    let (low, high) = (low.min(0.0), high.max(0.0));
    let step = value_step(unit, (high - low) / f64::from(lines.max(1)));
    let first = (low / step).floor();
    let mut last = (high / step).floor();
    if last * step < high || last <= first {
        last += 1.0;
    }
    let mut ticks = Vec::new();
    let mut index = first;
    while index <= last {
        let value = index * step;
        ticks.push((value, write_tick(unit, value, step)));
        index += 1.0;
    }
    Scale {
        low: first * step,
        high: last * step,
        ticks,
    }
}

/// The smallest round step that is no smaller than this one.
fn value_step(unit: Unit, at_least: f64) -> f64 {
    const TENS: [f64; 3] = [1.0, 2.0, 5.0];
    // 512 of one unit are half of the next: beyond 200 that is what reads as round.
    const BINARY: [f64; 9] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 512.0];
    const DURATIONS: [f64; 31] = [
        1.0,
        2.0,
        5.0,
        10.0,
        20.0,
        50.0,
        100.0,
        200.0,
        500.0, // ms
        1e3,
        2e3,
        5e3,
        10e3,
        20e3,
        30e3, // s
        60e3,
        120e3,
        300e3,
        600e3,
        1200e3,
        1800e3, // min
        3600e3,
        7200e3,
        10_800e3,
        21_600e3,
        43_200e3, // h
        86_400e3,
        172_800e3,
        432_000e3,
        864_000e3,
        8_640_000e3, // days
    ];
    let (steps, factor): (&[f64], f64) = match unit {
        Unit::Bytes => (&BINARY, 1024.0),
        Unit::Count | Unit::RowsPerSecond => (&TENS, 10.0),
        Unit::Milliseconds => (&DURATIONS, 86_400_000_000.0),
    };
    let mut size = 1.0;
    // Beyond 1e30 nothing is measured, and the loop has an end.
    while size < 1e30 {
        if let Some(step) = steps.iter().find(|step| **step * size >= at_least) {
            return step * size;
        }
        size *= factor;
    }
    size
}

fn write_tick(unit: Unit, value: f64, step: f64) -> String {
    let sign = if value < 0.0 { "−" } else { "" };
    let size = value.abs();
    let text = match unit {
        _ if size <= 0.0 => "0".to_owned(),
        Unit::Bytes => write_bytes(size, step),
        Unit::Count | Unit::RowsPerSecond => write_count(size),
        Unit::Milliseconds => unit.write(size),
    };
    format!("{sign}{text}")
}

/// In the unit of the step, so that neighbours compare; in the next one where that is shorter.
fn write_bytes(value: f64, step: f64) -> String {
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    let mut size = 1.0;
    let mut index = 0;
    while step >= size * 512.0 && index + 1 < UNITS.len() {
        size *= 1024.0;
        index += 1;
    }
    let tenths = (value / size * 10.0 + 0.5).floor();
    let whole = (tenths / 10.0).floor();
    if tenths - whole * 10.0 > 0.0 {
        format!("{whole}.{} {}", tenths - whole * 10.0, UNITS[index])
    } else {
        format!("{} {}", Unit::Count.write(whole), UNITS[index])
    }
}

/// 2,000 up to ten thousand, then 20 k, 2 M, 2 G.
fn write_count(value: f64) -> String {
    for (size, unit) in [(1e9, "G"), (1e6, "M"), (1e3, "k")] {
        if value >= size && value >= 10_000.0 {
            return format!("{} {unit}", value / size);
        }
    }
    Unit::Count.write(value)
}

/// Places on a time axis that get a label: at most `most` of them.
pub(crate) fn time_ticks(axis: TimeAxis, window: Window, most: u32) -> Vec<(i64, String)> {
    match axis {
        TimeAxis::Moments => moment_ticks(window, most),
        TimeAxis::Numbers => number_ticks(window, most),
    }
}

fn number_ticks(window: Window, most: u32) -> Vec<(i64, String)> {
    let mut step: i128 = 1;
    while i128::from(window.ticks()) / step > i128::from(most) {
        // 1, 2, 5, 10, …: the first digit says which comes next.
        let mut digit = step;
        while digit >= 10 {
            digit /= 10;
        }
        step = if digit == 2 { step / 2 * 5 } else { step * 2 };
    }
    multiples(window, step)
        .into_iter()
        .map(|at| (at, write_number(at)))
        .collect()
}

/// The multiples of a step in a window.
fn multiples(window: Window, step: i128) -> Vec<i64> {
    let first = -(-i128::from(window.start)).div_euclid(step);
    let last = i128::from(window.end).div_euclid(step);
    (first..=last)
        .map(|index| index * step)
        .filter_map(|at| i64::try_from(at).ok())
        .collect()
}

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
/// A Monday, from which weeks are counted.
const A_MONDAY: i64 = 4 * DAY;

fn moment_ticks(window: Window, most: u32) -> Vec<(i64, String)> {
    const CLOCK: [i64; 17] = [
        1, 2, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 14_400, 21_600, 43_200,
    ];
    const DAYS: [i64; 5] = [1, 2, 4, 7, 14];
    const MONTHS: [i16; 9] = [1, 2, 3, 6, 12, 24, 60, 120, 1200];
    let fits = |step: i64| window.ticks() / step.unsigned_abs() <= u64::from(most);
    if let Some(step) = CLOCK
        .into_iter()
        .map(|seconds| seconds * SECOND)
        .find(|s| fits(*s))
    {
        return clock_ticks(window, step);
    }
    if let Some(step) = DAYS.into_iter().map(|days| days * DAY).find(|s| fits(*s)) {
        return day_ticks(window, step);
    }
    let step = MONTHS
        .into_iter()
        .find(|months| fits(i64::from(*months) * 30 * DAY))
        .unwrap_or(1200);
    month_ticks(window, step)
}

/// Calendar and clock in UTC; beyond the calendar, its nearest end.
fn civil(at: i64) -> DateTime {
    let nearest = if at < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Offset::UTC.to_datetime(Timestamp::from_microsecond(at).unwrap_or(nearest))
}

fn clock_ticks(window: Window, step: i64) -> Vec<(i64, String)> {
    multiples(window, i128::from(step))
        .into_iter()
        .map(|at| {
            let format = if at % DAY == 0 {
                "%-d %b"
            } else if step < 60 * SECOND {
                "%H:%M:%S"
            } else {
                "%H:%M"
            };
            (at, civil(at).strftime(format).to_string())
        })
        .collect()
}

fn day_ticks(window: Window, step: i64) -> Vec<(i64, String)> {
    let shifted = Window::new(
        window.start.saturating_sub(A_MONDAY),
        window.end.saturating_sub(A_MONDAY),
    );
    let mut year = civil(window.start).year();
    multiples(shifted, i128::from(step))
        .into_iter()
        .map(|at| {
            let at = at + A_MONDAY;
            let day = civil(at);
            // The year stands where it begins.
            let format = if day.year() == year { "%-d %b" } else { "%-d %b %Y" };
            year = day.year();
            (at, day.strftime(format).to_string())
        })
        .collect()
}

fn month_ticks(window: Window, step: i16) -> Vec<(i64, String)> {
    let start = civil(window.start).date();
    let months_from_zero = i32::from(start.year()) * 12 + i32::from(start.month()) - 1;
    let first = months_from_zero.div_euclid(i32::from(step)) * i32::from(step);
    let last = i32::from(civil(window.end).year()) * 12 + 12;
    (first..=last)
        .step_by(usize::from(step.unsigned_abs()))
        .map_while(month)
        .filter_map(|day| {
            let at = day.to_zoned(TimeZone::UTC).ok()?.timestamp().as_microsecond();
            Some((at, day))
        })
        .skip_while(|(at, _)| *at < window.start)
        .take_while(|(at, _)| *at <= window.end)
        .map(|(at, day)| {
            let format = if day.month() == 1 { "%Y" } else { "%b" };
            (at, day.strftime(format).to_string())
        })
        .collect()
}

/// The first of the month so many months after the year 0.
fn month(months: i32) -> Option<Date> {
    let year = i16::try_from(months.div_euclid(12))
        .ok()
        .filter(|year| (-9998..=9998).contains(year))?;
    let month = i8::try_from(months.rem_euclid(12) + 1).ok()?;
    Some(date(year, month, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(unit: Unit, low: f64, high: f64) -> Vec<String> {
        value_scale(unit, low, high, 4)
            .ticks
            .into_iter()
            .map(|tick| tick.1)
            .collect()
    }

    #[test]
    fn values_get_few_and_round_labels_from_zero() {
        const MB: f64 = 1_048_576.0;
        for (unit, high, expected) in [
            (Unit::Bytes, 560.0 * MB, "0 200 MB 400 MB 600 MB"),
            (Unit::Bytes, 1500.0 * MB, "0 0.5 GB 1 GB 1.5 GB"),
            (Unit::Bytes, 3.5 * 1024.0 * MB, "0 1 GB 2 GB 3 GB 4 GB"),
            (Unit::Bytes, 900.0 * 1024.0, "0 0.5 MB 1 MB"),
            (Unit::Bytes, 0.0, "0 1 B"),
            (Unit::RowsPerSecond, 1176.0, "0 500 1,000 1,500"),
            (Unit::Count, 70_000.0, "0 20 k 40 k 60 k 80 k"),
            (Unit::Milliseconds, 100_000.0, "0 30 s 1 min 1.5 min 2 min"),
            (Unit::Milliseconds, 7_200_000.0, "0 30 min 1 h 1.5 h 2 h"),
        ] {
            assert_eq!(labels(unit, 0.0, high).join(" "), expected, "{unit:?} {high}");
        }
    }

    #[test]
    fn negative_values_get_room_below_zero() {
        assert_eq!(
            labels(Unit::Bytes, -300.0 * 1_048_576.0, 500.0 * 1_048_576.0).join(" "),
            "−400 MB −200 MB 0 200 MB 400 MB 600 MB"
        );
    }

    #[test]
    fn scales_hold_whatever_is_measured() {
        for high in [0.0, 1e-9, 1.0, 1023.0, 1024.0, 1e15, 1.8e19, 1e29] {
            for unit in [Unit::Bytes, Unit::Count, Unit::Milliseconds] {
                let scale = value_scale(unit, 0.0, high, 4);
                assert!(scale.high >= high && scale.high > scale.low, "{unit:?} {high}");
                assert!(
                    (2..=7).contains(&scale.ticks.len()),
                    "{unit:?} {high}: {:?}",
                    scale.ticks
                );
            }
        }
    }

    fn moments(start: &str, end: &str, most: u32) -> String {
        let ticks = |text: &str| TimeAxis::Moments.read(text).expect(text);
        time_ticks(TimeAxis::Moments, Window::new(ticks(start), ticks(end)), most)
            .into_iter()
            .map(|tick| tick.1)
            .collect::<Vec<_>>()
            .join(", ")
    }

    #[test]
    fn moments_get_round_labels_without_the_year_where_it_is_clear() {
        for (start, end, expected) in [
            (
                "2026-11-22T09:30:00Z",
                "2026-11-23T09:30:00Z",
                "12:00, 16:00, 20:00, 23 Nov, 04:00, 08:00",
            ),
            (
                "2026-10-24T00:00:00Z",
                "2026-11-22T12:00:00Z",
                "26 Oct, 2 Nov, 9 Nov, 16 Nov",
            ),
            (
                "2026-12-20T12:00:00Z",
                "2027-01-20T12:00:00Z",
                "21 Dec, 28 Dec, 4 Jan 2027, 11 Jan, 18 Jan",
            ),
            (
                "2026-02-10T00:00:00Z",
                "2027-02-10T00:00:00Z",
                "Mar, May, Jul, Sep, Nov, 2027",
            ),
            (
                "2019-02-10T00:00:00Z",
                "2026-02-10T00:00:00Z",
                "2020, 2022, 2024, 2026",
            ),
            (
                "2026-11-22T09:30:01Z",
                "2026-11-22T09:30:09Z",
                "09:30:02, 09:30:04, 09:30:06, 09:30:08",
            ),
        ] {
            assert_eq!(moments(start, end, 6), expected, "{start} to {end}");
        }
    }

    #[test]
    fn integer_time_gets_round_numbers() {
        let ticks = time_ticks(TimeAxis::Numbers, Window::new(-3, 104_000), 5);
        let labels: Vec<_> = ticks.into_iter().map(|tick| tick.1).collect();
        assert_eq!(labels, ["0", "20,000", "40,000", "60,000", "80,000", "100,000"]);
    }

    #[test]
    fn the_whole_of_an_axis_has_few_labels_too() {
        for axis in [TimeAxis::Moments, TimeAxis::Numbers] {
            let ticks = time_ticks(axis, Window::new(i64::MIN, i64::MAX), 8);
            assert!(ticks.len() <= 200, "{axis:?}: {}", ticks.len());
        }
    }
}
