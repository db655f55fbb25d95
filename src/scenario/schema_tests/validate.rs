//! Whether a value fits a schema: as much of JSON Schema as the schema of scenarios uses, and a panic at anything else.

use serde_json::{Map, Value as Json};

/// Words that say nothing about what fits.
const SILENT: [&str; 8] = ["$schema", "title", "description", "examples", "format", "default", "definitions", "$id"];

/// Everything that `schema` has against `value`, each with a path such as `/run/duration`.
pub(super) fn validate(value: &Json, schema: &Json) -> Vec<String> {
    let mut problems = Vec::new();
    Check { root: schema, problems: &mut problems }.check(value, schema, "");
    problems
}

struct Check<'c> {
    root: &'c Json,
    problems: &'c mut Vec<String>,
}

impl Check<'_> {
    fn problem(&mut self, path: &str, what: impl std::fmt::Display) {
        self.problems.push(format!("{path}: {what}"));
    }

    fn fits(&self, value: &Json, schema: &Json) -> bool {
        let mut problems = Vec::new();
        Check { root: self.root, problems: &mut problems }.check(value, schema, "");
        problems.is_empty()
    }

    fn check(&mut self, value: &Json, schema: &Json, path: &str) {
        let Json::Object(words) = schema else {
            if *schema == Json::Bool(false) {
                self.problem(path, "nothing fits here");
            }
            return;
        };
        for (word, says) in words {
            match word.as_str() {
                "$ref" => {
                    let pointer = says.as_str().and_then(|text| text.strip_prefix('#')).expect("a reference inside");
                    let target = self.root.pointer(pointer).expect("a reference leads somewhere");
                    self.check(value, target, path);
                }
                "type" => {
                    let types: Vec<&str> = says.as_str().map_or_else(
                        || says.as_array().into_iter().flatten().filter_map(Json::as_str).collect(),
                        |only| vec![only],
                    );
                    if !types.iter().any(|name| is(value, name)) {
                        self.problem(path, format!("not of the type {says}"));
                    }
                }
                "const" if value != says => self.problem(path, format!("not {says}")),
                "enum" if !says.as_array().is_some_and(|choices| choices.contains(value)) => {
                    self.problem(path, format!("none of {says}"));
                }
                "allOf" => each(says).iter().for_each(|schema| self.check(value, schema, path)),
                "anyOf" | "oneOf" => {
                    let fitting = each(says).iter().filter(|schema| self.fits(value, schema)).count();
                    if fitting == 0 || (word == "oneOf" && fitting > 1) {
                        self.problem(path, format!("fits {fitting} of several choices"));
                    }
                }
                "not" if self.fits(value, says) => self.problem(path, "fits what it must not"),
                "items" => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(item, says, &format!("{path}/{index}"));
                    }
                }
                // Looked at above, or below with the object as a whole.
                "const"
                | "enum"
                | "not"
                | "additionalProperties"
                | "properties"
                | "patternProperties"
                | "required"
                | "minProperties"
                | "maxProperties" => {}
                "minimum" | "maximum" | "exclusiveMinimum" | "pattern" => {
                    self.check_scalar(value, word, says, path);
                }
                word => assert!(SILENT.contains(&word), "this check does not know `{word}`"),
            }
        }
        if let Json::Object(object) = value {
            self.check_object(object, words, path);
        }
    }

    fn check_scalar(&mut self, value: &Json, word: &str, says: &Json, path: &str) {
        let (number, limit) = (value.as_f64(), says.as_f64().unwrap_or_default());
        let wrong = match word {
            "minimum" => number.is_some_and(|number| number < limit),
            "exclusiveMinimum" => number.is_some_and(|number| number <= limit),
            "maximum" => number.is_some_and(|number| number > limit),
            _ => value.as_str().is_some_and(|text| !matches(says, text)),
        };
        if wrong {
            self.problem(path, format!("{word} is {says}"));
        }
    }

    fn check_object(&mut self, object: &Map<String, Json>, words: &Map<String, Json>, path: &str) {
        for name in words.get("required").map(each).unwrap_or_default() {
            if !object.contains_key(name.as_str().unwrap_or_default()) {
                self.problem(path, format!("{name} is missing"));
            }
        }
        let count = |word: &str| words.get(word).and_then(Json::as_u64).and_then(|count| usize::try_from(count).ok());
        if count("minProperties").is_some_and(|least| object.len() < least)
            || count("maxProperties").is_some_and(|most| object.len() > most)
        {
            self.problem(path, "too many or too few keys");
        }
        let (properties, patterns) = (words.get("properties"), words.get("patternProperties"));
        for (key, value) in object {
            let below = format!("{path}/{key}");
            let by_pattern = patterns.and_then(Json::as_object).into_iter().flatten();
            let by_pattern = by_pattern.filter(|(pattern, _)| matches(&Json::from(pattern.as_str()), key));
            let by_name = properties.and_then(|properties| properties.get(key));
            let schemas: Vec<&Json> = by_name.into_iter().chain(by_pattern.map(|(_, schema)| schema)).collect();
            for schema in &schemas {
                self.check(value, schema, &below);
            }
            match words.get("additionalProperties") {
                Some(Json::Bool(false)) if schemas.is_empty() => self.problem(path, format!("`{key}` is not known")),
                Some(schema) if schemas.is_empty() => self.check(value, schema, &below),
                _ => {}
            }
        }
    }
}

fn each(list: &Json) -> &[Json] {
    list.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn matches(pattern: &Json, text: &str) -> bool {
    let pattern = pattern.as_str().expect("a pattern is a text");
    regex_lite::Regex::new(pattern).expect("a sound pattern").is_match(text)
}

/// A TOML integer is a number too, and `1.0` is one to JSON Schema, but none to the program.
fn is(value: &Json, name: &str) -> bool {
    match name {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => panic!("this check does not know the type `{name}`"),
    }
}
