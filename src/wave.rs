//! The lanes of waves: runs of steps over which a curve is a constant plus one cosine, by tables.
//!
//! All tiles of one width share tables of `U = cos(x) - 1`, `W = sin(x) - x` and `sin(x)`, where `x = d j`, d is the angle a step
//! and j goes from -H to H. With `s = j / H`, and P and Q the wave's bend and slope at the tile's centre:
//!
//! ```text
//! y = c0 + P U + Q sin(x) = c0 + c1 s + P U + Q W           c1 = Q d H
//!
//! float64:  c1 = a + b, where s a is exact
//!           (h, r) = two_sum(c0, s a)                       exact
//!           e  = r + ((l0 - E) + P U + Q W + s b)
//!           y1 = h + e,  y2 = h + (e + 2E)                  same bits: certain
//! float32:  y  = (c0 + G) + P U + Q sin(x), in float64      no middle of two float32 from y - 2G to y: certain
//! ```
//!
//! c0, P and Q are those of one wave, turned to the tile's centre in double-double. What jets and lanes cost grows as a
//! cosine becomes shorter, since its series reaches less far; these lanes write a short one as fast as a long one.
//!
//! Only machines with fused multiply-adds use them.

use crate::lane::{Float, Spare, kept, leading};
use crate::memory::{push, reserved};
use crate::real::dd::{Dd, fast_two_sum, power_of_two, two_prod, two_sum};
use crate::real::functions::half_turn;
use crate::real::jet::{U, exponent, scale};
use crate::real::wave::{Angle, Parts, WaveKit};
use crate::round;
use crate::simd::{self, Kernel};

/// Values that float64's lane writes before it looks at what is in doubt.
const CHUNK: usize = 64;
/// The half-widths of tiles, as powers of two.
const NARROWEST: u32 = 5;
const WIDEST: u32 = 8;
/// Steps of the widest tile.
const STEPS: usize = 2 << WIDEST;
/// How many tiles one wave is turned to.
const TURNS: usize = 64;
/// Tiles made together, so that a vector instruction serves several of them.
const BATCH: usize = 8;
/// The widest angle from the centre of a tile to its end: the tables' series are made for it.
const MOST: f64 = 1.0 / 16.0;
/// The share of values in doubt that a width is chosen for, and the one at which lanes give up.
const LIKED: f64 = 1.0 / 1024.0;
const DOUBT: f64 = 1.0 / 256.0;
/// A bound on the error of each turn.
const TURN_ERR: f64 = power_of_two(-92);

/// A number for each step of a tile.
#[repr(align(64))]
struct Row([f64; STEPS]);

impl Row {
    /// The numbers of a chunk, from the `at`-th on.
    #[inline(always)]
    fn chunk(&self, at: usize) -> &[f64; CHUNK] {
        self.0[at..at + CHUNK].try_into().expect("a chunk")
    }
}

/// What all tiles of one width share, of waves of one angle a step.
pub struct Table {
    angle: Angle,
    m: u32,
    /// `d H`.
    span: Dd<WaveKit>,
    s: Row,
    /// U, and what a double of it lacks.
    fall: Row,
    fall_lo: Row,
    /// W.
    late: Row,
    /// sin(x), and what a double of it lacks.
    sine: Row,
    sine_lo: Row,
    /// The turns from the wave's first step to the tiles' centres: the cosines, what they lack, the sines, and what these lack.
    turns: [[f64; TURNS]; 4],
}

impl Table {
    const NONE: Table = Table {
        angle: Angle { num: 0, den: 1 },
        m: 0,
        span: Dd::ZERO,
        s: Row([0.0; STEPS]),
        fall: Row([0.0; STEPS]),
        fall_lo: Row([0.0; STEPS]),
        late: Row([0.0; STEPS]),
        sine: Row([0.0; STEPS]),
        sine_lo: Row([0.0; STEPS]),
        turns: [[0.0; TURNS]; 4],
    };

    /// How many steps one wave is good for.
    #[inline(always)]
    pub fn steps(&self) -> usize {
        TURNS * (2 << self.m)
    }
}

/// The table of a fill: none yet, or the one that was used last.
#[derive(Default)]
pub struct Tables(Vec<Table>);

impl Tables {
    /// The table for tiles of half-width `2^m`.
    #[inline(always)]
    pub fn get(&mut self, angle: Angle, m: u32) -> Option<&Table> {
        if self.0.first().is_none_or(|table| table.angle != angle || table.m != m) {
            self.set(angle, m)?;
        }
        self.0.first()
    }

    #[cold]
    #[inline(never)]
    fn set(&mut self, angle: Angle, m: u32) -> Option<()> {
        if self.0.is_empty() {
            self.0 = reserved(1).ok()?;
            push(&mut self.0, Table::NONE).ok()?;
        }
        let done = simd::widest(Set { table: &mut self.0[0], angle, m });
        if done.is_none() {
            self.0.clear();
        }
        done
    }
}

/// `d 2^m`, within 12 u^2 of itself.
#[inline(always)]
fn span(angle: Angle, m: u32) -> Dd<WaveKit> {
    let pi = Dd::new(std::f64::consts::PI, 1.2246467991473532e-16);
    pi * (angle.num as f64 * (1u64 << m) as f64) / angle.den as f64
}

/// Sets a table; `None` where a turn is too wide or there are no fused multiply-adds.
struct Set<'a> {
    table: &'a mut Table,
    angle: Angle,
    m: u32,
}

impl Kernel for Set<'_> {
    type Out = Option<()>;

    /// With `z = x^2`, `U = -z / 2 + z^2 / 24 - ...` and `W = x (-z / 6 + z^2 / 120 - ...)`. With z at most 2^-8:
    ///
    /// * x is within 14 u^2 of itself, z within 32 u^2;
    /// * the rest of U after `-z / 2` is 2^-11 of it and within 6 u of itself; the next term of its series is 2^-67 of U. So U is
    ///   within 2^-60 of itself with its low part, and within 1.02 u without;
    /// * W is within 8 u of itself, its next term 2^-69 of it. So sin(x) is within `9 u |W| + 16 u^2 |x|`.
    #[inline(always)]
    fn run<const FUSED: bool>(self) -> Option<()> {
        let Set { table, angle, m } = self;
        let half = 1u64 << m;
        let num = angle.num.unsigned_abs().checked_mul(half)?;
        if !FUSED || num > angle.den / 4 {
            return None;
        }
        (table.angle, table.m, table.span) = (angle, m, span(angle, m));
        let (unit, d) = (scale(1.0, -(m as i64)), table.span);
        for j in 0..2 << m {
            // A conversion from 32 bits is one instruction.
            let s = (j as i32 - half as i32) as f64 * unit;
            let (x, e) = two_prod::<WaveKit>(d.hi, s);
            let x_lo = d.lo.mul_add(s, e);
            let (z, e) = two_prod::<WaveKit>(x, x);
            let z_lo = (x + x).mul_add(x_lo, e);
            let even =
                (1.0 / 3_628_800.0f64).mul_add(-z, 1.0 / 40_320.0).mul_add(-z, 1.0 / 720.0).mul_add(-z, 1.0 / 24.0);
            let odd = (1.0 / 39_916_800.0f64)
                .mul_add(z, -1.0 / 362_880.0)
                .mul_add(z, 1.0 / 5_040.0)
                .mul_add(z, -1.0 / 120.0)
                .mul_add(z, 1.0 / 6.0);
            let late = -(x * z * odd);
            table.s.0[j] = s;
            table.late.0[j] = late;
            (table.fall.0[j], table.fall_lo.0[j]) = fast_two_sum(-0.5 * z, z_lo.mul_add(-0.5, z * z * even));
            (table.sine.0[j], table.sine_lo.0[j]) = fast_two_sum(x, x_lo + late);
        }
        // The first turn goes half a tile far, the others a tile further each. One of n tiles is the product of one of n/2 and
        // another: the errors of both, each at most 104 u^2 for cosine and sine, and 12 u^2.
        let first = half_turn::<WaveKit>(num, angle.den);
        let sign = angle.num.signum() as f64;
        let mut by = (first.cos, first.sin * sign);
        let mut turns = [(Dd::ZERO, Dd::ZERO); TURNS];
        turns[0] = by;
        let mut known = 1;
        by = turned(by, by);
        while known < TURNS {
            let (old, new) = turns.split_at_mut(known);
            new.iter_mut().zip(old).for_each(|(new, old)| *new = turned(*old, by));
            by = turned(by, by);
            known *= 2;
        }
        for (i, (cos, sin)) in turns.into_iter().enumerate() {
            for (row, x) in table.turns.iter_mut().zip([cos.hi, cos.lo, sin.hi, sin.lo]) {
                row[i] = x;
            }
        }
        Some(())
    }
}

/// The cosine and sine of the sum of two angles.
#[inline(always)]
fn turned(a: (Dd<WaveKit>, Dd<WaveKit>), b: (Dd<WaveKit>, Dd<WaveKit>)) -> (Dd<WaveKit>, Dd<WaveKit>) {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

/// `a b + c d`, within 16 u^2 of `|a b| + |c d|`.
#[inline(always)]
fn dot(a: Dd<WaveKit>, b: Dd<WaveKit>, c: Dd<WaveKit>, d: Dd<WaveKit>) -> Dd<WaveKit> {
    let (p, p_lo) = two_prod::<WaveKit>(a.hi, b.hi);
    let (q, q_lo) = two_prod::<WaveKit>(c.hi, d.hi);
    let (sum, rest) = two_sum(p, q);
    let cross = a.hi.mul_add(b.lo, a.lo.mul_add(b.hi, c.hi.mul_add(d.lo, c.lo * d.hi)));
    Dd::fast_sum(sum, (rest + (p_lo + q_lo)) + cross)
}

/// A wave at the centre of a tile.
#[derive(Clone, Copy)]
struct Centre {
    /// `c0 + l0`.
    top: Dd<WaveKit>,
    /// P and Q.
    bend: Dd<WaveKit>,
    slope: Dd<WaveKit>,
}

impl Centre {
    /// At the i-th tile's.
    #[inline(always)]
    fn new(parts: &Parts, base: Dd<WaveKit>, table: &Table, i: usize) -> Centre {
        let [cos, cos_lo, sin, sin_lo] = &table.turns;
        let (cos, sin) = (Dd::new(cos[i], cos_lo[i]), Dd::new(sin[i], sin_lo[i]));
        let bend = dot(parts.bend, cos, parts.slope, sin);
        let slope = dot(parts.slope, cos, -parts.bend, sin);
        let (top, rest) = two_sum(base.hi, bend.hi);
        Centre { top: Dd::fast_sum(top, rest + (base.lo + bend.lo)), bend, slope }
    }

    /// The value at the `j`-th step of its tile.
    #[inline(always)]
    fn value(&self, table: &Table, j: usize) -> Dd<WaveKit> {
        let fall = Dd::new(table.fall.0[j], table.fall_lo.0[j]);
        let sine = Dd::new(table.sine.0[j], table.sine_lo.0[j]);
        self.top + dot(self.bend, fall, self.slope, sine)
    }
}

/// Bounds on all tiles of a wave.
#[derive(Clone, Copy)]
pub struct Bounds {
    /// On `|P|` and `|Q|`, and on `|c0|`.
    size: f64,
    most: f64,
    /// On the error of c0 and of what P, Q and c1 add to it.
    err: f64,
    /// On `|x|`, `|U|` and `|W|`.
    angle: f64,
    fall: f64,
    late: f64,
    m: u32,
}

impl Bounds {
    /// For tiles of half-width `2^m`; `None` where they are too wide for the tables.
    #[inline(always)]
    fn new(parts: &Parts, m: u32) -> Option<Bounds> {
        let angle = 1.0001 * span(parts.angle, m).hi.abs();
        let size = 1.0001 * (parts.bend.hi.abs() + parts.slope.hi.abs());
        let most = parts.at.hi.abs() + 2.0 * size;
        // The base, the turns, their products and sums; all once more for P, Q and c1 times the small U, W and s.
        let err = 2.0 * (parts.err + 2.0 * TURN_ERR * size + 64.0 * U * U * most);
        let fall = 0.5 * angle * angle;
        (angle <= MOST).then_some(Bounds { size, most, err, angle, fall, late: fall * angle / 2.9, m })
    }

    /// A bound on what a tile's values differ from its centre's by.
    #[inline(always)]
    fn spread(&self) -> f64 {
        self.size * (self.angle + self.fall + self.late)
    }

    /// A bound on the error of [`Centre::value`]: U's, the sine's, and that of the products and sums.
    #[inline(always)]
    fn again(&self) -> f64 {
        let Bounds { size, most, err, angle, fall, late, .. } = *self;
        err + size * (power_of_two(-60) * fall + 9.0 * U * late + 64.0 * U * U * angle) + 64.0 * U * U * most
    }
}

/// What the lanes take of a wave at the centre of a tile.
#[derive(Clone, Copy)]
pub struct Tile<M> {
    hi: f64,
    /// `l0 - E`, or `l0 + G`.
    lo: f64,
    /// The leading bits of c1, and the rest.
    a: f64,
    b: f64,
    /// P and Q.
    p: f64,
    q: f64,
    margin: M,
}

impl<M> Tile<M> {
    #[inline(always)]
    fn new(centre: &Centre, table: &Table, e: f64, margin: M) -> Self {
        let Centre { top, bend, slope } = *centre;
        let c1 = slope * table.span;
        let a = leading(c1.hi, kept::<f64>(table.m));
        Tile { hi: top.hi, lo: top.lo - e, a, b: (c1.hi - a) + c1.lo, p: bend.hi, q: slope.hi, margin }
    }
}

/// How values of a type are written along a wave.
pub trait Along: Float {
    /// What tells whether a value is in doubt.
    type Margin: Copy;
    /// Values that are written before the lane looks at what is in doubt.
    const AT_ONCE: usize;
    /// The margin, and E or -G, for tiles whose c0 have the sign of `like` and are at least `least` in size; `None` where more than
    /// `share` of the values would be in doubt.
    fn margin(bounds: &Bounds, least: f64, like: f64, share: f64) -> Option<(Self::Margin, f64)>;
    /// Writes a chunk, from the `at`-th step of the tile on; whether all values are certain.
    fn write(out: &mut [Self], tile: &Tile<Self::Margin>, table: &Table, at: usize) -> bool;
    /// Lists those of the first n values of such a chunk that are in doubt, `place` being that of the first.
    fn list(n: usize, tile: &Tile<Self::Margin>, table: &Table, at: usize, place: usize, doubt: &mut Vec<usize>);
}

impl Tile<f64> {
    /// The two roundings of a value; the margin is 2E.
    #[inline(always)]
    fn bracket(&self, s: f64, fall: f64, late: f64) -> (f64, f64) {
        let h = s.mul_add(self.a, self.hi);
        let r = s.mul_add(self.a, self.hi - h);
        let rest = s.mul_add(self.b, late.mul_add(self.q, fall.mul_add(self.p, self.lo)));
        let e = r + rest;
        (h + e, h + (e + self.margin))
    }

    /// Writes a chunk; whether all values are certain.
    #[inline(always)]
    fn write(&self, out: &mut [f64; CHUNK], table: &Table, at: usize) -> bool {
        let (s, fall, late) = (table.s.chunk(at), table.fall.chunk(at), table.late.chunk(at));
        let mut bad = 0;
        for i in 0..CHUNK {
            let (y, z) = self.bracket(s[i], fall[i], late[i]);
            out[i] = y;
            bad |= y.to_bits() ^ z.to_bits();
        }
        bad == 0
    }
}

impl Along for f64 {
    /// 2E.
    type Margin = f64;
    const AT_ONCE: usize = CHUNK;

    /// With `G = |P U| + |Q W| + |b|` and u half an ulp of 1: five sums round by `5u (G + |l0| + E) + 2u |r|`, l0 - E and b
    /// by `u (|l0| + E + |b|)`, P and Q and the tables by `u (2.1 |P U| + 10 |Q W|)`; l0 and r are at most `u most` and `1.9 u most`.
    #[inline(always)]
    fn margin(bounds: &Bounds, least: f64, _: f64, share: f64) -> Option<(f64, f64)> {
        let Bounds { size, most, err, angle, fall, late, m } = *bounds;
        let b = size * angle * (scale(1.0, 1 - kept::<f64>(m) as i64) + 8.0 * U);
        let rounded = size * (2.1 * fall + 10.0 * late) + 6.0 * (size * (fall + late) + b) + 11.0 * U * most;
        let e = 1.001 * (err + f64::TINY + U * rounded);
        let spread = bounds.spread();
        let fits = spread <= 0.9 * least
            && f64::EXPONENTS.contains(&exponent(least))
            && f64::EXPONENTS.contains(&exponent(most))
            && 2.0 * e <= share * U * (least - spread);
        fits.then_some((2.0 * e * (1.0 + 2.0 * U), e))
    }

    #[inline(always)]
    fn write(out: &mut [f64], tile: &Tile<f64>, table: &Table, at: usize) -> bool {
        let n = out.len();
        if let Ok(out) = <&mut [f64; CHUNK]>::try_from(&mut *out) {
            return tile.write(out, table, at);
        }
        let mut buffer = [0.0; CHUNK];
        let certain = tile.write(&mut buffer, table, at);
        out.copy_from_slice(&buffer[..n]);
        certain
    }

    #[inline(always)]
    fn list(n: usize, tile: &Tile<f64>, table: &Table, at: usize, place: usize, doubt: &mut Vec<usize>) {
        let (s, fall, late) = (table.s.chunk(at), table.fall.chunk(at), table.late.chunk(at));
        let mut differs = [false; CHUNK];
        for i in 0..CHUNK {
            let (y, z) = tile.bracket(s[i], fall[i], late[i]);
            differs[i] = y.to_bits() != z.to_bits();
        }
        doubt.extend((0..n).filter(|i| differs[*i]).map(|i| place + i));
    }
}

impl Tile<Spare> {
    /// A value, G further from 0, before it is rounded to float32.
    #[inline(always)]
    fn value(&self, fall: f64, sine: f64) -> f64 {
        fall.mul_add(self.p, sine.mul_add(self.q, self.hi + self.lo))
    }
}

impl Along for f32 {
    type Margin = Spare;
    /// A tile at once: few values are in doubt.
    const AT_ONCE: usize = STEPS;

    /// Three sums round by `6 u most`, P, Q and the tables by u each.
    #[inline(always)]
    fn margin(bounds: &Bounds, least: f64, like: f64, _: f64) -> Option<(Spare, f64)> {
        let spread = bounds.spread();
        let fits = spread <= 0.9 * least;
        let err = bounds.err + U * (8.0 * bounds.most + 4.0 * spread);
        fits.then(|| Spare::new(err, bounds.most, least - spread, like)).flatten().map(|margin| (margin, -margin.up))
    }

    #[inline(always)]
    fn write(out: &mut [f32], tile: &Tile<Spare>, table: &Table, at: usize) -> bool {
        let n = out.len();
        let (fall, sine) = (&table.fall.0[at..at + n], &table.sine.0[at..at + n]);
        let mut least = i64::MAX;
        for i in 0..n {
            let y = tile.value(fall[i], sine[i]);
            out[i] = y as f32;
            least = least.min(Spare::bits(y));
        }
        !tile.margin.is_near(least)
    }

    #[inline(always)]
    fn list(n: usize, tile: &Tile<Spare>, table: &Table, at: usize, place: usize, doubt: &mut Vec<usize>) {
        let value = |i: usize| tile.value(table.fall.0[at + i], table.sine.0[at + i]);
        doubt.extend((0..n).filter(|i| tile.margin.is_near(Spare::bits(value(*i)))).map(|i| place + i));
    }
}

/// The half-width of tiles, as a power of two, that suits a wave's first values; `None` where none does.
#[inline(always)]
pub fn width<T: Along>(parts: &Parts) -> Option<u32> {
    let at = parts.at.hi;
    (NARROWEST..=WIDEST)
        .rev()
        .find(|m| Bounds::new(parts, *m).is_some_and(|bounds| T::margin(&bounds, at.abs(), at, LIKED).is_some()))
}

/// A wave's values, to be written from its centre on.
pub struct WaveRun<'a, T> {
    /// Where they go: at most as many as the table has steps.
    pub out: &'a mut [T],
    /// The wave.
    pub parts: &'a Parts,
    /// The table for its angle.
    pub table: &'a Table,
    /// Empty; gets the places of the values in doubt.
    pub doubt: &'a mut Vec<usize>,
}

impl<T: Along> Kernel for WaveRun<'_, T> {
    /// How many of the first values it wrote: it stops where too many would be in doubt.
    type Out = usize;

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> usize {
        let WaveRun { out, parts, table, doubt } = self;
        let Some(bounds) = Bounds::new(parts, table.m).filter(|_| FUSED) else { return 0 };
        let (steps, base) = (2 << table.m, parts.at - parts.bend);
        let mut written = 0;
        for (group, block) in out.chunks_mut(BATCH * steps).enumerate() {
            let mut centres = [Centre { top: Dd::ZERO, bend: Dd::ZERO, slope: Dd::ZERO }; BATCH];
            for i in 0..BATCH {
                centres[i] = Centre::new(parts, base, table, group * BATCH + i);
            }
            let (used, first) = (&centres[..block.len().div_ceil(steps)], centres[0].top.hi);
            let sizes = used.iter().map(|centre| centre.top.hi * 1f64.copysign(first));
            let Some((margin, e)) = T::margin(&bounds, sizes.fold(f64::INFINITY, f64::min), first, DOUBT) else {
                break;
            };
            for (i, out) in block.chunks_mut(steps).enumerate() {
                let tile = Tile::new(&centres[i], table, e, margin);
                write_tile(out, &tile, table, written, doubt);
                written += out.len();
            }
        }
        settle(out, parts, base, table, bounds.again(), doubt);
        written
    }
}

/// Writes a tile, the place of whose first value is `start`.
#[inline(always)]
fn write_tile<T: Along>(out: &mut [T], tile: &Tile<T::Margin>, table: &Table, start: usize, doubt: &mut Vec<usize>) {
    for (i, out) in out.chunks_mut(T::AT_ONCE).enumerate() {
        let at = i * T::AT_ONCE;
        if !T::write(out, tile, table, at) {
            T::list(out.len(), tile, table, at, start + at, doubt);
        }
    }
}

/// Tries the values that a lane left in doubt again, in double-double, to within `err`. Removes the places of those that it settles.
#[inline(always)]
fn settle<T: Along>(out: &mut [T], parts: &Parts, base: Dd<WaveKit>, table: &Table, err: f64, doubt: &mut Vec<usize>) {
    let steps = 2 << table.m;
    let mut left = 0;
    for i in 0..doubt.len() {
        let place = doubt[i];
        let y = Centre::new(parts, base, table, place / steps).value(table, place % steps);
        match round::of_jet(y.hi, y.lo, err, 0) {
            Some(value) => out[place] = value,
            None => {
                doubt[left] = place;
                left += 1;
            }
        }
    }
    doubt.truncate(left);
}

#[cfg(test)]
mod tests {
    //! Tries to break the bounds of tables, of turns and of what the lanes round, against big floats.

    use super::*;
    use crate::declare::Value::{Count, Real};
    use crate::lower::lower;
    use crate::plan::PlanNode;
    use crate::real::big::Big;
    use crate::real::wave::Wave;
    use crate::real::{Number, Point, Ratio};
    use crate::spec::{Spec, leaf_kind};

    const BITS: usize = 384;

    fn big(x: f64) -> Big {
        Big::real(x, BITS)
    }

    fn exact(x: Dd<WaveKit>) -> Big {
        big(x.hi) + big(x.lo)
    }

    fn off(got: Big, truth: &Big) -> f64 {
        (got - truth.clone()).settle::<f64>().abs()
    }

    /// The cosine and sine of `pi num / den`.
    fn turn(num: i64, den: u64) -> (Big, Big) {
        let cosine = |at: u64, den: u64| {
            let (fall, rise) = Big::raised_cosine(Ratio { at, slope: 0, den }, BITS);
            fall - rise
        };
        let part = num.rem_euclid(2 * den as i64) as u64;
        let (at, is_past) = (part.min(2 * den - part), part > den);
        let sine = cosine(den.abs_diff(2 * at), 2 * den);
        (cosine(at, den), if is_past { -sine } else { sine })
    }

    fn cosine(start: f64, end: f64, steps: u64) -> PlanNode {
        let arguments = vec![Real(start), Real(end), Count(steps)];
        lower(&Spec::leaf(leaf_kind("cosine").unwrap(), arguments).unwrap()).root
    }

    fn wave(node: &PlanNode, k: u64, stride: u64) -> Parts {
        node.value::<Wave>(Point { k, stride, cx: () }).parts().unwrap()
    }

    #[test]
    fn tables_and_turns_are_within_their_bounds() {
        if !simd::has_fused() {
            return;
        }
        let mut worst = [0.0f64; 5];
        for (num, den) in [(1, 2_000), (-3, 10_007), (1, 40_000), (7, 1 << 40), (-1, (1 << 52) - 1)] {
            for m in NARROWEST..=WIDEST {
                let angle = Angle { num, den };
                let x = span(angle, m).hi.abs();
                if x > MOST {
                    continue;
                }
                let mut tables = Tables::default();
                let table = tables.get(angle, m).unwrap();
                let half = 1i64 << m;
                for j in (0..2 * half).filter(|j| *j < 9 || *j % 5 == 0) {
                    let (cos, sin) = turn(num * (j - half), den);
                    let (j, fall) = (j as usize, cos - big(1.0));
                    let x = span(angle, 0) * (j as f64 - half as f64);
                    let late = sin.clone() - exact(x);
                    let size = fall.settle::<f64>().abs();
                    let shares = [
                        off(big(table.fall.0[j]), &fall) / (1.02 * U * size),
                        off(exact(Dd::new(table.fall.0[j], table.fall_lo.0[j])), &fall) / (power_of_two(-60) * size),
                        off(big(table.late.0[j]), &late)
                            / (8.0 * U * late.settle::<f64>().abs() + 16.0 * U * U * x.hi.abs()),
                        off(exact(Dd::new(table.sine.0[j], table.sine_lo.0[j])), &sin)
                            / (9.0 * U * late.settle::<f64>().abs() + 32.0 * U * U * x.hi.abs()),
                    ];
                    for (worst, share) in worst.iter_mut().zip(shares) {
                        *worst = worst.max(if x.hi == 0.0 { 0.0 } else { share });
                    }
                }
                for i in 0..TURNS {
                    let (cos, sin) = turn(num * half * (2 * i as i64 + 1), den);
                    let [c, c_lo, s, s_lo] = table.turns.map(|row| row[i]);
                    let error = off(exact(Dd::new(c, c_lo)), &cos).hypot(off(exact(Dd::new(s, s_lo)), &sin));
                    worst[4] = worst[4].max(error / TURN_ERR);
                }
            }
        }
        assert!(worst.iter().all(|share| (1e-6..=1.0).contains(share)), "{worst:?}");
    }

    /// What the lane of T takes of each tile, held against the truth.
    struct Ask<'a, T> {
        node: &'a PlanNode,
        k: u64,
        stride: u64,
        parts: &'a Parts,
        table: &'a Table,
        steps: &'a [usize],
        like: std::marker::PhantomData<T>,
    }

    impl<T: Along> Ask<'_, T> {
        /// For each step: the truth, the centre of its tile, its place there, and the tile.
        #[inline(always)]
        fn each(&self, mut see: impl FnMut(Big, &Centre, usize, &Tile<T::Margin>, f64)) {
            let bounds = Bounds::new(self.parts, self.table.m).unwrap();
            let base = self.parts.at - self.parts.bend;
            for &place in self.steps {
                let (i, j) = (place / (2 << self.table.m), place % (2 << self.table.m));
                let centre = Centre::new(self.parts, base, self.table, i);
                let top = centre.top.hi;
                if let Some((margin, e)) = T::margin(&bounds, top.abs(), top, DOUBT) {
                    let k = self.k + place as u64 * self.stride;
                    let truth = self.node.value(Point { k, stride: 0, cx: BITS });
                    see(truth, &centre, j, &Tile::new(&centre, self.table, e, margin), e);
                }
            }
        }
    }

    impl Kernel for Ask<'_, f64> {
        /// The greatest share of E that an error took up, and the same for the second try.
        type Out = [f64; 2];

        #[inline(always)]
        fn run<const FUSED: bool>(self) -> [f64; 2] {
            let mut worst = [0.0f64; 2];
            let again = Bounds::new(self.parts, self.table.m).unwrap().again();
            self.each(|truth, centre, j, tile, e| {
                let (s, fall, late) = (self.table.s.0[j], self.table.fall.0[j], self.table.late.0[j]);
                let h = s.mul_add(tile.a, tile.hi);
                let r = s.mul_add(tile.a, tile.hi - h);
                let rest = s.mul_add(tile.b, late.mul_add(tile.q, fall.mul_add(tile.p, tile.lo)));
                worst[0] = worst[0].max(off(big(h) + big(r + rest) + big(e), &truth) / e);
                worst[1] = worst[1].max(off(exact(centre.value(self.table, j)), &truth) / again);
            });
            worst
        }
    }

    impl Kernel for Ask<'_, f32> {
        /// The greatest share of G that an error took up.
        type Out = f64;

        #[inline(always)]
        fn run<const FUSED: bool>(self) -> f64 {
            let mut worst = 0.0f64;
            self.each(|truth, _, j, tile, _| {
                let y = tile.value(self.table.fall.0[j], self.table.sine.0[j]);
                worst = worst.max(off(big(y) - big(tile.margin.up), &truth) / tile.margin.up.abs());
            });
            worst
        }
    }

    #[test]
    fn the_lanes_are_within_their_bounds() {
        if !simd::has_fused() {
            return;
        }
        let mut worst = [0.0f64; 3];
        for (start, end, length) in [
            (3e-4, 3e-5, 10_000),
            (1e-3, 0.0, 100_000),
            (-2.0, 5.0, 70_001),
            (1.0, 0.9999, 3_000_000),
            (0.5, -0.1, 1 << 40),
        ] {
            let node = cosine(start, end, length);
            for (k, stride) in [(0, 1), (length / 3, 1), (length / 2 + 1, 3), (length / 10 * 9, 1)] {
                let parts = wave(&node, k, stride);
                for m in NARROWEST..=WIDEST {
                    if Bounds::new(&parts, m).is_none() {
                        continue;
                    }
                    let mut tables = Tables::default();
                    let table = tables.get(parts.angle, m).unwrap();
                    let room = (length - k).div_ceil(stride).min(table.steps() as u64) as usize;
                    let steps: Vec<usize> = (0..room).step_by(room / 40).collect();
                    let (node, parts, steps) = (&node, &parts, &steps[..]);
                    let like = std::marker::PhantomData;
                    let [first, second] = simd::widest(Ask::<f64> { node, k, stride, parts, table, steps, like });
                    let like = std::marker::PhantomData;
                    let single = simd::widest(Ask::<f32> { node, k, stride, parts, table, steps, like });
                    for (worst, share) in worst.iter_mut().zip([first, second, single]) {
                        *worst = worst.max(share);
                    }
                }
            }
        }
        // A bound that nothing comes near would hide an error in what is tried here.
        assert!(worst.iter().all(|share| (1e-3..=1.0).contains(share)), "{worst:?}");
    }

    #[test]
    fn they_write_short_cosines() {
        if !simd::has_fused() {
            return;
        }
        fn written<T: Along>(node: &PlanNode) -> usize {
            let parts = wave(node, 0, 1);
            let mut tables = Tables::default();
            let table = tables.get(parts.angle, width::<T>(&parts).unwrap()).unwrap();
            let (mut out, mut doubt) = (vec![T::default(); 4_000], Vec::new());
            let n = simd::widest(WaveRun { out: &mut out, parts: &parts, table, doubt: &mut doubt });
            assert!(doubt.is_empty());
            n
        }
        for steps in [10_000, 40_000, 10_000_000] {
            let node = cosine(3e-4, 3e-5, steps);
            assert_eq!((written::<f64>(&node), written::<f32>(&node)), (4_000, 4_000));
        }
    }
}
