//! The way through the browser: forged decisions, swapped transactions, ridden consent, and answers replayed.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use edgeward_tests::{
    browser::{Browser, Decision, User},
    by_hand::{HandMade, http},
    form::Form,
};

use super::{
    case::{Case, Cases},
    scene::Returning,
    seen::{seen, seen_page},
};
use crate::{switching_users::remembered, world::World};

const GROUP: &str = "sign_in";

pub(super) fn cases() -> Vec<Case> {
    [forged_decisions(), swapped(), ridden(), callbacks(), refusals()].into_iter().flatten().collect()
}

/// A consent page, open in a browser of its own.
struct Open {
    browser: Browser,
    form: Form,
}

impl Open {
    async fn new(client: &HandMade) -> Result<Self> {
        let mut browser = Browser::new()?;
        let form = browser.open_consent(&client.authorization_url(&client.authorization())?).await?;
        Ok(Self { browser, form })
    }

    fn cookies(&self) -> String {
        self.browser.cookies.header(&self.form.action).unwrap_or_default()
    }
}

fn forged_decisions() -> Vec<Case> {
    /// `OURS` stands for our own origin.
    async fn send(world: Arc<World>, origins: &'static [&'static str]) -> Result<String> {
        let open = Open::new(&HandMade::register(&world.stack).await?).await?;
        let mut fields = open.form.fields.clone();
        fields.push(("decision".to_owned(), "allow".to_owned()));
        let mut request = http()?.post(open.form.action.clone()).header("cookie", open.cookies()).form(&fields);
        for origin in origins {
            request = request.header("origin", origin.replace("OURS", world.stack.issuer()));
        }
        seen(request.send().await?).await
    }
    let bad = "403 page";
    Cases::new(GROUP, send, (&["OURS"] as &[_], "303 to Cognito"))
        .add(
            "a_decision_from_another_site",
            "the consent form, sent by a page of another site",
            &["https://attacker.example"],
            bad,
        )
        .add("a_decision_from_nowhere", "the consent form without `Origin`", &[], bad)
        .add("a_decision_from_a_frame", "`Origin: null`, as of a sandboxed frame", &["null"], bad)
        .add("a_decision_from_a_likeness", "an `Origin` that begins like ours", &["OURS.attacker.example"], bad)
        .add("a_decision_from_another_port", "an `Origin` of our host with another port", &["http://localhost:1"], bad)
        .add("a_decision_from_another_scheme", "our host with `https`", &["https://localhost"], bad)
        .add("a_decision_from_ours_with_a_path", "our origin and a slash", &["OURS/"], bad)
        .add("a_decision_from_ours_in_capitals", "our origin in capitals", &["HTTP://LOCALHOST"], bad)
        .add(
            "a_decision_from_two_sites",
            "`Origin` twice, one of them ours",
            &["OURS", "https://attacker.example"],
            bad,
        )
        .add("a_decision_from_a_list", "a list of origins with ours in it", &["https://attacker.example, OURS"], bad)
        .list()
}

fn swapped() -> Vec<Case> {
    #[derive(Clone, Copy)]
    enum Parts {
        /// The user's form in the user's browser.
        Own,
        /// The attacker's form, in the user's browser with the user's own page open.
        AttackersForm,
        /// The user's form with the attacker's sealed transaction.
        AttackersSealed,
        /// The user's form with the attacker's id.
        AttackersId,
        /// The user's form with the attacker's sealed transaction under the user's id.
        UsersFormAttackersCookie,
        /// The user's form in a browser without cookies.
        OtherBrowser,
        /// The form sent a second time, after it was denied, without the cookie that was taken back.
        AfterDenial,
    }
    async fn send(world: Arc<World>, parts: Parts) -> Result<String> {
        let client = HandMade::register(&world.stack).await?;
        let (mut user, attacker) = (Open::new(&client).await?, Open::new(&client.again()?).await?);
        let of = |form: &Form, name: &str| form.field(name).unwrap_or_default().to_owned();
        let mut form = user.form.clone();
        match parts {
            Parts::Own => {}
            Parts::AttackersForm => form = attacker.form.clone(),
            Parts::AttackersSealed => form = form.fill("sealed", &of(&attacker.form, "sealed")),
            Parts::AttackersId => form = form.fill("transaction", &of(&attacker.form, "transaction")),
            Parts::UsersFormAttackersCookie => user.browser = attacker.browser,
            Parts::OtherBrowser => user.browser = Browser::new()?,
            Parts::AfterDenial => {
                user.browser.decide(&form, Decision::Deny).await?;
            }
        }
        Ok(seen_page(&user.browser.decide(&form, Decision::Allow).await?))
    }
    Cases::new(GROUP, send, (Parts::Own, "303 to Cognito"))
        .add(
            "the_attackers_form",
            "fixation: the attacker's form, sent from the user's browser",
            Parts::AttackersForm,
            "403 page",
        )
        .add(
            "the_attackers_transaction",
            "the attacker's sealed transaction in the user's form",
            Parts::AttackersSealed,
            "400 page",
        )
        .add("the_attackers_id", "the attacker's transaction id in the user's form", Parts::AttackersId, "403 page")
        .add(
            "the_attackers_cookie",
            "the user's form with the attacker's cookie",
            Parts::UsersFormAttackersCookie,
            "403 page",
        )
        .add(
            "a_browser_without_the_page",
            "the user's form from a browser that was not shown the page",
            Parts::OtherBrowser,
            "403 page",
        )
        .add("a_decision_after_a_denial", "allowed after it was denied", Parts::AfterDenial, "403 page")
        .list()
}

/// Consent that was remembered, and a site that wants to use it: the settings of these suites let it be remembered.
fn ridden() -> Vec<Case> {
    /// Fetch Metadata that browsers send: site, mode, destination.
    #[derive(Clone, Copy)]
    struct Ride {
        fetch: [&'static str; 3],
        change: fn(edgeward_tests::by_hand::Parameters) -> edgeward_tests::by_hand::Parameters,
        other_client: bool,
    }
    async fn send(world: Arc<World>, ride: Ride) -> Result<String> {
        let client = HandMade::register(&world.stack).await?;
        let mut browser = Browser::new()?;
        remembered(&mut browser, &client, User::DEMO).await?;
        let mut asked = ride_parameters(&client, ride.change);
        if ride.other_client {
            let metadata =
                serde_json::json!({ "client_name": "Rider", "redirect_uris": ["http://127.0.0.1:33418/callback"] });
            asked = asked.with("client_id", client.registration(&metadata).await?.text("client_id"));
        }
        let url = client.authorization_url(&asked)?;
        let cookies = browser.cookies.header(&url).context("no cookies")?;
        let mut request = http()?.get(url).header("cookie", cookies);
        for (name, value) in ["sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"].into_iter().zip(ride.fetch) {
            if !value.is_empty() {
                request = request.header(name, value);
            }
        }
        seen(request.send().await?).await
    }
    fn ride_parameters(
        client: &HandMade,
        change: fn(edgeward_tests::by_hand::Parameters) -> edgeward_tests::by_hand::Parameters,
    ) -> edgeward_tests::by_hand::Parameters {
        change(client.authorization())
    }
    let own = Ride { fetch: ["none", "navigate", "document"], change: |good| good, other_client: false };
    let asked = "200 consent page";
    Cases::new(GROUP, send, (own, "303 to Cognito"))
        .add(
            "consent_ridden_by_a_link",
            "a link on another site leads to `/authorize`: the user is asked",
            Ride { fetch: ["cross-site", "navigate", "document"], ..own },
            asked,
        )
        .add(
            "consent_ridden_by_another_host_of_the_domain",
            "a link on another host of the same domain",
            Ride { fetch: ["same-site", "navigate", "document"], ..own },
            asked,
        )
        .add(
            "consent_ridden_in_a_frame",
            "a frame of another site",
            Ride { fetch: ["cross-site", "navigate", "iframe"], ..own },
            asked,
        )
        .add(
            "consent_ridden_in_a_frame_of_the_site",
            "a frame, whoever's",
            Ride { fetch: ["none", "navigate", "iframe"], ..own },
            asked,
        )
        .add(
            "consent_ridden_by_a_script",
            "a script that fetches `/authorize`",
            Ride { fetch: ["same-origin", "cors", "empty"], ..own },
            asked,
        )
        .add(
            "consent_ridden_by_a_picture",
            "a picture whose address is `/authorize`",
            Ride { fetch: ["cross-site", "no-cors", "image"], ..own },
            asked,
        )
        .add(
            "consent_ridden_by_an_old_browser",
            "a browser that does not say who opened the address",
            Ride { fetch: ["", "", ""], ..own },
            asked,
        )
        .add(
            "consent_ridden_by_another_client",
            "another client with the same redirect URI",
            Ride { other_client: true, ..own },
            asked,
        )
        .add(
            "consent_ridden_for_more",
            "the same client with more scope",
            Ride { change: |good| good.with("scope", "mcp admin"), ..own },
            asked,
        )
        .add(
            "consent_ridden_for_another_resource",
            "the same client for another resource",
            Ride {
                change: |good| {
                    let other = good
                        .pairs()
                        .iter()
                        .find(|(name, _)| name == "resource")
                        .map(|(_, value)| value.replace("/mcp", "/second"))
                        .unwrap_or_default();
                    good.with("resource", &other).with("scope", "second")
                },
                ..own
            },
            asked,
        )
        .add(
            "consent_ridden_against_a_prompt",
            "`prompt=consent`",
            Ride { change: |good| good.with("prompt", "consent"), ..own },
            asked,
        )
        .add(
            "consent_ridden_against_two_prompts",
            "`prompt` twice",
            Ride { change: |good| good.and("prompt", "none").and("prompt", "none"), ..own },
            "302 to the client with invalid_request",
        )
        .add(
            "consent_ridden_without_a_page",
            "`prompt=none` in a frame of another site",
            Ride { fetch: ["cross-site", "navigate", "iframe"], change: |good| good.with("prompt", "none"), ..own },
            "302 to the client with consent_required",
        )
        .list()
}

fn callbacks() -> Vec<Case> {
    #[derive(Clone, Copy)]
    enum Comes {
        Back,
        /// A second time.
        Again,
        InAnotherBrowser,
        /// The attacker's answer in the user's browser, which has a sign-in of its own under way.
        WithTheAttackersAnswer,
        WithAStateOfNobody,
        WithoutAState,
        WithAStateOfAnotherForm,
        /// The attacker's state and cookie planted under the user's name.
        WithTheAttackersCookieUnderTheUsersName,
        AfterAnError,
        WithALongCode,
    }
    async fn send(world: Arc<World>, comes: Comes) -> Result<String> {
        let mut user = Returning::new(&world).await?;
        let mut url = user.callback.clone();
        let (code, state) = (user.parameter("code")?, user.parameter("state")?);
        let mut set = |pairs: &[(&str, &str)]| {
            url.query_pairs_mut().clear().extend_pairs(pairs);
        };
        match comes {
            Comes::Back => {}
            Comes::Again => {
                user.browser.get(&user.callback.clone()).await?;
            }
            Comes::InAnotherBrowser => user.browser = Browser::new()?,
            Comes::WithTheAttackersAnswer => url = Returning::new(&world).await?.callback,
            Comes::WithAStateOfNobody => set(&[("code", &code), ("state", "AAAAAAAAAAAAAAAAAAAAAA")]),
            Comes::WithoutAState => set(&[("code", &code)]),
            Comes::WithAStateOfAnotherForm => set(&[("code", &code), ("state", "../../../../../../../..")]),
            Comes::WithTheAttackersCookieUnderTheUsersName => {
                let (name, _) = user.cookie()?;
                let (_, value) = Returning::new(&world).await?.cookie()?;
                let request = http()?.get(url).header("cookie", format!("{name}={value}"));
                return seen(request.send().await?).await;
            }
            Comes::AfterAnError => {
                let mut failed = url.clone();
                failed.query_pairs_mut().clear().extend_pairs([("error", "server_error"), ("state", &state)]);
                user.browser.get(&failed).await?;
            }
            Comes::WithALongCode => set(&[("code", &"x".repeat(513)), ("state", &state)]),
        }
        Ok(seen_page(&user.browser.get(&url).await?))
    }
    let bad = "400 page";
    Cases::new(GROUP, send, (Comes::Back, "302 to the client with a code"))
        .add("an_answer_replayed", "Cognito's answer opened a second time", Comes::Again, bad)
        .add("an_answer_in_another_browser", "Cognito's answer opened in another browser", Comes::InAnotherBrowser, bad)
        .add(
            "the_attackers_answer",
            "the attacker's answer in the user's browser: they would act as the attacker",
            Comes::WithTheAttackersAnswer,
            bad,
        )
        .add("a_state_of_nobody", "a `state` that nobody was given", Comes::WithAStateOfNobody, bad)
        .add("no_state", "an answer without `state`", Comes::WithoutAState, bad)
        .add("a_state_of_another_form", "a `state` that is a path", Comes::WithAStateOfAnotherForm, bad)
        .add(
            "the_attackers_cookie_planted",
            "the attacker's cookie under the name of the user's",
            Comes::WithTheAttackersCookieUnderTheUsersName,
            bad,
        )
        .add("an_answer_after_an_error", "Cognito's answer after the sign-in has failed", Comes::AfterAnError, bad)
        .add(
            "a_long_code",
            "a code of Cognito's of 513 characters",
            Comes::WithALongCode,
            "302 to the client with server_error",
        )
        .list()
}

/// A page of the edge shows what a Lambda of the operator's says. It must not show what an attacker says.
fn refusals() -> Vec<Case> {
    #[derive(Clone, Copy)]
    enum Told {
        InTheUsersOwnSignIn,
        /// A link that the attacker has made up.
        WithoutAState,
        WithAStateOfNobody,
        /// The attacker's own sign-in, in the user's browser.
        WithTheAttackersState,
        InAnotherBrowser,
        /// As the client's error, which goes to its redirect URI.
        AtTheAuthorizationEndpoint,
    }
    async fn send(world: Arc<World>, told: Told) -> Result<String> {
        const WORDS: &str = "PreSignUp failed with error Your account is locked, call 0123.";
        let (mut user, attacker) = (Returning::new(&world).await?, Returning::new(&world).await?);
        let state = match told {
            Told::InTheUsersOwnSignIn | Told::InAnotherBrowser => user.parameter("state")?,
            Told::WithTheAttackersState => attacker.parameter("state")?,
            Told::WithAStateOfNobody => "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
            Told::WithoutAState | Told::AtTheAuthorizationEndpoint => String::new(),
        };
        let mut url = match told {
            Told::AtTheAuthorizationEndpoint => world.stack.url("/authorize"),
            _ => user.callback.clone(),
        };
        let parameters = [("error", "invalid_request"), ("error_description", WORDS), ("state", state.as_str())];
        url.query_pairs_mut().clear().extend_pairs(parameters.iter().filter(|(_, value)| !value.is_empty()));
        if let Told::InAnotherBrowser = told {
            user.browser = Browser::new()?;
        }
        let page = user.browser.get(&url).await?;
        let is_shown = page.body.contains("Your account is locked");
        Ok(format!("{}{}", seen_page(&page), if is_shown { " with the words" } else { "" }))
    }
    let bad = "400 page";
    Cases::new(GROUP, send, (Told::InTheUsersOwnSignIn, "403 page with the words"))
        .add("words_in_a_link", "a link to `/callback` with words of the attacker's", Told::WithoutAState, bad)
        .add("words_for_nobodys_sign_in", "the same with a made-up `state`", Told::WithAStateOfNobody, bad)
        .add(
            "words_for_the_attackers_sign_in",
            "the same with the attacker's `state`",
            Told::WithTheAttackersState,
            bad,
        )
        .add("words_for_another_browser", "the user's `state` in another browser", Told::InAnotherBrowser, bad)
        .add("words_at_authorize", "such words at `/authorize`", Told::AtTheAuthorizationEndpoint, bad)
        .list()
}
