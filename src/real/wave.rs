//! Waves: a curve near a step, as a constant and one cosine, with bounds on what it rounds.
//!
//! ```text
//! f(t) = at + bend (cos(d t) - 1) + slope sin(d t)         t steps from the centre, d a rational part of pi
//! ```
//!
//! A wave holds wherever the curve's formula does, and not over one tile only. Any other curve is an unknown wave.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::dd::{Dd, FineFused};
use super::functions::{half_turn, half_turn_bound};
use super::jet::{Jet, Width, scale};
use super::{Base, Number, Ratio};
use crate::limits::MAX_STEP;
use crate::simd;

/// The kit of waves: only machines with fused multiply-adds use them.
pub type WaveKit = FineFused;
/// A number that stands still.
type One = Jet<1, WaveKit>;

/// `num / den` of half a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Angle {
    /// The numerator.
    pub num: i64,
    /// The denominator.
    pub den: u64,
}

/// A curve near a step. See the module's text.
#[derive(Clone, Copy, Debug)]
pub struct Wave {
    at: One,
    bend: One,
    slope: One,
    /// d; `None` where bend and slope are 0.
    angle: Option<Angle>,
}

/// A wave that lanes can write: the same numbers, their exponents taken in.
#[derive(Clone, Copy, Debug)]
pub struct Parts {
    /// The value at the centre.
    pub at: Dd<WaveKit>,
    /// The factor of `cos(d t) - 1`.
    pub bend: Dd<WaveKit>,
    /// The factor of `sin(d t)`.
    pub slope: Dd<WaveKit>,
    /// A bound on the error anywhere.
    pub err: f64,
    /// d.
    pub angle: Angle,
}

impl Wave {
    #[inline(always)]
    fn still(at: One) -> Wave {
        let zero = One::real(0.0, Width(1.0));
        Wave { at, bend: zero, slope: zero, angle: None }
    }

    #[inline(always)]
    fn unknown() -> Wave {
        Wave::still(One::unknown())
    }

    /// `f` of a number that stands still.
    #[inline(always)]
    fn map(self, f: impl FnOnce(One) -> One) -> Wave {
        if self.angle.is_none() { Wave::still(f(self.at)) } else { Wave::unknown() }
    }

    /// Each part through `f`, which is linear.
    #[inline(always)]
    fn each(self, f: impl Fn(One) -> One) -> Wave {
        if self.angle.is_none() {
            return Wave::still(f(self.at));
        }
        Wave { at: f(self.at), bend: f(self.bend), slope: f(self.slope), angle: self.angle }
    }

    /// Its parts; `None` where it stands still, is unknown, or is too large or too small.
    #[inline(always)]
    pub fn parts(self) -> Option<Parts> {
        let angle = self.angle?;
        let plain = |x: One| {
            if x.c[0] != 0.0 {
                return x.plain();
            }
            let (_, _, err, exp) = x.centre();
            Some(One::constant(Dd::ZERO, scale(err, exp) + f64::MIN_POSITIVE, 0))
        };
        let [at, bend, slope] = [plain(self.at)?, plain(self.bend)?, plain(self.slope)?];
        let dd = |x: One| Dd::new(x.c[0], x.l[0]);
        // |cos - 1| is at most 2, |sin| at most 1.
        let err = at.err + 2.0 * bend.err + slope.err;
        (err < f64::INFINITY).then(|| Parts { at: dd(at), bend: dd(bend), slope: dd(slope), err: 1.0001 * err, angle })
    }
}

impl Add for Wave {
    type Output = Self;
    #[inline(always)]
    fn add(self, o: Self) -> Self {
        match (self.angle, o.angle) {
            (_, None) => Wave { at: self.at + o.at, ..self },
            (None, _) => Wave { at: self.at + o.at, ..o },
            (one, other) if one == other => {
                Wave { at: self.at + o.at, bend: self.bend + o.bend, slope: self.slope + o.slope, angle: one }
            }
            _ => Wave::unknown(),
        }
    }
}

impl Sub for Wave {
    type Output = Self;
    #[inline(always)]
    fn sub(self, o: Self) -> Self {
        self + -o
    }
}

impl Mul for Wave {
    type Output = Self;
    #[inline(always)]
    fn mul(self, o: Self) -> Self {
        match (self.angle, o.angle) {
            (_, None) => self.each(|x| x * o.at),
            (None, _) => o.each(|x| self.at * x),
            _ => Wave::unknown(),
        }
    }
}

impl Div for Wave {
    type Output = Self;
    #[inline(always)]
    fn div(self, o: Self) -> Self {
        if o.angle.is_none() { self.each(|x| x / o.at) } else { Wave::unknown() }
    }
}

impl Neg for Wave {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        self.each(|x| -x)
    }
}

impl Number for Wave {
    type Cx = ();

    #[inline(always)]
    fn enter<T: simd::Task<Out = Self>>(task: T) -> Self {
        simd::fused(task)
    }

    #[inline(always)]
    fn real(x: f64, _: ()) -> Self {
        Wave::still(One::real(x, Width(1.0)))
    }

    #[inline(always)]
    fn ratio(u: Ratio, _: ()) -> Self {
        if u.slope == 0 { Wave::still(One::ratio(u, Width(1.0))) } else { Wave::unknown() }
    }

    /// The bend of the first is `cos(pi u) / 2` and its slope `-sin(pi u) / 2`, u at the centre; the second has their negatives.
    #[inline(always)]
    fn raised_cosine(u: Ratio, _: ()) -> (Self, Self) {
        if u.slope == 0 || u.den > MAX_STEP {
            let (fall, rise) = One::raised_cosine(u, Width(1.0));
            return (Wave::still(fall), Wave::still(rise));
        }
        let h = half_turn::<WaveKit>(u.at, u.den);
        let rel = 1.0001 * half_turn_bound::<WaveKit>();
        let number = |x: Dd<WaveKit>, size: f64| One::constant(x, size * rel, 0);
        let bend = number(h.cos * 0.5, 1.0);
        let slope = number(-h.sin * 0.5, 1.0);
        let fall = Wave { at: number(h.cos2, h.cos2.hi), bend, slope, angle: Some(Angle { num: u.slope, den: u.den }) };
        (fall, Wave { at: number(h.sin2, h.sin2.hi), bend: -bend, slope: -slope, ..fall })
    }

    #[inline(always)]
    fn pow(self, p: f64) -> Self {
        if p == 1.0 { self } else { self.map(|x| x.pow(p)) }
    }

    #[inline(always)]
    fn half_turn(self) -> (Self, Self) {
        if self.angle.is_some() {
            return (Wave::unknown(), Wave::unknown());
        }
        let (fall, rise) = self.at.half_turn();
        (Wave::still(fall), Wave::still(rise))
    }

    #[inline(always)]
    fn exp(self) -> Self {
        self.map(One::exp)
    }

    #[inline(always)]
    fn ln_1p(self) -> Self {
        self.map(One::ln_1p)
    }

    #[inline(always)]
    fn power_of(self, base: &Base) -> Self {
        self.map(|x| x.power_of(base))
    }

    #[inline(always)]
    fn clamp(self, low: Option<f64>, high: Option<f64>) -> Self {
        self.map(|x| x.clamp(low, high))
    }
}
