//! Tiles: runs of steps that share one jet, and the lanes that turn the jet into rounded values.
//!
//! ```text
//! s = (k - centre) / w                      exact: w is a power of two
//! quick lane:    e  = (l0 - E) + s (c1 + s (c2 + ...))
//!                y1 = c0 + e,  y2 = c0 + (e + 2E)          same bits: certain
//! careful lane:  c1 = a + b, c2 = a2 + b2, where s a and s^2 a2 are exact
//!                (h, r) = two_sum(c0, s a)                 exact
//!                (h, q) = two_sum(h, s^2 a2)               exact
//!                e  = (r + q + (l0 - F)) + s (b + l1 + s (b2 + l2 + s (c3 + ...)))
//!                y1 = h + e,  y2 = h + (e + 2F)            same bits: certain
//! doubles:       y  = (c0 + G) + s (c1 + s (c2 + ...))     in float64, for float32
//!                no middle of two float32 from y - 2G to y: certain
//! ```
//! All are plain elementwise loops, which the compiler vectorises for whichever instruction set it compiles them. The quick
//! and the careful lane go chunk by chunk: a chunk that the quick lane leaves in doubt goes to the careful lane as a whole.
//! The third lane writes tiles that are too wide for float32's digits, in one go. What is left in doubt is listed, and
//! settled one by one elsewhere.
//!
//! E, F and G bound everything between the curve and `c0 + e` or y: see [`Poly::new`] and [`Doubles::new`]. Where a jet rounds
//! nothing and the polynomial cannot either, E is 0: y1 is y2, and the hardware breaks the tie.

use crate::lane::{Float, Spare, kept, leading};
use crate::real::dd::{Dd, FinePlain, Kit};
use crate::real::jet::{Jet, exponent, scale};
use crate::real::line::Line;
use crate::simd::Kernel;

/// A type whose values the lanes of tiles write.
pub trait Tiled: Float {
    /// Values a chunk.
    const CHUNK: usize;
    /// The steps of a chunk, counted from its first, in half-widths of a tile of half-width `2^m`.
    fn grid(m: u32) -> [Self; CHUNK_MAX];
    /// The quick lane over a chunk, `grid` being that of its tile; whether all are certain.
    fn quick<const N: usize, const FUSED: bool>(
        out: &mut [Self],
        first: f64,
        grid: &[Self; CHUNK_MAX],
        poly: &Poly<Self, N>,
    ) -> bool;
    /// The careful lane over a chunk; whether all are certain.
    fn careful<const N: usize, const FUSED: bool>(out: &mut [Self], first: f64, poly: &Poly<Self, N>) -> bool;
    /// Lists the places of the values that the careful lane leaves in doubt; `first` is where the first place lies.
    fn list_doubt<const N: usize, const FUSED: bool>(
        first: f64,
        poly: &Poly<Self, N>,
        places: std::ops::Range<usize>,
        doubt: &mut Vec<usize>,
    );
}

/// The largest chunk of all lanes.
const CHUNK_MAX: usize = 128;

/// A jet, prepared for a lane.
#[derive(Clone, Copy, Debug)]
pub struct Poly<T, const N: usize> {
    hi: T,
    /// `l0 - E`.
    quick_lo: T,
    /// `2 E`.
    quick_gap: T,
    /// `l0 - F`.
    lo: T,
    /// `2 F`.
    gap: T,
    /// The leading bits of `c1`.
    a: T,
    /// The rest of `c1`.
    b: T,
    /// The leading bits of `c2`.
    a2: T,
    /// The rest of `c2`.
    b2: T,
    c: [T; N],
    /// `1 / w`.
    step: T,
    /// Whether the quick lane is worth a try.
    try_quick: bool,
    /// Whether the bounds count on fused multiply-adds.
    fused: bool,
}

/// What a tile's polynomial is worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Worth {
    /// Few values will be left in doubt.
    Good,
    /// Too many will: take a narrower tile.
    TooWide,
    /// The values are beyond what lanes can hold: settle them one by one.
    Beyond,
}

/// If more than this share of the values would be in doubt, a lane is not worth its time.
const QUICK_DOUBT: f64 = 1.0 / 128.0;
const CAREFUL_DOUBT: f64 = 1.0 / 64.0;

impl<T: Tiled, const N: usize> Poly<T, N> {
    /// The jet's polynomial with its error bounds, for a tile of half-width `2^m`, of which the values take up `share`. It
    /// must have its degree below N.
    ///
    /// With u half an ulp of 1 in T, f 1 where multiply-adds are fused and 2 where not, v u where T is narrower than the
    /// jet's doubles and 0 where not, and sums of sizes (each an upper bound, as `|s| <= share <= 1`; below, ci and li stand for
    /// `ci share^i` and `li share^i`) `L = |l0|`, `S = |c1| + |c2| + ...`, `R = |c2| + |c3| + ...`:
    ///
    /// * a Horner step rounds its product and its sum, once together where they are fused: the coefficients from the
    ///   i-th on come to at most `|ci| + ...`, so that all steps together err by at most `f u (L + E + 2S + N R)`;
    /// * turning l0 and the coefficients into T's errs by `v (L + S)`, and leaving out l1 and l2 by `|l1| + |l2|`;
    /// * `l0 - E` and `e + 2E` round once each: `u (2L + S + 4E)`.
    ///
    /// In all `E >= err + |l1| + |l2| + u (f + 2) L + u (2f + 1) S + f u N R + v (L + S) + 6 u E`.
    ///
    /// For the careful lane, with `B = |b + l1|` (at most `2^(m+2) u |c1|`), `B2 = |b2 + l2|` (at most `2^(2m+2) u |c2|`),
    /// `R = B2 + |c3| + ...` and `Q = B + R` in place of S:
    ///
    /// * `s a` is exact, since a has no more than DIGITS - m - 1 bits; so is `s^2 a2`, a2 having DIGITS - 2m - 1; so are
    ///   both sums, as c0 is larger than `s a`, and `c0 + s a` than `s^2 a2`;
    /// * r and q are at most `P = u (|c0| + S)` each; `r + q`, `l0 - F` and their sum round by `u (4P + 2L + 2F)`;
    /// * the Horner steps, of which the last adds that sum, err by `f u (2P + L + F + 2Q + N R)`, the conversions by
    ///   `v (L + F + Q)`, b + l1 and b2 + l2 by `u Q`;
    /// * `e + 2F` rounds by `u (2P + L + Q + 3F)`.
    ///
    /// In all `F >= err + u (f + 3) L + u (2f + 2) Q + f u N R + v (L + Q) + 2u (f + 3) P + 8 u F`.
    #[inline(always)]
    pub fn new<const M: usize, K: Kit>(jet: &Jet<M, K>, m: u32, share: f64) -> (Self, Worth) {
        debug_assert!(jet.deg < N);
        let Some(jet) = jet.plain() else { return Poly::beyond() };
        let (mut late, mut power) = (0.0, 1.0);
        let mut c = [0.0; N];
        for i in 1..N {
            c[i] = jet.c[i];
            power *= share;
            late += if i > 2 { c[i].abs() * power } else { 0.0 };
        }
        let sizes = Sizes {
            least: jet.c[0].abs(),
            most: jet.c[0].abs(),
            err: jet.err,
            lows: [jet.l[1].abs() * share, jet.l[2].abs() * share],
            slope: jet.c[1].abs() * share,
            bend: if N > 2 { jet.c[2].abs() * share * share } else { 0.0 },
            late,
        };
        let gaps = Gaps::new::<T, K>(&sizes, N, m);
        let mut poly = Self::with_gaps(&gaps, Dd::<K>::new(jet.c[0], jet.l[0]), c, [jet.l[1], jet.l[2]], m);
        let whole = jet.l[0] == 0.0 && poly.hi.double() == jet.c[0];
        let exact = jet.err == 0.0 && whole && jet.l[1] == 0.0 && jet.deg <= 1;
        if exact && gaps.worth != Worth::Beyond && poly.a.double() == c[1] {
            // s c1 is exact, and c0 + s c1 is rounded by the hardware, ties and all.
            poly.quick_lo = T::default();
            poly.quick_gap = T::default();
            poly.lo = T::default();
            poly.gap = T::default();
            poly.try_quick = true;
            return (poly, Worth::Good);
        }
        (poly, gaps.worth)
    }

    /// The polynomial `c0 + s (c1 + ...)`, `lows` being the low parts of c1 and c2.
    #[inline(always)]
    fn with_gaps<K: Kit>(gaps: &Gaps, c0: Dd<K>, c: [f64; N], lows: [f64; 2], m: u32) -> Self {
        let hi = T::of(c0.hi);
        let l0 = (c0.hi - hi.double()) + c0.lo;
        let a = leading(c[1], kept::<T>(m));
        let c2 = if N > 2 { c[2] } else { 0.0 };
        let a2 = leading(c2, kept::<T>(2 * m));
        let mut poly = Poly {
            hi,
            quick_lo: T::of(l0 - gaps.quick),
            quick_gap: T::of(2.0 * gaps.quick * (1.0 + 2.0 * T::U)),
            lo: T::of(l0 - gaps.careful),
            gap: T::of(2.0 * gaps.careful * (1.0 + 2.0 * T::U)),
            a: T::of(a),
            b: T::of((c[1] - a) + lows[0]),
            a2: T::of(a2),
            b2: T::of((c2 - a2) + lows[1]),
            c: [T::default(); N],
            step: T::of(scale(1.0, -(m as i64))),
            try_quick: gaps.try_quick,
            fused: K::FUSED,
        };
        for i in 1..N {
            poly.c[i] = T::of(c[i]);
        }
        poly
    }

    /// No polynomial.
    pub fn beyond() -> (Self, Worth) {
        let gaps = Gaps { quick: 0.0, careful: 0.0, try_quick: false, worth: Worth::Beyond };
        (Self::with_gaps(&gaps, Dd::<FinePlain>::default(), [0.0; N], [0.0; 2], 0), Worth::Beyond)
    }
}

/// Bounds on a polynomial's parts.
struct Sizes {
    /// On `|c0|`, from below and from above.
    least: f64,
    most: f64,
    /// On the jet's error.
    err: f64,
    /// On `|l1|` and `|l2|`.
    lows: [f64; 2],
    /// On `|c1|`.
    slope: f64,
    /// On `|c2|`.
    bend: f64,
    /// On `|c3| + |c4| + ...`.
    late: f64,
}

/// E and F, and what they are worth.
struct Gaps {
    quick: f64,
    careful: f64,
    try_quick: bool,
    worth: Worth,
}

impl Gaps {
    /// For polynomials of `n` coefficients, in a lane of `T`: see [`Poly::new`].
    #[inline(always)]
    fn new<T: Tiled, K: Kit>(sizes: &Sizes, n: usize, m: u32) -> Gaps {
        let Sizes { least, most, err, lows, slope, bend, late } = *sizes;
        let mut gaps = Gaps { quick: 0.0, careful: 0.0, try_quick: false, worth: Worth::TooWide };
        let sum = slope + bend + late;
        if !(err < f64::INFINITY && sum <= 0.9 * least && least > 0.0) {
            return gaps;
        }
        if !(T::EXPONENTS.contains(&exponent(least)) && T::EXPONENTS.contains(&exponent(most))) {
            gaps.worth = Worth::Beyond;
            return gaps;
        }
        let u = T::U;
        let f = if K::FUSED { 1.0 } else { 2.0 };
        let v = if T::DIGITS < 53 { u } else { 0.0 };
        // l0: what c0 has below T's last place, and its own low part.
        let l0 = 1.01 * u * most;
        let rest_of = |c: f64, m: u32| c * scale(1.0, 1 - kept::<T>(m).max(1) as i64);
        let b = rest_of(slope, m) + lows[0];
        let b2 = rest_of(bend, 2 * m) + lows[1];
        let common = err + (u * (f + 2.0) + v) * l0 + T::TINY;
        let steps = f * u * n as f64;
        let all = lows[0] + lows[1] + (u * (2.0 * f + 1.0) + v) * sum + steps * (bend + late);
        gaps.quick = 1.0001 * (common + all);
        let ends = u * l0 + 2.0 * u * (f + 3.0) * u * (most + sum);
        let all = (u * (2.0 * f + 2.0) + v) * (b + b2 + late) + steps * (b2 + late) + ends;
        gaps.careful = 1.0001 * (common + all);
        // A value is in doubt where a midpoint lies within the gap: midpoints are 2u |value| apart or more.
        let spacing = u * (least - sum);
        gaps.try_quick = 2.0 * gaps.quick < QUICK_DOUBT * spacing;
        if 2.0 * gaps.careful < CAREFUL_DOUBT * spacing {
            gaps.worth = Worth::Good;
        }
        gaps
    }
}

/// Narrow tiles made together, so that a vector instruction serves several of them.
const BATCH: usize = 8;

/// The polynomials of neighbouring tiles, part by part.
struct Batch<T, const N: usize> {
    hi: [T; BATCH],
    quick_lo: [T; BATCH],
    lo: [T; BATCH],
    a: [T; BATCH],
    b: [T; BATCH],
    a2: [T; BATCH],
    b2: [T; BATCH],
    c: [[T; BATCH]; N],
}

impl<T: Tiled, const N: usize> Batch<T, N> {
    /// For tiles of half-width `2^sub`, the jet's being `2^m`: the first at `tau`, the others `apart` from one to the next.
    #[inline(always)]
    fn new<const M: usize, K: Kit>(jet: &Jet<M, K>, gaps: &Gaps, tau: f64, apart: f64, ratio: f64, sub: u32) -> Self {
        let zero = [T::default(); BATCH];
        let mut batch =
            Batch { hi: zero, quick_lo: zero, lo: zero, a: zero, b: zero, a2: zero, b2: zero, c: [zero; N] };
        for i in 0..BATCH {
            let (c0, low, c) = jet.narrowed::<N>(tau + i as f64 * apart, ratio);
            let poly = Poly::<T, N>::with_gaps(gaps, c0, c, [low, 0.0], sub);
            batch.hi[i] = poly.hi;
            batch.quick_lo[i] = poly.quick_lo;
            batch.lo[i] = poly.lo;
            batch.a[i] = poly.a;
            batch.b[i] = poly.b;
            batch.a2[i] = poly.a2;
            batch.b2[i] = poly.b2;
            for j in 1..N {
                batch.c[j][i] = poly.c[j];
            }
        }
        batch
    }

    /// The i-th; `like` gives what they have in common.
    #[inline(always)]
    fn get(&self, i: usize, like: &Poly<T, N>) -> Poly<T, N> {
        let mut c = [T::default(); N];
        for j in 1..N {
            c[j] = self.c[j][i];
        }
        Poly {
            hi: self.hi[i],
            quick_lo: self.quick_lo[i],
            lo: self.lo[i],
            a: self.a[i],
            b: self.b[i],
            a2: self.a2[i],
            b2: self.b2[i],
            c,
            ..*like
        }
    }
}

/// A wide jet's values, to be written by lanes over narrower tiles, the jet moved to the centre of each.
///
/// The jet is of order `M`, what the lanes take of it of order `N`.
pub struct WideRun<'a, T, const M: usize, const N: usize, K: Kit> {
    /// Where they go.
    pub out: &'a mut [T],
    /// The first one's distance from the jet's centre, in steps.
    pub first: f64,
    /// The jet.
    pub jet: &'a Jet<M, K>,
    /// Its half-width, as a power of two.
    pub m: u32,
    /// That of the narrower tiles.
    pub sub: u32,
    /// Skip the quick lane.
    pub careful: bool,
    /// Gets the places of the values in doubt.
    pub doubt: &'a mut Vec<usize>,
}

impl<T: Tiled, const M: usize, const N: usize, K: Kit> Kernel for WideRun<'_, T, M, N, K> {
    /// How many values the careful lane wrote; `None` where the jet is not good enough.
    type Out = Option<u64>;

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> Option<u64> {
        let jet = self.jet.plain()?;
        let ratio = scale(1.0, self.sub as i64 - self.m as i64);
        let bounds = jet.narrowing::<N>(ratio);
        let half = 1usize << self.sub;
        let unit = scale(1.0, -(self.m as i64));
        // How far the narrower tiles' centres may lie from the jet's: the last one's may be past the last value.
        let share = (-self.first).max(self.first + (self.out.len() + half) as f64) * unit;
        let spread = jet.size(1) * share.min(1.0);
        let c0 = jet.c[0].abs();
        let sizes = Sizes {
            least: c0 - spread,
            most: c0 + spread,
            err: bounds.err,
            lows: [f64::EPSILON * bounds.slope, 0.0],
            slope: bounds.slope,
            bend: bounds.bend,
            late: bounds.late,
        };
        let gaps = Gaps::new::<T, K>(&sizes, N, self.sub);
        if gaps.worth != Worth::Good || (K::FUSED && !FUSED) {
            return None;
        }
        let like = Poly::with_gaps(&gaps, Dd::<K>::default(), [0.0; N], [0.0; 2], self.sub);
        let quick = like.try_quick && !self.careful;
        let apart = 2.0 * half as f64 * unit;
        let grid = T::grid(self.sub);
        let mut slow = 0;
        for (group, out) in self.out.chunks_mut(BATCH * 2 * half).enumerate() {
            let start = group * BATCH * 2 * half;
            let tau = (self.first + (start + half) as f64) * unit;
            let batch = Batch::<T, N>::new(&jet, &gaps, tau, apart, ratio, self.sub);
            for (i, out) in out.chunks_mut(2 * half).enumerate() {
                let poly = batch.get(i, &like);
                let start = start + i * 2 * half;
                slow += write::<T, N, FUSED>(out, -(half as f64), &grid, &poly, quick, start, self.doubt);
            }
        }
        Some(slow)
    }
}

impl<const N: usize> Poly<f64, N> {
    /// Whether the quick lane will be certain of nearly all values.
    pub fn quick_is_likely(&self) -> bool {
        self.try_quick
    }

    /// What the quick lane uses: `c0`, `l0 - E`, `2E` and the coefficients.
    pub fn quick_parts(&self) -> (f64, f64, f64, [f64; N]) {
        (self.hi, self.quick_lo, self.quick_gap, self.c)
    }
}

/// A tile's worth of values, to be written by a lane.
pub struct Run<'a, T, const N: usize> {
    /// Where they go.
    pub out: &'a mut [T],
    /// The first one's distance from the centre, in steps.
    pub first: f64,
    /// The tile's half-width, as a power of two.
    pub m: u32,
    /// The polynomial.
    pub poly: &'a Poly<T, N>,
    /// Skip the quick lane.
    pub careful: bool,
    /// Gets the places of the values in doubt.
    pub doubt: &'a mut Vec<usize>,
}

impl<T: Tiled, const N: usize> Kernel for Run<'_, T, N> {
    /// How many values the careful lane wrote.
    type Out = u64;

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> u64 {
        let n = self.out.len();
        if self.poly.fused && !FUSED {
            // The level was changed under way, by a test: the bounds do not hold for this lane.
            self.doubt.extend(0..n);
            return 0;
        }
        let quick = self.poly.try_quick && !self.careful;
        write::<T, N, FUSED>(self.out, self.first, &T::grid(self.m), self.poly, quick, 0, self.doubt)
    }
}

/// A polynomial's values, chunk by chunk; `offset` is added to the places of those in doubt.
#[inline(always)]
fn write<T: Tiled, const N: usize, const FUSED: bool>(
    out: &mut [T],
    first: f64,
    grid: &[T; CHUNK_MAX],
    poly: &Poly<T, N>,
    quick: bool,
    offset: usize,
    doubt: &mut Vec<usize>,
) -> u64 {
    let n = out.len();
    let mut slow = 0;
    if n < T::CHUNK {
        let mut buffer = [T::default(); CHUNK_MAX];
        let chunk = &mut buffer[..T::CHUNK];
        if !(quick && T::quick::<N, FUSED>(chunk, first, grid, poly)) {
            slow += chunk_again::<T, N, FUSED>(chunk, first, poly, offset..offset + n, doubt);
        }
        out.copy_from_slice(&buffer[..n]);
        return slow;
    }
    let mut at = 0;
    loop {
        let chunk = &mut out[at..at + T::CHUNK];
        let here = first + at as f64;
        if !(quick && T::quick::<N, FUSED>(chunk, here, grid, poly)) {
            let places = offset + at..offset + at + T::CHUNK;
            slow += chunk_again::<T, N, FUSED>(chunk, here, poly, places, doubt);
        }
        if at + T::CHUNK == n {
            return slow;
        }
        // The last chunk overlaps the one before it.
        at = (at + T::CHUNK).min(n - T::CHUNK);
    }
}

/// The careful lane over one chunk, of whose values those at `places` count.
#[inline(always)]
fn chunk_again<T: Tiled, const N: usize, const FUSED: bool>(
    chunk: &mut [T],
    first: f64,
    poly: &Poly<T, N>,
    places: std::ops::Range<usize>,
    doubt: &mut Vec<usize>,
) -> u64 {
    let n = places.len() as u64;
    if !T::careful::<N, FUSED>(chunk, first, poly) {
        T::list_doubt::<N, FUSED>(first, poly, places, doubt);
    }
    n
}

/// A jet's polynomial in float64, whose values are rounded to float32.
pub struct Doubles<const N: usize> {
    c: [f64; N],
    /// `1 / w`.
    step: f64,
    spare: Spare,
}

impl<const N: usize> Doubles<N> {
    /// For a tile of half-width `2^m`, of which the values take up `share`; `None` where too many would be in doubt.
    ///
    /// With u half an ulp of 1 in float64 and `|c1| share + |c2| share^2 + ... < |c0|`, the N steps of Horner's rule and the
    /// low parts left out err by less than `u (4N + 8) |c0|` in all: `G = err + u (4N + 8) |c0|`.
    #[inline(always)]
    pub fn new<const M: usize, K: Kit>(jet: &Jet<M, K>, m: u32, share: f64) -> Option<Self> {
        debug_assert!(jet.deg < N);
        let jet = jet.plain()?;
        let mut c = [0.0; N];
        let (mut sum, mut power) = (0.0, 1.0);
        c[0] = jet.c[0];
        for i in 1..N {
            c[i] = jet.c[i];
            power *= share;
            sum += c[i].abs() * power;
        }
        let most = c[0].abs();
        let spare = Self::spare(jet.err, most, most - sum, c[0])?;
        c[0] += spare.up;
        Some(Doubles { c, step: scale(1.0, -(m as i64)), spare })
    }

    /// For a line over a tile of half-width `2^m`, of which the values take up `share`.
    #[inline(always)]
    pub fn of_line(line: Line, m: u32, share: f64) -> Option<Self> {
        let most = line.at.abs();
        let spare = Self::spare(line.err, most, most - line.rise.abs() * share, line.at)?;
        let mut c = [0.0; N];
        c[0] = line.at + spare.up;
        c[1] = line.rise;
        Some(Doubles { c, step: scale(1.0, -(m as i64)), spare })
    }

    /// For polynomials whose `|c0|` is at most `most`, and whose values are at least `least` in size and off by `err` before
    /// they are rounded.
    #[inline(always)]
    fn spare(err: f64, most: f64, least: f64, like: f64) -> Option<Spare> {
        let spare = Spare::new(err + f64::U * (4.0 * N as f64 + 8.0) * most, most, least, like);
        spare.filter(|_| least > 0.1 * most)
    }

    /// The value `i` steps after `from`, `from` being the distance from the centre in half-widths.
    #[inline(always)]
    fn at<const FUSED: bool>(&self, i: usize, from: f64) -> f64 {
        // A conversion from 32 bits is one instruction.
        let i = i as i32 as f64;
        if N == 2 {
            return madd::<f64, FUSED>(i, self.c[1] * self.step, madd::<f64, FUSED>(from, self.c[1], self.c[0]));
        }
        let s = madd::<f64, FUSED>(i, self.step, from);
        let mut y = self.c[N - 1];
        for j in (0..N - 1).rev() {
            y = madd::<f64, FUSED>(y, s, self.c[j]);
        }
        y
    }
}

/// A tile's worth of float32 values, to be written through float64.
pub struct Through<'a, const N: usize> {
    /// Where they go.
    pub out: &'a mut [f32],
    /// The first one's distance from the centre, in steps.
    pub first: f64,
    /// The polynomial.
    pub poly: &'a Doubles<N>,
    /// Gets the places of the values in doubt.
    pub doubt: &'a mut Vec<usize>,
}

impl<const N: usize> Through<'_, N> {
    /// Writes all values, of which the first one's place is `offset`.
    #[inline(always)]
    fn write_all<const FUSED: bool>(self, offset: usize) {
        const CHUNK: usize = 64;
        let Through { out, first, poly, doubt } = self;
        let n = out.len();
        if n < CHUNK {
            let mut buffer = [0.0; CHUNK];
            Self::write::<FUSED>(&mut buffer, first, poly, offset..offset + n, doubt);
            out.copy_from_slice(&buffer[..n]);
            return;
        }
        let whole = n & !(CHUNK - 1);
        Self::write::<FUSED>(&mut out[..whole], first, poly, offset..offset + whole, doubt);
        if whole < n {
            // The last chunk overlaps the one before it.
            let at = n - CHUNK;
            Self::write::<FUSED>(&mut out[at..], first + at as f64, poly, offset + at..offset + n, doubt);
        }
    }

    /// Fills `out`, a whole number of chunks, of whose values those at `places` count; `first` is where the first one lies.
    #[inline(always)]
    fn write<const FUSED: bool>(
        out: &mut [f32],
        first: f64,
        poly: &Doubles<N>,
        places: std::ops::Range<usize>,
        doubt: &mut Vec<usize>,
    ) {
        let from = first * poly.step;
        // One loop over all, and one look at what is in doubt: few values are.
        let mut least = i64::MAX;
        for (i, out) in out.iter_mut().enumerate() {
            let y = poly.at::<FUSED>(i, from);
            *out = y as f32;
            least = least.min(Spare::bits(y));
        }
        if poly.spare.is_near(least) {
            let is_near = |i: usize| poly.spare.is_near(Spare::bits(poly.at::<FUSED>(i, from)));
            doubt.extend(places.enumerate().filter(|&(i, _)| is_near(i)).map(|(_, place)| place));
        }
    }
}

impl<const N: usize> Kernel for Through<'_, N> {
    type Out = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        self.write_all::<FUSED>(0);
    }
}

/// A wide jet's float32 values, to be written through float64 over narrower tiles, the jet moved to the centre of each.
pub struct WideThrough<'a, const M: usize, const N: usize, K: Kit> {
    /// Where they go.
    pub out: &'a mut [f32],
    /// The first one's distance from the jet's centre, in steps.
    pub first: f64,
    /// The jet.
    pub jet: &'a Jet<M, K>,
    /// Its half-width, as a power of two.
    pub m: u32,
    /// That of the narrower tiles.
    pub sub: u32,
    /// Gets the places of the values in doubt.
    pub doubt: &'a mut Vec<usize>,
}

impl<const M: usize, const N: usize, K: Kit> Kernel for WideThrough<'_, M, N, K> {
    /// `None` where the jet is not good enough.
    type Out = Option<()>;

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> Option<()> {
        if K::FUSED && !FUSED {
            return None;
        }
        let jet = self.jet.plain()?;
        let (half, unit) = (1usize << self.sub, scale(1.0, -(self.m as i64)));
        let ratio = half as f64 * unit;
        let bounds = jet.narrowing::<N>(ratio);
        let (c0, spread) = (jet.c[0].abs(), jet.size(1));
        let least = c0 - spread - (bounds.slope + bounds.bend + bounds.late);
        let spare = Doubles::<N>::spare(bounds.err, c0 + spread, least, jet.c[0])?;
        let step = 1.0 / half as f64;
        for (i, out) in self.out.chunks_mut(2 * half).enumerate() {
            let start = 2 * half * i;
            let centre = self.first + (start + half) as f64;
            let (c0, _, mut c) = jet.narrowed::<N>(centre * unit, ratio);
            c[0] = c0.hi + spare.up;
            let (poly, first) = (Doubles { c, step, spare }, -(half as f64));
            Through { out, first, poly: &poly, doubt: self.doubt }.write_all::<FUSED>(start);
        }
        Some(())
    }
}

/// 0, 1, 2, ...: steps of a chunk.
trait Count<const CHUNK: usize>: Sized {
    const COUNT: [Self; CHUNK];
}

macro_rules! lane {
    ($T:ty, $Bits:ty, $CHUNK:literal) => {
        impl Count<$CHUNK> for $T {
            const COUNT: [$T; $CHUNK] = {
                let mut count = [0 as $T; $CHUNK];
                let mut i = 0;
                while i < $CHUNK {
                    count[i] = i as $T;
                    i += 1;
                }
                count
            };
        }

        impl Tiled for $T {
            const CHUNK: usize = $CHUNK;

            #[inline(always)]
            fn grid(m: u32) -> [$T; CHUNK_MAX] {
                let step = scale(1.0, -(m as i64)) as $T;
                let mut grid = [0.0; CHUNK_MAX];
                for i in 0..$CHUNK {
                    grid[i] = Self::COUNT[i] * step;
                }
                grid
            }

            #[inline(always)]
            fn quick<const N: usize, const FUSED: bool>(
                out: &mut [$T],
                first: f64,
                grid: &[$T; CHUNK_MAX],
                p: &Poly<$T, N>,
            ) -> bool {
                let out: &mut [$T; $CHUNK] = out.try_into().expect("a chunk");
                let from = first as $T * p.step;
                let mut bad: $Bits = 0;
                for i in 0..$CHUNK {
                    // Not COUNT[i] * step + from, as exact: multipliers are what the lane waits for.
                    let s = grid[i] + from;
                    let mut e = p.c[N - 1];
                    for j in (1..N - 1).rev() {
                        e = madd::<$T, FUSED>(e, s, p.c[j]);
                    }
                    let e = madd::<$T, FUSED>(e, s, p.quick_lo);
                    let y = p.hi + e;
                    let z = p.hi + (e + p.quick_gap);
                    out[i] = y;
                    bad |= y.to_bits() ^ z.to_bits();
                }
                bad == 0
            }

            #[inline(always)]
            fn careful<const N: usize, const FUSED: bool>(out: &mut [$T], first: f64, p: &Poly<$T, N>) -> bool {
                let out: &mut [$T; $CHUNK] = out.try_into().expect("a chunk");
                let from = first as $T * p.step;
                let mut bad: $Bits = 0;
                for i in 0..$CHUNK {
                    let (y, z) = p.bracket::<FUSED>(madd::<$T, FUSED>(Self::COUNT[i], p.step, from));
                    out[i] = y;
                    bad |= y.to_bits() ^ z.to_bits();
                }
                bad == 0
            }

            #[inline(always)]
            fn list_doubt<const N: usize, const FUSED: bool>(
                first: f64,
                p: &Poly<$T, N>,
                places: std::ops::Range<usize>,
                doubt: &mut Vec<usize>,
            ) {
                let from = first as $T * p.step;
                let mut differs = [false; $CHUNK];
                for i in 0..$CHUNK {
                    let (y, z) = p.bracket::<FUSED>(madd::<$T, FUSED>(Self::COUNT[i], p.step, from));
                    differs[i] = y.to_bits() != z.to_bits();
                }
                let differing = places.zip(differs).filter(|(_, differs)| *differs);
                doubt.extend(differing.map(|(place, _)| place));
            }
        }

        impl<const N: usize> Poly<$T, N> {
            /// The careful lane's two roundings at `s`.
            #[inline(always)]
            fn bracket<const FUSED: bool>(&self, s: $T) -> ($T, $T) {
                // |c0| >= 2 |s a|, and so on: two_sum the short way. The products are exact.
                let mut h = madd::<$T, FUSED>(s, self.a, self.hi);
                let mut e = madd::<$T, FUSED>(s, self.a, self.hi - h);
                let mut q = self.b;
                if N > 2 {
                    let h2 = madd::<$T, FUSED>(s * s, self.a2, h);
                    e += madd::<$T, FUSED>(s * s, self.a2, h - h2);
                    h = h2;
                    q = self.b2;
                    if N > 3 {
                        q = self.c[N - 1];
                        for j in (3..N - 1).rev() {
                            q = madd::<$T, FUSED>(q, s, self.c[j]);
                        }
                        q = madd::<$T, FUSED>(q, s, self.b2);
                    }
                    q = madd::<$T, FUSED>(q, s, self.b);
                }
                e = madd::<$T, FUSED>(q, s, e + self.lo);
                (h + e, h + (e + self.gap))
            }
        }
    };
}

/// `a b + c`, in one rounding or two.
#[inline(always)]
fn madd<T: Madd, const FUSED: bool>(a: T, b: T, c: T) -> T {
    if FUSED { a.fused(b, c) } else { a.plain(b, c) }
}

trait Madd: Copy {
    fn fused(self, b: Self, c: Self) -> Self;
    fn plain(self, b: Self, c: Self) -> Self;
}

macro_rules! madd {
    ($T:ty) => {
        impl Madd for $T {
            #[inline(always)]
            fn fused(self, b: $T, c: $T) -> $T {
                self.mul_add(b, c)
            }
            #[inline(always)]
            fn plain(self, b: $T, c: $T) -> $T {
                self * b + c
            }
        }
    };
}

madd!(f64);
madd!(f32);

lane!(f64, u64, 64);
lane!(f32, u32, 128);
