//! The one table of what a parameter may be. It feeds the checks, their messages, the JSON Schema and the documents.

use crate::error::Error;
use crate::simd;

/// The largest step and count: up to here every integer is a double.
pub const MAX_STEP: u64 = 1 << 53;
/// The most parts that an expression may have, repeats of a part counted each time.
pub const MAX_PARTS: u64 = 1 << 16;
/// The deepest that parts may be nested; chains of `then`, sums and products count as one level.
pub const MAX_DEPTH: u32 = 200;

/// What a real parameter may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RealLimit {
    /// The least value.
    pub low: f64,
    /// Whether the least value itself is refused.
    pub above_low: bool,
    /// The greatest value.
    pub high: f64,
    /// The rule, as messages and documents put it.
    pub rule: &'static str,
    /// The way out.
    pub way_out: &'static str,
}

/// What a count of steps may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountLimit {
    /// The least count.
    pub low: u64,
    /// The rule, as messages and documents put it.
    pub rule: &'static str,
    /// The way out.
    pub way_out: &'static str,
}

/// Learning rates and other values.
pub const FINITE: RealLimit = RealLimit {
    low: f64::MIN,
    above_low: false,
    high: f64::MAX,
    rule: "it must be a finite number",
    way_out: "Give the number itself.",
};
/// What is above 0.
pub const POSITIVE: RealLimit = RealLimit {
    low: 0.0,
    above_low: true,
    high: f64::MAX,
    rule: "it must be a finite number above 0",
    way_out: "Take one, however small.",
};
/// Rates and decays.
pub const FACTOR: RealLimit = RealLimit { way_out: "A factor of 1 changes nothing.", ..POSITIVE };
/// Periods.
pub const PERIOD: RealLimit = RealLimit { way_out: "It is counted in steps, of which a fraction will do.", ..POSITIVE };
/// Rates that may be 0.
pub const NOT_NEGATIVE: RealLimit = RealLimit {
    low: 0.0,
    above_low: false,
    high: f64::MAX,
    rule: "it must be a finite number, 0 or above",
    way_out: "For a growing value divide by it elsewhere.",
};
/// Powers of a polynomial.
pub const POWER: RealLimit = RealLimit {
    low: 0.0,
    above_low: true,
    high: 1000.0,
    rule: "it must be a number above 0, at most 1000",
    way_out: "For power 0 use `constant`.",
};
/// How long a part lasts.
pub const LENGTH: CountLimit = CountLimit {
    low: 1,
    rule: "it must be a whole number of steps from 1 to 2**53",
    way_out: "For a jump, start the next part at the new value.",
};
/// How often, how far apart, from where on.
pub const GAP: CountLimit = CountLimit { way_out: "Count from 1.", ..LENGTH };
/// A step, or a number of steps that may be 0.
pub const STEP: CountLimit =
    CountLimit { low: 0, rule: "it must be a whole number from 0 to 2**53", way_out: "Steps are counted from 0." };
/// How many times.
pub const TIMES: CountLimit = CountLimit {
    low: 1,
    rule: "it must be a whole number from 1 to 2**53",
    way_out: "Leave the part out to have it no times.",
};

impl RealLimit {
    /// The value, if the rule admits it; -0.0 becomes 0.0.
    pub fn check(&self, place: &str, x: f64) -> Result<f64, Error> {
        // To a thread that flushes subnormals, one is equal to 0.
        let _state = simd::default_mxcsr();
        if self.admits(x) {
            return Ok(x + 0.0);
        }
        Err(Error::value(place, show(x), self.rule).or(self.way_out))
    }

    /// Checks every value of a list; a refused one's place has its index.
    pub fn check_each(&self, place: &str, list: &[f64]) -> Result<(), Error> {
        let refused = {
            let _state = simd::default_mxcsr();
            list.iter().position(|&x| !self.admits(x))
        };
        match refused {
            None => Ok(()),
            Some(i) => self.check(&format!("{place}[{i}]"), list[i]).map(|_| ()),
        }
    }

    fn admits(&self, x: f64) -> bool {
        let low = if self.above_low { x > self.low } else { x >= self.low };
        low && x <= self.high
    }
}

impl CountLimit {
    /// The count, if the rule admits it.
    pub fn check(&self, place: &str, n: u64) -> Result<u64, Error> {
        if (self.low..=MAX_STEP).contains(&n) {
            return Ok(n);
        }
        Err(Error::value(place, n, self.rule).or(if n > MAX_STEP { PAST } else { self.way_out }))
    }
}

/// The way out of what is too large a step.
pub const PAST: &str = "Up to there every integer is a double.";

/// A double as Python writes it.
pub fn show(x: f64) -> String {
    if x.is_nan() {
        return "nan".into();
    }
    if x.is_infinite() {
        return if x > 0.0 { "inf".into() } else { "-inf".into() };
    }
    let short = format!("{x:e}");
    let (digits, exp) = short.split_once('e').expect("`{:e}` writes an exponent");
    let exp: i32 = exp.parse().expect("and a whole one");
    if (-4..16).contains(&exp) {
        let plain = format!("{x}");
        return if plain.contains('.') { plain } else { plain + ".0" };
    }
    format!("{digits}e{}{:02}", if exp < 0 { '-' } else { '+' }, exp.abs())
}
