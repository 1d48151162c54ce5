//! Private keys, and those that the origin has: the edge's public ones, and its own.

use edgeward_identity::{
    UnixTime,
    names::{
        edge::KEYS,
        origin::{JWKS, SESSION_KEYS},
    },
};
use serde_json::Value;

use super::super::{Described, keys_parameter, session_keys_parameter};
use crate::{
    date,
    jwks::{Date, Kind, PrivateJwks},
    parameter::Parameters,
    report::{Problem, Report},
    rotation::NEVER,
};

/// Keys that are used for longer should be rotated.
const MAX_DAYS: [(Kind, u64); 3] = [(Kind::Signing, 180), (Kind::Sealing, 365), (Kind::Session, 365)];

/// A rotation of which no step was done for so long has been forgotten.
const FORGOTTEN: u64 = 7 * 86_400;

pub(super) fn check(described: &Described, origin: Option<&Parameters>, now: UnixTime, report: &mut Report) {
    let place = keys_parameter(&described.store.deployment);
    // Malformed and missing ones are named with the other settings.
    let keys = described.settings.get(KEYS).and_then(|text| PrivateJwks::parse(text).ok());
    if let Some(keys) = &keys {
        for kind in Kind::ALL {
            dates(keys, kind, &place, now, report);
        }
    }
    let Some(origin) = origin else { return };
    published(described, origin, keys.as_ref(), report);
    sessions(described, origin, now, report);
}

fn sessions(described: &Described, origin: &Parameters, now: UnixTime, report: &mut Report) {
    let place = session_keys_parameter(&described.store.deployment);
    let mut problem = |what: String, remedy: &str| report.problem(Problem::new(&place, what, remedy));
    let Some(found) = origin.get(SESSION_KEYS.parameter) else {
        problem("is missing: no task of the origin would start".to_owned(), "run `edgeward keygen`");
        return;
    };
    const REPLACE: &str = "delete it, run `edgeward keygen`, and restart the origin's tasks: clients initialize anew";
    if !found.is_secure {
        problem("holds a secret and is not encrypted".to_owned(), REPLACE);
    }
    match PrivateJwks::parse_sessions(found.text()) {
        Ok(keys) => dates(&keys, Kind::Session, &place, now, report),
        Err(error) => problem(format!("is not what the origin wants: {error}"), REPLACE),
    }
}

fn dates(keys: &PrivateJwks, kind: Kind, place: &str, now: UnixTime, report: &mut Report) {
    let word = kind.word();
    let rotate = format!("run `edgeward rotate {word}`");
    let mut problem = |what: String, remedy: &str| report.problem(Problem::new(place, what, remedy));
    for (index, key) in keys.of_kind(kind).enumerate() {
        let (id, usable, removable) = (key.key_id(), key.date(Date::UsableFrom), key.date(Date::RemovableFrom));
        if index == 0 {
            if let Some(from) = usable.filter(|from| *from > now) {
                let what = format!("the {word} key {id} is in use before everybody knows it ({})", date::text(from));
                problem(what, "put it behind the others until then");
            }
            let since = usable.or(key.date(Date::Made));
            let max = MAX_DAYS.iter().find(|(other, _)| *other == kind).map(|(_, days)| *days);
            if let (Some(since), Some(days)) = (since, max)
                && now.secs_since(since) > days * 86_400
            {
                problem(format!("the {word} key {id} is in use for more than {days} days"), &rotate);
            }
            continue;
        }
        let due = removable.filter(|from| *from != NEVER).or(usable);
        if let Some(due) = due.filter(|due| removable != Some(NEVER) && now.secs_since(*due) > FORGOTTEN) {
            problem(format!("the rotation of the {word} key {id} stands still since {}", date::text(due)), &rotate);
        }
    }
}

fn published(described: &Described, origin: &Parameters, keys: Option<&PrivateJwks>, report: &mut Report) {
    let place = format!("{}/{}", described.store.deployment.origin_path(), JWKS.parameter);
    let mut problem = |what: &str, remedy: &str| report.problem(Problem::new(place.clone(), what, remedy));
    const PUBLISH: &str = "run `edgeward publish-jwks`";
    let Some(text) = origin.get(JWKS.parameter).map(|found| found.text()) else {
        problem("is missing", PUBLISH);
        return;
    };
    let Some(document) = serde_json::from_str::<Value>(text).ok().filter(|document| document["keys"].is_array()) else {
        problem("is not a JWKS", PUBLISH);
        return;
    };
    if document["keys"].as_array().is_some_and(|keys| keys.iter().any(is_private)) {
        problem(
            "holds a private key, which everybody with access to it may have read",
            "run `edgeward publish-jwks`, then `edgeward leaked keys`",
        );
        return;
    }
    if keys.and_then(|keys| keys.public().ok()).is_some_and(|expected| expected != document) {
        problem("is not the public part of the edge's keys", PUBLISH);
    }
}

fn is_private(jwk: &Value) -> bool {
    jwk["kty"] == "oct" || ["d", "k", "p", "q"].into_iter().any(|member| jwk.get(member).is_some())
}
