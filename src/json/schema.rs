//! The JSON Schema of the text form, from the same tables as everything else.

use serde_json::{Map, Value as Json, json};

use super::{JOINERS, Slot, VERSION};
use crate::combinator::COMBINATOR_KINDS;
use crate::curve::LEAF_KINDS;
use crate::declare::{Param, ParamType, Value};
use crate::dialects::REPLAY_KINDS;
use crate::limits::{CountLimit, MAX_STEP, RealLimit};

/// A JSON Schema (draft 2020-12) of the texts that `from_json` reads, for editors and validators.
///
/// A schema cannot say everything: that milestones increase, that a repeated part has an end, that a count is written
/// without a decimal point, how deep parts may be nested. `from_json` does.
pub fn schema() -> String {
    let mut kinds = Map::new();
    let shapes = LEAF_KINDS.iter().map(|kind| (kind.name, kind.doc, (kind.params)()));
    let replays = REPLAY_KINDS.iter().map(|kind| (kind.name, kind.doc, (kind.params)()));
    for (name, doc, params) in shapes.chain(replays) {
        let keys = params.iter().map(|param| (param.name, of_param(param), param.default.is_none()));
        kinds.insert(name.into(), object(name, summary(doc), keys));
    }
    for joiner in &JOINERS {
        let keys = joiner.keys.iter().map(|&(name, slot)| (name, of_slot(slot), !matches!(slot, Slot::Starts)));
        kinds.insert(joiner.kind.into(), object(joiner.kind, joiner.about, keys));
    }
    for kind in COMBINATOR_KINDS {
        let params = (kind.params)();
        let keys = params.iter().map(|param| (param.name, of_param(param), param.default.is_none()));
        let keys = std::iter::once(("of", json!({"$ref": "#/$defs/schedule"}), true)).chain(keys);
        kinds.insert(kind.name.into(), object(kind.name, summary(kind.doc), keys));
    }
    let one_of: Vec<Json> = kinds.keys().map(|kind| json!({"$ref": format!("#/$defs/{kind}")})).collect();
    let mut defs = kinds;
    defs.insert("schedule".into(), json!({"type": "object", "required": ["kind"], "oneOf": one_of}));
    let whole = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "glidepath schedule",
        "description": "A learning-rate schedule: a function of the step.",
        "type": "object",
        "properties": {
            "glidepath": {"description": "The version of the text form.", "const": VERSION},
            "$schema": {"description": "Where an editor finds this schema. Not part of the schedule.", "type": "string"},
            "about": {"description": "Where the schedule comes from. Not part of it.", "type": "string"},
            "schedule": {"$ref": "#/$defs/schedule"},
        },
        "required": ["glidepath", "schedule"],
        "additionalProperties": false,
        "$defs": defs,
    });
    format!("{whole:#}")
}

/// The first line of a leaf's documentation: its formula.
fn summary(doc: &str) -> &str {
    doc.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()
}

fn object(kind: &str, about: &str, keys: impl Iterator<Item = (&'static str, Json, bool)>) -> Json {
    let mut properties = Map::from_iter([("kind".to_string(), json!({"const": kind}))]);
    let mut required = vec!["kind"];
    for (name, schema, is_required) in keys {
        properties.insert(name.into(), schema);
        if is_required {
            required.push(name);
        }
    }
    json!({
        "description": about,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn of_param(param: &Param) -> Json {
    let mut schema = match param.kind {
        ParamType::Real(limit) => of_real(limit),
        ParamType::Count(limit) => of_count(limit),
        ParamType::Flag => json!({"type": "boolean"}),
        ParamType::Reals(limit) => json!({"type": "array", "items": of_real(limit), "minItems": 1}),
        ParamType::Counts(limit) => json!({"type": "array", "items": of_count(limit)}),
        ParamType::Double(limit) => of_real(limit),
        ParamType::Doubles(limit) => json!({"type": "array", "items": of_real(limit)}),
        ParamType::Int => of_int(),
        ParamType::Ints => json!({"type": "array", "items": of_int()}),
        ParamType::Text(words) => json!({"type": "string", "enum": words}),
        ParamType::Replays => json!({"type": "array", "items": {"$ref": "#/$defs/schedule"}, "minItems": 1}),
    };
    match &param.default {
        Some(Value::Absent) => or_null(schema),
        Some(default) => {
            schema["default"] = of_default(default);
            schema
        }
        None => schema,
    }
}

fn of_default(value: &Value) -> Json {
    match value {
        Value::Real(x) => json!(x),
        Value::Count(n) => json!(n),
        Value::Flag(flag) => json!(flag),
        Value::Reals(list) => json!(list[..]),
        Value::Counts(list) => json!(list[..]),
        Value::Int(n) => json!(n),
        Value::Ints(list) => json!(list[..]),
        Value::Text(word) => json!(**word),
        Value::Replays(_) => unreachable!("a list of replays is no parameter's default"),
        Value::Absent => Json::Null,
    }
}

fn of_slot(slot: Slot) -> Json {
    let schedule = || json!({"$ref": "#/$defs/schedule"});
    let start = || or_null(json!({"type": "integer", "minimum": 1, "maximum": MAX_STEP}));
    match slot {
        Slot::Parts => json!({"type": "array", "items": schedule(), "minItems": 2}),
        Slot::Starts => or_null(json!({"type": "array", "items": start()})),
        Slot::Operands => {
            json!({"type": "array", "items": {"anyOf": [{"type": "number"}, schedule()]}, "minItems": 2})
        }
    }
}

fn of_real(limit: RealLimit) -> Json {
    let mut schema = json!({"type": "number", "description": limit.rule});
    if limit.low > f64::MIN {
        schema[if limit.above_low { "exclusiveMinimum" } else { "minimum" }] = json!(limit.low);
    }
    if limit.high < f64::MAX {
        schema["maximum"] = json!(limit.high);
    }
    schema
}

fn of_count(limit: CountLimit) -> Json {
    json!({"type": "integer", "minimum": limit.low, "maximum": MAX_STEP, "description": limit.rule})
}

fn of_int() -> Json {
    json!({"type": "integer", "minimum": i64::MIN, "maximum": i64::MAX})
}

/// The same schema, but null is allowed too, and is the default.
fn or_null(mut schema: Json) -> Json {
    schema["type"] = json!([schema["type"], "null"]);
    if let Some(words) = schema.get_mut("enum").and_then(Json::as_array_mut) {
        words.push(Json::Null);
    }
    schema["default"] = Json::Null;
    schema
}
