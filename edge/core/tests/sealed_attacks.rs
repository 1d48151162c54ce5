//! Sealed values under attack: every bit of every byte, every cut, every pair of purposes, and other keys and times.
#![cfg(not(target_arch = "wasm32"))]

mod support;

use std::rc::Rc;

use edgeward_core::{
    keys::Keys,
    oauth::{ClientDigest, CodeChallenge, Prompt, RedirectTarget, RedirectUri, Scope, redirect_uri::PrivateUseSchemes},
    platform::UnixTime,
    sealed::{
        self, AuthorizationCode, ConsentTransaction, OpenError, PendingAuthorization, Profile, RefreshAnswer,
        RefreshToken, Remembered, RememberedConsent, Seal, Transaction,
    },
};
use support::{CHALLENGE, KEYS, START, TestEdge, config};

const NOW: UnixTime = UnixTime::from_secs(START);
const CONTEXT: &str = "context";

/// One kind of sealed value.
struct Kind {
    purpose: &'static str,
    lifetime: u64,
    max_bytes: usize,
    keys: Rc<Keys>,
    sealed: String,
    open: fn(&str, &str, &Keys, UnixTime) -> Result<(), OpenError>,
}

fn open<T: Seal>(sealed: &str, context: &str, keys: &Keys, now: UnixTime) -> Result<(), OpenError> {
    sealed::open::<T>(sealed, context, keys, now).map(drop)
}

fn kind<T: Seal>(value: &T, edge: &TestEdge) -> Kind {
    let keys = Rc::new(config(&[]).unwrap().keys);
    let sealed = sealed::seal(value, CONTEXT, &keys, NOW, &edge.world).unwrap();
    Kind { purpose: T::PURPOSE, lifetime: T::LIFETIME, max_bytes: T::MAX_BYTES, keys, sealed, open: open::<T> }
}

impl Kind {
    fn opens(&self, sealed: &str) -> Result<(), OpenError> {
        (self.open)(sealed, CONTEXT, &self.keys, NOW)
    }
}

fn target() -> RedirectTarget {
    let uri = || RedirectUri::parse("https://client.example/cb", &PrivateUseSchemes::default()).unwrap();
    uri().find_in(&[uri()]).unwrap()
}

/// One of each kind, all with the same context.
fn all() -> [Kind; 7] {
    all_at(&TestEdge::new())
}

fn all_at(edge: &TestEdge) -> [Kind; 7] {
    let transaction = Transaction {
        id: "AAAAAAAAAAAAAAAAAAAAAA".into(),
        client: ClientDigest::of("client"),
        redirect_target: target(),
        client_state: Some("state".into()),
        code_challenge: CodeChallenge::parse(CHALLENGE).unwrap(),
        resource: "https://edge.example/mcp".into(),
        scope: Scope::parse("mcp").unwrap(),
        upstream_verifier: "verifier".into(),
        upstream_nonce: "nonce".into(),
        prompt: Prompt::LOGIN,
        login_hint: Some("demo".into()),
        remembered: Some(Remembered::By("subject".into())),
    };
    let refresh_token = RefreshToken {
        upstream_token: "upstream".into(),
        original_token: Some("original".into()),
        subject: "user".into(),
        resource: transaction.resource.clone(),
        scope: transaction.scope.clone(),
        grant_id: transaction.id.clone(),
    };
    let refresh_answer = RefreshAnswer {
        answered_at: NOW,
        subject: "user".into(),
        profile: Profile::default(),
        auth_time: Some(NOW),
        upstream_token: Some("upstream".into()),
        expires_at: NOW,
        upstream_scope: "openid".into(),
    };
    [
        kind(&ConsentTransaction(transaction.clone()), edge),
        kind(&PendingAuthorization(transaction.clone()), edge),
        kind(&AuthorizationCode { upstream_code: "code".into(), transaction: transaction.clone() }, edge),
        kind(&refresh_token, edge),
        kind(&RememberedConsent { scope: transaction.scope, subject: Some("subject".to_owned()) }, edge),
        kind(&Profile { username: Some("demo".into()), ..Profile::default() }, edge),
        kind(&refresh_answer, edge),
    ]
}

#[test]
fn no_bit_can_be_flipped() {
    for kind in all() {
        for at in 0..kind.sealed.len() {
            for bit in 0..8 {
                let mut bytes = kind.sealed.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                // What is no text cannot come at all.
                let Ok(changed) = String::from_utf8(bytes) else { continue };
                assert!(kind.opens(&changed).is_err(), "{}: bit {bit} of byte {at}", kind.purpose);
            }
        }
        assert_eq!(kind.opens(&kind.sealed), Ok(()), "{}", kind.purpose);
    }
}

#[test]
fn nothing_can_be_cut_off_or_put_on() {
    for kind in all() {
        let sealed = &kind.sealed;
        for at in 0..sealed.len() {
            assert!(kind.opens(&sealed[..at]).is_err(), "{}: cut to {at}", kind.purpose);
            assert!(kind.opens(&sealed[sealed.len() - at..]).is_err(), "{}: the last {at}", kind.purpose);
        }
        for more in ["A", "=", "==", "AAAA", ".", " ", "\n", "\0"] {
            assert!(kind.opens(&format!("{sealed}{more}")).is_err(), "{}: {more:?} behind it", kind.purpose);
            assert!(kind.opens(&format!("{more}{sealed}")).is_err(), "{}: {more:?} before it", kind.purpose);
        }
        assert_eq!(kind.opens(sealed), Ok(()), "{}", kind.purpose);
    }
}

#[test]
fn no_two_values_can_be_put_together() {
    let edge = TestEdge::new();
    for (one, other) in all_at(&edge).into_iter().zip(all_at(&edge)) {
        assert_ne!(one.sealed, other.sealed, "each has a nonce of its own");
        for at in one.sealed.find('.').unwrap() + 2..one.sealed.len() {
            let mixed = format!("{}{}", &one.sealed[..at], &other.sealed[at..]);
            // Towards the end they may have the same characters.
            if mixed != one.sealed && mixed != other.sealed {
                assert!(one.opens(&mixed).is_err(), "{}: mixed at {at}", one.purpose);
            }
        }
    }
}

#[test]
fn nothing_opens_for_another_purpose_or_context() {
    let kinds = all();
    for one in &kinds {
        for other in &kinds {
            let expected = if one.purpose == other.purpose { Ok(()) } else { Err(OpenError::NotOurs) };
            assert_eq!(other.opens(&one.sealed), expected, "{} as {}", one.purpose, other.purpose);
        }
        for context in ["", "contex", "contextx", "context\0", "Context", "other"] {
            let opened = (one.open)(&one.sealed, context, &one.keys, NOW);
            assert_eq!(opened, Err(OpenError::NotOurs), "{}: {context:?}", one.purpose);
        }
    }
}

#[test]
fn nothing_opens_at_another_deployment_or_under_another_keys_name() {
    // The same key ids with other keys, as two deployments may have that name theirs alike.
    let other =
        KEYS.replace("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
    assert_ne!(other, KEYS);
    let other = config(&[("EDGEWARD_KEYS", &other)]).unwrap().keys;
    // The same key under two names.
    let sealing =
        r#"{"kty":"oct","kid":"e1","use":"enc","alg":"XC20P","k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}"#;
    assert!(KEYS.contains(sealing));
    let renamed = KEYS.replace(sealing, &sealing.replace("e1", "e2"));
    let renamed = config(&[("EDGEWARD_KEYS", &renamed)]).unwrap().keys;
    for kind in all() {
        assert_eq!((kind.open)(&kind.sealed, CONTEXT, &other, NOW), Err(OpenError::NotOurs), "{}", kind.purpose);
        assert_eq!((kind.open)(&kind.sealed, CONTEXT, &renamed, NOW), Err(OpenError::UnknownKey), "{}", kind.purpose);
        let named = kind.sealed.replacen("e1.", "e2.", 1);
        assert_eq!((kind.open)(&named, CONTEXT, &renamed, NOW), Err(OpenError::NotOurs), "{}", kind.purpose);
        for unknown in ["", "e", "E1", "e11", "s1", "m1", "e1 ", "/e1", "__proto__"] {
            let named = kind.sealed.replacen("e1.", &format!("{unknown}."), 1);
            assert_eq!(kind.opens(&named), Err(OpenError::UnknownKey), "{}: {unknown:?}", kind.purpose);
        }
        assert_eq!(kind.opens(&kind.sealed), Ok(()), "{}", kind.purpose);
    }
}

#[test]
fn nothing_opens_after_its_time() {
    for kind in all() {
        let at = |seconds| (kind.open)(&kind.sealed, CONTEXT, &kind.keys, NOW.plus(seconds));
        assert_eq!(at(kind.lifetime - 1), Ok(()), "{}", kind.purpose);
        for late in [kind.lifetime, kind.lifetime + 1, 2 * kind.lifetime, u64::MAX] {
            assert_eq!(at(late), Err(OpenError::Expired), "{}: {late}", kind.purpose);
        }
    }
}

#[test]
fn what_is_too_long_is_not_opened() {
    for kind in all() {
        let of_length = |length: usize| format!("{}{}", kind.sealed, "A".repeat(length - kind.sealed.len()));
        let opened = |length| kind.opens(&of_length(length));
        // Of four lengths one is no base64.
        let longest = (kind.max_bytes - 1..=kind.max_bytes).filter(|length| opened(*length) == Err(OpenError::NotOurs));
        assert!(longest.count() > 0, "{}: up to the limit it is looked at", kind.purpose);
        for length in kind.max_bytes + 1..kind.max_bytes + 5 {
            assert_eq!(opened(length), Err(OpenError::Malformed), "{}: {length}", kind.purpose);
        }
    }
}
