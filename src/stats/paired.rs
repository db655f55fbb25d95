//! Differences between designs that saw the same traffic.

use super::Estimate;

/// By how much `other` exceeds `base`, replication by replication.
///
/// Method: the paired t interval under common random numbers (Law, *Simulation Modeling and Analysis*, 5th ed., 10.2.1
/// and 11.2). Both designs met the same arrivals in replication i, so what was luck cancels, and the interval of the
/// difference is far narrower than those of the two means. Replications in which either was not measured do not count;
/// `None` when none is left. The designs differ, at 95 %, when the interval does not contain zero.
pub fn paired_difference(base: &[Option<f64>], other: &[Option<f64>]) -> Option<Estimate> {
    let differences: Vec<Option<f64>> =
        base.iter().zip(other).map(|(base, other)| Some((*other)? - (*base)?)).collect();
    Estimate::of(&differences)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_difference_is_certain_however_noisy_the_parts() {
        let base = [Some(1.0), Some(500.0), Some(-20.0)];
        let other = [Some(3.0), Some(502.0), Some(-18.0)];
        let difference = paired_difference(&base, &other).expect("three pairs");
        assert_eq!(difference, Estimate { mean: 2.0, half_width: Some(0.0), replications: 3 });
    }

    #[test]
    fn only_whole_pairs_count() {
        let difference = paired_difference(&[Some(1.0), None, Some(2.0)], &[Some(2.0), Some(9.0), None]);
        assert_eq!(difference, Some(Estimate { mean: 1.0, half_width: None, replications: 1 }));
        assert_eq!(paired_difference(&[None], &[Some(1.0)]), None);
    }
}
