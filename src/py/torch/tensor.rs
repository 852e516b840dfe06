//! Rates that are tensors, read and set with torch's public methods.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

/// A tensor's floating-point type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Precision {
    /// float32
    Single,
    /// float64
    Double,
}

/// The type of a tensor that a step may set: of exactly torch's class, float32 or float64, not followed by autograd, and
/// not made in inference mode.
#[inline]
pub(super) fn precision(tensor: &Bound<'_, PyAny>) -> Option<Precision> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static FLOAT32: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static FLOAT64: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = tensor.py();
    if !tensor.get_type().is(CLASS.import(py, "torch", "Tensor").ok()?) {
        return None;
    }
    let dtype = tensor.getattr(intern!(py, "dtype")).ok()?;
    let precision = if dtype.is(FLOAT32.import(py, "torch", "float32").ok()?) {
        Precision::Single
    } else if dtype.is(FLOAT64.import(py, "torch", "float64").ok()?) {
        Precision::Double
    } else {
        return None;
    };
    let is_followed = tensor.getattr(intern!(py, "requires_grad")).ok()?.is_truthy().ok()?;
    let is_inference = tensor.call_method0(intern!(py, "is_inference")).ok()?.is_truthy().ok()?;
    (!is_followed && !is_inference).then_some(precision)
}

#[inline]
pub(super) fn is_on_cpu(tensor: &Bound<'_, PyAny>) -> bool {
    tensor.getattr(intern!(tensor.py(), "is_cpu")).and_then(|is_cpu| is_cpu.is_truthy()).unwrap_or(false)
}

/// The number in a tensor of one number; None where forward-mode differentiation follows it, as torch's operations pass
/// the derivative on.
#[inline]
pub(super) fn number(tensor: &Bound<'_, PyAny>) -> Option<f64> {
    static UNPACK: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = tensor.py();
    let dual = UNPACK.import(py, "torch.autograd.forward_ad", "unpack_dual").ok()?.call1((tensor,)).ok()?;
    dual.getattr(intern!(py, "tangent")).ok().filter(|tangent| tangent.is_none())?;
    tensor.call_method0(intern!(py, "item")).ok()?.extract().ok()
}

#[inline]
pub(super) fn fill(tensor: &Bound<'_, PyAny>, value: f64) -> PyResult<()> {
    tensor.call_method1(intern!(tensor.py(), "fill_"), (value,)).map(drop)
}

#[inline]
pub(super) fn cloned<'py>(tensor: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    tensor.call_method0(intern!(tensor.py(), "clone"))
}
