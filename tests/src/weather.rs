//! A stand-in for the US National Weather Service API, with answers of the shape that api.weather.gov gives.
//!
//! California has two alerts, every other area none. Points within the contiguous United States have a forecast.
//! [`Weather::behave`] makes it fail, dawdle or talk nonsense; to have it down, drop it.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

/// The stand-in, serving until it is dropped.
#[derive(Debug)]
pub struct Weather {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

/// How it behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Behaviour {
    /// As the real one on a good day.
    #[default]
    Normal,
    /// Answers 503 to everything.
    Failing,
    /// Answers as usual, after this time.
    Slow(Duration),
    /// Answers 200 with a page that is no JSON.
    Nonsense,
    /// Sends whoever asks for a forecast to another host.
    Astray,
}

/// A request that it got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Path and query.
    pub path: String,
    /// `User-Agent`.
    pub user_agent: Option<String>,
}

#[derive(Debug)]
struct Shared {
    base: String,
    behaviour: Mutex<Behaviour>,
    seen: Mutex<Vec<Seen>>,
}

impl Weather {
    /// Starts it on `address`; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared =
            Arc::new(Shared { base: format!("http://{address}"), behaviour: Mutex::default(), seen: Mutex::default() });
        let router = Router::new()
            .route("/alerts/active/area/{state}", get(alerts))
            .route("/points/{point}", get(points))
            .route("/gridpoints/{office}/{cell}/forecast", get(forecast))
            .layer(from_fn_with_state(shared.clone(), misbehave))
            .with_state(shared.clone());
        let serving = tokio::spawn(async move {
            // Ends only when the task is aborted.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, shared, serving })
    }

    /// Its base URL, without a trailing slash.
    pub fn url(&self) -> String {
        self.shared.base.clone()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes how it behaves from now on.
    pub fn behave(&self, behaviour: Behaviour) {
        *lock(&self.shared.behaviour) = behaviour;
    }

    /// Every request so far.
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.shared.seen).clone()
    }
}

impl Drop for Weather {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A test that panicked elsewhere leaves the data whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn misbehave(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let user_agent = user_agent(request.headers());
    lock(&shared.seen).push(Seen { path: request.uri().to_string(), user_agent: user_agent.clone() });
    if user_agent.is_none() {
        return problem(StatusCode::FORBIDDEN, "Forbidden", "A User-Agent is required.");
    }
    let behaviour = *lock(&shared.behaviour);
    match behaviour {
        Behaviour::Normal | Behaviour::Astray => {}
        Behaviour::Failing => {
            return problem(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable", "Try again later.");
        }
        Behaviour::Slow(delay) => tokio::time::sleep(delay).await,
        Behaviour::Nonsense => return ([(header::CONTENT_TYPE, "text/html")], "<h1>Maintenance</h1>").into_response(),
    }
    next.run(request).await
}

fn user_agent(headers: &HeaderMap) -> Option<String> {
    headers.get(header::USER_AGENT)?.to_str().ok().map(str::to_owned)
}

async fn alerts(Path(state): Path<String>) -> Response {
    if state.len() != 2 || !state.bytes().all(|letter| letter.is_ascii_uppercase()) {
        return problem(StatusCode::BAD_REQUEST, "Bad Request", "Bad Request");
    }
    let features = if state == "CA" {
        vec![
            alert(
                "Winter Storm Warning",
                "Severe",
                "Greater Lake Tahoe Area",
                "* WHAT...Heavy snow expected. Total snow accumulations of 1 to 3 feet above 7000 feet.",
                json!("Travel is strongly discouraged. If you must travel, carry a winter survival kit."),
            ),
            alert(
                "High Surf Advisory",
                "Minor",
                "San Francisco; Coastal North Bay Including Point Reyes National Seashore",
                "* WHAT...Large breaking waves of 15 to 18 feet expected.",
                Value::Null,
            ),
        ]
    } else {
        Vec::new()
    };
    geo_json(&json!({
        "@context": ["https://geojson.org/geojson-ld/geojson-context.jsonld", { "@version": "1.1" }],
        "type": "FeatureCollection",
        "features": features,
        "title": format!("Current watches, warnings, and advisories for {state}"),
        "updated": "2026-01-15T20:00:00+00:00",
    }))
}

fn alert(event: &str, severity: &str, area: &str, description: &str, instruction: Value) -> Value {
    let id = "urn:oid:2.49.0.1.840.0.0000000000000000000000000000000000000000.001.1";
    json!({
        "id": format!("https://api.weather.gov/alerts/{id}"),
        "type": "Feature",
        "geometry": null,
        "properties": {
            "@id": format!("https://api.weather.gov/alerts/{id}"),
            "@type": "wx:Alert",
            "id": id,
            "areaDesc": area,
            "geocode": { "SAME": ["006061"], "UGC": ["CAZ072"] },
            "affectedZones": ["https://api.weather.gov/zones/forecast/CAZ072"],
            "references": [],
            "sent": "2026-01-15T11:32:00-08:00",
            "effective": "2026-01-15T11:32:00-08:00",
            "onset": "2026-01-15T16:00:00-08:00",
            "expires": "2026-01-16T00:00:00-08:00",
            "ends": "2026-01-17T04:00:00-08:00",
            "status": "Actual",
            "messageType": "Alert",
            "category": "Met",
            "severity": severity,
            "certainty": "Likely",
            "urgency": "Expected",
            "event": event,
            "sender": "w-nws.webmaster@noaa.gov",
            "senderName": "NWS Reno NV",
            "headline": format!("{event} issued January 15 at 11:32AM PST by NWS Reno NV"),
            "description": description,
            "instruction": instruction,
            "response": "Prepare",
            "parameters": { "AWIPSidentifier": ["WSWREV"] },
        },
    })
}

async fn points(State(shared): State<Arc<Shared>>, Path(point): Path<String>) -> Response {
    let Some((latitude, longitude)) = parse_point(&point) else {
        return problem(StatusCode::BAD_REQUEST, "Invalid Parameter", "Parameter \"point\" is invalid.");
    };
    // The real one redirects to the spelling with at most four decimals and no trailing zeros.
    let canonical = format!("{},{}", round(latitude), round(longitude));
    if canonical != point {
        return Redirect::permanent(&format!("/points/{canonical}")).into_response();
    }
    if !(24.0..50.0).contains(&latitude) || !(-125.0..-66.0).contains(&longitude) {
        let detail = format!("Unable to provide data for requested point {point}");
        return problem(StatusCode::NOT_FOUND, "Data Unavailable For Requested Point", &detail);
    }
    let base = match *lock(&shared.behaviour) {
        Behaviour::Astray => "http://127.0.0.1:9",
        _ => &shared.base,
    };
    geo_json(&json!({
        "id": format!("{base}/points/{point}"),
        "type": "Feature",
        "geometry": { "type": "Point", "coordinates": [longitude, latitude] },
        "properties": {
            "@id": format!("{base}/points/{point}"),
            "@type": "wx:Point",
            "cwa": "TOP",
            "forecastOffice": format!("{base}/offices/TOP"),
            "gridId": "TOP",
            "gridX": 31,
            "gridY": 80,
            "forecast": format!("{base}/gridpoints/TOP/31,80/forecast"),
            "forecastHourly": format!("{base}/gridpoints/TOP/31,80/forecast/hourly"),
            "forecastGridData": format!("{base}/gridpoints/TOP/31,80"),
            "observationStations": format!("{base}/gridpoints/TOP/31,80/stations"),
            "relativeLocation": {
                "type": "Feature",
                "geometry": { "type": "Point", "coordinates": [-97.086_661, 39.679_376] },
                "properties": {
                    "city": "Linn",
                    "state": "KS",
                    "distance": { "unitCode": "wmoUnit:m", "value": 7_366.98 },
                    "bearing": { "unitCode": "wmoUnit:degree_(angle)", "value": 358 },
                },
            },
            "forecastZone": format!("{base}/zones/forecast/KSZ009"),
            "county": format!("{base}/zones/county/KSC201"),
            "timeZone": "America/Chicago",
            "radarStation": "KTWX",
        },
    }))
}

fn parse_point(text: &str) -> Option<(f64, f64)> {
    let (latitude, longitude) = text.split_once(',')?;
    Some((latitude.parse().ok()?, longitude.parse().ok()?))
}

fn round(degrees: f64) -> f64 {
    (degrees * 10_000.0).round() / 10_000.0
}

async fn forecast(Path((_office, _cell)): Path<(String, String)>) -> Response {
    let periods: Vec<_> = [
        ("This Afternoon", true, 41, "5 to 10 mph", "S", "Sunny", "Sunny, with a high near 41."),
        ("Tonight", false, 24, "5 mph", "SE", "Mostly Clear", "Mostly clear, with a low around 24."),
        ("Friday", true, 45, "10 to 15 mph", "S", "Partly Sunny", "Partly sunny, with a high near 45."),
        ("Friday Night", false, 30, "10 mph", "W", "Chance Light Snow", "A chance of snow. Low around 30."),
        ("Saturday", true, 33, "15 mph", "NW", "Light Snow", "Snow likely. Cloudy, with a high near 33."),
        ("Saturday Night", false, 18, "10 mph", "NW", "Mostly Cloudy", "Mostly cloudy, with a low around 18."),
    ]
    .into_iter()
    .zip(1..)
    .map(|((name, is_daytime, temperature, wind, direction, short, detailed), number)| {
        json!({
            "number": number,
            "name": name,
            "startTime": "2026-01-15T14:00:00-06:00",
            "endTime": "2026-01-15T18:00:00-06:00",
            "isDaytime": is_daytime,
            "temperature": temperature,
            "temperatureUnit": "F",
            "temperatureTrend": "",
            "probabilityOfPrecipitation": { "unitCode": "wmoUnit:percent", "value": 10 },
            "windSpeed": wind,
            "windDirection": direction,
            "icon": "https://api.weather.gov/icons/land/day/few?size=medium",
            "shortForecast": short,
            "detailedForecast": detailed,
        })
    })
    .collect();
    geo_json(&json!({
        "type": "Feature",
        "geometry": { "type": "Polygon", "coordinates": [[[-97.1, 39.7], [-97.0, 39.7], [-97.0, 39.8], [-97.1, 39.7]]] },
        "properties": {
            "units": "us",
            "forecastGenerator": "BaselineForecastGenerator",
            "generatedAt": "2026-01-15T20:05:00+00:00",
            "updateTime": "2026-01-15T19:40:00+00:00",
            "validTimes": "2026-01-15T13:00:00+00:00/P7DT12H",
            "elevation": { "unitCode": "wmoUnit:m", "value": 441.96 },
            "periods": periods,
        },
    }))
}

fn geo_json(document: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/geo+json")], document.to_string()).into_response()
}

fn problem(status: StatusCode, title: &str, detail: &str) -> Response {
    let document = json!({
        "correlationId": "0000000",
        "title": title,
        "type": format!("https://api.weather.gov/problems/{}", title.replace(' ', "")),
        "status": status.as_u16(),
        "detail": detail,
        "instance": "https://api.weather.gov/requests/0000000",
    });
    (status, [(header::CONTENT_TYPE, "application/problem+json")], document.to_string()).into_response()
}
