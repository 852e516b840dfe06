//! MindSpore's schedules, in its own bits.

pub mod cells;
pub mod composites;
pub mod experimental;
pub mod lists;
