//! Inks: what plotters is given as a colour, and the one place where it becomes a class of the style sheet.

use plotters::style::{RGBColor, ShapeStyle};

/// What is drawn with. plotters carries it as a colour: red is the ink, green and blue are the bin it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ink(u8);

/// The classes, by ink. A new one gets its rule in `style/_charts.scss`.
const CLASSES: [&str; 37] = [
    "grid",
    "axis",
    "tick",
    "name",
    "value",
    "hit", // furniture
    "l1",
    "l2",
    "l3",
    "l4", // lines
    "d1",
    "d2",
    "d3",
    "d4", // dashed lines
    "a1",
    "a2",
    "a3",
    "a4", // areas under lines
    "b1",
    "b2",
    "b3",
    "b4", // bars
    "dot",
    "fail",
    "wait", // runs of jobs
    "raw",
    "packed",
    "frozen",
    "late", // chunks
    "h-drop",
    "h-compress",
    "h-refresh",
    "now", // horizons
    "squeezed",
    "squeezed-later",
    "gone",
    "gone-later", // what a plan does to chunks
];

impl Ink {
    pub(crate) const GRID: Self = Self(0);
    pub(crate) const AXIS: Self = Self(1);
    pub(crate) const TICK: Self = Self(2);
    pub(crate) const NAME: Self = Self(3);
    pub(crate) const VALUE: Self = Self(4);
    pub(crate) const HIT: Self = Self(5);
    pub(crate) const DOT: Self = Self(22);
    pub(crate) const FAIL: Self = Self(23);
    pub(crate) const WAIT: Self = Self(24);
    pub(crate) const RAW: Self = Self(25);
    pub(crate) const PACKED: Self = Self(26);
    pub(crate) const FROZEN: Self = Self(27);
    pub(crate) const LATE: Self = Self(28);
    pub(crate) const DROP: Self = Self(29);
    pub(crate) const COMPRESS: Self = Self(30);
    pub(crate) const REFRESH: Self = Self(31);
    pub(crate) const NOW: Self = Self(32);
    pub(crate) const SQUEEZED: Self = Self(33);
    pub(crate) const SQUEEZED_LATER: Self = Self(34);
    pub(crate) const GONE: Self = Self(35);
    pub(crate) const GONE_LATER: Self = Self(36);

    /// The line of the series at this index; the fifth looks like the first.
    pub(crate) fn line(series: usize) -> Self {
        Self::of_four(6, series)
    }

    pub(crate) fn dashed(series: usize) -> Self {
        Self::of_four(10, series)
    }

    pub(crate) fn area(series: usize) -> Self {
        Self::of_four(14, series)
    }

    pub(crate) fn bar(series: usize) -> Self {
        Self::of_four(18, series)
    }

    fn of_four(first: u8, series: usize) -> Self {
        let offset = u8::try_from(series % 4).unwrap_or(0);
        Self(first + offset)
    }

    /// The ink plotters was given, and the bin.
    pub(crate) fn from_rgb((red, green, blue): (u8, u8, u8)) -> (Self, Option<u16>) {
        (Self(red), u16::from_be_bytes([green, blue]).checked_sub(1))
    }

    /// Its class in the style sheet.
    pub(crate) fn class(self) -> &'static str {
        CLASSES.get(usize::from(self.0)).copied().unwrap_or("grid")
    }

    pub(crate) fn colour(self) -> RGBColor {
        RGBColor(self.0, 0, 0)
    }

    /// For a stroke.
    pub(crate) fn stroke(self) -> ShapeStyle {
        ShapeStyle {
            color: self.colour().into(),
            filled: false,
            stroke_width: 1,
        }
    }

    /// For a surface.
    pub(crate) fn fill(self) -> ShapeStyle {
        ShapeStyle {
            filled: true,
            ..self.stroke()
        }
    }

    /// For the surface of a bin.
    pub(crate) fn fill_of_bin(self, bin: u16) -> ShapeStyle {
        let [green, blue] = bin.saturating_add(1).to_be_bytes();
        ShapeStyle {
            color: RGBColor(self.0, green, blue).into(),
            ..self.fill()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ink_has_the_class_it_is_named_after() {
        for (ink, class) in [
            (Ink::HIT, "hit"),
            (Ink::line(0), "l1"),
            (Ink::dashed(3), "d4"),
            (Ink::area(1), "a2"),
            (Ink::bar(2), "b3"),
            (Ink::bar(4), "b1"),
            (Ink::DOT, "dot"),
            (Ink::WAIT, "wait"),
            (Ink::RAW, "raw"),
            (Ink::LATE, "late"),
            (Ink::DROP, "h-drop"),
            (Ink::NOW, "now"),
            (Ink::SQUEEZED, "squeezed"),
            (Ink::GONE_LATER, "gone-later"),
        ] {
            assert_eq!(ink.class(), class);
        }
    }

    #[test]
    fn a_bin_travels_in_the_colour() {
        for bin in [0, 1, 255, 256, 65_000] {
            let color = Ink::HIT.fill_of_bin(bin).color;
            assert_eq!(Ink::from_rgb((color.0, color.1, color.2)), (Ink::HIT, Some(bin)));
        }
        assert_eq!(Ink::from_rgb((5, 0, 0)), (Ink::HIT, None));
    }
}
