//! The closed forms that PyTorch's schedulers and MindSpore's have in common, as leaves and combinators.
//!
//! A parameter of a leaf that is a product of two arguments, such as `base_lr * start_factor`, is rounded, as the frameworks
//! round it.

use crate::combinator::{ByEpoch, Hold, Repeat, Skip, Stride};
use crate::curve::{
    Constant, Cosine, CosineRestarts, Exponential, Linear, NaturalExponential, PiecewiseConstant, Polynomial,
    PolynomialCycle, Triangle,
};
use crate::declare::{Replay, Value};
use crate::error::Error;
use crate::limits::{LENGTH, MAX_STEP, show};
use crate::lower::lower;
use crate::real::Base;
use crate::replay::no_closed_form;
use crate::spec::{Operand, Spec};

/// The same value at every step.
pub(super) fn constant(value: f64) -> Result<Spec, Error> {
    Spec::of_leaf(Constant { value })
}

/// `base * gamma ** floor(k / size)`
pub(super) fn stairs(start: f64, gamma: f64, size: u64) -> Result<Spec, Error> {
    Spec::of_leaf(Exponential { start, rate: Base::new(gamma), per: size as f64, stair: true })
}

/// `base * gamma ** k`
pub(super) fn exponential(start: f64, gamma: f64) -> Result<Spec, Error> {
    Spec::of_leaf(Exponential { start, rate: Base::new(gamma), per: 1.0, stair: false })
}

/// `start * e ** (-rate * k)`, held for so many steps where there are stairs.
pub(super) fn natural_exponential(start: f64, rate: f64, stair: Option<u64>) -> Result<Spec, Error> {
    let smooth = Spec::of_leaf(NaturalExponential { start, rate, per: 1.0, stair: false })?;
    stair.map_or(Ok(smooth.clone()), |every| smooth.with(Hold { every }))
}

/// `base * gamma ** i`, where i of the milestones are at or before step k. Those below 0 are never reached.
pub(super) fn multi_step(base: f64, gamma: f64, milestones: &[i64]) -> Result<Spec, Error> {
    let powers = lower(&exponential(base, gamma)?);
    let mut sorted: Vec<u64> = milestones.iter().filter_map(|&milestone| u64::try_from(milestone).ok()).collect();
    sorted.sort_unstable();
    let (mut values, mut starts) = (vec![base], Vec::new());
    for (i, &milestone) in sorted.iter().enumerate() {
        let value = powers.at(i as u64 + 1);
        if milestone == 0 || starts.last() == Some(&milestone) {
            values.pop();
        } else {
            starts.push(milestone);
        }
        values.push(value);
    }
    piecewise(values, starts)
}

/// `values[i]`, where i of the milestones are at or before step k.
pub(super) fn piecewise(values: Vec<f64>, milestones: Vec<u64>) -> Result<Spec, Error> {
    Spec::of_leaf(PiecewiseConstant { values: values.into(), milestones: milestones.into() })
}

/// `base * factor` before step `total`, then `base`.
pub(super) fn factor(base: f64, factor: f64, total: u64) -> Result<Spec, Error> {
    piecewise(vec![base * factor, base], vec![total])
}

/// A straight line.
pub(super) fn line(start: f64, end: f64, steps: u64) -> Result<Spec, Error> {
    Spec::of_leaf(Linear { start, end, steps })
}

/// Half a cosine.
pub(super) fn cosine(start: f64, end: f64, steps: u64) -> Result<Spec, Error> {
    Spec::of_leaf(Cosine { start, end, steps })
}

/// A power of the part that is left.
pub(super) fn polynomial(start: f64, end: f64, steps: u64, power: f64) -> Result<Spec, Error> {
    Spec::of_leaf(Polynomial { start, end, steps, power })
}

/// The same, where past `steps` it goes on towards the next multiple of them.
pub(super) fn polynomial_cycle(start: f64, end: f64, steps: u64, power: f64) -> Result<Spec, Error> {
    Spec::of_leaf(PolynomialCycle { start, end, steps, power })
}

/// A cosine that falls in `half` steps, climbs in as many, and so on.
pub(super) fn wave(top: f64, bottom: f64, half: u64) -> Result<Spec, Error> {
    cosine(top, bottom, half)?.then(&cosine(bottom, top, half)?, None)?.with(Repeat { times: None })
}

/// Falling cosines, each `mult` times as long as the one before.
pub(super) fn restarts(start: f64, end: f64, first: u64, mult: u64) -> Result<Spec, Error> {
    Spec::of_leaf(CosineRestarts { start, end, first, mult, decay: Base::new(1.0) })
}

/// The cycles of CyclicLR.
pub(super) fn cycles([low, high]: [f64; 2], [up, down]: [f64; 2], mode: &str, gamma: f64) -> Result<Spec, Error> {
    let (up, down) = (whole("step_size_up", up)?, whole("step_size_down", down)?);
    let triangle = |decay| {
        Spec::of_leaf(Triangle { low, high, up, down: Some(down).filter(|&n| n != up), decay: Base::new(decay) })
    };
    match mode {
        "triangular" => triangle(1.0),
        "triangular2" => triangle(0.5),
        _ if gamma == 1.0 => triangle(1.0),
        // The height above `low` is what falls.
        _ => {
            let height = Spec::sum(vec![Operand::Schedule(triangle(1.0)?), Operand::Number(-low)])?;
            let faded = [height, exponential(1.0, gamma)?].map(Operand::Schedule).to_vec();
            Spec::sum(vec![Operand::Number(low), Operand::Schedule(Spec::product(faded)?)])
        }
    }
}

/// A number of steps that is a double.
fn whole(place: &str, x: f64) -> Result<u64, Error> {
    if x == x.trunc() && (1.0..=MAX_STEP as f64).contains(&x) {
        return Ok(x as u64);
    }
    Err(Error::value(place, show(x), LENGTH.rule))
}

/// From rate to rate: from `rates[i]` at step `turns[i]` to `rates[i + 1]` at step `turns[i + 1]`, the steps being
/// fractions of this denominator. The first is step 0.
pub(super) fn phases(rates: &[f64], turns: &[u64], over: u64, is_cosine: bool) -> Result<Spec, Error> {
    let shared = turns.iter().fold(over, |a, &b| gcd(a, b));
    let (over, turns) = (over / shared, turns.iter().map(|turn| turn / shared).collect::<Vec<u64>>());
    let (mut parts, mut lengths) = (Vec::new(), Vec::new());
    let mut first = 0; // the first step of the phase
    for (pair, ends) in rates.windows(2).zip(turns.windows(2)) {
        let (from, to) = (ends[0], ends[1]);
        let next = to.div_ceil(over); // the first step of the next one; at a turn the two are equal
        if next <= first {
            continue; // No step lies in it.
        }
        let curve = if is_cosine { cosine } else { line };
        let mut part = curve(pair[0], pair[1], to - from)?;
        if first * over > from {
            part = part.with(Skip { n: first * over - from })?;
        }
        if over > 1 {
            part = part.with(Stride { n: over })?;
        }
        parts.push(part);
        lengths.push(next - first);
        first = next;
    }
    lengths.pop();
    if parts.is_empty() {
        return constant(*rates.last().expect("there are rates"));
    }
    Spec::chain(&parts, &lengths)
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The phases of OneCycleLR. They end at fractions of a step, of which `pct_start` is one: the simplest that is the same
/// double.
pub(super) fn one_cycle(
    max_lr: f64,
    total_steps: u64,
    pct_start: f64,
    is_cosine: bool,
    [div_factor, final_div_factor]: [f64; 2],
    three_phase: bool,
) -> Result<Spec, Error> {
    let (above, below) = simplest(pct_start);
    let too_fine = || Error::value("pct_start", show(pct_start), "it must be a simpler fraction of so many steps");
    let total = total_steps.checked_mul(below).filter(|&n| n <= MAX_STEP).ok_or_else(too_fine)?;
    // `i` of the rises and the falls like them are over: `i * pct_start * total_steps - i`.
    let turn = |i: u64| {
        let steps = (u128::from(i * above) * u128::from(total_steps)).checked_sub(u128::from(i * below));
        steps.and_then(|n| u64::try_from(n).ok()).filter(|&n| n <= total - below)
    };
    let out_of_range = || Error::value("pct_start", show(pct_start), "each of its phases must have steps of its own");
    let first = max_lr / div_factor;
    let last = first / final_div_factor;
    let end = total - below;
    let peak = turn(1).ok_or_else(out_of_range)?;
    if three_phase {
        let back = turn(2).ok_or_else(out_of_range)?;
        return phases(&[first, max_lr, first, last], &[0, peak, back, end], below, is_cosine);
    }
    phases(&[first, max_lr, last], &[0, peak, end], below, is_cosine)
}

/// The fraction of the smallest denominator whose nearest double is this number from 0 to 1.
fn simplest(x: f64) -> (u64, u64) {
    // Convergents of the continued fraction; the first that rounds to x is near enough to the simplest.
    let (mut before, mut now) = ((0u64, 1u64), (1u64, 0u64));
    let mut rest = x;
    for _ in 0..40 {
        let whole = rest.floor();
        let next = |a: u64, b: u64| (whole as u64).checked_mul(a).and_then(|n| n.checked_add(b));
        let (Some(above), Some(below)) = (next(now.0, before.0), next(now.1, before.1)) else { break };
        (before, now) = (now, (above, below));
        if above as f64 / below as f64 == x || rest == whole {
            break;
        }
        rest = 1.0 / (rest - whole);
    }
    now
}

/// Counted in epochs, of which a step is one where `steps_per_epoch` is 1.
pub(super) fn by_epoch(spec: &Spec, steps_per_epoch: u64) -> Result<Spec, Error> {
    if steps_per_epoch == 1 { Ok(spec.clone()) } else { spec.with(ByEpoch { steps_per_epoch }) }
}

/// One part after another, where each has the base rate on which it starts: `initial`.
pub(super) fn sequence(schedulers: &[Replay], milestones: &[i64], initial: Option<f64>) -> Result<Spec, Error> {
    let initial = initial.or_else(|| schedulers.first().and_then(base_of));
    let (mut parts, mut lengths, mut start) = (Vec::new(), Vec::new(), 0);
    for (i, scheduler) in schedulers.iter().enumerate() {
        let end = match milestones.get(i) {
            None => None,
            Some(&milestone) => Some(whole("milestones", milestone as f64)?),
        };
        if end == Some(start) {
            continue; // The next one takes over at once.
        }
        if let (Some(base), Some(initial)) = (base_of(scheduler), initial)
            && base != initial
        {
            let place = format!("schedulers[{i}].base_lr");
            return Err(Error::value(
                place,
                show(base),
                format!("it must be the rate that they start on, {}", show(initial)),
            ));
        }
        let place = format!("schedulers[{i}]");
        if i > 0 && scheduler.name() == "torch.SWALR" {
            return Err(Error::value(place, "SWALR", "it must come first: torch starts a later one in its middle"));
        }
        if let (Some(end), Some(steps)) = (end, scheduler.steps())
            && end - start > steps
        {
            let rule = format!("it must take its turn for at most the {steps} steps that it has");
            return Err(Error::value(place, format!("one with a turn of {} steps", end - start), rule));
        }
        parts.push(scheduler.exact().map_err(|e| e.within(&place))?);
        if let Some(end) = end {
            lengths.push(end - start);
            start = end;
        }
    }
    Spec::chain(&parts, &lengths)
}

/// All at once, where each multiplies the rate by factors that do not depend on it: the product of the factors.
pub(super) fn product(schedulers: &[Replay], initial: Option<f64>) -> Result<Spec, Error> {
    let Some(initial) = initial.or_else(|| schedulers.first().and_then(base_of)) else { return Err(no_closed_form()) };
    let mut factors = vec![Operand::Number(initial)];
    for (i, scheduler) in schedulers.iter().enumerate() {
        let place = format!("schedulers[{i}]");
        let kind = scheduler.name().rsplit('.').next().unwrap_or("");
        if !["StepLR", "MultiStepLR", "ConstantLR", "LinearLR", "ExponentialLR", "PolynomialLR"].contains(&kind) {
            return Err(Error::value(place, kind, "it must multiply the rate by a factor of the step alone"));
        }
        factors.push(Operand::Schedule(scheduler.on_base(1.0)?.exact().map_err(|e| e.within(&place))?));
    }
    Spec::product(factors)
}

/// The `base_lr` of a replay.
fn base_of(replay: &Replay) -> Option<f64> {
    let i = replay.params().iter().position(|param| param.name == "base_lr")?;
    match replay.arguments()[i] {
        Value::Real(base) => Some(base),
        _ => None,
    }
}
