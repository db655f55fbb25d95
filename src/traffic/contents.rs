//! What a message says, as far as somebody filters by it: its attributes, and the fields of its body.
//!
//! ```toml
//! attributes = { type = { video = "60%", audio = "30%" }, size = 500 }
//! body       = { job = { kind = "encode" } }
//! ```
//! A value is the same for every job, or one of several by shares; what is missing to 100% are jobs without it. Which
//! value a job has is drawn by the number of the job, so it is the same in every pipeline, and nothing has to be kept.

use crate::diagnostic::Span;
use crate::engine::random::StreamKey;
use crate::site::{Any, At, Site};
use crate::units::Share;
use std::collections::BTreeMap;

/// A value that can be compared.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// A text.
    Text(String),
    /// A number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
}

/// What one field of a message can be.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// The same for all jobs: one value, or a list of them.
    Fixed(Vec<Scalar>),
    /// One of several, each up to this share of the jobs; beyond the last, none.
    Spread {
        /// The values, each with the shares of all up to it.
        values: Vec<(f64, Scalar)>,
        /// What its draws are keyed by.
        path: String,
    },
    /// A table of fields.
    Nested(Fields),
}

/// Fields by their names.
pub type Fields = BTreeMap<String, Content>;

/// What the messages of one flow say.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Contents {
    /// Their attributes.
    pub attributes: Fields,
    /// The fields of their bodies.
    pub body: Fields,
}

impl Content {
    /// The values of this field for a job; none if the job lacks it, or it is a table.
    pub fn of(&self, key: StreamKey, number: u64) -> Option<Vec<&Scalar>> {
        match self {
            Self::Fixed(values) => Some(values.iter().collect()),
            Self::Spread { values, path } => {
                let chance = key.child(path).stream(number).uniform();
                let value = values.iter().find(|(up_to, _)| chance < *up_to);
                value.map(|(_, value)| vec![value])
            }
            Self::Nested(_) => None,
        }
    }
}

impl Contents {
    /// Resolves the `attributes` and the `body` of a flow; what is wrong with them is reported.
    pub fn build(attributes: Option<At<Any>>, body: Option<At<Any>>, site: &mut Site<'_>) -> Option<Self> {
        let mut part = |key: &str, written: Option<At<Any>>, nested: bool| {
            let Some(at) = written else { return Some(Fields::new()) };
            let fields = fields(&at, key, nested, site);
            site.written(key, at);
            fields
        };
        let attributes = part("attributes", attributes, false);
        let body = part("body", body, true);
        Some(Self { attributes: attributes?, body: body? })
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.attributes.is_empty() && self.body.is_empty()
    }
}

fn fields(at: &At<Any>, path: &str, nested: bool, site: &mut Site<'_>) -> Option<Fields> {
    let Any::Table(table) = &at.value else {
        site.error(at.span, "S016", format!("`{path}` must be a table")).hint(format!(
            "write `{path} = {{ type = \"video\" }}`, or shares: `{path} = {{ type = {{ video = \"60%\" }} }}`"
        ));
        return None;
    };
    let mut sound = true;
    let mut fields = Fields::new();
    for (name, at) in table {
        match content(at, &format!("{path}.{name}"), nested, site) {
            Some(content) => drop(fields.insert(name.clone(), content)),
            None => sound = false,
        }
    }
    sound.then_some(fields)
}

fn content(at: &At<Any>, path: &str, nested: bool, site: &mut Site<'_>) -> Option<Content> {
    match &at.value {
        Any::Table(table) => {
            let shares = table.iter().map(|(name, at)| Some((name, share(&at.value)?, at.span)));
            if let Some(shares) = shares.collect::<Option<Vec<_>>>().filter(|shares| !shares.is_empty()) {
                return spread(&shares, at.span, path, site);
            }
            if nested {
                return fields(at, path, nested, site).map(Content::Nested);
            }
            site.error(at.span, "S016", format!("`{path}` must be a value, or shares of values"))
                .note("attributes are flat: only a body has tables in tables")
                .hint("write what share of the messages has each value: `{ video = \"60%\", audio = \"30%\" }`");
            None
        }
        Any::List(list) => {
            let values = list.iter().map(|item| scalar(&item.value)).collect::<Option<Vec<_>>>();
            if values.is_none() {
                site.error(at.span, "S016", format!("`{path}` must be a list of texts, numbers or `true` and `false`"))
                    .hint("write a table in a table, `{ job = { kind = \"encode\" } }`, or a list of plain values");
            }
            values.map(Content::Fixed)
        }
        value => scalar(value).map(|value| Content::Fixed(vec![value])),
    }
}

fn scalar(value: &Any) -> Option<Scalar> {
    match value {
        Any::Text(text) => Some(Scalar::Text(text.clone())),
        Any::Number(number) => Some(Scalar::Number(*number)),
        Any::Flag(flag) => Some(Scalar::Flag(*flag)),
        Any::List(_) | Any::Table(_) => None,
    }
}

fn share(value: &Any) -> Option<Share> {
    let Any::Text(text) = value else { return None };
    text.parse().ok()
}

/// Shares that people write with a few decimals may miss 1 by a rounding.
const ROUNDING: f64 = 1e-9;

fn spread(shares: &[(&String, Share, Span)], span: Span, path: &str, site: &mut Site<'_>) -> Option<Content> {
    // Names that are all numbers are numbers: a key of TOML is a text in any case.
    let numbers = shares.iter().all(|(name, ..)| name.parse::<f64>().is_ok_and(f64::is_finite));
    let (mut up_to, mut values) = (0.0, Vec::new());
    for &(name, share, _) in shares {
        up_to += share.get();
        let number = name.parse().ok().filter(|_| numbers);
        values.push((up_to, number.map_or_else(|| Scalar::Text(name.clone()), Scalar::Number)));
    }
    if up_to > 1.0 + ROUNDING {
        site.error(span, "S031", format!("the shares of `{path}` add up to {:.1}%", up_to * 100.0))
            .label("must not exceed 100%")
            .note("what is missing to 100% are messages that do not have it");
        return None;
    }
    Some(Content::Spread { values, path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::check::flow;

    fn contents(text: &str) -> Result<Contents, String> {
        let flow = flow(&format!("rate = '1/s'\n{text}"))?;
        Ok(flow.contents.map(|contents| (*contents).clone()).unwrap_or_default())
    }

    #[test]
    fn shares_of_values_come_true_and_the_rest_lacks_the_attribute() {
        let found = contents("attributes = { type = { audio = '30%', video = '60%' }, n = { '1' = '100%' } }");
        let attributes = found.expect("sound").attributes;
        let key = StreamKey::new(3, 0).child("contents");
        let count = |wanted: &dyn Fn(Option<Vec<&Scalar>>) -> bool| {
            (0..10_000_u64).filter(|&number| wanted(attributes["type"].of(key, number))).count()
        };
        let is = |name: &str| count(&|values| values.is_some_and(|values| *values[0] == Scalar::Text(name.to_owned())));
        // Binomial(10000, p): five standard deviations are 250 at most.
        assert!(is("video").abs_diff(6000) < 250 && is("audio").abs_diff(3000) < 250);
        assert!(count(&|values| values.is_none()).abs_diff(1000) < 150);
        assert_eq!(attributes["n"].of(key, 7), Some(vec![&Scalar::Number(1.0)]));
    }

    #[test]
    fn a_body_has_tables_in_tables_and_attributes_have_none() {
        let body =
            contents("body = { job = { kind = 'encode', tags = ['a', 'b'], urgent = true } }").expect("sound").body;
        let Content::Nested(job) = &body["job"] else { panic!("{body:?}") };
        assert_eq!(job["kind"], Content::Fixed(vec![Scalar::Text("encode".to_owned())]));
        assert_eq!(job["tags"].of(StreamKey::new(1, 0), 0).map(|values| values.len()), Some(2));
        assert_eq!(job["urgent"], Content::Fixed(vec![Scalar::Flag(true)]));
        for (text, part) in [
            ("attributes = { job = { kind = 'encode' } }", "attributes are flat"),
            ("attributes = 'x'", "`attributes` must be a table"),
            ("body = { a = [{}] }", "must be a list of texts"),
            ("attributes = { type = { a = '60%', b = '50%' } }", "add up to 110.0%"),
        ] {
            let told = contents(text).expect_err(text);
            assert!(told.contains(part), "{told}");
        }
    }
}
