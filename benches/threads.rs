//! Compares two threads with one, inside one long call. Each thread fills the same block again and again. The block stays in
//! its core's cache, so that the shared memory does not limit the speed. Prints `ratio: ` and the speed-up.

use std::time::Instant;

use glidepath::declare::Value;
use glidepath::lower::lower;
use glidepath::plan::Plan;
use glidepath::spec::{Spec, leaf_kind};

const BLOCK: usize = 1 << 14;
const BLOCKS: u64 = 2000;

fn work(plan: &Plan, first: u64, blocks: u64) {
    let mut out = vec![0.0f64; BLOCK];
    for i in first..first + blocks {
        plan.fill(&mut out, i * BLOCK as u64, 1, 1, &|| true).expect("nothing interrupts it");
        std::hint::black_box(&out);
    }
}

fn seconds(run: impl Fn()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_secs_f64()
}

fn main() {
    let kind = leaf_kind("cosine").expect("a leaf of that name");
    let steps = 2 * BLOCKS * BLOCK as u64;
    let arguments = vec![Value::Real(3e-4), Value::Real(3e-5), Value::Count(steps)];
    let plan = lower(&Spec::leaf(kind, arguments).expect("good arguments"));
    let mut ratios: Vec<f64> = (0..9)
        .map(|_| {
            let one = seconds(|| work(&plan, 0, 2 * BLOCKS));
            let two = seconds(|| {
                std::thread::scope(|scope| {
                    scope.spawn(|| work(&plan, 0, BLOCKS));
                    work(&plan, BLOCKS, BLOCKS);
                });
            });
            one / two
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    println!("ratio: {:.2}", ratios[ratios.len() / 2]);
}
