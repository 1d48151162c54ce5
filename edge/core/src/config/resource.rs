//! Protected resources among the settings.

use std::borrow::Cow;

use super::{
    entry::{self, Entry, members},
    origin::{Credentials, Origin},
    scope_rule::{self, ScopeRule},
    url_setting::absolute_url,
};
use crate::{
    message::json::Json,
    oauth::{Resource, Scope, ScopeToken, scope::OFFLINE_ACCESS},
    policy::{self, Policy, Rule},
    route,
};

/// One MCP endpoint behind the gate.
#[derive(Debug, Clone)]
pub struct ProtectedResource {
    /// Its indicator: the audience of tokens for it.
    pub indicator: Resource,
    /// Its path here, without trailing slash.
    pub path: String,
    /// The MCP server.
    pub origin: Origin,
    /// Its name, for people.
    pub name: Option<String>,
    /// Its scopes, each with what it allows in words.
    pub scopes: Vec<(ScopeToken, String)>,
    /// What else holds for each scope.
    pub rules: Vec<(ScopeToken, ScopeRule)>,
    /// What a client gets that asks for no scope, and what every request needs.
    pub default_scope: Scope,
    /// What single operations need beyond that; none, and no request's body is looked at.
    pub policy: Option<Policy>,
    /// Whether the origin refuses a body that contradicts `Mcp-Method` or `Mcp-Name`, so that a policy may judge by these.
    pub compares_headers: bool,
    /// Machines that may come with Cognito's own tokens.
    pub machines: Vec<Machine>,
}

/// An app client of Cognito's that acts for itself.
#[derive(Debug, Clone)]
pub struct Machine {
    /// The app client.
    pub client_id: String,
    /// Scopes of Cognito's, and what each stands for here.
    pub scopes: Vec<(String, Scope)>,
}

impl Machine {
    /// What it has here, when Cognito has granted it `upstream_scope`.
    pub fn scope(&self, upstream_scope: &str) -> Scope {
        let has = |wanted: &str| upstream_scope.split(' ').any(|scope| scope == wanted);
        let granted = self.scopes.iter().filter(|(wanted, _)| has(wanted));
        granted.fold(Scope::default(), |all, (_, scope)| all.union(scope))
    }
}

impl ProtectedResource {
    /// All its scopes.
    pub fn scope(&self) -> Scope {
        self.scopes.iter().map(|(token, _)| token.clone()).collect()
    }
}

/// Every scope that one of `resources` has.
pub(super) fn all_scopes(resources: &[ProtectedResource]) -> Scope {
    resources.iter().flat_map(|resource| &resource.scopes).map(|(token, _)| token.clone()).collect()
}

const MEMBERS: [&str; 10] = [
    "path",
    "origin_url",
    "origin_path",
    "origin_audience",
    "name",
    "scopes",
    "default_scopes",
    "policy",
    "compares_headers",
    "machines",
];
const POLICY_MEMBERS: [&str; 3] = ["tools", "prompts", "resources"];

/// What the settings say of MCP servers outside the resources.
#[derive(Debug, Default)]
pub(super) struct Servers {
    /// The base URL of the server of all resources that have none of their own, without trailing slash.
    pub(super) url: Option<String>,
    pub(super) audience: Option<String>,
}

impl Servers {
    /// The server of a resource; without a URL if it has none.
    fn origin(&self, entry: Entry<'_>, path: &str) -> Result<Origin, String> {
        let own = entry.text("origin_url")?.map(absolute_url).transpose();
        let own = own.map_err(|problem| format!("has an origin_url that {problem}"))?;
        // Servers at different addresses must not be able to use each other's assertions.
        let of_all = if own.is_some() { None } else { self.audience.as_deref() };
        let base = own.as_deref().or(self.url.as_deref());
        let named = entry.text("origin_audience")?.filter(|audience| !audience.is_empty());
        let audience = named.or(of_all).or(base);
        Ok(Origin {
            url: base.map_or(String::new(), |base| format!("{base}{path}")),
            audience: audience.unwrap_or_default().to_owned(),
            credentials: Credentials::default(),
        })
    }
}

/// `/mcp` with the one scope `mcp`.
pub(super) fn default(issuer: &str, servers: &Servers) -> Vec<ProtectedResource> {
    let text = r#"[{"path": "/mcp", "scopes": {"mcp": "Use the tools, resources and prompts of this server"}}]"#;
    parse(text, issuer, servers).unwrap_or_default()
}

pub(super) fn parse(text: &str, issuer: &str, servers: &Servers) -> Result<Vec<ProtectedResource>, String> {
    let json = entry::json(text)?;
    let entries = entry::list(&json, &MEMBERS)?;
    if entries.is_empty() {
        return Err("names no resource".into());
    }
    let mut resources: Vec<ProtectedResource> = Vec::new();
    for entry in entries {
        let resource = check(entry, issuer, servers)?;
        if resources.iter().any(|other| other.path == resource.path) {
            return Err(format!("names the path {:?} twice", resource.path));
        }
        resources.push(resource);
    }
    Ok(resources)
}

fn check(entry: Entry<'_>, issuer: &str, servers: &Servers) -> Result<ProtectedResource, String> {
    let path = entry.required("path")?;
    let origin_path = entry.text("origin_path")?.unwrap_or(path);
    // Some servers answer at `/mcp/` alone, and redirect the client from `/mcp` to an address that is not the edge's.
    for (path, other) in [(path, path), (origin_path, origin_path.strip_suffix('/').unwrap_or(origin_path))] {
        let plain = |c: u8| c.is_ascii_alphanumeric() || b"-._~/".contains(&c);
        let is_root = path == "/" && other.is_empty();
        if !is_root
            && (!path.starts_with('/') || other.ends_with('/') || path.contains("//") || !path.bytes().all(plain))
        {
            return Err(format!("has the path {path:?}, which is not of the form /name"));
        }
    }
    if route::is_reserved(path) {
        return Err(format!("has the path {path:?}, which the edge itself answers"));
    }
    let indicator =
        Resource::parse(&format!("{issuer}{path}")).ok_or_else(|| format!("has the unusable path {path:?}"))?;
    if indicator.as_str() != format!("{issuer}{path}") {
        return Err(format!("has the path {path:?}, which is not in its normal form"));
    }
    let scopes = entry.members("scopes")?;
    let mut all = Scope::default();
    for (token, _) in scopes {
        match ScopeToken::parse(token) {
            Some(token) if token.as_str() != OFFLINE_ACCESS => all.add(&token),
            _ => return Err(format!("has {token:?}, which cannot be a scope of a resource")),
        }
    }
    let (mut described, mut rules) = (Vec::new(), Vec::new());
    // The set has the same order: no token is there twice.
    for (token, (_, json)) in all.iter().zip(scopes) {
        let (words, rule) = scope_rule::check(json, token, &all)?;
        described.push((token.clone(), words));
        rules.push((token.clone(), rule));
    }
    let default_scope = match entry.texts("default_scopes")? {
        None => all.clone(),
        Some(tokens) => Scope::parse(&tokens.join(" ")).ok_or("has default_scopes that are no scopes")?,
    };
    if default_scope.is_empty() || !default_scope.is_subset(&all) {
        return Err(format!("needs default_scopes of {path:?} that are among its scopes"));
    }
    let policy = entry.any("policy").map(|policy| check_policy(Entry::read(policy, &POLICY_MEMBERS)?, &all));
    Ok(ProtectedResource {
        indicator,
        origin: servers.origin(entry, origin_path)?,
        path: path.to_owned(),
        name: entry.text("name")?.map(str::to_owned),
        scopes: described,
        rules,
        default_scope,
        policy: policy.transpose()?,
        compares_headers: entry.is("compares_headers")?,
        machines: check_machines(entry.members("machines")?, &all)?,
    })
}

fn check_machines(entries: &[(Cow<'_, str>, Json<'_>)], all: &Scope) -> Result<Vec<Machine>, String> {
    let mut machines = Vec::new();
    for (client_id, entries) in entries {
        let mut scopes = Vec::new();
        for (upstream, names) in members(entries)? {
            let scope = some_of(names, all).filter(|_| !upstream.is_empty());
            let scope = scope.ok_or_else(|| format!("has for {upstream:?} of a machine no scopes of the resource"))?;
            scopes.push((upstream.to_string(), scope));
        }
        if client_id.is_empty() || scopes.is_empty() {
            return Err("has a machine without client id or scopes".into());
        }
        machines.push(Machine { client_id: client_id.to_string(), scopes });
    }
    Ok(machines)
}

fn check_policy(entry: Entry<'_>, all: &Scope) -> Result<Policy, String> {
    let rules = |name| check_rules(entry.members(name)?, all);
    let resources = rules("resources")?;
    if let Some(Rule { pattern, .. }) = resources.iter().find(|rule| !policy::can_fit(&rule.pattern)) {
        return Err(format!(
            "has {pattern:?} in a policy, which is no URI as clients write it, and no beginning of one with `*`"
        ));
    }
    Ok(Policy { tools: rules("tools")?, prompts: rules("prompts")?, resources })
}

fn check_rules(entries: &[(Cow<'_, str>, Json<'_>)], all: &Scope) -> Result<Vec<Rule>, String> {
    let mut rules = Vec::new();
    for (pattern, names) in entries {
        let name = pattern.strip_suffix('*').unwrap_or(pattern);
        if pattern.is_empty() || name.contains('*') || name.trim() != name {
            return Err(format!("has {pattern:?} in a policy, which is no name and no beginning of one with `*`"));
        }
        let scope = some_of(names, all);
        let scope =
            scope.ok_or_else(|| format!("has a policy for {pattern:?} that names no scopes of the resource"))?;
        rules.push(Rule { pattern: pattern.to_string(), scope });
    }
    Ok(rules)
}

/// These scopes, if there are any and all of them are among `all`.
fn some_of(names: &Json<'_>, all: &Scope) -> Option<Scope> {
    Scope::parse(&names.texts()?.join(" ")).filter(|scope| !scope.is_empty() && scope.is_subset(all))
}
