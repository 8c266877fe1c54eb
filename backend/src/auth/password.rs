//! Passwords: argon2id, off the async threads, a bounded number at a time.

use std::sync::Arc;

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// OWASP's floor for argon2id: 19 MiB, two passes, one lane.
/// <https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html>
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// A stored hash in PHC format. Not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// As it came from the state store.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// As it goes to the state store.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// Hashing failed for a reason of the machine's (memory, random numbers).
#[derive(Debug, thiserror::Error)]
#[error("hashing a password failed: {0}")]
pub struct HashFailed(String);

/// Sign-ins that wait for a place to hash: about a second's work. More are turned away at once, so that a flood
/// neither fills the memory nor makes people wait for minutes.
const WAITING: usize = 32;

/// Hashes and verifies. Clones share the bound on how many run at once.
#[derive(Debug, Clone)]
pub struct PasswordHasher {
    places: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    decoy: Arc<str>,
}

/// The outcome of a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verification {
    pub(crate) fits: bool,
    /// The hash was made with weaker parameters than today's.
    pub(crate) is_outdated: bool,
}

fn argon2() -> Result<Argon2<'static>, HashFailed> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|e| HashFailed(e.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &[u8]) -> Result<String, HashFailed> {
    argon2()?
        .hash_password(password)
        .map(|hash| hash.to_string())
        .map_err(|error| HashFailed(error.to_string()))
}

fn is_outdated(hash: &str) -> bool {
    let Ok(parsed) = argon2::password_hash::phc::PasswordHash::new(hash) else {
        return true;
    };
    match Params::try_from(&parsed) {
        Ok(params) => {
            parsed.algorithm.as_str() != "argon2id"
                || params.m_cost() < MEMORY_KIB
                || params.t_cost() < PASSES
                || params.p_cost() < LANES
        }
        Err(_) => true,
    }
}

impl PasswordHasher {
    /// Runs at most `at_once` hashes at the same time, each of which takes 19 MiB and a core for some 20 ms.
    pub fn new(at_once: usize) -> Result<Self, HashFailed> {
        Ok(Self {
            places: Arc::new(Semaphore::new(at_once.max(1))),
            waiting: Arc::new(Semaphore::new(WAITING)),
            decoy: hash(b"a password that nobody has")?.into(),
        })
    }

    /// A place in the queue, given back when dropped; `None` while the queue is full.
    pub(crate) fn queue(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.waiting).try_acquire_owned().ok()
    }

    /// Hashes a new password.
    pub async fn hash(&self, password: &SecretString) -> Result<PasswordHash, HashFailed> {
        let password = password.clone();
        self.run(move || hash(password.expose_secret().as_bytes()))
            .await?
            .map(PasswordHash)
    }

    /// Compares a password with a stored hash; without one (no such user) it costs the same and never fits.
    pub(crate) async fn verify(
        &self,
        password: &SecretString,
        stored: Option<&PasswordHash>,
    ) -> Result<Verification, HashFailed> {
        let password = password.clone();
        let hash = stored.map_or_else(|| self.decoy.to_string(), |stored| stored.0.clone());
        let is_real = stored.is_some();
        let decoy = Arc::clone(&self.decoy);
        self.run(move || {
            let fits = |hash: &str| -> Result<bool, HashFailed> {
                let bytes = password.expose_secret().as_bytes();
                Ok(argon2()?.verify_password(bytes, hash).is_ok())
            };
            let verification = Verification {
                fits: fits(&hash)? && is_real,
                is_outdated: is_outdated(&hash),
            };
            if verification.is_outdated && !verification.fits {
                // A hash with weaker parameters must not answer sooner than a name that nobody has.
                let _ = fits(&decoy)?;
            }
            Ok(verification)
        })
        .await?
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashFailed> {
        let place = Arc::clone(&self.places)
            .acquire_owned()
            .await
            .map_err(|error| HashFailed(error.to_string()))?;
        tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        })
        .await
        .map_err(|error| HashFailed(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[tokio::test]
    async fn the_right_password_fits_and_another_does_not() {
        let hasher = PasswordHasher::new(1).expect("hasher");
        let stored = hasher.hash(&secret("correct horse battery")).await.expect("hash");
        assert!(stored.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let right = hasher
            .verify(&secret("correct horse battery"), Some(&stored))
            .await
            .expect("verified");
        assert_eq!(
            right,
            Verification {
                fits: true,
                is_outdated: false
            }
        );
        assert!(
            !hasher
                .verify(&secret("wrong horse battery"), Some(&stored))
                .await
                .expect("verified")
                .fits
        );
    }

    #[tokio::test]
    async fn a_password_is_checked_as_it_was_sent_to_the_last_byte() {
        let hasher = PasswordHasher::new(1).expect("hasher");
        let long = format!(" Ünïcode  {} end ", "x".repeat(480));
        let stored = hasher.hash(&secret(&long)).await.expect("hash");
        let fits = async |password: &str| {
            let outcome = hasher.verify(&secret(password), Some(&stored)).await;
            outcome.expect("verified").fits
        };
        assert!(fits(&long).await);
        for changed in [
            long.trim().to_owned(),
            long.to_lowercase(),
            long.replace("  ", " "),
            long[..long.len() - 1].to_owned(),
        ] {
            assert!(!fits(&changed).await, "{changed:?}");
        }
    }

    #[tokio::test]
    async fn no_stored_hash_never_fits_not_even_the_decoys_password() {
        let hasher = PasswordHasher::new(1).expect("hasher");
        assert!(
            !hasher
                .verify(&secret("a password that nobody has"), None)
                .await
                .expect("verified")
                .fits
        );
    }

    #[tokio::test]
    async fn a_hash_with_weaker_parameters_is_outdated() {
        let weak = Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            Params::new(8192, 1, 1, None).expect("params"),
        )
        .hash_password(b"correct horse battery")
        .expect("hash");
        let hasher = PasswordHasher::new(1).expect("hasher");
        let stored = PasswordHash::stored(weak.to_string());
        let outcome = hasher
            .verify(&secret("correct horse battery"), Some(&stored))
            .await
            .expect("verified");
        assert_eq!(
            outcome,
            Verification {
                fits: true,
                is_outdated: true
            }
        );
    }

    #[tokio::test]
    async fn so_many_wait_for_a_place_and_the_next_is_turned_away_at_once() {
        let hasher = PasswordHasher::new(1).expect("hasher");
        let mut waiting: Vec<_> = (0..WAITING).filter_map(|_| hasher.queue()).collect();
        assert_eq!(waiting.len(), WAITING);
        assert!(hasher.queue().is_none());
        waiting.pop();
        assert!(hasher.queue().is_some());
    }

    #[test]
    fn a_hash_is_not_printed() {
        assert_eq!(
            format!("{:?}", PasswordHash::stored("$argon2id$secret".into())),
            "PasswordHash(…)"
        );
    }
}
