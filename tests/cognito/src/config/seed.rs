//! The built-in development pool. Every value is public: nothing outside a laptop may trust it.

use super::{AppClient, Config, Mode, User, any_port};

/// Id of the development pool.
pub const DEV_POOL_ID: &str = "us-east-1_EdgewardDev";
/// App client of the development pool.
pub const DEV_CLIENT_ID: &str = "edgewarddevclient000000001";
/// Its secret. The `+` is legal in Cognito's secrets and breaks a client that forgets to encode a form.
pub const DEV_CLIENT_SECRET: &str = "not+a+secret_edgeward_development_only_000000000001";
/// User of the development pool.
pub const DEV_USERNAME: &str = "demo";
/// The user's password.
pub const DEV_PASSWORD: &str = "demo-password";

impl Default for Config {
    fn default() -> Self {
        Self {
            pool_id: DEV_POOL_ID.to_owned(),
            domain_addr: any_port(),
            issuer_addr: any_port(),
            updated_issuer_addr: any_port(),
            public_domain_url: None,
            public_issuer_url: None,
            public_updated_issuer_url: None,
            token_issuer: None,
            mode: Mode::default(),
            admin: false,
            acr: None,
            amr: Vec::new(),
            refresh_token_length: 1_852,
            case_sensitive_usernames: false,
            identity_providers: Vec::new(),
            users: vec![demo_user()],
            app_clients: vec![development_client()],
            resource_servers: Vec::new(),
        }
    }
}

fn demo_user() -> User {
    User {
        email: Some("demo@example.com".to_owned()),
        email_verified: true,
        groups: vec!["demo-group".to_owned()],
        attributes: [("name".to_owned(), "Demo User".to_owned())].into(),
        ..User::new(DEV_USERNAME, DEV_PASSWORD, "6f1c2a9e-7c1d-4d7e-9a55-0d0e5eed0001")
    }
}

fn development_client() -> AppClient {
    AppClient {
        callback_urls: vec!["http://localhost:8787/callback".to_owned()],
        logout_urls: vec!["http://localhost:8787/signed-out".to_owned()],
        ..AppClient::confidential(DEV_CLIENT_ID, DEV_CLIENT_SECRET)
    }
}
