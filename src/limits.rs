//! The limits of parameters. The checks, their messages and the JSON Schema follow from them.

use crate::error::Error;
use crate::simd;

/// The largest step and count: up to here every integer is a double.
pub const MAX_STEP: u64 = 1 << 53;
/// A step past every step.
pub const NEVER: u64 = u64::MAX;
/// The most parts that an expression may have, repeats of a part counted each time.
pub const MAX_PARTS: u64 = 1 << 16;
/// The deepest that parts may be nested; chains of `then`, sums and products count as one level.
pub const MAX_DEPTH: u32 = 200;

/// What a message advises. The advice depends on the number that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaysOut {
    /// For a number below 0.
    pub negative: &'static str,
    /// For 0.
    pub zero: &'static str,
    /// For a number that is too large, or infinite.
    pub too_large: &'static str,
}

impl WaysOut {
    /// The advice for this number. Only its sign counts, and whether it is NaN: the number is known to be refused.
    pub fn of(&self, refused: f64) -> &'static str {
        if refused.is_nan() {
            "Check the computation that gave nan."
        } else if refused < 0.0 {
            self.negative
        } else if refused == 0.0 {
            self.zero
        } else {
            self.too_large
        }
    }
}

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
    /// What a message advises.
    pub ways_out: WaysOut,
    /// Whether it is a number of steps.
    pub in_steps: bool,
}

/// What a count of steps may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountLimit {
    /// The least count.
    pub low: u64,
    /// The rule, as messages and documents put it.
    pub rule: &'static str,
    /// What a message advises.
    pub ways_out: WaysOut,
    /// Whether it is a number of steps, and not how often something comes.
    pub in_steps: bool,
}

/// The way out of what is too large a count or step.
pub const PAST: &str = "Use 2**53 or less: not every whole number above it is a float64.";

/// The ways out of a real number. 0 is a finite number, so `zero` says nothing.
const REAL: WaysOut =
    WaysOut { negative: "Remove the minus sign.", zero: "", too_large: "Use a number up to 1.7e308." };
/// The ways out of a count from 1 on.
const COUNT: WaysOut = WaysOut {
    negative: "Remove the minus sign, or check the subtraction that gave it.",
    zero: "Use 1 for the shortest.",
    too_large: PAST,
};

/// Learning rates and other values.
pub const FINITE: RealLimit = RealLimit {
    low: f64::MIN,
    above_low: false,
    high: f64::MAX,
    rule: "it must be a finite number",
    ways_out: WaysOut { negative: "Use a number from -1.7e308 on.", ..REAL },
    in_steps: false,
};
/// Bounds of a clamp.
pub const BOUND: RealLimit = RealLimit {
    ways_out: WaysOut {
        negative: "For no bound on this side, leave it out.",
        too_large: "For no bound on this side, leave it out.",
        ..REAL
    },
    ..FINITE
};
/// What is above 0.
pub const POSITIVE: RealLimit = RealLimit {
    low: 0.0,
    above_low: true,
    high: f64::MAX,
    rule: "it must be a finite number above 0",
    ways_out: WaysOut { zero: "Use a small number instead, such as 1e-12.", ..REAL },
    in_steps: false,
};
/// Rates and decays.
pub const FACTOR: RealLimit = RealLimit {
    ways_out: WaysOut {
        negative: "For a decay use a factor below 1, such as 0.9.",
        zero: "For no decay use 1.0; for a drop to almost 0 use a small factor, such as 1e-12.",
        too_large: "For growth use a factor above 1, such as 2.0.",
    },
    ..POSITIVE
};
/// What a value is divided by.
pub const DIVISOR: RealLimit =
    RealLimit { ways_out: WaysOut { zero: "For no difference use 1.0.", ..REAL }, ..POSITIVE };
/// Periods.
pub const PERIOD: RealLimit = RealLimit {
    ways_out: WaysOut {
        zero: "To count in single steps use 1.",
        too_large: "For a value that never changes use `constant`.",
        ..REAL
    },
    in_steps: true,
    ..POSITIVE
};
/// Rates that may be 0.
pub const NOT_NEGATIVE: RealLimit = RealLimit {
    low: 0.0,
    above_low: false,
    high: f64::MAX,
    rule: "it must be a finite number, 0 or above",
    ways_out: REAL,
    in_steps: false,
};
/// Powers of a polynomial.
pub const POWER: RealLimit = RealLimit {
    low: 0.0,
    above_low: true,
    high: 1000.0,
    rule: "it must be a number above 0, at most 1000",
    ways_out: WaysOut {
        negative: "For a negative power of the step use `inverse_power`.",
        zero: "For a value that never changes use `constant`.",
        too_large: "For a drop at the first step use `piecewise_constant`.",
    },
    in_steps: false,
};
/// The decays of moments.
pub const MOMENT: RealLimit = RealLimit {
    low: 0.0,
    above_low: true,
    high: 1.0 - f64::EPSILON / 2.0,
    rule: "it must be a number above 0, below 1",
    ways_out: WaysOut {
        negative: "Remove the minus sign.",
        zero: "For no first moment use a small number, such as 1e-12.",
        too_large: "Adam's are 0.9 and 0.999.",
    },
    in_steps: false,
};
/// Places on a hyperbolic tangent.
pub const SLOPE: RealLimit = RealLimit {
    low: -1000.0,
    above_low: false,
    high: 1000.0,
    rule: "it must be a number from -1000 to 1000",
    ways_out: WaysOut {
        negative: "Below -20 the tangent is -1 to float64.",
        zero: "",
        too_large: "Above 20 the tangent is 1 to float64.",
    },
    in_steps: false,
};
/// How much a rational curve bends.
pub const BEND: RealLimit = RealLimit {
    low: -1000.0,
    above_low: false,
    high: 1.0 - f64::EPSILON / 2.0,
    rule: "it must be a number from -1000 on, below 1",
    ways_out: WaysOut {
        negative: "For a drop at the first step use `piecewise_constant`.",
        zero: "",
        too_large: "For a drop at the last step use `piecewise_constant`.",
    },
    in_steps: false,
};
/// How long something lasts.
pub const LENGTH: CountLimit =
    CountLimit { low: 1, rule: "it must be a whole number of steps from 1 to 2**53", ways_out: COUNT, in_steps: true };
/// How long a curve lasts.
pub const CURVE_LENGTH: CountLimit =
    CountLimit { ways_out: WaysOut { zero: "For a jump, start the next part at the new value.", ..COUNT }, ..LENGTH };
/// How far apart.
pub const GAP: CountLimit = CountLimit { ways_out: WaysOut { zero: "For every step use 1.", ..COUNT }, ..LENGTH };
/// The step at which a later part or value starts.
pub const START: CountLimit =
    CountLimit { ways_out: WaysOut { zero: "To start at step 0, leave out what comes before.", ..COUNT }, ..LENGTH };
/// A step, or a number of steps that may be 0.
pub const STEP: CountLimit = CountLimit {
    low: 0,
    rule: "it must be a whole number from 0 to 2**53",
    ways_out: WaysOut { negative: "Steps are counted from 0.", ..COUNT },
    in_steps: true,
};
/// How many times.
pub const TIMES: CountLimit = CountLimit {
    low: 1,
    rule: "it must be a whole number from 1 to 2**53",
    ways_out: WaysOut {
        negative: "To repeat without end, leave `times` out.",
        zero: "To have the part no times, leave it out.",
        too_large: "To repeat without end, leave `times` out.",
    },
    in_steps: false,
};
/// A part of a fraction.
pub const RATIO: CountLimit = CountLimit {
    ways_out: WaysOut { zero: "For a shorter schedule give `over` too: `stretch(1, over=2)`.", ..COUNT },
    ..TIMES
};
/// How many times longer each cycle is than the one before.
pub const MULT: CountLimit =
    CountLimit { ways_out: WaysOut { zero: "For cycles of equal length use 1.", ..COUNT }, ..TIMES };

impl RealLimit {
    /// The same for a number of steps.
    pub const fn in_steps(self) -> RealLimit {
        RealLimit { in_steps: true, ..self }
    }

    /// The value, if the rule admits it; -0.0 becomes 0.0.
    pub fn check(&self, place: &str, x: f64) -> Result<f64, Error> {
        // To a thread that flushes subnormals, one is equal to 0.
        let _state = simd::DefaultFloatMode::enter();
        if self.admits(x) {
            return Ok(x + 0.0);
        }
        Err(Error::value(place, show(x), self.rule).or(self.ways_out.of(x)))
    }

    /// Checks every value of a list; a refused one's place has its index.
    pub fn check_each(&self, place: &str, list: &[f64]) -> Result<(), Error> {
        let refused = {
            let _state = simd::DefaultFloatMode::enter();
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
    /// The same for a number that tells nothing of how long a schedule is.
    pub const fn not_a_time(self) -> CountLimit {
        CountLimit { in_steps: false, ..self }
    }

    /// The count, if the rule admits it.
    pub fn check(&self, place: &str, n: u64) -> Result<u64, Error> {
        if (self.low..=MAX_STEP).contains(&n) {
            return Ok(n);
        }
        Err(Error::value(place, n, self.rule).or(self.ways_out.of(n as f64)))
    }
}

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
