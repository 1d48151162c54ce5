//! Which rules stop the edge's own calls, or sign-ins.
//!
//! The edge redeems codes, refreshes and revokes at `/oauth2/token` and `/oauth2/revoke`. All users' calls come from few
//! addresses of a CDN, from a program that cannot answer a CAPTCHA or a challenge, and with the app client's secret.

use std::collections::BTreeMap;

use aws_sdk_wafv2::types::{
    ExcludedRule, FirewallManagerRuleGroup, InspectionLevel, ManagedRuleGroupStatement, OverrideAction,
    RateBasedStatement, RateBasedStatementAggregateKeyType, Rule, RuleAction, RuleActionOverride,
    RuleGroupReferenceStatement, Statement, UsageOfAction,
};
use edgeward_core::platform::USER_AGENT;
use regex_lite::Regex;

use super::{
    Firewall,
    managed::{self, ManagedRule, Stops},
    statement::{Match, Request, matches},
};
use crate::report::Weight;

/// What decides whether some rules matter.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Circumstances {
    /// The edge's public URL is on this machine.
    pub(crate) is_loopback: bool,
    /// Users come from an OIDC or social identity provider.
    pub(crate) has_oidc: bool,
    /// Users come from a SAML identity provider.
    pub(crate) has_saml: bool,
}

/// A rule that stops what it should not, or may.
#[derive(Debug)]
pub(crate) struct Concern {
    pub(crate) weight: Weight,
    pub(crate) what: String,
    pub(crate) remedy: String,
}

/// Looks at every rule in the order in which AWS WAF does.
pub(crate) fn review(firewall: &Firewall, circumstances: Circumstances) -> Vec<Concern> {
    let mut review =
        Review { firewall, circumstances, calls: CALLS.to_vec(), perhaps_allowed: Vec::new(), concerns: Vec::new() };
    let acl = &firewall.acl;
    review.managers_groups(acl.pre_process_firewall_manager_rule_groups());
    review.rules(acl.rules(), &Place::of_acl(), &BTreeMap::new());
    review.managers_groups(acl.post_process_firewall_manager_rule_groups());
    if acl.default_action.as_ref().is_some_and(|action| action.block.is_some()) && !review.calls.is_empty() {
        let calls = named(&review.calls);
        // One call that no rule can allow is enough for a problem.
        let sure = if review.calls.iter().all(|call| review.is_perhaps_allowed(call)) {
            Match::Perhaps
        } else {
            Match::Always
        };
        let allows = match sure {
            Match::Always => format!("no rule is sure to allow {calls}"),
            _ => format!("{UNKNOWN} decides whether a rule allows {calls}"),
        };
        review.concerns.push(Concern {
            weight: weight(sure),
            what: format!("blocks what no rule allows, and {allows}, which the edge calls"),
            remedy: "add a rule with the action Allow for these paths, before the others".to_owned(),
        });
    }
    review.concerns
}

/// Where rules stand.
struct Place {
    /// Before the names of the rules.
    prefix: String,
    /// Whether what would stop a request is only counted.
    counts: bool,
    /// Who can change the rules.
    owner: &'static str,
}

impl Place {
    fn of_acl() -> Self {
        Self { prefix: String::new(), counts: false, owner: OPERATOR }
    }
}

struct Review<'a> {
    firewall: &'a Firewall,
    circumstances: Circumstances,
    /// The edge's calls that no rule has let through for good yet.
    calls: Vec<Request>,
    /// Those that a rule lets through for good or not: it depends on what is not known.
    perhaps_allowed: Vec<Request>,
    concerns: Vec<Concern>,
}

impl Review<'_> {
    /// Groups that AWS Firewall Manager puts before and behind a web ACL's own rules.
    fn managers_groups(&mut self, groups: &[FirewallManagerRuleGroup]) {
        let mut ordered: Vec<_> = groups.iter().collect();
        ordered.sort_by_key(|group| group.priority);
        for group in ordered {
            let Some(statement) = &group.firewall_manager_statement else { continue };
            let place = Place { prefix: String::new(), counts: counts(group.override_action.as_ref()), owner: MANAGER };
            if let Some(managed) = &statement.managed_rule_group_statement {
                self.managed(&group.name, managed, &place);
            } else if let Some(reference) = &statement.rule_group_reference_statement {
                self.group(&group.name, reference, &place);
            }
        }
    }

    fn rules(&mut self, rules: &[Rule], place: &Place, overrides: &BTreeMap<&str, Option<&RuleAction>>) {
        let mut ordered: Vec<_> = rules.iter().collect();
        ordered.sort_by_key(|rule| rule.priority);
        for rule in ordered {
            let Some(statement) = &rule.statement else { continue };
            let within = Place {
                prefix: String::new(),
                counts: place.counts || counts(rule.override_action.as_ref()),
                owner: place.owner,
            };
            let name = format!("{}{}", place.prefix, rule.name);
            let action = match overrides.get(rule.name.as_str()) {
                Some(action) => *action,
                None => rule.action.as_ref(),
            };
            if let Some(managed) = &statement.managed_rule_group_statement {
                self.managed(&name, managed, &within);
            } else if let Some(reference) = &statement.rule_group_reference_statement {
                self.group(&name, reference, &within);
            } else if let Some(rate) = &statement.rate_based_statement {
                self.rate(&name, rate, action, &within);
            } else {
                self.rule(&name, statement, action, &within);
            }
        }
    }

    /// A group of the account's own.
    fn group(&mut self, name: &str, reference: &RuleGroupReferenceStatement, place: &Place) {
        let firewall = self.firewall;
        match firewall.groups.get(&reference.arn) {
            Some(Ok(rules)) => {
                let overrides = overrides(reference.rule_action_overrides(), reference.excluded_rules());
                let place = Place { prefix: format!("{name}/"), counts: place.counts, owner: place.owner };
                self.rules(rules, &place, &overrides);
            }
            Some(Err(error)) => self.concerns.push(Concern {
                weight: Weight::Note,
                what: format!("the rules of the group in {name} were not looked at: {error:#}"),
                remedy: "allow `wafv2:GetRuleGroup` on it, and run this again".to_owned(),
            }),
            None => {}
        }
    }

    /// A rule that counts requests.
    fn rate(&mut self, name: &str, rate: &RateBasedStatement, action: Option<&RuleAction>, place: &Place) {
        let window = if rate.evaluation_window_sec > 0 { rate.evaluation_window_sec } else { DEFAULT_WINDOW };
        let (Some(stops), false) = (action.and_then(stops), place.counts) else { return };
        // Cognito's own limit for an address comes first.
        if rate.limit >= QUOTA_PER_ADDRESS * window {
            return;
        }
        let Some((calls, mut sure)) = self.covered(rate.scope_down_statement.as_deref()) else { return };
        let by = match rate.aggregate_key_type {
            RateBasedStatementAggregateKeyType::Constant => "all requests together",
            RateBasedStatementAggregateKeyType::Ip => "requests by address",
            RateBasedStatementAggregateKeyType::ForwardedIp => "requests by forwarded address",
            _ => {
                sure = Match::Perhaps;
                "requests by keys of its own"
            }
        };
        let includes = if sure == Match::Always { "includes" } else { "may include" };
        self.concerns.push(Concern {
            weight: weight(sure),
            what: format!(
                "the rule {name} {stops} more than {limit} in {window} seconds, counts {by}, and {includes} {calls}: the edge \
                 calls these for all users from few addresses, so busy minutes sign users out",
                limit = rate.limit,
            ),
            remedy: format!("{}: give the rule a scope-down statement, {EXCEPTION}", place.owner),
        });
    }

    /// A rule with a statement of its own.
    fn rule(&mut self, name: &str, statement: &Statement, action: Option<&RuleAction>, place: &Place) {
        let Some(action) = action.filter(|_| !place.counts) else { return };
        if action.allow.is_some() {
            let perhaps = self.calls.iter().copied().filter(|call| matches(statement, call) == Match::Perhaps);
            self.perhaps_allowed.extend(perhaps);
            self.calls.retain(|call| matches(statement, call) != Match::Always);
            return;
        }
        let Some(stops) = stops(action) else { return };
        let Some((calls, sure)) = self.covered(Some(statement)) else { return };
        let what = match sure {
            Match::Always => format!("the rule {name} {stops} {calls}, which the edge calls"),
            _ => format!("the rule {name} may stop {calls}, which the edge calls: {UNKNOWN} decides"),
        };
        let remedy = format!("{}: add to its statement, with AND, {EXCEPTION}", place.owner);
        self.concerns.push(Concern { weight: weight(sure), what, remedy });
    }

    /// A group of AWS's, or of a vendor's.
    fn managed(&mut self, name: &str, group: &ManagedRuleGroupStatement, place: &Place) {
        if place.counts {
            return;
        }
        let known = if group.vendor_name == "AWS" { managed::rules(&group.name) } else { None };
        let Some(known) = known else {
            let Some((calls, _)) = self.covered(group.scope_down_statement.as_deref()) else { return };
            self.concerns.push(Concern {
                weight: Weight::Note,
                what: format!(
                    "the rule {name} is the group {} of {}, which this tool does not know: it may stop {calls}, which the edge \
                     calls",
                    group.name, group.vendor_name
                ),
                remedy: format!("{}: give the rule a scope-down statement, {EXCEPTION}", place.owner),
            });
            return;
        };
        let overrides = overrides(group.rule_action_overrides(), group.excluded_rules());
        for rule in known {
            let is_overridden = overrides.get(rule.name).is_some_and(|action| action.and_then(stops).is_none());
            let is_inactive = rule.is_targeted && !is_targeted(group);
            if !is_overridden && !is_inactive {
                self.managed_rule(name, rule, group, place);
            }
        }
    }

    fn managed_rule(&mut self, name: &str, rule: &ManagedRule, group: &ManagedRuleGroupStatement, place: &Place) {
        let scope = group.scope_down_statement.as_deref();
        let covers = |request: &Request| scope.map_or(Match::Always, |scope| matches(scope, request)) != Match::Never;
        let (stops, weight, is_call) = match rule.stops {
            Stops::Calls | Stops::SomeCalls => {
                if exempts_calls(group) {
                    return;
                }
                let Some((calls, sure)) = self.covered(scope) else { return };
                let weight = if rule.stops == Stops::Calls { weight(sure) } else { Weight::Note };
                (calls, weight, true)
            }
            Stops::Loopback => {
                let request = if rule.name.ends_with("_BODY") { TOKEN } else { AUTHORIZE };
                if !self.circumstances.is_loopback || !covers(&request) {
                    return;
                }
                (request.path.to_owned(), Weight::Problem, false)
            }
            Stops::LongCodes if self.circumstances.has_oidc && covers(&OIDC_RESPONSE) => {
                (OIDC_RESPONSE.path.to_owned(), Weight::Note, false)
            }
            Stops::SamlResponses if self.circumstances.has_saml && covers(&SAML_RESPONSE) => {
                (SAML_RESPONSE.path.to_owned(), Weight::Note, false)
            }
            Stops::LongCodes | Stops::SamlResponses => return,
        };
        let verb = if weight == Weight::Problem { "stops" } else { "may stop" };
        let rule_name = rule.name;
        let scope_down =
            if is_call { format!(", or give the rule a scope-down statement, {EXCEPTION}") } else { String::new() };
        self.concerns.push(Concern {
            weight,
            what: format!("{rule_name} in the rule {name} {verb} {stops}: it {}", rule.why),
            remedy: format!("{}: override the action of {rule_name} to Count{scope_down}", place.owner),
        });
    }

    fn is_perhaps_allowed(&self, call: &Request) -> bool {
        self.perhaps_allowed.contains(call)
    }

    /// The edge's calls that a statement matches and that come so far, in words, and how sure that is.
    fn covered(&self, statement: Option<&Statement>) -> Option<(String, Match)> {
        let matched = |call: &Request| match statement.map_or(Match::Always, |statement| matches(statement, call)) {
            Match::Always if self.is_perhaps_allowed(call) => Match::Perhaps,
            matched => matched,
        };
        let covered: Vec<_> = self.calls.iter().copied().filter(|call| matched(call) != Match::Never).collect();
        let sure =
            if covered.iter().any(|call| matched(call) == Match::Always) { Match::Always } else { Match::Perhaps };
        (!covered.is_empty()).then(|| (named(&covered), sure))
    }
}

fn named(calls: &[Request]) -> String {
    calls.iter().map(|call| format!("{} {}", call.method, call.path)).collect::<Vec<_>>().join(" and ")
}

const fn weight(sure: Match) -> Weight {
    match sure {
        Match::Always => Weight::Problem,
        Match::Perhaps | Match::Never => Weight::Note,
    }
}

/// What an action does to the edge, unless it lets the request go on.
fn stops(action: &RuleAction) -> Option<&'static str> {
    if action.block.is_some() {
        Some("blocks")
    } else if action.captcha.is_some() {
        Some("answers with a CAPTCHA")
    } else if action.challenge.is_some() {
        Some("answers with a challenge")
    } else if action.monetize.is_some() {
        Some("demands a payment for")
    } else {
        None
    }
}

fn counts(action: Option<&OverrideAction>) -> bool {
    action.is_some_and(|action| action.count.is_some())
}

/// The actions that a web ACL gives a group's rules in place of their own. An excluded rule only counts.
fn overrides<'a>(
    overridden: &'a [RuleActionOverride],
    excluded: &'a [ExcludedRule],
) -> BTreeMap<&'a str, Option<&'a RuleAction>> {
    let excluded = excluded.iter().map(|rule| (rule.name.as_str(), None));
    excluded.chain(overridden.iter().map(|rule| (rule.name.as_str(), rule.action_to_use.as_ref()))).collect()
}

fn is_targeted(group: &ManagedRuleGroupStatement) -> bool {
    let configs = group.managed_rule_group_configs().iter();
    configs
        .filter_map(|config| config.aws_managed_rules_bot_control_rule_set.as_ref())
        .any(|bots| bots.inspection_level == InspectionLevel::Targeted)
}

/// Whether the anti-DDoS group never challenges the edge's calls.
fn exempts_calls(group: &ManagedRuleGroupStatement) -> bool {
    let mut configs = group.managed_rule_group_configs().iter();
    let challenge = configs.find_map(|config| {
        config.aws_managed_rules_anti_d_do_s_rule_set.as_ref()?.client_side_action_config.as_ref()?.challenge.as_ref()
    });
    challenge.is_some_and(|challenge| {
        let patterns = challenge.exempt_uri_regular_expressions().iter();
        let patterns: Vec<_> = patterns.filter_map(|regex| Regex::new(regex.regex_string.as_deref()?).ok()).collect();
        challenge.usage_of_action == UsageOfAction::Disabled
            || CALLS.iter().all(|call| patterns.iter().any(|pattern| pattern.is_match(call.path)))
    })
}

const TOKEN: Request =
    Request { method: "POST", path: "/oauth2/token", user_agent: Some(USER_AGENT), has_no_query: true };
const CALLS: [Request; 2] = [TOKEN, Request { path: "/oauth2/revoke", ..TOKEN }];
const AUTHORIZE: Request = Request { method: "GET", path: "/oauth2/authorize", user_agent: None, has_no_query: false };
const OIDC_RESPONSE: Request = Request { path: "/oauth2/idpresponse", ..AUTHORIZE };
const SAML_RESPONSE: Request = Request { method: "POST", path: "/saml2/idpresponse", ..AUTHORIZE };

/// Requests a second that Cognito answers an address (Developer Guide, "Quotas in Amazon Cognito").
const QUOTA_PER_ADDRESS: i64 = 300;
/// Seconds in which AWS WAF counts when a rule does not say.
const DEFAULT_WINDOW: i64 = 300;

const UNKNOWN: &str = "what is not known beforehand, such as address, country, body, label or pattern set,";
const OPERATOR: &str = "where the web ACL was made, or in AWS WAF's console (Web ACLs > this one > Rules)";
const MANAGER: &str = "with whoever administers AWS Firewall Manager, which added the rule";
const EXCEPTION: &str =
    "NOT (URI path exactly /oauth2/token OR URI path exactly /oauth2/revoke): both demand the app client's secret";
