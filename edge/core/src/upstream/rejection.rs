//! What Cognito's token endpoint says of the edge's own request.

/// An error that the operator must mend (RFC 6749 §5.2): no client and no user can. What was shown to Cognito is as good as
/// before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Cognito says so, too, when `redirect_uri` is not the app client's (Developer Guide, "The token issuer endpoint").
    #[error(
        "unauthorized_client: is <EDGEWARD_PUBLIC_URL>/callback a callback URL of the app client, and may it use the \
         authorization code grant?"
    )]
    UnauthorizedClient,
    /// The request is malformed in Cognito's eyes.
    #[error("invalid_request: does `edgeward check` find anything wrong with the app client?")]
    InvalidRequest,
    /// The app client has no such scope.
    #[error("invalid_scope: does the app client have the scopes of the settings?")]
    InvalidScope,
    /// The app client may not use the grant.
    #[error("unsupported_grant_type: may the app client use the authorization code grant and refresh tokens?")]
    UnsupportedGrantType,
    /// Anything else.
    #[error("an error that is not known")]
    Other,
}

impl Rejection {
    /// The meaning of `error`.
    pub(super) fn of(error: &str) -> Self {
        match error {
            "unauthorized_client" => Self::UnauthorizedClient,
            "invalid_request" => Self::InvalidRequest,
            "invalid_scope" => Self::InvalidScope,
            "unsupported_grant_type" => Self::UnsupportedGrantType,
            _ => Self::Other,
        }
    }
}
