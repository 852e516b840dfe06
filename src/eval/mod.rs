//! The verbs of a plan: `at`, `fill`, `gather`, `seek`.
//!
//! ```text
//! rung     how hard a value was to settle
//! settle   one value
//! fill     values of many steps that follow one another
//! gather   values at any steps, in any order
//! recent   the tile in which the last single values lay
//! ```

mod fill;
mod gather;
mod recent;
mod rung;
mod settle;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use self::fill::Filler;
pub use self::fill::Lane;
use self::recent::Known;
use self::rung::first_rung;
use self::settle::at;
use crate::error::Interrupted;
use crate::plan::Plan;
use crate::simd;

pub(crate) use recent::Recent;
pub use rung::{Rung, force, tally};

impl Plan {
    /// The value at step `k`.
    #[inline]
    pub fn at(&self, k: u64) -> f64 {
        self.at_while(k, &|| true).expect("nothing interrupts it")
    }

    /// The value at step `k`. `go_on` is called only if the value takes long: on the last rungs.
    #[inline]
    pub fn at_while(&self, k: u64, go_on: &dyn Fn() -> bool) -> Result<f64, Interrupted> {
        let from = first_rung();
        if from == Rung::Quick && !self.seeks {
            match self.recent.look(k) {
                Known::Value(value) => return Ok(value),
                Known::InDoubt => (),
                Known::Outside => self.recent.follow(&self.root, k),
            }
        }
        at(&self.root, k, from, &mut [0; 5], go_on)
    }

    /// The values at `start`, `start + stride`, ..., into `out`.
    ///
    /// The last step must not be past 2^53. `poll` is asked now and then whether to go on.
    pub fn fill<T: Lane>(
        &self,
        out: &mut [T],
        start: u64,
        stride: u64,
        threads: usize,
        poll: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), Interrupted> {
        let stop = AtomicBool::new(false);
        let threads = threads.clamp(1, out.len() / 1024 + 1);
        if threads == 1 {
            return Filler::new(self, &stop, poll).finish(|filler| filler.fill(&self.root, out, start, stride));
        }
        let share = out.len().div_ceil(threads);
        let shares = out.chunks_mut(share).enumerate().map(|(i, out)| (start + (i * share) as u64 * stride, out));
        let shares = Mutex::new(shares.collect::<Vec<_>>());
        let next = || shares.lock().ok().and_then(|mut shares| shares.pop());
        let work = |poll: &dyn Fn() -> bool| {
            let mut filler = Filler::new(self, &stop, poll);
            while let Some((start, out)) = next() {
                filler.fill(&self.root, out, start, stride)?;
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let helper = || {
                let _state = simd::DefaultFloatMode::enter();
                work(&|| true)
            };
            // If the system refuses a thread, the others share the work.
            let spawn = |_| std::thread::Builder::new().spawn_scoped(scope, helper).ok();
            let others: Vec<_> = (1..threads).map_while(spawn).collect();
            let mut done = work(poll);
            if done.is_err() {
                stop.store(true, Ordering::Relaxed);
            }
            for other in others {
                while done.is_ok() && !other.is_finished() {
                    if !poll() {
                        stop.store(true, Ordering::Relaxed);
                        done = Err(Interrupted);
                    }
                    std::thread::park_timeout(std::time::Duration::from_micros(50));
                }
                done = done.and(other.join().unwrap_or(Err(Interrupted)));
            }
            done
        })
    }

    /// The values at any steps, in any order, into `out`, which is as long. No step may be past 2^53.
    pub fn gather<T: Lane>(
        &self,
        steps: &[u64],
        out: &mut [T],
        poll: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), Interrupted> {
        let stop = AtomicBool::new(false);
        Filler::new(self, &stop, poll).finish(|filler| gather::gather(&self.root, steps, out, filler))
    }

    /// Walks the recurrences, if there are any, to step `k`. After that `at` is quick.
    ///
    /// `work` is given what has been done, in nanoseconds or so, and says whether to go on.
    pub fn seek(&self, k: u64, work: &mut dyn FnMut(usize) -> bool) -> Result<(), Interrupted> {
        if !self.seeks {
            return Ok(());
        }
        self.root.seek(k, &mut |cost| if work(cost) { Ok(()) } else { Err(Interrupted) })
    }

    /// Whether there is anything to seek.
    #[inline]
    pub fn seeks(&self) -> bool {
        self.seeks
    }
}
