//! Values at any steps, in any order.
//!
//! ```text
//! few steps:   each settled by itself
//! many:        cut [least, greatest] into equal tiles, 2^12 at most, a quick polynomial each (one cache line);
//!              a step looks its tile up; what its polynomial leaves in doubt is settled by itself
//! hold, by_epoch, clamp outermost: map the steps (bound the values), and gather from what is inside
//! table:       look it up
//! replay:      in the order of the steps, so that it is walked along once
//! ```
//! A tile in which a joint or a singularity lies has no polynomial, and its steps are settled one by one.

use crate::curve::Curve;
use crate::error::Interrupted;
use crate::eval::{Filler, Out, Rung};
use crate::limits::MAX_STEP;
use crate::plan::{Map, Node};
use crate::real::Point;
use crate::real::dd::{FinePlain, Kit, QuickFused};
use crate::real::jet::{Jet, Width};
use crate::simd::{self, Task};
use crate::tile::{Poly, Worth};

/// Tiles at most: their polynomials fill half of a common L2 cache.
const TILES: u64 = 1 << 14;
/// Steps a tile at least: else making it costs more than it saves.
const SHARE: u64 = 4;
/// Values between two looks at whether to go on.
const BLOCK: usize = 1 << 14;

/// One cache line: what the quick lane needs of a tile.
#[repr(align(64))]
#[derive(Clone, Copy)]
struct Line {
    hi: f64,
    lo: f64,
    gap: f64,
    c: [f64; 4],
}

/// A tile without a polynomial: both roundings are NaN, and so differ.
const NONE: Line = Line { hi: f64::NAN, lo: 0.0, gap: 0.0, c: [0.0; 4] };

pub(crate) fn gather<T: Out>(
    node: &Node,
    steps: &[u64],
    out: &mut [T],
    filler: &mut Filler<'_>,
) -> Result<(), Interrupted> {
    match node {
        _ if filler.seeks => in_order(node, steps, out, filler),
        Node::Replay(_) => one_by_one(node, steps, out, filler),
        Node::Remap(map @ (Map::Divide(_) | Map::Floor(_)), inner) => {
            let mut mapped = [0; 1024];
            if (steps.len() as u64) < SHARE * 1024 {
                return one_by_one(node, steps, out, filler);
            }
            let table = Tiles::new(inner, bounds(steps).map(|k| map.apply(k).0), steps.len(), filler);
            for (steps, out) in steps.chunks(mapped.len()).zip(out.chunks_mut(1024)) {
                let to = &mut mapped[..steps.len()];
                to.iter_mut().zip(steps).for_each(|(to, &k)| *to = map.apply(k).0);
                look_up(inner, &table, to, out, filler)?;
            }
            Ok(())
        }
        Node::Clamp(inner, low, high) => {
            gather(inner, steps, out, filler)?;
            out.iter_mut().for_each(|y| *y = y.clamped(*low, *high));
            Ok(())
        }
        Node::Leaf(Curve::Table(table)) => {
            let last = table.values.len() as u64 - 1;
            out.iter_mut().zip(steps).for_each(|(y, &k)| *y = T::of(table.values[k.min(last) as usize]));
            Ok(())
        }
        _ => {
            let table = Tiles::new(node, bounds(steps), steps.len(), filler);
            for (steps, out) in steps.chunks(BLOCK).zip(out.chunks_mut(BLOCK)) {
                look_up(node, &table, steps, out, filler)?;
            }
            Ok(())
        }
    }
}

fn one_by_one<T: Out>(node: &Node, steps: &[u64], out: &mut [T], filler: &mut Filler<'_>) -> Result<(), Interrupted> {
    for (y, &k) in out.iter_mut().zip(steps) {
        *y = filler.one(node, k, filler.from)?;
    }
    Ok(())
}

fn in_order<T: Out>(node: &Node, steps: &[u64], out: &mut [T], filler: &mut Filler<'_>) -> Result<(), Interrupted> {
    if steps.is_sorted() {
        return one_by_one(node, steps, out, filler);
    }
    // As many at a time as there is memory for: each time starts the walk anew.
    let (mut order, mut most) = (Vec::new(), steps.len());
    while order.try_reserve_exact(most).is_err() && most > 1 {
        most /= 2;
    }
    for from in (0..steps.len()).step_by(most) {
        order.clear();
        order.extend(from..steps.len().min(from + most));
        order.sort_unstable_by_key(|&i| steps[i]);
        for &i in &order {
            out[i] = filler.one(node, steps[i], filler.from)?;
        }
    }
    Ok(())
}

/// The least and the greatest step.
fn bounds(steps: &[u64]) -> [u64; 2] {
    let mut all = [u64::MAX, 0];
    for &k in steps {
        all = [all[0].min(k), all[1].max(k)];
    }
    all
}

/// The polynomials of equal tiles from `first` on; none where they would not pay.
struct Tiles {
    first: u64,
    /// log2 of a tile's steps.
    log: u32,
    lines: Vec<Line>,
}

impl Tiles {
    fn new(node: &Node, [least, greatest]: [u64; 2], n: usize, filler: &Filler<'_>) -> Tiles {
        let mut tiles = Tiles { first: least, log: 1, lines: Vec::new() };
        let most = TILES.min(n as u64 / SHARE);
        if most == 0 || filler.from > Rung::Quick || least > greatest {
            return tiles;
        }
        while (greatest - least) >> tiles.log >= most {
            tiles.log += 1;
        }
        let count = ((greatest - least) >> tiles.log) + 1;
        // A few tiles first: where most of them have no polynomial, the rest are not worth their making.
        let sample = (0..8).filter(|i| tiles.line(node, count * i / 8).is_some()).count();
        if sample >= 4 {
            tiles.lines = (0..count).map(|i| tiles.line(node, i).unwrap_or(NONE)).collect();
        }
        tiles
    }

    fn line(&self, node: &Node, i: u64) -> Option<Line> {
        let start = self.first + (i << self.log);
        let span = node.span(start);
        let m = self.log - 1;
        let centre = start + (1 << m);
        // Past the last step a centre is no double any more.
        if span.end - start < 1 << self.log || centre > MAX_STEP {
            return None;
        }
        if simd::has_fused() { line::<QuickFused>(node, centre, m) } else { line::<FinePlain>(node, centre, m) }
    }
}

fn line<K: Kit>(node: &Node, centre: u64, m: u32) -> Option<Line> {
    let jet = node.value::<Jet<5, K>>(Point { k: centre, stride: 1, cx: Width((1u64 << m) as f64) });
    let (poly, worth) = Poly::<f64, 5>::new(&jet, m);
    (worth == Worth::Good && poly.quick_is_likely()).then(|| {
        let (hi, lo, gap, c) = poly.quick_parts();
        Line { hi, lo, gap, c: [c[1], c[2], c[3], c[4]] }
    })
}

/// Looks up a block of steps.
fn look_up<T: Out>(
    node: &Node,
    tiles: &Tiles,
    steps: &[u64],
    out: &mut [T],
    filler: &mut Filler<'_>,
) -> Result<(), Interrupted> {
    if tiles.lines.is_empty() {
        return one_by_one(node, steps, out, filler);
    }
    filler.spend(steps.len())?;
    let mut doubt = Vec::new();
    let look = LookUp { tiles, steps, out: &mut *out, doubt: &mut doubt, fused: simd::has_fused() };
    if look.fused {
        simd::fused(look)
    } else {
        look.run()
    }
    filler.looked_up(steps.len() - doubt.len());
    for i in doubt {
        out[i] = filler.one(node, steps[i], filler.from)?;
    }
    Ok(())
}

struct LookUp<'a, T> {
    tiles: &'a Tiles,
    steps: &'a [u64],
    out: &'a mut [T],
    doubt: &'a mut Vec<usize>,
    fused: bool,
}

impl<T: Out> Task for LookUp<'_, T> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let mask = (1u64 << self.tiles.log) - 1;
        let middle = (1u64 << (self.tiles.log - 1)) as f64;
        for (i, (&k, y)) in self.steps.iter().zip(self.out.iter_mut()).enumerate() {
            let from = k - self.tiles.first;
            let line = &self.tiles.lines[(from >> self.tiles.log) as usize];
            let s = ((from & mask) as f64 - middle) / middle;
            let horner = |a: f64, b: f64| if self.fused { a.mul_add(s, b) } else { a * s + b };
            let e = horner(horner(horner(horner(line.c[3], line.c[2]), line.c[1]), line.c[0]), line.lo);
            let (low, high) = (line.hi + e, line.hi + (e + line.gap));
            match T::of_bracket(low, high) {
                Some(value) => *y = value,
                None => self.doubt.push(i),
            }
        }
    }
}
