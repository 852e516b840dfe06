//! From a text to an expression.
//!
//! Functions that recurse have small frames; what does not recurse is in functions that are not inlined. So the deepest text
//! takes 256 KiB of stack, and not 768.

use super::node::{JsonValue, quoted};
use super::{JOINERS, Joiner, Poll, Slot, VERSION};
use crate::combinator::{COMBINATOR_KINDS, CombinatorKind, combinator_kind};
use crate::curve::LEAF_KINDS;
use crate::declare::{Param, ParamType, Value};
use crate::dialects::{REPLAY_KINDS, REPLAYS, replay_kind};
use crate::error::{Error, Fault, did_you_mean};
use crate::limits::{CountLimit, FINITE, MAX_STEP, RealLimit, START};
use crate::memory::{push, reserved};
use crate::spec::{Operand, Spec, leaf_kind, replays};

/// The expression that a text spells, or what is wrong with it and where (`$.schedule.parts[1].steps`).
///
/// An integer literal may stand for a real number, but not the reverse. Optional keys may be left out. `about` is ignored. Whatever is wrong with a text is wrong with its value: `Fault::Value`. Where memory
/// is too little that is `Fault::Memory`, and where `poll` says to stop, `Fault::Stopped`.
pub fn from_json(text: &str, poll: Poll) -> Result<Spec, Error> {
    from_parts(text, &[], poll)
}

/// The expression that a text spells in which lists are only named, as [`to_parts`](super::to_parts) writes it.
pub fn from_parts(text: &str, lists: &[Vec<f64>], poll: Poll) -> Result<Spec, Error> {
    let _state = crate::simd::DefaultFloatMode::enter();
    JsonValue::parse(text, lists, poll).and_then(document).map_err(|error| match error.fault {
        Fault::Memory | Fault::Stopped => error,
        _ => Error { fault: Fault::Value, ..error },
    })
}

fn document(node: JsonValue) -> Result<Spec, Error> {
    let mut keys = Keys::of(node, "it must be an object with `glidepath` and `schedule`").map_err(|e| e.within("$"))?;
    let checked = |keys: &mut Keys| {
        keys.refuse_bare_schedule()?;
        keys.refuse_others("a text", &["glidepath", "about", "schedule", "$schema"])?;
        if let Some(other) = keys.take("$schema").filter(|node| !matches!(node, JsonValue::Text(_))) {
            return Err(Error::value("$schema", other.shown(), "it must be a string"));
        }
        match keys.take("glidepath") {
            Some(JsonValue::Count(VERSION)) => (),
            other => {
                let got = other.map_or_else(|| "nothing".into(), |node| node.shown());
                let rule = format!("the version of the text form must be {VERSION}, the only one that is read here");
                return Err(Error::value("glidepath", got, rule).or("A newer glidepath may have written it."));
            }
        }
        match keys.take("about") {
            None | Some(JsonValue::Text(_)) => schedule(keys.need("schedule")?).map_err(|e| e.within("schedule")),
            Some(other) => Err(Error::value("about", other.shown(), "it must be a string")),
        }
    };
    checked(&mut keys).map_err(|e| e.within("$"))
}

fn schedule(node: JsonValue) -> Result<Spec, Error> {
    let mut keys = Keys::of(node, "it must be an object with a `kind`")?;
    let kind = keys.take("kind").unwrap_or(JsonValue::Null);
    if let JsonValue::Text(name) = &kind {
        if let Some(kind) = leaf_kind(name) {
            return leaf(kind.name, (kind.params)(), keys, |arguments| Spec::leaf(kind, arguments));
        }
        if let Some(kind) = replay_kind(name) {
            return leaf(kind.name, (kind.params)(), keys, |arguments| Spec::replay(kind, arguments));
        }
        if let Some(kind) = combinator_kind(name) {
            return combination(kind, keys);
        }
        if let Some(joiner) = JOINERS.iter().find(|joiner| joiner.kind == &**name) {
            return joined(joiner, keys);
        }
    }
    Err(unknown_kind(&kind))
}

/// The kinds that are no replays.
fn own_kinds() -> impl Iterator<Item = &'static str> {
    let joiners = JOINERS.iter().map(|joiner| joiner.kind);
    let combinators = COMBINATOR_KINDS.iter().map(|kind| kind.name);
    LEAF_KINDS.iter().map(|kind| kind.name).chain(joiners).chain(combinators)
}

#[inline(never)]
fn unknown_kind(kind: &JsonValue) -> Error {
    let meant = match kind {
        JsonValue::Text(name) => did_you_mean(name, own_kinds().chain(REPLAY_KINDS.iter().map(|kind| kind.name))),
        _ => None,
    };
    if let Some(meant) = meant {
        return Error::value("kind", kind.shown(), "there is no such kind").or(meant);
    }
    let known: Vec<&str> = own_kinds().collect();
    let rule = format!("it must be one of {}, or the name of a replay, such as torch.StepLR", known.join(", "));
    Error::value("kind", kind.shown(), rule).or(REPLAYS)
}

#[inline(never)]
fn leaf(
    kind: &str,
    params: Vec<Param>,
    mut keys: Keys,
    make: impl FnOnce(Vec<Value>) -> Result<Spec, Error>,
) -> Result<Spec, Error> {
    keys.refuse_all_but(kind, params.iter().map(|param| param.name))?;
    let arguments: Result<Vec<Value>, Error> = params
        .iter()
        .map(|param| match keys.take(param.name) {
            Some(node) => argument(param, node).map_err(|e| e.within(param.name)),
            None => Ok(Value::Absent),
        })
        .collect();
    make(arguments?).map_err(|e| as_key_of(kind, e))
}

/// The value in the parameter's type. The constructor checks its limits.
fn argument(param: &Param, node: JsonValue) -> Result<Value, Error> {
    Ok(match (param.kind, node) {
        (_, JsonValue::Null) if param.default == Some(Value::Absent) => Value::Absent,
        (ParamType::Flag, JsonValue::Flag(flag)) => Value::Flag(flag),
        (ParamType::Flag, other) => return Err(Error::value("", other.shown(), "it must be true or false")),
        (ParamType::Real(limit), node) => Value::Real(real(&node, limit)?),
        (ParamType::Count(limit), node) => Value::Count(count(&node, limit)?),
        (ParamType::Reals(limit), node) => Value::Reals(reals(node, limit)?.into()),
        (ParamType::Counts(limit), node) => Value::Counts(counts(node, limit)?.into()),
        (ParamType::Double(limit), node) => Value::Real(real(&node, limit)?),
        (ParamType::Doubles(limit), node) => Value::Reals(reals(node, limit)?.into()),
        (ParamType::Int, node) => Value::Int(int(&node, param.kind)?),
        (ParamType::Ints, node) => Value::Ints(ints(node, ParamType::Int)?.into()),
        (ParamType::Text(_), JsonValue::Text(word)) => Value::Text(word.into()),
        (ParamType::Text(_), other) => return Err(Error::value("", other.shown(), param.kind.rule())),
        (ParamType::Replays, node) => Value::Replays(replays(&each(list(node)?, schedule)?)?.into()),
    })
}

fn reals(node: JsonValue, limit: RealLimit) -> Result<Vec<f64>, Error> {
    match node {
        JsonValue::Numbers(numbers) => numbers.read_as(|node| real(node, limit), f64::to_bits, f64::from_bits),
        node => each(list(node)?, |node| real(&node, limit)),
    }
}

fn counts(node: JsonValue, limit: CountLimit) -> Result<Vec<u64>, Error> {
    match node {
        JsonValue::Numbers(numbers) => numbers.read_as(|node| count(node, limit), |n| n, |n| n),
        node => each(list(node)?, |node| count(&node, limit)),
    }
}

fn ints(node: JsonValue, kind: ParamType) -> Result<Vec<i64>, Error> {
    match node {
        JsonValue::Numbers(numbers) => numbers.read_as(|node| int(node, kind), |n| n as u64, |n| n as i64),
        node => each(list(node)?, |node| int(&node, kind)),
    }
}

fn real(node: &JsonValue, limit: RealLimit) -> Result<f64, Error> {
    match node {
        JsonValue::Real(x) => Ok(*x),
        JsonValue::Count(n) => Ok(*n as f64),
        JsonValue::Negative(n) => Ok(*n as f64),
        node => Err(Error::value("", node.shown(), limit.rule).or(no_number(node))),
    }
}

fn count(node: &JsonValue, limit: CountLimit) -> Result<u64, Error> {
    let way_out = match node {
        JsonValue::Count(n) => return Ok(*n),
        JsonValue::Negative(n) => limit.ways_out.of(*n as f64).into(),
        JsonValue::Real(x) if *x != x.trunc() => "Round it to a whole number.".into(),
        JsonValue::Real(x) if (0.0..=MAX_STEP as f64).contains(x) => {
            format!("Write it as an integer, {x:.0}: no point, no exponent.")
        }
        JsonValue::Real(x) => limit.ways_out.of(*x).into(),
        other => no_number(other).into(),
    };
    Err(Error::value("", node.shown(), limit.rule).or(way_out))
}

/// The way out of something else in a number's place.
fn no_number(node: &JsonValue) -> &'static str {
    if matches!(node, JsonValue::Text(_)) { "Write the number without quotes." } else { "Write a number in its place." }
}

fn int(node: &JsonValue, kind: ParamType) -> Result<i64, Error> {
    match node {
        JsonValue::Count(n) if i64::try_from(*n).is_ok() => Ok(*n as i64),
        JsonValue::Negative(n) => Ok(*n),
        node => Err(Error::value("", node.shown(), kind.rule())),
    }
}

fn combination(kind: &'static CombinatorKind, mut keys: Keys) -> Result<Spec, Error> {
    keys.refuse_all_but(kind.name, kind.keys())?;
    let of = schedule(keys.take("of").unwrap_or(JsonValue::Null)).map_err(|e| e.within("of"))?;
    combined(kind, &of, keys)
}

#[inline(never)]
fn combined(kind: &'static CombinatorKind, of: &Spec, mut keys: Keys) -> Result<Spec, Error> {
    let params = (kind.params)();
    let mut held = |param: &Param| argument(param, keys.take(param.name).unwrap_or(JsonValue::Null));
    let arguments: Result<Vec<Value>, Error> =
        params.iter().map(|param| held(param).map_err(|e| e.within(param.name))).collect();
    of.combined(kind, arguments?).map_err(|e| as_key_of(kind.name, e))
}

/// What a joiner's key held.
enum Held {
    Parts(Vec<Spec>),
    Starts(Vec<Option<u64>>),
    Operands(Vec<Operand>),
}

fn joined(joiner: &Joiner, mut keys: Keys) -> Result<Spec, Error> {
    keys.refuse_all_but(joiner.kind, joiner.keys.iter().map(|(name, _)| *name))?;
    let mut held = Vec::with_capacity(joiner.keys.len());
    for &(name, slot) in joiner.keys {
        held.push(hold(slot, keys.take(name).unwrap_or(JsonValue::Null)).map_err(|e| e.within(name))?);
    }
    join(joiner.kind, held).map_err(|e| as_key_of(joiner.kind, e))
}

fn hold(slot: Slot, node: JsonValue) -> Result<Held, Error> {
    Ok(match (slot, node) {
        (Slot::Parts, node) => Held::Parts(each(pair_at_least(node)?, schedule)?),
        (Slot::Operands, node) => Held::Operands(each(pair_at_least(node)?, operand)?),
        (Slot::Starts, JsonValue::Null) => Held::Starts(Vec::new()),
        (Slot::Starts, node) => Held::Starts(each(list(node)?, start)?),
    })
}

#[inline(never)]
fn join(kind: &str, held: Vec<Held>) -> Result<Spec, Error> {
    let mut held = held.into_iter();
    match (kind, held.next(), held.next()) {
        ("then", Some(Held::Parts(parts)), Some(Held::Starts(at))) => chain(&parts, &at),
        ("sum", Some(Held::Operands(of)), None) => Spec::sum(of),
        ("product", Some(Held::Operands(of)), None) => Spec::product(of),
        _ => unreachable!("`{kind}` stands in the table with other keys than are read"),
    }
}

fn list(node: JsonValue) -> Result<Vec<JsonValue>, Error> {
    match node {
        JsonValue::List(list) => Ok(list.into()),
        JsonValue::Numbers(numbers) => numbers.list(),
        other => Err(Error::value("", other.shown(), "it must be a list")),
    }
}

fn pair_at_least(node: JsonValue) -> Result<Vec<JsonValue>, Error> {
    let list = list(node)?;
    if list.len() >= 2 {
        return Ok(list);
    }
    let got = format!("a list of {}", list.len());
    Err(Error::value("", got, "there must be two at least").or("One alone needs no combinator."))
}

fn each<T>(list: Vec<JsonValue>, item: impl Fn(JsonValue) -> Result<T, Error>) -> Result<Vec<T>, Error> {
    let mut items = reserved(list.len())?;
    for (i, node) in list.into_iter().enumerate() {
        push(&mut items, item(node).map_err(|e| e.within(&format!("[{i}]")))?)?;
    }
    Ok(items)
}

fn operand(node: JsonValue) -> Result<Operand, Error> {
    match node {
        JsonValue::Real(_) | JsonValue::Count(_) | JsonValue::Negative(_) => real(&node, FINITE).map(Operand::Number),
        JsonValue::Object(_) => schedule(node).map(Operand::Schedule),
        other => Err(Error::value("", other.shown(), "it must be a number or an object with a `kind`")),
    }
}

fn start(node: JsonValue) -> Result<Option<u64>, Error> {
    if node == JsonValue::Null { Ok(None) } else { count(&node, START).map(Some) }
}

/// The parts joined at absolute starts.
fn chain(parts: &[Spec], at: &[Option<u64>]) -> Result<Spec, Error> {
    if !(at.is_empty() || at.len() + 1 == parts.len()) {
        let got = format!("{} starts for {} parts", at.len(), parts.len());
        return Err(Error::value("at", got, "it must hold one start fewer than there are parts")
            .or("The first part needs none: it starts at step 0."));
    }
    let mut starts = vec![0];
    for (i, pair) in parts.windows(2).enumerate() {
        let start = next_start(pair, starts[i], at.get(i).copied().flatten());
        starts.push(start.map_err(|e| e.within(&format!("at[{i}]")))?);
    }
    let lengths: Vec<u64> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    Spec::chain(parts, &lengths)
}

fn next_start(pair: &[Spec], start: u64, at: Option<u64>) -> Result<u64, Error> {
    let given = match at.or(pair[0].steps().map(|steps| start + steps)) {
        Some(at) => at,
        None => return pair[0].then(&pair[1], None).map(|_| 0).map_err(|e| Error { place: String::new(), ..e }),
    };
    if given <= start && start > 0 {
        return Err(Error::value("", given, format!("it must come after the one before, {start}"))
            .or("Sort them; they are counted from the schedule's start."));
    }
    START.check("", given)
}

/// Renames the place of a constructor's error to the JSON key: `then.at` becomes `at`, `sum[1]` becomes `of[1]`.
fn as_key_of(kind: &str, error: Error) -> Error {
    let rest = error.place.strip_prefix(kind).unwrap_or(&error.place);
    let place = match rest.strip_prefix('.') {
        Some(key) => key.to_string(),
        None if rest.starts_with('[') => format!("of{rest}"),
        None => rest.to_string(),
    };
    Error { place, ..error }
}

/// An object's entries, taken out one by one.
struct Keys(Vec<(String, JsonValue)>);

impl Keys {
    fn of(node: JsonValue, rule: &str) -> Result<Keys, Error> {
        match node {
            JsonValue::Object(entries) => Ok(Keys(entries.into())),
            other => Err(Error::value("", other.shown(), rule)),
        }
    }

    /// Refuses what is no key of this kind.
    #[inline(never)]
    fn refuse_all_but(&self, kind: &str, names: impl Iterator<Item = &'static str>) -> Result<(), Error> {
        self.refuse_others(&format!("beside its kind `{kind}`"), &names.collect::<Vec<_>>())
    }

    /// Refuses a schedule without the object around it: the most common mistake in a text that is written by hand.
    fn refuse_bare_schedule(&self) -> Result<(), Error> {
        if !self.has("kind") || self.has("schedule") {
            return Ok(());
        }
        let rule = "a text is an object with the keys glidepath and schedule";
        Err(Error::value("", "a schedule", rule)
            .or(format!("Wrap it: {{\"glidepath\": {VERSION}, \"schedule\": ...}}.")))
    }

    fn refuse_others(&self, noun: &str, known: &[&str]) -> Result<(), Error> {
        match self.0.iter().map(|(key, _)| key).find(|key| !known.contains(&key.as_str())) {
            None => Ok(()),
            Some(other) => {
                let rule = format!("{noun} has the keys {}", known.join(", "));
                let meant = did_you_mean(other, known.iter().copied()).unwrap_or_default();
                Err(Error::value("", format!("the key {}", quoted(other)), rule).or(meant))
            }
        }
    }

    fn take(&mut self, name: &str) -> Option<JsonValue> {
        let i = self.0.iter().position(|(key, _)| key == name)?;
        Some(self.0.swap_remove(i).1)
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    fn need(&mut self, name: &str) -> Result<JsonValue, Error> {
        self.take(name).ok_or_else(|| Error::value(name, "nothing", "it must be given"))
    }
}
