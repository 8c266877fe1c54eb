//! The first line of every server function.

use backend::accounts::ChangeRefused;
use backend::actions::ActionRefused;
use backend::auth::{Caller, Client, Denied, Granted, Principal, Session};
use backend::console::{Console, HistoryNotShown, MadeOf, NotShown};
use backend::policies::PolicyRefused;
use backend::reference::Reference;
use backend::timescale::ServerRefusal;
use domain::role::Permission;
use domain::table_name::TableName;
use domain::table_page::TablePage;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, header};
use leptos::prelude::use_context;
use leptos::server_fn::error::ServerFnUrlError;
use leptos_axum::ResponseOptions;

use super::notice::{DoneNotice, leave_notice};
use crate::drawings::Table;
use crate::error::{AppError, Refusal};

/// The console, as the server put it into the context.
pub(super) fn console() -> Result<Console, AppError> {
    use_context::<Console>().ok_or(AppError::FAILED)
}

fn extension<T: Clone + Send + Sync + 'static>() -> Option<T> {
    use_context::<Parts>().and_then(|parts| parts.extensions.get::<T>().cloned())
}

/// The request's session.
pub(super) fn session() -> Result<Session, AppError> {
    extension().ok_or(AppError::FAILED)
}

/// Where the request comes from.
pub(super) fn client() -> Result<Client, AppError> {
    extension().ok_or(AppError::FAILED)
}

/// Demands a permission of whoever asks, for the resource of this name. Who asks was found out once, when the request
/// came in.
pub(super) async fn demand(permission: Permission, resource: &str) -> Result<(Console, Granted), AppError> {
    let console = console()?;
    let caller = extension::<Caller>().unwrap_or(Caller::new(Principal::Anonymous, String::new()));
    match console.demand(&caller, permission, resource).await {
        Ok(granted) => Ok((console, granted)),
        Err(Denied::NotSignedIn) => Err(refuse(StatusCode::UNAUTHORIZED, AppError::NotSignedIn)),
        Err(Denied::Forbidden(_)) => Err(refuse(StatusCode::FORBIDDEN, AppError::Forbidden)),
    }
}

/// Whether a form without JavaScript asks: it is answered by a redirect, whose status must stay.
fn is_form() -> bool {
    use_context::<Parts>().is_some_and(|parts| {
        parts.method != Method::GET
            && parts
                .headers
                .get(header::ACCEPT)
                .and_then(|value| value.to_str().ok())
                .is_some_and(|accept| accept.contains("text/html"))
    })
}

/// Where a form without JavaScript leads back to: the page it stands on, with this error in the address. Whoever answers
/// forms would add it to the errors of the attempts before; here it takes their place.
fn page_with(error: &AppError) -> Option<HeaderValue> {
    let parts = use_context::<Parts>()?;
    let mut page = parts.headers.get(header::REFERER)?.to_str().ok()?.to_owned();
    ServerFnUrlError::<AppError>::strip_error_info(&mut page);
    let page = ServerFnUrlError::new(parts.uri.path(), error.clone())
        .to_url(&page)
        .ok()?;
    HeaderValue::from_str(page.as_str()).ok()
}

/// The page a form stands on: where it leads back to when it is refused. Browsers cut the address they say they come from.
#[derive(Debug, Clone)]
struct FormPage {
    /// Its path and query.
    address: String,
    /// What was typed that the address does not hold.
    typed: Vec<(String, String)>,
}

/// Says which page the form stands on, whatever the browser says.
pub(super) fn stands_on(address: String, typed: Vec<(String, String)>) {
    leptos::prelude::provide_context(FormPage { address, typed });
}

/// Leads a refused form back to its page, with the reason in the notice cookie: an address that brings words can have been
/// written by anybody.
fn lead_back(refusal: Refusal, words: &str, response: &ResponseOptions) {
    let page = use_context::<FormPage>().or_else(|| {
        let parts = use_context::<Parts>()?;
        let mut address = parts.headers.get(header::REFERER)?.to_str().ok()?.to_owned();
        ServerFnUrlError::<AppError>::strip_error_info(&mut address);
        Some(FormPage {
            address,
            typed: Vec::new(),
        })
    });
    let Some(page) = page else { return };
    let notice = DoneNotice::Told {
        is_refused: true,
        title: refusal.title().to_owned(),
        words: vec![
            if words.is_empty() {
                refusal.sentence()
            } else {
                words
            }
            .to_owned(),
        ],
        typed: page.typed,
    };
    if let Ok(location) = HeaderValue::from_str(&page.address)
        && leave_notice(&notice).is_ok()
    {
        response.insert_header(header::LOCATION, location);
    }
}

/// The error, with its HTTP status.
pub(super) fn refuse(status: StatusCode, error: AppError) -> AppError {
    if let Some(response) = use_context::<ResponseOptions>() {
        if let AppError::TooManyAttempts { retry_after_s } = &error {
            response.insert_header(header::RETRY_AFTER, HeaderValue::from(*retry_after_s));
        }
        // A refused permission keeps its status whatever asked: there is no form that leads here.
        if !is_form() || error == AppError::Forbidden {
            response.set_status(status);
        } else if let AppError::Refused(refusal, words) = &error {
            lead_back(*refusal, words, &response);
        } else if let Some(page) = page_with(&error) {
            response.insert_header(header::LOCATION, page);
        }
    }
    error
}

/// A failure of the console's own: its words go to the log only.
pub(super) fn failed(what: &str, error: &dyn std::error::Error) -> AppError {
    let reference = extension::<Reference>().map(|reference| reference.to_string());
    tracing::error!(error = %error, reference = reference.as_deref().unwrap_or_default(), "{what} failed");
    refuse(StatusCode::INTERNAL_SERVER_ERROR, AppError::Failed { reference })
}

/// Why history is not shown.
pub(super) fn history_failed(error: &HistoryNotShown) -> AppError {
    match error {
        HistoryNotShown::NotShown(_) => not_found(),
        HistoryNotShown::NotMeasured(..) => super::bad_request(),
        HistoryNotShown::State(_) => failed("reading the history", error),
    }
}

/// The table of this name, under the name its history has; not found where the last reading has no such table.
pub(super) fn recorded_table(
    console: &Console,
    granted: &Granted,
    database: &str,
    name: &TableName,
) -> Result<Table, AppError> {
    let read = console
        .read(granted, database, |seen| {
            TablePage::of(seen, name).map(|page| Table::of(seen, &page.table))
        })
        .map_err(|_| not_found())?;
    match read.facts {
        Some(found) => found.ok_or_else(not_found),
        None => Ok(Table::unread(name)),
    }
}

/// What is made of the last reading, once for everybody who asks for the same of it: see `LastReading::keep`.
pub(super) async fn keep<T: Clone + Send + Sync + 'static>(
    console: &Console,
    granted: &Granted,
    database: &str,
    of: MadeOf,
    name: String,
    bytes: impl FnOnce(&T) -> usize,
    make: impl Future<Output = Result<T, AppError>>,
) -> Result<T, AppError> {
    let reading = console.last_reading(granted, database).map_err(|_| not_found())?;
    Ok(reading.keep(of, name, bytes, make).await?.as_ref().clone())
}

/// No such database, page or object.
pub(super) fn not_found() -> AppError {
    refuse(StatusCode::NOT_FOUND, AppError::NotFound)
}

/// Something in what was sent is not right.
pub(super) fn unfit(error: AppError) -> AppError {
    refuse(StatusCode::UNPROCESSABLE_ENTITY, error)
}

/// Whether the server refused, or is not there.
fn by_server(refusal: &ServerRefusal) -> Refusal {
    if refusal.is_lost() {
        Refusal::Unreachable
    } else {
        Refusal::ByServer
    }
}

/// The words of an error as a sentence of its own.
fn as_sentence(words: &str) -> String {
    let mut letters = words.chars();
    let mut sentence: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    sentence.push_str(letters.as_str());
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

/// Why a policy was not shown or changed, for the person.
pub(super) fn policy_refused(what: &str, error: PolicyRefused) -> AppError {
    let (status, refusal) = match &error {
        PolicyRefused::UnknownDatabase(_)
        | PolicyRefused::UnknownTable(_)
        | PolicyRefused::UnknownChange(_) => {
            return not_found();
        }
        // It was granted a moment ago, and taken back.
        PolicyRefused::WrongGrant(_) => return refuse(StatusCode::FORBIDDEN, AppError::Forbidden),
        PolicyRefused::State(_) => return failed(what, &error),
        PolicyRefused::NotRead => (StatusCode::SERVICE_UNAVAILABLE, Refusal::Unread),
        PolicyRefused::NothingToDo => (StatusCode::CONFLICT, Refusal::NothingToDo),
        PolicyRefused::Blocked(_) => (StatusCode::UNPROCESSABLE_ENTITY, Refusal::Blocked),
        PolicyRefused::Fields(_) | PolicyRefused::ReasonTooLong(_) => {
            (StatusCode::UNPROCESSABLE_ENTITY, Refusal::Unfit)
        }
        PolicyRefused::Changed(_) => (StatusCode::CONFLICT, Refusal::ChangedMeanwhile),
        PolicyRefused::TypedName(_) => (StatusCode::UNPROCESSABLE_ENTITY, Refusal::NameNotTyped),
        PolicyRefused::NotUndoable(..) => (StatusCode::CONFLICT, Refusal::NotUndone),
        PolicyRefused::Busy(_) => (StatusCode::CONFLICT, Refusal::Busy),
        PolicyRefused::NotPlannable(_) => (StatusCode::CONFLICT, Refusal::Blocked),
        PolicyRefused::NoConnection => (StatusCode::SERVICE_UNAVAILABLE, Refusal::Unreachable),
        PolicyRefused::Server(refusal) => (StatusCode::SERVICE_UNAVAILABLE, by_server(refusal)),
    };
    let words = match &error {
        // They may begin with a name, which is written as it is.
        PolicyRefused::Server(_) => error.to_string(),
        _ => as_sentence(&error.to_string()),
    };
    tracing::info!(refused = words, "{what} was refused");
    refuse(status, AppError::Refused(refusal, words))
}

/// Why something is not done to chunks, aggregates and jobs, for the person.
pub(super) fn action_refused(what: &str, error: ActionRefused) -> AppError {
    let (status, refusal) = match &error {
        ActionRefused::NotShown(NotShown::WrongGrant(_)) => {
            return refuse(StatusCode::FORBIDDEN, AppError::Forbidden);
        }
        ActionRefused::NotShown(NotShown::UnknownDatabase(_)) | ActionRefused::Unknown(..) => {
            return not_found();
        }
        ActionRefused::State(_) => return failed(what, &error),
        ActionRefused::UnknownTable(_)
        | ActionRefused::UnknownChunk(_)
        | ActionRefused::UnknownAggregate(_)
        | ActionRefused::Ended(..) => (StatusCode::CONFLICT, Refusal::Gone),
        ActionRefused::NeedsCommunity
        | ActionRefused::ServerDrops(_)
        | ActionRefused::NotOffered(_)
        | ActionRefused::NoTimescale
        | ActionRefused::NotKept(_) => (StatusCode::CONFLICT, Refusal::NotOffered),
        ActionRefused::RunsAlready(_) | ActionRefused::Busy(_) | ActionRefused::Stopping => {
            (StatusCode::CONFLICT, Refusal::Busy)
        }
        ActionRefused::Unfit(_) | ActionRefused::Request(_) => {
            (StatusCode::UNPROCESSABLE_ENTITY, Refusal::Unfit)
        }
        ActionRefused::NothingToDo(_) => (StatusCode::CONFLICT, Refusal::NothingToDo),
        ActionRefused::Changed(_) => (StatusCode::CONFLICT, Refusal::ChangedMeanwhile),
        ActionRefused::NameNotTyped(_) => (StatusCode::UNPROCESSABLE_ENTITY, Refusal::NameNotTyped),
        ActionRefused::NotRead => (StatusCode::SERVICE_UNAVAILABLE, Refusal::Unread),
        ActionRefused::NoAddress => (StatusCode::SERVICE_UNAVAILABLE, Refusal::Unreachable),
        ActionRefused::Server(refusal) => (StatusCode::SERVICE_UNAVAILABLE, by_server(refusal)),
    };
    let words = error.to_string();
    tracing::info!(refused = words, "{what} was refused");
    refuse(status, AppError::Refused(refusal, words))
}

/// Why an account was not changed, for the person.
pub(super) fn refused(what: &str, error: ChangeRefused) -> AppError {
    match error {
        ChangeRefused::Unknown(_) => not_found(),
        ChangeRefused::NameTaken => refuse(StatusCode::CONFLICT, AppError::NameTaken),
        ChangeRefused::TokenNameTaken => refuse(StatusCode::CONFLICT, AppError::TokenNameTaken),
        ChangeRefused::LastAdministrator => refuse(StatusCode::CONFLICT, AppError::LastAdministrator),
        ChangeRefused::OwnAccount => refuse(StatusCode::CONFLICT, AppError::OwnAccount),
        ChangeRefused::Already(state) => refuse(StatusCode::CONFLICT, AppError::Already(state)),
        ChangeRefused::LinkInvalid => refuse(StatusCode::FORBIDDEN, AppError::LinkInvalid),
        ChangeRefused::Name(_) => unfit(AppError::InvalidUserName),
        ChangeRefused::Password(password) => unfit(AppError::UnfitPassword(password)),
        ChangeRefused::WrongPassword => unfit(AppError::WrongPassword),
        ChangeRefused::TooManyAttempts { retry_after_s } => refuse(
            StatusCode::TOO_MANY_REQUESTS,
            AppError::TooManyAttempts { retry_after_s },
        ),
        ChangeRefused::NothingAllowed => unfit(AppError::NothingAllowed),
        ChangeRefused::ExpiryPassed => unfit(AppError::InvalidExpiry),
        // It was granted a moment ago, and taken back.
        ChangeRefused::WrongGrant(_) => refuse(StatusCode::FORBIDDEN, AppError::Forbidden),
        ChangeRefused::Failed(_) => failed(what, &error),
    }
}
