//! Draws plotters' elements onto a [`Canvas`], in pixels or in the coordinates of a chart.

use std::ops::Range;

use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::types::RangedCoordf64;
use plotters::coord::{CoordTranslate, Shift};
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Drawable, PathElement, PointCollection, Polygon, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontDesc, FontFamily, FontStyle, ShapeStyle, TextStyle};

use crate::canvas::{Canvas, UNITS};
use crate::ink::Ink;

/// A point in pixels.
pub(crate) type Pixel = (f64, f64);

/// A drawing area, in canvas units or in a chart's coordinates.
pub(crate) struct Pen<'a, C: CoordTranslate>(DrawingArea<Canvas<'a>, C>);

/// Draws a picture of so many pixels.
pub(crate) fn draw(width: u32, height: u32, picture: impl FnOnce(&Pen<'_, Shift>)) -> String {
    let mut svg = String::new();
    let area = Canvas::new(&mut svg, width, height).into_drawing_area();
    let pen = Pen(area);
    picture(&pen);
    // Writing into a string cannot fail.
    let _ = pen.0.present();
    drop(pen);
    svg
}

/// The nearest canvas unit.
fn unit(pixels: f64) -> i32 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "`as` stops at the ends; drawings are small"
    )]
    let units = (pixels * f64::from(UNITS) + 0.5).floor() as i32;
    units
}

fn units((x, y): Pixel) -> (i32, i32) {
    (unit(x), unit(y))
}

impl<'a, C: CoordTranslate> Pen<'a, C> {
    fn put<'e, E>(&self, element: &'e E)
    where
        E: Drawable<Canvas<'a>>,
        &'e E: PointCollection<'e, C::From>,
    {
        // Writing into a string cannot fail.
        let _ = self.0.draw(element);
    }
}

impl<'a> Pen<'a, Shift> {
    /// The same picture with a chart's coordinates: values over time.
    pub(crate) fn plane(
        &self,
        time: Range<f64>,
        values: Range<f64>,
        x: (f64, f64),
        y: (f64, f64),
    ) -> Plane<'a> {
        let coordinates = Cartesian2d::<RangedCoordf64, RangedCoordf64>::new(
            time,
            values,
            // plotters counts the value axis down from its second end.
            (unit(x.0)..unit(x.1), unit(y.1)..unit(y.0)),
        );
        Pen(self.0.apply_coord_spec(coordinates))
    }

    /// A straight line.
    pub(crate) fn line(&self, ink: Ink, from: Pixel, to: Pixel) {
        self.put(&PathElement::new(vec![units(from), units(to)], ink.stroke()));
    }

    /// A line through points.
    pub(crate) fn path(&self, ink: Ink, points: impl IntoIterator<Item = Pixel>) {
        let points: Vec<_> = points.into_iter().map(units).collect();
        self.put(&PathElement::new(points, ink.stroke()));
    }

    /// A dot.
    pub(crate) fn dot(&self, ink: Ink, at: Pixel) {
        self.path(ink, [at]);
    }

    /// A filled shape.
    pub(crate) fn polygon(&self, ink: Ink, corners: impl IntoIterator<Item = Pixel>) {
        let corners: Vec<_> = corners.into_iter().map(units).collect();
        self.put(&Polygon::new(corners, ink.fill()));
    }

    /// A filled rectangle.
    pub(crate) fn rect(&self, ink: Ink, upper_left: Pixel, lower_right: Pixel) {
        self.put(&Rectangle::new(
            [units(upper_left), units(lower_right)],
            ink.fill(),
        ));
    }

    /// A rectangle that belongs to a bin and says so.
    pub(crate) fn rect_of_bin(&self, ink: Ink, bin: u16, upper_left: Pixel, lower_right: Pixel) {
        self.put(&Rectangle::new(
            [units(upper_left), units(lower_right)],
            ink.fill_of_bin(bin),
        ));
    }

    /// Text that begins (`Left`), ends (`Right`) or has its middle at `x`; `y` is its base line.
    pub(crate) fn text(&self, ink: Ink, anchor: HPos, (x, y): Pixel, text: &str) {
        // The style sheet decides font and size; nothing here measures with this one.
        let font = FontDesc::new(FontFamily::SansSerif, 1.0, FontStyle::Normal);
        let colour = ink.colour();
        let style = TextStyle::from(font)
            .color(&colour)
            .pos(Pos::new(anchor, VPos::Bottom));
        self.put(&Text::new(text, units((x, y)), style));
    }
}

/// A picture in a chart's coordinates.
pub(crate) type Plane<'a> = Pen<'a, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

impl Plane<'_> {
    /// A line through values.
    pub(crate) fn curve(&self, ink: Ink, points: Vec<(f64, f64)>) {
        self.put(&PathElement::new(points, ink.stroke()));
    }

    /// The surface between an upper and a lower line.
    pub(crate) fn surface(&self, ink: Ink, upper: &[(f64, f64)], lower: &[(f64, f64)]) {
        let corners: Vec<_> = upper.iter().chain(lower.iter().rev()).copied().collect();
        let style: ShapeStyle = ink.fill();
        self.put(&Polygon::new(corners, style));
    }

    /// Where a value lies, in pixels.
    pub(crate) fn pixel(&self, point: (f64, f64)) -> Pixel {
        let (x, y) = self.0.map_coordinate(&point);
        (f64::from(x) / f64::from(UNITS), f64::from(y) / f64::from(UNITS))
    }
}
