//! A Cognito that does not answer: what is sent again, when it is left alone, and what is not spent on it.
#![cfg(not(target_arch = "wasm32"))]

#[path = "support/cognito.rs"]
mod cognito;
mod support;

use std::{
    collections::BTreeSet,
    future::Future,
    ops::RangeInclusive,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use base64ct::{Base64UrlUnpadded, Encoding};
use cognito::{POOL, TokenAnswer, jwks, refresh_token, sign};
use edgeward_core::{
    Decision,
    platform::{FetchError, Level},
    upstream::{HALF_LIFE_SECONDS, OPEN_SECONDS, THRESHOLD, TRIAL_SECONDS},
};
use http::{Response, header};
use serde_json::{Value, json};
use support::*;

const MACHINE: &str = "1machine";
const RESOURCES: &str =
    r#"[{"path": "/mcp", "scopes": {"mcp": "Use it"}, "machines": {"1machine": {"api/all": ["mcp"]}}}]"#;

/// An edge with one client and a refresh token of its.
struct Scene {
    edge: TestEdge,
    client_id: String,
    token: String,
}

impl Scene {
    /// With Cognito's keys at hand.
    fn new() -> Self {
        let scene = Self::without_keys();
        scene.edge.world.keys.replace(Some(jwks()));
        scene
    }

    fn without_keys() -> Self {
        let edge = TestEdge::with(&[("EDGEWARD_RESOURCES", RESOURCES)]);
        let client_id = edge.public_client();
        let token = refresh_token(&edge, &client_id, "cognitos", "mcp");
        Self { edge, client_id, token }
    }

    fn refresh_request(&self) -> edgeward_core::Request {
        let parameters =
            [("grant_type", "refresh_token"), ("client_id", &self.client_id), ("refresh_token", &self.token)];
        post_form("/token", &[], &parameters)
    }

    fn refresh(&self) -> Response<String> {
        self.edge.respond(self.refresh_request())
    }

    fn revocation_request(&self) -> edgeward_core::Request {
        post_form("/revoke", &[], &[("client_id", &self.client_id), ("token", &self.token)])
    }

    fn revoke(&self) -> Response<String> {
        self.edge.respond(self.revocation_request())
    }

    /// As an adapter asks for a machine.
    fn machine(&self, token: &str) -> Result<(), Box<Response<String>>> {
        match self.edge.gate_machine("/mcp", token) {
            Decision::Forward(_) => Ok(()),
            Decision::Respond { response, .. } => Err(response.into()),
            Decision::Needs(needs) => panic!("{needs:?} after all"),
        }
    }

    /// Scripts no answer at all.
    fn fail(&self, error: FetchError) {
        self.edge.world.replies.borrow_mut().push_back(Err(error));
    }

    fn succeed(&self) {
        TokenAnswer::default().script(&self.edge);
    }

    /// What was asked for, and how long for each.
    fn asked(&self) -> Vec<(String, u32)> {
        let path = |url: &str| url.rsplit('/').next().unwrap_or_default().to_owned();
        self.edge.world.fetched.borrow().iter().map(|request| (path(&request.url), request.deadline_ms)).collect()
    }

    fn events(&self, event: &str) -> Vec<Level> {
        let records = self.edge.world.records.borrow();
        records.iter().filter(|record| record.event.as_str() == event).map(|record| record.level).collect()
    }
}

/// So many seconds, or somewhat more.
fn from(seconds: u64) -> RangeInclusive<u64> {
    seconds..=seconds + SPREAD
}

/// A good token of the machine's, like no other of another number.
fn machine_token(number: u64) -> String {
    sign(&json!({
        "iss": POOL, "sub": MACHINE, "client_id": MACHINE, "token_use": "access", "scope": "api/all",
        "exp": START + 100_000, "jti": number,
    }))
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_cognito_that_does_not_answer_is_left_alone_for_a_while() {
    let scene = Scene::new();
    for failures in 1..=usize::from(THRESHOLD) {
        scene.fail(FetchError::DeadlineExceeded);
        assert!(COME_BACK.contains(&unavailable(&scene.refresh())));
        assert_eq!(scene.edge.fetches(), failures);
    }
    for passed in 0..OPEN_SECONDS {
        let left = from(OPEN_SECONDS - passed);
        assert!(left.contains(&unavailable(&scene.refresh())), "when it is asked again");
        assert!(left.contains(&unavailable(&scene.revoke())), "revocation is at the same host");
        scene.edge.advance(1);
    }
    assert_eq!(scene.edge.fetches(), usize::from(THRESHOLD), "nobody was kept waiting");
    assert_eq!(scene.events("Cognito is left alone"), [Level::Alert]);

    // One tries, and fails; the others do not wait with it.
    scene.fail(FetchError::DeadlineExceeded);
    scene.edge.world.held.set(true);
    let mut trial = pin!(scene.edge.edge.respond(scene.refresh_request()));
    assert!(poll(trial.as_mut()).is_pending());
    assert!(from(TRIAL_SECONDS).contains(&unavailable(&scene.revoke())));
    scene.edge.world.held.set(false);
    let Poll::Ready(failed) = poll(trial.as_mut()) else { panic!("still waiting") };
    assert!(COME_BACK.contains(&unavailable(&failed)));
    assert!(from(OPEN_SECONDS).contains(&unavailable(&scene.refresh())));
    assert_eq!(scene.edge.fetches(), usize::from(THRESHOLD) + 1);

    // The next one that tries succeeds, with the same token, and then everybody does.
    scene.edge.advance(OPEN_SECONDS);
    scene.succeed();
    assert_eq!(scene.refresh().status(), 200);
    scene.edge.reply(200, "");
    assert_eq!(scene.revoke().status(), 200);
    assert_eq!(scene.events("Cognito is left alone").len(), 1, "said once");
    assert_eq!(scene.events("Cognito is back"), [Level::Info]);
}

#[test]
fn those_who_are_told_to_come_back_are_told_different_times() {
    const TIMES: usize = 200;
    let scene = Scene::new();
    let told = |request: &dyn Fn() -> u64, from: RangeInclusive<u64>| {
        let told: BTreeSet<u64> = (0..TIMES).map(|_| request()).collect();
        assert!(told.is_subset(&from.clone().collect()), "{told:?} in {from:?}");
        // Of 26 hardly one is not among so many.
        assert!(told.len() > 20, "{told:?}");
    };
    // Cognito says nothing of a time, says one, and does not answer.
    let overloaded = |retry_after: Option<&str>| {
        // So seldom that it is asked each time.
        scene.edge.advance(HALF_LIFE_SECONDS);
        scene.edge.reply(429, "");
        if let Some(Ok(reply)) = scene.edge.world.replies.borrow_mut().back_mut() {
            retry_after.into_iter().for_each(|value| set_header(reply, header::RETRY_AFTER, value));
        }
        unavailable(&scene.refresh())
    };
    told(&|| overloaded(None), COME_BACK);
    told(&|| overloaded(Some("7")), from(7));
    told(&|| overloaded(Some("600")), from(600));

    for _ in 0..THRESHOLD {
        scene.fail(FetchError::Connection);
        unavailable(&scene.refresh());
    }
    told(&|| unavailable(&scene.refresh()), from(OPEN_SECONDS));
}

#[test]
fn a_time_to_come_back_may_be_a_date() {
    let scene = Scene::new();
    scene.edge.reply(429, "");
    if let Some(Ok(reply)) = scene.edge.world.replies.borrow_mut().back_mut() {
        // Ten minutes after the start.
        set_header(reply, header::RETRY_AFTER, "Mon, 21 Sep 2026 14:23:20 GMT");
    }
    assert!((600..=600 + SPREAD).contains(&unavailable(&scene.refresh())));
}

#[test]
fn a_trial_that_the_platform_has_ended_does_not_close_the_door_for_good() {
    let scene = Scene::new();
    for _ in 0..THRESHOLD {
        scene.fail(FetchError::Connection);
        unavailable(&scene.refresh());
    }
    scene.edge.advance(OPEN_SECONDS);
    scene.edge.world.held.set(true);
    // Never polled again, and never dropped before the end.
    let mut ended = Box::pin(scene.edge.edge.respond(scene.revocation_request()));
    assert!(poll(ended.as_mut()).is_pending());
    scene.edge.world.held.set(false);
    scene.edge.advance(TRIAL_SECONDS - 1);
    assert!(from(1).contains(&unavailable(&scene.refresh())));
    scene.edge.advance(1);
    scene.succeed();
    assert_eq!(scene.refresh().status(), 200);
}

#[test]
fn a_cognito_that_answers_is_not_left_alone_whatever_it_answers() {
    for (status, body) in [(429, ""), (403, "<html>"), (400, r#"{"error":"invalid_client"}"#), (200, "<html>")] {
        let scene = Scene::new();
        for asked in 1..=2 * usize::from(THRESHOLD) {
            scene.edge.reply(status, body);
            unavailable(&scene.refresh());
            assert_eq!(scene.edge.fetches(), asked, "{status}");
        }
        scene.succeed();
        assert_eq!(scene.refresh().status(), 200, "{status}");
    }
    // Failures count in a row only.
    let scene = Scene::new();
    for _ in 0..2 * THRESHOLD {
        scene.edge.reply(500, "");
        scene.edge.reply(429, "");
        unavailable(&scene.refresh());
        unavailable(&scene.refresh());
        // Or it would be asked less.
        scene.edge.advance(HALF_LIFE_SECONDS);
    }
    assert_eq!(scene.edge.fetches(), 4 * usize::from(THRESHOLD));
}

#[test]
fn what_may_be_sent_twice_is_sent_twice_once_and_nothing_else_is() {
    for error in [FetchError::Connection, FetchError::DeadlineExceeded, FetchError::Unreachable("no such name")] {
        let scene = Scene::new();
        scene.fail(error);
        unavailable(&scene.refresh());
        assert_eq!(scene.asked(), [("token".to_owned(), 8_000)], "a refresh token may be used up");
    }
    let scene = Scene::new();
    scene.fail(FetchError::Connection);
    scene.edge.reply(200, "");
    assert_eq!(scene.revoke().status(), 200);
    let asked = scene.asked();
    assert_eq!(asked.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["revoke", "revoke"]);
    let forms: Vec<_> = scene.edge.world.fetched.borrow().iter().map(|request| request.form.clone()).collect();
    let forms: Vec<_> = forms.iter().flatten().map(|form| form.expose().as_str()).collect();
    assert_eq!(forms, ["token=cognitos"; 2]);
    let pause = scene.edge.world.slept.get();
    assert!((100..=355).contains(&pause), "{pause} ms apart");
    assert!(u64::from(asked[0].1 + asked[1].1) + 355 <= 8_000, "in the same time: {asked:?}");

    // A host that is down gets no second request for each first one.
    let counts = [(); 4].map(|()| {
        scene.edge.world.fetched.borrow_mut().clear();
        scene.fail(FetchError::Connection);
        scene.fail(FetchError::Connection);
        unavailable(&scene.revoke());
        scene.edge.world.replies.borrow_mut().clear();
        scene.edge.fetches()
    });
    assert_eq!(counts, [2, 1, 0, 0]);
}

#[test]
fn pauses_before_a_second_request_differ() {
    let scene = Scene::new();
    let pauses: BTreeSet<u64> = (0..8)
        .map(|_| {
            let before = scene.edge.world.slept.get();
            scene.fail(FetchError::Connection);
            scene.edge.reply(200, "");
            assert_eq!(scene.revoke().status(), 200);
            scene.edge.world.slept.get() - before
        })
        .collect();
    assert!(pauses.len() > 4, "{pauses:?}");
}

#[test]
fn a_token_is_not_spent_while_there_are_no_keys_to_verify_the_answer_with() {
    for reply in [None, Some((503, "")), Some((200, "<html>")), Some((200, r#"{"keys":[]}"#))] {
        let scene = Scene::without_keys();
        for _ in 0..2 {
            match reply {
                Some((status, body)) => scene.edge.reply(status, body),
                None => scene.fail(FetchError::DeadlineExceeded),
            }
        }
        unavailable(&scene.refresh());
        let asked = scene.asked();
        assert!(asked.iter().all(|(path, _)| path == "jwks.json") && asked.len() <= 2, "{asked:?}");
        assert!(asked.iter().map(|(_, deadline)| deadline).sum::<u32>() + 355 <= 5_000, "{asked:?}");
        scene.edge.world.replies.borrow_mut().clear();
        scene.edge.advance(OPEN_SECONDS);
        scene.edge.reply(200, jwks());
        scene.succeed();
        assert_eq!(scene.refresh().status(), 200, "{reply:?}: the same token");
    }
}

#[test]
fn machines_are_not_kept_waiting_for_new_keys_while_there_are_old_ones() {
    let scene = Scene::without_keys();
    scene.edge.reply(200, jwks());
    assert!(scene.machine(&machine_token(0)).is_ok());
    scene.edge.advance(3_600);
    scene.fail(FetchError::DeadlineExceeded);
    scene.fail(FetchError::DeadlineExceeded);
    assert!(scene.machine(&machine_token(1)).is_ok(), "with the key of an hour ago");
    assert_eq!(scene.edge.fetches(), 3);
    for number in 2..20 {
        assert!(scene.machine(&machine_token(number)).is_ok());
    }
    assert_eq!(scene.edge.fetches(), 3, "nobody else waits");
    scene.edge.advance(OPEN_SECONDS);
    scene.edge.reply(200, jwks());
    assert!(scene.machine(&machine_token(20)).is_ok());
    assert_eq!(scene.edge.fetches(), 4, "and then they are fetched");
}

#[test]
fn a_machine_that_nobody_can_verify_is_told_to_come_back() {
    let scene = Scene::without_keys();
    let token = machine_token(0);
    for _ in 0..2 * THRESHOLD {
        assert_eq!(unavailable(&scene.machine(&token).unwrap_err()), 5);
    }
    assert_eq!(scene.edge.fetches(), usize::from(THRESHOLD), "and waits for nothing");
    scene.edge.advance(OPEN_SECONDS);
    scene.edge.reply(200, jwks());
    assert!(scene.machine(&token).is_ok());
}

#[test]
fn keys_that_were_wrong_are_fetched_again_before_they_are_old() {
    let scene = Scene::without_keys();
    let token = machine_token(0);
    let mut wrong: Value = serde_json::from_str(&jwks()).unwrap();
    let modulus = wrong["keys"][0]["n"].as_str().unwrap();
    let half = modulus.len() / 2;
    let other = if &modulus[half..=half] == "A" { "B" } else { "A" };
    wrong["keys"][0]["n"] = format!("{}{other}{}", &modulus[..half], &modulus[half + 1..]).into();
    scene.edge.reply(200, wrong.to_string());
    for _ in 0..3 {
        assert_eq!(scene.machine(&token).unwrap_err().status(), 401);
        assert_eq!(scene.edge.fetches(), 1, "but not each time");
    }
    scene.edge.advance(30);
    scene.edge.reply(200, jwks());
    assert!(scene.machine(&token).is_ok());
    assert_eq!(scene.edge.fetches(), 2);
}

#[test]
fn a_platform_that_cannot_verify_is_nobodys_fault_and_an_alert() {
    let scene = Scene::without_keys();
    let token = machine_token(0);
    scene.edge.reply(200, jwks());
    scene.edge.world.cannot_verify.set(true);
    scene.edge.advance(3_600);
    for _ in 0..3 {
        unavailable(&scene.machine(&token).unwrap_err());
    }
    assert_eq!(scene.events("upstream failed"), [Level::Alert; 3]);
    scene.succeed();
    unavailable(&scene.refresh());
    assert_eq!(scene.events("token refused"), [Level::Alert]);
    assert_eq!(scene.edge.fetches(), 2, "keys once, and then tokens: it is not for want of keys");
    scene.edge.world.cannot_verify.set(false);
    assert!(scene.machine(&token).is_ok());
    scene.succeed();
    assert_eq!(scene.refresh().status(), 200);
}

#[test]
fn keys_may_be_replaced_while_one_of_them_is_used() {
    let scene = Scene::without_keys();
    scene.edge.reply(200, jwks());
    assert!(scene.machine(&machine_token(0)).is_ok());
    scene.edge.advance(30);
    let [first, second] = [1, 2].map(|number| format!("Bearer {}", machine_token(number)));
    let [first, second] = [&first, &second].map(|authorization| head("/mcp", Some(authorization), None));
    let (mut first, mut second) =
        (pin!(scene.edge.edge.admit_machine(&first)), pin!(scene.edge.edge.admit_machine(&second)));
    assert!(poll(first.as_mut()).is_pending() && poll(second.as_mut()).is_pending(), "the signatures are verified");
    // A key that is not known has others fetched, among which there is none of the old ones.
    scene.edge.reply(200, jwks().replace("r1", "r2"));
    let header = Base64UrlUnpadded::encode_string(br#"{"alg":"RS256","kid":"r3"}"#);
    assert_eq!(scene.machine(&format!("{header}.e30.AA")).unwrap_err().status(), 401);
    assert_eq!(scene.edge.fetches(), 2);
    for asking in [first, second] {
        let decision = block_on(asking);
        assert!(matches!(decision, Decision::Forward(_)), "by the key that was good when it came: {decision:?}");
    }
    assert_eq!(scene.machine(&machine_token(4)).unwrap_err().status(), 401, "and now it is not");
}
