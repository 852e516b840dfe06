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

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

use crate::curve::{Curve, Formula, NEVER};
use crate::plan::{Map, Node, Plan, part};
use crate::real::Point;
use crate::real::big::Big;
use crate::real::dd::{FineFused, FinePlain, Kit, QuickFused};
use crate::real::exact::Exact;
use crate::real::jet::{Jet, Width, exponent, scale};
use crate::replay::Replay;
use crate::simd::{self, Task};
use crate::tile::{Cost, Lane, Poly, Run, WideRun, Worth};

/// A fill that was asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted;

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
pub trait Out: Lane {
    /// The value, where all of `(hi + lo +- err) * 2^exp` rounds to it.
    fn of_jet(hi: f64, lo: f64, err: f64, exp: i64) -> Option<Self>;
    /// The value, where there is a rational one.
    fn of_exact(x: &Exact) -> Option<Self>;
    /// The value, where the whole ball rounds to it.
    fn of_big(x: &Big) -> Option<Self>;
    /// The value of a ball that holds a midpoint still, and so counts as that midpoint.
    fn of_tie(x: &Big) -> Self;
    /// The value between two roundings to float64, the lower first, if that is certain.
    fn of_bracket(low: f64, high: f64) -> Option<Self>;
    /// Kept within bounds, which are doubles.
    fn clamped(self, low: Option<f64>, high: Option<f64>) -> Self;
    /// [`Filler::fill_moving`], with as many coefficients in narrow tiles as the type needs.
    fn fill_moving(
        filler: &mut Filler<'_>,
        node: &Node,
        out: &mut [Self],
        k: u64,
        stride: u64,
    ) -> Result<(), Interrupted>;
}

macro_rules! out {
    ($T:ty, $NARROW:literal, $jet:path, $exact:ident, $big:ident, $tie:ident, $bracket:path) => {
        impl Out for $T {
            #[inline(always)]
            fn of_jet(hi: f64, lo: f64, err: f64, exp: i64) -> Option<$T> {
                $jet(hi, lo, err, exp)
            }
            fn of_exact(x: &Exact) -> Option<$T> {
                x.$exact()
            }
            fn of_big(x: &Big) -> Option<$T> {
                x.$big()
            }
            fn of_tie(x: &Big) -> $T {
                x.$tie()
            }
            #[inline(always)]
            fn of_bracket(low: f64, high: f64) -> Option<$T> {
                $bracket(low, high)
            }
            #[inline(always)]
            fn clamped(self, low: Option<f64>, high: Option<f64>) -> $T {
                // Rounding is monotone, so a bound's rounding bounds the roundings.
                let x = low.map_or(self, |low| if self < low as $T { low as $T } else { self });
                high.map_or(x, |high| if x > high as $T { high as $T } else { x })
            }
            fn fill_moving(
                filler: &mut Filler<'_>,
                node: &Node,
                out: &mut [$T],
                k: u64,
                stride: u64,
            ) -> Result<(), Interrupted> {
                filler.fill_moving::<$T, $NARROW>(node, out, k, stride)
            }
        }
    };
}

out!(f64, 5, round_f64, round_f64, round_f64, settle_f64, same_f64);
// At the reach of a narrow tile c3 is 2^-36 of c0.
out!(f32, 3, round_f32, round_f32, round_f32, settle_f32, same_f32);

#[inline(always)]
fn same_f64(low: f64, high: f64) -> Option<f64> {
    if low == high { Some(low) } else { None }
}

/// The truth is within half an ulp of float64 of `low` and `high`: certain where no midpoint of float32 is as near.
#[inline(always)]
fn same_f32(low: f64, high: f64) -> Option<f32> {
    let slack = f64::EPSILON * low.abs();
    let y = (low - slack) as f32;
    if y == (high + slack) as f32 { Some(y) } else { None }
}

/// The two roundings of `hi + (lo -+ err)`, if they agree. Exact where `err` is 0: nothing is rounded but the sum.
#[inline(always)]
fn bracket(hi: f64, lo: f64, err: f64) -> Option<f64> {
    // `lo - err` and `lo + err` are rounded themselves.
    let e = if err == 0.0 { 0.0 } else { err + 2.0 * f64::EPSILON * (lo.abs() + err) };
    let y = hi + (lo - e);
    if y == hi + (lo + e) { Some(y) } else { None }
}

/// The nearest double, where all of `(hi + lo +- err) * 2^exp` has the same.
#[inline(always)]
fn round_f64(hi: f64, lo: f64, err: f64, exp: i64) -> Option<f64> {
    let top = exponent(hi).saturating_add(exp);
    if exp == 0 && (-960..=1000).contains(&top) {
        return bracket(hi, lo, err).map(|y| y + 0.0);
    }
    round_far(hi, lo, err, exp, -1022, |_| -1074)
}

/// The nearest float32, as `round_f64`.
#[inline(always)]
fn round_f32(hi: f64, lo: f64, err: f64, exp: i64) -> Option<f32> {
    // Always through the grid of float32's values there, so that it is rounded once.
    round_far(hi, lo, err, exp, 1025, |top| (top - 23).max(-149)).map(|y| y as f32)
}

/// Rounds what may overflow, be subnormal, or be rounded to less than 53 bits.
///
/// Below 2^`fine` the result is a multiple of 2^`grid(top)`, and less than 2^52 of them: added to 2^52 of them it leaves a
/// sum whose last bit is one.
#[inline(always)]
fn round_far(hi: f64, lo: f64, err: f64, exp: i64, fine: i64, grid: impl Fn(i64) -> i64) -> Option<f64> {
    if !(err < f64::INFINITY) {
        return None;
    }
    if hi == 0.0 {
        return if err == 0.0 && lo == 0.0 { Some(0.0) } else { None };
    }
    let top = exponent(hi).saturating_add(exp);
    if !(err + lo.abs() < 0.75 * hi.abs()) {
        // Not even its size is known; only if all of it is far below the least subnormal is that enough.
        return None;
    }
    if top > 1026 {
        return Some(f64::INFINITY.copysign(hi));
    }
    if top < -1080 {
        return Some(0.0);
    }
    if top >= fine {
        return bracket(hi, lo, err).map(|y| scale(y, exp) + 0.0);
    }
    let unit = scale(1.0, grid(top).saturating_sub(exp));
    let magic = ((1u64 << 52) as f64 * unit).copysign(hi);
    let sum = magic + hi;
    let rest = hi - (sum - magic);
    bracket(sum, rest + lo, if lo == 0.0 && err == 0.0 { 0.0 } else { err + f64::EPSILON * (rest.abs() + lo.abs()) })
        .map(|y| scale(y - magic, exp) + 0.0)
}

/// Precisions of the last rung, in bits.
const PRECISIONS: [usize; 4] = [192, 384, 768, 1536];

#[inline(always)]
fn jet_at<K: Kit, T: Out>(node: &Node, k: u64) -> Option<T> {
    let (hi, lo, err, exp) = node.value::<Jet<1, K>>(Point { k, stride: 0, cx: Width(1.0) }).centre();
    T::of_jet(hi, lo, err, exp)
}

/// The value at one step, from rung `from` on.
#[inline(always)]
fn settle<T: Out>(node: &Node, k: u64, from: Rung, counts: &mut Counts) -> T {
    if from <= Rung::Careful {
        let quick = if simd::has_fused() { jet_at::<QuickFused, T>(node, k) } else { jet_at::<FinePlain, T>(node, k) };
        if let Some(y) = quick {
            counts[Rung::Quick.max(from) as usize] += 1;
            return y;
        }
    }
    settle_slowly(node, k, from, counts)
}

#[cold]
#[inline(never)]
fn settle_slowly<T: Out>(node: &Node, k: u64, from: Rung, counts: &mut Counts) -> T {
    if from <= Rung::Fresh {
        let fine = if simd::has_fused() { jet_at::<FineFused, T>(node, k) } else { jet_at::<FinePlain, T>(node, k) };
        if let Some(y) = fine {
            counts[Rung::Fresh as usize] += 1;
            return y;
        }
    }
    if from <= Rung::Exact
        && let Some(y) = T::of_exact(&node.value::<Exact>(Point { k, stride: 0, cx: () }))
    {
        counts[Rung::Exact as usize] += 1;
        return y;
    }
    if node.is_unreal(k) {
        return T::of(beyond_real(node, k));
    }
    counts[Rung::Big as usize] += 1;
    let ball = |bits: usize| node.value::<Big>(Point { k, stride: 0, cx: bits });
    for bits in PRECISIONS {
        if let Some(y) = T::of_big(&ball(bits)) {
            return y;
        }
    }
    T::of_tie(&ball(PRECISIONS[PRECISIONS.len() - 1]))
}

/// Floating-point arithmetic on the operands' doubles, one of which is infinite or not a number.
fn beyond_real(node: &Node, k: u64) -> f64 {
    let double = |node: &Node| at::<f64>(node, k, Rung::Quick, &mut [0; 5]);
    match node {
        Node::Sum(nodes) => nodes.iter().map(double).sum(),
        Node::Product(nodes) => nodes.iter().map(double).product(),
        Node::Quotient(node, by) => double(node) / by,
        _ => double(node),
    }
}

impl Plan {
    /// The value at step `k`.
    #[inline]
    pub fn at(&self, k: u64) -> f64 {
        at(&self.root, k, first_rung(), &mut [0; 5])
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
            return self.filler(&stop, poll).fill(&self.root, out, start, stride);
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
                let _state = simd::default_mxcsr();
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
        crate::gather::gather(&self.root, steps, out, &mut self.filler(&stop, poll))
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
        let mut filler = Filler::new(stop, poll);
        filler.seeks = self.seeks;
        filler
    }
}

/// One step, through whatever needs no number.
#[inline(always)]
pub(crate) fn at<T: Out>(root: &Node, k: u64, from: Rung, counts: &mut Counts) -> T {
    let (mut node, mut k) = (root, k);
    loop {
        match node {
            Node::Switch { starts, parts } => {
                let (i, start) = part(starts, k);
                node = &parts[i];
                k -= start;
            }
            Node::Remap(map, inner) => {
                k = map.apply(k).0;
                node = inner;
            }
            Node::Leaf(Curve::Table(table)) => {
                return T::of(table.values[k.min(table.values.len() as u64 - 1) as usize]);
            }
            Node::Replay(replay) => return T::of(replay.still(k).0),
            Node::Clamp(inner, low, high) => return at_clamped(inner, k, from, *low, *high, counts),
            _ => return settle(node, k, from, counts),
        }
    }
}

#[inline(never)]
fn at_clamped<T: Out>(inner: &Node, k: u64, from: Rung, low: Option<f64>, high: Option<f64>, counts: &mut Counts) -> T {
    at::<T>(inner, k, from, counts).clamped(low, high)
}

/// Work between two looks at `poll`, in nanoseconds or so.
const PATIENCE: i64 = 20_000_000;
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
    pub(crate) fn new(stop: &'a AtomicBool, poll: &'a dyn Fn() -> bool) -> Self {
        Filler { from: first_rung(), seeks: false, stop, poll, left: PATIENCE, doubt: Vec::new(), counts: [0; 5] }
    }

    /// Accounts for some nanoseconds of work; looks up now and then.
    #[inline(always)]
    pub(crate) fn spend(&mut self, cost: usize) -> Result<(), Interrupted> {
        self.left -= cost as i64;
        if self.left > 0 { Ok(()) } else { self.look_up() }
    }

    #[cold]
    fn look_up(&mut self) -> Result<(), Interrupted> {
        self.left = PATIENCE;
        if self.stop.load(Ordering::Relaxed) || !(self.poll)() { Err(Interrupted) } else { Ok(()) }
    }

    /// One value; the last rung is slow.
    #[inline(always)]
    pub(crate) fn one<T: Out>(&mut self, node: &Node, k: u64, from: Rung) -> Result<T, Interrupted> {
        if self.seeks {
            self.seek(node, k)?;
        }
        let before = self.counts[Rung::Big as usize];
        let y = at(node, k, from, &mut self.counts);
        self.spend(if self.counts[Rung::Big as usize] > before { 2_000_000 } else { 50 })?;
        Ok(y)
    }

    #[cold]
    fn seek(&mut self, node: &Node, k: u64) -> Result<(), Interrupted> {
        node.seek(k, &mut |cost| self.spend(cost))
    }

    /// Counts values that a table of polynomials settled.
    pub(crate) fn looked_up(&mut self, n: usize) {
        self.counts[Rung::Quick as usize] += n as u64;
    }

    /// The values at `k`, `k + stride`, ...: see the module's text.
    pub(crate) fn fill<T: Out>(&mut self, node: &Node, out: &mut [T], k: u64, stride: u64) -> Result<(), Interrupted> {
        if out.is_empty() {
            return Ok(());
        }
        match node {
            Node::Switch { starts, parts } => self.fill_switch(starts, parts, out, k, stride),
            Node::Remap(Map::Delay(n), inner) => {
                let (waiting, rest) = cut(out, k, *n, stride);
                if !waiting.is_empty() {
                    waiting.fill(self.one(inner, 0, self.from)?);
                }
                let k = k + waiting.len() as u64 * stride;
                if rest.is_empty() { Ok(()) } else { self.fill(inner, rest, k - n, stride) }
            }
            Node::Remap(Map::Cycle { period, end }, inner) => self.fill_cycle(inner, *period, *end, out, k, stride),
            Node::Remap(Map::Divide(n), inner) if stride == 1 => self.fill_broadcast(inner, *n, 1, out, k),
            Node::Remap(Map::Floor(n), inner) if stride == 1 => self.fill_broadcast(inner, *n, *n, out, k),
            Node::Clamp(inner, low, high) => {
                for (i, block) in out.chunks_mut(1 << 14).enumerate() {
                    self.fill(inner, block, k + (i << 14) as u64 * stride, stride)?;
                    block.iter_mut().for_each(|y| *y = y.clamped(*low, *high));
                }
                Ok(())
            }
            Node::Leaf(Curve::Table(table)) => {
                fill_table(&table.values, out, k, stride);
                self.spend(out.len())
            }
            Node::Replay(replay) => self.fill_replay(replay, out, k, stride),
            Node::Leaf(curve) => match curve.period() {
                Some(period) if period <= COPIED && stride == 1 => self.fill_period(node, period, out, k),
                _ => self.fill_smooth(node, out, k, stride),
            },
            _ => self.fill_smooth(node, out, k, stride),
        }
    }

    fn fill_switch<T: Out>(
        &mut self,
        starts: &[u64],
        parts: &[Node],
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
        inner: &Node,
        period: u64,
        end: u64,
        out: &mut [T],
        mut k: u64,
        stride: u64,
    ) -> Result<(), Interrupted> {
        let (mut rest, after) = cut(out, k, end, stride);
        if !after.is_empty() {
            after.fill(self.one(inner, period, self.from)?);
        }
        let base = (period as usize).min(rest.len());
        if stride == 1 && period <= COPIED && rest.len() > base {
            let (first, _) = rest.split_at_mut(base);
            let split = (period - k % period).min(base as u64) as usize;
            let (head, tail) = first.split_at_mut(split);
            self.fill(inner, head, k % period, 1)?;
            self.fill(inner, tail, 0, 1)?;
            copy_period(rest, base);
            return self.spend(rest.len());
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
    fn fill_period<T: Out>(&mut self, node: &Node, period: u64, out: &mut [T], k: u64) -> Result<(), Interrupted> {
        let base = (period as usize).min(out.len());
        self.fill_smooth(node, &mut out[..base], k, 1)?;
        copy_period(out, base);
        self.spend(out.len())
    }

    /// Inner values, one every `n` steps, each written `n` times; `gap` inner steps lie between two of them.
    fn fill_broadcast<T: Out>(
        &mut self,
        inner: &Node,
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
            for &value in values.iter() {
                let (now, later) = rest.split_at_mut(left.min(rest.len() as u64) as usize);
                now.fill(value);
                rest = later;
                left = n;
            }
        }
        self.spend(BUFFER)
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
            let (value, end) = walk.still();
            let n = end.saturating_sub(k).div_ceil(stride).min(rest.len() as u64) as usize;
            let is_run = n >= RUN || n == rest.len();
            let (now, later) = rest.split_at_mut(if is_run { n } else { BUFFER.min(rest.len()) });
            k += now.len() as u64 * stride;
            if is_run {
                now.fill(T::of(value));
                self.spend(n)?;
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
    fn fill_smooth<T: Out>(&mut self, node: &Node, out: &mut [T], mut k: u64, stride: u64) -> Result<(), Interrupted> {
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
                now.fill(self.one(node, k, self.from)?);
                self.spend(now.len())?;
            }
            k += now.len() as u64 * stride;
            rest = later;
        }
        Ok(())
    }

    /// Tile by tile, over one stretch.
    fn fill_moving<T: Out, const W: usize>(
        &mut self,
        node: &Node,
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
        pace.learn(&jet, tile.m);
        if jet.deg >= N {
            return Ok(None);
        }
        self.doubt.clear();
        let (n, first, careful) = (out.len(), -(before as f64), self.from == Rung::Careful);
        let slow = if let Some(sub) = tile.sub {
            let doubt = &mut self.doubt;
            simd::widest(WideRun::<T, M, W, K> { out: &mut *out, first, jet: &jet, m: tile.m, sub, careful, doubt })
        } else {
            let (poly, worth) = Poly::<T, N>::new(&jet, tile.m);
            let run = Run { out: &mut *out, first, m: tile.m, poly: &poly, careful, doubt: &mut self.doubt };
            (worth == Worth::Good).then(|| simd::widest(run))
        };
        let Some(slow) = slow else { return Ok(None) };
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
        self.spend(n)?;
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
    node: &'a Node,
    k: u64,
    stride: u64,
    m: u32,
    sub: Option<u32>,
}

/// So few values are not worth a tile.
const FEW: usize = 12;

/// How fast a curve changes, and so how wide the next tile may be: log2 of steps of the grid.
struct Pace {
    /// Over how many steps the value changes by about itself.
    reach: f64,
    /// Over how many steps the late terms of its series grow as large as those before them.
    radius: f64,
    /// Whether the curve is a straight line here, and whether it goes away from 0.
    line: bool,
    rising: bool,
    /// Halvings that the last tries called for.
    narrowed: f64,
}

/// A width and an order for a tile, and the width of the narrower ones it is cut into.
struct Choice {
    order: usize,
    m: u32,
    sub: Option<u32>,
    length: usize,
}

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
    /// From a small jet.
    fn at(node: &Node, k: u64, stride: u64) -> Pace {
        let mut pace = Pace { reach: f64::NEG_INFINITY, radius: 0.0, line: false, rising: false, narrowed: 0.0 };
        if simd::has_fused() {
            pace.learn(&node.value::<Jet<5, QuickFused>>(Point { k, stride, cx: Width(1.0) }), 0);
        } else {
            pace.learn(&node.value::<Jet<5, FinePlain>>(Point { k, stride, cx: Width(1.0) }), 0);
        }
        pace
    }

    #[inline(always)]
    fn learn<const N: usize, K: Kit>(&mut self, jet: &Jet<N, K>, m: u32) {
        let m = m as f64;
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
        self.reach = m + log_ratio(jet.c[0], jet.c[1]).min(0.5 * log_ratio(jet.c[0], jet.c[2]));
        // Two terms further, since every other one may vanish.
        let late = log_ratio(jet.c[2], jet.c[4]).min(log_ratio(jet.c[1], jet.c[3]));
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

    /// The last choice was too wide.
    #[inline(always)]
    fn narrow(&mut self) {
        self.narrowed += 1.0;
    }

    /// The cheapest tile for the next of `left` values, by a model of what jets and lanes cost.
    #[inline(always)]
    fn choose<T: Out>(&mut self, left: usize) -> Choice {
        let mut best = Choice { order: 0, m: 0, sub: None, length: 0 };
        let mut least = f64::INFINITY;
        let enough = (usize::BITS - (left / 2).leading_zeros()) as i64;
        let options: &[Cost] = if self.line { &T::LINES } else { &T::CURVES };
        let reach = self.reach - self.narrowed;
        for option in options {
            // The first two terms shrink by the reach, those after them by the radius.
            let late = option.order as f64 - 2.0;
            let series = (2.0 * self.reach + late * self.radius - T::BITS) / (late + 2.0) - self.narrowed;
            let m =
                if self.line { reach - self.reach_of_line(option.reach) } else { (reach - option.reach).min(series) };
            let m = (m as i64).min(option.widest).min(enough);
            if m < 3 {
                continue;
            }
            let length = (2u64 << m) as f64;
            let used = (left as f64).min(length);
            let mut cost = option.jet / used + option.value * (T::CHUNK as f64 / used).max(1.0);
            let mut sub = None;
            if let Some(each) = option.narrowed {
                let Some((narrow, more)) = narrower::<T>(reach, m, each, option.value) else { continue };
                cost += more;
                sub = Some(narrow);
            }
            if cost < least {
                least = cost;
                best = Choice { order: option.order, m: m as u32, sub, length: 2 << m };
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
fn narrower<T: Lane>(reach: f64, m: i64, each: f64, value: f64) -> Option<(u32, f64)> {
    // A chunk's chance is 2E over the spacing of midpoints for each of its values: see `Poly::new`.
    let doubt = 8.0 * T::CHUNK as f64 * scale(1.0, -(reach as i64));
    let most = (m - 2).min((reach - 11.5) as i64);
    let mut best = None;
    let mut least = f64::INFINITY;
    for narrow in T::NARROW {
        let steps = (1u64 << narrow) as f64;
        let cost = 0.5 * each / steps + 3.0 * value * (doubt * steps).min(1.0);
        if narrow <= most && cost < least {
            least = cost;
            best = Some((narrow as u32, cost));
        }
    }
    best
}

/// The part of `out` whose steps `k`, `k + stride`, ... come before `end`, and the rest.
#[inline(always)]
fn cut<T>(out: &mut [T], k: u64, end: u64, stride: u64) -> (&mut [T], &mut [T]) {
    let n = end.saturating_sub(k).div_ceil(stride).min(out.len() as u64);
    out.split_at_mut(n as usize)
}

/// Writes the first `base` values again and again.
fn copy_period<T: Copy>(out: &mut [T], base: usize) {
    if base == 0 || out.len() <= base {
        return;
    }
    // Grow the pattern to some pages, then copy it from where it stays in cache.
    let mut ready = base;
    while ready < 4096 && ready < out.len() {
        let more = ready.min(out.len() - ready);
        out.copy_within(..more, ready);
        ready += more;
    }
    let whole = ready - ready % base;
    if whole == 0 || ready >= out.len() {
        return;
    }
    let (pattern, rest) = out.split_at_mut(whole);
    for block in rest.chunks_mut(whole) {
        block.copy_from_slice(&pattern[..block.len()]);
    }
}

fn fill_table<T: Out>(values: &[f64], out: &mut [T], k: u64, stride: u64) {
    let (now, after) = cut(out, k, values.len() as u64, stride);
    if stride == 1 && !now.is_empty() {
        for (y, x) in now.iter_mut().zip(&values[k as usize..]) {
            *y = T::of(*x);
        }
    } else {
        for (i, y) in now.iter_mut().enumerate() {
            *y = T::of(values[(k + i as u64 * stride) as usize]);
        }
    }
    after.fill(T::of(values[values.len() - 1]));
}
