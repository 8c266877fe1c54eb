//! What a bench prints at its end: each figure beside its target. A missed target is a "no", never a failure; what did
//! not work is one.

use std::time::Duration;

/// Lines of the table, in the order in which they were measured.
#[derive(Debug, Default)]
pub struct Report {
    lines: Vec<Line>,
    failures: u32,
}

#[derive(Debug)]
struct Line {
    what: String,
    figure: String,
    target: String,
    verdict: &'static str,
}

impl Report {
    /// A figure with a target.
    pub fn judge(&mut self, what: impl Into<String>, figure: String, target: &str, is_met: bool) {
        self.push(what.into(), figure, target, if is_met { "yes" } else { "NO" });
    }

    /// A figure that has none.
    pub fn note(&mut self, what: impl Into<String>, figure: String) {
        self.push(what.into(), figure, "", "");
    }

    /// A figure that could not be had here, with the reason.
    pub fn skip(&mut self, what: impl Into<String>, reason: &str) {
        self.push(what.into(), format!("not measured: {reason}"), "", "");
    }

    /// Something that did not work.
    pub fn fail(&mut self, what: impl Into<String>, why: String) {
        self.failures += 1;
        self.push(what.into(), why, "", "FAILED");
    }

    fn push(&mut self, what: String, figure: String, target: &str, verdict: &'static str) {
        eprintln!("  {what}: {figure}");
        self.lines.push(Line {
            what,
            figure,
            target: target.to_owned(),
            verdict,
        });
    }

    /// Prints the table; ends the process with 1 where something did not work.
    pub fn finish(self, title: &str) {
        let width = |of: fn(&Line) -> &String| {
            let longest = self.lines.iter().map(|line| of(line).chars().count()).max();
            longest.unwrap_or_default()
        };
        let (what, figure) = (width(|line| &line.what), width(|line| &line.figure));
        let target = width(|line| &line.target);
        println!("\n{title}");
        for line in &self.lines {
            let text = format!(
                "  {:what$}  {:figure$}  {:target$}  {}",
                line.what, line.figure, line.target, line.verdict
            );
            println!("{}", text.trim_end());
        }
        println!();
        if self.failures > 0 {
            println!("{} of these did not work", self.failures);
            std::process::exit(1);
        }
    }
}

/// The value below which this share of them lies, in per cent.
pub fn quantile(times: &[Duration], percent: usize) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted[((sorted.len() * percent).div_ceil(100)).saturating_sub(1)]
}

pub fn median(times: &[Duration]) -> Duration {
    quantile(times, 50)
}

/// Milliseconds below ten seconds, seconds from there.
pub fn time(duration: Duration) -> String {
    if duration < Duration::from_secs(10) {
        format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}

/// Whole numbers with a separator, so that 20,000 is not taken for 2,000.
pub fn count(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
