use std::collections::HashSet;

use super::edge::{CLIENTS, COGNITO_CLIENT_SECRET, KEYS, ORIGIN_CREDENTIALS, REGISTRATION_TOKEN, SETTINGS, setting};

#[test]
fn a_parameter_of_the_edge_is_named_after_its_variable() {
    for setting in SETTINGS {
        let expected = setting.variable.trim_start_matches("EDGEWARD_").to_lowercase().replace('_', "-");
        assert_eq!(setting.parameter, expected);
    }
}

#[test]
fn every_variable_of_the_edge_is_there_once() {
    let names: HashSet<_> = SETTINGS.iter().map(|setting| setting.variable).collect();
    assert_eq!(names.len(), SETTINGS.len());
    // Every constant above whose value looks like a variable's name.
    let module = include_str!("../names.rs").split("pub mod origin").next().unwrap_or_default();
    let declared =
        module.lines().filter(|line| line.contains(": &str = \"") && line.contains("_") && line.starts_with("    "));
    let declared: HashSet<_> = declared.filter_map(|line| line.split('"').nth(1)).collect();
    assert_eq!(names, declared);
}

#[test]
fn what_must_not_be_seen_is_secret() {
    let secrets: HashSet<_> =
        SETTINGS.into_iter().filter(|setting| setting.secret).map(|setting| setting.variable).collect();
    assert_eq!(secrets, HashSet::from([KEYS, COGNITO_CLIENT_SECRET, CLIENTS, REGISTRATION_TOKEN, ORIGIN_CREDENTIALS]));
    assert!(setting(KEYS).is_some_and(|setting| setting.secret));
    assert_eq!(setting("EDGEWARD_NOTHING"), None);
}
