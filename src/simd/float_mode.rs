//! The mode of the floating-point unit: how it rounds, and whether it flushes subnormals to zero.
//!
//! A caller's thread may have changed it, for instance with `torch.set_flush_denormal(True)`. Our values need the default:
//! round to the nearest, ties to even; keep subnormals; raise nothing.

/// Sets the default mode, and puts back the caller's mode when dropped.
#[derive(Debug)]
pub struct DefaultFloatMode(machine::Register);

impl DefaultFloatMode {
    /// Sets the default mode for as long as the result lives.
    #[inline(always)]
    pub fn enter() -> DefaultFloatMode {
        let found = machine::read();
        if !machine::is_default(found) {
            machine::write(machine::made_default(found));
        }
        DefaultFloatMode(found)
    }
}

impl Drop for DefaultFloatMode {
    #[inline(always)]
    fn drop(&mut self) {
        if !machine::is_default(self.0) {
            machine::write(self.0);
        }
    }
}

/// Runs `work` in the default mode.
#[inline(always)]
pub fn with_default_float_mode<R>(work: impl FnOnce() -> R) -> R {
    let _mode = DefaultFloatMode::enter();
    work()
}

/// MXCSR.
#[cfg(target_arch = "x86_64")]
mod machine {
    use std::arch::asm;

    pub(super) type Register = u32;

    /// The default mode: every exception is masked.
    const DEFAULT: Register = 0x1f80;
    /// The bits that record exceptions. They are not part of the mode.
    const RECORDS: Register = 0x3f;

    #[inline(always)]
    pub(super) fn read() -> Register {
        let mut csr = 0;
        // SAFETY: stores the register to a local that lives; SSE is part of the architecture.
        unsafe { asm!("stmxcsr [{}]", in(reg) &mut csr, options(nostack, preserves_flags)) };
        csr
    }

    #[inline(always)]
    pub(super) fn write(csr: Register) {
        // SAFETY: loads a value that is the default mode or was read from the register itself.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &csr, options(nostack, readonly, preserves_flags)) };
    }

    #[inline(always)]
    pub(super) fn is_default(csr: Register) -> bool {
        csr & !RECORDS == DEFAULT
    }

    #[inline(always)]
    pub(super) fn made_default(csr: Register) -> Register {
        csr & RECORDS | DEFAULT
    }
}

/// FPCR. It holds the mode alone: exceptions are recorded in FPSR.
#[cfg(target_arch = "aarch64")]
mod machine {
    use std::arch::asm;

    pub(super) type Register = u64;

    #[inline(always)]
    pub(super) fn read() -> Register {
        let fpcr;
        // SAFETY: reads a register that every program may read.
        unsafe { asm!("mrs {}, fpcr", out(reg) fpcr, options(nomem, nostack, preserves_flags)) };
        fpcr
    }

    #[inline(always)]
    pub(super) fn write(fpcr: Register) {
        // SAFETY: sets the default mode, or one that was read from the register itself. Not `nomem`: nothing that is
        // computed after it may move before it.
        unsafe { asm!("msr fpcr, {}", in(reg) fpcr, options(nostack, preserves_flags)) };
    }

    #[inline(always)]
    pub(super) fn is_default(fpcr: Register) -> bool {
        fpcr == 0
    }

    #[inline(always)]
    pub(super) fn made_default(_: Register) -> Register {
        0
    }
}

/// Elsewhere the mode is left as it is.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod machine {
    pub(super) type Register = ();

    pub(super) fn read() {}
    pub(super) fn write((): Register) {}
    pub(super) fn is_default((): Register) -> bool {
        true
    }
    pub(super) fn made_default((): Register) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A mode that differs from the default: it flushes subnormals to zero.
    #[cfg(target_arch = "x86_64")]
    const FLUSHES: machine::Register = 0x1f80 | 1 << 15 | 1 << 6;
    #[cfg(target_arch = "aarch64")]
    const FLUSHES: machine::Register = 1 << 24;

    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    #[test]
    fn a_callers_mode_is_set_aside_and_put_back() {
        let half = || std::hint::black_box(f64::MIN_POSITIVE) * std::hint::black_box(0.5);
        let own = machine::read();
        machine::write(FLUSHES);
        let (before, kept, after) = (half(), with_default_float_mode(half), half());
        machine::write(own);
        assert_eq!((before, kept, after), (0.0, f64::MIN_POSITIVE / 2.0, 0.0));
    }
}
