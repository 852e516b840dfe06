//! Instruction sets: which there are, which is used, and how a piece of work gets compiled for one.
//!
//! This is the only file with `unsafe` in it. What is unsafe is to call a function that was compiled for instructions that
//! the machine might lack, where each call stands behind the check that it has them; and, at the end, to fill Python's
//! lists by runs, and to read and write what another library's tensor holds.
//!
//! ```text
//! task (generic, #[inline(always)])
//!   fused(task):   compiled once more with fma, for the scalar arithmetic of jets
//!   widest(kernel): compiled once more for AVX2 and for AVX-512, for lanes
//! ```
//! Everything that a task calls must be inlined into it, or it is compiled without those instructions: still right, but
//! `mul_add` is then a library call, 35 times slower.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicU8, Ordering};

/// An instruction set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What every machine of the architecture has: SSE2, or NEON.
    Baseline = 1,
    /// AVX2 with fused multiply-add.
    Avx2 = 2,
    /// AVX-512 (F, DQ, VL).
    Avx512 = 3,
}

impl Level {
    /// All of them, narrowest first.
    pub const ALL: [Level; 3] = [Level::Baseline, Level::Avx2, Level::Avx512];

    /// Its name in `GLIDEPATH_SIMD` and in the test hooks.
    pub fn name(self) -> &'static str {
        match self {
            Level::Baseline => "baseline",
            Level::Avx2 => "avx2",
            Level::Avx512 => "avx512",
        }
    }

    /// The level of that name.
    pub fn from_name(name: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|level| level.name() == name)
    }
}

/// 0 until it is first asked for.
static LEVEL: AtomicU8 = AtomicU8::new(0);

/// The widest set that this machine has.
#[cfg(target_arch = "x86_64")]
pub fn detected() -> Level {
    if !(is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")) {
        return Level::Baseline;
    }
    let wide = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl");
    if wide { Level::Avx512 } else { Level::Avx2 }
}

/// The widest set that this machine has.
#[cfg(not(target_arch = "x86_64"))]
pub fn detected() -> Level {
    Level::Baseline
}

/// The set in use: the widest, or the one that `GLIDEPATH_SIMD` or [`force`] names.
#[inline(always)]
pub fn level() -> Level {
    match LEVEL.load(Ordering::Relaxed) {
        1 => Level::Baseline,
        2 => Level::Avx2,
        3 => Level::Avx512,
        _ => choose(),
    }
}

#[cold]
fn choose() -> Level {
    let asked = std::env::var("GLIDEPATH_SIMD").ok().and_then(|name| Level::from_name(&name));
    let level = asked.unwrap_or(Level::Avx512).min(detected());
    LEVEL.store(level as u8, Ordering::Relaxed);
    level
}

/// Uses that set from now on, in the whole process; the widest again where it is `None`. For tests.
pub fn force(level: Option<Level>) -> Result<(), String> {
    let Some(level) = level else {
        LEVEL.store(0, Ordering::Relaxed);
        return Ok(());
    };
    if level > detected() {
        return Err(format!("this machine has {} at most, not {}", detected().name(), level.name()));
    }
    LEVEL.store(level as u8, Ordering::Relaxed);
    Ok(())
}

/// A piece of scalar work. `run` must be `#[inline(always)]`.
pub trait Task {
    /// What it makes.
    type Out;
    /// Does it.
    fn run(self) -> Self::Out;
}

/// A piece of vector work. `run` must be `#[inline(always)]`; `FUSED` says whether `mul_add` is one instruction.
pub trait Kernel {
    /// What it makes.
    type Out;
    /// Does it.
    fn run<const FUSED: bool>(self) -> Self::Out;
}

/// Whether `mul_add` is one instruction in what [`fused`] and [`widest`] run.
#[inline(always)]
pub fn has_fused() -> bool {
    cfg!(target_arch = "aarch64") || level() != Level::Baseline
}

/// Whether the machine has fma, whatever the level in use.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn machine_has_fused() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

/// Runs a task that is written for fused multiply-adds, which must only be done where [`has_fused`] said yes.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub fn fused<T: Task>(task: T) -> T::Out {
    #[target_feature(enable = "avx2,fma")]
    fn compiled<T: Task>(task: T) -> T::Out {
        task.run()
    }
    assert!(machine_has_fused(), "a kit with fma was chosen on a machine without");
    // SAFETY: the machine was just seen to have AVX2 and FMA.
    unsafe { compiled(task) }
}

/// Runs a task that is written for fused multiply-adds.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
pub fn fused<T: Task>(task: T) -> T::Out {
    task.run()
}

/// Runs a task out of line, so that its callers share one copy.
#[inline(never)]
pub fn apart<T: Task>(task: T) -> T::Out {
    task.run()
}

/// Runs a task that is written for fused multiply-adds out of line, so that its callers share one copy.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub fn fused_apart<T: Task>(task: T) -> T::Out {
    #[target_feature(enable = "avx2,fma")]
    #[inline(never)]
    fn compiled<T: Task>(task: T) -> T::Out {
        task.run()
    }
    assert!(machine_has_fused(), "a kit with fma was chosen on a machine without");
    // SAFETY: the machine was just seen to have AVX2 and FMA.
    unsafe { compiled(task) }
}

/// Runs a task out of line, so that its callers share one copy.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
pub fn fused_apart<T: Task>(task: T) -> T::Out {
    apart(task)
}

/// Runs a kernel with the widest instructions in use.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub fn widest<K: Kernel>(kernel: K) -> K::Out {
    #[target_feature(enable = "avx2,fma")]
    fn avx2<K: Kernel>(kernel: K) -> K::Out {
        kernel.run::<true>()
    }
    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma")]
    fn avx512<K: Kernel>(kernel: K) -> K::Out {
        kernel.run::<true>()
    }
    match level() {
        // SAFETY: the level is only ever set to what `detected` found.
        Level::Avx512 => unsafe { avx512(kernel) },
        // SAFETY: the same.
        Level::Avx2 => unsafe { avx2(kernel) },
        Level::Baseline => kernel.run::<false>(),
    }
}

/// Runs a kernel with the widest instructions in use: NEON, which has fma.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
pub fn widest<K: Kernel>(kernel: K) -> K::Out {
    kernel.run::<{ cfg!(target_arch = "aarch64") }>()
}

/// The default state of the floating-point unit: nearest-even, subnormals kept, all exceptions masked.
#[cfg(target_arch = "x86_64")]
const DEFAULT: u32 = 0x1f80;
/// The flags that record exceptions: no part of the mode.
#[cfg(target_arch = "x86_64")]
const FLAGS: u32 = 0x3f;

/// Keeps the floating-point unit in its default state; puts back what it found when dropped.
#[derive(Debug)]
pub struct DefaultState(u32);

/// Sets the floating-point unit's default state for as long as the result lives.
///
/// A caller's thread may flush subnormals to zero (`torch.set_flush_denormal(True)`) or round another way.
#[inline(always)]
pub fn default_mxcsr() -> DefaultState {
    let found = state();
    if changes(found) {
        set_state(found & FLAGS | default_state());
    }
    DefaultState(found)
}

/// Runs `work` in the floating-point unit's default state.
#[inline(always)]
pub fn with_default_mxcsr<R>(work: impl FnOnce() -> R) -> R {
    let _guard = default_mxcsr();
    work()
}

impl Drop for DefaultState {
    #[inline(always)]
    fn drop(&mut self) {
        if changes(self.0) {
            set_state(self.0);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod machine {
    use std::arch::asm;

    #[inline(always)]
    pub(super) fn state() -> u32 {
        let mut csr = 0u32;
        // SAFETY: stores the register to a local that lives; SSE is part of the architecture.
        unsafe { asm!("stmxcsr [{}]", in(reg) &mut csr, options(nostack, preserves_flags)) };
        csr
    }

    #[inline(always)]
    pub(super) fn set_state(csr: u32) {
        // SAFETY: loads a value that is the default mode or was read from the register itself.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &csr, options(nostack, readonly, preserves_flags)) };
    }

    #[inline(always)]
    pub(super) fn changes(csr: u32) -> bool {
        csr & !super::FLAGS != super::DEFAULT
    }

    #[inline(always)]
    pub(super) fn default_state() -> u32 {
        super::DEFAULT
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod machine {
    // Other architectures: the state is left as it is found.
    pub(super) fn state() -> u32 {
        0
    }
    pub(super) fn set_state(_: u32) {}
    pub(super) fn changes(_: u32) -> bool {
        false
    }
    pub(super) fn default_state() -> u32 {
        0
    }
}

use machine::{changes, default_state, set_state, state};

#[cfg(not(target_arch = "x86_64"))]
const FLAGS: u32 = 0;

/// Python's lists.
#[cfg(feature = "python")]
pub mod lists {
    use pyo3::ffi;
    use pyo3::prelude::*;
    use pyo3::types::PyList;

    /// A list of `n` items, runs of the same one: `next(at)` gives the item that stands from there on, and how often.
    ///
    /// The references of a run are counted at once: 0.8 ns an item in runs of 100, 1.7 as lists put together.
    pub fn of_runs<'py, T>(
        py: Python<'py>,
        n: usize,
        mut next: impl FnMut(usize) -> PyResult<(Bound<'py, T>, usize)>,
    ) -> PyResult<Bound<'py, PyList>> {
        // SAFETY: a new list of empty places, which nobody else sees until it is full: the collector does not know it.
        let list = unsafe {
            let list = Bound::from_owned_ptr_or_err(py, ffi::PyList_New(n.min(isize::MAX as usize) as isize))?;
            ffi::PyObject_GC_UnTrack(list.as_ptr().cast());
            list
        };
        let mut at = 0;
        while at < n {
            let (item, length) = next(at)?;
            let end = n.min(at + length.max(1));
            // SAFETY: as many references as places, and these are empty.
            unsafe {
                (at..end).for_each(|_| ffi::Py_INCREF(item.as_ptr()));
                (at..end).for_each(|i| ffi::PyList_SET_ITEM(list.as_ptr(), i as isize, item.as_ptr()));
            }
            at = end;
        }
        // SAFETY: it is full, and not known to the collector.
        unsafe { ffi::PyObject_GC_Track(list.as_ptr().cast()) };
        Ok(list.cast_into()?)
    }
}

/// Rates held in another library's tensors, through the C functions that the tensors' class offers (DLPack 1.3,
/// `__dlpack_c_exchange_api__`).
#[cfg(feature = "python")]
pub mod dlpack {
    use std::ffi::{c_int, c_void};
    use std::ptr::{NonNull, null_mut};

    use pyo3::prelude::*;
    use pyo3::types::{PyCapsule, PyType};

    /// A floating-point type.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Precision {
        /// float32.
        Single,
        /// float64.
        Double,
    }

    /// Where a number lies.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Place {
        address: usize,
        /// Its type.
        pub precision: Precision,
    }

    impl Place {
        /// The memory that it takes, from and to.
        pub fn range(self) -> (usize, usize) {
            let bytes = match self.precision {
                Precision::Single => 4,
                Precision::Double => 8,
            };
            (self.address, self.address + bytes)
        }
    }

    /// A number in a tensor.
    pub struct Number {
        /// It as a double.
        pub value: f64,
        /// Where it lies: to compare, not to go there.
        pub place: Place,
    }

    /// The functions of one class of tensors.
    pub struct Exchange {
        class: Py<PyType>,
        view: View,
        import: Import,
    }

    type View = unsafe extern "C" fn(*mut pyo3::ffi::PyObject, *mut Tensor) -> c_int;
    type Import = unsafe extern "C" fn(*mut Managed, *mut *mut pyo3::ffi::PyObject) -> c_int;

    #[repr(C)]
    struct Version {
        major: u32,
        minor: u32,
    }

    #[repr(C)]
    struct Table {
        version: Version,
        _earlier: *mut c_void,
        _allocate: *mut c_void,
        _export: *mut c_void,
        import: Option<Import>,
        view: Option<View>,
        _stream: *mut c_void,
    }

    #[repr(C)]
    struct Tensor {
        data: *mut c_void,
        device_type: i32,
        device_id: i32,
        ndim: i32,
        code: u8,
        bits: u8,
        lanes: u16,
        shape: *mut i64,
        strides: *mut i64,
        byte_offset: u64,
    }

    #[repr(C)]
    struct Managed {
        version: Version,
        context: *mut c_void,
        deleter: Option<unsafe extern "C" fn(*mut Managed)>,
        flags: u64,
        tensor: Tensor,
    }

    /// A tensor of ours, and what it holds.
    #[repr(C)]
    struct Owned {
        managed: Managed,
        value: u64,
    }

    const NAME: &std::ffi::CStr = c"dlpack_exchange_api";
    const MAJOR: u32 = 1;
    const MINOR: u32 = 3;
    const CPU: i32 = 1;
    const FLOAT: u8 = 2;

    impl Exchange {
        /// What a class of tensors offers, if it does.
        pub fn of(class: &Bound<'_, PyType>) -> Option<Exchange> {
            let capsule = class.getattr("__dlpack_c_exchange_api__").ok()?.cast_into::<PyCapsule>().ok()?;
            let table: NonNull<Table> = capsule.pointer_checked(Some(NAME)).ok()?.cast();
            // SAFETY: a capsule of this name points to such a table, which lives as long as the process; its first
            // field says whether the rest is as here.
            let (import, view) = unsafe {
                if (*table.as_ptr()).version.major != MAJOR {
                    return None;
                }
                ((*table.as_ptr()).import?, (*table.as_ptr()).view?)
            };
            Some(Exchange { class: class.clone().unbind(), view, import })
        }

        /// Where a tensor of exactly this class holds its number, if it is one number, in the machine's memory, and
        /// of one of our types.
        #[inline]
        fn place(&self, tensor: &Bound<'_, PyAny>) -> Option<(NonNull<c_void>, Precision)> {
            if tensor.get_type_ptr().cast() != self.class.as_ptr() {
                return None;
            }
            let mut seen = Tensor {
                data: null_mut(),
                device_type: 0,
                device_id: 0,
                ndim: -1,
                code: 0,
                bits: 0,
                lanes: 0,
                shape: null_mut(),
                strides: null_mut(),
                byte_offset: 0,
            };
            // SAFETY: the function is that of the object's own class; it writes the struct, or raises.
            if unsafe { (self.view)(tensor.as_ptr(), &raw mut seen) } != 0 {
                drop(PyErr::take(tensor.py()));
                return None;
            }
            let is_plain = seen.device_type == CPU && seen.ndim == 0 && seen.byte_offset == 0;
            let precision = match (seen.code, seen.bits, seen.lanes) {
                (FLOAT, 32, 1) => Precision::Single,
                (FLOAT, 64, 1) => Precision::Double,
                _ => return None,
            };
            NonNull::new(seen.data).filter(|_| is_plain).map(|data| (data, precision))
        }

        /// The number that such a tensor holds.
        #[inline]
        pub fn read(&self, tensor: &Bound<'_, PyAny>) -> Option<Number> {
            let (data, precision) = self.place(tensor)?;
            // SAFETY: the tensor, which lives, has just said that a number of this type lies here; no Python code has
            // run since, and none runs while the interpreter is held.
            let value = unsafe {
                match precision {
                    Precision::Single => f64::from(data.cast::<f32>().read_unaligned()),
                    Precision::Double => data.cast::<f64>().read_unaligned(),
                }
            };
            Some(Number { value, place: Place { address: data.addr().get(), precision } })
        }

        /// Makes such a tensor hold this number, rounded to its type; whether it could.
        #[inline]
        pub fn write(&self, tensor: &Bound<'_, PyAny>, value: f64) -> bool {
            let Some((data, precision)) = self.place(tensor) else { return false };
            // SAFETY: as in `read`; and a tensor's memory is written through any of its handles.
            unsafe {
                match precision {
                    Precision::Single => data.cast::<f32>().write_unaligned(value as f32),
                    Precision::Double => data.cast::<f64>().write_unaligned(value),
                }
            }
            true
        }

        /// A new tensor that holds this number, rounded to its type.
        #[inline]
        pub fn make<'py>(&self, py: Python<'py>, value: f64, precision: Precision) -> PyResult<Bound<'py, PyAny>> {
            let (bits, held) = match precision {
                Precision::Single => (32, u64::from((value as f32).to_bits())),
                Precision::Double => (64, value.to_bits()),
            };
            let tensor = Tensor {
                data: null_mut(),
                device_type: CPU,
                device_id: 0,
                ndim: 0,
                code: FLOAT,
                bits,
                lanes: 1,
                shape: null_mut(),
                strides: null_mut(),
                byte_offset: 0,
            };
            let version = Version { major: MAJOR, minor: MINOR };
            let managed = Managed { version, context: null_mut(), deleter: Some(free), flags: 0, tensor };
            let owned = Box::into_raw(Box::new(Owned { managed, value: held }));
            let mut made = null_mut();
            // SAFETY: the struct and what its data points to live until `free` is called, once, by the one that the
            // struct is given to here. (On a failure it is leaked.) What comes back is a new reference.
            unsafe {
                (*owned).managed.tensor.data = (&raw mut (*owned).value).cast();
                if (self.import)(owned.cast(), &raw mut made) != 0 {
                    return Err(PyErr::fetch(py));
                }
                Bound::from_owned_ptr_or_err(py, made)
            }
        }
    }

    /// Frees a tensor of ours; called from any thread.
    unsafe extern "C" fn free(managed: *mut Managed) {
        // SAFETY: it is the first field of what `make` boxed.
        drop(unsafe { Box::from_raw(managed.cast::<Owned>()) });
    }
}
