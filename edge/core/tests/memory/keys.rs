//! Cognito's keys: fetched once for all instances, and never older than for one of them.

use edgeward_core::platform::FetchError;

use crate::{Scene, cognito::jwks, outcome, support::shared_memory::Mode};

const KEYS: &str = "/jwks.json";

/// The key that everything is signed with has this name.
fn keys_named(key_id: &str) -> String {
    jwks().replace("\"r1\"", &format!("\"{key_id}\""))
}

#[test]
fn many_instances_at_once_fetch_the_keys_once() {
    let scene = Scene::new();
    scene.world.reply(200, jwks());
    (0..10).for_each(|_| scene.answer("next"));
    let tokens: Vec<_> = (0..10).map(|number| scene.token(&format!("cognitos {number}"))).collect();
    let answers = scene.together(&scene.instances(10), |at| scene.request(&tokens[at]));
    assert!(answers.iter().all(|answer| answer.status() == 200), "{:?}", answers[0].body());
    assert_eq!((scene.asked(KEYS), scene.asked("/oauth2/token")), (1, 10));
}

#[test]
fn after_a_rotation_the_new_key_works_at_once_and_is_fetched_once() {
    let scene = Scene::new();
    // Each has keys of its own: with these nothing verifies.
    scene.world.reply(200, keys_named("r0"));
    let instances = scene.instances(5);
    for (at, edge) in instances.iter().enumerate() {
        scene.answer("next");
        let answer = edge.respond(scene.request(&scene.token(&format!("before {at}"))));
        assert_ne!(answer.status(), 200);
    }
    assert_eq!(scene.asked(KEYS), 1, "they have just been fetched");
    scene.world.advance(31);
    (0..instances.len()).for_each(|_| scene.answer("next"));
    scene.world.reply(200, jwks());
    let tokens: Vec<_> = (0..instances.len()).map(|at| scene.token(&format!("after {at}"))).collect();
    let answers = scene.together(&instances, |at| scene.request(&tokens[at]));
    assert!(answers.iter().all(|answer| answer.status() == 200), "{:?}", scene.world.logged());
    assert_eq!(scene.asked(KEYS), 2);
    // One that begins has the new ones.
    scene.answer("next");
    assert_eq!(scene.refresh(&scene.token("a new instance's")).status(), 200);
    assert_eq!(scene.asked(KEYS), 2);
}

#[test]
fn a_new_instance_that_finds_old_keys_verifies_with_new_ones() {
    let scene = Scene::new();
    scene.world.reply(200, keys_named("r0"));
    scene.answer("next");
    assert_ne!(scene.refresh(&scene.token("before")).status(), 200);
    scene.world.advance(31);
    scene.answer("next");
    scene.world.reply(200, jwks());
    assert_eq!(scene.refresh(&scene.token("after")).status(), 200, "{:?}", scene.world.logged());
}

#[test]
fn keys_grow_no_younger_by_going_from_one_instance_to_another() {
    let scene = Scene::new();
    scene.world.reply(200, jwks());
    scene.answer("next");
    assert_eq!(scene.refresh(&scene.token("first")).status(), 200);
    scene.world.advance(3_599);
    let late = scene.instance();
    scene.answer("next");
    assert_eq!(late.respond(scene.request(&scene.token("second"))).status(), 200);
    assert_eq!(scene.asked(KEYS), 1);
    // The key was withdrawn meanwhile. Neither instance believes it for longer than an hour.
    scene.world.advance(1);
    for edge in [&late, &scene.instance()] {
        scene.answer("next");
        if scene.asked(KEYS) == 1 {
            scene.world.reply(200, keys_named("r0"));
        }
        let token = scene.token(&format!("third {}", scene.world.fetches()));
        assert_ne!(edge.respond(scene.request(&token)).status(), 200);
        assert_eq!(scene.asked(KEYS), 2);
        scene.world.world.replies.borrow_mut().clear();
    }
}

#[test]
fn a_key_that_nobody_knows_is_not_looked_for_again_within_half_a_minute() {
    let scene = Scene::new();
    scene.world.reply(200, keys_named("r0"));
    for number in 0..5 {
        scene.answer("next");
        assert_ne!(scene.refresh(&scene.token(&format!("cognitos {number}"))).status(), 200);
        scene.world.advance(5);
    }
    assert_eq!(scene.asked(KEYS), 1);
}

#[test]
fn a_failure_is_remembered_for_all() {
    let scene = Scene::new();
    (0..2).for_each(|_| scene.world.world.replies.borrow_mut().push_back(Err(FetchError::Connection)));
    let token = scene.token("cognitos");
    let failed = (503, "temporarily_unavailable".to_owned());
    assert_eq!(outcome(&scene.refresh(&token)), failed);
    assert_eq!(scene.asked(KEYS), 2, "it is tried twice");
    scene.world.advance(4);
    assert_eq!(outcome(&scene.refresh(&token)), failed);
    assert_eq!(scene.asked(KEYS), 2);
    assert_eq!(scene.asked("/oauth2/token"), 0, "nothing was shown to Cognito");
    scene.world.advance(1);
    scene.world.reply(200, jwks());
    scene.answer("next");
    assert_eq!(scene.refresh(&token).status(), 200);
}

#[test]
fn those_who_wait_share_a_failure() {
    let scene = Scene::new();
    (0..2).for_each(|_| scene.world.world.replies.borrow_mut().push_back(Err(FetchError::Connection)));
    let tokens: Vec<_> = (0..10).map(|number| scene.token(&format!("cognitos {number}"))).collect();
    let answers = scene.together(&scene.instances(10), |at| scene.request(&tokens[at]));
    assert!(answers.iter().all(|answer| answer.status() == 503));
    assert_eq!(scene.asked(KEYS), 2);
}

#[test]
fn a_new_instance_uses_old_keys_while_their_host_is_down() {
    let scene = Scene::new();
    scene.world.reply(200, jwks());
    scene.answer("next");
    assert_eq!(scene.refresh(&scene.token("first")).status(), 200);
    scene.world.advance(2 * 3600);
    scene.answer("next");
    (0..2).for_each(|_| scene.world.world.replies.borrow_mut().push_back(Err(FetchError::Connection)));
    assert_eq!(scene.refresh(&scene.token("second")).status(), 200, "{:?}", scene.world.logged());
    assert_eq!(scene.asked(KEYS), 3);
}

#[test]
fn keys_that_the_edge_has_not_kept_are_not_believed() {
    let scene = Scene::new();
    scene.world.reply(200, jwks());
    scene.answer("next");
    assert_eq!(scene.refresh(&scene.token("first")).status(), 200);
    // Somebody writes into the memory.
    scene.memory.change(|value| {
        if let Some(last) = value.last_mut() {
            *last ^= 1;
        }
    });
    scene.world.reply(200, jwks());
    scene.answer("next");
    assert_eq!(scene.refresh(&scene.token("second")).status(), 200);
    assert_eq!(scene.asked(KEYS), 2);
}

#[test]
fn keys_of_yesterday_are_not_believed_though_their_host_is_down() {
    let scene = Scene::new();
    scene.memory.set(Mode::Old);
    scene.world.reply(200, jwks());
    scene.answer("next");
    assert_eq!(scene.refresh(&scene.token("first")).status(), 200);
    scene.world.advance(24 * 3600);
    (0..2).for_each(|_| scene.world.world.replies.borrow_mut().push_back(Err(FetchError::Connection)));
    assert_eq!(outcome(&scene.refresh(&scene.token("second"))).0, 503);
    assert_eq!(scene.asked("/oauth2/token"), 1, "nothing was shown to Cognito");
}
