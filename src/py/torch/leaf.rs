//! One step of one rule, into the live groups.
//!
//! ```text
//! read     the clock and the change: what the step does to every group
//! first    each group's next rate and momentum
//! then     groups and scheduler are set
//! ```
//! A rate is a Python float, or a tensor on the CPU: its value is read, the change is made in the tensor's own
//! precision, and written into it. A tensor on a device is never read: such groups are torch's.

use std::iter::Zip;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::list::BoundListIterator;
use pyo3::types::{PyDict, PyFloat, PyList, PyString, PyTuple};

use super::Kind;
use super::live::{Live, as_float, as_whole, item, read};
use super::tensor::{Place, Precision, Tensors};
use crate::replay::torch::rule::{Change, Clock, Group, Rule};

/// Does the step, if everything is as torch makes it; gives the new `_last_lr`.
pub(super) fn step<'py>(live: &Live<'py>, kind: Kind) -> PyResult<Option<Bound<'py, PyList>>> {
    let py = live.state.py();
    let Some(moves_momentum) = live.moves_momentum(kind) else { return Ok(None) };
    let Some((before, cur_is_float)) = clock(live, kind, moves_momentum) else { return Ok(None) };
    let Some(groups) = live.groups() else { return Ok(None) };
    let mut clock = before;
    let Some(made) = Move::of(live, kind, moves_momentum, &mut clock, groups.len()) else { return Ok(None) };
    let (lrs, is_set) = match made.set_floats(live, &groups)? {
        Some(lrs) => (lrs, true),
        None => match made.set_tensors(&groups)? {
            Some(lrs) => (lrs, false),
            None => return Ok(None),
        },
    };
    if kind == Kind::Restarts {
        if cur_is_float {
            live.state.set_item(intern!(py, "T_cur"), clock.cur)?;
        } else {
            live.state.set_item(intern!(py, "T_cur"), clock.cur as i64)?;
        }
        if clock.period != before.period {
            live.state.set_item(intern!(py, "T_i"), clock.period)?;
        }
    } else {
        live.state.set_item(intern!(py, "_step_count"), clock.count)?;
    }
    live.state.set_item(intern!(py, "last_epoch"), clock.epoch)?;
    if !is_set {
        // Last of all: where the old tensors go, another thread has its turn, and finalizers run.
        live.state.set_item(intern!(py, "_last_lr"), &lrs)?;
    }
    Ok(Some(lrs))
}

/// Where the scheduler stands, and whether its `T_cur` is a float.
#[inline]
fn clock(live: &Live<'_>, kind: Kind, moves_momentum: bool) -> Option<(Clock, bool)> {
    if !live.has_torchs_seams(kind, moves_momentum) {
        return None;
    }
    let mut clock = Clock::at(read!(live, whole, "last_epoch")?, 0);
    if kind == Kind::Restarts {
        let cur = read!(live, get, "T_cur")?;
        (clock.cur, clock.period) = (as_float(&cur)?, read!(live, whole, "T_i")?);
        let is_usual = clock.epoch >= 0 && clock.period > 0 && clock.cur < clock.period as f64;
        return is_usual.then(|| (clock, cur.cast_exact::<PyFloat>().is_ok()));
    }
    clock.count = read!(live, whole, "_step_count")?;
    // The first step is torch's: it is that of construction, or looks whether the optimizer has stepped. So is a step
    // onto epoch 0, which torch before 2.8 takes for the first.
    (clock.count > 1 && clock.epoch >= 0).then_some((clock, false))
}

/// Where a step reads two numbers of every group.
enum Source<'py> {
    /// It needs none.
    Nowhere,
    /// In lists of the scheduler's.
    Lists([Bound<'py, PyList>; 2]),
    /// In the group, by these names.
    Named([Bound<'py, PyString>; 2]),
}

impl<'py> Source<'py> {
    /// The names that a phase of OneCycleLR gives.
    fn named(phase: &Bound<'py, PyDict>, keys: [&Bound<'py, PyString>; 2]) -> Option<Source<'py>> {
        let name = |key| item(phase, key)?.cast_into_exact::<PyString>().ok();
        Some(Source::Named([name(keys[0])?, name(keys[1])?]))
    }

    #[inline]
    fn reader(&self) -> Reader<'_, 'py> {
        match self {
            Source::Nowhere => Reader::Nowhere,
            Source::Lists([one, other]) => Reader::Lists(one.iter().zip(other.iter())),
            Source::Named(names) => Reader::Named(names),
        }
    }
}

/// Reads them, group after group.
enum Reader<'a, 'py> {
    Nowhere,
    Lists(Zip<BoundListIterator<'py>, BoundListIterator<'py>>),
    Named(&'a [Bound<'py, PyString>; 2]),
}

impl<'py> Reader<'_, 'py> {
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
    fn of(live: &Live<'py>, kind: Kind, moves_momentum: bool, clock: &mut Clock, count: usize) -> Option<Move<'py>> {
        let py = live.state.py();
        let lists = |one: &Bound<'py, PyString>, other: &Bound<'py, PyString>| {
            let lists = [live.list(one)?, live.list(other)?];
            lists.iter().all(|list| list.len() == count).then_some(Source::Lists(lists))
        };
        let (mut own, mut momenta) = (Source::Nowhere, Source::Nowhere);
        let rule = match kind {
            Kind::OneCycle => {
                let (rule, phase) = live.one_cycle_at(clock.epoch + 1)?;
                own = Source::named(&phase, [intern!(py, "start_lr"), intern!(py, "end_lr")])?;
                if moves_momentum {
                    momenta = Source::named(&phase, [intern!(py, "start_momentum"), intern!(py, "end_momentum")])?;
                }
                rule
            }
            Kind::MultiStep => {
                let counter = read!(live, get, "milestones")?;
                let milestones = match counter.cast::<PyDict>().ok()?.get_item(clock.epoch + 1).ok()? {
                    None => Vec::new(),
                    Some(times) => vec![(clock.epoch + 1, as_whole(&times)?)],
                };
                Rule::MultiStep { milestones: milestones.into(), gamma: live.gamma()? }
            }
            Kind::Cyclic => {
                own = lists(intern!(py, "max_lrs"), intern!(py, "base_lrs"))?;
                if moves_momentum {
                    momenta = lists(intern!(py, "base_momentums"), intern!(py, "max_momentums"))?;
                }
                live.rule(kind)?
            }
            Kind::Swa => {
                let name = intern!(py, "swa_lr");
                own = Source::Named([name.clone(), name.clone()]);
                live.rule(kind)?
            }
            _ => live.rule(kind)?,
        };
        rule.tick(clock)?;
        let change = rule.change(clock)?;
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

    /// Sets groups whose rates are all Python floats; gives the new `_last_lr`.
    #[inline]
    fn set_floats(&self, live: &Live<'py>, groups: &Bound<'py, PyList>) -> PyResult<Option<Bound<'py, PyList>>> {
        // Each kind of change has a loop of its own: 32 groups in 0.9 us instead of 1.0.
        match self.change {
            Change::Keep => keep_floats(live, groups),
            Change::Times(factor) => self.set_all(live, groups, &Change::Times(factor)),
            Change::Climb { scale, fade } => self.set_all(live, groups, &Change::Climb { scale, fade }),
            _ => self.set_all(live, groups, &self.change),
        }
    }

    #[inline(always)]
    fn set_all(
        &self,
        live: &Live<'py>,
        groups: &Bound<'py, PyList>,
        change: &Change,
    ) -> PyResult<Option<Bound<'py, PyList>>> {
        let (py, mut facts) = (groups.py(), self.facts(None));
        // Up to 8 rates need no memory of their own: 15 ns.
        let (mut few, mut many) = ([0.0; 8], Vec::new());
        let lrs = match few.get_mut(..groups.len()) {
            Some(few) => few,
            None => {
                many.resize(groups.len(), 0.0);
                &mut many[..]
            }
        };
        for (group, lr) in groups.iter().zip(lrs.iter_mut()) {
            let Some(next) = facts.next_float(&group, change) else { return Ok(None) };
            *lr = next;
        }
        let Some(momenta) = self.next_momenta(groups) else { return Ok(None) };
        let list = live.list_of(lrs.len())?;
        for (i, (group, &mut lr)) in groups.iter().zip(lrs).enumerate() {
            let lr = PyFloat::new(py, lr);
            group.cast_exact::<PyDict>()?.set_item(intern!(py, "lr"), &lr)?;
            list.set_item(i, lr)?;
        }
        self.set_momenta(groups, momenta)?;
        Ok(Some(list))
    }

    /// What becomes of the groups' momenta, if they move; nothing is written.
    #[inline]
    fn next_momenta(&self, groups: &Bound<'py, PyList>) -> Option<Vec<Bound<'py, PyAny>>> {
        let Some(momenta) = &self.momenta else { return Some(Vec::new()) };
        let (mut reader, mut next) = (momenta.source.reader(), Vec::with_capacity(groups.len()));
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

    /// Sets groups of which some have tensors for rates; gives what is to be the `_last_lr`.
    fn set_tensors(&self, groups: &Bound<'py, PyList>) -> PyResult<Option<Bound<'py, PyList>>> {
        let py = groups.py();
        let Some(tensors) = Tensors::of(py) else { return Ok(None) };
        let mut facts = self.facts(Some(tensors));
        let mut next = Vec::with_capacity(groups.len());
        for group in groups {
            let Some(new) = self.next(&mut facts, group) else { return Ok(None) };
            next.push(new);
        }
        if !all_apart(&next) {
            return Ok(None);
        }
        let Some(momenta) = self.next_momenta(groups) else { return Ok(None) };
        let lrs = PyList::empty(py);
        next.iter().try_for_each(|new| lrs.append(new.copy(py, tensors)?))?;
        // torch fills a tensor in every step, one with what it holds already too.
        let mut written = Vec::with_capacity(next.len());
        written.extend(next.iter().filter(|new| new.held.is_some()).map(|new| &new.rate));
        tensors.announce(&PyTuple::new(py, written)?)?;
        if self.change != Change::Keep {
            for (new, copy) in next.iter().zip(&lrs) {
                match new.held {
                    Some(_) => tensors.write(&new.rate, new.lr)?,
                    None => new.group.set_item(intern!(py, "lr"), copy)?,
                }
            }
        }
        self.set_momenta(groups, momenta)?;
        Ok(Some(lrs))
    }

    /// What the change makes of the next group; nothing is written.
    #[inline]
    fn next(&self, facts: &mut Facts<'_, 'py>, group: Bound<'py, PyAny>) -> Option<New<'py>> {
        let group = group.cast_into_exact::<PyDict>().ok()?;
        let rate = item(&group, intern!(group.py(), "lr"))?;
        let (now, held) = match rate.cast_exact::<PyFloat>() {
            Ok(float) => (float.value(), None),
            Err(_) => facts.tensors?.read(&rate).map(|number| (number.value, Some(number.place)))?,
        };
        let lr = match self.change {
            Change::Keep => now,
            ref change => advance(held, change, now, &facts.next(&group, held)?)?,
        };
        Some(New { group, rate, lr, held })
    }

    /// What the change reads of one group after the other.
    #[inline]
    fn facts(&self, tensors: Option<&'static Tensors>) -> Facts<'_, 'py> {
        Facts { bases: self.bases.as_ref().map(|bases| bases.iter()), own: self.own.reader(), tensors }
    }
}

/// What a change of rates reads of one group after the other.
struct Facts<'a, 'py> {
    bases: Option<BoundListIterator<'py>>,
    own: Reader<'a, 'py>,
    /// Where rates may be tensors.
    tensors: Option<&'static Tensors>,
}

impl<'py> Facts<'_, 'py> {
    /// Of the next group, whose rate is held so.
    #[inline(always)]
    fn next(&mut self, group: &Bound<'py, PyDict>, held: Held) -> Option<Group<f64>> {
        let base = match (&mut self.bases, held) {
            (None, _) => 0.0,
            (Some(bases), None) => bases.next()?.cast_exact::<PyFloat>().ok()?.value(),
            (Some(bases), Some(place)) => {
                let base = self.tensors?.read(&bases.next()?)?;
                (base.place.precision == place.precision).then_some(base.value)?
            }
        };
        let [one, other] = self.own.next(group)?;
        Some(Group { base, own: [one, other, 0.0], ..Group::default() })
    }

    /// What the change makes of the next group's rate, if that is a Python float.
    #[inline(always)]
    fn next_float(&mut self, group: &Bound<'py, PyAny>, change: &Change) -> Option<f64> {
        let group = group.cast_exact::<PyDict>().ok()?;
        let lr = float_of(group)?.value();
        let facts = if change.needs_facts() { self.next(group, None)? } else { Group::default() };
        Some(change.advance(lr, &facts))
    }
}

/// A group's rate, if it is a Python float.
#[inline(always)]
fn float_of<'py>(group: &Bound<'py, PyDict>) -> Option<Bound<'py, PyFloat>> {
    item(group, intern!(group.py(), "lr"))?.cast_into_exact().ok()
}

/// Leaves groups as they are whose rates are all Python floats; gives the new `_last_lr`.
#[inline]
fn keep_floats<'py>(live: &Live<'py>, groups: &Bound<'py, PyList>) -> PyResult<Option<Bound<'py, PyList>>> {
    let mut lrs = Vec::with_capacity(groups.len());
    for group in groups {
        let Some(lr) = group.cast_exact::<PyDict>().ok().and_then(float_of) else { return Ok(None) };
        lrs.push(lr.into_any());
    }
    live.listed(lrs).map(Some)
}

/// Where a rate is held: in a tensor, or in a Python float.
type Held = Option<Place>;

/// What a step makes of one group.
struct New<'py> {
    group: Bound<'py, PyDict>,
    /// The rate as it is.
    rate: Bound<'py, PyAny>,
    /// The rate as it is to be.
    lr: f64,
    held: Held,
}

impl<'py> New<'py> {
    /// The rate for `_last_lr`.
    #[inline]
    fn copy(&self, py: Python<'py>, tensors: &Tensors) -> PyResult<Bound<'py, PyAny>> {
        match self.held {
            Some(place) => tensors.make(py, self.lr, place.precision),
            None => Ok(PyFloat::new(py, self.lr).into_any()),
        }
    }
}

/// Whether no two groups share memory: of such rates, torch's `_last_lr` has the last value twice.
fn all_apart(next: &[New<'_>]) -> bool {
    if next.len() < 2 {
        return true;
    }
    let mut places: Vec<_> = next.iter().filter_map(|new| new.held).map(|place| place.range()).collect();
    places.sort_unstable();
    places.windows(2).all(|pair| pair[0].1 <= pair[1].0)
}

/// What a change makes of a rate, in the arithmetic of what it is held in.
#[inline]
fn advance(held: Held, change: &Change, lr: f64, facts: &Group<f64>) -> Option<f64> {
    if held.is_none_or(|place| place.precision == Precision::Double) {
        return Some(change.advance(lr, facts));
    }
    let facts = Group { base: facts.base as f32, own: facts.own, momenta: facts.momenta };
    let next = change.advance(lr as f32, &facts);
    // Where a double is too large for a float32 torch raises.
    (!next.is_infinite()).then_some(f64::from(next))
}
