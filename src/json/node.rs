//! A JSON text as a tree. Unlike `serde_json::Value` it refuses duplicate keys, deep nesting, and more parts than a schedule
//! can have.
//!
//! ```text
//! first   a look at the bytes: how deep brackets are nested, how long the longest string or number is
//! then    serde_json's parser, with a visitor that counts as it builds, and asks for memory where a length is the text's
//! ```
//! A list of numbers, which may be of any length, takes 9 bytes a number. Everything else is bounded by the number of parts
//! that an expression may have, and so the whole takes a small multiple of the text at most, or is refused early.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::LazyLock;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::{JOINERS, Poll, list_of};
use crate::combinator::COMBINATOR_KINDS;
use crate::curve::LEAF_KINDS;
use crate::dialects::REPLAY_KINDS;
use crate::error::{Error, Fault, brief};
use crate::limits::{MAX_DEPTH, MAX_PARTS, show};
use crate::memory::{can_have, push, reserved, too_little};

/// The deepest that brackets may be nested: two a level (an object and its list of parts), the text around them, and
/// the list of a leaf. A reader's stack grows with this, by about 1 KiB each.
const DEEPEST: usize = 2 * MAX_DEPTH as usize + 2;
/// Values, or bytes, that are read between two looks for a signal.
const LOOK: usize = 1 << 20;
/// The most keys of one object. No kind has so many. With fewer keys, the error names the wrong one.
const MOST_KEYS: usize = 64;

/// A value in a JSON text.
#[derive(Debug, PartialEq)]
pub enum JsonValue {
    /// `null`.
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// An integer literal from 0 to 2**64 - 1.
    Count(u64),
    /// An integer literal below 0.
    Negative(i64),
    /// Any other number; integers that are longer still among them.
    Real(f64),
    /// A string.
    Text(Box<str>),
    /// A list of nothing but numbers, one at least.
    Numbers(Box<Numbers>),
    /// Any other list.
    List(Box<[JsonValue]>),
    /// An object; no key stands twice.
    Object(Box<[(String, JsonValue)]>),
}

/// Numbers, in 9 bytes each.
#[derive(Debug, Default, PartialEq)]
pub struct Numbers {
    bits: Vec<u64>,
    kinds: Vec<Literal>,
}

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Literal {
    Count,
    Negative,
    Real,
}

impl Numbers {
    fn push(&mut self, node: &JsonValue) -> Result<(), Error> {
        let (bits, kind) = match *node {
            JsonValue::Count(n) => (n, Literal::Count),
            JsonValue::Negative(n) => (n as u64, Literal::Negative),
            JsonValue::Real(x) => (x.to_bits(), Literal::Real),
            _ => unreachable!("only numbers are pushed here"),
        };
        push(&mut self.bits, bits)?;
        push(&mut self.kinds, kind)
    }

    fn reals(list: &[f64]) -> Result<Numbers, Error> {
        let mut numbers = Numbers { bits: reserved(list.len())?, kinds: reserved(list.len())? };
        numbers.bits.extend(list.iter().map(|x| x.to_bits()));
        numbers.kinds.resize(list.len(), Literal::Real);
        Ok(numbers)
    }

    /// The number at a place.
    fn get(&self, i: usize) -> JsonValue {
        match self.kinds[i] {
            Literal::Count => JsonValue::Count(self.bits[i]),
            Literal::Negative => JsonValue::Negative(self.bits[i] as i64),
            Literal::Real => JsonValue::Real(f64::from_bits(self.bits[i])),
        }
    }

    /// All of them, each as a value of its own.
    pub fn list(self) -> Result<Vec<JsonValue>, Error> {
        let mut list = reserved(self.len())?;
        (0..self.len()).for_each(|i| list.push(self.get(i)));
        Ok(list)
    }

    /// How many.
    fn len(&self) -> usize {
        self.bits.len()
    }

    /// All of them, made by `read`, in the place where they are; or the first refusal, with its index.
    pub fn read_as<T>(
        mut self,
        read: impl Fn(&JsonValue) -> Result<T, Error>,
        bits: impl Fn(T) -> u64,
        back: impl Fn(u64) -> T,
    ) -> Result<Vec<T>, Error> {
        for i in 0..self.len() {
            self.bits[i] = bits(read(&self.get(i)).map_err(|e| e.within(&format!("[{i}]")))?);
        }
        self.bits.shrink_to_fit();
        // Of one size, so that no new list is made.
        Ok(self.bits.into_iter().map(back).collect())
    }
}

impl JsonValue {
    /// Parses a whole text, which may name lists.
    pub fn parse(text: &str, lists: &[Vec<f64>], poll: Poll) -> Result<JsonValue, Error> {
        let longest = look_over(text, poll)?;
        // What serde_json copies, without asking: a string with escapes, or a long number, while its buffer grows.
        can_have(if longest > LOOK { 3 * longest } else { 0 })?;
        let reading = Reading {
            poll,
            lists,
            values: Cell::new(0),
            objects: Cell::new(0),
            others: Cell::new(0),
            most_keys: *MOST_KEYS_OF_A_PART,
            stop: RefCell::new(None),
        };
        let mut reader = serde_json::Deserializer::from_str(text);
        reader.disable_recursion_limit();
        let read = Builder(&reading).deserialize(&mut reader).and_then(|node| reader.end().map(|()| node));
        read.map_err(|error| reading.stop.take().unwrap_or_else(|| worded(&error)))
    }

    /// As its writer would recognise it.
    pub fn shown(&self) -> String {
        match self {
            JsonValue::Null => "null".into(),
            JsonValue::Flag(flag) => flag.to_string(),
            JsonValue::Count(n) => n.to_string(),
            JsonValue::Negative(n) => n.to_string(),
            JsonValue::Real(x) => show(*x),
            JsonValue::Text(text) => quoted(text),
            JsonValue::Numbers(_) | JsonValue::List(_) => "a list".into(),
            JsonValue::Object(_) => "an object".into(),
        }
    }
}

/// A string in quotes, its end left out where it is long.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", brief(text).escape_debug())
}

/// Refuses brackets that are nested too deep, in constant memory, and returns the length of the longest string or number.
/// The parser checks whether brackets match.
fn look_over(text: &str, poll: Poll) -> Result<usize, Error> {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    let (mut longest, mut since) = (0, 0);
    for (i, byte) in text.bytes().enumerate() {
        if i % LOOK == LOOK - 1 {
            go_on(poll)?;
        }
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => {
                longest = longest.max(i - since);
                (since, in_string) = (i, !in_string);
            }
            _ if in_string => (),
            b'[' | b'{' if depth == DEEPEST => {
                let before = &text[..i];
                let line = before.matches('\n').count() + 1;
                let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1) + 1;
                let got = format!("a bracket within {DEEPEST} others at line {line} column {column}");
                let rule = format!("brackets may be nested at most {DEEPEST} deep");
                return Err(Error::value("$", got, rule).or("Chains of `then`, sums and products may be flat lists."));
            }
            b'[' | b'{' | b']' | b'}' | b',' | b':' => {
                longest = longest.max(i - since);
                since = i;
                match byte {
                    b'[' | b'{' => depth += 1,
                    b']' | b'}' => depth = depth.saturating_sub(1),
                    _ => (),
                }
            }
            _ => (),
        }
    }
    Ok(longest.max(text.len() - since))
}

fn go_on(poll: Poll) -> Result<(), Error> {
    if poll() {
        Ok(())
    } else {
        Err(Error { fault: Fault::Stopped, ..Error::value("$", "a text", "reading it was stopped") })
    }
}

/// The most keys that a part has: its kind and its parameters.
static MOST_KEYS_OF_A_PART: LazyLock<usize> = LazyLock::new(|| {
    let shapes = LEAF_KINDS.iter().map(|kind| (kind.params)().len());
    let replays = REPLAY_KINDS.iter().map(|kind| (kind.params)().len());
    let joiners = JOINERS.iter().map(|joiner| joiner.keys.len());
    let combinators = COMBINATOR_KINDS.iter().map(|kind| 1 + (kind.params)().len());
    1 + shapes.chain(replays).chain(joiners).chain(combinators).max().unwrap_or(0)
});

fn worded(error: &serde_json::Error) -> Error {
    let place = format!(" at line {} column {}", error.line(), error.column());
    let message = error.to_string();
    let what = message.strip_suffix(&place).unwrap_or(&message);
    if error.is_data() {
        return Error::value("$", format!("{what}{place}"), "a key may stand in an object once")
            .or("Drop one of the two.");
    }
    let got = format!("bad syntax{place} ({what})");
    let way_out = match (error.line(), error.column()) {
        (1, 0 | 1) => "It starts with `{`: of a file pass what is in it, without a byte order mark.",
        _ if what.contains("out of range") => "A double ends at 1.8e308.",
        _ => "NaN and Infinity are not JSON, nor are comments.",
    };
    Error::value("$", got, "it must be one JSON text").or(way_out)
}

/// What is known of a text while it is read.
struct Reading<'a> {
    poll: Poll<'a>,
    lists: &'a [Vec<f64>],
    values: Cell<usize>,
    objects: Cell<u64>,
    /// Keys, and items of lists that hold other things than numbers.
    others: Cell<u64>,
    most_keys: usize,
    /// Why the reading ended, where serde_json cannot say it.
    stop: RefCell<Option<Error>>,
}

impl Reading<'_> {
    fn check<T, E: serde::de::Error>(&self, checked: Result<T, Error>) -> Result<T, E> {
        checked.map_err(|error| {
            let short = E::custom(&error.rule);
            self.stop.replace(Some(error));
            short
        })
    }

    fn value(&self) -> Result<(), Error> {
        self.values.set(self.values.get() + 1);
        if self.values.get().is_multiple_of(LOOK) { go_on(self.poll) } else { Ok(()) }
    }

    /// Each part is an object, and the text around them is one more.
    fn object(&self) -> Result<(), Error> {
        self.objects.set(self.objects.get() + 1);
        if self.objects.get() <= MAX_PARTS + 1 {
            return Ok(());
        }
        let rule = format!("an expression may have at most {MAX_PARTS} parts");
        Err(Error::value("$", format!("more than {MAX_PARTS} parts"), rule)
            .or("Work the values out with `array` and wrap them with `table`, or use `repeat`."))
    }

    /// A key, or an item that is no number: a part has its keys, stands in a list, and has a start in another.
    fn other(&self) -> Result<(), Error> {
        self.others.set(self.others.get() + 1);
        let most = (MAX_PARTS + 2) * (self.most_keys as u64 + 2);
        if self.others.get() <= most {
            return Ok(());
        }
        let rule = "no schedule's text has so many";
        Err(Error::value("$", format!("more than {most} keys and items that are no numbers"), rule)
            .or("Write it with `to_json`."))
    }

    fn key(&self, object: &[(String, JsonValue)]) -> Result<(), Error> {
        self.other()?;
        if object.len() < MOST_KEYS {
            return Ok(());
        }
        let got = format!("an object with more than {MOST_KEYS} keys");
        Err(Error::value("$", got, "no kind has so many").or("See `schema()` for what each has."))
    }
}

#[derive(Clone, Copy)]
struct Builder<'a>(&'a Reading<'a>);

impl<'de> DeserializeSeed<'de> for Builder<'_> {
    type Value = JsonValue;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<JsonValue, D::Error> {
        self.0.check(self.0.value())?;
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Builder<'_> {
    type Value = JsonValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E>(self) -> Result<JsonValue, E> {
        Ok(JsonValue::Null)
    }
    fn visit_bool<E>(self, flag: bool) -> Result<JsonValue, E> {
        Ok(JsonValue::Flag(flag))
    }
    fn visit_u64<E>(self, n: u64) -> Result<JsonValue, E> {
        Ok(JsonValue::Count(n))
    }
    fn visit_i64<E>(self, n: i64) -> Result<JsonValue, E> {
        Ok(u64::try_from(n).map_or(JsonValue::Negative(n), JsonValue::Count))
    }
    fn visit_f64<E>(self, x: f64) -> Result<JsonValue, E> {
        Ok(JsonValue::Real(x))
    }
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<JsonValue, E> {
        if let Some(list) = list_of(text, self.0.lists) {
            let numbers = self.0.check(Numbers::reals(list))?;
            return Ok(JsonValue::Numbers(Box::new(numbers)));
        }
        let mut owned = String::new();
        self.0.check(owned.try_reserve_exact(text.len()).map_err(too_little))?;
        owned.push_str(text);
        Ok(JsonValue::Text(owned.into()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<JsonValue, A::Error> {
        let mut numbers = Numbers::default();
        loop {
            match items.next_element_seed(self)? {
                Some(node @ (JsonValue::Count(_) | JsonValue::Negative(_) | JsonValue::Real(_))) => {
                    self.0.check(numbers.push(&node))?;
                }
                None if numbers.len() > 0 => return Ok(JsonValue::Numbers(Box::new(numbers))),
                Some(other) => return mixed(self, numbers, other, items),
                None => return Ok(JsonValue::List([].into())),
            }
        }
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<JsonValue, A::Error> {
        self.0.check(self.0.object())?;
        let mut object: Vec<(String, JsonValue)> = Vec::new();
        while let Some(key) = entries.next_key::<String>()? {
            if object.iter().any(|(other, _)| *other == key) {
                return Err(A::Error::custom(format!("the key {} twice", quoted(&key))));
            }
            self.0.check(self.0.key(&object))?;
            let value = entries.next_value_seed(self)?;
            object.push((key, value));
        }
        Ok(JsonValue::Object(object.into()))
    }
}

/// The rest of a list in which numbers are followed by something else.
#[inline(never)]
fn mixed<'de, A: SeqAccess<'de>>(
    builder: Builder<'_>,
    numbers: Numbers,
    first: JsonValue,
    mut items: A,
) -> Result<JsonValue, A::Error> {
    let reading = builder.0;
    let mut list = reading.check(numbers.list())?;
    let mut next = Some(first);
    while let Some(node) = next {
        if !matches!(node, JsonValue::Count(_) | JsonValue::Negative(_) | JsonValue::Real(_)) {
            reading.check(reading.other())?;
        }
        reading.check(push(&mut list, node))?;
        next = items.next_element_seed(builder)?;
    }
    Ok(JsonValue::List(list.into()))
}
