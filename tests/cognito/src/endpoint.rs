//! The endpoints, one file each, and the routers of the two listeners.
//!
//! Nothing lives under both: discovery and the key set belong to the issuer's host, everything a client or browser
//! talks to belongs to the domain.

mod authorize;
mod discovery;
mod error_page;
mod identity_provider;
mod idp_response;
mod jwks;
mod login;
mod logout;
mod revoke;
mod token;
mod userinfo;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use crate::pool::Pool;
use crate::recording::{self, Listener};
use crate::{admin, firewall, sabotage};

/// Authorize, login, token, …, and the switches if they are wanted.
pub(crate) fn domain_router(pool: &Arc<Pool>) -> Router {
    let router = Router::new()
        .route("/oauth2/authorize", get(authorize::handle))
        .route("/login", get(login::show).post(login::submit))
        .route("/oauth2/idpresponse", get(idp_response::handle))
        .route("/saml2/idpresponse", get(idp_response::handle))
        .route("/__idp/{name}", get(identity_provider::show).post(identity_provider::submit))
        .route("/error", get(error_page::handle))
        .route("/logout", get(logout::handle))
        .route("/oauth2/token", post(token::handle))
        .route("/oauth2/userInfo", get(userinfo::handle))
        .route("/oauth2/revoke", post(revoke::handle))
        .with_state(Arc::clone(pool));
    let observed = observed(router, pool, Listener::Domain);
    if pool.config.admin { observed.merge(admin::router(pool)) } else { observed }
}

/// Discovery and the key set.
pub(crate) fn issuer_router(pool: &Arc<Pool>) -> Router {
    let router = Router::new()
        .route("/{pool_id}/.well-known/openid-configuration", get(discovery::handle))
        .route("/{pool_id}/.well-known/jwks.json", get(jwks::handle))
        .with_state(Arc::clone(pool));
    observed(router, pool, Listener::Issuer)
}

fn observed(router: Router, pool: &Arc<Pool>, listener: Listener) -> Router {
    router
        .layer(from_fn_with_state(Arc::clone(pool), sabotage::apply))
        .layer(from_fn_with_state(Arc::clone(pool), firewall::apply))
        .layer(from_fn_with_state((Arc::clone(pool), listener), recording::observe))
}
