//! What the server refuses when the console changes something, in sentences that say what to do. Every SQLSTATE that has
//! a sentence of its own has it here.

use domain::table_name::TableName;

/// What the server refused, or that it is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct ServerRefusal {
    sentence: String,
    sqlstate: Option<String>,
}

/// What is known around a refusal; what is `None` is not mentioned.
#[derive(Debug, Clone, Default)]
pub(crate) struct Around {
    /// The role that changes things.
    pub(crate) role: Option<String>,
    /// The role that owns the table.
    pub(crate) owner: Option<String>,
    /// The table, as people name it.
    pub(crate) table: Option<TableName>,
    /// Who holds what was waited for.
    pub(crate) holders: Option<String>,
}

impl ServerRefusal {
    /// The server's code; `None` where there was no answer.
    pub fn sqlstate(&self) -> Option<&str> {
        self.sqlstate.as_deref()
    }

    /// Whether the same may well be done a moment later: somebody held a lock.
    pub(crate) fn is_contention(&self) -> bool {
        matches!(self.sqlstate(), Some("55P03" | "40P01"))
    }

    /// Whether nobody knows if it was done: there was no answer, or the session ended.
    pub fn is_lost(&self) -> bool {
        self.sqlstate().is_none_or(|sqlstate| {
            sqlstate.starts_with("08") || sqlstate.starts_with("57P") || sqlstate == "25P03"
        })
    }

    /// Of a driver's error.
    pub(crate) fn of(error: &sqlx::Error, around: &Around) -> Self {
        match error {
            sqlx::Error::Database(database) => {
                let sqlstate = database.code().map(|code| code.to_string());
                Self {
                    sentence: sentence(
                        sqlstate.as_deref().unwrap_or_default(),
                        database.message(),
                        around,
                    ),
                    sqlstate,
                }
            }
            sqlx::Error::Io(error) => Self::lost(&error.to_string()),
            sqlx::Error::Tls(error) => Self::lost(&error.to_string()),
            other => Self::lost(&other.to_string()),
        }
    }

    /// There is nobody to talk to.
    fn lost(words: &str) -> Self {
        Self {
            sentence: lost(words),
            sqlstate: None,
        }
    }
}

fn lost(words: &str) -> String {
    format!(
        "The connection to the database cannot be made, or was lost ({words}). Start the server, or correct the host and port \
         of the database's change_url (or url), then preview again."
    )
}

/// By SQLSTATE: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn sentence(sqlstate: &str, words: &str, around: &Around) -> String {
    let role = around.role.as_deref().map_or_else(
        || "the role of change_url".to_owned(),
        |role| format!("the role {role}"),
    );
    let owner = around.owner.as_deref().unwrap_or("the table's owner");
    let table = around
        .table
        .as_ref()
        .map_or_else(|| "the table".to_owned(), ToString::to_string);
    let said = format!("({words}, {sqlstate})");
    match sqlstate {
        "42501" => format!(
            "{} may not do this {said}. Grant {owner} to it, or configure a change_url with a role that has {owner}.",
            capitalised(&role)
        ),
        "55P03" => match &around.holders {
            Some(holders) => format!(
                "{table} is held by {holders}, and was not free within the time allowed {said}. Try again when that session \
                 has ended its transaction, or end it with pg_terminate_backend."
            ),
            None => format!(
                "Something that {table} depends on is locked by another session, and was not free within the time allowed \
                 {said}. Activity shows who holds locks; try again when that has ended."
            ),
        },
        "40P01" => format!(
            "This change of {table} and another session waited for each other {said}. Try again when that session has \
             ended{}.",
            around
                .holders
                .as_ref()
                .map_or_else(String::new, |holders| format!(": {holders}"))
        ),
        "53200" => format!(
            "The server ran out of memory for it, most often of room for locks {said}. Raise max_locks_per_transaction (needs a \
             restart), or do this while fewer sessions hold locks."
        ),
        "53100" => format!("The server's disk is full {said}. Free some space, then try again."),
        "53300" => format!(
            "The server has no connection left {said}. End idle sessions, raise max_connections, or try again later."
        ),
        "0A000" if words.contains("license") => format!(
            "The server's edition does not offer this {said}. Use the Community edition (timescaledb.license = timescale), or \
             leave out what needs it."
        ),
        "0A000" => format!(
            "This server does not support it {said}. Change the policy so that it does without, or update TimescaleDB."
        ),
        "28000" | "28P01" => format!(
            "The server refuses the login of {role} {said}. Correct the role or the password in change_url (or url), let the \
             role log in (ALTER ROLE … LOGIN), or allow it in pg_hba.conf."
        ),
        "3D000" => format!(
            "There is no such database {said}. Create it, or correct its name in change_url (or url)."
        ),
        "22023" | "22007" | "22008" | "22P02" => format!(
            "The server does not take one of the values {said}. Correct that value in the form, then preview again."
        ),
        "25006" => format!(
            "This server only reads, most often because it is a standby {said}. Let change_url lead to the primary."
        ),
        "57014" => format!(
            "It was cancelled, because it took longer than a change may or because somebody cancelled it {said}. Try again when \
             the server is less busy."
        ),
        "42P01" | "42704" | "42883" | "3F000" => format!(
            "Something that was planned with is gone {said}. Have the database read again, then preview again."
        ),
        _ if sqlstate.starts_with("08") || sqlstate.starts_with("57P") || sqlstate == "25P03" => {
            lost(&format!("{words}, {sqlstate}"))
        }
        _ => format!("The server says: {words} ({sqlstate}). Preview again once that is mended."),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}
