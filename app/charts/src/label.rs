//! How wide texts are. Fonts differ between server and browser, so widths come from a table of Inter's advance widths,
//! rounded up: a label may get a pixel too much room, never too little.

/// Size of axis labels in pixels, as `style/_charts.scss` sets it.
pub(crate) const TICK_SIZE: f64 = 11.0;
/// Size of the names and values in bar charts.
pub(crate) const NAME_SIZE: f64 = 13.0;

/// Width of a text in pixels.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    let hundredths: u32 = text.chars().map(advance).sum();
    f64::from(hundredths) * size / 100.0
}

/// Advance width in hundredths of the font's size.
fn advance(character: char) -> u32 {
    match character {
        'i' | 'j' | 'l' | '\'' | '.' | ',' | ':' | ';' | '|' | '!' | 'I' | ' ' => 29,
        'f' | 'r' | 't' | '(' | ')' | '[' | ']' | '/' | '\\' => 39,
        '0'..='9' | 'a'..='e' | 'g' | 'h' | 'k' | 'n'..='q' | 's' | 'u' | 'v' | 'x'..='z' | '_' => 64,
        '+' | '-' | '−' | '=' | '<' | '>' | '~' | '≈' | '→' | '%' | '#' | '&' | '@' => 90,
        'w' | 'm' | 'M' | 'W' => 98,
        'A'..='Z' => 76,
        // Other scripts can be as wide as they are high.
        _ => 100,
    }
}

/// A text that fits, cut in its middle: tables are told apart by how their names begin and end.
pub(crate) fn fitted(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let characters: Vec<char> = text.chars().collect();
    for kept in (2..characters.len()).rev() {
        let head = kept.div_ceil(2);
        let tail = characters.len() - (kept - head);
        let cut: String = characters[..head]
            .iter()
            .chain(&['…'])
            .chain(&characters[tail..])
            .collect();
        if width(&cut, size) <= room {
            return cut;
        }
    }
    "…".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_cut_in_its_middle() {
        assert_eq!(fitted("metric_hist", 13.0, 200.0), "metric_hist");
        let cut = fitted("a_very_long_table_name_of_2026", 13.0, 120.0);
        assert!(width(&cut, 13.0) <= 120.0, "{cut}");
        assert!(
            cut.starts_with("a_v") && cut.ends_with("26") && cut.contains('…'),
            "{cut}"
        );
        assert_eq!(fitted("wide", 13.0, 1.0), "…");
    }
}
