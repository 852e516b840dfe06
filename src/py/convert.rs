//! What a Python object is as an argument: a number, a count, a step, a list of them; and what is said where it is
//! none.
//!
//! Only types are looked at here (and whether an integer fits one): limits are the business of whoever is given the
//! value.

use std::fmt::Display;

use numpy::{
    PyArray1, PyArrayDescr, PyArrayDescrMethods, PyArrayDyn, PyArrayMethods, PyUntypedArray, PyUntypedArrayMethods,
};
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyBytes, PyFloat, PyInt, PyList, PyRange, PySequence, PyString, PyTuple, PyType};

use crate::error::Error;
use crate::limits::{CountLimit, MAX_STEP, PAST, RealLimit, STEP};

/// Where an argument stands: put into words only where something is wrong with it.
pub(super) type Place<'a> = &'a dyn Display;
type Any<'py> = Bound<'py, PyAny>;

/// How much of a value's own text a message repeats.
const SHOWN: usize = 60;

/// An object as a message shows it: short literals as they are, anything else by its type.
pub(super) fn shown(value: &Any<'_>) -> String {
    let is_plain = value.is_none()
        || value.is_instance_of::<PyInt>()
        || value.is_instance_of::<PyFloat>()
        || value.is_instance_of::<PyString>()
        || value.is_instance_of::<PyBytes>()
        || scalar_type(value).is_ok_and(|found| found.is_some());
    // An int of more than 4,300 digits has no repr.
    match if is_plain { value.repr().ok().map(|text| text.to_string_lossy().into_owned()) } else { None } {
        Some(text) if text.chars().count() <= SHOWN => text,
        Some(text) => text.chars().take(SHOWN).chain("...".chars()).collect(),
        None => format!("an object of type {}", type_name(value)),
    }
}

fn type_name(value: &Any<'_>) -> String {
    value.get_type().fully_qualified_name().map_or_else(|_| "unknown".into(), |name| name.to_string())
}

/// The dtype of a numpy scalar, if it is one.
fn scalar_type<'py>(value: &Any<'py>) -> PyResult<Option<Bound<'py, PyArrayDescr>>> {
    static GENERIC: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    if !value.is_instance(GENERIC.import(value.py(), "numpy", "generic")?)? {
        return Ok(None);
    }
    Ok(Some(value.getattr(intern!(value.py(), "dtype"))?.cast_into::<PyArrayDescr>()?))
}

/// Whether a numpy type is one of the kinds (of `biufc...`) and no wider than a double.
fn is_kind(dtype: &Bound<'_, PyArrayDescr>, kinds: &[u8]) -> bool {
    kinds.contains(&dtype.kind()) && dtype.itemsize() <= 8
}

/// A value of the wrong type, with the way to convert it.
fn wrong_type(value: &Any<'_>, place: Place<'_>, rule: &str, convert: &str) -> PyErr {
    let is_text = value.is_instance_of::<PyString>() || value.is_instance_of::<PyBytes>();
    let kind = scalar_type(value).ok().flatten().map(|dtype| dtype.kind());
    let way_out = if value.is_instance_of::<PyBool>() || kind == Some(b'b') {
        "A bool is not a number: write 1 or 0.".into()
    } else if is_text || value.is_instance_of::<PyFloat>() || kind.is_some() {
        format!("Convert it with `{convert}()`.")
    } else if value.hasattr(intern!(value.py(), "item")).unwrap_or(false) {
        "Take a number out of it with `.item()`.".into()
    } else {
        String::new()
    };
    Error::kind(place.to_string(), shown(value), rule).or(way_out).into()
}

/// What an object is as a real number.
pub(super) enum Real {
    /// The nearest double.
    Number(f64),
    /// An int past every double.
    Huge,
    /// Not a number of Python's or numpy's.
    Other,
}

/// What an object is as a real number: `numbers.Real`'s, numpy's. Bools are none, nor are tensors and arrays of one.
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
        Real::Other => Err(wrong_type(value, place, limit.rule, "float")),
    }
}

/// A number past every double, as an infinity of its sign.
pub(super) fn huge(value: &Any<'_>) -> PyResult<f64> {
    Ok(if value.lt(0)? { f64::NEG_INFINITY } else { f64::INFINITY })
}

/// What an object is as a whole number.
enum Whole {
    Count(u64),
    Negative,
    Huge,
    Other,
}

/// Python's and numpy's integers, and whatever has `__index__`; bools are none.
fn as_whole(value: &Any<'_>) -> PyResult<Whole> {
    if value.is_instance_of::<PyBool>() || value.is_instance_of::<PyFloat>() {
        return Ok(Whole::Other);
    }
    if let Ok(int) = value.cast::<PyInt>() {
        return whole(int);
    }
    let is_other_scalar = scalar_type(value)?.is_some_and(|dtype| !is_kind(&dtype, b"iu"));
    if is_other_scalar || !value.hasattr(intern!(value.py(), "__index__"))? {
        return Ok(Whole::Other);
    }
    match value.call_method0(intern!(value.py(), "__index__")) {
        Ok(index) => index.cast::<PyInt>().map_or(Ok(Whole::Other), whole),
        Err(error) if error.is_instance_of::<PyTypeError>(value.py()) => Ok(Whole::Other),
        Err(error) => Err(error),
    }
}

fn whole(int: &Bound<'_, PyInt>) -> PyResult<Whole> {
    if let Ok(n) = int.extract::<u64>() {
        return Ok(Whole::Count(n));
    }
    Ok(if int.lt(0)? { Whole::Negative } else { Whole::Huge })
}

/// A count.
pub(super) fn count(value: &Any<'_>, place: Place<'_>, limit: CountLimit) -> PyResult<u64> {
    match as_whole(value)? {
        Whole::Count(n) => Ok(n),
        Whole::Other => Err(wrong_type(value, place, limit.rule, "int")),
        Whole::Negative | Whole::Huge => {
            let way_out = limit.ways_out.of(huge(value)?);
            Err(Error::value(place.to_string(), shown(value), limit.rule).or(way_out).into())
        }
    }
}

/// A count within its limits.
pub(super) fn checked(value: &Any<'_>, place: Place<'_>, limit: CountLimit) -> PyResult<u64> {
    let n = count(value, place, limit)?;
    limit.check("", n).map_err(|error| Error { place: place.to_string(), ..error }.into())
}

/// A whole number that 64 bits hold.
pub(super) fn int(value: &Any<'_>, place: Place<'_>, rule: &str) -> PyResult<i64> {
    if value.is_exact_instance_of::<PyInt>()
        && let Ok(n) = value.extract::<i64>()
    {
        return Ok(n);
    }
    let is_whole = !matches!(as_whole(value)?, Whole::Other);
    match value.extract::<i64>() {
        Ok(n) if is_whole => Ok(n),
        Err(error) if is_whole && !error.is_instance_of::<PyOverflowError>(value.py()) => Err(error),
        _ if is_whole => Err(Error::value(place.to_string(), shown(value), rule).into()),
        _ => Err(wrong_type(value, place, rule, "int")),
    }
}

/// Every item by `plain`, if that reads them all, else by `one`, which is told where the item stands.
fn each<T>(
    items: &Any<'_>,
    plain: impl Fn(&Any<'_>) -> Option<T>,
    place: Place<'_>,
    one: impl Fn(&Any<'_>, Place<'_>) -> PyResult<T>,
) -> PyResult<Vec<T>> {
    if let Some(found) = all_plain(items, plain) {
        return Ok(found);
    }
    items.try_iter()?.enumerate().map(|(i, item)| one(&item?, &format_args!("{place}[{i}]"))).collect()
}

/// What a list or tuple holds, where every item is of exactly the type that `read` wants: 2 ns an item, one by one 12.
fn all_plain<T>(items: &Any<'_>, read: impl Fn(&Any<'_>) -> Option<T>) -> Option<Vec<T>> {
    if let Ok(list) = items.cast_exact::<PyList>() {
        let mut found = Vec::with_capacity(list.len());
        for item in list {
            found.push(read(&item)?);
        }
        return Some(found);
    }
    items.cast_exact::<PyTuple>().ok()?.iter_borrowed().map(|item| read(&item)).collect()
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
        Ok(text) => Ok(text.to_string_lossy().into_owned()),
        Err(_) => Err(Error::kind(place.to_string(), shown(value), rule).into()),
    }
}

/// A step, from 0 to 2**53; any other integer is outside the sequence.
pub(super) fn step(value: &Any<'_>, place: Place<'_>) -> PyResult<u64> {
    match as_whole(value)? {
        Whole::Count(k) if k <= MAX_STEP => Ok(k),
        Whole::Negative => Err(step_below(place, &shown(value)).into()),
        Whole::Count(_) | Whole::Huge => Err(step_past(place, &shown(value)).into()),
        Whole::Other if is_list(value)? => {
            let several = "For several steps call the schedule, `s(steps)`, or `s.gather(steps)`.";
            Err(Error::kind(place.to_string(), shown(value), STEP.rule).or(several).into())
        }
        Whole::Other => Err(wrong_type(value, place, STEP.rule, "int")),
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
        return Ok(List::Array(seen_by_numpy(value)?.cast_into()?));
    }
    if !is_text && value.cast::<PySequence>().is_ok() {
        return Ok(List::Items(value.clone()));
    }
    Err(Error::kind(place.to_string(), shown(value), "it must be a sequence or an array of numbers")
        .or("Put the values into a list.")
        .into())
}

/// `numpy.asarray(value)`.
fn seen_by_numpy<'py>(value: &Any<'py>) -> PyResult<Any<'py>> {
    static AS_ARRAY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    AS_ARRAY.import(value.py(), "numpy", "asarray")?.call1((value,))
}

/// `numpy.ascontiguousarray(array, dtype)`: the array itself, where it is so already.
fn contiguous<'py>(array: &Bound<'py, PyUntypedArray>, dtype: &str) -> PyResult<Any<'py>> {
    static AS_CONTIGUOUS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    AS_CONTIGUOUS.import(array.py(), "numpy", "ascontiguousarray")?.call1((array, dtype))
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
    Error::kind(place.to_string(), format!("an array of dtype {}", array.dtype()), rule).or(way_out).into()
}

fn in_use(place: Place<'_>) -> Error {
    Error::value(place.to_string(), "an array in use", "another call is still writing to it").or("Wait for that one.")
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
    let doubles = contiguous(&array, "float64")?.cast_into::<PyArray1<f64>>()?;
    let doubles = doubles.try_readonly().map_err(|_| in_use(place))?;
    Ok(doubles.as_slice()?.to_vec())
}

/// Counts: a sequence of them, or a 1-D array of integers; copied.
pub(super) fn counts(value: &Any<'_>, place: Place<'_>, limit: CountLimit) -> PyResult<Vec<u64>> {
    match list(value, place)? {
        List::Items(items) => each(&items, plain_int, place, |item, place| count(item, place, limit)),
        List::Array(array) => {
            refuse_shape(&array, place)?;
            let whole = integers(&array, place)?;
            let list = whole.try_readonly().map_err(|_| in_use(place))?.as_slice()?.to_vec();
            let is_signed = array.dtype().kind() == b'i';
            match list.iter().position(|&n| is_signed && n > i64::MAX as u64) {
                None => Ok(list),
                Some(i) => Err(Error::value(format!("{place}[{i}]"), list[i] as i64, limit.rule)
                    .or(limit.ways_out.negative)
                    .into()),
            }
        }
    }
}

/// An array of integers of any width as contiguous 64-bit ones, in two's complement; no copy where it is so already.
fn integers<'py>(array: &Bound<'py, PyUntypedArray>, place: Place<'_>) -> PyResult<Bound<'py, PyArrayDyn<u64>>> {
    let wide = match array.dtype().kind() {
        b'u' => contiguous(array, "uint64")?,
        b'i' => contiguous(array, "int64")?.call_method1(intern!(array.py(), "view"), ("uint64",))?,
        _ => {
            let way_out = "Convert it with `.astype(np.int64)`.";
            return Err(wrong_dtype(array, place, "it must be of integers", way_out));
        }
    };
    Ok(wide.cast_into()?)
}

/// Steps in any shape, checked: each from 0 to 2**53.
pub(super) struct Steps<'py> {
    /// The steps, row by row.
    pub(super) flat: numpy::PyReadonlyArrayDyn<'py, u64>,
    /// The shape that they came in.
    pub(super) shape: Vec<usize>,
}

/// Steps: an array of integers of any shape, or a sequence, nested or not.
pub(super) fn steps<'py>(value: &Any<'py>, place: Place<'_>) -> PyResult<Steps<'py>> {
    let array = match list(value, place)? {
        List::Array(array) => array,
        List::Items(items) => match array_of_items(&items) {
            Some(array) => array,
            None => one_by_one(&items, place)?,
        },
    };
    let flat = integers(&array, place)?.try_into_readonly().map_err(|_| in_use(place))?;
    let all = flat.as_slice()?;
    // An OR takes a third of the time that a comparison would, and is past 2**53 in no common case.
    if all.iter().fold(0, |any, k| any | k) >= MAX_STEP
        && let Some(i) = all.iter().position(|&k| k > MAX_STEP)
    {
        let place = format!("{place}[{}]", index_of(i, array.shape()));
        let is_below = array.dtype().kind() == b'i' && all[i] > i64::MAX as u64;
        return Err(if is_below { step_below(&place, &(all[i] as i64)) } else { step_past(&place, &all[i]) }.into());
    }
    Ok(Steps { shape: array.shape().to_vec(), flat })
}

/// The items as numpy sees them, if it sees integers. (It takes a bool among integers for one.)
fn array_of_items<'py>(items: &Any<'py>) -> Option<Bound<'py, PyUntypedArray>> {
    let is_bool = |item: PyResult<Any<'py>>| item.is_ok_and(|item| item.is_instance_of::<PyBool>());
    if !items.is_instance_of::<PyRange>() && items.try_iter().ok()?.any(is_bool) {
        return None;
    }
    let array = seen_by_numpy(items).ok()?.cast_into::<PyUntypedArray>().ok()?;
    is_kind(&array.dtype(), b"iu").then_some(array)
}

/// The items as integers; what is wrong with one is said of that one.
fn one_by_one<'py>(items: &Any<'py>, place: Place<'_>) -> PyResult<Bound<'py, PyUntypedArray>> {
    let item = |(i, item): (usize, PyResult<Any<'_>>)| step(&item?, &format_args!("{place}[{i}]"));
    let steps: PyResult<Vec<u64>> = items.try_iter()?.enumerate().map(item).collect();
    Ok(PyArray1::from_vec(items.py(), steps?).as_untyped().clone())
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
    Ok(value.hasattr(intern!(value.py(), "__array__"))?
        || value.cast::<PySequence>().is_ok()
            && !value.is_instance_of::<PyString>()
            && !value.is_instance_of::<PyBytes>())
}
