//! ChainedScheduler: all schedulers at each step. How it steps stands in `tree`.

use std::sync::Arc;

use super::children;
use super::replayed::Replayed;
use super::tree::SchedulerTree;
use crate::declare::{ParamType, Replay, Value};
use crate::dialects::exact;
use crate::error::Error;
use crate::limits::FINITE;
use crate::spec::Spec;

replay! {
    /// All of the schedulers at each step, one after another, each on the value that the one before has made.
    ///
    /// Args:
    ///     schedulers: the schedulers, replays of torch's.
    ///     initial_lr: the rate that the first starts on; its `base_lr`, if left out.
    ///
    /// Source: `torch.optim.lr_scheduler.ChainedScheduler`, torch 2.13.
    ///
    /// >>> constant = gp.replay("torch.ConstantLR", base_lr=0.1, factor=0.5, total_iters=2)
    /// >>> decay = gp.replay("torch.ExponentialLR", base_lr=0.1, gamma=0.9)
    /// >>> gp.replay("torch.ChainedScheduler", schedulers=[constant, decay]).array(4).tolist()
    /// [0.05, 0.045000000000000005, 0.08100000000000002, 0.07290000000000002]
    ChainedScheduler as "torch.ChainedScheduler" {
        schedulers: Arc<[Replay]> = ParamType::Replays;
        initial_lr: Option<f64> = ParamType::Double(FINITE), or Value::Absent;
    }
}

impl Replayed for ChainedScheduler {
    const BLAME: &'static str = "schedulers";

    fn scheduler(&self) -> Result<SchedulerTree<f64>, Error> {
        Ok(SchedulerTree::Chained { children: children(&self.schedulers)?, last: Vec::new() })
    }

    fn exact(&self) -> Result<Spec, Error> {
        exact::product(&self.schedulers, self.initial_lr)
    }

    fn initial(&self, scheduler: &SchedulerTree<f64>) -> f64 {
        self.initial_lr.unwrap_or_else(|| scheduler.base()[0])
    }
}

stepped_by_its_scheduler!(ChainedScheduler);
