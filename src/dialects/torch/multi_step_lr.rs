//! MultiStepLR: `lr * gamma` at each milestone.

use std::sync::Arc;

#[cfg(feature = "python")]
use pyo3::intern;
#[cfg(feature = "python")]
use pyo3::prelude::*;
#[cfg(feature = "python")]
use pyo3::types::PyDict;

use super::arithmetic::power;
use super::change::{Change, Group};
#[cfg(feature = "python")]
use super::live::{Asked, FromLive, Live, NextStep, as_whole, read};
use super::replayed::{Replayed, leaf, whole};
use super::scheduler::{Clock, Scheduler};
use super::tree::SchedulerTree;
use crate::dialects::exact;
use crate::spec::Spec;
use crate::error::Error;
use crate::limits::FINITE;
use crate::memory::{push, reserved};
use crate::declare::{ParamType, Value};

replay! {
    /// `base_lr` at step 0; at each milestone, the value before times `gamma`, to the power of how often it is listed.
    ///
    /// Args:
    ///     base_lr: the value at step 0.
    ///     milestones: the steps of the multiplications, in any order.
    ///     gamma: the factor.
    ///
    /// Source: `torch.optim.lr_scheduler.MultiStepLR`, torch 2.13.
    ///
    /// >>> gp.replay("torch.MultiStepLR", base_lr=0.1, milestones=[2, 4, 4], gamma=0.9).array(5).tolist()
    /// [0.1, 0.1, 0.09000000000000001, 0.09000000000000001, 0.0729]
    MultiStepLr as "torch.MultiStepLR" {
        base_lr: f64 = ParamType::Double(FINITE);
        milestones: Arc<Vec<i64>> = ParamType::Ints;
        gamma: f64 = ParamType::Double(FINITE), or Value::Real(0.1);
    }
}

/// The arguments of MultiStepLR.
#[derive(Clone, Debug, PartialEq)]
pub struct MultiStep {
    /// Each milestone once, in order, and how often it was given.
    pub milestones: Arc<Vec<(i64, i64)>>,
    /// The factor.
    pub gamma: f64,
}

impl Scheduler for MultiStep {
    type Replay = MultiStepLr;

    fn change(&self, clock: &Clock) -> Option<Change> {
        match self.milestones.binary_search_by_key(&clock.epoch, |&(milestone, _)| milestone) {
            Ok(i) => Some(Change::Times(power(self.gamma, self.milestones[i].1 as f64)?)),
            Err(_) => Some(Change::Keep),
        }
    }

    fn closed_start(&self, _clock: &Clock) -> Option<Change> {
        let passed = self.milestones.iter().filter(|&&(milestone, _)| milestone <= 0).map(|&(_, times)| times as f64);
        Some(Change::FromBase(power(self.gamma, passed.sum())?))
    }

    fn constant_until(&self, clock: &Clock) -> i64 {
        let next = self.milestones.partition_point(|&(milestone, _)| milestone <= clock.epoch);
        self.milestones.get(next).map_or(i64::MAX, |&(milestone, _)| milestone - 1)
    }

    fn replay(&self, group: &Group<f64>) -> Option<MultiStepLr> {
        let mut listed = Vec::new();
        for &(milestone, times) in self.milestones.iter() {
            listed.extend(std::iter::repeat_n(milestone, usize::try_from(times).ok().filter(|&n| n < 1 << 16)?));
        }
        Some(MultiStepLr { base_lr: group.base, milestones: listed.into(), gamma: self.gamma })
    }
}

#[cfg(feature = "python")]
impl FromLive for MultiStep {
    fn read(live: &Live<'_>) -> Option<MultiStep> {
        let counter = read!(live, get, "milestones")?;
        let counter = counter.cast::<PyDict>().ok()?;
        // A plain dict has no `elements`, which torch calls where the scheduler takes over in a SequentialLR.
        counter.as_any().getattr(intern!(counter.py(), "elements")).ok()?;
        let milestones: Option<Vec<(i64, i64)>> =
            counter.iter().map(|(milestone, times)| Some((as_whole(&milestone)?, as_whole(&times)?))).collect();
        let mut milestones = milestones?;
        milestones.sort_unstable();
        Some(MultiStep { milestones: milestones.into(), gamma: read!(live, exact_float, "gamma")? })
    }

    fn next_step<'py>(live: &Live<'py>, asked: &Asked) -> Option<NextStep<'py, MultiStep>> {
        let (counter, epoch) = (read!(live, get, "milestones")?, asked.epoch);
        let milestones = match counter.cast::<PyDict>().ok()?.get_item(epoch).ok()? {
            None => Vec::new(),
            Some(times) => vec![(epoch, as_whole(&times)?)],
        };
        let gamma = read!(live, exact_float, "gamma")?;
        Some(NextStep::of(MultiStep { milestones: milestones.into(), gamma }))
    }
}

impl Replayed for MultiStepLr {
    const BLAME: &'static str = "gamma";

    fn scheduler(&self) -> Result<SchedulerTree<f64>, Error> {
        let mut sorted = reserved(self.milestones.len())?;
        sorted.extend_from_slice(&self.milestones);
        sorted.sort_unstable();
        let mut milestones: Vec<(i64, i64)> = Vec::new();
        for milestone in sorted {
            whole("milestones", milestone)?;
            match milestones.last_mut() {
                Some((last, times)) if *last == milestone => *times += 1,
                _ => push(&mut milestones, (milestone, 1))?,
            }
        }
        if let Some((_, times)) = milestones.iter().find(|(_, times)| power(self.gamma, *times as f64).is_none()) {
            let got = format!("{} to the power {times}", crate::limits::show(self.gamma));
            return Err(Error::overflow("gamma", got, "`gamma` to the power of a milestone's count must be a double")
                .or("List the milestone less often."));
        }
        leaf(MultiStep { milestones: milestones.into(), gamma: self.gamma }, self.base_lr, [0.0; 3])
    }

    fn exact(&self) -> Result<Spec, Error> {
        exact::multi_step(self.base_lr, self.gamma, &self.milestones)
    }
}

stepped_by_its_scheduler!(MultiStepLr);
