//! Says how long drawing takes and how large drawings are: `cargo run --release -p charts --example measure [DIRECTORY]`,
//! which also writes each drawing into the directory.

mod fixtures;

use std::hint::black_box;
use std::time::Instant;

use charts::draw_chunk_map;
use domain::chunk_map::{ChunkMap, ChunkState, Timeline};
use domain::time_axis::TimeAxis;

const ROUNDS: u32 = 50;

fn milliseconds(work: impl Fn()) -> f64 {
    work();
    let began = Instant::now();
    for _ in 0..ROUNDS {
        work();
    }
    began.elapsed().as_secs_f64() * 1000.0 / f64::from(ROUNDS)
}

fn main() -> std::io::Result<()> {
    let directory = std::env::args().nth(1);
    let one = fixtures::sizes(1, 500, false);
    let four = fixtures::sizes(4, 500, true);
    let map = fixtures::chunk_map(965, None);
    for (name, figure, took_ms) in [
        (
            "line of 500 points",
            one.draw(),
            milliseconds(|| drop(black_box(one.draw()))),
        ),
        (
            "stack of 4 x 500 points",
            four.draw(),
            milliseconds(|| drop(black_box(four.draw()))),
        ),
        (
            "chunk map of 965 chunks",
            draw_chunk_map("Chunks", &map),
            milliseconds(|| drop(black_box(draw_chunk_map("Chunks", &map)))),
        ),
    ] {
        let sizes: Vec<_> = figure.drawings.iter().map(|drawing| drawing.svg.len()).collect();
        println!("{name}: {took_ms:.2} ms for all widths, bytes {sizes:?}");
        if let Some(directory) = &directory {
            for drawing in &figure.drawings {
                std::fs::write(format!("{directory}/{name} {}.svg", drawing.width), &*drawing.svg)?;
            }
        }
    }
    let took_ms = milliseconds(|| drop(black_box(fixtures::figures())));
    println!(
        "the gallery's {} charts: {took_ms:.2} ms",
        fixtures::figures().len()
    );
    let chunks = fixtures::chunks(100_000);
    let now = TimeAxis::Moments.point(TimeAxis::Moments.read("2026-11-22T21:00:00Z").unwrap_or(0));
    let policies = fixtures::policies();
    let took_ms = milliseconds(|| {
        drop(black_box(ChunkMap::gather(
            &chunks,
            |_, chunk| ChunkState::of(chunk),
            |_| false,
            Timeline::at(now),
            &policies,
            None,
            240,
        )));
    });
    println!("100,000 chunks gathered into 240 bins: {took_ms:.2} ms");
    Ok(())
}
