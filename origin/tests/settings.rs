//! A start is refused when a setting is missing or malformed, and the refusal names every such setting.

mod support;

use edgeward_origin::server::{KeySource, SessionKeySource, Settings, settings::Values};
use serde_json::Value;
use support::{
    NOWHERE,
    process::{Process, run},
    session_keys, variables, with_session_keys,
};

fn values(entries: &[(&str, &str)]) -> Values {
    entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn read_with(name: &str, value: &str) -> Result<Settings, String> {
    let mut variables = variables(NOWHERE);
    variables.insert(name.to_owned(), value.to_owned());
    Settings::read(&variables, &Values::new()).map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_refused_start_names_everything_that_is_wrong_in_one_line() {
    let wrong = values(&[
        ("EDGEWARD_ISSUER", "http://edge.example"),
        ("EDGEWARD_JWKS", "{}"),
        ("EDGEWARD_ALLOWED_HOSTS", "ok.example not@ok"),
        ("EDGEWARD_LISTEN", "8080"),
        ("EDGEWARD_SHUTDOWN_SECONDS", "soon"),
        ("EDGEWARD_WEATHER_URL", "ftp://weather"),
    ]);
    let (status, output) = run(&wrong, &[]).await;
    assert_eq!(status.code(), Some(1));
    let line: Value = serde_json::from_str(output.trim()).expect("one line of JSON");
    assert_eq!(line["message"], "refused to start");
    let error = line["error"].as_str().unwrap();
    for name in wrong.keys() {
        assert!(error.contains(&format!("{name}: ")), "{name}: {error}");
    }
    assert!(error.contains("EDGEWARD_AUDIENCE (parameter audience): missing"), "{error}");
}

#[tokio::test]
async fn a_refused_start_does_not_repeat_values() {
    let mut wrong = variables(NOWHERE);
    wrong.insert("EDGEWARD_ISSUER".into(), "https://user:hunter2@edge.example".into());
    wrong.insert("EDGEWARD_JWKS".into(), r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"hunter2"}]}"#.into());
    let (status, output) = run(&wrong, &[]).await;
    assert_eq!(status.code(), Some(1));
    assert!(!output.contains("hunter2"), "{output}");
}

#[tokio::test]
async fn an_unknown_argument_is_refused() {
    assert_eq!(run(&variables(NOWHERE), &["--verbose"]).await.0.code(), Some(2));
}

#[test]
fn the_issuer_is_an_origin_in_one_spelling() {
    for good in ["https://edge.example", "https://edge.example:8443", "http://localhost:8787", "http://[::1]:8787"] {
        assert_eq!(read_with("EDGEWARD_ISSUER", good).unwrap().issuer, good);
    }
    for bad in [
        "edge.example",
        "http://edge.example",
        "https://edge.example/",
        "https://edge.example/path",
        "https://EDGE.example",
        "https://edge.example:443",
        "https://edge.example?query",
        "https://user@edge.example",
        "http://localhost.example",
    ] {
        assert!(read_with("EDGEWARD_ISSUER", bad).unwrap_err().starts_with("EDGEWARD_ISSUER: "), "{bad}");
    }
}

#[test]
fn keys_are_fetched_over_https_or_from_this_machine() {
    let read_with = |url: &str| {
        let mut variables = variables(NOWHERE);
        variables.remove("EDGEWARD_JWKS");
        variables.insert("EDGEWARD_JWKS_URL".into(), url.to_owned());
        Settings::read(&variables, &Values::new()).map(|settings| settings.keys)
    };
    for good in ["https://edge.example/jwks.json", "http://127.0.0.1:8787/.well-known/jwks.json"] {
        assert!(matches!(read_with(good), Ok(KeySource::Fetched(url)) if url.as_str() == good), "{good}");
    }
    for bad in ["http://edge.example/jwks.json", "http://10.0.0.1/jwks.json", "file:///jwks.json", "jwks.json"] {
        assert!(read_with(bad).unwrap_err().to_string().starts_with("EDGEWARD_JWKS_URL: "), "{bad}");
    }
}

#[test]
fn keys_that_are_given_are_not_fetched_and_keys_that_are_not_given_are_the_issuers() {
    let settings = read_with("EDGEWARD_JWKS_URL", "https://elsewhere.example/jwks.json").unwrap();
    assert!(matches!(settings.keys, KeySource::Given(_)));

    let mut variables = variables(NOWHERE);
    let jwks = variables.remove("EDGEWARD_JWKS").unwrap();
    let settings = Settings::read(&variables, &values(&[("jwks", &jwks)])).unwrap();
    assert!(matches!(settings.keys, KeySource::Parameter(_)));

    let settings = Settings::read(&variables, &Values::new()).unwrap();
    let KeySource::Fetched(url) = settings.keys else { panic!("given by nobody") };
    assert_eq!(url.as_str(), "https://edge.example/.well-known/jwks.json");
}

#[tokio::test]
async fn a_process_that_makes_its_own_key_of_sessions_says_so() {
    let with_keys = with_session_keys(variables(NOWHERE), &["one"]);
    for (variables, says) in [(variables(NOWHERE), true), (with_keys, false)] {
        let process = Process::start(variables).await;
        let said = process.lines().into_iter().find(|line| line["setting"] == "EDGEWARD_SESSION_KEYS");
        assert_eq!(said.is_some(), says);
        if let Some(line) = said {
            assert_eq!(line["level"], "WARN");
            assert!(line["message"].as_str().unwrap().contains("sessions end with this process"), "{line}");
        }
    }
}

#[test]
fn keys_of_sessions_are_given_or_the_process_makes_one_unless_there_are_parameters() {
    let read = |variables: &Values, parameters: &[(&str, &str)]| {
        Settings::read(variables, &values(parameters)).map(|settings| settings.session_keys)
    };
    let keys = session_keys(&["one"]);
    let mut variables = variables(NOWHERE);
    assert!(matches!(read(&variables, &[]), Ok(SessionKeySource::Process)));
    assert!(matches!(read(&variables, &[("session-keys", &keys)]), Ok(SessionKeySource::Parameter(_))));
    variables.insert("EDGEWARD_PARAMETER_PATH".into(), "/edgeward/test/origin".into());
    let missing = read(&variables, &[]).unwrap_err().to_string();
    assert!(missing.contains("(parameter session-keys): missing; `edgeward keygen` makes them"), "{missing}");
    variables.insert("EDGEWARD_SESSION_KEYS".into(), keys);
    assert!(matches!(read(&variables, &[]), Ok(SessionKeySource::Given(_))));
    assert!(
        read_with("EDGEWARD_SESSION_KEYS", "hunter2").unwrap_err().starts_with("EDGEWARD_SESSION_KEYS: not a JWKS")
    );
}

#[test]
fn hosts_are_hosts() {
    assert_eq!(read_with("EDGEWARD_ALLOWED_HOSTS", "").unwrap().allowed_hosts, ["localhost", "127.0.0.1", "::1"]);
    let hosts = read_with("EDGEWARD_ALLOWED_HOSTS", "mcp.example  origin.internal:8080\n").unwrap().allowed_hosts;
    assert_eq!(hosts, ["mcp.example", "origin.internal:8080"]);
    for bad in ["*", "*.example", "https://mcp.example", "mcp.example/path", "a@b"] {
        assert!(read_with("EDGEWARD_ALLOWED_HOSTS", bad).unwrap_err().contains(bad), "{bad}");
    }
}

#[test]
fn a_variable_wins_over_a_parameter_and_an_empty_variable_does_not() {
    let parameters = values(&[("issuer", "https://parameter.example"), ("audience", "from-parameter\n")]);
    let mut variables = variables(NOWHERE);
    let issuer = |variables: &Values| Settings::read(variables, &parameters).unwrap().issuer;
    assert_eq!(issuer(&variables), "https://edge.example");
    variables.insert("EDGEWARD_ISSUER".into(), " ".into());
    assert_eq!(issuer(&variables), "https://parameter.example");
    variables.remove("EDGEWARD_AUDIENCE");
    assert_eq!(Settings::read(&variables, &parameters).unwrap().audience, "from-parameter");
}

#[test]
fn a_malformed_parameter_is_named_as_a_parameter() {
    let parameters = values(&[("issuer", "nonsense"), ("audience", "a")]);
    let error = Settings::read(&Values::new(), &parameters).unwrap_err().to_string();
    assert_eq!(error, "parameter issuer: not a URL");
}
