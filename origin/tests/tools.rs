//! Tools, resources and prompts, asked for by the real rmcp client in both protocol eras.

mod support;

use rmcp::model::{GetPromptRequestParams, ReadResourceRequestParams, ResourceContents};
use serde_json::{Value, json};
use support::{
    Origin, any_port, assertion_of,
    client::{Client, ERAS, call, connect, text},
    variables,
    weather::Weather,
};

async fn origin() -> (Origin, Weather) {
    let weather = Weather::start(any_port()).await.unwrap();
    (Origin::start(variables(&weather.url())).await, weather)
}

async fn each_era(check: impl AsyncFn(Client)) {
    let (origin, _weather) = origin().await;
    for era in ERAS {
        check(connect(&origin.mcp(), &assertion_of("user-1"), era).await).await;
    }
}

#[tokio::test]
async fn whoami_tells_the_verified_identity_as_data_and_as_text() {
    each_era(async |client| {
        let result = call(&client, "whoami", json!({})).await;
        assert_eq!(result.is_error, Some(false));
        let who = result.structured_content.clone().unwrap();
        let expected = json!({
            "subject": "user-1",
            "kind": "user",
            "username": "demo",
            "email": "demo@example.com",
            "groups": ["staff"],
            "client_id": "client-1",
            "scopes": ["mcp", "weather"],
            "auth_time": 1_790_000_000,
            "issuer": "https://edge.example",
        });
        assert_eq!(who, expected);
        assert_eq!(serde_json::from_str::<Value>(&text(&result)).unwrap(), expected);
    })
    .await;
}

#[tokio::test]
async fn the_tools_are_listed_with_schemas() {
    each_era(async |client| {
        let tools = client.list_all_tools().await.unwrap();
        let mut names: Vec<_> = tools.iter().map(|tool| tool.name.as_ref()).collect();
        names.sort_unstable();
        assert_eq!(names, ["count_slowly", "get_alerts", "get_forecast", "whoami"]);
        assert!(tools.iter().all(|tool| tool.description.is_some() && tool.input_schema.contains_key("type")));
        let whoami = tools.iter().find(|tool| tool.name == "whoami").unwrap();
        assert!(whoami.output_schema.is_some());
    })
    .await;
}

/// Clients warn about formats that JSON Schema does not define, such as `uint64`.
#[tokio::test]
async fn schemas_have_only_formats_that_json_schema_defines() {
    each_era(async |client| {
        let tools = serde_json::to_value(client.list_all_tools().await.unwrap()).unwrap();
        let prompts = serde_json::to_value(client.list_all_prompts().await.unwrap()).unwrap();
        let resources = serde_json::to_value(client.list_all_resources().await.unwrap()).unwrap();
        let templates = serde_json::to_value(client.list_all_resource_templates().await.unwrap()).unwrap();
        // The schemas are there, with what else they say of numbers.
        let whoami = tools.as_array().unwrap().iter().find(|tool| tool["name"] == "whoami").unwrap();
        let auth_time = &whoami["outputSchema"]["properties"]["auth_time"];
        assert!(auth_time["type"].to_string().contains("integer") && auth_time["minimum"] == 0, "{auth_time}");
        for list in [tools, prompts, resources, templates] {
            assert!(!list.as_array().unwrap().is_empty());
            for format in formats(&list) {
                assert!(FORMATS.contains(&format), "{format} in {list}");
            }
        }
    })
    .await;
}

/// JSON Schema 2020-12, Validation §7.3.
const FORMATS: [&str; 19] = [
    "date-time",
    "date",
    "time",
    "duration",
    "email",
    "idn-email",
    "hostname",
    "idn-hostname",
    "ipv4",
    "ipv6",
    "uri",
    "uri-reference",
    "iri",
    "iri-reference",
    "uuid",
    "uri-template",
    "json-pointer",
    "relative-json-pointer",
    "regex",
];

fn formats(json: &Value) -> Vec<&str> {
    match json {
        Value::Object(members) => {
            let own = members.get("format").and_then(Value::as_str);
            own.into_iter().chain(members.values().flat_map(formats)).collect()
        }
        Value::Array(items) => items.iter().flat_map(formats).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn alerts_are_told_for_a_state_that_has_some_and_for_one_that_has_none() {
    each_era(async |client| {
        let alerts = text(&call(&client, "get_alerts", json!({ "state": "ca" })).await);
        assert!(alerts.starts_with("2 active weather alerts for California"), "{alerts}");
        assert!(alerts.contains("Event: Winter Storm Warning") && alerts.contains("Severity: Severe"), "{alerts}");
        assert!(alerts.contains("Instructions: Travel is strongly discouraged."), "{alerts}");
        let none = text(&call(&client, "get_alerts", json!({ "state": "TX" })).await);
        assert_eq!(none, "No active weather alerts for Texas.");
    })
    .await;
}

#[tokio::test]
async fn a_forecast_is_told_for_a_point_in_any_spelling() {
    each_era(async |client| {
        for (latitude, longitude) in [(39.7456, -97.0892), (39.745_612_3, -97.089_199_9), (39.5, -97.0)] {
            let arguments = json!({ "latitude": latitude, "longitude": longitude });
            let result = call(&client, "get_forecast", arguments).await;
            let forecast = text(&result);
            assert_eq!(result.is_error, Some(false), "{forecast}");
            assert!(forecast.starts_with("This Afternoon:\nTemperature: 41°F\nWind: 5 to 10 mph S\n"), "{forecast}");
            assert_eq!(forecast.matches("\n---\n").count(), 4, "five periods");
        }
    })
    .await;
}

#[tokio::test]
async fn the_weather_service_is_told_who_asks() {
    let (origin, weather) = origin().await;
    let client = connect(&origin.mcp(), &assertion_of("user-1"), ERAS[1]).await;
    call(&client, "get_alerts", json!({ "state": "TX" })).await;
    let seen = weather.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].path, "/alerts/active/area/TX");
    assert!(seen[0].user_agent.as_deref().unwrap().starts_with("edgeward-origin/"));
}

#[tokio::test]
async fn arguments_that_make_no_sense_are_a_tool_error_and_ask_nobody() {
    let (origin, weather) = origin().await;
    for era in ERAS {
        let client = connect(&origin.mcp(), &assertion_of("user-1"), era).await;
        for (tool, arguments) in [
            ("get_alerts", json!({ "state": "California" })),
            ("get_alerts", json!({ "state": "ZZ" })),
            ("get_alerts", json!({ "state": "../CA" })),
            ("get_forecast", json!({ "latitude": 90.5, "longitude": 0 })),
            ("get_forecast", json!({ "latitude": 0, "longitude": -181 })),
            ("count_slowly", json!({ "steps": 0, "interval_ms": 1 })),
            ("count_slowly", json!({ "steps": 1001, "interval_ms": 1 })),
            ("count_slowly", json!({ "steps": 1, "interval_ms": 60_001 })),
        ] {
            let result = call(&client, tool, arguments.clone()).await;
            assert_eq!(result.is_error, Some(true), "{tool} {arguments}");
            assert!(text(&result).contains("must be"), "{tool} {arguments}");
        }
    }
    assert_eq!(weather.seen(), []);
}

#[tokio::test]
async fn resources_can_be_listed_and_read() {
    each_era(async |client| {
        let resources = client.list_all_resources().await.unwrap();
        assert_eq!(resources.iter().map(|resource| resource.uri.as_str()).collect::<Vec<_>>(), ["weather://areas"]);
        let areas: Value = serde_json::from_str(&read(&client, "weather://areas").await.unwrap()).unwrap();
        assert!(areas.as_array().unwrap().contains(&json!({ "code": "CA", "name": "California" })));

        let templates = client.list_all_resource_templates().await.unwrap();
        assert_eq!(templates[0].uri_template, "weather://alerts/{area}");
        assert!(read(&client, "weather://alerts/CA").await.unwrap().contains("Winter Storm Warning"));

        for unknown in ["weather://alerts/ZZ", "weather://alerts/", "weather://", "file:///etc/passwd"] {
            assert_eq!(read(&client, unknown).await, None, "{unknown}");
        }
    })
    .await;
}

async fn read(client: &Client, uri: &str) -> Option<String> {
    let result = client.read_resource(ReadResourceRequestParams::new(uri)).await.ok()?;
    match result.contents.first()? {
        ResourceContents::TextResourceContents { text, .. } => Some(text.clone()),
        _ => None,
    }
}

#[tokio::test]
async fn the_prompt_is_filled_in() {
    each_era(async |client| {
        let prompts = client.list_all_prompts().await.unwrap();
        assert_eq!(prompts.iter().map(|prompt| prompt.name.as_str()).collect::<Vec<_>>(), ["weather_briefing"]);
        let prompt = |state: &str| {
            let arguments = json!({ "state": state }).as_object().cloned().unwrap();
            client.get_prompt(GetPromptRequestParams::new("weather_briefing").with_arguments(arguments))
        };
        let filled = prompt("ca").await.unwrap();
        assert!(serde_json::to_string(&filled.messages).unwrap().contains("weather in California"));
        assert!(prompt("ZZ").await.is_err());
    })
    .await;
}
