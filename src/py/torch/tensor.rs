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
use pyo3::types::{PyDict, PyTuple, PyType};

use crate::simd::dlpack::{Exchange, Number};
pub(super) use crate::simd::dlpack::{Place, Precision};

/// What torch offers for it.
pub(super) struct Tensors {
    exchange: Exchange,
    increment_version: Py<PyAny>,
    /// Functions that give 0 or False while nobody looks on.
    watchers: [Py<PyAny>; 3],
    /// The names of `torch.autograd.forward_ad`.
    forward: Py<PyDict>,
}

impl Tensors {
    /// torch's, unless something is to see every operation (a mode, a transform of `torch.func`, forward-mode
    /// differentiation), or this torch has none.
    #[inline]
    pub(super) fn of(py: Python<'_>) -> Option<&'static Tensors> {
        static TENSORS: PyOnceLock<Option<Tensors>> = PyOnceLock::new();
        let tensors = TENSORS.get_or_init(py, || Tensors::found(py).ok().flatten()).as_ref()?;
        for watcher in &tensors.watchers {
            if watcher.bind(py).call0().ok()?.is_truthy().ok()? {
                return None;
            }
        }
        let level = tensors.forward.bind(py).get_item(intern!(py, "_current_level")).ok()??;
        (level.extract::<i64>().ok()? < 0).then_some(tensors)
    }

    fn found(py: Python<'_>) -> PyResult<Option<Tensors>> {
        let torch = py.import("torch")?;
        let inner = torch.getattr("_C")?;
        let function = |name: &str| inner.getattr(name).map(Bound::unbind);
        let Some(exchange) = Exchange::of(&torch.getattr("Tensor")?.cast_into::<PyType>()?) else { return Ok(None) };
        Ok(Some(Tensors {
            exchange,
            increment_version: function("_increment_version")?,
            watchers: [
                function("_len_torch_dispatch_stack")?,
                function("_is_torch_function_mode_enabled")?,
                function("_are_functorch_transforms_active")?,
            ],
            forward: py.import("torch.autograd.forward_ad")?.dict().unbind(),
        }))
    }

    /// What a tensor holds that autograd does not follow. None below zero: so a rate that torch means with the other
    /// sign than its memory has (`torch.Tensor.is_neg`, which takes 70 ns to ask) is none either.
    #[inline]
    pub(super) fn read(&self, tensor: &Bound<'_, PyAny>) -> Option<Number> {
        let number = self.exchange.read(tensor).filter(|number| !number.value.is_sign_negative())?;
        let is_followed = tensor.getattr(intern!(tensor.py(), "requires_grad")).ok()?.is_truthy().ok()?;
        (!is_followed).then_some(number)
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
