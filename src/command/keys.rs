//! `list keys`: what can be written where, read from the schema of the language, so that it is never out of date.

use super::schema::SCHEMA;
use crate::diagnostic::nearest;
use crate::output::text::wrap;
use serde_json::{Map, Value};
use std::fmt::Write as _;

/// A part of the schema.
type Part<'s> = &'s Value;

/// The language.
struct Language {
    schema: Value,
}

/// The page about `path`: a kind of node or a section, and from there the names of keys, with dots between them; all kinds
/// and sections without one.
///
/// # Errors
/// What there is instead, if there is no such thing.
pub(super) fn page(path: Option<&str>, width: usize) -> Result<String, String> {
    let language = Language { schema: serde_json::from_str(SCHEMA).unwrap_or_default() };
    let Some(path) = path else {
        let line = |(name, part): (String, Part<'_>)| format!("{name}\n{}", paragraph(&language.about(part), width));
        return Ok(language.places().into_iter().map(line).collect());
    };
    let mut names = path.split('.');
    let places = language.places();
    let first = names.next().unwrap_or_default();
    let mut here = find(first, places.iter().map(|(name, part)| (name.as_str(), *part)))?;
    for name in names {
        let keys = language.keys(here);
        here = find(name, keys.iter().map(|(key, part, _)| (*key, *part)))?;
    }
    let mut text = paragraph(&language.about(here), width);
    let keys = language.keys(here);
    if keys.is_empty() {
        let _ = writeln!(text, "{path} = {}", language.value(here));
    }
    for (key, part, is_required) in keys {
        let required = if is_required { "  (required)" } else { "" };
        let _ = writeln!(text, "{key} = {}{required}", language.value(part));
        text.push_str(&paragraph(&language.about(part), width));
    }
    Ok(text)
}

fn find<'s>(name: &str, known: impl Iterator<Item = (&'s str, Part<'s>)> + Clone) -> Result<Part<'s>, String> {
    if let Some((_, part)) = known.clone().find(|(known, _)| *known == name) {
        return Ok(part);
    }
    let names = known.map(|(name, _)| name);
    Err(match nearest(name, names.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", names.collect::<Vec<_>>().join(", ")),
    })
}

fn paragraph(words: &str, width: usize) -> String {
    let lines = wrap(words, width.saturating_sub(4));
    lines.iter().flat_map(|line| ["    ", line, "\n"]).collect()
}

/// The parts of which this one is made, or among which there is a choice, or which may come several times.
fn inside(part: Part<'_>) -> Vec<Part<'_>> {
    let lists = ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|key| part.get(key)?.as_array()).flatten();
    let named = part.get("patternProperties").and_then(Value::as_object).into_iter().flat_map(Map::values);
    lists.chain(named).chain(part.get("items")).collect()
}

impl Language {
    /// What a part is, in a line.
    fn about(&self, part: Part<'_>) -> String {
        let of_kind = part.pointer("/properties/kind/description");
        let own = of_kind.or_else(|| part.get("description"));
        let words = own.or_else(|| self.real(part).get("description")).and_then(Value::as_str);
        words.unwrap_or_default().replace('\n', " ")
    }

    /// The sections of a file and the kinds of nodes.
    fn places(&self) -> Vec<(String, Part<'_>)> {
        let sections = self.schema["properties"].as_object().into_iter().flatten();
        let sections = sections.filter(|(name, _)| *name != "pipeline").map(|(name, part)| (name.clone(), part));
        let kinds = self.tables(&self.schema["properties"]["pipeline"]).into_iter().filter_map(|part| {
            let kind = part.pointer("/properties/kind/const")?.as_str()?;
            Some((kind.to_owned(), part))
        });
        sections.chain(kinds).collect()
    }

    /// What stands behind a reference, if it is one.
    fn real<'s>(&'s self, part: Part<'s>) -> Part<'s> {
        let name = part.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix("#"));
        name.and_then(|path| self.schema.pointer(path)).unwrap_or(part)
    }

    /// The tables that may be written for a part.
    fn tables<'s>(&'s self, part: Part<'s>) -> Vec<Part<'s>> {
        let part = self.real(part);
        if part.get("properties").is_some_and(|keys| keys.as_object().is_some_and(|keys| !keys.is_empty())) {
            return vec![part];
        }
        inside(part).into_iter().flat_map(|part| self.tables(part)).collect()
    }

    /// The keys of a part, each with its own part, and whether it must be there.
    fn keys<'s>(&'s self, part: Part<'s>) -> Vec<(&'s str, Part<'s>, bool)> {
        let mut keys: Vec<(&str, Part<'_>, bool)> = Vec::new();
        for table in self.tables(part) {
            let required = table.get("required").and_then(Value::as_array);
            for (key, part) in table["properties"].as_object().into_iter().flatten() {
                let is_required = required.is_some_and(|names| names.iter().any(|name| name == key));
                if keys.iter().all(|(known, ..)| known != key) {
                    keys.push((key, part, is_required));
                }
            }
        }
        keys
    }

    /// What can be written for a part, in few words.
    fn value(&self, part: Part<'_>) -> String {
        let part = self.real(part);
        if let Some(example) = part.pointer("/examples/0").or_else(|| part.get("const")) {
            return example.to_string();
        }
        match part.get("type").and_then(Value::as_str) {
            Some("boolean") => return "true | false".to_owned(),
            Some("integer") => return "a whole number".to_owned(),
            Some("number") => return "a number".to_owned(),
            Some("string") => return "text".to_owned(),
            Some("array") => {
                return part.get("items").map_or("[]".to_owned(), |item| format!("[{}]", self.value(item)));
            }
            Some("object") => {
                let keys: Vec<&str> = self.keys(part).into_iter().map(|(key, ..)| key).collect();
                let more = if keys.len() > 4 { ", ..." } else { "" };
                return format!("{{ {}{more} }}", keys[..keys.len().min(4)].join(", "));
            }
            _ => {}
        }
        let mut choices: Vec<String> = inside(part).into_iter().map(|part| self.value(part)).collect();
        choices.dedup();
        choices.join(" | ")
    }
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn every_kind_and_every_section_has_a_page_that_names_its_keys() {
        let all = page(None, 80).expect("a list");
        for name in ["sqs", "lambda", "workers", "fault", "traffic", "run", "expect"] {
            assert!(all.lines().any(|line| line == name), "{name}: {all}");
            assert!(page(Some(name), 80).expect("a page").contains(" = "), "{name}");
        }
        let queue = page(Some("sqs"), 80).expect("a page");
        for said in ["visibility_timeout = \"30s\"\n", "dead_letter = { max_receive_count, queue }\n", "a mailbox"] {
            assert!(queue.contains(said) != (said == "a mailbox"), "{said}: {queue}");
        }
    }

    #[test]
    fn a_path_leads_to_the_keys_of_a_table_and_to_the_words_that_a_key_takes() {
        let calls = page(Some("service.calls.retries"), 80).expect("a page");
        assert!(calls.contains("jitter = \"none\" | \"full\" | \"equal\" | \"decorrelated\"\n"), "{calls}");
        assert!(page(Some("sqs.dead_letter"), 80).expect("a page").contains("queue = text  (required)\n"));
        assert!(page(Some("sqs.delay"), 80).expect("a page").contains("sqs.delay = \"30s\"\n"));
    }

    #[test]
    fn who_errs_is_told_what_there_is() {
        assert_eq!(page(Some("sqss"), 80).expect_err("no"), "did you mean `sqs`?");
        assert!(page(Some("sqs.visibility"), 80).expect_err("no").contains("visibility_timeout"));
        assert!(page(Some("xyzzy"), 80).expect_err("no").starts_with("there are "));
    }
}
