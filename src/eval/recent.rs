//! The tile in which the last single values lay.
//!
//! A training loop asks for one step after another. Once two calls follow one another closely, the tile that starts at the
//! second gets a polynomial, and the steps in it are read from that, which takes a few ns instead of the 50 of a jet. A value that the
//! polynomial leaves in doubt is settled as ever, so a tile never changes a value.
//!
//! Threads share the tile without waiting: a reader sees by the version whether it was written meanwhile, and then does
//! without; a writer that finds another at work leaves it to that one.

use std::sync::atomic::{AtomicU64, Ordering, fence};

use super::gather::{Line, line};
use crate::limits::MAX_STEP;
use crate::plan::PlanNode;
use crate::real::dd::FinePlain;
use crate::round;

/// Calls at most so many steps apart follow one another.
const NEAR: u64 = 16;
/// The half-widths that are tried, as powers of two.
const HALVES: [u32; 3] = [10, 8, 6];
/// Where no polynomial is good enough, this many steps pass before the next is tried.
const PAUSE: u64 = 64;

/// What a tile says of a step.
pub(super) enum Known {
    /// Its value.
    Value(f64),
    /// The step is in the tile, but its value is not certain.
    InDoubt,
    /// The step is outside.
    Outside,
}

/// A tile that threads share.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    /// Odd while the tile is written.
    version: AtomicU64,
    /// The last step that was outside the tile.
    last: AtomicU64,
    first: AtomicU64,
    length: AtomicU64,
    /// The parts of a [`Line`], and the half-width's inverse, as bits.
    parts: [AtomicU64; 8],
}

/// A copy starts without a tile.
impl Clone for Recent {
    fn clone(&self) -> Recent {
        Recent::default()
    }
}

impl Recent {
    #[inline(always)]
    pub(super) fn look(&self, k: u64) -> Known {
        let version = self.version.load(Ordering::Acquire);
        let from = k.wrapping_sub(self.first.load(Ordering::Relaxed));
        if from >= self.length.load(Ordering::Relaxed) {
            return Known::Outside;
        }
        let part = |i: usize| f64::from_bits(self.parts[i].load(Ordering::Relaxed));
        // Rounded twice each: the bounds are those of `FinePlain`.
        let s = from as i64 as f64 * part(7) - 1.0;
        let e = (((part(6) * s + part(5)) * s + part(4)) * s + part(3)) * s + part(1);
        let (low, high) = (part(0) + e, part(0) + (e + part(2)));
        fence(Ordering::Acquire);
        if version % 2 == 1 || self.version.load(Ordering::Relaxed) != version {
            return Known::InDoubt;
        }
        round::of_bracket(low, high).map_or(Known::InDoubt, Known::Value)
    }

    /// Makes the tile that starts at `k`, if the last step outside was near.
    #[cold]
    #[inline(never)]
    pub(super) fn follow(&self, node: &PlanNode, k: u64) {
        let last = self.last.load(Ordering::Relaxed);
        self.last.store(k, Ordering::Relaxed);
        if k.wrapping_sub(last) > NEAR {
            return;
        }
        let span = node.span(k);
        let made = HALVES.into_iter().filter(|m| span.moves && span.end - k >= 2 << m && k + (1 << m) <= MAX_STEP);
        let made = made.filter_map(|m| Some((m, line::<FinePlain>(node, k + (1 << m), m)?))).next();
        match made {
            Some((m, Line { hi, lo, gap, c: [c1, c2, c3, c4] })) => {
                self.write(k, 2 << m, [hi, lo, gap, c1, c2, c3, c4, 1.0 / (1u64 << m) as f64]);
            }
            None => self.write(k, if span.moves { PAUSE } else { span.end - k }, [f64::NAN; 8]),
        }
    }

    fn write(&self, first: u64, length: u64, parts: [f64; 8]) {
        let version = self.version.load(Ordering::Relaxed);
        let next = version.wrapping_add(1);
        let order = Ordering::Acquire;
        if version % 2 == 1 || self.version.compare_exchange(version, next, order, Ordering::Relaxed).is_err() {
            return;
        }
        fence(Ordering::Release);
        self.first.store(first, Ordering::Relaxed);
        self.length.store(length, Ordering::Relaxed);
        for (word, part) in self.parts.iter().zip(parts) {
            word.store(part.to_bits(), Ordering::Relaxed);
        }
        self.version.store(next.wrapping_add(1), Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use crate::declare::Value::{Count, Real};
    use crate::lower::lower;
    use crate::plan::Plan;
    use crate::spec::{Spec, leaf_kind};

    /// A warm-up, then a cosine.
    fn plan() -> Plan {
        let leaf = |name, arguments| Spec::leaf(leaf_kind(name).unwrap(), arguments).unwrap();
        let rise = leaf("linear", vec![Real(0.0), Real(3e-4), Count(1_000)]);
        lower(&rise.then(&leaf("cosine", vec![Real(3e-4), Real(0.0), Count(9_000)]), None).unwrap())
    }

    fn filled(plan: &Plan, n: usize) -> Vec<f64> {
        let mut values = vec![0.0; n];
        plan.fill(&mut values, 0, 1, 1, &|| true).unwrap();
        values
    }

    #[test]
    fn values_read_from_a_tile_are_the_values() {
        let plan = plan();
        let want = filled(&plan, 11_000);
        for stride in [1, 2, 5, 16, 17, 1_001] {
            for k in (0..want.len()).step_by(stride) {
                assert_eq!(plan.at(k as u64), want[k], "step {k}, every {stride}");
            }
        }
    }

    #[test]
    fn threads_share_a_tile() {
        let plan = plan();
        let want = filled(&plan, 11_000);
        std::thread::scope(|scope| {
            for from in [0, 3_000, 3_001, 7_000] {
                let (plan, want) = (&plan, &want);
                scope.spawn(move || {
                    for k in (from..want.len()).chain(0..from) {
                        assert_eq!(plan.at(k as u64), want[k], "step {k}");
                    }
                });
            }
        });
    }
}
