//! Replays of schedulers: each makes a scheduler of its parameters, and is that scheduler, stepped on one group.
//!
//! A replay starts as torch constructs the scheduler on one group, and step k is `last_epoch` k. Where torch would raise
//! in the middle of a run (the step after OneCycleLR's last, a power past every double) a replay holds its last value.

use super::Rule;
use super::change::{Anneal, Group};
use super::tree::{Leaf, SchedulerTree, State};

use crate::error::Error;
use crate::limits::{LENGTH, NEVER, RealLimit, WaysOut};
use crate::spec::Spec;

/// Factors of the base rate.
pub(super) const FRACTION: RealLimit = RealLimit {
    low: 0.0,
    above_low: false,
    high: 1.0,
    rule: "it must be a number from 0 to 1",
    ways_out: WaysOut {
        negative: "Remove the minus sign.",
        zero: "",
        too_large: "To go above the base rate, give a larger `base_lr` and smaller factors.",
    },
    in_steps: false,
};
/// Parts of a whole.
pub(super) const SHARE: RealLimit = RealLimit {
    ways_out: WaysOut {
        too_large: "Divide a percentage by 100, a number of steps by `total_steps`.",
        ..FRACTION.ways_out
    },
    ..FRACTION
};

/// A scheduler that is being stepped, and whether torch would raise at its next step.
#[derive(Clone, Debug)]
pub struct TreeSteps {
    scheduler: SchedulerTree<f64>,
    state: State<f64>,
    at: u64,
    is_stuck: bool,
}

impl TreeSteps {
    /// From the start, on this rate; None where torch cannot start.
    fn start(mut scheduler: SchedulerTree<f64>, initial: f64) -> Option<TreeSteps> {
        let mut state = State { lrs: scheduler.base(), momenta: vec![0.0], initial: vec![initial] };
        scheduler.start(&mut state)?;
        Some(TreeSteps { scheduler, state, at: 0, is_stuck: false })
    }

    /// Goes on to step `k`.
    pub(super) fn go(&mut self, k: u64) {
        if !self.is_stuck {
            self.scheduler.skip(k - 1 - self.at, &self.state);
            self.is_stuck = self.scheduler.step(&mut self.state).is_none();
        }
        self.at = k;
    }

    /// The rate of its one group.
    pub(super) fn lr(&self) -> f64 {
        self.state.lrs[0]
    }

    /// The first step at which the rate may change.
    pub(super) fn constant_until(&self) -> u64 {
        let constant = if self.is_stuck { NEVER } else { self.scheduler.constant_for(&self.state) };
        if constant >= 1 << 62 { NEVER } else { self.at + 1 + constant }
    }
}

/// A replay that makes a scheduler of its parameters.
pub(super) trait Replayed {
    /// The parameter to blame where torch cannot start.
    const BLAME: &'static str;

    /// The scheduler on one group.
    fn scheduler(&self) -> Result<SchedulerTree<f64>, Error>;

    /// How long it lasts, where it ends.
    fn length(&self) -> Option<u64> {
        None
    }

    /// The rate that parts of SequentialLR start on.
    fn initial(&self, scheduler: &SchedulerTree<f64>) -> f64 {
        scheduler.base()[0]
    }

    /// The closed form.
    fn exact(&self) -> Result<Spec, Error>;

    /// The scheduler, started.
    fn started(&self) -> Result<TreeSteps, Error> {
        let scheduler = self.scheduler()?;
        let initial = self.initial(&scheduler);
        TreeSteps::start(scheduler, initial).ok_or_else(|| {
            Error::value(Self::BLAME, "a value with which torch divides by zero as it starts", "no value may do that")
                .or("Change it a little.")
        })
    }
}

/// Steps a replay by its scheduler.
macro_rules! stepped_by_its_scheduler {
    ($Replay:ident) => {
        impl $crate::replay::StepRule for $Replay {
            type State = $crate::dialects::torch::replayed::TreeSteps;

            fn steps(&self) -> Option<u64> {
                self.length()
            }
            fn last(&self) -> Option<u64> {
                self.length()
            }
            fn start(&self) -> Result<Self::State, $crate::error::Error> {
                self.started()
            }
            fn lr(&self, scheduler: &Self::State, _k: u64) -> f64 {
                scheduler.lr()
            }
            fn advance(&self, scheduler: &mut Self::State, k: u64) {
                scheduler.go(k);
            }
            fn constant_until(&self, scheduler: &Self::State, _k: u64) -> u64 {
                scheduler.constant_until()
            }
            fn exact(&self) -> Result<$crate::spec::Spec, $crate::error::Error> {
                $crate::dialects::torch::replayed::Replayed::exact(self)
            }
        }
    };
}

/// The scheduler of a rule on one group, which has this base rate and these rates of its own.
pub(super) fn leaf(rule: impl Into<Rule>, base: f64, own: [f64; 3]) -> Result<SchedulerTree<f64>, Error> {
    Ok(SchedulerTree::Leaf(Leaf::new(rule.into(), vec![Group { base, own, momenta: [0.0; 2] }])))
}

/// A whole number that is a double exactly.
pub(super) fn whole(place: &str, n: i64) -> Result<i64, Error> {
    if n.unsigned_abs() <= 1 << 53 {
        return Ok(n);
    }
    Err(Error::value(place, n, "it must be a whole number from -2**53 to 2**53").or("No run is as long."))
}

/// A number of steps of which there is one at least, as a closed form needs.
pub(super) fn positive(place: &str, n: i64) -> Result<u64, Error> {
    LENGTH.check(place, u64::try_from(n).unwrap_or(0)).map_err(|e| Error { got: n.to_string(), ..e })
}

/// The `anneal_strategy` of this name.
pub(super) fn anneal(word: &str) -> Anneal {
    if word == "cos" { Anneal::Cos } else { Anneal::Linear }
}

/// The name of an `anneal_strategy`.
pub(super) fn word(anneal: Anneal) -> std::sync::Arc<str> {
    if anneal == Anneal::Cos { "cos" } else { "linear" }.into()
}
