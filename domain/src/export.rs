//! Lists as files: CSV for spreadsheets, JSON for programs.

use std::borrow::Cow;
use std::fmt::Write;

use crate::timestamp::Timestamp;

use crate::hypertable::TimePoint;

mod kept;
mod rows;

pub use rows::Judged;

/// A row that can be taken away in a file.
pub trait Exported: Sized + 'static {
    /// Its fields, in order. Names are stable: programs read them.
    const FIELDS: &'static [Field<Self>];
}

/// A field of a row.
#[derive(Debug)]
pub struct Field<T> {
    /// Its name in `snake_case`. Bytes end in `_bytes`, numbers that are durations in their unit.
    pub name: &'static str,
    /// Its value in a row.
    pub value: fn(&T) -> Value<'_>,
}

/// What stands in a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// Nothing.
    Null,
    /// A text.
    Text(Cow<'a, str>),
    /// A whole number.
    Integer(i128),
    /// A number with a fraction.
    Float(f64),
    /// Yes or no.
    Bool(bool),
    /// A moment, written as RFC 3339 in UTC.
    Time(Timestamp),
}

/// What the file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180, with a head.
    Csv,
    /// An array of objects.
    Json,
}

impl Format {
    /// By the ending of a file's name.
    pub fn of_ending(ending: &str) -> Option<Self> {
        match ending {
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    /// The ending of a file's name.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
        }
    }

    /// What stands before the first row.
    pub fn head<T: Exported>(self) -> String {
        match self {
            Self::Csv => {
                let names: Vec<&str> = T::FIELDS.iter().map(|field| field.name).collect();
                format!("{}\r\n", names.join(","))
            }
            Self::Json => "[".to_owned(),
        }
    }

    /// Appends a row.
    pub fn write_row<T: Exported>(self, row: &T, is_first: bool, text: &mut String) {
        match self {
            Self::Csv => write_csv(row, text),
            Self::Json => {
                text.push_str(if is_first { "\n" } else { ",\n" });
                write_json(row, text);
            }
        }
    }

    /// What stands behind the last row.
    pub fn tail(self) -> &'static str {
        match self {
            Self::Csv => "",
            Self::Json => "\n]\n",
        }
    }
}

/// A cell of CSV, in quotes. A cell that a spreadsheet would take for a formula begins with an apostrophe.
/// <https://owasp.org/www-community/attacks/CSV_Injection>
pub fn csv_cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        "'"
    } else {
        ""
    };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

fn write_csv<T: Exported>(row: &T, text: &mut String) {
    for (index, field) in T::FIELDS.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        // Writing to a String cannot fail.
        let _ = match (field.value)(row) {
            Value::Null => Ok(()),
            Value::Text(value) => write!(text, "{}", csv_cell(&value)),
            Value::Integer(value) => write!(text, "{value}"),
            Value::Float(value) => write!(text, "{value}"),
            Value::Bool(value) => write!(text, "{value}"),
            Value::Time(at) => write!(text, "{at}"),
        };
    }
    text.push_str("\r\n");
}

fn write_json<T: Exported>(row: &T, text: &mut String) {
    text.push('{');
    for (index, field) in T::FIELDS.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        // Writing to a String cannot fail.
        let _ = write!(text, "\"{}\":", field.name);
        let _ = match (field.value)(row) {
            Value::Text(value) => write_json_text(&value, text),
            Value::Integer(value) => write!(text, "{value}"),
            Value::Float(value) if value.is_finite() => write!(text, "{value}"),
            // JSON has no word for what is no number.
            Value::Float(_) | Value::Null => write!(text, "null"),
            Value::Bool(value) => write!(text, "{value}"),
            Value::Time(at) => write!(text, "\"{at}\""),
        };
    }
    text.push('}');
}

fn write_json_text(value: &str, text: &mut String) -> std::fmt::Result {
    text.push('"');
    for character in value.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            control if u32::from(control) < 0x20 => write!(text, "\\u{:04x}", u32::from(control))?,
            other => text.push(other),
        }
    }
    text.push('"');
    Ok(())
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<u64> for Value<'_> {
    fn from(number: u64) -> Self {
        Self::Integer(number.into())
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(number.into())
    }
}

impl From<i32> for Value<'_> {
    fn from(number: i32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<f64> for Value<'_> {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<bool> for Value<'_> {
    fn from(is: bool) -> Self {
        Self::Bool(is)
    }
}

impl From<Timestamp> for Value<'_> {
    fn from(at: Timestamp) -> Self {
        Self::Time(at)
    }
}

impl From<TimePoint> for Value<'_> {
    fn from(point: TimePoint) -> Self {
        match point {
            TimePoint::Moment(at) => Self::Time(at),
            TimePoint::Number(number) => number.into(),
        }
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Row {
        text: &'static str,
        number: Option<f64>,
    }

    impl Exported for Row {
        const FIELDS: &'static [Field<Self>] = &[
            Field {
                name: "text",
                value: |row| row.text.into(),
            },
            Field {
                name: "share_percent",
                value: |row| row.number.into(),
            },
            Field {
                name: "at",
                value: |_| Timestamp::UNIX_EPOCH.into(),
            },
            Field {
                name: "is_exact",
                value: |_| true.into(),
            },
            Field {
                name: "total_bytes",
                value: |_| u64::MAX.into(),
            },
        ];
    }

    fn file(format: Format, rows: &[Row]) -> String {
        let mut text = format.head::<Row>();
        for (index, row) in rows.iter().enumerate() {
            format.write_row(row, index == 0, &mut text);
        }
        text + format.tail()
    }

    const ROWS: [Row; 4] = [
        Row {
            text: "say \"hi\",\r\nGröße 🐘",
            number: Some(-1.5),
        },
        Row {
            text: "=HYPERLINK(\"http://evil\")",
            number: None,
        },
        Row {
            text: "back\\slash\u{1}\t",
            number: Some(f64::NAN),
        },
        Row {
            text: "",
            number: Some(100.0),
        },
    ];

    #[test]
    fn csv_quotes_texts_and_leaves_numbers_and_nothing_bare() {
        assert_eq!(
            file(Format::Csv, &ROWS[..2]),
            concat!(
                "text,share_percent,at,is_exact,total_bytes\r\n",
                "\"say \"\"hi\"\",\r\nGröße 🐘\",-1.5,1970-01-01T00:00:00Z,true,18446744073709551615\r\n",
                "\"'=HYPERLINK(\"\"http://evil\"\")\",,1970-01-01T00:00:00Z,true,18446744073709551615\r\n",
            )
        );
    }

    #[test]
    fn a_cell_is_quoted_and_never_a_formula() {
        assert_eq!(csv_cell("anna"), "\"anna\"");
        assert_eq!(csv_cell("say \"hi\",\nnow"), "\"say \"\"hi\"\",\nnow\"");
        for formula in ["=1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "＝1", "＠x"] {
            assert!(csv_cell(formula).starts_with("\"'"), "{formula:?}");
        }
    }

    #[test]
    fn json_reads_back_as_what_was_written() {
        let read: serde_json::Value = serde_json::from_str(&file(Format::Json, &ROWS)).expect("JSON");
        for (row, object) in ROWS.iter().zip(read.as_array().expect("an array")) {
            assert_eq!(object["text"], row.text);
            assert_eq!(
                object["share_percent"].as_f64(),
                row.number.filter(|n| n.is_finite())
            );
            assert_eq!(object["at"], "1970-01-01T00:00:00Z");
            assert_eq!(object["is_exact"], true);
            assert_eq!(object["total_bytes"], u64::MAX);
        }
        let none: serde_json::Value = serde_json::from_str(&file(Format::Json, &[])).expect("JSON");
        assert_eq!(none, serde_json::json!([]));
    }
}
