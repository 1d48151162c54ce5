//! Parameters: sent twice, in the wrong place, or so that two readers could read two things.

use std::sync::Arc;

use anyhow::Result;
use edgeward_tests::by_hand::{HandMade, Parameters, http};

use super::{
    case::{Case, Cases},
    scene::{signed_in, with_code},
    seen::seen,
};
use crate::{settings::CONFIDENTIAL_CLIENT, world::World};

const GROUP: &str = "parameters";

/// Changes good parameters.
type Change = fn(Parameters) -> Parameters;

/// As it is.
fn none(good: Parameters) -> Parameters {
    good
}

pub(super) fn cases() -> Vec<Case> {
    [authorize(), redeem(), refresh(), revoke(), authenticate()].into_iter().flatten().collect()
}

fn authorize() -> Vec<Case> {
    async fn send(world: Arc<World>, change: Change) -> Result<String> {
        let client = HandMade::register(&world.stack).await?;
        let url = client.authorization_url(&change(client.authorization()))?;
        seen(http()?.get(url).send().await?).await
    }
    let back = "302 to the client with invalid_request";
    Cases::new(GROUP, send, (none as Change, "200 consent page"))
        .add(
            "two_client_ids",
            "`client_id` twice at `/authorize`, the second another's",
            |good| good.and("client_id", "tests-public"),
            "400 page",
        )
        .add(
            "two_redirect_uris",
            "`redirect_uri` twice, the second the attacker's",
            |good| good.and("redirect_uri", "https://attacker.example/"),
            "400 page",
        )
        .add(
            "the_redirect_uri_of_the_attacker_first",
            "`redirect_uri` twice, the first the attacker's",
            |good| {
                let own = "http://127.0.0.1:33418/callback";
                good.with("redirect_uri", "https://attacker.example/").and("redirect_uri", own)
            },
            "400 page",
        )
        .add("two_response_types", "`response_type` twice", |good| good.and("response_type", "token"), back)
        .add("two_states", "`state` twice", |good| good.and("state", "other"), back)
        .add("two_scopes", "`scope` twice, the second wider", |good| good.and("scope", "mcp admin"), back)
        .add(
            "two_code_challenges",
            "`code_challenge` twice",
            |good| good.and("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            back,
        )
        .add(
            "two_code_challenge_methods",
            "`code_challenge_method` twice, the second `plain`",
            |good| good.and("code_challenge_method", "plain"),
            back,
        )
        .add(
            "two_resources",
            "`resource` twice",
            |good| good.and("resource", "https://attacker.example/mcp"),
            "302 to the client with invalid_target",
        )
        .add(
            "two_response_modes",
            "`response_mode` twice",
            |good| good.and("response_mode", "query").and("response_mode", "fragment"),
            back,
        )
        .add(
            "a_name_as_of_a_list",
            "`redirect_uri[]` of the attacker's instead of `redirect_uri`",
            |good| good.without("redirect_uri").and("redirect_uri[]", "https://attacker.example/"),
            "400 page",
        )
        .add(
            "a_name_in_capitals",
            "`CLIENT_ID` instead of `client_id`",
            |good| good.without("client_id").and("CLIENT_ID", "tests-public"),
            "400 page",
        )
        .add(
            "a_parameter_within_a_value",
            "`redirect_uri` that continues with another parameter, `&` escaped",
            |good| good.with("redirect_uri", "http://127.0.0.1:33418/callback&redirect_uri=https://attacker.example/"),
            "400 page",
        )
        .add(
            "a_scope_with_a_null",
            "a NUL within `scope`",
            |good| good.with("scope", "mcp\0admin"),
            "302 to the client with invalid_scope",
        )
        .add(
            "a_scope_with_a_comma",
            "scopes separated by a comma",
            |good| good.with("scope", "mcp,admin"),
            "302 to the client with invalid_scope",
        )
        .add(
            "a_scope_of_everything",
            "`*` as scope",
            |good| good.with("scope", "*"),
            "302 to the client with invalid_scope",
        )
        .add(
            "the_answer_in_a_fragment",
            "`response_mode=fragment`",
            |good| good.with("response_mode", "fragment"),
            back,
        )
        .add("the_answer_as_a_form", "`response_mode=form_post`", |good| good.with("response_mode", "form_post"), back)
        .add(
            "a_token_at_once",
            "`response_type=token`: no code, no PKCE",
            |good| good.with("response_type", "token"),
            "302 to the client with unsupported_response_type",
        )
        .add(
            "a_hybrid_answer",
            "`response_type=code id_token`",
            |good| good.with("response_type", "code id_token"),
            "302 to the client with unsupported_response_type",
        )
        .add(
            "a_request_object",
            "the request in a `request` object besides, unsigned, for another client",
            |good| {
                good.and("request", "eyJhbGciOiJub25lIn0.eyJjbGllbnRfaWQiOiJ0ZXN0cy1wdWJsaWMifQ.").without("client_id")
            },
            "400 page",
        )
        .add(
            "a_request_by_reference",
            "`request_uri` of the attacker's instead of `client_id`",
            |good| good.without("client_id").and("request_uri", "https://attacker.example/request.jwt"),
            "400 page",
        )
        .list()
}

fn redeem() -> Vec<Case> {
    async fn send(world: Arc<World>, change: Change) -> Result<String> {
        let (client, code) = with_code(&world).await?;
        token(&world, &change(client.redemption(&code))).await
    }
    let bad = "400 invalid_request";
    Cases::new(GROUP, send, (none as Change, "200"))
        .add("two_grant_types", "`grant_type` twice at `/token`", |good| good.and("grant_type", "refresh_token"), bad)
        .add("two_codes", "`code` twice", |good| good.and("code", "another"), bad)
        .add("two_verifiers", "`code_verifier` twice", |good| good.and("code_verifier", &"a".repeat(43)), bad)
        .add(
            "two_redirect_uris_at_the_token_endpoint",
            "`redirect_uri` twice at `/token`",
            |good| good.and("redirect_uri", "https://attacker.example/"),
            bad,
        )
        .add(
            "two_client_ids_at_the_token_endpoint",
            "`client_id` twice at `/token`",
            |good| good.and("client_id", CONFIDENTIAL_CLIENT),
            bad,
        )
        .add(
            "two_resources_at_the_token_endpoint",
            "`resource` twice at `/token`",
            |good| good.and("resource", "https://attacker.example/mcp"),
            "400 invalid_target",
        )
        .add(
            "a_grant_type_in_capitals",
            "`grant_type=AUTHORIZATION_CODE`",
            |good| good.with("grant_type", "AUTHORIZATION_CODE"),
            "400 unsupported_grant_type",
        )
        .add(
            "a_password_grant",
            "`grant_type=password` with the user's password",
            |good| good.with("grant_type", "password").and("username", "demo").and("password", "demo-password"),
            "400 unsupported_grant_type",
        )
        .add(
            "a_client_credentials_grant",
            "`grant_type=client_credentials` by a public client",
            |good| good.with("grant_type", "client_credentials"),
            "400 unsupported_grant_type",
        )
        .add(
            "a_token_exchange",
            "token exchange with a token of Cognito's kind",
            |good| {
                good.with("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange").and("subject_token", "x.y.z")
            },
            "400 unsupported_grant_type",
        )
        .list()
}

/// Where parameters are put.
#[derive(Clone, Copy)]
enum Place {
    Body,
    Query,
    Both,
}

fn refresh() -> Vec<Case> {
    async fn send(world: Arc<World>, (place, change): (Place, Change)) -> Result<String> {
        let (client, tokens) = signed_in(&world).await?;
        let parameters = change(client.refreshing(tokens.text("refresh_token")));
        let mut url = world.stack.url("/token");
        if matches!(place, Place::Query | Place::Both) {
            url = client.authorization_url(&parameters)?;
            url.set_path("/token");
        }
        let body = if matches!(place, Place::Query) { Parameters::new([]) } else { parameters };
        seen(http()?.post(url).form(body.pairs()).send().await?).await
    }
    let bad = "400 invalid_request";
    let control = ((Place::Body, none as Change), "200");
    let body = |change: Change| (Place::Body, change);
    Cases::new(GROUP, send, control)
        .add("two_refresh_tokens", "`refresh_token` twice", body(|good| good.and("refresh_token", "another")), bad)
        .add(
            "two_scopes_at_refresh",
            "`scope` twice at a refresh",
            body(|good| good.and("scope", "mcp").and("scope", "admin")),
            bad,
        )
        .add(
            "two_resources_at_refresh",
            "`resource` twice at a refresh",
            body(|good| good.and("resource", "https://attacker.example/mcp")),
            "400 invalid_grant",
        )
        .add(
            "secrets_in_the_query",
            "all of a refresh in the query, none in the body: it would stand in logs",
            (Place::Query, none),
            "401 invalid_client",
        )
        .add(
            "more_scope_at_refresh",
            "`scope` with more than was granted",
            body(|good| good.with("scope", "mcp admin")),
            "400 invalid_scope",
        )
        .add(
            "everything_in_both_places",
            "all of it in query and body: the query has no effect",
            (Place::Both, none),
            "200",
        )
        .list()
}

fn revoke() -> Vec<Case> {
    async fn send(world: Arc<World>, change: Change) -> Result<String> {
        let (client, tokens) = signed_in(&world).await?;
        let good = Parameters::new([("client_id", &client.client_id), ("token", tokens.text("refresh_token"))]);
        seen(http()?.post(world.stack.url("/revoke")).form(change(good).pairs()).send().await?).await
    }
    Cases::new(GROUP, send, (none as Change, "200"))
        .add(
            "two_tokens_to_revoke",
            "`token` twice at `/revoke`",
            |good| good.and("token", "another"),
            "400 invalid_request",
        )
        .add(
            "two_clients_that_revoke",
            "`client_id` twice at `/revoke`",
            |good| good.and("client_id", "tests-public"),
            "400 invalid_request",
        )
        .add(
            "nobody_revokes",
            "a token without a client at `/revoke`",
            |good| good.without("client_id"),
            "401 invalid_client",
        )
        .list()
}

/// What a confidential client shows.
#[derive(Clone, Copy, Default)]
struct Proof {
    header: bool,
    form: usize,
    assertion: bool,
    other_id_in_form: bool,
}

fn authenticate() -> Vec<Case> {
    async fn send(world: Arc<World>, proof: Proof) -> Result<String> {
        let mut form = Parameters::new([("token", "nonsense")]);
        for _ in 0..proof.form {
            form = form.and("client_secret", &world.client_secret);
        }
        if !proof.header {
            form = form.with("client_id", CONFIDENTIAL_CLIENT);
        }
        if proof.other_id_in_form {
            form = form.with("client_id", "tests-public");
        }
        if proof.assertion {
            form = form
                .and("client_assertion", "e30.e30.")
                .and("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        }
        let mut request = http()?.post(world.stack.url("/revoke")).form(form.pairs());
        if proof.header {
            request = request.basic_auth(CONFIDENTIAL_CLIENT, Some(&world.client_secret));
        }
        seen(request.send().await?).await
    }
    let header = Proof { header: true, ..Proof::default() };
    let bad = "400 invalid_request";
    Cases::new(GROUP, send, (header, "200"))
        .add(
            "both_secrets_at_once",
            "a client's secret in header and form, both good",
            Proof { form: 1, ..header },
            bad,
        )
        .add(
            "a_secret_twice",
            "`client_secret` twice in the form, both good",
            Proof { form: 2, header: false, ..header },
            bad,
        )
        .add(
            "a_secret_and_an_assertion",
            "a good secret and a client assertion",
            Proof { assertion: true, ..header },
            bad,
        )
        .add(
            "two_clients_at_once",
            "one client in the header, another in the form",
            Proof { other_id_in_form: true, ..header },
            bad,
        )
        .add(
            "no_proof_at_all",
            "a confidential client named without its secret",
            Proof { form: 0, header: false, other_id_in_form: false, assertion: false },
            "401 invalid_client",
        )
        .list()
}

async fn token(world: &World, parameters: &Parameters) -> Result<String> {
    seen(http()?.post(world.stack.url("/token")).form(parameters.pairs()).send().await?).await
}
