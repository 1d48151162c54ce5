//! A client of the US National Weather Service API (<https://www.weather.gov/documentation/services-web-api>).
//!
//! Reads only what it prints. Everything else that can go wrong there is a [`WeatherError`], worded for the user of a
//! tool.

mod answer;
mod area;
mod point;

use std::time::Duration;

use serde::de::DeserializeOwned;
use url::Url;

use crate::outbound::{Limits, Outbound, OutboundError};

pub(crate) use self::{
    area::{AREAS, Area},
    point::Point,
};

/// The client. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Weather {
    base: Url,
    outbound: Outbound,
}

impl Weather {
    /// A client of the service at `base`.
    pub(crate) fn new(base: Url, outbound: Outbound) -> Self {
        Self { base, outbound }
    }

    /// The alerts in force in `area`, as text.
    pub(crate) async fn alerts(&self, area: Area) -> Result<String, WeatherError> {
        let url = self.url(&["alerts", "active", "area", area.code()])?;
        let alerts: answer::Alerts = self.fetch(&url).await?;
        Ok(alerts.to_text(area))
    }

    /// The forecast for `point`, as text.
    pub(crate) async fn forecast(&self, point: Point) -> Result<String, WeatherError> {
        let url = self.url(&["points", &point.to_string()])?;
        let grid: answer::Grid = self.fetch(&url).await.map_err(|error| match error {
            WeatherError::NotFound => WeatherError::NoForecast,
            other => other,
        })?;
        let url = Url::parse(grid.forecast()).map_err(|_| WeatherError::Nonsense)?;
        // The answer says where to look next; it must not send us anywhere else than to the service itself.
        if url.origin() != self.base.origin() {
            return Err(WeatherError::Nonsense);
        }
        let forecast: answer::Forecast = self.fetch(&url).await?;
        forecast.to_text().ok_or(WeatherError::Nonsense)
    }

    fn url(&self, segments: &[&str]) -> Result<Url, WeatherError> {
        let mut url = self.base.clone();
        url.path_segments_mut().map_err(|()| WeatherError::Nonsense)?.pop_if_empty().extend(segments);
        Ok(url)
    }

    async fn fetch<T: DeserializeOwned>(&self, url: &Url) -> Result<T, WeatherError> {
        let reply = self.outbound.get(url, "application/geo+json", LIMITS).await?;
        match reply.status.as_u16() {
            200 => serde_json::from_slice(&reply.body).map_err(|_| WeatherError::Nonsense),
            404 => Err(WeatherError::NotFound),
            status => Err(WeatherError::Refused { status }),
        }
    }
}

/// Alerts of a stormy state are a few hundred kilobytes.
const LIMITS: Limits = Limits { deadline: Duration::from_secs(8), max_bytes: 4 * 1024 * 1024 };

/// Why there is no weather.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WeatherError {
    #[error("The National Weather Service cannot be reached. Please try again later.")]
    Unreachable,
    #[error("The National Weather Service did not answer in time. Please try again later.")]
    TimedOut,
    #[error("The National Weather Service answered with an error (status {status}). Please try again later.")]
    Refused { status: u16 },
    #[error("The National Weather Service gave an answer that makes no sense. Please try again later.")]
    Nonsense,
    #[error("The National Weather Service knows nothing about this.")]
    NotFound,
    #[error("There is no forecast for this point: the National Weather Service covers the United States only.")]
    NoForecast,
}

impl From<OutboundError> for WeatherError {
    fn from(error: OutboundError) -> Self {
        match error {
            OutboundError::TimedOut => Self::TimedOut,
            OutboundError::TooLong => Self::Nonsense,
            OutboundError::Unreachable | OutboundError::Broken | OutboundError::Tls => Self::Unreachable,
        }
    }
}
