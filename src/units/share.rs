//! Parts of a whole as written: `80%`.

use std::fmt;
use std::str::FromStr;

use super::UnitError;
use super::number::{self, Words};

const WORDS: Words = Words { noun: "a share", unit: "share unit", units: "%", tries: &["%"], example: "80%" };

/// A part of a whole as a person writes it: `80%`, `0.5%`. From 0 % to 100 %.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Share(f64);

impl Share {
    /// Nothing of it.
    pub const ZERO: Self = Self(0.0);
    /// All of it.
    pub const ALL: Self = Self(1.0);

    /// The share as a fraction of one.
    ///
    /// # Panics
    /// If `fraction` is not between zero and one (at compile time, when used in a constant).
    pub const fn new(fraction: f64) -> Self {
        assert!(fraction >= 0.0 && fraction <= 1.0, "a share lies between zero and one");
        Self(fraction)
    }

    /// Fraction of one.
    pub const fn get(self) -> f64 {
        self.0
    }

    pub(super) fn bare_number(number: &str) -> UnitError {
        match (number::split(number, &WORDS), number.parse::<f64>()) {
            (Err(error), _) => error,
            // Most likely a fraction of one, which is what other tools ask for.
            (_, Ok(fraction)) if fraction > 0.0 && fraction <= 1.0 && number != "1" => {
                UnitError::new(format!("`{number}` needs a unit: write `{}%`", number::plain(fraction, 2)))
            }
            _ => number::needs_unit(number, &WORDS),
        }
    }
}

impl FromStr for Share {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (number, unit) = number::split(text.trim(), &WORDS)?;
        match unit {
            "%" => {}
            "" => return Err(Self::bare_number(&number)),
            _ => return Err(number::unknown_unit(unit, &WORDS)),
        }
        // As text, so that 80% is the very number 0.8 and not 80 divided by 100.
        match format!("{number}e-2").parse::<f64>() {
            Ok(fraction) if fraction <= 1.0 => Ok(Self(fraction)),
            _ => Err(UnitError::new(format!("`{}` is too much; a share is at most 100%", number::clip(text)))),
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}%", number::plain(self.0, 2)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(text: &str) -> String {
        text.parse::<Share>().map_or_else(|e| e.message().to_owned(), |s| format!("accepted as {s}"))
    }

    #[test]
    fn percent_become_exact_fractions() {
        for (text, fraction) in [("80%", 0.8), ("0.5%", 0.005), ("100%", 1.0), ("0%", 0.0), ("12.5 %", 0.125)] {
            assert_eq!(text.parse(), Ok(Share(fraction)), "{text}");
        }
        assert_eq!(message("7%"), "accepted as 7%");
        assert_eq!(message("99.9%"), "accepted as 99.9%");
    }

    #[test]
    fn errors_say_what_to_write() {
        assert_eq!(message("0.8"), "`0.8` needs a unit: write `80%`");
        assert_eq!(message("1"), "`1` needs a unit: write `1%`");
        assert_eq!(message("150%"), "`150%` is too much; a share is at most 100%");
        assert_eq!(message("-1%"), "`-1%` is negative; a share is zero or more");
        assert_eq!(message("5 percent"), "unknown share unit `percent`; use %");
    }

    proptest! {
        #[test]
        fn what_is_shown_parses_back(fraction in 0.0..=1.0f64) {
            prop_assert_eq!(Share(fraction).to_string().parse(), Ok(Share(fraction)));
        }
    }
}
