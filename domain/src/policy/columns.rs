//! Lists of columns as people write them: `line, meter`, `ts DESC, value NULLS FIRST`.

use crate::compression_settings::{OrderBy, SegmentBy};
use crate::policy::sql::identifier;

/// What leaves a choice to the server.
const SERVER: [&str; 3] = ["", "server's choice", "auto"];
/// What chooses nothing.
const NOTHING: [&str; 2] = ["-", "none"];

/// Reads what rows are grouped by.
pub(super) fn read_segment_by(text: &str) -> Result<SegmentBy, String> {
    let text = text.trim();
    if SERVER.contains(&text) {
        return Ok(SegmentBy::ServerChooses);
    }
    if NOTHING.contains(&text) {
        return Ok(SegmentBy::Nothing);
    }
    let columns = items(text)?
        .into_iter()
        .map(|words| match words.as_slice() {
            [Word::Plain(name) | Word::Quoted(name)] => Ok(name.clone()),
            _ => Err(format!(
                "{text:?} is no list of columns; write for example \"line, meter\", \"-\" for none, or nothing for the \
                 server's choice"
            )),
        })
        .collect::<Result<_, _>>()?;
    Ok(SegmentBy::Columns(columns))
}

/// Reads how rows are ordered; empty for the server's choice.
pub(super) fn read_order_by(text: &str) -> Result<Vec<OrderBy>, String> {
    let text = text.trim();
    if SERVER.contains(&text) {
        return Ok(Vec::new());
    }
    items(text)?
        .into_iter()
        .map(|words| order(&words))
        .collect::<Option<_>>()
        .ok_or_else(|| {
            format!(
                "{text:?} is no order; write for example \"ts DESC, value\", with NULLS FIRST or NULLS LAST where it \
                 matters, or nothing for the server's choice"
            )
        })
}

/// As [`read_segment_by`] reads it.
pub(super) fn write_segment_by(segment_by: &SegmentBy) -> String {
    match segment_by {
        SegmentBy::ServerChooses => String::new(),
        SegmentBy::Nothing => NOTHING[0].to_owned(),
        SegmentBy::Columns(columns) => {
            let columns: Vec<String> = columns.iter().map(|column| written(column)).collect();
            columns.join(", ")
        }
    }
}

/// As [`read_order_by`] reads it.
pub(crate) fn write_order_by(order_by: &[OrderBy]) -> String {
    let columns: Vec<String> = order_by
        .iter()
        .map(|of| {
            let column = written(&of.column);
            OrderBy { column, ..of.clone() }.to_string()
        })
        .collect();
    columns.join(", ")
}

/// A column's name, in quotes where it would be read otherwise.
fn written(column: &str) -> String {
    let is_plain = !column.is_empty()
        && !NOTHING.contains(&column)
        && !SERVER.contains(&column)
        && !column.contains(|c: char| c.is_whitespace() || matches!(c, '"' | ','));
    if is_plain {
        column.to_owned()
    } else {
        identifier(column)
    }
}

enum Word {
    /// As it stands: names are not folded to lower case.
    Plain(String),
    Quoted(String),
}

fn order(words: &[Word]) -> Option<OrderBy> {
    let [Word::Plain(column) | Word::Quoted(column), rest @ ..] = words else {
        return None;
    };
    let rest: Option<Vec<String>> = rest
        .iter()
        .map(|word| match word {
            Word::Plain(word) => Some(word.to_ascii_uppercase()),
            Word::Quoted(_) => None,
        })
        .collect();
    let rest = rest?;
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    let (descending, nulls) = match rest.as_slice() {
        ["DESC", nulls @ ..] => (true, nulls),
        ["ASC", nulls @ ..] | nulls => (false, nulls),
    };
    let nulls_first = match nulls {
        [] => descending,
        ["NULLS", "FIRST"] => true,
        ["NULLS", "LAST"] => false,
        _ => return None,
    };
    Some(OrderBy {
        column: column.clone(),
        descending,
        nulls_first,
    })
}

/// The words between commas, quoted ones whole.
fn items(text: &str) -> Result<Vec<Vec<Word>>, String> {
    let mut items = vec![Vec::new()];
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        match first {
            ',' => {
                items.push(Vec::new());
                rest = &rest[1..];
            }
            '"' => {
                let (name, after) =
                    quoted(&rest[1..]).ok_or_else(|| format!("{text:?} has a quote that does not end"))?;
                if let Some(item) = items.last_mut() {
                    item.push(Word::Quoted(name));
                }
                rest = after;
            }
            _ => {
                let end = rest
                    .find(|c: char| c.is_whitespace() || matches!(c, ',' | '"'))
                    .unwrap_or(rest.len());
                if let Some(item) = items.last_mut() {
                    item.push(Word::Plain(rest[..end].to_owned()));
                }
                rest = &rest[end..];
            }
        }
        rest = rest.trim_start();
    }
    if items.iter().any(Vec::is_empty) {
        return Err(format!("{text:?} has a comma without a column beside it"));
    }
    Ok(items)
}

/// What stands before the closing quote, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"')?;
        name.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                name.push('"');
                rest = more;
            }
            None => return Some((name, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let columns = |columns: &[&str]| SegmentBy::Columns(columns.iter().map(|&c| c.to_owned()).collect());
        for (text, segment_by) in [
            ("", SegmentBy::ServerChooses),
            ("-", SegmentBy::Nothing),
            ("line", columns(&["line"])),
            ("Line, \"a, \"\"b\", \"-\"", columns(&["Line", "a, \"b", "-"])),
        ] {
            assert_eq!(read_segment_by(text), Ok(segment_by.clone()), "{text}");
            assert_eq!(write_segment_by(&segment_by), text);
        }
        for text in [
            "",
            "ts DESC",
            "ts DESC NULLS LAST, \"a b\"",
            "desc NULLS FIRST, x",
        ] {
            let order = read_order_by(text).expect(text);
            assert_eq!(write_order_by(&order), text);
        }
    }

    #[test]
    fn what_is_no_list_says_so() {
        for text in ["a,,b", "a,", "a b", "\"a"] {
            assert!(read_segment_by(text).is_err(), "{text}");
        }
        for text in ["ts DOWN", "ts DESC NULLS", "\"ts\" \"DESC\"", ", ts"] {
            assert!(read_order_by(text).is_err(), "{text}");
        }
    }
}
