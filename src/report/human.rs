//! Figures for people: `3 min 20 s` and not `200.0`, and no digit that the interval does not support.
//!
//! Files keep every digit; this is for pages, for sentences and for pictures, so that the same figure reads the same in
//! all of them. Two rules hold throughout: what is not zero
//! never prints as zero, and what is not everything never prints as 100 %.

use crate::stats::Estimate;

/// A figure for a table: the value, and how far the 95 % interval reaches to both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// The value with its unit.
    pub value: String,
    /// The half-width with its unit, without the sign `±`; `None` when there is none or it is exactly zero.
    pub margin: Option<String>,
}

impl Figure {
    /// The estimate in words of its unit: `s`, `1` (a share), `1/s`, `bytes`, `usd`, or a plural noun that is counted.
    pub fn of(estimate: &Estimate, unit: &str) -> Self {
        if !estimate.mean.is_finite() {
            return Self { value: "?".into(), margin: None };
        }
        let half_width = estimate.half_width.filter(|half_width| *half_width > 0.0 && half_width.is_finite());
        let (value, margin): (String, fn(f64) -> String) = match unit {
            "s" => (seconds_within(estimate.mean, half_width), seconds_margin),
            "1" => (share(estimate.mean, half_width), share_margin),
            "1/s" => {
                (format!("{}/s", number(estimate.mean, half_width)), |margin| format!("{}/s", margin_number(margin)))
            }
            "bytes" => (bytes(estimate.mean), |margin| bytes(leading(margin))),
            "usd" => return Self::of_money(estimate.mean, half_width),
            _ => (number(estimate.mean, half_width), margin_number),
        };
        Self { value, margin: half_width.map(margin) }
    }

    /// An amount of dollars: from a dollar on in cents, or whole if the half-width is a dollar or more, and less than that
    /// with the digits that the half-width supports, the zeros among them too. Less than half a cent of it is not told.
    fn of_money(value: f64, half_width: Option<f64>) -> Self {
        let has_cents = (0.995..999.5).contains(&value.abs());
        let margin = match half_width {
            Some(margin) if has_cents && margin < 0.005 => None,
            Some(margin) if has_cents && margin < 0.995 => Some(format!("${:.2}", leading(margin).max(0.01))),
            margin => margin.map(|margin| format!("${}", margin_number(margin))),
        };
        Self { value: money(value, half_width), margin }
    }
}

/// Units of time that are no decimal multiple of a second.
const UNITS: [(f64, &str); 3] = [(86_400.0, "d"), (3600.0, "h"), (60.0, "min")];

/// A length of time from seconds: `850 µs`, `12.3 ms`, `1.2 s`, `45 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`.
pub fn seconds(seconds: f64) -> String {
    seconds_within(seconds, None)
}

/// The same, with the digits that its half-width supports.
fn seconds_within(seconds: f64, half_width: Option<f64>) -> String {
    let size = seconds.abs();
    if size >= 59.95 {
        // The margin is then in this unit; a tenth of the value is near enough.
        let step = UNITS.iter().map(|(unit, _)| *unit).find(|unit| half_width.is_some_and(|half| half >= 0.97 * unit));
        let rounded = step.filter(|step| size >= 10.0 * step).map_or(size, |step| libm::round(size / step) * step);
        let text = long_time(rounded);
        return if seconds < 0.0 { format!("-{text}") } else { text };
    }
    let (factor, unit) = match size {
        0.0 => return "0 s".into(),
        // Just below a unit counts as that unit, so that nothing prints as `1000 ms`.
        _ if size >= 0.9995 => (1.0, "s"),
        _ if size >= 0.000_999_5 => (1e3, "ms"),
        _ if size >= 0.000_000_999_5 => (1e6, "µs"),
        _ => (1e9, "ns"),
    };
    match half_width {
        None => format!("{} {unit}", significant(seconds * factor, 3)),
        Some(half_width) => format!("{} {unit}", number(seconds * factor, Some(half_width * factor))),
    }
}

/// A minute or more, in the two largest units that are not zero.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive; too large saturates")]
fn long_time(seconds: f64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let whole = (seconds + 0.5) as u64;
    // Rounded to the smaller unit first, so that the larger one counts the carry.
    let (unit, names) = match whole {
        ..HOUR => ((MINUTE, 1), ("min", "s")),
        HOUR..DAY => ((HOUR, MINUTE), ("h", "min")),
        _ => ((DAY, HOUR), ("d", "h")),
    };
    let (large, small) = unit;
    let steps = (whole + small / 2) / small;
    let (major, minor) = (steps / (large / small), steps % (large / small));
    match minor {
        0 if large == HOUR && major == 24 => "1 d".into(),
        0 => format!("{} {}", grouped(major), names.0),
        _ => format!("{} {} {minor} {}", grouped(major), names.0, names.1),
    }
}

/// The half-width of a time, in one unit: `0.2 s`, `11 s`, `1.5 min`.
fn seconds_margin(margin: f64) -> String {
    // Just below a unit counts as that unit: `1 min`, not `60 s`.
    if let Some((size, unit)) = UNITS.iter().find(|(size, _)| margin >= 0.97 * size) {
        return format!("{} {unit}", margin_number(margin / size));
    }
    let (factor, unit) = match margin {
        _ if margin >= 0.097 => (1.0, "s"),
        _ if margin >= 0.97e-4 => (1e3, "ms"),
        _ => (1e6, "µs"),
    };
    format!("{} {unit}", margin_number(margin * factor))
}

/// A share as a percentage: `31 %`, `0.3 %`; `<0.01 %` and `>99.99 %` where rounding would claim none or all.
fn share(share: f64, half_width: Option<f64>) -> String {
    let percent = share * 100.0;
    if percent > 99.99 && percent < 100.0 {
        return ">99.99 %".into();
    }
    if percent > 0.0 && percent < 0.01 {
        return "<0.01 %".into();
    }
    // Near either end a digit more, until it differs from the end.
    let distance = percent.abs().min((100.0 - percent).abs());
    let needed = if distance == 0.0 { 0 } else { places_of(distance) };
    let useful = half_width.map_or(1, |half_width| places_of(half_width * 100.0)).clamp(0, 2);
    let places = useful.max(needed.min(2)).min(2);
    format!("{} %", trimmed(percent, places))
}

fn share_margin(margin: f64) -> String {
    format!("{} %", margin_number(margin * 100.0))
}

/// An amount of data: `512 B`, `2 KiB`, `1.5 MiB`.
pub fn bytes(bytes: f64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut scaled = bytes;
    let mut unit = 0;
    while scaled.abs() >= 999.5 && unit + 1 < units.len() {
        scaled /= 1024.0;
        unit += 1;
    }
    format!("{} {}", significant(scaled, 3), units[unit])
}

/// A count or other plain number. Whole numbers are written out up to seven digits when they are certain; a mean gets
/// the digits that its half-width supports, three at most behind the leading ones, and from 100,000 on a `k`, `M`, `G`.
pub fn number(value: f64, half_width: Option<f64>) -> String {
    let size = value.abs();
    let certain = half_width.is_none_or(|half_width| half_width == 0.0);
    if size >= 1e7 || (size >= 99_999.5 && !certain) {
        return scaled(value);
    }
    if size >= 99.5 || value.fract() == 0.0 {
        return whole(value);
    }
    let useful = half_width.filter(|_| !certain).map_or(3, places_of).max(0);
    let places = useful.min(2 - exponent(value)).max(0);
    let text = trimmed(value, places);
    let is_zero = !text.contains(|c: char| c.is_ascii_digit() && c != '0');
    if is_zero { significant(value, 1) } else { text }
}

fn money(value: f64, half_width: Option<f64>) -> String {
    let size = value.abs();
    let is_whole = half_width.is_some_and(|half_width| half_width >= 0.995);
    if size >= 999.5 || size == 0.0 || (size >= 0.995 && is_whole) {
        return format!("${}", number(if size < 99_999.5 { libm::round(value) } else { value }, half_width));
    }
    let useful = half_width.map_or(2 - exponent(value), places_of);
    let places = if size >= 0.995 { 2 } else { useful.clamp(1, 4 - exponent(value)) };
    let text = format!("{value:.*}", usize::try_from(places).unwrap_or(2));
    let is_zero = !text.contains(|c: char| c.is_ascii_digit() && c != '0');
    if is_zero { format!("${}", significant(value, 1)) } else { format!("${text}") }
}

/// A number with at most `digits` significant digits: `12.3`, `0.00456`.
fn significant(value: f64, digits: i32) -> String {
    if value == 0.0 || !value.is_finite() {
        return "0".into();
    }
    let places = digits - 1 - exponent(value);
    if exponent(value) < -6 {
        return format!("{value:.0e}");
    }
    trimmed(value, places)
}

/// A number of which only the size matters: `1310`, `123k`, `1.23M`.
pub fn rough(value: f64) -> String {
    if value.abs() < 99_999.5 { number(value, None) } else { scaled(value) }
}

/// A mean number of jobs of which only the size matters: whole from ten on, for nobody sends a tenth of a job.
pub fn jobs(mean: f64) -> String {
    rough(if mean < 9.95 { mean } else { mean.round() })
}

/// Thousands and more with three significant digits: `123k`, `1.23M`.
fn scaled(value: f64) -> String {
    let rounded = round_at(value, 2 - exponent(value));
    let (divisor, suffix) = match rounded.abs() {
        size if size >= 1e15 => return format!("{value:.2e}"),
        size if size >= 1e12 => (1e12, "T"),
        size if size >= 1e9 => (1e9, "G"),
        size if size >= 1e6 => (1e6, "M"),
        _ => (1e3, "k"),
    };
    format!("{}{suffix}", significant(rounded / divisor, 3))
}

/// A half-width: one digit, or two if the first is a 1, because 1.4 and 1 differ by a third.
fn margin_number(margin: f64) -> String {
    let rounded = leading(margin);
    if rounded >= 10_000.0 { scaled(rounded) } else { trimmed(rounded, places_of(margin)) }
}

/// `margin` rounded to the digits that a half-width deserves.
fn leading(margin: f64) -> f64 {
    round_at(margin, places_of(margin))
}

/// The decimal places that a half-width supports: 0.23 gives 1, 0.14 gives 2, 45 gives -1.
fn places_of(margin: f64) -> i32 {
    if margin <= 0.0 || !margin.is_finite() {
        return 3;
    }
    let exponent = exponent(margin);
    let lead = margin / libm::pow(10.0, f64::from(exponent));
    if lead < 1.95 { 1 - exponent } else { -exponent }
}

/// The power of ten of the leading digit.
#[allow(clippy::cast_possible_truncation, reason = "the exponent of a double fits")]
fn exponent(value: f64) -> i32 {
    libm::floor(libm::log10(value.abs())) as i32
}

fn round_at(value: f64, places: i32) -> f64 {
    let factor = libm::pow(10.0, f64::from(places));
    libm::round(value * factor) / factor
}

/// The value with so many decimal places, less the zeros that say nothing; negative places round to tens, hundreds.
fn trimmed(value: f64, places: i32) -> String {
    if places <= 0 {
        return whole(round_at(value, places));
    }
    let text = format!("{value:.*}", usize::try_from(places).unwrap_or(0));
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded and below 2^63")]
fn whole(value: f64) -> String {
    let sign = if value <= -0.5 { "-" } else { "" };
    format!("{sign}{}", grouped((value.abs() + 0.5) as u64))
}

/// Digits in groups of three from five digits on: `1310`, `12,500`.
pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn figure(mean: f64, half_width: f64, unit: &str) -> String {
        let figure = Figure::of(&Estimate { mean, half_width: Some(half_width), replications: 20 }, unit);
        figure.margin.map_or(figure.value.clone(), |margin| format!("{} ±{margin}", figure.value))
    }

    #[test]
    fn times_read_as_a_person_says_them() {
        let cases = [
            (0.0, "0 s"),
            (8.5e-4, "850 µs"),
            (0.0123, "12.3 ms"),
            (0.9996, "1 s"),
            (1.2, "1.2 s"),
            (20.34, "20.3 s"),
            (59.96, "1 min"),
            (200.0, "3 min 20 s"),
            (725.3, "12 min 5 s"),
            (3599.7, "1 h"),
            (7500.0, "2 h 5 min"),
            (86_399.0, "1 d"),
            (90_000.0, "1 d 1 h"),
            (-200.0, "-3 min 20 s"),
        ];
        for (value, expected) in cases {
            assert_eq!(seconds(value), expected);
        }
    }

    #[test]
    fn counts_are_whole_while_they_are_short_and_certain() {
        assert_eq!(number(1310.0, None), "1310");
        assert_eq!(number(1_000_000.0, Some(0.0)), "1,000,000");
        assert_eq!(number(12_345_678.0, None), "12.3M");
        assert_eq!(number(3.35, None), "3.35");
    }

    #[test]
    fn an_interval_decides_how_many_digits_are_worth_printing() {
        assert_eq!(figure(1310.35, 13.9, "jobs"), "1310 ±14");
        assert_eq!(figure(3.3512, 0.62, "jobs"), "3.4 ±0.6");
        assert_eq!(figure(1_234_567.0, 11_234.0, "jobs"), "1.23M ±11k");
        assert_eq!(figure(725.3, 11.2, "s"), "12 min 5 s ±11 s");
        assert_eq!(figure(20.341, 0.2134, "s"), "20.3 s ±0.2 s");
        assert_eq!(figure(7500.0, 95.0, "s"), "2 h 5 min ±1.6 min");
        assert_eq!(figure(1068.0, 55.0, "s"), "17 min 48 s ±60 s");
        assert_eq!(figure(1068.0, 59.0, "s"), "18 min ±1 min");
        assert_eq!(figure(80.0, 70.0, "s"), "1 min 20 s ±1.2 min");
        assert_eq!(figure(15.43, 19.0, "s"), "15 s ±19 s");
        assert_eq!(figure(0.4731, 0.021, "1"), "47 % ±2 %");
        assert_eq!(figure(12.34, 0.5, "1/s"), "12.3/s ±0.5/s");
        assert_eq!(figure(0.012_34, 0.000_5, "usd"), "$0.0123 ±$0.0005");
        assert_eq!(figure(12.3456, 0.3, "usd"), "$12.35 ±$0.30");
        assert_eq!(figure(12.3, 0.04, "usd"), "$12.30 ±$0.04");
        assert_eq!(figure(45.9392, 0.000_015, "usd"), "$45.94");
        assert_eq!(figure(5.13, 0.008, "usd"), "$5.13 ±$0.01");
        assert_eq!(figure(0.42, 0.21, "usd"), "$0.4 ±$0.2");
        assert_eq!(figure(123.4, 2.4, "usd"), "$123 ±$2");
        assert_eq!(figure(0.228, 0.000_15, "usd"), "$0.22800 ±$0.00015");
        assert_eq!(figure(4.0, 0.0, "usd"), "$4.00");
        assert_eq!(figure(1234.56, 0.0, "usd"), "$1235");
        assert_eq!(figure(5.0, 0.0, "jobs"), "5");
    }

    #[test]
    fn what_is_not_zero_never_prints_as_zero_and_what_is_not_all_never_as_all() {
        assert_eq!(number(0.000_4, Some(0.3)), "0.0004");
        assert_eq!(share(0.000_01, None), "<0.01 %");
        assert_eq!(share(0.999_99, None), ">99.99 %");
        assert_eq!(share(0.9997, Some(0.01)), "99.97 %");
        assert_eq!(share(1.0, None), "100 %");
        assert_eq!(share(0.0, None), "0 %");
    }

    #[test]
    fn sizes_have_binary_units() {
        assert_eq!(bytes(512.0), "512 B");
        assert_eq!(bytes(2048.0), "2 KiB");
        assert_eq!(bytes(1_572_864.0), "1.5 MiB");
    }

    #[test]
    fn powers_of_ten_have_their_own_exponent() {
        for power in -6..=15 {
            let value: f64 = format!("1e{power}").parse().expect("a number");
            assert_eq!(exponent(value), power);
        }
    }

    proptest! {
        #[test]
        fn every_figure_is_short_and_never_falsely_zero(
            mean in 1e-9_f64..1e14,
            half in 0.0_f64..1e6,
            unit in 0_usize..6,
        ) {
            let unit = ["s", "1", "1/s", "bytes", "jobs", "usd"][unit];
            let figure = Figure::of(&Estimate { mean, half_width: Some(half), replications: 3 }, unit);
            prop_assert!(figure.value.contains(|c: char| c.is_ascii_digit() && c != '0'), "{}", figure.value);
            prop_assert!(unit == "1" || figure.value.chars().count() <= 22, "{}", figure.value);
            prop_assert!(!figure.value.contains("NaN") && !figure.value.contains("inf"));
        }
    }
}
