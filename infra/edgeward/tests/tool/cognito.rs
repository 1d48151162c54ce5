//! What Cognito's API says of the pool and the app client: each defect is named, with what to do.

use serde_json::{Value, json};

use crate::{aws::START, world::World};

const PROBLEMS: &str = "problems";
const NOTES: &str = "notes";

/// Changes the app client, and changes it back.
async fn with_client(world: &World, changes: &[(&str, Value)], kind: &str, words: &[&str]) {
    let good = world.aws().app_client.clone();
    for (member, value) in changes {
        world.aws().app_client[*member] = value.clone();
    }
    world.finds(kind, words).await;
    world.aws().app_client = good;
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_tokens_rotate_with_a_grace_period_that_covers_lost_answers() {
    let world = World::complete().await;
    let rotation = |grace: u64| json!({ "Feature": "ENABLED", "RetryGracePeriodSeconds": grace });
    let console = "User pools > eu-west-1_Example > App clients > exampleclientid > App client information > Edit";
    for (value, kind, words) in [
        (
            Value::Null,
            NOTES,
            "does not rotate refresh tokens: a stolen one of Cognito's is good for its whole life, 45 days",
        ),
        (
            json!({ "Feature": "DISABLED" }),
            NOTES,
            "Choose that for clients that keep copies of a refresh token in several processes",
        ),
        (
            rotation(0),
            PROBLEMS,
            "a refresh whose answer from Cognito is lost signs its user out; so does one that meets another where the edge does not",
        ),
        (json!({ "Feature": "ENABLED" }), PROBLEMS, "with a grace period of 0 seconds"),
        (rotation(9), PROBLEMS, "set the grace period of refresh token rotation to 60 seconds"),
        (rotation(10), NOTES, "may sign its user out; so may one"),
        (rotation(59), NOTES, "with a grace period of 59 seconds"),
    ] {
        with_client(&world, &[("RefreshTokenRotation", value)], kind, &[words, console, "resets the values"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn authentication_flows_fit_rotation_the_login_pages_and_passkeys() {
    let world = World::complete().await;
    let flows = |flows: &[&str]| ("ExplicitAuthFlows", json!(flows));
    let refresh = flows(&["ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]);
    let words = ["AWS documents as incompatible", "take ALLOW_REFRESH_TOKEN_AUTH out"];
    with_client(&world, std::slice::from_ref(&refresh), PROBLEMS, &words).await;
    let off = ("RefreshTokenRotation", Value::Null);
    with_client(&world, &[refresh, off.clone()], NOTES, &["does not rotate"]).await;
    for flow in ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"] {
        with_client(
            &world,
            &[flows(&["ALLOW_USER_AUTH", flow])],
            NOTES,
            &[flow, "anybody who has its secret can try plain passwords"],
        )
        .await;
    }
    let no_passkeys = ["without it managed login offers no passkeys", "add ALLOW_USER_AUTH"];
    with_client(&world, &[flows(&["ALLOW_USER_SRP_AUTH"])], PROBLEMS, &no_passkeys).await;
    world.aws().user_pool["Policies"]["SignInPolicy"]["AllowedFirstAuthFactors"] = json!(["PASSWORD"]);
    world.aws().app_client["ExplicitAuthFlows"] = json!(["ALLOW_USER_SRP_AUTH"]);
    assert_eq!(world.found(NOTES).await, Vec::<String>::new());

    for left_out in [Value::Null, json!([])] {
        world.aws().app_client["ExplicitAuthFlows"] = left_out;
        world.aws().app_client["RefreshTokenRotation"] = Value::Null;
        let notes = world.found(NOTES).await;
        let means = "which means ALLOW_USER_SRP_AUTH, ALLOW_CUSTOM_AUTH and ALLOW_REFRESH_TOKEN_AUTH";
        assert!(notes.len() == 2 && notes.iter().any(|note| note.contains(means)), "{notes:#?}");
        // What is left out is incompatible with rotation, too.
        world.aws().app_client["RefreshTokenRotation"] = json!({ "Feature": "ENABLED", "RetryGracePeriodSeconds": 60 });
        let problems = world.found(PROBLEMS).await;
        assert!(problems.len() == 1 && problems[0].contains("ALLOW_REFRESH_TOKEN_AUTH"), "{problems:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_attribute_of_a_scope_is_readable() {
    let world = World::complete().await;
    let readable = |names: &[&str]| ("ReadAttributes", json!(names));
    let words = ["may not read email_verified", "the scope email", "invalid_grant", "Attribute permissions > Edit"];
    with_client(&world, &[readable(&["email", "name"])], PROBLEMS, &words).await;
    with_client(&world, &[readable(&["name"])], PROBLEMS, &["may not read email, email_verified,"]).await;
    for good in [json!(null), json!([]), json!(["email", "email_verified"])] {
        world.aws().app_client["ReadAttributes"] = good;
        assert_eq!(world.found(PROBLEMS).await, Vec::<String>::new());
    }

    let scopes = "openid email phone profile";
    world.put("edge/cognito-scopes", scopes);
    world.aws().app_client["AllowedOAuthScopes"] = json!(scopes.split(' ').collect::<Vec<_>>());
    world
        .start_cognito(|config| config.app_clients[0].allowed_scopes = scopes.split(' ').map(str::to_owned).collect())
        .await;
    world.aws().app_client["ReadAttributes"] = json!(["email", "email_verified", "phone_number"]);
    let problems = world.found(PROBLEMS).await;
    assert!(problems.len() == 1 && problems[0].contains("may not read phone_number_verified"), "{problems:#?}");
    let notes = world.found(NOTES).await;
    assert!(notes.len() == 1 && notes[0].contains("may not read name, family_name"), "{notes:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_domain_is_the_pools_and_its_pages_are_branded() {
    let world = World::complete().await;
    world.aws().is_branded = false;
    let command = "run `aws cognito-idp create-managed-login-branding --user-pool-id eu-west-1_Example --client-id \
                   exampleclientid --use-cognito-provided-values`";
    world
        .finds(
            PROBLEMS,
            &["the app client exampleclientid", "Login pages unavailable", "the edge is never told", command],
        )
        .await;

    // The classic pages need no style, but do less. Without a style managed login would let nobody in.
    world.aws().domain["ManagedLoginVersion"] = 1.into();
    let update = "run `aws cognito-idp update-user-pool-domain --user-pool-id eu-west-1_Example --domain mcp-login \
                  --managed-login-version 2`";
    let plan = "managed login needs the plan Essentials or Plus";
    let in_order = format!("; first {command}, then {update}; {plan}");
    world.finds(NOTES, &["the domain mcp-login", "users cannot switch accounts", &in_order]).await;
    world.aws().denied = Some("DescribeManagedLoginBrandingByClient");
    let notes = world.found(NOTES).await;
    assert!(notes.len() == 2 && notes.iter().any(|note| note.contains(&in_order)), "{notes:#?}");
    world.aws().denied = None;
    world.aws().is_branded = true;
    world.finds(NOTES, &["the domain mcp-login", &format!("; {update}; {plan}")]).await;
    world.aws().user_pool["CustomDomain"] = "login.example.com".into();
    world.aws().user_pool.as_object_mut().unwrap().remove("Domain");
    world.aws().domain = json!({
        "UserPoolId": "eu-west-1_Example", "Domain": "login.example.com",
        "CustomDomainConfig": { "CertificateArn": "arn:aws:acm:us-east-1:111122223333:certificate/c" },
    });
    let keeps = "--managed-login-version 2 --custom-domain-config CertificateArn=arn:aws:acm:us-east-1:111122223333:certificate/c`";
    world.finds(NOTES, &[keeps]).await;

    world.aws().domain["UserPoolId"] = "eu-west-1_Other".into();
    world.finds(PROBLEMS, &["the domain login.example.com", "belongs to the user pool eu-west-1_Other"]).await;

    // Nothing answers there, which is said as well.
    world.put("edge/cognito-domain", "https://127.0.0.1:9");
    let problems = world.found(PROBLEMS).await.join("\n");
    assert!(problems.contains("has the domain login.example.com, and by the parameters it is 127.0.0.1"), "{problems}");
    assert!(problems.contains("set cognito-domain to login.example.com"), "{problems}");
    world.aws().user_pool.as_object_mut().unwrap().remove("CustomDomain");
    let problems = world.found(PROBLEMS).await.join("\n");
    assert!(problems.contains("has no domain, and by the parameters it is 127.0.0.1"), "{problems}");
    let create = "run `aws cognito-idp create-user-pool-domain --user-pool-id eu-west-1_Example --domain PREFIX \
                  --managed-login-version 2`";
    assert!(problems.contains(&format!("; {create}; {plan}")), "{problems}");
    world.aws().is_branded = false;
    let problems = world.found(PROBLEMS).await.join("\n");
    assert!(problems.contains(&format!("; first {command}, then {create}; {plan}")), "{problems}");
    world.aws().user_pool["Domain"] = "mcp-login".into();
    let problems = world.found(PROBLEMS).await.join("\n");
    assert!(problems.contains("has the domain mcp-login.auth.eu-west-1.amazoncognito.com, and"), "{problems}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lives_of_tokens_fit_the_settings_and_leavers() {
    let world = World::complete().await;
    world.put("edge/access-token-seconds", "3600");
    let hours = |access: u64, unit: &str| {
        let units = json!({ "AccessToken": unit, "RefreshToken": "days" });
        [("AccessTokenValidity", access.into()), ("TokenValidityUnits", units)]
    };
    let words =
        ["access tokens that are good for 300 seconds", "not good for the 3600 seconds of access-token-seconds"];
    with_client(&world, &hours(5, "minutes"), NOTES, &words).await;
    with_client(&world, &hours(3_599, "seconds"), NOTES, &["3599 seconds"]).await;
    world.aws().app_client["AccessTokenValidity"] = 1.into();
    assert_eq!(world.found(NOTES).await, Vec::<String>::new(), "an hour is an hour");

    world.aws().providers =
        vec![provider("Okta", "OIDC", json!({ "email": "email", "email_verified": "email_verified" }))];
    let federated = ("SupportedIdentityProviders", json!(["COGNITO", "Okta"]));
    let words = ["good for 45 days, and a refresh does not ask Okta", "who has left", "7 days or less"];
    with_client(&world, std::slice::from_ref(&federated), NOTES, &words).await;
    world.aws().app_client["SupportedIdentityProviders"] = federated.1;
    world.aws().app_client["RefreshTokenValidity"] = 7.into();
    assert_eq!(world.found(NOTES).await, Vec::<String>::new());
    world.aws().app_client["SupportedIdentityProviders"] = json!([]);
    world.finds(PROBLEMS, &["has no identity provider: nobody can sign in"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_cognito_ends_by_itself_are_named() {
    let world = World::complete().await;
    let sessions = |tracking: &str, limit: u64| json!({ "UserPoolId": "eu-west-1_Example", "UserSessionTracking": tracking, "TokenSession": { "MaxPerUser": limit } });
    world.aws().sessions = sessions("ENABLED", 20);
    let command = "aws cognito-idp set-user-pool-session-configuration --user-pool-id eu-west-1_Example \
                   --user-session-tracking ENABLED --token-session MaxPerUser=100`";
    world.finds(NOTES, &["tracks sessions, 20 of a user at most", command]).await;
    for good in [sessions("ENABLED", 100), sessions("DISABLED", 20)] {
        world.aws().sessions = good;
        assert_eq!(world.found(NOTES).await, Vec::<String>::new());
    }
    world.aws().sessions = json!({ "UserPool": {} });
    world.finds(NOTES, &["was not looked at", "session configuration"]).await;
}

fn provider(name: &str, kind: &str, mapping: Value) -> Value {
    json!({
        "ProviderName": name, "ProviderType": kind, "AttributeMapping": mapping,
        "ProviderDetails": { "client_secret": "secret-of-the-identity-provider" },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn identity_providers_fit_the_settings_for_emails() {
    let world = World::complete().await;
    world.aws().app_client["RefreshTokenValidity"] = 7.into();
    world.aws().app_client["SupportedIdentityProviders"] = json!(["COGNITO", "Entra"]);
    let mapped = json!({ "email": "email", "name": "given_name" });
    world.aws().providers = vec![provider("Entra", "OIDC", mapped)];
    let map = |attribute: &str| {
        format!(
            "map `{attribute}` in the stacks' configuration, or in the console (User pools > eu-west-1_Example > Social and \
             external providers > Entra > Attribute mapping)"
        )
    };
    let to_do = map("email_verified");
    let words =
        ["the identity provider Entra", "fills no `email_verified`", "the origin gets no e-mail address", &to_do];
    world.finds(NOTES, &words).await;
    let ran = world.run(&["check", "--now", &START.to_string()]).await;
    assert!(!ran.all().contains("secret-of-the-identity-provider"), "{ran:#?}");

    world.aws().providers = vec![provider("Entra", "SAML", json!({ "email": "http://schemas.example/email" }))];
    world.finds(NOTES, &["if it verifies addresses, name Entra in trusted-email-providers"]).await;
    world.aws().providers = vec![provider("Entra", "SAML", json!({}))];
    let no_email = ["fills no `email` of users", &map("email")];
    world.finds(NOTES, &no_email).await;
    // Whether it is trusted or not.
    for (name, value) in [("edge/trusted-email-providers", "Entra"), ("edge/unverified-email", "tell")] {
        world.put(name, value);
        world.finds(NOTES, &no_email).await;
        world.remove(name);
    }

    // An operator who trusts the provider, or has the origin told, needs no note.
    world.aws().providers = vec![provider("Entra", "SAML", json!({ "email": "http://schemas.example/email" }))];
    world.put("edge/trusted-email-providers", "Entra");
    assert_eq!(world.found(NOTES).await, Vec::<String>::new());
    world.remove("edge/trusted-email-providers");
    world.put("edge/unverified-email", "tell");
    assert_eq!(world.found(NOTES).await, Vec::<String>::new());
    world.put("edge/unverified-email", "hide");
    assert_eq!(world.found(NOTES).await.len(), 1);

    world.put("edge/trusted-email-providers", "Entra Gone");
    let problems = world.found(PROBLEMS).await.join("\n");
    let gone = "the user pool eu-west-1_Example; has no identity provider Gone, which trusted-email-providers names";
    assert!(problems.contains(gone) && problems.contains("the pool has Entra"), "{problems}");
}

#[tokio::test(flavor = "multi_thread")]
async fn entra_sends_no_email_verified_though_it_is_mapped() {
    let world = World::complete().await;
    world.aws().app_client["RefreshTokenValidity"] = 7.into();
    world.aws().app_client["SupportedIdentityProviders"] = json!(["Staff"]);
    let mapped = json!({ "email": "email", "email_verified": "email_verified" });
    let from = |issuer: &str, mapped: &Value| {
        let mut provider = provider("Staff", "OIDC", mapped.clone());
        provider["ProviderDetails"]["oidc_issuer"] = issuer.into();
        vec![provider]
    };
    let entra = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0";
    for issuer in [entra, "https://login.microsoftonline.us/t/v2.0", "https://sts.windows.net/t/"] {
        world.aws().providers = from(issuer, &mapped);
        let words =
            ["the identity provider Staff; Entra sends no `email_verified`", "name Staff in trusted-email-providers"];
        world.finds(NOTES, &words).await;
    }
    for (name, value) in [("edge/trusted-email-providers", "Staff"), ("edge/unverified-email", "tell")] {
        world.put(name, value);
        assert_eq!(world.found(NOTES).await, Vec::<String>::new());
        world.remove(name);
    }
    world.aws().providers = from(entra, &json!({ "email": "email" }));
    world.finds(NOTES, &["Entra sends no `email_verified`"]).await;
    // Another claim of Entra's may say it, and other providers do.
    world.aws().providers = from(entra, &json!({ "email": "email", "email_verified": "xms_edov" }));
    assert_eq!(world.found(NOTES).await, Vec::<String>::new());
    world.aws().providers = from("https://login.microsoftonline.example.com@idp.example/", &mapped);
    assert_eq!(world.found(NOTES).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_issuer_may_have_either_form_and_the_edge_takes_the_pools() {
    let world = World::complete().await;
    let original = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example";
    let updated = "https://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example";
    let path = "/pool/.well-known/openid-configuration";
    for named in [original, updated] {
        let mut document = world.served().documents[path].clone();
        document["issuer"] = named.into();
        world.serve(path, document);
        assert_eq!(world.found(PROBLEMS).await, Vec::<String>::new());
    }
    // The edge takes both, unless it is told one.
    for form in ["ORIGINAL", "UPDATED"] {
        world.aws().user_pool["IssuerConfiguration"] = json!({ "Type": form });
        assert_eq!(world.found(PROBLEMS).await, Vec::<String>::new(), "{form}");
    }
    world.put("edge/cognito-issuer", original);
    let words = ["tokens name the issuer https://issuer-cognito-idp.eu-west-1", "the edge would refuse every sign-in"];
    world
        .finds(
            PROBLEMS,
            &[words[0], words[1], "delete the parameter cognito-issuer, or add https://issuer-cognito-idp."],
        )
        .await;
    world.put("edge/cognito-issuer", updated);
    assert_eq!(world.found(PROBLEMS).await, Vec::<String>::new());
    world.aws().user_pool["IssuerConfiguration"] = json!({ "Type": "ORIGINAL" });
    world.finds(PROBLEMS, &["tokens name the issuer https://cognito-idp.eu-west-1"]).await;
}
