//! Exact rationals: where ties are decided.
//!
//! Many values of a schedule lie exactly half-way between two doubles, and no precision, however large, proves that of
//! a big float. Such values are rational (and short), so they are worked here as fractions:
//!
//! ```text
//! sums, products, ratios   the fraction
//! cosine                   at u = 0, 1/3, 1/2, 2/3, 1 (Niven: nowhere else between them)
//! x ** p, p = P / 2^j      where x is a perfect 2^j-th power
//! base ** (a / b)          where the base is a perfect b-th power
//! anything else            None: irrational, or too long to be a tie
//! ```
//!
//! A tie between doubles has 54 significant bits and so can only come from short numbers; what would grow past
//! `POWER_BITS` or `BITS` is given up before it is computed.
//!
//! The rounding to a double or a float32 is here too (`Leading`), for the big floats to share.

use std::ops::{Add, Div, Mul, Neg, Sub};

use dashu_base::{BitTest, DivRem, Sign, SquareRootRem, UnsignedAbs};
use dashu_int::{IBig, UBig};
use dashu_ratio::{RBig, Relaxed};

use super::{Base, Number, Ratio};

/// What lies within 2^-NEAR of itself of a tie counts as the tie, in every rung.
pub const NEAR: isize = 1_500;

/// The longest numerator or denominator that is kept.
const BITS: usize = 65_536;

/// Longer ones than this are brought to lowest terms. For shorter ones that costs more than it saves.
///
/// (A linear curve takes 0.4 us so, 1.1 us always in lowest terms.)
const RELAXED_BITS: usize = 4_096;

/// The longest numerator or denominator that a power may give, nearly.
const POWER_BITS: u64 = 8_192;

/// A rational number, or `None` where there is none (or none worth having).
#[derive(Clone, Debug, PartialEq)]
pub struct Exact(Option<Relaxed>);

impl Exact {
    /// The value in a format, to nearest-even; `None` where there is no rational value.
    pub fn round<F: Format>(&self) -> Option<F> {
        let x = self.0.as_ref()?;
        Some(F::of_rank(Leading::of_fraction(x.numerator(), x.denominator()).rank::<F>()))
    }

    /// The value itself, in lowest terms.
    #[cfg(test)]
    pub(crate) fn value(&self) -> Option<RBig> {
        self.0.clone().map(Relaxed::canonicalize)
    }

    /// 1, -1 or 0; `None` where there is no rational value.
    pub fn sign(&self) -> Option<f64> {
        let x = self.0.as_ref()?;
        Some(match x.numerator().sign() {
            _ if x.is_zero() => 0.0,
            Sign::Positive => 1.0,
            Sign::Negative => -1.0,
        })
    }

    fn is_zero(&self) -> bool {
        self.0.as_ref().is_some_and(Relaxed::is_zero)
    }

    fn zero() -> Self {
        Self(Some(Relaxed::ZERO))
    }

    fn one() -> Self {
        Self(Some(Relaxed::ONE))
    }

    /// Both weights of a cosine after so many sixths of half a turn; `None` between them.
    fn turned(sixths: Option<u128>) -> (Self, Self) {
        match sixths {
            Some(0) => (Self::one(), Self::zero()),
            Some(2) => (Self::of_parts(3, 4), Self::of_parts(1, 4)),
            Some(3) => (Self::of_parts(1, 2), Self::of_parts(1, 2)),
            Some(4) => (Self::of_parts(1, 4), Self::of_parts(3, 4)),
            Some(6) => (Self::zero(), Self::one()),
            _ => (Self(None), Self(None)),
        }
    }

    fn of_parts(numerator: u64, denominator: u64) -> Self {
        Self(Some(Relaxed::from_parts(numerator.into(), denominator.into())))
    }

    /// `op` where both numbers are known and the result is not too long.
    fn combine(self, other: Self, op: impl FnOnce(Relaxed, Relaxed) -> Relaxed) -> Self {
        Self(self.0.zip(other.0).and_then(|(a, b)| within_length(op(a, b))))
    }
}

impl Add for Exact {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.combine(other, |a, b| a + b)
    }
}

impl Sub for Exact {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self.combine(other, |a, b| a - b)
    }
}

impl Mul for Exact {
    type Output = Self;

    /// Zero times anything is zero: `cosine(a, a, n)` is `a` wherever the cosine itself is irrational.
    fn mul(self, other: Self) -> Self {
        if self.is_zero() || other.is_zero() {
            return Self::zero();
        }
        self.combine(other, |a, b| a * b)
    }
}

impl Div for Exact {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        if other.is_zero() {
            return Self(None);
        }
        if self.is_zero() {
            return self;
        }
        self.combine(other, |a, b| a / b)
    }
}

impl Neg for Exact {
    type Output = Self;

    fn neg(self) -> Self {
        Self(self.0.map(|x| -x))
    }
}

impl Number for Exact {
    type Cx = ();

    fn real(x: f64, (): ()) -> Self {
        Self(Dyadic::of(x).map(Dyadic::rational))
    }

    fn ratio(u: Ratio, (): ()) -> Self {
        Self::of_parts(u.at, u.den)
    }

    fn raised_cosine(u: Ratio, (): ()) -> (Self, Self) {
        let sixths = 6 * u128::from(u.at);
        let den = u128::from(u.den);
        Self::turned(sixths.is_multiple_of(den).then(|| sixths / den))
    }

    fn half_turn(self) -> (Self, Self) {
        let sixths = (self * Self::of_parts(6, 1)).0.map(Relaxed::canonicalize);
        Self::turned(sixths.filter(RBig::is_int).and_then(|x| u128::try_from(x.numerator()).ok()))
    }

    fn pow(self, p: f64) -> Self {
        Self(self.0.and_then(|x| dyadic_power(x, Dyadic::of(p)?)))
    }

    /// Irrational but at 0 (Lindemann).
    fn ln_1p(self) -> Self {
        if self.is_zero() { self } else { Self(None) }
    }

    /// Irrational but at 0 (Lindemann).
    fn exp(self) -> Self {
        if self.is_zero() { Self::one() } else { Self(None) }
    }

    fn power_of(self, base: &Base) -> Self {
        if base.value == 1.0 || self.is_zero() {
            return Self::one();
        }
        Self(self.0.and_then(|x| rational_power(Dyadic::of(base.value)?, &x.canonicalize())))
    }

    fn clamp(self, low: Option<f64>, high: Option<f64>) -> Self {
        let Some(mut x) = self.0 else { return self };
        if let Some(low) = low.and_then(Dyadic::of) {
            x = x.max(low.rational());
        }
        if let Some(high) = high.and_then(Dyadic::of) {
            x = x.min(high.rational());
        }
        Self(Some(x))
    }
}

/// The length of the longer of the two parts.
fn bits(x: &Relaxed) -> usize {
    x.numerator().bit_len().max(x.denominator().bit_len())
}

/// `x`, in lowest terms if it is long; `None` if it is too long even so.
fn within_length(x: Relaxed) -> Option<Relaxed> {
    let x = if bits(&x) > RELAXED_BITS { x.canonicalize().relax() } else { x };
    (bits(&x) <= BITS).then_some(x)
}

/// `x ** p`, where it is rational and short.
fn dyadic_power(x: Relaxed, p: Dyadic) -> Option<Relaxed> {
    if x.is_zero() || x.is_one() {
        return Some(x);
    }
    let mut root = x;
    if p.exponent < 0 {
        root = root.canonicalize().relax();
    }
    for _ in p.exponent..0 {
        root = square_root(&root)?;
    }
    let factor = 1_i64.checked_shl(p.exponent.max(0).try_into().ok()?)?;
    power(root, p.odd.checked_mul(factor)?)
}

/// `base ** x` for a base other than 1, where it is rational and short.
///
/// With `x = a / b` in lowest terms that takes a base which is a perfect `b`-th power, so that `b` divides its exponent
/// of two; `b` is small, or no double but 1 would do.
fn rational_power(base: Dyadic, x: &RBig) -> Option<Relaxed> {
    let degree = usize::try_from(x.denominator()).ok().filter(|&b| b <= 1_100)?;
    let (odd, exponent) = (UBig::from(u64::try_from(base.odd).ok()?), base.exponent);
    let root = odd.nth_root(degree);
    if exponent % degree as i64 != 0 || root.pow(degree) != odd {
        return None;
    }
    let root = Dyadic { odd: i64::try_from(&root).ok()?, exponent: exponent / degree as i64 };
    power(root.rational(), x.numerator().try_into().ok()?)
}

/// `x ** n` for a positive `x` other than 1, where it is short: judged by the lengths, before it is computed.
fn power(x: Relaxed, n: i64) -> Option<Relaxed> {
    let count = n.unsigned_abs();
    let length = (bits(&x) as u64 - 1).saturating_mul(count);
    if x.numerator().sign() == Sign::Negative || (length > POWER_BITS && count != 1) {
        return None;
    }
    let x = x.pow(isize::try_from(count).ok()?);
    Some(if n < 0 { Relaxed::ONE / x } else { x })
}

/// The square root of a positive number in lowest terms, where it is rational.
fn square_root(x: &Relaxed) -> Option<Relaxed> {
    if x.numerator().sign() == Sign::Negative {
        return None;
    }
    let (numerator, rest) = x.numerator().unsigned_abs().sqrt_rem();
    let (denominator, other) = x.denominator().sqrt_rem();
    (rest.is_zero() && other.is_zero()).then(|| Relaxed::from_parts(numerator.into(), denominator))
}

/// A double, taken apart: `odd * 2^exponent`, `odd` an odd integer or zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Dyadic {
    /// The odd integer.
    pub odd: i64,
    /// The power of two; 0 for zero.
    pub exponent: i64,
}

impl Dyadic {
    /// The parts of a finite double.
    pub fn of(x: f64) -> Option<Self> {
        let field = (x.to_bits() >> 52 & 0x7ff) as i64;
        let fraction = (x.to_bits() & ((1 << 52) - 1)) as i64;
        let (digits, exponent) = match field {
            0x7ff => return None,
            0 => (fraction, -1_074),
            _ => (fraction | 1 << 52, field - 1_075),
        };
        if digits == 0 {
            return Some(Self { odd: 0, exponent: 0 });
        }
        let zeros = digits.trailing_zeros();
        let odd = digits >> zeros;
        Some(Self { odd: if x < 0.0 { -odd } else { odd }, exponent: exponent + i64::from(zeros) })
    }

    fn rational(self) -> Relaxed {
        let size = self.exponent.unsigned_abs() as usize;
        if self.exponent < 0 {
            Relaxed::from_parts(self.odd.into(), UBig::ONE << size)
        } else {
            Relaxed::from(IBig::from(self.odd) << size)
        }
    }
}

/// A binary floating-point format.
///
/// A float's *rank* is its place among its kind: 0 for zero, 1 for the least positive one, -1 for that one's negative,
/// and so on without a gap, through the subnormals, to infinity. Its size is the float's own bits without the sign.
pub trait Format: Copy {
    /// Significant bits.
    const DIGITS: i64;
    /// The least positive float is `2^LEAST`.
    const LEAST: i64;
    /// The rank of infinity.
    const INFINITE: i64;
    /// The float of a rank; zero is +0.0.
    fn of_rank(rank: i64) -> Self;
}

impl Format for f64 {
    const DIGITS: i64 = 53;
    const LEAST: i64 = -1_074;
    const INFINITE: i64 = 0x7ff << 52;

    fn of_rank(rank: i64) -> Self {
        let size = Self::from_bits(rank.unsigned_abs());
        if rank < 0 { -size } else { size }
    }
}

impl Format for f32 {
    const DIGITS: i64 = 24;
    const LEAST: i64 = -149;
    const INFINITE: i64 = 0xff << 23;

    fn of_rank(rank: i64) -> Self {
        let size = Self::from_bits(rank.unsigned_abs() as u32);
        if rank < 0 { -size } else { size }
    }
}

/// The leading 64 bits of a real number, and whether anything follows: all that rounding needs to know of it.
///
/// The size is at least `digits * 2^exponent`, and equal to that unless `more`, and then less than one unit larger.
/// `digits` has its highest bit set, unless the number is zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Leading {
    /// Is the number below zero?
    pub negative: bool,
    /// The leading bits.
    pub digits: u64,
    /// The power of two that they count.
    pub exponent: i64,
    /// Does anything follow them?
    pub more: bool,
}

impl Leading {
    /// Of `n * 2^exponent`.
    pub fn of_dyadic(n: &IBig, exponent: i64) -> Self {
        Self { negative: n.sign() == Sign::Negative, ..Self::of_size(&n.unsigned_abs(), exponent) }
    }

    /// Of `n / d`. What lies within 2^-1,500 of itself of a number of 65 bits counts as that number, and so as a tie where that is one:
    /// big floats do not tell the two apart either ([`NEAR`]), and so every rung rounds it in the same way.
    pub fn of_fraction(n: &IBig, d: &UBig) -> Self {
        let (size, shift) = (n.unsigned_abs(), d.bit_len() as i64 + 65 - n.bit_len() as i64);
        let distance = shift.unsigned_abs() as usize;
        let (size, divisor) = if shift < 0 { (size, d << distance) } else { (size << distance, d.clone()) };
        let (quotient, rest) = size.div_rem(&divisor);
        let is_tiny = |part: &UBig| part << NEAR as usize <= &quotient * &divisor;
        let (quotient, more) = match (rest.is_zero() || is_tiny(&rest), is_tiny(&(&divisor - &rest))) {
            (true, _) => (quotient, false),
            (_, true) => (quotient + UBig::ONE, false),
            _ => (quotient, true),
        };
        let lead = Self::of_size(&quotient, -shift);
        Self { negative: n.sign() == Sign::Negative, more: lead.more || more, ..lead }
    }

    fn of_size(n: &UBig, exponent: i64) -> Self {
        let length = n.bit_len();
        let shift = length.saturating_sub(64);
        let head = if shift == 0 { u64::try_from(n) } else { u64::try_from(n >> shift) };
        let digits = head.expect("64 bits at most");
        let spare = if digits == 0 { 0 } else { digits.leading_zeros() };
        Self {
            negative: false,
            digits: digits << spare,
            exponent: exponent + shift as i64 - i64::from(spare),
            more: n.trailing_zeros().is_some_and(|zeros| zeros < shift),
        }
    }

    /// The rank of the nearest float, of the even one of two that are equally near.
    pub fn rank<F: Format>(self) -> i64 {
        let size = self.size_rank::<F>();
        if self.negative { -size } else { size }
    }

    fn size_rank<F: Format>(self) -> i64 {
        let top = self.exponent.saturating_add(64); // the size is below 2^top
        if self.digits == 0 || top < F::LEAST {
            return 0;
        }
        let last = (top - F::DIGITS).max(F::LEAST); // the power of two of the last bit that is kept
        if last - F::LEAST >= (F::INFINITE >> (F::DIGITS - 1)) - 1 {
            // The size is at least 2^1024 (2^128 for float32): infinite already, and twice that has no rank.
            return F::INFINITE;
        }
        let digits = u128::from(self.digits) << 1 | u128::from(self.more); // in half units, to hold what follows
        let shift = (last - self.exponent + 1) as u32; // 12 to 66
        let kept = digits >> shift;
        let rest = digits - (kept << shift);
        let half = 1 << (shift - 1);
        let up = rest > half || (rest == half && kept & 1 == 1);
        let count = kept as i64 + i64::from(up);
        (((last - F::LEAST) << (F::DIGITS - 1)) + count).min(F::INFINITE)
    }
}

#[cfg(test)]
mod tests {
    use super::super::random::Random;
    use super::*;

    impl Random {
        /// Any finite double.
        fn finite(&mut self) -> f64 {
            Some(f64::from_bits(self.next())).filter(|x| x.is_finite()).unwrap_or(1.0)
        }
    }

    fn real(x: f64) -> Exact {
        Exact::real(x, ())
    }

    fn ratio(at: u64, den: u64) -> Ratio {
        Ratio { at, slope: 1, den }
    }

    fn base(value: f64) -> Base {
        Base { value, ln: (value.ln(), 0.0) }
    }

    fn fraction(n: i64, d: u64) -> Exact {
        Exact(Some(Relaxed::from_parts(n.into(), d.into())))
    }

    /// Rounds `n * 2^exponent` as the standard library reads it from an exact decimal, to both formats.
    fn check_dyadic(n: &IBig, exponent: i64) {
        let power = exponent.unsigned_abs() as usize;
        let text =
            if exponent < 0 { format!("{}e-{power}", n * IBig::from(5).pow(power)) } else { (n << power).to_string() };
        let lead = Leading::of_dyadic(n, exponent);
        let (double, single) = (text.parse::<f64>().unwrap() + 0.0, text.parse::<f32>().unwrap() + 0.0);
        assert_eq!(f64::of_rank(lead.rank::<f64>()).to_bits(), double.to_bits(), "{n} * 2^{exponent}");
        assert_eq!(f32::of_rank(lead.rank::<f32>()).to_bits(), single.to_bits(), "{n} * 2^{exponent}");
    }

    #[test]
    fn what_is_next_to_a_tie_is_the_tie() {
        let rounded = |n: IBig, bits: usize| f64::of_rank(Leading::of_fraction(&n, &(UBig::ONE << bits)).rank::<f64>());
        // 2^54 + 2 lies between 2^54, which is even, and 2^54 + 4; 2^54 + 6 between the latter and 2^54 + 8, which is even.
        for (tie, even, odd) in [(2, 0, 4), (6, 8, 4)] {
            let value = |more: i64| ((1i64 << 54) + more) as f64;
            for off in [-1, 1] {
                let near = |bits: usize| rounded((IBig::from((1i64 << 54) + tie) << bits) + off, bits);
                assert_eq!(near(1_600), value(even), "{tie} {off}");
                let is_towards_odd = (off > 0) == (odd > tie);
                assert_eq!(near(1_400), value(if is_towards_odd { odd } else { even }), "{tie} {off}");
            }
        }
    }

    #[test]
    fn what_is_nearly_a_power_past_the_largest_is_infinite() {
        for top in 1_024..1_030 {
            for off in [-1, 0, 1] {
                let lead = Leading::of_dyadic(&((IBig::ONE << 80) + off), top - 80);
                assert_eq!(lead.rank::<f64>(), f64::INFINITE, "2^{top} and {off}");
                let lead = Leading::of_dyadic(&((IBig::ONE << 80) + off), top - 896 - 80);
                assert_eq!(lead.rank::<f32>(), f32::INFINITE, "2^{} and {off}", top - 896);
            }
        }
    }

    /// The value of a float of some rank; of infinity, what would come after the largest float.
    fn value<F: Format>(rank: i64) -> RBig {
        let size = rank.unsigned_abs() as i64;
        let field = (size >> (F::DIGITS - 1)).max(1) - 1;
        let digits = size - (field << (F::DIGITS - 1));
        let exponent = F::LEAST + field;
        let power = UBig::ONE << exponent.unsigned_abs() as usize;
        let value = RBig::from(digits);
        let value = if exponent < 0 { value / power } else { value * power };
        if rank < 0 { -value } else { value }
    }

    /// Is `rank` the nearest to `x`, the even one of two? By the midpoints on both sides.
    fn check_nearest<F: Format>(x: &RBig, rank: i64) {
        let two = RBig::from(2);
        let low = (value::<F>(rank - 1) + value::<F>(rank)) / &two;
        let high = (value::<F>(rank + 1) + value::<F>(rank)) / &two;
        let even = rank & 1 == 0;
        assert!(low < *x || rank == -F::INFINITE || (even && low == *x), "{x} {rank}");
        assert!(*x < high || rank == F::INFINITE || (even && high == *x), "{x} {rank}");
    }

    fn check_fraction(n: &IBig, d: &UBig) {
        let x = RBig::from_parts(n.clone(), d.clone());
        let lead = Leading::of_fraction(x.numerator(), x.denominator());
        check_nearest::<f64>(&x, lead.rank::<f64>());
        check_nearest::<f32>(&x, lead.rank::<f32>());
    }

    fn random_integer(random: &mut Random, length: usize) -> IBig {
        let words: Vec<_> = (0..length.div_ceil(64)).map(|_| random.next()).collect();
        let size = words.iter().fold(UBig::ZERO, |sum, &word| (sum << 64) + word) >> (words.len() * 64 - length);
        if random.below(2) == 0 { size.into() } else { -IBig::from(size) }
    }

    #[test]
    fn dyadics_round_as_the_standard_library_reads_them() {
        let mut random = Random(1);
        for _ in 0..3_000 {
            let length = 1 + random.below(200) as usize;
            let n = random_integer(&mut random, length);
            check_dyadic(&n, random.below(2_400) as i64 - 1_250 - length as i64 / 2);
            check_dyadic(&n, random.below(320) as i64 - 170 - length as i64 / 2);
        }
    }

    #[test]
    fn ties_and_their_neighbours_round_right() {
        let mut random = Random(2);
        let special = [0, 1, 2, 1 << 52, (1 << 52) - 1, (1 << 53) - 1, f64::INFINITE - 1, f64::INFINITE - 2];
        for i in 0..2_000 {
            let rank = special.get(i).copied().unwrap_or_else(|| random.below(f64::INFINITE as u64) as i64);
            check_around_midpoint::<f64>(rank);
            check_around_midpoint::<f32>(rank % f32::INFINITE);
        }
        check_around_midpoint::<f32>(f32::INFINITE - 1);
    }

    /// The midpoint above a float, alone and a little off, on both sides of zero.
    fn check_around_midpoint<F: Format>(rank: i64) {
        let middle = (value::<F>(rank) + value::<F>(rank + 1)) / RBig::from(2);
        for shift in [1, 20, 70, 300] {
            let off = &middle * RBig::from_parts(1.into(), UBig::ONE << shift);
            for x in [middle.clone(), &middle + &off, &middle - &off, -&middle, -&middle - &off, off - &middle] {
                let zeros = x.denominator().trailing_zeros().unwrap_or(0) as i64;
                check_dyadic(x.numerator(), -zeros);
                check_fraction(x.numerator(), x.denominator());
            }
        }
    }

    #[test]
    fn fractions_round_to_the_nearest() {
        let mut random = Random(3);
        for _ in 0..3_000 {
            let (up, down) = (1 + random.below(1_300) as usize, 1 + random.below(1_300) as usize);
            let d = random_integer(&mut random, down).unsigned_abs() + UBig::ONE;
            check_fraction(&random_integer(&mut random, up), &d);
            check_fraction(&random_integer(&mut random, 1 + up % 64), &((d >> (down / 2)) + UBig::ONE));
        }
    }

    #[test]
    fn doubles_are_taken_and_given_back() {
        let mut random = Random(4);
        for x in [0.0, 1.0, -1.5, 5e-324, -5e-324, f64::MIN_POSITIVE, f64::MAX, f64::MIN, 0.1] {
            assert_eq!(real(x).round::<f64>(), Some(x));
        }
        for _ in 0..10_000 {
            let x = random.finite();
            assert_eq!(real(x).round::<f64>().unwrap().to_bits(), x.to_bits());
            assert_eq!(real(x).round::<f32>().unwrap().to_bits(), (x as f32 + 0.0).to_bits());
        }
        assert_eq!(real(-0.0).round::<f64>().unwrap().to_bits(), 0);
        assert_eq!(real(f64::NAN), Exact(None));
        assert_eq!(real(f64::INFINITY), Exact(None));
    }

    #[test]
    fn negative_zero_never_comes_out() {
        let tiny = -(real(5e-324) / real(4.0));
        assert_eq!(tiny.round::<f64>().unwrap().to_bits(), 0);
        assert_eq!(tiny.round::<f32>().unwrap().to_bits(), 0);
        assert_eq!((real(-1.0) * real(0.0)).round::<f64>().unwrap().to_bits(), 0);
    }

    #[test]
    fn arithmetic_is_exact() {
        assert_eq!(fraction(1, 3) + fraction(1, 6), fraction(1, 2));
        assert_eq!(fraction(1, 3) - fraction(1, 2), fraction(-1, 6));
        assert_eq!(fraction(2, 3) * fraction(3, 4), fraction(1, 2));
        assert_eq!(fraction(2, 3) / fraction(-4, 3), fraction(-1, 2));
        assert_eq!(Exact::ratio(ratio(6, 4), ()), fraction(3, 2));
        assert_eq!(real(1e300) * real(1e300) / real(1e300), real(1e300));
        assert_eq!(real(1.0) / real(0.0), Exact(None));
    }

    #[test]
    fn only_zero_makes_an_unknown_known() {
        let unknown = || Exact(None);
        assert_eq!(real(0.0) * unknown(), real(0.0));
        assert_eq!(unknown() * real(0.0), real(0.0));
        assert_eq!(real(0.0) / unknown(), real(0.0));
        assert_eq!(unknown() + real(0.0), unknown());
        assert_eq!(unknown() * real(1.0), unknown());
        assert_eq!(unknown().pow(2.0), unknown());
        assert_eq!(unknown().power_of(&base(2.0)), unknown());
        assert_eq!(unknown().power_of(&base(1.0)), real(1.0));
        assert_eq!(unknown().clamp(Some(0.0), Some(1.0)), unknown());
        assert_eq!(unknown().round::<f64>(), None);
    }

    #[test]
    fn raised_cosines_are_rational_where_niven_says() {
        for n in [6_u64, 12, 600, 6 << 50] {
            for (at, weights) in [
                (0, (real(1.0), real(0.0))),
                (n / 3, (real(0.75), real(0.25))),
                (n / 2, (real(0.5), real(0.5))),
                (n / 3 * 2, (real(0.25), real(0.75))),
                (n, (real(0.0), real(1.0))),
                (n / 6, (Exact(None), Exact(None))),
                (n / 6 * 5, (Exact(None), Exact(None))),
                (n / 2 + 1, if n == 6 { (real(0.25), real(0.75)) } else { (Exact(None), Exact(None)) }),
            ] {
                assert_eq!(Exact::raised_cosine(ratio(at, n), ()), weights, "{at} / {n}");
            }
        }
    }

    #[test]
    fn powers_are_rational_where_the_root_is() {
        assert_eq!(fraction(4, 9).pow(0.5), fraction(2, 3));
        assert_eq!(fraction(4, 9).pow(-1.5), fraction(27, 8));
        assert_eq!(fraction(16, 81).pow(0.25), fraction(2, 3));
        assert_eq!(fraction(16, 81).pow(0.75), fraction(8, 27));
        assert_eq!(fraction(4, 9).pow(0.25), Exact(None));
        assert_eq!(fraction(4, 8).pow(0.5), Exact(None));
        assert_eq!(fraction(2, 3).pow(0.9), Exact(None));
        assert_eq!(fraction(2, 3).pow(1.0), fraction(2, 3));
        assert_eq!(fraction(2, 3).pow(2.0), fraction(4, 9));
        assert_eq!(fraction(2, 3).pow(-3.0), fraction(27, 8));
        assert_eq!(fraction(-1, 4).pow(0.5), Exact(None));
        for p in [0.5, 1e300, 5e-324, 0.1] {
            assert_eq!(real(0.0).pow(p), real(0.0));
            assert_eq!(real(1.0).pow(p), real(1.0));
        }
    }

    #[test]
    fn long_powers_are_given_up_at_once() {
        for p in [f64::MAX, -f64::MAX, 9_007_199_254_740_993.0, 1e4, 5e-324, 2_f64.powi(62), 2_f64.powi(63)] {
            assert_eq!(fraction(2, 3).pow(p), Exact(None));
        }
        for value in [2.0, 0.5, 0.9, 1.5, f64::MAX, 5e-324] {
            assert_eq!(real(9_007_199_254_740_992.0).power_of(&base(value)), Exact(None));
            assert_eq!(real(f64::MAX).power_of(&base(value)), Exact(None));
            assert_eq!(real(-f64::MAX).power_of(&base(value)), Exact(None));
            assert_eq!(real(5e-324).power_of(&base(value)), Exact(None));
        }
    }

    #[test]
    fn bases_have_rational_powers_where_they_are_perfect() {
        assert_eq!(real(10.0).power_of(&base(2.0)), real(1_024.0));
        assert_eq!(real(-3.0).power_of(&base(2.0)), fraction(1, 8));
        assert_eq!(real(-3.0).power_of(&base(0.75)), fraction(64, 27));
        assert_eq!(fraction(3, 2).power_of(&base(2.25)), fraction(27, 8));
        assert_eq!(fraction(-2, 3).power_of(&base(0.125)), real(4.0));
        assert_eq!(fraction(1, 1_074).power_of(&base(5e-324)), real(0.5));
        assert_eq!(fraction(1, 3).power_of(&base(27.0)), real(3.0));
        assert_eq!(fraction(1, 3).power_of(&base(2.0)), Exact(None));
        assert_eq!(fraction(1, 2).power_of(&base(3.0)), Exact(None));
        assert_eq!(fraction(5, 7).power_of(&base(1.0)), real(1.0));
        assert_eq!(real(0.0).power_of(&base(0.9)), real(1.0));
        let tenth = real(0.9);
        let product = (0..100).fold(real(1.0), |product, _| product * tenth.clone());
        assert_eq!(real(100.0).power_of(&base(0.9)), product);
    }

    #[test]
    fn exponentials_are_rational_at_zero() {
        assert_eq!(real(0.0).exp(), real(1.0));
        assert_eq!(real(1.0).exp(), Exact(None));
        assert_eq!(Exact(None).exp(), Exact(None));
    }

    #[test]
    fn clamps_compare_exactly() {
        let third = fraction(1, 3);
        assert_eq!(third.clone().clamp(Some(1.0 / 3.0), None), third);
        assert_eq!(third.clone().clamp(None, Some(1.0 / 3.0)), real(1.0 / 3.0));
        assert_eq!(third.clone().clamp(Some(0.5), None), real(0.5));
        assert_eq!(third.clone().clamp(Some(0.5), Some(0.25)), real(0.25));
        assert_eq!(third.clone().clamp(None, None), third);
    }

    #[test]
    fn length_is_bounded() {
        let mut random = Random(5);
        let mut product = real(1.5);
        for _ in 0..2_000 {
            product = product * real(random.finite()) + fraction(1, 1 + random.below(1 << 53));
            assert!(product.0.as_ref().is_none_or(|x| bits(x) <= BITS));
        }
        assert_eq!(product, Exact(None));
    }
}
