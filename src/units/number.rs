//! The number in front of a unit, kept as decimal text so that nothing is rounded before its unit is known.

use super::UnitError;

/// More decimal digits than this cannot change a nanosecond or a byte, so they are refused instead of dropped.
const DIGITS_MAX: usize = 24;

/// What a kind of quantity is called, and how it is written: the words of its errors.
pub(super) struct Words {
    /// With its article: `a duration`.
    pub noun: &'static str,
    /// In the plural of its units: `time unit`.
    pub unit: &'static str,
    /// All units in one phrase: `ns, us, ms, s, min, h or d`.
    pub units: &'static str,
    /// Three units to try on a bare number.
    pub tries: &'static [&'static str],
    /// A correct example.
    pub example: &'static str,
}

/// At most the first 40 characters of a text, for use inside a message.
pub(super) fn clip(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// Splits a number and what follows it: `1.5s` gives `1.5` and `s`. Underscores between digits are dropped.
pub(super) fn split<'t>(text: &'t str, words: &Words) -> Result<(String, &'t str), UnitError> {
    let noun = words.noun;
    if let Some(rest) = text.strip_prefix('-')
        && rest.starts_with(|c: char| c.is_ascii_digit())
    {
        return Err(UnitError::new(format!("`{}` is negative; {noun} is zero or more", clip(text))));
    }
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    if let Some(decimals) = rest.strip_prefix(',').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) {
        let written = clip(&format!("{number}.{decimals}"));
        return Err(UnitError::new(format!("decimals follow a point, not a comma: write `{written}`")));
    }
    let well_formed = number.split('.').count() <= 2
        && number
            .split('.')
            .all(|part| !part.is_empty() && !part.starts_with('_') && !part.ends_with('_') && !part.contains("__"));
    if !well_formed {
        let example = words.example;
        return Err(UnitError::new(format!(
            "`{}` is not {noun}: write a number and a unit, such as `{example}`",
            clip(text)
        )));
    }
    Ok((number.replace('_', ""), rest.trim_start()))
}

/// The error for a number without a unit.
pub(super) fn needs_unit(number: &str, words: &Words) -> UnitError {
    let number = clip(number);
    let tries: Vec<String> = words.tries.iter().map(|unit| format!("`{number}{unit}`")).collect();
    let tries = match tries.as_slice() {
        [all @ .., last] if !all.is_empty() => format!("{} or {last}", all.join(", ")),
        _ => tries.concat(),
    };
    UnitError::new(format!("`{number}` needs a unit: write {tries}"))
}

/// The error for a TOML number where a text was expected.
pub(super) fn bare(number: &str, words: &Words) -> UnitError {
    split(number, words).map_or_else(|error| error, |_| needs_unit(number, words))
}

/// The error for a unit that does not exist.
pub(super) fn unknown_unit(unit: &str, words: &Words) -> UnitError {
    UnitError::new(format!("unknown {} `{}`; use {}", words.unit, clip(unit), words.units))
}

/// `number` times `unit` and whether that is a whole number, rounded to the nearest if it is not.
/// Nothing if it is beyond every type here.
pub(super) fn times(number: &str, unit: u64) -> Option<(u128, bool)> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    if whole.len() + fraction.len() > DIGITS_MAX {
        return None;
    }
    let digits = format!("0{whole}{fraction}").parse::<u128>().ok()?;
    let scale = 10u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let product = digits.checked_mul(u128::from(unit))?;
    Some(((product + scale / 2) / scale, product % scale == 0))
}

/// A short decimal text for `value` without exponent, and exact: it parses back to the same bits.
/// The decimal point is moved right by `shift` digits, so that a share can be shown in percent without arithmetic.
pub(super) fn plain(value: f64, shift: i32) -> String {
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits = mantissa.replace('.', "");
    let point = exponent.parse::<i32>().unwrap_or(0) + 1 + shift;
    let len = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |n: i32| "0".repeat(usize::try_from(n).unwrap_or(0));
    let text = if point <= 0 {
        format!("0.{}{digits}", zeros(-point))
    } else if point >= len {
        format!("{digits}{}", zeros(point - len))
    } else {
        let (left, right) = digits.split_at(usize::try_from(point).unwrap_or(0));
        format!("{left}.{right}")
    };
    if value == 0.0 { "0".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_where_binary_fractions_are_not() {
        assert_eq!(times("0.3", 1_000_000_000), Some((300_000_000, true)));
        assert_eq!(times("0.0000000015", 1_000_000_000), Some((2, false)));
        assert_eq!(times("1.50", 2), Some((3, true)));
        assert_eq!(times("9999999999999999999999999", 1), None);
    }

    #[test]
    fn plain_text_has_no_exponent_and_moves_the_point_exactly() {
        assert_eq!(plain(0.8, 2), "80");
        assert_eq!(plain(0.005, 2), "0.5");
        assert_eq!(plain(1e-10, 0), "0.0000000001");
        assert_eq!(plain(1.25e9, 0), "1250000000");
        assert_eq!(plain(12.5, 0), "12.5");
        assert_eq!(plain(0.0, 2), "0");
    }
}
