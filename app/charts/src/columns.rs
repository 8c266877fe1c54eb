//! Columns over time: a rate in each hour, the size of each chunk.

use domain::chunk_map::{ChunkMap, ChunkState};
use domain::time_axis::{TimeAxis, Window};

use crate::figure::{
    Drawing, Figure, Key, Mark, Readout, ReadoutLine, Summary, WIDTHS, rounded, write_place,
};
use crate::frame::Frame;
use crate::ink::Ink;
use crate::ticks::value_scale;
use crate::unit::Unit;

/// Most rows of the table.
const TABLE_ROWS: usize = 40;
/// Most columns: about what the widest drawing can show.
const MOST_COLUMNS: usize = 480;

/// A value that holds for a part of the axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The part, in ticks.
    pub range: Window,
    /// The value; anything that is no number is left out.
    pub value: f64,
    /// Index into the chart's kinds.
    pub kind: usize,
}

/// What a kind of column is called and drawn with.
#[derive(Debug, Clone, PartialEq)]
struct Kind {
    name: String,
    ink: Ink,
}

/// A chart of columns.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnChart {
    title: String,
    unit: Unit,
    axis: TimeAxis,
    window: Window,
    columns: Vec<Column>,
    kinds: Vec<Kind>,
}

impl ColumnChart {
    /// Columns of one kind, in any order: an ingest rate, for example.
    pub fn new(
        title: impl Into<String>,
        name: impl Into<String>,
        unit: Unit,
        axis: TimeAxis,
        window: Window,
        columns: Vec<Column>,
    ) -> Self {
        let kinds = vec![Kind {
            name: name.into(),
            ink: Ink::bar(0),
        }];
        Self::of_kinds(title.into(), unit, axis, window, columns, kinds)
    }

    /// How large chunks are, over time. Where the map has gathered several into a bin, their average.
    pub fn of_chunk_sizes(title: impl Into<String>, map: &ChunkMap) -> Self {
        let columns = map
            .bins
            .iter()
            .filter(|bin| bin.lane.0 == 0)
            .map(|bin| {
                let total = bin.total();
                let raw = bin.tally(ChunkState::Uncompressed).chunks;
                #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
                let value = total.bytes as f64 / total.chunks.max(1) as f64;
                Column {
                    range: bin.range,
                    value,
                    kind: usize::from(raw * 2 <= total.chunks),
                }
            })
            .collect();
        let kinds = [("uncompressed", Ink::RAW), ("compressed", Ink::PACKED)]
            .map(|(name, ink)| Kind {
                name: name.to_owned(),
                ink,
            })
            .into();
        Self::of_kinds(title.into(), Unit::Bytes, map.axis, map.window, columns, kinds)
    }

    fn of_kinds(
        title: String,
        unit: Unit,
        axis: TimeAxis,
        window: Window,
        columns: Vec<Column>,
        kinds: Vec<Kind>,
    ) -> Self {
        let mut columns: Vec<Column> = columns
            .into_iter()
            .filter(|column| {
                column.value.is_finite() && column.range.start < window.end && column.range.end > window.start
            })
            .map(|column| Column {
                range: Window::new(
                    column.range.start.max(window.start),
                    column.range.end.min(window.end),
                ),
                kind: column.kind.min(kinds.len() - 1),
                ..column
            })
            .collect();
        columns.sort_by_key(|column| (column.range.start, column.kind));
        Self {
            title,
            unit,
            axis,
            window,
            columns: highest_of_neighbours(columns, MOST_COLUMNS),
            kinds,
        }
    }

    /// Draws it for every width.
    pub fn draw(&self) -> Figure {
        Figure {
            title: self.title.clone(),
            drawings: WIDTHS.into_iter().map(|width| self.draw_for(width)).collect(),
            legend: self.legend(),
            readout: Readout {
                axis: self.axis,
                at: self.columns.iter().map(|column| column.range.start).collect(),
                until: self.columns.iter().map(|column| column.range.end).collect(),
                lines: self
                    .kinds
                    .iter()
                    .enumerate()
                    .map(|(index, kind)| ReadoutLine {
                        name: kind.name.clone(),
                        class: kind.ink.class().to_owned(),
                        unit: self.unit,
                        values: self
                            .columns
                            .iter()
                            .map(|column| (column.kind == index).then(|| rounded(column.value)))
                            .collect(),
                    })
                    .collect(),
                names: Vec::new(),
                stacked: false,
            },
            summary: self.summary(),
        }
    }

    fn legend(&self) -> Vec<Key> {
        if self.kinds.len() < 2 {
            return Vec::new();
        }
        self.kinds
            .iter()
            .map(|kind| Key {
                label: kind.name.clone(),
                mark: Mark::Square,
                class: kind.ink.class().to_owned(),
            })
            .collect()
    }

    fn draw_for(&self, width: u32) -> Drawing {
        let height = Frame::height_for(width);
        let columns = highest_of_neighbours(self.columns.clone(), width as usize / 3);
        let values = || columns.iter().map(|column| column.value);
        let frame = Frame {
            width,
            height,
            axis: self.axis,
            window: self.window,
            scale: value_scale(
                self.unit,
                values().fold(0.0, f64::min),
                values().fold(0.0, f64::max),
                Frame::lines_for(height),
            ),
            above: 0.0,
            below: 0.0,
            is_empty: columns.is_empty(),
        };
        frame.draw(|pen, _, plot| {
            let base = plot.y(0.0);
            for (index, kind) in self.kinds.iter().enumerate() {
                for column in columns.iter().filter(|column| column.kind == index) {
                    let (left, right) = column_edges(plot.x(column.range.start), plot.x(column.range.end));
                    let level = plot.y(column.value);
                    // What is there stays visible however little it is.
                    let (top, bottom) = if column.value > 0.0 {
                        (level.min(base - 1.0), base)
                    } else if column.value < 0.0 {
                        (base, level.max(base + 1.0))
                    } else {
                        continue;
                    };
                    pen.rect(kind.ink, (left, top), (right, bottom));
                }
            }
        })
    }

    fn summary(&self) -> Summary {
        let mut sentences: Vec<String> = self
            .kinds
            .iter()
            .enumerate()
            .map(|(index, kind)| self.sentence(index, &kind.name))
            .collect();
        if self.columns.is_empty() {
            sentences = vec!["There is nothing to show in this range.".to_owned()];
        }
        let shown = highest_of_neighbours(self.columns.clone(), TABLE_ROWS);
        Summary {
            sentences,
            columns: vec!["From".to_owned(), "To".to_owned(), "Value".to_owned()],
            rows: shown
                .iter()
                .map(|column| {
                    vec![
                        write_place(self.axis, column.range.start),
                        write_place(self.axis, column.range.end),
                        self.unit.write(column.value),
                    ]
                })
                .collect(),
        }
    }

    fn sentence(&self, kind: usize, name: &str) -> String {
        let known = || self.columns.iter().filter(|column| column.kind == kind);
        let lowest = known().reduce(|a, b| if b.value < a.value { b } else { a });
        let highest = known().reduce(|a, b| if b.value > a.value { b } else { a });
        let (Some(first), Some(last), Some(lowest), Some(highest)) =
            (known().next(), known().next_back(), lowest, highest)
        else {
            return format!("{name}: none in this range.");
        };
        let tell = |column: &Column| {
            format!(
                "{} from {}",
                self.unit.write(column.value),
                write_place(self.axis, column.range.start)
            )
        };
        format!(
            "{name}: first {}, last {}, lowest {}, highest {}.",
            tell(first),
            tell(last),
            tell(lowest),
            tell(highest)
        )
    }
}

/// A column's edges with a gap to its neighbour where there is room for one.
pub(crate) fn column_edges(left: f64, right: f64) -> (f64, f64) {
    let width = right - left;
    if width >= 4.0 {
        (left + 0.5, right - 0.5)
    } else {
        (left, right.max(left + 1.0))
    }
}

/// At most so many columns (twice as many with many gaps): neighbours become one with the value that is farthest from
/// zero. What has a gap between it stays apart, unless there are more gaps than columns.
fn highest_of_neighbours(columns: Vec<Column>, most: usize) -> Vec<Column> {
    if columns.len() <= most {
        return columns;
    }
    let most = most.max(1);
    let group = columns.len().div_ceil(most);
    let apart: Vec<Column> = columns
        .chunk_by(|a, b| a.range.end == b.range.start)
        .flat_map(|neighbours| neighbours.chunks(group))
        .filter_map(highest)
        .collect();
    if apart.len() <= most * 2 {
        return apart;
    }
    columns.chunks(group).filter_map(highest).collect()
}

fn highest(group: &[Column]) -> Option<Column> {
    let highest = group
        .iter()
        .reduce(|a, b| if b.value.abs() > a.value.abs() { b } else { a })?;
    Some(Column {
        range: Window::new(group.first()?.range.start, group.last()?.range.end),
        ..highest.clone()
    })
}
