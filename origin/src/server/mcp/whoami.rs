//! `whoami`: the verified identity of the caller.

use rmcp::{Json, tool, tool_router};
use schemars::JsonSchema;
use serde::Serialize;

use super::Tools;
use crate::Caller;

/// The identity that the edge vouches for.
#[derive(Debug, Serialize, JsonSchema)]
struct Who {
    /// The user, as the identity provider names them.
    subject: String,
    /// Whether that is a user, or a machine that acts for itself.
    kind: Kind,
    /// The user's name at the identity provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    /// The user's verified e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// An address that nobody has verified: it may be somebody else's.
    #[serde(skip_serializing_if = "Option::is_none")]
    unverified_email: Option<String>,
    /// Groups of the user that this server is told of.
    groups: Vec<String>,
    /// The OAuth client that acts for the user.
    client_id: String,
    /// What the user allowed that client.
    scopes: Vec<String>,
    /// When the user signed in, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<u64>,
    /// The edge that vouches.
    issuer: String,
}

/// Who is calling.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    User,
    Machine,
}

#[tool_router(router = whoami_router, vis = "pub(super)")]
impl Tools {
    #[tool(
        title = "Who am I?",
        description = "Tells who the signed-in user is, and which client acts for them with which scopes.",
        annotations(read_only_hint = true, open_world_hint = false)
    )]
    async fn whoami(&self, caller: Caller) -> Json<Who> {
        Json(Who {
            subject: caller.subject.clone(),
            kind: match caller.kind {
                edgeward_identity::Kind::User => Kind::User,
                edgeward_identity::Kind::Machine => Kind::Machine,
            },
            username: caller.username.clone(),
            email: caller.email.clone(),
            unverified_email: caller.unverified_email.clone(),
            groups: caller.groups.clone(),
            client_id: caller.client_id.clone(),
            scopes: caller.scopes.clone(),
            auth_time: caller.auth_time.map(|time| time.as_secs()),
            issuer: caller.issuer.clone(),
        })
    }
}
