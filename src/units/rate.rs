//! How often something happens, as written: `10/s`, `10/min`, `2k/s`.

use std::fmt;
use std::str::FromStr;

use super::UnitError;
use super::number::{self, Words};

/// Seconds in each unit of time under the stroke.
const UNITS: [(&str, f64); 4] = [("s", 1.0), ("min", 60.0), ("h", 3_600.0), ("d", 86_400.0)];

/// One per nanosecond: more cannot be told apart on the simulated clock.
const PER_SECOND_MAX: f64 = 1e9;

const WORDS: Words = Words {
    noun: "a rate",
    unit: "rate unit",
    units: "/s, /min, /h or /d, with k or M for thousands or millions",
    tries: &["/s", "/min", "/h"],
    example: "10/s",
};

/// How often something happens, as a person writes it: `10/s`, `1.5/h`, `2k/s`. From zero to one per nanosecond.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Rate(f64);

impl Rate {
    /// Never.
    pub const ZERO: Self = Self(0.0);

    /// `times` per second.
    ///
    /// # Panics
    /// If `times` is not between zero and 10⁹ (at compile time, when used in a constant).
    pub const fn per_second(times: f64) -> Self {
        assert!(times >= 0.0 && times <= PER_SECOND_MAX, "a rate lies between zero and one per nanosecond");
        Self(times)
    }

    /// `times` per minute; the same limits as [`Rate::per_second`].
    pub const fn per_minute(times: f64) -> Self {
        Self::per_second(times / 60.0)
    }

    /// Times per second.
    pub const fn get(self) -> f64 {
        self.0
    }

    pub(super) fn bare_number(number: &str) -> UnitError {
        number::bare(number, &WORDS)
    }

    fn parse(text: &str) -> Result<Self, UnitError> {
        let (number, rest) = number::split(text.trim(), &WORDS)?;
        if rest.is_empty() {
            return Err(number::needs_unit(&number, &WORDS));
        }
        let unknown = || number::unknown_unit(rest, &WORDS);
        let (thousands, per) = rest.split_once('/').ok_or_else(unknown)?;
        let factor = match thousands.trim() {
            "" => 1.0,
            "k" => 1e3,
            "M" => 1e6,
            _ => return Err(unknown()),
        };
        let (_, secs) = UNITS.iter().find(|(known, _)| *known == per.trim()).ok_or_else(unknown)?;
        let times = number.parse::<f64>().map_err(|_| unknown())? * factor / secs;
        if times <= PER_SECOND_MAX {
            Ok(Self(times))
        } else {
            Err(UnitError::new(format!("`{}` is too often; at most 1000M/s", number::clip(text))))
        }
    }
}

impl FromStr for Rate {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        Self::parse(text)
    }
}

impl fmt::Display for Rate {
    /// In the unit that gives the shortest text: `10/min` rather than `0.16666666666666666/s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut best = (number::plain(self.0, 0), "s");
        for (name, secs) in UNITS {
            let times = self.0 * secs;
            for count in [times, libm::round(times * 1e6) / 1e6] {
                let text = number::plain(count, 0);
                if text.len() < best.0.len() && Self::parse(&format!("{text}/{name}")).as_ref() == Ok(self) {
                    best = (text, name);
                }
            }
        }
        f.pad(&format!("{}/{}", best.0, best.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(text: &str) -> String {
        text.parse::<Rate>().map_or_else(|e| e.message().to_owned(), |r| format!("accepted as {r}"))
    }

    #[test]
    fn rates_are_kept_per_second_and_shown_as_written() {
        for (text, per_second) in [("10/s", 10.0), ("30/min", 0.5), ("9/h", 0.0025), ("10/d", 10.0 / 86_400.0)] {
            assert_eq!(text.parse(), Ok(Rate(per_second)), "{text}");
            assert_eq!(Rate(per_second).to_string().parse(), Ok(Rate(per_second)), "{text}");
        }
        assert_eq!("10k/s".parse(), Ok(Rate(10_000.0)));
        assert_eq!("1.5 M / min".parse(), Ok(Rate(25_000.0)));
        for text in ["10/min", "7/min", "10/d", "1000/s", "0/s", "100/h"] {
            assert_eq!(message(text), format!("accepted as {text}"));
        }
    }

    #[test]
    fn errors_say_what_to_write() {
        let units = "use /s, /min, /h or /d, with k or M for thousands or millions";
        assert_eq!(message("10"), "`10` needs a unit: write `10/s`, `10/min` or `10/h`");
        assert_eq!(message("10/week"), format!("unknown rate unit `/week`; {units}"));
        assert_eq!(message("10s"), format!("unknown rate unit `s`; {units}"));
        assert_eq!(message("-1/s"), "`-1/s` is negative; a rate is zero or more");
        assert_eq!(message("2000M/s"), "`2000M/s` is too often; at most 1000M/s");
        assert!(message(&format!("{}/s", "9".repeat(400))).contains("too often"));
    }

    proptest! {
        #[test]
        fn what_is_shown_parses_back(times in 0.0..=PER_SECOND_MAX, small in 1e-12..1.0f64, count in 1u32..100_000) {
            for rate in [times, small, f64::from(count) / 60.0, f64::from(count) / 86_400.0] {
                prop_assert_eq!(Rate(rate).to_string().parse(), Ok(Rate(rate)));
            }
        }
    }
}
