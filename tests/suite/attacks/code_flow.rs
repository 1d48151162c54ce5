//! Codes: PKCE left out or weakened, codes stolen and injected, servers mixed up.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use edgeward_tests::{
    browser::{Browser, Decision, query},
    by_hand::{HandMade, Parameters, http},
};

use super::{
    case::{Case, Cases},
    scene::{Returning, with_code},
    seen::seen,
};
use crate::world::World;

const GROUP: &str = "codes";

pub(super) fn cases() -> Vec<Case> {
    [pkce_at_authorize(), pkce_at_token(), stolen(), mixed_up()].into_iter().flatten().collect()
}

type Change = fn(Parameters) -> Parameters;

fn as_it_is(good: Parameters) -> Parameters {
    good
}

fn pkce_at_authorize() -> Vec<Case> {
    async fn send(world: Arc<World>, change: Change) -> Result<String> {
        let client = HandMade::register(&world.stack).await?;
        let url = client.authorization_url(&change(client.authorization()))?;
        seen(http()?.get(url).send().await?).await
    }
    let back = "302 to the client with invalid_request";
    Cases::new(GROUP, send, (as_it_is as Change, "200 consent page"))
        .add("no_challenge", "no `code_challenge`", |good| good.without("code_challenge"), back)
        .add(
            "no_pkce_at_all",
            "neither `code_challenge` nor its method",
            |good| good.without("code_challenge").without("code_challenge_method"),
            back,
        )
        .add(
            "no_method",
            "no `code_challenge_method`, which means `plain`",
            |good| good.without("code_challenge_method"),
            back,
        )
        .add(
            "the_method_plain",
            "`code_challenge_method=plain`",
            |good| good.with("code_challenge_method", "plain"),
            back,
        )
        .add(
            "an_unknown_method",
            "`code_challenge_method=S512`",
            |good| good.with("code_challenge_method", "S512"),
            back,
        )
        .add(
            "the_method_in_small_letters",
            "`code_challenge_method=s256`",
            |good| good.with("code_challenge_method", "s256"),
            back,
        )
        .add("an_empty_challenge", "an empty `code_challenge`", |good| good.with("code_challenge", ""), back)
        .add(
            "a_short_challenge",
            "a `code_challenge` of 42 characters",
            |good| good.with("code_challenge", &"a".repeat(42)),
            back,
        )
        .add(
            "a_padded_challenge",
            "a `code_challenge` with `=`",
            |good| good.with("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM="),
            back,
        )
        .list()
}

fn pkce_at_token() -> Vec<Case> {
    async fn send(world: Arc<World>, change: fn(&HandMade, Parameters) -> Parameters) -> Result<String> {
        let (client, code) = with_code(&world).await?;
        let form = change(&client, client.redemption(&code));
        let answer = seen(http()?.post(world.stack.url("/token")).form(form.pairs()).send().await?).await?;
        if !answer.starts_with("200") {
            // Nothing was used up by the refusal.
            let again = client.token(&client.redemption(&code)).await?;
            ensure!(again.status.is_success(), "the code is lost: {}", again.text("error"));
        }
        Ok(answer)
    }
    type OfClient = fn(&HandMade, Parameters) -> Parameters;
    Cases::new(GROUP, send, ((|_, good| good) as OfClient, "200"))
        .add(
            "no_verifier",
            "no `code_verifier`: the code stays good",
            |_, good| good.without("code_verifier"),
            "400 invalid_request",
        )
        .add(
            "an_empty_verifier",
            "an empty `code_verifier`: the code stays good",
            |_, good| good.with("code_verifier", ""),
            "400 invalid_request",
        )
        .add(
            "another_verifier",
            "another `code_verifier`: the code stays good",
            |_, good| good.with("code_verifier", &"a".repeat(43)),
            "400 invalid_grant",
        )
        .add(
            "the_challenge_as_verifier",
            "the challenge as verifier, as `plain` would have it",
            |client, good| {
                let url = client.authorization_url(&client.authorization()).expect("a URL");
                good.with("code_verifier", &query(&url, "code_challenge").unwrap_or_default())
            },
            "400 invalid_grant",
        )
        .add(
            "a_short_verifier",
            "a `code_verifier` of 42 characters",
            |_, good| good.with("code_verifier", &"a".repeat(42)),
            "400 invalid_request",
        )
        .add(
            "a_long_verifier",
            "a `code_verifier` of 129 characters",
            |_, good| good.with("code_verifier", &"a".repeat(129)),
            "400 invalid_request",
        )
        .add(
            "a_verifier_with_a_blank",
            "the verifier and a blank",
            |client, good| good.with("code_verifier", &format!("{} ", client.verifier)),
            "400 invalid_request",
        )
        .add(
            "another_redirect_uri",
            "another `redirect_uri`: the code stays good",
            |_, good| good.with("redirect_uri", "http://127.0.0.1:33418/other"),
            "400 invalid_grant",
        )
        .add(
            "another_port_of_the_redirect_uri",
            "`redirect_uri` with another port than was asked for",
            |_, good| good.with("redirect_uri", "http://127.0.0.1:33419/callback"),
            "400 invalid_grant",
        )
        .add(
            "the_attackers_redirect_uri",
            "`redirect_uri` of the attacker's",
            |_, good| good.with("redirect_uri", "https://attacker.example/"),
            "400 invalid_grant",
        )
        .add(
            "another_resource",
            "`resource` of another server: the code stays good",
            |_, good| good.with("resource", "https://attacker.example/mcp"),
            "400 invalid_target",
        )
        .add(
            "our_other_resource",
            "`resource` of this edge for which the user was not asked",
            |client, good| good.with("resource", &client.resource.replace("/mcp", "/second")),
            "400 invalid_target",
        )
        .add(
            "no_client",
            "no `client_id`: the code stays good",
            |_, good| good.without("client_id"),
            "401 invalid_client",
        )
        .add(
            "a_secret_that_it_has_not",
            "a public client that shows a secret: the code stays good",
            |_, good| good.and("client_secret", "x"),
            "401 invalid_client",
        )
        .add("no_code", "no `code`: the code stays good", |_, good| good.without("code"), "400 invalid_request")
        .list()
}

/// Which of two sign-ins.
#[derive(Clone, Copy)]
enum Whose {
    Own,
    Attackers,
}

fn stolen() -> Vec<Case> {
    /// A client takes a code that came to it, with the verifier that it has.
    async fn inject(world: Arc<World>, whose: Whose) -> Result<String> {
        let (client, code) = with_code(&world).await?;
        let code = match whose {
            Whose::Own => code,
            // The same client, elsewhere.
            Whose::Attackers => client.again()?.code(&mut Browser::new()?).await?,
        };
        seen(http()?.post(world.stack.url("/token")).form(client.redemption(&code).pairs()).send().await?).await
    }
    /// Cognito's code, taken to the token endpoint without the edge's own.
    async fn upstream(world: Arc<World>, ours: bool) -> Result<String> {
        let mut returning = Returning::new(&world).await?;
        let code = match ours {
            true => {
                let back =
                    returning.browser.get(&returning.callback.clone()).await?.redirect()?.context("no redirect")?;
                query(&back, "code").context("no code")?
            }
            false => returning.parameter("code")?,
        };
        let client = &returning.client;
        seen(http()?.post(world.stack.url("/token")).form(client.redemption(&code).pairs()).send().await?).await
    }
    /// Cognito's code of another sign-in, in this browser's answer; then the client redeems what it gets.
    async fn inject_upstream(world: Arc<World>, whose: Whose) -> Result<String> {
        let mut returning = Returning::new(&world).await?;
        let code = match whose {
            Whose::Own => returning.parameter("code")?,
            Whose::Attackers => Returning::new(&world).await?.parameter("code")?,
        };
        let (mut url, state) = (returning.callback.clone(), returning.parameter("state")?);
        url.query_pairs_mut().clear().extend_pairs([("code", &code), ("state", &state)]);
        let back = returning.browser.get(&url).await?.redirect()?.context("no redirect")?;
        let code = query(&back, "code").context("no code")?;
        let form = returning.client.redemption(&code);
        seen(http()?.post(world.stack.url("/token")).form(form.pairs()).send().await?).await
    }
    async fn twice(world: Arc<World>, times: usize) -> Result<String> {
        let (client, code) = with_code(&world).await?;
        let mut answer = String::new();
        for _ in 0..times {
            let form = client.redemption(&code);
            answer = seen(http()?.post(world.stack.url("/token")).form(form.pairs()).send().await?).await?;
        }
        Ok(answer)
    }
    let bad = "400 invalid_grant";
    [
        Cases::new(GROUP, inject, (Whose::Own, "200"))
            .add(
                "an_injected_code",
                "the attacker's code of the same client, in the user's client",
                Whose::Attackers,
                bad,
            )
            .list(),
        Cases::new(GROUP, upstream, (true, "200"))
            .add("a_code_of_cognitos", "Cognito's own code at `/token`", false, bad)
            .list(),
        Cases::new(GROUP, inject_upstream, (Whose::Own, "200"))
            .add(
                "an_injected_code_of_cognitos",
                "the attacker's code of Cognito's, in the user's answer to `/callback`",
                Whose::Attackers,
                bad,
            )
            .list(),
        Cases::new(GROUP, twice, (1, "200")).add("a_code_twice", "a code redeemed a second time", 2, bad).list(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// RFC 9207: an answer, good or bad, says whose it is, so that a client can tell servers apart.
fn mixed_up() -> Vec<Case> {
    #[derive(Clone, Copy)]
    enum Ends {
        WithACode,
        Denied,
        WithAnError,
        RefusedByCognito,
    }
    async fn send(world: Arc<World>, ends: Ends) -> Result<String> {
        let back = match ends {
            Ends::WithACode | Ends::RefusedByCognito => {
                let mut returning = Returning::new(&world).await?;
                let mut url = returning.callback.clone();
                if matches!(ends, Ends::RefusedByCognito) {
                    let state = returning.parameter("state")?;
                    let pairs = [("error", "access_denied"), ("iss", "https://attacker.example"), ("state", &state)];
                    url.query_pairs_mut().clear().extend_pairs(pairs);
                }
                returning.browser.get(&url).await?
            }
            Ends::Denied => {
                let (client, mut browser) = (HandMade::register(&world.stack).await?, Browser::new()?);
                let form = browser.open_consent(&client.authorization_url(&client.authorization())?).await?;
                browser.decide(&form, Decision::Deny).await?
            }
            Ends::WithAnError => {
                let client = HandMade::register(&world.stack).await?;
                let asked = client.authorization().with("scope", "other").and("iss", "https://attacker.example");
                Browser::new()?.get(&client.authorization_url(&asked)?).await?
            }
        };
        // Or what the link on the page of a refusal leads to.
        let url = back.redirect()?.or_else(|| back.link("Go back to the application")).context("no way back")?;
        let named: Vec<_> =
            url.query_pairs().filter(|(name, _)| name == "iss").map(|(_, value)| value.into_owned()).collect();
        Ok(if named == [world.stack.issuer()] { "`iss` is ours" } else { "`iss` is not ours" }.to_owned())
    }
    let ours = "`iss` is ours";
    Cases::new(GROUP, send, (Ends::WithACode, ours))
        .add("mix_up_with_a_denial", "servers mixed up: an answer of a user who has denied", Ends::Denied, ours)
        .add(
            "mix_up_with_an_error",
            "servers mixed up: an error, `iss` of the attacker's in the request",
            Ends::WithAnError,
            ours,
        )
        .add(
            "mix_up_at_cognito",
            "servers mixed up: an error of Cognito's with `iss` of the attacker's",
            Ends::RefusedByCognito,
            ours,
        )
        .list()
}
