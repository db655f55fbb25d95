//! The schema put together: sections of the file here, everything else from the types.

use crate::components::node_schemas;
use crate::scenario::{ExpectSpec, FaultSpec, ObjectiveSpec, RunSpec};
use crate::site::NAME_MAX_CHARS;
use crate::traffic::{TrafficSpec, WorkSpec};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value as Json, json};
use std::borrow::Cow;

/// A scenario file.
struct Scenario;

impl JsonSchema for Scenario {
    fn schema_name() -> Cow<'static, str> {
        "surgetank scenario".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let node = node(generator);
        let pipeline =
            json!({ "description": "One design: its nodes by name.", "patternProperties": { (name()): node } });
        json_schema!({
            "description": "A question about designs under load, with everything that is needed to answer it.",
            "type": "object",
            "properties": {
                "title": { "type": "string", "description": "What the scenario is called." },
                "question": { "type": "string", "description": "What it asks." },
                "extends": {
                    "type": "string",
                    "description": "A file beside this one, or in a folder below, from which everything is taken that is not written here.",
                },
                "run": generator.subschema_for::<RunSpec>(),
                "traffic": named("What arrives, and when: each flow by its name.", generator.subschema_for::<TrafficSpec>().as_value()),
                "work": named("What jobs need of a server: each kind of work by its name.", generator.subschema_for::<WorkSpec>().as_value()),
                "objective": generator.subschema_for::<ObjectiveSpec>(),
                "case": named("Variations of this scenario that are run beside each other.", &case()),
                "pipeline": named("The designs that are compared.", &closed(pipeline)),
                "fault": list("What goes wrong on purpose, and when.", &generator.subschema_for::<FaultSpec>()),
                "expect": list("What must come out; if not, the run ends with exit code 99.", &generator.subschema_for::<ExpectSpec>()),
            },
            "additionalProperties": false,
        })
    }
}

/// What can be the name of a node, pipeline, case, flow or work.
fn name() -> String {
    format!("^[a-z][a-z0-9_-]{{0,{}}}$", NAME_MAX_CHARS - 1)
}

fn closed(mut schema: Json) -> Json {
    schema["type"] = "object".into();
    schema["additionalProperties"] = false.into();
    schema
}

/// A section of tables with names of their own.
fn named(what: &str, item: &Json) -> Json {
    closed(json!({ "description": what, "patternProperties": { (name()): item } }))
}

fn list(what: &str, item: &Schema) -> Json {
    json!({ "description": what, "type": "array", "items": item })
}

fn case() -> Json {
    let properties = json!({
        "title": { "type": "string", "description": "What the case is called." },
        "set": {
            "type": "object",
            "description": "What is different in this case: values by their path, as in \"traffic.uploads.rate\".",
        },
    });
    closed(json!({ "properties": properties }))
}

/// A node: what may stand in it depends on its kind. Without a kind it is a part of a node of the file that is extended.
fn node(generator: &mut SchemaGenerator) -> Json {
    let mut kinds = Vec::new();
    for (kind, about, spec) in node_schemas(generator) {
        let mut schema = Json::from(spec);
        schema["title"] = kind.into();
        schema["properties"]["kind"] = json!({ "const": kind, "description": about });
        schema["required"] = json!(["kind"]);
        kinds.push(schema);
    }
    kinds.push(
        json!({ "title": "changes a node of the extended file", "type": "object", "not": { "required": ["kind"] } }),
    );
    json!({ "description": "One part of the design; `kind` says what it is.", "oneOf": kinds })
}

/// The whole schema.
pub(super) fn schema() -> Json {
    let generator = SchemaSettings::draft07().into_generator();
    let mut schema = Json::from(generator.into_root_schema_for::<Scenario>());
    without_null(&mut schema);
    schema
}

/// TOML has no null: what may be left out is left out.
fn without_null(schema: &mut Json) {
    match schema {
        Json::Array(items) => items.iter_mut().for_each(without_null),
        Json::Object(object) => {
            object.values_mut().for_each(without_null);
            if let Some(Json::Array(types)) = object.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    object.insert("type".to_owned(), only);
                }
            }
            if let Some(Json::Array(choices)) = object.get_mut("enum") {
                choices.retain(|choice| !choice.is_null());
            }
            let is_null = |choice: &Json| *choice == json!({ "type": "null" });
            if let Some(Json::Array(choices)) = object.get_mut("anyOf")
                && choices.iter().any(is_null)
            {
                choices.retain(|choice| !is_null(choice));
                let choices = std::mem::take(choices);
                object.remove("anyOf");
                // Beside other words, a reference counts only inside of `allOf`.
                let key = if choices.len() == 1 { "allOf" } else { "anyOf" };
                object.insert(key.to_owned(), Json::Array(choices));
            }
        }
        _ => {}
    }
}
