//! PyTorch's schedulers (`torch.optim.lr_scheduler`), as torch 2.13 computes them with Python's floats.
//!
//! ```text
//! <name>_lr     one file a scheduler: its replay, its rule, and how both are read from a live object
//! scheduler     what the engine asks of a rule;  change: what a step does to every group
//! arithmetic    Python's arithmetic on floats, and torch's on rates
//! tree          schedulers, nested too, without an optimizer: stepped, skipped through, started
//! replayed      replays that step a tree
//! live          a live scheduler's attributes, behind the feature `python`
//! ```
//! To add a scheduler: write its file, and its line in `schedulers!` below.

pub mod arithmetic;
pub mod change;
#[cfg(feature = "python")]
pub(crate) mod live;
#[macro_use]
mod replayed;
pub mod chained_scheduler;
pub mod scheduler;
pub mod sequential_lr;
pub mod tree;

use self::chained_scheduler::ChainedScheduler;
use self::change::{Change, Group};
use self::replayed::Replayed;
use self::scheduler::{Clock, Scheduler};
use self::sequential_lr::SequentialLr;
use self::tree::SchedulerTree;
use crate::declare::{Replay, ReplayKind, Value};
use crate::error::Error;

/// Registers schedulers: each is a module, in it a rule and a replay. All that is generic follows, without a call through
/// a pointer.
macro_rules! schedulers {
    ($d:tt $($module:ident::{$Rule:ident, $Replay:ident},)*) => {
        $(pub mod $module;)*

        /// The arguments of a scheduler.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Rule {
            $(
                #[doc = concat!("See [`", stringify!($module), "`].")]
                $Rule($module::$Rule),
            )*
        }

        $(impl From<$module::$Rule> for Rule {
            fn from(rule: $module::$Rule) -> Rule {
                Rule::$Rule(rule)
            }
        })*

        /// Does the same with a rule of any type.
        macro_rules! on_rule {
            ($d self:expr, $d rule:ident => $d do:expr) => {
                match $d self {
                    $(Rule::$Rule($d rule) => $d do,)*
                }
            };
        }

        /// All replays of torch's schedulers.
        pub(crate) fn kinds() -> Vec<ReplayKind> {
            vec![$($module::$Replay::replay_kind(),)* SequentialLr::replay_kind(), ChainedScheduler::replay_kind()]
        }

        /// The scheduler that a replay is, if it is one of torch's.
        fn scheduler_of(replay: &Replay) -> Option<Result<SchedulerTree<f64>, Error>> {
            let arguments = replay.arguments();
            Some(match replay.name() {
                $($module::$Replay::NAME => $module::$Replay::taken(arguments).scheduler(),)*
                SequentialLr::NAME => SequentialLr::taken(arguments).scheduler(),
                ChainedScheduler::NAME => ChainedScheduler::taken(arguments).scheduler(),
                _ => return None,
            })
        }

        impl Rule {
            /// See [`Scheduler::STARTS_ON_INITIAL_RATES`].
            pub fn starts_on_initial_rates(&self) -> bool {
                match self {
                    $(Rule::$Rule(_) => $module::$Rule::STARTS_ON_INITIAL_RATES,)*
                }
            }

            /// The name of the replay that sets the same rates in this group, and its arguments.
            fn replay(&self, group: &Group<f64>) -> Option<(&'static str, Vec<Value>)> {
                match self {
                    $(Rule::$Rule(rule) => Some(($module::$Replay::NAME, rule.replay(group)?.given())),)*
                }
            }
        }

        /// Which of torch's classes a scheduler is of.
        #[cfg(feature = "python")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Class {
            $($Rule,)*
            Sequential,
            Chained,
            Other,
        }

        #[cfg(feature = "python")]
        impl Class {
            /// The class of this name.
            pub(crate) fn named(name: &str) -> Class {
                let is = |replay: &str| replay.strip_prefix("torch.") == Some(name);
                match name {
                    $(_ if is($module::$Replay::NAME) => Class::$Rule,)*
                    _ if is(SequentialLr::NAME) => Class::Sequential,
                    _ if is(ChainedScheduler::NAME) => Class::Chained,
                    _ => Class::Other,
                }
            }
        }

        /// Does the same for a scheduler of any class that has a rule; something else for the others.
        #[cfg(feature = "python")]
        macro_rules! with_rule_of {
            ($d class:expr, $d Rule:ident => $d do:expr, else $d other:expr) => {
                match $d class {
                    $($crate::dialects::torch::Class::$Rule => {
                        type $d Rule = $crate::dialects::torch::$module::$Rule;
                        $d do
                    })*
                    _ => $d other,
                }
            };
        }
        #[cfg(feature = "python")]
        pub(crate) use with_rule_of;
    };
}

schedulers! { $
    step_lr::{Step, StepLr},
    multi_step_lr::{MultiStep, MultiStepLr},
    constant_lr::{Constant, ConstantLr},
    linear_lr::{Linear, LinearLr},
    exponential_lr::{Exponential, ExponentialLr},
    polynomial_lr::{Polynomial, PolynomialLr},
    cosine_annealing_lr::{Cosine, CosineAnnealingLr},
    cosine_annealing_warm_restarts::{Restarts, WarmRestarts},
    cyclic_lr::{Cyclic, CyclicLr},
    one_cycle_lr::{OneCycle, OneCycleLr},
    swa_lr::{Swa, SwaLr},
}

impl Rule {
    /// See [`Scheduler::first_clock`].
    pub fn first_clock(&self) -> Clock {
        on_rule!(self, rule => rule.first_clock())
    }

    /// See [`Scheduler::tick`].
    #[inline]
    pub fn tick(&self, clock: &mut Clock) -> Option<()> {
        on_rule!(self, rule => rule.tick(clock))
    }

    /// See [`Scheduler::change`].
    #[inline]
    pub fn change(&self, clock: &Clock) -> Option<Change> {
        on_rule!(self, rule => rule.change(clock))
    }

    /// See [`Scheduler::first_change`].
    pub fn first_change(&self, clock: &Clock) -> Option<Change> {
        on_rule!(self, rule => rule.first_change(clock))
    }

    /// See [`Scheduler::closed_start`].
    pub fn closed_start(&self, clock: &Clock) -> Option<Change> {
        on_rule!(self, rule => rule.closed_start(clock))
    }

    /// See [`Scheduler::constant_until`].
    pub fn constant_until(&self, clock: &Clock) -> i64 {
        on_rule!(self, rule => rule.constant_until(clock))
    }

    /// See [`Scheduler::factor`].
    pub fn factor(&self) -> Option<f64> {
        on_rule!(self, rule => rule.factor())
    }

    /// See [`Scheduler::raises_in_torch`].
    pub fn raises_in_torch(&self) -> bool {
        on_rule!(self, rule => rule.raises_in_torch())
    }

    /// See [`live::FromLive::set_own_clock`].
    #[cfg(feature = "python")]
    pub(crate) fn set_own_clock(&self, scheduler: &pyo3::Bound<'_, pyo3::PyAny>, clock: &Clock) -> pyo3::PyResult<()> {
        use self::live::FromLive;
        on_rule!(self, rule => rule.set_own_clock(scheduler, clock))
    }
}

/// The schedulers of a composite.
fn children(schedulers: &[Replay]) -> Result<Vec<SchedulerTree<f64>>, Error> {
    let child = |(i, replay): (usize, &Replay)| {
        let foreign = || {
            let place = format!("schedulers[{i}]");
            Error::value(place, format!("a replay of {}", replay.name()), "it must be one of torch's schedulers")
                .or("Join other schedules with `then`.")
        };
        scheduler_of(replay).ok_or_else(foreign)?
    };
    schedulers.iter().enumerate().map(child).collect()
}

/// The replay of a scheduler's i-th group, from its start; None where no replay gives its numbers.
pub fn replay_of(node: &SchedulerTree<f64>, i: usize, initial: f64) -> Option<Replay> {
    let (name, values) = match node {
        SchedulerTree::Leaf(leaf) => leaf.rule.replay(&leaf.groups[i])?,
        SchedulerTree::Sequential { children, milestones, .. } => {
            let given = vec![parts(children, i, initial)?, Value::Ints(milestones.clone())];
            (SequentialLr::NAME, with_initial(given, node, i, initial))
        }
        SchedulerTree::Chained { children, .. } => {
            (ChainedScheduler::NAME, with_initial(vec![parts(children, i, initial)?], node, i, initial))
        }
    };
    Replay::new(super::replay_kind(name)?, values).ok()
}

fn parts(children: &[SchedulerTree<f64>], i: usize, initial: f64) -> Option<Value> {
    let parts: Option<Vec<Replay>> = children.iter().map(|child| replay_of(child, i, initial)).collect();
    Some(Value::Replays(parts?.into()))
}

fn with_initial(mut given: Vec<Value>, node: &SchedulerTree<f64>, i: usize, initial: f64) -> Vec<Value> {
    given.push(if node.base()[i] == initial { Value::Absent } else { Value::Real(initial) });
    given
}

#[cfg(test)]
mod tests {
    use super::arithmetic::Rate;
    use super::constant_lr::Constant;
    use super::cosine_annealing_lr::Cosine;
    use super::exponential_lr::Exponential;
    use super::linear_lr::Linear;
    use super::multi_step_lr::MultiStep;
    use super::polynomial_lr::Polynomial;
    use super::step_lr::Step;
    use super::*;

    fn lrs<T: Rate>(rule: &Rule, base: T, n: usize) -> Vec<f64> {
        let group = Group { base, own: [0.3, 0.1, 0.01], momenta: [0.8, 0.9] };
        let mut clock = rule.first_clock();
        let mut lr = rule.first_change(&clock).unwrap().advance(base, &group);
        let mut found = vec![lr.value()];
        for _ in 1..n {
            rule.tick(&mut clock).unwrap();
            lr = rule.change(&clock).unwrap().advance(lr, &group);
            found.push(lr.value());
        }
        found
    }

    // Printed by torch 2.13.
    #[test]
    fn the_pages_values() {
        let exponential = lrs(&Exponential { gamma: 0.9 }.into(), 0.1, 6);
        let printed = [
            0.1,
            0.09000000000000001,
            0.08100000000000002,
            0.07290000000000002,
            0.06561000000000002,
            0.05904900000000002,
        ];
        assert_eq!(exponential, printed);
        let cosine = lrs(&Cosine { t_max: 1, eta_min: 0.002 }.into(), 0.1, 5);
        assert_eq!(cosine, [0.1, 0.002, 0.1, 0.002, 0.1]);
    }

    #[test]
    fn a_float32_tensor_rounds_each_operation() {
        let found = lrs(&Exponential { gamma: 0.9 }.into(), 0.1f32, 3);
        let one = 0.1f32 * 0.9f32;
        assert_eq!(found, [f64::from(0.1f32), f64::from(one), f64::from(one * 0.9f32)]);
    }

    #[test]
    fn what_stands_still_is_known_to() {
        let rules: [Rule; 6] = [
            Step { step_size: 3, gamma: 0.5 }.into(),
            MultiStep { milestones: vec![(2, 1), (5, 2)].into(), gamma: 0.5 }.into(),
            Constant { factor: 0.5, total_iters: 4 }.into(),
            Linear { start_factor: 0.5, end_factor: 1.0, total_iters: 4 }.into(),
            Polynomial { total_iters: 4, power: 2.0 }.into(),
            Exponential { gamma: 0.5 }.into(),
        ];
        for rule in rules {
            let mut clock = Clock::at(0, 1);
            for _ in 0..12 {
                let until = rule.constant_until(&clock);
                rule.tick(&mut clock).unwrap();
                let is_still = rule.change(&clock) == Some(Change::Keep);
                assert!(is_still || until < clock.epoch, "{rule:?} at {}", clock.epoch);
                assert!(!is_still || until >= clock.epoch, "{rule:?} at {}", clock.epoch);
            }
        }
    }

    #[test]
    fn where_python_raises_there_is_no_change() {
        let clock = Clock::at(3, 4);
        assert_eq!(Step { step_size: 0, gamma: 0.5 }.change(&clock), None);
        assert_eq!(Cosine { t_max: 0, eta_min: 0.0 }.change(&clock), None);
        assert_eq!(MultiStep { milestones: vec![(3, 2000)].into(), gamma: 2.0 }.change(&clock), None);
    }
}
