//! What holds for every identity, every time and every token.

mod support;

use edgeward_identity::{
    AssertionError, Identity, Kind, UnixTime,
    assertion::{MAX_LIFETIME, MAX_SKEW, TYPE, mint},
    jws, traceparent,
};
use proptest::prelude::*;
use support::{AUDIENCE, ISSUER, NOW, foreign_key, identity, key, verifier};

/// Any moment from 2001 until the year 5138.
fn moment() -> impl Strategy<Value = UnixTime> {
    (1_000_000_000u64..100_000_000_000).prop_map(UnixTime::from_secs)
}

fn any_identity() -> impl Strategy<Value = Identity> {
    // RFC 6749 §3.3: what a scope token is made of.
    let scopes = prop::collection::vec("[!#-\\[\\]-~]{1,12}", 0..4);
    let text = "\\PC{0,24}";
    let optional = prop::option::of(text);
    (
        "\\PC{1,24}",
        prop_oneof![Just(Kind::User), Just(Kind::Machine)],
        text,
        scopes,
        optional.clone(),
        optional.clone(),
        optional,
        prop::collection::vec(text, 0..3),
        prop::option::of(moment()),
        text,
    )
        .prop_map(
            |(subject, kind, client_id, scopes, username, email, unverified_email, groups, auth_time, grant_id)| {
                Identity {
                    issuer: ISSUER.into(),
                    audience: AUDIENCE.into(),
                    subject,
                    kind,
                    client_id,
                    scopes,
                    username,
                    email,
                    unverified_email,
                    groups,
                    auth_time,
                    grant_id,
                }
            },
        )
}

proptest! {
    // Signing and verifying unoptimised takes milliseconds.
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_identity_survives_the_journey(identity in any_identity(), now in moment(), lifetime in 1..=MAX_LIFETIME) {
        let minted = mint(&identity, &key(), now, lifetime).unwrap();
        prop_assert!(minted.len() <= jws::MAX_BYTES);
        prop_assert!(minted.bytes().all(|byte| byte.is_ascii_graphic()), "it fits in a header");
        prop_assert_eq!(verifier().verify(&minted, &key().verifying_keys(), now), Ok(identity));
    }

    #[test]
    fn no_assertion_is_accepted_from_its_expiry_on(
        now in moment(),
        lifetime in 0..200u64,
        age in 0..=MAX_LIFETIME + 10,
    ) {
        let minted = mint(&identity(), &key(), now, lifetime).unwrap();
        let verdict = verifier().verify(&minted, &key().verifying_keys(), now.plus(age));
        if age < lifetime.min(MAX_LIFETIME) {
            prop_assert_eq!(verdict, Ok(identity()));
        } else {
            prop_assert_eq!(verdict, Err(AssertionError::Expired));
        }
    }

    #[test]
    fn once_refused_as_expired_it_is_never_accepted_again(now in moment(), earlier in 0..100u64, later in any::<u32>()) {
        let keys = key().verifying_keys();
        let minted = mint(&identity(), &key(), now, MAX_LIFETIME).unwrap();
        let at = now.plus(earlier);
        if verifier().verify(&minted, &keys, at) == Err(AssertionError::Expired) {
            let verdict = verifier().verify(&minted, &keys, at.plus(later.into()));
            prop_assert_eq!(verdict, Err(AssertionError::Expired));
        }
    }

    #[test]
    fn no_lifetime_that_is_asked_for_exceeds_the_limit(lifetime in any::<u64>()) {
        let minted = mint(&identity(), &key(), NOW, lifetime).unwrap();
        let verified = jws::verify::<Identity>(TYPE, &minted, &key().verifying_keys()).unwrap();
        prop_assert_eq!(verified.expires_at.secs_since(verified.issued_at), lifetime.min(MAX_LIFETIME));
    }

    #[test]
    fn what_claims_a_longer_life_than_the_limit_is_refused(now in moment(), lifetime in MAX_LIFETIME + 1..1_000_000) {
        let longer = jws::sign(TYPE, &identity(), now, now.plus(lifetime), &key()).unwrap();
        let verdict = verifier().verify(&longer, &key().verifying_keys(), now);
        prop_assert_eq!(verdict, Err(AssertionError::LifetimeTooLong));
    }

    #[test]
    fn an_edge_may_be_ahead_by_the_skew_and_no_more(now in moment(), ahead in 0..100u64) {
        let minted = mint(&identity(), &key(), now.plus(ahead), MAX_LIFETIME).unwrap();
        let verdict = verifier().verify(&minted, &key().verifying_keys(), now);
        if ahead <= MAX_SKEW {
            prop_assert_eq!(verdict, Ok(identity()));
        } else {
            prop_assert_eq!(verdict, Err(AssertionError::IssuedInFuture));
        }
    }

    #[test]
    fn a_token_with_any_bit_flipped_is_refused(position in any::<prop::sample::Index>(), bit in 0..8u32) {
        let minted = mint(&identity(), &key(), NOW, MAX_LIFETIME).unwrap();
        let mut bytes = minted.clone().into_bytes();
        bytes[position.index(minted.len())] ^= 1 << bit;
        // What is no longer UTF-8 cannot even be asked about.
        if let Ok(changed) = String::from_utf8(bytes) {
            prop_assert!(verifier().verify(&changed, &key().verifying_keys(), NOW).is_err());
        }
        prop_assert!(verifier().verify(&minted, &key().verifying_keys(), NOW).is_ok());
    }

    #[test]
    fn a_token_cut_short_is_refused(length in any::<prop::sample::Index>()) {
        let minted = mint(&identity(), &key(), NOW, MAX_LIFETIME).unwrap();
        let cut = &minted[..length.index(minted.len())];
        prop_assert!(verifier().verify(cut, &key().verifying_keys(), NOW).is_err());
    }

    #[test]
    fn any_text_is_refused_without_a_panic(text in "\\PC{0,200}", dots in "[A-Za-z0-9_-]{0,40}(\\.[A-Za-z0-9_-]{0,40}){2}") {
        for token in [text, dots] {
            prop_assert!(verifier().verify(&token, &key().verifying_keys(), NOW).is_err());
        }
    }

    #[test]
    fn a_foreign_signature_is_refused_whatever_it_signs(identity in any_identity(), now in moment()) {
        let forged = mint(&identity, &foreign_key(), now, MAX_LIFETIME).unwrap();
        let verdict = verifier().verify(&forged, &key().verifying_keys(), now);
        prop_assert_eq!(verdict, Err(AssertionError::Jws(jws::JwsError::BadSignature)));
    }
}

#[test]
fn no_assertion_is_made_that_is_refused_for_its_length() {
    let minted = |groups: usize| {
        let identity = Identity { groups: vec!["a-group".to_owned(); groups], ..identity() };
        let minted = mint(&identity, &key(), NOW, MAX_LIFETIME);
        match &minted {
            Ok(assertion) => {
                assert_eq!(verifier().verify(assertion, &key().verifying_keys(), NOW), Ok(identity));
            }
            Err(error) => {
                assert!(matches!(error, jws::JwsError::Overlong { bytes } if *bytes > jws::MAX_BYTES), "{error}");
            }
        }
        minted.is_err()
    };
    let refused: Vec<_> = (500..=600).map(minted).collect();
    assert!(refused.is_sorted() && !refused[0] && refused[100], "{refused:?}");
}

#[test]
fn a_token_with_any_character_changed_is_refused() {
    let minted = mint(&identity(), &key(), NOW, MAX_LIFETIME).unwrap();
    let keys = key().verifying_keys();
    for index in 0..minted.len() {
        let mut bytes = minted.clone().into_bytes();
        bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert!(verifier().verify(&changed, &keys, NOW).is_err(), "character {index}");
    }
}

proptest! {
    #[test]
    fn every_traceparent_that_is_made_names_its_trace(mut ids in any::<traceparent::Ids>()) {
        // Ids of zeros are none.
        (ids[0], ids[16]) = (ids[0] | 1, ids[16] | 1);
        let made = traceparent::new(ids);
        let trace_id: String = ids[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        prop_assert_eq!(traceparent::trace_id(&made), Some(trace_id.as_str()));
        let longer = format!("{made}-more");
        prop_assert_eq!(traceparent::trace_id(&longer), None);
    }

    #[test]
    fn a_trace_id_is_where_every_version_has_it(version in 0..0xff_u8, rest in "[0-9a-f]{31}1-[0-9a-f]{15}1-[0-9a-f]{2}", more in "(-[ -~]{0,9})?") {
        let text = format!("{version:02x}-{rest}{more}");
        let expected = (version != 0 || more.is_empty()).then(|| &text[3..35]);
        prop_assert_eq!(traceparent::trace_id(&text), expected);
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in "\\PC{0,80}") {
        prop_assert_eq!(traceparent::trace_id(&text), None);
    }
}
