//! Schedulers without their optimizer: stepped, skipped through, started anew, nested or alone.
//!
//! ```text
//! leaf         one rule, its clock, and what it reads of each group
//! sequential   children one after another; each starts on the base rates
//! chained      children one after another at every step
//! ```
//! What nests is torch's: a later child of SequentialLR starts by torch's `_update_lr(0)`, its closed form at 0. Where
//! torch cannot start a composite so (it raises NotImplementedError), or starts it wrongly, a composite starts here as
//! it would alone.

use std::sync::Arc;

use super::Rule;
use super::arithmetic::Rate;
use super::change::{Change, Group};
use super::scheduler::Clock;

/// The state that schedulers share: a learning rate and a momentum for each group.
#[derive(Clone, Debug, PartialEq)]
pub struct State<T> {
    /// The learning rates.
    pub lrs: Vec<T>,
    /// The momenta.
    pub momenta: Vec<f64>,
    /// `initial_lr` of each group, on which a part of SequentialLR starts.
    pub initial: Vec<T>,
}

impl<T: Rate> State<T> {
    /// The rates into each row.
    fn show(&self, rows: &mut [f64]) {
        match self.lrs[..] {
            [lr] => rows.fill(lr.value()),
            _ => rows.chunks_exact_mut(self.lrs.len()).for_each(|row| {
                row.iter_mut().zip(&self.lrs).for_each(|(out, lr)| *out = lr.value());
            }),
        }
    }
}

/// One rule at work.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf<T> {
    /// What it does.
    pub rule: Rule,
    /// Where it stands.
    pub clock: Clock,
    /// What it reads of each group.
    pub groups: Vec<Group<T>>,
    /// Whether it sets momenta.
    pub moves_momentum: bool,
    /// The rates that it set last: `_last_lr`.
    pub last: Vec<T>,
}

impl<T> Leaf<T> {
    /// A scheduler that is about to be started on these groups, and sets no momenta.
    pub fn new(rule: Rule, groups: Vec<Group<T>>) -> Leaf<T> {
        Leaf { rule, clock: Clock::at(0, 1), groups, moves_momentum: false, last: Vec::new() }
    }
}

/// A scheduler.
#[derive(Clone, Debug, PartialEq)]
pub enum SchedulerTree<T> {
    /// One rule.
    Leaf(Leaf<T>),
    /// SequentialLR
    Sequential {
        /// Its schedulers,
        children: Vec<SchedulerTree<T>>,
        /// the epochs at which the next one takes over,
        milestones: Arc<Vec<i64>>,
        /// and where it stands: `last_epoch`.
        epoch: i64,
        /// `_last_lr`
        last: Vec<T>,
    },
    /// ChainedScheduler
    Chained {
        /// Its schedulers.
        children: Vec<SchedulerTree<T>>,
        /// `_last_lr`
        last: Vec<T>,
    },
}

impl<T: Rate> Leaf<T> {
    fn apply(&mut self, change: &Change, state: &mut State<T>) {
        if *change == Change::Keep {
            return;
        }
        for (lr, group) in state.lrs.iter_mut().zip(&self.groups) {
            *lr = change.advance(*lr, group);
        }
        if self.moves_momentum {
            for (momentum, group) in state.momenta.iter_mut().zip(&self.groups) {
                *momentum = change.momentum(group).unwrap_or(*momentum);
            }
        }
    }

    fn step(&mut self, state: &mut State<T>) -> Option<()> {
        self.advance(state)?;
        self.last.clone_from(&state.lrs);
        Some(())
    }

    /// One step that does not set `_last_lr`.
    #[inline]
    fn advance(&mut self, state: &mut State<T>) -> Option<Change> {
        self.rule.tick(&mut self.clock)?;
        let change = self.rule.change(&self.clock)?;
        self.apply(&change, state);
        Some(change)
    }

    /// Writes the rates that the next steps set, one row a step, until a step changes nothing. Returns the number of rows.
    fn run(&mut self, state: &mut State<T>, out: &mut [f64]) -> Option<usize> {
        let mut rows = 0;
        for row in out.chunks_exact_mut(state.lrs.len()) {
            let change = self.advance(state)?;
            state.show(row);
            rows += 1;
            if change == Change::Keep {
                break;
            }
        }
        self.last.clone_from(&state.lrs);
        Some(rows)
    }

    /// The step that a scheduler makes as it is made.
    fn start(&mut self, state: &mut State<T>) -> Option<()> {
        self.start_again(state)?;
        if self.rule.starts_on_initial_rates() {
            state.lrs.clone_from(&state.initial);
            self.last.clone_from(&state.lrs);
        }
        Some(())
    }

    /// torch's `_initial_step`, of a scheduler that has been made.
    fn start_again(&mut self, state: &mut State<T>) -> Option<()> {
        self.clock = self.rule.first_clock();
        let change = self.rule.first_change(&self.clock)?;
        self.apply(&change, state);
        self.last.clone_from(&state.lrs);
        Some(())
    }

    /// torch's `_update_lr(0)`.
    fn enter(&mut self, state: &mut State<T>) -> Option<()> {
        self.clock.epoch = 0;
        let change = self.rule.closed_start(&self.clock)?;
        self.apply(&change, state);
        self.last.clone_from(&state.lrs);
        Some(())
    }

    fn constant_for(&self, state: &State<T>) -> u64 {
        if let Some(factor) = self.rule.factor()
            && state.lrs.iter().all(|lr| lr.times(factor).value().to_bits() == lr.value().to_bits())
        {
            // 0 stays 0, and infinity infinite.
            return u64::MAX;
        }
        self.idle()
    }

    fn idle(&self) -> u64 {
        self.rule.constant_until(&self.clock).abs_diff(self.clock.epoch)
    }

    fn base(&self) -> Vec<T> {
        self.groups.iter().map(|group| group.base).collect()
    }
}

/// The child that rules at an epoch.
fn child_at(milestones: &[i64], epoch: i64) -> usize {
    milestones.partition_point(|&milestone| milestone <= epoch)
}

impl<T: Rate> SchedulerTree<T> {
    /// One step.
    pub fn step(&mut self, state: &mut State<T>) -> Option<()> {
        match self {
            SchedulerTree::Leaf(leaf) => return leaf.step(state),
            SchedulerTree::Sequential { children, milestones, epoch, .. } => {
                *epoch += 1;
                let i = child_at(milestones, *epoch);
                let child = children.get_mut(i)?;
                if i > 0 && milestones[i - 1] == *epoch { child.enter(state)? } else { child.step(state)? }
            }
            SchedulerTree::Chained { children, .. } => children.iter_mut().try_for_each(|child| child.step(state))?,
        }
        self.note(state);
        Some(())
    }

    /// `n` steps.
    pub fn steps(&mut self, n: u64, state: &mut State<T>) -> Option<()> {
        let mut left = n;
        while left > 0 {
            let still = self.constant_for(state).min(left);
            if still > 0 {
                self.skip(still, state);
                left -= still;
            } else {
                self.step(state)?;
                left -= 1;
            }
        }
        Some(())
    }

    /// The rates that the next steps set, row by row: one row a step, one value a group.
    pub fn preview(&mut self, state: &mut State<T>, out: &mut [f64]) -> Option<()> {
        let groups = state.lrs.len();
        let mut left = out;
        while !left.is_empty() {
            let still = self.constant_for(state).min((left.len() / groups) as u64);
            let done = if still > 0 {
                self.skip(still, state);
                state.show(&mut left[..still as usize * groups]);
                still as usize
            } else {
                self.run(state, left)?
            };
            left = &mut left[done * groups..];
        }
        Some(())
    }

    /// The rates that the next steps set, as many as can be had at once; gives how many.
    fn run(&mut self, state: &mut State<T>, out: &mut [f64]) -> Option<usize> {
        let groups = state.lrs.len();
        match self {
            SchedulerTree::Leaf(leaf) => return leaf.run(state, out),
            SchedulerTree::Sequential { children, milestones, epoch, .. } => {
                let i = child_at(milestones, *epoch);
                let until = milestones.get(i).map_or(usize::MAX, |next| next.abs_diff(*epoch) as usize - 1);
                let most = out.len().min(until.saturating_mul(groups));
                if most > 0 {
                    let done = children.get_mut(i)?.run(state, &mut out[..most])?;
                    *epoch += done as i64;
                    return Some(done);
                }
            }
            SchedulerTree::Chained { children, .. } => {
                let still: Vec<u64> = children.iter().map(SchedulerTree::idle).collect();
                let moves: Vec<usize> = (0..children.len()).filter(|&i| still[i] == 0).collect();
                if let [i] = moves[..] {
                    let until = still.iter().filter(|&&still| still > 0).min().map_or(usize::MAX, |&n| n as usize);
                    let most = out.len().min(until.saturating_mul(groups));
                    let done = children[i].run(state, &mut out[..most])?;
                    let others = children.iter_mut().enumerate().filter(|&(j, _)| j != i);
                    others.for_each(|(_, child)| child.skip(done as u64, state));
                    return Some(done);
                }
            }
        }
        self.step(state)?;
        state.show(&mut out[..groups]);
        Some(1)
    }

    /// How many of the next steps change nothing.
    pub fn constant_for(&self, state: &State<T>) -> u64 {
        self.least(&|leaf| leaf.constant_for(state))
    }

    /// How many of the next steps change nothing, whatever the rates are.
    fn idle(&self) -> u64 {
        self.least(&Leaf::idle)
    }

    /// How many of the next steps are so of every rule at work.
    fn least(&self, of: &impl Fn(&Leaf<T>) -> u64) -> u64 {
        match self {
            SchedulerTree::Leaf(leaf) => of(leaf),
            SchedulerTree::Sequential { children, milestones, epoch, .. } => {
                let i = child_at(milestones, *epoch);
                let until = milestones.get(i).map_or(u64::MAX, |next| next.abs_diff(*epoch) - 1);
                children.get(i).map_or(0, |child| child.least(of).min(until))
            }
            SchedulerTree::Chained { children, .. } => children.iter().map(|child| child.least(of)).min().unwrap_or(0),
        }
    }

    /// As many steps that change nothing.
    pub fn skip(&mut self, n: u64, state: &State<T>) {
        match self {
            SchedulerTree::Leaf(leaf) => {
                leaf.clock.epoch += n as i64;
                leaf.clock.count += n as i64;
                leaf.last.clone_from(&state.lrs);
            }
            SchedulerTree::Sequential { children, milestones, epoch, .. } => {
                let i = child_at(milestones, *epoch);
                *epoch += n as i64;
                children[i].skip(n, state);
            }
            SchedulerTree::Chained { children, .. } => children.iter_mut().for_each(|child| child.skip(n, state)),
        }
        self.note(state);
    }

    fn note(&mut self, state: &State<T>) {
        let (SchedulerTree::Leaf(Leaf { last, .. })
        | SchedulerTree::Sequential { last, .. }
        | SchedulerTree::Chained { last, .. }) = self;
        last.clone_from(&state.lrs);
    }

    /// Its start, as it is made, on rates that are the base rates.
    pub fn start(&mut self, state: &mut State<T>) -> Option<()> {
        match self {
            SchedulerTree::Leaf(leaf) => return leaf.start(state),
            SchedulerTree::Chained { children, .. } => children.iter_mut().try_for_each(|child| child.start(state))?,
            SchedulerTree::Sequential { children, .. } => {
                children.iter_mut().try_for_each(|child| child.start(state))?;
                children.iter_mut().for_each(SchedulerTree::undo);
                state.lrs.clone_from(&state.initial);
                self.start_again(state)?;
            }
        }
        self.note(state);
        Some(())
    }

    /// The step back that SequentialLR makes in each of its schedulers.
    fn undo(&mut self) {
        match self {
            SchedulerTree::Leaf(leaf) => leaf.clock.epoch = -1,
            SchedulerTree::Sequential { children, .. } | SchedulerTree::Chained { children, .. } => {
                children.iter_mut().for_each(SchedulerTree::undo);
            }
        }
    }

    /// The first step of one that has been made already: torch's `_initial_step`.
    fn start_again(&mut self, state: &mut State<T>) -> Option<()> {
        match self {
            SchedulerTree::Leaf(leaf) => return leaf.start_again(state),
            SchedulerTree::Chained { children, .. } => {
                children.iter_mut().try_for_each(|child| child.start_again(state))?
            }
            SchedulerTree::Sequential { children, milestones, epoch, .. } => {
                *epoch = 0;
                children.iter_mut().for_each(SchedulerTree::undo);
                children.get_mut(child_at(milestones, 0))?.start_again(state)?;
            }
        }
        self.note(state);
        Some(())
    }

    /// How a later child of SequentialLR takes over.
    fn enter(&mut self, state: &mut State<T>) -> Option<()> {
        match self {
            SchedulerTree::Leaf(leaf) => leaf.enter(state),
            // DIFFERENCE: torch raises NotImplementedError (pytorch#132745).
            SchedulerTree::Sequential { .. } | SchedulerTree::Chained { .. } => {
                state.lrs.clone_from(&state.initial);
                self.start_again(state)
            }
        }
    }

    /// The rates that it starts on: the base rates of its first rule.
    pub fn base(&self) -> Vec<T> {
        match self {
            SchedulerTree::Leaf(leaf) => leaf.base(),
            SchedulerTree::Sequential { children, .. } | SchedulerTree::Chained { children, .. } => {
                children.first().map_or_else(Vec::new, SchedulerTree::base)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use super::super::change::{Anneal, Phase};
    use super::super::cyclic_lr::{Cyclic, Fade};
    use super::super::{
        constant_lr::Constant, cosine_annealing_lr::Cosine, cosine_annealing_warm_restarts::Restarts,
        exponential_lr::Exponential, linear_lr::Linear, multi_step_lr::MultiStep, one_cycle_lr::OneCycle,
        polynomial_lr::Polynomial, step_lr::Step, swa_lr::Swa,
    };

    fn leaf(rule: Rule) -> SchedulerTree<f64> {
        let groups = vec![Group { base: 0.1, own: [0.3, 0.1, 0.01], momenta: [0.8, 0.9] }; 2];
        SchedulerTree::Leaf(Leaf::new(rule, groups))
    }

    fn nodes() -> Vec<SchedulerTree<f64>> {
        let phase =
            |end_step, start_lr, end_lr| Phase { end_step, start_lr, end_lr, start_momentum: 1, end_momentum: 0 };
        let phases = [phase(61.5, 1, 0), phase(199.0, 0, 2), phase(0.0, 0, 0)];
        let anneal = Anneal::Cos;
        let rules: [Rule; 11] = [
            Step { step_size: 7, gamma: 0.9 }.into(),
            MultiStep { milestones: vec![(2, 1), (70, 2), (150, 1)].into(), gamma: 0.5 }.into(),
            Constant { factor: 0.5, total_iters: 70 }.into(),
            Linear { start_factor: 0.5, end_factor: 1.0, total_iters: 100 }.into(),
            Polynomial { total_iters: 150, power: 1.7 }.into(),
            Exponential { gamma: 0.99 }.into(),
            Cosine { t_max: 33, eta_min: 0.01 }.into(),
            Restarts { t_0: 10, t_mult: 2, eta_min: 0.01 }.into(),
            Cyclic { total_size: 30.0, step_ratio: 1.0 / 3.0, fade: Fade::Halved, by_cycle: true, sizes: None }.into(),
            OneCycle { total_steps: 200, phases, len: 2, start_step: 0.0, anneal, made_with: None }.into(),
            Swa { anneal_epochs: 80, anneal }.into(),
        ];
        let mut nodes: Vec<_> = rules.into_iter().map(leaf).collect();
        let children = vec![nodes[3].clone(), nodes[6].clone(), nodes[5].clone()];
        nodes.push(SchedulerTree::Chained { children: children.clone(), last: Vec::new() });
        nodes.push(SchedulerTree::Sequential {
            children,
            milestones: vec![40, 130].into(),
            epoch: 0,
            last: Vec::new(),
        });
        let nested = vec![nodes[12].clone(), nodes[11].clone()];
        nodes.push(SchedulerTree::Sequential {
            children: nested,
            milestones: vec![100].into(),
            epoch: 0,
            last: Vec::new(),
        });
        nodes
    }

    fn started(node: &SchedulerTree<f64>) -> (SchedulerTree<f64>, State<f64>) {
        let (mut node, base) = (node.clone(), vec![0.1, 0.1]);
        let mut state = State { lrs: base.clone(), momenta: vec![0.0; 2], initial: base };
        node.start(&mut state).unwrap();
        (node, state)
    }

    #[test]
    fn previews_and_jumps_are_steps() {
        for node in nodes() {
            let (mut stepped, mut state) = started(&node);
            let mut rates = Vec::new();
            for _ in 0..200 {
                stepped.step(&mut state).unwrap();
                rates.extend_from_slice(&state.lrs);
            }
            let (mut ahead, mut of_ahead) = started(&node);
            let mut out = vec![0.0; 400];
            ahead.preview(&mut of_ahead, &mut out).unwrap();
            assert_eq!(out, rates, "{node:?}");
            let (mut jumped, mut of_jumped) = started(&node);
            jumped.steps(137, &mut of_jumped).unwrap();
            jumped.steps(63, &mut of_jumped).unwrap();
            assert_eq!((jumped, of_jumped), (stepped, state));
        }
    }

    #[test]
    fn past_its_end_there_is_no_step() {
        let (mut node, mut state) = started(&nodes()[9]);
        node.steps(200, &mut state).unwrap();
        assert_eq!(node.clone().preview(&mut state.clone(), &mut [0.0; 2]), None);
        assert_eq!(node.step(&mut state), None);
    }
}
