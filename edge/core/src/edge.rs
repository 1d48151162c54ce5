//! The whole edge: a request comes in, an answer or a decision to forward goes out.

use std::rc::Rc;

use http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use serde_json::json;

use crate::{
    client::{ClientMemory, Directory},
    config::{Config, ProtectedResource},
    endpoint::{Answer, authorize, callback, logout, metadata, register, revoke, token, upstream_failure},
    gate::{self, Admissions, GateError, Gated, RequestHead, Seen},
    limit,
    message::{
        cors,
        request::Request,
        response::{Caching, json, set, with_status},
    },
    page,
    platform::{Clock, Event, Level, Log, Platform, Record},
    refreshes::Refreshes,
    route::Route,
    trace::{TRACEPARENT, Trace, TraceIds, Traced},
    transport::{self, Misdirected},
    upstream::UpstreamMemory,
};

/// An edge: settings, a platform to run on, and what is remembered between requests. Losing that costs time, and within a
/// minute of a refresh perhaps a sign-in (see [`Refreshes`]).
pub struct Edge<P> {
    config: Config,
    platform: P,
    trace_ids: TraceIds,
    admissions: Admissions,
    upstream: UpstreamMemory,
    clients: Rc<ClientMemory>,
    refreshes: Rc<Refreshes>,
}

impl<P: Platform> Edge<P> {
    /// An edge with these settings.
    pub fn new(config: Config, platform: P) -> Self {
        Self {
            admissions: Admissions::new(&config.keys),
            config,
            platform,
            trace_ids: TraceIds::default(),
            upstream: UpstreamMemory::default(),
            clients: Rc::default(),
            refreshes: Rc::default(),
        }
    }

    /// An edge with other settings, in the place of this one, which ends what it has begun. What was decided with the older settings
    /// is forgotten. What Cognito has answered to refreshes is not, as long as it is the same app client: Cognito may take a
    /// second use of a refresh token for a theft.
    pub fn with_settings(&self, config: Config, platform: P) -> Self {
        let is_same = self.config.cognito.app_client() == config.cognito.app_client();
        let refreshes = if is_same { Rc::clone(&self.refreshes) } else { Rc::default() };
        // Documents are judged anew each time, by the settings that hold then.
        Self { refreshes, clients: Rc::clone(&self.clients), ..Self::new(config, platform) }
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
    pub fn gate(&self, head: &RequestHead<'_>) -> Option<Gated> {
        self.look(head, Seen::Nothing)
    }

    /// As [`Edge::gate`], when that has asked to look closer: with what was looked at.
    pub fn look(&self, head: &RequestHead<'_>, seen: Seen<'_>) -> Option<Gated> {
        if let Err(error) = transport::check(&head.target, &self.config) {
            return Some(self.turn_away(head, error));
        }
        let resource = self.config.resource_at(head.target.path)?;
        let (mut gated, record) =
            gate::decide(head, seen, resource, &self.config, &self.admissions, self.platform.now());
        let trace = || Trace::of(head.traceparent, || self.trace_ids.next(&self.platform));
        if let Some(mut record) = record {
            record.trace = Some(trace().id().to_owned());
            self.platform.log(&record);
        }
        match &mut gated {
            Gated::Forward(forward) => {
                forward.traceparent = Some(trace()).filter(|trace| trace.is_new).map(Trace::into_traceparent);
            }
            Gated::Respond { response, .. } => transport::protect(response, &self.config),
            Gated::Look(_) => {}
        }
        Some(gated)
    }

    fn turn_away(&self, head: &RequestHead<'_>, error: Misdirected) -> Gated {
        let (response, mut record) = transport::refuse(error, &self.config);
        let repeats = head.authorization.is_none() && head.may_repeat();
        let repeats = repeats.then(|| Box::new(record.clone()));
        let trace = Trace::of(head.traceparent, || self.trace_ids.next(&self.platform));
        record.trace = Some(trace.id().to_owned());
        self.platform.log(&record);
        Gated::Respond { response, repeats }
    }

    /// A new value for [`TRACEPARENT`]: of a request that is forwarded as one before it, see [`gate::Forward::repeats_until`].
    pub fn traceparent(&self) -> String {
        Trace::new(self.trace_ids.next(&self.platform)).into_traceparent()
    }

    /// The header fields with which an adapter lets a page of `origin` read an answer that it makes itself, because core cannot.
    pub fn sharing<'a>(&self, path: &str, origin: &'a str) -> Option<[(HeaderName, &'a str); 3]> {
        let is_resource = self.config.resource_at(path).is_some();
        if is_resource && gate::may_call(origin, &self.config) {
            return Some(cors::fields(origin));
        }
        Route::find(path).filter(|route| is_for_machines(*route)).map(|_| cors::fields("*"))
    }

    async fn vouch(
        &self,
        request: &Request,
        resource: &ProtectedResource,
        platform: &Traced<'_, P>,
    ) -> Response<String> {
        let (config, memory, now) = (&self.config, (&self.admissions, &self.upstream), platform.now());
        let authorization = request.header(header::AUTHORIZATION);
        match gate::vouch(authorization, resource, config, memory, platform, now).await {
            Ok(()) => with_status(StatusCode::NO_CONTENT, String::new()),
            Err(error) => {
                let asked = (request.target().path, request.header(header::ORIGIN));
                let (response, record) = gate::refusal(&error, asked, resource, config);
                if let GateError::Machine(error) = &error {
                    upstream_failure(error).iter().for_each(|record| platform.log(record));
                }
                platform.log(&record);
                response
            }
        }
    }

    /// Answers a request for one of the edge's own endpoints. One for a protected resource, of which the header fields are
    /// enough, has its token verified when the gate has asked for that: after a 204 the gate is to be asked again, anything
    /// else is the answer.
    pub async fn respond(&self, request: Request) -> Response<String> {
        let platform = &Traced::of(request.header(TRACEPARENT), &self.platform);
        // The gate refuses these before; an adapter that has not asked it must not serve them.
        if let Err(error) = transport::check(&request.target(), &self.config) {
            let (response, record) = transport::refuse(error, &self.config);
            platform.log(&record);
            return response;
        }
        let mut response = self.answer(request, platform).await;
        transport::protect(&mut response, &self.config);
        response
    }

    async fn answer(&self, request: Request, platform: &Traced<'_, P>) -> Response<String> {
        let path = request.target().path;
        let Some(route) = Route::find(path) else {
            return match self.config.resource_at(path) {
                Some(resource) => self.vouch(&request, resource, platform).await,
                None => not_found(),
            };
        };
        let allowed = methods(route);
        if request.method == Method::OPTIONS && is_for_machines(route) {
            return preflight(&allowed);
        }
        // A HEAD is answered as the GET that it asks about; the platform leaves the body out.
        let method = if request.method == Method::HEAD { &Method::GET } else { &request.method };
        if !allowed.contains(method) {
            return method_not_allowed(&allowed);
        }
        let config = &self.config;
        let refresh_token = match limit::count(route, method, &request, config, platform).await {
            Ok(refresh_token) => refresh_token,
            Err(exceeded) => {
                let response = limit::refuse(route, &exceeded, config);
                let mut record = Record::new(Level::Warn, Event::TooManyRequests).because(&exceeded.limit.as_str());
                record.status = Some(response.status().as_u16());
                record.client = exceeded.client.map(|client| client.pseudonym());
                record.grant = exceeded.grant;
                platform.log(&record);
                return response;
            }
        };
        let now = platform.now();
        let clients = Directory { config, memory: &self.clients, platform, now };
        let answer = match route {
            Route::ProtectedResourceMetadata => {
                return metadata::protected_resource(path, config).unwrap_or_else(not_found);
            }
            Route::AuthorizationServerMetadata => return metadata::authorization_server(config),
            Route::Jwks => return metadata::jwks(config),
            Route::Health => return json(StatusCode::OK, &json!({ "status": "ok" }), Caching::NoStore),
            Route::Register => register::handle(&request, config, platform),
            Route::Authorize if *method == Method::POST => authorize::decide(&request, config, platform, now),
            Route::Authorize => authorize::ask(&request, config, &clients).await,
            Route::Callback => callback::handle(&request, config, &self.upstream, platform, now).await,
            Route::Token => {
                let memory = (&self.upstream, &*self.refreshes);
                token::handle(&request, refresh_token, config, memory, &clients).await
            }
            Route::Revoke => revoke::handle(&request, config, (&self.upstream, &*self.refreshes), &clients).await,
            Route::Logout => logout::handle(&request, config),
            Route::SignedOut => return logout::done(config),
            Route::Start => return page::start(&config.resources, &config.pages.brand),
        };
        let Answer { response, record, cause } = answer;
        cause.iter().for_each(|record| platform.log(record));
        platform.log(&record);
        response
    }
}

/// The answer while the settings are wrong: nothing else is served. The log is told what is wrong; strangers are not.
pub fn misconfigured(
    errors: &crate::config::ConfigErrors,
    traceparent: Option<&str>,
    platform: &impl Platform,
) -> Response<String> {
    let mut record = Record::new(Level::Alert, Event::SettingsRefused).because(errors);
    record.status = Some(500);
    Traced::of(traceparent, platform).log(&record);
    json(StatusCode::INTERNAL_SERVER_ERROR, &json!({ "error": "server_error" }), Caching::NoStore)
}

fn methods(route: Route) -> Vec<Method> {
    match route {
        Route::Start
        | Route::ProtectedResourceMetadata
        | Route::AuthorizationServerMetadata
        | Route::Jwks
        | Route::Callback
        | Route::Logout
        | Route::SignedOut
        | Route::Health => vec![Method::GET],
        Route::Register | Route::Token | Route::Revoke => vec![Method::POST],
        Route::Authorize => vec![Method::GET, Method::POST],
    }
}

/// Endpoints that scripts of other origins may call: none of them looks at cookies.
const fn is_for_machines(route: Route) -> bool {
    match route {
        Route::ProtectedResourceMetadata
        | Route::AuthorizationServerMetadata
        | Route::Jwks
        | Route::Register
        | Route::Token
        | Route::Revoke => true,
        Route::Start | Route::Authorize | Route::Callback | Route::Logout | Route::SignedOut | Route::Health => false,
    }
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
