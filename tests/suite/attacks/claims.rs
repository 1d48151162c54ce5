//! Access tokens that are signed with the edge's own key and say what no token of ours says; and tokens of other kinds.

use anyhow::Result;
use edgeward_cognito::Forgery;
use serde_json::{Value, json};

use super::{
    case::{Case, Cases},
    forged::{Forge, Good, honest, show, sign_text},
};

const GROUP: &str = "claims";
const BAD: &str = "401 invalid_token";

fn list() -> Cases<Forge, impl Future<Output = Result<String>> + Send + 'static> {
    Cases::new(GROUP, show, (honest as Forge, "200 as the demo user"))
}

fn with(good: &Good<'_>, claim: &str, value: Value) -> String {
    let mut claims = good.claims.clone();
    claims[claim] = value;
    good.sign(&good.header, &claims)
}

fn without(good: &Good<'_>, claim: &str) -> String {
    let mut claims = good.claims.clone();
    claims.as_object_mut().expect("an object").remove(claim);
    good.sign(&good.header, &claims)
}

/// Claims as JSON text with more behind them, signed with our own key.
fn and(good: &Good<'_>, text: &str) -> String {
    let own = good.claims.to_string();
    good.sign_claims(&format!("{}{text}}}", own.trim_end_matches('}')))
}

fn issued_at(good: &Good<'_>) -> u64 {
    good.claims["iat"].as_u64().expect("a time")
}

pub(super) fn cases() -> Vec<Case> {
    [audiences(), times(), others(), doubled(), kinds()].into_iter().flatten().collect()
}

fn audiences() -> Vec<Case> {
    list()
        .add(
            "another_audience",
            "`aud` of another server",
            |good| with(good, "aud", "https://other.example/mcp".into()),
            BAD,
        )
        .add(
            "the_issuer_as_audience",
            "`aud` is the issuer",
            |good| with(good, "aud", good.world.stack.issuer().into()),
            BAD,
        )
        .add(
            "a_list_with_us",
            "`aud` as a list with ours in it: a token is for one",
            |good| with(good, "aud", json!([good.claims["aud"]])),
            BAD,
        )
        .add(
            "a_list_with_us_and_others",
            "`aud` as a list of others and ours",
            |good| with(good, "aud", json!(["https://other.example/mcp", good.claims["aud"]])),
            BAD,
        )
        .add("an_empty_list", "`aud` as an empty list", |good| with(good, "aud", json!([])), BAD)
        .add("no_audience", "no `aud`", |good| without(good, "aud"), BAD)
        .add("an_audience_of_null", "`aud: null`", |good| with(good, "aud", Value::Null), BAD)
        .add("an_empty_audience", "an empty `aud`", |good| with(good, "aud", "".into()), BAD)
        .add(
            "an_audience_that_is_an_object",
            "`aud` as an object",
            |good| with(good, "aud", json!({ "0": good.claims["aud"] })),
            BAD,
        )
        .add(
            "an_audience_that_begins_alike",
            "our `aud` and more behind it",
            |good| with(good, "aud", format!("{}x", good.world.stack.mcp()).into()),
            BAD,
        )
        .add(
            "the_audience_of_our_other_resource",
            "`aud` of another resource of this edge",
            |good| with(good, "aud", good.world.stack.url("/second").as_str().into()),
            BAD,
        )
        .add("another_issuer", "`iss` of another server", |good| with(good, "iss", "https://other.example".into()), BAD)
        .add(
            "an_issuer_with_a_slash",
            "our `iss` with a slash behind it",
            |good| with(good, "iss", format!("{}/", good.world.stack.issuer()).into()),
            BAD,
        )
        .add("no_issuer", "no `iss`", |good| without(good, "iss"), BAD)
        .list()
}

fn times() -> Vec<Case> {
    list()
        .add("expired", "`exp` an hour ago", |good| with(good, "exp", (issued_at(good) - 3_600).into()), BAD)
        .add("expires_now", "`exp` at the moment of issue", |good| with(good, "exp", issued_at(good).into()), BAD)
        .add("expires_at_the_epoch", "`exp: 0`", |good| with(good, "exp", 0.into()), BAD)
        .add("expires_before_the_epoch", "`exp: -1`", |good| with(good, "exp", (-1).into()), BAD)
        .add("expires_in_text", "`exp` as text", |good| with(good, "exp", "99999999999".into()), BAD)
        .add("expires_in_a_date", "`exp` as a date", |good| with(good, "exp", "2099-01-01T00:00:00Z".into()), BAD)
        .add(
            "expires_in_a_fraction",
            "`exp` with a fraction, which ours never have",
            |good| with(good, "exp", json!(issued_at(good) as f64 + 600.5)),
            BAD,
        )
        .add("expires_in_an_exponent", "`exp: 1e300`", |good| with(good, "exp", json!(1e300)), BAD)
        .add(
            "expires_beyond_numbers",
            "`exp` of 20 digits more than 64 bits hold",
            |good| and(&dropped(good, "exp"), r#","exp":99999999999999999999"#),
            BAD,
        )
        .add("expires_in_a_list", "`exp` as a list", |good| with(good, "exp", json!([issued_at(good) + 600])), BAD)
        .add("expires_truly", "`exp: true`", |good| with(good, "exp", true.into()), BAD)
        .add("never_expires", "no `exp`", |good| without(good, "exp"), BAD)
        .add("never_expires_by_null", "`exp: null`", |good| with(good, "exp", Value::Null), BAD)
        .add("issued_at_no_time", "no `iat`", |good| without(good, "iat"), BAD)
        .add("issued_in_text", "`iat` as text", |good| with(good, "iat", issued_at(good).to_string().into()), BAD)
        .list()
}

/// The same token without a claim, to be written otherwise.
fn dropped<'a>(good: &Good<'a>, claim: &str) -> Good<'a> {
    let mut claims = good.claims.clone();
    claims.as_object_mut().expect("an object").remove(claim);
    Good { world: good.world, token: good.token, header: good.header.clone(), claims }
}

fn others() -> Vec<Case> {
    list()
        .add("no_subject", "no `sub`", |good| without(good, "sub"), BAD)
        .add("a_subject_that_is_a_number", "`sub: 1`", |good| with(good, "sub", 1.into()), BAD)
        .add("no_client", "no `client_id`", |good| without(good, "client_id"), BAD)
        .add("no_scope_member", "no `scope`", |good| without(good, "scope"), BAD)
        .add("a_scope_as_a_list", "`scope` as a list", |good| with(good, "scope", json!(["mcp", "admin"])), BAD)
        .add("no_scope", "an empty `scope`", |good| with(good, "scope", "".into()), "403 insufficient_scope")
        .add(
            "another_scope",
            "`scope` without the one that is needed",
            |good| with(good, "scope", "admin".into()),
            "403 insufficient_scope",
        )
        .add(
            "a_scope_that_contains_it",
            "a scope whose name contains the one that is needed",
            |good| with(good, "scope", "mcpx xmcp".into()),
            "403 insufficient_scope",
        )
        .add("a_scope_in_capitals", "`scope: MCP`", |good| with(good, "scope", "MCP".into()), "403 insufficient_scope")
        .add("a_scope_of_all", "`scope: *`", |good| with(good, "scope", "*".into()), "403 insufficient_scope")
        .add(
            "another_tokens_profile",
            "`jti` changed: the profile is sealed for its token",
            |good| with(good, "jti", "another".into()),
            BAD,
        )
        .add("no_profile", "no `profile`", |good| without(good, "profile"), BAD)
        .add(
            "a_profile_of_the_attackers",
            "a `profile` that is not sealed",
            |good| with(good, "profile", r#"{"u":"admin","e":"admin@example.com"}"#.into()),
            BAD,
        )
        .add(
            "a_profile_under_an_unknown_key",
            "a `profile` that names another sealing key",
            |good| {
                with(
                    good,
                    "profile",
                    format!(
                        "other.{}",
                        good.claims["profile"].as_str().unwrap_or_default().split_once('.').expect("a sealed value").1
                    )
                    .into(),
                )
            },
            BAD,
        )
        .add("claims_that_are_a_list", "claims that are a list", |good| good.sign_claims("[]"), BAD)
        .add("claims_that_are_text", "claims that are text", |good| good.sign_claims("\"x\""), BAD)
        .add("no_claims", "an empty object", |good| good.sign_claims("{}"), BAD)
        .add(
            "claims_with_more_behind",
            "a second object behind the claims",
            |good| good.sign_claims(&format!("{}{}", good.claims, good.claims)),
            BAD,
        )
        .add(
            "claims_of_a_stranger_nested_deeply",
            "2,000 arrays within each other in a stranger's claims, under our header",
            |good| {
                sign_text(
                    &ed25519_dalek::SigningKey::from_bytes(&[7; 32]),
                    &good.header.to_string(),
                    &format!("{}{}", "[".repeat(2_000), "]".repeat(2_000)),
                )
            },
            BAD,
        )
        .list()
}

fn doubled() -> Vec<Case> {
    let mut cases = list();
    for (claim, forge) in [
        ("sub", (|good: &Good<'_>| and(good, r#","sub":"admin""#)) as Forge),
        ("aud", |good| and(good, &format!(r#","aud":{}"#, good.claims["aud"]))),
        ("iss", |good| and(good, &format!(r#","iss":{}"#, good.claims["iss"]))),
        ("exp", |good| and(good, &format!(r#","exp":{}"#, issued_at(good) + 86_400))),
        ("scope", |good| and(good, r#","scope":"mcp admin""#)),
        ("client_id", |good| and(good, r#","client_id":"tests-public""#)),
    ] {
        cases = cases.add(
            format!("two_{claim}"),
            format!("`{claim}` twice: two readers could read two things"),
            forge,
            BAD,
        );
    }
    cases.list()
}

/// Tokens that somebody else made for something else.
fn kinds() -> Vec<Case> {
    fn minted(token: Option<String>) -> String {
        token.expect("Cognito mints it")
    }
    list()
        .add(
            "cognitos_access_token",
            "Cognito's own access token",
            |good| minted(good.world.stack.cognito().mint_access_token(&Forgery::new())),
            BAD,
        )
        .add(
            "cognitos_id_token",
            "Cognito's ID token",
            |good| minted(good.world.stack.cognito().mint_id_token(&Forgery::new())),
            BAD,
        )
        .add(
            "cognitos_access_token_for_us",
            "Cognito's access token with our resource as `aud`",
            |good| {
                minted(
                    good.world
                        .stack
                        .cognito()
                        .mint_access_token(&Forgery::new().claim("aud", good.world.stack.mcp().as_str())),
                )
            },
            BAD,
        )
        .add(
            "a_machines_token",
            "a machine's token of Cognito's, where no machine may come",
            |good| {
                minted(
                    good.world.stack.cognito().mint_access_token(
                        &Forgery::new()
                            .claim("sub", crate::settings::MACHINE)
                            .claim("client_id", crate::settings::MACHINE)
                            .without("username"),
                    ),
                )
            },
            BAD,
        )
        .add(
            "a_registration",
            "a `client_id`, whose MAC is ours",
            |good| good.claims["client_id"].as_str().unwrap_or_default().to_owned(),
            BAD,
        )
        .add(
            "a_sealed_profile",
            "the sealed profile out of a token",
            |good| good.claims["profile"].as_str().unwrap_or_default().to_owned(),
            BAD,
        )
        .list()
}
