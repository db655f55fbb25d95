//! A quantity whose kind is told by its own unit, as in the expectation `latency_p99 <= 5min`.

use std::str::FromStr;

use super::number::{self, Words};
use super::{Bytes, Duration, Rate, UnitError};

/// What a quantity measures, and so what it may be compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// A count or a plain number.
    Number,
    /// Seconds.
    Time,
    /// Bytes.
    Data,
    /// Times per second.
    Frequency,
    /// A fraction of one.
    Fraction,
}

/// A number in base units (seconds, bytes, per second, fraction of one) and what it measures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantity {
    /// In base units.
    pub value: f64,
    /// What it measures.
    pub dimension: Dimension,
}

const WORDS: Words = Words {
    noun: "a number",
    unit: "unit",
    units: "a time (ns, us, ms, s, min, h, d), a size (B, KB, MB, GB, KiB, MiB, GiB), a rate (/s, /min, /h, /d) or %",
    tries: &[],
    example: "30s",
};

impl FromStr for Quantity {
    type Err = UnitError;

    /// Unlike [`super::Share`], percentages may exceed 100, since twice a share is a fair thing to compare with.
    #[allow(clippy::cast_precision_loss, reason = "sizes in comparisons need no more than 53 bits")]
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (number, unit) = number::split(text.trim(), &WORDS)?;
        let (value, dimension) = match unit {
            "" => (number.parse::<f64>(), Dimension::Number),
            "%" => (format!("{number}e-2").parse::<f64>(), Dimension::Fraction),
            _ if unit.contains('/') => (Ok(text.parse::<Rate>()?.get()), Dimension::Frequency),
            _ if unit.ends_with('B') => (Ok(text.parse::<Bytes>()?.get() as f64), Dimension::Data),
            _ => {
                let time = text.parse::<Duration>().map_err(|error| match error.message() {
                    m if m.starts_with("unknown") => number::unknown_unit(unit, &WORDS),
                    _ => error,
                })?;
                (Ok(time.as_secs_f64()), Dimension::Time)
            }
        };
        match value {
            Ok(value) if value.is_finite() => Ok(Self { value, dimension }),
            _ => Err(UnitError::new(format!("`{}` is too large", number::clip(text)))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_tells_the_dimension() {
        for (text, value, dimension) in [
            ("0", 0.0, Dimension::Number),
            ("2.5", 2.5, Dimension::Number),
            ("50%", 0.5, Dimension::Fraction),
            ("250%", 2.5, Dimension::Fraction),
            ("5min", 300.0, Dimension::Time),
            ("1h30min", 5400.0, Dimension::Time),
            ("2KiB", 2048.0, Dimension::Data),
            ("30/min", 0.5, Dimension::Frequency),
        ] {
            assert_eq!(text.parse(), Ok(Quantity { value, dimension }), "{text}");
        }
    }

    #[test]
    fn an_unknown_unit_is_met_with_all_kinds_of_units() {
        let message = "5 fortnights".parse::<Quantity>().map_err(|e| e.message().to_owned());
        assert!(message.is_err_and(|m| m.starts_with("unknown unit `fortnights`; use a time (ns")));
        let message = "9".repeat(400).parse::<Quantity>().map_err(|e| e.message().to_owned());
        assert!(message.is_err_and(|m| m.ends_with("is too large")));
    }
}
