//! Everything secret the pool has handed out, so that a test can look for leaks of it.

use parking_lot::Mutex;
use serde::Serialize;

/// A secret the pool issued or was set up with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IssuedSecret {
    /// What it is.
    pub kind: SecretKind,
    /// The value, exactly as sent.
    pub value: String,
}

/// The kinds of secret a pool deals in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretKind {
    /// An access token, also one made by a forgery.
    AccessToken,
    /// An ID token, also one made by a forgery.
    IdToken,
    /// A refresh token.
    RefreshToken,
    /// An authorization code.
    AuthorizationCode,
    /// Value of the `cognito` cookie.
    SessionCookie,
    /// Value of the login form's CSRF token and cookies.
    CsrfToken,
    /// An app client's secret, from the settings.
    ClientSecret,
    /// A user's password, from the settings.
    Password,
}

#[derive(Debug, Default)]
pub(crate) struct IssuedSecrets(Mutex<Vec<IssuedSecret>>);

impl IssuedSecrets {
    /// Remembers a value and gives it back.
    pub(crate) fn note(&self, kind: SecretKind, value: String) -> String {
        self.0.lock().push(IssuedSecret { kind, value: value.clone() });
        value
    }

    pub(crate) fn list(&self) -> Vec<IssuedSecret> {
        self.0.lock().clone()
    }
}
