//! Which keys go after a leak, and which kinds need a new one: decided from the stored keys alone.
//!
//! A new key is stored before it is delivered, without the date from which it may be used ([`Date::UsableFrom`]), and with
//! the ids of the keys that it replaces. Once it is delivered, it gets that date and loses those ids. So a run that broke off
//! is recognized for an hour, and the next one delivers what is stored instead of replacing the new key as well. After that the
//! key may have been delivered by another command, and may have leaked itself.

use edgeward_identity::UnixTime;

use crate::jwks::{Date, Kind, PrivateJwk, PrivateJwks};

/// A run that broke off is finished within this many seconds, or begun anew.
const FINISHED_WITHIN: u64 = 3600;

/// Which keys have leaked.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Suspects<'a> {
    /// The key in use of each kind.
    InUse,
    /// All that are stored: whoever has seen one value has seen them all.
    All,
    /// Those with these ids.
    Named(&'a [String]),
}

/// What a run has to do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Replacement {
    /// Keys that go, with their kinds.
    pub(crate) leaked: Vec<(Kind, String)>,
    /// Kinds whose key in use goes, so that they need a new one.
    pub(crate) renewed: Vec<Kind>,
    /// Keys that a run before has put in use and has not delivered, as far as is known.
    pub(crate) undelivered: Vec<(Kind, String)>,
}

/// An id that none of the stored keys has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnknownKey(pub(crate) String);

/// Plans the replacement of keys of these kinds.
///
/// # Errors
/// When a named key is not stored, unless an earlier run that is to be finished has replaced it.
pub(crate) fn plan(
    keys: &PrivateJwks,
    kinds: &[Kind],
    suspects: Suspects<'_>,
    now: UnixTime,
) -> Result<Replacement, UnknownKey> {
    let mut plan = Replacement::default();
    let mut replaced = Vec::new();
    for &kind in kinds {
        for (index, key) in keys.of_kind(kind).enumerate() {
            let id = key.key_id().to_owned();
            let is_in_use = index == 0;
            let is_undelivered = is_in_use && is_undelivered(key, now);
            replaced.extend(is_undelivered.then(|| key.replaces()).into_iter().flatten());
            let has_leaked = match suspects {
                Suspects::InUse => is_in_use && !is_undelivered,
                Suspects::All => true,
                Suspects::Named(named) => named.contains(&id),
            };
            match (has_leaked, is_undelivered) {
                (true, _) => {
                    plan.renewed.extend(is_in_use.then_some(kind));
                    plan.leaked.push((kind, id));
                }
                (false, true) => plan.undelivered.push((kind, id)),
                (false, false) => {}
            }
        }
    }
    let is_known = |id: &String| plan.leaked.iter().any(|(_, leaked)| leaked == id) || replaced.contains(&id.as_str());
    if let Suspects::Named(named) = suspects
        && let Some(unknown) = named.iter().find(|id| !is_known(id))
    {
        return Err(UnknownKey(unknown.clone()));
    }
    Ok(plan)
}

fn is_undelivered(key: &PrivateJwk, now: UnixTime) -> bool {
    key.date(Date::UsableFrom).is_none()
        && key.date(Date::Made).is_some_and(|made| now.secs_since(made) < FINISHED_WITHIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate;

    fn at(seconds: u64) -> UnixTime {
        UnixTime::from_secs(1_790_000_000 + seconds)
    }

    fn ids(keys: &PrivateJwks, kind: Kind) -> Vec<String> {
        keys.of_kind(kind).map(|key| key.key_id().to_owned()).collect()
    }

    /// In the middle of a rotation: a retiring signing key and a pending one.
    fn rotating() -> PrivateJwks {
        let mut keys = PrivateJwks::of(generate::all(at(0)).unwrap());
        for promoted in [true, false] {
            let mut new = generate::one(Kind::Signing, at(1)).unwrap();
            new.set_date(Date::UsableFrom, Some(at(2)));
            let id = new.key_id().to_owned();
            keys.add(new);
            if promoted {
                keys.promote(&id, at(9));
            }
        }
        keys
    }

    #[test]
    fn the_key_in_use_goes_and_its_kind_gets_a_new_one() {
        let keys = rotating();
        let [in_use, _, _] = &ids(&keys, Kind::Signing)[..] else { panic!("not three") };
        let plan = plan(&keys, &[Kind::Signing], Suspects::InUse, at(10)).unwrap();
        assert_eq!(plan.leaked, [(Kind::Signing, in_use.clone())]);
        assert_eq!((plan.renewed, plan.undelivered), (vec![Kind::Signing], vec![]));
    }

    #[test]
    fn a_key_that_is_not_in_use_goes_without_a_new_one() {
        let keys = rotating();
        for other in &ids(&keys, Kind::Signing)[1..] {
            let plan = plan(&keys, &[Kind::Signing], Suspects::Named(std::slice::from_ref(other)), at(10)).unwrap();
            assert_eq!((plan.leaked, plan.renewed), (vec![(Kind::Signing, other.clone())], vec![]));
        }
    }

    #[test]
    fn when_the_whole_set_has_leaked_all_of_it_goes() {
        let keys = rotating();
        let plan = plan(&keys, &Kind::ALL, Suspects::All, at(10)).unwrap();
        assert_eq!(plan.leaked.len(), 5);
        assert_eq!(plan.renewed, Kind::ALL);
    }

    #[test]
    fn an_id_that_is_not_stored_is_an_error() {
        let keys = rotating();
        let sealing = ids(&keys, Kind::Sealing);
        for unknown in ["sign-misspelt", &sealing[0]] {
            let named = [ids(&keys, Kind::Signing)[0].clone(), unknown.to_owned()];
            let refused = plan(&keys, &[Kind::Signing], Suspects::Named(&named), at(10));
            assert_eq!(refused, Err(UnknownKey(unknown.to_owned())));
        }
    }

    #[test]
    fn a_run_that_broke_off_is_finished_and_replaces_nothing_again() {
        let mut keys = rotating();
        let leaked = ids(&keys, Kind::Signing)[0].clone();
        let new = generate::one(Kind::Signing, at(5)).unwrap();
        let new_id = new.key_id().to_owned();
        keys.replace(std::slice::from_ref(&leaked), vec![new]);
        let named = [leaked];
        for suspects in [Suspects::InUse, Suspects::Named(&named)] {
            let plan = plan(&keys, &[Kind::Signing], suspects, at(10)).unwrap();
            assert_eq!((plan.leaked, plan.renewed), (vec![], vec![]));
            assert_eq!(plan.undelivered, [(Kind::Signing, new_id.clone())]);
        }
        // Only what it has replaced may be named, not what was never there.
        let misspelt = [named[0].clone(), "sign-misspelt".to_owned()];
        for named in [&misspelt[..], &misspelt[1..]] {
            let refused = plan(&keys, &[Kind::Signing], Suspects::Named(named), at(10));
            assert_eq!(refused, Err(UnknownKey("sign-misspelt".to_owned())));
        }
        // It has leaked as well.
        let plan = plan(&keys, &[Kind::Signing], Suspects::Named(std::slice::from_ref(&new_id)), at(10)).unwrap();
        assert_eq!((plan.leaked, plan.renewed), (vec![(Kind::Signing, new_id.clone())], vec![Kind::Signing]));
        // When the whole set has leaked, it is in it.
        let all = self::plan(&keys, &[Kind::Signing], Suspects::All, at(10)).unwrap();
        assert!(all.undelivered.is_empty() && all.leaked.contains(&(Kind::Signing, new_id.clone())));
        // Long afterwards another command has delivered it: it is the key in use, and goes.
        let later = self::plan(&keys, &[Kind::Signing], Suspects::InUse, at(5 + FINISHED_WITHIN)).unwrap();
        assert_eq!((later.leaked, later.undelivered), (vec![(Kind::Signing, new_id)], vec![]));
    }

    #[test]
    fn a_run_that_broke_off_twice_is_finished_by_either_name() {
        let mut keys = rotating();
        let mut names = Vec::new();
        for made in [5, 6] {
            names.push(ids(&keys, Kind::Signing)[0].clone());
            keys.replace(&names, vec![generate::one(Kind::Signing, at(made)).unwrap()]);
        }
        let plan = |keys: &PrivateJwks| plan(keys, &[Kind::Signing], Suspects::Named(&names), at(10));
        assert_eq!(plan(&keys).unwrap().leaked, []);
        // Once it is finished, its names are forgotten.
        let new = ids(&keys, Kind::Signing)[0].clone();
        keys.delivered(&new, at(11));
        assert_eq!(plan(&keys), Err(UnknownKey(names[0].clone())));
        assert!(names.iter().all(|id| !keys.to_text().contains(id)));
    }

    #[test]
    fn keys_made_by_hand_have_no_dates_and_go_all_the_same() {
        let mut keys = PrivateJwks::of(generate::all(at(0)).unwrap());
        let text = keys.to_text().replace("\"iat\"", "\"x-iat\"").replace("\"nbf\"", "\"x-nbf\"");
        keys = PrivateJwks::parse(&text).unwrap();
        let plan = plan(&keys, &[Kind::Sealing], Suspects::InUse, at(10)).unwrap();
        assert_eq!(plan.renewed, [Kind::Sealing]);
    }
}
