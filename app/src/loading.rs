//! What pages load from the server.

use charts::Markup;
use leptos::prelude::*;
use leptos::server::codee::{Decoder, Encoder};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::AppError;

/// Something that is loaded by the server with the page, and by the browser afterwards.
pub(crate) type Loaded<T> = Resource<T, AsJson>;

/// Loads by what `source` gives, and again whenever that changes.
pub(crate) fn load<S, T, F>(
    source: impl Fn() -> S + Send + Sync + 'static,
    fetch: impl Fn(S) -> F + Send + Sync + 'static,
) -> Loaded<T>
where
    S: PartialEq + Clone + Send + Sync + 'static,
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
    F: Future<Output = T> + Send + 'static,
{
    Loaded::new_with_options(source, fetch, false)
}

/// Loads by what `source` gives, and the same anew whenever `again` changes. Where that fails for want of an answer, what is
/// shown stays: the next time comes.
pub(crate) fn load_again<S, V, T, F>(
    source: impl Fn() -> S + Send + Sync + 'static,
    again: impl Fn() -> V + Send + Sync + 'static,
    fetch: impl Fn(S) -> F + Send + Sync + 'static,
) -> Loaded<Result<T, AppError>>
where
    S: PartialEq + Clone + Send + Sync + 'static,
    V: PartialEq + Clone + Send + Sync + 'static,
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    F: Future<Output = Result<T, AppError>> + Send + 'static,
{
    #[cfg(not(feature = "hydrate"))]
    {
        load(move || (source(), again()), move |(source, _)| fetch(source))
    }
    #[cfg(feature = "hydrate")]
    {
        let shown_of = StoredValue::new(untrack(&source));
        let shown = StoredValue::new(None::<Loaded<Result<T, AppError>>>);
        let loaded = load(
            move || (source(), again()),
            move |(source, _)| {
                let answer = fetch(source.clone());
                async move {
                    let answer = answer.await;
                    if matches!(answer, Err(AppError::Unreachable | AppError::Failed { .. })) {
                        let is_shown = shown_of.try_with_value(|of| *of == source).unwrap_or(false);
                        let shown = shown.try_get_value().flatten().filter(|_| is_shown);
                        if let Some(Ok(shown)) = shown.and_then(|shown| shown.try_get_untracked().flatten()) {
                            return Ok(shown);
                        }
                    }
                    shown_of.set_value(source);
                    answer
                }
            },
        );
        shown.set_value(Some(loaded));
        loaded
    }
}

/// JSON, without the markup that the document holds already. So markup is shown by something that is made anew only when
/// what it came with is loaded anew: a `Suspend` of its own that waits for nothing else.
///
/// Read from bytes as the server functions' answers are: code for that is in the browser once.
pub(crate) struct AsJson;

impl<T: Serialize> Encoder<T> for AsJson {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(value: &T) -> Result<String, serde_json::Error> {
        Markup::left_out(|| serde_json::to_string(value))
    }
}

impl<T: DeserializeOwned> Decoder<T> for AsJson {
    type Error = serde_json::Error;
    type Encoded = str;

    fn decode(text: &str) -> Result<T, serde_json::Error> {
        serde_json::from_slice(text.as_bytes())
    }
}
