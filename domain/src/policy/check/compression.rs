//! What speaks against other settings of compression, and against disabling it.

use std::collections::HashSet;

use super::{Check, can_reset};
use crate::compression_settings::{CompressionSettings, SegmentBy};
use crate::hypertable::Chunk;
use crate::policy::blocker::{Blocker, Decompression};
use crate::policy::field::Field;
use crate::policy::step::Step;
use crate::policy::warning::Warning;

impl Check<'_> {
    pub(super) fn compression(&mut self) {
        let changes_settings = self
            .steps
            .iter()
            .any(|step| matches!(step, Step::EnableCompression(_) | Step::SetCompression(_)));
        if let Some(settings) = self.desired.compression.settings() {
            if changes_settings {
                self.columns(settings);
            }
            let changed =
                |step: &Step| matches!(step, Step::SetCompression(_) | Step::ResetCompression { .. });
            let compressed = compressed(self.facts.chunks).count() as u64;
            if compressed > 0 && self.steps.iter().any(changed) {
                self.warn(Warning::OldChunksKeepSettings(compressed));
            }
            self.choices(settings);
        }
        for step in self.steps {
            match step {
                Step::ResetCompression { chunks, .. } => {
                    if let Some(slots) = self.facts.lock_slots
                        && *chunks >= slots
                    {
                        self.block(Blocker::TooManyLocks {
                            locks: *chunks,
                            slots,
                            by_purge: false,
                        });
                    }
                }
                Step::DisableCompression => {
                    if let Some(decompression) = decompression(self.facts.chunks) {
                        self.block(Blocker::CompressedChunks(decompression));
                    }
                }
                _ => {}
            }
        }
    }

    fn columns(&mut self, settings: &CompressionSettings) {
        let none = Vec::new();
        let segments = match &settings.segment_by {
            SegmentBy::Columns(columns) => columns,
            _ => &none,
        };
        let order: Vec<&String> = settings.order_by.iter().map(|of| &of.column).collect();
        let lists = [
            (Field::SegmentBy, segments.iter().collect::<Vec<_>>()),
            (Field::OrderBy, order.clone()),
        ];
        for (field, columns) in lists {
            let mut seen = HashSet::new();
            for column in columns {
                if self
                    .facts
                    .columns
                    .as_ref()
                    .is_some_and(|known| !known.contains(column))
                {
                    let column = column.clone();
                    self.block(Blocker::UnknownColumn { field, column });
                }
                if !seen.insert(column) {
                    let column = column.clone();
                    self.block(Blocker::RepeatedColumn { field, column });
                }
            }
        }
        for column in segments {
            if *column == self.current.time_column {
                self.block(Blocker::SegmentsByTime(column.clone()));
            } else if order.contains(&column) {
                self.block(Blocker::SegmentsAndOrders(column.clone()));
            }
        }
    }

    /// What is wanted back from the table and cannot be had.
    fn choices(&mut self, desired: &CompressionSettings) {
        let Some(settings) = &self.current.compression else {
            return;
        };
        let resets = self
            .steps
            .iter()
            .any(|step| matches!(step, Step::ResetCompression { .. }));
        if resets || can_reset(self.current, self.facts) {
            return;
        }
        if desired.segment_by == SegmentBy::ServerChooses && settings.segment_by != SegmentBy::ServerChooses {
            self.warn(Warning::ChoiceStays(Field::SegmentBy));
        }
        if desired.order_by.is_empty() && !settings.order_by.is_empty() {
            self.warn(Warning::ChoiceStays(Field::OrderBy));
        }
    }
}

fn compressed(chunks: &[Chunk]) -> impl Iterator<Item = &Chunk> {
    chunks
        .iter()
        .filter(|chunk| chunk.is_compressed || chunk.status.is_compressed())
}

fn decompression(chunks: &[Chunk]) -> Option<Decompression> {
    let mut sum = (0, 0, 0);
    for chunk in compressed(chunks) {
        let bytes = chunk.size.total_bytes();
        sum.0 += 1;
        sum.1 += bytes;
        sum.2 += chunk.compression.map_or(bytes, |of| of.before_bytes.max(bytes));
    }
    (sum.0 > 0).then(|| Decompression::of(sum.0, sum.1, sum.2))
}
