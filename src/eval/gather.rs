//! Values at any steps, in any order.
//!
//! ```text
//! few steps:   each settled by itself
//! many:        cut [least, greatest] into equal tiles, 2^14 at most, a quick polynomial each (one cache line);
//!              a step looks its tile up; what its polynomial leaves in doubt is settled by itself
//! hold, by_epoch, clamp outermost: map the steps (bound the values), and gather from what is inside
//! table:       look it up
//! replay:      in the order of the steps, so that it is walked along once
//! ```
//! A tile in which a joint or a singularity lies has no polynomial, and its steps are settled one by one.

use super::fill::{Filler, JET, Lane, PIECE};
use super::rung::Rung;
use crate::curve::Curve;
use crate::error::Interrupted;
use crate::limits::MAX_STEP;
use crate::plan::{Map, PlanNode};
use crate::real::Point;
use crate::real::dd::{Kit, with_quick_kit};
use crate::real::jet::{Jet, Width};
use crate::round;
use crate::simd::{self, Task};
use crate::tile::{Poly, Worth};

/// The most tiles: their polynomials then fill half of a common L2 cache.
const TILES: u64 = 1 << 14;
/// The least number of steps a tile. For fewer, making the tile costs more than it saves.
const SHARE: u64 = 4;
/// Values between two looks at whether to go on.
const BLOCK: usize = 1 << 14;

/// One cache line: what the quick lane needs of a tile.
#[repr(align(64))]
#[derive(Clone, Copy)]
pub(super) struct Line {
    pub(super) hi: f64,
    pub(super) lo: f64,
    pub(super) gap: f64,
    pub(super) c: [f64; 4],
}

/// A tile without a polynomial: both roundings are NaN, and so differ.
const NONE: Line = Line { hi: f64::NAN, lo: 0.0, gap: 0.0, c: [0.0; 4] };

pub(super) fn gather<T: Lane>(
    node: &PlanNode,
    steps: &[u64],
    out: &mut [T],
    filler: &mut Filler<'_>,
) -> Result<(), Interrupted> {
    match node {
        _ if filler.seeks => in_order(node, steps, out, filler),
        PlanNode::Replay(_) => one_by_one(node, steps, out, filler),
        PlanNode::Remap(map @ (Map::Divide(_) | Map::Floor(_)), inner) => {
            let mut mapped = [0; 1024];
            if (steps.len() as u64) < SHARE * 1024 {
                return one_by_one(node, steps, out, filler);
            }
            let table = Tiles::new(inner, bounds(steps, filler)?.map(|k| map.apply(k).0), steps.len(), filler)?;
            for (steps, out) in steps.chunks(mapped.len()).zip(out.chunks_mut(1024)) {
                let to = &mut mapped[..steps.len()];
                to.iter_mut().zip(steps).for_each(|(to, &k)| *to = map.apply(k).0);
                from_table(inner, &table, to, out, filler)?;
            }
            Ok(())
        }
        PlanNode::Clamp(inner, low, high) => {
            gather(inner, steps, out, filler)?;
            out.chunks_mut(PIECE).try_for_each(|out| {
                out.iter_mut().for_each(|y| *y = y.clamped(*low, *high));
                filler.spend(out.len())
            })
        }
        PlanNode::Leaf(Curve::Table(table)) => {
            let last = table.values.len() as u64 - 1;
            out.chunks_mut(BLOCK).zip(steps.chunks(BLOCK)).try_for_each(|(out, steps)| {
                out.iter_mut().zip(steps).for_each(|(y, &k)| *y = T::of(table.values[k.min(last) as usize]));
                filler.spend(steps.len())
            })
        }
        _ => {
            let table = Tiles::new(node, bounds(steps, filler)?, steps.len(), filler)?;
            for (steps, out) in steps.chunks(BLOCK).zip(out.chunks_mut(BLOCK)) {
                from_table(node, &table, steps, out, filler)?;
            }
            Ok(())
        }
    }
}

fn one_by_one<T: Lane>(
    node: &PlanNode,
    steps: &[u64],
    out: &mut [T],
    filler: &mut Filler<'_>,
) -> Result<(), Interrupted> {
    for (y, &k) in out.iter_mut().zip(steps) {
        *y = filler.one(node, k, filler.from)?;
    }
    Ok(())
}

/// In the order of the steps, as many at a time as there is memory to sort.
fn in_order<T: Lane>(
    node: &PlanNode,
    steps: &[u64],
    out: &mut [T],
    filler: &mut Filler<'_>,
) -> Result<(), Interrupted> {
    if is_sorted(steps, filler)? {
        return one_by_one(node, steps, out, filler);
    }
    let (mut order, mut merged) = (Vec::new(), Vec::new());
    if order.try_reserve_exact(steps.len()).and(merged.try_reserve_exact(steps.len())).is_err() {
        // Half of them at a time: each half walks anew from the start.
        let half = steps.len() / 2;
        let (first, second) = out.split_at_mut(half);
        in_order(node, &steps[..half], first, filler)?;
        return in_order(node, &steps[half..], second, filler);
    }
    sort(steps, &mut order, &mut merged, filler)?;
    for i in order {
        out[i] = filler.one(node, steps[i], filler.from)?;
    }
    Ok(())
}

fn is_sorted(steps: &[u64], filler: &mut Filler<'_>) -> Result<bool, Interrupted> {
    let mut last = 0;
    for block in steps.chunks(BLOCK) {
        if last > block[0] || !block.is_sorted() {
            return Ok(false);
        }
        last = block[block.len() - 1];
        filler.spend(block.len())?;
    }
    Ok(true)
}

/// Writes the places of the steps, in the order of the steps, into `order`. Both lists have the memory for it.
///
/// The blocks are sorted, then merged, because the standard library's sort cannot be interrupted.
fn sort(
    steps: &[u64],
    order: &mut Vec<usize>,
    merged: &mut Vec<usize>,
    filler: &mut Filler<'_>,
) -> Result<(), Interrupted> {
    let n = steps.len();
    for start in (0..n).step_by(BLOCK) {
        order.extend(start..n.min(start + BLOCK));
        order[start..].sort_unstable_by_key(|&i| steps[i]);
        filler.spend(50 * BLOCK)?;
    }
    let mut size = BLOCK;
    while size < n {
        merged.clear();
        for pair in order.chunks(2 * size) {
            let (mut a, mut b) = pair.split_at(size.min(pair.len()));
            while let (Some(&i), Some(&j)) = (a.first(), b.first()) {
                let from = if steps[i] <= steps[j] { &mut a } else { &mut b };
                merged.push(from[0]);
                *from = &from[1..];
                filler.spend(10)?;
            }
            merged.extend_from_slice(a);
            merged.extend_from_slice(b);
        }
        std::mem::swap(order, merged);
        size *= 2;
    }
    Ok(())
}

/// The least and the greatest step.
fn bounds(steps: &[u64], filler: &mut Filler<'_>) -> Result<[u64; 2], Interrupted> {
    let mut all = [u64::MAX, 0];
    for block in steps.chunks(PIECE) {
        for &k in block {
            all = [all[0].min(k), all[1].max(k)];
        }
        filler.spend(block.len())?;
    }
    Ok(all)
}

/// The polynomials of equal tiles from `first` on; empty if they would cost more than they save.
struct Tiles {
    first: u64,
    /// log2 of a tile's steps.
    log: u32,
    lines: Vec<Line>,
}

impl Tiles {
    fn new(
        node: &PlanNode,
        [least, greatest]: [u64; 2],
        n: usize,
        filler: &mut Filler<'_>,
    ) -> Result<Tiles, Interrupted> {
        let mut tiles = Tiles { first: least, log: 1, lines: Vec::new() };
        let most = TILES.min(n as u64 / SHARE);
        if most == 0 || filler.from > Rung::Quick || least > greatest {
            return Ok(tiles);
        }
        while (greatest - least) >> tiles.log >= most {
            tiles.log += 1;
        }
        let count = ((greatest - least) >> tiles.log) + 1;
        // Try a few tiles first. If most of them have no polynomial, do not make the rest.
        let sample = (0..8).filter(|i| tiles.line(node, count * i / 8).is_some()).count();
        if sample >= 4 {
            tiles.lines = Vec::with_capacity(count as usize);
            for i in 0..count {
                tiles.lines.push(tiles.line(node, i).unwrap_or(NONE));
                filler.spend(2 * JET * filler.size)?;
            }
        }
        Ok(tiles)
    }

    fn line(&self, node: &PlanNode, i: u64) -> Option<Line> {
        let start = self.first + (i << self.log);
        let span = node.span(start);
        let m = self.log - 1;
        let centre = start + (1 << m);
        // Past the last step a centre is no double any more.
        if span.end - start < 1 << self.log || centre > MAX_STEP {
            return None;
        }
        with_quick_kit!(K => line::<K>(node, centre, m))
    }
}

/// The polynomial of a tile; `None` where it would leave too much in doubt.
pub(super) fn line<K: Kit>(node: &PlanNode, centre: u64, m: u32) -> Option<Line> {
    let jet = node.value::<Jet<5, K>>(Point { k: centre, stride: 1, cx: Width((1u64 << m) as f64) });
    let (poly, worth) = Poly::<f64, 5>::new(&jet, m, 1.0);
    (worth == Worth::Good && poly.quick_is_likely()).then(|| {
        let (hi, lo, gap, c) = poly.quick_parts();
        Line { hi, lo, gap, c: [c[1], c[2], c[3], c[4]] }
    })
}

/// Reads the values of a block of steps from the tiles.
fn from_table<T: Lane>(
    node: &PlanNode,
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

impl<T: Lane> Task for LookUp<'_, T> {
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
            match round::of_bracket(low, high) {
                Some(value) => *y = value,
                None => self.doubt.push(i),
            }
        }
    }
}
