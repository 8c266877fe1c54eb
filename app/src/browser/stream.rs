//! The stream of events of one database. A worker holds it, one for all visible tabs of the browser where there are
//! shared workers: `public/live.js` says how the two speak.

use leptos::prelude::*;

/// What a page learns of its stream.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "hydrate"),
    expect(dead_code, reason = "there is no news on the server")
)]
pub(crate) enum News {
    /// From here on nothing is heard until something is: the page begins to listen, or was hidden.
    Silence,
    /// A database was read, or could not be.
    Snapshot {
        /// The status as JSON.
        json: String,
        /// How long it lay in the worker, in milliseconds.
        waited_ms: u64,
    },
    /// There is no stream at the moment.
    Failed,
}

/// Listens to what happens in a database while the page is visible, until the component is gone.
pub(crate) fn listen(database: Memo<Option<String>>, report: impl Fn(News) + 'static) {
    #[cfg(feature = "hydrate")]
    {
        let report = std::rc::Rc::new(report);
        Effect::new(move |_| {
            report(News::Silence);
            let Some(database) = database.get() else { return };
            // Goes with the effect: when another database is listened to, or the component is gone.
            let line = StoredValue::new_local(None::<line::Line>);
            let report = std::rc::Rc::clone(&report);
            let follow_visibility = move || {
                line.update_value(|line| {
                    if !super::is_visible() {
                        *line = None;
                        report(News::Silence);
                    } else if line.is_none() {
                        let report = std::rc::Rc::clone(&report);
                        *line = line::Line::open(&database, move |news| report(news));
                    }
                });
            };
            follow_visibility();
            let visibility = window_event_listener_untyped("visibilitychange", move |_| follow_visibility());
            let leaving = window_event_listener_untyped("pagehide", move |_| line.set_value(None));
            on_cleanup(move || {
                visibility.remove();
                leaving.remove();
            });
        });
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = (database, report);
    }
}

#[cfg(feature = "hydrate")]
mod line {
    use std::time::Duration;

    use leptos::prelude::*;
    use wasm_bindgen::JsCast;
    use wasm_bindgen::closure::Closure;
    use web_sys::{MessageEvent, MessagePort, SharedWorker, Worker, WorkerOptions, js_sys};

    use super::News;

    const SCRIPT: &str = "/live.js";
    /// The worker forgets who was not heard of for three times as long.
    const SAY_EVERY: Duration = Duration::from_secs(20);

    /// The line to the worker. Dropping it says goodbye.
    pub(super) struct Line {
        end: End,
        beat: Option<IntervalHandle>,
        /// Called as long as the line is open.
        _hear: Closure<dyn FnMut(MessageEvent)>,
    }

    /// Where the worker is reached.
    #[derive(Clone)]
    enum End {
        Shared(MessagePort),
        Own(Worker),
    }

    impl Line {
        /// `None` where the browser starts no worker; the page asks by itself then.
        pub(super) fn open(database: &str, report: impl Fn(News) + 'static) -> Option<Self> {
            let hear = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
                if let Some(news) = event.data().as_string().as_deref().and_then(understand) {
                    report(news);
                }
            });
            let end = End::reach(database)?;
            end.hear(Some(hear.as_ref().unchecked_ref()));
            end.say("here");
            let beat = {
                let end = end.clone();
                set_interval_with_handle(move || end.say("here"), SAY_EVERY).ok()
            };
            Some(Self {
                end,
                beat,
                _hear: hear,
            })
        }
    }

    impl Drop for Line {
        fn drop(&mut self) {
            if let Some(beat) = self.beat {
                beat.clear();
            }
            self.end.hear(None);
            match &self.end {
                End::Shared(port) => {
                    self.end.say("gone");
                    port.close();
                }
                End::Own(worker) => worker.terminate(),
            }
        }
    }

    impl End {
        fn reach(database: &str) -> Option<Self> {
            let has_shared = js_sys::Reflect::has(&window(), &"SharedWorker".into()).unwrap_or(false);
            if has_shared {
                let worker = SharedWorker::new_with_str(SCRIPT, database).ok()?;
                Some(Self::Shared(worker.port()))
            } else {
                let options = WorkerOptions::new();
                options.set_name(database);
                Worker::new_with_options(SCRIPT, &options).ok().map(Self::Own)
            }
        }

        fn hear(&self, handler: Option<&js_sys::Function>) {
            match self {
                Self::Shared(port) => port.set_onmessage(handler),
                Self::Own(worker) => worker.set_onmessage(handler),
            }
        }

        /// Fails only for what cannot be copied, which text can.
        fn say(&self, word: &str) {
            let _ = match self {
                Self::Shared(port) => port.post_message(&word.into()),
                Self::Own(worker) => worker.post_message(&word.into()),
            };
        }
    }

    fn understand(message: &str) -> Option<News> {
        if message == "failed" {
            return Some(News::Failed);
        }
        let (waited_ms, json) = message.split_once(' ')?;
        Some(News::Snapshot {
            json: json.to_owned(),
            waited_ms: waited_ms.parse().ok()?,
        })
    }
}
