//! One look for every chart: colours, dash patterns, sizes and distances, each named once.
//!
//! The hues are those of Okabe and Ito ("Color Universal Design", 2008), which stay apart for the common kinds of
//! colour blindness; the pale ones are darkened until a line of one pixel shows on white and text can be read on it.

use super::scene::{Ink, Rgb};

/// How a pipeline looks in every chart: never told by colour alone.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hue {
    /// Lines and areas; at least 3:1 against white.
    pub line: Rgb,
    /// Words in the same hue, darker; at least 4.5:1 against white.
    pub text: Rgb,
    /// Lengths of dash and gap in tenths of a pixel; empty for a solid line.
    pub dash: &'static [i32],
}

const HUES: [Hue; 8] = [
    Hue { line: Rgb(0xD5, 0x5E, 0x00), text: Rgb(0xB0, 0x4C, 0x00), dash: &[] },
    Hue { line: Rgb(0x00, 0x72, 0xB2), text: Rgb(0x00, 0x62, 0x9B), dash: &[90, 30] },
    Hue { line: Rgb(0x00, 0x9E, 0x73), text: Rgb(0x00, 0x75, 0x55), dash: &[25, 25] },
    Hue { line: Rgb(0xC2, 0x66, 0x99), text: Rgb(0xA0, 0x45, 0x7A), dash: &[90, 30, 20, 30] },
    Hue { line: Rgb(0x5B, 0x4B, 0xB5), text: Rgb(0x4E, 0x3F, 0xA3), dash: &[50, 30] },
    Hue { line: Rgb(0x57, 0x46, 0x00), text: Rgb(0x57, 0x46, 0x00), dash: &[140, 40] },
    Hue { line: Rgb(0x3B, 0x9D, 0xD6), text: Rgb(0x1A, 0x72, 0xA3), dash: &[60, 25, 15, 25, 15, 25] },
    Hue { line: Rgb(0x2B, 0x2B, 0x2B), text: Rgb(0x2B, 0x2B, 0x2B), dash: &[12, 22] },
];

/// The hue of a pipeline; a ninth pipeline starts again with the first.
pub(super) fn hue(pipeline: usize) -> &'static Hue {
    &HUES[pipeline % HUES.len()]
}

/// Titles and names.
pub(super) const INK: Rgb = Rgb(0x1F, 0x24, 0x2B);
/// Tick labels and explanations; 4.5:1 against white and better.
pub(super) const GREY_TEXT: Rgb = Rgb(0x5A, 0x63, 0x70);
/// Axis lines.
pub(super) const AXIS: Ink = Ink::solid(Rgb(0x8A, 0x93, 0x9F));
/// Grid lines.
pub(super) const GRID: Ink = Ink::solid(Rgb(0xE6, 0xE9, 0xED));
/// The other pipelines behind the one a panel is about.
pub(super) const OTHERS: Ink = Ink::solid(Rgb(0xC4, 0xC9, 0xD0));
/// What arrives, whatever the design.
pub(super) const ARRIVALS: Ink = Ink::solid(Rgb(0xC9, 0xD3, 0xDF));
/// The outline of what arrives.
pub(super) const ARRIVALS_EDGE: Ink = Ink::solid(Rgb(0x94, 0xA5, 0xB8));
/// The time in which a fault holds.
pub(super) const FAULT: Ink = Ink::pale(Rgb(0xE8, 0x9A, 0x8E), 30);
/// The line of a fault that lasts an instant.
pub(super) const FAULT_INSTANT: Ink = Ink::pale(FAULT_TEXT, 60);
/// The name of a fault.
pub(super) const FAULT_TEXT: Rgb = Rgb(0x9B, 0x2C, 0x1F);
/// The limit a job should keep.
pub(super) const OBJECTIVE: Rgb = Rgb(0x3B, 0x42, 0x4C);
/// How much of its line's colour a band over replications has, in percent.
pub(super) const BAND_PERCENT: u8 = 24;

/// Width of every chart in pixels at the size it is made for.
pub(super) const WIDTH: f64 = 1200.0;
/// Distance of everything from the edge of the picture.
pub(super) const MARGIN: f64 = 28.0;

/// Size of the title.
pub(super) const TITLE: f64 = 23.0;
/// Size of the name of a case.
pub(super) const HEADING: f64 = 17.0;
/// Size of names of pipelines and of explanations.
pub(super) const BODY: f64 = 14.5;
/// Size of tick labels: the smallest there is, still read at half size.
pub(super) const SMALL: f64 = 13.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn linear(colour: Rgb) -> [f64; 3] {
        [colour.0, colour.1, colour.2].map(|channel| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { libm::pow((value + 0.055) / 1.055, 2.4) }
        })
    }

    fn contrast_on_white(colour: Rgb) -> f64 {
        let [red, green, blue] = linear(colour);
        1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
    }

    /// How far apart two colours look (distance in CIE L*a*b*) to an eye that mixes red, green and blue like this.
    fn distance(one: Rgb, other: Rgb, eye: [[f64; 3]; 3]) -> f64 {
        let lab = |colour: Rgb| {
            let light = linear(colour);
            let seen = eye.map(|row| row.iter().zip(light).map(|(a, b)| a * b).sum::<f64>().clamp(0.0, 1.0));
            let [red, green, blue] = seen;
            let root = |value: f64| if value > 0.008_856 { libm::cbrt(value) } else { 7.787 * value + 16.0 / 116.0 };
            let x = root((0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505);
            let y = root(0.2126 * red + 0.7152 * green + 0.0722 * blue);
            let z = root((0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089);
            [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
        };
        lab(one).iter().zip(lab(other)).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
    }

    /// Machado, Oliveira and Fernandes (2009), full strength: without green, without red, without blue receptors.
    const EYES: [[[f64; 3]; 3]; 4] = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]],
        [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]],
        [[1.255_528, -0.076_749, -0.178_779], [-0.078_411, 0.930_809, 0.147_602], [0.004_733, 0.691_367, 0.303_900]],
    ];

    #[test]
    fn pipelines_stay_apart_for_every_common_kind_of_colour_blindness() {
        for (index, hue) in HUES.iter().enumerate() {
            for other in &HUES[index + 1..] {
                let nearest = EYES.map(|eye| distance(hue.line, other.line, eye)).into_iter().fold(f64::MAX, f64::min);
                assert!(nearest > 10.0, "{hue:?} and {other:?}: {nearest:.1}");
            }
        }
    }

    #[test]
    fn lines_and_words_stand_out_on_white() {
        for hue in &HUES {
            assert!(contrast_on_white(hue.line) >= 3.0, "{hue:?}: line {:.2}", contrast_on_white(hue.line));
            assert!(contrast_on_white(hue.text) >= 4.5, "{hue:?}: text {:.2}", contrast_on_white(hue.text));
        }
        assert!(contrast_on_white(GREY_TEXT) >= 4.5 && contrast_on_white(FAULT_TEXT) >= 4.5);
    }

    #[test]
    fn no_two_pipelines_share_a_colour_or_a_dash_pattern() {
        for (index, hue) in HUES.iter().enumerate() {
            for other in &HUES[index + 1..] {
                assert!(hue.line != other.line && hue.text != other.text && hue.dash != other.dash);
            }
        }
    }
}
