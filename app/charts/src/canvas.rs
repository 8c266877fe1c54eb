//! plotters' way to SVG: a backend that writes classes for colours and merges what has the same class into one path.
//!
//! plotters' own SVG backend writes an element with five attributes for each shape, colours as #RRGGBB and whole pixels
//! only. Here one unit is a tenth of a pixel, and 240 columns are one path.

use std::convert::Infallible;
use std::fmt::Write as _;

use plotters_backend::text_anchor::HPos;
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
};

use crate::ink::Ink;

/// Canvas units in a pixel.
pub(crate) const UNITS: i32 = 10;

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

/// Writes SVG into a string.
pub(crate) struct Canvas<'a> {
    svg: &'a mut String,
    width: u32,
    height: u32,
    /// The path that is being written, and its ink.
    path: String,
    path_ink: Option<Ink>,
}

impl<'a> Canvas<'a> {
    /// A canvas of so many pixels, with its opening tag written.
    pub(crate) fn new(svg: &'a mut String, width: u32, height: u32) -> Self {
        write(
            svg,
            format_args!(
                "<svg class='plot' viewBox='0 0 {width} {height}' width='{width}' height='{height}' aria-hidden='true' focusable='false'>"
            ),
        );
        Self {
            svg,
            width,
            height,
            path: String::new(),
            path_ink: None,
        }
    }

    /// The path of an ink; one of another ink is written out first, so that later shapes lie above earlier ones.
    fn path_of(&mut self, ink: Ink) -> &mut String {
        if self.path_ink != Some(ink) {
            self.end_path();
            self.path_ink = Some(ink);
        }
        &mut self.path
    }

    fn end_path(&mut self) {
        if let Some(ink) = self.path_ink.take() {
            write(
                self.svg,
                format_args!("<path class='{}' d='{}'/>", ink.class(), self.path),
            );
            self.path.clear();
        }
    }

    fn polyline(
        &mut self,
        style: &impl BackendStyle,
        points: impl IntoIterator<Item = BackendCoord>,
        closed: bool,
    ) {
        let (ink, _) = Ink::from_rgb(style.color().rgb);
        let mut points = points.into_iter();
        let Some(first) = points.next() else { return };
        let path = self.path_of(ink);
        path.push('M');
        push_pair(path, first, true);
        let mut last = first;
        let mut is_first = true;
        for point in points {
            let step = (point.0 - last.0, point.1 - last.1);
            if step == (0, 0) {
                continue;
            }
            if is_first {
                path.push('l');
            }
            push_pair(path, step, is_first);
            is_first = false;
            last = point;
        }
        if closed {
            path.push('z');
        } else if is_first {
            // A point: the style sheet's round cap makes it a dot.
            path.push_str("h0");
        }
    }
}

impl DrawingBackend for Canvas<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        let units = UNITS.unsigned_abs();
        (self.width * units, self.height * units)
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        self.end_path();
        self.svg.push_str("</svg>");
        Ok(())
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Drawn {
        self.polyline(&color, [point], false);
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.polyline(style, [from, to], false);
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        self.polyline(style, path, false);
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Drawn {
        self.polyline(style, corners, true);
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        (left, top): BackendCoord,
        (right, bottom): BackendCoord,
        style: &S,
        _fill: bool,
    ) -> Drawn {
        let (ink, bin) = Ink::from_rgb(style.color().rgb);
        let (width, height) = (right - left, bottom - top);
        if let Some(bin) = bin {
            self.end_path();
            let mut place = String::new();
            for (name, value) in [("x", left), ("y", top), ("width", width), ("height", height)] {
                write(&mut place, format_args!(" {name}='"));
                push_units(&mut place, value);
                place.push('\'');
            }
            write(
                self.svg,
                format_args!("<rect class='{}' data-bin='{bin}'{place}/>", ink.class()),
            );
            return Ok(());
        }
        let path = self.path_of(ink);
        path.push('M');
        push_pair(path, (left, top), true);
        for (command, length) in [('h', width), ('v', height), ('h', -width)] {
            path.push(command);
            push_units(path, length);
        }
        path.push('z');
        Ok(())
    }

    fn draw_text<T: BackendTextStyle>(&mut self, text: &str, style: &T, (x, y): BackendCoord) -> Drawn {
        self.end_path();
        let (ink, _) = Ink::from_rgb(style.color().rgb);
        let anchor = match style.anchor().h_pos {
            HPos::Left => "",
            HPos::Center => " text-anchor='middle'",
            HPos::Right => " text-anchor='end'",
        };
        write(
            self.svg,
            format_args!("<text class='{}'{anchor} x='", ink.class()),
        );
        push_units(self.svg, x);
        self.svg.push_str("' y='");
        push_units(self.svg, y);
        self.svg.push_str("'>");
        push_escaped(self.svg, text);
        self.svg.push_str("</text>");
        Ok(())
    }
}

fn write(out: &mut String, text: std::fmt::Arguments<'_>) {
    // A string takes everything.
    let _ = out.write_fmt(text);
}

/// Units as pixels with at most one decimal: `12`, `12.3`, `-.5`.
fn push_units(out: &mut String, units: i32) {
    let (whole, tenth) = (units.unsigned_abs() / 10, units.unsigned_abs() % 10);
    if units < 0 {
        out.push('-');
    }
    if whole > 0 || tenth == 0 {
        write(out, format_args!("{whole}"));
    }
    if tenth > 0 {
        write(out, format_args!(".{tenth}"));
    }
}

/// Two numbers of a path, separated only where they would run together.
fn push_pair(out: &mut String, (x, y): BackendCoord, is_first: bool) {
    if !is_first && x >= 0 {
        out.push(' ');
    }
    push_units(out, x);
    if y >= 0 {
        out.push(' ');
    }
    push_units(out, y);
}

/// Text in which nothing is markup. Characters that XML forbids are left out.
pub(crate) fn push_escaped(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            control if control.is_control() => {}
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_short_as_they_can_be() {
        let mut out = String::new();
        for units in [0, 5, 10, 123, -5, -20, -305] {
            push_units(&mut out, units);
            out.push(' ');
        }
        assert_eq!(out, "0 .5 1 12.3 -.5 -2 -30.5 ");
    }

    #[test]
    fn names_of_tables_cannot_become_markup() {
        let mut out = String::new();
        push_escaped(&mut out, "<script>'a' & \"b\"\u{7}</script>");
        assert_eq!(
            out,
            "&lt;script&gt;&#39;a&#39; &amp; &quot;b&quot;&lt;/script&gt;"
        );
    }

    #[test]
    fn shapes_of_one_ink_are_one_path() {
        let mut svg = String::new();
        let mut canvas = Canvas::new(&mut svg, 100, 50);
        let grid = Ink::GRID.stroke();
        let axis = Ink::AXIS.stroke();
        let style = |ink: plotters::style::ShapeStyle| BackendColor {
            alpha: 1.0,
            rgb: (ink.color.0, ink.color.1, ink.color.2),
        };
        for y in [100, 200] {
            let _ = canvas.draw_line((0, y), (1000, y), &style(grid));
        }
        let _ = canvas.draw_path([(0, 300), (15, 295), (15, 295), (30, 305)], &style(axis));
        let _ = canvas.present();
        assert_eq!(
            svg.split_once('>').expect("an opening tag").1,
            "<path class='grid' d='M0 10l100 0M0 20l100 0'/><path class='axis' d='M0 30l1.5-.5 1.5 1'/></svg>"
        );
    }
}
