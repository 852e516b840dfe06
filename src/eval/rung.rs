//! How hard a value was to settle: the rungs, which one comes first, and how many values each has settled.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// How hard a value was to settle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rung {
    /// The quick lane, or a quick jet at one step.
    Quick = 0,
    /// The careful lane.
    Careful = 1,
    /// A fine jet at the step itself.
    Fresh = 2,
    /// The rational value.
    Exact = 3,
    /// Big floats.
    Big = 4,
}

impl Rung {
    /// All of them, in the order in which they are tried.
    pub const ALL: [Rung; 5] = [Rung::Quick, Rung::Careful, Rung::Fresh, Rung::Exact, Rung::Big];

    /// Its name in `GLIDEPATH_RUNG` and in the test hooks.
    pub fn name(self) -> &'static str {
        match self {
            Rung::Quick => "quick",
            Rung::Careful => "careful",
            Rung::Fresh => "fresh",
            Rung::Exact => "exact",
            Rung::Big => "big",
        }
    }

    /// The rung of that name.
    pub fn from_name(name: &str) -> Option<Rung> {
        Rung::ALL.into_iter().find(|rung| rung.name() == name)
    }
}

/// The rung to start from; past the last one until it is first asked for.
static FIRST: AtomicU8 = AtomicU8::new(u8::MAX);
pub(super) static TALLY: [AtomicU64; 5] = [const { AtomicU64::new(0) }; 5];

/// Starts from that rung from now on, in the whole process; from the first again where it is `None`. For tests.
pub fn force(rung: Option<Rung>) {
    FIRST.store(rung.map_or(0, |rung| rung as u8), Ordering::Relaxed);
}

#[inline(always)]
pub(super) fn first_rung() -> Rung {
    match FIRST.load(Ordering::Relaxed) {
        0 => Rung::Quick,
        n => other_rung(n),
    }
}

#[cold]
fn other_rung(n: u8) -> Rung {
    if let Some(rung) = Rung::ALL.get(n as usize) {
        return *rung;
    }
    let asked = std::env::var("GLIDEPATH_RUNG").ok().and_then(|name| Rung::from_name(&name));
    force(asked);
    asked.unwrap_or(Rung::Quick)
}

/// How many values of fills and gathers each rung has settled since the last reset.
pub fn tally(reset: bool) -> [(&'static str, u64); 5] {
    Rung::ALL.map(|rung| {
        let count = &TALLY[rung as usize];
        (rung.name(), if reset { count.swap(0, Ordering::Relaxed) } else { count.load(Ordering::Relaxed) })
    })
}

/// Values settled, by rung.
pub(super) type Counts = [u64; 5];
