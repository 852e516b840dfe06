//! One step of one rule, into the live groups.
//!
//! ```text
//! read     the clock and the change: what the step does to every group
//! first    each group's next rate, into the list that will be `_last_lr`; its next momentum, into another
//! then     groups and scheduler are set
//! ```
//! A rate is a Python float, or a tensor on the CPU: its value is read, the change is made in the tensor's own precision,
//! and the tensor is filled. A tensor on a device is never read: such groups are torch's.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyFloat, PyList, PyString, PyTuple};

use super::Kind;
use super::live::{Live, Momenta, as_float, as_whole, item, read};
use crate::replay::torch::rule::{Change, Clock, Group, Rule, phase_at};

/// Does the step, if everything is as torch makes it; says whether it did.
pub(super) fn step(live: &Live<'_>, kind: Kind) -> PyResult<bool> {
    let py = live.state.py();
    let Some((clock, cur_is_float)) = clock(live, kind) else { return Ok(false) };
    let Some((clock, change, keys)) = next_change(live, kind, clock) else { return Ok(false) };
    let Some(groups) = live.groups() else { return Ok(false) };
    let Some(next) = Next::of(live, kind, &change, keys.as_ref(), &groups) else { return Ok(false) };
    next.set(&groups, change == Change::Keep)?;
    if kind == Kind::Restarts {
        if cur_is_float {
            live.state.set_item(intern!(py, "T_cur"), clock.cur)?;
        } else {
            live.state.set_item(intern!(py, "T_cur"), clock.cur as i64)?;
        }
        live.state.set_item(intern!(py, "T_i"), clock.period)?;
    } else {
        live.state.set_item(intern!(py, "_step_count"), clock.count)?;
    }
    live.state.set_item(intern!(py, "last_epoch"), clock.epoch)?;
    live.state.set_item(intern!(py, "_last_lr"), next.lrs)?;
    Ok(true)
}

/// Where the scheduler stands, and whether its `T_cur` is a float.
#[inline]
fn clock(live: &Live<'_>, kind: Kind) -> Option<(Clock, bool)> {
    if !live.has_torchs_seams(kind) {
        return None;
    }
    let mut clock = Clock::at(read!(live, whole, "last_epoch")?, 0);
    if kind == Kind::Restarts {
        let cur = read!(live, get, "T_cur")?;
        (clock.cur, clock.period) = (as_float(&cur)?, read!(live, whole, "T_i")?);
        let is_usual = clock.epoch >= 0 && clock.period > 0;
        return is_usual.then(|| (clock, cur.cast_exact::<PyFloat>().is_ok()));
    }
    clock.count = read!(live, whole, "_step_count")?;
    // The first step is torch's: it is that of construction, or looks whether the optimizer has stepped.
    (clock.count > 1).then_some((clock, false))
}

/// By which names a group keeps what a rule reads.
struct Keys<'py> {
    start: Bound<'py, PyString>,
    end: Option<Bound<'py, PyString>>,
    phase: Option<Bound<'py, PyDict>>,
}

/// Moves the clock, and says what the step does, and by which names it reads a group's own rates.
#[inline]
fn next_change<'py>(live: &Live<'py>, kind: Kind, mut clock: Clock) -> Option<(Clock, Change, Option<Keys<'py>>)> {
    let py = live.state.py();
    let mut keys = None;
    let rule = match kind {
        Kind::OneCycle => {
            let (rule, listed) = live.one_cycle()?;
            let Rule::OneCycle { phases, len, .. } = &rule else { return None };
            let phase = listed.get_item(phase_at(clock.epoch + 1, &phases[..*len])).ok()?;
            let phase = phase.cast_into_exact::<PyDict>().ok()?;
            let name = |key: &Bound<'py, PyString>| item(&phase, key)?.cast_into_exact::<PyString>().ok();
            let (start, end) = (name(intern!(py, "start_lr"))?, name(intern!(py, "end_lr"))?);
            keys = Some(Keys { start, end: Some(end), phase: Some(phase) });
            rule
        }
        Kind::MultiStep => {
            let counter = read!(live, get, "milestones")?;
            let milestones = match counter.cast::<PyDict>().ok()?.get_item(clock.epoch + 1).ok()? {
                None => Vec::new(),
                Some(times) => vec![(clock.epoch + 1, as_whole(&times)?)],
            };
            Rule::MultiStep { milestones, gamma: live.gamma()? }
        }
        _ => live.rule(kind)?,
    };
    if kind == Kind::Swa {
        keys = Some(Keys { start: intern!(py, "swa_lr").clone(), end: None, phase: None });
    }
    rule.tick(&mut clock)?;
    Some((clock, rule.change(&clock)?, keys))
}

/// What a step sets.
struct Next<'py> {
    /// A rate for each group; where the group's is a tensor, its value.
    lrs: Bound<'py, PyList>,
    /// A momentum or betas for each group.
    momenta: Option<Bound<'py, PyList>>,
    is_beta: bool,
    has_tensor: bool,
}

/// The lists of a scheduler that a change reads, one number a group.
struct Lists<'py> {
    bases: Option<Bound<'py, PyList>>,
    cyclic: Option<(Bound<'py, PyList>, Bound<'py, PyList>)>,
    momenta: Option<Momenta<'py>>,
}

impl<'py> Lists<'py> {
    #[inline]
    fn of(live: &Live<'py>, kind: Kind, change: &Change, count: usize) -> Option<Lists<'py>> {
        let whole = |list: Bound<'py, PyList>| (list.len() == count).then_some(list);
        let bases = if change.needs_base() { Some(whole(read!(live, list, "base_lrs")?)?) } else { None };
        let cyclic = match kind {
            Kind::Cyclic => Some((whole(read!(live, list, "max_lrs")?)?, whole(read!(live, list, "base_lrs")?)?)),
            _ => None,
        };
        Some(Lists { bases, cyclic, momenta: live.momenta(kind, count)? })
    }

    /// What the change reads of the i-th group.
    #[inline]
    fn facts(&self, i: usize, group: &Bound<'py, PyDict>, keys: Option<&Keys<'py>>, of: Held) -> Option<Group<f64>> {
        let mut facts = Group::<f64>::default();
        if let Some(bases) = &self.bases {
            let base = bases.get_item(i).ok()?;
            facts.base = Held::read(&base).filter(|&(_, held)| held == of)?.0;
        }
        if let Some(keys) = keys {
            facts.own[0] = as_float(&item(group, &keys.start)?)?;
            if let Some(end) = &keys.end {
                facts.own[1] = as_float(&item(group, end)?)?;
            }
        }
        if let Some((peaks, bases)) = &self.cyclic {
            facts.own[0] = as_float(&peaks.get_item(i).ok()?)?;
            facts.own[1] = as_float(&bases.get_item(i).ok()?)?;
        }
        if let Some(momenta) = &self.momenta {
            facts.momenta = momenta.of(i, group, keys)?;
        }
        Some(facts)
    }
}

impl<'py> Next<'py> {
    /// What the change makes of every group; nothing is written.
    #[inline]
    fn of(
        live: &Live<'py>,
        kind: Kind,
        change: &Change,
        keys: Option<&Keys<'py>>,
        groups: &Bound<'py, PyList>,
    ) -> Option<Next<'py>> {
        let py = live.state.py();
        let lists = Lists::of(live, kind, change, groups.len())?;
        let (mut has_tensor, mut is_usual) = (false, true);
        let momenta = lists.momenta.as_ref().map(|_| PyList::empty(py));
        let mut next = |i: usize, group: Bound<'py, PyAny>| -> Option<Bound<'py, PyAny>> {
            let group = group.cast_into_exact::<PyDict>().ok()?;
            let lr = item(&group, intern!(py, "lr"))?;
            let (value, held) = Held::read(&lr)?;
            has_tensor |= held != Held::Float;
            if *change == Change::Keep {
                return Some(lr);
            }
            let facts = lists.facts(i, &group, keys, held)?;
            if let (Some(momenta), Some(listed)) = (&lists.momenta, &momenta) {
                listed.append(momenta.next(&group, change.momentum(&facts)?)?).ok()?;
            }
            Some(PyFloat::new(py, held.advance(change, value, &facts)).into_any())
        };
        let rates = groups.iter().enumerate().map(|(i, group)| {
            let lr = if is_usual { next(i, group) } else { None };
            is_usual &= lr.is_some();
            lr
        });
        let lrs = PyList::new(py, rates).ok()?;
        let is_beta = lists.momenta.as_ref().is_some_and(|momenta| momenta.is_beta);
        is_usual.then_some(Next { lrs, momenta, is_beta, has_tensor })
    }

    #[inline]
    fn set(&self, groups: &Bound<'py, PyList>, is_kept: bool) -> PyResult<()> {
        let py = groups.py();
        if self.has_tensor {
            return self.set_tensors(groups, is_kept);
        }
        if is_kept {
            return Ok(());
        }
        for (group, lr) in groups.iter().zip(&self.lrs) {
            group.cast::<PyDict>()?.set_item(intern!(py, "lr"), lr)?;
        }
        self.set_momenta(groups)
    }

    fn set_tensors(&self, groups: &Bound<'py, PyList>, is_kept: bool) -> PyResult<()> {
        let py = groups.py();
        for (i, group) in groups.iter().enumerate() {
            let group = group.cast::<PyDict>()?;
            let lr = group.as_any().get_item(intern!(py, "lr"))?;
            if lr.cast_exact::<PyFloat>().is_ok() {
                group.set_item(intern!(py, "lr"), self.lrs.get_item(i)?)?;
                continue;
            }
            if !is_kept {
                lr.call_method1(intern!(py, "fill_"), (self.lrs.get_item(i)?,))?;
            }
            self.lrs.set_item(i, lr.call_method0(intern!(py, "clone"))?)?;
        }
        self.set_momenta(groups)
    }

    fn set_momenta(&self, groups: &Bound<'py, PyList>) -> PyResult<()> {
        let Some(momenta) = &self.momenta else { return Ok(()) };
        let py = groups.py();
        let key = if self.is_beta { intern!(py, "betas") } else { intern!(py, "momentum") };
        for (group, momentum) in groups.iter().zip(momenta) {
            group.cast::<PyDict>()?.set_item(key, momentum)?;
        }
        Ok(())
    }
}

impl<'py> Momenta<'py> {
    fn of(&self, i: usize, group: &Bound<'py, PyDict>, keys: Option<&Keys<'py>>) -> Option<[f64; 2]> {
        let py = group.py();
        if let Some((base, max)) = &self.lists {
            return Some([as_float(&base.get_item(i).ok()?)?, as_float(&max.get_item(i).ok()?)?]);
        }
        let phase = keys?.phase.as_ref()?;
        let named = |key| as_float(&item(group, item(phase, key)?.cast_exact::<PyString>().ok()?)?);
        Some([named(intern!(py, "start_momentum"))?, named(intern!(py, "end_momentum"))?])
    }

    /// What the group's `momentum` or `betas` becomes.
    fn next(&self, group: &Bound<'py, PyDict>, momentum: f64) -> Option<Bound<'py, PyAny>> {
        let py = group.py();
        let momentum = PyFloat::new(py, momentum).into_any();
        if !self.is_beta {
            return Some(momentum);
        }
        let betas = item(group, intern!(py, "betas"))?.cast_into_exact::<PyTuple>().ok()?;
        let betas: Vec<_> = std::iter::once(momentum).chain(betas.iter().skip(1)).collect();
        Some(PyTuple::new(py, betas).ok()?.into_any())
    }
}

/// What a rate is held in.
#[derive(Clone, Copy, PartialEq)]
enum Held {
    Float,
    Tensor32,
    Tensor64,
}

impl Held {
    #[inline]
    fn read(value: &Bound<'_, PyAny>) -> Option<(f64, Held)> {
        match value.cast_exact::<PyFloat>() {
            Ok(float) => Some((float.value(), Held::Float)),
            Err(_) => Held::read_tensor(value),
        }
    }

    fn read_tensor(value: &Bound<'_, PyAny>) -> Option<(f64, Held)> {
        let py = value.py();
        static TENSOR: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        static FLOAT32: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        static FLOAT64: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let is = |key: &Bound<'_, PyString>| value.getattr(key).is_ok_and(|found| found.is_truthy().unwrap_or(false));
        if !value.get_type().is(TENSOR.import(py, "torch", "Tensor").ok()?)
            || !is(intern!(py, "is_cpu"))
            || is(intern!(py, "requires_grad"))
        {
            return None;
        }
        let dtype = value.getattr(intern!(py, "dtype")).ok()?;
        let held = if dtype.is(FLOAT32.import(py, "torch", "float32").ok()?) {
            Held::Tensor32
        } else if dtype.is(FLOAT64.import(py, "torch", "float64").ok()?) {
            Held::Tensor64
        } else {
            return None;
        };
        Some((value.call_method0(intern!(py, "item")).ok()?.extract().ok()?, held))
    }

    #[inline]
    fn advance(self, change: &Change, lr: f64, facts: &Group<f64>) -> f64 {
        if self != Held::Tensor32 {
            return change.advance(lr, facts);
        }
        let facts = Group { base: facts.base as f32, own: facts.own, momenta: facts.momenta };
        f64::from(change.advance(lr as f32, &facts))
    }
}
