//! A sign-in from the client's request to the code, as several sealed values hold it.

use serde::{Serialize, Serializer};

use super::envelope::scope;
use crate::{
    message::members::{Members, WrongKind},
    oauth::{ClientDigest, CodeChallenge, Prompt, RedirectTarget, Scope},
};

/// One sign-in from the client's request to the code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Transaction {
    /// Our `state` at the identity provider, and the id of the grant that comes of it.
    #[serde(rename = "i")]
    pub id: String,
    /// The client.
    #[serde(rename = "c")]
    pub client: ClientDigest,
    /// Where the client wants the answer.
    #[serde(rename = "r")]
    pub redirect_target: RedirectTarget,
    /// The client's `state`.
    #[serde(rename = "s", skip_serializing_if = "Option::is_none")]
    pub client_state: Option<String>,
    /// The client's `code_challenge`.
    #[serde(rename = "p")]
    pub code_challenge: CodeChallenge,
    /// The resource, canonical.
    #[serde(rename = "a")]
    pub resource: String,
    /// The scope asked for.
    #[serde(rename = "o")]
    pub scope: Scope,
    /// Our `code_verifier` at the identity provider.
    #[serde(rename = "v")]
    pub upstream_verifier: String,
    /// Our `nonce` at the identity provider.
    #[serde(rename = "n")]
    pub upstream_nonce: String,
    /// The client's `prompt`.
    #[serde(rename = "m", skip_serializing_if = "Prompt::is_empty")]
    pub prompt: Prompt,
    /// The client's `login_hint`.
    #[serde(rename = "h", skip_serializing_if = "Option::is_none")]
    pub login_hint: Option<String>,
    /// What the callback does about a consent that is remembered.
    #[serde(rename = "k", skip_serializing_if = "Option::is_none")]
    pub remembered: Option<Remembered>,
}

/// What a consent that is remembered, or is to be, makes of a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remembered {
    /// The user wants the consent to be remembered. The callback has to find out who they are.
    Wanted,
    /// The user was not asked. The callback has to find out whose consent it is; if it is somebody else's, it sends the user to the
    /// consent page again, for which it needs the client's id.
    Used(String),
    /// The callback has found out: it is this user's. The code must be theirs, too.
    By(String),
}

/// A letter, and what belongs to it.
impl Serialize for Remembered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (letter, text) = match self {
            Self::Wanted => ("w", ""),
            Self::Used(client_id) => ("c", client_id.as_str()),
            Self::By(subject) => ("s", subject.as_str()),
        };
        serializer.serialize_str(&[letter, text].concat())
    }
}

impl Remembered {
    fn read(text: &str) -> Result<Self, WrongKind> {
        match text.split_at_checked(1).ok_or(WrongKind::Member("d"))? {
            ("w", "") => Ok(Self::Wanted),
            ("c", client_id) => Ok(Self::Used(client_id.to_owned())),
            ("s", subject) => Ok(Self::By(subject.to_owned())),
            _ => Err(WrongKind::Member("d")),
        }
    }
}

impl Transaction {
    pub(super) fn read(members: &Members<'_>) -> Result<Self, WrongKind> {
        Ok(Self {
            id: members.owned("i")?,
            client: ClientDigest::from_sealed(members.required("c")?),
            redirect_target: RedirectTarget::from_sealed(members.required("r")?).ok_or(WrongKind::Member("r"))?,
            client_state: members.text("s")?.map(str::to_owned),
            code_challenge: CodeChallenge::parse(members.required("p")?).ok_or(WrongKind::Member("p"))?,
            resource: members.owned("a")?,
            scope: scope(members)?,
            upstream_verifier: members.owned("v")?,
            upstream_nonce: members.owned("n")?,
            prompt: Prompt::from_sealed(members.any("m").and_then(serde_json::Value::as_u64).unwrap_or_default()),
            login_hint: members.text("h")?.map(str::to_owned),
            remembered: members.text("k")?.map(Remembered::read).transpose()?,
        })
    }

    /// The same sign-in, of whoever the user wants to be: with nobody's name filled in, and not as whom the identity provider
    /// knows.
    #[must_use]
    pub fn for_somebody_else(&self) -> Self {
        Self { prompt: Prompt::LOGIN, login_hint: None, ..self.clone() }
    }
}
