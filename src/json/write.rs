//! From an expression to its text.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::ser::Formatter;

use super::{LONG, Lists, Poll, VERSION, list_name};
use crate::declare::{Replay, Value};
use crate::error::{Error, Fault};
use crate::limits::show;
use crate::memory::too_little;
use crate::spec::{Expr, Operand, Spec};

/// The canonical text: equal specs give equal texts.
///
/// A real parameter is written as a float in the fewest digits that tell it from every other double, as Python writes
/// it; a count as an integer. Where memory is too little that is an error, and where `poll` says to stop.
pub fn to_json(spec: &Spec, poll: Poll) -> Result<String, Error> {
    written(spec, None, poll)
}

/// The text, in which each long list of real numbers is only named, and these lists.
pub fn to_parts(spec: &Spec, poll: Poll) -> Result<(String, Lists), Error> {
    let found = RefCell::<Found>::default();
    let text = written(spec, Some(&found), poll)?;
    Ok((text, found.into_inner().lists))
}

fn written(spec: &Spec, apart: Apart, poll: Poll) -> Result<String, Error> {
    let mut text = Text::new(poll);
    let mut writer = serde_json::Serializer::with_formatter(&mut text, Canonical);
    // Keys are strings and numbers finite: only the text itself can end it.
    let done = Document(spec, apart).serialize(&mut writer);
    text.finish(done.is_ok())
}

/// An expression as Python would write it, as [`Spec`]'s `Display` does.
pub fn to_python(spec: &Spec, poll: Poll) -> Result<String, Error> {
    let mut text = Text::new(poll);
    let done = fmt::Write::write_fmt(&mut text, format_args!("{spec}"));
    text.finish(done.is_ok())
}

/// A text that grows as far as there is memory, and asks now and then whether to go on.
struct Text<'a> {
    text: String,
    poll: Poll<'a>,
    asked: usize,
    stop: Option<Error>,
}

/// Bytes that are written between two looks for a signal.
const LOOK: usize = 1 << 18;

impl<'a> Text<'a> {
    fn new(poll: Poll<'a>) -> Text<'a> {
        Text { text: String::new(), poll, asked: 0, stop: None }
    }

    fn push(&mut self, more: &str) -> Result<(), Error> {
        if self.text.len() - self.asked > LOOK {
            self.asked = self.text.len();
            if !(self.poll)() {
                let stopped = Error::value("", "a schedule", "writing it was stopped");
                return Err(Error { fault: Fault::Stopped, ..stopped });
            }
        }
        if self.text.capacity() - self.text.len() < more.len() {
            self.text.try_reserve_exact(more.len().max(self.text.len() / 2)).map_err(too_little)?;
        }
        self.text.push_str(more);
        Ok(())
    }

    fn finish(self, is_done: bool) -> Result<String, Error> {
        match self.stop {
            Some(error) => Err(error),
            None if is_done => Ok(self.text),
            None => unreachable!("what a schedule holds can be written"),
        }
    }
}

impl fmt::Write for Text<'_> {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        self.push(more).map_err(|error| {
            self.stop = Some(error);
            fmt::Error
        })
    }
}

impl io::Write for Text<'_> {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        let text = std::str::from_utf8(more).map_err(io::Error::other)?;
        fmt::Write::write_str(self, text).map_err(io::Error::other)?;
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Compact, with floats of our own: how serde_json writes an exponent has changed before.
struct Canonical;

impl Formatter for Canonical {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, x: f64) -> io::Result<()> {
        writer.write_all(show(x).as_bytes())
    }
}

/// Where long lists go, if not into the text.
type Apart<'a> = Option<&'a RefCell<Found>>;

/// The long lists of an expression. One that several parts share is there once.
#[derive(Default)]
struct Found {
    lists: Lists,
    places: HashMap<*const Vec<f64>, usize>,
}

impl Found {
    fn place_of(&mut self, list: &Arc<Vec<f64>>) -> usize {
        *self.places.entry(Arc::as_ptr(list)).or_insert_with(|| {
            self.lists.push(Arc::clone(list));
            self.lists.len() - 1
        })
    }
}

struct Document<'a>(&'a Spec, Apart<'a>);
struct Part<'a>(&'a Spec, Apart<'a>);
struct ReplayPart<'a>(&'a Replay, Apart<'a>);
struct Sides<'a>(&'a [Operand], Apart<'a>);
struct Side<'a>(&'a Operand, Apart<'a>);
struct Argument<'a>(&'a Value, Apart<'a>);

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("glidepath", &VERSION)?;
        map.serialize_entry("schedule", &Part(self.0, self.1))?;
        map.end()
    }
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("kind", self.0.expr().kind())?;
        write_keys(self.0.expr(), self.1, &mut map)?;
        map.end()
    }
}

impl Serialize for ReplayPart<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("kind", self.0.name())?;
        write_replay(self.0, self.1, &mut map)?;
        map.end()
    }
}

fn write_keys<M: SerializeMap>(expr: &Expr, apart: Apart, map: &mut M) -> Result<(), M::Error> {
    match expr {
        Expr::Leaf(curve) => {
            curve.arguments().iter().try_for_each(|(name, value)| map.serialize_entry(name, &Argument(value, apart)))
        }
        Expr::Replay(replay) => write_replay(replay, apart, map),
        Expr::Then(parts, last) => {
            let schedules: Vec<Part> =
                parts.iter().map(|(part, _)| part).chain([last]).map(|part| Part(part, apart)).collect();
            map.serialize_entry("parts", &schedules)?;
            map.serialize_entry("at", &starts(parts))
        }
        Expr::Sum(operands) | Expr::Product(operands) => map.serialize_entry("of", &Sides(operands, apart)),
        Expr::Combined(of, combinator) => {
            map.serialize_entry("of", &Part(of, apart))?;
            combinator
                .arguments()
                .iter()
                .try_for_each(|(name, value)| map.serialize_entry(name, &Argument(value, apart)))
        }
    }
}

fn write_replay<M: SerializeMap>(replay: &Replay, apart: Apart, map: &mut M) -> Result<(), M::Error> {
    let params = replay.params();
    params
        .iter()
        .zip(replay.arguments())
        .try_for_each(|(p, value)| map.serialize_entry(p.name, &Argument(value, apart)))
}

fn starts(parts: &[(Spec, u64)]) -> Vec<u64> {
    let next = |start: &mut u64, length: u64| {
        *start += length;
        Some(*start)
    };
    parts.iter().map(|(_, length)| *length).scan(0, next).collect()
}

impl Serialize for Sides<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter().map(|side| Side(side, self.1)))
    }
}

impl Serialize for Side<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Operand::Number(x) => to.serialize_f64(*x),
            Operand::Schedule(spec) => Part(spec, self.1).serialize(to),
        }
    }
}

impl Serialize for Argument<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Real(x) => to.serialize_f64(*x),
            Value::Count(n) => to.serialize_u64(*n),
            Value::Flag(flag) => to.serialize_bool(*flag),
            Value::Reals(list) => match self.1 {
                Some(lists) if list.len() >= LONG => to.collect_str(&list_name(lists.borrow_mut().place_of(list))),
                _ => list[..].serialize(to),
            },
            Value::Counts(list) => list[..].serialize(to),
            Value::Int(n) => to.serialize_i64(*n),
            Value::Ints(list) => list[..].serialize(to),
            Value::Text(word) => to.serialize_str(word),
            Value::Replays(list) => to.collect_seq(list.iter().map(|replay| ReplayPart(replay, self.1))),
            Value::Absent => to.serialize_none(),
        }
    }
}
