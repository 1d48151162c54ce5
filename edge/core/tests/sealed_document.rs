//! SEALED.md says what the code does.
#![cfg(not(target_arch = "wasm32"))]

use edgeward_core::sealed::{
    AuthorizationCode, ConsentTransaction, MAX_BYTES, PendingAuthorization, Profile, RefreshToken, RememberedConsent,
    Seal,
};

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
    ];
    rows.dedup();
    let purposes = DOCUMENT.lines().filter(|line| line.starts_with("| `") && line.contains("/1` |"));
    assert_eq!(purposes.count(), rows.len());
}

#[test]
fn the_limit_is_the_one_named() {
    assert!(DOCUMENT.contains(&format!("| any sealed value | {MAX_BYTES} bytes |")));
}
