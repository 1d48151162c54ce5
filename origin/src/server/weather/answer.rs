//! What the service answers, as far as it is printed, and how it is printed.

use std::fmt::Write as _;

use serde::Deserialize;

use super::Area;

/// `/alerts/active/area/{area}`.
#[derive(Debug, Deserialize)]
pub(super) struct Alerts {
    features: Vec<Feature<Alert>>,
}

#[derive(Debug, Deserialize)]
struct Feature<T> {
    properties: T,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Alert {
    event: String,
    area_desc: Option<String>,
    severity: Option<String>,
    headline: Option<String>,
    description: Option<String>,
    instruction: Option<String>,
}

impl Alerts {
    pub(super) fn to_text(&self, area: Area) -> String {
        let place = area.name();
        if self.features.is_empty() {
            return format!("No active weather alerts for {place}.");
        }
        let count = self.features.len();
        let noun = if count == 1 { "alert" } else { "alerts" };
        let mut text = format!("{count} active weather {noun} for {place}");
        for Feature { properties: alert } in self.features.iter().take(MAX_ALERTS) {
            text.push_str("\n---\n");
            let lines = [
                ("Event", Some(&alert.event)),
                ("Headline", alert.headline.as_ref()),
                ("Area", alert.area_desc.as_ref()),
                ("Severity", alert.severity.as_ref()),
                ("Description", alert.description.as_ref()),
                ("Instructions", alert.instruction.as_ref()),
            ];
            let lines: Vec<_> =
                lines.iter().filter_map(|(name, value)| Some(format!("{name}: {}", (*value)?.trim()))).collect();
            text.push_str(&lines.join("\n"));
        }
        if count > MAX_ALERTS {
            // Writing to a String cannot fail.
            let _ = write!(text, "\n---\n{} more are not shown.", count - MAX_ALERTS);
        }
        text
    }
}

/// Enough to act on; more would only fill a model's context.
const MAX_ALERTS: usize = 20;

/// `/points/{latitude},{longitude}`: which grid cell, hence which forecast.
#[derive(Debug, Deserialize)]
pub(super) struct Grid {
    properties: GridProperties,
}

#[derive(Debug, Deserialize)]
struct GridProperties {
    forecast: String,
}

impl Grid {
    pub(super) fn forecast(&self) -> &str {
        &self.properties.forecast
    }
}

/// `/gridpoints/{office}/{x},{y}/forecast`.
#[derive(Debug, Deserialize)]
pub(super) struct Forecast {
    properties: ForecastProperties,
}

#[derive(Debug, Deserialize)]
struct ForecastProperties {
    periods: Vec<Period>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Period {
    name: String,
    temperature: Option<f64>,
    temperature_unit: Option<String>,
    wind_speed: Option<String>,
    wind_direction: Option<String>,
    detailed_forecast: String,
}

impl Forecast {
    /// The next periods; `None` when there is none.
    pub(super) fn to_text(&self) -> Option<String> {
        let periods: Vec<_> = self.properties.periods.iter().take(MAX_PERIODS).map(Period::to_text).collect();
        (!periods.is_empty()).then(|| periods.join("\n---\n"))
    }
}

impl Period {
    fn to_text(&self) -> String {
        let mut text = format!("{}:", self.name);
        // Writing to a String cannot fail.
        if let Some(temperature) = self.temperature {
            let _ = write!(text, "\nTemperature: {temperature}°{}", self.temperature_unit.as_deref().unwrap_or("F"));
        }
        if let Some(speed) = &self.wind_speed {
            let _ = write!(text, "\nWind: {speed} {}", self.wind_direction.as_deref().unwrap_or_default());
        }
        let _ = write!(text, "\nForecast: {}", self.detailed_forecast);
        text
    }
}

/// Two and a half days.
const MAX_PERIODS: usize = 5;
