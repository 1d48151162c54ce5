//! SEALED.md says what the code does.
#![cfg(not(target_arch = "wasm32"))]

mod support;

use edgeward_core::{
    authorization::MAX_STATE_BYTES,
    endpoint::authorize::MAX_PENDING_BYTES,
    oauth::{Scope, client_id, error_code::MAX_QUOTED, redirect_uri},
    platform::UnixTime,
    sealed::{
        self, AuthorizationCode, ConsentTransaction, MAX_BYTES, PendingAuthorization, Profile, RefreshAnswer,
        RefreshToken, RememberedConsent, Seal,
    },
};
use support::{START, TestEdge, config};

const DOCUMENT: &str = include_str!("../SEALED.md");

/// The row of the table that is about `T`.
fn row<T: Seal>() -> String {
    let start = format!("| `{}` |", T::PURPOSE);
    let row = DOCUMENT.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("no row {start}"));
    let (seconds, days) = (format!("| {} s", T::LIFETIME), format!("| {} days", T::LIFETIME / 86_400));
    assert!(row.contains(&seconds) || row.contains(&days), "{seconds} is not in {row}");
    row.to_owned()
}

#[test]
fn every_kind_has_its_row_with_its_lifetime() {
    let mut rows = vec![
        row::<ConsentTransaction>(),
        row::<PendingAuthorization>(),
        row::<AuthorizationCode>(),
        row::<RefreshToken>(),
        row::<RememberedConsent>(),
        row::<Profile>(),
        row::<RefreshAnswer>(),
    ];
    rows.dedup();
    let purposes = DOCUMENT.lines().filter(|line| line.starts_with("| `") && line.contains("/1` |"));
    assert_eq!(purposes.count(), rows.len());
}

#[test]
fn the_longest_refresh_token_is_within_the_limit() {
    // Two tokens of Cognito's that are as long as any that was seen, and as much scope as a setting has room for.
    let scope = (0..40).map(|number| format!("{number:0>127}")).collect::<Vec<_>>().join(" ");
    let token = RefreshToken {
        upstream_token: "u".repeat(1_852),
        original_token: Some("o".repeat(1_852)),
        subject: "7d8ca528-4931-4254-9273-ea5ee853f271".to_owned(),
        resource: format!("https://{}.example/mcp", "e".repeat(200)),
        scope: Scope::parse(&scope).unwrap(),
        grant_id: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
    };
    let (keys, world) = (config(&[]).unwrap().keys, TestEdge::new().world);
    let sealed = sealed::seal(&token, "client", &keys, UnixTime::from_secs(START), &world).unwrap();
    assert!(scope.len() > 5_100 && sealed.len() <= MAX_BYTES, "{} bytes", sealed.len());
    assert_eq!(sealed::open(&sealed, "client", &keys, UnixTime::from_secs(START)), Ok(token));
}

#[test]
fn the_limits_of_attacks_are_the_ones_named() {
    let attacks = include_str!("../../../tests/ATTACKS.md");
    for (what, limit) in [
        ("sealed value: code, refresh token, cookie", MAX_BYTES),
        ("cookie of a sign-in", MAX_PENDING_BYTES),
        ("`client_id`", client_id::MAX_BYTES),
        ("`redirect_uri`, each", redirect_uri::MAX_BYTES),
        ("`state` of a client", MAX_STATE_BYTES),
    ] {
        assert!(attacks.contains(&format!("| {what} | {limit} bytes |")), "{what}: {limit}");
    }
    let quoted = format!("| text of a request that a refusal quotes | {MAX_QUOTED} characters;");
    assert!(attacks.contains(&quoted), "{quoted}");
}

#[test]
fn the_limit_is_the_one_named() {
    assert!(DOCUMENT.contains(&format!("| pending authorization | {MAX_PENDING_BYTES} bytes,")));
    assert!(DOCUMENT.contains(&format!("| any other sealed value | {MAX_BYTES} bytes |")));
    assert!(DOCUMENT.contains(&format!("| refresh answer | {} bytes |", RefreshAnswer::MAX_BYTES)));
}
