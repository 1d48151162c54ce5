//! What to do next about the app client's secret: decided from what Cognito lists and what is stored.
//!
//! Cognito holds two secrets at most. A new one is added and the edge gets both; when every instance has both, the old
//! one goes; then the edge gets the new one alone. The parameter is written after the edge has what it says.

use edgeward_identity::UnixTime;

use crate::{pool::Listed, rotation::ROLLOUT};

/// What is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Add a secret, and give the edge both.
    Add,
    /// Not before this moment is the old one deleted.
    Wait(UnixTime),
    /// Delete this one, the old one, and give the edge the new one alone.
    Delete(String),
    /// The old one is deleted: give the edge the new one alone.
    Settle,
    /// Cognito lists a secret that is not stored: the newer one, by its id.
    Unknown(String),
    /// What is stored and what is listed cannot belong together.
    Inconsistent,
}

/// Plans the next step. `stored` says how many secrets are stored, since `modified`; `listed` is sorted, oldest first.
pub(crate) fn plan(stored: usize, modified: UnixTime, listed: &[Listed], now: UnixTime) -> Plan {
    match (listed, stored) {
        ([_], 1) => Plan::Add,
        ([old, _], 2) => match modified.plus(ROLLOUT) {
            from if from <= now => Plan::Delete(old.id.clone()),
            until => Plan::Wait(until),
        },
        ([_], 2) => Plan::Settle,
        ([_, new], 1) => Plan::Unknown(new.id.clone()),
        _ => Plan::Inconsistent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> UnixTime {
        UnixTime::from_secs(1_790_000_000 + seconds)
    }

    fn listed(count: u64) -> Vec<Listed> {
        (0..count).map(|n| Listed { id: format!("secret-{n}"), created: at(n) }).collect()
    }

    #[test]
    fn a_rotation_goes_step_by_step() {
        assert_eq!(plan(1, at(0), &listed(1), at(0)), Plan::Add);
        assert_eq!(plan(2, at(0), &listed(2), at(ROLLOUT - 1)), Plan::Wait(at(ROLLOUT)));
        assert_eq!(plan(2, at(0), &listed(2), at(ROLLOUT)), Plan::Delete("secret-0".into()));
        assert_eq!(plan(2, at(0), &listed(1), at(ROLLOUT)), Plan::Settle);
    }

    #[test]
    fn a_secret_that_is_not_stored_is_not_taken_for_the_old_one() {
        assert_eq!(plan(1, at(0), &listed(2), at(ROLLOUT)), Plan::Unknown("secret-1".into()));
    }

    #[test]
    fn nonsense_is_no_step() {
        for (stored, count) in [(0, 1), (1, 0), (2, 0), (3, 2)] {
            assert_eq!(plan(stored, at(0), &listed(count), at(ROLLOUT)), Plan::Inconsistent);
        }
    }
}
