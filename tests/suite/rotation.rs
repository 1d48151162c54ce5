//! Whether a replay of a rotated refresh token is harmless at Cognito is not known: it may fork the family, of which only the
//! newest token goes on then. So clients that refresh twice go on in either form, and nobody is thrown out by it.

use std::sync::Arc;

use anyhow::Result;
use edgeward_cognito::{Endpoint, Fault, FaultKind, Mode, Replay};
use edgeward_tests::by_hand::{Answer, HandMade};
use reqwest::StatusCode;

use crate::{
    refresh::{a_refresh_whose_answer_was_lost_succeeds_again, two_refreshes_at_once_both_succeed},
    world::{World, refused, tests},
};

tests![
    clients_that_refresh_twice_go_on_in_either_form,
    a_slow_cognito_is_shown_a_refresh_token_once,
    an_answer_that_was_lost_to_the_edge_is_asked_for_again,
];

/// Cognito in one of its forms, until it is dropped.
pub(crate) struct Form<'a>(&'a World);

impl<'a> Form<'a> {
    pub(crate) fn of(world: &'a World, replay: Replay) -> Self {
        world.stack.cognito().set_mode(Mode { replay, ..Mode::default() });
        Self(world)
    }
}

impl Drop for Form<'_> {
    fn drop(&mut self) {
        self.0.stack.cognito().set_mode(Mode::default());
        self.0.stack.cognito().clear_faults();
    }
}

pub(crate) const BOTH: [Replay; 2] = [Replay::Forks, Replay::Supersedes];

pub(crate) async fn goes_on(client: &HandMade, tokens: &Answer) -> Result<Answer> {
    assert_eq!(tokens.status, StatusCode::OK, "{}", tokens.text("error"));
    let next = client.token(&client.refreshing(tokens.text("refresh_token"))).await?;
    assert_eq!(next.status, StatusCode::OK, "{}", next.text("error"));
    Ok(next)
}

async fn clients_that_refresh_twice_go_on_in_either_form(world: Arc<World>) -> Result<()> {
    for replay in BOTH {
        let _form = Form::of(&world, replay);
        two_refreshes_at_once_both_succeed(Arc::clone(&world)).await?;
        a_refresh_whose_answer_was_lost_succeeds_again(Arc::clone(&world)).await?;
    }
    Ok(())
}

/// Longer than a request waits for one that does not show that it is alive.
async fn a_slow_cognito_is_shown_a_refresh_token_once(world: Arc<World>) -> Result<()> {
    let _form = Form::of(&world, Replay::Supersedes);
    let client = HandMade::register(&world.stack).await?;
    let form = client.refreshing(client.tokens().await?.text("refresh_token"));
    let cognito = world.stack.cognito();
    let mark = cognito.requests().len();
    let slow = FaultKind::Delay { milliseconds: 4_000 };
    cognito.set_fault(Fault::on(Endpoint::Token, slow).times(1));
    let (first, second, third) = tokio::join!(client.token(&form), client.token(&form), client.token(&form));
    let asked = cognito.requests()[mark..].iter().filter(|request| request.path == "/oauth2/token").count();
    assert_eq!(asked, 1, "times that Cognito was asked");
    for answer in [first?, second?, third?] {
        goes_on(&client, &answer).await?;
    }
    Ok(())
}

async fn an_answer_that_was_lost_to_the_edge_is_asked_for_again(world: Arc<World>) -> Result<()> {
    for replay in BOTH {
        let _form = Form::of(&world, replay);
        let client = HandMade::register(&world.stack).await?;
        let form = client.refreshing(client.tokens().await?.text("refresh_token"));
        world.stack.cognito().set_fault(Fault::on(Endpoint::Token, FaultKind::ConnectionReset).times(1));
        refused(&client.token(&form).await?, StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
        let again = client.token(&form).await?;
        goes_on(&client, &again).await?;
    }
    Ok(())
}
