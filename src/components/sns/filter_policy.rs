//! The language of filter policies: for each attribute, or field of the body, the values that are wanted.
//!
//! ```toml
//! filter_policy = { type = ["video", { prefix = "aud" }], size = [{ numeric = [">=", 100] }] }
//! ```
//! All keys must match, any of the values of a key is enough. In the body tables can stand in tables. Of the policies in a
//! list with the name `$or` one has to match, beside all that stands beside it.

use super::network::Network;
use super::policy::too;
use crate::diagnostic::nearest;
use crate::engine::random::StreamKey;
use crate::facts::sns;
use crate::site::{Any, At, Site, ToToml};
use crate::traffic::{Content, Fields, Scalar};

/// What a policy demands of the fields of a message: all of these.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rules(Vec<(String, Rule)>);

/// What it demands of one field.
#[derive(Debug, Clone, PartialEq)]
enum Rule {
    /// One of these.
    Any(Vec<Matcher>),
    /// In the table below it, all of these.
    Nested(Rules),
    /// Of the fields beside it, one of these.
    Or(Vec<Rules>),
}

/// What one value of a list in a policy lets through.
#[derive(Debug, Clone, PartialEq)]
enum Matcher {
    Is(Scalar),
    IsInAnyCase(String),
    Prefix(String),
    Suffix(String),
    Wildcard(String),
    AnythingBut(Vec<Matcher>),
    Numeric(Vec<(Comparison, f64)>),
    Cidr(Network),
    Exists(bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    Less,
    AtMost,
    More,
    AtLeast,
}

/// The operators of the language, as a policy writes them.
const OPERATORS: [&str; 8] =
    ["anything-but", "cidr", "equals-ignore-case", "exists", "numeric", "prefix", "suffix", "wildcard"];

/// The name of a list of policies of which one has to match.
const OR: &str = "$or";

impl Rules {
    /// Whether the message of this job matches; `key` is that of all contents.
    pub(super) fn match_fields(&self, fields: Option<&Fields>, key: StreamKey, number: u64) -> bool {
        self.0.iter().all(|(name, rule)| {
            let content = fields.and_then(|fields| fields.get(name));
            match (rule, content) {
                (Rule::Nested(rules), Some(Content::Nested(fields))) => rules.match_fields(Some(fields), key, number),
                (Rule::Nested(rules), _) => rules.match_fields(None, key, number),
                (Rule::Or(all), _) => all.iter().any(|rules| rules.match_fields(fields, key, number)),
                (Rule::Any(matchers), content) => {
                    let values = content.and_then(|content| content.of(key, number));
                    matchers.iter().any(|matcher| matcher.matches(values.as_deref()))
                }
            }
        })
    }

    /// Reads a policy; what is wrong with it is reported.
    pub(super) fn build(at: &At<Any>, in_body: bool, site: &mut Site<'_>) -> Option<Self> {
        let rules = Self::read(at, in_body, site)?;
        let keys = rules.keys();
        let limits = [
            (keys, sns::FILTER_KEYS_MAX.value.into(), "keys", too(&sns::FILTER_KEYS_MAX)),
            (
                rules.combinations(1),
                sns::FILTER_COMBINATIONS_MAX.value.into(),
                "combinations of values",
                too(&sns::FILTER_COMBINATIONS_MAX),
            ),
            (at.to_toml().len() as u64, sns::FILTER_SIZE_MAX.value.get(), "bytes", too(&sns::FILTER_SIZE_MAX)),
        ];
        let mut fine = true;
        for (found, most, what, source) in limits {
            if found > most {
                let message = format!("this filter policy has {found} {what}");
                site.error(at.span, "S030", message).label(format!("at most {most}")).note(source);
                fine = false;
            }
        }
        fine.then_some(rules)
    }

    fn read(at: &At<Any>, in_body: bool, site: &mut Site<'_>) -> Option<Self> {
        let Any::Table(table) = &at.value else {
            site.error(at.span, "S016", "a filter policy must be a table")
                .hint("write `filter_policy = { type = [\"video\"] }`");
            return None;
        };
        if table.is_empty() {
            site.error(at.span, "S012", "this filter policy demands nothing")
                .hint("leave it out, or say which values are wanted: `{ type = [\"video\"] }`");
            return None;
        }
        let mut sound = true;
        let mut rules = Vec::new();
        for (name, at) in table {
            let rule = match &at.value {
                _ if name == OR => Self::alternatives(at, in_body, site).map(Rule::Or),
                Any::List(list) => Self::list(list, at, site).map(Rule::Any),
                Any::Table(_) if in_body => Self::read(at, in_body, site).map(Rule::Nested),
                Any::Table(_) => {
                    site.error(at.span, "S016", format!("`{name}` must be a list of values"))
                        .note("attributes are flat; only the body of a message has tables in tables")
                        .hint("write `filter_policy_scope = \"MessageBody\"` if the body is meant");
                    None
                }
                value => {
                    site.error(at.span, "S016", format!("`{name}` must be a list of values"))
                        .hint(format!("write `{name} = [{}]`", value.to_toml()));
                    None
                }
            };
            match rule {
                Some(rule) => rules.push((name.clone(), rule)),
                None => sound = false,
            }
        }
        sound.then_some(Self(rules))
    }

    /// The policies of which one has to match.
    fn alternatives(at: &At<Any>, in_body: bool, site: &mut Site<'_>) -> Option<Vec<Self>> {
        let Any::List(list) = &at.value else {
            site.error(at.span, "S016", format!("`{OR}` must be a list of filter policies"))
                .hint(format!("write `\"{OR}\" = [{{ type = [\"video\"] }}, {{ size = [1] }}]`"));
            return None;
        };
        if list.len() < 2 {
            site.error(at.span, "S012", format!("`{OR}` needs two filter policies to choose from, or more"))
                .hint("write what is in it beside the other keys");
            return None;
        }
        let all: Vec<Option<Self>> = list.iter().map(|item| Self::read(item, in_body, site)).collect();
        all.into_iter().collect()
    }

    fn list(list: &[At<Any>], at: &At<Any>, site: &mut Site<'_>) -> Option<Vec<Matcher>> {
        if list.is_empty() {
            site.error(at.span, "S012", "an empty list lets nothing through").hint("name the values that are wanted");
            return None;
        }
        let matchers: Vec<Option<Matcher>> = list.iter().map(|item| Matcher::read(item, site)).collect();
        matchers.into_iter().collect()
    }

    /// The names of the fields of which it demands that they are there.
    pub(super) fn demanded(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|(_, rule)| rule.demands()).map(|(name, _)| name.as_str())
    }

    fn keys(&self) -> u64 {
        let of = |rule: &Rule| match rule {
            Rule::Any(_) => 1,
            Rule::Nested(rules) => rules.keys(),
            Rule::Or(all) => all.iter().map(Self::keys).sum(),
        };
        self.0.iter().map(|(_, rule)| of(rule)).sum()
    }

    /// The product of the numbers of values, each times the depth at which it stands.
    fn combinations(&self, depth: u64) -> u64 {
        let of = |rule: &Rule| match rule {
            Rule::Any(matchers) => (matchers.len() as u64).saturating_mul(depth),
            Rule::Nested(rules) => rules.combinations(depth + 1),
            Rule::Or(all) => all.iter().map(|rules| rules.combinations(depth)).fold(0, u64::saturating_add),
        };
        self.0.iter().map(|(_, rule)| of(rule)).fold(1, u64::saturating_mul)
    }
}

impl Rule {
    /// Whether it lets through only messages that have the field.
    fn demands(&self) -> bool {
        match self {
            Self::Any(matchers) => !matchers.contains(&Matcher::Exists(false)),
            Self::Nested(rules) => rules.demanded().next().is_some(),
            Self::Or(_) => false,
        }
    }
}

impl Matcher {
    /// Whether the values of a field let the message through; `None`: it does not have the field.
    fn matches(&self, values: Option<&[&Scalar]>) -> bool {
        match (self, values) {
            (Self::Exists(wanted), values) => values.is_some() == *wanted,
            (_, None) => false,
            (_, Some(values)) => values.iter().any(|value| self.takes(value)),
        }
    }

    fn takes(&self, value: &Scalar) -> bool {
        match (self, value) {
            (Self::Is(wanted), value) => wanted == value,
            (Self::IsInAnyCase(wanted), Scalar::Text(text)) => wanted.to_lowercase() == text.to_lowercase(),
            (Self::Prefix(prefix), Scalar::Text(text)) => text.starts_with(prefix.as_str()),
            (Self::Suffix(suffix), Scalar::Text(text)) => text.ends_with(suffix.as_str()),
            (Self::Wildcard(pattern), Scalar::Text(text)) => fits(pattern, text),
            (Self::Cidr(network), Scalar::Text(text)) => network.contains(text),
            (Self::AnythingBut(unwanted), value) => !unwanted.iter().any(|matcher| matcher.takes(value)),
            (Self::Numeric(bounds), Scalar::Number(number)) => {
                bounds.iter().all(|(comparison, bound)| comparison.holds(*number, *bound))
            }
            _ => false,
        }
    }

    fn read(at: &At<Any>, site: &mut Site<'_>) -> Option<Self> {
        let table = match &at.value {
            Any::Text(text) => return Some(Self::Is(Scalar::Text(text.clone()))),
            Any::Number(number) => return Some(Self::Is(Scalar::Number(*number))),
            Any::Flag(flag) => return Some(Self::Is(Scalar::Flag(*flag))),
            Any::List(_) => {
                site.error(at.span, "S016", "a value of a filter policy cannot be a list");
                return None;
            }
            Any::Table(table) => table,
        };
        let (Some((operator, operand)), 1) = (table.first_key_value(), table.len()) else {
            site.error(at.span, "S016", "a table in a filter policy has one operator")
                .note(format!("operators: {}", OPERATORS.join(", ")));
            return None;
        };
        let found = Self::operation(operator, operand, site);
        if found.is_none() && !OPERATORS.contains(&operator.as_str()) {
            site.error(at.span, "S016", format!("filter policies have no operator `{operator}`"))
                .did_you_mean(nearest(operator, OPERATORS))
                .note(format!("operators: {}", OPERATORS.join(", ")));
        }
        found
    }

    fn operation(operator: &str, operand: &At<Any>, site: &mut Site<'_>) -> Option<Self> {
        let found = match (operator, &operand.value) {
            ("prefix", Any::Text(text)) => Some(Self::Prefix(text.clone())),
            ("suffix", Any::Text(text)) => Some(Self::Suffix(text.clone())),
            ("cidr", Any::Text(text)) => Network::read(text).map(Self::Cidr),
            ("wildcard", Any::Text(text)) => Some(Self::Wildcard(text.clone())),
            ("equals-ignore-case", Any::Text(text)) => Some(Self::IsInAnyCase(text.clone())),
            ("exists", Any::Flag(flag)) => Some(Self::Exists(*flag)),
            ("numeric", Any::List(list)) => bounds(list).map(Self::Numeric),
            ("anything-but", Any::List(list)) => {
                let unwanted: Vec<Option<Self>> = list.iter().map(|item| Self::read(item, site)).collect();
                return unwanted.into_iter().collect::<Option<Vec<_>>>().map(Self::AnythingBut);
            }
            ("anything-but", _) => return Self::read(operand, site).map(|unwanted| Self::AnythingBut(vec![unwanted])),
            _ => None,
        };
        if found.is_none() && OPERATORS.contains(&operator) {
            let form = match operator {
                "numeric" => "`{ numeric = [\">=\", 100] }` or `{ numeric = [\">\", 0, \"<=\", 150] }`".to_owned(),
                "cidr" => "`{ cidr = \"10.0.0.0/24\" }`".to_owned(),
                "exists" => "`{ exists = true }` or `{ exists = false }`".to_owned(),
                other => format!("`{{ {other} = \"text\" }}`"),
            };
            site.error(operand.span, "S016", format!("`{operator}` cannot have this value"))
                .hint(format!("write {form}"));
        }
        found
    }
}

/// Pairs of a comparison and a number.
fn bounds(list: &[At<Any>]) -> Option<Vec<(Comparison, f64)>> {
    let pairs = list.chunks(2).map(|pair| match pair {
        [At { value: Any::Text(sign), .. }, At { value: Any::Number(bound), .. }] => {
            Some((Comparison::read(sign)?, *bound))
        }
        _ => None,
    });
    pairs.collect::<Option<Vec<_>>>().filter(|pairs| (1..=2).contains(&pairs.len()))
}

impl Comparison {
    fn read(sign: &str) -> Option<Self> {
        match sign {
            "=" => Some(Self::Equal),
            "<" => Some(Self::Less),
            "<=" => Some(Self::AtMost),
            ">" => Some(Self::More),
            ">=" => Some(Self::AtLeast),
            _ => None,
        }
    }

    #[allow(clippy::float_cmp, reason = "equality as it is written")]
    fn holds(self, number: f64, bound: f64) -> bool {
        match self {
            Self::Equal => number == bound,
            Self::Less => number < bound,
            Self::AtMost => number <= bound,
            Self::More => number > bound,
            Self::AtLeast => number >= bound,
        }
    }
}

/// Whether a text fits a pattern in which `*` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(place) = rest.find(part) else { return false };
        rest = &rest[place + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, expected) in [
            ("a*c", "abc", true),
            ("a*c", "ac", true),
            ("a*c", "abcd", false),
            ("*.mp4", "x.mp4", true),
            ("a*b*b", "ab", false),
            ("a*b*b", "abb", true),
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("*", "", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }
}
