//! Refreshes: Cognito sees each of its refresh tokens once, whichever instances the client's requests come to.

use std::pin::pin;

use edgeward_core::{
    oauth::ClientDigest,
    platform::UnixTime,
    refreshes::{REFUSED_SECONDS, ROTATED_SECONDS, UNROTATED_SECONDS},
    sealed::{self, RefreshToken},
};
use http::Response;

use crate::{
    Scene, body,
    cognito::{SUBJECT, TokenAnswer},
    outcome, stays_pending,
    support::{KEYS, TestEdge, config, post_form, shared_memory::Mode},
};

const DEAD: &str = r#"{"error":"invalid_grant"}"#;

impl Scene {
    /// The client's new refresh token, and Cognito's in it.
    fn given(&self, answer: &Response<String>) -> (String, String) {
        assert_eq!(answer.status(), 200, "{}", answer.body());
        let token = body(answer)["refresh_token"].as_str().unwrap().to_owned();
        let (keys, now) = (config(&[]).unwrap().keys, UnixTime::from_secs(self.world.world.now.get()));
        let context = ClientDigest::of(&self.client_id);
        let opened: RefreshToken = sealed::open(&token, context.as_str(), &keys, now).unwrap();
        (token, opened.upstream_token)
    }

    /// Refreshes a token around Cognito's `first` at this instance, for one around `second`. Both of the client's tokens.
    fn refreshed_at(&self, edge: &TestEdge) -> [String; 2] {
        let first = self.token("first");
        self.answer("second");
        let second = self.given(&edge.respond(self.request(&first))).0;
        [first, second]
    }

    /// Cognito's tokens that it was shown.
    fn shown(&self) -> Vec<String> {
        let sent = self.world.world.fetched.borrow();
        let forms = sent.iter().filter_map(|request| Some(request.form.as_ref()?.expose().clone()));
        forms.filter_map(|form| Some(form.rsplit_once("refresh_token=")?.1.to_owned())).collect()
    }

    fn revoke(&self, edge: &TestEdge, token: &str) {
        // Cognito's newest token is revoked, and the original one if it is another.
        (0..2).for_each(|_| self.world.reply(200, ""));
        let parameters = [("client_id", self.client_id.as_str()), ("token", token)];
        assert_eq!(edge.respond(post_form("/revoke", &[], &parameters)).status(), 200);
        self.world.world.replies.borrow_mut().clear();
    }
}

fn dead() -> (u16, String) {
    (400, "invalid_grant".to_owned())
}

#[test]
fn many_instances_at_once_show_cognito_a_token_once() {
    let scene = Scene::with_keys();
    scene.answer("second");
    let token = scene.token("first");
    let answers = scene.together(&scene.instances(10), |_| scene.request(&token));
    assert!(answers.iter().all(|answer| scene.given(answer).1 == "second"));
    assert_eq!(scene.shown(), ["first"]);
    let counted = [scene.events("token refreshed"), scene.events("token refreshed again")];
    assert_eq!((counted, scene.events("refreshes are not coordinated")), ([1, 9], 0));
}

#[test]
fn an_answer_is_given_again_for_as_long_as_cognitos_grace_period_may_last() {
    let scene = Scene::with_keys();
    scene.answer("second");
    let token = scene.token("first");
    assert_eq!(scene.given(&scene.refresh(&token)).1, "second");
    scene.world.advance(ROTATED_SECONDS - 1);
    assert_eq!(scene.given(&scene.refresh(&token)).1, "second");
    assert_eq!(scene.shown(), ["first"]);
    scene.world.advance(1);
    scene.answer("third");
    assert_eq!(scene.given(&scene.refresh(&token)).1, "third");
    assert_eq!(scene.shown(), ["first"; 2]);
}

#[test]
fn without_rotation_an_answer_lasts_some_seconds() {
    let scene = Scene::with_keys();
    let answer = || TokenAnswer { refresh_token: None, ..TokenAnswer::default() }.script(&scene.world);
    answer();
    let token = scene.token("first");
    assert_eq!(scene.given(&scene.refresh(&token)).1, "first");
    scene.world.advance(UNROTATED_SECONDS - 1);
    assert_eq!(scene.given(&scene.refresh(&token)).1, "first");
    assert_eq!(scene.shown().len(), 1);
    scene.world.advance(1);
    answer();
    assert_eq!(scene.given(&scene.refresh(&token)).1, "first");
    assert_eq!(scene.shown().len(), 2);
}

#[test]
fn an_older_token_gets_the_newest_of_its_family() {
    let scene = Scene::with_keys();
    let first = scene.token("first");
    let mut token = first.clone();
    for next in ["second", "third", "fourth"] {
        scene.answer(next);
        token = scene.given(&scene.refresh(&token)).0;
    }
    assert_eq!(scene.given(&scene.refresh(&first)).1, "fourth");
    assert_eq!(scene.shown(), ["first", "second", "third"]);
}

#[test]
fn a_request_with_an_older_token_waits_for_the_newest() {
    let scene = Scene::with_keys();
    let [first, second] = scene.refreshed_at(&scene.instance());
    scene.answer("third");
    let answers = scene.together(&scene.instances(2), |at| scene.request([&second, &first][at]));
    assert!(answers.iter().all(|answer| scene.given(answer).1 == "third"));
    assert_eq!(scene.shown(), ["first", "second"]);
}

#[test]
fn a_token_that_is_dead_is_not_shown_to_cognito_again() {
    let scene = Scene::with_keys();
    let token = scene.token("first");
    scene.world.reply(400, DEAD);
    assert_eq!(outcome(&scene.refresh(&token)), dead());
    scene.world.advance(REFUSED_SECONDS - 1);
    assert_eq!(outcome(&scene.refresh(&token)), dead());
    assert_eq!(scene.shown().len(), 1);
    scene.world.advance(1);
    scene.world.reply(400, DEAD);
    assert_eq!(outcome(&scene.refresh(&token)), dead());
    assert_eq!(scene.shown().len(), 2);
}

#[test]
fn those_who_wait_share_a_refusal() {
    let scene = Scene::with_keys();
    let token = scene.token("first");
    scene.world.reply(400, DEAD);
    let answers = scene.together(&scene.instances(10), |_| scene.request(&token));
    assert!(answers.iter().all(|answer| outcome(answer) == dead()));
    assert_eq!(scene.shown(), ["first"]);
}

/// Something else than the edge has refreshed, and has forked the family.
#[test]
fn an_answer_whose_token_is_dead_is_not_given_again() {
    let scene = Scene::with_keys();
    let [first, second] = scene.refreshed_at(&scene.instance());
    scene.world.reply(400, DEAD);
    assert_eq!(outcome(&scene.refresh(&second)), dead());
    scene.answer("newer");
    assert_eq!(scene.given(&scene.refresh(&first)).1, "newer");
    assert_eq!(scene.given(&scene.refresh(&first)).1, "newer");
    assert_eq!(scene.shown(), ["first", "second", "first"]);
}

#[test]
fn a_failure_of_cognitos_leaves_the_token_to_the_next_request() {
    let scene = Scene::with_keys();
    let token = scene.token("first");
    scene.world.reply(503, "");
    assert_eq!(outcome(&scene.refresh(&token)).0, 503);
    scene.answer("second");
    assert_eq!(scene.given(&scene.refresh(&token)).1, "second");
}

#[test]
fn a_request_that_the_platform_has_ended_leaves_its_turn_to_another() {
    let scene = Scene::with_keys();
    let token = scene.token("first");
    scene.answer("second");
    let [first, second] = [scene.instance(), scene.instance()];
    scene.world.world.held.set(true);
    {
        let mut ended = Box::pin(first.edge.respond(scene.request(&token)));
        let mut waiting = pin!(second.edge.respond(scene.request(&token)));
        stays_pending([ended.as_mut(), waiting.as_mut()]);
        assert_eq!(scene.shown().len(), 1);
        drop(ended);
        scene.world.world.held.set(false);
        assert_eq!(scene.given(&crate::support::block_on(waiting)).1, "second");
    }
    assert_eq!(scene.shown().len(), 2);
}

#[test]
fn a_request_that_waits_for_too_long_shows_cognito_nothing() {
    let scene = Scene::with_keys();
    let token = scene.token("first");
    let [first, second] = [scene.instance(), scene.instance()];
    scene.world.world.held.set(true);
    let mut asking = pin!(first.edge.respond(scene.request(&token)));
    stays_pending([asking.as_mut()]);
    assert_eq!(outcome(&second.respond(scene.request(&token))).0, 503);
    assert_eq!(scene.shown().len(), 1);
}

#[test]
fn a_grant_that_was_revoked_gets_no_answer_from_any_instance() {
    let scene = Scene::with_keys();
    // This one remembers the answer itself.
    let warm = scene.instance();
    let [first, second] = scene.refreshed_at(&warm);
    scene.revoke(&scene.instance(), &second);
    for edge in [&warm, &scene.instance()] {
        scene.world.reply(400, DEAD);
        assert_eq!(outcome(&edge.respond(scene.request(&first))), dead());
        scene.world.world.replies.borrow_mut().clear();
    }
    // Another grant of the same client is not over.
    scene.answer("next");
    assert_eq!(scene.refresh(&scene.token("other")).status(), 200);
}

#[test]
fn an_answer_that_comes_after_a_revocation_is_given_to_nobody() {
    let scene = Scene::with_keys();
    let token = scene.token("first");
    scene.answer("second");
    let [first, second] = [scene.instance(), scene.instance()];
    scene.world.world.held.set(true);
    let mut asking = pin!(first.edge.respond(scene.request(&token)));
    stays_pending([asking.as_mut()]);
    scene.world.world.held.set(false);
    scene.world.world.replies.borrow_mut().clear();
    scene.revoke(&second, &token);
    scene.answer("second");
    assert_eq!(outcome(&crate::support::block_on(asking)), dead());
    // Neither at the instance that has it, nor at another.
    for edge in [&first, &second, &scene.instance()] {
        scene.world.reply(400, DEAD);
        assert_eq!(outcome(&edge.respond(scene.request(&token))), dead());
        scene.world.world.replies.borrow_mut().clear();
    }
}

#[test]
fn the_memory_learns_no_token_and_no_name() {
    let scene = Scene::with_keys();
    let claims = serde_json::json!({ "cognito:username": "demo-user", "email": "demo@example.com" });
    let groups = &["demo-group"][..];
    TokenAnswer { refresh_token: Some("second-of-cognitos"), groups, claims, ..TokenAnswer::default() }
        .script(&scene.world);
    let token = scene.token("first-of-cognitos");
    scene.given(&scene.refresh(&token));
    assert!(scene.memory.calls() > 0 && !scene.memory.values().is_empty());
    for secret in ["first-of-cognitos", "second-of-cognitos", SUBJECT, "demo-user", "demo@example.com", "demo-group"] {
        assert!(!scene.memory.was_told(secret), "{secret}");
    }
}

#[test]
fn an_answer_that_the_edge_has_not_sealed_is_not_used() {
    let scene = Scene::with_keys();
    let token = scene.token("first");
    scene.answer("second");
    scene.given(&scene.refresh(&token));
    scene.memory.change(|value| {
        if let Some(last) = value.last_mut() {
            *last ^= 1;
        }
    });
    scene.answer("third");
    assert_eq!(scene.given(&scene.refresh(&token)).1, "third");
    // With other keys nobody can read it, and Cognito is asked.
    let others = KEYS.replace("e1", "e2").replace("AAECAwQF", "AQECAwQF").replace("m1", "m2").replace("ICEi", "ISEi");
    let other = scene.world.sharing(&scene.memory, &[("EDGEWARD_KEYS", &others)]);
    let answer = other.respond(scene.request(&token));
    assert_ne!(answer.status(), 200, "{}", answer.body());
}

#[test]
fn an_answer_to_one_token_is_no_answer_to_another_of_the_grant() {
    let scene = Scene::with_keys();
    let [_, second] = scene.refreshed_at(&scene.instance());
    scene.memory.set(Mode::Swaps);
    scene.answer("third");
    assert_eq!(scene.given(&scene.refresh(&second)).1, "third");
    assert_eq!(scene.shown(), ["first", "second"]);
}

#[test]
fn while_the_memory_is_broken_an_instance_gives_its_own_answer() {
    let scene = Scene::with_keys();
    let token = scene.token("first");
    scene.answer("second");
    let edge = scene.instance();
    scene.given(&edge.respond(scene.request(&token)));
    scene.memory.set(Mode::Fails);
    assert_eq!(scene.given(&edge.respond(scene.request(&token))).1, "second");
    assert_eq!(scene.shown(), ["first"]);
}

/// With the answer, it may have lost that the grant was revoked.
#[test]
fn an_answer_that_the_memory_has_lost_is_asked_for_again() {
    let scene = Scene::with_keys();
    let token = scene.token("first");
    scene.answer("second");
    let warm = scene.instance();
    let second = scene.given(&warm.respond(scene.request(&token))).0;
    scene.revoke(&scene.instance(), &second);
    scene.memory.forget();
    scene.world.reply(400, DEAD);
    assert_eq!(outcome(&warm.respond(scene.request(&token))), dead());
    assert_eq!(scene.shown(), ["first"; 2]);
}

#[test]
fn an_answer_whose_token_is_dead_is_not_given_though_the_memory_breaks() {
    let scene = Scene::with_keys();
    let warm = scene.instance();
    let [first, second] = scene.refreshed_at(&warm);
    scene.world.reply(400, DEAD);
    assert_eq!(outcome(&scene.refresh(&second)), dead());
    // It answers that there is an answer, and that its token is dead.
    scene.memory.breaks_after(2);
    scene.answer("newer");
    assert_eq!(scene.given(&warm.respond(scene.request(&first))).1, "newer");
    assert_eq!(scene.shown(), ["first", "second", "first"]);
}

#[test]
fn a_refusal_grows_no_younger_by_going_from_one_instance_to_another() {
    let scene = Scene::with_keys();
    let token = scene.token("first");
    scene.world.reply(400, DEAD);
    assert_eq!(outcome(&scene.refresh(&token)), dead());
    scene.world.advance(REFUSED_SECONDS - 1);
    let late = scene.instance();
    assert_eq!(outcome(&late.respond(scene.request(&token))), dead());
    assert_eq!(scene.shown().len(), 1);
    scene.world.advance(1);
    scene.world.reply(400, DEAD);
    assert_eq!(outcome(&late.respond(scene.request(&token))), dead());
    assert_eq!(scene.shown().len(), 2);
}

#[test]
fn a_request_that_has_waited_for_nearly_as_long_as_its_client_shows_cognito_nothing() {
    let scene = Scene::with_keys();
    let token = scene.token("first");
    let [first, second] = [scene.instance(), scene.instance()];
    scene.world.world.held.set(true);
    let mut ended = Box::pin(first.edge.respond(scene.request(&token)));
    let mut waiting = pin!(second.edge.respond(scene.request(&token)));
    stays_pending([ended.as_mut(), waiting.as_mut()]);
    scene.world.advance(9);
    drop(ended);
    scene.world.world.held.set(false);
    assert_eq!(outcome(&crate::support::block_on(waiting)).0, 503);
    assert_eq!(scene.shown().len(), 1);
}

#[test]
fn many_requests_at_few_instances_show_cognito_a_token_once_whatever_the_memory_does() {
    for (mode, most) in [(Mode::Works, 1), (Mode::Old, 1), (Mode::Garbage, 3), (Mode::Forgets, 3), (Mode::Fails, 3)] {
        let scene = Scene::with_keys();
        scene.memory.set(mode);
        (0..3).for_each(|_| scene.answer("second"));
        let token = scene.token("first");
        let instances = scene.instances(3);
        let answers = scene.together(instances.iter().cycle().take(12), |_| scene.request(&token));
        assert!(answers.iter().all(|answer| scene.given(answer).1 == "second"), "{mode:?}");
        assert!(scene.shown().len() <= most, "{mode:?}: {:?}", scene.shown());
    }
}

#[test]
fn what_is_told_of_a_token_holds_at_instances_whose_clocks_differ() {
    for [one, other] in [[0, 60], [60, 0], [0, -60], [-60, 0], [30, -30]] {
        let scene = Scene::with_keys();
        let [one, other] = [scene.instance_ahead(one), scene.instance_ahead(other)];
        let good = scene.token("first");
        scene.answer("second");
        assert_eq!(scene.given(&one.respond(scene.request(&good))).1, "second");
        assert_eq!(scene.given(&other.respond(scene.request(&good))).1, "second");
        let bad = scene.token("bad");
        scene.world.reply(400, DEAD);
        for edge in [&one, &other] {
            assert_eq!(outcome(&edge.respond(scene.request(&bad))), dead());
        }
        assert_eq!(scene.shown(), ["first", "bad"]);
        // However far ahead the other's clock was, nothing lasts for ever.
        scene.world.advance(ROTATED_SECONDS + 61);
        scene.answer("third");
        assert_eq!(scene.given(&one.respond(scene.request(&good))).1, "third");
    }
}

/// The family is over. What has led to the dead token is no answer to the refusal.
#[test]
fn an_answer_whose_token_is_dead_is_not_given_when_cognito_refuses_the_older_one_too() {
    let scene = Scene::with_keys();
    let [first, second] = scene.refreshed_at(&scene.instance());
    for (token, shown) in [(&second, 2), (&first, 3), (&first, 3)] {
        scene.world.reply(400, DEAD);
        assert_eq!(outcome(&scene.refresh(token)), dead());
        scene.world.world.replies.borrow_mut().clear();
        assert_eq!(scene.shown().len(), shown);
    }
}

#[test]
fn an_instance_that_knows_a_token_to_be_dead_gives_no_answer_that_leads_to_it() {
    let scene = Scene::with_keys();
    let [first, second] = scene.refreshed_at(&scene.instance());
    let warm = scene.instance();
    // What the memory is told of the refusal is lost.
    let known = scene.memory.values();
    scene.world.reply(400, DEAD);
    assert_eq!(outcome(&warm.respond(scene.request(&second))), dead());
    scene.memory.keep_only(&known);
    scene.world.reply(400, DEAD);
    assert_eq!(outcome(&warm.respond(scene.request(&first))), dead());
}

#[test]
fn a_grant_that_was_revoked_gets_no_answer_while_the_memory_breaks() {
    let scene = Scene::with_keys();
    let [first, second] = scene.refreshed_at(&scene.instance());
    scene.revoke(&scene.instance(), &second);
    // It tells of the answer, and that nobody has asked about the next token, but not that the grant is over.
    scene.memory.breaks_after(2);
    scene.world.reply(400, DEAD);
    assert_eq!(outcome(&scene.refresh(&first)), dead());
    assert_eq!(scene.shown(), ["first"; 2]);
}

#[test]
fn a_request_that_has_waited_for_another_token_does_not_get_an_old_answer_of_its_instance() {
    let scene = Scene::with_keys();
    let warm = scene.instance();
    let [first, second] = scene.refreshed_at(&warm);
    scene.revoke(&scene.instance(), &second);
    let [mut asking, mut waiting] = [&second, &first].map(|token| Box::pin(warm.edge.respond(scene.request(token))));
    scene.world.world.held.set(true);
    stays_pending([asking.as_mut(), waiting.as_mut()]);
    scene.world.world.held.set(false);
    scene.world.reply(503, "");
    assert_eq!(outcome(&crate::support::block_on(asking)).0, 503);
    scene.world.reply(400, DEAD);
    assert_eq!(outcome(&crate::support::block_on(waiting)), dead());
}

#[test]
fn a_revocation_that_the_client_does_not_wait_for_holds_everywhere() {
    let scene = Scene::with_keys();
    let [first, second] = scene.refreshed_at(&scene.instance());
    let edge = scene.instance();
    scene.world.world.held.set(true);
    let parameters = [("client_id", scene.client_id.as_str()), ("token", second.as_str())];
    let mut revoking = Box::pin(edge.edge.respond(post_form("/revoke", &[], &parameters)));
    stays_pending([revoking.as_mut()]);
    drop(revoking);
    scene.world.world.held.set(false);
    scene.world.reply(400, DEAD);
    assert_eq!(outcome(&scene.refresh(&first)), dead());
}

#[test]
fn a_request_does_not_wait_twice_for_a_memory_that_is_broken() {
    let scene = Scene::with_keys();
    scene.memory.set(Mode::Fails);
    scene.answer("second");
    let before = scene.memory.calls();
    assert_eq!(scene.given(&scene.refresh(&scene.token("first"))).1, "second");
    assert_eq!(scene.memory.calls(), before + 1);
}
