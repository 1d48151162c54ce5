use super::*;

fn schemes() -> PrivateUseSchemes {
    PrivateUseSchemes::new(["cursor".to_owned()]).unwrap()
}

fn parse(text: &str) -> Result<RedirectUri, RedirectUriError> {
    RedirectUri::parse(text, &schemes())
}

fn matches(registered: &str, requested: &str) -> bool {
    parse(requested).is_ok_and(|uri| uri.find_in(&[parse(registered).unwrap()]).is_some())
}

#[test]
fn the_forms_that_clients_use_are_accepted() {
    for good in [
        "https://claude.ai/api/mcp/auth_callback",
        "https://client.example/cb?tenant=1",
        "http://127.0.0.1/",
        "http://127.0.0.1:33418",
        "http://localhost:6274/oauth/callback",
        "http://[::1]:8080/callback",
        "cursor://anysphere.cursor-mcp/oauth/callback",
    ] {
        assert!(parse(good).is_ok(), "{good}: {:?}", parse(good));
    }
}

#[test]
fn each_rule_refuses_its_own_violation() {
    use RedirectUriError::*;
    for (bad, error) in [
        ("", NotAbsolute),
        ("/callback", NotAbsolute),
        ("https:client.example/cb", NotAbsolute),
        ("https:///client.example/cb", NotAbsolute),
        ("https://Client%aa.example/cb", NotAbsolute),
        ("https://client.example/cb#fragment", Fragment),
        ("https://client.example/cb#", Fragment),
        ("https://user@client.example/", UserInformation),
        ("https://user:password@client.example/", UserInformation),
        ("https://@client.example/", UserInformation),
        ("http://client.example/cb", InsecureHttp),
        ("http://127.0.0.2/cb", InsecureHttp),
        ("http://localhost.client.example/", InsecureHttp),
        ("http://localhost./cb", InsecureHttp),
        ("javascript:alert(1)", SchemeNotAllowed),
        ("data:text/html,x", SchemeNotAllowed),
        ("vscode://vscode.github-authentication", SchemeNotAllowed),
        ("https://client.example\\@evil.example/", ForbiddenCharacter),
        (" https://client.example/", ForbiddenCharacter),
        ("https://client.example/\r\nSet-Cookie:x", ForbiddenCharacter),
        ("https://cliént.example/", ForbiddenCharacter),
        ("java\tscript:alert(1)", ForbiddenCharacter),
    ] {
        assert_eq!(parse(bad).err(), Some(error), "{bad:?}");
    }
    assert_eq!(parse(&format!("https://c.example/{}", "a".repeat(MAX_BYTES))).err(), Some(TooLong));
}

#[test]
fn private_use_schemes_are_off_but_for_single_uris_unless_switched_on() {
    let cursor = "cursor://anysphere.cursor-mcp/oauth/callback";
    let others = ["cursor://anysphere.cursor-mcp/oauth/callback?x", "cursor://other/oauth/callback", "cursor:x"];
    let exact = PrivateUseSchemes::new([cursor.to_owned()]).unwrap();
    for single in [&PrivateUseSchemes::default(), &exact] {
        assert!(RedirectUri::parse(cursor, single).is_ok());
        for other in others {
            assert_eq!(RedirectUri::parse(other, single).err(), Some(RedirectUriError::SchemeNotAllowed), "{other}");
        }
    }
    for uri in others.into_iter().chain([cursor]) {
        assert!(RedirectUri::parse(uri, &schemes()).is_ok(), "{uri}");
        let none = RedirectUri::parse(uri, &PrivateUseSchemes::none());
        assert_eq!(none.err(), Some(RedirectUriError::SchemeNotAllowed), "{uri}");
    }
}

#[test]
fn a_uri_that_is_left_out_is_the_only_complete_one() {
    let all = |uris: &[&str]| uris.iter().map(|uri| RedirectUri::parse(uri, &schemes()).unwrap()).collect::<Vec<_>>();
    for (uris, only) in [
        (&["https://c.example/cb"][..], Some("https://c.example/cb")),
        (&["cursor://cb"], Some("cursor://cb")),
        (&["https://c.example/cb", "https://c.example/cb2"], None),
        (&["http://localhost/cb"], None),
        (&["http://127.0.0.1:8080/cb"], None),
        (&["https://c.example/cb", "http://localhost/cb"], None),
        (&[], None),
    ] {
        let found = RedirectUri::only_of(&all(uris));
        assert_eq!(found.as_ref().map(RedirectTarget::as_str), only, "{uris:?}");
    }
}

#[test]
fn dangerous_schemes_cannot_be_switched_on() {
    for scheme in [
        "javascript",
        "data",
        "http",
        "Cursor",
        "",
        "a b",
        "javascript:alert(1)",
        "data:x",
        "https://c.example/",
        "app:",
    ] {
        assert_eq!(PrivateUseSchemes::new([scheme.to_owned()]), None, "{scheme:?}");
    }
}

#[test]
fn a_loopback_uri_matches_with_any_port() {
    for (registered, requested) in [
        ("http://localhost/callback", "http://localhost:51234/callback"),
        ("http://127.0.0.1/callback", "http://127.0.0.1:1/callback"),
        ("http://[::1]/callback", "http://[::1]:65535/callback"),
        ("http://127.0.0.1:33418/", "http://127.0.0.1:50000/"),
        ("http://127.0.0.1:33418/", "http://127.0.0.1/"),
    ] {
        assert!(matches(registered, requested), "{registered} {requested}");
    }
}

#[test]
fn everything_else_matches_exactly_or_not_at_all() {
    let registered = "https://client.example/cb";
    assert!(matches(registered, registered));
    for requested in [
        "https://client.example/cb/",
        "https://client.example/cb?x=1",
        "https://client.example:443/cb",
        "https://client.example:8443/cb",
        "https://CLIENT.example/cb",
        "https://client.example/CB",
        "https://client.example/cb/../cb",
        "https://client.example/%63b",
        "https://evil.example/cb",
        "https://client.example.evil.example/cb",
    ] {
        assert!(!matches(registered, requested), "{requested}");
    }
    for (registered, requested) in [
        ("http://localhost/callback", "http://127.0.0.1:1234/callback"),
        ("http://127.0.0.1/callback", "http://[::1]:1234/callback"),
        ("http://localhost/callback", "http://localhost:1234/other"),
        ("http://localhost/callback", "http://localhost:1234/callback/"),
        ("http://localhost/callback", "http://localhost:1234/x/../callback"),
        ("http://localhost/callback", "http://localhost:1234/callback?x"),
        ("http://localhost/callback", "https://localhost:1234/callback"),
        ("https://localhost/callback", "https://localhost:1234/callback"),
    ] {
        assert!(!matches(registered, requested), "{registered} {requested}");
    }
}

#[test]
fn parameters_are_added_to_the_query_and_escaped() {
    let target = |text: &str| parse(text).unwrap().find_in(&[parse(text).unwrap()]).unwrap();
    assert_eq!(
        target("https://c.example/cb?a=b").with([("state", "x&y=z #"), ("code", "1")]),
        "https://c.example/cb?a=b&state=x%26y%3Dz+%23&code=1"
    );
    assert_eq!(target("cursor://host/cb").with([("code", "1")]), "cursor://host/cb?code=1");
    assert_eq!(target("https://c.example/cb").display_host(), "c.example");
    assert_eq!(target("cursor://host/cb").display_host(), "cursor:");
}

#[cfg(not(target_arch = "wasm32"))]
mod properties {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The class behind most redirect URI bugs: what is accepted must lead to a host that was registered.
        #[test]
        fn whatever_matches_leads_to_the_registered_host(
            requested in "(https?|cursor)://[a-z@:.\\\\/\\[\\]0-9%#?]{0,40}",
        ) {
            let registered = [parse("https://client.example/cb").unwrap(), parse("http://localhost/cb").unwrap()];
            if let Some(target) = parse(&requested).ok().and_then(|uri| uri.find_in(&registered)) {
                let location = Url::parse(&target.with([("code", "x")])).unwrap();
                prop_assert!(matches!(location.host_str(), Some("client.example" | "localhost")));
            }
        }

        #[test]
        fn a_uri_is_found_if_it_is_registered_and_more_that_is_registered_hides_nothing(
            text in "(https|http|cursor)://(client\\.example|localhost|127\\.0\\.0\\.1|\\[::1\\])(:[1-9][0-9]{0,3})?(/[a-z.%?=&]{0,12})?",
            others in prop::collection::vec("https?://(a|localhost)(:[1-9])?/[a-b]?", 0..4),
        ) {
            let Ok(uri) = parse(&text) else { return Ok(()) };
            let others: Vec<_> = others.iter().filter_map(|other| parse(other).ok()).collect();
            let found = uri.clone().find_in(&others);
            let all = [others, vec![uri.clone()]].concat();
            let target = uri.clone().find_in(&all).unwrap();
            prop_assert_eq!(target.as_str(), &text);
            prop_assert!(found.is_none_or(|found| found == target));
            prop_assert_eq!(RedirectTarget::from_sealed(target.as_str()), Some(target));
            prop_assert!(uri.find_in(&[]).is_none());
        }

        #[test]
        fn which_of_two_is_registered_makes_no_difference(
            one in "http://(localhost|127\\.0\\.0\\.1)(:[0-9]{0,2})?/[ab]?",
            other in "http://(localhost|127\\.0\\.0\\.1)(:[0-9]{0,2})?/[ab]?",
        ) {
            prop_assume!(parse(&one).is_ok() && parse(&other).is_ok());
            prop_assert_eq!(matches(&one, &other), matches(&other, &one));
        }

        #[test]
        fn any_port_of_a_loopback_uri_matches(port in 1u16..) {
            let requested = format!("http://127.0.0.1:{port}/callback");
            prop_assert!(matches("http://127.0.0.1/callback", &requested));
        }
    }
}
