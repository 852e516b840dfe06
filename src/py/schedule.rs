//! The class: an expression and its plan behind operators, methods and Python's protocols.

use std::cell::RefCell;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, OnceLock};

use numpy::{PyArray1, PyArrayDescr, PyArrayDescrMethods, PyArrayMethods, PyReadonlyArray1, PyUntypedArrayMethods};
use pyo3::exceptions::{PyAttributeError, PyTypeError, PyUnicodeEncodeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PySlice, PyString, PyTuple};

use super::arrays::{self, Dtype, Run, STRIDE};
use super::busy::gcd;
use super::convert::{self, Real};
use super::series::{self, Chunks, Lists};
use super::ways;
use crate::combinator::{CombinatorKind, combinator_kind};
use crate::declare::Value;
use crate::error::Error;
use crate::json;
use crate::limits::{FINITE, GAP, MAX_STEP, RATIO, START, STEP};
use crate::lower::lower;
use crate::memory::reserved;
use crate::plan::Plan;
use crate::simd::DefaultFloatMode;
use crate::spec::{Expr, Extent, Operand, Spec};

/// A learning-rate schedule: a pure function of the step, as a small immutable value.
///
/// Make one with a leaf (`gp.cosine(...)`), combine schedules with `>>`, `+`, `-`, `*`, `/` and the methods here, and
/// ask for values:
///
///     s[k]  s.at(k)  s(k)        one value, a float
///     s[a:b:stride]  s.array(n)  a numpy array; s.fill(out) writes into one
///     s(steps)  s.gather(steps)  the values at any steps, in any order
///
/// Every value is the exact real value of the expression, rounded once, to nearest-even. So however it is asked for, it
/// is the same on every machine. Steps are integers from 0 to 2**53; past its end a schedule holds its last value.
///
/// Schedules compare equal where they are written alike, hash, pickle, and serve any number of threads. They are made
/// by the functions of this module, or from a text: `Schedule("linear(0, 0.1, 100) >> cosine(0.1, 0, 900)")` reads an
/// expression, and a text that begins with `{` is read as `Schedule.from_json` does. An expression is parsed, never
/// evaluated: it has the names of this module and numbers, and nothing else can be called.
///
/// `repr(s)` is such an expression, and `Schedule(repr(s)) == s`, unless a list in it is longer than 1,000 values: then
/// it shows the first 8, and `s.to_json()` has them all.
///
/// >>> s = gp.linear(0.0, 8e-5, 8_000) >> gp.cosine(8e-5, 8e-7, 1_200_000)
/// >>> s[0], s[8_000], s[1_208_000]
/// (0.0, 8e-05, 8e-07)
/// >>> s
/// gp.linear(0.0, 8e-05, 8000).then(gp.cosine(8e-05, 8e-07, 1200000))
#[pyclass(frozen, weakref, module = "glidepath")]
pub(super) struct Schedule {
    spec: Spec,
    /// Made when the first value is asked for. A schedule that is only a part of a larger one never needs it.
    plan: OnceLock<Arc<Plan>>,
}

/// What follows must be a schedule.
fn no_schedule(other: &Bound<'_, PyAny>) -> Error {
    Error::kind("then.following", convert::shown(other), "it must be a schedule")
        .or(ways::of_values(other).unwrap_or("A number that stays is `gp.constant(number)`."))
}

impl Schedule {
    pub(super) fn of(spec: Spec) -> Schedule {
        Schedule { spec, plan: OnceLock::new() }
    }

    pub(super) fn spec(&self) -> &Spec {
        &self.spec
    }

    fn plan(&self) -> &Arc<Plan> {
        self.plan.get_or_init(|| Arc::new(lower(&self.spec)))
    }

    #[inline]
    fn value(&self, py: Python<'_>, k: u64) -> PyResult<f64> {
        let plan = self.plan();
        if plan.seeks() {
            arrays::seek(py, plan, k)?;
        }
        arrays::at(py, plan, k)
    }

    /// `s[key]`, where the key is not a plain int within the limits.
    #[cold]
    fn item<'py>(&self, key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        match key.cast::<PySlice>() {
            Ok(slice) => arrays::array(key.py(), self.plan(), self.run_of(slice)?, Dtype::Float64, 1),
            // `s[a:b,]`, which array libraries write where `shape` has one number.
            Err(_) if key.cast::<PyTuple>().is_ok_and(|keys| keys.len() == 1) => self.item(&key.get_item(0)?),
            Err(_) => Ok(PyFloat::new(key.py(), self.value(key.py(), convert::step(key, &"step")?)?).into_any()),
        }
    }

    fn run_of(&self, slice: &Bound<'_, PySlice>) -> PyResult<Run> {
        let part = |name| slice.getattr(name).map(|part| (!part.is_none()).then_some(part));
        let start = part("start")?.map_or(Ok(0), |k| convert::step(&k, &"slice.start"))?;
        let stride = part("step")?.map_or(Ok(1), |n| convert::checked(&n, &"slice.step", STRIDE))?;
        let stop = match part("stop")? {
            Some(stop) => convert::step(&stop, &"slice.stop")?,
            None => self.spec.steps().ok_or_else(|| {
                Error::value("slice.stop", "nothing", "this schedule has no end of its own (`steps` is None)")
                    .or("Say where to stop: `s[a:b]`.")
            })?,
        };
        Ok(Run::new("slice", start, stride, stop.saturating_sub(start).div_ceil(stride))?)
    }

    fn length(&self) -> PyResult<u64> {
        self.spec.steps().ok_or_else(|| {
            PyTypeError::new_err(
                "this schedule has no length: it has no end (`steps` is None). Take `s.array(n)` or `s[a:b]`; \
                 for an optimizer of MindSpore, `glidepath.mindspore.learning_rate(s, n)`.",
            )
        })
    }
}

/// Reads the other operand. Returns `None` for types that we do not know, so that Python tries the other operand's method.
fn operand(sign: &str, other: &Bound<'_, PyAny>) -> PyResult<Option<Operand>> {
    if let Ok(schedule) = other.cast::<Schedule>() {
        return Ok(Some(Operand::Schedule(schedule.get().spec.clone())));
    }
    number(sign, other).map(|number| number.map(Operand::Number))
}

fn number(sign: &str, other: &Bound<'_, PyAny>) -> PyResult<Option<f64>> {
    match convert::as_real(other)? {
        Real::Number(x) => Ok(Some(x)),
        Real::Huge => Err(Error::value(sign, convert::shown(other), FINITE.rule)
            .or(FINITE.ways_out.of(convert::huge(other)?))
            .into()),
        Real::Other if other.is_instance_of::<PyBool>() => {
            let rule = "a schedule takes another schedule or a number";
            Err(Error::kind(sign, convert::shown(other), rule).or("A bool is not a number: write 1 or 0.").into())
        }
        Real::Other => match ways::of_values(other) {
            Some(way) => {
                let rule = "a schedule takes another schedule or a number";
                Err(Error::kind(sign, convert::shown(other), rule).or(way).into())
            }
            None => Ok(None),
        },
    }
}

fn negated(operand: Operand) -> Result<Operand, Error> {
    match operand {
        Operand::Number(x) => Ok(Operand::Number(-x)),
        Operand::Schedule(_) => Ok(Operand::Schedule(Spec::product(vec![Operand::Number(-1.0), operand])?)),
    }
}

/// `NotImplemented`, or the schedule.
fn answer(py: Python<'_>, made: Option<Result<Spec, Error>>) -> PyResult<Py<PyAny>> {
    match made {
        Some(spec) => Ok(Py::new(py, Schedule::of(spec?))?.into_any()),
        None => Ok(py.NotImplemented()),
    }
}

/// An argument that may be left out. None is not the same as leaving it out: it is refused.
struct OptionalArg<'py>(Option<Bound<'py, PyAny>>);

impl<'a, 'py> FromPyObject<'a, 'py> for OptionalArg<'py> {
    type Error = std::convert::Infallible;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Self::Error> {
        Ok(OptionalArg(Some(object.to_owned())))
    }
}

impl OptionalArg<'_> {
    fn start(&self, place: &str) -> PyResult<u64> {
        self.0.as_ref().map_or(Ok(0), |start| convert::step(start, &format_args!("{place}.start")))
    }

    fn dtype(&self, place: &str) -> PyResult<Dtype> {
        self.0.as_ref().map_or(Ok(Dtype::Float64), |dtype| Dtype::named(dtype, &format_args!("{place}.dtype")))
    }

    fn threads(&self, place: &str) -> PyResult<usize> {
        self.0.as_ref().map_or(Ok(1), |threads| arrays::threads(threads, &format_args!("{place}.threads")))
    }
}

/// `n` values from `start` on.
fn run(place: &str, n: &Bound<'_, PyAny>, start: &OptionalArg<'_>) -> PyResult<Run> {
    let n = convert::checked(n, &format_args!("{place}.n"), STEP)?;
    Ok(Run::new(place, start.start(place)?, 1, n)?)
}

#[pymethods]
impl Schedule {
    /// A numpy scalar on the left looks for this. Without it, the scalar would make an array of objects.
    #[classattr]
    #[pyo3(name = "__array_ufunc__")]
    const ARRAY_UFUNC: Option<bool> = None;

    /// `x in schedule` is an error: a schedule is a function, not a collection of values.
    #[classattr]
    #[pyo3(name = "__contains__")]
    const CONTAINS: Option<bool> = None;

    /// How many steps there are before the next part would start; None where there is no end.
    ///
    /// Past them a schedule holds `s[s.steps]`.
    ///
    /// >>> gp.cosine(0.1, 0.0, 90).steps
    /// 90
    /// >>> gp.constant(0.1).steps is None
    /// True
    #[getter]
    fn steps(&self) -> Option<u64> {
        self.spec.steps()
    }

    /// `(steps,)`, for array libraries that take a schedule as an array of one dimension, as Dask does.
    ///
    /// Raises `AttributeError` where there is no end.
    ///
    /// >>> gp.cosine(0.1, 0.0, 90).shape
    /// (90,)
    #[getter]
    fn shape(&self) -> PyResult<(u64,)> {
        let no_end = "this schedule has no shape: it has no end (`steps` is None). Take `s.array(n)` or `s[a:b]`.";
        self.spec.steps().map(|steps| (steps,)).ok_or_else(|| PyAttributeError::new_err(no_end))
    }

    /// The number of dimensions of the schedule as an array: 1.
    #[getter]
    fn ndim(&self) -> u32 {
        1
    }

    /// The type of the values of `s[a:b]`: float64.
    #[getter]
    fn dtype<'py>(&self, py: Python<'py>) -> Bound<'py, PyArrayDescr> {
        numpy::dtype::<f64>(py)
    }

    /// The value at step `k`, an integer from 0 to 2**53: the same as `s[k]`.
    ///
    /// Raises `IndexError` where k is below 0 or above 2**53, `TypeError` where it is not an integer.
    ///
    /// >>> gp.linear(0.0, 0.1, 4).at(1)
    /// 0.025
    #[pyo3(signature = (k, /))]
    fn at(&self, k: &Bound<'_, PyAny>) -> PyResult<f64> {
        self.value(k.py(), convert::step(k, &"at.k")?)
    }

    fn __getitem__<'py>(&self, key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        // The common case: two comparisons, one conversion.
        if key.is_exact_instance_of::<PyInt>()
            && let Ok(k) = key.extract::<u64>()
            && k <= MAX_STEP
        {
            return Ok(PyFloat::new(key.py(), self.value(key.py(), k)?).into_any());
        }
        self.item(key)
    }

    /// The value at a step, or the values at steps: `s(k)` is `s.at(k)`, `s(array)` is `s.gather(array)`.
    ///
    /// >>> s = gp.linear(0.0, 0.1, 4)
    /// >>> s(2), s([0, 4])
    /// (0.05, array([0. , 0.1]))
    #[pyo3(signature = (steps=OptionalArg(None), /))]
    fn __call__<'py>(&self, steps: OptionalArg<'py>) -> PyResult<Bound<'py, PyAny>> {
        let Some(steps) = &steps.0 else { return Err(no_step()) };
        if convert::is_list(steps)? {
            return arrays::gather(steps, self.plan(), None, Dtype::Float64);
        }
        let k = convert::step(steps, &"step")?;
        Ok(PyFloat::new(steps.py(), self.value(steps.py(), k)?).into_any())
    }

    /// The values at `start`, `start + 1`, ..., `n` of them, in a new array of shape (n,).
    ///
    /// Args:
    ///     n: how many, from 0.
    ///     start: the first step.
    ///     dtype: "float64" or "float32" (each rounded once, from the real value), or numpy's names for them.
    ///     threads: how many threads share the work, at most. From about 2 million values on, two are faster than one.
    ///
    /// Raises `ValueError` for a number out of range or a last step past 2**53, `IndexError` for such a start,
    /// `TypeError` for an argument of the wrong type, `MemoryError` where there is too little.
    ///
    /// >>> gp.linear(0.0, 1.0, 4).array(3, start=3, dtype="float32")
    /// array([0.75, 1.  , 1.  ], dtype=float32)
    #[pyo3(
        signature = (n, start=OptionalArg(None), dtype=OptionalArg(None), threads=OptionalArg(None)),
        text_signature = "($self, n, start=0, dtype=\"float64\", threads=1)"
    )]
    fn array<'py>(
        &self,
        n: &Bound<'py, PyAny>,
        start: OptionalArg<'py>,
        dtype: OptionalArg<'py>,
        threads: OptionalArg<'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (run, dtype) = (run("array", n, &start)?, dtype.dtype("array")?);
        arrays::array(n.py(), self.plan(), run, dtype, threads.threads("array")?)
    }

    /// Writes the values at `start`, `start + 1`, ... over all of `out`, and returns it.
    ///
    /// Args:
    ///     out: a writeable 1-D array of native float64 or float32: contiguous or strided, memory-mapped, shared, a
    ///         tensor's `.numpy()`.
    ///     start: the first step.
    ///     threads: how many threads share the work, at most (a strided array is filled by one).
    ///
    /// Other Python threads run meanwhile. None of them may read or write `out`: a call of glidepath that would do so
    /// is refused. An exception (Ctrl-C) leaves `out` half written.
    ///
    /// Raises `TypeError` where `out` is no such array, `ValueError` where it is read-only, has more dimensions, is
    /// misaligned or in use, or its elements overlap, or the last step is past 2**53, `IndexError` for such a start.
    ///
    /// >>> out = np.zeros(6)
    /// >>> gp.linear(0.0, 1.0, 4).fill(out[::2])
    /// array([0.  , 0.25, 0.5 ])
    /// >>> out
    /// array([0.  , 0.  , 0.25, 0.  , 0.5 , 0.  ])
    #[pyo3(
        signature = (out, start=OptionalArg(None), threads=OptionalArg(None)),
        text_signature = "($self, out, start=0, threads=1)"
    )]
    fn fill<'py>(
        &self,
        out: Bound<'py, PyAny>,
        start: OptionalArg<'py>,
        threads: OptionalArg<'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        arrays::fill(&out, self.plan(), start.start("fill")?, threads.threads("fill")?)?;
        Ok(out)
    }

    /// The values at any steps, in any order, in an array of their shape.
    ///
    /// Args:
    ///     steps: an array of integers of any dtype and shape, or a sequence. Contiguous 64-bit ones are read in place.
    ///     out: an array of that shape to write into; its dtype, float64 or float32, is then the one that counts.
    ///         It may not share memory with `steps`.
    ///     dtype: "float64" or "float32", of a new array.
    ///
    /// Raises `IndexError` for a step below 0 or past 2**53, naming its place, `TypeError` for steps that are not
    /// integers, `ValueError` or `TypeError` for an `out` that cannot be written.
    ///
    /// >>> gp.linear(0.0, 1.0, 4).gather([[3, 0], [1, 9]])
    /// array([[0.75, 0.  ],
    ///        [0.25, 1.  ]])
    #[pyo3(
        signature = (steps, out=None, dtype=OptionalArg(None)),
        text_signature = "($self, steps, out=None, dtype=\"float64\")"
    )]
    fn gather<'py>(
        &self,
        steps: &Bound<'py, PyAny>,
        out: Option<Bound<'py, PyAny>>,
        dtype: OptionalArg<'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        arrays::gather(steps, self.plan(), out, dtype.dtype("gather")?)
    }

    /// The values of `array(n, start)` in arrays of `size` (the last perhaps shorter), each made when asked for.
    ///
    /// Args:
    ///     n: how many values in all.
    ///     size: how many in each array, 1 or more.
    ///     start: the first step.
    ///     dtype: "float64" or "float32".
    ///     threads: how many threads share the work on one array, at most.
    ///
    /// Returns an iterator. Raises as `array` does.
    ///
    /// >>> list(gp.linear(0.0, 1.0, 4).chunks(5, 2))
    /// [array([0.  , 0.25]), array([0.5 , 0.75]), array([1.])]
    #[pyo3(
        signature = (n, size, start=OptionalArg(None), dtype=OptionalArg(None), threads=OptionalArg(None)),
        text_signature = "($self, n, size, start=0, dtype=\"float64\", threads=1)"
    )]
    fn chunks<'py>(
        &self,
        n: &Bound<'py, PyAny>,
        size: &Bound<'py, PyAny>,
        start: OptionalArg<'py>,
        dtype: OptionalArg<'py>,
        threads: OptionalArg<'py>,
    ) -> PyResult<Chunks> {
        let (run, dtype) = (run("chunks", n, &start)?, dtype.dtype("chunks")?);
        Chunks::new(self.plan().clone(), run, size, dtype, threads.threads("chunks")?)
    }

    /// This schedule before step `at`, `following`, counted from its own step 0, from there on.
    ///
    /// `a >> b` is `a.then(b)`.
    ///
    /// Args:
    ///     following: the schedule from there on; `following[0]` is the value at the joint.
    ///     at: where it starts, 1 to 2**53; `self.steps` where it is None.
    ///
    /// Raises `ValueError` where `at` is left out and this schedule has no end, or the whole would be too long,
    /// `TypeError` where `following` is not a schedule.
    ///
    /// >>> s = gp.constant(0.1).then(gp.linear(0.1, 0.0, 10), at=5)
    /// >>> s[4], s[5], s[10], s.steps
    /// (0.1, 0.1, 0.05, 15)
    #[pyo3(signature = (following, at=None))]
    fn then(&self, following: &Bound<'_, PyAny>, at: Option<&Bound<'_, PyAny>>) -> PyResult<Schedule> {
        let Ok(following) = following.cast::<Schedule>() else {
            return Err(no_schedule(following).into());
        };
        let at = at.map(|at| convert::count(at, &"then.at", START)).transpose()?;
        Ok(Schedule::of(self.spec.then(&following.get().spec, at)?))
    }

    /// This schedule, each of whose steps takes `by / over` steps: `s(k * over / by)`, also between its steps.
    ///
    /// The value between two steps is the formula's, at the fraction of a step: exact, and correctly rounded. Stairs,
    /// `hold`, `by_epoch`, joints and tables change at the same places of the curve. The end is at step
    /// `steps * by / over`, rounded up.
    ///
    /// Args:
    ///     by: how many times longer: an int or a `fractions.Fraction`; or the numerator.
    ///     over: the denominator.
    ///     to: how many steps the whole shall last, instead of `by`.
    ///
    /// Raises `ValueError` for a schedule with a replay, which has values at whole steps only; where a time in the
    /// schedule, multiplied by the numerator, would be past 2**53; and for `to` where the schedule has no end.
    ///
    /// >>> gp.linear(0.0, 1.0, 4).stretch(2).array(5)
    /// array([0.   , 0.125, 0.25 , 0.375, 0.5  ])
    /// >>> seven = gp.cosine(1.0, 0.0, 900).repeat(7).stretch(to=900)       # seven cycles in 900 steps
    /// >>> seven.steps, seven[450] == gp.cosine(1.0, 0.0, 900)[450 * 7 % 900]
    /// (900, True)
    #[pyo3(signature = (by=None, over=None, *, to=None), text_signature = "($self, by=None, over=1, *, to=None)")]
    fn stretch(
        &self,
        by: Option<&Bound<'_, PyAny>>,
        over: Option<&Bound<'_, PyAny>>,
        to: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Schedule> {
        let (by, over) = match (by, over, to, self.spec.steps()) {
            (Some(by), over, None, _) => {
                let over = over.map_or(Ok(1), |over| convert::count(over, &"stretch.over", RATIO))?;
                let (numerator, denominator) = fraction(by)?;
                (numerator, RATIO.check("stretch.over", denominator.saturating_mul(over))?)
            }
            (None, None, Some(to), Some(steps)) if steps > 0 => (convert::count(to, &"stretch.to", GAP)?, steps),
            (None, None, Some(to), steps) => {
                let steps = steps.map_or_else(|| "None".into(), |steps| steps.to_string());
                let rule = format!("the schedule must last at least one step; its steps is {steps}");
                return Err(Error::value("stretch.to", convert::shown(to), rule).or("Give `by` instead.").into());
            }
            _ => {
                let rule = "either `by` (and `over`) or `to` must be given";
                let error = Error::kind("stretch", "neither `by` nor `to`, or both", rule);
                return Err(error.or("For half the length write `stretch(1, over=2)`.").into());
            }
        };
        Ok(Schedule::of(stretched(&self.spec, by, over, combinator_kind("stretch").expect("it is declared"))?))
    }

    /// This schedule before step `at`; from there the rest of it, stretched so that it ends at step `steps`.
    ///
    /// Args:
    ///     at: the step from which the run is longer, from 1.
    ///     steps: the whole length.
    ///
    /// Raises `ValueError` where this schedule does not last longer than `at`, or `steps` is not above it.
    ///
    /// >>> s = gp.linear(1.0, 0.0, 100).extend(at=50, steps=150)
    /// >>> s[49], s[50], s[100], s[150]
    /// (0.51, 0.5, 0.25, 0.0)
    fn extend(&self, at: &Bound<'_, PyAny>, steps: &Bound<'_, PyAny>) -> PyResult<Schedule> {
        let (at, steps) = (convert::count(at, &"extend.at", START)?, convert::count(steps, &"extend.steps", GAP)?);
        let Some(end) = self.spec.steps().filter(|&end| at < end) else {
            let end = self.spec.steps().map_or_else(|| "None".into(), |end| end.to_string());
            let rule = format!("the schedule must last longer; its steps is {end}");
            return Err(Error::value("extend.at", at, rule).or("After its end use `then`.").into());
        };
        if steps <= at {
            let rule = format!("it must be above `at`, which is {at}");
            return Err(Error::value("extend.steps", steps, rule).or("Give the whole length.").into());
        }
        let [skip, stretch] = ["skip", "stretch"].map(|name| combinator_kind(name).expect("it is declared"));
        let rest = self.spec.combined(skip, vec![Value::Count(at)])?;
        let rest = stretched(&rest, steps - at, end - at, stretch)?;
        Ok(Schedule::of(self.spec.then(&rest, Some(at))?))
    }

    /// This schedule before step `at`; from there a decay to `end`, which it reaches at step `steps`.
    ///
    /// The decay starts at `self[at]`, rounded to a double. So it branches off a run at any checkpoint.
    ///
    /// Args:
    ///     at: the step at which the decay starts, from 1.
    ///     steps: the whole length; the decay takes `steps - at` steps.
    ///     end: the value at step `steps`.
    ///     shape: the curve, as in `wsd`: "linear", "cosine", "sqrt" or "exponential".
    ///
    /// Raises `TypeError` and `ValueError` for an argument of the wrong type or out of its range.
    ///
    /// >>> s = gp.warmup_linear(0.1, steps=1_000, warmup=0.1, end=0.1).cooldown(600, 800, shape="sqrt")
    /// >>> s[599], s[600], s[650], s.steps
    /// (0.1, 0.1, 0.05, 800)
    #[pyo3(signature = (at, steps, end=None, shape=None), text_signature = "($self, at, steps, end=0.0, shape=\"linear\")")]
    fn cooldown<'py>(
        slf: &Bound<'py, Self>,
        at: &Bound<'py, PyAny>,
        steps: &Bound<'py, PyAny>,
        end: Option<&Bound<'py, PyAny>>,
        shape: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let given = PyDict::new(slf.py());
        end.map(|end| given.set_item("end", end)).transpose()?;
        shape.map(|shape| given.set_item("shape", shape)).transpose()?;
        slf.py().import("glidepath.composites")?.getattr("_cooldown")?.call((slf, at, steps), Some(&given))
    }

    /// A schedule of tokens (or samples) as a schedule of steps: step k has the value for the tokens seen by then.
    ///
    /// Args:
    ///     per_step: the tokens of each step: an int, or a schedule of ints (`piecewise_constant`, `table`).
    ///
    /// Raises `TypeError` and `ValueError` as `Clock` does.
    ///
    /// >>> in_tokens = gp.linear(0.0, 1.0, 1_000_000) >> gp.constant(1.0)
    /// >>> s = in_tokens.clock(gp.piecewise_constant([1_000, 4_000], [100]))
    /// >>> s[100], s[101], s[200]
    /// (0.1, 0.104, 0.5)
    fn clock<'py>(slf: &Bound<'py, Self>, per_step: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("glidepath.clock")?.getattr("Clock")?.call1((per_step,))?.call_method1("of", (slf,))
    }

    /// The parts of a chain of `then`, each `(start, end, expression)`: steps from `start` up to, but not including,
    /// `end`. The last part's `end` is the schedule's, or None if the schedule has no end.
    ///
    /// Any other schedule is one segment.
    ///
    /// >>> (gp.linear(0.0, 1.0, 10) >> gp.constant(1.0)).segments()
    /// [(0, 10, 'gp.linear(0.0, 1.0, 10)'), (10, None, 'gp.constant(1.0)')]
    fn segments<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let segments = PyList::empty(py);
        let add = |start: u64, end: Option<u64>, part: &Spec| {
            segments.append((start, end, as_text(py, |poll| json::to_python(part, poll))?))
        };
        let (mut start, mut rest) = (0, &self.spec);
        if let Expr::Then(parts, last) = self.spec.expr() {
            for (part, length) in parts {
                add(start, Some(start + length), part)?;
                start += length;
            }
            rest = last;
        }
        add(start, self.spec.steps(), rest)?;
        Ok(segments)
    }

    /// The closed form: this schedule with leaves and combinators in the place of each replay.
    ///
    /// Its values are what the framework's formula gives in real numbers, correctly rounded; the replay's are the
    /// framework's own, rounding errors and all. A schedule without replays is its own closed form. The form of one of
    /// MindSpore's lists goes on where the list ends.
    ///
    /// Raises `ValueError` for a replay that has no closed form: a factor below 0, a cycle of half a step, a
    /// ChainedScheduler of other than factors.
    ///
    /// >>> s = gp.replay("torch.CosineAnnealingLR", base_lr=0.1, T_max=90)
    /// >>> s.exact()
    /// gp.cosine(0.1, 0.0, 90).then(gp.cosine(0.0, 0.1, 90)).repeat()
    /// >>> s[45], s.exact()[45]
    /// (0.049999999999999996, 0.05)
    fn exact(&self) -> PyResult<Schedule> {
        let _state = DefaultFloatMode::enter();
        Ok(Schedule::of(self.spec.exact()?))
    }

    #[new]
    #[pyo3(signature = (text, /))]
    fn new(text: &Bound<'_, PyAny>) -> PyResult<Schedule> {
        let Ok(expression) = text.cast::<PyString>() else { return Schedule::from_json(text) };
        if expression.to_cow().is_ok_and(|text| text.trim_start().starts_with('{')) {
            return Schedule::from_json(text);
        }
        let read = text.py().import("glidepath._expression")?.call_method1("read", (text,))?;
        Ok(Schedule::of(read.cast::<Schedule>()?.get().spec.clone()))
    }

    /// The schedule as a JSON text, which `from_json` reads. Equal schedules give equal texts.
    ///
    /// >>> gp.constant(0.1).to_json()
    /// '{"glidepath":1,"schedule":{"kind":"constant","value":0.1}}'
    fn to_json<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        as_text(py, |poll| json::to_json(&self.spec, poll))
    }

    /// The schedule that a JSON text spells, a str or UTF-8 bytes. Keys may stand in any order; none may be unknown.
    ///
    /// Raises `ValueError` for a text with anything wrong in it, saying where: `$.schedule.parts[1].steps`; `TypeError`
    /// for anything but a text; `MemoryError` where there is too little.
    ///
    /// >>> gp.Schedule.from_json('{"glidepath": 1, "schedule": {"kind": "constant", "value": 0.1}}')
    /// gp.constant(0.1)
    #[staticmethod]
    #[pyo3(signature = (text, /))]
    fn from_json(text: &Bound<'_, PyAny>) -> PyResult<Schedule> {
        let py = text.py();
        let unreadable = |got: String| Error::value("$", got, "it must be one JSON text").or("Encode it in UTF-8.");
        let spec = if let Ok(text) = text.cast::<PyString>() {
            let text = text.to_cow().map_err(|error| {
                let is_half = error.is_instance_of::<PyUnicodeEncodeError>(py);
                if is_half { unreadable("a str with half a surrogate pair".into()).into() } else { error }
            })?;
            parsed(py, &text)?
        } else if let Ok(bytes) = text.cast::<PyBytes>() {
            let text = std::str::from_utf8(bytes.as_bytes());
            parsed(py, text.map_err(|e| unreadable(format!("bytes that are not UTF-8 at {}", e.valid_up_to())))?)?
        } else {
            let error = Error::kind("from_json.text", convert::shown(text), "it must be a str or bytes");
            return Err(error.or("Of a file take `.read()`, of parsed JSON `json.dumps(...)`.").into());
        };
        Ok(Schedule::of(spec))
    }

    /// Writes the values of `array(n, start)` to a .npy file, in constant memory however many they are.
    ///
    /// The file gets its name when it is complete and on the disk: `path` is always the whole old file or the whole new
    /// one. The schedule of its values stands beside it, in `<path>.json`, as one line of JSON.
    ///
    /// Where `path` ends with `.safetensors`, it is such a file (`pip install safetensors`) with a tensor `lr`, and the
    /// schedule is in its metadata, as `glidepath`. That library makes the file in memory.
    ///
    /// Args:
    ///     path: the file, whatever else its suffix is. A symbolic link stays a link.
    ///     n: how many values, from 0.
    ///     dtype: "float64" or "float32".
    ///     start: the first step.
    ///     threads: how many threads compute, at most one on each core. With None it is one: the disk is slower.
    ///     progress: a function that is called with the number of steps done, again and again, at last with n.
    ///     resume: whether to go on with what a killed or interrupted run has left. Values that are not those of this
    ///         schedule are written again. A run with `resume=True` that is interrupted keeps what it has written.
    ///
    /// Raises `OSError` where the file cannot be written, `ValueError` where it is no regular file or larger than the
    /// free space of the disk, else as `array` does. After an exception `path` is the old file, or the whole new one.
    ///
    /// >>> gp.linear(0.0, 1.0, 4).save("lr.npy", 5, progress=print)
    /// 5
    /// >>> np.load("lr.npy")
    /// array([0.  , 0.25, 0.5 , 0.75, 1.  ])
    #[pyo3(
        signature = (
            path, n, *, dtype=OptionalArg(None), start=OptionalArg(None), threads=None, progress=None, resume=false
        ),
        text_signature = "($self, path, n, *, dtype=\"float64\", start=0, threads=None, progress=None, resume=False)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are those of the Python method")]
    fn save<'py>(
        slf: &Bound<'py, Self>,
        path: Bound<'py, PyAny>,
        n: &Bound<'py, PyAny>,
        dtype: OptionalArg<'py>,
        start: OptionalArg<'py>,
        threads: Option<Bound<'py, PyAny>>,
        progress: Option<Bound<'py, PyAny>>,
        resume: bool,
    ) -> PyResult<()> {
        let (run, dtype) = (run("save", n, &start)?, dtype.dtype("save")?.name());
        let threads = threads.map_or(Ok(1), |threads| arrays::threads(&threads, &"save.threads"))?;
        let save = slf.py().import("glidepath._saving")?.getattr("save")?;
        save.call1((slf, path, run.n, dtype, run.start, threads, progress, resume)).map(|_| ())
    }

    /// Draws the schedule over its first `steps` steps on matplotlib axes, and returns them.
    ///
    /// Args:
    ///     ax: the axes; new ones where it is None.
    ///     steps: how many steps. If None, it is drawn to its end. A schedule without an end is drawn as far as the
    ///         longest other line on the axes, or until it has shown most of what it does.
    ///     label: the name for the legend.
    ///     logy: whether the y axis is logarithmic. It cannot show 0: the line leaves the plot at the bottom.
    ///     line: the properties of the line for matplotlib, such as `color`, `linewidth`, `linestyle`.
    ///
    /// `glidepath.plot.plot` draws several schedules at once. Raises `ImportError` where matplotlib is not installed.
    ///
    /// >>> from matplotlib.figure import Figure
    /// >>> axes = gp.cosine(0.1, 0.0, 90).plot(ax=Figure().add_subplot(), label="cosine", color="black")
    /// >>> axes.get_legend_handles_labels()[1]
    /// ['cosine']
    #[pyo3(signature = (ax=None, steps=None, *, label=None, logy=false, **line))]
    fn plot<'py>(
        slf: &Bound<'py, Self>,
        ax: Option<Bound<'py, PyAny>>,
        steps: Option<Bound<'py, PyAny>>,
        label: Option<Bound<'py, PyAny>>,
        logy: bool,
        line: Option<Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let named = line.map_or_else(|| Ok(PyDict::new(py)), |line| line.copy())?;
        named.set_item("label", label)?;
        named.set_item("logy", logy)?;
        py.import("glidepath.plot")?.getattr("plot")?.call((slf, ax, steps), Some(&named))
    }

    /// A small drawing, for notebooks.
    fn _repr_svg_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("glidepath.plot")?.getattr("svg")?.call1((slf,))
    }

    fn __rshift__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let next = match other.cast::<Schedule>() {
            Ok(next) => Some(self.spec.then(&next.get().spec, None)),
            Err(_) if !matches!(convert::as_real(other)?, Real::Other) || ways::of_values(other).is_some() => {
                Some(Err(no_schedule(other)))
            }
            Err(_) => None,
        };
        answer(other.py(), next)
    }

    fn __add__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let own = Operand::Schedule(self.spec.clone());
        answer(other.py(), operand("+", other)?.map(|other| Spec::sum(vec![own, other])))
    }

    fn __radd__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let own = Operand::Schedule(self.spec.clone());
        answer(other.py(), operand("+", other)?.map(|other| Spec::sum(vec![other, own])))
    }

    fn __sub__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let own = Operand::Schedule(self.spec.clone());
        answer(other.py(), operand("-", other)?.map(|other| Spec::sum(vec![own, negated(other)?])))
    }

    fn __rsub__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let own = Operand::Schedule(self.spec.clone());
        answer(other.py(), operand("-", other)?.map(|other| Spec::sum(vec![other, negated(own)?])))
    }

    fn __mul__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let own = Operand::Schedule(self.spec.clone());
        answer(other.py(), operand("*", other)?.map(|other| Spec::product(vec![own, other])))
    }

    fn __rmul__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let own = Operand::Schedule(self.spec.clone());
        answer(other.py(), operand("*", other)?.map(|other| Spec::product(vec![other, own])))
    }

    fn __truediv__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        if other.is_instance_of::<Schedule>() {
            return Err(division("a schedule"));
        }
        let quotient = combinator_kind("quotient").expect("it is declared");
        answer(other.py(), number("/", other)?.map(|by| self.spec.combined(quotient, vec![Value::Real(by)])))
    }

    fn __rtruediv__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        match number("/", other)? {
            Some(_) => Err(division("a schedule")),
            None => Ok(other.py().NotImplemented()),
        }
    }

    fn __neg__(&self) -> PyResult<Schedule> {
        Ok(Schedule::of(Spec::product(vec![Operand::Number(-1.0), Operand::Schedule(self.spec.clone())])?))
    }

    fn __pos__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __len__(&self) -> PyResult<usize> {
        Ok(self.length()? as usize)
    }

    /// A schedule is not an empty list, whatever its length.
    fn __bool__(&self) -> bool {
        true
    }

    fn __iter__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        static CHAIN: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let lists = Lists::new(slf.get().plan().clone(), slf.get().length()?);
        let chain = CHAIN.import(slf.py(), "itertools", "chain")?;
        chain.call_method1(intern!(slf.py(), "from_iterable"), (lists,))
    }

    /// The first `steps` values: what `np.asarray(s)` gives.
    #[pyo3(signature = (dtype=None, copy=None))]
    fn __array__<'py>(
        &self,
        py: Python<'py>,
        dtype: Option<&Bound<'py, PyAny>>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if copy == Some(false) {
            return Err(PyValueError::new_err(
                "a schedule has no array of its values that could be had without a copy",
            ));
        }
        let run = Run::new("array", 0, 1, self.length()?)?;
        let asked = dtype.map(|dtype| PyArrayDescr::new(py, dtype)).transpose()?;
        match asked.as_ref().map(|dtype| (dtype, Dtype::of(dtype))) {
            None => arrays::array(py, self.plan(), run, Dtype::Float64, 1),
            Some((dtype, Some(direct))) if dtype.is_native_byteorder() != Some(false) => {
                arrays::array(py, self.plan(), run, direct, 1)
            }
            Some((dtype, _)) => {
                arrays::array(py, self.plan(), run, Dtype::Float64, 1)?.call_method1(intern!(py, "astype"), (dtype,))
            }
        }
    }

    /// Evaluates back to the schedule, where no list in it is longer than 1,000 values.
    fn __repr__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        as_text(py, |poll| json::to_python(&self.spec, poll))
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.spec == other.spec
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.spec.hash(&mut hasher);
        hasher.finish()
    }

    /// The class and a text. `torch.load(weights_only=True)` unpickles only listed classes, so the class itself must be here.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        Ok((py.get_type::<Schedule>().into_any(), PyTuple::new(py, [self.to_json(py)?])?))
    }

    /// The same up to protocol 2, which `torch.save` uses. From then on the values of long tables are arrays beside the text, which
    /// pickle as bytes, and from protocol 5 on as buffers.
    fn __reduce_ex__<'py>(&self, py: Python<'py>, protocol: i32) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        if protocol <= 2 {
            return self.__reduce__(py);
        }
        let mut lists = Vec::new();
        let text = as_text(py, |poll| {
            let (text, apart) = json::to_parts(&self.spec, poll)?;
            lists = apart;
            Ok(text)
        })?;
        if lists.is_empty() {
            return Ok((py.get_type::<Schedule>().into_any(), PyTuple::new(py, [text])?));
        }
        let copied = |list: &Arc<Vec<f64>>| {
            let array = arrays::empty::<f64>(py, &[list.len()])?;
            array.try_readwrite()?.as_slice_mut()?.copy_from_slice(list);
            PyResult::Ok(array)
        };
        let arrays = lists.iter().map(copied).collect::<PyResult<Vec<_>>>()?;
        let remake = py.import(intern!(py, "glidepath._core"))?.getattr(intern!(py, "_from_parts"))?;
        Ok((remake, (text, arrays).into_pyobject(py)?))
    }

    /// Always empty. A schedule is frozen, and callable: torch's `LambdaLR` saves and restores the `__dict__` of what it
    /// calls.
    #[getter]
    fn __dict__<'py>(&self, py: Python<'py>) -> Bound<'py, PyDict> {
        PyDict::new(py)
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyDict>) -> Py<Self> {
        slf
    }
}

/// The error for a call without a step. Keras makes such a call of its `learning_rate`.
fn no_step() -> PyErr {
    Error::kind("step", "nothing", "a schedule is a function of the step: `s(step)`")
        .or("For Keras pass a number as `learning_rate`, and `fit` the callback \
             `keras.callbacks.LearningRateScheduler(lambda epoch: s[epoch])`; or wrap the schedule in a \
             `keras.optimizers.schedules.LearningRateSchedule`.")
        .into()
}

/// Runs work that asks now and then whether to go on. Raises what a signal's handler raises meanwhile.
fn polled<T>(py: Python<'_>, run: impl FnOnce(json::Poll) -> Result<T, Error>) -> PyResult<T> {
    let raised = RefCell::new(None);
    let poll = || match py.check_signals() {
        Ok(()) => true,
        Err(error) => {
            raised.replace(Some(error));
            false
        }
    };
    let done = run(&poll);
    match raised.take() {
        Some(error) => Err(error),
        None => Ok(done?),
    }
}

fn as_text<'py>(
    py: Python<'py>,
    write: impl FnOnce(json::Poll) -> Result<String, Error>,
) -> PyResult<Bound<'py, PyString>> {
    // Not `PyString::new`, which panics where there is too little memory.
    PyString::from_bytes(py, polled(py, write)?.as_bytes())
}

fn parsed(py: Python<'_>, text: &str) -> PyResult<Spec> {
    polled(py, |poll| json::from_json(text, poll))
}

/// Stretched by a fraction, in lowest terms.
fn stretched(spec: &Spec, by: u64, over: u64, stretch: &CombinatorKind) -> Result<Spec, Error> {
    let divisor = gcd(by as usize, over as usize) as u64;
    spec.combined(stretch, vec![Value::Count(by / divisor), Value::Count(over / divisor)])
}

/// The numerator and the denominator of a `fractions.Fraction`; anything else must be an int.
fn fraction(value: &Bound<'_, PyAny>) -> PyResult<(u64, u64)> {
    let place = &"stretch.by";
    if value.hasattr("__index__")? || !value.hasattr("denominator")? {
        return Ok((convert::count(value, place, RATIO)?, 1));
    }
    let part = |name| convert::count(&value.getattr(name)?, place, RATIO);
    Ok((part("numerator")?, part("denominator")?))
}

fn division(got: &str) -> PyErr {
    Error::kind("/", got, "a schedule may be divided only by a number")
        .or("Multiply by a table of the reciprocals: `gp.table(1 / s.array(n))`.")
        .into()
}

/// The values of all the schedule's steps in one list. Neighbours that are equal in every bit are one object.
#[pyfunction]
#[pyo3(name = "_listed")]
pub(super) fn listed<'py>(schedule: &Bound<'py, Schedule>) -> PyResult<Bound<'py, PyList>> {
    let this = schedule.get();
    series::listed(schedule.py(), this.plan(), this.length()? as usize)
}

/// The schedule of a text in which long lists are only named, and of these lists: what a pickle holds.
#[pyfunction]
#[pyo3(name = "_from_parts")]
pub(super) fn from_parts(py: Python<'_>, text: &str, lists: Vec<PyReadonlyArray1<'_, f64>>) -> PyResult<Schedule> {
    let copied = |list: &PyReadonlyArray1<'_, f64>| {
        let mut values = reserved(list.len())?;
        values.extend(list.as_array());
        PyResult::Ok(values)
    };
    let lists = lists.iter().map(copied).collect::<PyResult<Vec<_>>>()?;
    Ok(Schedule::of(polled(py, |poll| json::from_parts(text, &lists, poll))?))
}

/// The longest time in a schedule, in steps (None where there is none), and whether it comes again and again.
#[pyfunction]
#[pyo3(name = "_extent")]
pub(super) fn extent(schedule: &Bound<'_, Schedule>) -> (Option<u64>, bool) {
    let Extent { longest, has_cycles } = Extent::of(schedule.get().spec());
    (longest, has_cycles)
}

/// The value at step `k` as `numpy.float32`, which takes half the time of `numpy.float32(s[k])`.
#[pyfunction]
#[pyo3(name = "_single")]
pub(super) fn single<'py>(schedule: &Bound<'py, Schedule>, k: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let (py, step) = (k.py(), convert::step(k, &"step")?);
    let value = schedule.get().value(py, step)?;
    // An element is taken out as numpy's scalar; numpy's own constructor looks for arrays in a float first.
    PyArray1::from_slice(py, &[value as f32]).get_item(0)
}
