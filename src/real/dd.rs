//! Double-double arithmetic: a number as the unevaluated sum of two doubles, about 106 bits.
//!
//! Throughout, u = 2^-53 is half an ulp of 1, and numbers are *moderate*: zero, or 2^-400 to 2^400 in magnitude, each
//! nonzero `lo` at least 2^-450. Nothing then overflows, and no rounding error of a product underflows. (Larger and
//! smaller values carry their binary exponent elsewhere.)
//!
//! The algorithms are those of Joldes, Muller and Popescu, "Tight and rigorous error bounds for basic building blocks
//! of double-word arithmetic" (ACM TOMS 44, 2017), whose bounds are quoted, unless a comment argues its own.
//!
//! Every function is `#[inline(always)]`: inside a function with the `fma` target feature, `f64::mul_add` becomes one
//! instruction. Outside of one it would be a call, which is why a [`Kit`] says whether to use it.

use std::fmt::Debug;
use std::marker::PhantomData;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// How to multiply, with the hardware's fused multiply-add or without, and how hard the elementary functions try.
pub trait Kit: Copy + Debug + Default + PartialEq + Send + Sync + 'static {
    /// Whether `f64::mul_add` is one instruction here.
    const FUSED: bool;
    /// Whether the elementary functions are to be good to about 2^-98 (fine) or to about 2^-70 (quick).
    const FINE: bool;
}

/// Fused multiply-adds, functions good to about 2^-70.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuickFused;
/// Fused multiply-adds, functions good to about 2^-98.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FineFused;
/// No fused multiply-adds, functions good to about 2^-70.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuickPlain;
/// No fused multiply-adds, functions good to about 2^-98.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FinePlain;

/// Computes with the quick kit where the CPU has fused multiply-adds, else with the plain one.
macro_rules! with_quick_kit {
    ($K:ident => $do:expr) => {
        if $crate::simd::has_fused() {
            type $K = $crate::real::dd::QuickFused;
            $do
        } else {
            type $K = $crate::real::dd::FinePlain;
            $do
        }
    };
}
pub(crate) use with_quick_kit;

/// Computes with the fine kit where the CPU has fused multiply-adds, else with the plain one.
macro_rules! with_fine_kit {
    ($K:ident => $do:expr) => {
        if $crate::simd::has_fused() {
            type $K = $crate::real::dd::FineFused;
            $do
        } else {
            type $K = $crate::real::dd::FinePlain;
            $do
        }
    };
}
pub(crate) use with_fine_kit;

impl Kit for QuickFused {
    const FUSED: bool = true;
    const FINE: bool = false;
}
impl Kit for FineFused {
    const FUSED: bool = true;
    const FINE: bool = true;
}
impl Kit for QuickPlain {
    const FUSED: bool = false;
    const FINE: bool = false;
}
impl Kit for FinePlain {
    const FUSED: bool = false;
    const FINE: bool = true;
}

/// u^2 = 2^-106, the square of half an ulp of 1: the unit in which double-double errors are counted.
pub const U2: f64 = power_of_two(-106);
/// Relative error of `Dd + Dd` and `Dd - Dd`: 3 u^2 / (1 - 4 u), rounded up.
pub const ADD_BOUND: f64 = 3.125 * U2;
/// Relative error of `Dd * Dd`: 5 u^2.
pub const MUL_BOUND: f64 = 5.0 * U2;
/// Relative error of `Dd * f64`: 3 u^2.
pub const MUL_F64_BOUND: f64 = 3.0 * U2;
/// Relative error of `Dd / Dd`: 15 u^2 + 56 u^3, rounded up.
pub const DIV_BOUND: f64 = 16.0 * U2;
/// Relative error of `Dd / f64`: 3.5 u^2.
pub const DIV_F64_BOUND: f64 = 3.5 * U2;
/// Relative error of [`Dd::recip`]: 12 u^2.
pub const RECIP_BOUND: f64 = 12.0 * U2;
/// Relative error of [`Dd::sqrt`]: 25/8 u^2 + O(u^3), rounded up.
pub const SQRT_BOUND: f64 = 4.0 * U2;
/// Relative error of [`Dd::recip_sqrt`]: 16 u^2.
pub const RECIP_SQRT_BOUND: f64 = 16.0 * U2;

/// `2 ** n`, for -1022 <= n <= 1023.
pub const fn power_of_two(n: i64) -> f64 {
    debug_assert!(-1022 <= n && n <= 1023);
    f64::from_bits(((n + 1023) as u64) << 52)
}

/// `a * b + c`, rounded once where the kit is fused, twice where it is not: for terms whose rounding does not matter.
#[inline(always)]
pub fn mul_add<K: Kit>(a: f64, b: f64, c: f64) -> f64 {
    if K::FUSED { a.mul_add(b, c) } else { a * b + c }
}

/// `(s, e)` with s = a + b rounded and s + e = a + b exactly.
#[inline(always)]
pub fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    let b_seen = s - a;
    let a_seen = s - b_seen;
    (s, (a - a_seen) + (b - b_seen))
}

/// `two_sum(a, b)` where |a| >= |b| or a = 0.
#[inline(always)]
pub fn fast_two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    (s, b - (s - a))
}

/// `(p, e)` with p = a * b rounded and p + e = a * b exactly.
#[inline(always)]
pub fn two_prod<K: Kit>(a: f64, b: f64) -> (f64, f64) {
    let p = a * b;
    if K::FUSED {
        return (p, a.mul_add(b, -p));
    }
    let (ah, al) = split(a);
    let (bh, bl) = split(b);
    (p, al * bl - (((p - ah * bh) - al * bh) - ah * bl))
}

/// `a` as the sum of two doubles of 26 bits each (Veltkamp).
#[inline(always)]
fn split(a: f64) -> (f64, f64) {
    let scaled = 134_217_729.0 * a; // 2^27 + 1
    let high = scaled - (scaled - a);
    (high, a - high)
}

/// `c - a * b`, rounded once, where `a * b` is so near `c` that c less the rounded product is exact.
#[inline(always)]
pub fn residual<K: Kit>(c: f64, a: f64, b: f64) -> f64 {
    if K::FUSED {
        return (-a).mul_add(b, c);
    }
    let (p, e) = two_prod::<K>(a, b);
    (c - p) - e
}

/// A number hi + lo, normalised: |lo| is at most half an ulp of hi.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Dd<K: Kit> {
    /// The number, rounded to a double.
    pub hi: f64,
    /// What the rounding left out.
    pub lo: f64,
    kit: PhantomData<K>,
}

impl<K: Kit> Dd<K> {
    /// Zero.
    pub const ZERO: Self = Self::new(0.0, 0.0);
    /// One.
    pub const ONE: Self = Self::new(1.0, 0.0);

    /// `hi + lo`, which must be normalised already.
    #[inline(always)]
    pub const fn new(hi: f64, lo: f64) -> Self {
        Self { hi, lo, kit: PhantomData }
    }

    /// `a + b`, exactly.
    #[inline(always)]
    pub fn sum(a: f64, b: f64) -> Self {
        let (hi, lo) = two_sum(a, b);
        Self::new(hi, lo)
    }

    /// `a + b`, exactly, where |a| >= |b| or a = 0.
    #[inline(always)]
    pub fn fast_sum(a: f64, b: f64) -> Self {
        let (hi, lo) = fast_two_sum(a, b);
        Self::new(hi, lo)
    }

    /// `a * b`, exactly.
    #[inline(always)]
    pub fn product(a: f64, b: f64) -> Self {
        let (hi, lo) = two_prod::<K>(a, b);
        Self::new(hi, lo)
    }

    /// The same number for another kit.
    #[inline(always)]
    pub fn with_kit<L: Kit>(self) -> Dd<L> {
        Dd::new(self.hi, self.lo)
    }

    /// `self * power`, exactly: `power` is a power of two.
    #[inline(always)]
    pub fn scale(self, power: f64) -> Self {
        Self::new(self.hi * power, self.lo * power)
    }

    /// `|self|`.
    #[inline(always)]
    pub fn abs(self) -> Self {
        if self.hi < 0.0 { -self } else { self }
    }

    /// `self + o` where |self| >= 1.9 |o| or self = 0; relative error at most 8 u^2.
    #[inline(always)]
    pub fn add_smaller(self, o: Self) -> Self {
        // Let a = |self|. The sum of the los is at most 1.53 u a, and rounds by 1.53 u^2 a.
        // Where o's sign is the other one, e is at most 0.5 u a: the next sum rounds by 2.03 u^2 a, against 0.47 a.
        // Where it is the same, e is at most 1.53 u a: the next sum rounds by 3.06 u^2 a, against a.
        let (s, e) = fast_two_sum(self.hi, o.hi);
        Self::fast_sum(s, e + (self.lo + o.lo))
    }

    /// `self * self`; relative error at most 5 u^2.
    #[inline(always)]
    pub fn square(self) -> Self {
        let (p, e) = two_prod::<K>(self.hi, self.hi);
        Self::fast_sum(p, mul_add::<K>(self.hi + self.hi, self.lo, e))
    }

    /// `1 / self`, for self != 0; relative error at most [`RECIP_BOUND`].
    #[inline(always)]
    pub fn recip(self) -> Self {
        // With q (1 + d) = 1 / self: |d| <= 2 u, and dropping the d^2 of 1 / (1 - d) costs at most 4 u^2.
        // d = (1 - q hi) - q lo: the residual is exact but for u^2, its product and sum 3 u^2 more.
        // The last product rounds by 2 u^2, the sum by u^2 / 2.
        let q = 1.0 / self.hi;
        let d = mul_add::<K>(-q, self.lo, residual::<K>(1.0, q, self.hi));
        Self::fast_sum(q, q * d)
    }

    /// `sqrt(self)`, for self >= 0; relative error at most [`SQRT_BOUND`], and exactly 0 at 0.
    ///
    /// (Lefevre, Louvet, Muller, Picot and Rideau, "Accurate calculation of Euclidean norms using double-word
    /// arithmetic", ACM TOMS 49, 2023.)
    #[inline(always)]
    pub fn sqrt(self) -> Self {
        let root = self.hi.sqrt();
        let rest = self.lo + residual::<K>(self.hi, root, root);
        let step = if root == 0.0 { 0.0 } else { rest / (root + root) };
        Self::fast_sum(root, step)
    }

    /// `1 / sqrt(self)`, for self > 0; relative error at most [`RECIP_SQRT_BOUND`].
    #[inline(always)]
    pub fn recip_sqrt(self) -> Self {
        // y = (1 + t) / sqrt(self) with |t| <= 2.1 u; d = 1 - self y^2 = -2 t - t^2, so |d| <= 4.3 u, and
        // 1 / sqrt(self) = y (1 - d) ** -0.5 = y (1 + d / 2 + 3/8 d^2 + ...): the dropped square is below 7 u^2.
        // 1 - hi p is exact, and the other terms and sums, at most 2 u each, round by 6 u^2 of d, 3 u^2 of y.
        // The last product rounds by 2.2 u^2, the sum by u^2 / 2.
        let y = (1.0 / self.hi).sqrt();
        let (p, e) = two_prod::<K>(y, y);
        let low = mul_add::<K>(self.hi, e, self.lo * p);
        let d = residual::<K>(1.0, self.hi, p) - low;
        Self::fast_sum(y, 0.5 * y * d)
    }

    /// `self ** n` by repeated squaring; relative error at most [`powi_bound`], and exactly 1 where n = 0.
    #[inline(always)]
    pub fn powi(self, n: u32) -> Self {
        let mut rest = n;
        let mut square = self;
        let mut power = Self::ONE;
        while rest > 0 {
            if rest & 1 == 1 {
                power = if power == Self::ONE { square } else { power * square };
            }
            rest >>= 1;
            if rest > 0 {
                square = square.square();
            }
        }
        power
    }

    /// `self + o`, and a bound on the absolute error: 0 where both are doubles, whose sum is exact.
    #[inline(always)]
    pub fn add_measured(self, o: Self) -> (Self, f64) {
        if self.lo == 0.0 && o.lo == 0.0 {
            return (Self::sum(self.hi, o.hi), 0.0);
        }
        let sum = self + o;
        (sum, ADD_BOUND * sum.hi.abs())
    }

    /// `self * o`, and a bound on the absolute error: 0 where both are doubles, whose product is exact.
    #[inline(always)]
    pub fn mul_measured(self, o: Self) -> (Self, f64) {
        if self.lo == 0.0 && o.lo == 0.0 {
            return (Self::product(self.hi, o.hi), 0.0);
        }
        let product = self * o;
        (product, MUL_BOUND * product.hi.abs())
    }

    /// `self / o`, for o != 0, and a bound on the absolute error: 0 where all three are doubles.
    #[inline(always)]
    pub fn div_measured(self, o: Self) -> (Self, f64) {
        if self.lo == 0.0 && o.lo == 0.0 {
            let q = self.hi / o.hi;
            // The remainder of a rounded quotient is a double.
            let rest = residual::<K>(self.hi, q, o.hi);
            if rest == 0.0 {
                return (Self::new(q, 0.0), 0.0);
            }
            let quotient = Self::fast_sum(q, rest / o.hi);
            return (quotient, DIV_BOUND * quotient.hi.abs());
        }
        let quotient = self / o;
        (quotient, DIV_BOUND * quotient.hi.abs())
    }
}

/// Relative error of [`Dd::powi`]: n - 1 factors, 5 u^2 each, and a little for their products.
pub fn powi_bound(n: u32) -> f64 {
    5.03 * U2 * f64::from(n.saturating_sub(1))
}

impl<K: Kit> From<f64> for Dd<K> {
    #[inline(always)]
    fn from(x: f64) -> Self {
        Self::new(x, 0.0)
    }
}

impl<K: Kit> Neg for Dd<K> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self::new(-self.hi, -self.lo)
    }
}

/// Relative error at most [`ADD_BOUND`], however much cancels.
impl<K: Kit> Add for Dd<K> {
    type Output = Self;
    #[inline(always)]
    fn add(self, o: Self) -> Self {
        let (s, se) = two_sum(self.hi, o.hi);
        let (t, te) = two_sum(self.lo, o.lo);
        let (v, ve) = fast_two_sum(s, se + t);
        Self::fast_sum(v, te + ve)
    }
}

/// Relative error at most [`ADD_BOUND`], however much cancels.
impl<K: Kit> Sub for Dd<K> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, o: Self) -> Self {
        self + -o
    }
}

/// Relative error at most [`MUL_BOUND`]; exact where both factors are doubles.
impl<K: Kit> Mul for Dd<K> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, o: Self) -> Self {
        let (p, e) = two_prod::<K>(self.hi, o.hi);
        let cross = mul_add::<K>(self.lo, o.hi, self.hi * o.lo);
        Self::fast_sum(p, e + cross)
    }
}

/// Relative error at most [`MUL_F64_BOUND`].
impl<K: Kit> Mul<f64> for Dd<K> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, o: f64) -> Self {
        let (p, e) = two_prod::<K>(self.hi, o);
        Self::fast_sum(p, mul_add::<K>(self.lo, o, e))
    }
}

/// Relative error at most [`DIV_BOUND`].
impl<K: Kit> Div for Dd<K> {
    type Output = Self;
    #[inline(always)]
    fn div(self, o: Self) -> Self {
        let q = self.hi / o.hi;
        let back = o * q;
        let rest = (self.hi - back.hi) + (self.lo - back.lo);
        Self::fast_sum(q, rest / o.hi)
    }
}

/// Relative error at most [`DIV_F64_BOUND`].
impl<K: Kit> Div<f64> for Dd<K> {
    type Output = Self;
    #[inline(always)]
    fn div(self, o: f64) -> Self {
        let q = self.hi / o;
        let rest = residual::<K>(self.hi, q, o) + self.lo;
        Self::fast_sum(q, rest / o)
    }
}

#[cfg(test)]
mod tests {
    use super::super::random::Random;
    use super::*;
    use dashu_float::{FBig, round::mode::HalfEven};

    type Big = FBig<HalfEven, 2>;

    /// Enough for all sums and products here to be exact.
    const BITS: usize = 2_500;
    /// Points a test: the big floats are slow where they are not optimised.
    const POINTS: u64 = if cfg!(debug_assertions) { 3_000 } else { 30_000 };

    fn big(x: f64) -> Big {
        Big::try_from(x).unwrap().with_precision(BITS).value()
    }

    fn value<K: Kit>(x: Dd<K>) -> Big {
        assert!(x.hi + x.lo == x.hi, "{x:?} is not normalised");
        big(x.hi) + big(x.lo)
    }

    impl Random {
        /// An integer of 1 to `bits` bits, of any sign, not 0.
        fn integer(&mut self, bits: u64) -> f64 {
            let drop = 64 - bits + self.next() % bits;
            let size = ((self.next() >> drop) | 1) as f64;
            if self.next().is_multiple_of(2) { size } else { -size }
        }
        /// Between 2^-400 and 2^400, or of about 1; half of them full of bits.
        fn double(&mut self) -> f64 {
            let spread = if self.next().is_multiple_of(4) { 690 } else { 4 };
            let bits = if self.next().is_multiple_of(2) { 53 } else { 30 };
            let x = self.integer(bits);
            x / (x.abs() + 1.0).log2().ceil().exp2() * power_of_two((self.next() % spread) as i64 - spread as i64 / 2)
        }
        fn dd<K: Kit>(&mut self) -> Dd<K> {
            let hi = self.double();
            let lo = match self.next() % 4 {
                0 => 0.0,
                1 => hi * power_of_two(-53) * (self.integer(53) * power_of_two(-53)),
                2 => hi * power_of_two(-53 - (self.next() % 40) as i64) * (self.integer(20) * power_of_two(-20)),
                _ => hi * power_of_two(-55),
            };
            Dd::fast_sum(hi, lo)
        }
    }

    /// |got - want| / |want|.
    fn error(got: &Big, want: &Big) -> f64 {
        if got == want { 0.0 } else { ((got - want) / want).to_f64().value().abs() }
    }

    /// The worst errors, as shares of their bounds.
    #[derive(Default)]
    struct Worst(Vec<(&'static str, f64)>);

    impl Worst {
        fn see(&mut self, name: &'static str, off: f64, bound: f64) {
            assert!(off <= bound, "{name}: 2^{:.2} against a bound of 2^{:.2}", off.log2(), bound.log2());
            let share = if off == 0.0 { 0.0 } else { off / bound };
            match self.0.iter_mut().find(|entry| entry.0 == name) {
                Some(entry) => entry.1 = entry.1.max(share),
                None => self.0.push((name, share)),
            }
        }
        fn check(&self) {
            for (name, share) in &self.0 {
                println!("{name}: {share:.3} of the bound");
                assert!(*share > 1.0 / 64.0, "{name}: the bound is too large");
            }
        }
    }

    fn operations<K: Kit>() {
        let mut random = Random(1);
        let mut worst = Worst::default();
        for _ in 0..POINTS {
            let (x, y) = (random.dd::<K>(), random.dd::<K>());
            // Every other sum cancels nearly all.
            let z = if random.next().is_multiple_of(2) { y } else { Dd::fast_sum(-x.hi, x.lo * random.integer(3)) };
            let d = random.double();
            let (bx, by) = (value(x), value(y));
            worst.see("add", error(&value(x + z), &(&bx + value(z))), ADD_BOUND);
            worst.see("sub", error(&value(x - z), &(&bx - value(z))), ADD_BOUND);
            worst.see("mul", error(&value(x * y), &(&bx * &by)), MUL_BOUND);
            worst.see("square", error(&value(x.square()), &(&bx * &bx)), MUL_BOUND);
            worst.see("mul f64", error(&value(x * d), &(&bx * big(d))), MUL_F64_BOUND);
            let (bx, by, bd) = (short(&bx), short(&by), short(&big(d)));
            worst.see("div", error(&value(x / y), &(&bx / &by)), DIV_BOUND);
            worst.see("div f64", error(&value(x / d), &(&bx / &bd)), DIV_F64_BOUND);
            worst.see("recip", error(&value(y.recip()), &(short(&big(1.0)) / &by)), RECIP_BOUND);
            let root = if x.hi > 0.0 { bx } else { -bx }.sqrt();
            worst.see("sqrt", error(&value(x.abs().sqrt()), &root), SQRT_BOUND);
            worst.see("recip sqrt", error(&value(x.abs().recip_sqrt()), &(short(&big(1.0)) / root)), RECIP_SQRT_BOUND);
            // From here on 0.5 <= |y| < 1.
            let (n, y) = ((random.next() % 12) as u32, y.scale(power_of_two(-1 - exponent(y.hi))));
            worst.see("powi", error(&value(y.powi(n)), &short(&value(y)).powi(n.into())), powi_bound(n));
            let smaller = y * (x.hi * 0.5);
            worst.see("add smaller", error(&value(x.add_smaller(smaller)), &(value(x) + value(smaller))), 8.0 * U2);
        }
        worst.check();
    }

    fn exponent(x: f64) -> i64 {
        (x.to_bits() >> 52 & 0x7ff) as i64 - 1023
    }

    fn short(x: &Big) -> Big {
        x.clone().with_precision(400).value()
    }

    #[test]
    fn operations_are_within_their_bounds() {
        operations::<QuickFused>();
        operations::<QuickPlain>();
    }

    fn measured<K: Kit>() {
        let mut random = Random(2);
        let mut exact = [0_u64; 3];
        for _ in 0..POINTS {
            let (x, y) = (random.dd::<K>(), random.dd::<K>());
            let (bx, by) = (value(x), value(y));
            let (sum, lost) = x.add_measured(y);
            exact[0] += u64::from(within(&value(sum), &(&bx + &by), lost, ADD_BOUND));
            let (product, lost) = x.mul_measured(y);
            exact[1] += u64::from(within(&value(product), &(&bx * &by), lost, 2.0 * MUL_BOUND));
            let (quotient, lost) = x.div_measured(y);
            // (q - x / y) y, so that nothing is rounded.
            let scaled = if lost == 0.0 { 0.0 } else { lost.max(power_of_two(-900)) * y.hi.abs() * (1.0 + 1e-15) };
            exact[2] += u64::from(within(&(value(quotient) * by), &bx, scaled, 1.01 * DIV_BOUND));
        }
        assert!(exact[0] > POINTS / 20 && exact[1] > POINTS / 20, "{exact:?} of {POINTS} exact");
    }

    /// Asserts that `lost` bounds the error, is not above `most` of the result, and says whether it is 0.
    fn within(got: &Big, want: &Big, lost: f64, most: f64) -> bool {
        let off = (got - want).to_f64().value().abs();
        let size = want.to_f64().value().abs();
        assert!(off <= lost && (got == want || lost > 0.0), "off by {off:e}, said {lost:e}");
        assert!(lost <= most * size, "said {lost:e} of {size:e}");
        lost == 0.0
    }

    #[test]
    fn measured_errors_hold() {
        measured::<QuickFused>();
        measured::<QuickPlain>();
    }

    fn exact_results<K: Kit>() {
        let mut random = Random(3);
        for _ in 0..POINTS {
            let (a, b) = (random.double(), random.double());
            assert_eq!(Dd::<K>::from(a).mul_measured(Dd::from(b)), (Dd::product(a, b), 0.0));
            assert_eq!(Dd::<K>::from(a).add_measured(Dd::from(b)), (Dd::sum(a, b), 0.0));
            // A quotient that is a double, of a dividend that is one too: 26 bits times 27.
            let (q, b) = (random.integer(26), random.integer(27));
            let x = Dd::<K>::product(q, b);
            assert_eq!(x.div_measured(Dd::from(b)), (Dd::from(q), 0.0), "{x:?} / {b}");
        }
    }

    #[test]
    fn exact_results_are_known_to_be_exact() {
        exact_results::<QuickFused>();
        exact_results::<QuickPlain>();
    }

    #[test]
    fn roots_of_zero_and_one_are_exact() {
        assert_eq!(Dd::<QuickFused>::ZERO.sqrt(), Dd::ZERO);
        assert_eq!(Dd::<QuickPlain>::ONE.sqrt(), Dd::ONE);
        assert_eq!(Dd::<QuickFused>::ONE.recip_sqrt(), Dd::ONE);
        assert_eq!(Dd::<QuickPlain>::from(7.0).powi(0), Dd::ONE);
    }
}
