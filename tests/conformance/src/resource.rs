//! Resources: a text, a picture, one to watch, and a template.

use rmcp::{
    ErrorData,
    model::{
        ListResourceTemplatesResult, ListResourcesResult, ReadResourceResult, Resource, ResourceContents,
        ResourceTemplate,
    },
};
use serde_json::json;

use crate::sample;

const TEXT: &str = "test://static-text";
const PICTURE: &str = "test://static-binary";
const WATCHED: &str = "test://watched-resource";
const TEMPLATE: (&str, &str) = ("test://template/", "/data");

pub(crate) fn list() -> ListResourcesResult {
    ListResourcesResult::with_all_items(vec![
        Resource::new(TEXT, "static-text").with_description("A text that stays.").with_mime_type("text/plain"),
        Resource::new(PICTURE, "static-binary").with_description("A picture.").with_mime_type("image/png"),
        Resource::new(WATCHED, "watched-resource").with_description("To subscribe to.").with_mime_type("text/plain"),
    ])
}

pub(crate) fn templates() -> ListResourceTemplatesResult {
    let uri = format!("{}{{id}}{}", TEMPLATE.0, TEMPLATE.1);
    ListResourceTemplatesResult::with_all_items(vec![
        ResourceTemplate::new(uri, "template").with_description("Data by id.").with_mime_type("application/json"),
    ])
}

pub(crate) fn read(uri: &str) -> Result<ReadResourceResult, ErrorData> {
    let contents = match uri {
        TEXT => ResourceContents::text("Always the same.", uri).with_mime_type("text/plain"),
        WATCHED => ResourceContents::text("Somebody may be watching.", uri).with_mime_type("text/plain"),
        PICTURE => ResourceContents::blob(sample::PNG, uri).with_mime_type("image/png"),
        _ => {
            let id = uri.strip_prefix(TEMPLATE.0).and_then(|rest| rest.strip_suffix(TEMPLATE.1));
            let id = id.ok_or_else(|| not_found(uri))?;
            let text = json!({ "id": id, "about": format!("data of {id}") }).to_string();
            ResourceContents::text(text, uri).with_mime_type("application/json")
        }
    };
    Ok(ReadResourceResult::new(vec![contents]))
}

/// Whether it can be subscribed to.
pub(crate) fn check(uri: &str) -> Result<(), ErrorData> {
    read(uri).map(drop)
}

fn not_found(uri: &str) -> ErrorData {
    ErrorData::resource_not_found("no such resource", Some(json!({ "uri": uri })))
}
