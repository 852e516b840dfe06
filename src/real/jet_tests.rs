//! Tries to break the error bounds of jets: of the series over its tile, of its values at other steps, and of narrower
//! jets made from it, against big floats of 384 bits; and those of lines and waves.

use super::big::Big;
use super::dd::{FineFused, FinePlain, Kit, QuickFused, QuickPlain};
use super::jet::{Jet, Narrowing, Width};
use super::line::Line;
use super::random::Random;
use super::wave::Wave;
use super::{Number, Point, Ratio};
use crate::combinator::combinator_kind;
use crate::limits::NEVER;

use crate::declare::Value::{self, Count, Flag, Real};
use crate::lower::lower;
use crate::plan::PlanNode;
use crate::simd::{self, Task};
use crate::spec::{Operand, Spec, leaf_kind};

const BITS: usize = 384;

impl Random {
    /// From 1e-12 to 1e3, now and then 0 or negative.
    fn value(&mut self) -> f64 {
        match self.below(8) {
            0 => 0.0,
            1 => -self.positive(-12.0, 3.0),
            _ => self.positive(-12.0, 3.0),
        }
    }

    fn positive(&mut self, low: f64, high: f64) -> f64 {
        10f64.powf(low + (high - low) * self.unit())
    }

    fn steps(&mut self, most: u64) -> u64 {
        1 + self.next() % (1 << (1 + self.below(most)))
    }

    fn leaf(&mut self) -> Spec {
        let (start, end) = (Real(self.value()), Real(self.value()));
        let steps = Count(self.steps(40));
        let per = Real(self.positive(0.0, 9.0));
        let (name, arguments): (&str, Vec<Value>) = match self.below(15) {
            0 => ("linear", vec![start, end, steps]),
            1 => ("cosine", vec![start, end, steps]),
            2 => {
                let powers = [0.5, 0.9, 2.0, 3.0, 1.5, 0.25, self.positive(-1.3, 0.8)];
                ("polynomial", vec![start, end, steps, Real(powers[self.below(7) as usize])])
            }
            3 => ("exponential", vec![start, Real(self.positive(-3.0, 0.3)), per, Flag(false)]),
            4 => ("natural_exponential", vec![start, Real(self.positive(-6.0, 0.5)), per, Flag(false)]),
            5 => ("inverse_time", vec![start, Real(self.positive(-6.0, 1.0)), per, Flag(false)]),
            6 => ("inverse_sqrt", vec![start, per]),
            7 => ("triangle", vec![start, end, steps, Count(self.steps(40)), Real(self.positive(-2.0, 0.0))]),
            8 => ("inverse_power", vec![start, per, Real(self.positive(-1.3, 0.8))]),
            9 => ("logarithmic", vec![start, end, steps, Real(self.positive(-3.0, 9.0))]),
            10 => ("tanh", vec![start, end, steps, Real(20.0 * self.unit() - 15.0), Real(20.0 * self.unit() - 5.0)]),
            11 => ("rex", vec![start, end, steps, Real(1.0 - self.positive(-6.0, 1.0))]),
            12 => ("k_decay", vec![start, end, steps, Real(self.positive(-1.3, 0.8))]),
            13 => {
                let betas = [1.0 - self.positive(-6.0, 0.0), 1.0 - self.positive(-6.0, 0.0)].map(|b| b.max(1e-30));
                ("adam_correction", vec![Real(betas[0]), Real(betas[1]), steps, Flag(self.below(2) == 0)])
            }
            _ => {
                let (mult, decay) = (Count(1 + self.below(3)), Real(self.positive(-2.0, 0.0)));
                ("cosine_restarts", vec![start, end, Count(self.steps(30)), mult, decay])
            }
        };
        Spec::leaf(leaf_kind(name).unwrap(), arguments).unwrap()
    }

    fn schedule(&mut self) -> Spec {
        let operand = |r: &mut Random| Operand::Schedule(r.leaf());
        match self.below(8) {
            0 => Spec::sum(vec![operand(self), operand(self)]),
            1 => Spec::product(vec![operand(self), operand(self)]),
            2 => Spec::product(vec![Operand::Number(self.value()), operand(self)]),
            3 => {
                let by = vec![Value::Real(self.positive(-3.0, 3.0))];
                self.leaf().combined(combinator_kind("quotient").unwrap(), by)
            }
            _ => Ok(self.leaf()),
        }
        .unwrap()
    }
}

/// The largest share of its bound that an error took up, and how many bounds were tried.
#[derive(Default)]
struct Worst {
    share: f64,
    tried: usize,
}

impl Worst {
    /// Holds the distance between `got` and `truth` to `bound`.
    fn see(&mut self, got: Big, truth: &Big, bound: f64, what: impl Fn() -> String) {
        if !(bound < f64::INFINITY) {
            return;
        }
        let off = (got - truth.clone()).settle::<f64>().abs();
        assert!(off <= bound, "{}: off by {off:e}, which is {} of {bound:e}", what(), off / bound);
        self.tried += 1;
        if bound > 0.0 {
            self.share = self.share.max(off / bound);
        }
    }
}

fn big(x: f64) -> Big {
    Big::real(x, BITS)
}

fn truth(node: &PlanNode, k: u64) -> Big {
    node.value(Point { k, stride: 0, cx: BITS })
}

/// `c0 + s (c1 + s (c2 + ...))`, each coefficient with its low part.
fn series(c: &[(f64, f64)], s: f64) -> Big {
    let terms = c.iter().rev().map(|&(hi, lo)| big(hi) + big(lo));
    terms.reduce(|sum, c| sum * big(s) + c).unwrap()
}

/// What a jet says of its tile.
struct Claims<const N: usize, const L: usize> {
    c: [(f64, f64); N],
    err: f64,
    /// At `tau`: the value, and a narrower jet.
    at: (f64, f64),
    at_err: f64,
    narrowed: [(f64, f64); L],
    narrowing: Narrowing,
}

/// Makes a jet and asks it: compiled with fma where its kit has it.
struct Ask<'a, const N: usize, const L: usize, K: Kit> {
    node: &'a PlanNode,
    k: u64,
    w: f64,
    tau: f64,
    r: f64,
    kit: std::marker::PhantomData<K>,
}

impl<const N: usize, const L: usize, K: Kit> Task for Ask<'_, N, L, K> {
    type Out = Option<Claims<N, L>>;

    #[inline(always)]
    fn run(self) -> Self::Out {
        let jet = self.node.value::<Jet<N, K>>(Point { k: self.k, stride: 1, cx: Width(self.w) });
        let jet = jet.plain()?;
        let at = jet.at(self.tau);
        let (c0, low, c) = jet.narrowed::<L>(self.tau, self.r);
        let mut narrowed = c.map(|c| (c, 0.0));
        narrowed[0] = (c0.hi, c0.lo);
        narrowed[1].1 = low;
        Some(Claims {
            c: std::array::from_fn(|i| (jet.c[i], if i < jet.l.len() { jet.l[i] } else { 0.0 })),
            err: jet.err,
            at: (at.hi, at.lo),
            at_err: jet.narrowing::<N>(0.0).err,
            narrowed,
            narrowing: jet.narrowing::<L>(self.r),
        })
    }
}

/// Many random tiles of random schedules.
fn try_to_break<const N: usize, const L: usize, K: Kit>(seed: u64) {
    let mut random = Random(seed);
    let (mut jets, mut values, mut narrower) = (Worst::default(), Worst::default(), Worst::default());
    for _ in 0..400 {
        let spec = random.schedule();
        let plan = lower(&spec);
        let start = random.steps(40) - 1;
        let span = plan.root.span(start);
        let room = if span.end == NEVER { 1 << 40 } else { span.end - start };
        let m = random.below(20).min(room.ilog2() as u64);
        let half = if m == 0 { 0 } else { 1u64 << (m - 1) };
        if half < 4 {
            continue;
        }
        let (k, w) = (start + half, half as f64);
        let log = 1 + random.below(half.ilog2() as u64 - 1) as i32;
        let sub = half >> log;
        let tile = random.below(half / sub);
        // The centre of one of the narrower tiles.
        let from_centre = (2 * tile * sub + sub) as f64 - w;
        let (tau, r) = (from_centre / w, sub as f64 / w);
        let ask = Ask::<N, L, K> { node: &plan.root, k, w, tau, r, kit: std::marker::PhantomData };
        let Some(claims) = (if K::FUSED { simd::fused(ask) } else { simd::apart(ask) }) else { continue };
        let what = |step: u64, name: &str| format!("{name} of {spec} at step {step}, tile {k} +- {half}, order {N}");
        for _ in 0..8 {
            let j = random.below(2 * half);
            let s = (j as f64 - w) / w;
            jets.see(series(&claims.c, s), &truth(&plan.root, start + j), claims.err, || what(start + j, "jet"));
            let inside = random.below(2 * sub);
            let j = 2 * tile * sub + inside;
            let s = (inside as f64 - sub as f64) / sub as f64;
            let value = truth(&plan.root, start + j);
            narrower.see(series(&claims.narrowed, s), &value, claims.narrowing.err, || what(start + j, "narrowed jet"));
            let slope = claims.narrowed[1].0.abs();
            let late: f64 = claims.narrowed[3.min(L)..].iter().map(|c| c.0.abs()).sum();
            assert!(slope <= claims.narrowing.slope, "{}", what(start + j, "slope"));
            assert!(late <= claims.narrowing.late, "{}", what(start + j, "late coefficients"));
        }
        let there = (start as f64 + w + from_centre) as u64;
        let got = big(claims.at.0) + big(claims.at.1);
        values.see(got, &truth(&plan.root, there), claims.at_err, || what(there, "value"));
    }
    for (worst, most) in [(&jets, 1_500), (&narrower, 1_500), (&values, 200)] {
        assert!(worst.tried > most, "only {} bounds were finite", worst.tried);
        // A bound that nothing comes near would hide an error in what is tried here.
        assert!(worst.share > 1e-3, "no error took up more than {} of its bound", worst.share);
    }
}

macro_rules! kits {
    ($($name:ident: $Kit:ty;)*) => {$(
        #[test]
        fn $name() {
            if <$Kit>::FUSED && !simd::has_fused() {
                return;
            }
            try_to_break::<2, 2, $Kit>(6);
            try_to_break::<5, 2, $Kit>(1);
            try_to_break::<5, 3, $Kit>(2);
            try_to_break::<9, 5, $Kit>(3);
            try_to_break::<13, 5, $Kit>(4);
            try_to_break::<13, 3, $Kit>(5);
        }
    )*};
}

kits! {
    quick_fused: QuickFused;
    fine_fused: FineFused;
    quick_plain: QuickPlain;
    fine_plain: FinePlain;
}

/// A random stretch of a random schedule: its first step, half its length, and a centre between.
fn stretch(random: &mut Random) -> Option<(Spec, PlanNode, u64, u64)> {
    let spec = random.schedule();
    let node = lower(&spec).root;
    let start = random.steps(40) - 1;
    let span = node.span(start);
    let room = if span.end == NEVER { 1 << 40 } else { span.end - start };
    let half = 1 << random.below(20).min(room.ilog2() as u64);
    (2 * half <= room).then_some((spec, node, start, half))
}

#[test]
fn lines() {
    if !simd::has_fused() {
        return;
    }
    let mut random = Random(7);
    let mut worst = Worst::default();
    for _ in 0..4_000 {
        let Some((spec, node, start, half)) = stretch(&mut random) else { continue };
        let line = node.value::<Line>(Point { k: start + half, stride: 1, cx: Width(half as f64) });
        for _ in 0..4 {
            let j = random.below(2 * half);
            let s = (j as f64 - half as f64) / half as f64;
            let got = series(&[(line.at, 0.0), (line.rise, 0.0)], s);
            worst.see(got, &truth(&node, start + j), line.err, || format!("line of {spec} at step {}", start + j));
        }
    }
    assert!(worst.tried > 500, "only {} bounds were finite", worst.tried);
    assert!(worst.share > 1e-2, "no error took up more than {} of its bound", worst.share);
}

#[test]
fn waves() {
    if !simd::has_fused() {
        return;
    }
    let mut random = Random(8);
    let mut worst = Worst::default();
    for _ in 0..8_000 {
        let Some((spec, node, start, half)) = stretch(&mut random) else { continue };
        let Some(parts) = node.value::<Wave>(Point { k: start, stride: 1, cx: () }).parts() else { continue };
        for _ in 0..4 {
            let t = random.below(2 * half);
            // Below a whole turn: u is num t / den of half a turn.
            let (at, den) = (parts.angle.num.unsigned_abs() * t, parts.angle.den);
            let half_turn = |at, den| Big::raised_cosine(Ratio { at, slope: 0, den }, BITS);
            let fall = -(big(2.0) * half_turn(at, den).1);
            let (up, down) = half_turn(den.abs_diff(2 * at), 2 * den);
            let sine = if parts.angle.num < 0 { down - up } else { up - down };
            let number = |x: super::dd::Dd<super::wave::WaveKit>| big(x.hi) + big(x.lo);
            let got = number(parts.at) + number(parts.bend) * fall + number(parts.slope) * sine;
            // The two doubles of each number may lack 2^-104 of it.
            let lack = 1e-31 * (parts.at.hi.abs() + 2.0 * parts.bend.hi.abs() + parts.slope.hi.abs());
            let what = || format!("wave of {spec} at step {}", start + t);
            worst.see(got, &truth(&node, start + t), parts.err + lack, what);
        }
    }
    assert!(worst.tried > 500, "only {} bounds were finite", worst.tried);
    assert!(worst.share > 1e-4, "no error took up more than {} of its bound", worst.share);
}
