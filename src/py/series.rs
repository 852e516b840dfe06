//! A schedule's values one piece after another: chunks, and the lists that `iter` reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyList};

use super::arrays::{BLOCK, Dtype, Run, array, detached};
use super::convert;
use crate::limits::{CountLimit, WaysOut};
use crate::memory;
use crate::plan::Plan;

/// How many values a chunk has.
const SIZE: CountLimit = CountLimit {
    low: 1,
    rule: "it must be a whole number from 1 to 2**53",
    ways_out: WaysOut { negative: ALL_AT_ONCE, zero: ALL_AT_ONCE, too_large: ALL_AT_ONCE },
    in_steps: false,
};
const ALL_AT_ONCE: &str = "For everything at once use `array`.";

/// A schedule's values in arrays of a given size, one after another, each made when it is asked for.
///
/// Made by `Schedule.chunks`.
#[pyclass(frozen, module = "glidepath._core")]
pub(super) struct Chunks {
    plan: Arc<Plan>,
    run: Run,
    size: u64,
    dtype: Dtype,
    threads: usize,
    done: AtomicU64,
}

impl Chunks {
    pub(super) fn new(
        plan: Arc<Plan>,
        run: Run,
        size: &Bound<'_, PyAny>,
        dtype: Dtype,
        threads: usize,
    ) -> PyResult<Chunks> {
        let size = convert::checked(size, &"chunks.size", SIZE)?;
        Ok(Chunks { plan, run, size, dtype, threads, done: AtomicU64::new(0) })
    }
}

#[pymethods]
impl Chunks {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let take = |done: u64| (done < self.run.n).then(|| done.saturating_add(self.size).min(self.run.n));
        let Ok(done) = self.done.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) else {
            return Ok(None);
        };
        let n = self.size.min(self.run.n - done);
        let run = Run { start: self.run.start + done, stride: 1, n };
        array(py, &self.plan, run, self.dtype, self.threads).map(Some)
    }

    fn __length_hint__(&self) -> u64 {
        (self.run.n - self.done.load(Ordering::Relaxed)).div_ceil(self.size)
    }
}

/// The values of the first `n` steps in one list. Neighbours that are equal in every bit are one object.
pub(super) fn listed<'py>(py: Python<'py>, plan: &Plan, n: usize) -> PyResult<Bound<'py, PyList>> {
    // The list takes 8 bytes a value: where there is no room for them, that is said before any work is done.
    memory::can_have(n.saturating_mul(8))?;
    let list = PyList::empty(py);
    let mut block = vec![0.0f64; BLOCK.min(n)];
    let mut value = PyFloat::new(py, f64::NAN);
    for at in (0..n).step_by(BLOCK) {
        if at % (64 * BLOCK) == 0 {
            // A float of Python's takes 24 bytes, from arenas of a megabyte; where there is no room for one, pyo3 panics.
            memory::can_have(24 * (64 * BLOCK).min(n - at) + (1 << 20))?;
        }
        block.truncate(n - at);
        // Another thread may have a turn: a long list takes seconds.
        detached(py, usize::MAX, |poll| plan.fill(&mut block, at as u64, 1, 1, poll))?;
        py.check_signals()?;
        let values = block.iter().map(|&next| {
            if value.value().to_bits() != next.to_bits() {
                value = PyFloat::new(py, next);
            }
            value.clone()
        });
        list.call_method1(intern!(py, "extend"), (PyList::new(py, values)?,))?;
    }
    Ok(list)
}

/// A schedule's values in lists, for `iter`: 10 ns a value where one at a time would take 30.
#[pyclass(frozen, module = "glidepath._core")]
pub(super) struct Lists {
    plan: Arc<Plan>,
    steps: u64,
    done: AtomicU64,
}

/// Values in one list.
const LISTED: u64 = 512;

impl Lists {
    pub(super) fn new(plan: Arc<Plan>, steps: u64) -> Lists {
        Lists { plan, steps, done: AtomicU64::new(0) }
    }
}

#[pymethods]
impl Lists {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let take = |done: u64| (done < self.steps).then(|| (done + LISTED).min(self.steps));
        let Ok(done) = self.done.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) else {
            return Ok(None);
        };
        let run = Run { start: done, stride: 1, n: LISTED.min(self.steps - done) };
        let values = array(py, &self.plan, run, Dtype::Float64, 1)?;
        py.check_signals()?;
        values.call_method0(intern!(py, "tolist")).map(Some)
    }
}
