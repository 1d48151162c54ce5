//! What to do next about the keys of one kind: decided from their order and dates alone.
//!
//! A key is added behind the one in use (it verifies), is put first when everybody who verifies knows it (it signs), and
//! the one that was first goes when nothing that is valid depends on it. A step is dated after it has reached the edge,
//! so a run that was cut short is simply repeated.

use edgeward_identity::UnixTime;

use crate::jwks::{Date, Kind, PrivateJwk};

#[cfg(test)]
mod tests;

/// Seconds until a change has reached every running instance of the edge.
pub(crate) const ROLLOUT: u64 = 300;

/// Seconds for which caches may keep the edge's JWKS.
pub(crate) const EDGE_JWKS_CACHE: u64 = 300;

/// Seconds after which an origin reads keys again.
pub(crate) const ORIGIN_KEYS_AGE: u64 = 600;

/// Longest life of an access token that the edge can be set to.
pub(crate) const ACCESS_TOKEN: u64 = 86_400;

/// Life of a session id.
pub(crate) const SESSION: u64 = 86_400;

/// The end of time (RFC 5280 §4.1.2.5): for what never expires.
pub(crate) const NEVER: UnixTime = UnixTime::from_secs(253_402_300_799);

/// Seconds after it was delivered until a key may be used.
pub(crate) const fn publication(kind: Kind) -> u64 {
    match kind {
        Kind::Signing => ROLLOUT + EDGE_JWKS_CACHE + ORIGIN_KEYS_AGE,
        // Nobody but the edge opens what it has sealed.
        Kind::Sealing | Kind::Registration => ROLLOUT,
        // A task that meets a key before it has read it reads at once; this is for the case that it cannot.
        Kind::Session => ORIGIN_KEYS_AGE,
    }
}

/// When a key may be removed that was replaced at `replaced`. Refresh tokens are good for `refresh_token` seconds.
pub(crate) fn removable_from(kind: Kind, replaced: UnixTime, refresh_token: u64) -> UnixTime {
    match kind {
        Kind::Signing => replaced.plus(ROLLOUT + ACCESS_TOKEN),
        // An access token holds a sealed profile.
        Kind::Sealing => replaced.plus(ROLLOUT + refresh_token.max(ACCESS_TOKEN)),
        // Until it has read the keys again, a task seals with the old one.
        Kind::Session => replaced.plus(ORIGIN_KEYS_AGE + SESSION),
        // A client_id has no end.
        Kind::Registration => NEVER,
    }
}

/// A key as the plan sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Life {
    pub(crate) key_id: String,
    pub(crate) made: Option<UnixTime>,
    pub(crate) usable_from: Option<UnixTime>,
    pub(crate) removable_from: Option<UnixTime>,
}

impl Life {
    pub(crate) fn of(key: &PrivateJwk) -> Self {
        Self {
            key_id: key.key_id().to_owned(),
            made: key.date(Date::Made),
            usable_from: key.date(Date::UsableFrom),
            removable_from: key.date(Date::RemovableFrom),
        }
    }
}

/// What the operator wants besides the usual.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wish {
    /// Begin another rotation although keys of the last are still kept.
    pub(crate) begin: bool,
    /// Remove the oldest replaced key now, whatever depends on it.
    pub(crate) force_remove: bool,
    /// Begin only if the key in use is at least this many seconds old.
    pub(crate) older_than: u64,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Make a key and deliver it behind the others.
    Add,
    /// Deliver a key again of which it is not known whether it was delivered.
    Deliver { key_id: String },
    /// Put it first.
    Promote { key_id: String },
    /// Remove it.
    Remove { key_id: String },
}

/// What is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Plan {
    /// This step.
    Do(Step),
    /// Nothing before `until`; then `step`.
    Wait { until: UnixTime, step: Step },
    /// A replaced key is kept that something depends on for ever.
    Kept { key_id: String },
    /// There is no key that could be removed.
    NothingToRemove,
}

/// Plans the next step for the keys of one kind, in their order.
pub(crate) fn plan(keys: &[Life], now: UnixTime, wish: Wish) -> Plan {
    let Some((in_use, behind)) = keys.split_first() else { return Plan::Do(Step::Add) };
    let mut replaced: Vec<_> =
        behind.iter().filter_map(|key| Some((key.removable_from?, key.key_id.clone()))).collect();
    replaced.sort();
    let oldest = replaced.into_iter().next();

    if wish.force_remove {
        return oldest.map_or(Plan::NothingToRemove, |(_, key_id)| Plan::Do(Step::Remove { key_id }));
    }
    if let Some((_, key_id)) = oldest.as_ref().filter(|(from, _)| *from <= now) {
        return Plan::Do(Step::Remove { key_id: key_id.clone() });
    }
    if let Some(next) = behind.iter().find(|key| key.removable_from.is_none()) {
        let key_id = next.key_id.clone();
        return match next.usable_from {
            None => Plan::Do(Step::Deliver { key_id }),
            Some(from) if from <= now => Plan::Do(Step::Promote { key_id }),
            Some(until) => Plan::Wait { until, step: Step::Promote { key_id } },
        };
    }
    match oldest {
        Some((from, key_id)) if !wish.begin => match from {
            NEVER => Plan::Kept { key_id },
            until => Plan::Wait { until, step: Step::Remove { key_id } },
        },
        _ => {
            let since = in_use.usable_from.or(in_use.made).unwrap_or(UnixTime::from_secs(0));
            match since.plus(wish.older_than) {
                from if from <= now => Plan::Do(Step::Add),
                until => Plan::Wait { until, step: Step::Add },
            }
        }
    }
}
