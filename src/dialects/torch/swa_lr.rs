//! SWALR: from the present rate to a fixed one.

use std::sync::Arc;

#[cfg(feature = "python")]
use pyo3::intern;
#[cfg(feature = "python")]
use pyo3::prelude::*;
#[cfg(feature = "python")]
use pyo3::sync::PyOnceLock;
#[cfg(feature = "python")]
use pyo3::types::{PyDict, PyString};

use super::change::{Anneal, Change, Group};
#[cfg(feature = "python")]
use super::live::{Asked, FromLive, Live, NextStep, Source, as_float, named, read, word};
use super::replayed::{self, Replayed, leaf, positive, whole};
use super::scheduler::{Clock, Scheduler};
use super::tree::SchedulerTree;
use crate::dialects::exact;
use crate::spec::Spec;
use crate::error::Error;
use crate::limits::FINITE;
use crate::declare::{ParamType, Value};

replay! {
    /// From `base_lr` to `swa_lr` in `anneal_epochs` steps.
    ///
    /// Args:
    ///     base_lr: the value at step 0.
    ///     swa_lr: the last value.
    ///     anneal_epochs: the step of the last, from 0.
    ///     anneal_strategy: "cos" or "linear".
    ///
    /// Source: `torch.optim.swa_utils.SWALR`, torch 2.13.
    ///
    /// >>> s = gp.replay("torch.SWALR", base_lr=0.1, swa_lr=0.05, anneal_epochs=2, anneal_strategy="linear")
    /// >>> s.array(4).tolist()
    /// [0.1, 0.07500000000000001, 0.05, 0.05]
    SwaLr as "torch.SWALR" {
        base_lr: f64 = ParamType::Double(FINITE);
        swa_lr: f64 = ParamType::Double(FINITE);
        anneal_epochs: i64 = ParamType::Int, or Value::Int(10);
        anneal_strategy: Arc<str> = ParamType::Text(&["cos", "linear"]), or Value::Text("cos".into());
    }
}

/// The arguments of SWALR. The group's own rate is its `swa_lr`.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields have the names of torch's arguments")]
pub struct Swa {
    pub anneal_epochs: i64,
    pub anneal: Anneal,
}

impl Scheduler for Swa {
    type Replay = SwaLr;

    fn change(&self, clock: &Clock) -> Option<Change> {
        let taken = clock.count - 1;
        let step = if self.anneal_epochs == 0 { taken.max(1) } else { taken };
        let share =
            |step: i64| self.anneal.share((step as f64 / self.anneal_epochs.max(1) as f64).clamp(0.0, 1.0));
        Some(Change::Average { before: share(step - 1), after: share(step) })
    }

    fn replay(&self, group: &Group<f64>) -> Option<SwaLr> {
        Some(SwaLr {
            base_lr: group.base,
            swa_lr: group.own[0],
            anneal_epochs: self.anneal_epochs,
            anneal_strategy: replayed::word(self.anneal),
        })
    }
}

#[cfg(feature = "python")]
impl FromLive for Swa {
    fn read(live: &Live<'_>) -> Option<Swa> {
        let py = live.state.py();
        let anneal_epochs = read!(live, whole, "anneal_epochs")?;
        let strategies = [intern!(py, "cos"), intern!(py, "linear")];
        let is_cos = word(&read!(live, get, "_anneal_strategy")?, strategies)? == 0;
        static COS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        static LINEAR: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let torchs = |name: &Bound<'_, PyString>| {
            py.import("torch.optim.swa_utils")?.getattr(intern!(py, "SWALR"))?.getattr(name).map(Bound::unbind)
        };
        let (anneal, function) = if is_cos {
            (Anneal::Cos, COS.get_or_try_init(py, || torchs(intern!(py, "_cosine_anneal"))).ok()?)
        } else {
            (Anneal::Linear, LINEAR.get_or_try_init(py, || torchs(intern!(py, "_linear_anneal"))).ok()?)
        };
        read!(live, get, "anneal_func")?.is(function).then_some(Swa { anneal_epochs, anneal })
    }

    fn next_step<'py>(live: &Live<'py>, _asked: &Asked) -> Option<NextStep<'py, Swa>> {
        let name = intern!(live.state.py(), "swa_lr");
        let own = Source::Named([name.clone(), name.clone()]);
        Some(NextStep { own, ..NextStep::of(Swa::read(live)?) })
    }

    fn own(_live: &Live<'_>, group: &Bound<'_, PyDict>, _i: usize, _groups: usize) -> Option<[f64; 3]> {
        Some([as_float(&named(group, "swa_lr")?)?, 0.0, 0.0])
    }
}

impl Replayed for SwaLr {
    const BLAME: &'static str = "anneal_epochs";

    fn scheduler(&self) -> Result<SchedulerTree<f64>, Error> {
        let anneal_epochs = whole("anneal_epochs", self.anneal_epochs)?;
        if anneal_epochs < 0 {
            return Err(Error::value("anneal_epochs", anneal_epochs, "it must be a whole number, 0 or above")
                .or("With 0, `swa_lr` comes at once."));
        }
        let anneal = replayed::anneal(&self.anneal_strategy);
        leaf(Swa { anneal_epochs, anneal }, self.base_lr, [self.swa_lr, 0.0, 0.0])
    }

    fn exact(&self) -> Result<Spec, Error> {
        let steps = positive("anneal_epochs", self.anneal_epochs)?;
        if &*self.anneal_strategy == "cos" {
            exact::cosine(self.base_lr, self.swa_lr, steps)
        } else {
            exact::line(self.base_lr, self.swa_lr, steps)
        }
    }
}

stepped_by_its_scheduler!(SwaLr);
