//! What instances of an edge share, as `CoordinateRefreshes` says, in seconds of the test's clock.

use std::collections::{HashMap, HashSet};

use edgeward_core::platform::{
    ClaimOutcome, CoordinationError, LEASE_MS, PublishedAnswer, RefreshClaim, RefreshUpdate,
};

/// The shared memory.
#[derive(Default)]
pub(crate) struct Coordinator {
    leases: HashMap<Key, Lease>,
    answers: HashMap<Key, (PublishedAnswer, u64)>,
    forgotten: HashSet<String>,
    /// The answer to a claim is lost on its way: the claim is granted, and fails.
    pub(crate) loses_turns: bool,
    /// Every call fails with this.
    pub(crate) fails: Option<CoordinationError>,
    /// How often it was called.
    pub(crate) calls: usize,
    /// Everything that it was ever told, as text.
    pub(crate) told: String,
}

/// The names of a grant and a token.
type Key = (String, String);

struct Lease {
    holder: String,
    until: u64,
    is_forgotten: bool,
}

fn key(claim: &RefreshClaim) -> Key {
    (claim.grant.clone(), claim.token.clone())
}

impl Coordinator {
    pub(crate) fn claim(&mut self, claim: &RefreshClaim, now: u64) -> ClaimOutcome {
        self.told.push_str(&format!("{claim:?}"));
        let answer = self.newest(key(claim), now).cloned();
        let asked = match &answer {
            Some(answer) => answer.next.clone().map(|next| (claim.grant.clone(), next)),
            None => Some(key(claim)),
        };
        match asked.and_then(|asked| self.leases.get_mut(&asked)) {
            Some(lease) if lease.holder != claim.holder && now < lease.until => return ClaimOutcome::Busy,
            Some(lease) if lease.holder == claim.holder => lease.until = end(now),
            _ if answer.is_none() => {
                let lease = Lease { holder: claim.holder.clone(), until: end(now), is_forgotten: false };
                self.leases.insert(key(claim), lease);
            }
            _ => {}
        }
        answer.map_or(ClaimOutcome::Ask, |answer| ClaimOutcome::Answered(answer.sealed))
    }

    pub(crate) fn update(&mut self, update: RefreshUpdate<'_>, now: u64) {
        match update {
            RefreshUpdate::Renew(claim) => self.renew(claim, now),
            RefreshUpdate::Publish(claim, answer) => self.publish(claim, answer, now),
            RefreshUpdate::Withdraw(claim) => self.end(claim),
            RefreshUpdate::Refuse(claim) => {
                let holder = self.leases.get(&key(claim)).map(|lease| lease.holder.clone());
                self.end(claim);
                if holder.map_or(self.current(&key(claim), now).is_none(), |holder| holder == claim.holder) {
                    self.answers.retain(|(grant, _), (answer, _)| {
                        *grant != claim.grant || answer.next.as_ref() != Some(&claim.token)
                    });
                }
            }
            RefreshUpdate::Forget(grant) => self.forget(grant),
        }
    }

    fn renew(&mut self, claim: &RefreshClaim, now: u64) {
        if let Some(lease) = self.leases.get_mut(&key(claim)).filter(|lease| lease.holder == claim.holder) {
            lease.until = end(now);
        }
    }

    fn publish(&mut self, claim: &RefreshClaim, answer: &PublishedAnswer, now: u64) {
        self.told.push_str(&format!("{answer:?}"));
        let lease = self.leases.get(&key(claim));
        if lease.is_some_and(|lease| lease.holder != claim.holder) {
            return;
        }
        let is_dropped = match self.leases.remove(&key(claim)) {
            Some(lease) => lease.is_forgotten,
            None => self.forgotten.contains(&claim.grant) || self.current(&key(claim), now).is_some(),
        };
        if !is_dropped {
            self.answers.insert(key(claim), (answer.clone(), now + u64::from(answer.lifetime_seconds)));
        }
    }

    fn end(&mut self, claim: &RefreshClaim) {
        if self.leases.get(&key(claim)).is_some_and(|lease| lease.holder == claim.holder) {
            self.leases.remove(&key(claim));
        }
    }

    fn forget(&mut self, grant: &str) {
        self.forgotten.insert(grant.to_owned());
        self.answers.retain(|(known, _), _| known != grant);
        self.leases
            .iter_mut()
            .filter(|((known, _), _)| known == grant)
            .for_each(|(_, lease)| lease.is_forgotten = true);
    }

    /// Puts something else in the place of every answer.
    pub(crate) fn replace_answers(&mut self, sealed: &str) {
        self.answers.values_mut().for_each(|(answer, _)| answer.sealed = sealed.to_owned());
    }

    fn current(&self, key: &Key, now: u64) -> Option<&PublishedAnswer> {
        self.answers.get(key).filter(|(_, until)| now < *until).map(|(answer, _)| answer)
    }

    fn newest(&self, mut key: Key, now: u64) -> Option<&PublishedAnswer> {
        let mut newest = self.current(&key, now)?;
        while let Some(next) = &newest.next {
            key.1.clone_from(next);
            let Some(later) = self.current(&key, now).filter(|later| later.next.is_some()) else { break };
            newest = later;
        }
        Some(newest)
    }
}

fn end(now: u64) -> u64 {
    now + u64::from(LEASE_MS / 1000)
}
