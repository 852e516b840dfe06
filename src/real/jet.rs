//! Jets: a curve near a step, as a short Taylor polynomial with a bound on everything it leaves out.
//!
//! `Jet<N, K>` stands for all functions `f` of `s` in `[-1, 1]` with
//!
//! ```text
//! |f(s) - 2^exp (C0 + C1 s + ... + C[N-1] s^(N-1))| <= 2^exp err,      Ci = c[i] + l[i] for i < 3, else c[i]
//! ```
//!
//! where `s = t / w`: `t` is the distance from the tile's centre in steps and `w` the tile's half-width, a power of two.
//! A jet of one coefficient is the value at one step. Every operation below adds what it drops or rounds to `err`, so
//! that the author of a formula has nothing to prove: an operation that rounds nothing adds exactly 0.
//!
//! Numbers are kept moderate (2^-300 to 2^300) by `exp`, so that a product of two factors that overflow may be 1. Every
//! jet, however large or small, is such a ball; an infinite `err` means that nothing is known of the value.

use std::cmp::Ordering::{self, Equal, Greater, Less};

use super::dd::{Dd, Kit, RECIP_SQRT_BOUND, mul_add, two_sum};
use super::functions;
use super::{Base, Number, Ratio};
use crate::limits::MAX_STEP;
use crate::simd;

/// Half an ulp of 1: the relative rounding error of one operation on doubles.
pub const U: f64 = f64::EPSILON / 2.0;
/// More than the relative error of a chain of two double-double operations (each is below 2^-102).
const UU: f64 = 1.0 / ((1u128 << 100) as f64);
/// Covers the rounding of the error bounds themselves: sums and products of at most some hundred positive doubles.
const SLACK: f64 = 1.0 + 1e-12;
/// Coefficients that have a low part.
const LOW: usize = 3;
/// Where coefficients are rescaled: squares of what lies within stay far from overflow and underflow.
const HUGE: f64 = f64::from_bits((1023 + 300) << 52);
const TINY: f64 = f64::from_bits((1023 - 300) << 52);
/// Exponents stay within this, so that no sum of two overflows. Larger numbers are unknown, smaller ones are 0 with an error.
const LIMIT: i64 = 1 << 60;
/// What is added where an error may have rounded to 0 on the way. It is less than 2^-300 of any jet's size.
const LEAST_ERR: f64 = TINY * TINY * TINY;

/// Bounds on narrowed jets. See [`Jet::narrowing`].
#[derive(Clone, Copy, Debug)]
pub struct Narrowing {
    /// On the error.
    pub err: f64,
    /// On the coefficient of s.
    pub slope: f64,
    /// On that of s^2.
    pub bend: f64,
    /// On the sum of the coefficients after that.
    pub late: f64,
}

/// What a jet needs to know: the tile's half-width, in steps of the grid (a power of two).
#[derive(Clone, Copy, Debug)]
pub struct Width(pub f64);

/// A curve near a step. See the module's text.
#[derive(Clone, Copy, Debug)]
pub struct Jet<const N: usize, K: Kit> {
    /// Taylor coefficients in `s`.
    pub c: [f64; N],
    /// Low parts of the first three.
    pub l: [f64; LOW],
    /// Coefficients past this one are 0.
    pub deg: usize,
    /// A bound on the distance to the truth for every `s` in `[-1, 1]`.
    pub err: f64,
    /// The binary exponent of all the above.
    pub exp: i64,
    kit: std::marker::PhantomData<K>,
}

/// What a jet tells of a curve over a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// The curve has one value, exactly.
    Constant,
    /// It changes, by a bounded amount.
    Smooth,
}

/// `x * 2^e`, to 0 or infinity where that is where it goes.
#[inline(always)]
pub fn scale(x: f64, e: i64) -> f64 {
    let e = e.clamp(-2200, 2200) as i32;
    let pow2 = |e: i32| f64::from_bits(((1023 + e.clamp(-1022, 1023)) as u64) << 52);
    if (-1022..=1023).contains(&e) { x * pow2(e) } else { x * pow2(e / 3) * pow2(e / 3) * pow2(e - 2 * (e / 3)) }
}

/// The binary exponent of a normal double: `2^e <= |x| < 2^(e+1)`.
#[inline(always)]
pub fn exponent(x: f64) -> i64 {
    ((x.to_bits() >> 52) & 0x7ff) as i64 - 1023
}

/// Functions are compiled once a kit, whatever the order of the jets that call them; but within the jet of one coefficient,
/// which is all of a single value, where a call costs a tenth of it.
macro_rules! once {
    ($name:ident, $Task:ident, ($($arg:ident: $type:ty),*) -> $out:ty, $body:expr) => {
        struct $Task<K: Kit>($($type,)* std::marker::PhantomData<K>);

        impl<K: Kit> simd::Task for $Task<K> {
            type Out = $out;
            #[inline(always)]
            fn run(self) -> $out {
                let $Task($($arg,)* _) = self;
                $body
            }
        }

        #[inline(always)]
        pub(super) fn $name<const N: usize, K: Kit>($($arg: $type),*) -> $out {
            let task = $Task::<K>($($arg,)* std::marker::PhantomData);
            if N == 1 && !K::FINE {
                simd::Task::run(task)
            } else if K::FUSED {
                simd::fused_apart(task)
            } else {
                simd::apart(task)
            }
        }
    };
}

once!(exp_once, Exp, (x: Dd<K>) -> (Dd<K>, i64), functions::exp(x));
once!(ln_once, Ln, (x: Dd<K>, e: i64) -> Dd<K>, functions::ln(x, e));
once!(half_turn_of_once, HalfTurnOf, (u: Dd<K>) -> functions::HalfTurn<K>, functions::half_turn_of(u));
once!(half_turn_once, HalfTurn, (num: u64, den: u64) -> functions::HalfTurn<K>, functions::half_turn(num, den));

impl<const N: usize, K: Kit> Jet<N, K> {
    const LOWS: usize = if N < LOW { N } else { LOW };

    #[inline(always)]
    fn zero() -> Self {
        Jet { c: [0.0; N], l: [0.0; LOW], deg: 0, err: 0.0, exp: 0, kit: std::marker::PhantomData }
    }

    /// A constant: `x * 2^exp`, give or take `err * 2^exp`.
    #[inline(always)]
    pub(super) fn constant(x: Dd<K>, err: f64, exp: i64) -> Self {
        let mut jet = Self::zero();
        jet.set(0, x);
        jet.err = err;
        jet.exp = exp;
        jet
    }

    /// A jet that knows nothing: whoever rounds it goes on to the next rung.
    #[inline(always)]
    pub(super) fn unknown() -> Self {
        Jet { err: f64::INFINITY, ..Self::zero() }
    }

    #[inline(always)]
    fn lead(&self, i: usize) -> Dd<K> {
        Dd::new(self.c[i], self.l[i])
    }

    #[inline(always)]
    fn set(&mut self, i: usize, x: Dd<K>) {
        self.c[i] = x.hi;
        self.l[i] = x.lo;
    }

    /// Where loops over coefficients up to `deg` end. A jet of two has always both, so that the compiler unrolls the loops.
    #[inline(always)]
    fn last(deg: usize) -> usize {
        if N > 2 { deg } else { N - 1 }
    }

    /// The i-th coefficient; 0 from N on.
    #[inline(always)]
    pub fn coefficient(&self, i: usize) -> f64 {
        if i < N { self.c[i] } else { 0.0 }
    }

    /// A bound on the coefficients from the `from`-th on, low parts included.
    #[inline(always)]
    pub fn size(&self, from: usize) -> f64 {
        let mut sum = 0.0;
        for i in from..=Self::last(self.deg.max(from).min(N - 1)) {
            sum += self.c[i].abs();
        }
        sum * SLACK
    }

    /// The same number with another exponent. Down to 2^-700 nothing is lost but what `err` takes up.
    #[inline(always)]
    fn with_exponent(mut self, exp: i64) -> Self {
        if exp == self.exp {
            return self;
        }
        let by = self.exp.saturating_sub(exp);
        for i in 0..=self.deg {
            self.c[i] = scale(self.c[i], by);
        }
        for i in 0..Self::LOWS {
            self.l[i] = scale(self.l[i], by);
        }
        // What falls below 2^-1022 on the way is less than 2^-1000 in all.
        self.err = scale(self.err, by) + LEAST_ERR;
        self.exp = exp;
        self
    }

    /// Brings the coefficients back to where they can be squared; where all are 0, the error.
    #[inline(always)]
    fn tidy(self) -> Self {
        let size = self.size(0);
        if (TINY..HUGE).contains(&size) { self } else { self.rescaled(size) }
    }

    #[cold]
    #[inline(never)]
    fn rescaled(self, size: f64) -> Self {
        if self.is_zero() {
            return Self::zero();
        }
        let size = if size == 0.0 { self.err } else { size };
        if !size.is_finite() {
            return Self::unknown();
        }
        self.with_exponent(self.exp + exponent(size))
    }

    /// The same number, its exponent within [`LIMIT`].
    #[inline(always)]
    fn within_limit(self) -> Self {
        if self.exp.abs() <= LIMIT {
            return self;
        }
        if self.is_zero() {
            return Self::zero();
        }
        // Coefficients and errors are below 2^1024 each.
        if self.exp < 0 && self.size(0) + self.err < f64::INFINITY {
            Self::below(4096 - LIMIT)
        } else {
            Self::unknown()
        }
    }

    /// A number of which only is known that its size is at most `2^exp`.
    #[inline(always)]
    fn below(exp: i64) -> Self {
        Jet { err: 1.0, exp, ..Self::zero() }
    }

    #[inline(always)]
    fn plus(self, o: Self) -> Self {
        if self.exp != o.exp {
            if self.is_zero() || o.is_zero() {
                return if o.is_zero() { self } else { o };
            }
            let exp = self.exp.max(o.exp);
            return Self::sum(self.with_exponent(exp), o.with_exponent(exp)).tidy();
        }
        Self::sum(self, o)
    }

    #[inline(always)]
    fn sum(a: Self, b: Self) -> Self {
        let mut out = Self::zero();
        out.exp = a.exp;
        out.deg = a.deg.max(b.deg);
        let mut err = a.err + b.err;
        for i in 0..=Self::last(out.deg) {
            if i < LOW {
                let (x, e) = a.lead(i).add_measured(b.lead(i));
                out.set(i, x);
                err += e;
            } else {
                out.c[i] = a.c[i] + b.c[i];
                err += U * out.c[i].abs();
            }
        }
        out.err = err * SLACK;
        out
    }

    /// The product of straight lines. The loops of `times` would take twice as long for it.
    #[inline(always)]
    fn times_line(self, o: Self) -> Self {
        let mut out = Self::zero();
        out.exp = self.exp + o.exp;
        let mut err = self.err * (o.size(0) + o.err) + o.err * self.size(0);
        let (x, e) = self.lead(0).mul_measured(o.lead(0));
        out.set(0, x);
        err += e;
        if N > 1 && self.deg + o.deg > 0 {
            let (x, e) = if o.deg == 0 {
                self.lead(1).mul_measured(o.lead(0))
            } else if self.deg == 0 {
                self.lead(0).mul_measured(o.lead(1))
            } else {
                err += self.c[1].abs() * o.c[1].abs() * (1.0 + 8.0 * U);
                let (x, e) = self.lead(0).mul_measured(o.lead(1));
                let (y, e1) = self.lead(1).mul_measured(o.lead(0));
                let (z, e2) = x.add_measured(y);
                (z, e + e1 + e2)
            };
            out.set(1, x);
            out.deg = 1;
            err += e;
        }
        out.err = err * SLACK + if self.err > 0.0 || o.err > 0.0 { LEAST_ERR } else { 0.0 };
        out.within_limit().tidy()
    }

    #[inline(always)]
    fn times(self, o: Self) -> Self {
        if N <= 2 {
            return self.times_line(o);
        }
        let (a, b) = if self.deg <= o.deg { (self, o) } else { (o, self) };
        let mut out = Self::zero();
        out.exp = a.exp + b.exp;
        out.deg = (a.deg + b.deg).min(N - 1);
        let mut err = a.err * (b.size(0) + b.err) + b.err * a.size(0);
        for k in 0..=out.deg {
            let first = k.saturating_sub(b.deg);
            let last = k.min(a.deg);
            if k < LOW {
                let (mut x, mut e) = a.lead(first).mul_measured(b.lead(k - first));
                for i in first + 1..=last {
                    let (y, e1) = a.lead(i).mul_measured(b.lead(k - i));
                    let (z, e2) = x.add_measured(y);
                    x = z;
                    e += e1 + e2;
                }
                out.set(k, x);
                err += e;
            } else {
                let (mut x, mut m) = (0.0, 0.0);
                for i in first..=last {
                    let y = a.c[i] * b.c[k - i];
                    x += y;
                    m += y.abs();
                }
                // A product and at most N sums, each to U; and the low parts left out, U each.
                out.c[k] = x;
                err += m * U * (N as f64 + 3.0);
            }
        }
        if a.deg + b.deg >= N {
            for i in 0..=a.deg {
                if i + b.deg >= N {
                    let mut tail = 0.0;
                    for j in N - i..=b.deg {
                        tail += b.c[j].abs();
                    }
                    err += a.c[i].abs() * tail * (1.0 + 8.0 * U);
                }
            }
        }
        // A product of two small errors may round to 0, which would say that the product is exact.
        out.err = err * SLACK + if a.err > 0.0 || b.err > 0.0 { LEAST_ERR } else { 0.0 };
        out.within_limit().tidy()
    }

    #[inline(always)]
    fn over(self, o: Self) -> Self {
        if N > 1 && o.deg > 1 {
            let task = Quotient(self, o);
            return if K::FUSED { simd::fused_apart(task) } else { simd::apart(task) };
        }
        if o.deg > 0 || o.err > 0.0 {
            return self.times(o.recip());
        }
        if o.c[0] == 0.0 {
            return Self::unknown();
        }
        let mut out = Self::zero();
        out.exp = self.exp - o.exp;
        out.deg = self.deg;
        let mut err = self.err / o.c[0].abs() * (1.0 + 4.0 * U);
        for i in 0..=self.deg {
            if i < LOW {
                let (x, e) = self.lead(i).div_measured(o.lead(0));
                out.set(i, x);
                err += e;
            } else {
                out.c[i] = self.c[i] / o.c[0];
                err += 2.0 * U * out.c[i].abs();
            }
        }
        out.err = err * SLACK + if self.err > 0.0 { LEAST_ERR } else { 0.0 };
        out.within_limit().tidy()
    }

    /// `f(x)`, from the Taylor coefficients of `f` at `x`'s centre.
    ///
    /// `rel` bounds the relative error of every coefficient of `f`, `rest` what the series leaves out over the tile (it
    /// may ignore `x.err`), `slope` the size of `f'` there (`x.err` included).
    #[inline(always)]
    fn compose(self, f: Jet<N, K>, rel: f64, rest: f64, slope: f64) -> Self {
        let mut out = if self.deg <= 1 { f.with_argument(self) } else { f.with_jet(self) };
        out.exp = f.exp;
        out.err = (out.err + out.size(0) * rel + rest + self.err * slope) * SLACK;
        out
    }

    /// The series `f` in `x = x0 + x1 s`, which moves.
    #[inline(always)]
    fn with_argument(self, x: Self) -> Self {
        let mut out = self;
        out.err = 0.0;
        let step = x.lead(1);
        let mut power = step;
        for i in 1..Self::LOWS {
            let y = self.lead(i) * power;
            out.set(i, y);
            // The power and the product: three operations at most.
            out.err += y.hi.abs() * 2.0 * UU;
            power = power * step;
        }
        let mut power = power.hi;
        for i in Self::LOWS..N {
            // The power is a double for i = 3 and two roundings further each time; the product is one more.
            out.c[i] = self.c[i] * power;
            out.err += out.c[i].abs() * U * (2.0 * i as f64 - 4.0);
            power *= step.hi;
        }
        out.deg = N - 1;
        out
    }

    /// The series `f` in any jet, by Horner's rule.
    #[inline(always)]
    fn with_jet(self, x: Self) -> Self {
        let task = WithJet(self, x);
        if K::FUSED { simd::fused_apart(task) } else { simd::apart(task) }
    }

    /// How far `x` strays from its centre over the tile.
    #[inline(always)]
    fn radius(&self) -> f64 {
        if N == 1 { 0.0 } else { self.size(1) * (1.0 + 4.0 * U) }
    }

    /// `r^N / N!`, rounded up.
    #[inline(always)]
    fn last_term(r: f64) -> f64 {
        let mut x = 1.0 + 1e-10;
        for i in 1..=N {
            x *= r / i as f64;
        }
        x
    }

    /// `1 / x`: coefficients (-1)^i / x0^(i+1); the tail of a geometric series.
    #[inline(always)]
    fn recip(self) -> Self {
        self.power_series(-1.0, |x, exp| (x.recip(), -exp, 0.0))
    }

    /// `x ** p` around `x0 > 0` by the binomial series, `lead` being `x0 ** p` as (value, exponent, relative error).
    ///
    /// The rest is `|C(p, N)| q^N (1 +- q)^(p - N)` of the leading term, by Lagrange, where `q = radius / x0 < 1/2`.
    #[inline(always)]
    fn power_series(mut self, p: f64, lead: impl FnOnce(Dd<K>, i64) -> (Dd<K>, i64, f64)) -> Self {
        let size = exponent(self.c[0]);
        if size.abs() > 30 {
            // The coefficients need 1 / x0 to the power of N - 1, which must not underflow.
            self = self.with_exponent(self.exp + size);
        }
        let x0 = self.c[0];
        let q = (self.radius() + self.err) / x0.abs() * SLACK;
        // The logarithm takes exponents up to 2^52.
        if !(q < 0.5) || self.exp.abs() >= 1 << 50 {
            return Self::unknown();
        }
        let (f0, exp, rel) = lead(self.lead(0), self.exp);
        let size = f0.hi.abs();
        // (1 - q)^-m <= e^(2 q m) for q < 1/2, and (1 + q)^m <= e^(q m); e^y <= 1 + 2y for y <= 1.
        let worst = |n: f64| {
            let y = 2.0 * q * (p - n).abs();
            if y <= 1.0 { 1.0 + 2.0 * y } else { y.exp() * SLACK }
        };
        if N == 1 || self.deg == 0 {
            // f' = p f / x over the interval of the error.
            let err = if self.err == 0.0 { 0.0 } else { size * p.abs() * self.err / x0.abs() * worst(1.0) };
            return Self::constant(f0, (size * (rel + UU) + err) * SLACK, exp).tidy();
        }
        let inverse = self.lead(0).recip();
        let mut f = Self::constant(f0, 0.0, exp);
        let mut c = f0;
        let mut binomial = 1.0;
        for i in 1..N {
            let factor = (p - (i as f64 - 1.0)) / i as f64;
            binomial *= factor.abs();
            if i < LOW {
                // p - (i - 1) is rounded once for i = 2: two_sum keeps it whole; division by i likewise.
                c = c * inverse * Dd::sum(p, 1.0 - i as f64) / i as f64;
                f.set(i, c);
            } else {
                f.c[i] = f.c[i - 1] * factor * inverse.hi;
            }
        }
        f.deg = N - 1;
        binomial *= ((p - (N as f64 - 1.0)) / N as f64).abs();
        let mut tail = binomial * size * worst(N as f64) * SLACK;
        for _ in 0..N {
            tail *= q;
        }
        let mut out = self.compose(f, rel + 8.0 * UU, tail, size * p.abs() / x0.abs() * worst(1.0));
        for i in LOW..N {
            // The low part is left out; the factor rounds twice, its two products once each, the inverse is a double.
            out.err += out.c[i].abs() * U * (5.0 * i as f64 - 9.0) * SLACK;
        }
        out.tidy()
    }

    /// `x ** n` by multiplication.
    #[inline(always)]
    fn whole_power(self, n: u32) -> Self {
        let mut out = self;
        for bit in (0..31 - n.leading_zeros()).rev() {
            out = out.times(out);
            if n >> bit & 1 == 1 {
                out = out.times(self);
            }
        }
        out
    }

    /// `e ** (x0 + x1 s + ...)`: coefficients `e^x0 / i!`.
    #[inline(always)]
    fn exponential(self) -> Self {
        if self.c[0].abs() > 0.0 && exponent(self.c[0]) + self.exp > 39 {
            return Self::far(self);
        }
        let x = self.with_exponent(0);
        if !(x.err < 0.25) {
            return Self::unknown();
        }
        let (f0, exp) = exp_once::<N, K>(x.lead(0));
        let rel = functions::exp_bound::<K>(x.c[0]);
        if N == 1 || x.deg == 0 {
            // e^y - 1 <= 2y for 0 <= y <= 1; f0 needs no tidying.
            return Self::constant(f0, f0.hi * (rel + 2.0 * UU + 2.0 * x.err) * SLACK, exp);
        }
        let mut f = Self::constant(f0, 0.0, exp);
        let r = x.radius();
        // e^y <= 1 + 2y for 0 <= y <= 1: e^(r + err) at the far end of the tile.
        if r > 0.5 {
            // Only that it is below 2^(1.5 (r + err)) of f0; in a sum that may be nothing.
            let most = (1.5 * (r + x.err)).min(1e9) as i64 + 2;
            return if r < 1e8 { Self::below(exp + exponent(f0.hi) + most) } else { Self::unknown() };
        }
        let top = f0.hi * (1.0 + 2.0 * (r + x.err)) * SLACK;
        let mut c = f0;
        for i in 1..N {
            if i < LOW {
                c = c / i as f64;
                f.set(i, c);
            } else {
                f.c[i] = f.c[i - 1] / i as f64;
            }
        }
        f.deg = N - 1;
        let mut out = x.compose(f, rel + 4.0 * UU, top * Self::last_term(r), top);
        for i in LOW..N {
            // The low part is left out, and each division rounds.
            out.err += out.c[i].abs() * U * (i as f64 - 1.0) * SLACK;
        }
        out.tidy()
    }

    /// `ln x` around `x0 > 0`: coefficients `(-1)^(i + 1) / (i x0^i)`; the rest is `q^N / N` at most `(1 - q)^-N` times, by
    /// Lagrange, where `q = radius / x0 < 1/2`.
    #[inline(always)]
    fn logarithm(mut self) -> Self {
        let size = exponent(self.c[0]);
        if size.abs() > 30 {
            // The coefficients need 1 / x0 to the power of N - 1, which must not underflow.
            self = self.with_exponent(self.exp + size);
        }
        let x0 = self.c[0];
        let q = (self.radius() + self.err) / x0 * SLACK;
        // The logarithm takes exponents up to 2^52.
        if !(x0 > 0.0) || !(q < 0.5) || self.exp.abs() >= 1 << 50 {
            return Self::unknown();
        }
        let e = exponent(x0);
        let f0 = ln_once::<N, K>(self.lead(0).scale(scale(1.0, -e)), self.exp + e);
        let err = f0.hi.abs() * functions::ln_bound::<K>() * SLACK;
        let slope = 2.0 / x0;
        if N == 1 || self.deg == 0 {
            return Self::constant(f0, (err + self.err * slope) * SLACK, 0).tidy();
        }
        let inverse = self.lead(0).recip();
        let mut f = Self::constant(f0, 0.0, 0);
        let mut power = inverse;
        for i in 1..Self::LOWS {
            f.set(i, power / i as f64);
            power = -(power * inverse);
        }
        let mut power = power.hi;
        for i in Self::LOWS..N {
            f.c[i] = power / i as f64;
            power *= -inverse.hi;
        }
        f.deg = N - 1;
        let mut tail = 1.0 / N as f64;
        for _ in 0..N {
            tail *= q / (1.0 - q);
        }
        let mut out = self.compose(f, 8.0 * UU, tail * SLACK, slope);
        for i in Self::LOWS..N {
            // The low part is left out and the division rounds; from i = 4 on, two factors and a product each.
            out.err += out.c[i].abs() * U * (2.0 * i as f64 - 4.0);
        }
        out.err = (out.err + err) * SLACK;
        out.tidy()
    }

    /// On which side of a bound it lies all over the tile: `Less` and `Greater` where it may touch it, `Equal` where it
    /// is it, `None` where that is not known.
    #[inline(always)]
    fn side_of(self, bound: f64) -> Option<Ordering> {
        let over = self.plus(-Self::real(bound, Width(1.0)));
        let mid = over.c[0] + over.l[0];
        let r = (over.radius() + over.l[0].abs() + over.err) * SLACK + U * mid.abs();
        match (mid - r >= 0.0, mid + r <= 0.0) {
            (true, true) => Some(Equal),
            (true, false) => Some(Greater),
            (false, true) => Some(Less),
            (false, false) => None,
        }
    }

    #[inline(always)]
    fn is_zero(&self) -> bool {
        self.c[0] == 0.0 && self.deg == 0 && self.err == 0.0
    }

    /// `e ** x` where `|x| >= 2^40`: its exponent, its sign and a rough size.
    #[cold]
    #[inline(never)]
    fn far(x: Self) -> Self {
        let certain = x.err + x.radius() < 0.25 * x.c[0].abs();
        if !certain || exponent(x.c[0]) + x.exp > 58 {
            return if certain && x.c[0] < 0.0 { Self::below(-LIMIT / 8) } else { Self::unknown() };
        }
        let x = x.with_exponent(0);
        // 1 / ln 2.
        let y = x.lead(0) * Dd::new(std::f64::consts::LOG2_E, 2.0355273740931033e-17);
        let off = 1.5 * (x.err + x.radius()) + y.hi.abs() * UU;
        let whole = y.hi.floor();
        let rest = (y.hi - whole) + y.lo;
        let exp = whole as i64 + rest.floor() as i64;
        if off > 0.1 {
            // Of a whole tile, say: not even the size is known.
            return Self::below(exp + 2 + off.min((1u64 << 60) as f64) as i64);
        }
        // From 2^-0.1 to 2^1.1.
        Self::constant(Dd::new(1.6, 0.0), 0.75, exp)
    }

    /// Bounds on [`Jet::narrowed`], and on what it leaves out and rounds, for any centre in the tile and a tile `r` times
    /// as wide, r a power of two below 1; this jet's own error included.
    ///
    /// With `Dj` the sum over i of `C(i, j) |ci|`, which bounds the j-th coefficient anywhere in the tile, and u doubled
    /// where products and sums round apart:
    ///
    /// * The coefficients from L on are left out: `r^j Dj` each.
    /// * The j-th of the others is `cj`, added to j + 1 times, and what is added is smaller and was rounded at most 2N
    ///   times; l2 is left out: `u r^j ((j + 2) |cj| + 2N (Dj - |cj|))`.
    /// * The first is c1 + l1 and what is added, the sum whole: of `2 c2 tau` six roundings at most, of the rest 2N:
    ///   `u r (12 |c2| + 2N (D1 - |c1| - 2 |c2|))`, and `u^2` of its size.
    /// * For the centre, `h = c3 + ...` rounds as that does, and so do its product with tau and the sum with l2:
    ///   `u (4 |c3| + 2N (|c4| + ...))`; the rest is double-double: some `u^2` of its size.
    #[inline(always)]
    pub fn narrowing<const L: usize>(&self, r: f64) -> Narrowing {
        let u = if K::FUSED { U } else { 2.0 * U };
        let many = 2.0 * N as f64;
        let (c2, c3) = (self.coefficient(2).abs(), self.coefficient(3).abs());
        let mut tail = 0.0;
        for i in 4..N {
            tail += self.c[i].abs();
        }
        let mut err = self.err + u * (4.0 * c3 + many * tail) + 32.0 * U * U * (self.c[0].abs() + self.c[1].abs() + c2);
        let (mut slope, mut bend, mut late) = (0.0, 0.0, 0.0);
        let mut binomial = [1.0; N];
        let mut scale = 1.0;
        for j in 1..N {
            // C(i, j) = C(i - 1, j - 1) + C(i - 1, j).
            let mut next = [0.0; N];
            for i in j..N {
                next[i] = next[i - 1] + binomial[i - 1];
            }
            binomial = next;
            scale *= r;
            let mut rest = 0.0;
            for i in j + 1..N {
                rest += binomial[i] * self.c[i].abs();
            }
            let own = self.c[j].abs();
            err += scale
                * match j {
                    1 => u * (12.0 * c2 + many * (rest - 2.0 * c2).max(0.0) + 8.0 * U * own),
                    _ if j < L => u * ((j as f64 + 2.0) * own + many * rest),
                    _ => own + rest,
                };
            match j {
                1 => slope = scale * (own + rest),
                2 => bend = scale * (own + rest),
                _ => late += scale * (own + rest),
            }
        }
        Narrowing { err: err * SLACK, slope: slope * SLACK, bend: bend * SLACK, late: late * SLACK }
    }

    /// The value at `tau` in `[-1, 1]`; its error is in [`Jet::narrowing`], with r = 0.
    #[inline(always)]
    pub fn at(&self, tau: f64) -> Dd<K> {
        let mut h = if N > 3 { self.c[N - 1] } else { 0.0 };
        for i in (3..N - 1).rev() {
            h = mul_add::<K>(h, tau, self.c[i]);
        }
        self.rise(tau, h)
    }

    /// `c0 + tau (c1 + tau (c2 + tau h))`, the large parts whole.
    #[inline(always)]
    fn rise(&self, tau: f64, h: f64) -> Dd<K> {
        let bend = Dd::<K>::sum(self.coefficient(2), mul_add::<K>(h, tau, self.l[2]));
        let lift = Dd::<K>::product(bend.hi, tau);
        let slope = Dd::<K>::sum(self.c[1], lift.hi);
        let slope_lo = slope.lo + mul_add::<K>(bend.lo, tau, lift.lo + self.l[1]);
        let rise = Dd::<K>::product(slope.hi, tau);
        let top = Dd::<K>::sum(self.c[0], rise.hi);
        let low = mul_add::<K>(slope_lo, tau, rise.lo) + (top.lo + self.l[0]);
        Dd::<K>::fast_sum(top.hi, low)
    }

    /// The centre's value, c1's low part and c1, c2, ... of the same curve around `tau` in `[-1, 1]`, for a tile `r` times
    /// as wide; their error is in [`Jet::narrowing`].
    #[inline(always)]
    pub fn narrowed<const L: usize>(&self, tau: f64, r: f64) -> (Dd<K>, f64, [f64; L]) {
        let mut a = self.c;
        for i in (1..N - 1).rev() {
            a[i] = mul_add::<K>(a[i + 1], tau, a[i]);
        }
        let centre = self.rise(tau, if N > 3 { a[3] } else { 0.0 });
        let mut c = [0.0; L];
        let mut low = 0.0;
        let mut scale = r;
        let bend = |a: &[f64; N]| if N > 2 { a[2] } else { 0.0 };
        let once = bend(&a);
        for j in 1..L {
            for i in (j.max(2)..N - 1).rev() {
                a[i] = mul_add::<K>(a[i + 1], tau, a[i]);
            }
            if j == 1 {
                // The slope is c1 and what the two passes so far have added to it, small beside it.
                let first = Dd::<K>::sum(self.c[1], mul_add::<K>(once + bend(&a), tau, self.l[1]));
                low = first.lo * scale;
                c[1] = first.hi * scale;
            } else {
                c[j] = a[j] * scale;
            }
            scale *= r;
        }
        (centre, low, c)
    }

    /// The same with its exponent taken into its coefficients; `None` where they would not all be normal.
    #[inline(always)]
    pub fn plain(mut self) -> Option<Self> {
        if self.exp == 0 {
            return Some(self);
        }
        if !(-900..=900).contains(&exponent(self.c[0]).saturating_add(self.exp)) || self.exp.abs() > 1000 {
            return None;
        }
        let unit = scale(1.0, self.exp);
        for i in 0..N {
            self.c[i] *= unit;
        }
        for i in 0..Self::LOWS {
            self.l[i] *= unit;
        }
        // What becomes subnormal on the way rounds to 2^-1075 each.
        self.err = self.err * unit + f64::MIN_POSITIVE;
        self.exp = 0;
        Some(self)
    }

    /// What it tells; `None` if it knows nothing.
    pub fn known(&self) -> Option<Known> {
        let is_constant = self.err == 0.0 && self.deg == 0;
        (self.err < f64::INFINITY).then_some(if is_constant { Known::Constant } else { Known::Smooth })
    }

    /// The value at the centre as (high, low, error, exponent): what the last rounding starts from.
    #[inline(always)]
    pub fn centre(&self) -> (f64, f64, f64, i64) {
        (self.c[0], self.l[0], self.err, self.exp)
    }
}

/// See [`Jet::with_jet`]. A task, since only a task is compiled with fma if it is not inlined.
struct WithJet<const N: usize, K: Kit>(Jet<N, K>, Jet<N, K>);

impl<const N: usize, K: Kit> simd::Task for WithJet<N, K> {
    type Out = Jet<N, K>;
    #[inline(always)]
    fn run(self) -> Jet<N, K> {
        let WithJet(f, mut offset) = self;
        offset.set(0, Dd::new(0.0, 0.0));
        offset.err = 0.0;
        offset.exp = 0;
        let mut out = Jet::zero();
        for i in (0..N).rev() {
            let c = if i < LOW { f.lead(i) } else { Dd::new(f.c[i], 0.0) };
            out = out.times(offset).plus(Jet::constant(c, 0.0, 0));
        }
        out.with_exponent(0)
    }
}

/// `a / b`, where b is no straight line: `q_k = (a_k - b_1 q_(k-1) - ... - b_k q_0) / b_0`.
///
/// However q was rounded, `a / b - q = (a - q b) / b`, and the product and the difference bound their own errors.
struct Quotient<const N: usize, K: Kit>(Jet<N, K>, Jet<N, K>);

impl<const N: usize, K: Kit> simd::Task for Quotient<N, K> {
    type Out = Jet<N, K>;
    #[inline(always)]
    fn run(self) -> Jet<N, K> {
        let Quotient(a, b) = self;
        let least = b.c[0].abs() - (b.radius() + b.l[0].abs() + b.err) * SLACK;
        if !(least > 0.0) {
            return Jet::unknown();
        }
        let inverse = b.lead(0).recip();
        let mut q = Jet::zero();
        for k in 0..Jet::<N, K>::LOWS {
            let mut x = a.lead(k);
            for i in 1..=k {
                x = x - b.lead(i) * q.lead(k - i);
            }
            q.set(k, x * inverse);
        }
        for k in LOW..N {
            let mut x = a.c[k];
            for i in 1..=k {
                x = mul_add::<K>(-b.c[i], q.c[k - i], x);
            }
            q.c[k] = x * inverse.hi;
        }
        q.deg = N - 1;
        q.exp = a.exp - b.exp;
        let rest = a.plus(-q.times(b));
        let size = scale(rest.size(0) + rest.err, rest.exp.saturating_sub(a.exp));
        q.err = (size + LEAST_ERR) / least * SLACK;
        q.within_limit().tidy()
    }
}

/// The square root of what is no straight line: `2 q_0 q_k = x_k - q_1 q_(k-1) - ... - q_(k-1) q_1`.
///
/// However q was rounded, `sqrt(x) - q = (x - q^2) / (sqrt(x) + q)`, and the square and the difference bound their own errors.
struct Root<const N: usize, K: Kit>(Jet<N, K>);

impl<const N: usize, K: Kit> simd::Task for Root<N, K> {
    type Out = Jet<N, K>;
    #[inline(always)]
    fn run(self) -> Jet<N, K> {
        let x = self.0.with_exponent(self.0.exp & !1);
        if !(x.c[0] > (x.radius() + x.l[0].abs() + x.err) * SLACK) {
            return Jet::unknown();
        }
        let mut q = Jet::zero();
        q.set(0, x.lead(0).sqrt());
        let inverse = q.lead(0).recip() * 0.5;
        for k in 1..Jet::<N, K>::LOWS {
            let mut rest = x.lead(k);
            for i in 1..k {
                rest = rest - q.lead(i) * q.lead(k - i);
            }
            q.set(k, rest * inverse);
        }
        for k in LOW..N {
            let mut rest = x.c[k];
            for i in 1..k {
                rest = mul_add::<K>(-q.c[i], q.c[k - i], rest);
            }
            q.c[k] = rest * inverse.hi;
        }
        q.deg = N - 1;
        q.exp = x.exp / 2;
        let least = q.c[0] - (q.radius() + q.l[0].abs()) * SLACK;
        if !(least > 0.0) {
            return Jet::unknown();
        }
        let rest = x.plus(-q.times(q));
        let size = scale(rest.size(0) + rest.err, rest.exp.saturating_sub(x.exp));
        q.err = (size + LEAST_ERR) / least * SLACK;
        q.within_limit().tidy()
    }
}

/// `cos(pi x) / 2` from its value and that of `sin(pi x) / 2` at the centre; the error of these and of x not included.
///
/// With `y = pi x'`, whose coefficients are `pi i x_i`, `c' = -y s` and `s' = y c`:
/// `k c_k = -(y_1 s_(k-1) + ... + y_k s_0)`, and s likewise. Whatever these miss by, `z = c + i s` has `z' = i y z + rho`, and
/// is off by the integral of `|rho|` at most, since `i y` only turns it: by the sum of what the k-th equation misses by,
/// over k. Up to N - 1 that is rounding; after that it is all of the left-hand side.
struct Turn<const N: usize, K: Kit> {
    x: Jet<N, K>,
    cos: Dd<K>,
    sin: Dd<K>,
}

impl<const N: usize, K: Kit> simd::Task for Turn<N, K> {
    type Out = Jet<N, K>;
    #[inline(always)]
    fn run(self) -> Jet<N, K> {
        let Turn { x, cos, sin } = self;
        let pi = Dd::<K>::new(std::f64::consts::PI, 1.2246467991473532e-16);
        let (y1, y2) = (pi * x.lead(1), pi * x.lead(2) * 2.0);
        let (c1, s1) = (-(y1 * sin), y1 * cos);
        let (c2, s2) = (-(y1 * s1 + y2 * sin) * 0.5, (y1 * c1 + y2 * cos) * 0.5);
        let mut out = Jet::zero();
        out.set(1, c1);
        out.set(2, c2);
        out.deg = N - 1;
        let (mut y, mut c, mut s, mut sizes) = ([0.0; N], [0.0; N], [0.0; N], [0.0; N]);
        (c[0], c[1], c[2]) = (cos.hi, c1.hi, c2.hi);
        (s[0], s[1], s[2]) = (sin.hi, s1.hi, s2.hi);
        for k in 0..N {
            y[k] = std::f64::consts::PI * k as f64 * x.c[k];
            let (mut rise, mut fall, mut size) = (0.0, 0.0, 0.0);
            for i in 1..=k {
                rise = mul_add::<K>(y[i], c[k - i], rise);
                fall = mul_add::<K>(y[i], s[k - i], fall);
                size = mul_add::<K>(y[i].abs(), sizes[k - i], size);
            }
            let by = 1.0 / k.max(1) as f64;
            if k >= LOW {
                (c[k], s[k]) = (-fall * by, rise * by);
                out.c[k] = c[k];
            }
            sizes[k] = c[k].abs() + s[k].abs();
            // y has four roundings and lacks low parts, c and s may lack theirs; k sums and products, the factor twice.
            out.err += size * by * if k < LOW { UU } else { U * (2.0 * k as f64 + 9.0) };
        }
        let mut late = 0.0;
        for i in 1..N {
            late += sizes[N - i];
            out.err += y[i].abs() * late / N as f64;
        }
        out.err *= SLACK;
        out
    }
}

impl<const N: usize, K: Kit> std::ops::Add for Jet<N, K> {
    type Output = Self;
    #[inline(always)]
    fn add(self, o: Self) -> Self {
        self.plus(o)
    }
}

impl<const N: usize, K: Kit> std::ops::Sub for Jet<N, K> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, o: Self) -> Self {
        self.plus(-o)
    }
}

impl<const N: usize, K: Kit> std::ops::Mul for Jet<N, K> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, o: Self) -> Self {
        self.times(o)
    }
}

impl<const N: usize, K: Kit> std::ops::Div for Jet<N, K> {
    type Output = Self;
    #[inline(always)]
    fn div(self, o: Self) -> Self {
        self.over(o)
    }
}

impl<const N: usize, K: Kit> std::ops::Neg for Jet<N, K> {
    type Output = Self;
    #[inline(always)]
    fn neg(mut self) -> Self {
        for i in 0..=Self::last(self.deg) {
            self.c[i] = -self.c[i];
        }
        for i in 0..Self::LOWS {
            self.l[i] = -self.l[i];
        }
        self
    }
}

impl<const N: usize, K: Kit> Number for Jet<N, K> {
    type Cx = Width;

    #[inline(always)]
    fn enter<T: simd::Task<Out = Self>>(task: T) -> Self {
        if K::FUSED { simd::fused(task) } else { task.run() }
    }

    #[inline(always)]
    fn real(x: f64, _: Width) -> Self {
        if x == 0.0 || (TINY..HUGE).contains(&x.abs()) {
            return Self::constant(Dd::new(x, 0.0), 0.0, 0);
        }
        if !x.is_finite() {
            // A replay's: no real number.
            return Self::unknown();
        }
        // Subnormals become normal on the way: 2^60 is exact.
        let up = x * (1u64 << 60) as f64;
        let (y, e) = if x.abs() < TINY { (up, exponent(up)) } else { (x, exponent(x)) };
        let shift = if x.abs() < TINY { 60 } else { 0 };
        Self::constant(Dd::new(scale(y, -e), 0.0), 0.0, e - shift)
    }

    #[inline(always)]
    fn ratio(u: Ratio, cx: Width) -> Self {
        if u.den > MAX_STEP {
            return Self::unknown();
        }
        let mut out = Self::zero();
        let den = Dd::new(u.den as f64, 0.0);
        let (x, e) = Dd::new(u.at as f64, 0.0).div_measured(den);
        out.set(0, x);
        out.err = e;
        if N > 1 && u.slope != 0 {
            let (x, e) = Dd::new(u.slope as f64 * cx.0, 0.0).div_measured(den);
            out.set(1, x);
            out.err += e;
            out.deg = 1;
        }
        out
    }

    #[inline(always)]
    fn raised_cosine(u: Ratio, cx: Width) -> (Self, Self) {
        if u.den > MAX_STEP {
            return (Self::unknown(), Self::unknown());
        }
        let h = half_turn_once::<N, K>(u.at, u.den);
        let rel = functions::half_turn_bound::<K>();
        let mut fall = Self::constant(h.cos2, h.cos2.hi * rel * SLACK, 0);
        let mut rise = Self::constant(h.sin2, h.sin2.hi * rel * SLACK, 0);
        if N == 1 || u.slope == 0 {
            return (fall, rise);
        }
        // theta = pi u: the derivatives of cos(theta) / 2 are -sin/2, -cos/2, sin/2, cos/2, ...
        let pi = Dd::<K>::new(std::f64::consts::PI, 1.2246467991473532e-16);
        let delta = pi * (u.slope as f64 * cx.0) / u.den as f64;
        let (cos, sin) = (h.cos * 0.5, h.sin * 0.5);
        let mut power = delta;
        let mut err = 0.0;
        for i in 1..Self::LOWS {
            let x = if i % 2 == 1 { sin } else { cos } * power;
            let x = if i % 4 == 1 || i % 4 == 2 { -x } else { x };
            fall.set(i, x);
            // delta 3 roundings, the power and product 3 more; cos and sin to `rel` of 1.
            err += power.hi.abs() * (rel + 4.0 * UU);
            power = power * delta / (i as f64 + 1.0);
        }
        let mut power = power.hi;
        for i in Self::LOWS..N {
            let x = if i % 2 == 1 { sin.hi } else { cos.hi } * power;
            fall.c[i] = if i % 4 == 1 || i % 4 == 2 { -x } else { x };
            // A double each for i = 3, and their product; three roundings further each time.
            err += power.abs() * U * (3.0 * i as f64 - 6.0);
            power *= delta.hi / (i as f64 + 1.0);
        }
        err += 0.5 * power.abs() * (1.0 + 1e-10);
        fall.deg = N - 1;
        rise.deg = N - 1;
        for i in 1..N {
            rise.c[i] = -fall.c[i];
        }
        for i in 1..Self::LOWS {
            rise.l[i] = -fall.l[i];
        }
        fall.err = (fall.err + err) * SLACK;
        rise.err = (rise.err + err) * SLACK;
        (fall, rise)
    }

    #[inline(always)]
    fn pow(self, p: f64) -> Self {
        if p > 0.0 && p <= 8.0 && p == p.trunc() {
            return self.whole_power(p as u32);
        }
        if self.c[0] == 0.0 && self.deg == 0 && self.err == 0.0 && p > 0.0 {
            return Self::zero();
        }
        if !(self.c[0] > 0.0) {
            return Self::unknown();
        }
        if N > 1 && self.deg > 1 && p == 0.5 {
            let task = Root(self);
            return if K::FUSED { simd::fused_apart(task) } else { simd::apart(task) };
        }
        if p.abs() == 0.5 {
            return self.power_series(p, |x, exp| {
                let (x, exp) = if exp & 1 == 0 { (x, exp) } else { (x.scale(2.0), exp - 1) };
                let y = if p > 0.0 { x.sqrt() } else { x.recip_sqrt() };
                (y, if p > 0.0 { exp / 2 } else { -exp / 2 }, RECIP_SQRT_BOUND)
            });
        }
        self.power_series(p, |x, exp| {
            let e = exponent(x.hi);
            let ln = ln_once::<N, K>(x.scale(scale(1.0, -e)), exp + e);
            let y = ln * p;
            if y.hi.abs() >= (1i64 << 39) as f64 {
                return (x, 0, f64::INFINITY);
            }
            let (z, exp) = exp_once::<N, K>(y);
            // An error of ln of `b` relative is one of `b |y|` in the exponent.
            let off = y.hi.abs() * (functions::ln_bound::<K>() + UU);
            (z, exp, functions::exp_bound::<K>(y.hi) + 1.1 * off)
        })
    }

    #[inline(always)]
    fn half_turn(self) -> (Self, Self) {
        let x = self.with_exponent(0);
        let y = std::f64::consts::PI * x.radius() * SLACK;
        if !(-1e-3..1.0 + 1e-3).contains(&x.c[0]) || !(y + x.err < 0.5) {
            return (Self::unknown(), Self::unknown());
        }
        if N == 2 && x.deg > 0 {
            // `Turn` needs three coefficients, and a jet of two is made for straight lines.
            return (Self::unknown(), Self::unknown());
        }
        let h = half_turn_of_once::<N, K>(x.lead(0));
        let rel = functions::half_turn_bound::<K>();
        // |f'| is pi / 2 |sin(pi x)|; where it is 0, it grows by pi^2 / 2 of the distance.
        let slope = 1.6 * (h.sin.hi.abs() + 3.2 * (y + x.err));
        let mut out = Self::zero();
        if N > 1 && x.deg > 0 {
            let task = Turn { x, cos: h.cos * 0.5, sin: h.sin * 0.5 };
            out = if K::FUSED { simd::fused_apart(task) } else { simd::apart(task) };
            // cos and sin are good to `rel` of 1; what they lack turns with them.
            out.err += y * rel + LEAST_ERR;
        }
        out.err += x.err * slope;
        let (mut fall, mut rise) = (out, -out);
        fall.set(0, h.cos2);
        rise.set(0, h.sin2);
        fall.err = (fall.err + h.cos2.hi * rel) * SLACK;
        rise.err = (rise.err + h.sin2.hi * rel) * SLACK;
        (fall.tidy(), rise.tidy())
    }

    #[inline(always)]
    fn exp(self) -> Self {
        self.exponential()
    }

    #[inline(always)]
    fn ln_1p(self) -> Self {
        if self.exp != 0 {
            return self.plus(Self::real(1.0, Width(1.0))).logarithm();
        }
        // 1 + x as two doubles, and what they lack: for a small x that would be much of the logarithm.
        let (hi, e) = two_sum(1.0, self.c[0]);
        let (lo, rest) = two_sum(e, self.l[0]);
        let mut sum = self;
        sum.set(0, Dd::sum(hi, lo));
        let mut out = sum.logarithm();
        let rest = rest / sum.c[0];
        let (x, e) = out.lead(0).add_measured(Dd::new(rest, 0.0));
        out.set(0, x);
        out.err += (e + 4.0 * U * rest.abs()) * SLACK;
        out
    }

    #[inline(always)]
    fn power_of(self, base: &Base) -> Self {
        if base.value == 1.0 {
            return Self::constant(Dd::new(1.0, 0.0), 0.0, 0);
        }
        let ln = Self::constant(Dd::new(base.ln.0, base.ln.1), base.ln.0.abs() * Base::LN_BOUND, 0);
        self.times(ln).exponential()
    }

    #[inline(always)]
    fn clamp(self, low: Option<f64>, high: Option<f64>) -> Self {
        let side = |bound: Option<f64>| bound.map(|bound| (bound, self.side_of(bound)));
        let (low, high) = (side(low), side(high));
        // A tile that crosses a bound is split; at one step, the next rung tells the value from the bound.
        match (low, high) {
            (Some((low, Some(Less | Equal))), _) => Self::real(low, Width(1.0)),
            (_, Some((high, Some(Greater | Equal)))) => Self::real(high, Width(1.0)),
            (Some((_, None)), _) | (_, Some((_, None))) => Self::unknown(),
            _ => self,
        }
    }
}
