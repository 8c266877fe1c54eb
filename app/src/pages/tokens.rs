//! Tokens that programs sign in with.

use domain::listing::{Column, ListPage, ListQuery};
use domain::quantity::thousands;
use domain::role::{Permission, Role};
use domain::token::{Token, TokenColumn, TokenState};
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::use_query_map;

use crate::components::{
    ColumnHead, DoneNotices, FilterBar, FormError, Icon, LoadFailed, Moment, PageTitle, Pager, Question,
    RoleChoice, Symbol, emptied_when,
};
use crate::loading::load;
use crate::server_fns::{CreateToken, RevokeToken, list_tokens};

const BASE: &str = "/tokens";

/// The page.
#[component]
pub(crate) fn TokensPage() -> impl IntoView {
    let create = ServerAction::<CreateToken>::new();
    let revoke = ServerAction::<RevokeToken>::new();
    let version = Signal::derive(move || create.version().get() + revoke.version().get());
    let parameters = use_query_map();
    let query = Memo::new(move |_| parameters.with(|map| ListQuery::from_parameters(|name| map.get(name))));
    let tokens = load(
        move || (query.get(), version.get()),
        |(query, _)| list_tokens(query),
    );
    view! {
        <PageTitle text="Tokens · Tidemark" />
        <DoneNotices version />
        <Transition fallback=|| view! { <div class="skeleton" role="status" aria-label="Loading"><span class="bone table-bone"></span></div> }>
            {move || Suspend::new(async move {
                match tokens.await {
                    Ok(page) => view! { <TokensBody page query create revoke /> }.into_any(),
                    Err(error) => view! { <LoadFailed error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn TokensBody(
    page: ListPage<Token>,
    query: Memo<ListQuery<TokenColumn>>,
    create: ServerAction<CreateToken>,
    revoke: ServerAction<RevokeToken>,
) -> impl IntoView {
    let shown = page.query.clone();
    let rows = page.items.clone();
    view! {
        <div class="head">
            <h1>"Tokens"</h1>
            <span class="pill plain">{thousands(page.total as u64)}</span>
        </div>
        <CreateCard create />
        <section class="card">
            <FilterBar page=page.clone() base=BASE.to_owned() query noun=("token", "tokens") what="Filter by name, role, state or creator" export="/export/tokens" />
            <FormError outcome=revoke.value().into() path="/fn/revoke_token" />
            {if rows.is_empty() && shown.filter.is_empty() {
                view! {
                    <div class="empty">
                        <p><strong>"There is no token yet."</strong></p>
                        <p>"A program reads the API with one: " <code>"Authorization: Bearer tdm_…"</code></p>
                    </div>
                }.into_any()
            } else if rows.is_empty() {
                view! {
                    <div class="empty">
                        <p><strong>{format!("No token matches “{}”.", shown.filter)}</strong></p>
                        <p><A href=BASE attr:class="btn">"Show all"</A></p>
                    </div>
                }.into_any()
            } else {
                view! {
                    <div class="scroll" tabindex="0" role="region" aria-label="Tokens">
                        <table>
                            <thead>
                                <tr>
                                    {TokenColumn::ALL
                                        .iter()
                                        .map(|column| view! { <ColumnHead column=*column class=class(*column) query=shown.clone() base=BASE.to_owned() /> })
                                        .collect_view()}
                                    <td></td>
                                </tr>
                            </thead>
                            <tbody>{rows.into_iter().map(|token| view! { <Row token revoke /> }).collect_view()}</tbody>
                        </table>
                    </div>
                }.into_any()
            }}
            <Pager page base=BASE.to_owned() />
        </section>
    }
}

fn class(column: TokenColumn) -> &'static str {
    match column {
        TokenColumn::Name | TokenColumn::State => "",
        _ => "wide-only",
    }
}

#[component]
fn CreateCard(create: ServerAction<CreateToken>) -> impl IntoView {
    let form = emptied_when(move || matches!(create.value().get(), Some(Ok(()))));
    view! {
        <section class="card form-card">
            <header><h2>"Create a token"</h2></header>
            <ActionForm action=create node_ref=form>
                <FormError outcome=create.value().into() path="/fn/create_token" />
                <div class="fields">
                    <label>
                        <span>"Name"</span>
                        <input name="name" required maxlength="64" autocomplete="off" spellcheck="false" />
                    </label>
                    <RoleChoice chosen=Role::Viewer />
                    <label class="short">
                        <span>"Valid for (days)"</span>
                        <input name="days" type="number" min="1" max="3650" value="90" />
                    </label>
                    <button type="submit" class="btn primary" disabled=move || create.pending().get()>"Create"</button>
                </div>
                <details class="fewer">
                    <summary>"Fewer permissions than the role"</summary>
                    <fieldset>
                        <legend class="hint">"With none chosen, the token may do all that its role may. What the role does not have is left out."</legend>
                        {Role::Admin
                            .token_permissions()
                            .iter()
                            .map(|permission| view! { <PermissionBox permission /> })
                            .collect_view()}
                    </fieldset>
                </details>
            </ActionForm>
        </section>
    }
}

#[component]
fn PermissionBox(permission: Permission) -> impl IntoView {
    view! {
        <label class="box">
            <input type="checkbox" name="permissions[]" value=permission.as_str() />
            <span>{permission.label()}</span>
        </label>
    }
}

#[component]
fn Row(token: Token, revoke: ServerAction<RevokeToken>) -> impl IntoView {
    let (pill, symbol) = match token.state {
        TokenState::Active => ("pill ok", Symbol::Check),
        TokenState::Expired => ("pill warn", Symbol::Clock),
        TokenState::Revoked => ("pill bad", Symbol::Cross),
    };
    let restricted = token.is_restricted().then(|| {
        token
            .permissions
            .iter()
            .map(Permission::label)
            .collect::<Vec<_>>()
            .join(", ")
    });
    let label = format!("Revoke {}", token.name);
    view! {
        <tr>
            <th scope="row" class="name">
                {token.name.to_string()}
                <span class="under mono">{format!("{}…", token.hint)}</span>
            </th>
            <td class="wide-only">
                {token.role.as_str()}
                {restricted.map(|list| view! { <span class="under">{format!("only: {list}")}</span> })}
            </td>
            <td><span class=pill><Icon symbol /> {token.state.label()}</span></td>
            <td class="wide-only"><Moment at=token.expires_at none="never" /></td>
            <td class="wide-only">
                <Moment at=token.used_at none="never" />
                {token.used_from.map(|address| view! { <span class="under">{format!("from {address}")}</span> })}
            </td>
            <td class="wide-only">
                <Moment at=Some(token.created_at) none="" />
                <span class="under">{format!("by {}", token.created_by)}</span>
            </td>
            <td class="num">
                {(token.state != TokenState::Revoked).then(|| view! {
                    <Question ask="Revoke" label=label.clone() is_grave=true>
                        <ActionForm action=revoke>
                            <input type="hidden" name="id" value=token.id.to_string() />
                            <p>{format!("Programs that use {} are shut out at once. What is revoked stays so: to let them in again, create another token.", token.name)}</p>
                            <button type="submit" class="btn danger">{label}</button>
                        </ActionForm>
                    </Question>
                })}
            </td>
        </tr>
    }
}
