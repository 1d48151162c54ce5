//! Who asks Cognito, and for how long the others get the answer.

use super::*;
use crate::{oauth::Scope, secret::Secret, upstream::Subject};

fn at(seconds: u64) -> UnixTime {
    UnixTime::from_secs(seconds)
}

fn token(upstream_token: &str) -> RefreshToken {
    RefreshToken {
        original_token: None,
        upstream_token: upstream_token.to_owned(),
        subject: "subject".to_owned(),
        resource: "https://edge.example/mcp".to_owned(),
        scope: Scope::parse("mcp").unwrap(),
        grant_id: "grant".to_owned(),
    }
}

fn grant(refresh_token: Option<&str>, groups: Vec<String>) -> UpstreamGrant {
    let profile = Profile { username: None, email: None, unverified_email: None, groups };
    UpstreamGrant {
        subject: Subject { subject: "subject".to_owned(), profile, auth_time: None },
        refresh_token: refresh_token.map(|token| Secret::new(token.to_owned())),
        expires_at: at(10_000),
        scope: "openid".to_owned(),
    }
}

fn lease<'a>(refreshes: &'a Refreshes, upstream_token: &str) -> Lease<'a> {
    let pulse = Cell::new(refreshes.next_pulse());
    let lease = Lease { refreshes, token: digest(upstream_token), pulse, known: None };
    let state = State::Asking(lease.pulse.get());
    refreshes.remember(lease.token, Entry { grant_id: token("").grant_id, state }, at(100));
    lease
}

fn answer(refreshes: &Refreshes, presented: &str, given: Option<&str>, now: u64) {
    lease(refreshes, presented).answer(KnownAnswer::new(grant(given, Vec::new()), at(now)), at(now));
}

fn newest(refreshes: &Refreshes, presented: &str, now: u64) -> Option<String> {
    refreshes.answered(presented, at(now))?.grant.new_token().map(str::to_owned)
}

#[test]
fn an_answer_lasts_as_long_as_cognitos_grace_period_may() {
    let refreshes = Refreshes::default();
    answer(&refreshes, "first", Some("second"), 100);
    assert_eq!(newest(&refreshes, "first", 100 + ROTATED_SECONDS - 1).as_deref(), Some("second"));
    assert_eq!(newest(&refreshes, "first", 100 + ROTATED_SECONDS), None);
    assert_eq!(newest(&refreshes, "other", 100), None);

    answer(&refreshes, "unrotated", None, 100);
    assert!(refreshes.answered("unrotated", at(100 + UNROTATED_SECONDS - 1)).is_some());
    assert!(refreshes.answered("unrotated", at(100 + UNROTATED_SECONDS)).is_none());
}

#[test]
fn an_older_token_gets_the_newest_of_its_family() {
    let refreshes = Refreshes::default();
    answer(&refreshes, "first", Some("second"), 100);
    answer(&refreshes, "second", Some("third"), 110);
    answer(&refreshes, "third", None, 115);
    assert_eq!(newest(&refreshes, "first", 116).as_deref(), Some("third"));
    assert_eq!(newest(&refreshes, "second", 116).as_deref(), Some("third"));
    assert_eq!(newest(&refreshes, "first", 160), None);
    assert_eq!(newest(&refreshes, "second", 160).as_deref(), Some("third"));
}

#[test]
fn a_token_that_is_given_out_for_itself_does_not_go_round_for_ever() {
    let refreshes = Refreshes::default();
    answer(&refreshes, "same", Some("same"), 100);
    assert_eq!(newest(&refreshes, "same", 100).as_deref(), Some("same"));
}

/// Another instance has forked the family, and its token is the newer one.
#[test]
fn an_answer_whose_token_was_refused_is_not_given_again() {
    let refreshes = Refreshes::default();
    answer(&refreshes, "first", Some("second"), 100);
    refreshes.remember_refusal("second", "invalid_grant", at(101), at(101));
    assert_eq!(newest(&refreshes, "first", 102), None);
    assert_eq!(refreshes.refusal("first", at(102)), None, "Cognito may be asked about it");
}

#[test]
fn a_grant_that_is_over_leaves_no_answer_behind() {
    let refreshes = Refreshes::default();
    answer(&refreshes, "first", Some("second"), 100);
    refreshes.forget("another grant");
    assert!(newest(&refreshes, "first", 101).is_some());
    refreshes.forget("grant");
    assert!(newest(&refreshes, "first", 101).is_none());

    let asking = lease(&refreshes, "first");
    refreshes.forget("grant");
    asking.answer(KnownAnswer::new(grant(Some("second"), Vec::new()), at(102)), at(102));
    assert!(newest(&refreshes, "first", 102).is_none(), "it came after the revocation");
}

#[test]
fn a_request_that_gets_no_answer_leaves_the_lease_to_others() {
    let refreshes = Refreshes::default();
    let asking = lease(&refreshes, "token");
    assert!(refreshes.pulse_of(digest("token")).is_some());
    drop(asking);
    assert!(refreshes.pulse_of(digest("token")).is_none());
}

#[test]
fn a_request_that_was_taken_over_takes_nothing_back() {
    let refreshes = Refreshes::default();
    let (slow, next) = (lease(&refreshes, "token"), lease(&refreshes, "token"));
    let pulse = refreshes.pulse_of(digest("token"));
    slow.beat();
    assert_eq!(refreshes.pulse_of(digest("token")), pulse);
    drop(slow);
    assert_eq!(refreshes.pulse_of(digest("token")), pulse);
    next.beat();
    assert_ne!(refreshes.pulse_of(digest("token")), pulse);
}

#[test]
fn a_refusal_is_remembered_for_a_minute_and_for_its_token_only() {
    let refreshes = Refreshes::default();
    refreshes.remember_refusal("token", "invalid_grant", at(100), at(100));
    assert_eq!(refreshes.refusal("token", at(100 + REFUSED_SECONDS - 1)), Some("invalid_grant"));
    assert_eq!(refreshes.refusal("token", at(100 + REFUSED_SECONDS)), None);
    assert_eq!(refreshes.refusal("other", at(100)), None);
}

#[test]
fn the_memory_is_bounded_and_the_oldest_goes() {
    let refreshes = Refreshes::default();
    for number in 0..=CAPACITY {
        refreshes.remember_refusal(&number.to_string(), "invalid_grant", at(100), at(100));
        answer(&refreshes, &number.to_string(), None, 100);
    }
    assert_eq!((refreshes.refused.borrow().len(), refreshes.entries.borrow().len()), (CAPACITY, CAPACITY));
    assert_eq!(refreshes.refusal("0", at(100)), None);
    assert_eq!(refreshes.refusal("1", at(100)), Some("invalid_grant"));
    assert!(refreshes.answer("0", at(100)).is_none());
    assert!(refreshes.answer("1", at(100)).is_some());
}

#[test]
fn the_memory_is_bounded_in_bytes() {
    let refreshes = Refreshes::default();
    let groups = || (0..100).map(|number| format!("{number:0>128}")).collect::<Vec<_>>();
    // A request that is still asking is not forgotten for others: a second one would ask with the same token.
    let asking = lease(&refreshes, "asking");
    for number in 0..CAPACITY {
        let answer = KnownAnswer::new(grant(Some("next"), groups()), at(100));
        lease(&refreshes, &number.to_string()).answer(answer, at(100));
    }
    let kept = refreshes.entries.borrow();
    let bytes: usize = kept.iter().map(|(_, entry)| entry.bytes()).sum();
    assert!(bytes <= MAX_BYTES && bytes > MAX_BYTES * 9 / 10, "{bytes}");
    assert!(
        kept.len() < CAPACITY
            && kept.iter().last().is_some_and(|(token, _)| *token == digest(&(CAPACITY - 1).to_string()))
    );
    assert!(kept.get(&asking.token).is_some_and(|entry| asking.is_own(entry)));
    drop(kept);
}

#[test]
fn what_has_passed_makes_room() {
    let refreshes = Refreshes::default();
    answer(&refreshes, "first", Some("second"), 100);
    answer(&refreshes, "other", Some("next"), 100 + ROTATED_SECONDS);
    assert_eq!(refreshes.entries.borrow().len(), 1);
}
