//! Instruction sets: which there are, which is used, and how a piece of work is compiled for one.
//!
//! `unsafe` stands in this folder only. Here it calls functions that were compiled for instructions that the machine might
//! lack; a check that the machine has them stands before each call. In `float_mode` it reads and sets the floating-point
//! state.
//!
//! ```text
//! task (generic, #[inline(always)])
//!   fused(task):   compiled once more with fma, for the scalar arithmetic of jets
//!   widest(kernel): compiled once more for AVX2 and for AVX-512, for lanes
//! ```
//! Everything that a task calls must be inlined into it. Otherwise the callee is compiled without those instructions: its
//! values are the same, but `mul_add` is then a library call, 35 times slower.
#![allow(unsafe_code)]

mod float_mode;

use std::sync::atomic::{AtomicU8, Ordering};

pub use float_mode::{DefaultFloatMode, with_default_float_mode};

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
