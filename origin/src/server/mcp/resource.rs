//! Resources: the list of areas, and the alerts of each.

use rmcp::{
    ErrorData,
    model::{
        ListResourceTemplatesResult, ListResourcesResult, ReadResourceResult, Resource, ResourceContents,
        ResourceTemplate,
    },
};
use serde_json::{Value, json};

use crate::server::weather::{AREAS, Area, Weather};

const AREAS_URI: &str = "weather://areas";
const ALERTS_URI: &str = "weather://alerts/";

pub(super) fn list() -> ListResourcesResult {
    ListResourcesResult::with_all_items(vec![
        Resource::new(AREAS_URI, "areas")
            .with_title("Areas")
            .with_description("Codes and names of the states and territories that have alerts.")
            .with_mime_type("application/json"),
    ])
}

pub(super) fn templates() -> ListResourceTemplatesResult {
    ListResourceTemplatesResult::with_all_items(vec![
        ResourceTemplate::new(format!("{ALERTS_URI}{{area}}"), "alerts")
            .with_title("Weather alerts of an area")
            .with_description("The weather alerts in force in a US state or territory, by its two-letter code.")
            .with_mime_type("text/plain"),
    ])
}

pub(super) async fn read(weather: &Weather, uri: &str) -> Result<ReadResourceResult, ErrorData> {
    let (text, mime_type) = if uri == AREAS_URI {
        let areas: Vec<Value> = AREAS.iter().map(|(code, name)| json!({ "code": code, "name": name })).collect();
        (Value::from(areas).to_string(), "application/json")
    } else {
        let area = uri.strip_prefix(ALERTS_URI).and_then(Area::parse);
        let area =
            area.ok_or_else(|| ErrorData::resource_not_found("no such resource", Some(json!({ "uri": uri }))))?;
        let alerts = weather.alerts(area).await;
        (alerts.map_err(|error| ErrorData::internal_error(error.to_string(), None))?, "text/plain")
    };
    Ok(ReadResourceResult::new(vec![ResourceContents::text(text, uri).with_mime_type(mime_type)]))
}
