//! Amounts of data as written: `256KiB`, `2MB`.

use std::fmt;
use std::str::FromStr;

use super::UnitError;
use super::number::{self, Words};

/// Smallest first; binary units before decimal ones, so that the canonical text prefers the services' own.
const UNITS: [(&str, u64); 7] = [
    ("B", 1),
    ("KB", 1_000),
    ("KiB", 1 << 10),
    ("MB", 1_000_000),
    ("MiB", 1 << 20),
    ("GB", 1_000_000_000),
    ("GiB", 1 << 30),
];

const WORDS: Words = Words {
    noun: "a size",
    unit: "size unit",
    units: "B, KB, MB, GB, KiB, MiB or GiB",
    tries: &["B", "KiB", "MiB"],
    example: "256KiB",
};

/// An amount of data as a person writes it: `256KiB` (1024-based) or `2MB` (1000-based). From zero to one exbibyte,
/// in whole bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bytes(u64);

impl Bytes {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The most that may be written: one exbibyte.
    pub const MAX: Self = Self(1 << 60);

    /// `bytes` bytes.
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// `n` times 1024 bytes.
    pub const fn kib(n: u64) -> Self {
        Self(n << 10)
    }

    /// `n` times 1024² bytes.
    pub const fn mib(n: u64) -> Self {
        Self(n << 20)
    }

    /// `n` times 1024³ bytes.
    pub const fn gib(n: u64) -> Self {
        Self(n << 30)
    }

    /// Bytes.
    pub const fn get(self) -> u64 {
        self.0
    }

    pub(super) fn bare_number(number: &str) -> UnitError {
        number::bare(number, &WORDS)
    }
}

impl FromStr for Bytes {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (number, unit) = number::split(text.trim(), &WORDS)?;
        if unit.is_empty() {
            return Err(number::needs_unit(&number, &WORDS));
        }
        let (_, size) =
            UNITS.iter().find(|(known, _)| *known == unit).ok_or_else(|| number::unknown_unit(unit, &WORDS))?;
        let too_large = || UnitError::new(format!("`{}` is too large; at most 1073741824GiB", number::clip(text)));
        let (bytes, whole) = number::times(&number, *size).ok_or_else(too_large)?;
        if !whole {
            return Err(UnitError::new(format!("`{}` is not a whole number of bytes", number::clip(text))));
        }
        u64::try_from(bytes).ok().map(Self).filter(|size| *size <= Self::MAX).ok_or_else(too_large)
    }
}

impl fmt::Display for Bytes {
    /// In the unit that gives the shortest text without a fraction: `256KiB`, `2MB`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.pad("0B");
        }
        let whole = UNITS.iter().filter(|(_, size)| self.0.is_multiple_of(*size));
        let (name, size) = whole.min_by_key(|(_, size)| self.0 / size).unwrap_or(&UNITS[0]);
        f.pad(&format!("{}{name}", self.0 / size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(text: &str) -> String {
        text.parse::<Bytes>().map_or_else(|e| e.message().to_owned(), |b| format!("accepted as {b}"))
    }

    #[test]
    fn decimal_and_binary_units_differ() {
        for (text, bytes) in
            [("256KiB", 262_144), ("256 KB", 256_000), ("1.5MiB", 1_572_864), ("2GB", 2_000_000_000), ("0B", 0)]
        {
            assert_eq!(text.parse(), Ok(Bytes::new(bytes)), "{text}");
        }
        assert_eq!(Bytes::gib(1).to_string(), "1GiB");
        assert_eq!(Bytes::kib(256).to_string(), "256KiB");
        assert_eq!(Bytes::new(2_000_000).to_string(), "2MB");
        assert_eq!(Bytes::new(1023).to_string(), "1023B");
    }

    #[test]
    fn errors_say_what_to_write() {
        assert_eq!(message("256"), "`256` needs a unit: write `256B`, `256KiB` or `256MiB`");
        assert_eq!(message("256kb"), "unknown size unit `kb`; use B, KB, MB, GB, KiB, MiB or GiB");
        assert_eq!(message("1.5B"), "`1.5B` is not a whole number of bytes");
        assert_eq!(message("-1B"), "`-1B` is negative; a size is zero or more");
        assert_eq!(message("1073741825GiB"), "`1073741825GiB` is too large; at most 1073741824GiB");
    }

    proptest! {
        #[test]
        fn what_is_shown_parses_back(bytes in prop_oneof![0..=Bytes::MAX.0, 0..1_000_000u64]) {
            let size = Bytes::new(bytes);
            prop_assert_eq!(size.to_string().parse(), Ok(size));
        }
    }
}
