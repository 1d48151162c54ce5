//! The whole edge: a request comes in, an answer or a decision to forward goes out.

use std::{cell::Cell, rc::Rc};

use http::{HeaderValue, Method, Response, StatusCode, header};
use serde_json::json;

use crate::{
    config::Config,
    endpoint::{Answer, Memories, authorize, callback, logout, metadata, register, revoke, token, upstream_failure},
    failure::Failure,
    forward::{self, Outcome},
    gate::{self, Admissions, Decision, Evidence, Gate, GateError, Needs, RequestHead},
    limit,
    message::{
        cors,
        request::Request,
        response::{Caching, json, set, with_status},
        target::Target,
    },
    page,
    platform::{Event, Level, Platform, Record, UnixTime},
    received::Received,
    request_context::RequestContext,
    route::Route,
    trace::{Trace, TraceIds},
    transport::{self, Misdirected},
};

/// An edge: settings, a platform to run on, and what is remembered between requests. Losing that costs time, and within a
/// minute of a refresh perhaps a sign-in (see [`crate::refreshes`]).
pub struct Edge<P> {
    config: Config,
    platform: P,
    trace_ids: TraceIds,
    admissions: Admissions,
    memories: Memories,
    /// When the log was told that there is no room.
    overloaded_at: Cell<Option<UnixTime>>,
}

/// How often the log is told that an instance has no room.
const OVERLOAD_ALERT_SECONDS: u64 = 60;

impl<P: Platform> Edge<P> {
    /// An edge with these settings.
    pub fn new(config: Config, platform: P) -> Self {
        Self {
            admissions: Admissions::new(&config.keys),
            config,
            platform,
            trace_ids: TraceIds::default(),
            memories: Memories::default(),
            overloaded_at: Cell::default(),
        }
    }

    /// An edge with other settings, in the place of this one, which ends what it has begun. What was decided with the older settings
    /// is forgotten. What Cognito has answered to refreshes is not, as long as it is the same app client: Cognito may take a
    /// second use of a refresh token for a theft.
    pub fn with_settings(&self, config: Config, platform: P) -> Self {
        let is_same = self.config.cognito.app_client() == config.cognito.app_client();
        let refreshes = if is_same { Rc::clone(&self.memories.refreshes) } else { Rc::default() };
        // Documents are judged anew each time, by the settings that hold then.
        let memories = Memories { refreshes, clients: Rc::clone(&self.memories.clients), ..Memories::default() };
        Self { memories, overloaded_at: self.overloaded_at.clone(), ..Self::new(config, platform) }
    }

    /// Its settings.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// What it runs on.
    pub const fn platform(&self) -> &P {
        &self.platform
    }

    /// Decides about a request for a protected resource, from its head alone. `None` when the path is not one: [`Edge::respond`]
    /// answers then. A request for another origin than the issuer's is refused here, whatever its path.
    pub fn gate(&self, head: &RequestHead<'_>) -> Option<Decision> {
        self.gate_with(head, Evidence::Nothing)
    }

    /// As [`Edge::gate`], with what it [`Needs`] beside the head.
    pub fn gate_with(&self, head: &RequestHead<'_>, evidence: Evidence<'_>) -> Option<Decision> {
        if let Err(error) = transport::check(&head.target, &self.config) {
            return Some(self.turn_away(head, error));
        }
        let resource = self.config.resource_at(head.target.path)?;
        let (config, admissions, now) = (&self.config, &self.admissions, self.platform.now());
        let (mut decision, record) = Gate { head, resource, config, admissions, now }.decide(evidence);
        if let Some(record) = record {
            self.log(record, head.traceparent);
        }
        match &mut decision {
            Decision::Forward(plan) => {
                let trace = self.trace(head.traceparent);
                plan.traceparent = Some(trace).filter(|trace| trace.is_new).map(Trace::into_traceparent);
            }
            Decision::Respond { response, .. } => transport::protect(response, config),
            Decision::Needs(_) => {}
        }
        Some(decision)
    }

    fn turn_away(&self, head: &RequestHead<'_>, error: Misdirected) -> Decision {
        let (response, record) = transport::refuse(error, &self.config);
        let repeats = head.authorization.is_none() && head.may_repeat();
        let repeats = repeats.then(|| Box::new(record.clone()));
        self.log(record, head.traceparent);
        Decision::Respond { response, repeats }
    }

    /// Decides about a request for which the gate [needs](crate::Needs::MachineAdmission) a machine's token verified: Cognito's keys
    /// may have to be fetched.
    pub async fn admit_machine(&self, head: &RequestHead<'_>) -> Decision {
        let (config, target) = (&self.config, &head.target);
        let resource = transport::check(target, config).ok().and_then(|()| config.resource_at(target.path));
        let Some(resource) = resource else { return self.superseded(head) };
        let context = &RequestContext::new(head.traceparent, config, &self.platform);
        let (admissions, upstream) = (&self.admissions, &self.memories.upstream);
        match gate::admit(head.authorization, resource, admissions, upstream, context).await {
            Ok(()) => match self.gate(head) {
                // It has been forgotten again: many others have come.
                None | Some(Decision::Needs(Needs::MachineAdmission)) => self.superseded(head),
                Some(decision) => decision,
            },
            Err(error) => {
                let (mut response, record) = gate::refusal(&error, target.path, head.origin_header, resource, config);
                transport::protect(&mut response, config);
                if let GateError::Machine(error) = &error {
                    upstream_failure(error).into_iter().for_each(|record| context.log(record));
                }
                context.log(record);
                Decision::Respond { response, repeats: None }
            }
        }
    }

    fn superseded(&self, head: &RequestHead<'_>) -> Decision {
        let response = self.fail(Failure::Superseded, &head.target, head.origin_header, head.traceparent);
        Decision::Respond { response, repeats: None }
    }

    /// What the client gets after this outcome of a request that was forwarded with this `traceparent`. `None` for the MCP server's
    /// own answer. [`Plan::answer_changes`](crate::Plan::answer_changes) hold for both.
    pub fn conclude(&self, outcome: Outcome, traceparent: Option<&str>) -> Option<Response<String>> {
        let (response, record) = forward::conclude(outcome, Some(&self.config))?;
        self.log(record, traceparent);
        Some(response)
    }

    /// The answer for a request that neither the gate nor an endpoint has answered. Pages that may call may read it.
    pub fn fail(
        &self,
        failure: Failure,
        target: &Target<'_>,
        origin_header: Option<&str>,
        traceparent: Option<&str>,
    ) -> Response<String> {
        let (mut response, record) = failure.answer(Some(&self.config));
        if let Some(page) = origin_header.and_then(|origin| self.readers(target.path, origin)) {
            cors::share(&mut response, page);
        }
        if let Some(record) = record.filter(|record| self.is_news(record)) {
            self.log(record, traceparent);
        }
        response
    }

    /// Whether the log is told: of one instance that has no room, once a minute.
    fn is_news(&self, record: &Record) -> bool {
        let (now, last) = (self.platform.now(), self.overloaded_at.get());
        if record.event != Event::Overloaded {
            return true;
        }
        let is_news = last.is_none_or(|last| now < last || now.secs_since(last) >= OVERLOAD_ALERT_SECONDS);
        if is_news {
            self.overloaded_at.set(Some(now));
        }
        is_news
    }

    fn log(&self, record: Record, traceparent: Option<&str>) {
        self.platform.log(&record.traced(self.trace(traceparent).id()));
    }

    fn trace(&self, traceparent: Option<&str>) -> Trace {
        Trace::of(traceparent, || self.trace_ids.next(&self.platform))
    }

    /// A new trace for a request that repeats another: see [`Plan::repeats_until`](crate::Plan::repeats_until).
    pub fn new_trace(&self) -> Trace {
        self.trace(None)
    }

    /// Which pages may read an answer to a page of `origin`.
    fn readers<'a>(&self, path: &str, origin: &'a str) -> Option<&'a str> {
        if self.config.resource_at(path).is_some() {
            return Some(origin).filter(|origin| gate::may_call(origin, &self.config));
        }
        Route::find(path).filter(|route| route.is_for_machines()).map(|_| "*")
    }

    /// The URLs that metrics tell apart, each with its name. All others are one, as strangers choose them.
    pub fn measured_urls(&self) -> Vec<(String, String)> {
        let mut urls = Vec::new();
        let mut measure = |path: &str| urls.push(([&self.config.issuer, path].concat(), path.to_owned()));
        Route::MEASURED.iter().for_each(|route| measure(route.path()));
        for resource in &self.config.resources {
            measure(&resource.path);
            measure(&[&resource.path, "/"].concat());
        }
        urls
    }

    /// Answers a request for one of the edge's own endpoints.
    pub async fn respond(&self, request: Request) -> Response<String> {
        let context = &RequestContext::new(request.traceparent(), &self.config, &self.platform);
        // The gate refuses these before; an adapter that has not asked it must not serve them.
        if let Err(error) = transport::check(&request.target(), &self.config) {
            let (response, record) = transport::refuse(error, &self.config);
            context.log(record);
            return response;
        }
        let mut response = self.answer(&request, context).await;
        transport::protect(&mut response, &self.config);
        response
    }

    async fn answer(&self, request: &Request, context: &RequestContext<'_, P>) -> Response<String> {
        let path = request.target().path;
        let Some(route) = Route::find(path) else {
            return match self.config.resource_at(path) {
                // It was none when the gate was asked.
                Some(_) => {
                    let origin_header = request.header(header::ORIGIN);
                    self.fail(Failure::Superseded, &request.target(), origin_header, request.traceparent())
                }
                None => not_found(),
            };
        };
        let allowed = route.methods();
        if request.method == Method::OPTIONS && route.is_for_machines() {
            return preflight(allowed);
        }
        // A HEAD is answered as the GET that it asks about; the platform leaves the body out.
        let method = if request.method == Method::HEAD { &Method::GET } else { &request.method };
        if !allowed.contains(method) {
            return method_not_allowed(allowed);
        }
        let (config, memories) = (&self.config, &self.memories);
        let received = Received::read(route, method, request);
        let refresh_token = match limit::count(&received, context).await {
            Ok(refresh_token) => refresh_token,
            Err(exceeded) => {
                let response = limit::refuse(route, &exceeded, config);
                let mut record = Record::new(Level::Warn, Event::TooManyRequests).because(&exceeded.limit.as_str());
                record.status = Some(response.status().as_u16());
                record.client = exceeded.client.map(|client| client.pseudonym());
                record.grant = exceeded.grant;
                context.log(record);
                return response;
            }
        };
        let answer = match route {
            Route::ProtectedResourceMetadata => {
                return metadata::protected_resource(path, config).unwrap_or_else(not_found);
            }
            Route::AuthorizationServerMetadata => return metadata::authorization_server(config),
            Route::Jwks => return metadata::jwks(config),
            Route::Health => return json(StatusCode::OK, &json!({ "status": "ok" }), Caching::NoStore),
            Route::Register => register::handle(request, config, context.platform),
            Route::Authorize if *method == Method::POST => authorize::decide(&received, context),
            Route::Authorize => authorize::ask(&received, memories, context).await,
            Route::Callback => callback::handle(&received, memories, context).await,
            Route::Token => token::handle(received, refresh_token, memories, context).await,
            Route::Revoke => revoke::handle(received, memories, context).await,
            Route::Logout => logout::handle(&received, config),
            Route::SignedOut => return logout::done(config),
            Route::Start => return page::start(&config.resources, &config.pages.brand),
        };
        let Answer { response, record, cause } = answer;
        cause.into_iter().for_each(|record| context.log(record));
        context.log(record);
        response
    }
}

/// Tells the log of an answer that was made without settings.
pub fn log_without_settings(record: &Record, traceparent: Option<&str>, platform: &impl Platform) {
    log_traced(record.clone(), traceparent, platform);
}

/// The answer while the settings are wrong: nothing else is served. The log is told what is wrong; strangers are not.
pub fn misconfigured(
    errors: &crate::config::ConfigErrors,
    traceparent: Option<&str>,
    platform: &impl Platform,
) -> Response<String> {
    let mut record = Record::new(Level::Alert, Event::SettingsRefused).because(errors);
    record.status = Some(500);
    log_traced(record, traceparent, platform);
    json(StatusCode::INTERNAL_SERVER_ERROR, &json!({ "error": "server_error" }), Caching::NoStore)
}

fn log_traced(record: Record, traceparent: Option<&str>, platform: &impl Platform) {
    let trace = Trace::of(traceparent, || TraceIds::one(platform));
    platform.log(&record.traced(trace.id()));
}

fn preflight(allowed: &[Method]) -> Response<String> {
    let mut response = with_status(StatusCode::NO_CONTENT, String::new());
    set(&mut response, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    set(&mut response, header::ACCESS_CONTROL_ALLOW_METHODS, &list(allowed));
    set(&mut response, header::ACCESS_CONTROL_ALLOW_HEADERS, cors::ALLOWED_HEADERS);
    response.headers_mut().insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from(86_400));
    response
}

fn method_not_allowed(allowed: &[Method]) -> Response<String> {
    let body = json!({ "error": "method_not_allowed" });
    let mut response = json(StatusCode::METHOD_NOT_ALLOWED, &body, Caching::NoStore);
    set(&mut response, header::ALLOW, &list(allowed));
    response
}

fn not_found() -> Response<String> {
    json(StatusCode::NOT_FOUND, &json!({ "error": "not_found" }), Caching::NoStore)
}

fn list(methods: &[Method]) -> String {
    methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ")
}
