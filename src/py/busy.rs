//! Keeps track of the memory that running calls use, so that no call writes where another call reads or writes.
//!
//! rust-numpy lends an array as a slice, and keeps flags of what it has lent. Its flags have two gaps, which this list of
//! address ranges closes:
//!
//! ```text
//! two bases    rust-numpy finds a conflict only between views of one base object. Two `np.frombuffer` of one buffer
//!              have two. Here only addresses count.
//! fork         a child process inherits the flags of calls that ran in the parent's other threads. Those threads do not
//!              exist in the child, so nobody takes the flags back. Here such claims are dropped after the fork, and
//!              an array with an inherited flag is lent through a new view, which has a base, and so flags, of its own.
//! ```
//! The list is only read and changed while the thread is attached to the interpreter. Python forks in an attached thread,
//! so the lock is free at every fork.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use numpy::{
    BorrowError, Element, PyArrayDyn, PyArrayMethods, PyReadonlyArrayDyn, PyReadwriteArrayDyn, PyUntypedArrayMethods,
};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::{MutexExt, PyOnceLock};
use pyo3::types::PyMemoryView;

/// The bytes of an array: a range of addresses, and the pattern of its elements within.
#[derive(Clone, Copy)]
pub(super) struct Memory {
    low: usize,
    /// The address after the last byte.
    high: usize,
    /// The size of an element.
    size: usize,
    /// The greatest common divisor of the strides; 0 where there is one element only.
    stride: usize,
}

impl Memory {
    pub(super) fn of<T: Element>(array: &Bound<'_, PyArrayDyn<T>>) -> Memory {
        let size = size_of::<T>();
        let mut memory = Memory { low: array.data().addr(), high: array.data().addr(), size, stride: 0 };
        if array.is_empty() {
            return memory;
        }
        memory.high += size;
        for (&side, &stride) in array.shape().iter().zip(array.strides()) {
            if side > 1 {
                let extent = (side - 1).wrapping_mul(stride.unsigned_abs());
                if stride < 0 {
                    memory.low -= extent
                } else {
                    memory.high += extent
                }
                memory.stride = gcd(memory.stride, stride.unsigned_abs());
            }
        }
        memory
    }

    /// Whether the two may have a byte in common. Two columns of one table have none, though their ranges overlap.
    pub(super) fn overlaps(&self, other: &Memory) -> bool {
        if self.low >= other.high || other.low >= self.high {
            return false;
        }
        let step = gcd(self.stride, other.stride);
        if step == 0 {
            return true;
        }
        // Where the other's elements start, counted from the start of one of this one's, on a circle of `step` bytes.
        let apart = (other.low % step + step - self.low % step) % step;
        apart < self.size || step - apart < other.size
    }
}

/// The greatest common divisor.
pub(super) fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Whether two elements of an array lie on the same bytes: such an array cannot hold a value for each.
pub(super) fn overlaps_itself<T: Element>(array: &Bound<'_, PyArrayDyn<T>>) -> bool {
    if array.is_c_contiguous() || array.is_empty() {
        return false;
    }
    let sides = array.shape().iter().zip(array.strides()).filter(|(side, _)| **side > 1);
    let mut sides: Vec<(usize, usize)> = sides.map(|(&side, &stride)| (stride.unsigned_abs(), side)).collect();
    sides.sort_unstable();
    let mut extent = size_of::<T>();
    for (stride, side) in sides {
        // This accepts all views that numpy makes by slicing. It refuses some of the views that `as_strided` can make, though
        // their elements do not overlap.
        if stride < extent {
            return true;
        }
        extent += (side - 1).wrapping_mul(stride);
    }
    false
}

#[derive(Clone, Copy, PartialEq)]
enum Use {
    Read,
    Write,
}

struct Claim {
    number: u64,
    memory: Memory,
    usage: Use,
    thread: ThreadId,
}

struct Claims {
    next: u64,
    running: Vec<Claim>,
    /// Claims of threads that a fork has left behind in the parent. Their arrays' flags stay set, and their memory is
    /// never freed here: those threads' references to it are never given back.
    inherited: Vec<Memory>,
}

static CLAIMS: Mutex<Claims> = Mutex::new(Claims { next: 0, running: Vec::new(), inherited: Vec::new() });

fn claims(py: Python<'_>) -> MutexGuard<'static, Claims> {
    CLAIMS.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner)
}

/// A claim on an array's memory. Dropping it releases the memory.
pub(super) struct Claimed<'py> {
    py: Python<'py>,
    number: u64,
}

impl Drop for Claimed<'_> {
    fn drop(&mut self) {
        let mut claims = claims(self.py);
        if let Some(i) = claims.running.iter().position(|claim| claim.number == self.number) {
            claims.running.swap_remove(i);
        }
    }
}

/// Another call uses the memory.
pub(super) struct InUse;

fn claim<'py>(py: Python<'py>, memory: Memory, usage: Use) -> Result<Claimed<'py>, InUse> {
    let mut claims = claims(py);
    let writes = usage == Use::Write;
    if claims.running.iter().any(|other| (writes || other.usage == Use::Write) && other.memory.overlaps(&memory)) {
        return Err(InUse);
    }
    let number = claims.next;
    claims.next += 1;
    claims.running.push(Claim { number, memory, usage, thread: thread::current().id() });
    Ok(Claimed { py, number })
}

/// An array lent for reading.
pub(super) struct Reading<'py, T: Element> {
    // The order matters: rust-numpy's flag must be released first.
    pub(super) array: PyReadonlyArrayDyn<'py, T>,
    _claimed: Claimed<'py>,
}

/// An array lent for writing.
pub(super) struct Writing<'py, T: Element> {
    pub(super) array: PyReadwriteArrayDyn<'py, T>,
    _claimed: Claimed<'py>,
}

/// Why an array is not lent.
pub(super) enum Refused {
    /// Another call uses its memory.
    InUse,
    /// It is read-only.
    ReadOnly,
    /// Python raised an exception.
    Raised(PyErr),
}

/// Lends an array for reading.
pub(super) fn read<'py, T: Element>(array: &Bound<'py, PyArrayDyn<T>>) -> Result<Reading<'py, T>, Refused> {
    let memory = Memory::of(array);
    let _claimed = claim(array.py(), memory, Use::Read).map_err(|InUse| Refused::InUse)?;
    let array = array.try_readonly().or_else(|error| match error {
        BorrowError::AlreadyBorrowed if is_inherited(array.py(), memory) => {
            new_view(array)?.try_readonly().map_err(|_| Refused::InUse)
        }
        _ => Err(Refused::InUse),
    })?;
    Ok(Reading { array, _claimed })
}

/// Lends an array for writing.
pub(super) fn write<'py, T: Element>(array: &Bound<'py, PyArrayDyn<T>>) -> Result<Writing<'py, T>, Refused> {
    let memory = Memory::of(array);
    let _claimed = claim(array.py(), memory, Use::Write).map_err(|InUse| Refused::InUse)?;
    let refused = |error| match error {
        BorrowError::NotWriteable => Refused::ReadOnly,
        _ => Refused::InUse,
    };
    let array = array.try_readwrite().or_else(|error| match error {
        BorrowError::AlreadyBorrowed if is_inherited(array.py(), memory) => {
            new_view(array)?.try_readwrite().map_err(refused)
        }
        other => Err(refused(other)),
    })?;
    Ok(Writing { array, _claimed })
}

fn is_inherited(py: Python<'_>, memory: Memory) -> bool {
    claims(py).inherited.iter().any(|inherited| inherited.overlaps(&memory))
}

/// The same elements as an array of its own, with a base of its own: `np.asarray(memoryview(array))`.
fn new_view<'py, T: Element>(array: &Bound<'py, PyArrayDyn<T>>) -> Result<Bound<'py, PyArrayDyn<T>>, Refused> {
    static AS_ARRAY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let view = || {
        let buffer = PyMemoryView::from(array.as_any())?;
        Ok(AS_ARRAY.import(array.py(), "numpy", "asarray")?.call1((buffer,))?.cast_into()?)
    };
    view().map_err(Refused::Raised)
}

/// After a fork, in the child: of the threads that had claims, only the one that forked exists.
#[pyfunction]
fn forked(py: Python<'_>) {
    let mut claims = claims(py);
    let this = thread::current().id();
    let running = std::mem::take(&mut claims.running);
    for claim in running {
        if claim.thread == this {
            claims.running.push(claim);
        } else {
            claims.inherited.push(claim.memory);
        }
    }
}

/// Asks Python to say when the process has forked.
pub(super) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let os = py.import("os")?;
    // Systems that cannot fork do not have it.
    let Some(register) = os.getattr_opt(intern!(py, "register_at_fork"))? else { return Ok(()) };
    let after = pyo3::types::PyDict::new(py);
    after.set_item("after_in_child", wrap_pyfunction!(forked, module)?)?;
    register.call((), Some(&after)).map(|_| ())
}
