//! Quantities as people write them: `30s`, `256KiB`, `10/min`, `80%`.
//!
//! One grammar for all of them, and one style of error: a number, then a unit, always. A bare number is refused,
//! because `timeout = 30` means seconds to one service, milliseconds to the next, and nothing to a reader.
//! Every type prints itself as text that parses back to the very same value.

use std::fmt;

mod bytes;
mod duration;
mod number;
mod quantity;
mod rate;
mod share;
mod text;

pub use bytes::Bytes;
pub use duration::Duration;
pub use quantity::{Dimension, Quantity};
pub use rate::Rate;
pub use share::Share;

/// Why a text is not the quantity that was expected, in words that say what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitError(String);

impl UnitError {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// The whole message: lower case, no full stop, quoted text in backticks.
    pub fn message(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UnitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UnitError {}
