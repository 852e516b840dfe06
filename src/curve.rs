//! Every closed formula, once, as a textbook writes it.
//!
//! To add a leaf, declare it in the list below and write its [`Formula`]. The Python function, its export, the text form,
//! the schema, speed and exactness follow. CONTRIBUTING.md lists what the tests need.

use std::sync::Arc;

use crate::declare::{Field, Param, ParamType, Value};
use crate::error::Error;
use crate::limits::{
    BEND, CURVE_LENGTH, FACTOR, FINITE, GAP, LENGTH, MAX_STEP, MOMENT, MULT, NEVER, NOT_NEGATIVE, PERIOD, POWER, SLOPE,
    START, show,
};
use crate::real::{Base, Number, Point};

/// The stretch of one formula that holds a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first step past it; `NEVER` where there is none.
    pub end: u64,
    /// Whether the value changes within it.
    pub moves: bool,
}

/// A shape's formula.
pub trait Formula {
    /// What must hold between the parameters.
    fn check(&self) -> Result<(), Error> {
        Ok(())
    }
    /// How long the curve lasts, where it ends; past that it holds its value there.
    fn steps(&self) -> Option<u64> {
        None
    }
    /// Its one value, where its parameters leave it only one: then it is lowered to a constant, which is rational, and quick.
    fn constant_value(&self) -> Option<f64> {
        None
    }
    /// The value changes only every so many steps: `value` is given the number of the stair.
    fn every(&self) -> u64 {
        1
    }
    /// Whether it comes again and again, if only in shape.
    fn has_cycles(&self) -> bool {
        false
    }
    /// After so many steps everything comes again.
    fn period(&self) -> Option<u64> {
        None
    }
    /// The stretch that holds step `k`, over which `value` is one smooth function.
    fn span(&self, _k: u64) -> Span {
        Span { end: self.steps().unwrap_or(NEVER), moves: true }
    }
    /// The formula, for `k` up to `steps`.
    fn value<N: Number>(&self, at: Point<N>) -> N;
}

/// A kind of leaf: a name, its documentation, its parameters and its constructor.
pub struct LeafKind {
    /// The name, in Python and in texts.
    pub name: &'static str,
    /// The documentation: formula first, then arguments, errors, source, an example.
    pub doc: &'static str,
    /// The parameters, in order.
    pub params: fn() -> Vec<Param>,
    pub(crate) build: fn(&[Value]) -> Curve,
}

impl std::fmt::Debug for LeafKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LeafKind").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Declares leaves. Each field is `name: type = ParamType(limits)` and, where it may be left out, `or default`.
macro_rules! leaves {
    ($(
        $(#[doc = $doc:literal])*
        $Name:ident as $name:ident { $($field:ident : $type:ty = $kind:expr $(, or $default:expr)? ;)* }
    )*) => {
        $(
            $(#[doc = $doc])*
            #[allow(rustdoc::broken_intra_doc_links, reason = "the text is a Python docstring: `s[2]` is no link")]
            #[derive(Clone, Debug, PartialEq)]
            pub struct $Name {
                $(#[doc = concat!("See [`", stringify!($Name), "`].")] pub $field: $type,)*
            }

            impl $Name {
                fn leaf_kind() -> LeafKind {
                    LeafKind {
                        name: stringify!($name),
                        doc: concat!($($doc, "\n"),*),
                        params: || vec![$(Param {
                            name: stringify!($field),
                            kind: $kind,
                            default: leaves!(@default $($default)?),
                        },)*],
                        build: |values| {
                            let mut values = values.iter();
                            Curve::$Name($Name {
                                $($field: Field::take(values.next().expect("one value a parameter")),)*
                            })
                        },
                    }
                }
            }
        )*

        /// Any of the leaves.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Curve {
            $(#[doc = concat!("See [`", stringify!($Name), "`].")] $Name($Name),)*
        }

        $(impl From<$Name> for Curve {
            fn from(leaf: $Name) -> Curve {
                Curve::$Name(leaf)
            }
        })*

        /// Every leaf there is, in the order of their declaration.
        pub static LEAF_KINDS: std::sync::LazyLock<Vec<LeafKind>> = std::sync::LazyLock::new(|| vec![$($Name::leaf_kind(),)*]);

        impl Curve {
            /// The leaf's name.
            pub fn name(&self) -> &'static str {
                match self { $(Curve::$Name(_) => stringify!($name),)* }
            }

            /// The parameters, in order.
            pub fn params(&self) -> Vec<Param> {
                match self { $(Curve::$Name(_) => ($Name::leaf_kind().params)(),)* }
            }

            /// The arguments, by name, in order.
            pub fn arguments(&self) -> Vec<(&'static str, Value)> {
                match self { $(Curve::$Name(curve) => vec![$((stringify!($field), curve.$field.give()),)*],)* }
            }
        }

        /// The curve's own formula, whichever it is; past its end it stands still.
        impl Formula for Curve {
            fn check(&self) -> Result<(), Error> {
                match self { $(Curve::$Name(curve) => curve.check(),)* }
            }
            #[inline(always)]
            fn steps(&self) -> Option<u64> {
                match self { $(Curve::$Name(curve) => curve.steps(),)* }
            }
            fn constant_value(&self) -> Option<f64> {
                match self { $(Curve::$Name(curve) => curve.constant_value(),)* }
            }
            fn every(&self) -> u64 {
                match self { $(Curve::$Name(curve) => curve.every(),)* }
            }
            fn has_cycles(&self) -> bool {
                match self { $(Curve::$Name(curve) => curve.has_cycles(),)* }
            }
            fn period(&self) -> Option<u64> {
                match self { $(Curve::$Name(curve) => curve.period(),)* }
            }
            fn span(&self, k: u64) -> Span {
                if self.steps().is_some_and(|n| k >= n) {
                    return Span { end: NEVER, moves: false };
                }
                match self { $(Curve::$Name(curve) => curve.span(k),)* }
            }
            #[inline(always)]
            fn value<N: Number>(&self, at: Point<N>) -> N {
                let at = match self.steps() {
                    Some(n) if at.k >= n => at.held_at(n),
                    _ => at,
                };
                match self { $(Curve::$Name(curve) => curve.value(at),)* }
            }
        }
    };
    (@default) => { None };
    (@default $default:expr) => { Some($default) };
}

leaves! {
    /// `value`, at every step.
    ///
    /// Args:
    ///     value: the learning rate, any finite number.
    ///
    /// Returns a `Schedule` without an end (`steps` is None).
    ///
    /// Raises `ValueError` where `value` is not finite, `TypeError` where it is not a number.
    ///
    /// >>> gp.constant(0.1).array(3)
    /// array([0.1, 0.1, 0.1])
    Constant as constant {
        value: f64 = ParamType::Real(FINITE);
    }

    /// `start + (end - start) * k / steps`, for k up to `steps`; then `end`.
    ///
    /// Args:
    ///     start: the value at step 0.
    ///     end: the value at step `steps` and after.
    ///     steps: how many steps it takes, 1 to 2**53.
    ///
    /// Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.
    ///
    /// >>> s = gp.linear(0.0, 0.1, 4)
    /// >>> s[0], s[1], s[4], s[9]
    /// (0.0, 0.025, 0.1, 0.1)
    Linear as linear {
        start: f64 = ParamType::Real(FINITE);
        end: f64 = ParamType::Real(FINITE);
        steps: u64 = ParamType::Count(CURVE_LENGTH);
    }

    /// `end + (start - end) * (1 + cos(pi * k / steps)) / 2`, for k up to `steps`; then `end`.
    ///
    /// Args:
    ///     start: the value at step 0.
    ///     end: the value at step `steps` and after.
    ///     steps: how many steps half a turn takes, 1 to 2**53.
    ///
    /// Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.
    ///
    /// Source: Loshchilov and Hutter, "SGDR" (arXiv:1608.03983), equation 5, without restarts.
    ///
    /// >>> s = gp.cosine(0.1, 0.0, 90)
    /// >>> s[0], s[30], s[45], s[90], s[1000]
    /// (0.1, 0.07500000000000001, 0.05, 0.0, 0.0)
    Cosine as cosine {
        start: f64 = ParamType::Real(FINITE);
        end: f64 = ParamType::Real(FINITE);
        steps: u64 = ParamType::Count(CURVE_LENGTH);
    }

    /// `end + (start - end) * (1 - k / steps) ** power`, for k up to `steps`; then `end`.
    ///
    /// Args:
    ///     start: the value at step 0.
    ///     end: the value at step `steps` and after.
    ///     steps: how many steps it takes, 1 to 2**53.
    ///     power: the exponent, above 0 and at most 1000; 1 is a straight line.
    ///
    /// Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.
    ///
    /// >>> s = gp.polynomial(0.1, 0.0, 4, power=2.0)
    /// >>> s[0], s[2], s[4]
    /// (0.1, 0.025, 0.0)
    Polynomial as polynomial {
        start: f64 = ParamType::Real(FINITE);
        end: f64 = ParamType::Real(FINITE);
        steps: u64 = ParamType::Count(CURVE_LENGTH);
        power: f64 = ParamType::Real(POWER), or Value::Real(1.0);
    }

    /// `start + (end - start) * (k / steps) ** power`, for k up to `steps`; then `end`.
    ///
    /// Where `polynomial` bends at its end, this bends at its start: with a power of 0.5 it falls fast and then ever more
    /// slowly.
    ///
    /// Args:
    ///     start: the value at step 0.
    ///     end: the value at step `steps` and after.
    ///     steps: how many steps it takes, 1 to 2**53.
    ///     power: the exponent, above 0 and at most 1000; 1 is a straight line.
    ///
    /// Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.
    ///
    /// >>> s = gp.power(0.1, 0.0, 100, power=0.5)
    /// >>> s[0], s[25], s[100]
    /// (0.1, 0.05, 0.0)
    Power as power {
        start: f64 = ParamType::Real(FINITE);
        end: f64 = ParamType::Real(FINITE);
        steps: u64 = ParamType::Count(CURVE_LENGTH);
        power: f64 = ParamType::Real(POWER), or Value::Real(1.0);
    }

    /// `end + (start - end) * (1 - k / n) ** power`, n being the first multiple of `steps` from k on, at least one.
    ///
    /// It falls to `end` at every multiple of `steps`, and begins again from lower each time: at k, just after m times
    /// `steps`, it is at `(1 - k / n)`, about `1 / (m + 1)`, of the way.
    ///
    /// Args:
    ///     start: the value at step 0.
    ///     end: the value at every multiple of `steps`.
    ///     steps: how many steps a cycle takes, 1 to 2**53.
    ///     power: the exponent, above 0 and at most 1000.
    ///
    /// Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.
    ///
    /// Source: TensorFlow's `tf.train.polynomial_decay(..., cycle=True)`, and MindSpore's `update_decay_steps`.
    ///
    /// >>> gp.polynomial_cycle(1.0, 0.0, 4).array(9)
    /// array([1.   , 0.75 , 0.5  , 0.25 , 0.   , 0.375, 0.25 , 0.125, 0.   ])
    PolynomialCycle as polynomial_cycle {
        start: f64 = ParamType::Real(FINITE);
        end: f64 = ParamType::Real(FINITE);
        steps: u64 = ParamType::Count(CURVE_LENGTH);
        power: f64 = ParamType::Real(POWER), or Value::Real(1.0);
    }

    /// `start * rate ** (k / per)`; with `stair`, `start * rate ** floor(k / per)`.
    ///
    /// Args:
    ///     start: the value at step 0.
    ///     rate: the factor that `per` steps apply, above 0.
    ///     per: how many steps apply the whole rate, above 0; a whole number where `stair` is set.
    ///     stair: whether to apply it all at once, at every multiple of `per`.
    ///
    /// Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.
    ///
    /// >>> gp.exponential(0.1, 0.5, per=2, stair=True).array(5)
    /// array([0.1  , 0.1  , 0.05 , 0.05 , 0.025])
    Exponential as exponential {
        start: f64 = ParamType::Real(FINITE);
        rate: Base = ParamType::Real(FACTOR);
        per: f64 = ParamType::Real(PERIOD), or Value::Real(1.0);
        stair: bool = ParamType::Flag, or Value::Flag(false);
    }

    /// `start * e ** (-rate * k / per)`; with `stair`, `start * e ** (-rate * floor(k / per))`.
    ///
    /// Args:
    ///     start: the value at step 0.
    ///     rate: how fast it falls; below 0 it grows.
    ///     per: how many steps apply the whole rate, above 0; a whole number where `stair` is set.
    ///     stair: whether to apply it all at once, at every multiple of `per`.
    ///
    /// Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.
    ///
    /// >>> gp.natural_exponential(0.1, 0.5, per=2)[2]
    /// 0.06065306597126335
    NaturalExponential as natural_exponential {
        start: f64 = ParamType::Real(FINITE);
        rate: f64 = ParamType::Real(FINITE);
        per: f64 = ParamType::Real(PERIOD), or Value::Real(1.0);
        stair: bool = ParamType::Flag, or Value::Flag(false);
    }

    /// `start / (1 + rate * k / per)`; with `stair`, `start / (1 + rate * floor(k / per))`.
    ///
    /// Args:
    ///     start: the value at step 0.
    ///     rate: how fast it falls, 0 or above.
    ///     per: how many steps apply the whole rate, above 0; a whole number where `stair` is set.
    ///     stair: whether to apply it all at once, at every multiple of `per`.
    ///
    /// Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.
    ///
    /// >>> gp.inverse_time(0.1, 1.0, per=10)[10]
    /// 0.05
    InverseTime as inverse_time {
        start: f64 = ParamType::Real(FINITE);
        rate: f64 = ParamType::Real(NOT_NEGATIVE);
        per: f64 = ParamType::Real(PERIOD), or Value::Real(1.0);
        stair: bool = ParamType::Flag, or Value::Flag(false);
    }

    /// `start / sqrt(1 + k / timescale)`.
    ///
    /// Args:
    ///     start: the value at step 0.
    ///     timescale: after how many steps it has fallen to `start / sqrt(2)`, above 0.
    ///
    /// Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.
    ///
    /// >>> gp.inverse_sqrt(0.1, 1000)[3000]
    /// 0.05
    InverseSqrt as inverse_sqrt {
        start: f64 = ParamType::Real(FINITE);
        timescale: f64 = ParamType::Real(PERIOD);
    }

    /// `start / (1 + k / timescale) ** power`.
    ///
    /// Args:
    ///     start: the value at step 0.
    ///     timescale: after how many steps it has fallen to `start / 2 ** power`, above 0.
    ///     power: the exponent, above 0 and at most 1000.
    ///
    /// Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.
    ///
    /// >>> gp.inverse_power(0.1, 1000, 3.0)[1000]
    /// 0.0125
    InversePower as inverse_power {
        start: f64 = ParamType::Real(FINITE);
        timescale: f64 = ParamType::Real(PERIOD);
        power: f64 = ParamType::Real(POWER);
    }

    /// `start + (end - start) * ln(1 + k / timescale) / ln(1 + steps / timescale)`, for k up to `steps`; then `end`.
    ///
    /// It changes fast at first and then ever more slowly.
    ///
    /// Args:
    ///     start: the value at step 0.
    ///     end: the value at step `steps` and after.
    ///     steps: how many steps it takes, 1 to 2**53.
    ///     timescale: after how many steps it slows down, above 0; the larger, the straighter.
    ///
    /// Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.
    ///
    /// Source: DeepSpeed's `WarmupLR`, whose default warm-up over n steps is `logarithmic(start, end, n - 1)`.
    ///
    /// >>> s = gp.logarithmic(0.0, 0.3, 7)
    /// >>> s[0], s[1], s[3], s[7]
    /// (0.0, 0.09999999999999999, 0.19999999999999998, 0.3)
    Logarithmic as logarithmic {
        start: f64 = ParamType::Real(FINITE);
        end: f64 = ParamType::Real(FINITE);
        steps: u64 = ParamType::Count(CURVE_LENGTH);
        timescale: f64 = ParamType::Real(PERIOD), or Value::Real(1.0);
    }

    /// A smooth step from almost `high` to almost `low`, along the hyperbolic tangent from `lower` to `upper`.
    ///
    /// `low + (high - low) * (1 - tanh(lower + (upper - lower) * k / steps)) / 2`, for k up to `steps`; then held.
    ///
    /// Args:
    ///     high: what it would be long before step 0.
    ///     low: what it would be long after.
    ///     steps: how many steps it takes, 1 to 2**53.
    ///     lower: where on the tangent it starts, from -1000 to 1000. With -7 the first value is 1e-6 below `high`.
    ///     upper: where on the tangent it ends, from -1000 to 1000. With 3 the last value is 0.0025 above `low`.
    ///
    /// Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.
    ///
    /// Source: Hsueh, Li and Wu, "Stochastic Gradient Descent with Hyperbolic-Tangent Decay" (arXiv:1806.01593); timm's
    /// `TanhLRScheduler` has these defaults.
    ///
    /// >>> s = gp.tanh(1.0, 0.0, 100)
    /// >>> s[0], s[70], s[100]
    /// (0.9999991684719723, 0.5, 0.0024726231566347743)
    Tanh as tanh {
        high: f64 = ParamType::Real(FINITE);
        low: f64 = ParamType::Real(FINITE);
        steps: u64 = ParamType::Count(CURVE_LENGTH);
        lower: f64 = ParamType::Real(SLOPE), or Value::Real(-7.0);
        upper: f64 = ParamType::Real(SLOPE), or Value::Real(3.0);
    }

    /// `end + (start - end) * (steps - k) / (steps - bend * k)`, for k up to `steps`; then `end`.
    ///
    /// It stays high for longer than a line and then falls ever faster.
    ///
    /// Args:
    ///     start: the value at step 0.
    ///     end: the value at step `steps` and after.
    ///     steps: how many steps it takes, 1 to 2**53.
    ///     bend: how much it bends, below 1: 0 is a line, close to 1 it falls at the very end, below 0 at the start.
    ///
    /// Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.
    ///
    /// Source: Chen, Wolfe and Kyrillidis, "REX: Revisiting Budgeted Training with an Improved Schedule"
    /// (arXiv:2107.04197), whose curve has a bend of 0.5.
    ///
    /// >>> gp.rex(0.3, 0.0, 4).array(5)
    /// array([0.3       , 0.25714286, 0.2       , 0.12      , 0.        ])
    Rex as rex {
        start: f64 = ParamType::Real(FINITE);
        end: f64 = ParamType::Real(FINITE);
        steps: u64 = ParamType::Count(CURVE_LENGTH);
        bend: f64 = ParamType::Real(BEND), or Value::Real(0.5);
    }

    /// `end + (start - end) * (1 + cos(pi * (k / steps) ** power)) / 2`, for k up to `steps`; then `end`.
    ///
    /// A cosine whose fall comes later (`power` above 1) or earlier (below 1).
    ///
    /// Args:
    ///     start: the value at step 0.
    ///     end: the value at step `steps` and after.
    ///     steps: how many steps it takes, 1 to 2**53.
    ///     power: the exponent, above 0 and at most 1000; 1 is `cosine`, which is faster.
    ///
    /// Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.
    ///
    /// Source: Zhang and Li, "k-decay: A New Method For Learning Rate Schedule" (arXiv:2004.05909); timm's `k_decay`.
    ///
    /// >>> s = gp.k_decay(0.1, 0.0, 100, power=2.0)
    /// >>> s[0], s[50], s[100]
    /// (0.1, 0.08535533905932738, 0.0)
    KDecay as k_decay {
        start: f64 = ParamType::Real(FINITE);
        end: f64 = ParamType::Real(FINITE);
        steps: u64 = ParamType::Count(CURVE_LENGTH);
        power: f64 = ParamType::Real(POWER);
    }

    /// `sqrt(1 - beta2 ** t) / (1 - beta1 ** t)` with `t = k + 1`, for k up to `steps`; then its value there.
    ///
    /// The bias correction of Adam: the paper's efficient form multiplies the learning rate by it. An optimizer without a
    /// bias correction becomes Adam with it (but for where eps is added): `lr * adam_correction(beta1, beta2, steps)`.
    /// `inverse=True` is one over it, which makes Adam one without.
    ///
    /// Args:
    ///     beta1: the decay of the first moment, above 0 and below 1.
    ///     beta2: the decay of the second moment, above 0 and below 1.
    ///     steps: how many steps it takes, 1 to 2**53. After some `37 / -log(max(beta1, beta2))` it is 1 to float64.
    ///     inverse: whether to return one over it.
    ///
    /// Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.
    ///
    /// Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization" (arXiv:1412.6980), the end of section 2.
    ///
    /// >>> s = gp.adam_correction(0.9, 0.999, 37_000)
    /// >>> s[0], s[9], s[37_000]
    /// (0.31622776601683816, 0.15318907395118267, 1.0)
    AdamCorrection as adam_correction {
        beta1: Base = ParamType::Real(MOMENT);
        beta2: Base = ParamType::Real(MOMENT);
        steps: u64 = ParamType::Count(CURVE_LENGTH);
        inverse: bool = ParamType::Flag, or Value::Flag(false);
    }

    /// `values[i]`, where i is the number of milestones at or before step k.
    ///
    /// Args:
    ///     values: the values, one more than there are milestones.
    ///     milestones: the steps at which the next value starts, increasing, from 1.
    ///
    /// Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.
    ///
    /// >>> gp.piecewise_constant([0.1, 0.01], [3]).array(5)
    /// array([0.1 , 0.1 , 0.1 , 0.01, 0.01])
    PiecewiseConstant as piecewise_constant {
        values: Arc<Vec<f64>> = ParamType::Reals(FINITE);
        milestones: Arc<Vec<u64>> = ParamType::Counts(START);
    }

    /// `values[k]`; past the end, the last of them.
    ///
    /// Args:
    ///     values: the values, one a step: a sequence or a 1-D array of numbers, at least one. -0.0 is stored as 0.0.
    ///
    /// Raises `ValueError` for a value that is not finite, `TypeError` for one of the wrong type.
    ///
    /// >>> gp.table([0.3, 0.2, 0.1]).array(5)
    /// array([0.3, 0.2, 0.1, 0.1, 0.1])
    Table as table {
        values: Arc<Vec<f64>> = ParamType::Reals(FINITE);
    }

    /// A triangular wave: from `low` up to a peak in `up` steps, down again in `down` steps, and so on.
    ///
    /// With c the number of the cycle, from 0, and p the step within it: `low + height * p / up` while p is at most `up`,
    /// then `low + height * (up + down - p) / down`, where `height = (high - low) * decay ** c`.
    ///
    /// Args:
    ///     low: the value at step 0 and between the cycles.
    ///     high: the first peak.
    ///     up: how many steps a rise takes, 1 or more.
    ///     down: how many steps a fall takes; as many as a rise where it is None.
    ///     decay: what each cycle's height is to the one before, above 0.
    ///
    /// Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.
    ///
    /// Source: Smith, "Cyclical Learning Rates for Training Neural Networks" (arXiv:1506.01186).
    ///
    /// >>> gp.triangle(0.0, 1.0, 2, 4).array(8)
    /// array([0.  , 0.5 , 1.  , 0.75, 0.5 , 0.25, 0.  , 0.5 ])
    Triangle as triangle {
        low: f64 = ParamType::Real(FINITE);
        high: f64 = ParamType::Real(FINITE);
        up: u64 = ParamType::Count(LENGTH);
        down: Option<u64> = ParamType::Count(LENGTH), or Value::Absent;
        decay: Base = ParamType::Real(FACTOR), or Value::Real(1.0);
    }

    /// Half a cosine from `start` to `end`, again and again; each cycle is `mult` times as long as the one before.
    ///
    /// In cycle i, of n = `first * mult ** i` steps, at its step p:
    /// `end + (start - end) * decay ** i * (1 + cos(pi * p / n)) / 2`.
    ///
    /// Args:
    ///     start: the first peak, the value at step 0.
    ///     end: where each cycle goes.
    ///     first: the length of the first cycle, in steps.
    ///     mult: what each cycle's length is to the one before, a whole number from 1.
    ///     decay: what each cycle's height above `end` is to the one before, above 0.
    ///
    /// Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.
    ///
    /// Source: Loshchilov and Hutter, "SGDR" (arXiv:1608.03983), equation 5.
    ///
    /// >>> s = gp.cosine_restarts(1.0, 0.0, 2, mult=2, decay=0.5)
    /// >>> s[0], s[1], s[2], s[4], s[6]
    /// (1.0, 0.5, 0.5, 0.25, 0.25)
    CosineRestarts as cosine_restarts {
        start: f64 = ParamType::Real(FINITE);
        end: f64 = ParamType::Real(FINITE);
        first: u64 = ParamType::Count(GAP);
        mult: u64 = ParamType::Count(MULT), or Value::Count(1);
        decay: Base = ParamType::Real(FACTOR), or Value::Real(1.0);
    }
}

impl Formula for Constant {
    fn span(&self, _k: u64) -> Span {
        Span { end: NEVER, moves: false }
    }
    #[inline(always)]
    fn value<N: Number>(&self, at: Point<N>) -> N {
        at.real(self.value)
    }
}

impl Formula for Linear {
    fn steps(&self) -> Option<u64> {
        Some(self.steps)
    }
    fn constant_value(&self) -> Option<f64> {
        (self.start == self.end).then_some(self.start)
    }
    /// `start + (end - start) u`, with the ends apart so that neither spoils the other near 0.
    #[inline(always)]
    fn value<N: Number>(&self, at: Point<N>) -> N {
        let (start, end) = at.pair(self.start, self.end);
        start * at.ratio(at.rest_of(self.steps)) + end * at.ratio(at.part_of(self.steps))
    }
}

impl Formula for Cosine {
    fn steps(&self) -> Option<u64> {
        Some(self.steps)
    }
    fn constant_value(&self) -> Option<f64> {
        (self.start == self.end).then_some(self.start)
    }
    /// `end + (start - end) (1 + cos(pi u)) / 2`, with the ends apart so that neither spoils the other near 0.
    #[inline(always)]
    fn value<N: Number>(&self, at: Point<N>) -> N {
        let (start, end) = at.pair(self.start, self.end);
        let (falling, rising) = at.raised_cosine(at.part_of(self.steps));
        start * falling + end * rising
    }
}

impl Formula for Polynomial {
    fn steps(&self) -> Option<u64> {
        Some(self.steps)
    }
    fn constant_value(&self) -> Option<f64> {
        (self.start == self.end).then_some(self.start)
    }
    #[inline(always)]
    fn value<N: Number>(&self, at: Point<N>) -> N {
        let (start, end) = at.pair(self.start, self.end);
        end.clone() + (start - end) * at.ratio(at.rest_of(self.steps)).pow(self.power)
    }
}

impl Formula for Power {
    fn steps(&self) -> Option<u64> {
        Some(self.steps)
    }
    fn constant_value(&self) -> Option<f64> {
        (self.start == self.end).then_some(self.start)
    }
    #[inline(always)]
    fn value<N: Number>(&self, at: Point<N>) -> N {
        let (start, end) = at.pair(self.start, self.end);
        start.clone() + (end - start) * at.ratio(at.part_of(self.steps)).pow(self.power)
    }
}

impl PolynomialCycle {
    /// Where the cycle that holds step `k` ends: at that step itself, if it is a multiple.
    #[inline(always)]
    fn cycle_end(&self, k: u64) -> u64 {
        k.div_ceil(self.steps).max(1) * self.steps
    }
}

impl Formula for PolynomialCycle {
    fn constant_value(&self) -> Option<f64> {
        (self.start == self.end).then_some(self.start)
    }
    fn span(&self, k: u64) -> Span {
        let end = self.cycle_end(k);
        if k < end { Span { end, moves: true } } else { Span { end: end + 1, moves: false } }
    }
    #[inline(always)]
    fn value<N: Number>(&self, at: Point<N>) -> N {
        let (start, end) = at.pair(self.start, self.end);
        end.clone() + (start - end) * at.ratio(at.rest_of(self.cycle_end(at.k))).pow(self.power)
    }
}

/// `k / per`, or the number of the stair.
#[inline(always)]
fn periods<N: Number>(at: Point<N>, per: f64, stair: bool) -> N {
    if stair { at.step() } else { at.step() / at.real(per) }
}

/// How many steps a stair has. A stair must be a whole number of them.
fn stair_steps(per: f64, stair: bool) -> u64 {
    if stair { per as u64 } else { 1 }
}

fn check_stair(per: f64, stair: bool) -> Result<(), Error> {
    if stair && !(per == per.trunc() && (1.0..=MAX_STEP as f64).contains(&per)) {
        let rule = "with `stair` it must be a whole number of steps from 1 to 2**53";
        return Err(Error::value("per", show(per), rule).or("Round it, or leave `stair` out."));
    }
    Ok(())
}

impl Formula for Exponential {
    fn check(&self) -> Result<(), Error> {
        check_stair(self.per, self.stair)
    }
    fn every(&self) -> u64 {
        stair_steps(self.per, self.stair)
    }
    #[inline(always)]
    fn value<N: Number>(&self, at: Point<N>) -> N {
        at.real(self.start) * periods(at, self.per, self.stair).power_of(&self.rate)
    }
}

impl Formula for NaturalExponential {
    fn check(&self) -> Result<(), Error> {
        check_stair(self.per, self.stair)
    }
    fn every(&self) -> u64 {
        stair_steps(self.per, self.stair)
    }
    #[inline(always)]
    fn value<N: Number>(&self, at: Point<N>) -> N {
        at.real(self.start) * (at.real(-self.rate) * periods(at, self.per, self.stair)).exp()
    }
}

impl Formula for InverseTime {
    fn check(&self) -> Result<(), Error> {
        check_stair(self.per, self.stair)
    }
    fn every(&self) -> u64 {
        stair_steps(self.per, self.stair)
    }
    #[inline(always)]
    fn value<N: Number>(&self, at: Point<N>) -> N {
        at.real(self.start) / (at.real(1.0) + at.real(self.rate) * periods(at, self.per, self.stair))
    }
}

impl Formula for InverseSqrt {
    #[inline(always)]
    fn value<N: Number>(&self, at: Point<N>) -> N {
        at.real(self.start) * (at.real(1.0) + at.step() / at.real(self.timescale)).pow(-0.5)
    }
}

impl Formula for AdamCorrection {
    fn steps(&self) -> Option<u64> {
        Some(self.steps)
    }
    #[inline(always)]
    fn value<N: Number>(&self, at: Point<N>) -> N {
        let (one, t) = (at.real(1.0), at.step() + at.real(1.0));
        let second = (one.clone() - t.clone().power_of(&self.beta2)).pow(0.5);
        let first = one - t.power_of(&self.beta1);
        if self.inverse { first / second } else { second / first }
    }
}
impl Formula for InversePower {
    #[inline(always)]
    fn value<N: Number>(&self, at: Point<N>) -> N {
        at.real(self.start) * (at.real(1.0) + at.step() / at.real(self.timescale)).pow(-self.power)
    }
}

impl Formula for Logarithmic {
    fn steps(&self) -> Option<u64> {
        Some(self.steps)
    }
    fn constant_value(&self) -> Option<f64> {
        (self.start == self.end).then_some(self.start)
    }
    #[inline(always)]
    fn value<N: Number>(&self, at: Point<N>) -> N {
        let (start, end) = at.pair(self.start, self.end);
        if at.is_held_at(self.steps) {
            return end; // A quotient of two logarithms is 1 only to within its error.
        }
        let log = |steps: N| (steps / at.real(self.timescale)).ln_1p();
        start.clone() + (end - start) * (log(at.step()) / log(at.count(self.steps)))
    }
}

impl Formula for Tanh {
    fn steps(&self) -> Option<u64> {
        Some(self.steps)
    }
    fn constant_value(&self) -> Option<f64> {
        (self.high == self.low).then_some(self.high)
    }
    /// `(high + low * e) / (1 + e)`, with e the exponential of twice the tangent's argument.
    #[inline(always)]
    fn value<N: Number>(&self, at: Point<N>) -> N {
        let (high, low) = at.pair(self.high, self.low);
        let (lower, upper) = at.pair(2.0 * self.lower, 2.0 * self.upper);
        let e = (lower * at.ratio(at.rest_of(self.steps)) + upper * at.ratio(at.part_of(self.steps))).exp();
        (high + low * e.clone()) / (at.real(1.0) + e)
    }
}

impl Formula for Rex {
    fn steps(&self) -> Option<u64> {
        Some(self.steps)
    }
    fn constant_value(&self) -> Option<f64> {
        (self.start == self.end).then_some(self.start)
    }
    /// `(start * (1 - u) + end * (1 - bend) * u) / (1 - bend * u)`: the ends apart, so that neither spoils the other near 0.
    #[inline(always)]
    fn value<N: Number>(&self, at: Point<N>) -> N {
        let (start, end) = at.pair(self.start, self.end);
        let (one, bend) = at.pair(1.0, self.bend);
        let (rest, part) = (at.ratio(at.rest_of(self.steps)), at.ratio(at.part_of(self.steps)));
        let falling = start * rest + end * (one.clone() - bend.clone()) * part.clone();
        falling / (one - bend * part)
    }
}

impl Formula for KDecay {
    fn steps(&self) -> Option<u64> {
        Some(self.steps)
    }
    fn constant_value(&self) -> Option<f64> {
        (self.start == self.end).then_some(self.start)
    }
    #[inline(always)]
    fn value<N: Number>(&self, at: Point<N>) -> N {
        let (start, end) = at.pair(self.start, self.end);
        if at.is_held_at(self.steps) {
            return end; // A power of 1 is 1 only to within its error.
        }
        let (falling, rising) = at.ratio(at.part_of(self.steps)).pow(self.power).half_turn();
        start * falling + end * rising
    }
}

impl Formula for PiecewiseConstant {
    fn check(&self) -> Result<(), Error> {
        if self.values.len() == self.milestones.len() + 1 {
            return Ok(());
        }
        let got = format!("{} milestones for {} values", self.milestones.len(), self.values.len());
        Err(Error::value("milestones", got, "there must be one value more than there are milestones")
            .or("The first value needs no milestone: it starts at step 0."))
    }
    fn span(&self, k: u64) -> Span {
        let i = self.milestones.partition_point(|&m| m <= k);
        Span { end: self.milestones.get(i).copied().unwrap_or(NEVER), moves: false }
    }
    #[inline(always)]
    fn value<N: Number>(&self, at: Point<N>) -> N {
        at.real(self.values[self.milestones.partition_point(|&m| m <= at.k)])
    }
}

impl Formula for Table {
    fn steps(&self) -> Option<u64> {
        Some(self.values.len() as u64)
    }
    fn span(&self, k: u64) -> Span {
        let last = k + 1 >= self.values.len() as u64;
        Span { end: if last { NEVER } else { k + 1 }, moves: false }
    }
    #[inline(always)]
    fn value<N: Number>(&self, at: Point<N>) -> N {
        at.real(self.values[at.k.min(self.values.len() as u64 - 1) as usize])
    }
}

impl Triangle {
    fn down(&self) -> u64 {
        self.down.unwrap_or(self.up)
    }
    fn cycle(&self) -> u64 {
        self.up + self.down()
    }
}

impl Formula for Triangle {
    fn constant_value(&self) -> Option<f64> {
        (self.low == self.high).then_some(self.low)
    }
    fn has_cycles(&self) -> bool {
        true
    }
    fn period(&self) -> Option<u64> {
        (self.decay.value == 1.0).then(|| self.cycle())
    }
    fn span(&self, k: u64) -> Span {
        let p = k % self.cycle();
        Span { end: k - p + if p < self.up { self.up } else { self.cycle() }, moves: true }
    }
    #[inline(always)]
    fn value<N: Number>(&self, at: Point<N>) -> N {
        let (c, p) = (at.k / self.cycle(), at.k % self.cycle());
        let (low, high) = at.pair(self.low, self.high);
        let local = at.moved_to(if p < self.up { p } else { p - self.up });
        let share = if p < self.up { local.part_of(self.up) } else { local.rest_of(self.down()) };
        // The power comes last, since it takes the longest.
        low.clone() + (high - low) * at.ratio(share) * at.count(c).power_of(&self.decay)
    }
}

impl CosineRestarts {
    /// The number of the cycle that holds step `k`, its first step and its length.
    fn cycle(&self, k: u64) -> (u64, u64, u64) {
        if self.mult == 1 {
            let i = k / self.first;
            return (i, i * self.first, self.first);
        }
        let (mut i, mut start, mut length) = (0, 0u64, self.first);
        while k - start >= length {
            start += length;
            length = length.saturating_mul(self.mult);
            i += 1;
        }
        (i, start, length)
    }
}

impl Formula for CosineRestarts {
    fn constant_value(&self) -> Option<f64> {
        (self.start == self.end).then_some(self.start)
    }
    fn check(&self) -> Result<(), Error> {
        let (_, _, length) = self.cycle(MAX_STEP);
        if length <= 1 << 63 {
            return Ok(());
        }
        let rule = "every cycle that starts within 2**53 steps must last at most 2**63 steps";
        Err(Error::value("mult", self.mult, rule).or("Take a smaller `mult`."))
    }
    fn has_cycles(&self) -> bool {
        true
    }
    fn period(&self) -> Option<u64> {
        (self.decay.value == 1.0 && self.mult == 1).then_some(self.first)
    }
    fn span(&self, k: u64) -> Span {
        let (_, start, length) = self.cycle(k);
        Span { end: start + length, moves: true }
    }
    #[inline(always)]
    fn value<N: Number>(&self, at: Point<N>) -> N {
        let (i, start, length) = self.cycle(at.k);
        let (top, end) = at.pair(self.start, self.end);
        let local = at.moved_to(at.k - start);
        let (falling, rising) = at.raised_cosine(local.part_of(length));
        if self.decay.value == 1.0 {
            return top * falling + end * rising;
        }
        end.clone() + (top - end) * at.count(i).power_of(&self.decay) * falling
    }
}
