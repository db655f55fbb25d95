//! A value together with the place where it is written.

use serde::{Deserialize, Deserializer};

use crate::diagnostic::Span;

/// A value as written, and where: so that a later check can point at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where it is written.
    pub span: Span,
}

impl<T> At<T> {
    /// `value`, written at `span`.
    pub const fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }

    /// Another value, written at the same place.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> At<U> {
        At { value: change(self.value), span: self.span }
    }

    /// The value by reference, at the same place.
    pub const fn as_ref(&self) -> At<&T> {
        At { value: &self.value, span: self.span }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = toml::Spanned::<T>::deserialize(deserializer)?;
        let span = Span::from(spanned.span());
        Ok(Self { value: spanned.into_inner(), span })
    }
}

/// An editor sees only the value.
#[cfg(test)]
impl<T: schemars::JsonSchema> schemars::JsonSchema for At<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> std::borrow::Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        T::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, schemars::JsonSchema)]
    struct ThingSpec {
        count: At<u32>,
        wait: Option<At<crate::units::Duration>>,
    }

    #[test]
    fn the_place_of_a_value_is_kept() {
        let text = "count = 3\nwait = \"5s\"\n";
        let spec: ThingSpec = toml::from_str(text).expect("it is well formed");
        assert_eq!(spec.count, At::new(3, Span::new(8, 9)));
        let wait = spec.wait.expect("it is written");
        assert_eq!(&text[wait.span.start..wait.span.end], "\"5s\"");
    }

    #[test]
    fn the_schema_shows_the_value_alone() {
        let schema = schemars::schema_for!(ThingSpec);
        let text = serde_json::to_string(&schema).expect("a schema is JSON");
        assert!(text.contains(r##""wait":{"anyOf":[{"$ref":"#/$defs/Duration"}"##), "{text}");
        assert!(text.contains(r#""required":["count"]"#), "{text}");
        assert!(!text.contains("span"), "{text}");
    }
}
