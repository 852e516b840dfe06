//! MindSpore's experimental schedulers (`mindspore.experimental.optim.lr_scheduler`), as MindSpore 2.10 computes them on the
//! CPU: in float32, operation by operation.
//!
//! Numbers in Python are rounded to float32 where they meet a tensor; `cos` and `pow` are rounded from float64. The
//! epoch is an integer: it does not stand still at 2^24, as MindSpore's float32 does.
//!
//! One file a scheduler: its replay and its rule. To add one, write its file, and its line in `schedulers!` below.

use crate::declare::ReplayKind;
use crate::error::Error;
use crate::replay::libm;
use crate::spec::Spec;

fn pow(x: f32, y: f32) -> f32 {
    libm::pow(f64::from(x), f64::from(y)) as f32
}

fn cos(x: f32) -> f32 {
    libm::cos(f64::from(x)) as f32
}

/// A rule of one float32: what `step()` makes of the learning rate that it finds.
pub(crate) trait Rule {
    /// The learning rate at an epoch, given that of the one before (at epoch 0, the base learning rate).
    fn next(&self, lr: f32, epoch: u64) -> f32;
    /// The learning rate at an epoch, where there is a closed formula.
    fn closed(&self, epoch: u64) -> f32;
    /// The closed form, in real numbers.
    fn exact(&self) -> Result<Spec, Error>;
    /// The next epoch at which `next` is not the same.
    fn constant_until(&self, epoch: u64) -> u64 {
        epoch + 1
    }
}

/// Makes a replay of a rule: a recurrence that keeps the learning rate, and nothing else.
macro_rules! recurrence_of_one_rate {
    ($Scheduler:ident) => {
        impl $crate::replay::StepRule for $Scheduler {
            type State = f32;

            fn start(&self) -> Result<f32, $crate::error::Error> {
                Ok(self.next(self.base_lr as f32, 0))
            }
            fn lr(&self, lr: &f32, _k: u64) -> f64 {
                f64::from(*lr)
            }
            fn advance(&self, lr: &mut f32, k: u64) {
                *lr = self.next(*lr, k);
            }
            fn constant_until(&self, _lr: &f32, k: u64) -> u64 {
                $crate::dialects::mindspore::experimental::Rule::constant_until(self, k)
            }
            fn of_lr(&self, lr: f64) -> Option<f32> {
                Some(lr as f32)
            }
            fn exact(&self) -> Result<$crate::spec::Spec, $crate::error::Error> {
                $crate::dialects::mindspore::experimental::Rule::exact(self)
            }
            fn closed(&self, k: u64) -> Option<f64> {
                Some(f64::from($crate::dialects::mindspore::experimental::Rule::closed(self, k)))
            }
        }
    };
}

pub mod reduce_lr_on_plateau;

macro_rules! schedulers {
    ($($module:ident::$Scheduler:ident,)*) => {
        $(pub mod $module;)*

        /// The replays of MindSpore's experimental schedulers.
        pub(crate) fn kinds() -> Vec<ReplayKind> {
            vec![$($module::$Scheduler::replay_kind(),)*]
        }
    };
}

schedulers! {
    step_lr::StepLr,
    linear_lr::LinearLr,
    exponential_lr::ExponentialLr,
    polynomial_lr::PolynomialLr,
    multi_step_lr::MultiStepLr,
    constant_lr::ConstantLr,
    cosine_annealing_lr::CosineAnnealingLr,
    cosine_annealing_warm_restarts::WarmRestarts,
    cyclic_lr::CyclicLr,
    one_cycle_lr::OneCycleLr,
}
