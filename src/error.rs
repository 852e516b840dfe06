//! Errors, and how they are worded: only this file puts a message together.
//!
//! A message names the place, the value that was got, the rule, and the way out:
//! `` `linear.steps`: got 0; it must be a whole number of steps from 1 to 2**53. For a jump, start the next part at the new
//! value. ``

use std::fmt;

/// The kind of error: which exception a caller in Python sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The value is of the wrong type (`TypeError`).
    Type,
    /// The value is of the right type, but not one that the rule admits (`ValueError`).
    Value,
    /// A step outside a sequence (`IndexError`).
    Index,
    /// A number that is past the largest double where a framework computes with it (`OverflowError`).
    Overflow,
    /// There is too little memory for it (`MemoryError`).
    Memory,
    /// Reading or writing it was stopped (by a signal, whose handler's exception a caller in Python sees).
    Stopped,
}

/// One error, at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The kind of error.
    pub fault: Fault,
    /// Where: `linear.steps` for a call, `$.schedule.parts[1].steps` for a text.
    pub place: String,
    /// What was got, as the user would write it.
    pub got: String,
    /// The rule that it breaks, without a full stop.
    pub rule: String,
    /// The way out: a sentence, with its full stop; may be empty.
    pub way_out: String,
}

impl Error {
    /// A value that breaks a rule.
    pub fn value(place: impl Into<String>, got: impl fmt::Display, rule: impl Into<String>) -> Error {
        Error {
            fault: Fault::Value,
            place: place.into(),
            got: got.to_string(),
            rule: rule.into(),
            way_out: String::new(),
        }
    }

    /// A value of the wrong type.
    pub fn kind(place: impl Into<String>, got: impl fmt::Display, rule: impl Into<String>) -> Error {
        Error { fault: Fault::Type, ..Error::value(place, got, rule) }
    }

    /// A step outside a sequence.
    pub fn index(place: impl Into<String>, got: impl fmt::Display, rule: impl Into<String>) -> Error {
        Error { fault: Fault::Index, ..Error::value(place, got, rule) }
    }

    /// A number past the largest double.
    pub fn overflow(place: impl Into<String>, got: impl fmt::Display, rule: impl Into<String>) -> Error {
        Error { fault: Fault::Overflow, ..Error::value(place, got, rule) }
    }

    /// The same error with a way out.
    pub fn or(mut self, way_out: impl Into<String>) -> Error {
        self.way_out = way_out.into();
        self
    }

    /// The same error with the outer place added: `steps` becomes `parts[1].steps`.
    pub fn within(mut self, outer: &str) -> Error {
        let join = if self.place.is_empty() || self.place.starts_with('[') { "" } else { "." };
        self.place = format!("{outer}{join}{}", self.place);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: got {}; {}.", self.place, self.got, self.rule)?;
        if self.way_out.is_empty() { Ok(()) } else { write!(f, " {}", self.way_out) }
    }
}

impl std::error::Error for Error {}

/// How much of a value a message shows, in characters.
pub const SHOWN: usize = 60;

/// A text as a message shows it: the end of a long one is left out.
pub fn brief(text: &str) -> String {
    cut(text, SHOWN)
}

/// A class's full name as a message shows it. Names are longer than values, and their ends tell most.
pub fn brief_name(name: &str) -> String {
    cut(name, 2 * SHOWN)
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.into(),
    }
}

/// `Did you mean `steps`?`, where a known name is near the one that was got: as a way out.
///
/// The part after the last point counts first: `StepLR` is near `torch.StepLR`. Upper and lower case are the same. Near is
/// what differs in at most a third of its characters; of several that are as near, the first three are named.
pub fn did_you_mean<'a>(got: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    if got.chars().nth(SHOWN).is_some() {
        return None;
    }
    let split = |name: &str| {
        let name = name.to_lowercase();
        let (framework, _) = name.split_once('.').unwrap_or(("", ""));
        (name.rsplit('.').next().unwrap_or("").to_string(), framework.to_string())
    };
    let (last, framework) = split(got);
    let (mut nearest, mut names) = ((last.chars().count() / 3, usize::MAX), Vec::new());
    for name in known {
        let (other, of) = split(name);
        let of = if framework.is_empty() { "" } else { &of };
        let apart = (strsim::osa_distance(&last, &other), strsim::osa_distance(&framework, of));
        if apart < nearest {
            names.clear();
        }
        if apart <= nearest {
            nearest = apart;
            names.push(name);
        }
    }
    let named: Vec<String> = names.iter().take(3).map(|name| format!("`{name}`")).collect();
    (!named.is_empty()).then(|| format!("Did you mean {}?", named.join(" or ")))
}

/// A fill that was asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted;

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn the_nearest_names_are_meant() {
        let kinds = ["linear", "cosine", "table", "by_epoch", "torch.StepLR", "torch.LinearLR", "mindspore.WarmUpLR"];
        let known = || kinds.into_iter().chain(["mindspore.experimental.StepLR", "mindspore.experimental.LinearLR"]);
        for (got, meant) in [
            ("linaer", Some("Did you mean `linear`?")),
            ("Linear", Some("Did you mean `linear`?")),
            ("by_epochs", Some("Did you mean `by_epoch`?")),
            ("StepLR", Some("Did you mean `torch.StepLR` or `mindspore.experimental.StepLR`?")),
            ("torch.StepLr", Some("Did you mean `torch.StepLR`?")),
            ("torhc.Steplr", Some("Did you mean `torch.StepLR`?")),
            ("mindspore.StepLR", Some("Did you mean `mindspore.experimental.StepLR`?")),
            ("mindspore.experimental.WarmUpLR", Some("Did you mean `mindspore.WarmUpLR`?")),
            ("linear_lr", Some("Did you mean `torch.LinearLR` or `mindspore.experimental.LinearLR`?")),
            ("sawtooth", None),
            ("x", None),
            ("", None),
            ("torch.", None),
        ] {
            assert_eq!(did_you_mean(got, known()).as_deref(), meant, "{got}");
        }
        assert_eq!(did_you_mean(&"linear".repeat(100_000), known()), None);
        assert_eq!(did_you_mean("stpe", ["step", "stop"]).as_deref(), Some("Did you mean `step`?"));
        assert_eq!(did_you_mean("steps", ["n", "up"]), None);
    }
}
