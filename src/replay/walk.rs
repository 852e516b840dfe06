//! Jumps, steps and fills of a recurrence.
//!
//! ```text
//! seek k:  from the nearest of: the start, the marks before k, where the last walk ended
//!          advance from change to change (the state is constant between them), leaving marks on the way
//! marks:   at least `gap` steps apart; when there are too many, every other one is dropped, and the gap doubles
//! ```
//! The state at a step is the same by whichever recurrence it was reached: marks are copies of states that were walked to.

use std::fmt::Debug;
use std::sync::{Mutex, MutexGuard, TryLockError};

use super::Recurrence;

use crate::error::Error;
use crate::error::Interrupted;
use crate::limits::NEVER;
use crate::spec::Spec;

/// Accounts for some nanoseconds of work; says when to stop.
pub type Spend<'a> = &'a mut dyn FnMut(usize) -> Result<(), Interrupted>;

/// A framework's recurrence: a state at step 0, and how it goes from one step to the next.
pub trait StepRule: Debug + Send + Sync + 'static {
    /// What is carried from step to step.
    type State: Clone + Debug + Send + Sync + 'static;

    /// What must hold between the parameters.
    fn check(&self) -> Result<(), Error> {
        Ok(())
    }
    /// How long it lasts, where it ends.
    fn steps(&self) -> Option<u64> {
        None
    }
    /// The last step that has a value of its own, where there is one: past it the state stays as it is.
    fn last(&self) -> Option<u64> {
        None
    }
    /// The state at step 0; an error where there is none.
    fn start(&self) -> Result<Self::State, Error>;
    /// The value at step `k`, whose state this is.
    fn lr(&self, state: &Self::State, k: u64) -> f64;
    /// From the state at step `k - 1` to that at step `k`.
    fn advance(&self, state: &mut Self::State, k: u64);
    /// The first step after `k` at which the state or the value may differ from those at step `k`, whose state this is;
    /// [`NEVER`] where there is none.
    fn constant_until(&self, _state: &Self::State, k: u64) -> u64 {
        k + 1
    }
    /// The state at step `k`, for a recurrence that can compute any state directly.
    fn state_at(&self, _k: u64) -> Option<Self::State> {
        None
    }
    /// The state that belongs to a learning rate, for a recurrence whose state is the learning rate alone.
    fn of_lr(&self, _lr: f64) -> Option<Self::State> {
        None
    }
    /// The value at step `k` by the framework's closed formula, where it has one beside the recurrence.
    fn closed(&self, _k: u64) -> Option<f64> {
        None
    }
    /// The value between two steps, where the framework has one.
    fn between(&self, _at: f64) -> Option<f64> {
        None
    }
    /// The closed form: what real numbers would give in the place of the framework's floats.
    fn exact(&self) -> Result<Spec, Error> {
        Err(no_closed_form())
    }
}

/// The error for a recurrence without a closed form.
pub fn no_closed_form() -> Error {
    Error::value("", "", "")
}

/// A recurrence without a state: a formula of the step.
pub trait StepFormula: Debug + Send + Sync + 'static {
    /// What must hold between the parameters.
    fn check(&self) -> Result<(), Error> {
        Ok(())
    }
    /// How long it lasts, where it ends.
    fn steps(&self) -> Option<u64> {
        None
    }
    /// The last step that has a value of its own, where there is one.
    fn last(&self) -> Option<u64> {
        StepFormula::steps(self)
    }
    /// The value at step `k`.
    fn value(&self, k: u64) -> f64;
    /// The value between two steps, where the framework has one.
    fn between(&self, _at: f64) -> Option<f64> {
        None
    }
    /// The closed form: what real numbers would give in the place of the framework's floats.
    fn exact(&self) -> Result<Spec, Error> {
        Err(no_closed_form())
    }
    /// The first step after `k` at which the value may be another.
    fn constant_until(&self, k: u64) -> u64 {
        k + 1
    }
}

impl<T: StepFormula> StepRule for T {
    type State = ();

    fn check(&self) -> Result<(), Error> {
        StepFormula::check(self)
    }
    fn steps(&self) -> Option<u64> {
        StepFormula::steps(self)
    }
    fn last(&self) -> Option<u64> {
        StepFormula::last(self)
    }
    fn start(&self) -> Result<(), Error> {
        Ok(())
    }
    fn lr(&self, (): &(), k: u64) -> f64 {
        self.value(k)
    }
    fn advance(&self, (): &mut (), _k: u64) {}
    fn constant_until(&self, (): &(), k: u64) -> u64 {
        StepFormula::constant_until(self, k)
    }
    fn state_at(&self, _k: u64) -> Option<()> {
        Some(())
    }
    fn closed(&self, k: u64) -> Option<f64> {
        Some(self.value(self.last().map_or(k, |last| k.min(last))))
    }
    fn between(&self, at: f64) -> Option<f64> {
        StepFormula::between(self, at)
    }
    fn exact(&self) -> Result<Spec, Error> {
        StepFormula::exact(self)
    }
}

/// A walk along a recurrence.
pub trait Walk {
    /// The value here, and the first step after this at which it may change.
    fn value_until(&self) -> (f64, u64);
    /// Goes on to step `k`, which is no earlier.
    fn go(&mut self, k: u64, spend: Spend<'_>) -> Result<(), Interrupted>;
    /// Writes the value here, and at every `stride`-th step after, and stands on the step after those.
    fn fill(&mut self, out: &mut [f64], stride: u64, spend: Spend<'_>) -> Result<(), Interrupted>;
    /// Remembers where it stands.
    fn park(&mut self);
}

/// A state and the step that it is of.
type Mark<S> = (u64, S);

/// Marks at most.
const MARKS: usize = 1024;
/// Steps between two marks, at first.
const GAP: u64 = 512;
/// Changes between two looks at whether to leave a mark and whether to go on.
const STRETCH: usize = 512;
/// What one change costs, in nanoseconds or so.
const COST: usize = 16;

#[derive(Debug)]
struct Marks<S> {
    gap: u64,
    states: Vec<Mark<S>>,
    parked: Option<Parked<S>>,
}

/// Where the last walk ended: its step, the step of the next change, the state between.
#[derive(Debug)]
struct Parked<S> {
    k: u64,
    end: u64,
    state: S,
}

impl<S: Clone> Marks<S> {
    /// The nearest state at or before step `k`.
    fn before(&self, k: u64) -> Option<Mark<S>> {
        let i = self.states.partition_point(|mark| mark.0 <= k);
        let marked = i.checked_sub(1).map(|i| &self.states[i]);
        match &self.parked {
            Some(parked) if parked.k <= k && marked.is_none_or(|mark| mark.0 <= parked.k) => {
                Some((parked.k, parked.state.clone()))
            }
            _ => marked.cloned(),
        }
    }

    fn add(&mut self, k: u64, state: &S) {
        if self.states.last().is_some_and(|last| k < last.0 + self.gap) {
            return;
        }
        if self.states.len() == MARKS {
            let mut i = 0;
            self.states.retain(|_| {
                i += 1;
                i % 2 == 0
            });
            self.gap *= 2;
        }
        self.states.push((k, state.clone()));
    }
}

/// A recurrence with its marks.
#[derive(Debug)]
pub struct Track<R: StepRule> {
    rule: R,
    start: R::State,
    marks: Mutex<Marks<R::State>>,
}

impl<R: StepRule> Track<R> {
    /// Starts without marks.
    pub fn new(rule: R) -> Result<Track<R>, Error> {
        let start = rule.start()?;
        Ok(Track { rule, start, marks: Mutex::new(Marks { gap: GAP, states: Vec::new(), parked: None }) })
    }

    /// The marks, unless another thread holds the lock. This never waits: in the child of a fork, the thread that holds the lock
    /// may not exist.
    fn marks(&self) -> Option<MutexGuard<'_, Marks<R::State>>> {
        for _ in 0..100 {
            match self.marks.try_lock() {
                Ok(marks) => return Some(marks),
                Err(TryLockError::Poisoned(marks)) => return Some(marks.into_inner()),
                Err(TryLockError::WouldBlock) => std::hint::spin_loop(),
            }
        }
        None
    }

    /// The result of `value_until`, if the last walk ended at this step.
    fn parked(&self, k: u64) -> Option<(f64, u64)> {
        let marks = self.marks()?;
        let parked = marks.parked.as_ref().filter(|parked| (parked.k..parked.end).contains(&k))?;
        Some((self.rule.lr(&parked.state, self.own(k)), parked.end))
    }

    fn own(&self, k: u64) -> u64 {
        self.rule.last().map_or(k, |last| k.min(last))
    }

    fn end(&self, state: &R::State, k: u64) -> u64 {
        let last = self.rule.last().unwrap_or(NEVER);
        let end = if k < last { self.rule.constant_until(state, k) } else { NEVER };
        if end > last { NEVER } else { end }
    }

    fn stand(&self, k: u64, state: R::State) -> Walker<'_, R> {
        let end = self.end(&state, k);
        Walker { track: self, k, state, end }
    }

    /// A walker at the nearest known step at or before `k`.
    fn nearest(&self, k: u64) -> Walker<'_, R> {
        if let Some(state) = self.rule.state_at(self.own(k)) {
            return self.stand(k, state);
        }
        let known = self.marks().and_then(|marks| marks.before(k));
        let (at, state) = known.unwrap_or_else(|| (0, self.start.clone()));
        self.stand(at, state)
    }
}

impl<R: StepRule> Recurrence for Track<R> {
    fn steps(&self) -> Option<u64> {
        self.rule.steps()
    }

    fn is_direct(&self) -> bool {
        self.rule.state_at(0).is_some()
    }

    fn value_until(&self, k: u64) -> (f64, u64) {
        if let Some(state) = self.rule.state_at(self.own(k)) {
            return (self.rule.lr(&state, self.own(k)), self.end(&state, k));
        }
        if let Some(found) = self.parked(k) {
            return found;
        }
        let mut walker = self.nearest(k);
        if walker.go(k, &mut |_| Ok(())).is_ok() {
            walker.park();
        }
        walker.value_until()
    }

    fn seek(&self, k: u64, spend: Spend<'_>) -> Result<(), Interrupted> {
        if self.is_direct() || self.parked(k).is_some() {
            return Ok(());
        }
        let mut walker = self.nearest(k);
        walker.go(k, spend)?;
        walker.park();
        Ok(())
    }

    fn next(&self, lr: f64, k: u64) -> Option<f64> {
        let mut state = self.rule.of_lr(lr)?;
        self.rule.advance(&mut state, k);
        Some(self.rule.lr(&state, k))
    }

    fn closed(&self, k: u64) -> Option<f64> {
        self.rule.closed(k)
    }

    fn between(&self, at: f64) -> Option<f64> {
        self.rule.between(at)
    }

    fn exact(&self) -> Result<Spec, Error> {
        self.rule.exact()
    }

    fn walk(&self, k: u64, spend: Spend<'_>) -> Result<Box<dyn Walk + '_>, Interrupted> {
        let mut walker = self.nearest(k);
        walker.go(k, spend)?;
        Ok(Box::new(walker))
    }
}

struct Walker<'a, R: StepRule> {
    track: &'a Track<R>,
    k: u64,
    state: R::State,
    /// The first step at which the state is another.
    end: u64,
}

impl<R: StepRule> Walker<'_, R> {
    /// Goes to the step of the next change, and makes the change.
    #[inline(always)]
    fn change(&mut self) {
        self.k = self.end;
        self.track.rule.advance(&mut self.state, self.k);
        self.end = self.track.end(&self.state, self.k);
    }

    fn mark(&self) {
        if let Some(mut marks) = self.track.marks() {
            marks.add(self.k, &self.state);
        }
    }
}

impl<R: StepRule> Walk for Walker<'_, R> {
    fn value_until(&self) -> (f64, u64) {
        (self.track.rule.lr(&self.state, self.track.own(self.k)), self.end)
    }

    fn go(&mut self, k: u64, spend: Spend<'_>) -> Result<(), Interrupted> {
        if self.end < k
            && let Some(state) = self.track.rule.state_at(self.track.own(k))
        {
            *self = self.track.stand(k, state);
        }
        while self.end <= k {
            let mut done = 0;
            while self.end <= k && done < STRETCH {
                self.change();
                done += 1;
            }
            if done == STRETCH {
                self.mark();
            }
            spend(done * COST)?;
        }
        self.k = k;
        Ok(())
    }

    fn fill(&mut self, out: &mut [f64], stride: u64, spend: Spend<'_>) -> Result<(), Interrupted> {
        for y in out.iter_mut() {
            *y = self.track.rule.lr(&self.state, self.track.own(self.k));
            let next = self.k + stride;
            if next < self.end {
                self.k = next;
            } else if next == self.end && !self.track.is_direct() {
                self.change();
            } else {
                self.go(next, spend)?;
            }
        }
        if !self.track.is_direct() {
            self.mark();
        }
        spend(out.len() * COST)
    }

    fn park(&mut self) {
        if !self.track.is_direct()
            && let Some(mut marks) = self.track.marks()
        {
            marks.parked = Some(Parked { k: self.k, end: self.end, state: self.state.clone() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Doubles its state every third step, and counts how often it was advanced.
    #[derive(Debug, Default)]
    struct Doubling {
        advanced: std::sync::atomic::AtomicU64,
        last: Option<u64>,
    }

    impl StepRule for Doubling {
        type State = u64;

        fn last(&self) -> Option<u64> {
            self.last
        }
        fn start(&self) -> Result<u64, Error> {
            Ok(1)
        }
        fn lr(&self, state: &u64, _k: u64) -> f64 {
            *state as f64
        }
        fn advance(&self, state: &mut u64, k: u64) {
            assert_eq!(k % 3, 0, "only from change to change");
            assert!(self.last.is_none_or(|last| k <= last), "never past the last step");
            self.advanced.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            *state = *state * 2 % 1_000_003;
        }
        fn constant_until(&self, _state: &u64, k: u64) -> u64 {
            (k / 3 + 1) * 3
        }
    }

    fn naive(k: u64) -> f64 {
        (0..k / 3).fold(1u64, |state, _| state * 2 % 1_000_003) as f64
    }

    fn advanced(track: &Track<Doubling>) -> u64 {
        track.rule.advanced.load(std::sync::atomic::Ordering::Relaxed)
    }

    #[test]
    fn any_order_gives_the_same() {
        let track = Track::new(Doubling::default()).unwrap();
        for k in [0, 1, 3, 100_000, 7, 99_999, 50_000, 100_001, 2, 300_000, 299_998] {
            let (value, end) = track.value_until(k);
            assert_eq!(value, naive(k), "at {k}");
            assert_eq!(end, (k / 3 + 1) * 3, "at {k}");
        }
    }

    #[test]
    fn a_jump_back_is_short() {
        let track = Track::new(Doubling::default()).unwrap();
        track.value_until(9_000_000);
        for k in (0..9_000_000).step_by(123_457) {
            let before = advanced(&track);
            assert_eq!(track.value_until(k).0, naive(k));
            assert!(advanced(&track) - before < 8_192, "{} changes to {k}", advanced(&track) - before);
        }
        assert!(track.marks().unwrap().states.len() <= MARKS);
    }

    #[test]
    fn a_fill_is_the_steps_one_by_one() {
        for stride in [1, 2, 3, 7, 100] {
            let track = Track::new(Doubling::default()).unwrap();
            let mut found = vec![0.0; 600];
            let mut walk = track.walk(10, &mut |_| Ok(())).unwrap();
            walk.fill(&mut found, stride, &mut |_| Ok(())).unwrap();
            let want: Vec<f64> = (0..600).map(|i| naive(10 + i * stride)).collect();
            assert_eq!(found, want, "stride {stride}");
            assert_eq!(walk.value_until().0, naive(10 + 600 * stride));
        }
    }

    #[test]
    fn past_the_last_step_nothing_changes() {
        let track = Track::new(Doubling { last: Some(10), ..Doubling::default() }).unwrap();
        assert_eq!(track.value_until(9), (naive(9), NEVER));
        assert_eq!(track.value_until(1 << 53), (naive(10), NEVER));
        let mut found = [0.0; 30];
        track.walk(0, &mut |_| Ok(())).unwrap().fill(&mut found, 1, &mut |_| Ok(())).unwrap();
        assert_eq!(found[29], naive(10));
    }

    #[test]
    fn a_walk_that_is_stopped_has_left_its_marks() {
        let track = Track::new(Doubling::default()).unwrap();
        let mut spent = 0;
        let mut once = |cost| {
            spent += cost;
            if spent < 100_000 { Ok(()) } else { Err(Interrupted) }
        };
        assert!(track.walk(1_000_000_000, &mut once).is_err());
        let before = advanced(&track);
        assert!(before > 1_000);
        assert_eq!(track.value_until(3 * before - 3).0, naive(3 * before - 3));
        assert!(advanced(&track) - before < 2 * STRETCH as u64);
    }

    #[test]
    fn marks_that_cannot_be_had_are_done_without() {
        let track = Track::new(Doubling::default()).unwrap();
        let held = track.marks.lock().unwrap();
        assert_eq!(track.value_until(3_000).0, naive(3_000));
        drop(held);
        assert_eq!(track.value_until(3_000).0, naive(3_000));
    }
}
