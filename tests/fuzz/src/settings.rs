//! Settings. No stranger writes them, but a person does, and what they mean must be certain.

use edgeward_core::{Config, Decision, Edge, Request, RequestHead, Target, config::AllowedOrigins};
use edgeward_identity::names::edge as names;
use serde_json::Value;
use url::Url;

use crate::support::{KEYS, TestEdge, config, get};

/// Each line is a setting, `NAME=value`, that replaces one of those of the tests; `{keys}` stands for those of the tests.
/// Either what is wrong is named, and nothing secret told; or the edge that they make serves what they say.
pub fn check(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let text = text.replace("{keys}", &KEYS.replace('\n', " "));
    let overrides: Vec<(&str, &str)> = text.split('\n').filter_map(|line| line.split_once('=')).collect();
    match config(&overrides) {
        Err(errors) => {
            assert!(!errors.0.is_empty());
            for error in &errors.0 {
                assert!(names::setting(error.setting).is_some(), "{error:?}");
                assert!(!error.problem.is_empty());
            }
            let told = errors.to_string();
            for (name, value) in &overrides {
                let is_secret = names::setting(name).is_some_and(|setting| setting.secret);
                assert!(!is_secret || value.len() < 40 || !told.contains(value), "{told}");
            }
            assert!(!told.contains("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"), "{told}");
        }
        Ok(config) => {
            crate::accept();
            is_sane(&config);
            let (issuer, resources) = (config.issuer.clone(), config.resources.clone());
            let world = TestEdge::new().world;
            let edge = TestEdge { edge: Edge::new(config, world.clone()), world };
            let at = |origin: &str, path: &str| Request { url: format!("{origin}{path}"), ..get(path) };
            let response = edge.respond(at(&issuer, "/.well-known/oauth-authorization-server"));
            let metadata: Value = serde_json::from_str(response.body()).unwrap();
            assert_eq!((response.status().as_u16(), metadata["issuer"].as_str()), (200, Some(issuer.as_str())));
            assert_eq!(edge.respond(at("https://another.invalid", "/healthz")).status(), 421);
            for resource in resources {
                let url = format!("{issuer}{}", resource.path);
                let head = RequestHead {
                    method: "POST",
                    target: Target::of(&url),
                    authorization: None,
                    origin_header: None,
                    traceparent: None,
                    content_length: Some(0),
                    has_upgrade: false,
                };
                match edge.edge.gate(&head) {
                    Some(Decision::Respond { response, .. }) => assert_eq!(response.status(), 401),
                    gated => panic!("{gated:?}"),
                }
                let response =
                    edge.respond(at(&issuer, &format!("/.well-known/oauth-protected-resource{}", resource.path)));
                let metadata: Value = serde_json::from_str(response.body()).unwrap();
                assert_eq!(metadata["resource"], resource.indicator.as_str());
            }
        }
    }
}

fn is_sane(config: &Config) {
    let issuer = Url::parse(&config.issuer).unwrap();
    assert_eq!(issuer.origin().ascii_serialization(), config.issuer);
    let origins = config.resources.iter().map(|resource| &resource.origin.url);
    let urls = [&config.issuer, &config.cognito.domain].into_iter().chain(origins).map(String::as_str);
    for url in urls.into_iter().chain(config.cognito.issuers.iter()) {
        let seen = Url::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
        assert!(seen.username().is_empty() && seen.query().is_none() && seen.fragment().is_none(), "{url}");
    }
    assert!(
        config.resources.iter().all(|resource| !resource.origin.audience.is_empty())
            && !config.cognito.client_id.is_empty()
    );
    assert!((1..=2).contains(&config.cognito.client_secrets.len()));
    assert!(config.cognito.scopes.contains("openid"));
    assert!((60..=86_400).contains(&config.access_token_seconds));
    assert!(!config.resources.is_empty());
    for resource in &config.resources {
        assert_eq!(resource.indicator.as_str(), format!("{}{}", config.issuer, resource.path));
        assert!(!resource.default_scope.is_empty() && resource.default_scope.is_subset(&resource.scope()));
        let meant = config.resource(Some(resource.indicator.as_str())).unwrap();
        assert_eq!(
            (&meant.path, config.resource_at(&resource.path).map(|at| &at.path)),
            (&resource.path, Some(&resource.path))
        );
        for (token, rule) in &resource.rules {
            assert!(rule.implies.is_subset(&resource.scope()), "{token:?}");
        }
        for machine in &resource.machines {
            assert!(machine.scopes.iter().all(|(_, scope)| scope.is_subset(&resource.scope())));
        }
    }
    for client in &config.clients {
        assert!(!client.redirect_uris.is_empty());
        assert!(client.scopes.as_ref().is_none_or(|scopes| scopes.is_subset(&config.scope())));
    }
    if let AllowedOrigins::These(origins) = &config.allowed_origins {
        for origin in origins {
            assert_eq!(Url::parse(origin).unwrap().origin().ascii_serialization(), *origin);
        }
    }
}
