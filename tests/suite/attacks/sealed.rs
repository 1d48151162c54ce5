//! Values that travel sealed: changed, cut, shown for another purpose, by another client, in another browser.
//!
//! Samples, through HTTP; every byte, every cut and every pair of purposes is in `edge/core/tests/sealed_attacks.rs`.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use edgeward_tests::{
    browser::{Browser, Decision},
    by_hand::{HandMade, http},
};
use tokio::sync::OnceCell;

use super::{
    case::{Case, Cases},
    scene::{Returning, access_token, signed_in, with_code},
    seen::{seen, seen_page},
};
use crate::world::{World, part};

const GROUP: &str = "sealed";

/// Changes a sealed value. The second one is another of the same kind.
type Change = fn(&str, &str) -> String;

fn as_it_is(value: &str, _: &str) -> String {
    value.to_owned()
}

/// The text with the character at this part of its length changed.
fn changed(text: &str, parts: usize, of: usize) -> String {
    crate::world::changed_at(text, (text.len() - 1) * parts / of)
}

/// What is done to each kind.
const CHANGES: [(&str, &str, Change); 13] = [
    ("in_its_key_id", "another character in the key id", |value, _| changed(value, 0, 1)),
    ("in_its_nonce", "another character in the nonce", |value, _| {
        crate::world::changed_at(value, value.find('.').unwrap_or(0) + 4)
    }),
    ("a_quarter_in", "another character a quarter in", |value, _| changed(value, 1, 4)),
    ("in_the_middle", "another character in the middle", |value, _| changed(value, 1, 2)),
    ("in_its_tag", "another character in the tag", |value, _| crate::world::changed_at(value, value.len() - 8)),
    ("cut_by_one", "the last character missing", |value, _| value[..value.len() - 1].to_owned()),
    ("cut_in_half", "the second half missing", |value, _| value[..value.len() / 2].to_owned()),
    ("without_its_key_id", "no key id", |value, _| value.split_once('.').map_or("", |(_, rest)| rest).to_owned()),
    ("under_an_unknown_key", "a key id that nobody has", |value, _| {
        format!("unknown.{}", value.split_once('.').map_or("", |(_, rest)| rest))
    }),
    ("with_more_behind", "four characters behind it", |value, _| format!("{value}AAAA")),
    ("with_padding", "`=` behind it", |value, _| format!("{value}=")),
    ("twice", "the value twice, one behind the other", |value, _| format!("{value}{value}")),
    ("with_the_others_tail", "the second half of another value of its kind", |value, other| {
        let at = value.len().min(other.len()) / 2;
        format!("{}{}", &value[..at], &other[at..])
    }),
];

// Values of others, which are only taken apart.
static OTHER_CODE: OnceCell<String> = OnceCell::const_new();
static OTHER_TOKEN: OnceCell<String> = OnceCell::const_new();
static OTHER_COOKIE: OnceCell<String> = OnceCell::const_new();

pub(super) fn cases() -> Vec<Case> {
    [changes(), purposes(), owners()].into_iter().flatten().collect()
}

async fn redeem(world: Arc<World>, change: Change) -> Result<String> {
    let (client, code) = with_code(&world).await?;
    let other = OTHER_CODE.get_or_try_init(|| async { anyhow::Ok(with_code(&world).await?.1) }).await?;
    let form = client.redemption(&change(&code, other));
    seen(http()?.post(world.stack.url("/token")).form(form.pairs()).send().await?).await
}

async fn refresh(world: Arc<World>, change: Change) -> Result<String> {
    let (client, tokens) = signed_in(&world).await?;
    let token = tokens.text("refresh_token");
    let other = || async { anyhow::Ok(signed_in(&world).await?.1.text("refresh_token").to_owned()) };
    let other = OTHER_TOKEN.get_or_try_init(other).await?;
    let form = client.refreshing(&change(token, other));
    seen(http()?.post(world.stack.url("/token")).form(form.pairs()).send().await?).await
}

async fn decide(world: Arc<World>, change: Change) -> Result<String> {
    let (client, mut browser) = (HandMade::register(&world.stack).await?, Browser::new()?);
    let url = client.authorization_url(&client.authorization())?;
    let (form, other) = (browser.open_consent(&url).await?, browser.open_consent(&url).await?);
    let sealed =
        change(form.field("sealed").context("nothing sealed")?, other.field("sealed").context("nothing sealed")?);
    Ok(seen_page(&browser.decide(&form.fill("sealed", &sealed), Decision::Allow).await?))
}

async fn come_back(world: Arc<World>, change: Change) -> Result<String> {
    let returning = Returning::new(&world).await?;
    let (name, value) = returning.cookie()?;
    let other = OTHER_COOKIE.get_or_try_init(|| async { anyhow::Ok(Returning::new(&world).await?.cookie()?.1) });
    let cookie = format!("{name}={}", change(&value, other.await?));
    seen(http()?.get(returning.callback.clone()).header("cookie", cookie).send().await?).await
}

async fn identify(world: Arc<World>, change: Change) -> Result<String> {
    let client = HandMade::register(&world.stack).await?;
    // Another registration, which begins and ends otherwise.
    let uris = ["https://client.example/cb", "http://127.0.0.1:33418/callback"];
    let metadata = serde_json::json!({ "client_name": "Another", "redirect_uris": uris });
    let other = client.registration(&metadata).await?;
    let asked = client.authorization().with("client_id", &change(&client.client_id, other.text("client_id")));
    seen(http()?.get(client.authorization_url(&asked)?).send().await?).await
}

fn changes() -> Vec<Case> {
    let mut codes = Cases::new(GROUP, redeem, (as_it_is as Change, "200"));
    let mut tokens = Cases::new(GROUP, refresh, (as_it_is as Change, "200"));
    let mut transactions = Cases::new(GROUP, decide, (as_it_is as Change, "303 to Cognito"));
    let mut sign_ins = Cases::new(GROUP, come_back, (as_it_is as Change, "302 to the client with a code"));
    let mut ids = Cases::new(GROUP, identify, (as_it_is as Change, "200 consent page"));
    for (name, what, change) in CHANGES {
        codes = codes.add(format!("a_code_{name}"), format!("code: {what}"), change, "400 invalid_grant");
        tokens = tokens.add(
            format!("a_refresh_token_{name}"),
            format!("refresh token: {what}"),
            change,
            "400 invalid_grant",
        );
        transactions = transactions.add(
            format!("a_transaction_{name}"),
            format!("transaction of the consent page: {what}"),
            change,
            "400 page",
        );
        sign_ins =
            sign_ins.add(format!("a_sign_in_{name}"), format!("cookie of a sign-in: {what}"), change, "400 page");
        ids = ids.add(format!("a_client_id_{name}"), format!("`client_id`: {what}"), change, "400 page");
    }
    [codes.list(), tokens.list(), transactions.list(), sign_ins.list(), ids.list()].into_iter().flatten().collect()
}

/// Which sealed value is shown.
#[derive(Clone, Copy)]
enum Kind {
    Code,
    RefreshToken,
    Transaction,
    SignIn,
    Profile,
}

/// One of each kind, of one client.
async fn of_kind(world: &World, kind: Kind) -> Result<(HandMade, String)> {
    Ok(match kind {
        Kind::Code => with_code(world).await?,
        Kind::RefreshToken => {
            let (client, tokens) = signed_in(world).await?;
            (client, tokens.text("refresh_token").to_owned())
        }
        Kind::Transaction => {
            let client = HandMade::register(&world.stack).await?;
            let form = Browser::new()?.open_consent(&client.authorization_url(&client.authorization())?).await?;
            (client, form.field("sealed").context("nothing sealed")?.to_owned())
        }
        Kind::SignIn => {
            let returning = Returning::new(world).await?;
            let (_, value) = returning.cookie()?;
            (returning.client, value)
        }
        Kind::Profile => {
            let profile = part(access_token(world).await?, 1)["profile"].as_str().context("no profile")?.to_owned();
            (HandMade::register(&world.stack).await?, profile)
        }
    })
}

/// What is sealed for one purpose, shown for another by whom it belongs to.
fn purposes() -> Vec<Case> {
    async fn as_code(world: Arc<World>, kind: Kind) -> Result<String> {
        let (client, value) = of_kind(&world, kind).await?;
        seen(http()?.post(world.stack.url("/token")).form(client.redemption(&value).pairs()).send().await?).await
    }
    async fn as_refresh_token(world: Arc<World>, kind: Kind) -> Result<String> {
        let (client, value) = of_kind(&world, kind).await?;
        seen(http()?.post(world.stack.url("/token")).form(client.refreshing(&value).pairs()).send().await?).await
    }
    async fn as_access_token(world: Arc<World>, kind: Option<Kind>) -> Result<String> {
        let value = match kind {
            Some(kind) => of_kind(&world, kind).await?.1,
            None => access_token(&world).await?.to_owned(),
        };
        seen(world.whoami(&value).await?).await
    }
    let bad = "400 invalid_grant";
    let codes = Cases::new(GROUP, as_code, (Kind::Code, "200"))
        .add("a_refresh_token_as_a_code", "a refresh token where a code is due", Kind::RefreshToken, bad)
        .add("a_transaction_as_a_code", "the consent page's transaction where a code is due", Kind::Transaction, bad)
        .add(
            "a_sign_in_as_a_code",
            "the cookie of a sign-in where a code is due: it has the same content",
            Kind::SignIn,
            bad,
        )
        .add("a_profile_as_a_code", "the profile of an access token where a code is due", Kind::Profile, bad)
        .list();
    let tokens = Cases::new(GROUP, as_refresh_token, (Kind::RefreshToken, "200"))
        .add("a_code_as_a_refresh_token", "a code where a refresh token is due", Kind::Code, bad)
        .add(
            "a_transaction_as_a_refresh_token",
            "the consent page's transaction where a refresh token is due",
            Kind::Transaction,
            bad,
        )
        .add(
            "a_profile_as_a_refresh_token",
            "the profile of an access token where a refresh token is due",
            Kind::Profile,
            bad,
        )
        .list();
    let bearers = Cases::new(GROUP, as_access_token, (None, "200 as the demo user"))
        .add("a_code_as_an_access_token", "a code where an access token is due", Some(Kind::Code), "401 invalid_token")
        .add(
            "a_refresh_token_as_an_access_token",
            "a refresh token where an access token is due",
            Some(Kind::RefreshToken),
            "401 invalid_token",
        )
        .list();
    [codes, tokens, bearers].into_iter().flatten().collect()
}

/// Who shows a value.
#[derive(Clone, Copy)]
enum Owner {
    Itself,
    Other,
}

/// What is sealed for one client, shown by another; for one transaction, shown in another.
fn owners() -> Vec<Case> {
    async fn of(world: &World, owner: Owner, client: &HandMade) -> Result<String> {
        match owner {
            Owner::Itself => Ok(client.client_id.clone()),
            Owner::Other => {
                let metadata =
                    serde_json::json!({ "client_name": "Thief", "redirect_uris": ["http://127.0.0.1:33418/callback"] });
                Ok(HandMade::named(&world.stack, "")?.registration(&metadata).await?.text("client_id").to_owned())
            }
        }
    }
    async fn code(world: Arc<World>, owner: Owner) -> Result<String> {
        let (client, code) = with_code(&world).await?;
        let form = client.redemption(&code).with("client_id", &of(&world, owner, &client).await?);
        seen(http()?.post(world.stack.url("/token")).form(form.pairs()).send().await?).await
    }
    async fn token(world: Arc<World>, owner: Owner) -> Result<String> {
        let (client, tokens) = signed_in(&world).await?;
        let form =
            client.refreshing(tokens.text("refresh_token")).with("client_id", &of(&world, owner, &client).await?);
        seen(http()?.post(world.stack.url("/token")).form(form.pairs()).send().await?).await
    }
    /// Whether the token still works after somebody has revoked it.
    async fn revoked(world: Arc<World>, owner: Owner) -> Result<String> {
        let (client, tokens) = signed_in(&world).await?;
        let token = tokens.text("refresh_token");
        let revoker = of(&world, owner, &client).await?;
        let form = [("client_id", revoker.as_str()), ("token", token)];
        let answer = seen(http()?.post(world.stack.url("/revoke")).form(&form).send().await?).await?;
        let refreshed = client.token(&client.refreshing(token)).await?;
        Ok(format!("{answer}, then {} at a refresh", refreshed.status.as_u16()))
    }
    let bad = "400 invalid_grant";
    [
        Cases::new(GROUP, code, (Owner::Itself, "200"))
            .add("another_clients_code", "a code shown by another client, with the right verifier", Owner::Other, bad)
            .list(),
        Cases::new(GROUP, token, (Owner::Itself, "200"))
            .add("another_clients_refresh_token", "a refresh token shown by another client", Owner::Other, bad)
            .list(),
        Cases::new(GROUP, revoked, (Owner::Itself, "200, then 400 at a refresh"))
            .add(
                "another_clients_grant_revoked",
                "a client revokes another's grant: nothing happens",
                Owner::Other,
                "200, then 200 at a refresh",
            )
            .list(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
