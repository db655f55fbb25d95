//! Values as TOML text, for the resolved scenario.

use std::fmt::Write as _;

use crate::diagnostic::is_hidden;
use crate::facts::Limit;
use crate::site::At;
use crate::units::{Bytes, Duration, Rate, Share};

/// A value that can stand to the right of `=` in a TOML file.
pub trait ToToml {
    /// The value as TOML text; parsing it gives the same value.
    fn to_toml(&self) -> String;
}

/// `text` as a quoted TOML string, on one line, with everything hidden escaped.
pub fn toml_string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if is_hidden(c) => {
                let _ = write!(out, "\\U{:08X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// `name` as a TOML key: bare if it can be, quoted otherwise.
pub fn toml_key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare { name.to_owned() } else { toml_string(name) }
}

macro_rules! to_toml {
    ($($name:ty => $value:ident $text:expr;)*) => { $(
        impl ToToml for $name {
            fn to_toml(&self) -> String {
                let $value = self;
                $text
            }
        }
    )* };
}

to_toml! {
    bool => v v.to_string();
    u8 => v v.to_string();
    u16 => v v.to_string();
    u32 => v v.to_string();
    u64 => v v.to_string();
    usize => v v.to_string();
    i32 => v v.to_string();
    i64 => v v.to_string();
    f64 => v format!("{v:?}");
    str => v toml_string(v);
    String => v toml_string(v);
    Duration => v format!("\"{v}\"");
    Bytes => v format!("\"{v}\"");
    Rate => v format!("\"{v}\"");
    Share => v format!("\"{v}\"");
    Limit => v match v {
        Limit::Unlimited => "unlimited".to_toml(),
        Limit::Of(most) => most.to_toml(),
    };
}

impl<T: ToToml + ?Sized> ToToml for &T {
    fn to_toml(&self) -> String {
        (**self).to_toml()
    }
}

impl<T: ToToml> ToToml for At<T> {
    fn to_toml(&self) -> String {
        self.value.to_toml()
    }
}

impl<T: ToToml> ToToml for Vec<T> {
    fn to_toml(&self) -> String {
        let items: Vec<String> = self.iter().map(ToToml::to_toml).collect();
        format!("[{}]", items.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_are_written_as_toml() {
        assert_eq!(Duration::from_mins(5).to_toml(), "\"5min\"");
        assert_eq!(20.0.to_toml(), "20.0");
        assert_eq!(vec![50.0, 99.9].to_toml(), "[50.0, 99.9]");
        assert_eq!(vec!["a".to_owned()].to_toml(), "[\"a\"]");
        assert_eq!("a\u{1b}[\u{202e}".to_toml(), "\"a\\U0000001B[\\U0000202E\"");
        assert_eq!(toml_key("max-count"), "max-count");
        assert_eq!(toml_key("größe"), "\"größe\"");
        assert_eq!(toml_key(""), "\"\"");
    }

    proptest! {
        #[test]
        fn text_and_numbers_read_back(text in ".*", number in prop::num::f64::NORMAL | prop::num::f64::ZERO) {
            let table: toml::Table = toml::from_str(&format!("{} = {}", toml_key(&text), text.to_toml())).unwrap();
            prop_assert_eq!(table[&text].as_str(), Some(text.as_str()));
            let table: toml::Table = toml::from_str(&format!("x = {}", number.to_toml())).unwrap();
            prop_assert_eq!(table["x"].as_float(), Some(number));
        }
    }
}
