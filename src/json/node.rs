//! A JSON text as a tree that refuses what `serde_json::Value` lets through: keys that stand twice, and deep nesting.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::error::Error;
use crate::limits::{MAX_DEPTH, show};

/// The deepest that brackets may be nested: two a level (an object and its list of parts), the text around them, and
/// the list of a leaf. A reader's stack grows with this, by about 1 KiB each.
const DEEPEST: usize = 2 * MAX_DEPTH as usize + 2;
/// How much of a text that is wrong a message repeats.
const QUOTED: usize = 40;

/// A value in a JSON text.
#[derive(Debug, PartialEq)]
pub enum Node {
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
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// An object; no key stands twice.
    Object(BTreeMap<String, Node>),
}

impl Node {
    /// Parses a whole text.
    pub fn parse(text: &str) -> Result<Node, Error> {
        refuse_deep_nesting(text)?;
        let mut reader = serde_json::Deserializer::from_str(text);
        reader.disable_recursion_limit();
        Node::deserialize(&mut reader).and_then(|node| reader.end().map(|()| node)).map_err(|e| worded(&e))
    }

    /// As its writer would know it again.
    pub fn shown(&self) -> String {
        match self {
            Node::Null => "null".into(),
            Node::Flag(flag) => flag.to_string(),
            Node::Count(n) => n.to_string(),
            Node::Negative(n) => n.to_string(),
            Node::Real(x) => show(*x),
            Node::Text(text) => quoted(text),
            Node::List(_) => "a list".into(),
            Node::Object(_) => "an object".into(),
        }
    }
}

/// A string in quotes, its end left out where it is long.
pub fn quoted(text: &str) -> String {
    let shown: String = text.chars().take(QUOTED).collect();
    let rest = if shown.len() < text.len() { "..." } else { "" };
    format!("\"{}{rest}\"", shown.escape_debug())
}

/// Looks at brackets outside strings only, in constant memory: whether they match is the parser's business.
fn refuse_deep_nesting(text: &str) -> Result<(), Error> {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for (i, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => (),
            b'[' | b'{' if depth == DEEPEST => {
                let before = &text[..i];
                let line = before.matches('\n').count() + 1;
                let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1) + 1;
                let got = format!("a bracket within {DEEPEST} others at line {line} column {column}");
                let rule = format!("brackets may be nested at most {DEEPEST} deep");
                return Err(Error::value("$", got, rule).or("Chains of `then`, sums and products may be flat lists."));
            }
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => (),
        }
    }
    Ok(())
}

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

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Node, D::Error> {
        from.deserialize_any(Builder)
    }
}

struct Builder;

impl<'de> Visitor<'de> for Builder {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }
    fn visit_bool<E>(self, flag: bool) -> Result<Node, E> {
        Ok(Node::Flag(flag))
    }
    fn visit_u64<E>(self, n: u64) -> Result<Node, E> {
        Ok(Node::Count(n))
    }
    fn visit_i64<E>(self, n: i64) -> Result<Node, E> {
        Ok(u64::try_from(n).map_or(Node::Negative(n), Node::Count))
    }
    fn visit_f64<E>(self, x: f64) -> Result<Node, E> {
        Ok(Node::Real(x))
    }
    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.into()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut object = BTreeMap::new();
        while let Some(key) = entries.next_key::<String>()? {
            if object.contains_key(&key) {
                return Err(A::Error::custom(format!("the key {} twice", quoted(&key))));
            }
            let value = entries.next_value()?;
            object.insert(key, value);
        }
        Ok(Node::Object(object))
    }
}
