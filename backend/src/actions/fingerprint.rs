//! What a preview showed, in a short text that a form hands back, so that nothing else is done than what was seen.

use domain::action::Action;
use domain::quantity::counted;
use sha2::{Digest, Sha256};

use super::plan::{Known, PlannedTarget};

/// Of so many targets each is told apart, so that a difference can be named.
const TOLD_APART: usize = 300;
/// Letters of one target.
const LETTERS: usize = 6;

fn hex(text: &str, letters: usize) -> String {
    use std::fmt::Write;

    let mut hex = String::new();
    for byte in Sha256::digest(text) {
        // Writing to a text cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex.truncate(letters);
    hex
}

/// What matters of one target: what it is, how it stands, and what would be executed.
fn of_target(target: &PlannedTarget) -> String {
    let state = match &target.known {
        Known::Chunk { chunk, .. } => chunk.status().bits().to_string(),
        Known::Job(job) => format!("{:?} {} {}", job.kind, job.scheduled, job.procedure),
        Known::Aggregate | Known::Nothing => String::new(),
    };
    let preview = &target.preview;
    let skip = preview.skip.map(|skip| skip.to_string()).unwrap_or_default();
    // A relative age moves on with the clock; which chunks it means is what counts.
    format!("{:?}|{state}|{skip}|{}", preview.target, preview.statement)
}

/// `whole.count.each`.
pub(super) fn fingerprint(action: &Action, targets: &[PlannedTarget]) -> String {
    let each: Vec<String> = targets.iter().map(of_target).collect();
    let whole = hex(&format!("{action:?}\n{}", each.join("\n")), 16);
    let told: String = if each.len() <= TOLD_APART {
        each.iter().map(|target| hex(target, LETTERS)).collect()
    } else {
        String::new()
    };
    format!("{whole}.{}.{told}", each.len())
}

/// What is different from what was seen, in a sentence; `None` where nothing is.
pub(super) fn difference(seen: &str, action: &Action, targets: &[PlannedTarget]) -> Option<String> {
    if seen == fingerprint(action, targets) {
        return None;
    }
    let mut parts = seen.split('.').skip(1);
    let count: Option<usize> = parts.next().and_then(|count| count.parse().ok());
    let told = parts.next().unwrap_or_default();
    let Some(count) = count else {
        return Some("it was made by another version of the console.".to_owned());
    };
    let seen: Vec<&str> = (0..told.len() / LETTERS)
        .filter_map(|index| told.get(index * LETTERS..(index + 1) * LETTERS))
        .collect();
    let other: Vec<&str> = if seen.is_empty() {
        Vec::new()
    } else {
        targets
            .iter()
            .filter(|target| !seen.contains(&hex(&of_target(target), LETTERS).as_str()))
            .map(|target| target.preview.title.as_str())
            .collect()
    };
    let mut words = Vec::new();
    if count != targets.len() {
        words.push(format!(
            "there were {}, now there are {}",
            counted(count as u64, "target", "targets"),
            targets.len()
        ));
    }
    match other.as_slice() {
        [] => {}
        few if few.len() <= 5 => words.push(format!("{} changed or came in", few.join(", "))),
        many => words.push(format!("{} targets changed or came in", many.len())),
    }
    Some(if words.is_empty() {
        "something of its targets changed.".to_owned()
    } else {
        format!("{}.", words.join("; "))
    })
}
