//! PyTorch's schedulers (`torch.optim.lr_scheduler`), as torch 2.13 computes them with Python's floats.
//!
//! ```text
//! rule       from one learning rate to the next
//! machine    whole schedulers, nested too, without an optimizer
//! here       the forms: each makes a machine of its parameters, and the machine is the recurrence
//! ```
//! A form starts as torch constructs the scheduler on one group, and step k is `last_epoch` k. Where torch would raise
//! in the middle of a run (the step after OneCycleLR's last, a power past every double) a replay holds its last value.

pub mod machine;
pub mod rule;

use std::sync::Arc;

use self::machine::{Arguments, Leaf, SchedulerTree, State};
use self::rule::{Anneal, BASE, Clock, Fade, Group, MAX, Phase, Rule};
use crate::curve::NEVER;
use crate::error::{Error, brief};
use crate::limits::{FINITE, LENGTH, MULT, RealLimit, WaysOut};
use crate::memory::{push, reserved};
use crate::replay::{Replay, StepRule};
use crate::shape::{ParamType, Value};
use crate::spec::{Expr, Spec};

replays! {
    /// `base_lr` at step 0; at every multiple of `step_size` after, the value before times `gamma`.
    ///
    /// Args:
    ///     base_lr: the value at step 0.
    ///     step_size: how many steps there are between two multiplications.
    ///     gamma: the factor.
    ///
    /// Source: `torch.optim.lr_scheduler.StepLR`, torch 2.13.
    ///
    /// >>> s = gp.replay("torch.StepLR", base_lr=0.1, step_size=2, gamma=0.9)
    /// >>> s.array(6).tolist()
    /// [0.1, 0.1, 0.09000000000000001, 0.09000000000000001, 0.08100000000000002, 0.08100000000000002]
    StepLr as "torch.StepLR" {
        base_lr: f64 = ParamType::Double(FINITE);
        step_size: u64 = ParamType::Count(LENGTH);
        gamma: f64 = ParamType::Double(FINITE), or Value::Real(0.1);
    }

    /// `base_lr` at step 0; at each milestone, the value before times `gamma`, to the power of how often it is listed.
    ///
    /// Args:
    ///     base_lr: the value at step 0.
    ///     milestones: the steps of the multiplications, in any order.
    ///     gamma: the factor.
    ///
    /// Source: `torch.optim.lr_scheduler.MultiStepLR`, torch 2.13.
    ///
    /// >>> gp.replay("torch.MultiStepLR", base_lr=0.1, milestones=[2, 4, 4], gamma=0.9).array(5).tolist()
    /// [0.1, 0.1, 0.09000000000000001, 0.09000000000000001, 0.0729]
    MultiStepLr as "torch.MultiStepLR" {
        base_lr: f64 = ParamType::Double(FINITE);
        milestones: Arc<Vec<i64>> = ParamType::Ints;
        gamma: f64 = ParamType::Double(FINITE), or Value::Real(0.1);
    }

    /// `base_lr * factor` before step `total_iters`, and that times `1 / factor` from there.
    ///
    /// Args:
    ///     base_lr: the rate that is scaled.
    ///     factor: from 0 to 1; from 0, `base_lr` itself comes back.
    ///     total_iters: at which step.
    ///
    /// Source: `torch.optim.lr_scheduler.ConstantLR`, torch 2.13.
    ///
    /// >>> gp.replay("torch.ConstantLR", base_lr=0.1, factor=0.5, total_iters=2).array(4).tolist()
    /// [0.05, 0.05, 0.1, 0.1]
    ConstantLr as "torch.ConstantLR" {
        base_lr: f64 = ParamType::Double(FINITE);
        factor: f64 = ParamType::Double(FRACTION), or Value::Real(1.0 / 3.0);
        total_iters: i64 = ParamType::Int, or Value::Int(5);
    }

    /// From `base_lr * start_factor` on a line to `base_lr * end_factor` at step `total_iters`, as a product of ratios.
    ///
    /// Args:
    ///     base_lr: the rate that is scaled.
    ///     start_factor: the first scale, above 0, up to 1.
    ///     end_factor: the last one, from 0 to 1.
    ///     total_iters: the step of the last.
    ///
    /// Source: `torch.optim.lr_scheduler.LinearLR`, torch 2.13.
    ///
    /// >>> gp.replay("torch.LinearLR", base_lr=0.1, start_factor=0.5, total_iters=4).array(6).tolist()
    /// [0.05, 0.0625, 0.075, 0.08750000000000001, 0.1, 0.1]
    LinearLr as "torch.LinearLR" {
        base_lr: f64 = ParamType::Double(FINITE);
        start_factor: f64 = ParamType::Double(FRACTION), or Value::Real(1.0 / 3.0);
        end_factor: f64 = ParamType::Double(FRACTION), or Value::Real(1.0);
        total_iters: i64 = ParamType::Int, or Value::Int(5);
    }

    /// `base_lr` at step 0; at every step after, the value before times `gamma`.
    ///
    /// Args:
    ///     base_lr: the value at step 0.
    ///     gamma: the factor.
    ///
    /// Source: `torch.optim.lr_scheduler.ExponentialLR`, torch 2.13.
    ///
    /// >>> gp.replay("torch.ExponentialLR", base_lr=0.1, gamma=0.9).array(5).tolist()
    /// [0.1, 0.09000000000000001, 0.08100000000000002, 0.07290000000000002, 0.06561000000000002]
    ExponentialLr as "torch.ExponentialLR" {
        base_lr: f64 = ParamType::Double(FINITE);
        gamma: f64 = ParamType::Double(FINITE);
    }

    /// `base_lr * (1 - k / total_iters) ** power`, as a product of ratios; 0 from step `total_iters` on.
    ///
    /// Args:
    ///     base_lr: the value at step 0.
    ///     total_iters: the step at which it ends.
    ///     power: the exponent.
    ///
    /// Source: `torch.optim.lr_scheduler.PolynomialLR`, torch 2.13.
    ///
    /// >>> gp.replay("torch.PolynomialLR", base_lr=0.1, total_iters=4, power=2.0).array(5).tolist()
    /// [0.1, 0.05625, 0.024999999999999998, 0.0062499999999999995, 0.0]
    PolynomialLr as "torch.PolynomialLR" {
        base_lr: f64 = ParamType::Double(FINITE);
        total_iters: i64 = ParamType::Int, or Value::Int(5);
        power: f64 = ParamType::Double(FINITE), or Value::Real(1.0);
    }

    /// `eta_min + (base_lr - eta_min) * (1 + cos(pi * k / T_max)) / 2`, as a recurrence; it climbs again after `T_max`.
    ///
    /// Args:
    ///     base_lr: the value at step 0.
    ///     T_max: how many steps half a period has.
    ///     eta_min: the value at step `T_max`.
    ///
    /// Source: `torch.optim.lr_scheduler.CosineAnnealingLR`, torch 2.13.
    ///
    /// >>> gp.replay("torch.CosineAnnealingLR", base_lr=0.1, T_max=1, eta_min=0.002).array(4).tolist()
    /// [0.1, 0.002, 0.1, 0.002]
    CosineAnnealingLr as "torch.CosineAnnealingLR" {
        base_lr: f64 = ParamType::Double(FINITE);
        T_max: i64 = ParamType::Int;
        eta_min: f64 = ParamType::Double(FINITE), or Value::Real(0.0);
    }

    /// `eta_min + (base_lr - eta_min) * (1 + cos(pi * T_cur / T_i)) / 2`: cosines of `T_0`, `T_0 * T_mult`, ... steps.
    ///
    /// Args:
    ///     base_lr: the value at the start of each cycle.
    ///     T_0: how many steps the first one has.
    ///     T_mult: how many times as many each has as the one before.
    ///     eta_min: what the values go down to.
    ///
    /// Source: `torch.optim.lr_scheduler.CosineAnnealingWarmRestarts`, torch 2.13.
    ///
    /// >>> gp.replay("torch.CosineAnnealingWarmRestarts", base_lr=0.1, T_0=2).array(4).tolist()
    /// [0.1, 0.05, 0.1, 0.05]
    WarmRestarts as "torch.CosineAnnealingWarmRestarts" {
        base_lr: f64 = ParamType::Double(FINITE);
        T_0: u64 = ParamType::Count(LENGTH);
        T_mult: u64 = ParamType::Count(MULT), or Value::Count(1);
        eta_min: f64 = ParamType::Double(FINITE), or Value::Real(0.0);
    }

    /// `base_lr + (max_lr - base_lr) * scale * fade`: scale goes up to 1 and down to 0, in each cycle.
    ///
    /// Args:
    ///     base_lr: the lowest value.
    ///     max_lr: the highest.
    ///     step_size_up: how many steps each way up has.
    ///     step_size_down: how many each way down has; as many, if left out.
    ///     mode: "triangular" (peaks stay), "triangular2" (halved each cycle), "exp_range" (`gamma ** k`).
    ///     gamma: the factor of "exp_range".
    ///
    /// Source: `torch.optim.lr_scheduler.CyclicLR`, torch 2.13.
    ///
    /// >>> gp.replay("torch.CyclicLR", base_lr=0.125, max_lr=0.5, step_size_up=2, mode="triangular2").array(8).tolist()
    /// [0.125, 0.3125, 0.5, 0.3125, 0.125, 0.21875, 0.3125, 0.21875]
    CyclicLr as "torch.CyclicLR" {
        base_lr: f64 = ParamType::Double(FINITE);
        max_lr: f64 = ParamType::Double(FINITE);
        step_size_up: f64 = ParamType::Double(FINITE), or Value::Real(2000.0);
        step_size_down: Option<f64> = ParamType::Double(FINITE), or Value::Absent;
        mode: Arc<str> = ParamType::Text(&["triangular", "triangular2", "exp_range"]), or Value::Text("triangular".into());
        gamma: f64 = ParamType::Double(FINITE), or Value::Real(1.0);
    }

    /// From `max_lr / div_factor` up to `max_lr`, then down to `max_lr / div_factor / final_div_factor`.
    ///
    /// Args:
    ///     max_lr: the highest value.
    ///     total_steps: how many steps it lasts.
    ///     pct_start: the part of them that goes up, from 0 to 1.
    ///     anneal_strategy: "cos" or "linear".
    ///     div_factor: the highest value over the first.
    ///     final_div_factor: the first value over the last.
    ///     three_phase: whether it goes down to the first value first, as fast as it came up.
    ///
    /// Source: `torch.optim.lr_scheduler.OneCycleLR`, torch 2.13; and its value at `total_steps`, beyond the last.
    ///
    /// >>> s = gp.replay("torch.OneCycleLR", max_lr=0.5, total_steps=5, pct_start=0.4)
    /// >>> s.array(5).tolist()
    /// [0.020000000000000018, 0.5, 0.3750005, 0.12500150000000004, 2e-06]
    OneCycleLr as "torch.OneCycleLR" {
        max_lr: f64 = ParamType::Double(FINITE);
        total_steps: u64 = ParamType::Count(LENGTH);
        pct_start: f64 = ParamType::Double(SHARE), or Value::Real(0.3);
        anneal_strategy: Arc<str> = ParamType::Text(&["cos", "linear"]), or Value::Text("cos".into());
        div_factor: f64 = ParamType::Double(FINITE), or Value::Real(25.0);
        final_div_factor: f64 = ParamType::Double(FINITE), or Value::Real(1e4);
        three_phase: bool = ParamType::Flag, or Value::Flag(false);
    }

    /// From `base_lr` to `swa_lr` in `anneal_epochs` steps.
    ///
    /// Args:
    ///     base_lr: the value at step 0.
    ///     swa_lr: the last value.
    ///     anneal_epochs: the step of the last, from 0.
    ///     anneal_strategy: "cos" or "linear".
    ///
    /// Source: `torch.optim.swa_utils.SWALR`, torch 2.13.
    ///
    /// >>> s = gp.replay("torch.SWALR", base_lr=0.1, swa_lr=0.05, anneal_epochs=2, anneal_strategy="linear")
    /// >>> s.array(4).tolist()
    /// [0.1, 0.07500000000000001, 0.05, 0.05]
    SwaLr as "torch.SWALR" {
        base_lr: f64 = ParamType::Double(FINITE);
        swa_lr: f64 = ParamType::Double(FINITE);
        anneal_epochs: i64 = ParamType::Int, or Value::Int(10);
        anneal_strategy: Arc<str> = ParamType::Text(&["cos", "linear"]), or Value::Text("cos".into());
    }

    /// One scheduler after another: the i-th from `milestones[i - 1]` on, where it starts again on `initial_lr`.
    ///
    /// Args:
    ///     schedulers: the schedulers, replays of torch's.
    ///     milestones: the steps at which the next one takes over, in order.
    ///     initial_lr: the rate that each starts on; the first one's `base_lr`, if left out.
    ///
    /// Source: `torch.optim.lr_scheduler.SequentialLR`, torch 2.13. A composite among its schedulers starts as it would
    /// alone; torch starts it wrongly, or raises `NotImplementedError`.
    ///
    /// >>> constant = gp.replay("torch.ConstantLR", base_lr=0.1, factor=0.5)
    /// >>> decay = gp.replay("torch.ExponentialLR", base_lr=0.1, gamma=0.9)
    /// >>> gp.replay("torch.SequentialLR", schedulers=[constant, decay], milestones=[2]).array(4).tolist()
    /// [0.05, 0.05, 0.1, 0.09000000000000001]
    SequentialLr as "torch.SequentialLR" {
        schedulers: Arc<[Spec]> = ParamType::Replays;
        milestones: Arc<Vec<i64>> = ParamType::Ints;
        initial_lr: Option<f64> = ParamType::Double(FINITE), or Value::Absent;
    }

    /// All of the schedulers at each step, one after another, each on the value that the one before has made.
    ///
    /// Args:
    ///     schedulers: the schedulers, replays of torch's.
    ///     initial_lr: the rate that the first starts on; its `base_lr`, if left out.
    ///
    /// Source: `torch.optim.lr_scheduler.ChainedScheduler`, torch 2.13.
    ///
    /// >>> constant = gp.replay("torch.ConstantLR", base_lr=0.1, factor=0.5, total_iters=2)
    /// >>> decay = gp.replay("torch.ExponentialLR", base_lr=0.1, gamma=0.9)
    /// >>> gp.replay("torch.ChainedScheduler", schedulers=[constant, decay]).array(4).tolist()
    /// [0.05, 0.045000000000000005, 0.08100000000000002, 0.07290000000000002]
    ChainedScheduler as "torch.ChainedScheduler" {
        schedulers: Arc<[Spec]> = ParamType::Replays;
        initial_lr: Option<f64> = ParamType::Double(FINITE), or Value::Absent;
    }
}

/// Factors of the base rate.
const FRACTION: RealLimit = RealLimit {
    low: 0.0,
    above_low: false,
    high: 1.0,
    rule: "it must be a number from 0 to 1",
    ways_out: WaysOut {
        negative: "Remove the minus sign.",
        zero: "",
        too_large: "To go above the base rate, give a larger `base_lr` and smaller factors.",
    },
};
/// Parts of a whole.
const SHARE: RealLimit = RealLimit {
    ways_out: WaysOut {
        too_large: "Divide a percentage by 100, a number of steps by `total_steps`.",
        ..FRACTION.ways_out
    },
    ..FRACTION
};

/// A scheduler that is being stepped, and whether torch would raise at its next step.
#[derive(Clone, Debug)]
pub struct MachineSteps {
    node: SchedulerTree<f64>,
    state: State<f64>,
    at: u64,
    is_stuck: bool,
}

impl MachineSteps {
    /// From the start, on this rate; None where torch cannot start.
    fn start(mut node: SchedulerTree<f64>, initial: f64) -> Option<MachineSteps> {
        let mut state = State { lrs: node.base(), momenta: vec![0.0], initial: vec![initial] };
        node.start(&mut state)?;
        Some(MachineSteps { node, state, at: 0, is_stuck: false })
    }

    fn go(&mut self, k: u64) {
        if !self.is_stuck {
            self.node.skip(k - 1 - self.at, &self.state);
            self.is_stuck = self.node.step(&mut self.state).is_none();
        }
        self.at = k;
    }

    fn constant_until(&self) -> u64 {
        let still = if self.is_stuck { NEVER } else { self.node.constant_for(&self.state) };
        if still >= 1 << 62 { NEVER } else { self.at + 1 + still }
    }
}

/// A form that is a machine.
trait Machine {
    /// The scheduler on one group.
    fn node(&self) -> Result<SchedulerTree<f64>, Error>;
    /// The parameter to blame where torch cannot start.
    const BLAME: &'static str;
    /// How long it lasts, where it ends.
    fn length(&self) -> Option<u64> {
        None
    }
    /// The rate that parts of SequentialLR start on.
    fn initial(&self, node: &SchedulerTree<f64>) -> f64 {
        node.base()[0]
    }
    fn started(&self) -> Result<MachineSteps, Error> {
        let node = self.node()?;
        let initial = self.initial(&node);
        MachineSteps::start(node, initial).ok_or_else(|| {
            Error::value(Self::BLAME, "a value with which torch divides by zero as it starts", "no value may do that")
                .or("Change it a little.")
        })
    }
}

macro_rules! machines {
    ($($Name:ident),*) => {
        $(impl StepRule for $Name {
            type State = MachineSteps;

            fn steps(&self) -> Option<u64> {
                self.length()
            }
            fn last(&self) -> Option<u64> {
                self.length()
            }
            fn start(&self) -> Result<MachineSteps, Error> {
                self.started()
            }
            fn lr(&self, machine: &MachineSteps, _k: u64) -> f64 {
                machine.state.lrs[0]
            }
            fn advance(&self, machine: &mut MachineSteps, k: u64) {
                machine.go(k);
            }
            fn constant_until(&self, machine: &MachineSteps, _k: u64) -> u64 {
                machine.constant_until()
            }
        })*

        /// The machine that a replay is, if it is one of torch's.
        fn node_of(replay: &Replay) -> Option<Result<SchedulerTree<f64>, Error>> {
            let arguments = replay.arguments();
            if replay.name() == StepLr::NAME {
                return Some(StepLr::taken(arguments).node());
            }
            $(if replay.name() == $Name::NAME {
                return Some($Name::taken(arguments).node());
            })*
            None
        }
    };
}

machines!(
    MultiStepLr,
    ConstantLr,
    LinearLr,
    ExponentialLr,
    PolynomialLr,
    CosineAnnealingLr,
    WarmRestarts,
    CyclicLr,
    OneCycleLr,
    SwaLr,
    SequentialLr,
    ChainedScheduler
);

fn leaf(rule: Rule, base: f64, own: [f64; 3]) -> Result<SchedulerTree<f64>, Error> {
    let group = Group { base, own, momenta: [0.0; 2] };
    Ok(SchedulerTree::Leaf(Leaf {
        rule,
        clock: Clock::at(0, 1),
        groups: vec![group],
        arguments: Arguments::Unknown,
        moves_momentum: false,
        last: Vec::new(),
    }))
}

/// A whole number that is a double exactly.
fn whole(place: &str, n: i64) -> Result<i64, Error> {
    if n.unsigned_abs() <= 1 << 53 {
        return Ok(n);
    }
    Err(Error::value(place, n, "it must be a whole number from -2**53 to 2**53").or("No run is as long."))
}

fn anneal(word: &str) -> Anneal {
    if word == "cos" { Anneal::Cos } else { Anneal::Linear }
}

impl StepRule for StepLr {
    type State = f64;

    fn start(&self) -> Result<f64, Error> {
        Ok(self.base_lr)
    }
    fn lr(&self, lr: &f64, _k: u64) -> f64 {
        *lr
    }
    fn advance(&self, lr: &mut f64, _k: u64) {
        *lr *= self.gamma;
    }
    fn constant_until(&self, lr: &f64, k: u64) -> u64 {
        // 0 stays 0, and infinity infinite.
        if (lr * self.gamma).to_bits() == lr.to_bits() { NEVER } else { (k / self.step_size + 1) * self.step_size }
    }
}

impl StepLr {
    fn node(&self) -> Result<SchedulerTree<f64>, Error> {
        leaf(Rule::Step { step_size: self.step_size as i64, gamma: self.gamma }, self.base_lr, [0.0; 3])
    }
}

impl Machine for MultiStepLr {
    const BLAME: &'static str = "gamma";

    fn node(&self) -> Result<SchedulerTree<f64>, Error> {
        let mut sorted = reserved(self.milestones.len())?;
        sorted.extend_from_slice(&self.milestones);
        sorted.sort_unstable();
        let mut milestones: Vec<(i64, i64)> = Vec::new();
        for milestone in sorted {
            whole("milestones", milestone)?;
            match milestones.last_mut() {
                Some((last, times)) if *last == milestone => *times += 1,
                _ => push(&mut milestones, (milestone, 1))?,
            }
        }
        if let Some((_, times)) = milestones.iter().find(|(_, times)| rule::power(self.gamma, *times as f64).is_none())
        {
            let got = format!("{} to the power {times}", crate::limits::show(self.gamma));
            return Err(Error::overflow("gamma", got, "`gamma` to the power of a milestone's count must be a double")
                .or("List the milestone less often."));
        }
        leaf(Rule::MultiStep { milestones: milestones.into(), gamma: self.gamma }, self.base_lr, [0.0; 3])
    }
}

impl Machine for ConstantLr {
    const BLAME: &'static str = "factor";

    fn node(&self) -> Result<SchedulerTree<f64>, Error> {
        let total_iters = whole("total_iters", self.total_iters)?;
        leaf(Rule::Constant { factor: self.factor, total_iters }, self.base_lr, [0.0; 3])
    }
}

impl Machine for LinearLr {
    const BLAME: &'static str = "total_iters";

    fn node(&self) -> Result<SchedulerTree<f64>, Error> {
        if self.start_factor <= 0.0 {
            return Err(Error::value("start_factor", "0.0", "it must be a number above 0, at most 1")
                .or("A recurrence never leaves 0: start a little above."));
        }
        let total_iters = whole("total_iters", self.total_iters)?;
        let (start_factor, end_factor) = (self.start_factor, self.end_factor);
        leaf(Rule::Linear { start_factor, end_factor, total_iters }, self.base_lr, [0.0; 3])
    }
}

impl Machine for ExponentialLr {
    const BLAME: &'static str = "gamma";

    fn node(&self) -> Result<SchedulerTree<f64>, Error> {
        leaf(Rule::Exponential { gamma: self.gamma }, self.base_lr, [0.0; 3])
    }
}

impl Machine for PolynomialLr {
    const BLAME: &'static str = "total_iters";

    fn node(&self) -> Result<SchedulerTree<f64>, Error> {
        let total_iters = whole("total_iters", self.total_iters)?;
        leaf(Rule::Polynomial { total_iters, power: self.power }, self.base_lr, [0.0; 3])
    }
}

impl Machine for CosineAnnealingLr {
    const BLAME: &'static str = "T_max";

    fn node(&self) -> Result<SchedulerTree<f64>, Error> {
        if self.T_max == 0 {
            return Err(Error::value("T_max", 0, "it must not be 0").or("Half a period has at least one step."));
        }
        let t_max = whole("T_max", self.T_max)?;
        leaf(Rule::Cosine { t_max, eta_min: self.eta_min }, self.base_lr, [0.0; 3])
    }
}

impl Machine for WarmRestarts {
    const BLAME: &'static str = "T_0";

    fn node(&self) -> Result<SchedulerTree<f64>, Error> {
        let (t_0, t_mult) = (self.T_0 as i64, self.T_mult as i64);
        leaf(Rule::Restarts { t_0, t_mult, eta_min: self.eta_min }, self.base_lr, [0.0; 3])
    }
}

impl Machine for CyclicLr {
    const BLAME: &'static str = "step_size_up";

    fn node(&self) -> Result<SchedulerTree<f64>, Error> {
        let total_size = self.step_size_up + self.step_size_down.unwrap_or(self.step_size_up);
        let (fade, by_cycle) = match &*self.mode {
            "triangular" => (Fade::Never, true),
            "triangular2" => (Fade::Halved, true),
            _ => (Fade::Power(self.gamma), false),
        };
        let rule = Rule::Cyclic { total_size, step_ratio: self.step_size_up / total_size, fade, by_cycle };
        leaf(rule, self.base_lr, [self.max_lr, self.base_lr, 0.0])
    }
}

impl Machine for OneCycleLr {
    const BLAME: &'static str = "pct_start";

    fn node(&self) -> Result<SchedulerTree<f64>, Error> {
        let initial = self.max_lr / self.div_factor;
        let last_step = (self.total_steps - 1) as f64;
        let first_end = self.pct_start * self.total_steps as f64 - 1.0;
        let phase = |end_step, start_lr, end_lr| Phase {
            end_step,
            start_lr,
            end_lr,
            start_momentum: MAX as u8,
            end_momentum: BASE as u8,
        };
        let down = phase(last_step, 0, 2);
        let (phases, len) = if self.three_phase {
            let second_end = 2.0 * self.pct_start * self.total_steps as f64 - 2.0;
            ([phase(first_end, 0, 1), phase(second_end, 1, 0), down], 3)
        } else {
            ([phase(first_end, 0, 1), phase(last_step, 1, 2), down], 2)
        };
        let anneal = anneal(&self.anneal_strategy);
        let rule = Rule::OneCycle { total_steps: self.total_steps as i64, phases, len, start_step: 0.0, anneal };
        leaf(rule, initial, [initial, self.max_lr, initial / self.final_div_factor])
    }
    fn length(&self) -> Option<u64> {
        Some(self.total_steps)
    }
}

impl Machine for SwaLr {
    const BLAME: &'static str = "anneal_epochs";

    fn node(&self) -> Result<SchedulerTree<f64>, Error> {
        let anneal_epochs = whole("anneal_epochs", self.anneal_epochs)?;
        if anneal_epochs < 0 {
            return Err(Error::value("anneal_epochs", anneal_epochs, "it must be a whole number, 0 or above")
                .or("With 0, `swa_lr` comes at once."));
        }
        leaf(Rule::Swa { anneal_epochs, anneal: anneal(&self.anneal_strategy) }, self.base_lr, [self.swa_lr, 0.0, 0.0])
    }
}

/// The schedulers of a composite.
fn children(schedulers: &[Spec]) -> Result<Vec<SchedulerTree<f64>>, Error> {
    let child = |(i, spec): (usize, &Spec)| {
        let place = format!("schedulers[{i}]");
        let Expr::Replay(replay) = spec.expr() else { unreachable!("the parameter's kind has been checked") };
        let foreign = || {
            Error::value(place, format!("a replay of {}", replay.name()), "it must be one of torch's schedulers")
                .or("Join other schedules with `then`.")
        };
        node_of(replay).ok_or_else(foreign)?
    };
    schedulers.iter().enumerate().map(child).collect()
}

impl Machine for SequentialLr {
    const BLAME: &'static str = "schedulers";

    fn node(&self) -> Result<SchedulerTree<f64>, Error> {
        let children = children(&self.schedulers)?;
        let milestones = self.milestones.clone();
        if milestones.len() + 1 != children.len() {
            let rule = format!("there must be one fewer than schedulers, which are {}", children.len());
            return Err(Error::value("milestones", format!("{} of them", milestones.len()), rule)
                .or("Each says where the next scheduler takes over."));
        }
        if !milestones.is_sorted() {
            return Err(
                Error::value("milestones", brief(&format!("{milestones:?}")), "they must be in order").or("Sort them.")
            );
        }
        milestones.iter().try_for_each(|&milestone| whole("milestones", milestone).map(drop))?;
        Ok(SchedulerTree::Sequential { children, milestones, epoch: 0, last: Vec::new() })
    }
    fn initial(&self, node: &SchedulerTree<f64>) -> f64 {
        self.initial_lr.unwrap_or_else(|| node.base()[0])
    }
}

impl Machine for ChainedScheduler {
    const BLAME: &'static str = "schedulers";

    fn node(&self) -> Result<SchedulerTree<f64>, Error> {
        Ok(SchedulerTree::Chained { children: children(&self.schedulers)?, last: Vec::new() })
    }
    fn initial(&self, node: &SchedulerTree<f64>) -> f64 {
        self.initial_lr.unwrap_or_else(|| node.base()[0])
    }
}

/// The replay of a scheduler's i-th group, from its start; None where no parameters of a form give its numbers.
pub fn replay_of(node: &SchedulerTree<f64>, i: usize, initial: f64) -> Option<Spec> {
    let (name, values) = match node {
        SchedulerTree::Leaf(leaf) => form_of(leaf, i)?,
        SchedulerTree::Sequential { children, milestones, .. } => {
            let given = vec![parts(children, i, initial)?, Value::Ints(milestones.clone())];
            (SequentialLr::NAME, with_initial(given, node, i, initial))
        }
        SchedulerTree::Chained { children, .. } => {
            (ChainedScheduler::NAME, with_initial(vec![parts(children, i, initial)?], node, i, initial))
        }
    };
    Spec::replay(super::replay_kind(name)?, values).ok()
}

fn parts(children: &[SchedulerTree<f64>], i: usize, initial: f64) -> Option<Value> {
    let parts: Option<Vec<Spec>> = children.iter().map(|child| replay_of(child, i, initial)).collect();
    Some(Value::Schedules(parts?.into()))
}

fn with_initial(mut given: Vec<Value>, node: &SchedulerTree<f64>, i: usize, initial: f64) -> Vec<Value> {
    given.push(if node.base()[i] == initial { Value::Absent } else { Value::Real(initial) });
    given
}

fn form_of(leaf: &Leaf<f64>, i: usize) -> Option<(&'static str, Vec<Value>)> {
    let Group { base, own, .. } = leaf.groups[i];
    let (real, int) = (Value::Real, Value::Int);
    let word = |anneal| Value::Text(if anneal == Anneal::Cos { "cos" } else { "linear" }.into());
    Some(match leaf.rule {
        Rule::Step { step_size, gamma } => {
            (StepLr::NAME, vec![real(base), Value::Count(u64::try_from(step_size).ok()?), real(gamma)])
        }
        Rule::MultiStep { ref milestones, gamma } => {
            let mut listed = Vec::new();
            for &(milestone, times) in milestones.iter() {
                listed.extend(std::iter::repeat_n(milestone, usize::try_from(times).ok().filter(|&n| n < 1 << 16)?));
            }
            (MultiStepLr::NAME, vec![real(base), Value::Ints(listed.into()), real(gamma)])
        }
        Rule::Constant { factor, total_iters } => (ConstantLr::NAME, vec![real(base), real(factor), int(total_iters)]),
        Rule::Linear { start_factor, end_factor, total_iters } => {
            (LinearLr::NAME, vec![real(base), real(start_factor), real(end_factor), int(total_iters)])
        }
        Rule::Exponential { gamma } => (ExponentialLr::NAME, vec![real(base), real(gamma)]),
        Rule::Polynomial { total_iters, power } => {
            (PolynomialLr::NAME, vec![real(base), int(total_iters), real(power)])
        }
        Rule::Cosine { t_max, eta_min } => (CosineAnnealingLr::NAME, vec![real(base), int(t_max), real(eta_min)]),
        Rule::Restarts { t_0, t_mult, eta_min } => {
            let count = |n: i64| u64::try_from(n).ok().map(Value::Count);
            (WarmRestarts::NAME, vec![real(base), count(t_0)?, count(t_mult)?, real(eta_min)])
        }
        Rule::Cyclic { .. } => return cyclic_form(leaf, i),
        Rule::OneCycle { .. } => return one_cycle_form(leaf, i),
        Rule::Swa { anneal_epochs, anneal } => {
            (SwaLr::NAME, vec![real(base), real(own[0]), int(anneal_epochs), word(anneal)])
        }
    })
}

fn cyclic_form(leaf: &Leaf<f64>, i: usize) -> Option<(&'static str, Vec<Value>)> {
    let Arguments::Cyclic { step_size_up, step_size_down } = leaf.arguments else { return None };
    let Rule::Cyclic { fade, .. } = leaf.rule else { return None };
    let [max_lr, base_lr, _] = leaf.groups[i].own;
    let (mode, gamma) = match fade {
        Fade::Never => ("triangular", 1.0),
        Fade::Halved => ("triangular2", 1.0),
        Fade::Power(gamma) => ("exp_range", gamma),
    };
    let step_size_down = Some(step_size_down);
    let made = CyclicLr { base_lr, max_lr, step_size_up, step_size_down, mode: mode.into(), gamma };
    gives_the_numbers_of(&made, leaf, i).then(|| (CyclicLr::NAME, made.given()))
}

fn one_cycle_form(leaf: &Leaf<f64>, i: usize) -> Option<(&'static str, Vec<Value>)> {
    let Arguments::OneCycle { pct_start, div_factor, final_div_factor } = leaf.arguments else { return None };
    let Rule::OneCycle { total_steps, len, anneal, .. } = leaf.rule else { return None };
    let made = OneCycleLr {
        max_lr: leaf.groups[i].own[1],
        total_steps: u64::try_from(total_steps).ok()?,
        pct_start,
        anneal_strategy: if anneal == Anneal::Cos { "cos" } else { "linear" }.into(),
        div_factor,
        final_div_factor,
        three_phase: len == 3,
    };
    gives_the_numbers_of(&made, leaf, i).then(|| (OneCycleLr::NAME, made.given()))
}

/// Whether a form sets the same rates as a live scheduler, whose attributes may have been changed since it was made.
fn gives_the_numbers_of(made: &impl Machine, leaf: &Leaf<f64>, i: usize) -> bool {
    let Ok(SchedulerTree::Leaf(again)) = made.node() else { return false };
    let has_same_rule = match (&again.rule, &leaf.rule) {
        (Rule::OneCycle { phases, .. }, Rule::OneCycle { phases: live, len, .. }) => {
            let rates = |phase: &Phase| (phase.end_step, phase.start_lr, phase.end_lr);
            phases[..*len].iter().map(rates).eq(live[..*len].iter().map(rates))
        }
        (rule, live) => rule == live,
    };
    has_same_rule && again.groups[0].own == leaf.groups[i].own
}
