//! Big floats that know their error: the last resort.
//!
//! A [`Big`] is a ball: a big float for a centre, and a radius that bounds how far the real value may lie from it.
//!
//! ```text
//! exact operations        doubles, ratios that end, sums and products that fit: no radius is added
//! a rounded operation     1 ulp of the centre is added
//! the operands' radii     carried along by the rule of the operation, always rounded up
//! ```
//!
//! [`Big::round`] answers where the whole ball rounds to one double. Where it does not, the caller asks for more
//! precision, and at the last one takes [`Big::settle`], for which a ball that holds a tie *is* the tie.
//!
//! Nothing panics. Exponents stay within `RANGE`: what is smaller counts as 0 with a radius, what is larger is
//! *unbounded*, that is, has an infinite radius, and a centre that is still the best guess. Powers of balls that reach
//! 0, and quotients by them, are unbounded too.

use std::cell::RefCell;
use std::ops::{Add, Div, Mul, Neg, Sub};

use dashu_base::{Approximation, BitTest, Sign};
use dashu_float::math::FpResult;
use dashu_float::round::mode::HalfEven;
use dashu_float::{ConstCache, Context, FBig, Repr};
use dashu_int::{IBig, UBig};

use super::exact::{Dyadic, Format, Leading, NEAR};
use super::{Base, Number, Ratio};

/// A big float of any precision.
type Float = Repr<2>;

/// Centres and radii lie between 2^-RANGE and 2^RANGE, so that no sum of two exponents overflows.
const RANGE: isize = isize::MAX / 4;

/// `e^x` is worked where |x| < 2^FAR: its exponent is then within `RANGE`.
const FAR: isize = isize::BITS as isize - 4;

/// Bits that a logarithm is worked in beyond its precision: one that is near 0 loses 53 of them.
const LOG_GUARD: usize = 64;

/// The precisions that are tried in turn, in bits. From [`TIES`] on a ball that holds a tie counts as the tie; the last is
/// for sums in which more than that cancels.
pub const PRECISIONS: [usize; 5] = [192, 384, 768, TIES, 6_144];
/// See [`PRECISIONS`].
pub const TIES: usize = 1_536;

/// A real number, known to lie within a radius of a big float.
#[derive(Clone, Debug)]
pub struct Big {
    centre: Float,
    radius: Bound,
    /// What operations on this number round to, in bits.
    precision: usize,
}

impl Big {
    /// 1, -1 or 0, where the whole ball has one sign.
    pub fn sign(&self) -> Option<f64> {
        if self.is_zero() {
            Some(0.0)
        } else if self.least().is_zero() {
            None
        } else {
            Some(if self.centre.sign() == Sign::Positive { 1.0 } else { -1.0 })
        }
    }

    /// The value in a format, to nearest-even, where the whole ball rounds to the same one.
    pub fn round<F: Format>(&self) -> Option<F> {
        let (low, high) = self.ranks::<F>()?;
        (low == high).then(|| F::of_rank(low))
    }

    /// The tie that the ball holds, to nearest-even; `None` where it is wider than that.
    pub fn tie<F: Format>(&self) -> Option<F> {
        let (low, high) = self.ranks::<F>()?;
        (low + 1 == high).then(|| F::of_rank(low + (low & 1))) // the even one of the two
    }

    /// The ball, wider by 2^-NEAR of its centre: so what is that near to a tie holds the tie.
    pub fn blurred(self) -> Self {
        if self.centre.significand().is_zero() {
            return self;
        }
        let size = Bound::above(&self.centre);
        let radius = self.radius + Bound::in_range(size.digits, size.exponent.saturating_sub(NEAR));
        Self { radius, ..self }
    }

    /// The value, where a ball that holds a tie counts as the tie. A ball that is wider than that, or unbounded, counts as
    /// its centre.
    pub fn settle<F: Format>(&self) -> F {
        let centre = || Leading::of_dyadic(self.centre.significand(), self.centre.exponent() as i64).rank::<F>();
        self.round().or_else(|| self.tie()).unwrap_or_else(|| F::of_rank(centre()))
    }

    /// The ranks of what both ends of the ball round to; `None` where it is unbounded.
    fn ranks<F: Format>(&self) -> Option<(i64, i64)> {
        let (low, high, exponent) = self.ends()?;
        let rank = |end| Leading::of_dyadic(end, exponent as i64).rank::<F>();
        Some((rank(&low), rank(&high)))
    }

    /// Both ends of the ball, in units of a power of two; of a slightly larger one, where the units would be too many.
    fn ends(&self) -> Option<(IBig, IBig, isize)> {
        let finest = top(&self.centre).saturating_sub(2 * self.precision as isize);
        if self.radius.is_infinite() {
            None
        } else if self.radius.is_zero() {
            let centre = self.centre.significand();
            Some((centre.clone(), centre.clone(), self.centre.exponent()))
        } else if self.radius.exponent >= top(&self.centre) {
            let reach = self.reach();
            Some((-IBig::from(reach.digits), reach.digits.into(), reach.exponent))
        } else if self.radius.is_below(finest) {
            Some(ends(&self.centre, Bound::power(finest)))
        } else {
            Some(ends(&self.centre, self.radius))
        }
    }

    /// The ball, its exponents brought into range.
    fn new(centre: Float, radius: Bound, precision: usize) -> Self {
        let top = top(&centre);
        let (centre, radius) = if centre.is_infinite() || top > RANGE {
            (Float::new(IBig::from_parts(centre.sign(), UBig::ONE), RANGE), Bound::INFINITE)
        } else if centre.significand().is_zero() {
            (Float::zero(), radius)
        } else if top < -RANGE {
            (Float::zero(), radius + Bound::power(-RANGE))
        } else {
            (centre, radius)
        };
        Self { centre, radius, precision }
    }

    /// A rounded result, as one of an operation that widens the ball by `radius` besides.
    fn rounded(result: FpResult<FBig<HalfEven, 2>>, radius: Bound, precision: usize) -> Self {
        match result {
            Ok(Approximation::Exact(x)) => Self::new(x.into_repr(), radius, precision),
            Ok(Approximation::Inexact(x, _)) => {
                let radius = radius + ulp(x.repr(), precision);
                Self::new(x.into_repr(), radius, precision)
            }
            Err(_) => Self::new(Float::zero(), Bound::INFINITE, precision),
        }
    }

    fn exact(centre: Float, precision: usize) -> Self {
        Self::new(centre, Bound::ZERO, precision)
    }

    fn zero(precision: usize) -> Self {
        Self::exact(Float::zero(), precision)
    }

    fn one(precision: usize) -> Self {
        Self::exact(Float::one(), precision)
    }

    fn integer(n: u64, precision: usize) -> Self {
        Self::exact(Float::new(n.into(), 0), precision)
    }

    fn context(&self) -> Context<HalfEven> {
        Context::new(self.precision)
    }

    fn at_precision(self, precision: usize) -> Self {
        Self { precision, ..self }
    }

    fn widened(self, by: Bound) -> Self {
        Self { radius: self.radius + by, ..self }
    }

    fn centre_only(&self) -> Self {
        Self { radius: Bound::ZERO, ..self.clone() }
    }

    /// Is it zero, exactly?
    fn is_zero(&self) -> bool {
        self.centre.significand().is_zero() && self.radius.is_zero()
    }

    /// Is all of the ball above zero?
    fn is_positive(&self) -> bool {
        self.centre.sign() == Sign::Positive && !self.least().is_zero()
    }

    /// The largest size in the ball, or more.
    fn reach(&self) -> Bound {
        Bound::above(&self.centre) + self.radius
    }

    /// The smallest size in the ball, or less.
    fn least(&self) -> Bound {
        Bound::below(&self.centre).minus(self.radius)
    }

    /// `max(self, low)`, which is no more uncertain than `self`.
    fn at_least(self, low: Self) -> Self {
        let over = self.clone() - low.clone();
        if over.is_positive() {
            self
        } else if (-over.clone()).is_positive() {
            low
        } else if over.centre.sign() == Sign::Positive {
            self
        } else {
            Self { radius: self.radius, ..low }
        }
    }

    /// `((1 + cos(pi u)) / 2, (1 - cos(pi u)) / 2)` for u from 0 to about 1 / 2: the smaller, `sin^2(pi u / 2)`, and 1 less it.
    fn weights(self) -> (Self, Self) {
        let sine = self.context().sin_unit(&self.centre, 4, None); // of quarters of a turn
        let sine = Self::rounded(sine, self.radius * Bound::power(1), self.precision); // pi / 2 is less than 2
        let small = sine.clone() * sine;
        (Self::one(self.precision) - small.clone(), small)
    }

    /// The square root of a ball that is above zero: the centre's is wrong by less than radius / sqrt(centre).
    fn square_root(self) -> Self {
        let root = Self::rounded(self.context().sqrt(&self.centre), Bound::ZERO, self.precision);
        let spread = self.radius / root.least();
        root.widened(spread)
    }

    /// The natural logarithm of a ball that is above zero: the centre's is wrong by at most radius / (centre - radius).
    ///
    /// With centre = m * 2^e and m near 1, it is e ln 2 + ln m. Nothing cancels: ln m is the smaller unless e is 0.
    fn ln(self) -> Self {
        let spread = self.radius / self.least();
        let working = self.precision + LOG_GUARD;
        let (mantissa, exponent) = near_one(self.centre);
        let twos = Self::exact(Float::new(exponent.into(), 0), working) * ln_2(working);
        (twos + ln_near_one(mantissa, working)).widened(spread).at_precision(self.precision)
    }

    /// `e^x` for a ball of |x| < 2^FAR and radius of at most 1: the centre's is wrong by at most 2 radius e^centre.
    fn exp_near(self) -> Self {
        let result = Self::rounded(self.context().exp(&self.centre, None), Bound::ZERO, self.precision);
        let spread = result.reach() * self.radius * Bound::power(1);
        result.widened(spread)
    }
}

impl Add for Big {
    type Output = Self;

    /// A number that is far smaller than the other only widens the ball, so that no sum is longer than its terms.
    fn add(self, other: Self) -> Self {
        let precision = self.precision.max(other.precision);
        let gap = top(&self.centre).saturating_sub(top(&other.centre));
        let negligible = 4 * precision as isize;
        if gap > negligible {
            let by = other.reach();
            return self.widened(by).at_precision(precision);
        }
        if gap < -negligible {
            let by = self.reach();
            return other.widened(by).at_precision(precision);
        }
        let sum = Context::new(precision).add(&self.centre, &other.centre);
        Self::rounded(sum, self.radius + other.radius, precision)
    }
}

impl Sub for Big {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Big {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let precision = self.precision.max(other.precision);
        let radius = Bound::above(&self.centre) * other.radius + other.reach() * self.radius;
        Self::rounded(Context::new(precision).mul(&self.centre, &other.centre), radius, precision)
    }
}

impl Div for Big {
    type Output = Self;

    /// The quotient q of the centres is wrong by at most (radius of self + q * radius of other) / (least of other).
    fn div(self, other: Self) -> Self {
        let precision = self.precision.max(other.precision);
        let quotient = Context::new(precision).div(&self.centre, &other.centre);
        let quotient = Self::rounded(quotient, Bound::ZERO, precision);
        let spread = (self.radius + quotient.reach() * other.radius) / other.least();
        quotient.widened(spread)
    }
}

impl Neg for Big {
    type Output = Self;

    fn neg(self) -> Self {
        Self::new(-self.centre, self.radius, self.precision)
    }
}

impl Number for Big {
    type Cx = usize;

    fn real(x: f64, precision: usize) -> Self {
        match Dyadic::of(x) {
            Some(x) => Self::exact(Float::new(x.odd.into(), x.exponent as isize), precision),
            None => Self::new(Float::zero(), Bound::INFINITE, precision),
        }
    }

    fn ratio(u: Ratio, precision: usize) -> Self {
        Self::integer(u.at, precision) / Self::integer(u.den, precision)
    }

    fn raised_cosine(u: Ratio, precision: usize) -> (Self, Self) {
        let left = u.den.saturating_sub(u.at);
        let near = u.at.min(left);
        let (large, small) = (Self::integer(near, precision) / Self::integer(u.den, precision)).weights();
        if near == left { (small, large) } else { (large, small) }
    }

    fn half_turn(self) -> (Self, Self) {
        let left = Self::one(self.precision) - self.clone();
        if (left.clone() - self.clone()).centre.sign() == Sign::Positive {
            return self.weights();
        }
        let (large, small) = left.weights();
        (small, large)
    }

    fn pow(self, p: f64) -> Self {
        if self.is_zero() || p == 1.0 {
            return self;
        }
        if p == 2.0 {
            return self.clone() * self;
        }
        let precision = self.precision;
        if !self.is_positive() {
            let guess = self.centre_only();
            let guess = if guess.is_positive() { guess.pow(p) } else { Self::zero(precision) };
            return guess.widened(Bound::INFINITE);
        }
        if p == 0.5 {
            self.square_root()
        } else if p == -0.5 {
            Self::one(precision) / self.square_root()
        } else {
            (self.ln() * Self::real(p, precision)).exp()
        }
    }

    fn ln_1p(self) -> Self {
        let x = Self::one(self.precision) + self;
        if x.is_positive() {
            return x.ln();
        }
        Self::zero(x.precision).widened(Bound::INFINITE)
    }

    fn exp(self) -> Self {
        let precision = self.precision;
        let (reach, least) = (self.reach(), self.least());
        if reach.is_below(-(precision as isize)) {
            return Self::one(precision).widened(reach * Bound::power(1));
        }
        if !least.is_below(FAR) {
            return match self.centre.sign() {
                Sign::Positive => Self::new(Float::infinity(), Bound::INFINITE, precision),
                Sign::Negative => Self::new(Float::zero(), Bound::power(-RANGE / 2), precision),
            };
        }
        if !self.radius.is_below(0) {
            return self.centre_only().exp().widened(Bound::INFINITE);
        }
        self.exp_near()
    }

    fn power_of(self, base: &Base) -> Self {
        let precision = self.precision;
        if base.value == 1.0 || self.is_zero() {
            return Self::one(precision);
        }
        let ln = Self::real(base.value, precision);
        if !ln.is_positive() {
            return Self::zero(precision).widened(Bound::INFINITE);
        }
        (self * ln.ln()).exp()
    }

    fn clamp(self, low: Option<f64>, high: Option<f64>) -> Self {
        let precision = self.precision;
        let raised = match low {
            Some(low) => self.at_least(Self::real(low, precision)),
            None => self,
        };
        match high {
            Some(high) => -(-raised).at_least(-Self::real(high, precision)),
            None => raised,
        }
    }
}

/// The power of two above the size of a number: below anything else's for zero.
fn top(x: &Float) -> isize {
    if x.significand().is_zero() { -2 * RANGE } else { x.exponent().saturating_add(x.digits() as isize) }
}

/// One unit in the last place of a number of so many bits.
fn ulp(x: &Float, precision: usize) -> Bound {
    Bound::power(top(x) - precision as isize)
}

/// The ends of a ball, in units of a power of two that divides both its centre and its radius.
fn ends(centre: &Float, radius: Bound) -> (IBig, IBig, isize) {
    let unit = radius.exponent.min(centre.exponent());
    let middle = centre.significand() << (centre.exponent() - unit) as usize;
    let spread = IBig::from(radius.digits) << (radius.exponent - unit) as usize;
    (&middle - &spread, middle + spread, unit)
}

/// `x > 0` as `m * 2^e`, with m between 0.7 and 1.5.
fn near_one(x: Float) -> (Float, isize) {
    let (significand, exponent) = x.into_parts();
    let length = significand.bit_len() as isize;
    let leading = Leading::of_dyadic(&significand, 0).digits;
    let length = if leading < 0xb500_0000_0000_0000 { length - 1 } else { length };
    (Float::new(significand, -length), exponent + length)
}

/// `ln 2`.
fn ln_2(precision: usize) -> Big {
    thread_local! {
        static CONSTANTS: RefCell<ConstCache> = const { RefCell::new(ConstCache::new()) };
    }
    let x = CONSTANTS.with_borrow_mut(|constants| constants.ln2::<2, HalfEven>(precision)).into_repr();
    let radius = ulp(&x, precision) * Bound::power(4); // it promises 8 ulps
    Big::new(x, radius, precision)
}

/// `ln m` for m between 0.7 and 1.5: `y + 2 atanh((t - 1) / (t + 1))`, with y the logarithm in float64 and t = m / e^y.
///
/// The series has one term for each 100 bits, and is cheaper by far than a logarithm that starts from nothing.
fn ln_near_one(m: Float, precision: usize) -> Big {
    let estimate = f64::of_rank(Leading::of_dyadic(m.significand(), m.exponent() as i64).rank::<f64>()).ln();
    let y = Big::real(estimate, precision);
    let t = Big::exact(m, precision) * (-y.clone()).exp();
    let one = Big::one(precision);
    let half = atanh((t.clone() - one.clone()) / (t + one));
    y + half.clone() + half
}

/// `z + z^3 / 3 + z^5 / 5 + ...` for |z| < 1 / 2: what follows a term's power is less than it.
fn atanh(z: Big) -> Big {
    let precision = z.precision;
    let enough = z.reach().top() - precision as isize;
    if !z.reach().is_below(-1) {
        return z.widened(Bound::INFINITE);
    }
    let square = z.clone() * z.clone();
    let (mut sum, mut power, mut n) = (z.clone(), z, 1);
    while !power.reach().is_below(enough) {
        n += 2;
        power = power * square.clone();
        sum = sum + power.clone() / Big::integer(n, precision);
    }
    sum.widened(power.reach())
}

/// A bound: `digits * 2^exponent`, with 32 bits of digits; 0; or infinity. Operations round up, but where they say so.
///
/// Not a double, whose exponent would not reach.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Bound {
    digits: u64,
    exponent: isize,
}

impl Bound {
    const ZERO: Self = Self { digits: 0, exponent: -2 * RANGE };
    const INFINITE: Self = Self { digits: 1 << 31, exponent: isize::MAX };

    /// The least bound of `digits * 2^exponent`.
    fn new(digits: u64, exponent: isize) -> Self {
        if digits == 0 {
            return Self::ZERO;
        }
        let extra = 32 - digits.leading_zeros() as isize;
        let digits = if extra < 0 { digits << -extra } else { ceil_shr(digits, extra) };
        let (digits, extra) = if digits >> 32 == 0 { (digits, extra) } else { (digits >> 1, extra + 1) };
        Self::in_range(digits, exponent.saturating_add(extra))
    }

    /// The same, rounded down.
    fn new_below(digits: u64, exponent: isize) -> Self {
        let extra = 32 - digits.leading_zeros() as isize;
        let kept = if extra > 0 { digits >> extra << extra } else { digits };
        if exponent < -RANGE { Self::ZERO } else { Self::new(kept, exponent) }
    }

    fn in_range(digits: u64, exponent: isize) -> Self {
        if exponent > 2 * RANGE { Self::INFINITE } else { Self { digits, exponent: exponent.max(-2 * RANGE) } }
    }

    fn power(exponent: isize) -> Self {
        Self::new(1, exponent)
    }

    /// At least the size of a number.
    fn above(x: &Float) -> Self {
        if x.is_infinite() {
            return Self::INFINITE;
        }
        let lead = Leading::of_dyadic(x.significand(), x.exponent() as i64);
        Self::new(ceil_shr(lead.digits, 32) + u64::from(lead.more), lead.exponent as isize + 32)
    }

    /// At most the size of a number.
    fn below(x: &Float) -> Self {
        let lead = Leading::of_dyadic(x.significand(), x.exponent() as i64);
        Self::new_below(lead.digits, lead.exponent as isize)
    }

    /// `self - other`, rounded down; 0 where that is negative.
    fn minus(self, other: Self) -> Self {
        if other.is_zero() {
            return self;
        }
        let gap = self.exponent.saturating_sub(other.exponent);
        if self.is_zero() || gap < 0 {
            return Self::ZERO;
        }
        let left = (self.digits << 31).saturating_sub(ceil_shr(other.digits << 31, gap));
        Self::new_below(left, self.exponent - 31)
    }

    fn is_zero(self) -> bool {
        self.digits == 0
    }

    fn is_infinite(self) -> bool {
        self == Self::INFINITE
    }

    /// The power of two that the bound is below.
    fn top(self) -> isize {
        self.exponent.saturating_add(32)
    }

    /// Is it below `2^exponent`?
    fn is_below(self, exponent: isize) -> bool {
        self.is_zero() || self.top() <= exponent
    }
}

impl Add for Bound {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let (large, small) = if self.exponent < other.exponent { (other, self) } else { (self, other) };
        if small.is_zero() || large.is_infinite() {
            return large;
        }
        let gap = large.exponent - small.exponent;
        Self::new((large.digits << 30) + ceil_shr(small.digits << 30, gap), large.exponent - 30)
    }
}

impl Mul for Bound {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        if self.is_zero() || other.is_zero() {
            return Self::ZERO;
        }
        Self::new(self.digits * other.digits, self.exponent.saturating_add(other.exponent))
    }
}

impl Div for Bound {
    type Output = Self;

    /// Infinite where the divisor is 0.
    fn div(self, other: Self) -> Self {
        if self.is_zero() {
            return Self::ZERO;
        }
        if other.is_zero() || self.is_infinite() {
            return Self::INFINITE;
        }
        let exponent = self.exponent.saturating_sub(other.exponent);
        Self::new((self.digits << 31).div_ceil(other.digits), exponent.saturating_sub(31))
    }
}

/// `x / 2^n`, rounded up.
fn ceil_shr(x: u64, n: isize) -> u64 {
    if n > 63 { u64::from(x != 0) } else { (x >> n) + u64::from(x & ((1 << n) - 1) != 0) }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::FRAC_PI_2;
    use std::time::{Duration, Instant};

    use dashu_base::Abs;
    use dashu_ratio::RBig;

    use super::super::exact::Exact;
    use super::super::random::Random;
    use super::*;

    const PRECISIONS: [usize; 4] = [192, 384, 768, 1_536];

    impl Random {
        /// Any finite double, or one of those that are trouble.
        fn any_double(&mut self) -> f64 {
            const TROUBLE: [f64; 12] = [
                0.0,
                1.0,
                -1.0,
                5e-324,
                -5e-324,
                f64::MAX,
                f64::MIN,
                f64::MIN_POSITIVE,
                1.0 + f64::EPSILON,
                1.0 - f64::EPSILON / 2.0,
                1e15,
                -1e18,
            ];
            match self.below(3) {
                0 => TROUBLE[self.below(12) as usize],
                1 => self.unit(),
                _ => Some(f64::from_bits(self.next())).filter(|x| x.is_finite()).unwrap_or(-2.5),
            }
        }
    }

    fn real(x: f64, precision: usize) -> Big {
        Big::real(x, precision)
    }

    fn ratio(at: u64, den: u64) -> Ratio {
        Ratio { at, slope: 1, den }
    }

    fn base(value: f64) -> Base {
        Base { value, ln: (value.ln(), 0.0) }
    }

    /// `digits * 2^exponent`, as a fraction.
    fn fraction(digits: &IBig, exponent: isize) -> RBig {
        let power = UBig::ONE << exponent.unsigned_abs();
        let digits = RBig::from(digits.clone());
        if exponent < 0 { digits / power } else { digits * power }
    }

    /// The lowest and the highest number of a ball whose exponents are small.
    fn interval(x: &Big) -> (RBig, RBig) {
        assert!(!x.radius.is_infinite());
        let centre = fraction(x.centre.significand(), x.centre.exponent());
        let radius = if x.radius.is_zero() { RBig::ZERO } else { fraction(&x.radius.digits.into(), x.radius.exponent) };
        (&centre - &radius, centre + radius)
    }

    fn overlap(x: &Big, y: &Big) -> bool {
        let distance = x.clone() - y.clone();
        !distance.radius.is_infinite() && !distance.is_positive() && !(-distance).is_positive()
    }

    fn contains(x: &Big, y: &RBig) -> bool {
        let (low, high) = interval(x);
        low <= *y && *y <= high
    }

    fn inside(x: &Big, y: &Big) -> bool {
        let ((low, high), (lowest, highest)) = (interval(x), interval(y));
        lowest <= low && high <= highest
    }

    /// How many bits of a ball are sure.
    fn sure_bits(x: &Big) -> isize {
        if x.radius.is_zero() { isize::MAX } else { top(&x.centre) - x.radius.top() }
    }

    /// A curve of each kind, over any number.
    fn curves<N: Number>(a: f64, b: f64, p: f64, u: Ratio, cx: N::Cx) -> [N; 7] {
        let [start, end] = [a, b].map(|x| N::real(x, cx));
        let left = Ratio { at: u.den - u.at, ..u };
        let fall = start.clone() - end.clone();
        let (high, low) = N::raised_cosine(u, cx);
        let one = N::real(1.0, cx);
        [
            fall.clone() * N::ratio(left, cx) + end.clone(),
            start.clone() * high + end.clone() * low,
            fall * N::ratio(left, cx).pow(p) + end.clone(),
            start.clone() * N::ratio(u, cx).power_of(&base(b)),
            start.clone() * (-(end.clone() * N::ratio(u, cx))).exp(),
            start.clone() / (one.clone() + end * N::ratio(u, cx)),
            start * (one + N::ratio(u, cx)).pow(-0.5),
        ]
    }

    #[test]
    fn a_true_rational_lies_in_its_ball() {
        let mut random = Random(1);
        let mut known = 0;
        for i in 0..2_000 {
            let den = [1, 2, 3, 4, 6, 12, 1_000, 1 << 30, (1 << 53) - 1][random.below(9) as usize];
            let u = ratio(random.below(den + 1), den);
            let b = if i % 2 == 0 { random.unit() + 5e-324 } else { [2.25, 0.5, 1.0, 0.125][random.below(4) as usize] };
            let p = [0.5, 1.0, 2.0, 3.0, -0.5, 0.75, 0.9][random.below(7) as usize];
            let a = random.unit();
            let precision = PRECISIONS[i % 4];
            let exact = curves::<Exact>(a, b, p, u, ());
            let big = curves::<Big>(a, b, p, u, precision);
            for (kind, (big, exact)) in big.into_iter().zip(exact).enumerate() {
                let Some(truth) = exact.value() else { continue };
                known += 1;
                assert!(contains(&big, &truth), "{kind}: {a} {b} {p} {u:?}");
                let (rounded, settled) = (exact.round::<f64>().unwrap(), big.settle::<f64>());
                assert!(big.round::<f64>().is_none_or(|x| x == rounded));
                assert_eq!(settled, rounded, "{kind}: {a} {b} {p} {u:?}");
                assert_eq!(big.settle::<f32>(), exact.round::<f32>().unwrap());
            }
        }
        assert!(known > 5_000, "{known}");
    }

    #[test]
    fn more_precision_gives_a_ball_inside() {
        let mut random = Random(2);
        for _ in 0..100 {
            let den = 1 + random.below(1 << 53);
            let u = ratio(random.below(den + 1), den);
            let (a, b, p) = (random.unit(), random.unit(), 0.05 + 3.0 * random.unit());
            let balls = PRECISIONS.map(|precision| curves::<Big>(a, b, p, u, precision));
            for (wide, narrow) in balls.iter().zip(&balls[1..]) {
                for (kind, (wide, narrow)) in wide.iter().zip(narrow).enumerate() {
                    assert!(inside(narrow, wide), "{kind}: {a} {b} {p} {u:?}");
                    assert!(sure_bits(narrow) > narrow.precision as isize - 80, "{kind}: {a} {b} {p} {u:?}");
                }
            }
        }
    }

    #[test]
    fn curves_agree_with_plain_doubles() {
        let mut random = Random(3);
        for _ in 0..300 {
            let (at, den) = (random.below(1_000), 1_000);
            let (a, b, p) = (random.unit(), 0.01 + random.unit(), 0.1 + random.unit());
            let x = at as f64 / den as f64;
            let high = (1.0 + (std::f64::consts::PI * x).cos()) / 2.0;
            let plain = [
                (a - b) * (1.0 - x) + b,
                a * high + b * (1.0 - high),
                (a - b) * (1.0 - x).powf(p) + b,
                a * b.powf(x),
                a * (-b * x).exp(),
                a / (1.0 + b * x),
                a / (1.0 + x).sqrt(),
            ];
            for (plain, big) in plain.into_iter().zip(curves::<Big>(a, b, p, ratio(at, den), 192)) {
                assert!((big.settle::<f64>() - plain).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn weights_of_a_raised_cosine_are_good_each_and_sum_to_1() {
        let mut random = Random(4);
        for precision in PRECISIONS {
            for i in 0..40 {
                let den = 3 + random.below((1 << 53) - 3);
                let at = [1, 2, den - 1, den / 2, den / 2 + 1].get(i).copied().unwrap_or(random.below(den));
                let (high, low) = Big::raised_cosine(ratio(at, den), precision);
                assert!(contains(&(high.clone() + low.clone()), &RBig::ONE));
                assert!(sure_bits(&high) > precision as isize - 6 && sure_bits(&low) > precision as isize - 6);
                let (mirrored, other) = Big::raised_cosine(ratio(den - at, den), precision);
                assert!(overlap(&high, &other) && overlap(&low, &mirrored));
            }
            let (high, low) = Big::raised_cosine(ratio(1, 1 << 63), precision);
            assert_eq!([high, low].map(|x| x.round::<f64>()), [Some(1.0), Some((FRAC_PI_2 / 2_f64.powi(63)).powi(2))]);
            for (at, ends) in [(0, [1.0, 0.0]), (7, [0.0, 1.0])] {
                let (high, low) = Big::raised_cosine(ratio(at, 7), precision);
                assert!(high.radius.is_zero() && low.radius.is_zero());
                assert_eq!([high, low].map(|x| x.round::<f64>()), ends.map(Some));
            }
        }
    }

    #[test]
    fn powers_of_a_base_are_repeated_products() {
        for precision in PRECISIONS {
            for value in [0.9, 2.0, 0.1, 1.0 + f64::EPSILON, 1e10, 5e-324] {
                let mut product = real(1.0, precision);
                for n in 0..40 {
                    let power = Big::ratio(ratio(n, 1), precision).power_of(&base(value));
                    assert!(overlap(&power, &product), "{value} ** {n}");
                    assert!(sure_bits(&power) > precision as isize - 20, "{value} ** {n}");
                    product = product * real(value, precision);
                }
            }
            let one = real(0.3, precision).power_of(&base(1.0));
            assert_eq!((one.round::<f64>(), one.radius.is_zero()), (Some(1.0), true));
        }
    }

    #[test]
    fn powers_undo_each_other() {
        let mut random = Random(5);
        for i in 0..200 {
            let precision = PRECISIONS[i % 4];
            let x = real(random.unit() + 1e-9, precision);
            assert!(overlap(&(x.clone().pow(0.5) * x.clone().pow(0.5)), &x));
            assert!(overlap(&(x.clone().pow(-0.5) * x.clone().pow(0.5)), &real(1.0, precision)));
            assert!(overlap(&(x.clone().pow(0.75) * x.clone().pow(0.25)), &x));
            assert!(overlap(&x.clone().pow(3.0), &(x.clone().pow(2.0) * x.clone())));
            assert!(overlap(&x.clone().pow(0.125).pow(8.0), &x));
            assert!(overlap(&x.clone().pow(-0.25).pow(-4.0), &x));
        }
    }

    #[test]
    fn logarithms_agree_with_the_library() {
        let mut random = Random(6);
        for i in 0..300 {
            let precision = PRECISIONS[i % 4];
            let x = real(random.any_double().abs(), precision);
            if x.is_zero() || x.radius.is_infinite() {
                continue;
            }
            let near = if i % 3 == 0 { real(1.0, precision) + x.clone() * real(1e-200, precision) } else { x };
            if near.radius.is_infinite() || !near.is_positive() {
                continue;
            }
            let library = near.context().ln(&near.centre, None);
            let library = Big::rounded(library, Bound::ZERO, precision);
            let ours = near.centre_only().ln();
            assert!(overlap(&ours, &library), "{near:?}");
            let enough = sure_bits(&ours) > precision as isize - 4;
            assert!(enough, "{} {near:?}", sure_bits(&ours));
        }
        assert!(real(1.0, 192).ln().is_zero());
    }

    #[test]
    fn exponentials_of_sums_are_products_however_large() {
        let mut random = Random(7);
        for i in 0..200 {
            let precision = PRECISIONS[i % 4];
            let scale = 2_f64.powi(random.below(58) as i32);
            let [x, y] = [scale * random.unit(), -scale * random.unit()].map(|x| real(x, precision));
            let (product, power) = (x.clone().exp() * y.clone().exp(), (x + y).exp());
            assert!(overlap(&product, &power));
            assert!(sure_bits(&power) > precision as isize - 64);
        }
    }

    #[test]
    fn reduction_is_right_for_the_largest_arguments() {
        for x in [1e3, -1e3, 1e15, -1e15, 1e18, -1e18, 0.999 * 2_f64.powi(60)] {
            for precision in PRECISIONS {
                let mut power = real(x / 2_f64.powi(60), precision).exp();
                for _ in 0..60 {
                    power = power.clone() * power;
                }
                let direct = real(x, precision).exp();
                assert!(overlap(&power, &direct), "{x}");
                assert!(sure_bits(&direct) >= precision as isize - 1 && sure_bits(&power) > precision as isize - 70);
            }
        }
    }

    #[test]
    fn exponentials_saturate() {
        for x in [-1e19, -1e300, f64::MIN] {
            let e = real(x, 192).exp();
            assert_eq!((e.round::<f64>(), e.round::<f32>()), (Some(0.0), Some(0.0)));
            let scaled = e * real(f64::MAX, 192);
            assert_eq!((scaled.round::<f64>(), scaled.settle::<f64>()), (Some(0.0), 0.0));
            let e = real(-x, 192).exp();
            assert_eq!((e.round::<f64>(), e.settle::<f64>(), e.settle::<f32>()), (None, f64::INFINITY, f32::INFINITY));
            assert_eq!((-e).settle::<f64>(), f64::NEG_INFINITY);
        }
        for x in [-746.0, -1e5, -1e15, -1e18] {
            assert_eq!(real(x, 192).exp().round::<f64>(), Some(0.0));
            assert_eq!(real(-x, 192).exp().round::<f64>(), Some(f64::INFINITY));
        }
        let unknown = (real(1e300, 192) / real(3.0, 192)).exp();
        assert_eq!((unknown.round::<f64>(), unknown.settle::<f64>()), (None, f64::INFINITY));
        assert_eq!(real(5e-324, 192).exp().round::<f64>(), Some(1.0));
        assert_eq!(real(0.0, 192).exp().radius, Bound::ZERO);
    }

    #[test]
    fn factors_that_both_overflow_may_give_1() {
        let steps = 1 << 53;
        for k in [1_u64, 1_000, 10_000, 1 << 40, steps] {
            let [up, down] = [2.0, 0.5].map(|rate| Big::ratio(ratio(k, 1), 192).power_of(&base(rate)));
            let product = up * down;
            assert!(contains(&product, &RBig::ONE) && product.settle::<f64>() == 1.0);
        }
    }

    #[test]
    fn sums_of_very_unlike_terms_are_quick() {
        let start = Instant::now();
        let large = Big::ratio(ratio(1 << 53, 1), 192).power_of(&base(8.0));
        for x in [1.0, -1.0, 5e-324] {
            let sum = large.clone() + real(x, 192);
            assert_eq!(sum.round::<f64>(), Some(f64::INFINITY));
            assert_eq!((real(x, 192) - large.clone()).round::<f64>(), Some(f64::NEG_INFINITY));
            let back = sum - large.clone();
            assert_eq!(back.settle::<f64>(), 0.0);
            let sum = real(x, 192) + real(1.0, 192) / large.clone();
            assert_eq!(sum.round::<f64>(), Some(x));
        }
        assert!(start.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn reaching_zero_is_unbounded() {
        let wide = real(1.0, 192).widened(Bound::power(1));
        let straddling = real(0.0, 192).widened(Bound::power(-100));
        for x in [wide, straddling, real(-1.0, 192), -real(5e-324, 192)] {
            for p in [0.5, -0.5, 0.9, -3.0] {
                let power = x.clone().pow(p);
                assert!(power.radius.is_infinite() && power.round::<f64>().is_none());
                assert!(power.settle::<f64>().is_finite());
            }
            if !x.radius.is_zero() {
                assert!((real(1.0, 192) / x).radius.is_infinite());
            }
        }
        assert!((real(1.0, 192) / real(0.0, 192)).radius.is_infinite());
        assert!((real(0.0, 192) / real(0.0, 192)).radius.is_infinite());
        assert!(real(0.0, 192).pow(0.3).is_zero());
    }

    #[test]
    fn clamps_move_into_the_interval() {
        let third = real(1.0, 192) / real(3.0, 192);
        assert_eq!(third.clone().clamp(Some(0.5), None).radius, Bound::ZERO);
        assert_eq!(third.clone().clamp(Some(0.5), None).round::<f64>(), Some(0.5));
        assert_eq!(third.clone().clamp(None, Some(0.25)).round::<f64>(), Some(0.25));
        assert_eq!(third.clone().clamp(Some(0.5), Some(0.25)).round::<f64>(), Some(0.25));
        assert_eq!(third.clone().clamp(Some(0.25), Some(0.5)).round::<f64>(), Some(1.0 / 3.0));
        assert_eq!(third.clone().clamp(None, None).round::<f64>(), Some(1.0 / 3.0));
        let about_half = real(0.5, 192).widened(Bound::power(-60));
        let clamped = about_half.clone().clamp(Some(0.5), None);
        assert!(clamped.radius == about_half.radius && clamped.settle::<f64>() == 0.5);
        let huge = real(1e300, 192).exp();
        assert_eq!(huge.clamp(Some(0.0), Some(1.0)).settle::<f64>(), 1.0);
    }

    #[test]
    fn balls_round_where_they_are_sure() {
        let near = |x: f64, shift: isize| real(x, 192).widened(Bound::power(shift));
        assert_eq!(near(1.0, -53).round::<f64>(), None);
        assert_eq!(near(1.0, -54).round::<f64>(), Some(1.0));
        assert_eq!(near(1.0, -53).settle::<f64>(), 1.0);
        assert_eq!(near(1.0, -25).round::<f32>(), Some(1.0));
        assert_eq!(near(1.0, -24).round::<f32>(), None);
        assert_eq!(near(1.0, -5_000).round::<f64>(), Some(1.0));
        assert_eq!(near(1.0, -RANGE).round::<f64>(), Some(1.0));
        assert_eq!(near(f64::MAX, 969).round::<f64>(), Some(f64::MAX));
        let past_max = (real(f64::MAX, 192) + real(2_f64.powi(969), 192)).widened(Bound::power(969));
        assert_eq!((past_max.round::<f64>(), past_max.settle::<f64>()), (None, f64::INFINITY));
        assert_eq!(near(0.0, -1_080).round::<f64>().unwrap().to_bits(), 0);
        assert_eq!(near(-5e-324, -1_076).round::<f64>(), Some(-5e-324));
        assert_eq!(near(0.0, -1_070).round::<f64>(), None);
        assert_eq!(near(0.0, -1_070).settle::<f64>(), 0.0);
        assert_eq!(near(3.5, 5).settle::<f64>(), 3.5);
        assert_eq!(near(3.5, 500).settle::<f64>(), 3.5);
        assert_eq!((-real(0.0, 192)).round::<f64>().unwrap().to_bits(), 0);
        assert_eq!(real(1e300, 192).round::<f32>(), Some(f32::INFINITY));
    }

    #[test]
    fn a_ball_that_holds_a_tie_settles_to_even() {
        let mut random = Random(8);
        for _ in 0..2_000 {
            let rank = random.below(f64::INFINITE as u64 - 1) as i64;
            let [low, high] = [rank, rank + 1].map(f64::of_rank);
            let middle = (real(low, 192) + real(high, 192)) / real(2.0, 192);
            let tiny = Bound::above(&middle.centre) * Bound::power(-150);
            let even = if rank & 1 == 0 { low } else { high };
            for off in [-1.0, 0.0, 1.0] {
                let off = real(off, 192) * Big::exact(Float::new(tiny.digits.into(), tiny.exponent - 1), 192);
                let ball = (middle.clone() + off).widened(tiny);
                assert_eq!((ball.round::<f64>(), ball.settle::<f64>()), (None, even));
                assert_eq!((-ball).settle::<f64>(), -even + 0.0);
            }
        }
    }

    #[test]
    fn nothing_panics_or_lingers() {
        let mut random = Random(9);
        let start = Instant::now();
        for i in 0..1_500 {
            let precision = PRECISIONS[i % 3];
            let den = 1 + random.below(1 << 53);
            let u = ratio(random.below(den + 1), [den, 1 << 53][i % 2].max(den));
            let [a, b, p, low, high] = [(); 5].map(|()| random.any_double());
            let rate = if b > 0.0 { b } else { f64::MIN_POSITIVE };
            for x in curves::<Big>(a, rate, p, u, precision) {
                let far = x.clone() * real(f64::MAX, precision).exp() + x.clone().exp();
                let clamped = x.clone().clamp(Some(low), Some(high));
                let nested = (x.clone() / far.clone()).pow(p).exp().power_of(&base(rate));
                for y in [x, far, clamped, nested] {
                    assert!(!y.settle::<f64>().is_nan() && !y.settle::<f32>().is_nan());
                    assert!(y.round::<f64>().is_none_or(|x| x == y.settle::<f64>()));
                }
            }
        }
        assert!(start.elapsed() < Duration::from_secs(120));
    }

    #[test]
    fn bounds_round_up() {
        let mut random = Random(10);
        let value = |x: Bound| {
            if x.is_zero() { RBig::ZERO } else { fraction(&x.digits.into(), x.exponent) }
        };
        let tiny = RBig::from_parts(1.into(), (1_u64 << 30).into());
        for _ in 0..3_000 {
            let [x, y] = [(); 2].map(|()| {
                let (digits, exponent) = (random.next() >> random.below(65).min(63), random.below(90) as isize - 45);
                let bound = Bound::new(digits, exponent);
                let truth = fraction(&digits.into(), exponent);
                assert!(value(bound) >= truth && value(bound) <= &truth + &truth * &tiny);
                bound
            });
            let (vx, vy) = (value(x), value(y));
            assert!(value(x + y) >= &vx + &vy);
            assert!(value(x * y) >= &vx * &vy);
            assert!(vy.is_zero() || value(x / y) >= &vx / &vy);
            let rest = &vx - &vy;
            assert!(value(x.minus(y)) <= rest || x.minus(y).is_zero());
            let slack = (&vx + &vy) * &tiny;
            assert!((value(x.minus(y)) - if rest < RBig::ZERO { RBig::ZERO } else { rest }).abs() <= slack);
        }
    }
}
