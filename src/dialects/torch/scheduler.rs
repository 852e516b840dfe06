//! What the engine asks of a scheduler: a step of its clock, and what that step does.
//!
//! ```text
//! clock       where a scheduler stands: last_epoch, _step_count, and the clock of the warm restarts
//! scheduler   its arguments; each file of this folder has one
//! change      what the scheduler makes of the clock: the part of a step that all groups share
//! ```
//! torch computes with Python's floats, so each operation is one of Python's, in its order, with the system's `cos` and
//! `pow`. Where Python raises (a division by zero, a power past every double), there is no change: `None`. The caller then
//! lets torch make the step, which raises.

use std::fmt::Debug;

use super::change::{Change, Group};

/// Where a scheduler stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clock {
    /// `last_epoch`
    pub epoch: i64,
    /// `_step_count`
    pub count: i64,
    /// `T_cur` of CosineAnnealingWarmRestarts; a fraction after `step(0.5)`.
    pub cur: f64,
    /// `T_i` of CosineAnnealingWarmRestarts.
    pub period: i64,
}

impl Clock {
    /// At this `last_epoch`, after this many steps.
    pub fn at(epoch: i64, count: i64) -> Clock {
        Clock { epoch, count, cur: 0.0, period: 1 }
    }
}

/// One of torch's schedulers: its arguments, and all that the engine knows of it.
pub trait Scheduler: Clone + Debug + PartialEq {
    /// The replay of one group.
    type Replay;

    /// Whether a scheduler leaves the initial rates as it is made, whatever its first step says.
    const STARTS_ON_INITIAL_RATES: bool = false;

    /// The clock as the scheduler is made.
    fn first_clock(&self) -> Clock {
        Clock::at(0, 1)
    }

    /// Moves the clock on by one step.
    #[inline]
    fn tick(&self, clock: &mut Clock) -> Option<()> {
        clock.epoch += 1;
        clock.count += 1;
        Some(())
    }

    /// What the step does on which the clock stands.
    fn change(&self, clock: &Clock) -> Option<Change>;

    /// What the first step does, on which a scheduler is made: torch's `_initial_step`.
    fn first_change(&self, clock: &Clock) -> Option<Change> {
        self.change(clock)
    }

    /// What a later child of SequentialLR does as it takes over: torch's closed form at epoch 0, where it has one.
    fn closed_start(&self, clock: &Clock) -> Option<Change> {
        self.change(clock)
    }

    /// The last epoch up to which, after the clock's, nothing changes.
    fn constant_until(&self, clock: &Clock) -> i64 {
        clock.epoch
    }

    /// The factor of every change, where all changes have the same one. A rate of 0 or infinity then stays.
    fn factor(&self) -> Option<f64> {
        None
    }

    /// Whether torch's own class raises in the middle of a run, where ours goes on.
    fn raises_in_torch(&self) -> bool {
        false
    }

    /// The replay that sets the same rates in this group, from its start.
    fn replay(&self, group: &Group<f64>) -> Option<Self::Replay>;
}
