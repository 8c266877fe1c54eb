//! Why a job failed: the server's words, their cause in plain words, and what to do.

use crate::job::JobKind;
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

/// One failed run of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobError {
    /// When the run began.
    pub started_at: Option<Timestamp>,
    /// When it ended; `None` where its process died.
    pub finished_at: Option<Timestamp>,
    /// SQLSTATE; `None` where its process died.
    pub sqlstate: Option<String>,
    /// The server's own words.
    pub message: String,
    /// The chunk the words name.
    pub failing_chunk: Option<String>,
}

impl JobError {
    /// The cause and what to do. What a procedure of one's own raises may carry any SQLSTATE: that is put into words only
    /// where the message is the server's too.
    pub fn explanation(&self, kind: JobKind) -> Explanation {
        let code = self.sqlstate.as_deref();
        if kind == JobKind::Custom && !is_the_servers(code, &self.message) {
            return explanation(
                "Its procedure raised an error.",
                "The message says which; the procedure's own code says why.",
            );
        }
        explain(code, &self.message)
    }

    /// What the server, or the procedure, said: its first line, cut where it is long, in quotation marks.
    pub fn quoted(&self) -> String {
        let line = self.message.lines().next().unwrap_or_default().trim();
        let cut: String = line.chars().take(MOST_QUOTED).collect();
        let more = if cut.len() < line.len() { "…" } else { "" };
        format!("“{cut}{more}”")
    }
}

/// Characters of a message that a sentence quotes.
const MOST_QUOTED: usize = 160;

/// Whether a message is one that the server itself writes with this SQLSTATE (in English).
fn is_the_servers(sqlstate: Option<&str>, message: &str) -> bool {
    let Some(code) = sqlstate else { return true };
    let words: &[&str] = match code {
        "28000" => &["is not permitted to log in"],
        "3D000" | "3F000" | "42P01" | "42703" | "42704" | "42883" => &["does not exist"],
        "42501" => &["permission denied", "must be owner", "must be superuser"],
        "53100" => &["No space left on device"],
        "53200" => &["out of memory", "out of shared memory"],
        "53300" => &["too many", "remaining connection slots"],
        "53400" => &["exceeds temp_file_limit", "limit exceeded"],
        "55P03" => &["lock timeout", "could not obtain lock"],
        "40P01" => &["deadlock detected"],
        "57014" => &["canceling statement"],
        "57P01" | "57P02" | "57P03" | "57P05" => &["terminating"],
        "25006" => &["read-only transaction"],
        "23505" => &["duplicate key value", "could not create unique index"],
        "XX001" | "XX002" => &["invalid page", "could not read block", "unexpected zero page"],
        _ => &[],
    };
    words.iter().any(|words| message.contains(words))
}

/// A cause in plain words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Why it failed, as a sentence.
    pub cause: &'static str,
    /// What to do, as a sentence.
    pub advice: &'static str,
}

const fn explanation(cause: &'static str, advice: &'static str) -> Explanation {
    Explanation { cause, advice }
}

/// The cause behind an error of a job, by SQLSTATE and, where that says too little, by the message.
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
pub fn explain(sqlstate: Option<&str>, message: &str) -> Explanation {
    let says = |words: &str| message.contains(words);
    match sqlstate {
        None => explanation(
            "Its process died, or the server was restarted while it ran.",
            "Look into the server's log of that time; if it names the out-of-memory killer, give the server more memory.",
        ),
        Some("0A000") if says("license") => explanation(
            "The Apache edition does not offer this.",
            "Run a server of the Community edition, or remove the job.",
        ),
        Some("28000") => explanation(
            "Its owner may not log in, so the job cannot start.",
            "Let the owner log in (ALTER ROLE … LOGIN), or give the table to a role that may.",
        ),
        Some("3D000") => explanation(
            "The database it belongs to is gone or was renamed.",
            "Restart TimescaleDB's background workers, or the server.",
        ),
        Some("42501") => explanation(
            "Its owner lacks a right.",
            "Make the job's owner a member of the role that owns the table, or grant what the message names.",
        ),
        Some("53200") if says("max_locks_per_transaction") || says("shared memory") => explanation(
            "One run needed more locks than the server has.",
            "Raise max_locks_per_transaction (needs a restart), or handle fewer chunks in one run.",
        ),
        Some("53200") => explanation(
            "The server ran out of memory.",
            "Lower work_mem and maintenance_work_mem for the job's owner, or give the server more memory.",
        ),
        Some("53100") => explanation("The disk is full.", "Free space, or add some."),
        Some("53300") => explanation(
            "The server had no connection or worker left.",
            "Raise max_connections or max_worker_processes (needs a restart), or run fewer jobs at once.",
        ),
        Some("53400") => explanation(
            "A limit of the configuration was reached.",
            "Raise the setting that the message names, or change fewer rows at once.",
        ),
        Some("55P03") => explanation(
            "It waited too long for a lock.",
            "End the transaction that holds it, or schedule the job for a quieter time.",
        ),
        Some("40P01") => explanation(
            "It and another transaction waited for each other.",
            "It tries again by itself; if that happens often, schedule it away from the statements that clash with it.",
        ),
        Some("57014") => explanation(
            "It was cancelled: by somebody, or by statement_timeout.",
            "Raise statement_timeout for the job's owner if it needs longer.",
        ),
        Some("57P01" | "57P02" | "57P03" | "57P05") => explanation(
            "It was ended: by its max_runtime, by somebody, or because the server stopped.",
            "Raise the job's max_runtime if it needs longer.",
        ),
        Some("25006") => explanation(
            "The database takes no changes now.",
            "Set default_transaction_read_only off for the job's owner, or let it run on the primary.",
        ),
        Some("42P01" | "3F000") => explanation(
            "A table it needs is gone.",
            "Remove the job, or restore what the message names.",
        ),
        Some("42883") => explanation(
            "A function it needs is gone or takes other arguments.",
            "Restore what the message names, or remove the job.",
        ),
        Some("42703" | "42704") => explanation(
            "Something it names does not exist any more.",
            "Restore what the message names, or change the job's configuration.",
        ),
        Some("23505") => explanation(
            "Rows would stand twice in a unique index.",
            "Remove the rows that stand twice, or drop the index.",
        ),
        Some("22000") if says("columnstore policy failure") => chunks_failed(),
        Some("P0001") if says("compression policy failure") => chunks_failed(),
        Some("22023" | "22P02" | "22007") => explanation(
            "Its configuration holds a value that does not fit.",
            "Correct the job's configuration.",
        ),
        Some("XX001" | "XX002") => explanation(
            "A table or index is damaged.",
            "Check the disk, rebuild the index (REINDEX), and restore the chunk from a backup if that does not help.",
        ),
        Some(code) if code.starts_with("08") => explanation(
            "A connection broke.",
            "It tries again by itself; if that happens often, look at the network between the servers.",
        ),
        Some(code) if code.starts_with("53") => explanation(
            "The server ran out of something.",
            "Give the server more of what the message names.",
        ),
        Some(_) => explanation(
            "The server refused what it does.",
            "The message says why; the server's log says more.",
        ),
    }
}

fn chunks_failed() -> Explanation {
    explanation(
        "Not one chunk could be compressed.",
        "The server's log names each chunk with its reason; compress one by hand to see it.",
    )
}

/// The chunk a message names, by the names TimescaleDB gives: `_hyper_3_17_chunk`.
pub fn failing_chunk(message: &str) -> Option<String> {
    message
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .find(|word| word.starts_with("_hyper_") && word.ends_with("_chunk"))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(sqlstate: Option<&str>, message: &str) -> &'static str {
        explain(sqlstate, message).cause
    }

    #[test]
    fn an_owner_without_login_is_named_as_the_cause() {
        assert_eq!(
            cause(Some("28000"), "role \"mes_app\" is not permitted to log in"),
            "Its owner may not log in, so the job cannot start."
        );
    }

    #[test]
    fn the_same_sqlstate_is_told_apart_by_its_message() {
        assert_ne!(
            cause(Some("53200"), "out of shared memory"),
            cause(Some("53200"), "out of memory")
        );
        assert_ne!(
            cause(
                Some("0A000"),
                "functionality not supported under the current \"apache\" license"
            ),
            cause(Some("0A000"), "cannot do this")
        );
    }

    #[test]
    fn a_run_without_a_sqlstate_died() {
        assert!(cause(None, "job crash detected, see server logs").starts_with("Its process died"));
    }

    #[test]
    fn whatever_the_code_there_is_a_sentence_and_something_to_do() {
        for code in [
            "28000", "42501", "53100", "53200", "53300", "53400", "55P03", "40P01", "57014", "57P01",
            "25006", "42P01", "42883", "42704", "23505", "22000", "22023", "P0001", "XX000", "XX001",
            "08006", "53000", "zzzzz",
        ] {
            let explanation = explain(Some(code), "columnstore policy failure");
            assert!(explanation.cause.ends_with('.'), "{code}");
            assert!(explanation.advice.ends_with('.'), "{code}");
        }
    }

    #[test]
    fn what_a_procedure_raises_itself_is_not_taken_for_the_servers_word() {
        let error = |sqlstate: &str, message: &str| JobError {
            started_at: None,
            finished_at: None,
            sqlstate: Some(sqlstate.into()),
            message: message.into(),
            failing_chunk: None,
        };
        let own = error("53100", "nightly quota of the plant is used up");
        assert_eq!(
            own.explanation(JobKind::Custom).cause,
            "Its procedure raised an error."
        );
        assert_eq!(own.explanation(JobKind::Retention).cause, "The disk is full.");
        let real = error(
            "53100",
            "could not extend file \"base/5/1\": No space left on device",
        );
        assert_eq!(real.explanation(JobKind::Custom).cause, "The disk is full.");
    }

    #[test]
    fn what_was_said_is_quoted_by_its_first_line() {
        let error = JobError {
            started_at: None,
            finished_at: None,
            sqlstate: None,
            message: format!("{}\nCONTEXT: more", "ä".repeat(200)),
            failing_chunk: None,
        };
        assert_eq!(error.quoted(), format!("“{}…”", "ä".repeat(160)));
    }

    #[test]
    fn a_chunk_is_found_in_the_message() {
        for (message, chunk) in [
            (
                "could not drop \"_timescaledb_internal._hyper_3_17_chunk\"",
                Some("_hyper_3_17_chunk"),
            ),
            ("chunk \"_hyper_1_2_chunk\" is frozen", Some("_hyper_1_2_chunk")),
            ("canceling statement due to lock timeout", None),
        ] {
            assert_eq!(failing_chunk(message).as_deref(), chunk);
        }
    }
}
