//! The API's description, made of the code that answers, and pages to read it in. Both need no login: they name nothing of
//! what is watched.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use axum::extract::Path;
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::{HeaderValue, StatusCode, header};
use utoipa::openapi::response::{Response as Described, ResponseBuilder};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr};
use utoipa::{IntoParams, IntoResponses, Modify, OpenApi};
use utoipa_swagger_ui::Config;

use crate::middleware::authenticate::SESSION_COOKIE;
use crate::problem::Problem;

/// Where the description is.
pub(crate) const DOCUMENT: &str = "/api/v1/openapi.json";
/// Where it is read.
pub(crate) const DOCS: &str = "/api/v1/docs/";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tidemark",
        description = "What the console knows of the databases it watches, and changes of their policies. Reading is answered \
            from the last reading: it costs the databases nothing. Times are RFC 3339 in UTC, sizes are bytes. Errors are \
            problem+json (RFC 9457). Answers carry an ETag; a program that sends it back as If-None-Match gets 304 while \
            nothing is new.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    paths(
        super::health::overall,
        super::health::database,
        super::health::timescaledb,
        super::health::status,
        super::metrics::hypertables,
        super::metrics::compression,
        super::metrics::chunks,
        super::configuration::show,
        super::policies::plan,
        super::policies::apply,
        super::policies::revisions,
        super::policies::revision,
        super::policies::undo,
    ),
    components(schemas(Problem)),
    modifiers(&Credentials),
    security(("token" = []), ("session" = [])),
    tags(
        (name = "Health", description = "How the console and its databases stand. For everybody who is signed in."),
        (name = "Metrics", description = "Hypertables, chunks and compression. Needs the permission view_details."),
        (name = "Configuration", description = "What is configured, without a secret. Needs view_configuration."),
        (name = "Policies", description = "Preview a change of a table's policy, apply it, take it back. Needs \
            change_policies.")
    )
)]
struct Document;

/// How a program says who it is.
struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        components.add_security_scheme(
            "token",
            SecurityScheme::Http(
                HttpBuilder::new()
                    .scheme(HttpAuthScheme::Bearer)
                    .description(Some(
                        "A token made on the page Tokens, or by tidemark token create.",
                    ))
                    .build(),
            ),
        );
        components.add_security_scheme(
            "session",
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
                SESSION_COOKIE,
                "The session of a browser. Changes need the console's own Origin then.",
            ))),
        );
    }
}

/// Which database, for every endpoint about one.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct DatabaseParameter {
    /// The console's name for the database; needed where it watches several.
    #[expect(dead_code, reason = "describes what Ask reads")]
    db: Option<String>,
}

/// What every endpoint may refuse.
pub(super) struct Refusals;

/// What a change may be refused for besides.
pub(super) struct Conflicts;

fn refused(words: &str) -> RefOr<Described> {
    ResponseBuilder::new()
        .description(words)
        .content(
            "application/problem+json",
            ContentBuilder::new()
                .schema(Some(Ref::from_schema_name("Problem")))
                .build(),
        )
        .build()
        .into()
}

fn described(responses: &[(&str, &str)]) -> BTreeMap<String, RefOr<Described>> {
    responses
        .iter()
        .map(|(status, words)| ((*status).to_owned(), refused(words)))
        .collect()
}

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Described>> {
        let mut all = described(&[
            ("401", "Nobody is signed in, or the token is not valid."),
            ("403", "Whoever asks has not the permission."),
            ("404", "There is no such database, or no such thing in it."),
            (
                "422",
                "A parameter is not right; the problem says which, and what would be.",
            ),
            (
                "503",
                "The database has not been read yet, or the console cannot answer now.",
            ),
        ]);
        let unchanged = ResponseBuilder::new().description("Nothing is new since the ETag that was sent.");
        all.insert("304".to_owned(), unchanged.build().into());
        all
    }
}

impl IntoResponses for Conflicts {
    fn responses() -> BTreeMap<String, RefOr<Described>> {
        described(&[
            ("400", "The body is no JSON."),
            ("401", "Nobody is signed in, or the token is not valid."),
            (
                "403",
                "Whoever asks has not the permission, or sends a session's cookie from elsewhere.",
            ),
            ("404", "There is no such database, or no such thing in it."),
            (
                "409",
                "It does not fit what is there now: something changed since, there is nothing to do, or it failed. \
                Nothing was changed.",
            ),
            ("413", "The body is larger than 256 KiB."),
            ("415", "The body is not said to be application/json."),
            (
                "422",
                "Something in what was sent is not right; the problem says what, and what would be.",
            ),
            ("503", "The database cannot be reached, or has not been read yet."),
        ])
    }
}

/// The description as it is served, committed and printed by `tidemark openapi`.
pub(crate) fn document() -> String {
    // Made of the code: it cannot fail to be written.
    let mut text = Document::openapi().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// `GET /api/v1/openapi.json`
pub(crate) async fn show() -> Response {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = TEXT.get_or_init(document);
    ([(header::CONTENT_TYPE, "application/json")], text.as_str()).into_response()
}

/// `GET /api/v1/docs`
pub(crate) async fn to_docs() -> Redirect {
    Redirect::permanent(DOCS)
}

/// `GET /api/v1/docs/`: our own frame around what Swagger UI draws.
pub(crate) async fn docs() -> Response {
    let page = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>API · Tidemark</title>\
         <link rel=\"icon\" href=\"/favicon.svg\"><link rel=\"stylesheet\" href=\"swagger-ui.css\">\
         <link rel=\"stylesheet\" href=\"index.css\"></head><body><main id=\"swagger-ui\"></main>\
         <noscript><main><h1>Tidemark API</h1><p>Reading it here takes JavaScript. \
         <a href=\"{DOCUMENT}\">The description itself</a> is plain JSON.</p></main></noscript>\
         <script src=\"swagger-ui-bundle.js\"></script><script src=\"swagger-initializer.js\"></script></body></html>"
    );
    (policy_for_docs(), Html(page)).into_response()
}

/// `GET /api/v1/docs/{file}`: what the page needs, out of the program itself.
pub(crate) async fn docs_file(Path(file): Path<String>) -> Response {
    static CONFIGURATION: OnceLock<Arc<Config<'static>>> = OnceLock::new();
    let configuration = CONFIGURATION.get_or_init(|| {
        let configuration = Config::from(DOCUMENT)
            .use_base_layout()
            .doc_expansion("list")
            .default_models_expand_depth(0)
            .display_request_duration(true)
            .persist_authorization(false)
            .validator_url("none");
        Arc::new(configuration)
    });
    match utoipa_swagger_ui::serve(&file, Arc::clone(configuration)) {
        Ok(Some(found)) if file != "index.html" => (
            policy_for_docs(),
            [(header::CONTENT_TYPE, found.content_type)],
            found.bytes.into_owned(),
        )
            .into_response(),
        Ok(_) => Problem::new(
            StatusCode::NOT_FOUND,
            "There is no such file of the documentation.",
        )
        .into_response(),
        Err(error) => {
            tracing::error!(%error, file, "a file of the documentation could not be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Nothing from outside; its icons are data in its style sheet.
fn policy_for_docs() -> [(header::HeaderName, HeaderValue); 1] {
    [(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
             frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ),
    )]
}
