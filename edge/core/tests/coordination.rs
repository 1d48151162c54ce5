//! Two instances of an edge that refresh the same token of Cognito's: how often Cognito is asked, and what each client gets.
#![cfg(not(target_arch = "wasm32"))]

#[path = "support/cognito.rs"]
mod cognito;
mod support;

use std::{
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use cognito::{SUBJECT, TokenAnswer, refresh_token};
use edgeward_core::{
    Decision, Request,
    oauth::ClientDigest,
    platform::{CLAIM_MS, CoordinationError, Event, LEASE_MS, Level, UnixTime},
    refreshes::{MAX_GENERATIONS, ROTATED_SECONDS, UNROTATED_SECONDS},
    sealed::{self, RefreshAnswer, RefreshToken, Seal},
};
use edgeward_identity::{Verifier, VerifyingKeys};
use http::Response;
use serde_json::{Value, json};
use support::*;

/// Two instances that share what the platform shares, and one client with a refresh token.
struct Scene {
    here: TestEdge,
    there: TestEdge,
    client_id: String,
    token: String,
}

impl Scene {
    fn new() -> Self {
        let this = Self::uncoordinated(&[]);
        this.here.world.coordinator.replace(Some(Coordinator::default()));
        this
    }

    /// The platform shares nothing; the other instance has these settings.
    fn uncoordinated(overrides: &[(&str, &str)]) -> Self {
        let here = TestEdge::new();
        let there = here.another(overrides);
        for edge in [&here, &there] {
            edge.world.keys.replace(Some(cognito::jwks()));
        }
        let client_id = here.public_client();
        let token = refresh_token(&here, &client_id, "first", "mcp");
        Self { here, there, client_id, token }
    }

    fn request(&self, token: &str) -> Request {
        let parameters =
            [("grant_type", "refresh_token"), ("client_id", self.client_id.as_str()), ("refresh_token", token)];
        post_form("/token", &[], &parameters)
    }

    fn refresh(&self, edge: &TestEdge, token: &str) -> Response<String> {
        edge.respond(self.request(token))
    }

    /// The new refresh token for `token`, and Cognito's in it.
    fn refreshed(&self, edge: &TestEdge, token: &str) -> (String, String) {
        self.given(&self.refresh(edge, token))
    }

    fn given(&self, answer: &Response<String>) -> (String, String) {
        assert_eq!(answer.status(), 200, "{}", answer.body());
        let token = body(answer)["refresh_token"].as_str().unwrap().to_owned();
        let (keys, now) = (config(&[]).unwrap().keys, UnixTime::from_secs(self.here.world.now.get()));
        let context = ClientDigest::of(&self.client_id);
        let opened: RefreshToken = sealed::open(&token, context.as_str(), &keys, now).unwrap();
        (token, opened.upstream_token)
    }

    fn revoke(&self, edge: &TestEdge, token: &str) {
        // Cognito's newest token is revoked, and the original one if it is another.
        (0..2).for_each(|_| edge.reply(200, ""));
        let parameters = [("client_id", self.client_id.as_str()), ("token", token)];
        assert_eq!(edge.respond(post_form("/revoke", &[], &parameters)).status(), 200);
        edge.world.replies.borrow_mut().clear();
    }

    fn with_coordinator<T>(&self, act: impl FnOnce(&mut Coordinator) -> T) -> T {
        act(self.here.world.coordinator.borrow_mut().as_mut().unwrap())
    }

    fn fail(&self, error: Option<CoordinationError>) {
        self.with_coordinator(|coordinator| coordinator.fails = error);
    }
}

/// Cognito's tokens that an instance has shown it.
fn shown(edge: &TestEdge) -> Vec<String> {
    let sent = edge.world.fetched.borrow();
    let forms = sent.iter().map(|request| request.form.as_ref().unwrap().expose());
    forms.filter_map(|form| Some(form.rsplit_once("refresh_token=")?.1.to_owned())).collect()
}

fn events(edge: &TestEdge, event: Event) -> Vec<(Level, Option<String>)> {
    let records = edge.world.records.borrow();
    let found = records.iter().filter(|record| record.event == event);
    found.map(|record| (record.level, record.reason.clone())).collect()
}

fn answer<'a>(refresh_token: &'a str) -> TokenAnswer<'a> {
    TokenAnswer { refresh_token: Some(refresh_token), ..TokenAnswer::default() }
}

fn body(response: &Response<String>) -> Value {
    serde_json::from_str(response.body()).unwrap()
}

fn refused(response: &Response<String>, status: u16, error: &str) {
    assert_eq!((response.status().as_u16(), body(response)["error"].as_str()), (status, Some(error)));
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Until it has asked Cognito, which does not answer.
fn poll_until_asked<F: Future>(mut future: Pin<&mut F>, edge: &TestEdge) {
    let before = edge.fetches();
    for _ in 0..100 {
        assert!(poll(future.as_mut()).is_pending());
        if edge.fetches() > before {
            return;
        }
    }
    panic!("Cognito is not asked");
}

#[test]
fn two_instances_at_once_ask_cognito_once() {
    let scene = Scene::new();
    answer("second").script(&scene.here);
    scene.here.world.held.set(true);
    let mut first = pin!(scene.here.edge.respond(scene.request(&scene.token)));
    let mut second = pin!(scene.there.edge.respond(scene.request(&scene.token)));
    poll_until_asked(first.as_mut(), &scene.here);
    assert!(poll(second.as_mut()).is_pending());
    scene.here.world.held.set(false);
    let first = scene.given(&block_on(first));
    let second = scene.given(&block_on(second));
    assert_eq!([&first.1, &second.1], ["second"; 2]);
    assert_eq!((shown(&scene.here), shown(&scene.there)), (vec!["first".to_owned()], vec![]));
    assert_eq!(events(&scene.here, Event::TokenRefreshed).len(), 1);
    assert_eq!(events(&scene.there, Event::TokenRefreshedAgain).len(), 1);
}

#[test]
fn a_lost_answer_is_given_by_the_other_instance_for_as_long_as_cognitos_grace_period() {
    let scene = Scene::new();
    answer("second").script(&scene.here);
    scene.refreshed(&scene.here, &scene.token);
    scene.here.advance(ROTATED_SECONDS - 1);
    for _ in 0..2 {
        assert_eq!(scene.refreshed(&scene.there, &scene.token).1, "second");
    }
    assert!(shown(&scene.there).is_empty());
    scene.here.advance(1);
    answer("another").script(&scene.there);
    assert_eq!(scene.refreshed(&scene.there, &scene.token).1, "another", "then it is Cognito's to say");
}

/// Also at the instance that gave an older answer itself.
#[test]
fn an_older_token_goes_on_with_the_newest_that_any_instance_got() {
    let scene = Scene::new();
    answer("second").script(&scene.here);
    let (second, _) = scene.refreshed(&scene.here, &scene.token);
    answer("third").script(&scene.there);
    scene.refreshed(&scene.there, &second);
    for edge in [&scene.here, &scene.there] {
        for token in [&scene.token, &second] {
            assert_eq!(scene.refreshed(edge, token).1, "third");
        }
    }
    assert_eq!((shown(&scene.here), shown(&scene.there)), (vec!["first".to_owned()], vec!["second".to_owned()]));
}

#[test]
fn a_lease_passes_on_when_the_platform_has_ended_its_request() {
    let scene = Scene::new();
    scene.here.world.held.set(true);
    // Never polled again, and never dropped before the end.
    let mut ended = Box::pin(scene.here.edge.respond(scene.request(&scene.token)));
    poll_until_asked(ended.as_mut(), &scene.here);
    answer("second").script(&scene.there);
    let mut next = pin!(scene.there.edge.respond(scene.request(&scene.token)));
    assert!((0..3).all(|_| poll(next.as_mut()).is_pending()));
    scene.here.advance(u64::from(LEASE_MS / 1000));
    assert_eq!(scene.given(&block_on(next)).1, "second");
}

#[test]
fn a_slow_cognito_is_asked_once_by_all_instances() {
    let scene = Scene::new();
    scene.here.world.held.set(true);
    let mut first = pin!(scene.here.edge.respond(scene.request(&scene.token)));
    poll_until_asked(first.as_mut(), &scene.here);
    let mut second = pin!(scene.there.edge.respond(scene.request(&scene.token)));
    // Nine seconds, in which the first one renews its lease.
    let waited = loop {
        scene.here.advance(1);
        assert!((0..3).all(|_| poll(first.as_mut()).is_pending()));
        if let Some(Poll::Ready(answer)) = (0..3).map(|_| poll(second.as_mut())).find(Poll::is_ready) {
            break answer;
        }
    };
    unavailable(&waited);
    assert!(scene.here.world.now.get() - START > u64::from(LEASE_MS / 1000), "longer than a lease");
    scene.here.world.held.set(false);
    answer("second").script(&scene.here);
    assert_eq!(block_on(first).status(), 200);
    assert_eq!(scene.refreshed(&scene.there, &scene.token).1, "second");
    assert_eq!((shown(&scene.here).len(), shown(&scene.there).len()), (1, 0));
}

#[test]
fn a_cognito_that_fails_leaves_the_lease_to_the_next() {
    let scene = Scene::new();
    scene.here.reply(503, "");
    unavailable(&scene.refresh(&scene.here, &scene.token));
    answer("second").script(&scene.there);
    assert_eq!(scene.refreshed(&scene.there, &scene.token).1, "second");
    assert_eq!(scene.refreshed(&scene.here, &scene.token).1, "second");
}

/// Another edge, which shares nothing with these, may have forked the family.
#[test]
fn an_answer_whose_token_was_refused_is_given_by_no_instance() {
    let scene = Scene::new();
    answer("second").script(&scene.here);
    let (second, _) = scene.refreshed(&scene.here, &scene.token);
    scene.there.reply(400, r#"{"error":"invalid_grant"}"#);
    refused(&scene.refresh(&scene.there, &second), 400, "invalid_grant");
    answer("newest").script(&scene.here);
    assert_eq!(scene.refreshed(&scene.here, &scene.token).1, "newest");
    assert_eq!(shown(&scene.here), ["first", "first"]);
}

#[test]
fn a_platform_that_fails_stops_no_refresh_and_is_told_of_once_a_minute() {
    for (error, reason) in
        [(CoordinationError::Failed, "an error of the platform"), (CoordinationError::TooSlow, "no answer in time")]
    {
        let scene = Scene::new();
        scene.fail(Some(error));
        answer("second").script(&scene.here);
        let (second, _) = scene.refreshed(&scene.here, &scene.token);
        assert_eq!(scene.refreshed(&scene.here, &scene.token).1, "second", "from its own memory");
        answer("third").script(&scene.here);
        scene.refreshed(&scene.here, &second);
        let warned = (Level::Warn, Some(reason.to_owned()));
        assert_eq!(events(&scene.here, Event::NotCoordinated), std::slice::from_ref(&warned));
        scene.here.advance(60);
        let third = refresh_token(&scene.here, &scene.client_id, "third", "mcp");
        answer("fourth").script(&scene.here);
        scene.refreshed(&scene.here, &third);
        assert_eq!(events(&scene.here, Event::NotCoordinated), [warned.clone(), warned]);
    }
}

/// It fails between two refreshes: what this instance has published it knows itself as well.
#[test]
fn what_was_published_is_answered_while_the_platform_fails() {
    let scene = Scene::new();
    answer("second").script(&scene.here);
    scene.refreshed(&scene.here, &scene.token);
    scene.fail(Some(CoordinationError::Failed));
    for _ in 0..2 {
        assert_eq!(scene.refreshed(&scene.here, &scene.token).1, "second");
    }
    assert_eq!(shown(&scene.here), ["first"]);
}

/// It fails while Cognito is asked.
#[test]
fn an_answer_that_could_not_be_published_is_kept_by_its_instance() {
    let scene = Scene::new();
    scene.here.world.held.set(true);
    let mut first = pin!(scene.here.edge.respond(scene.request(&scene.token)));
    poll_until_asked(first.as_mut(), &scene.here);
    scene.fail(Some(CoordinationError::Failed));
    answer("second").script(&scene.here);
    scene.here.world.held.set(false);
    assert_eq!(scene.given(&block_on(first)).1, "second");
    scene.fail(None);
    assert_eq!(scene.refreshed(&scene.here, &scene.token).1, "second");
    assert_eq!(shown(&scene.here), ["first"]);
}

#[test]
fn a_revocation_is_known_to_all_instances() {
    let scene = Scene::new();
    answer("second").script(&scene.here);
    let (second, _) = scene.refreshed(&scene.here, &scene.token);
    assert_eq!(scene.refreshed(&scene.there, &scene.token).1, "second");
    scene.revoke(&scene.there, &second);
    // Also to the one that has given the answer itself.
    for edge in [&scene.here, &scene.there] {
        edge.reply(400, r#"{"error":"invalid_grant"}"#);
        refused(&scene.refresh(edge, &scene.token), 400, "invalid_grant");
    }
}

#[test]
fn an_answer_that_comes_after_the_revocation_is_given_to_nobody_else() {
    let scene = Scene::new();
    scene.here.world.held.set(true);
    let mut first = pin!(scene.here.edge.respond(scene.request(&scene.token)));
    poll_until_asked(first.as_mut(), &scene.here);
    scene.revoke(&scene.there, &scene.token);
    answer("second").script(&scene.here);
    scene.here.world.held.set(false);
    assert_eq!(block_on(first).status(), 200);
    scene.there.reply(400, r#"{"error":"invalid_grant"}"#);
    refused(&scene.refresh(&scene.there, &scene.token), 400, "invalid_grant");
}

#[test]
fn a_revocation_that_fails_halfway_leaves_no_answers() {
    let scene = Scene::new();
    answer("second").script(&scene.here);
    let (second, _) = scene.refreshed(&scene.here, &scene.token);
    scene.there.reply(200, "");
    scene.there.reply(403, "");
    let parameters = [("client_id", scene.client_id.as_str()), ("token", &second)];
    unavailable(&scene.there.respond(post_form("/revoke", &[], &parameters)));
    scene.here.reply(400, r#"{"error":"invalid_grant"}"#);
    refused(&scene.refresh(&scene.here, &scene.token), 400, "invalid_grant");
}

/// A request that was silent for longer than its lease, and one that has taken over from it.
fn taken_over<'a>(scene: &'a Scene, token: &str) -> Pin<Box<dyn Future<Output = Response<String>> + 'a>> {
    scene.here.world.held.set(true);
    let mut late = Box::pin(scene.here.edge.respond(scene.request(token)));
    poll_until_asked(late.as_mut(), &scene.here);
    scene.here.advance(u64::from(LEASE_MS / 1000));
    scene.here.world.held.set(false);
    late
}

#[test]
fn a_late_answer_replaces_none_of_the_request_that_took_over() {
    let scene = Scene::new();
    let late = taken_over(&scene, &scene.token);
    answer("second").script(&scene.there);
    scene.refreshed(&scene.there, &scene.token);
    answer("late").script(&scene.here);
    assert_eq!(scene.given(&block_on(late)).1, "late");
    for edge in [&scene.there, &scene.here] {
        assert_eq!(scene.refreshed(edge, &scene.token).1, "second");
    }
}

#[test]
fn a_late_answer_is_given_to_nobody_else_after_a_revocation() {
    let scene = Scene::new();
    let late = taken_over(&scene, &scene.token);
    scene.revoke(&scene.there, &scene.token);
    scene.there.reply(400, r#"{"error":"invalid_grant"}"#);
    refused(&scene.refresh(&scene.there, &scene.token), 400, "invalid_grant");
    answer("late").script(&scene.here);
    assert_eq!(block_on(late).status(), 200);
    let third = scene.here.another(&[]);
    third.world.keys.replace(Some(cognito::jwks()));
    third.reply(400, r#"{"error":"invalid_grant"}"#);
    refused(&scene.refresh(&third, &scene.token), 400, "invalid_grant");
}

/// Cognito refuses the older request because the newer one has replaced the token.
#[test]
fn a_refusal_does_not_count_when_another_instance_has_taken_over() {
    let scene = Scene::new();
    answer("first").script(&scene.here);
    let zeroth = refresh_token(&scene.here, &scene.client_id, "zeroth", "mcp");
    let (first, _) = scene.refreshed(&scene.here, &zeroth);
    let late = taken_over(&scene, &first);
    answer("second").script(&scene.there);
    scene.refreshed(&scene.there, &first);
    scene.here.reply(400, r#"{"error":"invalid_grant"}"#);
    assert_eq!(scene.given(&block_on(late)).1, "second");
    for token in [&first, &zeroth] {
        assert_eq!(scene.refreshed(&scene.here, token).1, "second", "nothing is remembered as refused");
    }
    assert!(shown(&scene.here).iter().filter(|token| *token == "first").count() == 1);
}

#[test]
fn a_refusal_does_not_count_while_another_instance_asks() {
    let scene = Scene::new();
    let late = taken_over(&scene, &scene.token);
    scene.there.world.held.set(true);
    let mut next = pin!(scene.there.edge.respond(scene.request(&scene.token)));
    poll_until_asked(next.as_mut(), &scene.there);
    scene.here.reply(400, r#"{"error":"invalid_grant"}"#);
    unavailable(&block_on(late));
    scene.there.world.held.set(false);
    answer("second").script(&scene.there);
    assert_eq!(scene.given(&block_on(next)).1, "second");
    assert_eq!(scene.refreshed(&scene.here, &scene.token).1, "second");
}

#[test]
fn a_claim_that_was_granted_without_word_of_it_serves_all() {
    for (status, given) in [(200, "second"), (503, "third")] {
        let scene = Scene::new();
        scene.with_coordinator(|coordinator| coordinator.loses_turns = true);
        scene.here.world.held.set(true);
        let mut first = pin!(scene.here.edge.respond(scene.request(&scene.token)));
        poll_until_asked(first.as_mut(), &scene.here);
        scene.with_coordinator(|coordinator| coordinator.loses_turns = false);
        let mut second = pin!(scene.there.edge.respond(scene.request(&scene.token)));
        // Longer than a lease.
        for _ in 0..4 {
            assert!((0..2).all(|_| poll(first.as_mut()).is_pending() && poll(second.as_mut()).is_pending()));
            scene.here.advance(1);
        }
        scene.here.world.held.set(false);
        if status == 200 {
            answer("second").script(&scene.here)
        } else {
            scene.here.reply(status, "")
        }
        assert_eq!(block_on(first).status(), status);
        answer("third").script(&scene.there);
        assert_eq!(scene.given(&block_on(second)).1, given);
    }
}

#[test]
fn an_older_token_waits_for_what_replaces_the_newest() {
    let scene = Scene::new();
    answer("second").script(&scene.here);
    let (second, _) = scene.refreshed(&scene.here, &scene.token);
    let third = scene.here.another(&[]);
    scene.here.world.held.set(true);
    let mut newest = pin!(scene.here.edge.respond(scene.request(&second)));
    poll_until_asked(newest.as_mut(), &scene.here);
    // At another instance, and at the same one.
    let mut older = [&third, &scene.here].map(|edge| Box::pin(edge.edge.respond(scene.request(&scene.token))));
    for older in &mut older {
        assert!((0..3).all(|_| poll(older.as_mut()).is_pending()));
    }
    scene.here.world.held.set(false);
    answer("third").script(&scene.here);
    assert_eq!(scene.given(&block_on(newest)).1, "third");
    for older in older {
        assert_eq!(scene.given(&block_on(older)).1, "third");
    }
    assert_eq!(shown(&scene.here), ["first", "second"]);
    assert!(shown(&third).is_empty());
}

#[test]
fn nothing_is_shared_with_an_edge_of_another_app_client() {
    for (other, asked) in [
        (("EDGEWARD_ACCESS_TOKEN_SECONDS", "600"), 0),
        (("COGNITO_CLIENT_ID", "another"), 1),
        (("COGNITO_DOMAIN", "b.example"), 1),
        (("EDGEWARD_COGNITO_ISSUER", "https://pool.example"), 0),
    ] {
        let scene = Scene::uncoordinated(&[other]);
        scene.here.world.coordinator.replace(Some(Coordinator::default()));
        answer("second").script(&scene.here);
        scene.refreshed(&scene.here, &scene.token);
        answer("third").script(&scene.there);
        scene.refresh(&scene.there, &scene.token);
        assert_eq!(shown(&scene.there).len(), asked, "{other:?}");
    }
}

#[test]
fn a_pool_without_rotation_is_not_coordinated_for_longer_than_it_takes_to_find_out() {
    let scene = Scene::new();
    let unrotated = || TokenAnswer { refresh_token: None, ..TokenAnswer::default() };
    unrotated().script(&scene.here);
    assert_eq!(scene.refreshed(&scene.here, &scene.token).1, "first");
    // The answer lasts for some seconds only, as Cognito may be asked.
    assert_eq!(scene.refreshed(&scene.there, &scene.token).1, "first");
    assert!(shown(&scene.there).is_empty());
    let calls = scene.with_coordinator(|coordinator| coordinator.calls);
    scene.here.advance(UNROTATED_SECONDS);
    unrotated().script(&scene.here);
    scene.refreshed(&scene.here, &scene.token);
    assert_eq!(scene.with_coordinator(|coordinator| coordinator.calls), calls);
    // Answers may be from before rotation was turned off. The grant is forgotten before Cognito is asked, and again afterwards.
    scene.revoke(&scene.here, &scene.token);
    assert_eq!(scene.with_coordinator(|coordinator| coordinator.calls), calls + 2);
    // Rotation has been turned on since.
    answer("second").script(&scene.here);
    scene.refreshed(&scene.here, &scene.token);
    answer("third").script(&scene.here);
    scene.refreshed(&scene.here, &refresh_token(&scene.here, &scene.client_id, "second", "mcp"));
    assert!(scene.with_coordinator(|coordinator| coordinator.calls) > calls);
}

/// Without coordination two instances sign a client out where Cognito lets only the newest token go on.
#[test]
fn an_edge_that_does_not_coordinate_says_so_once_where_cognito_rotates() {
    let scene = Scene::uncoordinated(&[]);
    let mut token = scene.token.clone();
    for next in ["second", "third"] {
        answer(next).script(&scene.here);
        token = scene.refreshed(&scene.here, &token).0;
    }
    let warned = events(&scene.here, Event::NotCoordinated);
    assert_eq!(warned.iter().map(|(level, _)| *level).collect::<Vec<_>>(), [Level::Warn]);

    let unrotated = Scene::uncoordinated(&[]);
    TokenAnswer { refresh_token: None, ..TokenAnswer::default() }.script(&unrotated.here);
    unrotated.refreshed(&unrotated.here, &unrotated.token);
    assert!(events(&unrotated.here, Event::NotCoordinated).is_empty());
}

#[test]
fn the_platform_is_told_nothing_that_it_could_read() {
    let scene = Scene::new();
    TokenAnswer { groups: &["staff"], ..answer("new-upstream-token") }.script(&scene.here);
    scene.refreshed(&scene.here, &scene.token);
    let told = scene.with_coordinator(|coordinator| coordinator.told.clone());
    assert!(told.contains("RefreshClaim") && told.contains("PublishedAnswer"));
    for secret in ["first", "new-upstream-token", "staff", "\"grant\"", SUBJECT, "openid", "upstreamclient"] {
        assert!(!told.contains(secret), "{secret}");
    }
}

#[test]
fn an_answer_that_was_altered_or_is_another_grants_is_not_believed() {
    let grants = || {
        let scene = Scene::new();
        answer("second").script(&scene.here);
        scene.refreshed(&scene.here, &scene.token);
        scene
    };
    let foreign = {
        let scene = grants();
        let (keys, now) = (config(&[]).unwrap().keys, UnixTime::from_secs(START));
        let forged = RefreshAnswer {
            answered_at: now,
            subject: SUBJECT.to_owned(),
            profile: sealed::Profile::default(),
            auth_time: None,
            upstream_token: Some("forged".to_owned()),
            expires_at: now.plus(3_600),
            upstream_scope: "openid".to_owned(),
        };
        // Sealed with the right key, for another grant.
        sealed::seal(&forged, "another", &keys, now, &scene.here.world).unwrap()
    };
    for sealed in [foreign.as_str(), "", "nonsense"] {
        let scene = grants();
        scene.with_coordinator(|coordinator| coordinator.replace_answers(sealed));
        answer("third").script(&scene.there);
        assert_eq!(scene.refreshed(&scene.there, &scene.token).1, "third");
        assert_eq!(events(&scene.there, Event::NotCoordinated).len(), 1);
    }
}

#[test]
fn the_answer_about_a_user_in_many_groups_is_shared() {
    let scene = Scene::new();
    // As many as Cognito allows, with names as long as it allows.
    let names = vec!["\u{1f600}".repeat(128); 100];
    let groups: Vec<_> = names.iter().map(String::as_str).collect();
    TokenAnswer { groups: &groups, ..answer("second") }.script(&scene.here);
    assert_eq!(scene.refreshed(&scene.here, &scene.token).1, "second");
    assert_eq!(scene.refreshed(&scene.there, &scene.token).1, "second");
    assert!(shown(&scene.there).is_empty());
}

#[test]
fn a_shared_answer_tells_no_more_than_the_settings_of_the_instance_that_gives_it() {
    // New settings are rolled out: one instance tells of everything, the other has the defaults.
    let scene = Scene::uncoordinated(&[("EDGEWARD_ORIGIN_GROUPS", "*"), ("EDGEWARD_UNVERIFIED_EMAIL", "tell")]);
    scene.here.world.coordinator.replace(Some(Coordinator::default()));
    let claims = json!({ "email": "demo@example.com", "cognito:groups": ["staff"] });
    TokenAnswer { claims, ..answer("second") }.script(&scene.there);
    let told = |edge: &TestEdge| {
        let token = format!("Bearer {}", body(&scene.refresh(edge, &scene.token))["access_token"].as_str().unwrap());
        let Decision::Forward(forward) = edge.gate("/mcp", Some(&token), None) else { panic!("refused") };
        let keys = VerifyingKeys::from_jwks(KEYS.as_bytes()).unwrap();
        let verifier = Verifier::new(ISSUER, "https://origin.example");
        let identity = verifier.verify(&forward.identity, &keys, UnixTime::from_secs(START)).unwrap();
        (identity.groups, identity.unverified_email)
    };
    assert_eq!(told(&scene.there), (vec!["staff".to_owned()], Some("demo@example.com".to_owned())));
    assert_eq!(told(&scene.here), (vec![], None));
    assert!(shown(&scene.here).is_empty(), "Cognito was asked again");
}

#[test]
fn an_answer_can_be_opened_for_as_long_as_it_is_given() {
    // It is given from when it was published, which is later than when Cognito answered.
    let (opens, given) = (RefreshAnswer::LIFETIME, ROTATED_SECONDS);
    assert!(opens > given, "{opens} {given}");
}

#[test]
fn the_platforms_object_has_the_same_bounds() {
    let object = include_str!("../../cloudflare/refreshes.mjs").replace('_', "");
    for (name, milliseconds) in [("LEASEMS", LEASE_MS), ("CLAIMMS", CLAIM_MS)] {
        assert!(object.contains(&format!("const {name} = {milliseconds};")), "{name}");
    }
    assert!(object.contains(&format!("const MAXGENERATIONS = {MAX_GENERATIONS};")));
}
