//! Settings: what is missing or malformed is named, all at once, and never quoted.
#![cfg(not(target_arch = "wasm32"))]

mod support;

use support::{KEYS, config};

fn problem(overrides: &[(&str, &str)]) -> String {
    config(overrides).expect_err("refused").to_string()
}

#[test]
fn settings_that_are_enough_are_taken() {
    let config = config(&[]).unwrap();
    assert_eq!(config.issuer, "https://edge.example");
    assert_eq!(config.cognito.issuer(), "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example");
    assert_eq!(config.cognito.domain, "https://login.example");
    assert_eq!(config.resources[0].origin.audience, "https://origin.example");
    assert_eq!(config.resources[0].origin.url, "https://origin.example/mcp");
    assert_eq!(config.access_token_seconds, 900);
    assert_eq!(config.resources[0].indicator.as_str(), "https://edge.example/mcp");
}

#[test]
fn both_forms_of_a_pools_issuer_are_taken_with_the_domain_of_its_partition() {
    for (region, suffix) in
        [("eu-west-1", "amazonaws.com"), ("us-gov-west-1", "amazonaws.com"), ("eusc-de-east-1", "amazonaws.eu")]
    {
        let pool = format!("{region}_Example");
        let cognito = config(&[("COGNITO_USER_POOL_ID", &pool)]).unwrap().cognito;
        let original = format!("https://cognito-idp.{region}.{suffix}/{pool}");
        let updated = format!("https://issuer-cognito-idp.{region}.{suffix}/{pool}");
        assert_eq!(cognito.issuers.iter().collect::<Vec<_>>(), [&original, &updated]);
        assert_eq!(cognito.issuer(), original);
        assert_eq!(cognito.jwks_url, format!("{original}/.well-known/jwks.json"));
    }
}

#[test]
fn a_region_without_known_user_pools_needs_the_issuer() {
    for region in ["cn-north-1", "cn-northwest-1", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1"] {
        let pool = format!("{region}_Example");
        let error = problem(&[("COGNITO_USER_POOL_ID", &pool)]);
        assert!(error.starts_with("COGNITO_USER_POOL_ID is in ") && error.contains(region), "{error}");
        assert!(error.contains("EDGEWARD_COGNITO_ISSUER"), "{error}");
        let issuer = format!("https://cognito-idp.{region}.amazonaws.com.cn/{pool}");
        let config = config(&[("COGNITO_USER_POOL_ID", &pool), ("EDGEWARD_COGNITO_ISSUER", &issuer)]).unwrap();
        assert_eq!(config.cognito.issuers.iter().collect::<Vec<_>>(), [&issuer]);
    }
}

#[test]
fn one_issuer_or_two_can_be_named_and_the_keys_are_the_firsts() {
    let issuers = |text: &str| config(&[("EDGEWARD_COGNITO_ISSUER", text)]).map(|config| config.cognito);
    let one = issuers("https://a.example/pool/").unwrap();
    assert_eq!(one.issuers.iter().collect::<Vec<_>>(), ["https://a.example/pool"]);
    let two = issuers(" https://a.example/pool  https://b.example/pool ").unwrap();
    assert_eq!(two.issuers.iter().collect::<Vec<_>>(), ["https://a.example/pool", "https://b.example/pool"]);
    assert_eq!(two.jwks_url, "https://a.example/pool/.well-known/jwks.json");
    for bad in ["https://a.example https://b.example https://c.example", "https://a.example b.example", "a.example"] {
        assert!(problem(&[("EDGEWARD_COGNITO_ISSUER", bad)]).starts_with("EDGEWARD_COGNITO_ISSUER"), "{bad}");
    }
}

#[test]
fn everything_that_is_missing_is_named_in_one_error() {
    let error = edgeward_core::Config::parse(|_| None).unwrap_err().to_string();
    for name in [
        "EDGEWARD_PUBLIC_URL",
        "EDGEWARD_ORIGIN_URL",
        "EDGEWARD_KEYS",
        "COGNITO_USER_POOL_ID",
        "COGNITO_CLIENT_ID",
        "COGNITO_CLIENT_SECRET",
        "COGNITO_DOMAIN",
    ] {
        assert!(error.contains(&format!("{name} is missing")), "{name}: {error}");
    }
}

#[test]
fn each_malformed_setting_is_named() {
    for (name, value) in [
        ("EDGEWARD_PUBLIC_URL", "https://edge.example/path"),
        ("EDGEWARD_PUBLIC_URL", "http://edge.example"),
        ("EDGEWARD_PUBLIC_URL", "edge.example"),
        ("EDGEWARD_ORIGIN_URL", "http://origin.example"),
        ("EDGEWARD_ORIGIN_URL", "https://user:pass@origin.example"),
        ("COGNITO_USER_POOL_ID", "nounderscore"),
        ("COGNITO_USER_POOL_ID", "eu-west-1_"),
        ("COGNITO_USER_POOL_ID", "eu west_Example"),
        ("COGNITO_USER_POOL_ID", "evil.example/_Example"),
        ("COGNITO_USER_POOL_ID", "eu-west-1_Example?x#y"),
        ("COGNITO_CLIENT_SECRET", "one two three"),
        ("EDGEWARD_COGNITO_SCOPES", "email"),
        ("EDGEWARD_REGISTRATION", "maybe"),
        ("EDGEWARD_CLIENT_METADATA_DOCUMENTS", "maybe"),
        ("EDGEWARD_CLIENT_METADATA_HOSTS", "https://a.example"),
        ("EDGEWARD_CLIENT_METADATA_DENIED_HOSTS", "*"),
        ("EDGEWARD_REDIRECT_HOSTS", "127.0.0.1"),
        ("EDGEWARD_ACCESS_TOKEN_SECONDS", "59"),
        ("EDGEWARD_PRIVATE_USE_SCHEMES", "javascript"),
        ("EDGEWARD_ALLOWED_ORIGINS", "https://a.example/path"),
        ("EDGEWARD_RESOURCES", "[]"),
        ("EDGEWARD_RESOURCES", r#"[{"path":"/token","scopes":{"a":"A"}}]"#),
        ("EDGEWARD_RESOURCES", r#"[{"path":"/mcp/","scopes":{"a":"A"}}]"#),
        ("EDGEWARD_RESOURCES", r#"[{"path":"/a/../mcp","scopes":{"a":"A"}}]"#),
        ("EDGEWARD_RESOURCES", r#"[{"path":"/mcp","scopes":{"offline_access":"A"}}]"#),
        ("EDGEWARD_RESOURCES", r#"[{"path":"/mcp","scopes":{"a":"A"},"default_scopes":["b"]}]"#),
        ("EDGEWARD_CLIENTS", r#"[{"client_id":"a","redirect_uris":[]}]"#),
        ("EDGEWARD_CLIENTS", r#"[{"client_id":"a","redirect_uris":["http://a.example/"]}]"#),
        ("EDGEWARD_CLIENTS", r#"[{"client_id":"a","redirect_uris":["https://a.example/"],"client_secret":"short"}]"#),
        ("EDGEWARD_CLIENTS", r#"[{"client_id":"a","redirect_uris":["https://a.example/"],"scopes":["unknown"]}]"#),
        ("EDGEWARD_ORIGIN_GROUPS", "a*b"),
        ("EDGEWARD_ORIGIN_GROUPS", "good *bad"),
        ("EDGEWARD_ORIGIN_GROUPS", "eu-west-1_Example_*"),
        ("EDGEWARD_TRUSTED_EMAIL_PROVIDERS", "Entra *"),
        ("EDGEWARD_UNVERIFIED_EMAIL", "show"),
        ("EDGEWARD_SERVER_TIMING", "yes"),
        ("EDGEWARD_METRICS_DATASET", "two words"),
        ("EDGEWARD_KEYS", "{}"),
        ("EDGEWARD_KEYS", r#"{"keys":[]}"#),
    ] {
        let error = problem(&[(name, value)]);
        assert!(error.starts_with(name), "{name}={value}: {error}");
    }
}

#[test]
fn an_initial_access_token_is_set_where_it_is_asked_for_and_nowhere_else() {
    let token = "initial-access-token-of-32-chars";
    let settings = |mode: &str, token: &str| {
        let error = config(&[("EDGEWARD_REGISTRATION", mode), ("EDGEWARD_REGISTRATION_TOKEN", token)]);
        error.map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(settings("token", token), Ok(()));
    assert_eq!(settings("token", &format!("{token} {token}2")), Ok(()));
    for (mode, value) in [
        ("token", String::new()),
        ("token", token[1..].to_owned()),
        ("token", format!("{token} {token} {token}")),
        ("token", format!("{token}\"")),
        ("open", token.to_owned()),
        ("off", token.to_owned()),
    ] {
        let error = settings(mode, &value).unwrap_err();
        assert!(error.starts_with("EDGEWARD_REGISTRATION_TOKEN") && !error.contains(&token[1..]), "{mode}: {error}");
    }
}

#[test]
fn keys_are_refused_without_being_quoted() {
    let secret = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
    let without_sealing = KEYS.replace(r#""use":"enc""#, r#""use":"other""#);
    let twice = KEYS.replace(r#""kid":"e1""#, r#""kid":"s1""#);
    let short = KEYS.replace("ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8", "ICEi");
    for keys in [without_sealing, twice, short] {
        let error = problem(&[("EDGEWARD_KEYS", &keys)]);
        assert!(error.starts_with("EDGEWARD_KEYS") && !error.contains(secret), "{error}");
    }
}
