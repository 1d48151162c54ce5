//! An upgrade signs nobody out: what the version before has given out is as good at this one. `vectors/README.md` says how the golden
//! values were made, and when they may change.
#![cfg(not(target_arch = "wasm32"))]

#[path = "support/cognito.rs"]
mod cognito;
#[path = "support/consent.rs"]
mod consent;
#[path = "upgrade/given.rs"]
mod given;
mod support;

use cognito::{SUBJECT, TokenAnswer};
use consent::{BY_THE_USER, PENDING, REMEMBERED, set_cookie};
use edgeward_core::{
    Decision,
    oauth::{CodeChallenge, CodeVerifier},
    platform::{Event, PublishedAnswer, RefreshClaim, RefreshUpdate, UnixTime},
};
use edgeward_identity::{Identity, Verifier, VerifyingKeys};
use given::{AtCognito, Given, RefreshAnswer, by_this_version, redeem, refresh, text, tokens};
use http::{Method, Response};
use support::*;

/// A little later than everything was given out: identity assertions live for a minute.
const LATER: u64 = 30;

/// The golden values, and, so that the checks and the writer fit each other, values of this version.
fn all() -> [Given; 2] {
    [serde_json::from_str(include_str!("vectors/sealed-before.json")).unwrap(), by_this_version()]
}

impl Given {
    /// An edge of this version with the same settings.
    fn upgraded(&self) -> TestEdge {
        given::edge(&self.settings, self.now + LATER)
    }

    fn client_id(&self) -> &str {
        &self.clients[0].client_id
    }

    fn verify(&self, assertion: &str) -> Option<Identity> {
        let issuer = self.settings["EDGEWARD_PUBLIC_URL"].as_str();
        let keys = VerifyingKeys::from_jwks(self.jwks.as_bytes()).unwrap();
        let now = UnixTime::from_secs(self.now + LATER);
        Verifier::new(issuer, self.settings["EDGEWARD_ORIGIN_URL"].as_str()).verify(assertion, &keys, now).ok()
    }
}

/// The same with one byte changed.
fn altered(text: &str) -> String {
    let at = text.len() * 3 / 4;
    let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
    [&text[..at], other, &text[at + 1..]].concat()
}

fn assert_refused(response: &Response<String>, status: u16, error: &str) {
    assert_eq!((response.status().as_u16(), text(response, "error").as_str()), (status, error));
}

/// What Cognito was sent.
fn sent(edge: &TestEdge) -> Vec<Vec<(String, String)>> {
    let fetched = edge.world.fetched.borrow();
    let forms = fetched.iter().filter_map(|request| request.form.as_ref());
    forms.map(|form| form_urlencoded::parse(form.expose().as_bytes()).into_owned().collect()).collect()
}

/// The parameter of this name in each request to Cognito that has it.
fn shown(edge: &TestEdge, name: &str) -> Vec<String> {
    let named = |form: Vec<(String, String)>| form.into_iter().find(|(key, _)| key == name).map(|(_, value)| value);
    sent(edge).into_iter().filter_map(named).collect()
}

/// Cognito's code came with the secret that its challenge asks for.
fn assert_verifier_shown(edge: &TestEdge, at_cognito: &AtCognito) {
    let verifiers = shown(edge, "code_verifier");
    let challenge = CodeChallenge::parse(&at_cognito.code_challenge).unwrap();
    assert!(verifiers.iter().any(|verifier| challenge.matches(&CodeVerifier::parse(verifier).unwrap())));
}

#[test]
fn every_client_id_is_known_and_its_secret_good() {
    for given in all() {
        for client in &given.clients {
            let edge = given.upgraded();
            let page = |client_id: &str| edge.get(&authorization_request(client_id, &[]));
            assert_eq!(page(&client.client_id).status(), 200, "{}", client.form);
            assert_eq!(page(&altered(&client.client_id)).status(), 400, "{}", client.form);
            // Who is authenticated learns that the code is no good.
            let token = |client_id: &str, secret: Option<&str>| {
                let fields = [("grant_type", "authorization_code"), ("client_id", client_id), ("code", "none")];
                let more = [("code_verifier", VERIFIER), ("client_secret", secret.unwrap_or_default())];
                edge.respond(post_form("/token", &[], &[&fields[..], &more].concat()))
            };
            let secret = client.client_secret.as_deref();
            assert_refused(&token(&client.client_id, secret), 400, "invalid_grant");
            assert_refused(&token(&altered(&client.client_id), secret), 401, "invalid_client");
            if let Some(secret) = secret {
                assert_refused(&token(&client.client_id, Some(&altered(secret))), 401, "invalid_client");
            }
        }
    }
}

#[test]
fn a_consent_page_that_is_open_can_be_answered() {
    for given in all() {
        for consent in &given.consents {
            let edge = given.upgraded();
            let decide = |sealed: &str| {
                let fields = [("transaction", consent.transaction.as_str()), ("sealed", sealed), ("decision", "allow")];
                edge.respond(post_form("/authorize", &[("origin", ISSUER), ("cookie", &consent.cookie)], &fields))
            };
            let to = decide(&consent.sealed);
            assert_eq!(to.status(), 303, "{}: {}", consent.form, to.body());
            assert_eq!(parameter(&location(&to), "state").as_ref(), Some(&consent.transaction), "{}", consent.form);
            let hint = parameter(&location(&to), "login_hint");
            assert_eq!(hint.is_some(), consent.form.contains("hint"), "{}", consent.form);
            assert_eq!(decide(&altered(&consent.sealed)).status(), 400, "{}", consent.form);
        }
    }
}

#[test]
fn a_user_who_is_at_cognito_comes_back_to_the_client() {
    for given in all() {
        for sign_in in &given.sign_ins {
            let edge = given.upgraded();
            let at_cognito = &sign_in.at_cognito;
            let come_back = |cookie: &str| {
                let answer = TokenAnswer { nonce: Some(at_cognito.nonce.clone()), ..TokenAnswer::default() };
                answer.script(&edge);
                let cookies = [cookie, &given.remembered_consent].join("; ");
                let target = format!("/callback?code=c&state={}", at_cognito.state);
                edge.respond(request(Method::GET, &target, &[("cookie", &cookies)], ""))
            };
            assert_eq!(come_back(&altered(&sign_in.cookie)).status(), 400, "{}", sign_in.form);
            assert_eq!(edge.fetches(), 0, "{}", sign_in.form);
            let back = come_back(&sign_in.cookie);
            match sign_in.form.as_str() {
                "plain" | "second round" => {
                    assert_eq!((back.status().as_u16(), edge.fetches()), (302, 0), "{}: {}", sign_in.form, back.body());
                    assert!(parameter(&location(&back), "code").is_some(), "{}", sign_in.form);
                    assert_eq!(parameter(&location(&back), "state").as_deref(), Some("client state"));
                }
                form => {
                    assert_eq!((back.status().as_u16(), edge.fetches()), (303, 1), "{form}: {}", back.body());
                    assert_verifier_shown(&edge, at_cognito);
                    assert!(set_cookie(&back, PENDING).is_some(), "{form}");
                    assert_eq!(set_cookie(&back, REMEMBERED).is_some(), form == "consent to be remembered");
                }
            }
        }
    }
}

#[test]
fn somebody_else_than_the_user_of_a_remembered_consent_is_asked_for_the_same_client() {
    for given in all() {
        let edge = given.upgraded();
        let sign_in = given.sign_ins.iter().find(|sign_in| sign_in.form == "consent remembered").unwrap();
        let nonce = Some(sign_in.at_cognito.nonce.clone());
        TokenAnswer { nonce, subject: "somebody else", ..TokenAnswer::default() }.script(&edge);
        let cookies = [sign_in.cookie.as_str(), &given.remembered_consent].join("; ");
        let target = format!("/callback?code=c&state={}", sign_in.at_cognito.state);
        let back = location(&edge.respond(request(Method::GET, &target, &[("cookie", &cookies)], "")));
        assert_eq!((back.path(), parameter(&back, "client_id").as_deref()), ("/authorize", Some(given.client_id())));
    }
}

#[test]
fn a_consent_stays_remembered() {
    for given in all() {
        let edge = given.upgraded();
        let open = |cookie: &str| {
            let target = authorization_request(given.client_id(), &[]);
            edge.respond(request(Method::GET, &target, &[&[("cookie", cookie)][..], &BY_THE_USER].concat(), ""))
        };
        assert_eq!(open(&given.remembered_consent).status(), 303);
        assert_eq!(open(&altered(&given.remembered_consent)).status(), 200, "the user is asked");
    }
}

#[test]
fn a_code_is_redeemed() {
    for given in all() {
        for code in &given.codes {
            let edge = given.upgraded();
            assert_refused(&redeem(&edge, given.client_id(), &altered(&code.code)), 400, "invalid_grant");
            assert_eq!(edge.fetches(), 0, "{}", code.form);
            let answer = tokens(&edge, given.client_id(), code, true);
            assert_eq!(answer.status(), 200, "{}: {}", code.form, answer.body());
            assert_eq!(shown(&edge, "code"), ["c"], "{}", code.form);
            assert_verifier_shown(&edge, &code.at_cognito);
        }
    }
}

#[test]
fn a_code_is_still_the_one_of_the_user_of_the_remembered_consent() {
    for given in all() {
        for code in &given.codes {
            let edge = given.upgraded();
            let nonce = Some(code.at_cognito.nonce.clone());
            TokenAnswer { nonce, subject: "somebody else", ..TokenAnswer::default() }.script(&edge);
            let status = redeem(&edge, given.client_id(), &code.code).status();
            assert_eq!(status, if code.form == "plain" { 200 } else { 400 }, "{}", code.form);
        }
    }
}

#[test]
fn a_refresh_token_is_refreshed_and_the_whole_family_revoked() {
    for given in all() {
        for (token, upstream, family) in [
            (&given.refresh_tokens[0], "first", &["first"][..]),
            (&given.refresh_tokens[1], "second", &["first", "second"]),
        ] {
            let edge = given.upgraded();
            assert_refused(&refresh(&edge, given.client_id(), &altered(token), None), 400, "invalid_grant");
            assert_eq!(edge.fetches(), 0, "{upstream}");
            let answer = refresh(&edge, given.client_id(), token, Some("third"));
            assert_eq!(answer.status(), 200, "{upstream}: {}", answer.body());
            assert_eq!(shown(&edge, "refresh_token"), [upstream]);

            let edge = given.upgraded();
            family.iter().for_each(|_| edge.reply(200, ""));
            let revoke = |token: &str| {
                edge.respond(post_form("/revoke", &[], &[("client_id", given.client_id()), ("token", token)])).status()
            };
            assert_eq!((revoke(&altered(token)).as_u16(), edge.fetches()), (200, 0), "{upstream}: nothing to revoke");
            assert_eq!(revoke(token), 200, "{upstream}");
            assert_eq!(shown(&edge, "token"), family, "{upstream}");
        }
    }
}

#[test]
fn an_answer_of_an_instance_that_is_not_upgraded_is_used() {
    for given in all() {
        let edge = given.upgraded();
        let first = &given.refresh_tokens[0];
        publish(&edge, &given.refresh_answer, &given.refresh_answer.sealed);
        let answer = refresh(&edge, given.client_id(), first, None);
        assert_eq!((answer.status().as_u16(), edge.fetches()), (200, 0), "{}", answer.body());

        let edge = given.upgraded();
        publish(&edge, &given.refresh_answer, &altered(&given.refresh_answer.sealed));
        let answer = refresh(&edge, given.client_id(), first, Some("third"));
        assert_eq!((answer.status().as_u16(), edge.fetches()), (200, 1), "Cognito is asked: {}", answer.body());
        assert!(edge.world.records.borrow().iter().any(|record| record.event == Event::NotCoordinated));
    }
}

/// Leaves an answer where instances share them, under the names that it had.
fn publish(edge: &TestEdge, given: &RefreshAnswer, sealed: &str) {
    let RefreshAnswer { grant, token, next, .. } = given;
    let claim = RefreshClaim { grant: grant.clone(), token: token.clone(), holder: "before".to_owned() };
    let answer = PublishedAnswer { next: Some(next.clone()), sealed: sealed.to_owned(), lifetime_seconds: 60 };
    let mut coordinator = Coordinator::default();
    coordinator.update(RefreshUpdate::Publish(&claim, &answer), edge.world.now.get());
    edge.world.coordinator.replace(Some(coordinator));
}

#[test]
fn an_access_token_passes_the_gate_with_the_same_identity() {
    for given in all() {
        let emails = [(Some("demo@example.com"), None), (None, Some("demo@example.com"))];
        for (token, (email, unverified_email)) in given.access_tokens.iter().zip(emails) {
            let edge = given.upgraded();
            let gate = |token: &str| edge.gate("/mcp", Some(&format!("Bearer {token}")), None);
            let Decision::Forward(forward) = gate(token) else { panic!("refused") };
            // With the keys that the MCP server has from before.
            let identity = given.verify(&forward.identity).unwrap();
            assert_eq!((identity.subject.as_str(), identity.client_id.as_str()), (SUBJECT, given.client_id()));
            assert_eq!(identity.username.as_deref(), Some("demo"));
            assert_eq!((identity.email.as_deref(), identity.unverified_email.as_deref()), (email, unverified_email));
            assert_eq!((identity.scopes, identity.groups), (vec!["mcp".to_owned()], vec!["admins".to_owned()]));
            assert_eq!(identity.auth_time, Some(UnixTime::from_secs(given.now - 60)));
            let Decision::Respond { response, .. } = gate(&altered(token)) else { panic!("passed") };
            assert_eq!(response.status(), 401);
        }
    }
}

#[test]
fn an_identity_assertion_is_verified() {
    for mut given in all() {
        let identity = given.verify(&given.assertion).unwrap();
        assert_eq!((identity.subject.as_str(), identity.client_id.as_str()), (SUBJECT, given.client_id()));
        // With the keys that this version publishes, too.
        given.jwks = given.upgraded().get("/.well-known/jwks.json").into_body();
        assert_eq!(given.verify(&given.assertion), Some(identity));
        assert_eq!(given.verify(&altered(&given.assertion)), None);
    }
}

/// Not a test: writes the golden values. Clients, browsers and instances have values of the version before, and not those that this
/// writes, so whoever writes them anew makes a breaking release.
#[test]
#[ignore = "writes the golden values; see vectors/README.md"]
fn golden_values_are_written() {
    let wanted = std::env::var("EDGEWARD_WRITE_GOLDEN").is_ok_and(|value| value == "1");
    assert!(wanted, "writing the golden values is a breaking release: see vectors/README.md");
    let written = serde_json::to_string_pretty(&by_this_version()).unwrap() + "\n";
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/sealed-before.json"), written).unwrap();
}
