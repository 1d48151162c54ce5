//! Documents of clients: fetched once for all instances, within the bounds that one instance has.

use edgeward_core::{Request, platform::FetchError};
use http::{StatusCode, header};
use serde_json::{Value, json};

use crate::{
    Scene,
    assertions::{self, showing},
    outcome, stays_pending,
    support::{TestEdge, authorization_request, get, set_header, shared_memory::Mode},
};

const URL: &str = "https://app.example/client";

fn described(url: &str) -> Value {
    json!({
        "client_id": url, "client_name": "App", "redirect_uris": ["https://client.example/cb"],
        "token_endpoint_auth_method": "none",
    })
}

fn document() -> Value {
    described(URL)
}

fn asking(url: &str) -> Request {
    get(&authorization_request(url, &[]))
}

fn ask(edge: &TestEdge) -> u16 {
    edge.respond(asking(URL)).status().as_u16()
}

#[test]
fn many_instances_at_once_fetch_a_document_once() {
    let scene = Scene::new();
    scene.world.reply_document(&document(), |_| {});
    let answers = scene.together(&scene.instances(20), |_| asking(URL));
    assert!(answers.iter().all(|answer| answer.status() == StatusCode::OK));
    assert_eq!(scene.world.fetches(), 1);
    scene.world.advance(3_599);
    assert_eq!(ask(&scene.instance()), 200);
    assert_eq!(scene.world.fetches(), 1, "as long as an instance keeps it");
    scene.world.advance(1);
    scene.world.reply_document(&document(), |_| {});
    assert_eq!(ask(&scene.instance()), 200);
    assert_eq!(scene.world.fetches(), 2, "and no longer");
}

#[test]
fn many_requests_of_one_instance_fetch_a_document_once_whatever_the_memory_does() {
    for mode in [Mode::Works, Mode::Forgets, Mode::Old, Mode::Garbage, Mode::Swaps, Mode::Fails] {
        let scene = Scene::new();
        scene.memory.set(mode);
        scene.world.reply_document(&document(), |_| {});
        let edge = scene.instance();
        let answers = scene.together(std::iter::repeat_n(&edge, 40), |_| asking(URL));
        assert!(answers.iter().all(|answer| answer.status() == StatusCode::OK), "{mode:?}");
        assert_eq!(scene.world.fetches(), 1, "{mode:?}");
    }
}

#[test]
fn what_comes_from_another_instance_grows_no_younger() {
    let scene = Scene::new();
    scene.world.reply_document(&document(), |reply| set_header(reply, header::CACHE_CONTROL, "max-age=100"));
    assert_eq!(ask(&scene.instance()), 200);
    scene.world.advance(99);
    let late = scene.instance();
    assert_eq!(ask(&late), 200);
    assert_eq!(scene.world.fetches(), 1);
    scene.world.advance(1);
    scene.world.reply_document(&document(), |_| {});
    assert_eq!(ask(&late), 200);
    assert_eq!(scene.world.fetches(), 2);
}

#[test]
fn a_host_that_fails_is_left_alone_by_all() {
    for (status, seconds, answer) in [(None, 5, 503), (Some(503), 5, 503), (Some(302), 30, 400), (Some(404), 30, 400)] {
        let scene = Scene::new();
        match status {
            None => scene.world.world.replies.borrow_mut().push_back(Err(FetchError::DeadlineExceeded)),
            Some(status) => scene.world.reply(status, ""),
        }
        assert_eq!(ask(&scene.instance()), answer);
        scene.world.advance(seconds - 1);
        assert_eq!(ask(&scene.instance()), answer, "{status:?}");
        assert_eq!(scene.world.fetches(), 1, "{status:?}");
        scene.world.advance(1);
        scene.world.reply_document(&document(), |_| {});
        assert_eq!(ask(&scene.instance()), 200, "{status:?}");
        assert_eq!(scene.world.fetches(), 2, "{status:?}");
    }
}

#[test]
fn those_who_wait_share_a_failure() {
    let scene = Scene::new();
    scene.world.world.replies.borrow_mut().push_back(Err(FetchError::Connection));
    let answers = scene.together(&scene.instances(10), |_| asking(URL));
    assert!(answers.iter().all(|answer| answer.status() == StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(scene.world.fetches(), 1);
}

#[test]
fn a_document_that_is_no_good_is_so_for_those_who_wait_for_it_and_for_nobody_else() {
    let scene = Scene::new();
    scene.world.reply_document(&json!({ "client_id": "https://app.example/other" }), |_| {});
    let answers = scene.together(&scene.instances(10), |_| asking(URL));
    assert!(answers.iter().all(|answer| answer.status() == StatusCode::BAD_REQUEST));
    assert_eq!(scene.world.fetches(), 1);
    scene.world.advance(1);
    scene.world.reply_document(&document(), |_| {});
    assert_eq!(ask(&scene.instance()), 200);
}

#[test]
fn a_new_instance_uses_the_last_good_document_while_the_host_fails() {
    for mode in [Mode::Works, Mode::Old] {
        let scene = Scene::new();
        scene.memory.set(mode);
        scene.world.reply_document(&document(), |_| {});
        assert_eq!(ask(&scene.instance()), 200);
        scene.world.advance(3_600 + 24 * 3600 - 1);
        scene.world.reply(502, "");
        assert_eq!(ask(&scene.instance()), 200);
        assert_eq!(ask(&scene.instance()), 200, "and the next one does not ask the host");
        assert_eq!((scene.world.fetches(), scene.events("stale document used")), (2, 1));
        scene.world.advance(5);
        scene.world.reply(502, "");
        assert_eq!(ask(&scene.instance()), 503, "it was good for a day, {mode:?}");
    }
}

#[test]
fn an_instance_that_saw_the_host_fail_still_uses_the_document_of_the_others() {
    let scene = Scene::new();
    scene.world.reply_document(&document(), |_| {});
    assert_eq!(ask(&scene.instance()), 200);
    scene.world.advance(3_600);
    // It began while the memory was broken, and knows no document.
    let late = scene.instance();
    scene.memory.set(Mode::Fails);
    scene.world.reply(503, "");
    assert_eq!(ask(&late), 503);
    scene.memory.set(Mode::Works);
    scene.world.advance(5);
    scene.world.reply(503, "");
    assert_eq!(ask(&late), 200);
    assert_eq!((scene.world.fetches(), scene.events("stale document used")), (3, 1));
}

#[test]
fn a_document_that_was_withdrawn_does_not_come_back_from_an_instance_that_has_it() {
    let scene = Scene::new();
    scene.world.reply_document(&document(), |_| {});
    let warm = scene.instance();
    assert_eq!(ask(&warm), 200);
    scene.world.advance(3_600);
    scene.world.reply(404, "");
    assert_eq!(ask(&scene.instance()), 400);
    scene.world.advance(30);
    for edge in [&warm, &scene.instance()] {
        scene.world.reply(503, "");
        assert_eq!(ask(edge), 503);
        scene.world.advance(5);
    }
    scene.world.reply_document(&document(), |_| {});
    assert_eq!([ask(&warm), ask(&scene.instance())], [200; 2]);
    assert_eq!(scene.world.fetches(), 5);
}

#[test]
fn a_request_that_waits_for_another_instance_gives_up_in_time() {
    let scene = Scene::new();
    scene.world.world.held.set(true);
    let [first, second] = [scene.instance(), scene.instance()];
    let mut asking = Box::pin(first.edge.respond(asking(URL)));
    stays_pending([asking.as_mut()]);
    assert_eq!(ask(&second), 503, "another instance has asked for as long as this one waits");
    assert_eq!(scene.world.fetches(), 1);
}

#[test]
fn a_client_that_is_withdrawn_is_forgotten_by_all() {
    let scene = Scene::new();
    scene.world.reply_document(&document(), |_| {});
    assert_eq!(ask(&scene.instance()), 200);
    scene.world.advance(3_600);
    scene.world.reply(410, "");
    assert_eq!(ask(&scene.instance()), 400);
    scene.world.advance(30);
    scene.world.reply(503, "");
    assert_eq!(ask(&scene.instance()), 503, "there is no document to use in its place");
}

#[test]
fn a_new_key_of_a_client_works_at_once_and_is_fetched_once() {
    let scene = Scene::new();
    scene.world.reply_document(&assertions::document("old"), |_| {});
    let show = |edge: &TestEdge, id: &str, key_id: &str| outcome(&edge.respond(showing(id, key_id)));
    let instances = scene.instances(5);
    for (at, edge) in instances.iter().enumerate() {
        assert_eq!(show(edge, &format!("old {at}"), "old"), assertions::proven());
    }
    assert_eq!(scene.world.fetches(), 1);
    scene.world.advance(61);
    scene.world.reply_document(&assertions::document("new"), |_| {});
    let answers = scene.together(&instances, |at| showing(&format!("new {at}"), "new"));
    assert!(answers.iter().all(|answer| outcome(answer) == assertions::proven()));
    assert_eq!(scene.world.fetches(), 2);
    // An instance that had the old one has heard of the new one by now; so has one that begins.
    for edge in [&instances[1], &scene.instance()] {
        assert_eq!(show(edge, "with the old one", "old"), assertions::refused());
    }
    assert_eq!(scene.world.fetches(), 2, "a key that nobody knows is not looked for again within a minute");
}

#[test]
fn a_host_is_asked_for_no_more_documents_by_all_instances_than_by_one() {
    let scene = Scene::new();
    let ask = |number: usize| {
        let url = format!("https://app.example/client/{number}");
        scene.world.world.replies.borrow_mut().clear();
        scene.world.reply_document(&described(&url), |_| {});
        scene.instance().respond(asking(&url)).status().as_u16()
    };
    let answered = (0..100).filter(|number| ask(*number) == 200).count();
    assert_eq!(answered, scene.world.fetches());
    assert!((24..=32).contains(&answered), "{answered}");
    // Another host, and what is known, are not affected.
    scene.world.world.replies.borrow_mut().clear();
    scene.world.reply_document(&described("https://other.example/client"), |_| {});
    assert_eq!(scene.instance().respond(asking("https://other.example/client")).status(), 200);
    assert_eq!(scene.instance().respond(asking("https://app.example/client/0")).status(), 200);
    scene.world.advance(60);
    assert_eq!(ask(1_000), 200);
}

#[test]
fn a_document_under_another_documents_name_is_not_used() {
    let scene = Scene::new();
    scene.world.reply_document(&document(), |_| {});
    assert_eq!(ask(&scene.instance()), 200);
    scene.memory.set(Mode::Swaps);
    // In the place of what it looks for, the memory gives the first document.
    let other = described("https://app.example/other");
    scene.world.reply_document(&other, |_| {});
    let page = scene.instance().respond(asking("https://app.example/other"));
    assert_eq!((page.status(), scene.world.fetches()), (StatusCode::OK, 2));
}

#[test]
fn a_client_that_is_withdrawn_is_forgotten_though_the_memory_had_lost_it() {
    let scene = Scene::new();
    scene.world.reply_document(&document(), |_| {});
    let warm = scene.instance();
    assert_eq!(ask(&warm), 200);
    scene.world.advance(3_600);
    scene.memory.forget();
    scene.world.reply(404, "");
    assert_eq!(ask(&scene.instance()), 400);
    assert_eq!(ask(&warm), 400);
    assert_eq!(scene.world.fetches(), 2);
}

#[test]
fn a_host_that_failed_by_a_clock_that_is_ahead_is_not_left_alone_for_longer() {
    let scene = Scene::new();
    scene.world.reply(404, "");
    assert_eq!(ask(&scene.instance_ahead(60)), 400);
    let edge = scene.instance();
    assert_eq!(ask(&edge), 400);
    scene.world.advance(30);
    scene.world.reply_document(&document(), |_| {});
    assert_eq!(ask(&edge), 200);
}
