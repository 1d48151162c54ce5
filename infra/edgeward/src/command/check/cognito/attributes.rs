//! Which attributes of users the app client may read.

use std::collections::BTreeSet;

use edgeward_core::Config;

use super::{
    asked,
    remedy::{ATTRIBUTES, Remedy},
};
use crate::{
    pool::AppClient,
    report::{Problem, Report, Weight},
};

/// What each scope stands for. "App client doesn't have read access to all attributes in the requested scope" is a cause of
/// `invalid_grant` (Developer Guide, "Token endpoint").
const SCOPES: [(&str, &[&str], Weight); 3] = [
    ("email", &["email", "email_verified"], Weight::Problem),
    ("phone", &["phone_number", "phone_number_verified"], Weight::Problem),
    // Another page says that this scope stands for the attributes that can be read, whichever those are.
    (
        "profile",
        &[
            "name",
            "family_name",
            "given_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
        ],
        Weight::Note,
    ),
];

pub(super) fn check(client: &AppClient, remedy: &Remedy, config: Option<&Config>, report: &mut Report) {
    let readable = client.described.read_attributes();
    let Some(config) = config else { return };
    // With nothing listed, all standard attributes can be read.
    if readable.is_empty() {
        return;
    }
    let asked = asked(config);
    for (scope, attributes, weight) in SCOPES {
        let hidden = hidden(attributes, readable).join(", ");
        if hidden.is_empty() || !asked.contains(scope) {
            continue;
        }
        let ends = if weight == Weight::Problem { "Cognito refuses" } else { "Cognito may refuse" };
        let what = format!(
            "may not read {hidden}, and the edge asks for the scope {scope}: {ends} to redeem every code, with invalid_grant"
        );
        let to_do = remedy.fixed(ATTRIBUTES, &format!("let it read {hidden}"));
        let place = format!("the app client {}", remedy.client);
        report.add(weight, Problem::new(place, what, to_do));
    }
}

/// The attributes that the client may not read, and that a scope stands for which is asked for.
pub(super) fn missing(client: &AppClient, asked: &BTreeSet<String>) -> Vec<&'static str> {
    let readable = client.described.read_attributes();
    if readable.is_empty() {
        return Vec::new();
    }
    let wanted = SCOPES.into_iter().filter(|(scope, ..)| asked.contains(*scope));
    wanted.flat_map(|(_, attributes, _)| hidden(attributes, readable)).collect()
}

fn hidden(attributes: &[&'static str], readable: &[String]) -> Vec<&'static str> {
    attributes.iter().filter(|name| !readable.iter().any(|readable| readable == *name)).copied().collect()
}
