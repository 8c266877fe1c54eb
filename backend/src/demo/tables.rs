//! The four hypertables of the demo.

use super::rows::Measure;

/// One hypertable of the demo.
#[derive(Debug)]
pub(super) struct DemoTable {
    pub(super) name: &'static str,
    /// Columns and keys, without chunks.
    pub(super) create: &'static str,
    /// Makes it a hypertable with its chunk interval.
    pub(super) make_hypertable: &'static str,
    /// Takes rows in PostgreSQL's text format: time, series, values.
    pub(super) copy: &'static str,
    /// Newest row, in milliseconds since 1970.
    pub(super) newest: &'static str,
    pub(super) vacuum: &'static str,
    /// Compression settings as in the declared demo policies; "" under segment by is explicitly none.
    pub(super) compression: &'static str,
    pub(super) add_compression_policy: &'static str,
    /// The first run is put off by a day: what is old enough to be dropped can be looked at until then.
    pub(super) add_retention_policy: &'static str,
    /// How far back the data go, in days.
    pub(super) days: i64,
    /// Each series has one row in this many seconds.
    pub(super) step_seconds: i64,
    /// Metrics, lines or meters.
    pub(super) series: i64,
    /// What each row measures.
    pub(super) measures: &'static [Measure],
}

pub(super) const TABLES: [DemoTable; 4] = [
    DemoTable {
        name: "metric_hist",
        create: "create table metric_hist (
            ts timestamptz not null,
            metric_def_id integer not null,
            value double precision not null)",
        make_hypertable: "select create_hypertable('metric_hist', by_range('ts', interval '1 hour'), create_default_indexes => false);
            create index metric_hist_metric_ts on metric_hist (metric_def_id, ts desc);
            create index metric_hist_ts on metric_hist (ts desc)",
        copy: "copy metric_hist (ts, metric_def_id, value) from stdin",
        newest: "select (extract(epoch from max(ts)) * 1000)::int8 from metric_hist",
        vacuum: "vacuum (analyze) metric_hist",
        compression: "alter table metric_hist set (timescaledb.compress, timescaledb.compress_segmentby = 'metric_def_id', timescaledb.compress_orderby = 'ts desc')",
        add_compression_policy: "select add_compression_policy('metric_hist', interval '7 days')",
        add_retention_policy: "select add_retention_policy('metric_hist', interval '90 days', initial_start => now() + interval '1 day')",
        days: 40,
        step_seconds: 60,
        series: 25,
        measures: &[Measure { base: 60.0, swing: 18.0, noise: 0.6, decimals: 2 }],
    },
    DemoTable {
        name: "oee_calculations",
        create: "create table oee_calculations (
            calculation_time timestamptz not null,
            line_id integer not null,
            availability double precision not null,
            performance double precision not null,
            quality double precision not null,
            oee double precision not null)",
        make_hypertable: "select create_hypertable('oee_calculations', by_range('calculation_time', interval '1 day'), create_default_indexes => false);
            create index oee_calculations_line_time on oee_calculations (line_id, calculation_time desc)",
        copy: "copy oee_calculations (calculation_time, line_id, availability, performance, quality, oee) from stdin",
        newest: "select (extract(epoch from max(calculation_time)) * 1000)::int8 from oee_calculations",
        vacuum: "vacuum (analyze) oee_calculations",
        compression: "alter table oee_calculations set (timescaledb.compress, timescaledb.compress_segmentby = 'line_id', timescaledb.compress_orderby = 'calculation_time desc')",
        add_compression_policy: "select add_compression_policy('oee_calculations', interval '7 days')",
        add_retention_policy: "select add_retention_policy('oee_calculations', interval '365 days', initial_start => now() + interval '1 day')",
        days: 40,
        step_seconds: 300,
        series: 12,
        measures: &[
            Measure { base: 0.91, swing: 0.05, noise: 0.006, decimals: 4 },
            Measure { base: 0.87, swing: 0.06, noise: 0.006, decimals: 4 },
            Measure { base: 0.975, swing: 0.015, noise: 0.002, decimals: 4 },
            Measure { base: 0.77, swing: 0.08, noise: 0.008, decimals: 4 },
        ],
    },
    DemoTable {
        name: "energy_consumption",
        create: "create table energy_consumption (
            time timestamptz not null,
            meter_id integer not null,
            kwh double precision not null)",
        make_hypertable: "select create_hypertable('energy_consumption', by_range('time', interval '1 day'), create_default_indexes => false);
            create index energy_consumption_meter_time on energy_consumption (meter_id, time desc)",
        copy: "copy energy_consumption (time, meter_id, kwh) from stdin",
        newest: "select (extract(epoch from max(time)) * 1000)::int8 from energy_consumption",
        vacuum: "vacuum (analyze) energy_consumption",
        compression: "alter table energy_consumption set (timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'time desc')",
        add_compression_policy: "select add_compression_policy('energy_consumption', interval '7 days')",
        add_retention_policy: "select add_retention_policy('energy_consumption', interval '90 days', initial_start => now() + interval '1 day')",
        days: 100,
        step_seconds: 300,
        series: 20,
        measures: &[Measure { base: 14.0, swing: 6.0, noise: 0.3, decimals: 3 }],
    },
    DemoTable {
        name: "production_kpis",
        create: "create table production_kpis (
            time timestamptz not null,
            line_id integer not null,
            units integer not null,
            rejects integer not null,
            cycle_time double precision not null)",
        make_hypertable: "select create_hypertable('production_kpis', by_range('time', interval '1 day'), create_default_indexes => false);
            create index production_kpis_line_time on production_kpis (line_id, time desc)",
        copy: "copy production_kpis (time, line_id, units, rejects, cycle_time) from stdin",
        newest: "select (extract(epoch from max(time)) * 1000)::int8 from production_kpis",
        vacuum: "vacuum (analyze) production_kpis",
        compression: "alter table production_kpis set (timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'time desc')",
        add_compression_policy: "select add_compression_policy('production_kpis', interval '7 days')",
        add_retention_policy: "select add_retention_policy('production_kpis', interval '90 days', initial_start => now() + interval '1 day')",
        days: 40,
        step_seconds: 60,
        series: 12,
        measures: &[
            Measure { base: 48.0, swing: 14.0, noise: 1.5, decimals: 0 },
            Measure { base: 1.4, swing: 1.0, noise: 0.7, decimals: 0 },
            Measure { base: 12.5, swing: 2.5, noise: 0.2, decimals: 2 },
        ],
    },
];
