//! ReduceLROnPlateau, in float32: its two decisions. Its rates follow from metrics, so it is no replay.

/// Whether a metric is better than the best so far, by more than the threshold.
pub fn is_better(metric: f32, best: f32, mode: &str, threshold: f64, is_relative: bool) -> bool {
    match (mode, is_relative) {
        ("min", true) => metric < best * (1.0 - threshold) as f32,
        ("min", false) => metric < best - threshold as f32,
        (_, true) => metric > best * (threshold + 1.0) as f32,
        (_, false) => metric > best + threshold as f32,
    }
}

/// The learning rate after a plateau: times `factor`, no less than `min_lr`, and only where that changes it by `eps`.
pub fn reduced(lr: f32, factor: f64, min_lr: f32, eps: f64) -> f32 {
    let less = (lr * factor as f32).max(min_lr);
    if lr > less + eps as f32 { less } else { lr }
}
