//! What the pages about policies show.

mod change;
mod fates;
mod fields;
mod form;
mod list;
mod presets;
mod preview;
mod steps;

pub(crate) use change::draw_change;
pub(crate) use form::{Asked as PolicyFormAsked, draw_form};
pub(crate) use list::{CHANGES_A_PAGE, draw_policies};

use domain::listing::escape_parameter;
use domain::page::policy_form_page;
use domain::policy::PolicyFields;
use domain::table_name::TableName;

/// The address of a table's form; with what it says, if anything.
pub(crate) fn form_address(
    database: &str,
    table: &TableName,
    fields: &PolicyFields,
    shows_preview: bool,
) -> String {
    let mut address = policy_form_page(database, table);
    let mut parts: Vec<String> = fields
        .pairs()
        .map(|(name, text)| format!("{name}={}", escape_parameter(text)))
        .collect();
    if shows_preview {
        parts.push("preview=1".to_owned());
    }
    for part in parts {
        address.push(if address.contains('?') { '&' } else { '?' });
        address.push_str(&part);
    }
    address
}

/// The address of a change.
fn change_address(database: &str, id: i64) -> String {
    format!("/db/{database}/policies/changes/{id}")
}
