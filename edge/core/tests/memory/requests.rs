//! A new instance for each request, as on a platform that keeps none: everything works, whatever the memory does.

use edgeward_core::Decision;
use http::Method;

use crate::{
    Scene, body,
    cognito::TokenAnswer,
    support::{
        CHALLENGE, ISSUER, VERIFIER, authorization_request, cookies, hidden, location, parameter, post_form, request,
        shared_memory::Mode,
    },
};

const MODES: [Mode; 6] = [Mode::Works, Mode::Forgets, Mode::Old, Mode::Garbage, Mode::Swaps, Mode::Fails];

/// Signs a user in. The client's tokens: for access, and to refresh.
fn sign_in(scene: &Scene) -> (String, String) {
    assert_eq!(CHALLENGE.len(), 43);
    let page = scene.instance().get(&authorization_request(&scene.client_id, &[]));
    let [transaction, sealed] = ["transaction", "sealed"].map(|name| hidden(page.body(), name));
    let fields = [("transaction", transaction.as_str()), ("sealed", &sealed), ("decision", "allow")];
    let headers = [("origin", ISSUER), ("cookie", &cookies(&page)[0])];
    let allowed = scene.instance().respond(post_form("/authorize", &headers, &fields));
    let [state, nonce] = ["state", "nonce"].map(|name| parameter(&location(&allowed), name).unwrap());
    let target = format!("/callback?code=upstream&state={state}");
    let back = scene.instance().respond(request(Method::GET, &target, &[("cookie", &cookies(&allowed)[0])], ""));
    let code = parameter(&location(&back), "code").unwrap();
    TokenAnswer { refresh_token: Some("first"), nonce: Some(nonce), ..TokenAnswer::default() }.script(&scene.world);
    let parameters = [
        ("grant_type", "authorization_code"),
        ("client_id", scene.client_id.as_str()),
        ("code", &code),
        ("redirect_uri", "https://client.example/cb"),
        ("code_verifier", VERIFIER),
    ];
    tokens(&scene.instance().respond(post_form("/token", &[], &parameters)))
}

fn tokens(answer: &http::Response<String>) -> (String, String) {
    assert_eq!(answer.status(), 200, "{}", answer.body());
    let token = |name: &str| body(answer)[name].as_str().unwrap().to_owned();
    (token("access_token"), token("refresh_token"))
}

fn calls(scene: &Scene, access_token: &str) -> bool {
    matches!(scene.instance().gate("/mcp", Some(&format!("Bearer {access_token}")), None), Decision::Forward(_))
}

#[test]
fn a_user_signs_in_calls_and_refreshes() {
    for mode in MODES {
        let scene = Scene::with_keys();
        scene.memory.set(mode);
        let (access_token, refresh_token) = sign_in(&scene);
        assert!(calls(&scene, &access_token), "{mode:?}");
        let mut next = refresh_token;
        for upstream_token in ["second", "third"] {
            scene.answer(upstream_token);
            let (access_token, refresh_token) = tokens(&scene.refresh(&next));
            assert!(calls(&scene, &access_token), "{mode:?}");
            scene.world.advance(90);
            next = refresh_token;
        }
        assert!(!calls(&scene, "nonsense") && !calls(&scene, &next), "{mode:?}");
    }
}

#[test]
fn many_at_once_all_get_an_answer() {
    for mode in MODES {
        let scene = Scene::with_keys();
        scene.memory.set(mode);
        let tokens: Vec<_> = (0..10).map(|number| scene.token(&format!("cognitos {number}"))).collect();
        (0..10).for_each(|_| scene.answer("next"));
        let answers = scene.together(&scene.instances(10), |at| scene.request(&tokens[at]));
        assert!(answers.iter().all(|answer| answer.status() == 200), "{mode:?}: {}", answers[0].body());
    }
}

#[test]
fn a_user_signs_in_and_refreshes_at_instances_whose_clocks_differ_by_a_minute() {
    for [one, other] in [[0, 60], [0, -60], [30, -30]] {
        let scene = Scene::with_keys();
        let (_, mut next) = sign_in(&scene);
        for (ahead, upstream_token) in [(one, "second"), (other, "third"), (one, "fourth"), (other, "fifth")] {
            scene.answer(upstream_token);
            next = tokens(&scene.instance_ahead(ahead).respond(scene.request(&next))).1;
            scene.world.advance(1);
        }
    }
}

#[test]
fn an_instance_that_shares_nothing_asks_no_memory() {
    let scene = Scene::with_keys();
    scene.answer("second");
    let answer = scene.world.respond(scene.request(&scene.token("first")));
    assert_eq!((answer.status().as_u16(), scene.memory.calls()), (200, 0));
    assert_eq!(scene.events("refreshes are not coordinated"), 1);
}
