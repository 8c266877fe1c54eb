//! What a change of a policy would do to a table of 20,000 chunks: the whole page, from the request to its last byte.
//! Prints; never fails on a time, only where something does not work.

#[path = "../../backend/benches/support/catalog.rs"]
#[allow(dead_code, reason = "one table is enough here")]
mod catalog;
#[path = "support/console.rs"]
mod console;
#[path = "../../backend/benches/support/report.rs"]
#[allow(dead_code, reason = "times are all there is to report")]
mod report;

use std::time::{Duration, Instant};

use catalog::Catalog;
use console::Console;
use http::StatusCode;
use report::{Report, median, quantile, time};
use tokio::runtime::Runtime;

const CHUNKS: u32 = 20_000;
const REQUESTS: usize = 100;
const TARGET: Duration = Duration::from_millis(300);

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let catalog = runtime.block_on(Catalog::of_one_table(CHUNKS));
    let client = console::client(1);
    let console = Console::start(&client, &catalog.url());
    let session = console.session(&client);
    console.wait_for_chunks(&client, &session, CHUNKS);
    let mut report = Report::default();
    let base = format!(
        "{}/db/{}/hypertables/public/{}/policies/change",
        console.url,
        catalog.name(),
        Catalog::table(0)
    );
    let mut previews = vec![
        ("the form alone", String::new()),
        (
            "a shorter chunk interval and retention",
            "?chunk_interval=30+minutes&drop_after=400+days&preview=1".to_owned(),
        ),
    ];
    if catalog.has_compression {
        previews.push((
            "compression and retention",
            "?compression=on&compress_after=7+days&drop_after=400+days&preview=1".to_owned(),
        ));
    }
    for (name, query) in previews {
        let what = format!("{name}: 95th percentile of {REQUESTS}");
        let mut times = Vec::with_capacity(REQUESTS);
        let mut fault = None;
        for _ in 0..REQUESTS {
            let started = Instant::now();
            let answer = client
                .get(format!("{base}{query}"))
                .header("accept", "text/html")
                .header("accept-encoding", "br")
                .header("cookie", &session)
                .call()
                .expect("an answer");
            let status = answer.status();
            let bytes = answer.into_body().read_to_vec().expect("the body").len();
            times.push(started.elapsed());
            if status != StatusCode::OK || bytes == 0 {
                fault = Some(format!("answered {status}, {bytes} bytes"));
            }
        }
        if let Some(fault) = fault {
            report.fail(what, fault);
            continue;
        }
        let slow = quantile(&times, 95);
        let figure = format!("{} (median {})", time(slow), time(median(&times)));
        report.judge(what, figure, "under 300 ms", slow < TARGET);
    }
    report.finish("Previewing a policy for a table of 20,000 chunks");
}
