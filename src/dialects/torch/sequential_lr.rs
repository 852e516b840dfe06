//! SequentialLR: one scheduler after another. How it steps stands in `tree`.

use std::sync::Arc;

use super::children;
use super::replayed::{Replayed, whole};
use super::tree::SchedulerTree;
use crate::declare::{ParamType, Replay, Value};
use crate::dialects::exact;
use crate::error::{Error, brief};
use crate::limits::FINITE;
use crate::spec::Spec;

replay! {
    /// One scheduler after another: the i-th from `milestones[i - 1]` on, where it starts again on `initial_lr`.
    ///
    /// Args:
    ///     schedulers: the schedulers, replays of torch's.
    ///     milestones: the steps at which the next one takes over, in order.
    ///     initial_lr: the rate that each starts on; the first one's `base_lr`, if left out.
    ///
    /// Source: `torch.optim.lr_scheduler.SequentialLR`, torch 2.13. A composite among its schedulers starts as it would
    /// alone; torch starts it wrongly, or raises `NotImplementedError`.
    ///
    /// >>> constant = gp.replay("torch.ConstantLR", base_lr=0.1, factor=0.5)
    /// >>> decay = gp.replay("torch.ExponentialLR", base_lr=0.1, gamma=0.9)
    /// >>> gp.replay("torch.SequentialLR", schedulers=[constant, decay], milestones=[2]).array(4).tolist()
    /// [0.05, 0.05, 0.1, 0.09000000000000001]
    SequentialLr as "torch.SequentialLR" {
        schedulers: Arc<[Replay]> = ParamType::Replays;
        milestones: Arc<Vec<i64>> = ParamType::Ints;
        initial_lr: Option<f64> = ParamType::Double(FINITE), or Value::Absent;
    }
}

impl Replayed for SequentialLr {
    const BLAME: &'static str = "schedulers";

    fn scheduler(&self) -> Result<SchedulerTree<f64>, Error> {
        let children = children(&self.schedulers)?;
        let milestones = self.milestones.clone();
        if milestones.len() + 1 != children.len() {
            let rule = format!("there must be one fewer than schedulers, which are {}", children.len());
            return Err(Error::value("milestones", format!("{} of them", milestones.len()), rule)
                .or("Each says where the next scheduler takes over."));
        }
        if !milestones.is_sorted() {
            return Err(
                Error::value("milestones", brief(&format!("{milestones:?}")), "they must be in order").or("Sort them.")
            );
        }
        milestones.iter().try_for_each(|&milestone| whole("milestones", milestone).map(drop))?;
        Ok(SchedulerTree::Sequential { children, milestones, epoch: 0, last: Vec::new() })
    }

    fn exact(&self) -> Result<Spec, Error> {
        exact::sequence(&self.schedulers, &self.milestones, self.initial_lr)
    }

    fn initial(&self, scheduler: &SchedulerTree<f64>) -> f64 {
        self.initial_lr.unwrap_or_else(|| scheduler.base()[0])
    }
}

stepped_by_its_scheduler!(SequentialLr);
