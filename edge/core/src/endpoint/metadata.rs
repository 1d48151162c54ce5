//! The documents that clients discover us by. They say only what is true.

use http::{Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    client::ALGORITHMS,
    config::{Config, MetadataDocuments, ProtectedResource, Registration},
    message::response::{Caching, json},
    oauth::{pkce, scope::OFFLINE_ACCESS},
    route::{Route, resource_path},
};

/// How clients prove who they are. Those with a document at a URL can sign.
const AUTH_METHODS: [&str; 4] = ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"];

/// Protected-resource metadata (RFC 9728): at the root for the default resource, or with a resource's path, spelled with a
/// slash at its end where it was asked for so (§3.3). `None` when there is no such resource.
pub fn protected_resource(path: &str, config: &Config) -> Option<Response<String>> {
    let (resource, slash) = match resource_path(path) {
        None | Some("/") => (config.resources.first()?, ""),
        Some(path) => (config.resource_at(path)?, if path.ends_with('/') { "/" } else { "" }),
    };
    let mut document = protected_resource_document(resource, config);
    document["resource"] = format!("{}{slash}", resource.indicator).into();
    Some(json(StatusCode::OK, &document, Caching::Briefly))
}

fn protected_resource_document(resource: &ProtectedResource, config: &Config) -> Value {
    let mut document = json!({
        "authorization_servers": [config.issuer],
        "scopes_supported": resource.scope().to_strings(),
        "bearer_methods_supported": ["header"],
    });
    if let Some(name) = &resource.name {
        document["resource_name"] = name.as_str().into();
    }
    document
}

/// Authorization-server metadata (RFC 8414).
pub fn authorization_server(config: &Config) -> Response<String> {
    let url = |route: Route| format!("{}{}", config.issuer, route.path());
    let mut scopes = config.scope().to_strings();
    scopes.push(OFFLINE_ACCESS.to_owned());
    let documents = config.metadata_documents != MetadataDocuments::Off;
    let methods = if documents { &AUTH_METHODS[..] } else { &AUTH_METHODS[..3] };
    let mut document = json!({
        "issuer": config.issuer,
        "authorization_endpoint": url(Route::Authorize),
        "token_endpoint": url(Route::Token),
        "jwks_uri": url(Route::Jwks),
        "scopes_supported": scopes,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint": url(Route::Revoke),
        "revocation_endpoint_auth_methods_supported": methods,
        "code_challenge_methods_supported": [pkce::METHOD],
        "authorization_response_iss_parameter_supported": true,
    });
    match config.registration {
        Registration::Open | Registration::Token(_) => {
            document["registration_endpoint"] = url(Route::Register).into();
        }
        Registration::Off => {}
    }
    if documents {
        document["client_id_metadata_document_supported"] = true.into();
        for endpoint in ["token", "revocation"] {
            document[format!("{endpoint}_endpoint_auth_signing_alg_values_supported")] = json!(ALGORITHMS);
        }
    }
    json(StatusCode::OK, &document, Caching::Briefly)
}

/// Public keys (RFC 7517): for access tokens and identity assertions.
pub fn jwks(config: &Config) -> Response<String> {
    json(StatusCode::OK, &config.keys.public_jwks(), Caching::Briefly)
}
