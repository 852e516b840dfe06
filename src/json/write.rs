//! From an expression to its text.

use std::io::{self, Write};

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::ser::Formatter;

use super::VERSION;
use crate::limits::show;
use crate::shape::Value;
use crate::spec::{Expr, Operand, Spec};

/// The canonical text: equal specs give equal texts.
///
/// A real parameter is written as a float in the fewest digits that tell it from every other double, as Python writes
/// it; a count as an integer.
pub fn to_json(spec: &Spec) -> String {
    let mut text = Vec::new();
    let mut writer = serde_json::Serializer::with_formatter(&mut text, Canonical);
    Document(spec).serialize(&mut writer).expect("keys are strings and numbers finite");
    String::from_utf8(text).expect("JSON is UTF-8")
}

/// Compact, with floats of our own: how serde_json writes an exponent has changed before.
struct Canonical;

impl Formatter for Canonical {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, x: f64) -> io::Result<()> {
        writer.write_all(show(x).as_bytes())
    }
}

struct Document<'a>(&'a Spec);
struct Text<'a>(&'a Spec);
struct Side<'a>(&'a Operand);
struct Argument<'a>(&'a Value);

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("glidepath", &VERSION)?;
        map.serialize_entry("schedule", &Text(self.0))?;
        map.end()
    }
}

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("kind", self.0.expr().kind())?;
        write_keys(self.0.expr(), &mut map)?;
        map.end()
    }
}

fn write_keys<M: SerializeMap>(expr: &Expr, map: &mut M) -> Result<(), M::Error> {
    match expr {
        Expr::Leaf(curve) => {
            curve.arguments().iter().try_for_each(|(name, value)| map.serialize_entry(name, &Argument(value)))
        }
        Expr::Replay(replay) => {
            let params = replay.params();
            params
                .iter()
                .zip(replay.arguments())
                .try_for_each(|(p, value)| map.serialize_entry(p.name, &Argument(value)))
        }
        Expr::Then(parts, last) => {
            let schedules: Vec<Text> = parts.iter().map(|(part, _)| part).chain([last]).map(Text).collect();
            map.serialize_entry("parts", &schedules)?;
            map.serialize_entry("at", &starts(parts))
        }
        Expr::Sum(operands) | Expr::Product(operands) => {
            map.serialize_entry("of", &operands.iter().map(Side).collect::<Vec<_>>())
        }
        Expr::Quotient(of, by) => {
            map.serialize_entry("of", &Text(of))?;
            map.serialize_entry("by", by)
        }
        Expr::Clamp(of, low, high) => {
            map.serialize_entry("of", &Text(of))?;
            map.serialize_entry("low", low)?;
            map.serialize_entry("high", high)
        }
        Expr::Delay(of, n) => write_of(map, of, "n", n),
        Expr::Repeat(of, times) => write_of(map, of, "times", times),
        Expr::Hold(of, every) => write_of(map, of, "every", every),
        Expr::ByEpoch(of, n) => write_of(map, of, "steps_per_epoch", n),
    }
}

fn write_of<M: SerializeMap>(map: &mut M, of: &Spec, key: &str, value: &impl Serialize) -> Result<(), M::Error> {
    map.serialize_entry("of", &Text(of))?;
    map.serialize_entry(key, value)
}

fn starts(parts: &[(Spec, u64)]) -> Vec<u64> {
    let next = |start: &mut u64, length: u64| {
        *start += length;
        Some(*start)
    };
    parts.iter().map(|(_, length)| *length).scan(0, next).collect()
}

impl Serialize for Side<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Operand::Number(x) => to.serialize_f64(*x),
            Operand::Schedule(spec) => Text(spec).serialize(to),
        }
    }
}

impl Serialize for Argument<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Real(x) => to.serialize_f64(*x),
            Value::Count(n) => to.serialize_u64(*n),
            Value::Flag(flag) => to.serialize_bool(*flag),
            Value::Reals(list) => list[..].serialize(to),
            Value::Counts(list) => list[..].serialize(to),
            Value::Int(n) => to.serialize_i64(*n),
            Value::Ints(list) => list[..].serialize(to),
            Value::Text(word) => to.serialize_str(word),
            Value::Schedules(list) => to.collect_seq(list.iter().map(Text)),
            Value::Absent => to.serialize_none(),
        }
    }
}
