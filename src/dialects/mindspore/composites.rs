//! Schedulers made of MindSpore's experimental schedulers: one after another, or all at once. Rates are float32.
//!
//! ```text
//! start      the first step: as the constructor makes it
//! step       one epoch further
//! enter      `step(0)`, with which SequentialLR begins a later scheduler: by the closed formula, where there is one
//! ```

use std::sync::Arc;

use crate::declare::{ParamType, Replay, Value};
use crate::dialects::exact;
use crate::error::{Error, brief};
use crate::limits::FINITE;
use crate::replay::StepRule;
use crate::spec::Spec;

replays! {
    /// One scheduler after another: the i-th begins at epoch `milestones[i - 1]`, on its own `base_lr`, in float32.
    ///
    /// Args:
    ///     schedulers: the schedulers, replays of MindSpore's experimental ones.
    ///     milestones: the epochs at which the next one takes over, in order.
    ///     initial_lr: the rate that each starts on where it has no `base_lr`; the first one's `base_lr`, if left out.
    ///
    /// Source: `mindspore.experimental.optim.lr_scheduler.SequentialLR`, MindSpore 2.10. A composite or a `MultiStepLR`
    /// may be among its schedulers; MindSpore refuses the first, and raises in the middle of the run for the second.
    ///
    /// >>> constant = gp.replay("mindspore.experimental.ConstantLR", base_lr=0.1, factor=0.5)
    /// >>> decay = gp.replay("mindspore.experimental.ExponentialLR", base_lr=0.1, gamma=0.5)
    /// >>> gp.replay("mindspore.experimental.SequentialLR", schedulers=[constant, decay], milestones=[2]).array(
    /// ...     4, dtype="float32")
    /// array([0.05, 0.05, 0.1 , 0.05], dtype=float32)
    SequentialLr as "mindspore.experimental.SequentialLR" {
        schedulers: Arc<[Replay]> = ParamType::Replays;
        milestones: Arc<Vec<i64>> = ParamType::Ints;
        initial_lr: Option<f64> = ParamType::Double(FINITE), or Value::Absent;
    }

    /// All of the schedulers at each epoch, one after another, each on the rate that the one before has made, in float32.
    ///
    /// Args:
    ///     schedulers: the schedulers, replays of MindSpore's experimental ones.
    ///     initial_lr: the rate that the first starts on; its `base_lr`, if left out.
    ///
    /// Source: `torch.optim.lr_scheduler.ChainedScheduler`, torch 2.13, over MindSpore 2.10's schedulers; MindSpore has none.
    ///
    /// >>> constant = gp.replay("mindspore.experimental.ConstantLR", base_lr=0.1, factor=0.5, total_iters=2)
    /// >>> decay = gp.replay("mindspore.experimental.ExponentialLR", base_lr=0.1, gamma=0.5)
    /// >>> gp.replay("mindspore.experimental.ChainedScheduler", schedulers=[constant, decay]).array(4, dtype="float32")
    /// array([0.05  , 0.025 , 0.025 , 0.0125], dtype=float32)
    ChainedScheduler as "mindspore.experimental.ChainedScheduler" {
        schedulers: Arc<[Replay]> = ParamType::Replays;
        initial_lr: Option<f64> = ParamType::Double(FINITE), or Value::Absent;
    }
}

/// A scheduler and where it stands. Its epoch is -1 before its first step.
#[derive(Clone, Debug)]
enum Part {
    Leaf { replay: Replay, epoch: i64 },
    Sequential { parts: Vec<Part>, milestones: Arc<Vec<i64>>, initial: f32, epoch: i64 },
    Chained { parts: Vec<Part>, initial: f32 },
}

impl Part {
    /// The part that a replay is, before its first step.
    fn of(replay: &Replay) -> Result<Part, Error> {
        if replay.name() == SequentialLr::NAME {
            return SequentialLr::taken(replay.arguments()).part();
        }
        if replay.name() == ChainedScheduler::NAME {
            return ChainedScheduler::taken(replay.arguments()).part();
        }
        Ok(Part::Leaf { replay: replay.clone(), epoch: -1 })
    }

    /// The rate that it starts on.
    fn initial(&self) -> f32 {
        match self {
            Part::Sequential { initial, .. } | Part::Chained { initial, .. } => *initial,
            Part::Leaf { replay, .. } => {
                let base = replay.params().iter().position(|param| param.name == "base_lr");
                match base.map(|i| &replay.arguments()[i]) {
                    Some(Value::Real(base)) => *base as f32,
                    // OneCycleLR has no base rate: it begins on its own first value.
                    _ => replay.value_until(0).0 as f32,
                }
            }
        }
    }

    /// Goes back to before the first step.
    fn reset(&mut self) {
        match self {
            Part::Leaf { epoch, .. } => *epoch = -1,
            Part::Sequential { parts, epoch, .. } => {
                *epoch = -1;
                parts.iter_mut().for_each(Part::reset);
            }
            Part::Chained { parts, .. } => parts.iter_mut().for_each(Part::reset),
        }
    }

    fn start(&mut self, lr: &mut f32) {
        self.reset();
        match self {
            Part::Leaf { .. } => self.step(lr),
            Part::Sequential { parts, epoch, .. } => {
                *epoch = 0;
                parts[0].start(lr);
            }
            Part::Chained { parts, .. } => parts.iter_mut().for_each(|part| part.start(lr)),
        }
    }

    fn step(&mut self, lr: &mut f32) {
        match self {
            Part::Leaf { replay, epoch } => {
                *epoch += 1;
                let (recurrence, k) = (replay.recurrence(), epoch.unsigned_abs());
                let next = recurrence.next(f64::from(*lr), k).or_else(|| recurrence.closed(k));
                *lr = next.expect("each of these has a rule of the rate before, or a formula") as f32;
            }
            Part::Sequential { parts, milestones, epoch, .. } => {
                *epoch += 1;
                let now = milestones.partition_point(|milestone| milestone <= epoch);
                if now > 0 && milestones[now - 1] == *epoch { parts[now].enter(lr) } else { parts[now].step(lr) }
            }
            Part::Chained { parts, .. } => parts.iter_mut().for_each(|part| part.step(lr)),
        }
    }

    fn enter(&mut self, lr: &mut f32) {
        match self {
            Part::Leaf { replay, epoch } => {
                *epoch = 0;
                *lr = replay.recurrence().closed(0).expect("each of these has a closed formula") as f32;
            }
            Part::Sequential { initial, .. } | Part::Chained { initial, .. } => {
                *lr = *initial;
                self.start(lr);
            }
        }
    }
}

/// A composite under way: the part, and the rate that it has set.
#[derive(Clone, Debug)]
pub struct Stepper {
    part: Part,
    lr: f32,
}

impl Stepper {
    fn started(mut part: Part) -> Stepper {
        let mut lr = part.initial();
        part.start(&mut lr);
        Stepper { part, lr }
    }
}

fn parts(schedulers: &[Replay]) -> Result<Vec<Part>, Error> {
    let part = |(i, replay): (usize, &Replay)| {
        if !replay.name().starts_with("mindspore.experimental.") {
            let rule = "it must be one of MindSpore's experimental schedulers";
            return Err(Error::value(format!("schedulers[{i}]"), format!("a replay of {}", replay.name()), rule)
                .or("Join other schedules with `then`."));
        }
        Part::of(replay)
    };
    schedulers.iter().enumerate().map(part).collect()
}

impl SequentialLr {
    fn closed_form(&self) -> Result<Spec, Error> {
        exact::sequence(&self.schedulers, &self.milestones, self.initial_lr)
    }

    fn part(&self) -> Result<Part, Error> {
        let (parts, milestones) = (parts(&self.schedulers)?, self.milestones.clone());
        if milestones.len() + 1 != parts.len() {
            let rule = format!("there must be one fewer than schedulers, which are {}", parts.len());
            return Err(Error::value("milestones", format!("{} of them", milestones.len()), rule)
                .or("Each says where the next scheduler takes over."));
        }
        if !milestones.is_sorted() {
            return Err(
                Error::value("milestones", brief(&format!("{milestones:?}")), "they must be in order").or("Sort them.")
            );
        }
        let initial = self.initial_lr.map_or_else(|| parts[0].initial(), |lr| lr as f32);
        Ok(Part::Sequential { parts, milestones, initial, epoch: -1 })
    }
}

impl ChainedScheduler {
    fn closed_form(&self) -> Result<Spec, Error> {
        exact::product(&self.schedulers, self.initial_lr)
    }

    fn part(&self) -> Result<Part, Error> {
        let parts = parts(&self.schedulers)?;
        let initial = self.initial_lr.map_or_else(|| parts[0].initial(), |lr| lr as f32);
        Ok(Part::Chained { parts, initial })
    }
}

macro_rules! composites {
    ($($Name:ident)*) => {$(
        impl StepRule for $Name {
            type State = Stepper;

            fn exact(&self) -> Result<Spec, Error> {
                self.closed_form()
            }
            fn start(&self) -> Result<Stepper, Error> {
                self.part().map(Stepper::started)
            }
            fn lr(&self, stepper: &Stepper, _k: u64) -> f64 {
                f64::from(stepper.lr)
            }
            fn advance(&self, stepper: &mut Stepper, _k: u64) {
                stepper.part.step(&mut stepper.lr);
            }
        }
    )*};
}

composites!(SequentialLr ChainedScheduler);
