//! Values of many steps that follow one another.
//!
//! ```text
//! switch, delay     -> cut the output at the joints
//! skip, stride      -> fill from another step, with another stride
//! repeat, period    -> fill one period, then copy it
//! hold, by_epoch    -> fill the inner steps into a buffer, then broadcast
//! table             -> copy
//! replay            -> walk along it
//! clamp (outermost) -> fill, then min and max
//! anything else     -> stretch by stretch: one value broadcast where it does not change, tiles where it changes, or a wave's
//!                      tables where it is one cosine
//! ```

use std::sync::atomic::{AtomicBool, Ordering};

use super::rung::{Counts, Rung, TALLY, first_rung};
use super::settle::at;
use crate::curve::{Curve, Formula};
use crate::declare::Replay;
use crate::error::Interrupted;
use crate::limits::{MAX_STEP, NEVER};
use crate::pace::{NARROW_DOUBLES, Pace, Way};
use crate::plan::{Map, Plan, PlanNode, part};
use crate::real::Point;
use crate::real::dd::{FineFused, FinePlain, Kit, QuickFused, with_quick_kit};
use crate::real::jet::{Jet, Known, Width, exponent, scale};
use crate::real::line::Line;
use crate::real::wave::Wave;
use crate::round;
use crate::simd::{self, Task};
use crate::tile::{Doubles, Poly, Run, Through, Tiled, WideRun, WideThrough, Worth};
use crate::wave::{self, Along, Tables, WaveRun};

/// Work between two calls of `poll`, in nanoseconds or so. Each written value counts as 1; in memory that was never touched
/// before it may take 30.
const PATIENCE: i64 = 1_000_000;
/// Values that are written before the work is counted.
pub(super) const PIECE: usize = 1 << 18;
/// What a jet costs for each node of the plan, in nanoseconds or so.
pub(super) const JET: usize = 50;
/// Periods up to this are copied rather than worked out again: copying 2^20 doubles from the outer cache takes 1.1 to 1.4 times
/// as long as `ndarray.fill`, computing them 1.6 times.
const COPIED: u64 = 1 << 20;
/// Values that a clamp looks at together.
const CLAMPED: usize = 1 << 16;
/// Values of a buffer that is then broadcast.
const BUFFER: usize = 512;
/// Runs of one value from this length on are written at once.
const RUN: usize = 16;

/// A type that arrays of values have: float64 or float32.
pub trait Lane: Tiled + Along {}

impl<T: Tiled + Along> Lane for T {}

/// A fill under way.
pub(super) struct Filler<'a> {
    pub(super) from: Rung,
    /// Whether there are recurrences to walk along.
    pub(super) seeks: bool,
    /// How many nodes the plan has.
    pub(super) size: usize,
    stop: &'a AtomicBool,
    poll: &'a dyn Fn() -> bool,
    left: i64,
    /// Whether the last stretch was a straight line.
    was_line: bool,
    doubt: Vec<usize>,
    tables: Tables,
    counts: Counts,
}

impl Drop for Filler<'_> {
    fn drop(&mut self) {
        for (total, n) in TALLY.iter().zip(self.counts) {
            total.fetch_add(n, Ordering::Relaxed);
        }
    }
}

impl<'a> Filler<'a> {
    /// For a plan. `stop` ends it from another thread, `poll` says whether to go on.
    pub(super) fn new(plan: &Plan, stop: &'a AtomicBool, poll: &'a dyn Fn() -> bool) -> Filler<'a> {
        Filler {
            from: first_rung(),
            seeks: plan.seeks,
            size: plan.size,
            stop,
            poll,
            left: PATIENCE,
            was_line: false,
            doubt: Vec::new(),
            tables: Tables::default(),
            counts: [0; 5],
        }
    }

    /// Does the work. If it is interrupted, its values are not counted.
    pub(super) fn finish(mut self, work: impl FnOnce(&mut Self) -> Result<(), Interrupted>) -> Result<(), Interrupted> {
        let done = work(&mut self);
        if done.is_err() {
            self.counts = [0; 5];
        }
        done
    }

    /// Counts some nanoseconds of work, and polls once enough have come together.
    #[inline(always)]
    pub(super) fn spend(&mut self, cost: usize) -> Result<(), Interrupted> {
        self.left -= cost as i64;
        if self.left > 0 { Ok(()) } else { self.poll_now() }
    }

    #[cold]
    fn poll_now(&mut self) -> Result<(), Interrupted> {
        self.left = PATIENCE;
        if self.stop.load(Ordering::Relaxed) || !(self.poll)() { Err(Interrupted) } else { Ok(()) }
    }

    /// One value.
    #[inline(always)]
    pub(super) fn one<T: Lane>(&mut self, node: &PlanNode, k: u64, from: Rung) -> Result<T, Interrupted> {
        if self.seeks {
            self.seek(node, k)?;
        }
        let (stop, poll) = (self.stop, self.poll);
        let go_on = || !stop.load(Ordering::Relaxed) && poll();
        let y = at(node, k, from, &mut self.counts, &go_on)?;
        self.spend(JET * self.size)?;
        Ok(y)
    }

    #[cold]
    fn seek(&mut self, node: &PlanNode, k: u64) -> Result<(), Interrupted> {
        node.seek(k, &mut |cost| self.spend(cost))
    }

    /// Counts values that a table of polynomials settled.
    pub(super) fn looked_up(&mut self, n: usize) {
        self.counts[Rung::Quick as usize] += n as u64;
    }

    /// The values at `k`, `k + stride`, ...: see the module's text.
    pub(super) fn fill<T: Lane>(
        &mut self,
        node: &PlanNode,
        out: &mut [T],
        k: u64,
        stride: u64,
    ) -> Result<(), Interrupted> {
        if out.is_empty() {
            return Ok(());
        }
        match node {
            PlanNode::Switch { starts, parts } => self.fill_switch(starts, parts, out, k, stride),
            PlanNode::Remap(Map::Delay(n), inner) => {
                let (waiting, rest) = cut(out, k, *n, stride);
                if !waiting.is_empty() {
                    let first = self.one(inner, 0, self.from)?;
                    self.flood(waiting, first)?;
                }
                let k = k + waiting.len() as u64 * stride;
                if rest.is_empty() { Ok(()) } else { self.fill(inner, rest, k - n, stride) }
            }
            PlanNode::Remap(Map::Cycle { period, end }, inner) => self.fill_cycle(inner, *period, *end, out, k, stride),
            PlanNode::Remap(Map::Divide(n), inner) if stride == 1 => self.fill_broadcast(inner, *n, 1, out, k),
            PlanNode::Remap(Map::Floor(n), inner) if stride == 1 => self.fill_broadcast(inner, *n, *n, out, k),
            PlanNode::Remap(map @ (Map::Skip(_) | Map::Stride(_)), inner) => {
                let (now, after) = cut(out, k, map.last() + 1, stride);
                if !after.is_empty() {
                    let last = self.one(inner, MAX_STEP, self.from)?;
                    self.flood(after, last)?;
                }
                let (to, rate) = map.apply(k);
                self.fill(inner, now, to, stride.saturating_mul(rate).min(MAX_STEP))
            }
            PlanNode::Clamp(inner, low, high) => self.fill_clamped(node, inner, (*low, *high), out, k, stride),
            PlanNode::Leaf(Curve::Table(table)) => self.fill_table(&table.values, out, k, stride),
            PlanNode::Replay(replay) => self.fill_replay(replay, out, k, stride),
            PlanNode::Leaf(curve) => match curve.period() {
                Some(period) if period <= COPIED && stride == 1 => self.fill_period(node, period, out, k),
                _ => self.fill_smooth(node, out, k, stride),
            },
            _ => self.fill_smooth(node, out, k, stride),
        }
    }

    /// Block by block: one value where all of a block lies beyond a bound, no bounds where all of it lies within.
    fn fill_clamped<T: Lane>(
        &mut self,
        node: &PlanNode,
        inner: &PlanNode,
        (low, high): (Option<f64>, Option<f64>),
        out: &mut [T],
        k: u64,
        stride: u64,
    ) -> Result<(), Interrupted> {
        for (i, block) in out.chunks_mut(CLAMPED).enumerate() {
            let k = k + (i * CLAMPED) as u64 * stride;
            let known = if !self.seeks
                && self.from <= Rung::Careful
                && inner.span(k).end > k.saturating_add(block.len() as u64 * stride)
            {
                let m = usize::BITS - (block.len() / 2).leading_zeros();
                let middle = k + (block.len() / 2) as u64 * stride;
                let cx = Width((1u64 << m) as f64);
                with_quick_kit!(K => node.value::<Jet<5, K>>(Point { k: middle, stride, cx }).known())
            } else {
                None
            };
            match known {
                Some(Known::Constant) => {
                    let value = self.one(node, k, self.from)?;
                    self.flood(block, value)?;
                }
                Some(Known::Smooth) => self.fill(inner, block, k, stride)?,
                None => {
                    for (j, part) in block.chunks_mut(1 << 13).enumerate() {
                        self.fill(inner, part, k + (j << 13) as u64 * stride, stride)?;
                        part.iter_mut().for_each(|y| *y = y.clamped(low, high));
                    }
                }
            }
        }
        Ok(())
    }

    /// The same value everywhere.
    fn flood<T: Lane>(&mut self, out: &mut [T], value: T) -> Result<(), Interrupted> {
        for piece in out.chunks_mut(PIECE) {
            piece.fill(value);
            self.spend(piece.len())?;
        }
        Ok(())
    }

    fn fill_table<T: Lane>(&mut self, values: &[f64], out: &mut [T], k: u64, stride: u64) -> Result<(), Interrupted> {
        let (now, after) = cut(out, k, values.len() as u64, stride);
        let mut at = k as usize;
        for piece in now.chunks_mut(PIECE) {
            if stride == 1 {
                piece.iter_mut().zip(&values[at..]).for_each(|(y, x)| *y = T::of(*x));
            } else {
                piece.iter_mut().enumerate().for_each(|(i, y)| *y = T::of(values[at + i * stride as usize]));
            }
            at += piece.len() * stride as usize;
            self.spend(piece.len())?;
        }
        self.flood(after, T::of(values[values.len() - 1]))
    }

    /// Writes the first `base` values again and again.
    fn copy_period<T: Lane>(&mut self, out: &mut [T], base: usize) -> Result<(), Interrupted> {
        if base == 0 || out.len() <= base {
            return Ok(());
        }
        // Grow the pattern to some pages, then copy it from where it stays in cache.
        let mut ready = base;
        while ready < 4096 && ready < out.len() {
            let more = ready.min(out.len() - ready);
            out.copy_within(..more, ready);
            ready += more;
        }
        let whole = ready - ready % base;
        let (pattern, rest) = out.split_at_mut(whole);
        for block in rest.chunks_mut(whole) {
            block.copy_from_slice(&pattern[..block.len()]);
            self.spend(block.len())?;
        }
        Ok(())
    }

    fn fill_switch<T: Lane>(
        &mut self,
        starts: &[u64],
        parts: &[PlanNode],
        out: &mut [T],
        mut k: u64,
        stride: u64,
    ) -> Result<(), Interrupted> {
        let mut rest = out;
        while !rest.is_empty() {
            let (i, start) = part(starts, k);
            let (now, later) = cut(rest, k, starts.get(i).copied().unwrap_or(NEVER), stride);
            self.fill(&parts[i], now, k - start, stride)?;
            k += now.len() as u64 * stride;
            rest = later;
        }
        Ok(())
    }

    fn fill_cycle<T: Lane>(
        &mut self,
        inner: &PlanNode,
        period: u64,
        end: u64,
        out: &mut [T],
        mut k: u64,
        stride: u64,
    ) -> Result<(), Interrupted> {
        let (mut rest, after) = cut(out, k, end, stride);
        if !after.is_empty() {
            let last = self.one(inner, period, self.from)?;
            self.flood(after, last)?;
        }
        let base = (period as usize).min(rest.len());
        if stride == 1 && period <= COPIED && rest.len() > base {
            let (first, _) = rest.split_at_mut(base);
            let split = (period - k % period).min(base as u64) as usize;
            let (head, tail) = first.split_at_mut(split);
            self.fill(inner, head, k % period, 1)?;
            self.fill(inner, tail, 0, 1)?;
            return self.copy_period(rest, base);
        }
        while !rest.is_empty() {
            let (now, later) = cut(rest, k % period, period, stride);
            self.fill(inner, now, k % period, stride)?;
            k += now.len() as u64 * stride;
            rest = later;
        }
        Ok(())
    }

    /// A periodic curve.
    fn fill_period<T: Lane>(&mut self, node: &PlanNode, period: u64, out: &mut [T], k: u64) -> Result<(), Interrupted> {
        let base = (period as usize).min(out.len());
        self.fill_smooth(node, &mut out[..base], k, 1)?;
        self.copy_period(out, base)
    }

    /// Writes each inner value `n` times. From one inner value to the next it is `gap` inner steps.
    fn fill_broadcast<T: Lane>(
        &mut self,
        inner: &PlanNode,
        n: u64,
        gap: u64,
        out: &mut [T],
        k: u64,
    ) -> Result<(), Interrupted> {
        if n == 1 {
            return self.fill(inner, out, k, 1);
        }
        let mut buffer = [T::default(); BUFFER];
        let mut at = k / n;
        let mut left = n - k % n;
        let mut rest = out;
        while !rest.is_empty() {
            let needed = 1 + (rest.len() as u64).saturating_sub(left).div_ceil(n);
            let values = &mut buffer[..needed.min(BUFFER as u64) as usize];
            self.fill(inner, values, at * gap, gap)?;
            at += values.len() as u64;
            let before = rest.len();
            for &value in values.iter() {
                let (now, later) = rest.split_at_mut(left.min(rest.len() as u64) as usize);
                if now.len() < PIECE / BUFFER {
                    now.fill(value)
                } else {
                    self.flood(now, value)?
                }
                rest = later;
                left = n;
            }
            self.spend((before - rest.len()).min(PIECE))?;
        }
        Ok(())
    }

    /// Writes runs of one value where the replay is constant for long, else values one by one.
    fn fill_replay<T: Lane>(
        &mut self,
        replay: &Replay,
        out: &mut [T],
        mut k: u64,
        stride: u64,
    ) -> Result<(), Interrupted> {
        let mut walk = replay.walk(k, &mut |cost| self.spend(cost))?;
        let mut buffer = [0.0; BUFFER];
        let mut rest = out;
        while !rest.is_empty() {
            let (value, end) = walk.value_until();
            let n = end.saturating_sub(k).div_ceil(stride).min(rest.len() as u64) as usize;
            let is_run = n >= RUN || n == rest.len();
            let (now, later) = rest.split_at_mut(if is_run { n } else { BUFFER.min(rest.len()) });
            k += now.len() as u64 * stride;
            if is_run {
                self.flood(now, T::of(value))?;
                if !later.is_empty() {
                    walk.go(k, &mut |cost| self.spend(cost))?;
                }
            } else {
                let values = &mut buffer[..now.len()];
                walk.fill(values, stride, &mut |cost| self.spend(cost))?;
                now.iter_mut().zip(&*values).for_each(|(y, x)| *y = T::of(*x));
            }
            rest = later;
        }
        walk.park();
        Ok(())
    }

    /// Stretch by stretch.
    fn fill_smooth<T: Lane>(
        &mut self,
        node: &PlanNode,
        out: &mut [T],
        mut k: u64,
        stride: u64,
    ) -> Result<(), Interrupted> {
        let mut rest = out;
        while !rest.is_empty() {
            if self.seeks {
                self.seek(node, k)?;
            }
            let span = node.span(k);
            let (now, later) = cut(rest, k, span.end, stride);
            if span.moves && now.len() > FEW && self.from <= Rung::Careful {
                // At the reach of a narrow tile of float32, c3 is 2^-36 of c0.
                if T::IS_DOUBLE {
                    self.fill_moving::<T, 5>(node, now, k, stride)?;
                } else {
                    self.fill_moving::<T, 3>(node, now, k, stride)?;
                }
            } else if span.moves {
                for (i, y) in now.iter_mut().enumerate() {
                    *y = self.one(node, k + i as u64 * stride, self.from)?;
                }
            } else {
                let value = self.one(node, k, self.from)?;
                self.flood(now, value)?;
            }
            k += now.len() as u64 * stride;
            rest = later;
        }
        Ok(())
    }

    /// Fills a stretch that is likely to be a straight line, as one tile. Returns whether it was one, and not too steep.
    ///
    /// The legs of a triangle are many and short: a jet more for each, to choose a width, takes as long as its values.
    fn fill_line<T: Lane>(&mut self, node: &PlanNode, out: &mut [T], k: u64, stride: u64) -> Result<bool, Interrupted> {
        let m = usize::BITS - (out.len() / 2).leading_zeros();
        if let (Some(singles), true) = (T::singles(out), simd::has_fused()) {
            return self.fill_single_line(Tile { node, k, stride, m, way: Way::Doubles }, singles);
        }
        let mut pace = Pace::unknown();
        // float32's own polynomials have too few digits for all of it.
        let way = if T::IS_DOUBLE { Way::Whole } else { Way::Doubles };
        let tile = Tile { node, k, stride, m, way };
        let written = if simd::has_fused() {
            self.tile::<T, 2, 2, 2, QuickFused>(tile, out, &mut pace)?
        } else {
            self.tile::<T, 5, 2, 2, FinePlain>(tile, out, &mut pace)?
        };
        Ok(written == Written::All)
    }

    /// The same for float32, which needs fewer digits than jets have.
    fn fill_single_line(&mut self, tile: Tile<'_>, out: &mut [f32]) -> Result<bool, Interrupted> {
        let (n, before) = (out.len(), out.len() / 2);
        let cx = Width((1u64 << tile.m) as f64);
        let k = tile.k + before as u64 * tile.stride;
        let line = tile.node.value::<Line>(Point { k, stride: tile.stride, cx });
        self.spend(JET * self.size + n)?;
        let Some(poly) = Doubles::<2>::of_line(line, tile.m, before.max(1) as f64 / cx.0) else { return Ok(false) };
        self.doubt.clear();
        simd::widest(Through { out, first: -(before as f64), poly: &poly, doubt: &mut self.doubt });
        self.settle_rest(tile, out)?;
        Ok(true)
    }

    /// Settles what a lane left in doubt that has no quick and careful kind, and counts its values.
    fn settle_rest<T: Lane>(&mut self, tile: Tile<'_>, out: &mut [T]) -> Result<(), Interrupted> {
        let left = self.doubt.len();
        if left > 0 {
            self.settle_doubt(tile, out)?;
        }
        let rung = if self.from == Rung::Careful { Rung::Careful } else { Rung::Quick };
        self.counts[rung as usize] += (out.len() - left) as u64;
        Ok(())
    }

    /// Tile by tile, over one stretch.
    fn fill_moving<T: Lane, const W: usize>(
        &mut self,
        node: &PlanNode,
        out: &mut [T],
        k: u64,
        stride: u64,
    ) -> Result<(), Interrupted> {
        if self.was_line && out.len() <= SHORT && self.fill_line(node, out, k, stride)? {
            return Ok(());
        }
        let mut done = 0;
        let mut pace = Pace::at(node, k, stride);
        self.was_line = pace.is_line();
        // Where the next try to write a wave comes, and how many values jets write after one that fails.
        let (mut next, mut pause) = (done, WAVE);
        while done < out.len() {
            let rest = &mut out[done..];
            let here = k + done as u64 * stride;
            if done >= next && rest.len() >= WAVE && simd::has_fused() {
                let written = self.fill_wave(node, rest, here, stride)?;
                let n = written.unwrap_or(0);
                done += n;
                pause *= 2;
                next = if written.is_some() { done + pause } else { usize::MAX };
                if n > 0 && done < out.len() {
                    pace = Pace::at(node, here + n as u64 * stride, stride);
                }
                continue;
            }
            let choice = pace.choose::<T>(rest.len());
            let now = choice.length.min(rest.len());
            let tile = Tile { node, k: here, stride, m: choice.m, way: choice.way };
            let now_out = &mut rest[..now];
            // A few jets for very many values may take longer.
            let is_fine = pace.is_fine() || T::IS_DOUBLE && now >= WIDE;
            let written = match (choice.order, simd::has_fused(), is_fine) {
                (0, ..) => Written::None,
                (2, true, false) => self.tile::<T, 5, 2, 2, QuickFused>(tile, now_out, &mut pace)?,
                (5, true, false) => self.tile::<T, 5, 5, W, QuickFused>(tile, now_out, &mut pace)?,
                (9, true, false) => self.tile::<T, 9, 9, W, QuickFused>(tile, now_out, &mut pace)?,
                (_, true, false) => self.tile::<T, 13, 13, W, QuickFused>(tile, now_out, &mut pace)?,
                (2, true, true) => self.tile::<T, 5, 2, 2, FineFused>(tile, now_out, &mut pace)?,
                (_, true, true) => self.tile::<T, 13, 13, W, FineFused>(tile, now_out, &mut pace)?,
                // Few machines have no fma, so two orders are enough for them.
                (2, false, _) => self.tile::<T, 5, 2, 2, FinePlain>(tile, now_out, &mut pace)?,
                (5, false, _) => self.tile::<T, 5, 5, W, FinePlain>(tile, now_out, &mut pace)?,
                (_, false, _) => self.tile::<T, 13, 13, W, FinePlain>(tile, now_out, &mut pace)?,
            };
            match written {
                Written::All => {
                    done += now;
                    pace.widen();
                }
                Written::Flat => {
                    done += now;
                    pace.double();
                }
                Written::Beyond if !T::IS_DOUBLE => {
                    let now = BUFFER.min(rest.len());
                    self.fill_through_doubles(node, &mut rest[..now], here, stride)?;
                    done += now;
                }
                Written::None if choice.order != 0 && choice.m > 3 => pace.narrow(),
                Written::None | Written::Beyond => {
                    let few = if written == Written::Beyond { BEYOND } else { FEW };
                    let now = few.min(rest.len());
                    for (i, y) in rest[..now].iter_mut().enumerate() {
                        *y = self.one(node, here + i as u64 * stride, self.from)?;
                    }
                    done += now;
                    pace = Pace::at(node, k + (done as u64).saturating_sub(1) * stride, stride);
                }
            }
        }
        Ok(())
    }

    /// Fills from the start on while the curve is a wave that lanes can write. Returns how many values it has written; `None` where
    /// the curve is no wave.
    fn fill_wave<T: Lane>(
        &mut self,
        node: &PlanNode,
        out: &mut [T],
        k: u64,
        stride: u64,
    ) -> Result<Option<usize>, Interrupted> {
        let mut done = 0;
        while done < out.len() {
            let here = k + done as u64 * stride;
            let Some(parts) = node.value::<Wave>(Point { k: here, stride, cx: () }).parts() else {
                return Ok((done > 0).then_some(done));
            };
            let Some(m) = wave::width::<T>(&parts) else { break };
            let Some(table) = self.tables.get(parts.angle, m) else { break };
            let rest = &mut out[done..];
            let now = table.steps().min(rest.len());
            let now_out = &mut rest[..now];
            self.doubt.clear();
            let written = simd::widest(WaveRun { out: now_out, parts: &parts, table, doubt: &mut self.doubt });
            if written == 0 {
                break;
            }
            self.settle_rest(Tile { node, k: here, stride, m, way: Way::Whole }, &mut now_out[..written])?;
            self.spend(written + JET * self.size)?;
            done += written;
        }
        Ok(Some(done))
    }

    /// Fills with roundings of float64 values, which lanes can hold where they cannot hold those of float32. Rounding twice is
    /// rounding once, unless the first result lies in the middle between two values of the second type.
    #[cold]
    #[inline(never)]
    fn fill_through_doubles<T: Lane>(
        &mut self,
        node: &PlanNode,
        out: &mut [T],
        k: u64,
        stride: u64,
    ) -> Result<(), Interrupted> {
        let mut buffer = [0.0; BUFFER];
        let doubles = &mut buffer[..out.len()];
        self.fill_moving::<f64, 5>(node, doubles, k, stride)?;
        for (i, (y, &x)) in out.iter_mut().zip(&*doubles).enumerate() {
            *y = if T::is_between(x) { self.one(node, k + i as u64 * stride, self.from)? } else { T::of(x) };
        }
        Ok(())
    }

    /// One tile: makes its jet, runs the lanes, settles what is left in doubt.
    ///
    /// The jet is of order `M`; the lanes take `N` coefficients of it, which is fewer for a straight line. Where the
    /// tile is to be cut into narrower ones, the jet is moved to the centre of each, and they take `W` of it.
    fn tile<T: Lane, const M: usize, const N: usize, const W: usize, K: Kit>(
        &mut self,
        tile: Tile<'_>,
        out: &mut [T],
        pace: &mut Pace,
    ) -> Result<Written, Interrupted> {
        let before = out.len() / 2;
        let cx = Width((1u64 << tile.m) as f64);
        let jet =
            tile.node.value::<Jet<M, K>>(Point { k: tile.k + before as u64 * tile.stride, stride: tile.stride, cx });
        self.spend(JET * self.size)?;
        pace.learn(&jet, tile.m);
        let (c0, c0_lo, err, exp) = jet.centre();
        if let Some(value) = beyond_all::<T>(c0, jet.size(1) + c0_lo.abs() + err, exp) {
            out.fill(value);
            self.counts[Rung::Quick as usize] += out.len() as u64;
            self.spend(out.len())?;
            return Ok(Written::Flat);
        }
        if !pace.is_lost() && !T::EXPONENTS.contains(&exponent(c0).saturating_add(exp)) {
            return Ok(Written::Beyond);
        }
        if jet.deg >= N {
            return Ok(Written::None);
        }
        self.doubt.clear();
        let (n, first, careful) = (out.len(), -(before as f64), self.from == Rung::Careful);
        let share = before.max(1) as f64 / cx.0;
        let (poly, worth) =
            if tile.way == Way::Whole { Poly::<T, N>::new(&jet, tile.m, share) } else { Poly::beyond() };
        let doubles = if tile.way == Way::Doubles { Doubles::<N>::new(&jet, tile.m, share) } else { None };
        let mut slow = 0;
        for (i, out) in out.chunks_mut(PIECE).enumerate() {
            let (n, offset, known) = (out.len(), i * PIECE, self.doubt.len());
            let (first, doubt) = (first + offset as f64, &mut self.doubt);
            slow += match (tile.way, &doubles, T::singles(out)) {
                (Way::Whole, ..) if worth == Worth::Good => {
                    simd::widest(Run { out, first, m: tile.m, poly: &poly, careful, doubt })
                }
                (Way::Narrow(sub), ..) => {
                    let run = WideRun::<T, M, W, K> { out, first, jet: &jet, m: tile.m, sub, careful, doubt };
                    let Some(slow) = simd::widest(run) else { return Ok(Written::None) };
                    slow
                }
                (Way::Doubles, Some(poly), Some(out)) => {
                    simd::widest(Through { out, first, poly, doubt });
                    if careful { n as u64 } else { 0 }
                }
                (Way::NarrowDoubles(sub), _, Some(out)) => {
                    let run = WideThrough::<M, NARROW_DOUBLES, K> { out, first, jet: &jet, m: tile.m, sub, doubt };
                    if simd::widest(run).is_none() {
                        return Ok(Written::None);
                    }
                    if careful { n as u64 } else { 0 }
                }
                _ => return Ok(Written::None),
            };
            self.doubt[known..].iter_mut().for_each(|place| *place += offset);
            self.spend(n)?;
        }
        if !self.doubt.is_empty() {
            let again = Again { out: &mut *out, first, jet: &jet, m: tile.m, doubt: &mut self.doubt };
            if K::FUSED { simd::fused_apart(again) } else { simd::apart(again) }
        }
        pace.left_in_doubt(self.doubt.len(), n);
        let left = self.doubt.len() as u64;
        if left > 0 {
            self.settle_doubt(tile, out)?;
        }
        self.counts[Rung::Careful as usize] += slow.saturating_sub(left);
        self.counts[Rung::Quick as usize] += (n as u64).saturating_sub(slow.max(left));
        Ok(Written::All)
    }

    #[cold]
    #[inline(never)]
    fn settle_doubt<T: Lane>(&mut self, tile: Tile<'_>, out: &mut [T]) -> Result<(), Interrupted> {
        let doubt = std::mem::take(&mut self.doubt);
        for &i in &doubt {
            out[i] = self.one(tile.node, tile.k + i as u64 * tile.stride, Rung::Fresh)?;
        }
        self.doubt = doubt;
        Ok(())
    }
}

/// Tries the values that a lane left in doubt again, with the tile's jet in double-double.
///
/// A new jet at each step would settle them too, but takes ten times as long.
struct Again<'a, T, const M: usize, K: Kit> {
    out: &'a mut [T],
    /// The first value's distance from the jet's centre, in steps.
    first: f64,
    jet: &'a Jet<M, K>,
    m: u32,
    /// The places of the values in doubt. Those that are settled are removed.
    doubt: &'a mut Vec<usize>,
}

impl<T: Lane, const M: usize, K: Kit> Task for Again<'_, T, M, K> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let Some(jet) = self.jet.plain() else { return };
        let err = jet.narrowing::<M>(0.0).err;
        let unit = scale(1.0, -(self.m as i64));
        let mut left = 0;
        for j in 0..self.doubt.len() {
            let i = self.doubt[j];
            let y = jet.at((self.first + i as f64) * unit);
            match round::of_jet(y.hi, y.lo, err, 0) {
                Some(value) => self.out[i] = value,
                None => {
                    self.doubt[left] = i;
                    left += 1;
                }
            }
        }
        self.doubt.truncate(left);
    }
}

/// 0 or infinity, if all numbers within `off` of `x`, times `2^exp`, round to it.
#[inline(always)]
fn beyond_all<T: Lane>(x: f64, off: f64, exp: i64) -> Option<T> {
    let of = |size: f64| exponent(size).saturating_add(exp);
    if of(x.abs() + off) < T::LEAST - 1 {
        // Below half of the least positive float.
        return Some(T::default());
    }
    let least = (x.abs() - off) * (1.0 - f64::EPSILON);
    let is_infinite = least > 0.0 && of(least) >= 3 - T::LEAST - T::DIGITS && off < f64::INFINITY;
    is_infinite.then(|| T::of(f64::INFINITY.copysign(x)))
}

/// What became of a tile.
#[derive(Clone, Copy, PartialEq)]
enum Written {
    /// Its values are written.
    All,
    /// All of them round to 0 or to infinity, which is written.
    Flat,
    /// The jet is not good enough for its width.
    None,
    /// Its values are too large or too small for lanes.
    Beyond,
}

/// Where a tile lies, from its first step on, its half-width 2^m, and what writes its values.
#[derive(Clone, Copy)]
struct Tile<'a> {
    node: &'a PlanNode,
    k: u64,
    stride: u64,
    m: u32,
    way: Way<u32>,
}

/// Lines of up to so many values are tried without a jet to choose a width.
const SHORT: usize = 1 << 13;

/// The fine kit makes the jets of tiles of so many values.
const WIDE: usize = 1 << 15;

/// Fewer values of a wave are left to jets.
const WAVE: usize = 1 << 12;

/// Up to so many values are settled one by one: a tile would take longer.
const FEW: usize = 12;

/// So many values are settled one by one where lanes cannot hold them, before the next tile is tried.
const BEYOND: usize = 64;

/// The part of `out` whose steps `k`, `k + stride`, ... come before `end`, and the rest.
#[inline(always)]
fn cut<T>(out: &mut [T], k: u64, end: u64, stride: u64) -> (&mut [T], &mut [T]) {
    let steps = end.saturating_sub(k);
    // A division takes longer than all else here.
    let n = if stride == 1 { steps } else { steps.div_ceil(stride) };
    out.split_at_mut(n.min(out.len() as u64) as usize)
}
