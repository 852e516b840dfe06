//! One step of one rule, into the live groups.
//!
//! ```text
//! read     the clock and the change: what the step does to every group
//! next     each group's next rate and momentum; until here nothing is written
//! set      clock, momenta, rates and `_last_lr`, in torch's order
//! ```
//! A rate is a Python float, or a tensor on the CPU. A tensor is read with `item`, set with `fill_` and copied with `clone`;
//! the change is computed in the tensor's own precision. A tensor on a device is never read: torch makes such steps.

use std::iter::Zip;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::list::BoundListIterator;
use pyo3::types::{PyDict, PyFloat, PyList, PyString, PyTuple};

use super::tensor::{self, Precision};
use crate::dialects::torch::change::{Change, Group};
use crate::dialects::torch::live::{Asked, FromLive, Live, NextStep, Source, as_float, item, read};
use crate::dialects::torch::scheduler::Clock;

/// Does the step, if everything is as torch makes it; gives the new `_last_lr`. Without `sets_tensors`, rates that are
/// tensors are torch's.
pub(super) fn step<'py, S: FromLive>(live: &Live<'py>, sets_tensors: bool) -> PyResult<Option<Bound<'py, PyList>>> {
    let py = live.state.py();
    let Some(moves_momentum) = S::moves_momentum(live) else { return Ok(None) };
    if live.has_seams_of_its_own() {
        return Ok(None);
    }
    let Some(before) = S::step_clock(live) else { return Ok(None) };
    let Some(groups) = live.groups() else { return Ok(None) };
    let mut clock = before;
    let Some(made) = Move::of::<S>(live, moves_momentum, &mut clock, groups.len()) else { return Ok(None) };
    let Some(rates) = made.next_rates(&groups, sets_tensors) else { return Ok(None) };
    let Some(momenta) = made.next_momenta(&groups) else { return Ok(None) };

    S::set_step_clock(live, &before, &clock)?;
    live.state.set_item(intern!(py, "last_epoch"), clock.epoch)?;
    made.set_momenta(&groups, momenta)?;
    for (group, rate) in groups.iter().zip(&rates) {
        rate.set(&group)?;
    }
    let mut lrs = Vec::with_capacity(rates.len());
    for rate in rates {
        lrs.push(rate.copy()?);
    }
    let lrs = PyList::new(py, lrs)?;
    live.state.set_item(intern!(py, "_last_lr"), &lrs)?;
    Ok(Some(lrs))
}

/// Reads two numbers of one group after the other.
enum Reader<'a, 'py> {
    Nowhere,
    Lists(Zip<BoundListIterator<'py>, BoundListIterator<'py>>),
    Named(&'a [Bound<'py, PyString>; 2]),
}

impl<'a, 'py> Reader<'a, 'py> {
    #[inline]
    fn of(source: &'a Source<'py>) -> Reader<'a, 'py> {
        match source {
            Source::Nowhere => Reader::Nowhere,
            Source::Lists([one, other]) => Reader::Lists(one.iter().zip(other.iter())),
            Source::Named(names) => Reader::Named(names),
        }
    }

    #[inline(always)]
    fn next(&mut self, group: &Bound<'py, PyDict>) -> Option<[f64; 2]> {
        match self {
            Reader::Nowhere => Some([0.0; 2]),
            Reader::Lists(pairs) => {
                let (one, other) = pairs.next()?;
                Some([as_float(&one)?, as_float(&other)?])
            }
            Reader::Named([one, other]) => {
                let first = as_float(&item(group, one)?)?;
                Some([first, if other.is(one) { first } else { as_float(&item(group, other)?)? }])
            }
        }
    }
}

/// The momenta that a step moves.
struct Momenta<'py> {
    is_beta: bool,
    source: Source<'py>,
}

impl<'py> Momenta<'py> {
    /// What the next group's `momentum` or `betas` becomes.
    #[inline]
    fn next(
        &self,
        reader: &mut Reader<'_, 'py>,
        group: &Bound<'py, PyAny>,
        change: &Change,
    ) -> Option<Bound<'py, PyAny>> {
        let py = group.py();
        let group = group.cast_exact::<PyDict>().ok()?;
        let facts = Group::<f64> { momenta: reader.next(group)?, ..Group::default() };
        let momentum = PyFloat::new(py, change.momentum(&facts)?).into_any();
        if !self.is_beta {
            return Some(momentum);
        }
        let betas = item(group, intern!(py, "betas"))?.cast_into_exact::<PyTuple>().ok()?;
        if betas.len() == 2 {
            return Some(PyTuple::new(py, [momentum, betas.get_item(1).ok()?]).ok()?.into_any());
        }
        let betas: Vec<_> = std::iter::once(momentum).chain(betas.iter().skip(1)).collect();
        Some(PyTuple::new(py, betas).ok()?.into_any())
    }

    #[inline]
    fn set(&self, group: &Bound<'py, PyAny>, momentum: &Bound<'py, PyAny>) -> PyResult<()> {
        let py = group.py();
        let key = if self.is_beta { intern!(py, "betas") } else { intern!(py, "momentum") };
        group.cast_exact::<PyDict>()?.set_item(key, momentum)
    }
}

/// What a step does, and what it reads for that.
struct Move<'py> {
    change: Change,
    bases: Option<Bound<'py, PyList>>,
    own: Source<'py>,
    momenta: Option<Momenta<'py>>,
}

impl<'py> Move<'py> {
    /// Moves the clock, and says what the step does.
    #[inline]
    fn of<S: FromLive>(live: &Live<'py>, moves_momentum: bool, clock: &mut Clock, count: usize) -> Option<Move<'py>> {
        let asked = Asked { epoch: clock.epoch + 1, groups: count, moves_momentum };
        let NextStep { scheduler, own, momenta } = S::next_step(live, &asked)?;
        scheduler.tick(clock)?;
        let change = scheduler.change(clock)?;
        let bases = match change.needs_base() {
            true => Some(read!(live, list, "base_lrs").filter(|bases| bases.len() == count)?),
            false => None,
        };
        let momenta = match moves_momentum {
            true => Some(Momenta { is_beta: read!(live, flag, "use_beta1")?, source: momenta }),
            false => None,
        };
        Some(Move { change, bases, own, momenta })
    }

    /// Each group's next rate; None where one of them is torch's to set.
    #[inline]
    fn next_rates(&self, groups: &Bound<'py, PyList>, sets_tensors: bool) -> Option<Vec<Next<'py>>> {
        let mut facts =
            Facts { bases: self.bases.as_ref().map(|bases| bases.iter()), own: Reader::of(&self.own), sets_tensors };
        let mut next = Vec::with_capacity(groups.len());
        for group in groups {
            next.push(facts.next(group.cast_exact::<PyDict>().ok()?, &self.change)?);
        }
        Some(next)
    }

    /// What becomes of the groups' momenta, if they move; nothing is written.
    #[inline]
    fn next_momenta(&self, groups: &Bound<'py, PyList>) -> Option<Vec<Bound<'py, PyAny>>> {
        let Some(momenta) = &self.momenta else { return Some(Vec::new()) };
        let (mut reader, mut next) = (Reader::of(&momenta.source), Vec::with_capacity(groups.len()));
        for group in groups {
            next.push(momenta.next(&mut reader, &group, &self.change)?);
        }
        Some(next)
    }

    #[inline]
    fn set_momenta(&self, groups: &Bound<'py, PyList>, next: Vec<Bound<'py, PyAny>>) -> PyResult<()> {
        let Some(momenta) = &self.momenta else { return Ok(()) };
        groups.iter().zip(&next).try_for_each(|(group, momentum)| momenta.set(&group, momentum))
    }
}

/// What a step makes of a group's rate.
enum Next<'py> {
    /// A Python float that stays.
    Kept(Bound<'py, PyFloat>),
    /// A new Python float.
    Float(Bound<'py, PyFloat>),
    /// A tensor, and the number that it will hold.
    Tensor(Bound<'py, PyAny>, f64),
}

impl<'py> Next<'py> {
    #[inline]
    fn set(&self, group: &Bound<'py, PyAny>) -> PyResult<()> {
        match self {
            Next::Kept(_) => Ok(()),
            Next::Float(lr) => group.cast_exact::<PyDict>()?.set_item(intern!(group.py(), "lr"), lr),
            // torch fills a tensor at every step, also with the number that it holds already.
            Next::Tensor(tensor, lr) => tensor::fill(tensor, *lr),
        }
    }

    /// The rate for `_last_lr`.
    #[inline]
    fn copy(self) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Next::Kept(lr) | Next::Float(lr) => Ok(lr.into_any()),
            Next::Tensor(tensor, _) => tensor::cloned(&tensor),
        }
    }
}

/// What a change of rates reads of one group after the other.
struct Facts<'a, 'py> {
    bases: Option<BoundListIterator<'py>>,
    own: Reader<'a, 'py>,
    sets_tensors: bool,
}

impl<'py> Facts<'_, 'py> {
    /// What the change makes of the next group's rate.
    #[inline]
    fn next(&mut self, group: &Bound<'py, PyDict>, change: &Change) -> Option<Next<'py>> {
        let py = group.py();
        let rate = item(group, intern!(py, "lr"))?;
        let base = match &mut self.bases {
            Some(bases) => Some(bases.next()?),
            None => None,
        };
        let [one, other] = self.own.next(group)?;
        let own = [one, other, 0.0];
        if let Ok(lr) = rate.cast_exact::<PyFloat>() {
            if *change == Change::Keep {
                return Some(Next::Kept(lr.clone()));
            }
            let base = base.map_or(Some(0.0), |base| base.cast_exact::<PyFloat>().ok().map(|base| base.value()))?;
            let facts = Group { base, own, ..Group::default() };
            return Some(Next::Float(PyFloat::new(py, change.advance(lr.value(), &facts))));
        }
        let precision = tensor::precision(&rate).filter(|_| self.sets_tensors && tensor::is_on_cpu(&rate))?;
        let base = match base {
            Some(base) if tensor::precision(&base)? != precision || !tensor::is_on_cpu(&base) => return None,
            Some(base) => tensor::number(&base)?,
            None => 0.0,
        };
        let lr = if change.reads_rate() { tensor::number(&rate)? } else { 0.0 };
        let next = match precision {
            Precision::Double => change.advance(lr, &Group { base, own, ..Group::default() }),
            Precision::Single => {
                let next = change.advance(lr as f32, &Group { base: base as f32, own, ..Group::default() });
                // Where a double is too large for a float32, torch raises.
                f64::from(Some(next).filter(|next| !next.is_infinite())?)
            }
        };
        Some(Next::Tensor(rate, next))
    }
}
