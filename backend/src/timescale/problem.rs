//! From the driver's errors to words an operator can act on.

use domain::problem::{Problem, ProblemKind};

/// What a driver's error means. The detail is the database's own message, which never holds the password.
pub(crate) fn problem_of(error: &sqlx::Error) -> Problem {
    match error {
        sqlx::Error::Database(database) => {
            let sqlstate = database.code().map(|code| code.to_string());
            Problem {
                kind: kind_of(sqlstate.as_deref().unwrap_or_default()),
                detail: database.message().to_owned(),
                sqlstate,
            }
        }
        sqlx::Error::Io(io) => Problem {
            kind: ProblemKind::Unreachable,
            detail: io.to_string(),
            sqlstate: None,
        },
        sqlx::Error::Tls(tls) => Problem {
            kind: ProblemKind::Unreachable,
            detail: tls.to_string(),
            sqlstate: None,
        },
        other => Problem {
            kind: ProblemKind::Refused,
            detail: other.to_string(),
            sqlstate: None,
        },
    }
}

/// By SQLSTATE: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn kind_of(sqlstate: &str) -> ProblemKind {
    match sqlstate {
        "28000" | "28P01" => ProblemKind::LoginRefused,
        "3D000" => ProblemKind::DatabaseMissing,
        "42501" => ProblemKind::RightsMissing,
        "57P03" | "53300" | "55000" => ProblemKind::NotReady,
        // The server is going away under the session.
        "57P01" | "57P02" | "57P05" => ProblemKind::Unreachable,
        "57014" | "55P03" | "25P03" => ProblemKind::TimedOut,
        code if code.starts_with("08") => ProblemKind::Unreachable,
        _ => ProblemKind::Refused,
    }
}
