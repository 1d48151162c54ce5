//! Every address that sends browsers somewhere, asked to send them to the attacker.

use std::sync::Arc;

use anyhow::Result;
use edgeward_tests::by_hand::{HandMade, http};

use super::{
    case::{Case, Cases},
    seen::seen,
};
use crate::world::World;

const GROUP: &str = "open_redirects";

pub(super) fn cases() -> Vec<Case> {
    async fn send(world: Arc<World>, target: &'static str) -> Result<String> {
        let client = HandMade::register(&world.stack).await?;
        let url = match target {
            "" => client.authorization_url(&client.authorization())?,
            target => world.stack.url(&target.replace("CLIENT", &client.client_id)),
        };
        seen(http()?.get(url).send().await?).await
    }
    let page = "400 page";
    Cases::new(GROUP, send, ("", "200 consent page"))
        .add(
            "to_the_attacker_from_authorize",
            "`/authorize` with an unknown client and a redirect URI of the attacker's",
            "/authorize?client_id=unknown&redirect_uri=https://attacker.example/&response_type=code",
            page,
        )
        .add(
            "to_the_attacker_by_an_error",
            "a known client, a redirect URI of the attacker's, and an error in the rest",
            "/authorize?client_id=CLIENT&redirect_uri=https://attacker.example/&response_type=token",
            page,
        )
        .add(
            "to_the_attacker_without_a_client",
            "a redirect URI of the attacker's and no client",
            "/authorize?redirect_uri=https://attacker.example/",
            page,
        )
        .add(
            "to_the_attacker_from_the_callback",
            "`/callback` with an address as `state`",
            "/callback?code=x&state=https://attacker.example/",
            page,
        )
        .add(
            "to_the_attacker_by_an_error_of_cognitos",
            "`/callback` with an error and a redirect URI",
            "/callback?error=access_denied&redirect_uri=https://attacker.example/",
            page,
        )
        .add(
            "to_the_attacker_from_logout",
            "`/logout` with an address of the attacker's",
            "/logout?post_logout_redirect_uri=https://attacker.example/",
            page,
        )
        .add(
            "to_the_attacker_from_signed_out",
            "`/signed-out` with addresses of the attacker's: they have no effect",
            "/signed-out?next=https://attacker.example/&redirect_uri=https://attacker.example/",
            "200 page",
        )
        .add(
            "to_the_attacker_from_logout_by_other_names",
            "`/logout` with addresses in Cognito's parameters: they have no effect",
            "/logout?logout_uri=https://attacker.example/&redirect_uri=https://attacker.example/",
            "302 to Cognito, signed out",
        )
        .add(
            "to_the_attacker_from_nowhere",
            "a path that begins with the attacker's host",
            "//attacker.example/",
            "404 not_found",
        )
        .list()
}
