//! Anomaly mitigation: who answers with far more errors than the others gets fewer requests.
//!
//! Facts: `http.anomaly_*`. The service says what it does, but not with which figures: cut fast, give back slowly.

use crate::engine::SimDuration;

/// When a server is an anomaly, and what that means for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mitigation {
    /// How often the answers are looked at.
    pub every: SimDuration,
    /// Nobody is an anomaly among fewer healthy servers.
    pub healthy_min: u32,
    /// The largest part of the servers that get less.
    pub part_max: f64,
    /// So many times the errors of the others are too many, and at least this share of the answers.
    pub ratio: f64,
    pub errors_min: f64,
    /// What is left of the weight of an anomaly, each time, and of its full weight in the end.
    pub cut: f64,
    pub floor: f64,
    /// What is given back each time, of the full weight.
    pub recovery: f64,
}

/// The weights of all servers; 1 is a full share.
#[derive(Debug, Clone)]
pub(super) struct Weights {
    mitigation: Mitigation,
    servers: Vec<Weight>,
}

#[derive(Debug, Clone, Copy)]
struct Weight {
    share: f64,
    /// Answers since the last look, and how many of them were errors.
    answers: u32,
    errors: u32,
}

impl Weights {
    /// Full shares for so many.
    pub(super) fn new(count: usize, mitigation: Mitigation) -> Self {
        Self { mitigation, servers: vec![Weight { share: 1.0, answers: 0, errors: 0 }; count] }
    }

    /// A server has answered, or was given up.
    pub(super) fn answered(&mut self, server: usize, failed: bool) {
        self.servers[server].answers += 1;
        self.servers[server].errors += u32::from(failed);
    }

    /// One of these, by weight; `uniform` decides.
    pub(super) fn draw(&self, candidates: &[usize], uniform: f64) -> Option<usize> {
        let total: f64 = candidates.iter().map(|&server| self.servers[server].share).sum();
        let mut left = uniform * total;
        let found = candidates.iter().find(|&&server| {
            left -= self.servers[server].share;
            left < 0.0
        });
        found.or(candidates.last()).copied()
    }

    /// Changes the weights by what was answered since the last look.
    pub(super) fn look(&mut self, healthy: u64) {
        let Mitigation { healthy_min, part_max, ratio, errors_min, cut, floor, recovery, .. } = self.mitigation;
        let all = self.servers.iter().fold((0, 0), |(answers, errors), server| {
            (answers + u64::from(server.answers), errors + u64::from(server.errors))
        });
        #[allow(clippy::cast_precision_loss, reason = "requests of a few seconds")]
        let share = |errors: u64, answers: u64| if answers == 0 { 0.0 } else { errors as f64 / answers as f64 };
        #[allow(clippy::cast_precision_loss, reason = "servers")]
        let most = self.servers.len() as f64 * part_max;
        let mut mitigated = self.servers.iter().filter(|server| server.share < 1.0).count();
        for server in &mut self.servers {
            let (answers, errors) = (u64::from(server.answers), u64::from(server.errors));
            let usual = share(all.1 - errors, all.0 - answers);
            let is_anomaly = share(errors, answers) > (ratio * usual).max(errors_min);
            (server.answers, server.errors) = (0, 0);
            if !is_anomaly {
                mitigated -= usize::from(server.share < 1.0 && server.share + recovery >= 1.0);
                server.share = (server.share + recovery).min(1.0);
                continue;
            }
            let is_new = server.share >= 1.0;
            #[allow(clippy::cast_precision_loss, reason = "servers")]
            let may = !is_new || (healthy >= u64::from(healthy_min) && (mitigated + 1) as f64 <= most);
            if may {
                mitigated += usize::from(is_new);
                server.share = (server.share * cut).max(floor);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(count: usize) -> Weights {
        let every = SimDuration::from_secs(10);
        let (healthy_min, part_max, ratio, errors_min) = (3, 0.5, 3.0, 0.05);
        let mitigation =
            Mitigation { every, healthy_min, part_max, ratio, errors_min, cut: 0.5, floor: 0.01, recovery: 0.1 };
        Weights::new(count, mitigation)
    }

    fn of(weights: &Weights) -> Vec<f64> {
        weights.servers.iter().map(|server| server.share).collect()
    }

    /// A hundred answers of each, and so many errors among them.
    fn answers(weights: &mut Weights, errors: &[u32]) {
        for (server, &errors) in errors.iter().enumerate() {
            (0..100).for_each(|answer| weights.answered(server, answer < errors));
        }
    }

    #[test]
    fn who_fails_more_than_the_others_gets_half_each_time_and_a_tenth_back() {
        let mut weights = weights(4);
        answers(&mut weights, &[0, 0, 30, 2]);
        weights.look(4);
        answers(&mut weights, &[0, 0, 30, 2]);
        weights.look(4);
        assert_eq!(of(&weights), [1.0, 1.0, 0.25, 1.0]);
        assert_eq!(weights.draw(&[0, 2], 0.85), Some(2));
        assert_eq!(weights.draw(&[0, 2], 0.75), Some(0));
        weights.look(4);
        assert!((of(&weights)[2] - 0.35).abs() < 1e-12);
        (0..9).for_each(|_| weights.look(4));
        assert_eq!(of(&weights), [1.0; 4]);
    }

    #[test]
    fn where_all_fail_or_few_are_left_nobody_is_an_anomaly() {
        let mut all = weights(4);
        answers(&mut all, &[60, 50, 55, 40]);
        all.look(4);
        assert_eq!(of(&all), [1.0; 4]);
        let mut few = weights(4);
        answers(&mut few, &[0, 0, 30, 0]);
        few.look(2);
        assert_eq!(of(&few), [1.0; 4]);
    }

    #[test]
    fn no_more_than_half_of_them_get_less() {
        let mut weights = weights(3);
        answers(&mut weights, &[0, 0, 100]);
        weights.look(3);
        answers(&mut weights, &[0, 100, 0]);
        weights.look(3);
        assert_eq!(of(&weights), [1.0, 1.0, 0.6]);
    }
}
