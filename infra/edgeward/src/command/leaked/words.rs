//! What a replacement costs whom, and until when what has leaked is good.

use std::time::Duration;

use crate::{
    jwks::{Kind, PrivateJwks},
    replacement::Replacement,
    rotation::{ORIGIN_KEYS_AGE, ROLLOUT, publication},
    waiting::words,
};

/// Says which keys go and stay, who must sign in again, and what works meanwhile.
pub(super) fn costs(keys: &PrivateJwks, kinds: &[Kind], plan: &Replacement) -> Vec<String> {
    let mut lines = Vec::new();
    for (kind, id) in &plan.undelivered {
        lines.push(format!(
            "an earlier run has put the {} key {id} in use and broke off: this one finishes it",
            kind.word()
        ));
    }
    for &kind in kinds {
        let word = kind.word();
        let leaked: Vec<_> =
            plan.leaked.iter().filter(|(other, _)| *other == kind).map(|(_, id)| id.as_str()).collect();
        if leaked.is_empty() {
            continue;
        }
        let all = leaked.join(", ");
        lines.push(if plan.renewed.contains(&kind) {
            format!("a new {word} key takes the place of {all}")
        } else {
            format!("the {word} key {all} goes; the key in use stays")
        });
        for other in keys.of_kind(kind).map(|key| key.key_id()).filter(|id| !leaked.contains(id)) {
            lines.push(format!("the {word} key {other} stays: if it may have leaked too, add --key {other}"));
        }
    }
    let gone = |kind| plan.leaked.iter().any(|(other, _)| *other == kind);
    lines.extend(Kind::ALL.into_iter().chain([Kind::Session]).filter(|kind| gone(*kind)).map(who));
    lines
}

/// Who must sign in again when a key of this kind goes.
fn who(kind: Kind) -> String {
    let text = match kind {
        Kind::Signing => {
            "nobody whose client has a refresh token has to sign in again for the signing key: access tokens that it has signed are \
             refused, and clients get new ones. Users of clients without refresh tokens sign in again"
        }
        Kind::Sealing => {
            "everybody has to sign in again for the sealing key: refresh tokens, access tokens and codes that it has sealed are \
             refused, sign-ins under way begin anew, and remembered consents are asked for again"
        }
        Kind::Registration => {
            "users of clients that have registered themselves have to sign in again for the registration key, and these clients \
             to register again. Clients with a metadata document and those of EDGEWARD_CLIENTS go on"
        }
        Kind::Session => {
            "nobody has to sign in again for the session key: clients of revisions before 2026-07-28 initialize anew"
        }
    };
    text.to_owned()
}

/// Until when what has leaked is good, at the most.
pub(super) fn limits(kinds: impl Iterator<Item = Kind>) -> Vec<String> {
    let time = |seconds| words(Duration::from_secs(seconds));
    let limit = |kind| match kind {
        Kind::Signing => format!(
            "what the signing key signs is refused by the edge within {}, by origins that read the parameter within {}, and by \
             origins that fetch the keys from the edge within {}; an origin that is restarted refuses it at once",
            time(ROLLOUT),
            time(ORIGIN_KEYS_AGE),
            time(publication(Kind::Signing)),
        ),
        Kind::Sealing | Kind::Registration => {
            format!("what the {} key has made is refused by the edge within {}", kind.word(), time(ROLLOUT))
        }
        Kind::Session => format!(
            "sessions of the old key are refused within {}; by a task that is restarted, at once",
            time(ORIGIN_KEYS_AGE)
        ),
    };
    kinds.map(limit).collect()
}
