//! Quantiles of Student's t and of the normal distribution.
//!
//! Written here and not taken from a crate, because those use the platform's mathematics library, whose last bits
//! differ between systems: the intervals in our files have to be the same bytes everywhere. The tests compare with an
//! independent implementation.

use std::f64::consts::{FRAC_2_PI, SQRT_2};

/// The t such that a Student-t variable lies within ± t with probability `level`.
///
/// With t = √n tan θ, the probability A(θ) is a finite sum for whole degrees of freedom n (Abramowitz and Stegun,
/// *Handbook of Mathematical Functions*, 26.7.3 and 26.7.4). A is concave in θ, so that Newton's method from zero
/// rises to the solution without ever passing it. `level` lies within 0 and 1; zero degrees count as one.
pub fn student_two_sided(level: f64, degrees: u32) -> f64 {
    let n = degrees.max(1);
    let mut angle = 0.0;
    for _ in 0..200 {
        let (probability, slope_at_zero) = within_angle(angle, n);
        let slope = slope_at_zero * libm::pow(libm::cos(angle), f64::from(n - 1));
        let step = (level - probability) / slope;
        let next = angle + step;
        if step.is_nan() || next <= angle {
            break;
        }
        angle = next;
    }
    f64::from(n).sqrt() * libm::tan(angle)
}

/// A(θ) for `n` degrees of freedom, and its slope at zero.
fn within_angle(angle: f64, n: u32) -> (f64, f64) {
    let (sin, cos) = (libm::sin(angle), libm::cos(angle));
    let even = n.is_multiple_of(2);
    // The sum runs over cos^0, cos^2, ... for even n, over cos^1, cos^3, ... for odd n, up to cos^(n-2).
    let (mut coefficient, mut power) = if even { (1.0, 1.0) } else { (1.0, cos) };
    let (mut sum, mut coefficients) = (0.0, 0.0);
    let mut exponent = u32::from(!even);
    while exponent + 2 <= n {
        sum += coefficient * power;
        coefficients += coefficient;
        coefficient *= f64::from(exponent + 1) / f64::from(exponent + 2);
        power *= cos * cos;
        exponent += 2;
    }
    if even { (sin * sum, coefficients) } else { (FRAC_2_PI * (angle + sin * sum), FRAC_2_PI * (1.0 + coefficients)) }
}

/// The z such that a standard normal variable lies within ± z with probability `level`.
///
/// Newton's method on erf(z / √2) = level; concave for positive z, so that it rises from zero as above.
pub fn normal_two_sided(level: f64) -> f64 {
    let mut z = 0.0;
    for _ in 0..200 {
        let density = libm::exp(-z * z / 2.0) * FRAC_2_PI.sqrt();
        let step = (level - libm::erf(z / SQRT_2)) / density;
        let next = z + step;
        if step.is_nan() || next <= z {
            break;
        }
        z = next;
    }
    z
}

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

    fn close(a: f64, b: f64, tolerance: f64) -> bool {
        ((a - b) / b).abs() < tolerance
    }

    #[test]
    fn quantiles_match_the_printed_tables() {
        // Ten digits, from tables of the t distribution.
        assert!(close(student_two_sided(0.95, 9), 2.262_157_162_8, 1e-10));
        assert!(close(student_two_sided(0.95, 4), 2.776_445_105_2, 1e-10));
        assert!(close(student_two_sided(0.99, 1000), 2.580_754_698_1, 1e-10));
        assert!(close(normal_two_sided(0.95), 1.959_963_984_540, 1e-12));
    }

    #[test]
    fn quantiles_agree_with_an_independent_implementation() {
        for level in [0.5, 0.8, 0.95, 0.99, 0.999, 0.9999] {
            for degrees in 1..=60 {
                let other = StudentsT::new(0.0, 1.0, f64::from(degrees)).expect("valid");
                let expected = other.inverse_cdf(f64::midpoint(1.0, level));
                let found = student_two_sided(level, degrees);
                assert!(close(found, expected, 1e-8), "level {level}, {degrees} degrees: {found}, not {expected}");
            }
            let expected = Normal::standard().inverse_cdf(f64::midpoint(1.0, level));
            assert!(close(normal_two_sided(level), expected, 1e-9));
        }
    }

    #[test]
    fn one_and_two_degrees_have_closed_forms() {
        let level: f64 = 0.95;
        assert!(close(student_two_sided(level, 1), libm::tan(level * std::f64::consts::FRAC_PI_2), 1e-12));
        assert!(close(student_two_sided(level, 2), level * (2.0 / (1.0 - level * level)).sqrt(), 1e-12));
    }

    #[test]
    fn many_degrees_follow_the_expansion_around_the_normal() {
        // Cornish and Fisher; Abramowitz and Stegun 26.7.5. The next term is below 1e-9 here.
        for (level, degrees) in [(0.5, 2001), (0.95, 500), (0.999, 20_000)] {
            let (z, n) = (normal_two_sided(level), f64::from(degrees));
            let first = (z.powi(3) + z) / 4.0;
            let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
            let third = (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0;
            let expected = z + first / n + second / (n * n) + third / (n * n * n);
            assert!(close(student_two_sided(level, degrees), expected, 1e-9), "level {level}, {degrees} degrees");
        }
    }
}
