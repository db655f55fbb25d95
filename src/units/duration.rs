//! Lengths of time as written: `30s`, `5min`, `1h30min`.

use std::fmt;
use std::str::FromStr;

use super::UnitError;
use super::number::{self, Words};
use crate::engine::time::SimDuration;

const UNITS: [(&str, u64); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("min", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

/// Longer than every retention period of every service, and far below what the clock can hold.
const DAYS_MAX: u64 = 100 * 365 + 25;

const WORDS: Words = Words {
    noun: "a duration",
    unit: "time unit",
    units: "ns, us, ms, s, min, h or d",
    tries: &["s", "min", "ms"],
    example: "30s",
};

/// A length of time as a person writes it: `30s`, `1.5s`, `1h30min`, `2d`. From zero to 100 years, in whole
/// nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(u64);

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// The longest that may be written: 100 years.
    pub const MAX: Self = Self::from_days(DAYS_MAX);

    /// `nanos` nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// `micros` microseconds.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros * 1_000)
    }

    /// `millis` milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1_000_000)
    }

    /// `secs` seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs * 1_000_000_000)
    }

    /// `mins` minutes.
    pub const fn from_mins(mins: u64) -> Self {
        Self::from_secs(mins * 60)
    }

    /// `hours` hours.
    pub const fn from_hours(hours: u64) -> Self {
        Self::from_secs(hours * 3_600)
    }

    /// `days` days of 24 hours.
    pub const fn from_days(days: u64) -> Self {
        Self::from_secs(days * 86_400)
    }

    /// The length for the simulated clock.
    pub const fn get(self) -> SimDuration {
        SimDuration::from_nanos(self.0)
    }

    /// Seconds, for display and statistics only.
    pub fn as_secs_f64(self) -> f64 {
        self.get().as_secs_f64()
    }

    pub(super) fn bare_number(number: &str) -> UnitError {
        number::bare(number, &WORDS)
    }
}

impl From<SimDuration> for Duration {
    fn from(length: SimDuration) -> Self {
        Self(length.as_nanos())
    }
}

/// The error for a unit that does not exist; words that people write for ours are put right.
fn unknown_unit(name: &str) -> UnitError {
    if name.starts_with('/') {
        return UnitError::new(format!("`{}` makes a rate of it, and a duration is wanted", number::clip(name)));
    }
    let small = name.to_lowercase();
    let short = match small.as_str() {
        "sec" | "secs" | "second" | "seconds" => "s",
        "mins" | "minute" | "minutes" => "min",
        "hr" | "hrs" | "hour" | "hours" => "h",
        "day" | "days" => "d",
        "msec" | "millis" | "millisecond" | "milliseconds" => "ms",
        "usec" | "micros" | "microsecond" | "microseconds" => "us",
        "nanos" | "nanosecond" | "nanoseconds" => "ns",
        small if UNITS.iter().any(|(unit, _)| *unit == small) => small,
        _ => return number::unknown_unit(name, &WORDS),
    };
    UnitError::new(format!("unknown time unit `{name}`; write `{short}`"))
}

impl FromStr for Duration {
    type Err = UnitError;

    /// Parts may follow each other, largest first: `1h30min`.
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let too_long = || UnitError::new(format!("`{}` is too long; at most 100 years", number::clip(text)));
        let mut rest = text.trim();
        let mut total = 0u128;
        let mut last_unit = u64::MAX;
        loop {
            let (number, after) = number::split(rest, &WORDS)?;
            let end = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
            let (name, after) = after.split_at(end);
            if name.is_empty() && after.is_empty() {
                return Err(number::needs_unit(&number, &WORDS));
            }
            // Both the micro sign and the Greek letter are typed for it.
            let plain = if matches!(name, "\u{b5}s" | "\u{3bc}s") { "us" } else { name };
            let unit = UNITS.iter().find(|(known, _)| *known == plain).map(|(_, nanos)| *nanos);
            let shown = if name.is_empty() { after } else { name };
            let unit = unit.ok_or_else(|| unknown_unit(shown))?;
            if unit >= last_unit {
                return Err(UnitError::new(format!(
                    "`{}` does not go from larger to smaller units; write `1h30min`, for example",
                    number::clip(text)
                )));
            }
            last_unit = unit;
            total += number::times(&number, unit).ok_or_else(too_long)?.0;
            rest = after.trim_start();
            if rest.is_empty() {
                break;
            }
        }
        u64::try_from(total).ok().map(Self).filter(|length| *length <= Self::MAX).ok_or_else(too_long)
    }
}

impl fmt::Display for Duration {
    /// In the largest unit that needs no fraction: `90s`, `12h`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.pad("0s");
        }
        let (name, nanos) = UNITS.iter().rev().find(|(_, nanos)| self.0.is_multiple_of(*nanos)).unwrap_or(&UNITS[0]);
        f.pad(&format!("{}{name}", self.0 / nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(text: &str) -> String {
        text.parse::<Duration>().map_or_else(|e| e.message().to_owned(), |d| format!("accepted as {d}"))
    }

    #[test]
    fn every_unit_and_a_chain_of_units_is_read_exactly() {
        for (text, nanos) in [
            ("7ns", 7),
            ("3us", 3_000),
            ("3\u{b5}s", 3_000),
            ("3\u{3bc}s", 3_000),
            ("250ms", 250_000_000),
            ("1.5s", 1_500_000_000),
            ("0.1s", 100_000_000),
            ("5min", 300_000_000_000),
            ("1h30min", 5_400_000_000_000),
            ("1h 30min", 5_400_000_000_000),
            (" 2 d ", 172_800_000_000_000),
            ("1_000s", 1_000_000_000_000),
            ("0s", 0),
        ] {
            assert_eq!(text.parse(), Ok(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn a_missing_or_unknown_unit_is_named_with_what_to_write() {
        assert_eq!(message("30"), "`30` needs a unit: write `30s`, `30min` or `30ms`");
        assert_eq!(message("2 fortnights"), "unknown time unit `fortnights`; use ns, us, ms, s, min, h or d");
        assert_eq!(message("2 Minutes"), "unknown time unit `Minutes`; write `min`");
        assert_eq!(message("5m"), "unknown time unit `m`; use ns, us, ms, s, min, h or d");
        assert_eq!(message("5%"), "unknown time unit `%`; use ns, us, ms, s, min, h or d");
    }

    #[test]
    fn what_is_no_length_of_time_is_refused() {
        assert_eq!(message("-5s"), "`-5s` is negative; a duration is zero or more");
        for text in ["", "nan", "inf", "s", "1.2.3s", "1.s", ".5s", "1__0s", "1e3s", "30min1h", "1s1s", "\u{0660}s"] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
        assert_eq!(message("101d\u{1b}[2J"), "`\u{1b}[2J` is not a duration: write a number and a unit, such as `30s`");
    }

    #[test]
    fn a_hundred_years_is_the_end() {
        assert_eq!("36525d".parse(), Ok(Duration::MAX));
        assert_eq!(message("36526d"), "`36526d` is too long; at most 100 years");
        assert_eq!(message("99999999999999999999999999999d").split(';').nth(1), Some(" at most 100 years"));
    }

    #[test]
    fn the_largest_whole_unit_is_shown() {
        for text in ["90s", "12h", "1500ms", "4d", "90min", "0s", "1ns"] {
            assert_eq!(text.parse::<Duration>().map(|d| d.to_string()), Ok(text.to_owned()));
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_parses_back(nanos in 0..=Duration::MAX.0) {
            let duration = Duration::from_nanos(nanos);
            prop_assert_eq!(duration.to_string().parse(), Ok(duration));
        }

        #[test]
        fn no_text_panics(text in ".{0,40}|[0-9.]{0,30}(ns|us|ms|s|min|h|d| )?[0-9a-z]*") {
            let _ = text.parse::<Duration>();
        }
    }
}
