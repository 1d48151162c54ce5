//! A deployment's private keys, as the one JWKS in which they are kept, with the dates of their lives.
//!
//! | member | what |
//! |---|---|
//! | `iat` | when the key was made |
//! | `nbf` | from when it may be put first: by then everybody who verifies knows it |
//! | `exp` | from when it may be removed: by then nothing that is valid depends on it |
//! | `replaces` | the ids of leaked keys that it has replaced, until it is delivered |

use std::fmt;

use anyhow::{Context as _, Result, bail};
use edgeward_core::keys::Keys;
use edgeward_identity::{
    SealingKeys, UnixTime,
    keys::{SigningKey, is_ed25519_signature_key},
};
use serde_json::{Map, Value};
use zeroize::{Zeroize as _, Zeroizing};

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    Signing,
    Sealing,
    Registration,
    /// The origin's, in a set of their own.
    Session,
}

impl Kind {
    /// Those of the edge.
    pub(crate) const ALL: [Self; 3] = [Self::Signing, Self::Sealing, Self::Registration];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Signing => "signing",
            Self::Sealing => "sealing",
            Self::Registration => "registration",
            Self::Session => "session",
        }
    }
}

/// A date of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Date {
    Made,
    UsableFrom,
    RemovableFrom,
}

impl Date {
    const fn member(self) -> &'static str {
        match self {
            Self::Made => "iat",
            Self::UsableFrom => "nbf",
            Self::RemovableFrom => "exp",
        }
    }
}

/// One private key. Wiped when dropped, and `Debug` shows its id alone.
#[derive(Clone)]
pub(crate) struct PrivateJwk(Map<String, Value>);

impl PrivateJwk {
    pub(crate) fn new(members: Value) -> Self {
        match members {
            Value::Object(members) => Self(members),
            _ => Self(Map::new()),
        }
    }

    pub(crate) fn key_id(&self) -> &str {
        self.text("kid")
    }

    /// The key itself, of one that signs; under another id, if that is given.
    pub(crate) fn signing_key(&self, id: Option<&str>) -> Result<SigningKey> {
        let mut key = self.clone();
        if let Some(id) = id {
            key.0.insert("kid".to_owned(), id.into());
        }
        let text = Zeroizing::new(serde_json::to_string(&key.0)?);
        Ok(SigningKey::from_jwk(&text)?)
    }

    /// What it is for, in the edge's set.
    fn kind(&self) -> Option<Kind> {
        match (self.text("kty"), self.text("use"), self.text("alg")) {
            ("oct", "enc", "XC20P") => Some(Kind::Sealing),
            ("oct", "sig", "HS256") => Some(Kind::Registration),
            // Looks at no private member.
            ("OKP", _, _) if is_ed25519_signature_key(&self.outline()) => Some(Kind::Signing),
            _ => None,
        }
    }

    pub(crate) fn date(&self, date: Date) -> Option<UnixTime> {
        let value = self.0.get(date.member())?;
        // A NumericDate may have a fraction (RFC 7519 §2).
        value.as_u64().or_else(|| value.as_f64().map(|seconds| seconds as u64)).map(UnixTime::from_secs)
    }

    pub(crate) fn set_date(&mut self, date: Date, at: Option<UnixTime>) {
        match at {
            Some(at) => self.0.insert(date.member().to_owned(), at.as_secs().into()),
            None => self.0.remove(date.member()),
        };
    }

    /// The ids of the keys that it has replaced, while it may not be delivered.
    pub(crate) fn replaces(&self) -> impl Iterator<Item = &str> {
        self.0.get(REPLACES).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    fn forget_replaced(&mut self) {
        self.0.remove(REPLACES);
    }

    fn text(&self, member: &str) -> &str {
        self.0.get(member).and_then(Value::as_str).unwrap_or_default()
    }

    fn outline(&self) -> Value {
        let known = ["kty", "crv", "use", "alg"];
        known.into_iter().filter_map(|name| Some((name.to_owned(), self.0.get(name)?.clone()))).collect()
    }
}

const REPLACES: &str = "replaces";

impl fmt::Debug for PrivateJwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateJwk").field("key_id", &self.key_id()).finish_non_exhaustive()
    }
}

impl Drop for PrivateJwk {
    fn drop(&mut self) {
        for (_, value) in &mut self.0 {
            if let Value::String(text) = value {
                text.zeroize();
            }
        }
    }
}

/// All private keys: the first of a kind is used, all of it verify or open.
#[derive(Debug, Clone)]
pub(crate) struct PrivateJwks {
    owner: Owner,
    keys: Vec<PrivateJwk>,
}

/// Who uses a set of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Edge,
    Origin,
}

impl PrivateJwks {
    /// The edge's.
    pub(crate) fn of(keys: Vec<PrivateJwk>) -> Self {
        Self { owner: Owner::Edge, keys }
    }

    /// The origin's, that seal the ids of sessions.
    pub(crate) fn of_sessions(keys: Vec<PrivateJwk>) -> Self {
        Self { owner: Owner::Origin, keys }
    }

    /// Parses what is kept; what the edge would refuse is refused.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        if let Err(problem) = Keys::parse(text) {
            bail!("the JWKS {problem}");
        }
        Ok(Self::of(Self::members(text)?))
    }

    /// Parses what is kept for the origin; what it would refuse is refused.
    pub(crate) fn parse_sessions(text: &str) -> Result<Self> {
        SealingKeys::from_jwks(text.as_bytes())?;
        Ok(Self::of_sessions(Self::members(text)?))
    }

    fn members(text: &str) -> Result<Vec<PrivateJwk>> {
        let document: Value = serde_json::from_slice(text.as_bytes()).context("the JWKS is not JSON")?;
        let Value::Object(mut members) = document else { bail!("the JWKS is no object") };
        let Some(Value::Array(keys)) = members.remove("keys") else { bail!("the JWKS has no keys") };
        Ok(keys.into_iter().map(PrivateJwk::new).collect())
    }

    fn kind_of(&self, key: &PrivateJwk) -> Option<Kind> {
        match self.owner {
            Owner::Edge => key.kind(),
            Owner::Origin => Some(Kind::Session),
        }
    }

    /// As it is kept.
    pub(crate) fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::from(r#"{"keys":["#));
        for (index, key) in self.keys.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            let key = Zeroizing::new(serde_json::to_string(&key.0).unwrap_or_default());
            text.push_str(&key);
        }
        text.push_str("]}");
        text
    }

    /// As the edge gets it: without the ids of replaced keys, which only this tool reads.
    pub(crate) fn to_deliver(&self) -> Zeroizing<String> {
        let mut delivered = self.clone();
        delivered.keys.iter_mut().for_each(PrivateJwk::forget_replaced);
        delivered.to_text()
    }

    /// The public keys, as they are published.
    pub(crate) fn public(&self) -> Result<Value> {
        match Keys::parse(&self.to_text()) {
            Ok(keys) => Ok(keys.public_jwks()),
            Err(problem) => bail!("the JWKS {problem}"),
        }
    }

    /// The keys of one kind, in their order.
    pub(crate) fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &PrivateJwk> {
        self.keys.iter().filter(move |key| self.kind_of(key) == Some(kind))
    }

    /// Adds a key behind all others.
    pub(crate) fn add(&mut self, key: PrivateJwk) {
        self.keys.push(key);
    }

    /// Sets a date of the key with this id.
    pub(crate) fn set_date(&mut self, key_id: &str, date: Date, at: UnixTime) {
        for key in self.keys.iter_mut().filter(|key| key.key_id() == key_id) {
            key.set_date(date, Some(at));
        }
    }

    /// The key that has replaced others is at the edge, and in use from now on.
    pub(crate) fn delivered(&mut self, key_id: &str, at: UnixTime) {
        self.set_date(key_id, Date::UsableFrom, at);
        self.keys.iter_mut().filter(|key| key.key_id() == key_id).for_each(PrivateJwk::forget_replaced);
    }

    /// Puts the key before all others of its kind; the one that was first may be removed from `removable_from`.
    pub(crate) fn promote(&mut self, key_id: &str, removable_from: UnixTime) {
        let Some(position) = self.keys.iter().position(|key| key.key_id() == key_id) else { return };
        let kind = self.kind_of(&self.keys[position]);
        let first = self.keys.iter().position(|key| self.kind_of(key) == kind);
        let Some(first) = first.filter(|first| *first != position) else { return };
        self.keys[first].set_date(Date::RemovableFrom, Some(removable_from));
        self.keys[position].set_date(Date::RemovableFrom, None);
        let key = self.keys.remove(position);
        self.keys.insert(first, key);
    }

    /// Takes these keys away, in use or not, and puts new ones before all others. Those that are still to be delivered say which
    /// keys of their kind they replace.
    pub(crate) fn replace(&mut self, leaked: &[String], mut new: Vec<PrivateJwk>) {
        for key in new.iter_mut().filter(|key| key.date(Date::UsableFrom).is_none()) {
            let Some(kind) = self.kind_of(key) else { continue };
            let replaced = self.of_kind(kind).filter(|key| leaked.iter().any(|id| id == key.key_id()));
            // With those of a run that broke off before.
            let replaced = replaced.flat_map(|key| std::iter::once(key.key_id()).chain(key.replaces()));
            key.0.insert(REPLACES.to_owned(), replaced.collect());
        }
        self.keys.retain(|key| leaked.iter().all(|id| id != key.key_id()));
        self.keys.splice(0..0, new);
    }

    /// Removes a key, but never the one that is in use.
    pub(crate) fn remove(&mut self, key_id: &str) {
        let first = |kind| self.of_kind(kind).next().map(|key| key.key_id().to_owned());
        let in_use: Vec<_> = Kind::ALL.into_iter().chain([Kind::Session]).filter_map(first).collect();
        self.keys.retain(|key| key.key_id() != key_id || in_use.iter().any(|id| id == key_id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate;

    fn keys() -> PrivateJwks {
        PrivateJwks::of(generate::all(UnixTime::from_secs(1_790_000_000)).unwrap())
    }

    fn ids(jwks: &PrivateJwks, kind: Kind) -> Vec<String> {
        jwks.of_kind(kind).map(|key| key.key_id().to_owned()).collect()
    }

    #[test]
    fn what_is_kept_is_what_the_edge_reads_dates_included() {
        let jwks = keys();
        let again = PrivateJwks::parse(&jwks.to_text()).unwrap();
        assert_eq!(*again.to_text(), *jwks.to_text());
        for kind in Kind::ALL {
            let key = again.of_kind(kind).next().unwrap();
            assert_eq!(key.date(Date::Made), Some(UnixTime::from_secs(1_790_000_000)));
        }
    }

    #[test]
    fn what_the_edge_would_refuse_is_refused() {
        let error = PrivateJwks::parse(r#"{"keys":[]}"#).unwrap_err();
        assert!(error.to_string().contains("no signing key"), "{error}");
        assert!(PrivateJwks::parse("hunter2").is_err());
    }

    #[test]
    fn debug_shows_no_key() {
        let jwks = keys();
        let shown = format!("{jwks:?}");
        for key in &jwks.keys {
            for member in ["d", "k"] {
                assert!(key.text(member).is_empty() || !shown.contains(key.text(member)));
            }
            assert!(shown.contains(key.key_id()));
        }
    }

    #[test]
    fn the_public_keys_hold_nothing_private() {
        let text = keys().public().unwrap().to_string();
        assert!(text.contains("\"x\"") && !text.contains("\"d\"") && !text.contains("\"k\""), "{text}");
    }

    #[test]
    fn a_promoted_key_is_first_of_its_kind_and_the_others_stay_where_they_are() {
        let mut jwks = keys();
        let old = ids(&jwks, Kind::Signing);
        let sealing = ids(&jwks, Kind::Sealing);
        let new = generate::one(Kind::Signing, UnixTime::from_secs(1)).unwrap();
        let new_id = new.key_id().to_owned();
        jwks.add(new);
        assert_eq!(ids(&jwks, Kind::Signing), [old[0].clone(), new_id.clone()]);
        jwks.promote(&new_id, UnixTime::from_secs(9));
        assert_eq!(ids(&jwks, Kind::Signing), [new_id, old[0].clone()]);
        assert_eq!(ids(&jwks, Kind::Sealing), sealing);
        let retired = jwks.of_kind(Kind::Signing).nth(1).unwrap();
        assert_eq!(retired.date(Date::RemovableFrom), Some(UnixTime::from_secs(9)));
    }

    #[test]
    fn the_key_in_use_cannot_be_removed_and_others_can() {
        let mut jwks = keys();
        let in_use = ids(&jwks, Kind::Signing);
        jwks.remove(&in_use[0]);
        assert_eq!(ids(&jwks, Kind::Signing), in_use);
        let new = generate::one(Kind::Signing, UnixTime::from_secs(1)).unwrap();
        let new_id = new.key_id().to_owned();
        jwks.add(new);
        jwks.remove(&new_id);
        assert_eq!(ids(&jwks, Kind::Signing), in_use);
    }

    #[test]
    fn a_date_with_a_fraction_is_read() {
        let key = PrivateJwk::new(serde_json::json!({ "iat": 12.75 }));
        assert_eq!(key.date(Date::Made), Some(UnixTime::from_secs(12)));
    }
}
