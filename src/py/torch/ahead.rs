//! A look ahead: live schedulers, ours or torch's own, read into a machine, run there, and for `seek` written back.

use numpy::{PyArrayDyn, PyArrayMethods};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyList};

use super::super::schedule::Schedule;
use super::super::{arrays, convert};
use super::Stepper;
use super::tensor::{self, Precision};
use crate::dialects::torch::arithmetic::Rate;
use crate::dialects::torch::change::Group;
use crate::dialects::torch::live::{FromLive, Live, item, read};
use crate::dialects::torch::tree::{Leaf, SchedulerTree, State};
use crate::dialects::torch::{Class, Rule, replay_of, with_rule_of};
use crate::limits::STEP;
use crate::spec::Spec;

/// Values between two looks for a signal.
const BLOCK: usize = 1 << 21;

/// A rate in a live group: how it is kept there.
trait LiveRate: Rate + Send {
    /// Whether it is a tensor.
    const IS_TENSOR: bool;
    /// What a group has, if it is of this type.
    fn read(value: &Bound<'_, PyAny>) -> Option<Self>;
    /// Sets it in a group.
    fn set(self, group: &Bound<'_, PyDict>) -> PyResult<()>;
    /// The copy of it that `_last_lr` keeps, made like the one in the group.
    fn copy<'py>(self, like: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyAny>>;
}

impl LiveRate for f64 {
    const IS_TENSOR: bool = false;

    fn read(value: &Bound<'_, PyAny>) -> Option<f64> {
        value.cast_exact::<PyFloat>().ok().map(|float| float.value())
    }

    fn set(self, group: &Bound<'_, PyDict>) -> PyResult<()> {
        group.set_item(intern!(group.py(), "lr"), self)
    }

    fn copy<'py>(self, like: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyAny>> {
        Ok(PyFloat::new(like.py(), self).into_any())
    }
}

impl LiveRate for f32 {
    const IS_TENSOR: bool = true;

    fn read(value: &Bound<'_, PyAny>) -> Option<f32> {
        tensor::precision(value).filter(|&precision| precision == Precision::Single)?;
        tensor::number(value).map(|x| x as f32)
    }

    fn set(self, group: &Bound<'_, PyDict>) -> PyResult<()> {
        tensor::fill(&group.as_any().get_item(intern!(group.py(), "lr"))?, f64::from(self))
    }

    fn copy<'py>(self, like: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyAny>> {
        let lr = tensor::cloned(&like.as_any().get_item(intern!(like.py(), "lr"))?)?;
        tensor::fill(&lr, f64::from(self))?;
        Ok(lr)
    }
}

/// The rates that a scheduler's next `n` steps set, shape (n, groups), or None where only torch itself can tell.
#[pyfunction]
#[pyo3(name = "_preview")]
pub(super) fn preview<'py>(
    scheduler: &Bound<'py, PyAny>,
    n: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyArrayDyn<f64>>>> {
    let n = convert::checked(n, &"preview.n", STEP)? as usize;
    match preview_of::<f64>(scheduler, n)? {
        None => preview_of::<f32>(scheduler, n),
        found => Ok(found),
    }
}

fn preview_of<'py, T: LiveRate>(
    scheduler: &Bound<'py, PyAny>,
    n: usize,
) -> PyResult<Option<Bound<'py, PyArrayDyn<f64>>>> {
    let py = scheduler.py();
    let Some(live) = Groups::<T>::of(scheduler, Purpose::Preview) else { return Ok(None) };
    let Some(mut node) = live.node(scheduler) else { return Ok(None) };
    let mut state = live.state.clone();
    let groups = state.lrs.len();
    let array = arrays::empty::<f64>(py, &[n, groups])?;
    {
        let mut out = array.try_readwrite()?;
        for block in out.as_slice_mut()?.chunks_mut(BLOCK.max(groups) / groups * groups) {
            if py.detach(|| node.preview(&mut state, block)).is_none() {
                return Ok(None);
            }
            py.check_signals()?;
        }
    }
    Ok(Some(array))
}

/// The replay of a scheduler's group from its start, or None where its numbers are those of no form.
#[pyfunction]
#[pyo3(name = "_schedule")]
pub(super) fn schedule(scheduler: &Bound<'_, PyAny>, group: usize) -> Option<Schedule> {
    let live = Groups::<f64>::of(scheduler, Purpose::Schedule)?;
    let node = live.node(scheduler)?;
    Spec::of_replay(replay_of(&node, group, *live.state.initial.get(group)?)?).ok().map(Schedule::of)
}

/// Puts a scheduler and its groups into the state after so many steps from the start; False where only torch can.
#[pyfunction]
#[pyo3(name = "_seek")]
pub(super) fn seek(scheduler: &Bound<'_, PyAny>, step: &Bound<'_, PyAny>) -> PyResult<bool> {
    let step = convert::step(step, &"seek.step")?;
    Ok(seek_of::<f64>(scheduler, step)? || seek_of::<f32>(scheduler, step)?)
}

fn seek_of<T: LiveRate>(scheduler: &Bound<'_, PyAny>, step: u64) -> PyResult<bool> {
    let Some(live) = Groups::<T>::of(scheduler, Purpose::Seek) else { return Ok(false) };
    let Some(mut node) = live.node(scheduler) else { return Ok(false) };
    let mut state = State { lrs: node.base(), ..live.state.clone() };
    if node.start(&mut state).is_none() {
        return Ok(false);
    }
    let mut left = step;
    while left > 0 {
        let part = left.min(BLOCK as u64);
        if scheduler.py().detach(|| node.steps(part, &mut state)).is_none() {
            return Ok(false);
        }
        left -= part;
        scheduler.py().check_signals()?;
    }
    live.write(&node, scheduler)?;
    for (group, lr) in live.groups.iter().zip(&state.lrs) {
        lr.set(group)?;
    }
    live.set_momenta(&node, &state)?;
    Ok(true)
}

/// An optimizer's groups, and what stands in them.
struct Groups<'py, T> {
    groups: Vec<Bound<'py, PyDict>>,
    state: State<T>,
    purpose: Purpose,
}

/// What a scheduler is read for: how nearly it must do what its `step` does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// Raises what a step would raise.
    Preview,
    /// Goes by glidepath's rules, where torch's composites cannot run.
    Seek,
    /// Tells of a run in which no group is added or removed.
    Schedule,
}

impl<'py, T: LiveRate> Groups<'py, T> {
    fn of(scheduler: &Bound<'py, PyAny>, purpose: Purpose) -> Option<Groups<'py, T>> {
        let groups: Option<Vec<_>> =
            Live::of(scheduler)?.groups()?.iter().map(|group| group.cast_into_exact::<PyDict>().ok()).collect();
        let groups = groups?;
        let lrs: Option<Vec<T>> =
            groups.iter().map(|group| T::read(&item(group, intern!(group.py(), "lr"))?)).collect();
        let lrs = lrs?;
        if T::IS_TENSOR && !have_own_memory(&groups)? {
            return None;
        }
        let initial = |(group, &lr): (&Bound<'py, PyDict>, &T)| {
            item(group, intern!(group.py(), "initial_lr")).map_or(Some(lr), |initial| T::read(&initial))
        };
        let initial: Option<Vec<T>> = groups.iter().zip(&lrs).map(initial).collect();
        let state = State { initial: initial?, momenta: vec![f64::NAN; groups.len()], lrs };
        Some(Groups { state, groups, purpose }).filter(|live| !live.groups.is_empty())
    }

    fn node(&self, scheduler: &Bound<'py, PyAny>) -> Option<SchedulerTree<T>> {
        let class = class_of(scheduler)?;
        let live = Live::of(scheduler)?;
        if live.has_seams_of_its_own() {
            return None;
        }
        let children = || -> Option<Vec<SchedulerTree<T>>> {
            let children = live.list(intern!(scheduler.py(), "_schedulers"))?;
            let fails_later = |i: usize, child: &Bound<'py, PyAny>| {
                // torch's own composites raise where a SequentialLR comes to them.
                let is_composite = matches!(class_of(child), Some(Class::Sequential | Class::Chained));
                i > 0 && class == Class::Sequential && is_composite && !child.is_instance_of::<Stepper>()
            };
            if self.purpose == Purpose::Preview && children.iter().enumerate().any(|(i, child)| fails_later(i, &child))
            {
                return None;
            }
            let is_twice = |i: usize, child: &Bound<'py, PyAny>| children.iter().take(i).any(|other| other.is(child));
            let node = |(i, child)| if is_twice(i, &child) { None } else { self.node(&child) };
            children.iter().enumerate().map(node).collect()
        };
        match class {
            Class::Other => None,
            Class::Chained => Some(SchedulerTree::Chained { children: children()?, last: Vec::new() }),
            Class::Sequential => Some(SchedulerTree::Sequential {
                children: children()?,
                milestones: live.milestones()?.into(),
                epoch: live.whole(intern!(scheduler.py(), "last_epoch"))?,
                last: Vec::new(),
            }),
            _ => {
                let leaf = with_rule_of!(class, Rule => self.leaf::<Rule>(&live)?, else return None);
                let raises = leaf.rule.raises_in_torch() && !scheduler.is_instance_of::<Stepper>();
                (self.purpose != Purpose::Preview || !raises).then_some(SchedulerTree::Leaf(leaf))
            }
        }
    }

    fn leaf<S: FromLive + Into<Rule>>(&self, live: &Live<'py>) -> Option<Leaf<T>> {
        let clock = S::clock(live)?;
        // Where there are not as many base rates as groups (one was added or removed), some of torch's steps raise.
        if self.purpose != Purpose::Schedule && read!(live, list, "base_lrs")?.len() != self.groups.len() {
            return None;
        }
        let moves_momentum = S::moves_momentum(live)?;
        let rule = S::read(live)?.into();
        let groups: Option<Vec<Group<T>>> =
            (0..self.groups.len()).map(|i| self.group::<S>(i, live, moves_momentum)).collect();
        Some(Leaf { clock, moves_momentum, ..Leaf::new(rule, groups?) })
    }

    fn group<S: FromLive>(&self, i: usize, live: &Live<'py>, moves_momentum: bool) -> Option<Group<T>> {
        let (group, count) = (&self.groups[i], self.groups.len());
        let base = match read!(live, list, "base_lrs")?.get_item(i) {
            Ok(base) if S::BASE_LRS_ARE_BASES => T::read(&base)?,
            Err(_) if S::ALWAYS_READS_BASES => return None,
            _ => self.state.initial[i],
        };
        let own = S::own(live, group, i, count)?;
        let momenta = if moves_momentum { S::momenta(live, group, i, count)? } else { [0.0; 2] };
        Some(Group { base, own, momenta })
    }

    /// The node's state into the live scheduler.
    fn write(&self, node: &SchedulerTree<T>, scheduler: &Bound<'py, PyAny>) -> PyResult<()> {
        let py = scheduler.py();
        let last_lr = |lrs: &[T]| -> PyResult<Bound<'py, PyList>> {
            let lrs: PyResult<Vec<_>> = lrs.iter().zip(&self.groups).map(|(lr, group)| lr.copy(group)).collect();
            PyList::new(py, lrs?)
        };
        let (SchedulerTree::Leaf(Leaf { last, .. })
        | SchedulerTree::Sequential { last, .. }
        | SchedulerTree::Chained { last, .. }) = node;
        scheduler.setattr(intern!(py, "_last_lr"), last_lr(last)?)?;
        match node {
            SchedulerTree::Leaf(leaf) => {
                scheduler.setattr(intern!(py, "last_epoch"), leaf.clock.epoch)?;
                scheduler.setattr(intern!(py, "_step_count"), leaf.clock.count)?;
                return leaf.rule.set_own_clock(scheduler, &leaf.clock);
            }
            SchedulerTree::Sequential { epoch, .. } => scheduler.setattr(intern!(py, "last_epoch"), epoch)?,
            SchedulerTree::Chained { .. } => (),
        }
        if let SchedulerTree::Sequential { children, .. } | SchedulerTree::Chained { children, .. } = node {
            for (child, live) in children.iter().zip(scheduler.getattr(intern!(py, "_schedulers"))?.try_iter()?) {
                self.write(child, &live?)?;
            }
        }
        Ok(())
    }

    fn set_momenta(&self, node: &SchedulerTree<T>, state: &State<T>) -> PyResult<()> {
        if !moves_momentum(node) {
            return Ok(());
        }
        for (group, &momentum) in self.groups.iter().zip(&state.momenta).filter(|(_, momentum)| !momentum.is_nan()) {
            let py = group.py();
            match group.get_item(intern!(py, "betas"))? {
                Some(betas) => {
                    let rest = betas.try_iter()?.skip(1).collect::<PyResult<Vec<_>>>()?;
                    let betas: Vec<_> = std::iter::once(PyFloat::new(py, momentum).into_any()).chain(rest).collect();
                    group.set_item(intern!(py, "betas"), pyo3::types::PyTuple::new(py, betas)?)?;
                }
                None => group.set_item(intern!(py, "momentum"), momentum)?,
            }
        }
        Ok(())
    }
}

/// Whether no two groups' tensors lie in one storage. A rate that two groups share is set twice by each step.
fn have_own_memory(groups: &[Bound<'_, PyDict>]) -> Option<bool> {
    let place = |group: &Bound<'_, PyDict>| -> Option<usize> {
        let py = group.py();
        let storage = item(group, intern!(py, "lr"))?.call_method0(intern!(py, "untyped_storage")).ok()?;
        storage.call_method0(intern!(py, "data_ptr")).ok()?.extract().ok()
    };
    let mut places = groups.iter().map(place).collect::<Option<Vec<_>>>()?;
    places.sort_unstable();
    Some(places.windows(2).all(|pair| pair[0] != pair[1]))
}

fn moves_momentum<T>(node: &SchedulerTree<T>) -> bool {
    match node {
        SchedulerTree::Leaf(leaf) => leaf.moves_momentum,
        SchedulerTree::Sequential { children, .. } | SchedulerTree::Chained { children, .. } => {
            children.iter().any(moves_momentum)
        }
    }
}

/// Which scheduler it is: by its class's path if it is ours, by its class's name if it is torch's own.
fn class_of(scheduler: &Bound<'_, PyAny>) -> Option<Class> {
    if let Ok(stepper) = scheduler.cast::<Stepper>() {
        let path = stepper.get().path.get();
        // A class with a `step` of its own is stepped.
        return Some(if path.steps_here { path.class } else { Class::Other });
    }
    let class = scheduler.get_type();
    let module = class.module().ok()?;
    let is_torchs = matches!(module.to_str().ok()?, "torch.optim.lr_scheduler" | "torch.optim.swa_utils");
    is_torchs.then(|| class.name().ok().map_or(Class::Other, |name| Class::named(&name.to_string_lossy())))
}
