//! How a law is read: a string or a table with the name of one family.

use super::spec::{LawSpec, MeanSpec, MeanTableSpec, Measure};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, IntoDeserializer, MapAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// The families by name. An unknown one is reported at its own place, with this list.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum FamilySpec {
    Exponential,
    Lognormal,
    Gamma,
    Weibull,
    Pareto,
    Uniform,
    Empirical,
}

/// Reads a quantity from text or from what a person wrote instead; the unit itself says what is wrong then.
macro_rules! quantity_or_table {
    ($quantity:path) => {
        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            Q::deserialize(text.into_deserializer()).map($quantity)
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
            Q::deserialize(number.into_deserializer()).map($quantity)
        }

        fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
            Q::deserialize(number.into_deserializer()).map($quantity)
        }
    };
}

struct Law<Q>(PhantomData<Q>);

impl<'de, Q: Measure> Visitor<'de> for Law<Q> {
    type Value = LawSpec<Q>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a quantity, or a law such as `{ exponential = ... }`")
    }

    quantity_or_table!(LawSpec::Constant);

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<LawSpec<Q>, A::Error> {
        let Some(family) = map.next_key::<FamilySpec>()? else {
            return Err(Error::custom("this law is empty: write a quantity, or `{ exponential = ... }`, for example"));
        };
        let law = match family {
            FamilySpec::Exponential => LawSpec::Exponential(map.next_value()?),
            FamilySpec::Lognormal => LawSpec::Lognormal(map.next_value()?),
            FamilySpec::Gamma => LawSpec::Gamma(map.next_value()?),
            FamilySpec::Weibull => LawSpec::Weibull(map.next_value()?),
            FamilySpec::Pareto => LawSpec::Pareto(map.next_value()?),
            FamilySpec::Uniform => LawSpec::Uniform(map.next_value()?),
            FamilySpec::Empirical => LawSpec::Empirical(map.next_value()?),
        };
        if map.next_key::<FamilySpec>()?.is_some() {
            return Err(Error::custom("a law has one family; keep one of these"));
        }
        Ok(law)
    }
}

impl<'de, Q: Measure> Deserialize<'de> for LawSpec<Q> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Law(PhantomData))
    }
}

struct Mean<Q>(PhantomData<Q>);

impl<'de, Q: Measure> Visitor<'de> for Mean<Q> {
    type Value = MeanSpec<Q>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a quantity, or `{ mean = ... }`")
    }

    quantity_or_table!(MeanSpec::Alone);

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<MeanSpec<Q>, A::Error> {
        MeanTableSpec::deserialize(MapAccessDeserializer::new(map)).map(MeanSpec::Table)
    }
}

impl<'de, Q: Measure> Deserialize<'de> for MeanSpec<Q> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Mean(PhantomData))
    }
}

#[cfg(test)]
mod schema {
    use super::super::spec::{EmpiricalSpec, LawSpec, LognormalSpec, MeanSpec, MeanTableSpec, ShapeSpec, UniformSpec};
    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
    use std::borrow::Cow;

    impl<Q: JsonSchema> JsonSchema for LawSpec<Q> {
        fn schema_name() -> Cow<'static, str> {
            format!("LawOf{}", Q::schema_name()).into()
        }

        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            json_schema!({
                "description": "A quantity, or a distribution by its family.",
                "anyOf": [generator.subschema_for::<Q>(), {
                    "type": "object",
                    "properties": {
                        "exponential": generator.subschema_for::<MeanSpec<Q>>(),
                        "lognormal": generator.subschema_for::<LognormalSpec<Q>>(),
                        "gamma": generator.subschema_for::<ShapeSpec<Q>>(),
                        "weibull": generator.subschema_for::<ShapeSpec<Q>>(),
                        "pareto": generator.subschema_for::<ShapeSpec<Q>>(),
                        "uniform": generator.subschema_for::<UniformSpec<Q>>(),
                        "empirical": generator.subschema_for::<EmpiricalSpec<Q>>(),
                    },
                    "additionalProperties": false,
                    "minProperties": 1,
                    "maxProperties": 1,
                }],
            })
        }
    }

    impl<Q: JsonSchema> JsonSchema for MeanSpec<Q> {
        fn schema_name() -> Cow<'static, str> {
            format!("MeanOf{}", Q::schema_name()).into()
        }

        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            json_schema!({
                "anyOf": [generator.subschema_for::<Q>(), generator.subschema_for::<MeanTableSpec<Q>>()],
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::At;
    use crate::traffic::check::Desk;
    use crate::traffic::law::{DrawnFor, Law};
    use crate::units::{Bytes, Duration};

    #[derive(Debug, Deserialize)]
    struct TestSpec<Q: Measure> {
        #[serde(bound = "")]
        law: At<LawSpec<Q>>,
    }

    fn law<Q: Measure>(text: &str, drawn_for: DrawnFor) -> Result<Law, String> {
        let files = |name: &str| match name {
            "x.csv" => Ok("service_ms,name\n20,a\n40,b\n".to_owned()),
            _ => Err("there is no such file".to_owned()),
        };
        let mut desk = Desk::new(text);
        let spec = desk.decode::<TestSpec<Q>>("work.encode");
        let law =
            spec.and_then(|spec| LawSpec::build(spec.law, "law", drawn_for, &mut desk.site("work.encode"), &files));
        desk.judge(law)
    }

    fn of(text: &str) -> Result<Law, String> {
        law::<Duration>(text, DrawnFor::Job)
    }

    #[test]
    fn every_family_is_read_in_every_form() {
        for (text, mean, cv) in [
            ("law = '20s'", 20.0, 0.0),
            ("law = { exponential = '20s' }", 20.0, 1.0),
            ("law = { exponential = { mean = '20s' } }", 20.0, 1.0),
            ("law = { lognormal = { mean = '20s', cv = 0.5 } }", 20.0, 0.5),
            ("law.gamma = { mean = '20s', cv = 2 }", 20.0, 2.0),
            ("law.gamma = { mean = '20s', cv = 0 }", 20.0, 0.0),
            ("[law.weibull]\nmean = '20s'\ncv = 0.5", 20.0, 0.5),
            ("law = { pareto = { mean = '20s', cv = 1.5 } }", 20.0, 1.5),
            ("law = { uniform = { min = '10s', max = '30s' } }", 20.0, 1.0 / 12.0_f64.sqrt()),
            ("law = { uniform = { mean = '20s', cv = 0.5 } }", 20.0, 0.5),
            ("law = { empirical = { file = 'x.csv', column = 'service_ms', unit = '1ms' } }", 0.03, 1.0 / 3.0),
        ] {
            let law = of(text).expect(text);
            assert!((law.mean() - mean).abs() < 1e-9 && (law.cv() - cv).abs() < 1e-6, "{text}: {law:?}");
        }
        let latency = of("law = { lognormal = { median = '4ms', p99 = '50ms' } }").expect("a latency");
        assert!((latency.quantile(0.5) - 0.004).abs() < 1e-12 && (latency.quantile(0.99) - 0.05).abs() < 1e-9);
        let size = law::<Bytes>("law = { exponential = '2KiB' }", DrawnFor::Job).expect("a size");
        assert!((size.mean() - 2048.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_resolved_reads_back_as_the_same_law() {
        for text in [
            "law = \"20s\"",
            "law = { exponential = \"20s\" }",
            "law = { lognormal = { median = \"4ms\", p99 = \"50ms\" } }",
            "law = { uniform = { mean = \"20s\", cv = 0.5 } }",
            "law = { empirical = { file = \"x.csv\", column = \"service_ms\", order = \"job\" } }",
        ] {
            let files = |_: &str| Ok("service_ms\n20\n40\n".to_owned());
            let resolve = |text: &str| {
                let mut desk = Desk::new(text);
                let spec = desk.decode::<TestSpec<Duration>>("").expect("well formed");
                let law = LawSpec::build(spec.law, "law", DrawnFor::Job, &mut desk.site(""), &files);
                (law.expect("sound"), desk.resolved())
            };
            let (law, resolved) = resolve(text);
            assert_eq!(resolve(&resolved).0, law, "{text}");
        }
    }

    #[test]
    fn mistakes_of_spelling_teach() {
        for (text, said) in [
            ("law = 20", "`20` needs a unit: write `20s`"),
            ("law = { exponential = 1.5 }", "`1.5` needs a unit"),
            ("law = '20 fortnights'", "unknown time unit `fortnights`"),
            ("law = { lognorml = { mean = '20s' } }", "unknown key `lognorml` in `work.encode.law`"),
            ("law = { lognorml = { mean = '20s' } }", "did you mean `lognormal`?"),
            ("law = { gamma = { mean = '20s', sd = '3s' } }", "unknown key `sd` in `work.encode.law.gamma`"),
            ("law = {}", "this law is empty"),
            ("law = { exponential = '1s', gamma = { mean = '1s', cv = 1 } }", "a law has one family"),
            ("law = true", "`law` must be a quantity, or a law such as"),
            ("law = { gamma = '20s' }", "`gamma` must be a table, not the string `20s`"),
        ] {
            let error = of(text).expect_err(text);
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn numbers_that_make_no_law_are_reported_where_they_stand() {
        for (text, said, at) in [
            ("law = { gamma = { cv = 1 } }", "`work.encode.law.gamma` needs `mean`", 17),
            ("law = { gamma = { mean = '20s' } }", "needs `cv`", 17),
            ("law = { gamma = { mean = '0s', cv = 1 } }", "the mean must be more than zero", 26),
            ("law = { gamma = { mean = '20s', cv = -1 } }", "cv = -1 is not between", 38),
            ("law = { uniform = { mean = '20s', cv = 0.9 } }", "cannot vary as much as cv = 0.9", 40),
            ("law = { uniform = { min = '20s', max = '1s' } }", "the largest value is below the smallest", 40),
            ("law = { uniform = { min = '1s', max = '2s', cv = 1 } }", "a uniform law is given twice", 27),
            ("law = { lognormal = { median = '5s', p99 = '1s' } }", "99th percentile is below the median", 44),
            ("law = { lognormal = { mean = '5s', p99 = '1s' } }", "a lognormal law is given twice", 30),
            (
                "law = { empirical = { file = 'y.csv', column = 'a' } }",
                "`y.csv` cannot be read: there is no such file",
                30,
            ),
            ("law = { empirical = { file = 'x.csv', column = 'name' } }", "`a` is not a number", 48),
        ] {
            let error = of(text).expect_err(text);
            assert!(error.contains(said), "{text}: {error}");
            assert!(error.contains(&format!(":1:{at}\n")), "{text}: {error}");
        }
    }

    #[test]
    fn the_order_of_jobs_is_refused_where_there_are_no_jobs() {
        let text = "law = { empirical = { file = 'x.csv', column = 'service_ms', order = 'job' } }";
        assert!(law::<Duration>(text, DrawnFor::Job).is_ok());
        let error = law::<Duration>(text, DrawnFor::Event).expect_err("no jobs");
        assert!(error.contains("needs jobs to go by"), "{error}");
    }
}
