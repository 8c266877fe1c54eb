//! The passwords that are tried first.
//!
//! The list holds all 43,940 of 12 to 64 bytes, in lower case, sorted, among the million commonest of leaked password
//! collections, as the crate passablewords 1.0.1 has them (MIT, see THIRD-PARTY.md). OWASP ASVS 5 asks for at least
//! 3,000 that fit the password rules (6.2.4), and for a set of breached ones (6.2.12).

use domain::account::{UnfitPassword, UserName, check_password};

/// Words that everybody who knows where the password is for tries first, beside the user's own name.
const OBVIOUS: [&str; 6] = [
    "tidemark",
    "timescaledb",
    "timescale",
    "password",
    "admin",
    "console",
];
/// So much must be left without them.
const LEFT_OVER: usize = 8;

const COMMON: &str = include_str!("common_passwords.txt");

/// Whether the person of this name may choose this password.
pub(crate) fn check_new_password(name: &UserName, password: &str) -> Result<(), UnfitPassword> {
    check_password(name, password)?;
    let folded = password.trim().to_lowercase();
    // A walk over 640 kB costs far less than the hash that follows.
    if COMMON.lines().any(|common| common == folded) {
        return Err(UnfitPassword::TooCommon);
    }
    let left_over = OBVIOUS
        .iter()
        .copied()
        .chain([name.as_str()])
        .fold(folded, |text, word| text.replace(word, ""));
    if left_over.chars().count() < LEFT_OVER {
        return Err(UnfitPassword::TooCommon);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_passwords_are_refused_whatever_their_case() {
        let name: UserName = "anna".parse().expect("valid");
        for password in [
            "1qaz2wsx3edc",
            "1QAZ2wsx3EDC",
            " 123qweasdzxc",
            "Tidemark1234",
            "TimescaleDB-admin",
            "annaannaanna2026",
        ] {
            assert_eq!(
                check_new_password(&name, password),
                Err(UnfitPassword::TooCommon),
                "{password}"
            );
        }
        assert_eq!(check_new_password(&name, "correct horse battery"), Ok(()));
    }

    #[test]
    fn the_list_is_long_enough_and_every_entry_could_be_chosen() {
        assert!(COMMON.lines().count() >= 40_000);
        let name: UserName = "anna".parse().expect("valid");
        assert!(COMMON.lines().all(|common| check_password(&name, common).is_ok()));
    }
}
