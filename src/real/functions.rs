//! Sine, cosine, exponential, logarithm in double-double, each with a bound on its error.
//!
//! All of them go one way: look up the function at a table point near by, expand about it, and put the two together.
//! The table point is within 2^-7.3, so the expansion's terms fall fast, and few need double-double:
//!
//! ```text
//! quick:  one or two terms in double-double, the others in plain double           relative error about 2^-69
//! fine:   the terms above 2^-45 in double-double, the others in plain double      relative error about 2^-100
//! ```
//!
//! Which of them is the [`Kit`]'s choice. Bounds are relative unless they say otherwise; u = 2^-53. Arguments are
//! [moderate](super::dd), and a bound does not count the error that an argument came with.

use super::dd::{Dd, Kit, U2, fast_two_sum, mul_add, power_of_two, residual, two_prod, two_sum};

/// `cos(pi u / 2)`, `sin(pi u / 2)`, squared, and `cos(pi u)`, `sin(pi u)`, for one u in [0, 1].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HalfTurn<K: Kit> {
    /// `cos(pi u / 2)^2 = (1 + cos(pi u)) / 2`, good relative to itself.
    pub cos2: Dd<K>,
    /// `sin(pi u / 2)^2 = (1 - cos(pi u)) / 2`, good relative to itself.
    pub sin2: Dd<K>,
    /// `cos(pi u)`, good relative to 1.
    pub cos: Dd<K>,
    /// `sin(pi u)`, good relative to itself.
    pub sin: Dd<K>,
}

/// The error of each part of a [`HalfTurn`]: relative to itself, but `cos`'s relative to 1.
pub const fn half_turn_bound<K: Kit>() -> f64 {
    2.0 * quarter_turn_bound::<K>() + 8.0 * U2
}

/// The cosine and sine of half a turn times u = num / den; error at most [`half_turn_bound`].
///
/// `0 <= num <= den <= 2^53`, `den > 0`. Exact where num is 0 or den.
#[inline(always)]
pub fn half_turn<K: Kit>(num: u64, den: u64) -> HalfTurn<K> {
    doubled(quarter_turn::<K>(num, den))
}

/// The cosine and sine of half a turn times u; error at most [`half_turn_bound`].
///
/// `-2^-10 <= u <= 1 + 2^-10`.
#[inline(always)]
pub fn half_turn_of<K: Kit>(u: Dd<K>) -> HalfTurn<K> {
    // 256 u.hi less the nearest integer is exact. Their product with pi / 512 is within 8 u^2 of itself.
    let (i, index) = nearest::<K>(u.hi, 256.0);
    let (rest, rest_lo) = two_sum(256.0 * u.hi - i, 256.0 * u.lo);
    doubled(turn_from(index, Dd::new(rest, rest_lo) * constant(PI_512)))
}

/// A half turn from a quarter turn's cosine and sine.
#[inline(always)]
fn doubled<K: Kit>((cos, sin): (Dd<K>, Dd<K>)) -> HalfTurn<K> {
    // A square or product doubles the error and adds 5 u^2; cos's difference adds 2 u^2 more.
    let (cos2, sin2) = (cos.square(), sin.square());
    let (hi, lo) = two_sum(cos2.hi, -sin2.hi);
    HalfTurn { cos2, sin2, cos: Dd::sum(hi, lo + (cos2.lo - sin2.lo)), sin: (sin * cos).scale(2.0) }
}

/// The error of [`quarter_turn`]'s cosine and sine, each relative to itself.
pub const fn quarter_turn_bound<K: Kit>() -> f64 {
    if K::FINE { 48.0 * U2 } else { power_of_two(-69) }
}

/// `(cos(pi u / 2), sin(pi u / 2))` for u = num / den; error at most [`quarter_turn_bound`].
///
/// `0 <= num <= den <= 2^53`, `den > 0`. Exact where num is 0 or den.
#[inline(always)]
pub fn quarter_turn<K: Kit>(num: u64, den: u64) -> (Dd<K>, Dd<K>) {
    // The nearest table point is i / 256, or a neighbour as near to within 2^-40; 256 num - i den is an integer of at
    // most den / 2 (1 + 2^-40) < 2^53, hence exact. Conversions are quick from i64.
    let den = den as i64 as f64;
    let num = 256.0 * (num as i64 as f64);
    let inverse = 1.0 / den;
    let (i, index) = nearest::<K>(num, inverse);
    let rest = residual::<K>(num, i, den);
    // The distance a = (pi / 512) rest / den, |a| <= 2^-8.34, within 17 u^2 of itself: hi is within 3 u of it; the
    // residual is at most 4 u and rounds by 4 u^2, e with its term by 2 u^2, their sum by 3.5 u^2, its product with the
    // inverse by 7 u^2; pi's two doubles are u^2 / 2 off.
    let (pi_hi, pi_lo) = (bits(PI_512[0]), bits(PI_512[1]));
    let (turned, e) = two_prod::<K>(rest, pi_hi);
    let hi = rest * (inverse * pi_hi);
    let lo = (residual::<K>(turned, hi, den) + mul_add::<K>(rest, pi_lo, e)) * inverse;
    turn_from(index, Dd::fast_sum(hi, lo))
}

/// The cosine and sine of `pi index / 512 + a`.
#[inline(always)]
fn turn_from<K: Kit>(index: i64, a: Dd<K>) -> (Dd<K>, Dd<K>) {
    let index = index as usize;
    let (cos_t, sin_t) = (constant(COSINES[index]), constant(COSINES[256 - index]));
    if K::FINE { turn_fine(cos_t, sin_t, a) } else { turn_quick(cos_t, sin_t, a) }
}

/// `(cos(t + a), sin(t + a))` from the cosine and sine of t, fine: error at most 48 u^2.
#[inline(always)]
fn turn_fine<K: Kit>(cos_t: Dd<K>, sin_t: Dd<K>, a: Dd<K>) -> (Dd<K>, Dd<K>) {
    // sin a = a + a z (-1/6 + z (1/120 + z tail)); the next term, a^11 / 11!, is below 2^-108 a.
    // z tail is 2^-22 of 1/120 and rounds by 2 u; a z^2 / 120 is 2^-40 a: 2^-114 a.
    let z = a.square();
    let tail = mul_add::<K>(z.hi, 1.0 / 362_880.0, -1.0 / 5_040.0);
    let sum = -constant(SIXTH) + z * constant(INVERSE_120).add_smaller(Dd::from(z.hi * tail));
    let sin = a.add_smaller(a * z * sum);
    // cos a - 1 = z (-1/2 + z (1/24 + z tail)); the next term, a^12 / 12!, is below 2^-128.
    // z tail is 2^-21 of 1/24 and rounds by 3 u; z^2 / 24 is 2^-38: 2^-110.
    let tail = mul_add::<K>(z.hi, mul_add::<K>(z.hi, -1.0 / 3_628_800.0, 1.0 / 40_320.0), -1.0 / 720.0);
    let drop = z * Dd::from(-0.5).add_smaller(z * constant(TWENTY_FOURTH).add_smaller(Dd::from(z.hi * tail)));
    (plus_turn(cos_t, sin_t, -sin, drop), plus_turn(sin_t, cos_t, sin, drop))
}

/// `f cos(a) + g sin(a)`, from sin(a) and drop = cos(a) - 1.
#[inline(always)]
fn plus_turn<K: Kit>(f: Dd<K>, g: Dd<K>, sin: Dd<K>, drop: Dd<K>) -> Dd<K> {
    // sin a is within 20 u^2 (17 of a's, 3 of its sum with little), g sin a within 26 u^2 (the product, the table), the
    // bracket within 31 u^2. Where f is 0 the bracket is the result; elsewhere it is at most as large as the result, as
    // it is halfway between f = 0 and its neighbour: 31 u^2, 8 u^2 for the last sum, u^2 for the table's f.
    f.add_smaller((g * sin).add_smaller(f * drop))
}

/// `(cos(t + a), sin(t + a))` from the cosine and sine of t, quick: error at most 2^-69.
#[inline(always)]
fn turn_quick<K: Kit>(cos_t: Dd<K>, sin_t: Dd<K>, a: Dd<K>) -> (Dd<K>, Dd<K>) {
    // sin a = a + cube, with cube = -a^3 / 6 + a^5 / 120 - a^7 / 5040; the next term is below 2^-85 a.
    // cos a = 1 - a^2 / 2 + fourth, with fourth = a^4 / 24 - a^6 / 720; the next term is below 2^-82.
    let z = a.hi * a.hi;
    let cube = a.hi * z * mul_add::<K>(z, mul_add::<K>(z, -1.0 / 5_040.0, 1.0 / 120.0), -1.0 / 6.0);
    let fourth = z * z * mul_add::<K>(z, -1.0 / 720.0, 1.0 / 24.0);
    // sin (hi + lo) = sin hi + lo cos hi: with this lo, cube need not know of it.
    let a = Dd::new(a.hi, mul_add::<K>(-0.5 * z, a.lo, a.lo));
    (plus_arc(cos_t, sin_t, -a, -cube, fourth), plus_arc(sin_t, cos_t, a, cube, fourth))
}

/// `f cos(a) + g sin(a)`, from cube = sin(a) - a and fourth = cos(a) - 1 + a^2 / 2.
#[inline(always)]
fn plus_arc<K: Kit>(f: Dd<K>, g: Dd<K>, a: Dd<K>, cube: f64, fourth: f64) -> Dd<K> {
    // f + a (g - f a / 2) + g cube + f fourth, the bracket in double-double.
    // cube is within 4.5 u of itself, the sums after it round by 4 u of it, 5 u without fma. Beside f = 0 it is below
    // 2^-19.28 of the result, elsewhere less: 9.5 u 2^-19.28 is below 2^-69. (fourth is below 2^-37.9 of the result.)
    let half = 0.5 * a.hi;
    let (p, pe) = two_prod::<K>(f.hi, half);
    let (w, we) = fast_two_sum(g.hi, -p);
    let w_lo = (we - pe) + mul_add::<K>(-0.5 * f.hi, a.lo, g.lo);
    let (q, qe) = two_prod::<K>(a.hi, w);
    let (s, se) = fast_two_sum(f.hi, q);
    let small = mul_add::<K>(g.hi, cube, mul_add::<K>(f.hi, fourth, f.lo));
    Dd::fast_sum(s, (se + qe) + mul_add::<K>(a.hi, w_lo, mul_add::<K>(w, a.lo, small)))
}

/// The error of [`exp`] at x, relative to the result.
pub const fn exp_bound<K: Kit>(x: f64) -> f64 {
    let size = if x < 0.0 { -x } else { x };
    if K::FINE {
        power_of_two(-100) + size * power_of_two(-154)
    } else {
        (if K::FUSED { 1.25 } else { 1.75 }) * power_of_two(-69) + size * power_of_two(-102)
    }
}

/// `(y, n)` with y * 2^n = `e ** x` and y in [0.99, 2.01]; error at most [`exp_bound`].
///
/// For |x| <= 2^40. Exactly (1, 0) where x is 0.
#[inline(always)]
pub fn exp<K: Kit>(x: Dd<K>) -> (Dd<K>, i64) {
    let (k, index) = nearest::<K>(x.hi, bits(STEPS_PER_ONE));
    let row = &POWERS[(index & 127) as usize];
    let y = if K::FINE { exp_fine(row, x, k) } else { exp_quick(row, x, k) };
    (y, index >> 7)
}

/// The table's power of two times `e ** (x - k ln(2) / 128)`; quick.
#[inline(always)]
fn exp_quick<K: Kit>(row: &[u64; 2], x: Dd<K>, k: f64) -> Dd<K> {
    // r = x - k ln(2) / 128, |r| <= 2^-8.52. x less the rounded product is exact. The low parts, at most 3 u |x|, round
    // by 6 u^2 |x|; the constant is u^2 off; the fast sum, where x.hi - p is the smaller, 4 u^2 |x|: exp_bound's slope.
    let (p, e) = two_prod::<K>(k, bits(LN2_128[0]));
    let low = mul_add::<K>(-k, bits(LN2_128[1]), x.lo - e);
    let (r, r_lo) = fast_two_sum(x.hi - p, low);
    // e^r - 1 = r + r_lo + r r_lo + r^2 (1/2 + r/6 + ... + r^5/5040); the next term is below 2^-83.
    let z = r * r;
    let high = mul_add::<K>(z, mul_add::<K>(r, 1.0 / 5_040.0, 1.0 / 720.0), mul_add::<K>(r, 1.0 / 120.0, 1.0 / 24.0));
    let sum = mul_add::<K>(z, high, mul_add::<K>(r, 1.0 / 6.0, 0.5));
    // z (1/2 + ...) is at most 2^-18.05, and rounds five times by u on its way into the result: 1.21 * 2^-69.
    // Without fma, two products of that size round by themselves: seven times.
    let rest = mul_add::<K>(z, sum, mul_add::<K>(r, r_lo, r_lo));
    let (power_hi, power_lo) = (bits(row[0]), bits(row[1]));
    let (q, qe) = two_prod::<K>(power_hi, r);
    let (s, se) = fast_two_sum(power_hi, q);
    Dd::fast_sum(s, (se + qe) + mul_add::<K>(power_hi, rest, mul_add::<K>(power_lo, r, power_lo)))
}

/// The table's power of two times `e ** (x - k ln(2) / 128)`; fine.
#[inline(always)]
fn exp_fine<K: Kit>(row: &[u64; 2], x: Dd<K>, k: f64) -> Dd<K> {
    // ln(2) / 128 to three doubles: its own error, u^3 k, and the rounding of k times the third, are below 2 u^3 |x|.
    // The sums are exact but for their lows, at most u (2^-8 + 4 u |x|) each, which round by 3 u of that.
    let (p, pe) = two_prod::<K>(k, bits(LN2_128[0]));
    let (q, qe) = two_prod::<K>(k, bits(LN2_128[1]));
    let (s, se) = two_sum(x.hi - p, x.lo);
    let (t, te) = two_sum(s, -pe);
    let (v, ve) = two_sum(t, -q);
    let r = Dd::<K>::sum(v, ((se + te) + ve) - mul_add::<K>(k, bits(LN2_128[2]), qe));
    // e^r - 1 = r + r^2 (1/2 + r (1/6 + r (1/24 + r tail))), tail = 1/120 + r/720 + ... + r^5/10!.
    // The next term is below 2^-119. r tail is within 5.1 u of itself, and r^5 / 120 is below 2^-49.5: 0.9 * 2^-100.
    let x = r.hi;
    let z = x * x;
    let a = mul_add::<K>(x, 1.0 / 720.0, 1.0 / 120.0);
    let b = mul_add::<K>(x, 1.0 / 40_320.0, 1.0 / 5_040.0);
    let c = mul_add::<K>(x, 1.0 / 3_628_800.0, 1.0 / 362_880.0);
    let tail = mul_add::<K>(z, mul_add::<K>(z, c, b), a);
    let sum = constant(TWENTY_FOURTH).add_smaller(Dd::from(x * tail));
    let sum = constant(SIXTH).add_smaller(r * sum);
    let sum = Dd::from(0.5).add_smaller(r * sum);
    // The sums and products of r round by 10 u^2 of 2^-8.5, the last sum by 3 u^2, the table by u^2 / 2: 2^-104.
    let less_one = r.add_smaller(r.square() * sum);
    let power = Dd::new(bits(row[0]), bits(row[1]));
    power.add_smaller(power * less_one)
}

/// The error of [`ln`], relative to the result.
pub const fn ln_bound<K: Kit>() -> f64 {
    if K::FINE { power_of_two(-100) } else { power_of_two(-69) }
}

/// `ln(x * 2^e)`, for x > 0 and |e| < 2^52; error at most [`ln_bound`], near 1 too.
///
/// Exactly 0 where the argument is 1.
#[inline(always)]
pub fn ln<K: Kit>(x: Dd<K>, e: i64) -> Dd<K> {
    // x = m 2^shift with m in [181/256, 181/128): m is near 1 and the exponent 0 wherever the argument is near 1.
    let shift = (x.hi.to_bits().wrapping_sub((181.0_f64 / 256.0).to_bits()) as i64) >> 52;
    let m = x.scale(f64::from_bits(((1023 - shift) as u64) << 52));
    let (_, index) = nearest::<K>(m.hi, 128.0);
    let row = &LOGS[(index - 90) as usize];
    let e = (e + shift) as f64;
    if K::FINE { ln_fine(row, m, e) } else { ln_quick(row, m, e) }
}

// Both: with the table's c near 1 / m, f = c m - 1 and s = f / (2 + f),
//
//     ln(m 2^e) = e ln 2 - ln c + 2 (s + s^3/3 + s^5/5 + ...),   |f| <= 2^-7.3, |s| <= 2^-8.3.
//
// c is 1 where |m - 1| <= 2^-8: then the first two terms are 0, or the first is at least 0.69, so nothing cancels.
// Elsewhere |ln c - e ln 2| is at least 1.95 times the rest.

/// `ln(m 2^e)` by the table's row; quick.
#[inline(always)]
fn ln_quick<K: Kit>(row: &[u64; 3], m: Dd<K>, e: f64) -> Dd<K> {
    let c = bits(row[0]);
    let (p, pe) = two_prod::<K>(m.hi, c);
    let low = mul_add::<K>(m.lo, c, pe);
    // The divisor does not wait for low. Its fast sum is exact: p and 1 are within 2^-7 of each other.
    let (d, d_lo) = fast_two_sum(1.0, p);
    let inverse = 1.0 / d;
    let (f, f_lo) = fast_two_sum(p - 1.0, low);
    let s = f * inverse;
    let rest = residual::<K>(f, s, d) + mul_add::<K>(-s, d_lo + low, f_lo);
    // The quotient is s + s_lo. As s_lo moves s^3 / 3 by s^2 s_lo, it comes with a factor of 1 + s^2.
    let z = s * s;
    let s_lo = rest * mul_add::<K>(z, inverse, inverse);
    // cube = 2 s^3 (1/3 + ... + s^6/9): the next term is below 2^-85 s. It is within 5 u of itself, the sums after it
    // round by 2 u of it. Beside c = 1 it is below 2^-19.5 of the result, elsewhere less: 7 u 2^-19.5 is 2^-69.7.
    let high = mul_add::<K>(z, mul_add::<K>(z, 2.0 / 9.0, 2.0 / 7.0), 2.0 / 5.0);
    let cube = s * z * mul_add::<K>(z, high, 2.0 / 3.0);
    let (whole, whole_lo) = two_prod::<K>(e, bits(LN2[0]));
    let (g, ge) = fast_two_sum(whole, bits(row[1]));
    let (h, he) = fast_two_sum(g, 2.0 * s);
    let low = (ge + whole_lo) + mul_add::<K>(e, bits(LN2[1]), bits(row[2]));
    Dd::fast_sum(h, (he + low) + mul_add::<K>(2.0, s_lo, cube))
}

/// `ln(m 2^e)` by the table's row; fine.
#[inline(always)]
fn ln_fine<K: Kit>(row: &[u64; 3], m: Dd<K>, e: f64) -> Dd<K> {
    let c = bits(row[0]);
    let (p, pe) = two_prod::<K>(m.hi, c);
    let (q, qe) = two_prod::<K>(m.lo, c);
    let (a, ae) = two_sum(p - 1.0, pe);
    let (b, be) = two_sum(a, q);
    let f = Dd::<K>::fast_sum(b, ae + be + qe);
    let s = f / Dd::from(2.0).add_smaller(f);
    // s + s z (1/3 + z (1/5 + z tail)), tail = 1/7 + z/9 + z^2/11 + z^3/13; the next term is below 2^-120 s.
    // z tail is within 4 u of itself and weighs z^3 / 7: beside c = 1, 2^-56.8 s, elsewhere 2^-52.6 s but less of the
    // result: below 2^-106.
    let z = s.square();
    let x = z.hi;
    let high = mul_add::<K>(x, mul_add::<K>(x, 1.0 / 13.0, 1.0 / 11.0), 1.0 / 9.0);
    let tail = mul_add::<K>(x, high, 1.0 / 7.0);
    let sum = constant(FIFTH).add_smaller(Dd::from(x * tail));
    let sum = constant(THIRD).add_smaller(z * sum);
    let log = s.add_smaller(s * z * sum).scale(2.0);
    // s is within 24 u^2 of itself, log within 27 u^2, and log is at most as large as the result; the table's part is
    // at most twice as large, u^2 more; the last sum adds 8 u^2. Where e is not 0, log is below 2^-5 of the result, and
    // base is within 8 + 2 * 3.5 u^2. Below 40 u^2 in either case.
    let base = (constant::<K>(LN2) * e).add_smaller(Dd::new(bits(row[1]), bits(row[2])));
    base.add_smaller(log)
}

/// The integer nearest to x y, or one as near but for a rounding, as a double and as an integer; |x y| < 2^50.
#[inline(always)]
fn nearest<K: Kit>(x: f64, y: f64) -> (f64, i64) {
    // At 1.5 * 2^52 the spacing of doubles is 1, and the low bits are the integer, in two's complement.
    const SHIFT: f64 = 6_755_399_441_055_744.0;
    let shifted = mul_add::<K>(x, y, SHIFT);
    (shifted - SHIFT, ((shifted.to_bits() << 13) as i64) >> 13)
}

/// The double of these bits.
#[inline(always)]
const fn bits(b: u64) -> f64 {
    f64::from_bits(b)
}

/// A constant, from the bits of its two parts.
#[inline(always)]
const fn constant<K: Kit>(parts: [u64; 2]) -> Dd<K> {
    Dd::new(bits(parts[0]), bits(parts[1]))
}

// Constants and tables, as the bits of doubles that add up to them, each the nearest to what the ones before leave.
// The tests work them out again.

/// pi / 512.
const PI_512: [u64; 2] = [0x3f79_21fb_5444_2d18, 0x3c11_a626_3314_5c07];
/// ln(2).
const LN2: [u64; 2] = [0x3fe6_2e42_fefa_39ef, 0x3c7a_bc9e_3b39_803f];
/// ln(2) / 128.
const LN2_128: [u64; 3] = [0x3f76_2e42_fefa_39ef, 0x3c0a_bc9e_3b39_803f, 0x3897_b57a_079a_1934];
/// 128 / ln(2).
const STEPS_PER_ONE: u64 = 0x4067_1547_652b_82fe;
/// 1 / 3.
const THIRD: [u64; 2] = [0x3fd5_5555_5555_5555, 0x3c75_5555_5555_5555];
/// 1 / 5.
const FIFTH: [u64; 2] = [0x3fc9_9999_9999_999a, 0xbc69_9999_9999_999a];
/// 1 / 6.
const SIXTH: [u64; 2] = [0x3fc5_5555_5555_5555, 0x3c65_5555_5555_5555];
/// 1 / 24.
const TWENTY_FOURTH: [u64; 2] = [0x3fa5_5555_5555_5555, 0x3c45_5555_5555_5555];
/// 1 / 120.
const INVERSE_120: [u64; 2] = [0x3f81_1111_1111_1111, 0x3c01_1111_1111_1111];

/// cos(pi i / 512), two doubles, for i = 0 to 256.
static COSINES: [[u64; 2]; 257] = [
    [0x3ff0_0000_0000_0000, 0x0000_0000_0000_0000],
    [0x3fef_ffd8_858e_8a92, 0x3c83_59c7_1883_bcf7],
    [0x3fef_ff62_169b_92db, 0x3c85_dda3_c81f_bd0d],
    [0x3fef_fe9c_b44b_51a1, 0x3c75_b433_66df_6670],
    [0x3fef_fd88_6084_cd0d, 0xbc81_354d_4556_e4cb],
    [0x3fef_fc25_1df1_d3f8, 0x3c77_a7d2_09f3_2d43],
    [0x3fef_fa72_effe_f75d, 0xbc88_b4cd_cdb2_5956],
    [0x3fef_f871_dadb_81df, 0x3c78_b1c6_7620_8aa4],
    [0x3fef_f621_e379_6d7e, 0xbc6c_57bc_2e24_aa15],
    [0x3fef_f383_0f8d_575c, 0xbc79_5e1e_79d3_35f7],
    [0x3fef_f095_658e_71ad, 0x3c80_1a8c_e18a_4b9e],
    [0x3fef_ed58_ecb6_73c4, 0xbc7e_6e46_2a7a_e686],
    [0x3fef_e9cd_ad01_883a, 0x3c65_21ec_d0c6_7e35],
    [0x3fef_e5f3_af2e_3940, 0x3c8b_213f_18c9_cf17],
    [0x3fef_e1ca_fcbd_5b09, 0x3c6a_23e3_202a_884e],
    [0x3fef_dd53_9ff1_f456, 0xbc7a_b13c_bbec_1781],
    [0x3fef_d88d_a3d1_2526, 0xbc88_7df6_3788_11c7],
    [0x3fef_d379_1422_0b84, 0x3c85_2e9d_7b77_2791],
    [0x3fef_ce15_fd6d_a67b, 0xbc75_dd6f_830d_4c09],
    [0x3fef_c864_6cfe_b721, 0x3c83_143d_c43a_9b9d],
    [0x3fef_c264_70e1_9fd3, 0x3c81_ec86_68ec_acee],
    [0x3fef_bc16_17e4_4186, 0xbc45_8ec4_96dc_4ecb],
    [0x3fef_b579_7195_d741, 0x3c71_bfac_7397_cc08],
    [0x3fef_ae8e_8e46_cfbb, 0xbc73_a9e4_1473_2d97],
    [0x3fef_a755_7f08_a517, 0xbc87_a0a8_ca13_571f],
    [0x3fef_9fce_55ad_b2c8, 0x3c7f_2a06_fab9_f9d1],
    [0x3fef_97f9_24c9_099b, 0xbc8e_2ae0_eea5_963b],
    [0x3fef_8fd5_ffae_41db, 0xbc78_cfd7_7fd9_70d2],
    [0x3fef_8764_fa71_4ba9, 0x3c7a_b256_778f_fcb6],
    [0x3fef_7ea6_29e6_3d6e, 0x3c8b_a92d_57eb_fedd],
    [0x3fef_7599_a3a1_2077, 0x3c88_4f31_d743_195c],
    [0x3fef_6c3f_7df5_bbb7, 0x3c78_561c_e9d5_ef5b],
    [0x3fef_6297_cff7_5cb0, 0x3c75_6217_2a36_1fd3],
    [0x3fef_58a2_b178_9e84, 0x3c71_f4a1_88aa_3680],
    [0x3fef_4e60_3b0b_2f2d, 0xbc78_ee01_e695_ac05],
    [0x3fef_43d0_85ff_92dd, 0xbc88_fde7_1e36_1c05],
    [0x3fef_38f3_ac64_e589, 0xbc7d_7baf_b51f_72e6],
    [0x3fef_2dc9_c908_9a9d, 0x3c45_4074_60bd_fc07],
    [0x3fef_2252_f776_3ada, 0xbc82_0cb8_1c8d_94ab],
    [0x3fef_168f_53f7_205d, 0xbc62_6a6c_1f01_5601],
    [0x3fef_0a7e_fb92_30d7, 0x3c75_2c7a_dc6b_4989],
    [0x3fee_fe22_0c0b_95ec, 0x3c8c_853b_7bf7_e0cd],
    [0x3fee_f178_a3e4_73c2, 0x3c86_310a_67fe_774f],
    [0x3fee_e482_e25a_9dbc, 0xbc7b_6066_ef81_af2a],
    [0x3fee_d740_e768_4963, 0x3c7e_82c7_91f5_9cc2],
    [0x3fee_c9b2_d3c3_bf84, 0x3c71_9119_d358_de05],
    [0x3fee_bbd8_c8df_0b74, 0x3c7c_6c8c_615e_7277],
    [0x3fee_adb2_e8e7_a88e, 0xbc89_2ec5_2ea2_26a3],
    [0x3fee_9f41_56c6_2dda, 0x3c87_60b1_e2e3_f81e],
    [0x3fee_9084_361d_f7f2, 0x3c8c_dfc7_ce9d_c3e9],
    [0x3fee_817b_ab4c_d10d, 0xbc7d_0afe_686b_5e0a],
    [0x3fee_7227_db6a_9744, 0x3c82_1287_94da_5a50],
    [0x3fee_6288_ec48_e112, 0xbc61_6b56_f284_7754],
    [0x3fee_529f_0472_9ffc, 0x3c89_075d_6e6d_fc8b],
    [0x3fee_426a_4b2b_c17e, 0x3c8a_8738_8974_4882],
    [0x3fee_31ea_e870_ce25, 0xbc7b_c709_4538_d678],
    [0x3fee_2121_04f6_86e5, 0xbc80_14c7_6c12_6527],
    [0x3fee_100c_ca29_80ac, 0xbc60_2d18_2acd_f825],
    [0x3fed_feae_622d_be2b, 0xbc85_14ea_8842_5567],
    [0x3fed_ed05_f7de_47da, 0xbc82_cc4c_1f8b_a966],
    [0x3fed_db13_b6cc_c23c, 0x3c88_3c37_c610_7db3],
    [0x3fed_c8d7_cb41_0260, 0x3c76_b787_2773_830d],
    [0x3fed_b652_6238_a09b, 0xbc7a_dee7_eae6_9460],
    [0x3fed_a383_a966_8988, 0xbc85_8110_00b3_9d84],
    [0x3fed_906b_cf32_8d46, 0x3c74_57e6_1023_1ac2],
    [0x3fed_7d0b_02b8_ecf9, 0x3c88_00f4_ce65_cd6e],
    [0x3fed_6961_73c9_e68b, 0xbc7e_8c61_c639_3d55],
    [0x3fed_556f_52e9_3eb1, 0xbc88_0ed9_233a_9630],
    [0x3fed_4134_d14d_c93a, 0xbc84_ef52_95d2_5af2],
    [0x3fed_2cb2_20e0_ef9f, 0xbc7f_0765_6d4e_6652],
    [0x3fed_17e7_743e_35dc, 0xbc51_01da_3540_130a],
    [0x3fed_02d4_feb2_bd92, 0x3c81_95ff_41bc_55fe],
    [0x3fec_ed7a_f43c_c773, 0xbc5e_7b6b_b5ab_58ae],
    [0x3fec_d7d9_898b_32f6, 0xbc6f_2fa0_6249_6738],
    [0x3fec_c1f0_f3fc_fc5c, 0x3c7e_5761_3b68_f6ab],
    [0x3fec_abc1_69a0_b900, 0x3c8c_42d3_e108_51d1],
    [0x3fec_954b_2134_11f5, 0xbc52_fb76_1e94_6603],
    [0x3fec_7e8e_5223_3cf3, 0x3c6b_2ad3_24aa_35c1],
    [0x3fec_678b_3488_739b, 0x3c6d_86ca_c7c5_ff5b],
    [0x3fec_5042_012b_6907, 0xbc65_c058_dd8e_aba5],
    [0x3fec_38b2_f180_bdb1, 0xbc76_e0b1_757c_8d07],
    [0x3fec_20de_3fa9_71b0, 0xbc8b_4ca2_bab1_322c],
    [0x3fec_08c4_2672_5549, 0x3c5b_157f_d80e_2946],
    [0x3feb_f064_e153_77dd, 0x3c62_1560_26a1_e028],
    [0x3feb_d7c0_ac6f_952a, 0xbc88_25a7_32ac_700a],
    [0x3feb_bed7_c493_80ea, 0x3c4b_eacb_d885_00b4],
    [0x3feb_a5aa_6735_90d2, 0x3c87_ea4e_3707_53b6],
    [0x3feb_8c38_d275_04e9, 0xbc81_529a_bff4_0e45],
    [0x3feb_7283_4519_6e3e, 0xbc8b_c69f_324e_6d61],
    [0x3feb_5889_fe92_1405, 0xbc6d_f49b_307c_8602],
    [0x3feb_3e4d_3ef5_5712, 0xbc8e_b6b8_bf11_a493],
    [0x3feb_23cd_4700_13b4, 0x3c75_a1bb_35ad_6d2e],
    [0x3feb_090a_5815_0200, 0xbc89_26da_300f_fcce],
    [0x3fea_ee04_b43c_1474, 0xbc83_a79a_438b_f8cc],
    [0x3fea_d2bc_9e21_d511, 0xbc84_7fbe_07be_a548],
    [0x3fea_b732_5916_c0d4, 0x3c8a_8b8c_85ba_aa9b],
    [0x3fea_9b66_290e_a1a3, 0x3c39_f630_e8b6_dac8],
    [0x3fea_7f58_529f_e69d, 0xbc89_7a44_1584_a179],
    [0x3fea_6309_1b02_fae2, 0xbc7e_9111_5224_8d10],
    [0x3fea_4678_c811_9ac8, 0x3c81_b4c0_dd3f_212a],
    [0x3fea_29a7_a046_2782, 0xbc71_28bb_015d_f175],
    [0x3fea_0c95_eaba_f937, 0xbc8e_0ca3_acbd_049a],
    [0x3fe9_ef43_ef29_af94, 0x3c7b_1dfc_b604_45c2],
    [0x3fe9_d1b1_f5ea_80d5, 0x3c8c_5fad_d5ff_b36f],
    [0x3fe9_b3e0_47f3_8741, 0xbc83_0ee2_8671_2474],
    [0x3fe9_95cf_2ed8_0d22, 0x3c77_783e_907f_bd7b],
    [0x3fe9_777e_f4c7_d742, 0xbc81_5479_a240_665e],
    [0x3fe9_58ef_e48e_6dd7, 0xbc85_6133_5da0_f4e7],
    [0x3fe9_3a22_4992_63fb, 0x3c83_d419_a920_df0b],
    [0x3fe9_1b16_6fd4_9da2, 0xbc63_be95_3a7f_e996],
    [0x3fe8_fbcc_a3ef_940d, 0xbc66_dfa9_9c86_f2f1],
    [0x3fe8_dc45_3316_98cc, 0x3c61_d9fc_d836_34d7],
    [0x3fe8_bc80_6b15_1741, 0xbc82_c5e1_2ed1_336d],
    [0x3fe8_9c7e_9a4d_d4aa, 0x3c8d_b6ea_04a8_678f],
    [0x3fe8_7c40_0fba_2ebf, 0xbc82_dabc_0c3f_64cd],
    [0x3fe8_5bc5_1ae9_58cc, 0x3c84_5ba6_4780_86cc],
    [0x3fe8_3b0e_0bff_976e, 0xbc76_f420_f8ea_3475],
    [0x3fe8_1a1b_33b5_7acc, 0xbc85_dea1_2d66_bb66],
    [0x3fe7_f8ec_e357_1771, 0xbc89_c8d8_ce93_c917],
    [0x3fe7_d783_6cc3_3db2, 0x3c71_6271_5ef0_3f85],
    [0x3fe7_b5df_226a_afaf, 0xbc70_f537_acdf_0ad7],
    [0x3fe7_9400_574f_55e5, 0xbc80_adad_bdb4_c65a],
    [0x3fe7_71e7_5f03_7261, 0x3c75_cfce_8d84_068f],
    [0x3fe7_4f94_8da8_d28d, 0x3c01_9900_a3b9_a3a2],
    [0x3fe7_2d08_37ef_ff96, 0x3c80_d4ef_0f1d_915c],
    [0x3fe7_0a42_b317_6d7a, 0xbc7d_9e3f_be2e_15a0],
    [0x3fe6_e744_54ea_a8af, 0xbc8d_bc03_c84e_226e],
    [0x3fe6_c40d_73c1_8275, 0x3c62_5d4f_802b_e257],
    [0x3fe6_a09e_667f_3bcd, 0xbc8b_dd34_13b2_6456],
    [0x3fe6_7cf7_8491_af10, 0x3c47_50ab_2347_7b61],
    [0x3fe6_5919_25f0_783d, 0x3c8c_3d64_fbf5_de23],
    [0x3fe6_3503_a31c_1be9, 0x3c61_248f_09e6_587c],
    [0x3fe6_10b7_551d_2cdf, 0xbc72_51b3_52ff_2a37],
    [0x3fe5_ec34_9583_7074, 0x3c7d_ea89_a9b8_f727],
    [0x3fe5_c77b_be65_018c, 0x3c80_69ea_9c0b_c32a],
    [0x3fe5_a28d_2a5d_7250, 0x3c85_7a25_f8b1_3430],
    [0x3fe5_7d69_348c_eca0, 0xbc87_5720_992b_fbb2],
    [0x3fe5_5810_3897_5137, 0x3c84_570d_9efe_26df],
    [0x3fe5_3282_92a3_5596, 0xbc7a_12eb_89da_0257],
    [0x3fe5_0cc0_9f59_a09b, 0x3c76_9346_3a2c_2e6f],
    [0x3fe4_e6ca_bbe3_e5e9, 0x3c63_c293_edce_b327],
    [0x3fe4_c0a1_45ec_0004, 0x3c52_630c_fafc_eaa1],
    [0x3fe4_9a44_9b9b_0939, 0xbc82_7ee1_6d71_9b94],
    [0x3fe4_73b5_1b98_7347, 0x3c6c_a195_3514_e41b],
    [0x3fe4_4cf3_2509_1dd6, 0x3c68_076a_2cfd_c6b3],
    [0x3fe4_25ff_178e_6bb1, 0x3c87_b38d_6751_40ca],
    [0x3fe3_fed9_5345_56d4, 0x3c83_6916_608c_5061],
    [0x3fe3_d782_38c5_8344, 0xbc80_219f_5f0f_79ce],
    [0x3fe3_affa_2920_50b9, 0x3c7e_3e25_e395_4964],
    [0x3fe3_8841_85df_eb22, 0xbc7a_0380_26ab_e6b2],
    [0x3fe3_6058_b106_59f3, 0xbc81_fcb3_a358_57e7],
    [0x3fe3_3840_0d0c_8e57, 0xbc8a_bf2a_5e95_e6e5],
    [0x3fe3_0ff7_fce1_7035, 0xbc6e_fcc6_26f7_4a6f],
    [0x3fe2_e780_e3e8_ea17, 0xbc8b_19fa_fe36_587a],
    [0x3fe2_bedb_25fa_f3ea, 0xbc51_4981_c796_ee46],
    [0x3fe2_9607_2762_9ca8, 0x3c75_6d6c_7af0_2d5c],
    [0x3fe2_6d05_4cdd_12df, 0xbc85_da74_3ef3_770c],
    [0x3fe2_43d5_fb98_ac1f, 0x3c7c_533d_0a28_4a8d],
    [0x3fe2_1a79_9933_eb59, 0xbc83_a7b1_77c6_8fb2],
    [0x3fe1_f0f0_8bbc_861b, 0xbc61_0d9d_cafb_74cb],
    [0x3fe1_c73b_39ae_68c8, 0x3c8b_25dd_267f_6600],
    [0x3fe1_9d5a_09f2_b9b8, 0xbc63_3656_c68a_1d4a],
    [0x3fe1_734d_63de_db49, 0xbc87_eef2_ccc5_0575],
    [0x3fe1_4915_af33_6ceb, 0x3c7f_3660_558a_0213],
    [0x3fe1_1eb3_541b_4b23, 0xbc8e_f23b_69ab_e4f1],
    [0x3fe0_f426_bb2a_8e7e, 0xbc8b_b58f_b774_f8ee],
    [0x3fe0_c970_4d5d_898f, 0xbc88_d3d7_de6e_e9b2],
    [0x3fe0_9e90_7417_c5e1, 0xbc8f_e573_741a_9bd4],
    [0x3fe0_7387_9922_ffee, 0xbc8a_5a01_4347_406c],
    [0x3fe0_4856_26ae_221a, 0x3c8b_937d_9091_ff70],
    [0x3fe0_1cfc_874c_3eb7, 0xbc73_4a35_e7c2_368c],
    [0x3fdf_e2f6_4be7_1210, 0xbc72_97ab_1ca2_d7db],
    [0x3fdf_8ba4_dbf8_9aba, 0xbc32_ec1f_c1b7_76b8],
    [0x3fdf_3405_963f_d067, 0x3c70_6846_d44a_238f],
    [0x3fde_dc19_52ef_78d6, 0xbc7d_d0f7_c33e_dee6],
    [0x3fde_83e0_eaf8_5114, 0xbc67_bc38_0ef2_4ba7],
    [0x3fde_2b5d_3806_f63b, 0x3c5e_0d89_1d3c_6841],
    [0x3fdd_d28f_1481_cc58, 0xbc4e_7576_fa6c_944e],
    [0x3fdd_7977_5b86_e389, 0x3c75_50ec_87bc_0575],
    [0x3fdd_2016_e8e9_db5b, 0xbc6c_8bce_9d93_efb8],
    [0x3fdc_c66e_9931_c45e, 0x3c56_850e_59c3_7f8f],
    [0x3fdc_6c7f_4997_000b, 0xbc7b_ec26_69c6_8e74],
    [0x3fdc_1249_d801_1ee7, 0xbc78_13aa_bb51_5206],
    [0x3fdb_b7cf_2304_bd01, 0x3c69_e1a5_bd92_69d4],
    [0x3fdb_5d10_09e1_5cc0, 0x3c65_b362_cb97_4183],
    [0x3fdb_020d_6c7f_4009, 0x3c54_14ae_7e55_5208],
    [0x3fda_a6c8_2b6d_3fca, 0xbc7d_5f10_6ee5_ccf7],
    [0x3fda_4b41_27de_a1e5, 0xbc7b_ec6f_01bc_22f1],
    [0x3fd9_ef79_43a8_ed8a, 0x3c66_da81_290b_dbab],
    [0x3fd9_9371_6141_bdff, 0xbc71_5e8c_ce26_1c55],
    [0x3fd9_372a_63bc_93d7, 0x3c66_8431_9e5a_d5b1],
    [0x3fd8_daa5_2ec8_a4b0, 0xbc67_2eb2_db8c_621e],
    [0x3fd8_7de2_a6ae_a963, 0xbc67_2ced_d3d5_a610],
    [0x3fd8_20e3_b04e_aac4, 0xbc49_2379_eb01_c6b6],
    [0x3fd7_c3a9_311d_cce7, 0x3c19_a3f2_1ef3_e8d9],
    [0x3fd7_6634_0f24_18f6, 0x3c72_b2ad_c904_1b2c],
    [0x3fd7_0885_30fa_459f, 0xbc74_4b19_e086_4c5d],
    [0x3fd6_aa9d_7dc7_7e17, 0xbc73_8b47_0592_c7b3],
    [0x3fd6_4c7d_dd3f_27c6, 0x3c51_0d2b_4a66_4121],
    [0x3fd5_ee27_379e_a693, 0x3c76_34ff_2fa7_5245],
    [0x3fd5_8f9a_75ab_1fdd, 0xbc1e_fdc0_d58c_f620],
    [0x3fd5_30d8_80af_3c24, 0xbc7f_ab8e_2103_fbd6],
    [0x3fd4_d1e2_4278_e76a, 0x3c62_4172_1879_2858],
    [0x3fd4_72b8_a557_1054, 0xbc70_1ea0_fe4d_ff23],
    [0x3fd4_135c_9417_6601, 0x3c70_c97c_4afa_2518],
    [0x3fd3_b3ce_fa04_14b7, 0x3c7f_36dc_4a9c_2294],
    [0x3fd3_5410_c2e1_8152, 0xbc73_cb00_2f96_e062],
    [0x3fd2_f422_daec_0387, 0xbc77_501b_a473_da6f],
    [0x3fd2_9406_2ed5_9f06, 0xbc75_d28d_a2c4_612d],
    [0x3fd2_33bb_abc3_bb71, 0x3c79_9b04_e232_59ef],
    [0x3fd1_d344_3f4c_db3e, 0xbc67_20d4_1c13_519e],
    [0x3fd1_72a0_d776_5177, 0x3c62_2575_f333_66be],
    [0x3fd1_11d2_62b1_f677, 0x3c78_24c2_0ab7_aa9a],
    [0x3fd0_b0d9_cfdb_db90, 0x3c53_b3a7_b8d1_200d],
    [0x3fd0_4fb8_0e37_fdae, 0xbc04_12cd_b725_83cc],
    [0x3fcf_dcdc_1adf_edf9, 0xbc62_dba4_580e_d7bb],
    [0x3fcf_19f9_7b21_5f1b, 0xbc64_2dee_f11d_a2c4],
    [0x3fce_56ca_1e10_1a1b, 0x3c64_6ac3_f9fd_0227],
    [0x3fcd_934f_e545_4311, 0x3c67_5b92_2771_07ad],
    [0x3fcc_cf8c_b312_b286, 0x3c52_382b_0aec_adf8],
    [0x3fcc_0b82_6a7e_4f63, 0xbc1a_f143_9e52_1935],
    [0x3fcb_4732_ef3d_6722, 0x3c6b_be5d_5d75_cbd8],
    [0x3fca_82a0_25b0_0451, 0xbc68_7905_ffd0_84ad],
    [0x3fc9_bdcb_f2dc_4366, 0x3c69_632d_1899_56fe],
    [0x3fc8_f8b8_3c69_a60b, 0xbc62_6d19_b9ff_8d82],
    [0x3fc8_3366_e89c_64c6, 0xbc61_9295_2df1_0db8],
    [0x3fc7_6dd9_de50_bf31, 0x3c61_d5ee_ec50_1b2f],
    [0x3fc6_a813_04f6_4ab2, 0x3c5f_0cd7_3fb5_d8d4],
    [0x3fc5_e214_448b_3fc6, 0x3c65_31ff_779d_dac6],
    [0x3fc5_1bdf_8597_c5f2, 0xbc29_f997_6af0_4aa5],
    [0x3fc4_5576_b129_3e5a, 0xbc52_85a2_4119_f7b1],
    [0x3fc3_8edb_b0cd_8d14, 0xbc61_98c2_1fbf_7718],
    [0x3fc2_c810_6e8e_613a, 0x3c51_3000_a89a_11e0],
    [0x3fc2_0116_d4ec_7bcf, 0xbc62_42c8_e105_3452],
    [0x3fc1_39f0_ceda_f577, 0xbc65_2343_4d1b_3cfa],
    [0x3fc0_72a0_47ba_831d, 0x3c51_9db1_f701_18ca],
    [0x3fbf_564e_56a9_730e, 0x3c4a_2704_729a_e56d],
    [0x3fbd_c70e_cbae_9fc9, 0x3c32_fda2_d732_95ee],
    [0x3fbc_3785_c79e_c2d5, 0xbc24_f39d_f133_fb21],
    [0x3fba_a7b7_2449_5c03, 0x3c5e_5399_ba09_67b8],
    [0x3fb9_17a6_bc29_b42c, 0xbc3e_2718_d26e_d688],
    [0x3fb7_8758_6a5d_5b21, 0x3c55_f758_9f08_3399],
    [0x3fb5_f6d0_0a9a_a419, 0xbc4f_4022_d03f_6c9a],
    [0x3fb4_6611_7927_2096, 0xbc54_b109_f240_6c4c],
    [0x3fb2_d520_92ce_19f6, 0xbc49_a088_a8bf_6b2c],
    [0x3fb1_4401_34d7_09b3, 0xbc5f_ec44_6dae_a6ad],
    [0x3faf_656e_79f8_20e0, 0xbc22_e1eb_e392_bffe],
    [0x3fac_428d_12c0_d7e3, 0xbc38_9bc7_4b58_c513],
    [0x3fa9_1f65_f10d_d814, 0xbc29_12bd_0d56_9a90],
    [0x3fa5_fc00_d290_cd43, 0x3c4a_2669_a693_a8e1],
    [0x3fa2_d865_7594_55cd, 0x3c26_86f6_5ba9_3ac0],
    [0x3f9f_6937_31d1_cf01, 0xbbd3_fe9b_c662_86c7],
    [0x3f99_2155_f7a3_667e, 0xbbfb_1d63_091a_0130],
    [0x3f92_d936_bbe3_0efd, 0x3c2b_5f91_ee37_1d64],
    [0x3f89_21d1_fcde_c784, 0x3c29_878e_be83_6d9d],
    [0x3f79_21f0_fe67_0071, 0x3bfa_b967_fe6b_7a9b],
    [0x0000_0000_0000_0000, 0x0000_0000_0000_0000],
];

/// 2^(i / 128), two doubles, for i = 0 to 127.
static POWERS: [[u64; 2]; 128] = [
    [0x3ff0_0000_0000_0000, 0x0000_0000_0000_0000],
    [0x3ff0_163d_a9fb_3335, 0x3c9b_6129_9ab8_cdb7],
    [0x3ff0_2c9a_3e77_8061, 0xbc71_9083_535b_085d],
    [0x3ff0_4315_e86e_7f85, 0xbc90_a31c_1977_c96e],
    [0x3ff0_59b0_d315_8574, 0x3c8d_73e2_a475_b465],
    [0x3ff0_706b_29dd_f6de, 0xbc8c_91df_e2b1_3c27],
    [0x3ff0_8745_1875_9bc8, 0x3c61_86be_4bb2_84ff],
    [0x3ff0_9e3e_cac6_f383, 0x3c91_4878_1831_6136],
    [0x3ff0_b558_6cf9_890f, 0x3c98_a62e_4adc_610b],
    [0x3ff0_cc92_2b72_47f7, 0x3c90_1edc_16e2_4f71],
    [0x3ff0_e3ec_32d3_d1a2, 0x3c40_3a17_27c5_7b53],
    [0x3ff0_fb66_affe_d31b, 0xbc6b_9bed_c44e_bd7b],
    [0x3ff1_1301_d012_5b51, 0xbc96_c510_3944_9b3a],
    [0x3ff1_2abd_c06c_31cc, 0xbc51_b514_b36c_a5c7],
    [0x3ff1_429a_aea9_2de0, 0xbc93_2fbf_9af1_369e],
    [0x3ff1_5a98_c8a5_8e51, 0x3c82_406a_b9ee_ab0a],
    [0x3ff1_72b8_3c7d_517b, 0xbc81_9041_b9d7_8a76],
    [0x3ff1_8af9_388c_8dea, 0xbc91_1023_d197_0f6c],
    [0x3ff1_a35b_eb6f_cb75, 0x3c8e_5b4c_7b49_68e4],
    [0x3ff1_bbe0_8404_5cd4, 0xbc99_5386_352e_f607],
    [0x3ff1_d487_3168_b9aa, 0x3c9e_016e_00a2_643c],
    [0x3ff1_ed50_22fc_d91d, 0xbc91_df98_027b_b78c],
    [0x3ff2_063b_8862_8cd6, 0x3c8d_c775_814a_8495],
    [0x3ff2_1f49_917d_dc96, 0x3c82_a97e_9494_a5ee],
    [0x3ff2_387a_6e75_6238, 0x3c99_b07e_b6c7_0573],
    [0x3ff2_51ce_4fb2_a63f, 0x3c8a_c155_bef4_f4a4],
    [0x3ff2_6b45_65e2_7cdd, 0x3c82_bd33_9940_e9d9],
    [0x3ff2_84df_e1f5_6381, 0xbc9a_4c3a_8c3f_0d7e],
    [0x3ff2_9e9d_f51f_dee1, 0x3c86_12e8_afad_1255],
    [0x3ff2_b87f_d0da_d990, 0xbc41_0adc_d638_1aa4],
    [0x3ff2_d285_a6e4_030b, 0x3c90_0247_54db_41d5],
    [0x3ff2_ecaf_a93e_2f56, 0x3c71_ca0f_45d5_2383],
    [0x3ff3_06fe_0a31_b715, 0x3c86_f46a_d231_82e4],
    [0x3ff3_2170_fc4c_d831, 0x3c8a_9ce7_8e18_047c],
    [0x3ff3_3c08_b264_16ff, 0x3c93_2721_8436_59a6],
    [0x3ff3_56c5_5f92_9ff1, 0xbc8b_5cee_5c4e_4628],
    [0x3ff3_71a7_373a_a9cb, 0xbc96_3aea_bf42_eae2],
    [0x3ff3_8cae_6d05_d866, 0xbc9e_958d_3c99_04bd],
    [0x3ff3_a7db_34e5_9ff7, 0xbc75_e436_d661_f5e3],
    [0x3ff3_c32d_c313_a8e5, 0xbc9e_fff8_375d_29c3],
    [0x3ff3_dea6_4c12_3422, 0x3c8a_da09_11f0_9ebc],
    [0x3ff3_fa45_04ac_801c, 0xbc97_d023_f956_f9f3],
    [0x3ff4_160a_21f7_2e2a, 0xbc5e_f369_1c30_9278],
    [0x3ff4_31f5_d950_a897, 0xbc81_c7dd_e35f_7999],
    [0x3ff4_4e08_6061_892d, 0x3c48_9b7a_04ef_80d0],
    [0x3ff4_6a41_ed1d_0057, 0x3c9c_944b_d164_8a76],
    [0x3ff4_86a2_b5c1_3cd0, 0x3c73_c1a3_b690_62f0],
    [0x3ff4_a32a_f0d7_d3de, 0x3c99_cb62_f3d1_be56],
    [0x3ff4_bfda_d536_2a27, 0x3c7d_4397_afec_42e2],
    [0x3ff4_dcb2_99fd_dd0d, 0x3c98_ecdb_bc6a_7833],
    [0x3ff4_f9b2_769d_2ca7, 0xbc94_b309_d259_57e3],
    [0x3ff5_16da_a2cf_6642, 0xbc8f_7685_69bd_93ef],
    [0x3ff5_342b_569d_4f82, 0xbc80_7abe_1db1_3cad],
    [0x3ff5_51a4_ca5d_920f, 0xbc8d_689c_efed_e59b],
    [0x3ff5_6f47_36b5_27da, 0x3c99_bb2c_011d_93ad],
    [0x3ff5_8d12_d497_c7fd, 0x3c82_95e1_5b9a_1de8],
    [0x3ff5_ab07_dd48_5429, 0x3c96_324c_0546_47ad],
    [0x3ff5_c926_8a59_46b7, 0x3c3c_4b1b_8169_86a2],
    [0x3ff5_e76f_15ad_2148, 0x3c9b_a6f9_3080_e65e],
    [0x3ff6_05e1_b976_dc09, 0xbc93_e242_9b56_de47],
    [0x3ff6_247e_b03a_5585, 0xbc93_83c1_7e40_b497],
    [0x3ff6_4346_34cc_c320, 0xbc8c_483c_759d_8933],
    [0x3ff6_6238_8255_2225, 0xbc9b_b609_8759_1c34],
    [0x3ff6_8155_d44c_a973, 0x3c60_38ae_44f7_3e65],
    [0x3ff6_a09e_667f_3bcd, 0xbc9b_dd34_13b2_6456],
    [0x3ff6_c012_750b_dabf, 0xbc72_8956_67ff_0b0d],
    [0x3ff6_dfb2_3c65_1a2f, 0xbc6b_be3a_683c_88ab],
    [0x3ff6_ff7d_f951_9484, 0xbc88_3c0f_2586_0ef6],
    [0x3ff7_1f75_e8ec_5f74, 0xbc81_6e47_8688_7a99],
    [0x3ff7_3f9a_48a5_8174, 0xbc90_a8d9_6c65_d53c],
    [0x3ff7_5feb_5642_67c9, 0xbc90_2459_5731_6dd3],
    [0x3ff7_8069_4fde_5d3f, 0x3c98_66b8_0a02_162d],
    [0x3ff7_a114_73eb_0187, 0xbc84_1577_ee04_992f],
    [0x3ff7_c1ed_0130_c132, 0x3c9f_124c_d116_4dd6],
    [0x3ff7_e2f3_36cf_4e62, 0x3c70_5d02_ba15_797e],
    [0x3ff8_0427_543e_1a12, 0xbc92_7c86_626d_972b],
    [0x3ff8_2589_994c_ce13, 0xbc9d_4c1d_d415_32d8],
    [0x3ff8_471a_4623_c7ad, 0xbc88_d684_a341_cdfb],
    [0x3ff8_68d9_9b44_92ed, 0xbc9f_c6f8_9bd4_f6ba],
    [0x3ff8_8ac7_d98a_6699, 0x3c99_94c2_f37c_b53a],
    [0x3ff8_ace5_422a_a0db, 0x3c96_e9f1_5686_4b27],
    [0x3ff8_cf32_16b5_448c, 0xbc70_d55e_32e9_e3aa],
    [0x3ff8_f1ae_9915_7736, 0x3c85_cc13_a2e3_976c],
    [0x3ff9_145b_0b91_ffc6, 0xbc9d_d679_2e58_2524],
    [0x3ff9_3737_b0cd_c5e5, 0xbc67_5fc7_81b5_7ebc],
    [0x3ff9_5a44_cbc8_520f, 0xbc76_4b7c_96a5_f039],
    [0x3ff9_7d82_9fde_4e50, 0xbc9d_185b_7c1b_85d1],
    [0x3ff9_a0f1_70ca_07ba, 0xbc91_73bd_91ce_e632],
    [0x3ff9_c491_82a3_f090, 0x3c7c_7c46_b071_f2be],
    [0x3ff9_e863_19e3_2323, 0x3c78_24ca_78e6_4c6e],
    [0x3ffa_0c66_7b5d_e565, 0xbc93_5949_5d1c_d533],
    [0x3ffa_309b_ec4a_2d33, 0x3c96_305c_7ddc_36ab],
    [0x3ffa_5503_b23e_255d, 0xbc9d_2f6e_db8d_41e1],
    [0x3ffa_799e_1330_b358, 0x3c9b_cb7e_cac5_63c7],
    [0x3ffa_9e6b_5579_fdbf, 0x3c90_fac9_0ef7_fd31],
    [0x3ffa_c36b_bfd3_f37a, 0xbc8f_9234_cae7_6cd0],
    [0x3ffa_e89f_995a_d3ad, 0x3c97_a1cd_345d_cc81],
    [0x3ffb_0e07_298d_b666, 0xbc9b_def5_4c80_e425],
    [0x3ffb_33a2_b84f_15fb, 0xbc62_805e_3084_d708],
    [0x3ffb_5972_8de5_593a, 0xbc9c_71df_bbba_6de3],
    [0x3ffb_7f76_f2fb_5e47, 0xbc75_584f_7e54_ac3b],
    [0x3ffb_a5b0_30a1_064a, 0xbc9e_fcd3_0e54_292e],
    [0x3ffb_cc1e_904b_c1d2, 0x3c82_3dd0_7a2d_9e84],
    [0x3ffb_f2c2_5bd7_1e09, 0xbc9e_fdca_3f6b_9c73],
    [0x3ffc_199b_dd85_529c, 0x3c81_1065_8950_48dd],
    [0x3ffc_40ab_5fff_d07a, 0x3c9b_4537_e083_c60a],
    [0x3ffc_67f1_2e57_d14b, 0x3c92_884d_ff48_3cad],
    [0x3ffc_8f6d_9406_e7b5, 0x3c71_acbc_4880_5c44],
    [0x3ffc_b720_dcef_9069, 0x3c75_03cb_d1e9_49db],
    [0x3ffc_df0b_555d_c3fa, 0xbc8d_d83b_5382_9d72],
    [0x3ffd_072d_4a07_897c, 0xbc9c_bc37_4379_7a9c],
    [0x3ffd_2f87_080d_89f2, 0xbc9d_487b_719d_8578],
    [0x3ffd_5818_dcfb_a487, 0x3c82_ed02_d75b_3707],
    [0x3ffd_80e3_16c9_8398, 0xbc91_1ec1_8bed_dfe8],
    [0x3ffd_a9e6_03db_3285, 0x3c9c_2300_696d_b532],
    [0x3ffd_d321_f301_b460, 0x3c92_da57_78f0_18c3],
    [0x3ffd_fc97_337b_9b5f, 0xbc91_a5cd_4f18_4b5c],
    [0x3ffe_2646_14f5_a129, 0xbc97_b627_817a_1496],
    [0x3ffe_502e_e78b_3ff6, 0x3c83_9e89_80a9_cc8f],
    [0x3ffe_7a51_fbc7_4c83, 0x3c92_d522_ca0c_8de2],
    [0x3ffe_a4af_a2a4_90da, 0xbc9e_9c23_179c_2893],
    [0x3ffe_cf48_2d8e_67f1, 0xbc9c_93f3_b411_ad8c],
    [0x3ffe_fa1b_ee61_5a27, 0x3c9d_c7f4_86a4_b6b0],
    [0x3fff_252b_376b_ba97, 0x3c93_a1a5_bf0d_8e43],
    [0x3fff_5076_5b6e_4540, 0x3c99_d3e1_2dd8_a18b],
    [0x3fff_7bfd_ad9c_be14, 0xbc9d_bb12_d006_350a],
    [0x3fff_a7c1_819e_90d8, 0x3c87_4853_f3a5_931e],
    [0x3fff_d3c2_2b8f_71f1, 0x3c62_eb74_9665_79e7],
];

/// c = 128 / j, rounded to a multiple of 2^-10, and -ln(c), two doubles, for j = 90 to 181.
static LOGS: [[u64; 3]; 92] = [
    [0x3ff6_c000_0000_0000, 0xbfd6_86c8_1e9b_14af, 0x3c6d_dea0_f7f5_8e3d],
    [0x3ff6_8000_0000_0000, 0xbfd5_d1bd_bf58_09ca, 0xbc74_2363_83dc_7fe1],
    [0x3ff6_4400_0000_0000, 0xbfd5_262d_eeb9_8879, 0xbc58_23dd_ad7f_cfa1],
    [0x3ff6_0400_0000_0000, 0xbfd4_6d2d_9c28_0567, 0x3c6b_1413_0114_bd36],
    [0x3ff5_c800_0000_0000, 0xbfd3_bdd2_4eb1_4b6a, 0xbc52_da3c_6449_a7d0],
    [0x3ff5_9000_0000_0000, 0xbfd3_1871_c954_4185, 0x3c35_1acc_4c09_b379],
    [0x3ff5_5400_0000_0000, 0xbfd2_6561_f133_862d, 0xbc61_0cdf_548b_d15c],
    [0x3ff5_1c00_0000_0000, 0xbfd1_bc79_4fd1_c8cc, 0xbc6e_7170_8b08_3dbd],
    [0x3ff4_e400_0000_0000, 0xbfd1_11ce_4003_ee4d, 0x3c61_b84b_5a5b_5b2a],
    [0x3ff4_b000_0000_0000, 0xbfd0_71b8_5fcd_590d, 0xbc5d_1707_f97b_de80],
    [0x3ff4_7c00_0000_0000, 0xbfcf_a01c_3bb5_7cbc, 0xbc41_c0a3_c50f_47ad],
    [0x3ff4_4800_0000_0000, 0xbfce_598e_d5a8_7e2f, 0x3c5a_5e78_f4c5_0659],
    [0x3ff4_1400_0000_0000, 0xbfcd_0fb7_f225_5e51, 0x3c64_ac81_8cec_a4c4],
    [0x3ff3_e400_0000_0000, 0xbfcb_dc46_ae34_4b13, 0x3c52_ff70_a6be_a623],
    [0x3ff3_b000_0000_0000, 0xbfca_8bec_fc88_2f19, 0x3c5e_8c37_918c_39eb],
    [0x3ff3_8000_0000_0000, 0xbfc9_525a_9cf4_56b4, 0xbc6d_904c_1d4e_2e26],
    [0x3ff3_5400_0000_0000, 0xbfc8_3040_c91b_cf2e, 0x3c61_c723_3219_bcc5],
    [0x3ff3_2400_0000_0000, 0xbfc6_f0d2_8ae5_6b4c, 0x3c69_06d9_9184_b992],
    [0x3ff2_f800_0000_0000, 0xbfc5_c940_0759_72b9, 0xbc5a_dccb_7337_9cc5],
    [0x3ff2_c800_0000_0000, 0xbfc4_83bc_cce6_e3dd, 0xbc62_9391_fb1b_4b22],
    [0x3ff2_a000_0000_0000, 0xbfc3_71fc_201e_8f74, 0xbc5d_e6cb_62af_18a0],
    [0x3ff2_7400_0000_0000, 0xbfc2_4231_13ba_50e3, 0x3bde_3ba7_66fc_9a72],
    [0x3ff2_4800_0000_0000, 0xbfc1_0f8e_4225_39b1, 0xbc58_f798_d39f_1b7d],
    [0x3ff2_2000_0000_0000, 0xbfbf_ec91_31db_eabb, 0x3c55_746b_9981_b36c],
    [0x3ff1_f800_0000_0000, 0xbfbd_b527_0187_d927, 0xbc5e_15ab_8607_d2ac],
    [0x3ff1_d000_0000_0000, 0xbfbb_78c8_2bb0_eda1, 0xbc20_878c_f032_7e21],
    [0x3ff1_a800_0000_0000, 0xbfb9_375e_5559_5ede, 0x3c4e_463f_9e4d_d920],
    [0x3ff1_8000_0000_0000, 0xbfb6_f0d2_8ae5_6b4c, 0x3c59_06d9_9184_b992],
    [0x3ff1_5c00_0000_0000, 0xbfb4_e011_08a3_5ae6, 0x3c48_1069_d28d_b75b],
    [0x3ff1_3400_0000_0000, 0xbfb2_8f83_450e_da8d, 0xbc5d_6a84_65da_24a3],
    [0x3ff1_1000_0000_0000, 0xbfb0_7598_3598_e471, 0xbc48_0da5_333c_45b8],
    [0x3ff0_ec00_0000_0000, 0xbfac_ae72_fb95_c20b, 0x3c4f_9012_d8df_3f0e],
    [0x3ff0_c800_0000_0000, 0xbfa8_68a8_3083_f6cf, 0x3c2d_09a5_6349_43db],
    [0x3ff0_a800_0000_0000, 0xbfa4_94ac_c34d_911c, 0xbc4e_295b_f491_ccc5],
    [0x3ff0_8400_0000_0000, 0xbfa0_3d5d_85e7_3eef, 0xbc22_c1da_539d_60ed],
    [0x3ff0_6400_0000_0000, 0xbf98_b31f_aca9_b00e, 0xbc1d_5a46_da6f_6772],
    [0x3ff0_4000_0000_0000, 0xbf8f_c0a8_b0fc_03e4, 0x3c18_3092_c596_42a1],
    [0x3ff0_2000_0000_0000, 0xbf7f_e02a_6b10_6789, 0x3bce_44b7_e371_1ebf],
    [0x3ff0_0000_0000_0000, 0x0000_0000_0000_0000, 0x0000_0000_0000_0000],
    [0x3fef_c000_0000_0000, 0x3f80_1015_7588_de71, 0x3c14_6662_d417_ced0],
    [0x3fef_8000_0000_0000, 0x3f90_2056_5893_5847, 0x3c32_7c8e_8416_e71f],
    [0x3fef_4800_0000_0000, 0x3f97_4321_d3d0_06d3, 0xbc39_6f01_6b88_7bf4],
    [0x3fef_0800_0000_0000, 0x3f9f_7a9b_1678_2856, 0xbc33_6c72_0c14_7756],
    [0x3fee_d000_0000_0000, 0x3fa3_5c8b_faa1_306b, 0xbc05_0830_a655_43a4],
    [0x3fee_9000_0000_0000, 0x3fa7_8859_5a35_77ba, 0x3c4e_5ef8_98b6_7923],
    [0x3fee_5800_0000_0000, 0x3fab_35dd_9b58_baad, 0xbc26_5261_54e3_79df],
    [0x3fee_2000_0000_0000, 0x3fae_ea31_c006_b87c, 0xbc43_e4fc_93b7_b66c],
    [0x3fed_e800_0000_0000, 0x3fb1_52b7_99bb_3cc9, 0xbc59_4838_1841_487f],
    [0x3fed_b000_0000_0000, 0x3fb3_33d7_f818_3f4b, 0x3c5a_92af_c8ef_70b1],
    [0x3fed_7800_0000_0000, 0x3fb5_1887_4226_130a, 0x3c3d_9625_8b3d_8a8f],
    [0x3fed_4000_0000_0000, 0x3fb7_00d3_0aea_c0e1, 0xbc27_2566_212c_dd05],
    [0x3fed_1000_0000_0000, 0x3fb8_a647_7a91_dc29, 0xbc4f_a832_1490_4842],
    [0x3fec_d800_0000_0000, 0x3fba_956d_3eca_de63, 0x3c5e_5300_b12b_d55e],
    [0x3fec_a800_0000_0000, 0x3fbc_40d6_425a_5cb1, 0x3c32_1d19_30dc_8acd],
    [0x3fec_7000_0000_0000, 0x3fbe_3707_ee30_487b, 0x3c50_9cce_cd57_9d99],
    [0x3fec_4000_0000_0000, 0x3fbf_e891_39db_d566, 0xbc5a_c9f4_215f_9393],
    [0x3fec_1000_0000_0000, 0x3fc0_ce7e_cdcc_c28d, 0xbc66_92a0_055d_c959],
    [0x3feb_e000_0000_0000, 0x3fc1_aa2b_7e23_f72a, 0xbc4c_6ef1_d9b2_ef7e],
    [0x3feb_b000_0000_0000, 0x3fc2_8753_bc11_aba5, 0xbc66_394d_9fa3_3311],
    [0x3feb_8000_0000_0000, 0x3fc3_65fc_b015_9016, 0x3c57_d411_a5b9_44ad],
    [0x3feb_5000_0000_0000, 0x3fc4_462b_9dc9_b3dc, 0xbc56_29c4_6c18_6385],
    [0x3feb_2000_0000_0000, 0x3fc5_27e5_e4a1_b58d, 0xbc27_1a96_8239_5bfd],
    [0x3fea_f000_0000_0000, 0x3fc6_0b31_00b0_9476, 0xbc55_b262_3e05_016b],
    [0x3fea_c800_0000_0000, 0x3fc6_c9d0_7d20_3fc7, 0x3c48_0a04_c9a4_6c61],
    [0x3fea_9800_0000_0000, 0x3fc7_b009_1651_528c, 0x3c64_069f_3035_18c8],
    [0x3fea_7000_0000_0000, 0x3fc8_7121_3750_e994, 0x3c6d_685f_35ee_a2a0],
    [0x3fea_4000_0000_0000, 0x3fc9_5a5a_dcf7_017f, 0x3c51_42c5_07fb_7a3d],
    [0x3fea_1800_0000_0000, 0x3fca_1dfc_40f1_b7f1, 0xbc2e_009e_6f01_8fe8],
    [0x3fe9_f000_0000_0000, 0x3fca_e2ca_6f67_2bd4, 0x3c6a_b5ca_9eaa_088a],
    [0x3fe9_c000_0000_0000, 0x3fcb_d087_383b_d8ad, 0x3c3d_d355_f6a5_16d7],
    [0x3fe9_9800_0000_0000, 0x3fcc_97f8_079d_44ec, 0x3c66_1a8c_6e6c_4ee7],
    [0x3fe9_7000_0000_0000, 0x3fcd_60a1_7f90_3515, 0xbc6c_0df8_41a7_1b7a],
    [0x3fe9_4800_0000_0000, 0x3fce_2a87_7a6b_2c12, 0xbc5f_a21e_3df9_9430],
    [0x3fe9_2000_0000_0000, 0x3fce_f5ad_e4dc_ffe6, 0xbc50_8ab2_ddc7_08a0],
    [0x3fe8_f800_0000_0000, 0x3fcf_c218_be62_0a5e, 0xbc56_e438_c258_187f],
    [0x3fe8_d000_0000_0000, 0x3fd0_47e6_0cde_83b8, 0xbc70_7796_3406_1cbc],
    [0x3fe8_b000_0000_0000, 0x3fd0_9aa5_72e6_c6d4, 0x3c64_3c2e_6868_4d53],
    [0x3fe8_8800_0000_0000, 0x3fd1_02ac_0a35_cc1c, 0x3c40_8808_0a5e_68b4],
    [0x3fe8_6000_0000_0000, 0x3fd1_6b5c_cbac_fb73, 0x3c76_6fbd_28b4_0935],
    [0x3fe8_4000_0000_0000, 0x3fd1_bf99_635a_6b95, 0xbc61_2aeb_8424_9223],
    [0x3fe8_1800_0000_0000, 0x3fd2_2981_fbef_797b, 0xbc40_b04a_c06c_ebe0],
    [0x3fe7_f800_0000_0000, 0x3fd2_7eba_f58d_8c9d, 0xbc68_800b_4bda_6c97],
    [0x3fe7_d000_0000_0000, 0x3fd2_e9e2_bce1_2286, 0x3c18_251a_3b83_d97a],
    [0x3fe7_b000_0000_0000, 0x3fd3_401e_12ae_cba1, 0xbc5c_d55b_8a47_46c0],
    [0x3fe7_8800_0000_0000, 0x3fd3_ac8c_a38e_5c5f, 0xbc7f_7de0_15f2_53ee],
    [0x3fe7_6800_0000_0000, 0x3fd4_03d0_86ce_a79c, 0xbc70_a8bb_78cf_7cda],
    [0x3fe7_4800_0000_0000, 0x3fd4_5b8c_0a17_df13, 0x3c7d_be30_5eaf_5a20],
    [0x3fe7_2800_0000_0000, 0x3fd4_b3c0_7726_7e9a, 0x3c72_e5fb_eb51_8508],
    [0x3fe7_0000_0000_0000, 0x3fd5_22ae_0738_a3d8, 0xbc68_f7e9_b38a_6979],
    [0x3fe6_e000_0000_0000, 0x3fd5_7bf7_53c8_d1fb, 0xbc60_908d_15f8_8b63],
    [0x3fe6_c000_0000_0000, 0x3fd5_d5bd_df59_5f30, 0xbc76_5411_48cb_b8a2],
    [0x3fe6_a000_0000_0000, 0x3fd6_3003_0b3a_ac49, 0x3c6d_c18c_e51f_ff99],
];

#[cfg(test)]
mod tests {
    use super::super::dd::{FineFused, FinePlain, QuickFused, QuickPlain};
    use super::super::random::Random;
    use super::*;
    use dashu_float::{FBig, round::mode::HalfEven};

    type Big = FBig<HalfEven, 2>;

    /// Points a test, about: the big floats are slow where they are not optimised.
    const POINTS: u64 = if cfg!(debug_assertions) { 3_000 } else { 30_000 };
    /// Of the big floats' significands.
    const BITS: usize = 320;

    fn big(x: f64) -> Big {
        Big::try_from(x).unwrap().with_precision(BITS).value()
    }

    fn value<K: Kit>(x: Dd<K>) -> Big {
        assert!(x.hi + x.lo == x.hi, "{x:?} is not normalised");
        big(x.hi) + big(x.lo)
    }

    /// |got - want| / |scale|.
    fn error(got: &Big, want: &Big, scale: &Big) -> f64 {
        if got == want { 0.0 } else { ((got - want) / scale).to_f64().value().abs() }
    }

    impl Random {
        /// In [-1, 1].
        fn signed(&mut self) -> f64 {
            2.0 * self.unit() - 1.0
        }
        /// A low part that goes with `hi`, often 0.
        fn low(&mut self, hi: f64) -> f64 {
            let ulp = f64::from_bits(hi.abs().to_bits() + 1) - hi.abs();
            if self.next().is_multiple_of(4) { 0.0 } else { self.signed() * 0.49 * ulp * (-60.0 * self.unit()).exp2() }
        }
    }

    /// Errors of one function: the worst of each kit's, as shares of its bound.
    struct Worst([f64; 4]);

    impl Worst {
        fn see<K: Kit>(&mut self, error: f64, bound: f64, at: &dyn Fn() -> String) {
            let share = error / bound;
            let kit = usize::from(K::FINE) + 2 * usize::from(!K::FUSED);
            assert!(
                share <= 1.0,
                "{:?}: {}: 2^{:.1} against a bound of 2^{:.1}",
                K::default(),
                at(),
                error.log2(),
                bound.log2()
            );
            self.0[kit] = self.0[kit].max(share);
        }
        fn check(&self, name: &str) {
            println!("{name}: shares of the bound {:.3?} (quick, fine; quick, fine without fma)", self.0);
            for share in self.0 {
                assert!(share > 1.0 / 64.0, "{name}: the bound is {} times too large", 1.0 / share);
            }
        }
    }

    fn half_turn_points() -> Vec<(u64, u64)> {
        let mut random = Random(1);
        let mut points = Vec::new();
        let ends = [1, 2, 3, 5, 256, 1_000, 4_096, 99_991, 1 << 31, 10_u64.pow(12), (1 << 53) - 1, 1 << 53];
        for den in ends {
            for i in 0..=512_u64 {
                let near = (u128::from(den) * u128::from(i) / 512) as u64;
                if POINTS > 10_000 || i % 16 < 2 || i > 510 {
                    points.extend([near, near + 1].map(|num| (num.min(den), den)));
                }
            }
            points.extend([1, 2, 3].map(|num| (num.min(den), den)));
            points.extend([1, 2, 3].map(|num| (den - num.min(den), den)));
        }
        for _ in 0..POINTS {
            let den = 1 + (random.next() >> (11 + random.next() % 53));
            let num = random.next() % (den + 1);
            points.push((num >> (random.next() % 4 * (random.next() % 16)), den));
        }
        points
    }

    fn half_turn_at<K: Kit>(num: u64, den: u64, want: &[Big; 4], worst: &mut [Worst; 4]) {
        check_half_turn(half_turn::<K>(num, den), num, den, want, worst);
        // The same point as a number, where a double-double is exactly it.
        if den.is_power_of_two() && num < 1 << 53 {
            check_half_turn(half_turn_of::<K>(Dd::new(num as f64 / den as f64, 0.0)), num, den, want, worst);
        }
    }

    fn check_half_turn<K: Kit>(got: HalfTurn<K>, num: u64, den: u64, want: &[Big; 4], worst: &mut [Worst; 4]) {
        for (i, part) in [got.cos2, got.sin2, got.sin, got.cos].into_iter().enumerate() {
            let scale = if i == 3 { big(1.0) } else { want[i].clone() };
            let at = || format!("part {i} of half_turn({num}, {den})");
            let off = error(&value(part), &want[i], &scale);
            worst[i].see::<K>(off, half_turn_bound::<K>(), &at);
        }
    }

    #[test]
    fn half_turn_is_within_its_bound() {
        let pi = Big::pi(BITS);
        let mut worst = [(); 4].map(|()| Worst([0.0; 4]));
        for (num, den) in half_turn_points() {
            if num == 0 || num == den {
                continue;
            }
            // The cosine of a quarter turn's complement: as good relative to itself as the sine.
            let quarter = |n: u64| (&pi * big(n as f64) / (big(2.0) * big(den as f64))).sin();
            let (cos, sin) = (quarter(den - num), quarter(num));
            let want =
                [cos.clone() * &cos, sin.clone() * &sin, big(2.0) * &sin * &cos, (cos.clone() - &sin) * (cos + sin)];
            half_turn_at::<QuickFused>(num, den, &want, &mut worst);
            half_turn_at::<FineFused>(num, den, &want, &mut worst);
            half_turn_at::<QuickPlain>(num, den, &want, &mut worst);
            half_turn_at::<FinePlain>(num, den, &want, &mut worst);
        }
        for (worst, name) in worst.iter().zip(["cos2", "sin2", "sin", "cos"]) {
            worst.check(name);
        }
    }

    fn half_turn_ends<K: Kit>() {
        for den in [1, 2, 3, 1_000, (1 << 53) - 1, 1 << 53] {
            let (zero, one) = (Dd::ZERO, Dd::<K>::ONE);
            assert_eq!(half_turn(0, den), HalfTurn { cos2: one, sin2: zero, cos: one, sin: zero });
            assert_eq!(half_turn(den, den), HalfTurn { cos2: zero, sin2: one, cos: -one, sin: zero });
        }
    }

    #[test]
    fn half_turn_is_exact_at_the_ends() {
        half_turn_ends::<QuickFused>();
        half_turn_ends::<FineFused>();
        half_turn_ends::<QuickPlain>();
        half_turn_ends::<FinePlain>();
    }

    fn exp_points() -> Vec<(f64, f64)> {
        let mut random = Random(2);
        let mut points = Vec::new();
        for k in -300..300 {
            // Table points, and the middles between them.
            let x = f64::from(k) * bits(LN2_128[0]) * 0.5;
            points.push((x, 0.0));
            points.push((x, random.low(x)));
        }
        for _ in 0..POINTS {
            let x = random.signed() * (32.0 * random.unit() - 22.0).exp2();
            points.push((x, random.low(x)));
        }
        for n in [-300, -100, -53, -20, -1, 0, 5, 9, 10] {
            points.extend([power_of_two(n), -power_of_two(n)].map(|x| (x, 0.0)));
        }
        points
    }

    fn exp_at<K: Kit>(x: (f64, f64), want: &Big, worst: &mut Worst) {
        let (y, n) = exp(Dd::<K>::new(x.0, x.1));
        assert!((0.99..2.01).contains(&y.hi), "{y:?}");
        let scaled = value(y) * big(2.0).powi(n.into());
        worst.see::<K>(error(&scaled, want, want), exp_bound::<K>(x.0), &|| format!("exp({x:?})"));
    }

    #[test]
    fn exp_is_within_its_bound() {
        let mut worst = Worst([0.0; 4]);
        for x in exp_points() {
            let want = (big(x.0) + big(x.1)).exp();
            exp_at::<QuickFused>(x, &want, &mut worst);
            exp_at::<FineFused>(x, &want, &mut worst);
            exp_at::<QuickPlain>(x, &want, &mut worst);
            exp_at::<FinePlain>(x, &want, &mut worst);
        }
        worst.check("exp");
    }

    fn exp_far_at<K: Kit>(x: (f64, f64), want: &Big, n: i64, worst: &mut Worst) {
        let (y, m) = exp(Dd::<K>::new(x.0, x.1));
        let scaled = value(y) * big(2.0).powi((m - n).into());
        worst.see::<K>(error(&scaled, want, want), exp_bound::<K>(x.0), &|| format!("exp({x:?})"));
    }

    #[test]
    fn exp_is_within_its_bound_far_out() {
        let mut random = Random(3);
        let ln2 = big(2.0).ln();
        let mut worst = Worst([0.0; 4]);
        for _ in 0..POINTS / 10 {
            let x = random.signed() * (10.0 + 30.0 * random.unit()).exp2();
            let x = (x, random.low(x));
            let n = (x.0 / std::f64::consts::LN_2).round();
            let want = (big(x.0) + big(x.1) - &ln2 * big(n)).exp();
            exp_far_at::<QuickFused>(x, &want, n as i64, &mut worst);
            exp_far_at::<FineFused>(x, &want, n as i64, &mut worst);
            exp_far_at::<QuickPlain>(x, &want, n as i64, &mut worst);
            exp_far_at::<FinePlain>(x, &want, n as i64, &mut worst);
        }
        worst.check("exp, far out");
    }

    #[test]
    fn exp_of_zero_is_one() {
        assert_eq!(exp::<QuickFused>(Dd::ZERO), (Dd::ONE, 0));
        assert_eq!(exp::<FineFused>(Dd::ZERO), (Dd::ONE, 0));
        assert_eq!(exp::<QuickPlain>(Dd::ZERO), (Dd::ONE, 0));
        assert_eq!(exp::<FinePlain>(Dd::ZERO), (Dd::ONE, 0));
    }

    fn ln_points() -> Vec<(f64, f64, i64)> {
        let mut random = Random(4);
        let mut points = Vec::new();
        for j in 128..=512_u32 {
            // Table points, and the edges between them.
            let x = f64::from(j) / 256.0;
            for x in [x.next_down(), x, x.next_up()].map(|x| x.clamp(0.5, 2.0)) {
                points.push((x, random.low(x), 0));
                points.push((x, random.low(x), random.next() as i64 % 3));
            }
        }
        for _ in 0..POINTS {
            let x = 0.5 + 1.5 * random.unit();
            points.push((x, random.low(x), 0));
            points.push((x, random.low(x), random.next() as i64 >> (11 + random.next() % 53)));
            let near = 1.0 + random.signed() * (-60.0 * random.unit()).exp2();
            points.push((near, random.low(near) * (-300.0 * random.unit()).exp2(), 0));
            points.push((0.5 * near, random.low(0.5 * near), 1));
            points.push((2.0 * near.min(1.0), 0.0, -1));
        }
        points
    }

    fn ln_at<K: Kit>(x: (f64, f64, i64), want: &Big, worst: &mut Worst) {
        let got = value(ln(Dd::<K>::new(x.0, x.1), x.2));
        worst.see::<K>(error(&got, want, want), ln_bound::<K>(), &|| format!("ln({x:?})"));
    }

    #[test]
    fn ln_is_within_its_bound() {
        let ln2 = big(2.0).ln();
        let mut worst = Worst([0.0; 4]);
        for x in ln_points() {
            // ln(1 + (y - 1)), which is good relative to itself near 1.
            let (y, e) = if x.2.abs() <= 1 { (big(2.0).powi(x.2.into()), 0) } else { (big(1.0), x.2) };
            let want = ((big(x.0) * &y - big(1.0)) + big(x.1) * y).ln_1p() + &ln2 * Big::from(e);
            ln_at::<QuickFused>(x, &want, &mut worst);
            ln_at::<FineFused>(x, &want, &mut worst);
            ln_at::<QuickPlain>(x, &want, &mut worst);
            ln_at::<FinePlain>(x, &want, &mut worst);
        }
        worst.check("ln");
    }

    /// The doubles of `parts` are each the nearest to what the ones before them leave of x.
    fn assert_parts(parts: &[u64], x: &Big, name: &str) {
        let mut rest = x.clone();
        for part in parts {
            assert_eq!(bits(*part), rest.to_f64().value(), "{name}");
            rest -= big(bits(*part));
        }
    }

    #[test]
    fn constants_are_right() {
        let (pi, ln2) = (Big::pi(BITS), big(2.0).ln());
        assert_parts(&PI_512, &(pi / big(512.0)), "pi / 512");
        assert_parts(&LN2, &ln2, "ln(2)");
        assert_parts(&LN2_128, &(&ln2 / big(128.0)), "ln(2) / 128");
        assert_parts(&[STEPS_PER_ONE], &(big(128.0) / ln2), "128 / ln(2)");
        for (parts, n) in [(THIRD, 3.0), (FIFTH, 5.0), (SIXTH, 6.0), (TWENTY_FOURTH, 24.0), (INVERSE_120, 120.0)] {
            assert_parts(&parts, &(big(1.0) / big(n)), "1 / n");
        }
    }

    #[test]
    fn tables_are_right() {
        let (pi, ln2) = (Big::pi(BITS), big(2.0).ln());
        for (i, row) in COSINES.iter().enumerate() {
            assert_parts(row, &(&pi * big((256 - i) as f64 / 512.0)).sin(), "COSINES");
        }
        for (i, row) in POWERS.iter().enumerate() {
            assert_parts(row, &(&ln2 * big(i as f64 / 128.0)).exp(), "POWERS");
        }
        for (row, j) in LOGS.iter().zip(90..) {
            let c = (128.0 * 1024.0 / f64::from(j)).round() / 1024.0;
            assert_eq!(bits(row[0]), c, "LOGS");
            assert_parts(&row[1..], &-big(c).ln(), "LOGS");
        }
    }
}
