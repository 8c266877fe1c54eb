//! What drawings promise whatever they are given: complete, escaped, inside their bounds, the same each time.

#[path = "../examples/fixtures/mod.rs"]
mod fixtures;

use charts::{
    Bar, BarChart, Column, ColumnChart, Figure, Lane, LaneChart, Outcome, Pair, PairChart, Point, Run,
    RunChart, Series, TimeChart, Unit, WIDTHS, draw_chunk_map,
};
use domain::history::{Measure, Point as HistoryPoint, Resolution, Series as Recorded};
use domain::time_axis::{TimeAxis, Window};

const DAY: i64 = 86_400_000_000;

fn series(name: &str, values: &[Option<f64>]) -> Series {
    Series {
        name: name.to_owned(),
        points: values
            .iter()
            .zip(0..)
            .map(|(value, day)| Point {
                at: day * DAY,
                value: *value,
                is_derived: false,
            })
            .collect(),
    }
}

fn chart(series: Vec<Series>) -> TimeChart {
    TimeChart {
        title: "Size".to_owned(),
        unit: Unit::Bytes,
        series,
        is_stacked: false,
        window: Window::new(0, 10 * DAY),
        gap_after: None,
    }
}

fn line(values: &[Option<f64>]) -> Figure {
    chart(vec![series("size", values)]).draw()
}

/// The values of an attribute, in their order.
fn attributes<'s>(svg: &'s str, name: &str) -> Vec<&'s str> {
    let start = format!(" {name}='");
    svg.split(start.as_str())
        .skip(1)
        .filter_map(|rest| rest.split('\'').next())
        .collect()
}

/// The path data of one class.
fn paths<'s>(svg: &'s str, class: &str) -> Vec<&'s str> {
    let start = format!("<path class='{class}' d='");
    svg.split(start.as_str())
        .skip(1)
        .filter_map(|rest| rest.split('\'').next())
        .collect()
}

/// Every number that a drawing holds is one, and its elements are closed.
fn assert_sound(figure: &Figure) {
    assert_eq!(figure.drawings.len(), WIDTHS.len());
    for drawing in &figure.drawings {
        let svg: &str = &drawing.svg;
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"), "{svg}");
        for foreign in ["NaN", "inf", "style=", "#", "\n"] {
            let text = svg.replace("&#39;", "");
            assert!(!text.contains(foreign), "{foreign} in {svg}");
        }
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
        for place in attributes(svg, "x").into_iter().chain(attributes(svg, "width")) {
            let place: f64 = place.parse().expect("a number");
            assert!(
                (0.0..=f64::from(drawing.width)).contains(&place),
                "{place} in {svg}"
            );
        }
        for place in attributes(svg, "y").into_iter().chain(attributes(svg, "height")) {
            let place: f64 = place.parse().expect("a number");
            assert!(
                (0.0..=f64::from(drawing.height)).contains(&place),
                "{place} in {svg}"
            );
        }
    }
}

#[test]
fn every_chart_is_sound_and_the_same_each_time() {
    for (first, second) in fixtures::figures().iter().zip(&fixtures::figures()) {
        assert_sound(first);
        assert!(first == second, "{} differs from itself", first.title);
        assert!(!first.summary.sentences.is_empty(), "{}", first.title);
        let json = serde_json::to_string(first).expect("figures are JSON");
        let back: Figure = serde_json::from_str(&json).expect("and come back");
        assert!(&back == first, "{} comes back changed", first.title);
    }
}

#[test]
fn names_of_tables_cannot_become_markup() {
    let name = "<script>alert('1')</script>&\"";
    let bars = BarChart {
        title: name.to_owned(),
        parts: vec![name.to_owned()],
        bars: vec![Bar {
            label: name.to_owned(),
            parts: vec![5],
        }],
    };
    let pairs = PairChart {
        title: name.to_owned(),
        pairs: vec![Pair {
            label: name.to_owned(),
            before_bytes: 9,
            after_bytes: 5,
        }],
    };
    for figure in [bars.draw(), pairs.draw()] {
        assert_sound(&figure);
        for drawing in &figure.drawings {
            assert!(!drawing.svg.contains("<script"), "{}", drawing.svg);
            assert!(drawing.svg.contains("&lt;s"), "{}", drawing.svg);
        }
    }
}

#[test]
fn a_gap_is_a_gap() {
    let figure = line(&[Some(1e6), Some(2e6), None, Some(3e6), Some(2e6)]);
    assert_sound(&figure);
    let lines = paths(&figure.drawings[3].svg, "l1").concat();
    assert_eq!(lines.matches('M').count(), 2, "{lines}");
    assert_eq!(figure.readout.lines[0].values[2], None);

    let mut far = chart(vec![series("size", &[Some(1e6), Some(2e6), Some(2e6)])]);
    far.series[0].points[2].at = 8 * DAY;
    far.gap_after = Some(DAY.unsigned_abs() * 2);
    let svg = far.draw().drawings[3].svg.clone();
    // The value after the gap stands alone: a dot.
    assert_eq!(paths(&svg, "l1").concat().matches('M').count(), 1, "{svg}");
    assert_eq!(paths(&svg, "b1").concat().matches("h0").count(), 1, "{svg}");
}

#[test]
fn derived_values_are_dashed_and_said_to_be_derived() {
    let mut chart = chart(vec![series(
        "size",
        &[Some(1e6), Some(2e6), Some(3e6), Some(4e6)],
    )]);
    chart.series[0].points[0].is_derived = true;
    chart.series[0].points[1].is_derived = true;
    let figure = chart.draw();
    let svg = &figure.drawings[0].svg;
    assert_eq!(paths(svg, "d1").len(), 1, "{svg}");
    assert_eq!(paths(svg, "l1").len(), 1, "{svg}");
    assert!(figure.legend.iter().any(|key| key.label.starts_with("derived")));
    assert!(
        figure
            .summary
            .sentences
            .concat()
            .contains("derived, not measured")
    );
}

#[test]
fn values_that_no_axis_expects_are_drawn_soundly() {
    for values in [
        &[][..],
        &[None],
        &[Some(5e6)],
        &[Some(0.0), Some(0.0)],
        &[Some(7e6), Some(7e6), Some(7e6)],
        &[Some(1.8e19), Some(1e19)],
        &[Some(-5e6), Some(3e6)],
        &[Some(-5e6), Some(-3e6)],
        &[Some(f64::NAN), Some(f64::INFINITY), Some(1.0)],
    ] {
        assert_sound(&line(values));
        let mut stacked = chart(vec![series("a", values), series("b", values)]);
        stacked.is_stacked = true;
        assert_sound(&stacked.draw());
    }
}

#[test]
fn nothing_to_show_is_said() {
    for values in [&[][..], &[None, None]] {
        let figure = line(values);
        for drawing in &figure.drawings {
            assert!(drawing.svg.contains("No values in this range"), "{}", drawing.svg);
        }
        assert_eq!(figure.summary.sentences, ["size: no values in this range."]);
    }
}

#[test]
fn sizes_begin_at_zero() {
    let figure = line(&[Some(900e6), Some(910e6)]);
    let plot = figure.drawings[0].plot.expect("a time axis");
    assert!(plot.low.abs() < f64::EPSILON && plot.high >= 910e6);
    let shrunk = line(&[Some(-5e6), Some(3e6)]).drawings[0]
        .plot
        .expect("a time axis");
    assert!(shrunk.low <= -5e6 && shrunk.high >= 3e6);
}

#[test]
fn a_summary_has_first_last_lowest_and_highest_with_units() {
    let figure = line(&[
        Some(2.0 * 1_048_576.0),
        Some(1_048_576.0),
        Some(4.0 * 1_048_576.0),
        Some(3.0 * 1_048_576.0),
    ]);
    assert_eq!(
        figure.summary.sentences,
        [
            "size: first 2 MB on 1 Jan 1970 00:00 UTC, last 3 MB on 4 Jan 1970 00:00 UTC, lowest 1 MB on 2 Jan 1970 00:00 UTC, \
          highest 4 MB on 3 Jan 1970 00:00 UTC."
        ]
    );
    assert_eq!(figure.summary.rows.len(), 4);
}

#[test]
fn the_rest_of_a_large_stack_is_one_series() {
    let mut chart = chart(
        (0..7)
            .map(|index| series(&format!("t{index}"), &[Some(1.0), Some(2.0)]))
            .collect(),
    );
    chart.is_stacked = true;
    let figure = chart.draw();
    let names: Vec<_> = figure
        .readout
        .lines
        .iter()
        .map(|line| line.name.as_str())
        .collect();
    assert_eq!(names, ["t0", "t1", "t2", "4 others"]);
    assert_eq!(figure.readout.lines[3].values[1], Some(8.0));
}

#[test]
fn a_long_series_is_bounded_and_keeps_its_peaks() {
    let mut points: Vec<Option<f64>> = vec![Some(1e6); 50_000];
    points[33_333] = Some(9e6);
    let mut chart = chart(vec![series("size", &points)]);
    chart.window = Window::new(0, 50_000 * DAY);
    let figure = chart.draw();
    assert!(figure.readout.at.len() <= 242, "{}", figure.readout.at.len());
    assert!(figure.readout.lines[0].values.contains(&Some(9e6)));
    assert!(figure.summary.rows.len() <= 42);
    for drawing in &figure.drawings {
        assert!(drawing.svg.len() < 30_000, "{}", drawing.svg.len());
    }
}

#[test]
fn five_hundred_points_stay_below_twenty_kilobytes() {
    for stacked in [false, true] {
        for drawing in fixtures::sizes(if stacked { 4 } else { 1 }, 500, stacked)
            .draw()
            .drawings
        {
            let limit = if stacked { 60_000 } else { 20_000 };
            assert!(
                drawing.svg.len() < limit,
                "{} at {}",
                drawing.svg.len(),
                drawing.width
            );
        }
    }
}

#[test]
fn columns_below_zero_hang_from_the_axis() {
    let column = |day: i64, value: f64| Column {
        range: Window::new(day * DAY, (day + 1) * DAY),
        value,
        kind: 0,
    };
    let columns = vec![
        column(0, 5.0),
        column(1, -5.0),
        column(2, f64::NAN),
        column(3, 0.0),
    ];
    let figure = ColumnChart::new(
        "Growth",
        "rows",
        Unit::Count,
        TimeAxis::Moments,
        Window::new(0, 4 * DAY),
        columns,
    )
    .draw();
    assert_sound(&figure);
    let bars = paths(&figure.drawings[0].svg, "b1").concat();
    assert_eq!(bars.matches('M').count(), 2, "{bars}");
    assert!(
        ColumnChart::new(
            "",
            "",
            Unit::Count,
            TimeAxis::Moments,
            Window::new(0, 1),
            Vec::new()
        )
        .draw()
        .drawings[0]
            .svg
            .contains("No values in this range")
    );
}

#[test]
fn a_failed_run_has_a_shape_of_its_own_and_survives_thinning() {
    let runs: Vec<Run> = (0..5000)
        .map(|index| {
            let outcome = if index == 2500 {
                Outcome::Failed
            } else {
                Outcome::Succeeded
            };
            Run::one(index * DAY / 500, 1000.0, outcome)
        })
        .collect();
    let figure = RunChart {
        title: "Runs".to_owned(),
        runs,
        window: Window::new(0, 10 * DAY),
    }
    .draw();
    assert_sound(&figure);
    for drawing in &figure.drawings {
        assert_eq!(
            paths(&drawing.svg, "fail").concat().matches('M').count(),
            2,
            "two strokes"
        );
    }
    assert_eq!(figure.summary.sentences[0], "1 of 5000 runs failed.");
}

#[test]
fn runs_that_history_holds_as_one_are_counted_each() {
    let series = |measure, points: &[(i64, f64, f64, u32)]| Recorded {
        measure,
        resolution: Resolution::Hour,
        step_s: 3600,
        from_s: 0,
        until_s: 86_400,
        points: points
            .iter()
            .map(|(at_s, max, sum, count)| HistoryPoint {
                at_s: *at_s,
                min: 0.0,
                max: *max,
                last: *max,
                sum: *sum,
                count: *count,
            })
            .collect(),
        gaps: Vec::new(),
    };
    let runs = Run::recorded(
        &series(Measure::JobSeconds, &[(3600, 2.5, 20.0, 11), (7200, 4.0, 4.0, 1)]),
        &series(Measure::JobFailures, &[(3600, 1.0, 2.0, 12), (7200, 0.0, 0.0, 1)]),
    );
    assert_eq!(
        runs,
        [
            Run {
                at: 3_600_000_000,
                duration_ms: 2500.0,
                outcome: Outcome::Failed,
                runs: 12,
                failed: 2,
                span: 3_600_000_000,
            },
            Run {
                span: 3_600_000_000,
                ..Run::one(7_200_000_000, 4000.0, Outcome::Succeeded)
            },
        ]
    );
    let figure = RunChart {
        title: "Runs".to_owned(),
        runs,
        window: Window::new(0, DAY),
    }
    .draw();
    assert_eq!(figure.summary.sentences[0], "2 of 13 runs failed.");
    // Of the moment nothing is known but the hour.
    assert_eq!(
        figure.readout.title(0),
        "1 Jan 1970 01:00 UTC to 1 Jan 1970 02:00 UTC"
    );
}

#[test]
fn a_failure_the_server_remembers_is_drawn_once_and_counted_by_nobody() {
    let minute = 60_000_000;
    let seen = Run::one(100 * minute, 0.0, Outcome::Failed);
    let remembered = |at| Run {
        runs: 0,
        failed: 0,
        ..Run::one(at, 5.0, Outcome::Failed)
    };
    assert!(seen.may_hold(&remembered(100 * minute + 30_000_000)));
    assert!(!seen.may_hold(&remembered(90 * minute)));
    let succeeded = Run::one(100 * minute, 0.0, Outcome::Succeeded);
    assert!(!succeeded.may_hold(&remembered(100 * minute)));
    let of_a_day = Run {
        span: DAY,
        ..Run::one(0, 0.0, Outcome::Failed)
    };
    assert!(of_a_day.may_hold(&remembered(700 * minute)));
    let figure = RunChart {
        title: "Runs".to_owned(),
        runs: vec![remembered(90 * minute)],
        window: Window::new(0, DAY),
    }
    .draw();
    assert_eq!(figure.readout.at, [90 * minute]);
    assert_eq!(figure.summary.sentences[0], "No run was seen.");
}

#[test]
fn a_day_that_is_not_over_ends_with_the_chart() {
    let figure = RunChart {
        title: "Runs".to_owned(),
        runs: vec![Run {
            span: DAY,
            ..Run::one(DAY, 5.0, Outcome::Succeeded)
        }],
        window: Window::new(0, DAY + DAY / 4),
    }
    .draw();
    assert_eq!(figure.readout.until, [DAY + DAY / 4]);
}

#[test]
fn each_job_has_a_lane_with_its_name_and_its_runs() {
    let lane = |name: &str, outcome| Lane {
        name: name.to_owned(),
        runs: (0..2000)
            .map(|index| Run::one(index * DAY / 200, 1000.0, outcome))
            .collect(),
    };
    let figure = LaneChart {
        title: "Runs of all jobs".to_owned(),
        lanes: vec![
            lane("Retention of oee_calculations", Outcome::Failed),
            lane("Compression of metric_hist", Outcome::Succeeded),
        ],
        window: Window::new(0, 10 * DAY),
    }
    .draw();
    assert_sound(&figure);
    let widest = &figure.drawings[3].svg;
    assert!(widest.contains("Retention of oee_calculations"), "{widest}");
    assert!(figure.readout.at.len() <= 640, "{}", figure.readout.at.len());
    assert_eq!(figure.readout.names[0], "Retention of oee_calculations");
    assert_eq!(
        figure.summary.sentences,
        [
            "Retention of oee_calculations: 2000 of 2000 runs failed.",
            "Compression of metric_hist: 0 of 2000 runs failed.",
        ]
    );
    let empty = LaneChart {
        title: "Runs".to_owned(),
        lanes: Vec::new(),
        window: Window::new(0, DAY),
    };
    assert!(empty.draw().drawings[0].svg.contains("No values in this range"));
}

#[test]
fn compression_that_made_a_table_larger_is_said_to() {
    let figure = fixtures::pairs().draw();
    let svg = &figure.drawings[2].svg;
    assert!(
        svg.contains("13.3% larger") && svg.contains("nothing compressed"),
        "{svg}"
    );
}

#[test]
fn each_bin_of_a_chunk_map_can_be_pointed_at_by_its_index() {
    let map = fixtures::chunk_map(965, None);
    let figure = draw_chunk_map("Chunks", &map);
    for drawing in &figure.drawings {
        let bins: Vec<usize> = attributes(&drawing.svg, "data-bin")
            .into_iter()
            .map(|bin| bin.parse().expect("an index"))
            .collect();
        assert_eq!(bins, (0..map.bins.len()).collect::<Vec<_>>());
    }
    assert_eq!(figure.readout.at.len(), map.bins.len());
}

#[test]
fn a_chunk_map_shows_states_policies_and_what_is_overdue() {
    let figure = draw_chunk_map("Chunks", &fixtures::chunk_map(965, None));
    let labels: Vec<_> = figure.legend.iter().map(|key| key.label.as_str()).collect();
    assert_eq!(
        labels,
        [
            "uncompressed",
            "partly compressed",
            "compressed",
            "frozen",
            "overdue"
        ]
    );
    let svg = &figure.drawings[3].svg;
    for text in ["compress after 7 days", "refresh 3 days to 1 hour", "now"] {
        assert!(svg.contains(text), "{text}");
    }
    // 40 days of chunks: the line of the retention lies beyond them.
    assert!(!svg.contains("drop after"), "{svg}");
    assert!(
        figure
            .summary
            .sentences
            .iter()
            .any(|s| s.starts_with("drop after 90 days lies at") && s.ends_with("outside this range."))
    );
}

#[test]
fn a_chunk_map_without_a_known_now_draws_neither_it_nor_policies() {
    let known = draw_chunk_map("Chunks", &fixtures::integer_map(Some(2_950_000)));
    let unknown = draw_chunk_map("Chunks", &fixtures::integer_map(None));
    assert_sound(&unknown);
    for text in [">now<", "compress after"] {
        assert!(known.drawings[3].svg.contains(text), "{text}");
        assert!(!unknown.drawings[3].svg.contains(text), "{text}");
    }
    assert_eq!(known.readout.at, unknown.readout.at);
}

#[test]
fn a_chunk_map_zoomed_in_names_its_chunks() {
    let figure = draw_chunk_map("Chunks", &fixtures::chunk_map(965, Some(9)));
    assert_eq!(figure.readout.names.len(), figure.readout.at.len());
    assert!(
        figure.readout.title(3).starts_with("_hyper_1_"),
        "{}",
        figure.readout.title(3)
    );
}

#[test]
fn an_empty_chunk_map_says_so() {
    let figure = draw_chunk_map("Chunks", &fixtures::chunk_map(0, None));
    assert_sound(&figure);
    assert!(figure.drawings[0].svg.contains("No values in this range"));
    assert!(figure.readout.at.is_empty());
}
