//! Groups of a user, up to all that a pool allows: which of them the origin is told, and what becomes of too many.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use edgeward_cognito::DEV_USERNAME;
use edgeward_identity::names::edge as names;
use edgeward_tests::{
    browser::Browser,
    by_hand::{Answer, HandMade, whoami},
    edge::Edge,
    stack::DEMO_GROUP,
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    faulty::until,
    other_settings::other_edge,
    settings::JUDGED_RESOURCE,
    world::{World, refused, tests},
};

tests![
    the_origin_is_told_of_groups_that_settings_name,
    each_number_of_groups_gives_a_token_that_works_or_an_end,
    a_refresh_that_ends_loses_nothing,
];

/// What a pool allows.
const MOST_GROUPS: usize = 100;
const LONGEST_NAME: usize = 128;

/// The groups of the demo user, who gets the usual ones back in the end.
struct Groups<'a> {
    world: &'a World,
    usual: Vec<String>,
}

impl<'a> Groups<'a> {
    fn of(world: &'a World) -> Result<Self> {
        let user = world.stack.cognito().user(DEV_USERNAME).context("no demo user")?;
        Ok(Self { world, usual: user.groups })
    }

    fn set(&self, groups: &[String]) {
        let changed = self.world.stack.cognito().update_user(DEV_USERNAME, |user| user.groups = groups.to_vec());
        assert!(changed, "the pool refuses {} groups", groups.len());
    }
}

impl Drop for Groups<'_> {
    fn drop(&mut self) {
        let usual = self.usual.clone();
        let _ = self.world.stack.cognito().update_user(DEV_USERNAME, |user| user.groups = usual);
    }
}

/// So many groups, each with a name of so many characters.
fn many(count: usize, length: usize, character: char) -> Vec<String> {
    let name = |number: usize| {
        let number = number.to_string();
        character.to_string().repeat(length - number.len()) + &number
    };
    (0..count).map(name).collect()
}

/// What `whoami` at an edge says to this token.
pub(crate) async fn who(edge: &str, path: &str, token: &str) -> Result<Value> {
    let answer = whoami(&format!("{edge}{path}"))?.bearer_auth(token).send().await?;
    let status = answer.status();
    let text = answer.text().await?;
    assert_eq!(status, StatusCode::OK, "{text}");
    let message = text.lines().filter_map(|line| line.strip_prefix("data:")).next_back().unwrap_or(&text);
    let message: Value = serde_json::from_str(message)?;
    Ok(message["result"]["structuredContent"].clone())
}

async fn the_origin_is_told_of_groups_that_settings_name(world: Arc<World>) -> Result<()> {
    let groups = Groups::of(&world)?;
    let of_provider = format!("{}_Google", world.stack.cognito().config().pool_id);
    let all = [DEMO_GROUP, "staff", "team-a", "team-b", &of_provider].map(str::to_owned);
    groups.set(&all);
    for (setting, expected) in [
        ("", &[][..]),
        ("team-*", &["team-a", "team-b"]),
        ("*", &[DEMO_GROUP, "staff", "team-a", "team-b"]),
        (&format!("team-a {of_provider}"), &["team-a", &of_provider]),
    ] {
        let edge = other_edge(&world, &[(names::ORIGIN_GROUPS, setting)]).await?;
        for (path, scope, also) in [("/mcp", "mcp", None), (JUDGED_RESOURCE, "use count", Some(DEMO_GROUP))] {
            let mut client = HandMade::register(&world.stack).await?;
            client.resource = world.stack.url(path).into();
            let code = client.code_for(&client.authorization().with("scope", scope), &mut Browser::new()?).await?;
            let tokens = client.clone().at(edge.url()).token(&client.redemption(&code)).await?;
            // The scopes of a resource are judged by groups, whoever is told of them.
            assert_eq!((tokens.status, tokens.text("scope")), (StatusCode::OK, scope));
            let told = who(edge.url(), path, tokens.text("access_token")).await?["groups"].clone();
            let is_expected = |group: &&String| expected.contains(&group.as_str()) || also == Some(group.as_str());
            assert_eq!(told, json!(all.iter().filter(is_expected).collect::<Vec<_>>()), "{setting:?} at {path}");
        }
        edge.stop();
    }
    Ok(())
}

/// The client is told to stop, and the operator why. Neither is told the name of a group.
async fn ended(edge: &Edge, mark: usize, answer: &Answer, groups: &[String]) -> Result<()> {
    refused(answer, StatusCode::BAD_REQUEST, "access_denied");
    assert!(answer.text("error_description").contains("more groups than an access token has room for"));
    let alerts = || {
        let records = edge.records_after(mark).into_iter();
        records.filter(|record| record["event"] == "token refused" && record["level"] == "alert").collect::<Vec<_>>()
    };
    until("there is an alert", || !alerts().is_empty()).await?;
    let reason = alerts()[0]["reason"].to_string();
    assert!(reason.contains(&format!("with {} groups", groups.len())), "{reason}");
    assert!(reason.contains(names::ORIGIN_GROUPS), "{reason}");
    assert!(!answer.body.to_string().contains(&groups[0]), "the client is told a name");
    Ok(())
}

async fn each_number_of_groups_gives_a_token_that_works_or_an_end(world: Arc<World>) -> Result<()> {
    let edge = other_edge(&world, &[(names::ORIGIN_GROUPS, "*")]).await?;
    let groups = Groups::of(&world)?;
    let registered = HandMade::register(&world.stack).await?;
    let mut browser = Browser::new()?;
    // Close to where it ends, every number.
    let steps = [0, 1, 10, 25, 29, 30, 31, 32, 33, 34, 50, MOST_GROUPS];
    for (length, character, all_fit) in [(3, 'g', true), (LONGEST_NAME, 'g', false), (LONGEST_NAME, '\u{1f600}', false)]
    {
        let all = many(MOST_GROUPS, length, character);
        let mut fit = true;
        for count in steps {
            let some = &all[..count];
            groups.set(some);
            let client = registered.again()?;
            let code = client.code(&mut browser).await?;
            let (there, mark) = (client.clone().at(edge.url()), edge.log().len());
            let tokens = there.token(&client.redemption(&code)).await?;
            fit &= tokens.status == StatusCode::OK;
            if !fit {
                ended(&edge, mark, &tokens, some).await?;
                continue;
            }
            assert_eq!(who(edge.url(), "/mcp", tokens.text("access_token")).await?["groups"], json!(some));
            let next = there.token(&there.refreshing(tokens.text("refresh_token"))).await?;
            assert_eq!(next.status, StatusCode::OK, "{count} groups fitted before");
            assert_eq!(who(edge.url(), "/mcp", next.text("access_token")).await?["groups"], json!(some));
        }
        assert_eq!(fit, all_fit, "{length} times {character:?}");
    }
    // Where nobody is to be told, they do no harm.
    let tokens = registered.again()?.tokens().await?;
    let told = who(world.stack.issuer(), "/mcp", tokens.text("access_token")).await?;
    assert_eq!(told["groups"], json!([]));
    edge.stop();
    Ok(())
}

async fn a_refresh_that_ends_loses_nothing(world: Arc<World>) -> Result<()> {
    let groups = Groups::of(&world)?;
    let all = many(MOST_GROUPS, LONGEST_NAME, 'g');
    let edge = other_edge(&world, &[(names::ORIGIN_GROUPS, "*")]).await?;
    let client = HandMade::register(&world.stack).await?;
    let refreshing = client.refreshing(client.tokens().await?.text("refresh_token"));
    let there = client.clone().at(edge.url());
    groups.set(&all);
    for _ in 0..2 {
        let mark = edge.log().len();
        let answer = there.token(&refreshing).await?;
        ended(&edge, mark, &answer, &all).await?;
    }
    edge.stop();
    // The operator names fewer groups: Cognito's grace period is not over, and nobody has called the token dead.
    let edge = other_edge(&world, &[(names::ORIGIN_GROUPS, &all[7])]).await?;
    let tokens = client.at(edge.url()).token(&refreshing).await?;
    assert_eq!(tokens.status, StatusCode::OK, "{}", tokens.text("error"));
    let told = who(edge.url(), "/mcp", tokens.text("access_token")).await?;
    assert_eq!(told["groups"], json!([all[7]]));
    edge.stop();
    Ok(())
}
