//! What was made of a reading: drawings, fragments of pages, pages of lists. Made once, for everybody who asks for the
//! same, and forgotten with the reading: the next one begins with nothing. What is made of sizes alone lasts as long as they
//! do, which is longer: fast facts are read far more often.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::observation::Observation;
use tokio::sync::OnceCell;

/// Beyond this all that was kept of a reading is let go: what many ask for is soon there again, and nobody keeps it out
/// by asking for much.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// Beyond so many things, too.
const MOST_THINGS: usize = 2_000;

type Thing = Arc<OnceCell<Arc<dyn Any + Send + Sync>>>;

/// A reading as it was published, with what was made of it so far. Clones share that.
#[derive(Debug, Clone, Default)]
pub(crate) struct Published {
    pub(crate) observation: Observation,
    of_reading: Shared,
    of_sizes: Shared,
}

/// What something is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MadeOf {
    /// Anything of a reading.
    Reading,
    /// Hypertables, chunks, the database's size; and what the name says.
    Sizes,
}

type Shared = Arc<Mutex<Made>>;

#[derive(Debug, Default)]
struct Made {
    things: HashMap<String, Thing>,
    bytes: usize,
}

impl Made {
    fn holds(&self, name: &str, thing: &Thing) -> bool {
        self.things.get(name).is_some_and(|held| Arc::ptr_eq(held, thing))
    }

    fn let_go(&mut self) {
        self.things.clear();
        self.bytes = 0;
    }
}

impl From<Observation> for Published {
    fn from(observation: Observation) -> Self {
        Self {
            observation,
            of_reading: Shared::default(),
            of_sizes: Shared::default(),
        }
    }
}

impl Published {
    /// The next one. What was made of sizes stays where they are the same.
    pub(crate) fn followed_by(&self, observation: Observation) -> Self {
        let is_same = match (&self.observation.snapshot, &observation.snapshot) {
            (Some(before), Some(after)) => after.has_sizes_of(before),
            _ => false,
        };
        let next = Self::from(observation);
        if is_same {
            Self {
                of_sizes: Arc::clone(&self.of_sizes),
                ..next
            }
        } else {
            next
        }
    }

    /// The thing of this name, which says everything that it depends on beside the reading. Of those who ask for it at the
    /// same time one makes it; what fails is made again by the next. `bytes` is about how much memory it takes.
    pub(crate) async fn keep<T: Send + Sync + 'static, E>(
        &self,
        of: MadeOf,
        name: String,
        bytes: impl FnOnce(&T) -> usize,
        make: impl Future<Output = Result<T, E>>,
    ) -> Result<Arc<T>, E> {
        let things = match of {
            MadeOf::Reading => &self.of_reading,
            MadeOf::Sizes => &self.of_sizes,
        };
        let thing = place(things, &name);
        let kept = thing
            .get_or_try_init(|| async {
                let fresh = Arc::new(make.await?);
                count(things, &name, &thing, bytes(&fresh));
                Ok(fresh as Arc<dyn Any + Send + Sync>)
            })
            .await;
        match kept {
            Ok(kept) => Ok(Arc::clone(kept)
                .downcast()
                .expect("a name stands for things of one type")),
            Err(error) => {
                forget(things, &name, &thing);
                Err(error)
            }
        }
    }
}

/// Where the thing of this name is or will be.
fn place(things: &Shared, name: &str) -> Thing {
    let mut made = locked(things);
    if let Some(thing) = made.things.get(name) {
        return Arc::clone(thing);
    }
    if made.things.len() >= MOST_THINGS {
        made.let_go();
    }
    made.bytes += name.len();
    let thing = Thing::default();
    made.things.insert(name.to_owned(), Arc::clone(&thing));
    thing
}

/// Counts what was made, where its place was not let go meanwhile.
fn count(things: &Shared, name: &str, thing: &Thing, bytes: usize) {
    let mut made = locked(things);
    if !made.holds(name, thing) {
        return;
    }
    if made.bytes + bytes > MOST_BYTES {
        made.let_go();
    } else {
        made.bytes += bytes;
    }
}

/// What failed has no place, unless somebody else is trying already.
fn forget(things: &Shared, name: &str, thing: &Thing) {
    let mut made = locked(things);
    if made.holds(name, thing) && !thing.initialized() {
        made.things.remove(name);
        made.bytes = made.bytes.saturating_sub(name.len());
    }
}

fn locked(things: &Shared) -> std::sync::MutexGuard<'_, Made> {
    things.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    async fn made_with(published: &Published, name: &str, count: &AtomicUsize, drawn: String) -> Arc<String> {
        let make = async {
            count.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            Ok::<_, Infallible>(drawn)
        };
        published
            .keep(MadeOf::Reading, name.to_owned(), String::len, make)
            .await
            .expect("made")
    }

    #[tokio::test]
    async fn whoever_asks_for_the_same_at_the_same_time_gets_what_was_made_once() {
        let published = Published::default();
        let count = AtomicUsize::new(0);
        let ask = || made_with(&published, "a chart", &count, "drawn".to_owned());
        let (one, two) = tokio::join!(ask(), ask());
        assert!(Arc::ptr_eq(&one, &two));
        assert_eq!(count.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn the_next_reading_begins_with_nothing() {
        let first = Published::default();
        let count = AtomicUsize::new(0);
        made_with(&first, "a chart", &count, "old".to_owned()).await;
        let second = Published::from(first.observation.clone());
        assert_eq!(
            *made_with(&second, "a chart", &count, "new".to_owned()).await,
            "new"
        );
    }

    #[tokio::test]
    async fn what_failed_is_made_by_the_next_who_asks() {
        let published = Published::default();
        let failed: Result<Arc<String>, _> = published
            .keep(MadeOf::Reading, "a chart".to_owned(), String::len, async {
                Err::<String, _>("no")
            })
            .await;
        assert_eq!(failed.expect_err("failed"), "no");
        let count = AtomicUsize::new(0);
        assert_eq!(
            *made_with(&published, "a chart", &count, "drawn".to_owned()).await,
            "drawn"
        );
    }

    #[tokio::test]
    async fn what_is_too_much_for_one_reading_is_let_go_and_whoever_asks_next_is_kept_again() {
        let published = Published::default();
        let count = AtomicUsize::new(0);
        made_with(&published, "small", &count, "small".to_owned()).await;
        let large = made_with(&published, "large", &count, "x".repeat(MOST_BYTES)).await;
        assert_eq!(large.len(), MOST_BYTES);
        assert_eq!(locked(&published.of_reading).bytes, 0);
        let before = count.load(Ordering::Relaxed);
        for _ in 0..2 {
            made_with(&published, "small", &count, "small".to_owned()).await;
        }
        assert_eq!(count.load(Ordering::Relaxed), before + 1);
    }

    #[tokio::test]
    async fn many_things_and_failures_keep_nobody_out() {
        let published = Published::default();
        let count = AtomicUsize::new(0);
        for number in 0..=MOST_THINGS {
            made_with(&published, &number.to_string(), &count, String::new()).await;
        }
        assert_eq!(locked(&published.of_reading).things.len(), 1);
        for number in 0..10 {
            let failed: Result<Arc<String>, _> = published
                .keep(MadeOf::Reading, format!("bad {number}"), String::len, async {
                    Err("no")
                })
                .await;
            failed.expect_err("it failed");
        }
        assert_eq!(locked(&published.of_reading).things.len(), 1);
    }
}
