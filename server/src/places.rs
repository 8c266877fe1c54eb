//! How many answers that go on may be under way: streams of events, and exports. They are counted by themselves: one of
//! them would keep a place for requests for as long as a page is looked at, or a file is read.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

/// Whoever is turned away may ask again after this many seconds.
const ASK_AGAIN_S: &str = "60";

/// What is under way, by whose it is, and how much of it may be.
#[derive(Debug)]
pub(crate) struct Places<K> {
    of_one: usize,
    of_all: usize,
    counts: Mutex<Counts<K>>,
}

#[derive(Debug)]
struct Counts<K> {
    all: usize,
    of: HashMap<K, usize>,
}

/// Why there is no place for another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    Session,
    Console,
}

impl Full {
    /// The answer to whoever is turned away. `of_session` and `of_console` say of what there is too much.
    pub(crate) fn turn_away(self, of_session: &'static str, of_console: &'static str) -> Response {
        let (status, words) = match self {
            Self::Session => (StatusCode::TOO_MANY_REQUESTS, of_session),
            Self::Console => (StatusCode::SERVICE_UNAVAILABLE, of_console),
        };
        tracing::warn!(full = ?self, "turned away: {words}");
        let retry_after = [(header::RETRY_AFTER, HeaderValue::from_static(ASK_AGAIN_S))];
        (status, retry_after, words).into_response()
    }
}

/// The place of one of them, free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Place<K: Eq + Hash> {
    places: Arc<Places<K>>,
    of: K,
}

impl<K: Clone + Eq + Hash> Places<K> {
    /// So many for each one, and so many for all together.
    pub(crate) fn new(of_one: usize, of_all: usize) -> Self {
        Self {
            of_one,
            of_all,
            counts: Mutex::new(Counts {
                all: 0,
                of: HashMap::new(),
            }),
        }
    }

    pub(crate) fn take(self: &Arc<Self>, of: &K) -> Result<Place<K>, Full> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.of.get(of).is_some_and(|count| *count >= self.of_one) {
            return Err(Full::Session);
        }
        if counts.all >= self.of_all {
            return Err(Full::Console);
        }
        counts.all += 1;
        *counts.of.entry(of.clone()).or_default() += 1;
        drop(counts);
        Ok(Place {
            places: Arc::clone(self),
            of: of.clone(),
        })
    }
}

impl<K: Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let mut counts = self.places.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.all -= 1;
        if let Some(count) = counts.of.get_mut(&self.of) {
            *count -= 1;
            if *count == 0 {
                counts.of.remove(&self.of);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF_ONE: usize = 3;
    const OF_ALL: usize = 8;

    #[test]
    fn a_session_has_so_many_places_and_another_has_its_own() {
        let places = Arc::new(Places::new(OF_ONE, OF_ALL));
        let mut taken: Vec<_> = (0..OF_ONE)
            .map(|_| places.take(&"anna").expect("a place"))
            .collect();
        assert_eq!(places.take(&"anna").err(), Some(Full::Session));
        assert!(places.take(&"berta").is_ok());
        taken.pop();
        assert!(places.take(&"anna").is_ok());
    }

    #[test]
    fn all_sessions_together_have_so_many_places_and_what_is_free_is_forgotten() {
        let places = Arc::new(Places::new(OF_ONE, OF_ALL));
        let mut taken: Vec<_> = (0..OF_ALL)
            .map(|number| places.take(&number).expect("a place"))
            .collect();
        assert_eq!(places.take(&OF_ALL).err(), Some(Full::Console));
        taken.pop();
        assert!(places.take(&OF_ALL).is_ok());
        drop(taken);
        assert!(places.counts.lock().expect("the counts").of.is_empty());
    }
}
