//! `schema`: the JSON Schema of the scenario language, as editors want it.

use crate::exit::Exit;

/// The schema, generated from the types of the language; a test holds that it is up to date.
pub(super) const SCHEMA: &str = include_str!("../../scenarios/scenario.schema.json");

/// Prints the schema.
pub(super) fn run() -> Exit {
    super::console::result(SCHEMA);
    Exit::Done
}
