//! How quantities are read from a scenario file: always a string, and an error that teaches otherwise.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, Visitor};

use super::{Bytes, Duration, Rate, Share, UnitError};

/// A quantity that is written as a string in a scenario.
trait Written: FromStr<Err = UnitError> {
    /// What an error calls it, with an example.
    const EXPECTED: &'static str;
    /// The error for a bare TOML number.
    fn bare(number: &str) -> UnitError;
}

impl Written for Duration {
    const EXPECTED: &'static str = "a duration such as \"30s\" or \"5min\"";
    fn bare(number: &str) -> UnitError {
        Self::bare_number(number)
    }
}

impl Written for Bytes {
    const EXPECTED: &'static str = "a size such as \"256KiB\" or \"2MB\"";
    fn bare(number: &str) -> UnitError {
        Self::bare_number(number)
    }
}

impl Written for Rate {
    const EXPECTED: &'static str = "a rate such as \"10/s\" or \"10/min\"";
    fn bare(number: &str) -> UnitError {
        Self::bare_number(number)
    }
}

impl Written for Share {
    const EXPECTED: &'static str = "a share such as \"80%\"";
    fn bare(number: &str) -> UnitError {
        Self::bare_number(number)
    }
}

struct Text<Q>(PhantomData<Q>);

impl<Q: Written> Visitor<'_> for Text<Q> {
    type Value = Q;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Q::EXPECTED)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Q, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Q, E> {
        Err(E::custom(Q::bare(&number.to_string())))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Q, E> {
        Err(E::custom(Q::bare(&number.to_string())))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Q, E> {
        Err(E::custom(Q::bare(&number.to_string())))
    }
}

macro_rules! written {
    ($($name:ident, $pattern:literal, $examples:expr;)*) => { $(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Text(PhantomData))
            }
        }

        #[cfg(test)]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "description": $name::EXPECTED,
                    "pattern": $pattern,
                    "examples": $examples,
                })
            }
        }
    )* };
}

written! {
    Duration, r"^\s*([0-9][0-9_]*([.][0-9][0-9_]*)?\s*(ns|us|µs|ms|s|min|h|d)\s*)+$", ["30s", "5min", "1h30min", "1.5s"];
    Bytes, r"^\s*[0-9][0-9_]*([.][0-9][0-9_]*)?\s*(B|KB|MB|GB|KiB|MiB|GiB)\s*$", ["256KiB", "2MB"];
    Rate, r"^\s*[0-9][0-9_]*([.][0-9][0-9_]*)?\s*[kM]?\s*/\s*(s|min|h|d)\s*$", ["10/s", "10/min", "2k/s"];
    Share, r"^\s*[0-9][0-9_]*([.][0-9][0-9_]*)?\s*%\s*$", ["80%", "0.5%"];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct OneSpec<T> {
        value: T,
    }

    fn error<T: Written + serde::de::DeserializeOwned>(value: &str) -> String {
        match toml::from_str::<OneSpec<T>>(&format!("value = {value}")) {
            Ok(_) => "accepted".to_owned(),
            Err(error) => error.message().to_owned(),
        }
    }

    #[test]
    fn a_bare_number_is_an_error_that_says_what_to_write() {
        assert_eq!(error::<Duration>("30"), "`30` needs a unit: write `30s`, `30min` or `30ms`");
        assert_eq!(error::<Duration>("1.5"), "`1.5` needs a unit: write `1.5s`, `1.5min` or `1.5ms`");
        assert_eq!(error::<Bytes>("256"), "`256` needs a unit: write `256B`, `256KiB` or `256MiB`");
        assert_eq!(error::<Rate>("10"), "`10` needs a unit: write `10/s`, `10/min` or `10/h`");
        assert_eq!(error::<Share>("0.8"), "`0.8` needs a unit: write `80%`");
        assert_eq!(error::<Share>("80"), "`80` needs a unit: write `80%`");
    }

    #[test]
    fn another_type_is_named_beside_an_example() {
        assert!(error::<Duration>("true").ends_with("expected a duration such as \"30s\" or \"5min\""));
    }

    #[test]
    fn a_string_is_read() {
        let spec: OneSpec<Duration> = toml::from_str("value = \"30s\"").expect("it is a duration");
        assert_eq!(spec.value, Duration::from_secs(30));
    }
}
