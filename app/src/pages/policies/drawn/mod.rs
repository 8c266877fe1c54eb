//! What the pages about policies show.

mod change;
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
use domain::page::{TableTab, hypertable_page};
use domain::policy::PolicyFields;
use domain::table_name::TableName;

/// The address of a table's form; with what it says, if anything.
fn form_address(database: &str, table: &TableName, fields: &PolicyFields, shows_preview: bool) -> String {
    let mut address = format!("{}/change", hypertable_page(database, table, TableTab::Policies));
    let mut parts: Vec<String> = fields
        .pairs()
        .map(|(name, text)| format!("{name}={}", escape_parameter(text)))
        .collect();
    if shows_preview {
        parts.push("preview=1".to_owned());
    }
    if !parts.is_empty() {
        address.push('?');
        address.push_str(&parts.join("&"));
    }
    address
}

/// The address of a change.
fn change_address(database: &str, id: i64) -> String {
    format!("/db/{database}/policies/changes/{id}")
}
