//! The edge's own endpoints: their paths, and how they may be called.

use http::Method;

/// One endpoint of the edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// What people see who open the edge's address.
    Start,
    /// RFC 9728, with what follows the well-known path.
    ProtectedResourceMetadata,
    /// RFC 8414.
    AuthorizationServerMetadata,
    /// Public keys.
    Jwks,
    /// RFC 7591.
    Register,
    /// RFC 6749 §3.1.
    Authorize,
    /// Where the identity provider sends the browser back to.
    Callback,
    /// RFC 6749 §3.2.
    Token,
    /// RFC 7009.
    Revoke,
    /// Signing out, at the identity provider too.
    Logout,
    /// Where the identity provider sends the browser back to after that.
    SignedOut,
    /// Liveness.
    Health,
}

const PROTECTED_RESOURCE: &str = "/.well-known/oauth-protected-resource";

impl Route {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Start,
        Self::ProtectedResourceMetadata,
        Self::AuthorizationServerMetadata,
        Self::Jwks,
        Self::Register,
        Self::Authorize,
        Self::Callback,
        Self::Token,
        Self::Revoke,
        Self::Logout,
        Self::SignedOut,
        Self::Health,
    ];

    /// Those that metrics tell apart. The others are asked for seldom, or by strangers, and make no visit to Cognito.
    pub const MEASURED: [Self; 6] =
        [Self::Register, Self::Authorize, Self::Callback, Self::Token, Self::Revoke, Self::Logout];

    /// The endpoint's path.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Start => "/",
            Self::ProtectedResourceMetadata => PROTECTED_RESOURCE,
            Self::AuthorizationServerMetadata => "/.well-known/oauth-authorization-server",
            Self::Jwks => "/.well-known/jwks.json",
            Self::Register => "/register",
            Self::Authorize => "/authorize",
            Self::Callback => "/callback",
            Self::Token => "/token",
            Self::Revoke => "/revoke",
            Self::Logout => "/logout",
            Self::SignedOut => "/signed-out",
            Self::Health => "/healthz",
        }
    }

    /// The methods that it answers, besides OPTIONS, and HEAD as GET.
    pub const fn methods(self) -> &'static [Method] {
        match self {
            Self::Start
            | Self::ProtectedResourceMetadata
            | Self::AuthorizationServerMetadata
            | Self::Jwks
            | Self::Callback
            | Self::Logout
            | Self::SignedOut
            | Self::Health => &[Method::GET],
            Self::Register | Self::Token | Self::Revoke => &[Method::POST],
            Self::Authorize => &[Method::GET, Method::POST],
        }
    }

    /// Whether scripts of other origins may call it: such an endpoint looks at no cookies.
    pub const fn is_for_machines(self) -> bool {
        match self {
            Self::ProtectedResourceMetadata
            | Self::AuthorizationServerMetadata
            | Self::Jwks
            | Self::Register
            | Self::Token
            | Self::Revoke => true,
            Self::Start | Self::Authorize | Self::Callback | Self::Logout | Self::SignedOut | Self::Health => false,
        }
    }

    /// The endpoint at `path`. Protected-resource metadata is also found below its path, with the resource's path
    /// appended (RFC 9728 §3.1).
    pub fn find(path: &str) -> Option<Self> {
        let exact = Self::ALL.into_iter().find(|route| route.path() == path);
        exact.or_else(|| resource_path(path).map(|_| Self::ProtectedResourceMetadata))
    }
}

/// What follows the well-known path of protected-resource metadata: a resource's path.
pub fn resource_path(path: &str) -> Option<&str> {
    path.strip_prefix(PROTECTED_RESOURCE).filter(|rest| rest.starts_with('/'))
}

/// Whether `path` is the edge's own, so that no resource may have it.
pub fn is_reserved(path: &str) -> bool {
    path.starts_with("/.well-known") || Route::find(path).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_found_at_its_own_path() {
        for route in Route::ALL {
            assert_eq!(Route::find(route.path()), Some(route));
            assert!(is_reserved(route.path()));
        }
    }

    #[test]
    fn resource_metadata_is_found_at_the_root_and_with_a_path() {
        assert_eq!(Route::find("/.well-known/oauth-protected-resource/mcp"), Some(Route::ProtectedResourceMetadata));
        assert_eq!(resource_path("/.well-known/oauth-protected-resource/a/b"), Some("/a/b"));
        assert_eq!(Route::find("/.well-known/oauth-protected-resourcemcp"), None);
        assert_eq!(Route::find("/authorize/"), None);
        assert_eq!(Route::find("/mcp"), None);
    }
}
