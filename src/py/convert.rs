//! Reads Python objects as arguments: numbers, counts, steps and lists of them. Words the error for anything else.
//!
//! This file checks types only, and whether an integer fits into one. The caller checks limits.

use std::fmt::Display;
use std::time::{Duration, Instant};

use numpy::{Element, PyArrayDescr, PyArrayDescrMethods, PyArrayDyn, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{
    PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyMemoryView, PyRange, PySlice, PyString, PyTuple, PyType,
};

use super::busy::{self, Reading, Refused};
use crate::error::{Error, SHOWN, brief, brief_name};
use crate::limits::{CountLimit, MAX_STEP, PAST, RealLimit, STEP};
use crate::memory::{push, reserved, too_little};

/// The name of an argument's place. It is formatted only for an error.
pub(super) type Place<'a> = &'a dyn Display;
type Any<'py> = Bound<'py, PyAny>;

/// Items that are read between two looks for a signal: some milliseconds of work.
const LOOK: usize = 1 << 14;
/// Elements of an array that are converted between two looks for a signal.
const PART: usize = 1 << 22;

/// An object as a message shows it: short literals as they are, anything else by its type.
///
/// It runs none of the caller's code, and takes no longer for a long value than for a short one.
pub(super) fn shown(value: &Any<'_>) -> String {
    let py = value.py();
    let text = if value.is_none() || value.is_instance_of::<PyBool>() {
        value.repr().map(Bound::into_any).map_err(drop)
    } else if let Ok(int) = value.cast::<PyInt>() {
        // Python refuses to write more than 4,300 digits.
        let bits = int.call_method0(intern!(py, "bit_length")).and_then(|bits| bits.extract::<u64>());
        match bits {
            Ok(bits) if bits > 4096 => return format!("an int of {bits} bits"),
            _ => repr(py.get_type::<PyInt>(), value),
        }
    } else if value.is_instance_of::<PyFloat>() {
        repr(py.get_type::<PyFloat>(), value)
    } else if value.is_instance_of::<PyString>() {
        let class = || py.get_type::<PyString>();
        beginning(value, class()).map_err(drop).and_then(|text| repr(class(), &text))
    } else if value.is_instance_of::<PyBytes>() {
        let class = || py.get_type::<PyBytes>();
        beginning(value, class()).map_err(drop).and_then(|text| repr(class(), &text))
    } else if let Ok(Some(dtype)) = scalar_type(value) {
        return shown_scalar(value, &dtype);
    } else {
        Err(())
    };
    match text.and_then(|text| text.cast_into::<PyString>().map_err(drop)) {
        Ok(text) => brief(&text.to_string_lossy()),
        Err(()) => {
            let name = value.get_type().fully_qualified_name();
            let name = name.map_or_else(|_| "unknown".into(), |name| brief_name(&name.to_string_lossy()));
            format!("an object of type {name}")
        }
    }
}

/// A numpy scalar with its type, `np.int64(2)`: as numpy 2 writes it. numpy 1 writes `2`.
fn shown_scalar(value: &Any<'_>, dtype: &Bound<'_, PyArrayDescr>) -> String {
    let text = if b"biufc".contains(&dtype.kind()) {
        value.str().map(|text| text.to_string_lossy().into_owned()).ok()
    } else {
        None
    };
    let class = value.get_type().name().map_or_else(|_| "generic".into(), |name| name.to_string_lossy().into_owned());
    match text {
        Some(text) if dtype.kind() == b'b' => format!("np.{text}_"),
        Some(text) => brief(&format!("np.{class}({})", text.trim_start_matches('(').trim_end_matches(')'))),
        None => format!("an object of type numpy.{class}"),
    }
}

/// A value as its built-in class writes it, whatever a subclass does.
fn repr<'py>(class: Bound<'py, PyType>, value: &Any<'py>) -> Result<Any<'py>, ()> {
    class.call_method1(intern!(value.py(), "__repr__"), (value,)).map_err(drop)
}

/// The first characters of a string, or bytes: a few more than are shown.
fn beginning<'py>(text: &Any<'py>, class: Bound<'py, PyType>) -> PyResult<Any<'py>> {
    let first = PySlice::new(text.py(), 0, SHOWN as isize + 1, 1);
    class.call_method1(intern!(text.py(), "__getitem__"), (text, first))
}

/// The dtype of a numpy scalar, if it is one.
fn scalar_type<'py>(value: &Any<'py>) -> PyResult<Option<Bound<'py, PyArrayDescr>>> {
    static GENERIC: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    if !value.get_type().is_subclass(GENERIC.import(value.py(), "numpy", "generic")?)? {
        return Ok(None);
    }
    Ok(Some(value.getattr(intern!(value.py(), "dtype"))?.cast_into::<PyArrayDescr>()?))
}

/// Whether a numpy type is one of the kinds (of `biufc...`) and no wider than a double.
fn is_kind(dtype: &Bound<'_, PyArrayDescr>, kinds: &[u8]) -> bool {
    kinds.contains(&dtype.kind()) && dtype.itemsize() <= 8
}

/// The error for a value of the wrong type, with the way to convert it. `cause` is the exception that the value raised.
fn wrong_type<T>(value: &Any<'_>, place: Place<'_>, rule: &str, convert: &str, cause: Option<PyErr>) -> PyResult<T> {
    let is_text = value.is_instance_of::<PyString>() || value.is_instance_of::<PyBytes>();
    let kind = scalar_type(value)?.map(|dtype| dtype.kind());
    let way_out = if value.is_instance_of::<PyBool>() || kind == Some(b'b') {
        "A bool is not a number: write 1 or 0.".into()
    } else if is_text || value.is_instance_of::<PyFloat>() || kind.is_some() {
        format!("Convert it with `{convert}()`.")
    } else if is_traced(value) {
        if rule == STEP.rule {
            TRACED.into()
        } else {
            "Make the schedule outside the function that JAX compiles.".into()
        }
    } else if value.hasattr(intern!(value.py(), "item"))? {
        "Take a number out of it with `.item()`.".into()
    } else {
        String::new()
    };
    let error = PyErr::from(Error::kind(place.to_string(), shown(value), rule).or(way_out));
    error.set_cause(value.py(), cause);
    Err(error)
}

/// The way out for a value inside a function that JAX compiles, where values are not known yet.
const TRACED: &str = "Inside a function that JAX compiles, call `glidepath.jax.schedule(s)(step)`, made outside of it.";

/// Whether a value is one of JAX's.
fn is_traced(value: &Any<'_>) -> bool {
    value.get_type().module().is_ok_and(|module| module.to_string_lossy().starts_with("jax."))
}

/// An object, read as a real number.
pub(super) enum Real {
    /// The nearest double.
    Number(f64),
    /// An int past every double.
    Huge,
    /// Not a number of Python's or numpy's.
    Other,
}

/// Reads a real number: of `numbers.Real`, or numpy's. Bools, and tensors and arrays of one number, are not real numbers.
pub(super) fn as_real(value: &Any<'_>) -> PyResult<Real> {
    if let Ok(float) = value.cast::<PyFloat>() {
        return Ok(Real::Number(float.value()));
    }
    if !is_real(value)? {
        return Ok(Real::Other);
    }
    match value.extract::<f64>() {
        Ok(x) => Ok(Real::Number(x)),
        Err(error) if error.is_instance_of::<PyOverflowError>(value.py()) => Ok(Real::Huge),
        Err(error) => Err(error),
    }
}

fn is_real(value: &Any<'_>) -> PyResult<bool> {
    static REAL: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    if value.is_instance_of::<PyBool>() {
        return Ok(false);
    }
    // numpy calls its long double a Real, but it is more than a double can hold.
    match scalar_type(value)? {
        Some(dtype) => Ok(is_kind(&dtype, b"fiu")),
        None => Ok(value.is_instance_of::<PyInt>() || value.is_instance(REAL.import(value.py(), "numbers", "Real")?)?),
    }
}

/// A real number.
pub(super) fn real(value: &Any<'_>, place: Place<'_>, limit: RealLimit) -> PyResult<f64> {
    match as_real(value)? {
        Real::Number(x) => Ok(x),
        Real::Huge => {
            let way_out = limit.ways_out.of(huge(value)?);
            Err(Error::value(place.to_string(), shown(value), limit.rule).or(way_out).into())
        }
        Real::Other => wrong_type(value, place, limit.rule, "float", None),
    }
}

/// A number past every double, as an infinity of its sign.
pub(super) fn huge(value: &Any<'_>) -> PyResult<f64> {
    Ok(if value.lt(0)? { f64::NEG_INFINITY } else { f64::INFINITY })
}

/// An object, read as a whole number.
enum Whole<'py> {
    Int(Bound<'py, PyInt>),
    /// Not a whole number; with the TypeError that its `__index__` raised, if any.
    Other(Option<PyErr>),
}

/// Python's and numpy's integers, and other objects with `__index__`. Bools are not whole numbers.
fn as_whole<'py>(value: &Any<'py>) -> PyResult<Whole<'py>> {
    if value.is_instance_of::<PyBool>() || value.is_instance_of::<PyFloat>() {
        return Ok(Whole::Other(None));
    }
    if let Ok(int) = value.cast::<PyInt>() {
        return Ok(Whole::Int(int.clone()));
    }
    let is_other_scalar = scalar_type(value)?.is_some_and(|dtype| !is_kind(&dtype, b"iu"));
    if is_other_scalar || !value.hasattr(intern!(value.py(), "__index__"))? {
        return Ok(Whole::Other(None));
    }
    match value.call_method0(intern!(value.py(), "__index__")) {
        Ok(index) => Ok(index.cast_into::<PyInt>().map_or(Whole::Other(None), Whole::Int)),
        Err(error) if error.is_instance_of::<PyTypeError>(value.py()) => Ok(Whole::Other(Some(error))),
        Err(error) => Err(error),
    }
}

/// The number, if the type can hold it.
fn fitting<T: for<'a, 'py> FromPyObject<'a, 'py>>(int: &Bound<'_, PyInt>) -> Option<T> {
    int.extract::<T>().ok()
}

/// A count.
pub(super) fn count(value: &Any<'_>, place: Place<'_>, limit: CountLimit) -> PyResult<u64> {
    match as_whole(value)? {
        Whole::Int(int) => match fitting(&int) {
            Some(n) => Ok(n),
            None => {
                let way_out = limit.ways_out.of(huge(int.as_any())?);
                Err(Error::value(place.to_string(), shown(value), limit.rule).or(way_out).into())
            }
        },
        Whole::Other(cause) => wrong_type(value, place, limit.rule, "int", cause),
    }
}

/// A count within its limits.
pub(super) fn checked(value: &Any<'_>, place: Place<'_>, limit: CountLimit) -> PyResult<u64> {
    let n = count(value, place, limit)?;
    limit.check("", n).map_err(|error| Error { place: place.to_string(), ..error }.into())
}

/// A whole number that 64 bits hold.
pub(super) fn int(value: &Any<'_>, place: Place<'_>, rule: &str) -> PyResult<i64> {
    match as_whole(value)? {
        Whole::Int(int) => fitting(&int).ok_or_else(|| Error::value(place.to_string(), shown(value), rule).into()),
        Whole::Other(cause) => wrong_type(value, place, rule, "int", cause),
    }
}

/// Reads every item with `plain`. If that fails for one, reads all with `one`, which is given the item's place.
fn each<'py, T>(
    items: &Any<'py>,
    plain: impl Fn(&Any<'_>) -> Option<T>,
    place: Place<'_>,
    one: impl Fn(&Any<'py>, Place<'_>) -> PyResult<T>,
) -> PyResult<Vec<T>> {
    if let Some(found) = all_plain(items, plain)? {
        return Ok(found);
    }
    let mut found = Vec::new();
    each_item(items, |i, item| Ok(push(&mut found, one(item, &format_args!("{place}[{i}]"))?)?))?;
    Ok(found)
}

/// Visits a caller's items in order. Their exceptions, and those of a signal's handler, go to the caller unchanged.
pub(super) fn each_item<'py>(
    items: &Any<'py>,
    mut visit: impl FnMut(usize, &Any<'py>) -> PyResult<()>,
) -> PyResult<()> {
    let mut watch = Watch::new();
    for (i, item) in items.try_iter()?.enumerate() {
        watch.after(LOOK, i, items.py())?;
        visit(i, &item?)?;
    }
    Ok(())
}

/// Looks for signals during a long conversion, and lets other threads have a turn.
struct Watch {
    turn: Instant,
}

/// Time between two releases of the GIL. A waiting thread asks for the GIL after 5 ms, and gets it only from a release after
/// that.
const TURN: Duration = Duration::from_millis(10);

impl Watch {
    fn new() -> Watch {
        Watch { turn: Instant::now() }
    }

    /// Looks after every so many items.
    #[inline]
    fn after(&mut self, every: usize, i: usize, py: Python<'_>) -> PyResult<()> {
        if i % every == every - 1 { self.look(py) } else { Ok(()) }
    }

    fn look(&mut self, py: Python<'_>) -> PyResult<()> {
        if self.turn.elapsed() > TURN {
            py.detach(|| ());
            self.turn = Instant::now();
        }
        py.check_signals()
    }
}

/// What a list, tuple or range holds, where every item is of exactly the type that `read` wants: 2 ns an item, one by one 12.
fn all_plain<T>(items: &Any<'_>, read: impl Fn(&Any<'_>) -> Option<T>) -> PyResult<Option<Vec<T>>> {
    let (py, mut watch) = (items.py(), Watch::new());
    let mut found;
    if let Ok(list) = items.cast_exact::<PyList>() {
        found = reserved(list.len())?;
        for (i, item) in list.iter().enumerate() {
            watch.after(PART, i, py)?;
            let Some(value) = read(&item) else { return Ok(None) };
            push(&mut found, value)?;
        }
    } else if let Ok(tuple) = items.cast_exact::<PyTuple>() {
        found = reserved(tuple.len())?;
        for (i, item) in tuple.iter_borrowed().enumerate() {
            watch.after(PART, i, py)?;
            let Some(value) = read(&item) else { return Ok(None) };
            push(&mut found, value)?;
        }
    } else if let Ok(range) = items.cast_exact::<PyRange>() {
        found = reserved(range.len().unwrap_or(usize::MAX))?; // the length of a `range(2**63)` is no C integer
        for (i, item) in range.try_iter()?.enumerate() {
            watch.after(LOOK, i, py)?;
            let Some(value) = read(&item?) else { return Ok(None) };
            push(&mut found, value)?;
        }
    } else {
        return Ok(None);
    }
    Ok(Some(found))
}

fn plain_float(value: &Any<'_>) -> Option<f64> {
    Some(value.cast_exact::<PyFloat>().ok()?.value())
}

fn plain_int<T: for<'a, 'py> FromPyObject<'a, 'py>>(value: &Any<'_>) -> Option<T> {
    value.cast_exact::<PyInt>().ok()?.extract::<T>().ok()
}

/// A sequence of such whole numbers.
pub(super) fn ints(value: &Any<'_>, place: Place<'_>, rule: &str) -> PyResult<Vec<i64>> {
    let items = match list(value, place)? {
        List::Items(items) => items,
        List::Array(array) => {
            refuse_shape(&array, place)?;
            array.into_any()
        }
    };
    each(&items, plain_int, place, |item, place| int(item, place, rule))
}

/// A string.
pub(super) fn text(value: &Any<'_>, place: Place<'_>, rule: &str) -> PyResult<String> {
    match value.cast::<PyString>() {
        Ok(text) => {
            let (text, mut owned) = (text.to_string_lossy(), String::new());
            owned.try_reserve_exact(text.len()).map_err(too_little)?;
            owned.push_str(&text);
            Ok(owned)
        }
        Err(_) => Err(Error::kind(place.to_string(), shown(value), rule).into()),
    }
}

/// A step, from 0 to 2**53; any other integer is outside the sequence.
pub(super) fn step(value: &Any<'_>, place: Place<'_>) -> PyResult<u64> {
    match as_whole(value)? {
        Whole::Int(int) => match fitting::<u64>(&int) {
            Some(k) if k <= MAX_STEP => Ok(k),
            None if int.lt(0)? => Err(step_below(place, &shown(value)).into()),
            _ => Err(step_past(place, &shown(value)).into()),
        },
        Whole::Other(cause) if is_traced(value) => wrong_type(value, place, STEP.rule, "int", cause),
        Whole::Other(_) if is_list(value)? => {
            let several = "For several steps call the schedule, `s(steps)`, or `s.gather(steps)`.";
            Err(Error::kind(place.to_string(), shown(value), STEP.rule).or(several).into())
        }
        Whole::Other(cause) => wrong_type(value, place, STEP.rule, "int", cause),
    }
}

fn step_below(place: Place<'_>, got: &dyn Display) -> Error {
    Error::index(place.to_string(), got, STEP.rule)
        .or("A schedule has no last step to count back from; its final value is `s[s.steps]`.")
}

fn step_past(place: Place<'_>, got: &dyn Display) -> Error {
    Error::index(place.to_string(), got, STEP.rule).or(PAST)
}

/// True or False.
pub(super) fn flag(value: &Any<'_>, place: Place<'_>) -> PyResult<bool> {
    if value.is_instance_of::<PyBool>() || scalar_type(value)?.is_some_and(|dtype| dtype.kind() == b'b') {
        return value.is_truthy();
    }
    Err(Error::kind(place.to_string(), shown(value), "it must be True or False").into())
}

/// A list of values: numpy's array of them, or objects one by one.
enum List<'py> {
    Array(Bound<'py, PyUntypedArray>),
    Items(Any<'py>),
}

fn list<'py>(value: &Any<'py>, place: Place<'_>) -> PyResult<List<'py>> {
    if let Ok(array) = value.cast::<PyUntypedArray>() {
        return Ok(List::Array(array.clone()));
    }
    let is_text = value.is_instance_of::<PyString>() || value.is_instance_of::<PyBytes>();
    if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        return Ok(List::Items(value.clone()));
    }
    if scalar_type(value)?.is_none() && value.hasattr(intern!(value.py(), "__array__"))? {
        return match seen_by_numpy(value) {
            Ok(array) => Ok(List::Array(array.cast_into()?)),
            Err(error) if is_traced(value) && error.is_instance_of::<PyTypeError>(value.py()) => {
                wrong_type(value, place, STEP.rule, "int", Some(error))
            }
            Err(error) => Err(error),
        };
    }
    if !is_text && is_sequence(value)? {
        // numpy reads an object with a buffer (`array.array`) in place.
        return match PyMemoryView::from(value) {
            Ok(buffer) => Ok(List::Array(seen_by_numpy(&buffer)?.cast_into()?)),
            Err(error) if error.is_instance_of::<PyTypeError>(value.py()) => Ok(List::Items(value.clone())),
            Err(error) => Err(error),
        };
    }
    Err(Error::kind(place.to_string(), shown(value), "it must be a sequence or an array of numbers")
        .or("Put the values into a list.")
        .into())
}

/// Whether it is a `collections.abc.Sequence`.
fn is_sequence(value: &Any<'_>) -> PyResult<bool> {
    static SEQUENCE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    value.is_instance(SEQUENCE.import(value.py(), "collections.abc", "Sequence")?)
}

/// `numpy.asarray(value)`.
fn seen_by_numpy<'py>(value: &Any<'py>) -> PyResult<Any<'py>> {
    static AS_ARRAY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    AS_ARRAY.import(value.py(), "numpy", "asarray")?.call1((value,))
}

/// `numpy.ascontiguousarray(array, dtype)`: the array itself, if nothing has to be converted.
fn contiguous<'py, T: Element>(array: &Any<'py>) -> PyResult<Bound<'py, PyArrayDyn<T>>> {
    static AS_CONTIGUOUS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let make = AS_CONTIGUOUS.import(array.py(), "numpy", "ascontiguousarray")?;
    Ok(make.call1((array, numpy::dtype::<T>(array.py())))?.cast_into()?)
}

/// Visits an array's elements as contiguous ones of type `T`, row by row, in parts. numpy would convert the whole array at
/// once without looking for signals, which takes seconds for a large one.
fn each_part<'py, T: Element>(
    array: &Bound<'py, PyUntypedArray>,
    place: Place<'_>,
    mut visit: impl FnMut(&[T]),
) -> PyResult<()> {
    let (py, mut watch) = (array.py(), Watch::new());
    let mut visit_one = |part: &Any<'py>| -> PyResult<()> {
        visit(lent(&contiguous::<T>(part)?, place)?.array.as_slice()?);
        watch.look(py)
    };
    if array.len() <= PART {
        return visit_one(array);
    }
    let options = PyDict::new(py);
    options.set_item("flags", ("external_loop", "buffered"))?;
    options.set_item("op_dtypes", (numpy::dtype::<T>(py),))?;
    options.set_item("order", "C")?;
    options.set_item("casting", "same_kind")?;
    options.set_item("buffersize", 1 << 16)?;
    for run in py.import("numpy")?.getattr("nditer")?.call((array,), Some(&options))?.try_iter()? {
        // An array that needs no conversion comes as one run.
        let (run, mut from) = (run?, 0);
        while from < run.len()? {
            visit_one(&run.get_item(PySlice::new(py, from as isize, (from + PART) as isize, 1))?)?;
            from += PART;
        }
    }
    Ok(())
}

/// All of an array's elements, row by row, as type `T`.
fn copied<T: Element + Copy>(array: &Bound<'_, PyUntypedArray>, place: Place<'_>) -> PyResult<Vec<T>> {
    let mut all = reserved(array.len())?;
    each_part(array, place, |part: &[T]| all.extend_from_slice(part))?;
    Ok(all)
}

/// An array lent for reading.
fn lent<'py, T: Element>(array: &Bound<'py, PyArrayDyn<T>>, place: Place<'_>) -> PyResult<Reading<'py, T>> {
    busy::read(array).map_err(|refused| match refused {
        Refused::Raised(error) => error,
        _ => Error::value(place.to_string(), "an array in use", "another call is still writing to its memory")
            .or("Wait for that call.")
            .into(),
    })
}

fn refuse_shape(array: &Bound<'_, PyUntypedArray>, place: Place<'_>) -> PyResult<()> {
    if array.ndim() == 1 {
        return Ok(());
    }
    let got = format!("an array of shape {}", shape_of(array.shape()));
    Err(Error::value(place.to_string(), got, "it must have one dimension").or("Take `.reshape(-1)` of it.").into())
}

/// A shape as numpy writes it.
pub(super) fn shape_of(shape: &[usize]) -> String {
    let sides: Vec<String> = shape.iter().map(usize::to_string).collect();
    format!("({}{})", sides.join(", "), if shape.len() == 1 { "," } else { "" })
}

fn wrong_dtype(array: &Bound<'_, PyUntypedArray>, place: Place<'_>, rule: &str, way_out: &str) -> PyErr {
    let got = format!("an array of dtype {}", brief(&array.dtype().to_string()));
    Error::kind(place.to_string(), got, rule).or(way_out).into()
}

/// Real numbers: a sequence of them, or a 1-D array of floats or integers; copied.
pub(super) fn reals(value: &Any<'_>, place: Place<'_>, limit: RealLimit) -> PyResult<Vec<f64>> {
    let array = match list(value, place)? {
        List::Items(items) => return each(&items, plain_float, place, |item, place| real(item, place, limit)),
        List::Array(array) => array,
    };
    refuse_shape(&array, place)?;
    if !is_kind(&array.dtype(), b"fiu") {
        return Err(wrong_dtype(
            &array,
            place,
            "it must be of floats or integers",
            "Convert it with `.astype(float)`.",
        ));
    }
    copied(&array, place)
}

/// Counts: a sequence of them, or a 1-D array of integers; copied.
pub(super) fn counts(value: &Any<'_>, place: Place<'_>, limit: CountLimit) -> PyResult<Vec<u64>> {
    let array = match list(value, place)? {
        List::Items(items) => return each(&items, plain_int, place, |item, place| count(item, place, limit)),
        List::Array(array) => array,
    };
    refuse_shape(&array, place)?;
    let (list, is_signed) = integers(&array, place)?;
    match list.iter().position(|&n| is_signed && n > i64::MAX as u64) {
        None => Ok(list),
        Some(i) => {
            Err(Error::value(format!("{place}[{i}]"), list[i] as i64, limit.rule).or(limit.ways_out.negative).into())
        }
    }
}

/// An array's integers of any width as 64-bit ones, in two's complement, and whether they are signed; copied.
fn integers(array: &Bound<'_, PyUntypedArray>, place: Place<'_>) -> PyResult<(Vec<u64>, bool)> {
    match array.dtype().kind() {
        b'u' => Ok((copied(array, place)?, false)),
        b'i' => {
            let mut all = reserved(array.len())?;
            each_part(array, place, |part: &[i64]| all.extend(part.iter().map(|&n| n as u64)))?;
            Ok((all, true))
        }
        _ => Err(wrong_dtype(array, place, "it must be of integers", "Convert it with `.astype(np.int64)`.")),
    }
}

/// Steps in any shape, checked: each from 0 to 2**53.
pub(super) struct Steps<'py> {
    flat: Flat<'py>,
    /// The shape that they came in.
    pub(super) shape: Vec<usize>,
}

/// Steps, row by row.
enum Flat<'py> {
    /// In place, in the caller's array.
    Lent(Reading<'py, u64>),
    /// In a copy.
    Copied(Vec<u64>),
}

impl Steps<'_> {
    /// The steps, row by row.
    pub(super) fn flat(&self) -> PyResult<&[u64]> {
        match &self.flat {
            Flat::Lent(lent) => Ok(lent.array.as_slice()?),
            Flat::Copied(copy) => Ok(copy),
        }
    }

    /// The caller's memory that they are read from, if they are not a copy.
    pub(super) fn memory(&self) -> Option<busy::Memory> {
        match &self.flat {
            Flat::Lent(lent) => Some(busy::Memory::of(&lent.array)),
            Flat::Copied(_) => None,
        }
    }
}

/// Steps: an array of integers of any shape, or a sequence, nested or not.
pub(super) fn steps<'py>(value: &Any<'py>, place: Place<'_>) -> PyResult<Steps<'py>> {
    match list(value, place)? {
        List::Array(array) => steps_of_array(&array, place),
        List::Items(items) => {
            let mut flat = Vec::new();
            let shape = rows(&items, place, 0, &mut flat)?;
            Ok(Steps { flat: Flat::Copied(flat), shape })
        }
    }
}

fn steps_of_array<'py>(array: &Bound<'py, PyUntypedArray>, place: Place<'_>) -> PyResult<Steps<'py>> {
    let (flat, is_signed) = match where_they_lie(array)? {
        Some(view) => (Flat::Lent(lent(&view, place)?), array.dtype().kind() == b'i'),
        None => integers(array, place).map(|(copy, is_signed)| (Flat::Copied(copy), is_signed))?,
    };
    let steps = Steps { flat, shape: array.shape().to_vec() };
    let all = steps.flat()?;
    // An OR takes a third of the time of a comparison. It is seldom past 2**53 unless one of the steps is.
    if all.iter().fold(0, |any, k| any | k) >= MAX_STEP
        && let Some(i) = all.iter().position(|&k| k > MAX_STEP)
    {
        let place = format!("{place}[{}]", index_of(i, array.shape()));
        let is_below = is_signed && all[i] > i64::MAX as u64;
        return Err(if is_below { step_below(&place, &(all[i] as i64)) } else { step_past(&place, &all[i]) }.into());
    }
    Ok(steps)
}

/// A view of contiguous native 64-bit integers as unsigned ones; `None` for any other array.
fn where_they_lie<'py>(array: &Bound<'py, PyUntypedArray>) -> PyResult<Option<Bound<'py, PyArrayDyn<u64>>>> {
    let (py, dtype) = (array.py(), array.dtype());
    let is = |other: Bound<'py, PyArrayDescr>| dtype.is_equiv_to(&other);
    if !array.is_c_contiguous() || !array.is_aligned() {
        Ok(None)
    } else if is(numpy::dtype::<u64>(py)) {
        Ok(Some(array.clone().into_any().cast_into()?))
    } else if is(numpy::dtype::<i64>(py)) {
        // Only of numpy's own class: a subclass may redefine `view`.
        let view = seen_by_numpy(array)?.call_method1(intern!(py, "view"), (numpy::dtype::<u64>(py),))?;
        Ok(Some(view.cast_into()?))
    } else {
        Ok(None)
    }
}

/// How deep lists may be nested: as deep as an array of numpy's has dimensions.
const MAX_NESTED: usize = 32;

/// Appends the steps in a sequence, row by row, and returns its shape.
fn rows(items: &Any<'_>, place: Place<'_>, depth: usize, flat: &mut Vec<u64>) -> PyResult<Vec<usize>> {
    let plain = |item: &Any<'_>| plain_int::<u64>(item).filter(|&k| k <= MAX_STEP);
    if let Some(found) = all_plain(items, plain)? {
        let n = found.len();
        extend(flat, found)?;
        return Ok(vec![n]);
    }
    if depth == MAX_NESTED {
        let rule = format!("lists may be nested at most {MAX_NESTED} deep");
        return Err(Error::value(place.to_string(), "a list in lists", rule).or("Pass a flat list.").into());
    }
    let (mut n, mut inner) = (0, None);
    each_item(items, |i, item| {
        let place: Place<'_> = &format_args!("{place}[{i}]");
        let shape = if let Some(k) = plain(item) {
            push(flat, k)?;
            Vec::new()
        } else if !is_list(item)? {
            push(flat, step(item, place)?)?;
            Vec::new()
        } else {
            match list(item, place)? {
                List::Items(items) => rows(&items, place, depth + 1, flat)?,
                List::Array(array) => {
                    let steps = steps_of_array(&array, place)?;
                    flat.try_reserve(steps.flat()?.len()).map_err(too_little)?;
                    flat.extend_from_slice(steps.flat()?);
                    steps.shape
                }
            }
        };
        n = i + 1;
        let first = inner.get_or_insert_with(|| shape.clone());
        if *first == shape { Ok(()) } else { Err(ragged(place, &shape, first).into()) }
    })?;
    let mut shape = vec![n];
    shape.extend(inner.unwrap_or_default());
    Ok(shape)
}

fn extend<T>(list: &mut Vec<T>, more: Vec<T>) -> Result<(), Error> {
    if list.is_empty() {
        *list = more;
        return Ok(());
    }
    list.try_reserve(more.len()).map_err(too_little)?;
    list.extend(more);
    Ok(())
}

fn ragged(place: Place<'_>, got: &[usize], first: &[usize]) -> Error {
    let noun = |shape: &[usize]| {
        if shape.is_empty() { "one step".into() } else { format!("a list of shape {}", shape_of(shape)) }
    };
    Error::value(place.to_string(), noun(got), format!("it must be like the first item, {}", noun(first)))
        .or("Pass a flat list, or lists of one length.")
}

/// The index of the i-th element, row by row.
fn index_of(i: usize, shape: &[usize]) -> String {
    let (mut rest, mut index) = (i, Vec::new());
    for side in shape.iter().rev() {
        index.push((rest % side).to_string());
        rest /= side;
    }
    index.reverse();
    index.join(", ")
}

/// Whether an object is a list of steps and not one step.
pub(super) fn is_list(value: &Any<'_>) -> PyResult<bool> {
    if value.is_instance_of::<PyInt>() || value.is_instance_of::<PyFloat>() || scalar_type(value)?.is_some() {
        return Ok(false);
    }
    if value.hasattr(intern!(value.py(), "__array__"))? {
        return Ok(true);
    }
    let is_text = value.is_instance_of::<PyString>() || value.is_instance_of::<PyBytes>();
    Ok(!is_text && is_sequence(value)?)
}
