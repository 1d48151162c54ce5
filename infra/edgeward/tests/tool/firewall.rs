//! The firewall before the user pool: rules that stop the edge's own calls are named, whoever wrote them.

use base64ct::{Base64, Encoding as _};
use serde_json::{Value, json};

use crate::{aws::visibility, world::World};

const CALLS: &str = "POST /oauth2/token and POST /oauth2/revoke";

pub(crate) fn acl(rules: Vec<Value>) -> Value {
    json!({
        "Name": "pool-acl", "Id": "acl-1", "ARN": "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/pool-acl/acl-1",
        "DefaultAction": { "Allow": {} }, "Rules": rules, "VisibilityConfig": visibility("pool-acl"), "Capacity": 1,
    })
}

pub(crate) fn rule(name: &str, priority: u32, action: &str, statement: Value) -> Value {
    let is_group =
        ["ManagedRuleGroupStatement", "RuleGroupReferenceStatement"].iter().any(|kind| statement.get(kind).is_some());
    let member = if is_group { "OverrideAction" } else { "Action" };
    json!({
        "Name": name, "Priority": priority, "Statement": statement, member: { action: {} },
        "VisibilityConfig": visibility(name),
    })
}

/// Blobs are base64 on the wire.
fn path_is(position: &str, base64: &str) -> Value {
    json!({ "ByteMatchStatement": {
        "SearchString": base64, "FieldToMatch": { "UriPath": {} }, "PositionalConstraint": position,
        "TextTransformations": [{ "Priority": 0, "Type": "NONE" }],
    } })
}

const TOKEN: &str = "L29hdXRoMi90b2tlbg==";
const REVOKE: &str = "L29hdXRoMi9yZXZva2U=";
const OAUTH2: &str = "L29hdXRoMi8=";
const ROOT: &str = "Lw==";

fn pages_only() -> Value {
    let calls = json!({ "OrStatement": { "Statements": [path_is("EXACTLY", TOKEN), path_is("EXACTLY", REVOKE)] } });
    json!({ "NotStatement": { "Statement": calls } })
}

fn rate(limit: u64, scope: Option<Value>) -> Value {
    let mut rate = json!({ "Limit": limit, "EvaluationWindowSec": 300, "AggregateKeyType": "IP" });
    if let Some(scope) = scope {
        rate["ScopeDownStatement"] = scope;
    }
    json!({ "RateBasedStatement": rate })
}

fn managed(vendor: &str, name: &str, scope: Option<Value>, counted: &[&str]) -> Value {
    let overrides =
        counted.iter().map(|name| json!({ "Name": name, "ActionToUse": { "Count": {} } })).collect::<Vec<_>>();
    let mut group = json!({ "VendorName": vendor, "Name": name, "RuleActionOverrides": overrides });
    if let Some(scope) = scope {
        group["ScopeDownStatement"] = scope;
    }
    json!({ "ManagedRuleGroupStatement": group })
}

fn aws(name: &str) -> Value {
    managed("AWS", name, None, &[])
}

async fn world(rules: Vec<Value>) -> World {
    let world = World::complete().await;
    world.aws().web_acl = acl(rules);
    world
}

async fn with(world: &World, rules: Vec<Value>, kind: &str, words: &[&str]) {
    world.aws().web_acl = acl(rules);
    world.finds(kind, words).await;
}

async fn is_good(world: &World, rules: Vec<Value>) {
    world.aws().web_acl = acl(rules);
    for kind in ["problems", "notes"] {
        let found = world.found(kind).await;
        assert!(found.is_empty(), "{:#} {found:#?}", world.aws().web_acl["Rules"]);
    }
}

/// The rules that the stacks deploy, as AWS WAF tells them: infra/test/firewall.test.ts holds the file to the templates.
fn stacks() -> Vec<Value> {
    fn encode(value: &mut Value) {
        match value {
            Value::Array(values) => values.iter_mut().for_each(encode),
            Value::Object(members) => {
                for (name, value) in members {
                    match (name.as_str(), value.as_str()) {
                        ("SearchString", Some(text)) => *value = Base64::encode_string(text.as_bytes()).into(),
                        _ => encode(value),
                    }
                }
            }
            _ => {}
        }
    }
    let mut rules: Vec<Value> = serde_json::from_str(include_str!("sign-in-rules.json")).unwrap();
    rules.iter_mut().for_each(encode);
    rules
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stacks_firewall_is_good() {
    let world = world(Vec::new()).await;
    is_good(&world, stacks()).await;
    // Not because nothing is looked at: each rule would be named without the paths that it excepts.
    for (name, kind) in [("rate", "problems"), ("ip-reputation", "notes")] {
        let mut rule = stacks().into_iter().find(|rule| rule["Name"] == name).unwrap();
        let statement = rule["Statement"].as_object_mut().unwrap().values_mut().next().unwrap();
        statement.as_object_mut().unwrap().remove("ScopeDownStatement").unwrap();
        world.aws().web_acl = acl(vec![rule]);
        let found = world.found(kind).await;
        assert!(found.iter().all(|found| found.contains(CALLS)) && !found.is_empty(), "{found:#?}");
    }
}

/// Other ways to leave the edge's calls alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_firewall_that_leaves_the_edges_calls_alone_is_good() {
    // The rules that stop URLs of this machine only count.
    let common = [
        "SizeRestrictions_QUERYSTRING",
        "SizeRestrictions_BODY",
        "EC2MetaDataSSRF_QUERYARGUMENTS",
        "EC2MetaDataSSRF_BODY",
        "GenericRFI_QUERYARGUMENTS",
        "GenericRFI_BODY",
    ];
    let world = world(Vec::new()).await;

    let everything = [
        rule("rate", 1, "Block", rate(10, None)),
        rule("addresses", 2, "None", aws("AWSManagedRulesAnonymousIpList")),
        rule("bots", 3, "None", aws("AWSManagedRulesBotControlRuleSet")),
        rule("all", 4, "Captcha", path_is("STARTS_WITH", ROOT)),
    ];
    // A rule that allows them comes first, whatever its place in the list is.
    let allowed = json!({ "OrStatement": { "Statements": [path_is("EXACTLY", TOKEN), path_is("EXACTLY", REVOKE)] } });
    is_good(&world, [&everything[..], &[rule("edge", 0, "Allow", allowed)]].concat()).await;
    is_good(&world, vec![rule("rate", 0, "Count", rate(10, None))]).await;
    // Cognito itself answers an address no more than 300 requests a second.
    is_good(&world, vec![rule("rate", 0, "Block", rate(90_000, None))]).await;
    let groups = ["AWSManagedRulesAnonymousIpList", "AWSManagedRulesBotControlRuleSet"];
    is_good(&world, groups.map(|name| rule(name, 0, "Count", aws(name))).to_vec()).await;
    let counted = ["HostingProviderIPList", "AnonymousIPList"];
    is_good(&world, vec![rule("a", 0, "None", managed("AWS", "AWSManagedRulesAnonymousIpList", None, &counted))]).await;
    // The edge names itself.
    is_good(&world, vec![rule("common", 0, "None", managed("AWS", "AWSManagedRulesCommonRuleSet", None, &common))])
        .await;
    let regex = json!({ "NotStatement": { "Statement": { "RegexMatchStatement": {
        "RegexString": "^/oauth2/(token|revoke)$", "FieldToMatch": { "UriPath": {} },
        "TextTransformations": [{ "Priority": 0, "Type": "LOWERCASE" }],
    } } } });
    is_good(&world, vec![rule("challenge", 0, "Challenge", regex)]).await;
    let mut closed = acl(vec![rule("edge", 0, "Allow", path_is("STARTS_WITH", OAUTH2))]);
    closed["DefaultAction"] = json!({ "Block": {} });
    world.aws().web_acl = closed;
    assert_eq!(world.found("problems").await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_stop_the_edges_calls_are_problems() {
    let world = world(Vec::new()).await;
    let place = "the firewall pool-acl of the user pool";
    let limited = format!(
        "the rule limit blocks more than 1000 in 300 seconds, counts requests by address, and includes {CALLS}"
    );
    let rules = vec![rule("limit", 0, "Block", rate(1_000, None))];
    with(
        &world,
        rules,
        "problems",
        &[place, &limited, "for all users from few addresses", "scope-down statement, NOT (URI"],
    )
    .await;
    // One of both is enough.
    let but_tokens = json!({ "NotStatement": { "Statement": path_is("EXACTLY", TOKEN) } });
    let rules = vec![rule("limit", 0, "Captcha", rate(1_000, Some(but_tokens)))];
    with(&world, rules, "problems", &["answers with a CAPTCHA more than 1000", "and includes POST /oauth2/revoke:"])
        .await;

    for (group, stopping, counted) in [
        ("AWSManagedRulesAnonymousIpList", "HostingProviderIPList", vec!["AnonymousIPList"]),
        ("AWSManagedRulesBotControlRuleSet", "SignalNonBrowserUserAgent", vec!["SignalKnownBotDataCenter"]),
        ("AWSManagedRulesBotControlRuleSet", "SignalKnownBotDataCenter", vec!["SignalNonBrowserUserAgent"]),
    ] {
        let rules = vec![rule("group", 0, "None", managed("AWS", group, None, &counted))];
        let words = format!("{stopping} in the rule group stops {CALLS}");
        with(&world, rules, "problems", &[&words, &format!("override the action of {stopping} to Count, or")]).await;
    }
    let signals = ["SignalNonBrowserUserAgent", "SignalKnownBotDataCenter"];
    let mut bots = managed("AWS", "AWSManagedRulesBotControlRuleSet", None, &signals);
    bots["ManagedRuleGroupStatement"]["ManagedRuleGroupConfigs"] =
        json!([{ "AWSManagedRulesBotControlRuleSet": { "InspectionLevel": "TARGETED" } }]);
    with(&world, vec![rule("bots", 0, "None", bots)], "problems", &["TGT_VolumetricIpTokenAbsent", "challenge"]).await;

    for (action, stops) in
        [("Captcha", "answers with a CAPTCHA"), ("Challenge", "answers with a challenge"), ("Block", "blocks")]
    {
        let words = format!("the rule all {stops} {CALLS}, which the edge calls");
        let rules = vec![rule("all", 0, action, path_is("STARTS_WITH", ROOT))];
        with(&world, rules, "problems", &[&words, "add to its statement, with AND, NOT ("]).await;
    }
    let mut closed = acl(Vec::new());
    closed["DefaultAction"] = json!({ "Block": {} });
    world.aws().web_acl = closed;
    world.finds("problems", &["no rule is sure to allow", CALLS]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_may_stop_them_are_notes() {
    let world = world(Vec::new()).await;
    let country = json!({ "GeoMatchStatement": { "CountryCodes": ["XX"] } });
    let rules = vec![rule("abroad", 0, "Block", country.clone())];
    with(
        &world,
        rules,
        "notes",
        &["the rule abroad may stop POST", "what is not known beforehand, such as address, country, body", CALLS],
    )
    .await;
    let but_calls = json!({ "AndStatement": { "Statements": [country, pages_only()] } });
    is_good(&world, vec![rule("abroad", 0, "Block", but_calls)]).await;
    // A rule that perhaps allows them leaves it open what the rules after it, and the default action, do.
    let set = "arn:aws:wafv2:eu-west-1:111122223333:regional/regexpatternset/edge/edge-1";
    let by_set = json!({ "RegexPatternSetReferenceStatement": {
        "ARN": set, "FieldToMatch": { "UriPath": {} }, "TextTransformations": [{ "Priority": 0, "Type": "NONE" }],
    } });
    let closed = |rules: Vec<Value>| {
        let mut closed = acl(rules);
        closed["DefaultAction"] = json!({ "Block": {} });
        closed
    };
    world.aws().web_acl = closed(vec![rule("edge", 0, "Allow", by_set.clone())]);
    world
        .finds("notes", &["blocks what no rule allows, and what is not known", "decides whether a rule allows", CALLS])
        .await;
    world.aws().web_acl =
        closed(vec![rule("edge", 0, "Allow", by_set.clone()), rule("t", 1, "Allow", path_is("EXACTLY", TOKEN))]);
    world.finds("notes", &["decides whether a rule allows POST /oauth2/revoke,"]).await;
    // It is about one call only, so the other one is blocked.
    let one = json!({ "AndStatement": { "Statements": [by_set, path_is("EXACTLY", TOKEN)] } });
    world.aws().web_acl = closed(vec![rule("edge", 0, "Allow", one)]);
    world.finds("problems", &["no rule is sure to allow", CALLS]).await;
    let addresses = json!({ "IPSetReferenceStatement": {
        "ARN": "arn:aws:wafv2:eu-west-1:111122223333:regional/ipset/edge/edge-1",
    } });
    let allow = rule("edge", 0, "Allow", addresses);
    let rules = vec![allow.clone(), rule("limit", 1, "Block", rate(1_000, None))];
    with(&world, rules, "notes", &["the rule limit blocks more than 1000", "and may include", CALLS]).await;
    let rules = vec![allow.clone(), rule("all", 1, "Captcha", path_is("STARTS_WITH", ROOT))];
    with(&world, rules, "notes", &["the rule all may stop POST", CALLS]).await;
    let hosting = managed("AWS", "AWSManagedRulesAnonymousIpList", None, &["AnonymousIPList"]);
    with(
        &world,
        vec![allow.clone(), rule("a", 1, "None", hosting.clone())],
        "notes",
        &["HostingProviderIPList in the rule a may stop"],
    )
    .await;
    // Not before it.
    let mut after = allow;
    after["Priority"] = 2.into();
    with(
        &world,
        vec![after, rule("a", 1, "None", hosting)],
        "problems",
        &["HostingProviderIPList in the rule a stops"],
    )
    .await;

    let all = "AWSManagedReconnaissanceList";
    let rules = vec![rule("ip", 0, "None", managed("AWS", "AWSManagedRulesAmazonIpReputationList", None, &[all]))];
    with(
        &world,
        rules,
        "notes",
        &["AWSManagedIPReputationList in the rule ip may stop", "does what all its customers do"],
    )
    .await;
    let rules = vec![rule("vendor", 0, "None", managed("Fortinet", "all_rules", None, &[]))];
    with(&world, rules, "notes", &["the group all_rules of Fortinet, which this tool does not know", CALLS]).await;

    let mut ddos = managed("AWS", "AWSManagedRulesAntiDDoSRuleSet", None, &["ChallengeDDoSRequests"]);
    let exempt = |pattern: &str| {
        json!([{ "AWSManagedRulesAntiDDoSRuleSet": { "ClientSideActionConfig": { "Challenge": {
            "UsageOfAction": "ENABLED", "ExemptUriRegularExpressions": [{ "RegexString": pattern }],
        } } } }])
    };
    ddos["ManagedRuleGroupStatement"]["ManagedRuleGroupConfigs"] = exempt(r"\.css$");
    with(
        &world,
        vec![rule("ddos", 0, "None", ddos.clone())],
        "notes",
        &["ChallengeAllDuringEvent in the rule ddos may stop"],
    )
    .await;
    ddos["ManagedRuleGroupStatement"]["ManagedRuleGroupConfigs"] = exempt("^/oauth2/");
    is_good(&world, vec![rule("ddos", 0, "None", ddos)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_of_groups_and_of_firewall_manager_are_looked_at() {
    let arn = "arn:aws:wafv2:eu-west-1:111122223333:regional/rulegroup/own/own-1";
    let world = world(Vec::new()).await;
    let reference = json!({ "RuleGroupReferenceStatement": { "ARN": arn } });
    world.aws().rule_groups.insert(arn, json!([rule("limit", 0, "Block", rate(1_000, None))]));
    with(
        &world,
        vec![rule("ours", 0, "None", reference.clone())],
        "problems",
        &["the rule ours/limit blocks more than"],
    )
    .await;
    is_good(&world, vec![rule("ours", 0, "Count", reference.clone())]).await;
    let mut overridden = reference.clone();
    overridden["RuleGroupReferenceStatement"]["RuleActionOverrides"] =
        json!([{ "Name": "limit", "ActionToUse": { "Count": {} } }]);
    is_good(&world, vec![rule("ours", 0, "None", overridden)]).await;
    world.aws().denied = Some("GetRuleGroup");
    with(
        &world,
        vec![rule("ours", 0, "None", reference)],
        "notes",
        &["group in ours were not looked at", "wafv2:GetRuleGroup"],
    )
    .await;
    world.aws().denied = None;

    for member in ["PreProcessFirewallManagerRuleGroups", "PostProcessFirewallManagerRuleGroups"] {
        let mut managed_acl = acl(Vec::new());
        managed_acl[member] = json!([{
            "Name": "FMManaged", "Priority": 0, "OverrideAction": { "None": {} }, "VisibilityConfig": visibility("FMManaged"),
            "FirewallManagerStatement": managed("AWS", "AWSManagedRulesAnonymousIpList", None, &["AnonymousIPList"]),
        }]);
        world.aws().web_acl = managed_acl;
        world
            .finds(
                "problems",
                &["HostingProviderIPList in the rule FMManaged stops", "administers AWS Firewall Manager"],
            )
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_stop_sign_ins_are_named_where_they_matter() {
    let world = world(Vec::new()).await;
    let sizes = ["SizeRestrictions_QUERYSTRING", "SizeRestrictions_BODY"];
    let loopback =
        ["EC2MetaDataSSRF_QUERYARGUMENTS", "EC2MetaDataSSRF_BODY", "GenericRFI_QUERYARGUMENTS", "GenericRFI_BODY"];
    let common = |counted: &[&str]| {
        vec![rule("common", 0, "None", managed("AWS", "AWSManagedRulesCommonRuleSet", None, counted))]
    };
    for stopping in loopback {
        let others: Vec<_> = loopback.into_iter().filter(|name| *name != stopping).collect();
        let path = if stopping.ends_with("_BODY") { "/oauth2/token" } else { "/oauth2/authorize" };
        let words = format!("{stopping} in the rule common stops {path}: it blocks URLs of this machine");
        with(&world, common(&others), "problems", &[&words, &format!("override the action of {stopping} to Count")])
            .await;
    }
    is_good(&world, common(&loopback)).await;

    world.aws().app_client["RefreshTokenValidity"] = 7.into();
    world.aws().app_client["SupportedIdentityProviders"] = json!(["COGNITO", "Okta"]);
    let mapping = json!({ "email": "email", "email_verified": "email_verified" });
    for (kind, stopping, path) in [("OIDC", sizes[0], "/oauth2/idpresponse"), ("SAML", sizes[1], "/saml2/idpresponse")]
    {
        world.aws().providers =
            vec![json!({ "ProviderName": "Okta", "ProviderType": kind, "AttributeMapping": mapping })];
        with(&world, common(&loopback), "notes", &[&format!("{stopping} in the rule common may stop {path}")]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_missing_permission_is_said_and_hides_nothing_else() {
    let world = world(vec![rule("limit", 0, "Block", rate(1_000, None))]).await;
    world.aws().providers = vec![json!({ "ProviderName": "Okta", "ProviderType": "OIDC", "AttributeMapping": {
        "email": "email", "email_verified": "email_verified",
    } })];
    world.aws().app_client["SupportedIdentityProviders"] = json!(["Okta"]);
    world.aws().app_client["RefreshTokenValidity"] = 7.into();
    world.aws().app_client["EnableTokenRevocation"] = false.into();
    // Something to look at for every operation.
    let scopes = "openid email files/write";
    world.put("edge/cognito-scopes", scopes);
    let scopes = scopes.split(' ').map(str::to_owned).collect::<Vec<_>>();
    world.aws().app_client["AllowedOAuthScopes"] = json!(scopes);
    world.start_cognito(|config| config.app_clients[0].allowed_scopes = scopes).await;
    world.aws().resource_servers = json!([{ "Identifier": "files", "Name": "files", "Scopes": [{ "ScopeName": "write", "ScopeDescription": "Write" }] }]);
    for (operation, to_do, hides_firewall) in [
        ("ListResourceServers", "allow `cognito-idp:ListResourceServers` on", false),
        ("DescribeUserPool", "allow `cognito-idp:DescribeUserPool` on", true),
        ("DescribeUserPoolDomain", "allow `cognito-idp:DescribeUserPoolDomain` on `*`", false),
        ("DescribeManagedLoginBrandingByClient", "allow `cognito-idp:DescribeManagedLoginBrandingByClient` on", false),
        ("ListIdentityProviders", "allow `cognito-idp:ListIdentityProviders` on", false),
        ("DescribeIdentityProvider", "allow `cognito-idp:DescribeIdentityProvider` on", false),
        ("GetUserPoolSessionConfiguration", "allow `cognito-idp:GetUserPoolSessionConfiguration` on", false),
        (
            "GetWebACLForResource",
            "`wafv2:GetWebACLForResource`, `wafv2:GetWebACL` and `cognito-idp:GetWebACLForResource`",
            true,
        ),
    ] {
        world.aws().denied = Some(operation);
        let notes = world.found("notes").await;
        assert!(notes[0].contains("was not looked at") && notes[0].contains(to_do), "{operation}: {notes:#?}");
        // Without the pool's ARN nobody can ask for its firewall.
        assert_eq!(notes.len(), if operation == "DescribeUserPool" { 2 } else { 1 }, "{operation}: {notes:#?}");
        let problems = world.found("problems").await;
        assert_eq!(problems.len(), if hides_firewall { 1 } else { 2 }, "{operation}: {problems:#?}");
        assert!(problems[0].contains("does not allow tokens to be revoked"), "{operation}: {problems:#?}");
    }

    // What is not the app client's is looked at without it.
    world.aws().domain["ManagedLoginVersion"] = 1.into();
    world.aws().providers[0]["AttributeMapping"] = json!({});
    world.put("edge/trusted-email-providers", "Gone");
    world.aws().denied = Some("DescribeUserPoolClient");
    let notes = world.found("notes").await;
    for words in [
        "the app client; was not looked at",
        "allow `cognito-idp:DescribeUserPoolClient` on the user pool",
        "serves the classic login pages",
        "the identity provider Okta; fills no `email`",
    ] {
        assert!(notes.iter().any(|note| note.contains(words)), "{words}: {notes:#?}");
    }
    assert_eq!(notes.len(), 3, "{notes:#?}");
    let problems = world.found("problems").await;
    for words in ["has no identity provider Gone", "the rule limit blocks"] {
        assert!(problems.iter().any(|problem| problem.contains(words)), "{words}: {problems:#?}");
    }
    assert_eq!(problems.len(), 2, "{problems:#?}");
    // Managed login without a style is seen, too.
    world.aws().domain["ManagedLoginVersion"] = 2.into();
    world.aws().is_branded = false;
    let problems = world.found("problems").await;
    assert!(
        problems.len() == 3 && problems.iter().any(|problem| problem.contains("has no branding style")),
        "{problems:#?}"
    );
}
