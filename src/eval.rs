//! The three verbs: `at`, `fill`, `gather`.
//!
//! ```text
//! fill:   switch, delay     -> cut the output at the joints
//!         repeat, period    -> fill one period, then copy it
//!         hold, by_epoch    -> fill the inner steps into a buffer, then broadcast
//!         table             -> copy
//!         replay            -> walk along it
//!         clamp (outermost) -> fill, then min and max
//!         anything else     -> stretch by stretch: one value broadcast where it stands still, tiles where it moves
//! settle: one value: quick jet, fine jet, rational, big floats of growing precision; the first that is certain
//! ```

use std::cell::Cell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

use crate::curve::{Curve, Formula, NEVER};
use crate::declare::Replay;
use crate::error::Interrupted;
use crate::pace::{Pace, Paced};
use crate::plan::{Map, Plan, PlanNode, part};
use crate::real::Point;
use crate::real::big::{Big, PRECISIONS, TIES};
use crate::real::dd::{FineFused, FinePlain, Kit, QuickFused};
use crate::real::exact::Exact;
use crate::real::jet::{Jet, Width, scale};
use crate::round::Rounded;
use crate::simd::{self, Task};
use crate::tile::{Poly, Run, WideRun, Worth};

/// How hard a value was to settle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rung {
    /// The quick lane, or a quick jet at one step.
    Quick = 0,
    /// The careful lane.
    Careful = 1,
    /// A fine jet at the step itself.
    Fresh = 2,
    /// The rational value.
    Exact = 3,
    /// Big floats.
    Big = 4,
}

impl Rung {
    /// All of them, in the order in which they are tried.
    pub const ALL: [Rung; 5] = [Rung::Quick, Rung::Careful, Rung::Fresh, Rung::Exact, Rung::Big];

    /// Its name in `GLIDEPATH_RUNG` and in the test hooks.
    pub fn name(self) -> &'static str {
        match self {
            Rung::Quick => "quick",
            Rung::Careful => "careful",
            Rung::Fresh => "fresh",
            Rung::Exact => "exact",
            Rung::Big => "big",
        }
    }

    /// The rung of that name.
    pub fn from_name(name: &str) -> Option<Rung> {
        Rung::ALL.into_iter().find(|rung| rung.name() == name)
    }
}

/// The rung to start from; past the last one until it is first asked for.
static FIRST: AtomicU8 = AtomicU8::new(u8::MAX);
static TALLY: [AtomicU64; 5] = [const { AtomicU64::new(0) }; 5];

/// Starts from that rung from now on, in the whole process; from the first again where it is `None`. For tests.
pub fn force(rung: Option<Rung>) {
    FIRST.store(rung.map_or(0, |rung| rung as u8), Ordering::Relaxed);
}

#[inline(always)]
fn first_rung() -> Rung {
    match FIRST.load(Ordering::Relaxed) {
        0 => Rung::Quick,
        n => other_rung(n),
    }
}

#[cold]
fn other_rung(n: u8) -> Rung {
    if let Some(rung) = Rung::ALL.get(n as usize) {
        return *rung;
    }
    let asked = std::env::var("GLIDEPATH_RUNG").ok().and_then(|name| Rung::from_name(&name));
    force(asked);
    asked.unwrap_or(Rung::Quick)
}

/// How many values of fills and gathers each rung has settled since the last reset.
pub fn tally(reset: bool) -> [(&'static str, u64); 5] {
    Rung::ALL.map(|rung| {
        let count = &TALLY[rung as usize];
        (rung.name(), if reset { count.swap(0, Ordering::Relaxed) } else { count.load(Ordering::Relaxed) })
    })
}

/// Values settled, by rung.
type Counts = [u64; 5];

/// A type that values are given in: float64 or float32.
pub trait Out: Rounded + Paced {
    /// `Filler::fill_moving`, with as many coefficients in narrow tiles as the type needs.
    fn fill_moving(
        filler: &mut Filler<'_>,
        node: &PlanNode,
        out: &mut [Self],
        k: u64,
        stride: u64,
    ) -> Result<(), Interrupted>;
}

macro_rules! out {
    ($T:ty, $NARROW:literal) => {
        impl Out for $T {
            fn fill_moving(
                filler: &mut Filler<'_>,
                node: &PlanNode,
                out: &mut [$T],
                k: u64,
                stride: u64,
            ) -> Result<(), Interrupted> {
                filler.fill_moving::<$T, $NARROW>(node, out, k, stride)
            }
        }
    };
}

out!(f64, 5);
// At the reach of a narrow tile c3 is 2^-36 of c0.
out!(f32, 3);

#[inline(always)]
fn jet_at<K: Kit, T: Out>(node: &PlanNode, k: u64) -> Option<T> {
    let (hi, lo, err, exp) = node.value::<Jet<1, K>>(Point { k, stride: 0, cx: Width(1.0) }).centre();
    T::of_jet(hi, lo, err, exp)
}

/// Says whether to go on: asked where a single value takes long.
type GoOn<'a> = &'a dyn Fn() -> bool;

/// The value at one step, from rung `from` on.
#[inline(always)]
fn settle<T: Out>(node: &PlanNode, k: u64, from: Rung, counts: &mut Counts, go_on: GoOn<'_>) -> Result<T, Interrupted> {
    if from <= Rung::Careful {
        let quick = if simd::has_fused() { jet_at::<QuickFused, T>(node, k) } else { jet_at::<FinePlain, T>(node, k) };
        if let Some(y) = quick {
            counts[Rung::Quick.max(from) as usize] += 1;
            return Ok(y);
        }
    }
    settle_slowly(node, k, from, counts, go_on)
}

#[cold]
#[inline(never)]
fn settle_slowly<T: Out>(
    node: &PlanNode,
    k: u64,
    from: Rung,
    counts: &mut Counts,
    go_on: GoOn<'_>,
) -> Result<T, Interrupted> {
    // A tree of many nodes takes long. What it comes to counts only if nobody said no on the way.
    let stopped = Cell::new(false);
    let go_on = || {
        stopped.set(stopped.get() || !go_on());
        !stopped.get()
    };
    let settled = |y: Option<T>| if stopped.get() { Err(Interrupted) } else { Ok(y) };
    if let Some(y) = settled(node.unreal(k, &go_on).map(T::of))? {
        return Ok(y);
    }
    if from <= Rung::Fresh {
        let fine = if simd::has_fused() { jet_at::<FineFused, T>(node, k) } else { jet_at::<FinePlain, T>(node, k) };
        if let Some(y) = fine {
            counts[Rung::Fresh as usize] += 1;
            return Ok(y);
        }
    }
    if from <= Rung::Exact {
        let exact = T::of_exact(&node.value_while::<Exact, _>(Point { k, stride: 0, cx: () }, &go_on));
        if let Some(y) = settled(exact)? {
            counts[Rung::Exact as usize] += 1;
            return Ok(y);
        }
    }
    counts[Rung::Big as usize] += 1;
    let mut bits = PRECISIONS.into_iter();
    loop {
        let (Some(precision), true) = (bits.next(), go_on()) else { return Err(Interrupted) };
        let ball = node.value_while::<Big, _>(Point { k, stride: 0, cx: precision }, &go_on);
        let tie = if precision < TIES { None } else { T::of_tie(&ball) };
        let centre = if bits.len() > 0 { None } else { Some(T::of_centre(&ball)) };
        if let Some(y) = settled(T::of_big(&ball).or(tie).or(centre))? {
            return Ok(y);
        }
    }
}

impl Plan {
    /// The value at step `k`.
    #[inline]
    pub fn at(&self, k: u64) -> f64 {
        self.at_while(k, &|| true).expect("nothing interrupts it")
    }

    /// The value at step `k`. `go_on` is asked only where that takes long: on the last rungs, between their parts.
    #[inline]
    pub fn at_while(&self, k: u64, go_on: &dyn Fn() -> bool) -> Result<f64, Interrupted> {
        at(&self.root, k, first_rung(), &mut [0; 5], go_on)
    }

    /// The values at `start`, `start + stride`, ..., into `out`.
    ///
    /// The last step must not be past 2^53. `poll` is asked now and then whether to go on.
    pub fn fill<T: Out>(
        &self,
        out: &mut [T],
        start: u64,
        stride: u64,
        threads: usize,
        poll: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), Interrupted> {
        let stop = AtomicBool::new(false);
        let threads = threads.clamp(1, out.len() / 1024 + 1);
        if threads == 1 {
            return self.filler(&stop, poll).finish(|filler| filler.fill(&self.root, out, start, stride));
        }
        let share = out.len().div_ceil(threads);
        let shares = out.chunks_mut(share).enumerate().map(|(i, out)| (start + (i * share) as u64 * stride, out));
        let shares = Mutex::new(shares.collect::<Vec<_>>());
        let next = || shares.lock().ok().and_then(|mut shares| shares.pop());
        let work = |poll: &dyn Fn() -> bool| {
            let mut filler = self.filler(&stop, poll);
            while let Some((start, out)) = next() {
                filler.fill(&self.root, out, start, stride)?;
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let helper = || {
                let _state = simd::DefaultFloatMode::enter();
                work(&|| true)
            };
            // Where the system has no thread to give, those that there are share the work.
            let spawn = |_| std::thread::Builder::new().spawn_scoped(scope, helper).ok();
            let others: Vec<_> = (1..threads).map_while(spawn).collect();
            let mut done = work(poll);
            if done.is_err() {
                stop.store(true, Ordering::Relaxed);
            }
            for other in others {
                while done.is_ok() && !other.is_finished() {
                    if !poll() {
                        stop.store(true, Ordering::Relaxed);
                        done = Err(Interrupted);
                    }
                    std::thread::park_timeout(std::time::Duration::from_micros(50));
                }
                done = done.and(other.join().unwrap_or(Err(Interrupted)));
            }
            done
        })
    }

    /// The values at any steps, in any order, into `out`, which is as long. No step may be past 2^53.
    pub fn gather<T: Out>(
        &self,
        steps: &[u64],
        out: &mut [T],
        poll: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), Interrupted> {
        let stop = AtomicBool::new(false);
        self.filler(&stop, poll).finish(|filler| crate::gather::gather(&self.root, steps, out, filler))
    }

    /// Walks the recurrences, if there are any, to where step `k` finds them: then `at` is quick.
    ///
    /// `work` is given what has been done, in nanoseconds or so, and says whether to go on.
    pub fn seek(&self, k: u64, work: &mut dyn FnMut(usize) -> bool) -> Result<(), Interrupted> {
        if !self.seeks {
            return Ok(());
        }
        self.root.seek(k, &mut |cost| if work(cost) { Ok(()) } else { Err(Interrupted) })
    }

    /// Whether there is anything to seek.
    #[inline]
    pub fn seeks(&self) -> bool {
        self.seeks
    }

    fn filler<'a>(&self, stop: &'a AtomicBool, poll: &'a dyn Fn() -> bool) -> Filler<'a> {
        Filler {
            from: first_rung(),
            seeks: self.seeks,
            size: self.size,
            stop,
            poll,
            left: PATIENCE,
            doubt: Vec::new(),
            counts: [0; 5],
        }
    }
}

/// One step, through whatever needs no number.
#[inline(always)]
pub(crate) fn at<T: Out>(
    root: &PlanNode,
    k: u64,
    from: Rung,
    counts: &mut Counts,
    go_on: GoOn<'_>,
) -> Result<T, Interrupted> {
    let (mut node, mut k) = (root, k);
    loop {
        match node {
            PlanNode::Switch { starts, parts } => {
                let (i, start) = part(starts, k);
                node = &parts[i];
                k -= start;
            }
            PlanNode::Remap(map, inner) => {
                k = map.apply(k).0;
                node = inner;
            }
            PlanNode::Leaf(Curve::Table(table)) => {
                return Ok(T::of(table.values[k.min(table.values.len() as u64 - 1) as usize]));
            }
            PlanNode::Replay(replay) => return Ok(T::of(replay.value_until(k).0)),
            PlanNode::Clamp(inner, low, high) => return at_clamped(inner, k, from, (*low, *high), counts, go_on),
            _ => return settle(node, k, from, counts, go_on),
        }
    }
}

#[inline(never)]
fn at_clamped<T: Out>(
    inner: &PlanNode,
    k: u64,
    from: Rung,
    (low, high): (Option<f64>, Option<f64>),
    counts: &mut Counts,
    go_on: GoOn<'_>,
) -> Result<T, Interrupted> {
    Ok(at::<T>(inner, k, from, counts, go_on)?.clamped(low, high))
}

/// Work between two looks at `poll`, in nanoseconds or so. A value that is written counts 1; in memory that nobody has
/// touched it may take 30.
const PATIENCE: i64 = 1_000_000;
/// Values that are written at a time, for the work to be accounted for.
pub(crate) const PIECE: usize = 1 << 18;
/// What a jet costs for each node of the plan, in nanoseconds or so.
pub(crate) const JET: usize = 50;
/// Periods up to this are copied rather than worked out again: a copy of 2^20 doubles from the outer cache costs 1.1 to 1.4 of
/// a fill, working them out 1.6.
const COPIED: u64 = 1 << 20;
/// Values of a buffer that is then broadcast.
const BUFFER: usize = 512;
/// Runs of one value from this length on are written at once.
const RUN: usize = 16;

/// A fill under way.
pub struct Filler<'a> {
    pub(crate) from: Rung,
    /// Whether there are recurrences to walk along.
    pub(crate) seeks: bool,
    /// How many nodes the plan has.
    pub(crate) size: usize,
    stop: &'a AtomicBool,
    poll: &'a dyn Fn() -> bool,
    left: i64,
    doubt: Vec<usize>,
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
    /// Does the work; what was done in vain is not counted.
    fn finish(mut self, work: impl FnOnce(&mut Self) -> Result<(), Interrupted>) -> Result<(), Interrupted> {
        let done = work(&mut self);
        if done.is_err() {
            self.counts = [0; 5];
        }
        done
    }

    /// Counts some nanoseconds of work, and polls once enough have come together.
    #[inline(always)]
    pub(crate) fn spend(&mut self, cost: usize) -> Result<(), Interrupted> {
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
    pub(crate) fn one<T: Out>(&mut self, node: &PlanNode, k: u64, from: Rung) -> Result<T, Interrupted> {
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
    pub(crate) fn looked_up(&mut self, n: usize) {
        self.counts[Rung::Quick as usize] += n as u64;
    }

    /// The values at `k`, `k + stride`, ...: see the module's text.
    pub(crate) fn fill<T: Out>(
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
            PlanNode::Clamp(inner, low, high) => {
                for (i, block) in out.chunks_mut(1 << 14).enumerate() {
                    self.fill(inner, block, k + (i << 14) as u64 * stride, stride)?;
                    block.iter_mut().for_each(|y| *y = y.clamped(*low, *high));
                }
                Ok(())
            }
            PlanNode::Leaf(Curve::Table(table)) => self.fill_table(&table.values, out, k, stride),
            PlanNode::Replay(replay) => self.fill_replay(replay, out, k, stride),
            PlanNode::Leaf(curve) => match curve.period() {
                Some(period) if period <= COPIED && stride == 1 => self.fill_period(node, period, out, k),
                _ => self.fill_smooth(node, out, k, stride),
            },
            _ => self.fill_smooth(node, out, k, stride),
        }
    }

    /// The same value everywhere.
    fn flood<T: Out>(&mut self, out: &mut [T], value: T) -> Result<(), Interrupted> {
        for piece in out.chunks_mut(PIECE) {
            piece.fill(value);
            self.spend(piece.len())?;
        }
        Ok(())
    }

    fn fill_table<T: Out>(&mut self, values: &[f64], out: &mut [T], k: u64, stride: u64) -> Result<(), Interrupted> {
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
    fn copy_period<T: Out>(&mut self, out: &mut [T], base: usize) -> Result<(), Interrupted> {
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

    fn fill_switch<T: Out>(
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

    fn fill_cycle<T: Out>(
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

    /// A curve that comes again every so many steps by itself.
    fn fill_period<T: Out>(&mut self, node: &PlanNode, period: u64, out: &mut [T], k: u64) -> Result<(), Interrupted> {
        let base = (period as usize).min(out.len());
        self.fill_smooth(node, &mut out[..base], k, 1)?;
        self.copy_period(out, base)
    }

    /// Inner values, one every `n` steps, each written `n` times; `gap` inner steps lie between two of them.
    fn fill_broadcast<T: Out>(
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

    /// Runs of one value where it stands still for long, else values one by one.
    fn fill_replay<T: Out>(
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
    fn fill_smooth<T: Out>(
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
                T::fill_moving(self, node, now, k, stride)?;
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

    /// Tile by tile, over one stretch.
    fn fill_moving<T: Out, const W: usize>(
        &mut self,
        node: &PlanNode,
        out: &mut [T],
        k: u64,
        stride: u64,
    ) -> Result<(), Interrupted> {
        let mut done = 0;
        let mut pace = Pace::at(node, k, stride);
        while done < out.len() {
            let rest = &mut out[done..];
            let here = k + done as u64 * stride;
            let choice = pace.choose::<T>(rest.len());
            let now = choice.length.min(rest.len());
            let tile = Tile { node, k: here, stride, m: choice.m, sub: choice.sub };
            let now_out = &mut rest[..now];
            let written = match (choice.order, simd::has_fused()) {
                (0, _) => None,
                (2, true) => self.tile::<T, 5, 2, 2, QuickFused>(tile, now_out, &mut pace)?,
                (5, true) => self.tile::<T, 5, 5, W, QuickFused>(tile, now_out, &mut pace)?,
                (9, true) => self.tile::<T, 9, 9, W, QuickFused>(tile, now_out, &mut pace)?,
                (_, true) => self.tile::<T, 13, 13, W, QuickFused>(tile, now_out, &mut pace)?,
                // Machines without fma are few: two orders serve them.
                (2, false) => self.tile::<T, 5, 2, 2, FinePlain>(tile, now_out, &mut pace)?,
                (5, false) => self.tile::<T, 5, 5, W, FinePlain>(tile, now_out, &mut pace)?,
                (_, false) => self.tile::<T, 13, 13, W, FinePlain>(tile, now_out, &mut pace)?,
            };
            match written {
                Some(()) => done += now,
                None if choice.order != 0 && choice.m > 3 => pace.narrow(),
                None => {
                    let now = FEW.min(rest.len());
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

    /// One tile: its jet, its lanes, its stragglers. `None` where its jet is not good enough for its width.
    ///
    /// The jet is of order `M`; the lanes take `N` coefficients of it, which is fewer for a straight line. Where the
    /// tile is to be cut into narrower ones, the jet is moved to the centre of each, and they take `W` of it.
    fn tile<T: Out, const M: usize, const N: usize, const W: usize, K: Kit>(
        &mut self,
        tile: Tile<'_>,
        out: &mut [T],
        pace: &mut Pace,
    ) -> Result<Option<()>, Interrupted> {
        let before = out.len() / 2;
        let cx = Width((1u64 << tile.m) as f64);
        let jet =
            tile.node.value::<Jet<M, K>>(Point { k: tile.k + before as u64 * tile.stride, stride: tile.stride, cx });
        self.spend(JET * self.size)?;
        pace.learn(&jet, tile.m);
        if jet.deg >= N {
            return Ok(None);
        }
        self.doubt.clear();
        let (n, first, careful) = (out.len(), -(before as f64), self.from == Rung::Careful);
        let (poly, worth) = if tile.sub.is_some() { Poly::beyond() } else { Poly::<T, N>::new(&jet, tile.m) };
        if tile.sub.is_none() && worth != Worth::Good {
            return Ok(None);
        }
        let mut slow = 0;
        for (i, out) in out.chunks_mut(PIECE).enumerate() {
            let (n, offset, known) = (out.len(), i * PIECE, self.doubt.len());
            let (first, doubt) = (first + offset as f64, &mut self.doubt);
            slow += if let Some(sub) = tile.sub {
                let run = WideRun::<T, M, W, K> { out, first, jet: &jet, m: tile.m, sub, careful, doubt };
                let Some(slow) = simd::widest(run) else { return Ok(None) };
                slow
            } else {
                simd::widest(Run { out, first, m: tile.m, poly: &poly, careful, doubt })
            };
            self.doubt[known..].iter_mut().for_each(|place| *place += offset);
            self.spend(n)?;
        }
        if !self.doubt.is_empty() {
            let again = Again { out: &mut *out, first, jet: &jet, m: tile.m, doubt: &mut self.doubt };
            if K::FUSED { simd::fused_apart(again) } else { simd::apart(again) }
        }
        let left = self.doubt.len() as u64;
        if left > 0 {
            self.settle_doubt(tile, out)?;
        }
        self.counts[Rung::Careful as usize] += slow.saturating_sub(left);
        self.counts[Rung::Quick as usize] += (n as u64).saturating_sub(slow.max(left));
        Ok(Some(()))
    }

    #[cold]
    #[inline(never)]
    fn settle_doubt<T: Out>(&mut self, tile: Tile<'_>, out: &mut [T]) -> Result<(), Interrupted> {
        let doubt = std::mem::take(&mut self.doubt);
        for &i in &doubt {
            out[i] = self.one(tile.node, tile.k + i as u64 * tile.stride, Rung::Fresh)?;
        }
        self.doubt = doubt;
        Ok(())
    }
}

/// The values that a lane left in doubt, once more: the tile's jet itself at each, in double-double.
///
/// A jet at the step would settle them as well, at ten times the price.
struct Again<'a, T, const M: usize, K: Kit> {
    out: &'a mut [T],
    /// The first value's distance from the jet's centre, in steps.
    first: f64,
    jet: &'a Jet<M, K>,
    m: u32,
    /// The places; those that are still in doubt stay.
    doubt: &'a mut Vec<usize>,
}

impl<T: Out, const M: usize, K: Kit> Task for Again<'_, T, M, K> {
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
            match T::of_jet(y.hi, y.lo, err, 0) {
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

/// Where a tile lies: its first step, its half-width 2^m, and that of the narrower tiles it is cut into, if it is.
#[derive(Clone, Copy)]
struct Tile<'a> {
    node: &'a PlanNode,
    k: u64,
    stride: u64,
    m: u32,
    sub: Option<u32>,
}

/// So few values are not worth a tile.
const FEW: usize = 12;

/// The part of `out` whose steps `k`, `k + stride`, ... come before `end`, and the rest.
#[inline(always)]
fn cut<T>(out: &mut [T], k: u64, end: u64, stride: u64) -> (&mut [T], &mut [T]) {
    let n = end.saturating_sub(k).div_ceil(stride).min(out.len() as u64);
    out.split_at_mut(n as usize)
}
