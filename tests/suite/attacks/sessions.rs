//! Sessions of older clients at the origin, used by others than who opened them.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use edgeward_identity::names::IDENTITY_HEADER;
use edgeward_tests::by_hand::http;
use serde_json::{Value, json};

use super::{
    case::{Case, Cases},
    origin::{MISSING, SERVED, good, honest},
    seen::seen,
};
use crate::world::World;

const GROUP: &str = "sessions";

pub(super) fn cases() -> Vec<Case> {
    /// Who comes with which session.
    #[derive(Clone, Copy)]
    enum Comes {
        Owner,
        OtherUser,
        /// The owner, by what stands in front of the sealed part: the id of its key.
        WithoutASeal,
        WithAChangedSeal,
        WithoutAnAssertion,
        WithAnInventedId,
    }
    async fn send(world: Arc<World>, comes: Comes) -> Result<String> {
        let good = good(&world).await?;
        let owner = honest(&good);
        let other = good.with(|identity| identity.subject = "another-user".to_owned());
        let legacy = |message: &Value| {
            let request = http()?.post(format!("{}/mcp", world.stack.origin_url())).json(message);
            anyhow::Ok(
                request
                    .header("accept", "application/json, text/event-stream")
                    .header("mcp-protocol-version", "2025-11-25"),
            )
        };
        let initialize = json!({
            "jsonrpc": "2.0", "id": 1, "method": "initialize",
            "params": { "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "x", "version": "0" } },
        });
        let opened = legacy(&initialize)?.header(IDENTITY_HEADER, &owner).send().await?;
        let id = opened.headers().get("mcp-session-id").context("no session")?.to_str()?.to_owned();
        opened.text().await?;
        let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        legacy(&ready)?.header(IDENTITY_HEADER, &owner).header("mcp-session-id", &id).send().await?;
        let (assertion, id) = match comes {
            Comes::Owner => (Some(owner), id),
            Comes::OtherUser => (Some(other), id),
            Comes::WithoutASeal => (Some(owner), id.rsplit_once('.').context("no seal")?.0.to_owned()),
            Comes::WithAChangedSeal => (Some(owner), crate::world::changed_at(&id, id.len() - 3)),
            Comes::WithoutAnAssertion => (None, id),
            Comes::WithAnInventedId => (Some(owner), "00000000-0000-0000-0000-000000000000".to_owned()),
        };
        let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": "whoami", "arguments": {} } });
        let mut request = legacy(&call)?.header("mcp-session-id", id);
        if let Some(assertion) = assertion {
            request = request.header(IDENTITY_HEADER, assertion);
        }
        seen(request.send().await?).await
    }
    Cases::new(GROUP, send, (Comes::Owner, SERVED))
        .add("a_session_of_another_user", "another user with the session's id", Comes::OtherUser, "404")
        .add("a_session_without_its_seal", "the session's id without its sealed part", Comes::WithoutASeal, "404")
        .add("a_session_with_a_changed_seal", "the session's id with its seal changed", Comes::WithAChangedSeal, "404")
        .add("a_session_alone", "the session's id and no assertion", Comes::WithoutAnAssertion, MISSING)
        .add("a_session_that_is_invented", "a session's id that nobody was given", Comes::WithAnInventedId, "404")
        .list()
}
