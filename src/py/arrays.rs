//! Outputs: allocated by numpy or borrowed from it, and filled with the GIL released.
//!
//! New arrays come from `numpy.empty`, which asks the system for huge pages. A caller's array is borrowed as a slice, so every
//! value is written once, in place. A strided array is filled through a small buffer.

use std::cell::OnceCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use numpy::ndarray::{ArrayView1, ArrayViewMut1, Axis, Ix1};
use numpy::{
    Element, PyArrayDescr, PyArrayDescrMethods, PyArrayDyn, PyArrayMethods, PyUntypedArray, PyUntypedArrayMethods,
};
use pyo3::exceptions::{PyRuntimeError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyString, PyTuple};

use super::busy::{self, Memory, Refused, Writing};
use super::convert::{self, Place};
use crate::error::{Error, Interrupted, brief};
use crate::eval::Lane;
use crate::limits::{CountLimit, MAX_STEP, PAST, WaysOut};
use crate::plan::Plan;
use crate::simd;

/// Up to so many values are made without releasing the GIL. To release it takes 70 ns; to get it back takes up to 5 ms.
const ATTACHED: usize = 4096;
/// Values of a strided output that are made at a time.
pub(super) const BLOCK: usize = 4096;
/// Nanoseconds of work, or so, between two looks at the clock.
const LOOK: usize = 1_000_000;
/// Milliseconds between two looks for a signal. A look may have to wait 5 for the GIL.
const PATIENCE: u64 = 50;
/// How long a few values may keep the GIL. One that needs big floats of 192 bits takes a tenth of it.
const BRIEF: Duration = Duration::from_micros(500);
/// More threads than this are never started.
const MOST_THREADS: u64 = 256;

/// `s[a:b:stride]`.
pub(super) const STRIDE: CountLimit = CountLimit {
    low: 1,
    rule: "it must be a whole number from 1 to 2**53",
    ways_out: WaysOut {
        negative: "To go backwards reverse the result: `s[a:b][::-1]`.",
        zero: "For every step use 1.",
        too_large: PAST,
    },
    in_steps: false,
};
const THREADS: CountLimit = CountLimit {
    low: 1,
    rule: "it must be a whole number from 1 to 2**53",
    ways_out: WaysOut { negative: ALL_CORES, zero: ALL_CORES, too_large: ALL_CORES },
    in_steps: false,
};
const ALL_CORES: &str = "For a thread on every core use `os.cpu_count()`.";

/// The types that an output may have.
#[derive(Clone, Copy)]
pub(super) enum Dtype {
    Float64,
    Float32,
}

impl Dtype {
    /// What an argument names: a string, or whatever numpy takes for a dtype.
    pub(super) fn named(value: &Bound<'_, PyAny>, place: Place<'_>) -> PyResult<Dtype> {
        let rule = "it must be \"float64\" or \"float32\"";
        let error = if value.is_instance_of::<PyString>() { Error::value } else { Error::kind };
        let refused = || PyErr::from(error(place.to_string(), convert::shown(value), rule).or("Convert the result."));
        if value.is_none() {
            return Err(refused());
        }
        match PyArrayDescr::new(value.py(), value) {
            Ok(dtype) => Dtype::of(&dtype).ok_or_else(refused),
            Err(error) if error.is_instance_of::<PyTypeError>(value.py()) => Err(refused()),
            Err(error) if error.is_instance_of::<PyValueError>(value.py()) => Err(refused()),
            Err(error) => Err(error),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Dtype::Float64 => "float64",
            Dtype::Float32 => "float32",
        }
    }

    pub(super) fn of(dtype: &Bound<'_, PyArrayDescr>) -> Option<Dtype> {
        if dtype.is_equiv_to(&numpy::dtype::<f64>(dtype.py())) {
            Some(Dtype::Float64)
        } else if dtype.is_equiv_to(&numpy::dtype::<f32>(dtype.py())) {
            Some(Dtype::Float32)
        } else {
            None
        }
    }
}

/// The steps `start`, `start + stride`, ..., `n` of them, none past 2**53.
#[derive(Clone, Copy)]
pub(super) struct Run {
    pub(super) start: u64,
    pub(super) stride: u64,
    pub(super) n: u64,
}

impl Run {
    pub(super) fn new(place: &str, start: u64, stride: u64, n: u64) -> Result<Run, Error> {
        let last = u128::from(start) + u128::from(stride) * u128::from(n.saturating_sub(1));
        if n == 0 || last <= u128::from(MAX_STEP) {
            return Ok(Run { start, stride, n });
        }
        let got = format!("{n} steps from {start} on, each {stride} further");
        Err(Error::value(place, got, "the last step must not be past 2**53").or("Take fewer."))
    }
}

/// `threads=`, as many as will be started.
pub(super) fn threads(value: &Bound<'_, PyAny>, place: Place<'_>) -> PyResult<usize> {
    Ok(convert::checked(value, place, THREADS)?.min(MOST_THREADS) as usize)
}

/// A new array of the run's values.
pub(super) fn array<'py>(
    py: Python<'py>,
    plan: &Plan,
    run: Run,
    dtype: Dtype,
    threads: usize,
) -> PyResult<Bound<'py, PyAny>> {
    match dtype {
        Dtype::Float64 => filled::<f64>(py, plan, run, threads),
        Dtype::Float32 => filled::<f32>(py, plan, run, threads),
    }
}

fn filled<'py, T: Lane + Element>(
    py: Python<'py>,
    plan: &Plan,
    run: Run,
    threads: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let array = empty::<T>(py, &[run.n as usize])?;
    let mut borrowed = array.try_readwrite()?;
    let slice = borrowed.as_slice_mut()?;
    detached(py, work(plan, slice.len()), |poll| plan.fill(slice, run.start, run.stride, threads, poll))?;
    drop(borrowed);
    Ok(array.into_any())
}

/// Fills an array of the caller's.
pub(super) fn fill(out: &Bound<'_, PyAny>, plan: &Plan, start: u64, threads: usize) -> PyResult<()> {
    match output(out, &"fill.out")? {
        Output::Float64(out) => fill_into(&out, plan, start, threads),
        Output::Float32(out) => fill_into(&out, plan, start, threads),
    }
}

fn fill_into<T: Lane + Element>(
    out: &Bound<'_, PyArrayDyn<T>>,
    plan: &Plan,
    start: u64,
    threads: usize,
) -> PyResult<()> {
    let place = "fill.out";
    let n = out.len();
    if out.ndim() != 1 {
        let got = format!("an array of shape {}", convert::shape_of(out.shape()));
        return Err(Error::value(place, got, "it must have one dimension").or("Fill a view of it, row by row.").into());
    }
    let run = Run::new(place, start, 1, n as u64)?;
    let mut lent = lent(out, place)?;
    if let Ok(slice) = lent.array.as_slice_mut() {
        return detached(out.py(), work(plan, n), |poll| plan.fill(slice, run.start, 1, threads, poll));
    }
    let mut view = lent.array.as_array_mut().into_dimensionality::<Ix1>().expect("it has one dimension");
    detached(out.py(), work(plan, n), |poll| fill_strided(view.view_mut(), plan, run.start, poll))
}

fn fill_strided<T: Lane + Element>(
    mut out: ArrayViewMut1<'_, T>,
    plan: &Plan,
    start: u64,
    poll: Poll,
) -> Result<(), Interrupted> {
    let mut buffer = vec![T::default(); BLOCK.min(out.len())];
    let mut at = start;
    for mut part in out.axis_chunks_iter_mut(Axis(0), BLOCK) {
        let block = &mut buffer[..part.len()];
        plan.fill(block, at, 1, 1, poll)?;
        part.assign(&ArrayView1::from(&*block));
        at += block.len() as u64;
        if !poll() {
            return Err(Interrupted);
        }
    }
    Ok(())
}

/// The values at any steps, in an array of their shape: a new one, or the caller's.
pub(super) fn gather<'py>(
    steps: &Bound<'py, PyAny>,
    plan: &Plan,
    out: Option<Bound<'py, PyAny>>,
    dtype: Dtype,
) -> PyResult<Bound<'py, PyAny>> {
    let py = steps.py();
    let steps = convert::steps(steps, &"gather.steps")?;
    let Some(out) = out else {
        return match dtype {
            Dtype::Float64 => Ok(gathered::<f64>(py, &steps, plan)?.into_any()),
            Dtype::Float32 => Ok(gathered::<f32>(py, &steps, plan)?.into_any()),
        };
    };
    match output(&out, &"gather.out")? {
        Output::Float64(out) => gather_into(&steps, plan, &out)?,
        Output::Float32(out) => gather_into(&steps, plan, &out)?,
    }
    Ok(out)
}

fn gathered<'py, T: Lane + Element>(
    py: Python<'py>,
    steps: &convert::Steps<'py>,
    plan: &Plan,
) -> PyResult<Bound<'py, PyArrayDyn<T>>> {
    let array = empty::<T>(py, &steps.shape)?;
    gather_slice(py, steps, plan, array.try_readwrite()?.as_slice_mut()?)?;
    Ok(array)
}

fn gather_slice<T: Lane + Element>(
    py: Python<'_>,
    steps: &convert::Steps<'_>,
    plan: &Plan,
    out: &mut [T],
) -> PyResult<()> {
    let flat = steps.flat()?;
    detached(py, work(plan, flat.len()), |poll| plan.gather(flat, out, poll))
}

fn gather_into<'py, T: Lane + Element>(
    steps: &convert::Steps<'py>,
    plan: &Plan,
    out: &Bound<'py, PyArrayDyn<T>>,
) -> PyResult<()> {
    let place = "gather.out";
    if out.shape() != steps.shape {
        let got = format!("an array of shape {}", convert::shape_of(out.shape()));
        let rule = format!("it must have the dimensions of `steps`, {}", convert::shape_of(&steps.shape));
        return Err(Error::value(place, got, rule).or("Reshape one of them.").into());
    }
    if steps.memory().is_some_and(|memory| memory.overlaps(&Memory::of(out))) {
        let rule = "its memory must not be that of `steps`, which are still read when the first values are written";
        return Err(Error::value(place, "an array that shares memory with `steps`", rule)
            .or("Pass a copy of one of them: `gather(steps.copy(), out=out)`.")
            .into());
    }
    let (py, mut lent) = (out.py(), lent(out, place)?);
    if let Ok(slice) = lent.array.as_slice_mut()
        && out.is_c_contiguous()
    {
        return gather_slice(py, steps, plan, slice);
    }
    let values = gathered::<T>(py, steps, plan)?;
    py.import(intern!(py, "numpy"))?.call_method1(intern!(py, "copyto"), (out, values)).map(|_| ())
}

/// Walks a plan's recurrences to step `k`. A long walk releases the GIL.
pub(super) fn seek(py: Python<'_>, plan: &Plan, k: u64) -> PyResult<()> {
    let mut spent = 0;
    let mut is_short = |cost| {
        spent += cost;
        spent < 16 * ATTACHED
    };
    if simd::with_default_float_mode(|| plan.seek(k, &mut is_short)).is_ok() {
        return Ok(());
    }
    detached(py, work(plan, 1), |poll| {
        let mut spent = 0;
        plan.seek(k, &mut |cost| {
            spent += cost;
            spent < LOOK || (poll() && std::mem::take(&mut spent) > 0)
        })
    })
}

/// An array of the caller's, of a type that can be written.
enum Output<'py> {
    Float64(Bound<'py, PyArrayDyn<f64>>),
    Float32(Bound<'py, PyArrayDyn<f32>>),
}

fn output<'py>(out: &Bound<'py, PyAny>, place: Place<'_>) -> PyResult<Output<'py>> {
    let Ok(array) = out.cast::<PyUntypedArray>() else {
        let rule = "it must be a numpy array";
        let way_out = "Of a tensor on the CPU take `.numpy()`, of a buffer `np.frombuffer`.";
        return Err(Error::kind(place.to_string(), convert::shown(out), rule).or(way_out).into());
    };
    if !array.is_aligned() {
        let rule = "its elements must be aligned";
        return Err(Error::value(place.to_string(), "a misaligned array", rule).or("Fill a copy of it.").into());
    }
    if let Ok(array) = out.cast::<PyArrayDyn<f64>>() {
        return Ok(Output::Float64(array.clone()));
    }
    if let Ok(array) = out.cast::<PyArrayDyn<f32>>() {
        return Ok(Output::Float32(array.clone()));
    }
    let dtype = array.dtype();
    let order = if dtype.is_native_byteorder() == Some(false) { " (the other byte order)" } else { "" };
    let got = format!("an array of dtype {}{order}", brief(&dtype.to_string()));
    Err(Error::kind(place.to_string(), got, "it must be of native float64 or float32")
        .or("Make one with `array`, and convert that.")
        .into())
}

/// An array of the caller's, lent for writing.
fn lent<'py, T: Lane + Element>(out: &Bound<'py, PyArrayDyn<T>>, place: &str) -> PyResult<Writing<'py, T>> {
    let lent = busy::write(out).map_err(|refused| match refused {
        Refused::Raised(error) => error,
        Refused::ReadOnly => {
            Error::value(place, "a read-only array", "it must be writeable").or("Fill a copy of it.").into()
        }
        Refused::InUse => {
            Error::value(place, "an array in use", "no other call may read or write its memory at the same time")
                .or("Wait for that call, or give each call an array of its own.")
                .into()
        }
    })?;
    if busy::overlaps_itself(out) {
        let rule = "each of its elements must have a place of its own";
        return Err(Error::value(place, "an array whose elements overlap", rule).or("Fill a copy of it.").into());
    }
    Ok(lent)
}

/// `numpy.empty`: untouched pages, huge ones if the system has them. (`numpy.zeros` takes as long for a large array, and 10 %
/// longer for a small one.)
pub(super) fn empty<'py, T: Lane + Element>(py: Python<'py>, shape: &[usize]) -> PyResult<Bound<'py, PyArrayDyn<T>>> {
    static EMPTY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let shape = PyTuple::new(py, shape)?;
    Ok(EMPTY.import(py, "numpy", "empty")?.call1((shape, numpy::dtype::<T>(py)))?.cast_into()?)
}

/// A function that is called now and then, and returns whether to go on.
type Poll<'a> = &'a (dyn Fn() -> bool + Sync);

/// How many simple values take as long as `n` values of this plan. A walk along a recurrence may take long.
fn work(plan: &Plan, n: usize) -> usize {
    if plan.seeks() { usize::MAX } else { n }
}

/// Runs a piece of work on `n` values with the floating-point unit in its default state. Work that takes long releases the
/// GIL. Ctrl-C ends it.
///
/// Few values are tried with the GIL first. Where that takes longer than [`BRIEF`], it starts again without it.
pub(super) fn detached(
    py: Python<'_>,
    n: usize,
    mut work: impl FnMut(Poll) -> Result<(), Interrupted> + Send,
) -> PyResult<()> {
    let begun = Instant::now();
    if n <= ATTACHED && simd::with_default_float_mode(|| work(&|| begun.elapsed() < BRIEF)).is_ok() {
        return Ok(());
    }
    let next = AtomicU64::new(PATIENCE);
    let raised: Mutex<Option<PyErr>> = Mutex::new(None);
    let poll = || {
        let now = begun.elapsed().as_millis() as u64;
        if now < next.load(Ordering::Relaxed) {
            return true;
        }
        next.store(now + PATIENCE, Ordering::Relaxed);
        match Python::try_attach(|py| py.check_signals()) {
            Some(Err(error)) => {
                *raised.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                false
            }
            _ => true,
        }
    };
    py.detach(|| simd::with_default_float_mode(|| work(&poll))).map_err(|Interrupted| {
        let raised = raised.into_inner().unwrap_or_else(PoisonError::into_inner);
        raised.unwrap_or_else(|| PyRuntimeError::new_err("a thread that was to help has failed"))
    })
}

/// The value at step `k`. The GIL is released only if the value takes long, which is rare.
#[inline]
pub(super) fn at(py: Python<'_>, plan: &Plan, k: u64) -> PyResult<f64> {
    let begun = OnceCell::new();
    let is_brief = || begun.get_or_init(Instant::now).elapsed() < BRIEF;
    match simd::with_default_float_mode(|| plan.at_while(k, &is_brief)) {
        Ok(value) => Ok(value),
        Err(Interrupted) => slowly_at(py, plan, k),
    }
}

#[cold]
fn slowly_at(py: Python<'_>, plan: &Plan, k: u64) -> PyResult<f64> {
    let mut value = 0.0;
    detached(py, usize::MAX, |poll| {
        value = plan.at_while(k, poll)?;
        Ok(())
    })?;
    Ok(value)
}
