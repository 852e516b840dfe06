//! Rates that are tensors: one number each, on the CPU, of exactly torch's class.
//!
//! torch's step takes three operations of a rate (`item`, `fill_`, `clone`), 0.6 to 0.9 us each. Here the number is read
//! and written where it lies, by the C functions that torch's class offers for that; torch is told of each write as it
//! asks to be (`torch.autograd.graph.increment_version`), so that autograd sees what it would see of `fill_`.
//!
//! DIFFERENCE: a rate that was made in `torch.inference_mode` may be stepped outside of it; torch raises.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyTuple, PyType};

use crate::simd::dlpack::Exchange;
pub(super) use crate::simd::dlpack::Precision;

/// What torch offers for it.
pub(super) struct Tensors {
    exchange: Exchange,
    increment_version: Py<PyAny>,
    count_modes: Py<PyAny>,
}

impl Tensors {
    /// torch's, unless a mode of the user's is to see every operation (`FakeTensorMode`, say), or this torch has none.
    #[inline]
    pub(super) fn of(py: Python<'_>) -> Option<&'static Tensors> {
        static TENSORS: PyOnceLock<Option<Tensors>> = PyOnceLock::new();
        let tensors = TENSORS.get_or_init(py, || Tensors::found(py).ok().flatten()).as_ref()?;
        let has_modes = tensors.count_modes.bind(py).call0().ok()?.is_truthy().ok()?;
        (!has_modes).then_some(tensors)
    }

    fn found(py: Python<'_>) -> PyResult<Option<Tensors>> {
        let torch = py.import("torch")?;
        let class = torch.getattr("Tensor")?.cast_into::<PyType>()?;
        let inner = torch.getattr("_C")?;
        let increment_version = inner.getattr("_increment_version")?.unbind();
        let count_modes = inner.getattr("_len_torch_dispatch_stack")?.unbind();
        Ok(Exchange::of(&class).map(|exchange| Tensors { exchange, increment_version, count_modes }))
    }

    /// What a tensor holds.
    #[inline]
    pub(super) fn read(&self, tensor: &Bound<'_, PyAny>) -> Option<(f64, Precision)> {
        self.exchange.read(tensor)
    }

    /// What a tensor holds that autograd does not follow. None below zero: so a view that torch means with the other
    /// sign than its memory has (`torch.Tensor.is_neg`, which takes 70 ns to ask) is none either.
    #[inline]
    pub(super) fn read_plain(&self, tensor: &Bound<'_, PyAny>) -> Option<(f64, Precision)> {
        let held = self.exchange.read(tensor).filter(|(value, _)| !value.is_sign_negative())?;
        let is_followed = tensor.getattr(intern!(tensor.py(), "requires_grad")).ok()?.is_truthy().ok()?;
        (!is_followed).then_some(held)
    }

    /// A new tensor.
    #[inline]
    pub(super) fn make<'py>(&self, py: Python<'py>, value: f64, precision: Precision) -> PyResult<Bound<'py, PyAny>> {
        self.exchange.make(py, value, precision)
    }

    /// Tells torch that tensors are about to be written.
    #[inline]
    pub(super) fn announce(&self, tensors: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.increment_version.bind(tensors.py()).call1((tensors,)).map(drop)
    }

    /// Writes into a tensor that `announce` knows of.
    #[inline]
    pub(super) fn write(&self, tensor: &Bound<'_, PyAny>, value: f64) -> PyResult<()> {
        if !self.exchange.write(tensor, value) {
            tensor.call_method1(intern!(tensor.py(), "fill_"), (value,))?;
        }
        Ok(())
    }
}
