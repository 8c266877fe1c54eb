//! What is measured, and of what.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Sample;

/// A quantity that is followed over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Bytes of a hypertable on disk, all of it.
    TableBytes,
    /// Bytes of its heap.
    HeapBytes,
    /// Bytes of its indexes.
    IndexBytes,
    /// Bytes of its TOAST tables.
    ToastBytes,
    /// Its rows.
    Rows,
    /// Its chunks.
    Chunks,
    /// How many of them are compressed.
    CompressedChunks,
    /// Bytes the compressed chunks had before.
    UncompressedBytes,
    /// Bytes they had straight after.
    CompressedBytes,
    /// Bytes of the whole database on disk.
    DatabaseBytes,
    /// Rows a second that came in.
    IngestRowsPerSecond,
    /// Open client connections.
    Connections,
    /// Share of block reads that the cache answered, from 0 to 1.
    CacheHitRatio,
    /// Runs of a job: 1 for one that failed, 0 for one that succeeded.
    JobFailures,
    /// How long a run of a job took, in seconds.
    JobSeconds,
    /// How long a canary query took, in seconds.
    QuerySeconds,
    /// How long the console's own reading took, in seconds. Recorded with every reading that is recorded at all, so it
    /// also says when the console was watching.
    ReadingSeconds,
}

/// How a measure behaves between two samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// It has a value at any time, which holds until it changes.
    Level,
    /// It happens now and then, and has no value in between.
    Event,
}

/// What a value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Things.
    Count,
    /// Things a second.
    PerSecond,
    /// A share, from 0 to 1.
    Ratio,
    /// Seconds.
    Seconds,
}

/// What is measured.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The database as a whole; for a hypertable's measures, the sum over all of them.
    Database,
    /// A hypertable.
    Table {
        /// Its schema.
        schema: String,
        /// Its name.
        name: String,
    },
    /// A job.
    Job {
        /// Its id.
        id: i32,
    },
    /// A canary query.
    Query {
        /// Its name.
        name: String,
    },
}

/// One value of one subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// What is measured.
    pub measure: Measure,
    /// Of what.
    pub subject: Subject,
    /// The moment (of a level: of the reading; of an event: when it ended) and the value.
    pub sample: Sample,
}

impl Measure {
    /// Every measure there is.
    pub const ALL: [Self; 17] = [
        Self::TableBytes,
        Self::HeapBytes,
        Self::IndexBytes,
        Self::ToastBytes,
        Self::Rows,
        Self::Chunks,
        Self::CompressedChunks,
        Self::UncompressedBytes,
        Self::CompressedBytes,
        Self::DatabaseBytes,
        Self::IngestRowsPerSecond,
        Self::Connections,
        Self::CacheHitRatio,
        Self::JobFailures,
        Self::JobSeconds,
        Self::QuerySeconds,
        Self::ReadingSeconds,
    ];

    /// As it is stored and stands in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TableBytes => "table_bytes",
            Self::HeapBytes => "heap_bytes",
            Self::IndexBytes => "index_bytes",
            Self::ToastBytes => "toast_bytes",
            Self::Rows => "rows",
            Self::Chunks => "chunks",
            Self::CompressedChunks => "compressed_chunks",
            Self::UncompressedBytes => "uncompressed_bytes",
            Self::CompressedBytes => "compressed_bytes",
            Self::DatabaseBytes => "database_bytes",
            Self::IngestRowsPerSecond => "ingest_rows_per_second",
            Self::Connections => "connections",
            Self::CacheHitRatio => "cache_hit_ratio",
            Self::JobFailures => "job_failures",
            Self::JobSeconds => "job_seconds",
            Self::QuerySeconds => "query_seconds",
            Self::ReadingSeconds => "reading_seconds",
        }
    }

    /// How it behaves between two samples.
    pub fn nature(self) -> Nature {
        match self {
            Self::JobFailures | Self::JobSeconds => Nature::Event,
            _ => Nature::Level,
        }
    }

    /// What its values count.
    pub fn unit(self) -> Unit {
        match self {
            Self::TableBytes
            | Self::HeapBytes
            | Self::IndexBytes
            | Self::ToastBytes
            | Self::UncompressedBytes
            | Self::CompressedBytes
            | Self::DatabaseBytes => Unit::Bytes,
            Self::Rows | Self::Chunks | Self::CompressedChunks | Self::Connections | Self::JobFailures => {
                Unit::Count
            }
            Self::IngestRowsPerSecond => Unit::PerSecond,
            Self::CacheHitRatio => Unit::Ratio,
            Self::JobSeconds | Self::QuerySeconds | Self::ReadingSeconds => Unit::Seconds,
        }
    }

    /// Whether this is measured of such a subject.
    pub fn fits(self, subject: &Subject) -> bool {
        match self {
            Self::TableBytes
            | Self::HeapBytes
            | Self::IndexBytes
            | Self::ToastBytes
            | Self::Rows
            | Self::Chunks
            | Self::CompressedChunks
            | Self::UncompressedBytes
            | Self::CompressedBytes
            | Self::IngestRowsPerSecond
            | Self::CacheHitRatio => matches!(subject, Subject::Table { .. } | Subject::Database),
            Self::DatabaseBytes | Self::Connections | Self::ReadingSeconds => *subject == Subject::Database,
            Self::JobFailures | Self::JobSeconds => matches!(subject, Subject::Job { .. }),
            Self::QuerySeconds => matches!(subject, Subject::Query { .. }),
        }
    }
}

/// A text that names no measure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a measure")]
pub struct UnknownMeasure(String);

impl FromStr for Measure {
    type Err = UnknownMeasure;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|measure| measure.as_str() == text)
            .ok_or_else(|| UnknownMeasure(text.to_owned()))
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measure_is_read_back_by_its_name() {
        for measure in Measure::ALL {
            assert_eq!(measure.as_str().parse(), Ok(measure));
        }
        assert!("sizes".parse::<Measure>().is_err());
    }

    #[test]
    fn a_measure_fits_what_it_is_measured_of_only() {
        let table = Subject::Table {
            schema: "public".into(),
            name: "metric_hist".into(),
        };
        let job = Subject::Job { id: 1000 };
        assert!(Measure::Rows.fits(&table) && Measure::Rows.fits(&Subject::Database));
        assert!(!Measure::Rows.fits(&job));
        assert!(!Measure::Connections.fits(&table));
        assert!(Measure::JobSeconds.fits(&job) && !Measure::JobSeconds.fits(&table));
    }
}
