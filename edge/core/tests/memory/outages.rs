//! A Cognito that does not answer, or answers that it is asked too much: instances that begin know it from the others.

use edgeward_core::{
    platform::FetchError,
    upstream::{OPEN_SECONDS, THRESHOLD, TRIAL_SECONDS},
};

use crate::{
    Scene, outcome, poll, stays_pending,
    support::{shared_memory::Mode, unavailable},
};

impl Scene {
    fn fail(&self) {
        self.world.world.replies.borrow_mut().push_back(Err(FetchError::DeadlineExceeded));
    }

    /// A refresh of a token that nobody has asked about.
    fn refresh_new(&self) -> u16 {
        let token = self.token(&format!("cognitos {}", self.memory.calls()));
        self.refresh(&token).status().as_u16()
    }

    /// Has as many fail as it takes.
    fn shut(&self) {
        for _ in 0..THRESHOLD {
            self.fail();
            assert_eq!(self.refresh_new(), 503);
        }
    }
}

#[test]
fn a_new_instance_knows_that_cognito_does_not_answer() {
    let scene = Scene::with_keys();
    scene.shut();
    assert_eq!(scene.world.fetches(), usize::from(THRESHOLD));
    for passed in 0..OPEN_SECONDS {
        let seconds = unavailable(&scene.refresh(&scene.token("cognitos")));
        assert!((OPEN_SECONDS - passed..=OPEN_SECONDS - passed + crate::support::SPREAD).contains(&seconds));
        scene.world.advance(1);
    }
    assert_eq!(scene.world.fetches(), usize::from(THRESHOLD), "nobody was kept waiting");
    assert_eq!(scene.events("Cognito is left alone"), 1);
}

#[test]
fn one_request_tries_and_then_all_go_or_all_wait_again() {
    let scene = Scene::with_keys();
    scene.shut();
    scene.world.advance(OPEN_SECONDS);
    let tried = usize::from(THRESHOLD) + 1;
    // It fails, and the others do not wait with it.
    scene.fail();
    scene.world.world.held.set(true);
    let edge = scene.instance();
    let mut trial = Box::pin(edge.edge.respond(scene.request(&scene.token("trial"))));
    stays_pending([trial.as_mut()]);
    assert_eq!(scene.refresh_new(), 503);
    assert_eq!(scene.world.fetches(), tried);
    scene.world.world.held.set(false);
    assert_eq!(crate::support::block_on(trial).status(), 503);
    assert_eq!(scene.refresh_new(), 503);
    assert_eq!(scene.world.fetches(), tried);

    scene.world.advance(OPEN_SECONDS);
    (0..3).for_each(|_| scene.answer("next"));
    assert_eq!([(); 3].map(|()| scene.refresh_new()), [200; 3], "{:?}", scene.world.logged());
    assert_eq!((scene.events("Cognito is left alone"), scene.events("Cognito is back")), (1, 1));
}

#[test]
fn a_trial_that_the_platform_has_ended_does_not_close_the_door_for_good() {
    let scene = Scene::with_keys();
    scene.shut();
    scene.world.advance(OPEN_SECONDS);
    scene.world.world.held.set(true);
    let edge = scene.instance();
    let mut trial = Box::pin(edge.edge.respond(scene.request(&scene.token("trial"))));
    stays_pending([trial.as_mut()]);
    drop(trial);
    scene.world.world.held.set(false);
    scene.world.advance(TRIAL_SECONDS - 1);
    assert_eq!(scene.refresh_new(), 503);
    scene.world.advance(1);
    scene.answer("next");
    assert_eq!(scene.refresh_new(), 200);
}

#[test]
fn an_outage_of_another_day_shuts_nobody_out() {
    let scene = Scene::with_keys();
    scene.memory.set(Mode::Old);
    scene.shut();
    scene.world.advance(24 * 3600);
    // The memory still tells of it. Without a trial the first request would be the only one that is sent.
    scene.world.world.held.set(true);
    let edge = scene.instance();
    let mut first = Box::pin(edge.edge.respond(scene.request(&scene.token("first"))));
    stays_pending([first.as_mut()]);
    scene.world.world.held.set(false);
    scene.answer("next");
    assert_eq!(scene.refresh_new(), 200);
}

#[test]
fn an_instance_that_others_keep_from_trying_tries_as_soon_as_it_may() {
    let scene = Scene::with_keys();
    let warm = scene.instance();
    let refresh = |number: usize| warm.respond(scene.request(&scene.token(&format!("warm {number}")))).status();
    for number in 0..usize::from(THRESHOLD) {
        scene.fail();
        assert_eq!(refresh(number), 503);
    }
    scene.world.advance(OPEN_SECONDS);
    scene.world.world.held.set(true);
    let edge = scene.instance();
    let mut trial = Box::pin(edge.edge.respond(scene.request(&scene.token("trial"))));
    stays_pending([trial.as_mut()]);
    assert_eq!(refresh(10), 503, "another one tries");
    scene.world.world.held.set(false);
    (0..2).for_each(|_| scene.answer("next"));
    assert_eq!(crate::support::block_on(trial).status(), 200);
    assert_eq!(refresh(11), 200, "{:?}", scene.world.logged());
}

#[test]
fn an_answer_between_failures_keeps_the_door_open() {
    let scene = Scene::with_keys();
    for _ in 0..3 {
        for _ in 1..THRESHOLD {
            scene.fail();
            assert_eq!(scene.refresh_new(), 503);
        }
        // Whatever it says: strangers must not be able to shut the door.
        scene.world.reply(400, r#"{"error":"invalid_grant"}"#);
        assert_eq!(outcome(&scene.refresh(&scene.token(&format!("cognitos {}", scene.memory.calls())))).0, 400);
    }
    assert_eq!(scene.events("Cognito is left alone"), 0);
}

#[test]
fn a_cognito_over_its_quota_is_asked_for_less_by_instances_that_begin() {
    let scene = Scene::with_keys();
    let second = || {
        scene.world.advance(1);
        let before = scene.world.fetches();
        for _ in 0..40 {
            scene.world.world.replies.borrow_mut().clear();
            scene.world.reply(429, "");
            assert_eq!(scene.refresh_new(), 503);
        }
        scene.world.fetches() - before
    };
    let sent: Vec<_> = (0..8).map(|_| second()).collect();
    assert!(sent[0] >= 15 && sent[7] <= 5, "{sent:?}");
    // When it answers again, all are sent before long.
    let answered = |scene: &Scene| {
        scene.world.advance(1);
        let count = || {
            scene.world.world.replies.borrow_mut().clear();
            // An answer is one, whatever it says.
            scene.world.reply(400, r#"{"error":"invalid_grant"}"#);
            scene.refresh_new() == 400
        };
        (0..40).filter(|_| count()).count()
    };
    let sent: Vec<_> = (0..60).map(|_| answered(&scene)).collect();
    assert_eq!(sent[59], 40, "{sent:?}");
}

#[test]
fn an_instance_whose_clock_is_ahead_shuts_nobody_out_for_longer() {
    for ahead in [-60, 30, 60] {
        let scene = Scene::with_keys();
        let edge = scene.instance_ahead(ahead);
        for number in 0..usize::from(THRESHOLD) {
            scene.fail();
            let token = scene.token(&format!("ahead {number}"));
            assert_eq!(edge.respond(scene.request(&token)).status(), 503);
        }
        scene.world.advance(OPEN_SECONDS - 1);
        assert_eq!(scene.refresh_new(), 503, "{ahead}");
        scene.world.advance(1);
        scene.answer("next");
        assert_eq!(scene.refresh_new(), 200, "{ahead}");
    }
}

#[test]
fn answers_among_requests_that_are_sent_at_once_keep_the_door_open() {
    let scene = Scene::with_keys();
    let instances = scene.instances(6);
    scene.world.world.held.set(true);
    let request = |at: usize| scene.request(&scene.token(&format!("cognitos {at}")));
    let mut all: Vec<_> =
        instances.iter().enumerate().map(|(at, edge)| Box::pin(edge.edge.respond(request(at)))).collect();
    for _ in 0..30 {
        all.iter_mut().for_each(|future| assert!(poll(future.as_mut()).is_pending()));
    }
    scene.world.world.held.set(false);
    for (at, future) in all.into_iter().enumerate() {
        let expected = if at % 2 == 0 { 503 } else { 200 };
        if expected == 503 {
            scene.fail()
        } else {
            scene.answer("next")
        }
        assert_eq!(crate::support::block_on(future).status(), expected, "{at}");
    }
    assert_eq!(scene.events("Cognito is left alone"), 0);
    scene.answer("next");
    assert_eq!(scene.refresh_new(), 200);
}
