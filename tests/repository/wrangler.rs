//! What must stand in the edge's `wrangler.toml`, of which nothing can be seen on this machine.

use toml::Value;

const WRANGLER: &str = include_str!("../../edge/cloudflare/wrangler.toml");
const LIMITS: [&str; 5] = ["CALLS_LIMIT", "GRANT_LIMIT", "CLIENT_LIMIT", "REDIRECT_HOST_LIMIT", "ADDRESS_LIMIT"];

fn names<'a>(list: &'a Value, member: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().filter_map(|item| item[member].as_str()).collect()
}

#[test]
fn no_host_is_reached_past_its_own_front_door() {
    let wrangler: Value = toml::from_str(WRANGLER).unwrap();
    assert!(wrangler["compatibility_flags"].as_array().unwrap().contains(&"global_fetch_strictly_public".into()));
    let environments = wrangler["env"].as_table().unwrap();
    assert_eq!(environments.keys().collect::<Vec<_>>(), ["dev", "prod", "staging"]);
    // An environment would have the flags of its own in place of these.
    assert!(environments.values().all(|environment| environment.get("compatibility_flags").is_none()));
}

/// Requests would wait for another store. Refreshes have theirs, which holds answers for a minute: the objects of one class, in
/// every environment, with the migration that makes them.
#[test]
fn nothing_is_stored_but_the_answers_that_instances_share() {
    let wrangler: Value = toml::from_str(WRANGLER).unwrap();
    let environments = wrangler["env"].as_table().unwrap();
    let members = environments.values().flat_map(|environment| environment.as_table().unwrap().keys());
    for member in members {
        assert!(["workers_dev", "ratelimits", "durable_objects"].contains(&member.as_str()), "{member}");
    }
    let own = [
        "name",
        "main",
        "compatibility_date",
        "compatibility_flags",
        "minify",
        "keep_names",
        "preview_urls",
        "build",
        "observability",
        "migrations",
        "env",
    ];
    assert_eq!(wrangler.as_table().unwrap().keys().find(|member| !own.contains(&member.as_str())), None);
    for environment in environments.values() {
        let objects = &environment["durable_objects"]["bindings"];
        assert_eq!((names(objects, "name"), names(objects, "class_name")), (vec!["REFRESHES"], vec!["Refreshes"]));
    }
    let [migration] = &wrangler["migrations"].as_array().unwrap()[..] else { panic!("one migration") };
    assert_eq!(migration["new_sqlite_classes"].as_array().unwrap()[..], ["Refreshes".into()]);
}

#[test]
fn every_environment_has_every_limit_with_counters_of_its_own() {
    let wrangler: Value = toml::from_str(WRANGLER).unwrap();
    let mut namespaces = Vec::new();
    for environment in wrangler["env"].as_table().unwrap().values() {
        assert_eq!(names(&environment["ratelimits"], "name"), LIMITS);
        namespaces.extend(names(&environment["ratelimits"], "namespace_id"));
    }
    let count = namespaces.len();
    namespaces.sort_unstable();
    namespaces.dedup();
    assert_eq!((count, namespaces.len()), (15, 15), "{namespaces:?}");
}

/// Invocation logs and traces hold the URL of each request: `/callback?code=…`. An `observability` of an environment would
/// replace all of this, and so would one that `edgeward push` writes.
#[test]
fn no_environment_records_urls_and_none_loses_audit_lines() {
    let wrangler: Value = toml::from_str(WRANGLER).unwrap();
    let expected: Value = toml::from_str(
        "enabled = true\nhead_sampling_rate = 1\nredact_query_string = true\n\
         [logs]\nenabled = true\nhead_sampling_rate = 1\ninvocation_logs = false\n\
         [traces]\nenabled = false\n",
    )
    .unwrap();
    for (name, environment) in wrangler["env"].as_table().unwrap() {
        let own = ["observability", "logpush", "tail_consumers", "streaming_tail_consumers"];
        assert_eq!(own.iter().find(|member| environment.get(member).is_some()), None, "{name}");
    }
    assert_eq!(wrangler["observability"], expected);
    assert_eq!(wrangler.get("logpush"), None, "whether lines go elsewhere is the operator's to say");
}

/// The zone's rules do not hold there.
#[test]
fn no_environment_has_preview_urls_and_only_dev_may_be_at_workers_dev() {
    let wrangler: Value = toml::from_str(WRANGLER).unwrap();
    assert_eq!(wrangler["preview_urls"], Value::Boolean(false));
    for (name, environment) in wrangler["env"].as_table().unwrap() {
        assert_eq!(environment.get("preview_urls"), None, "{name} would not inherit it");
        // Without the member, wrangler turns workers.dev off as soon as there is a domain or route.
        let expected = if name == "dev" { None } else { Some(&Value::Boolean(false)) };
        assert_eq!(environment.get("workers_dev"), expected, "{name}");
    }
}
