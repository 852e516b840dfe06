//! Python's arithmetic on floats, and torch's on rates.

use crate::replay::libm::pow;

/// What a learning rate is kept in: a Python float or float64 tensor (`f64`), or a float32 tensor (`f32`).
pub trait Rate: Copy {
    /// The rate that `fill_` makes of a Python float.
    fn of(x: f64) -> Self;
    /// Its value.
    fn value(self) -> f64;
    /// `self * x`
    fn times(self, x: f64) -> Self;
    /// `self + x`
    fn plus(self, x: f64) -> Self;
    /// `self - x`
    fn minus(self, x: f64) -> Self;
    /// `self / x`
    fn over(self, x: f64) -> Self;
    /// `self + other`
    fn and(self, other: Self) -> Self;
}

impl Rate for f64 {
    fn of(x: f64) -> f64 {
        x
    }
    fn value(self) -> f64 {
        self
    }
    fn times(self, x: f64) -> f64 {
        self * x
    }
    fn plus(self, x: f64) -> f64 {
        self + x
    }
    fn minus(self, x: f64) -> f64 {
        self - x
    }
    fn over(self, x: f64) -> f64 {
        self / x
    }
    fn and(self, other: f64) -> f64 {
        self + other
    }
}

impl Rate for f32 {
    fn of(x: f64) -> f32 {
        x as f32
    }
    fn value(self) -> f64 {
        f64::from(self)
    }
    fn times(self, x: f64) -> f32 {
        self * x as f32
    }
    fn plus(self, x: f64) -> f32 {
        self + x as f32
    }
    fn minus(self, x: f64) -> f32 {
        self - x as f32
    }
    fn over(self, x: f64) -> f32 {
        self / x as f32
    }
    fn and(self, other: f32) -> f32 {
        self + other
    }
}

/// Python's `x ** y` on floats; None where Python raises.
pub fn power(x: f64, y: f64) -> Option<f64> {
    let is_error = x == 0.0 && y < 0.0 || x < 0.0 && y.fract() != 0.0;
    let value = pow(x, y);
    (!is_error && (value.is_finite() || !x.is_finite() || !y.is_finite())).then_some(value)
}

/// Python's `x / y` on floats; None where Python raises.
pub fn quotient(x: f64, y: f64) -> Option<f64> {
    (y != 0.0).then(|| x / y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_python_raises_there_is_no_number() {
        assert_eq!(power(0.0, -1.0), None);
        assert_eq!(power(-8.0, 1.0 / 3.0), None);
        assert_eq!(power(10.0, 400.0), None);
        assert_eq!(power(10.0, -400.0), Some(0.0));
        assert_eq!(quotient(1.0, 0.0), None);
    }
}
