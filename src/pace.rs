//! Chooses the next tile by a model of costs: how wide it is, the order of its jet, and what writes its values.

use crate::plan::PlanNode;
use crate::real::Point;
use crate::real::dd::{Kit, with_quick_kit};
use crate::real::jet::{Jet, Width, exponent, scale};
use crate::tile::Tiled;
use Way::{Doubles, Narrow, NarrowDoubles, Whole};

/// The cost of one way to make tiles.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Coefficients of the jet.
    pub order: usize,
    /// How far the value may change over half a tile: by 2^-reach of itself.
    pub reach: f64,
    /// The greatest half-width, as a power of two.
    pub widest: i64,
    /// Nanoseconds for the jet.
    pub jet: f64,
    /// Nanoseconds a value.
    pub value: f64,
    /// What writes the values.
    pub way: Way<f64>,
}

/// What writes a tile's values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Way<S> {
    /// The lanes of the values' type.
    Whole,
    /// The same lanes, over narrower tiles, to which the jet is moved: what one takes in nanoseconds, or its half-width as a
    /// power of two.
    Narrow(S),
    /// float64's polynomial, rounded to float32.
    Doubles,
    /// The same over narrower tiles.
    NarrowDoubles(S),
}

/// How many coefficients [`Way::NarrowDoubles`] takes.
pub const NARROW_DOUBLES: usize = 5;

/// What tiles of a type's values cost.
struct Prices {
    /// The ways to make tiles of curves.
    curves: &'static [Cost],
    /// The ways to make tiles of straight lines, which have no order to run out of.
    lines: &'static [Cost],
    /// The half-widths that tiles may have which a wider one is cut into, as powers of two.
    narrow: std::ops::RangeInclusive<i64>,
    /// Bits to which a jet's series must be accurate, so that the omitted terms leave few values in doubt.
    bits: f64,
    /// Nanoseconds a value, on average, to settle those that a series of so many bits leaves in doubt.
    doubt: f64,
}

/// The prices of a type.
#[inline(always)]
fn prices<T: Tiled>() -> &'static Prices {
    if T::IS_DOUBLE { &OF_F64 } else { &OF_F32 }
}

const fn cost(order: usize, reach: f64, widest: i64, jet: f64, value: f64, way: Way<f64>) -> Cost {
    Cost { order, reach, widest, jet, value, way }
}

const OF_F64: Prices = Prices {
    curves: &[
        cost(5, 13.0, 20, 110.0, 0.15, Whole),
        cost(5, 9.0, 20, 110.0, 0.40, Whole),
        cost(9, 4.5, 20, 150.0, 0.50, Whole),
        cost(13, 4.0, 20, 190.0, 0.60, Whole),
        cost(9, 6.0, 24, 230.0, 0.15, Narrow(7.0)),
        cost(13, 6.0, 24, 320.0, 0.15, Narrow(9.0)),
    ],
    lines: &[
        cost(2, 12.0, 20, 70.0, 0.10, Whole),
        cost(2, 0.0, 20, 70.0, 0.22, Whole),
        cost(2, 0.0, 24, 110.0, 0.10, Narrow(5.0)),
    ],
    narrow: 5..=12,
    bits: 70.0,
    doubt: 0.04,
};

const OF_F32: Prices = Prices {
    curves: &[
        cost(5, 13.0, 10, 110.0, 0.07, Whole),
        cost(5, 0.5, 20, 110.0, 0.20, Doubles),
        cost(9, 0.5, 20, 150.0, 0.30, Doubles),
        cost(5, 5.0, 20, 160.0, 0.07, Narrow(6.0)),
        cost(9, 3.0, 20, 230.0, 0.07, Narrow(7.0)),
        cost(13, 3.0, 20, 320.0, 0.07, Narrow(9.0)),
        cost(13, 0.5, 20, 320.0, 0.18, NarrowDoubles(12.0)),
    ],
    lines: &[
        cost(2, 13.0, 10, 70.0, 0.06, Whole),
        cost(2, 0.0, 20, 70.0, 0.12, Doubles),
        cost(2, 0.0, 20, 110.0, 0.06, Narrow(5.0)),
    ],
    narrow: 6..=9,
    bits: 42.0,
    doubt: 0.0,
};

/// How fast a curve changes, and so how wide the next tile may be: log2 of steps of the grid.
pub(crate) struct Pace {
    /// Over how many steps the value changes by about itself.
    reach: f64,
    /// Over how many steps the late terms of its series grow as large as those before them.
    radius: f64,
    /// Whether the curve is a straight line here, and whether it goes away from 0.
    line: bool,
    rising: bool,
    /// Halvings that the last tries called for.
    narrowed: f64,
    /// How many tiles in a row were too wide.
    failures: u32,
    /// For how many tiles the fine kit makes the jets.
    fine: u32,
    /// The greatest half-width to try, as a power of two: half of one of which a jet knew nothing, twice as much after each good
    /// choice.
    widest: f64,
    /// The half-width of the last jet, as a power of two, and whether it knew nothing.
    tried: f64,
    lost: bool,
}

/// A width and an order for a tile, and what writes its values.
pub(crate) struct Choice {
    pub(crate) order: usize,
    pub(crate) m: u32,
    pub(crate) way: Way<u32>,
    pub(crate) length: usize,
}

/// After so many tiles in a row that were too wide, the fine kit makes the jets, of so many tiles.
const FAILURES: u32 = 3;
const FINE: u32 = 32;

/// With a larger relative error, a jet does not tell how the curve changes.
const NOTHING_KNOWN: f64 = f64::EPSILON / 128.0;

/// A number of steps that no tile has, as a power of two.
const ENDLESS: f64 = 60.0;

/// log2 of `|a / b|`, within a tenth; at most [`ENDLESS`].
#[inline(always)]
fn log_ratio(a: f64, b: f64) -> f64 {
    let x = (a / b).abs();
    let e = exponent(x);
    if x < (1u64 << 60) as f64 && x > 0.0 { e as f64 + (scale(x, -e) - 1.0) } else { ENDLESS }
}

impl Pace {
    /// Nothing known.
    pub(crate) fn unknown() -> Pace {
        Pace {
            reach: f64::NEG_INFINITY,
            radius: 0.0,
            line: false,
            rising: false,
            narrowed: 0.0,
            failures: 0,
            fine: 0,
            widest: ENDLESS,
            tried: 0.0,
            lost: false,
        }
    }

    /// Whether the last jet knew nothing.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost
    }

    /// Whether the curve is a straight line here.
    pub(crate) fn is_line(&self) -> bool {
        self.line
    }

    /// From a small jet.
    pub(crate) fn at(node: &PlanNode, k: u64, stride: u64) -> Pace {
        let mut pace = Pace::unknown();
        with_quick_kit!(K => pace.learn(&node.value::<Jet<5, K>>(Point { k, stride, cx: Width(1.0) }), 0));
        pace
    }

    #[inline(always)]
    pub(crate) fn learn<const N: usize, K: Kit>(&mut self, jet: &Jet<N, K>, m: u32) {
        let m = m as f64;
        // An exponential that changes much over the tile is a constant with a large error, or 0 with one.
        let is_flat = jet.deg <= 1 || jet.c[0] == 0.0;
        self.lost = jet.known().is_none() || is_flat && jet.err > NOTHING_KNOWN * jet.c[0].abs();
        self.tried = m;
        if self.lost {
            return;
        }
        self.line = jet.deg <= 1;
        if jet.c[0] == 0.0 {
            self.reach = f64::NEG_INFINITY;
            return;
        }
        if self.line {
            // Its value is known where the next tile starts, and its slope is what it was.
            let end = jet.c[0] + jet.c[1];
            self.rising = (end > 0.0) == (jet.c[1] > 0.0);
            self.reach = m + log_ratio(end, jet.c[1]);
            return;
        }
        self.reach = m + log_ratio(jet.c[0], jet.c[1]).min(0.5 * log_ratio(jet.c[0], jet.coefficient(2)));
        // Two terms further, since every other one may vanish.
        let late = log_ratio(jet.coefficient(2), jet.coefficient(4)).min(log_ratio(jet.c[1], jet.coefficient(3)));
        self.radius = m + 0.5 * late;
    }

    /// The reach for a straight line's tile, given the one counted from its centre: away from 0 it changes by less.
    ///
    /// `w c1 <= 2^-reach c0` at the centre, where `c0 = y +- w c1`, y being the value where the tile starts.
    #[inline(always)]
    fn reach_of_line(&self, reach: f64) -> f64 {
        match (reach < 1.0, self.rising) {
            (false, _) => reach,
            (true, true) => -2.0,
            (true, false) => 1.3,
        }
    }

    /// The last choice was good: tries wider ones again, at once where a jet knew nothing, slowly where its error was too
    /// large.
    ///
    /// At its start `k_decay` with a power of 0.5 allows tiles as wide as they are far from step 0 only, of which its
    /// coefficients say nothing. As long as what was once narrowed stayed so, 10^7 steps took 20 times as long as
    /// `ndarray.fill`, float32 200 times.
    #[inline(always)]
    pub(crate) fn widen(&mut self) {
        self.failures = 0;
        self.fine = self.fine.saturating_sub(1);
        self.widest += 1.0;
        self.narrowed = (self.narrowed - 0.25).max(0.0);
    }

    /// All values of the last choice rounded to 0, or to infinity: those of one twice as wide may too.
    #[inline(always)]
    pub(crate) fn double(&mut self) {
        self.narrowed = self.narrowed.min(0.0) - 1.0;
    }

    /// The last choice was too wide. If narrower ones are too, the quick kit's functions are not accurate enough.
    #[inline(always)]
    pub(crate) fn narrow(&mut self) {
        if self.lost {
            self.widest = self.tried - 1.0;
            return;
        }
        self.narrowed += 1.0;
        self.failures += 1;
        if self.failures == FAILURES && !self.is_fine() {
            self.narrowed -= f64::from(FAILURES);
            self.fine = FINE;
        }
    }

    /// A tile of `of` values left so many in doubt. To settle one takes as long as to write a thousand.
    #[inline(always)]
    pub(crate) fn left_in_doubt(&mut self, left: usize, of: usize) {
        if left > 8 && left << 11 > of {
            self.fine = FINE;
        }
    }

    /// Whether the fine kit makes the next jet, which takes longer.
    ///
    /// Where a curve ends at 0 as the difference of two large numbers, as `power` with a power of 0.3 does, the quick kit leaves all
    /// values in doubt. With it alone, 10^7 steps took 14 times as long as `ndarray.fill`, and those of `k_decay` 46 times.
    #[inline(always)]
    pub(crate) fn is_fine(&self) -> bool {
        self.fine > 0
    }

    /// How wide a series of so many terms may be: the first two shrink by the reach, those after them by the radius.
    #[inline(always)]
    fn series<T: Tiled>(&self, order: usize) -> f64 {
        let late = order as f64 - 2.0;
        (2.0 * self.reach + late * self.radius - prices::<T>().bits) / (late + 2.0) - self.narrowed
    }

    /// The cheapest tile for the next of `left` values, by a model of what jets and lanes cost.
    #[inline(always)]
    pub(crate) fn choose<T: Tiled>(&mut self, left: usize) -> Choice {
        let mut best = Choice { order: 0, m: 0, way: Whole, length: 0 };
        let mut least = f64::INFINITY;
        let enough = (usize::BITS - (left / 2).leading_zeros()) as i64;
        let options = if self.line { prices::<T>().lines } else { prices::<T>().curves };
        let reach = self.reach - self.narrowed;
        for option in options {
            let series = if self.line { ENDLESS } else { self.series::<T>(option.order) };
            let most =
                if self.line { reach - self.reach_of_line(option.reach) } else { (reach - option.reach).min(series) };
            let most = (most.min(self.widest) as i64).min(option.widest).min(enough);
            // Where jets are few, a narrower tile may be worth it, since its series leaves less in doubt.
            for m in [most, most.saturating_sub(1)] {
                if m < 3 {
                    continue;
                }
                let length = (2u64 << m) as f64;
                let used = (left as f64).min(length);
                let mut cost = option.jet / used + option.value * (T::CHUNK as f64 / used).max(1.0);
                // The first term that is left out shrinks with the width to the power of the order.
                cost += prices::<T>().doubt * scale(1.0, (option.order as f64 * (m as f64 - series)) as i64);
                let way = match option.way {
                    Whole => Whole,
                    Doubles => Doubles,
                    Narrow(each) => {
                        let Some((narrow, more)) = narrower::<T>(reach, m, each, option.value) else { continue };
                        cost += more;
                        Narrow(narrow)
                    }
                    NarrowDoubles(each) => {
                        let narrow =
                            (self.series::<T>(NARROW_DOUBLES) as i64).min(m - 2).min(*prices::<T>().narrow.end());
                        if narrow < *prices::<T>().narrow.start() {
                            continue;
                        }
                        cost += 0.5 * each / (1u64 << narrow) as f64;
                        NarrowDoubles(narrow as u32)
                    }
                };
                if cost < least {
                    least = cost;
                    best = Choice { order: option.order, m: m as u32, way, length: 2 << m };
                }
            }
        }
        if best.order == 0 {
            self.narrowed = 0.0;
        }
        best
    }
}

/// The best half-width for the tiles that one of `2^m` is cut into, and what they cost a value: each `each` nanoseconds, and
/// chunks that the quick lane leaves in doubt, more of them the wider they are.
#[inline(always)]
fn narrower<T: Tiled>(reach: f64, m: i64, each: f64, value: f64) -> Option<(u32, f64)> {
    // A chunk's chance is 2E over the spacing of midpoints for each of its values: see `Poly::new`.
    let doubt = 8.0 * T::CHUNK as f64 * scale(1.0, -(reach as i64));
    let most = (m - 2).min((reach - 11.5) as i64);
    let mut best = None;
    let mut least = f64::INFINITY;
    for narrow in prices::<T>().narrow.clone() {
        let steps = (1u64 << narrow) as f64;
        let cost = 0.5 * each / steps + 3.0 * value * (doubt * steps).min(1.0);
        if narrow <= most && cost < least {
            least = cost;
            best = Some((narrow as u32, cost));
        }
    }
    best
}
