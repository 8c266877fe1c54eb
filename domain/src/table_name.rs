//! How a table or view is named.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::listing::escape_parameter;

/// A table or view by schema and name, both as they are (not quoted).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct TableName {
    /// Schema.
    pub schema: String,
    /// Name.
    pub name: String,
}

impl TableName {
    /// From its two parts.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            schema: schema.into(),
            name: name.into(),
        }
    }

    /// As SQL names it: `"schema"."name"`, quoted.
    pub fn as_identifier(&self) -> String {
        let quote = |part: &str| format!("\"{}\"", part.replace('"', "\"\""));
        format!("{}.{}", quote(&self.schema), quote(&self.name))
    }

    /// As SQL names it in a text: `'"schema"."name"'`, for what takes a `regclass`.
    pub fn as_literal(&self) -> String {
        format!("'{}'", self.as_identifier().replace('\'', "''"))
    }

    /// As it stands in addresses: `schema/name`, both escaped. Links come from [`crate::page::hypertable_page`], which
    /// knows the names that have no address.
    pub fn as_path(&self) -> String {
        format!(
            "{}/{}",
            escape_parameter(&self.schema),
            escape_parameter(&self.name)
        )
    }

    /// `schema.name` in one text that [`Self::from_qualified`] takes apart again: a part with a dot or a quote in it
    /// stands in quotes, as in SQL.
    pub fn qualified(&self) -> String {
        let mut text = String::with_capacity(self.schema.len() + self.name.len() + 1);
        for part in [&self.schema, &self.name] {
            if !text.is_empty() {
                text.push('.');
            }
            if part.is_empty() || part.contains(['.', '"']) {
                text.push('"');
                text.push_str(&part.replace('"', "\"\""));
                text.push('"');
            } else {
                text.push_str(part);
            }
        }
        text
    }

    /// Reads `schema.name`, or a name alone for a table in the schema `public`; `None` for anything else.
    pub fn from_qualified(text: &str) -> Option<Self> {
        let (first, rest) = read_part(text)?;
        match rest.strip_prefix('.') {
            None if rest.is_empty() => Some(Self::new("public", first)),
            None => None,
            Some(rest) => match read_part(rest)? {
                (second, "") => Some(Self::new(first, second)),
                _ => None,
            },
        }
    }
}

/// The part a text begins with, and what follows it.
fn read_part(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find('.').unwrap_or(text.len());
        return (end > 0).then(|| (text[..end].to_owned(), &text[end..]));
    };
    let mut part = String::new();
    let mut rest = quoted;
    loop {
        let (before, after) = rest.split_once('"')?;
        part.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                part.push('"');
                rest = more;
            }
            None => return Some((part, after)),
        }
    }
}

/// `name`, or `schema.name` outside the schema `public`.
impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.schema == "public" {
            f.write_str(&self.name)
        } else {
            write!(f, "{}.{}", self.schema, self.name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_qualified_name_is_quoted_only_where_it_would_be_read_otherwise() {
        for (schema, name, text) in [
            ("public", "metric_hist", "public.metric_hist"),
            ("a.b", "c", "\"a.b\".c"),
            ("a", "b\"c", "a.\"b\"\"c\""),
            ("Größe", "x y", "Größe.x y"),
        ] {
            let table = TableName::new(schema, name);
            assert_eq!(table.qualified(), text);
            assert_eq!(TableName::from_qualified(text), Some(table));
        }
        assert_eq!(
            TableName::from_qualified("oee"),
            Some(TableName::new("public", "oee"))
        );
        for text in ["", ".", "a.", ".b", "\"a", "\"a\"b", "a.b.c"] {
            assert_eq!(TableName::from_qualified(text), None, "{text}");
        }
    }
}
