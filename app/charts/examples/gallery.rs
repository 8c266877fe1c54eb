//! Writes a page with every chart at every width, to be looked at: `cargo run -p charts --example gallery STYLESHEET
//! OUTPUT`, where the style sheet is the console's own, compiled.

mod fixtures;

use std::fmt::Write as _;

use charts::{Figure, WIDTHS};

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(style), Some(output)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: gallery STYLESHEET OUTPUT");
        std::process::exit(2);
    };
    let style = std::fs::read_to_string(style)?;
    let mut page = format!(
        "<!DOCTYPE html><html lang=en><meta charset=utf-8><title>Charts</title><style>{style}</style><main>"
    );
    for figure in fixtures::figures() {
        write_figure(&mut page, &figure);
    }
    std::fs::write(output, page)
}

fn write_figure(page: &mut String, figure: &Figure) {
    // Writing into a string cannot fail.
    let _ = write!(page, "<section class=gallery><h2>{}</h2>", figure.title);
    for (drawing, width) in figure.drawings.iter().zip(WIDTHS) {
        let _ = write!(
            page,
            "<div class='card' data-width='{width}' style='width:{}px;padding:18px;margin:8px 0'>{}</div>",
            width + 38,
            drawing.svg
        );
    }
    let _ = write!(
        page,
        "<p class=muted>{}</p></section>",
        figure.summary.sentences.join(" ")
    );
}
