//! What holds for every sealed value, scope and expiry: nothing widens, nothing lives longer.
#![cfg(not(target_arch = "wasm32"))]

#[path = "support/cognito.rs"]
mod cognito;
mod support;

use std::rc::Rc;

use cognito::{POOL, SUBJECT, TokenAnswer, jwks, refresh_token, sign};
use edgeward_core::{
    Config, Decision,
    access_token::{self, Grant, MAX_BYTES, MintError},
    config::ProtectedResource,
    oauth::{ClientDigest, CodeChallenge, Prompt, RedirectUri, Scope, redirect_uri::PrivateUseSchemes},
    platform::UnixTime,
    request_context::RequestContext,
    sealed::{
        self, AuthorizationCode, ConsentTransaction, OpenError, PendingAuthorization, Profile, RefreshToken,
        Remembered, RememberedConsent, Seal, Transaction,
    },
    upstream::Subject,
};
use edgeward_identity::{Verifier, VerifyingKeys};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::*;

const RESOURCE: &str = "https://edge.example/mcp";
const RESOURCES: &str = r#"[{"path": "/mcp", "default_scopes": ["a"], "scopes": {
    "a": "A",
    "b": {"words": "B", "implies": ["a"], "groups": ["one", "two"]},
    "c": {"words": "C", "implies": ["b", "d"]},
    "d": {"words": "D", "cognito_scope": "api/d"},
    "e": {"words": "E", "groups": ["two"], "cognito_scope": "api/e"}}}]"#;
const NOW: UnixTime = UnixTime::from_secs(START);

thread_local! {
    static SETTINGS: Rc<Config> = config(&[("EDGEWARD_RESOURCES", RESOURCES)]).unwrap().into();
    static WORLD: World = TestEdge::new().world;
}

fn settings() -> Rc<Config> {
    SETTINGS.with(Rc::clone)
}

fn resource(config: &Config) -> &ProtectedResource {
    &config.resources[0]
}

/// Some of the scopes.
fn some_scope() -> impl Strategy<Value = Scope> {
    prop::sample::subsequence(vec!["a", "b", "c", "d", "e"], 0..=5)
        .prop_map(|all| Scope::parse(&all.join(" ")).unwrap())
}

fn some_groups() -> impl Strategy<Value = Vec<String>> {
    prop::sample::subsequence(vec!["one", "two", "three"], 0..=3)
        .prop_map(|all| all.into_iter().map(str::to_owned).collect())
}

fn some_of_cognitos() -> impl Strategy<Value = String> {
    prop::sample::subsequence(vec!["openid", "api/d", "api/e"], 0..=3).prop_map(|all| all.join(" "))
}

fn some_transaction() -> impl Strategy<Value = Transaction> {
    let text = "\\PC{0,24}";
    let prompt = prop::sample::select(vec!["", "none", "login", "select_account consent"]);
    let optional =
        (prop::option::of(text), prompt.prop_map(|text| Prompt::parse(text).unwrap()), prop::option::of(text));
    let remembered = prop_oneof![
        Just(None),
        Just(Some(Remembered::Wanted)),
        text.prop_map(|client_id| Some(Remembered::Used(client_id))),
        text.prop_map(|subject| Some(Remembered::By(subject))),
    ];
    (text, text, "https://client\\.example/[a-z]{0,8}", optional, some_scope(), remembered).prop_map(
        |(id, upstream_nonce, uri, (client_state, prompt, login_hint), scope, remembered)| {
            let parse = || RedirectUri::parse(&uri, &PrivateUseSchemes::default()).unwrap();
            Transaction {
                id,
                client: ClientDigest::of(&upstream_nonce),
                redirect_target: parse().find_in(&[parse()]).unwrap(),
                client_state,
                code_challenge: CodeChallenge::parse(CHALLENGE).unwrap(),
                resource: RESOURCE.to_owned(),
                scope,
                upstream_verifier: VERIFIER.to_owned(),
                upstream_nonce,
                prompt,
                login_hint,
                remembered,
            }
        },
    )
}

fn some_profile() -> impl Strategy<Value = Profile> {
    let text = "\\PC{0,24}";
    (prop::option::of(text), prop::option::of(text), prop::option::of(text), prop::collection::vec(text, 0..3))
        .prop_map(|(username, email, unverified_email, groups)| Profile { username, email, unverified_email, groups })
}

/// It opens as it was, in its context, until its time is over, and as nothing else.
fn travels<T: Seal + PartialEq + std::fmt::Debug>(
    value: &T,
    context: &str,
    age: u64,
    at: prop::sample::Index,
) -> Result<(), TestCaseError> {
    let (config, world) = (settings(), WORLD.with(World::clone));
    let sealed = sealed::seal(value, context, &config.keys, NOW, &world).unwrap();
    let open = |text: &str, context: &str, age| sealed::open::<T>(text, context, &config.keys, NOW.plus(age));
    for age in [0, T::LIFETIME - 1] {
        let opened = open(&sealed, context, age);
        prop_assert_eq!(opened.as_ref(), Ok(value));
    }
    let later = open(&sealed, context, age);
    prop_assert_eq!(later.as_ref(), if age < T::LIFETIME { Ok(value) } else { Err(&OpenError::Expired) });
    let other_context = format!("{context}x");
    prop_assert_eq!(open(&sealed, &other_context, 0), Err(OpenError::NotOurs));
    let at = at.index(sealed.len());
    let other = if sealed.as_bytes()[at] == b'A' { "B" } else { "A" };
    let changed = format!("{}{other}{}", &sealed[..at], &sealed[at + 1..]);
    prop_assert!(open(&changed, context, 0).is_err(), "{} of {}", changed, sealed);
    prop_assert!(open(&sealed[..at], context, 0).is_err());
    Ok(())
}

/// Words as they stand in settings, and groups that they could mean.
fn some_names() -> impl Strategy<Value = Vec<String>> {
    let name = prop_oneof!["[ab*]{1,3}", "\\PC{0,6}\\*?", Just("*".to_owned()), "eu-west-1_Example_[ab]{0,2}\\*?"];
    prop::collection::vec(name, 0..5)
}

proptest! {
    #[test]
    fn a_group_is_told_if_a_word_of_the_settings_means_it_and_only_then(words in some_names(), groups in some_names()) {
        let setting = words.join(" ");
        // Of which words the text consists is for the text to say.
        let words: Vec<&str> = setting.split_whitespace().collect();
        let is_provider = |text: &str| text.starts_with("eu-west-1_Example_");
        let is_bad = |word: &&str| {
            let beginning = word.strip_suffix('*');
            beginning.unwrap_or(word).contains('*') || beginning.is_some_and(is_provider)
        };
        let parsed = config(&[("EDGEWARD_ORIGIN_GROUPS", &setting)]);
        prop_assert_eq!(parsed.is_err(), words.iter().any(is_bad), "{:?}", setting);
        let Ok(parsed) = parsed else { return Ok(()) };
        for group in groups.iter().map(String::as_str).chain(words.iter().copied()) {
            let means = |word: &&str| match word.strip_suffix('*') {
                Some(beginning) => group.starts_with(beginning) && !is_provider(group),
                None => *word == group,
            };
            prop_assert_eq!(parsed.origin_groups.include(group), words.iter().any(means), "{:?} in {:?}", group, setting);
        }
    }

    #[test]
    fn trusted_providers_are_the_words_of_their_setting(words in some_names()) {
        let setting = words.join(" ");
        let words: Vec<&str> = setting.split_whitespace().collect();
        let parsed = config(&[("EDGEWARD_TRUSTED_EMAIL_PROVIDERS", &setting)]);
        prop_assert_eq!(parsed.is_err(), setting.contains('*'));
        if let Ok(parsed) = parsed {
            prop_assert_eq!(parsed.cognito.emails.trusted_providers, words);
        }
    }

    #[test]
    fn what_is_granted_was_asked_for_and_grows_with_nothing_but_what_the_user_has(
        asked in some_scope(),
        more_asked in some_scope(),
        groups in some_groups(),
        more_groups in some_groups(),
        upstream in some_of_cognitos(),
        more_upstream in some_of_cognitos(),
    ) {
        let config = settings();
        let resource = resource(&config);
        let granted = resource.grantable(&asked, &groups, &upstream);
        prop_assert!(granted.is_subset(&asked));
        // Granting again what was granted takes nothing away.
        prop_assert_eq!(&resource.grantable(&granted, &groups, &upstream), &granted);
        // Whoever has a scope may have all that it implies.
        let expanded = resource.expand(&granted);
        prop_assert_eq!(&resource.grantable(&expanded, &groups, &upstream), &expanded);
        let all_groups = [groups.clone(), more_groups].concat();
        let all_upstream = format!("{upstream} {more_upstream}");
        let more = resource.grantable(&asked.union(&more_asked), &all_groups, &all_upstream);
        prop_assert!(granted.is_subset(&more));
    }

    #[test]
    fn what_scopes_imply_is_closed_and_grows_with_them(scope in some_scope(), more in some_scope()) {
        let config = settings();
        let resource = resource(&config);
        let expanded = resource.expand(&scope);
        prop_assert!(scope.is_subset(&expanded) && expanded.is_subset(&resource.scope()));
        prop_assert_eq!(&resource.expand(&expanded), &expanded);
        prop_assert!(expanded.is_subset(&resource.expand(&scope.union(&more))));
    }

    #[test]
    fn a_token_passes_until_it_expires_and_never_again(lifetime in 0..=86_400u64, looks in prop::collection::vec(0..40_000u64, 1..4)) {
        let edge = TestEdge::with(&[("EDGEWARD_RESOURCES", RESOURCES)]);
        let token = mint(&settings(), "a", NOW.plus(lifetime), &edge);
        let authorization = format!("Bearer {token}");
        let mut age = 0;
        // Remembered from one look to the next, if it was good.
        for after in looks {
            edge.advance(after);
            age += after;
            let passes = matches!(edge.gate("/mcp", Some(&authorization), None), Decision::Forward(_));
            // Its profile is sealed for a day, which the settings let no access token outlive.
            prop_assert_eq!(passes, age < lifetime, "{} s of {}", age, lifetime);
        }
    }
}

fn mint(config: &Config, scope: &str, expires_at: UnixTime, edge: &TestEdge) -> String {
    let subject = Subject { subject: SUBJECT.to_owned(), profile: Profile::default(), auth_time: None };
    let scope = Scope::parse(scope).unwrap();
    let grant = Grant { client_id: "client", subject: &subject, resource: RESOURCE, scope: &scope, grant_id: "grant" };
    access_token::mint(&grant, "token".to_owned(), expires_at, &RequestContext::new(None, config, &edge.world)).unwrap()
}

/// A refresh at the token endpoint: the status, and what was answered.
fn refresh(edge: &TestEdge, client_id: &str, token: &str, scope: &str) -> (u16, Value) {
    let parameters =
        [("grant_type", "refresh_token"), ("client_id", client_id), ("refresh_token", token), ("scope", scope)];
    let response = edge.respond(post_form("/token", &[], &parameters));
    (response.status().as_u16(), serde_json::from_str(response.body()).unwrap())
}

fn scope_of(answer: &Value) -> Scope {
    Scope::parse(answer["scope"].as_str().unwrap()).unwrap()
}

proptest! {
    // Sealing, and Cognito's signatures, take milliseconds unoptimised.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_is_sealed_opens_as_it_was_until_its_time_is_over(
        transaction in some_transaction(),
        profile in some_profile(),
        text in "\\PC{0,24}",
        context in "\\PC{0,24}",
        age in prop_oneof![0..2_000u64, 0..4_000 * 24 * 3600u64],
        at: prop::sample::Index,
    ) {
        travels(&ConsentTransaction(transaction.clone()), &context, age, at)?;
        travels(&PendingAuthorization(transaction.clone()), &context, age, at)?;
        let consent = RememberedConsent { scope: transaction.scope.clone(), subject: transaction.login_hint.clone() };
        travels(&consent, &context, age, at)?;
        travels(&profile, &context, age, at)?;
        let token = RefreshToken {
            upstream_token: text.clone(),
            original_token: transaction.client_state.clone(),
            subject: transaction.id.clone(),
            resource: transaction.resource.clone(),
            scope: transaction.scope.clone(),
            grant_id: context.clone(),
        };
        travels(&token, &context, age, at)?;
        travels(&AuthorizationCode { upstream_code: text, transaction }, &context, age, at)?;
    }

    #[test]
    fn no_refresh_ever_widens_a_grant(
        granted in some_scope(),
        steps in prop::collection::vec((some_scope(), some_groups(), some_of_cognitos()), 1..4),
    ) {
        let edge = TestEdge::with(&[("EDGEWARD_RESOURCES", RESOURCES)]);
        edge.world.keys.replace(Some(jwks()));
        let (config, client_id) = (settings(), edge.public_client());
        let resource = resource(&config);
        let mut token = refresh_token(&edge, &client_id, "upstream", &granted.to_string());
        let mut left = resource.expand(&granted);
        for (asked, groups, upstream) in steps {
            edge.world.replies.borrow_mut().clear();
            let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
            TokenAnswer { groups: &groups, scope: &upstream, ..TokenAnswer::default() }.script(&edge);
            let (status, answer) = refresh(&edge, &client_id, &token, &asked.to_string());
            if status != 200 {
                prop_assert!(matches!(answer["error"].as_str(), Some("invalid_scope" | "invalid_grant")), "{}", answer);
                break;
            }
            let scope = scope_of(&answer);
            prop_assert!(scope.is_subset(&left), "{} of {}", scope, left);
            prop_assert!(asked.is_empty() || scope.is_subset(&asked));
            answer["refresh_token"].as_str().unwrap().clone_into(&mut token);
            let next: RefreshToken =
                sealed::open(&token, ClientDigest::of(&client_id).as_str(), &config.keys, NOW).unwrap();
            prop_assert!(resource.expand(&next.scope).is_subset(&left));
            left = resource.expand(&next.scope);
        }
    }

    #[test]
    fn whatever_is_minted_passes_the_gate_and_the_origin(
        groups in prop::collection::vec("\\PC{1,128}", 0..40),
        username in prop::option::of("\\PC{0,128}"),
        implied in 0..40usize,
        audience in "[a-z/:.]{1,2000}",
    ) {
        let implied: Vec<_> = (0..implied).map(|number| format!("{number:0>100}")).collect();
        let scopes = implied.iter().map(|scope| (scope.clone(), "One of many".into()));
        let all = ("all".to_owned(), json!({ "words": "All of them", "implies": implied }));
        let scopes: serde_json::Map<_, _> = scopes.chain([all]).collect();
        let resources = json!([{ "path": "/mcp", "scopes": scopes, "default_scopes": ["all"] }]).to_string();
        let edge = TestEdge::with(&[("EDGEWARD_RESOURCES", &resources), ("EDGEWARD_ORIGIN_AUDIENCE", &audience)]);
        let profile = Profile { username, groups, ..Profile::default() };
        let subject = Subject { subject: SUBJECT.to_owned(), profile, auth_time: Some(NOW) };
        let scope = Scope::parse("all").unwrap();
        let grant =
            Grant { client_id: "client", subject: &subject, resource: RESOURCE, scope: &scope, grant_id: "grant" };
        match access_token::mint(&grant, "token".to_owned(), NOW.plus(60), &RequestContext::new(None, edge.edge.config(), &edge.world)) {
            Ok(token) => {
                let passed = edge.gate("/mcp", Some(&format!("Bearer {token}")), None);
                let Decision::Forward(forward) = passed else { panic!("a token of {} bytes: {passed:?}", token.len()) };
                let keys = VerifyingKeys::from_jwks(KEYS.as_bytes()).unwrap();
                let told = Verifier::new(ISSUER, audience.trim()).verify(&forward.identity, &keys, NOW).unwrap();
                prop_assert_eq!(told.groups, subject.profile.groups);
            }
            Err(error) => prop_assert!(matches!(error, MintError::TooLong { bytes, .. } if bytes > MAX_BYTES), "{}", error),
        }
    }

    #[test]
    fn an_earlier_expiry_of_cognitos_never_lets_a_token_live_longer(one in 0..2_000u64, other in 0..2_000u64) {
        let life = |cognitos: u64| {
            let edge = TestEdge::with(&[("EDGEWARD_RESOURCES", RESOURCES)]);
            let client_id = edge.public_client();
            let token = refresh_token(&edge, &client_id, "upstream", "a");
            let claims = |kind: &str, exp: u64| json!({
                "iss": POOL, "sub": SUBJECT, "aud": "upstreamclient", "client_id": "upstreamclient", "token_use": kind,
                "exp": exp,
            });
            let (id, access) = (sign(&claims("id", START + 5_000)), sign(&claims("access", START + cognitos)));
            edge.world.keys.replace(Some(jwks()));
            edge.reply(200, json!({ "id_token": id, "access_token": access }).to_string());
            let (status, answer) = refresh(&edge, &client_id, &token, "");
            assert_eq!(status, 200, "{answer}");
            let token = answer["access_token"].as_str().unwrap();
            let (_, _, expires_at) = access_token::open(token, ISSUER, &settings().keys, UnixTime::from_secs(0)).unwrap();
            assert_eq!(expires_at, NOW.plus(answer["expires_in"].as_u64().unwrap()));
            expires_at.secs_since(NOW)
        };
        let (earlier, later) = (one.min(other), one.max(other));
        prop_assert!(life(earlier) <= life(later));
        prop_assert!(life(earlier) <= earlier);
    }
}
