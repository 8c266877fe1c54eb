//! Who can sign in.

use domain::account::{User, UserColumn, UserState};
use domain::listing::{Column, ListPage, ListQuery};
use domain::quantity::thousands;
use domain::role::Role;
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::use_query_map;

use crate::components::{
    ColumnHead, DoneNotices, FilterBar, FormError, Icon, LoadFailed, Moment, OwnPassword, PageTitle, Pager,
    Question, RoleChoice, Symbol, emptied_when,
};
use crate::loading::load;
use crate::server_fns::{InviteUser, list_users};

const BASE: &str = "/users";

/// The page.
#[component]
pub(crate) fn UsersPage() -> impl IntoView {
    let invite = ServerAction::<InviteUser>::new();
    let parameters = use_query_map();
    let query = Memo::new(move |_| parameters.with(|map| ListQuery::from_parameters(|name| map.get(name))));
    let users = load(
        move || (query.get(), invite.version().get()),
        |(query, _)| list_users(query),
    );
    view! {
        <PageTitle text="Users · Tidemark" />
        // Not in what is loaded anew after each form: what it takes it takes once.
        <DoneNotices version=invite.version() />
        <Transition fallback=|| view! { <div class="skeleton" role="status" aria-label="Loading"><span class="bone table-bone"></span></div> }>
            {move || Suspend::new(async move {
                match users.await {
                    Ok(page) => view! { <UsersBody page query invite /> }.into_any(),
                    Err(error) => view! { <LoadFailed error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn UsersBody(
    page: ListPage<User>,
    query: Memo<ListQuery<UserColumn>>,
    invite: ServerAction<InviteUser>,
) -> impl IntoView {
    let shown = page.query.clone();
    let rows = page.items.clone();
    let form = emptied_when(move || matches!(invite.value().get(), Some(Ok(()))));
    view! {
        <div class="head">
            <h1>"Users"</h1>
            <span class="pill plain">{thousands(page.total as u64)}</span>
        </div>
        <section class="card form-card">
            <header><h2>"Invite somebody"</h2></header>
            <ActionForm action=invite node_ref=form>
                <FormError outcome=invite.value().into() path="/fn/invite_user" />
                <div class="fields">
                    <label>
                        <span>"Name"</span>
                        <input name="name" required maxlength="64" autocomplete="off" autocapitalize="none" spellcheck="false" />
                    </label>
                    <RoleChoice chosen=Role::Viewer />
                    <button type="submit" class="btn primary" disabled=move || invite.pending().get()>"Make an invitation"</button>
                </div>
                <p class="hint">"You get a link to pass on. Whoever opens it chooses the password."</p>
            </ActionForm>
        </section>
        <section class="card">
            <FilterBar page=page.clone() base=BASE.to_owned() query noun=("user", "users") export="/export/users" what="Filter by name, role or state" />
            {if rows.is_empty() {
                view! {
                    <div class="empty">
                        <p><strong>{format!("No user matches “{}”.", shown.filter)}</strong></p>
                        <p><A href=BASE attr:class="btn">"Show all"</A></p>
                    </div>
                }.into_any()
            } else {
                view! {
                    <div class="scroll" tabindex="0" role="region" aria-label="Users">
                        <table>
                            <thead>
                                <tr>
                                    {UserColumn::ALL
                                        .iter()
                                        .map(|column| view! { <ColumnHead column=*column class=class(*column) query=shown.clone() base=BASE.to_owned() /> })
                                        .collect_view()}
                                </tr>
                            </thead>
                            <tbody>{rows.into_iter().map(|user| view! { <Row user /> }).collect_view()}</tbody>
                        </table>
                    </div>
                }.into_any()
            }}
            <Pager page base=BASE.to_owned() />
        </section>
        <section class="card form-card">
            <header><h2>"Sessions"</h2></header>
            <div class="form-body">
                <FormError outcome=Signal::derive(|| None) path="/fn/end_everyones_sessions" />
                <Question ask="Sign everybody out" is_grave=true>
                    // Leaves the app for good: what is in memory goes with the page.
                    <form method="post" action="/fn/end_everyones_sessions">
                        <p>"Every session of every user ends at once, yours too. Nobody is shut out: everybody signs in again. Tokens go on working."</p>
                        <OwnPassword />
                        <button type="submit" class="btn danger">"End everybody's sessions"</button>
                    </form>
                </Question>
            </div>
        </section>
    }
}

fn class(column: UserColumn) -> &'static str {
    match column {
        UserColumn::Name | UserColumn::Role | UserColumn::State => "",
        UserColumn::Sessions => "num wide-only",
        UserColumn::SignedIn | UserColumn::Created => "wide-only",
    }
}

/// Where a user stands, in shape, colour and words.
#[component]
pub(super) fn StatePill(state: UserState) -> impl IntoView {
    let (class, symbol) = match state {
        UserState::Active => ("pill ok", Symbol::Check),
        UserState::WithoutPassword => ("pill warn", Symbol::Clock),
        UserState::Disabled => ("pill bad", Symbol::Cross),
    };
    view! { <span class=class><Icon symbol /> {state.label()}</span> }
}

#[component]
fn Row(user: User) -> impl IntoView {
    view! {
        <tr>
            <th scope="row" class="name"><A href=format!("{BASE}/{}", user.name) attr:class="row-link">{user.name.to_string()}</A></th>
            <td>{user.role.as_str()}</td>
            <td><StatePill state=user.state /></td>
            <td class="wide-only"><Moment at=user.signed_in_at none="never" /></td>
            <td class="num wide-only">{thousands(user.sessions)}</td>
            <td class="wide-only"><Moment at=Some(user.created_at) none="" /></td>
        </tr>
    }
}
