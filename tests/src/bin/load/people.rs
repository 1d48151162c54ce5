//! Users with tokens, each known by their answers.

use anyhow::{Context as _, Result, ensure};
use edgeward_cognito::Config;
use edgeward_tests::{
    browser::{Browser, User, query},
    by_hand::{HandMade, redirect_uri},
    stack::Stack,
};
use reqwest::{Response, StatusCode};
use serde_json::Value;

/// As many as there are, so that answers can be crossed.
pub(crate) const USERS: usize = 16;

/// The pool's users: the usual one in many copies.
pub(crate) fn users() -> Vec<edgeward_cognito::User> {
    let usual = Config::default().users.into_iter().next();
    let numbered = |number: usize| {
        usual.clone().map(|user| edgeward_cognito::User {
            username: name(number),
            sub: format!("6f1c2a9e-7c1d-4d7e-9a55-{number:012}"),
            email: Some(format!("{}@example.com", name(number))),
            ..user
        })
    };
    (0..USERS).filter_map(numbered).collect()
}

fn name(number: usize) -> String {
    format!("user-{}", number % USERS)
}

/// Users who are signed in.
#[derive(Debug)]
pub(crate) struct People(Vec<Person>);

/// One of them.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    /// The user's name.
    pub(crate) name: String,
    /// An access token.
    pub(crate) token: String,
}

impl People {
    /// Signs all of them in.
    ///
    /// # Errors
    /// When one cannot be.
    pub(crate) async fn sign_in(stack: &Stack) -> Result<Self> {
        let mut people = Vec::new();
        for number in 0..USERS {
            people.push(sign_in(stack, number).await?);
        }
        Ok(Self(people))
    }

    /// One of them.
    pub(crate) fn of(&self, number: usize) -> &Person {
        &self.0[number % self.0.len()]
    }
}

/// Registers a client and signs a user in, from nothing to a token.
///
/// # Errors
/// When anything on the way is not as it should be.
pub(crate) async fn sign_in(stack: &Stack, number: usize) -> Result<Person> {
    sign_in_at(stack, number, "/mcp").await
}

/// The same, for the resource at this path.
///
/// # Errors
/// As [`sign_in`].
pub(crate) async fn sign_in_at(stack: &Stack, number: usize, path: &str) -> Result<Person> {
    let name = name(number);
    let mut client = HandMade::register(stack).await?;
    client.resource = stack.url(path).into();
    let url = client.authorization_url(&client.authorization())?;
    let user = User { name: &name, ..User::DEMO };
    let back = Browser::new()?.sign_in(&url, &redirect_uri(), user).await?;
    let code = query(&back, "code").context("no code")?;
    let answer = client.token(&client.redemption(&code)).await?;
    ensure!(answer.status == StatusCode::OK, "the code was answered with {}: {}", answer.status, answer.text("error"));
    Ok(Person { name, token: answer.text("access_token").to_owned() })
}

/// That an answer of `whoami` is for this person.
///
/// # Errors
/// When it is for nobody, or another.
pub(crate) async fn is_for(answer: Response, person: &Person) -> Result<()> {
    let status = answer.status();
    let text = answer.text().await?;
    ensure!(status == StatusCode::OK, "{status} instead of an answer: {text}");
    let message = text.lines().filter_map(|line| line.strip_prefix("data:")).next_back().unwrap_or(&text);
    let message: Value = serde_json::from_str(message).with_context(|| format!("no message: {text}"))?;
    let who = &message["result"]["structuredContent"]["username"];
    ensure!(*who == *person.name, "{} got an answer for {who}", person.name);
    Ok(())
}
