//! When the weather service fails, the tool says so, and the server goes on.

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::{
    NOWHERE, Origin, any_port, assertion_of,
    client::{Client, Era, call, connect, text},
    variables,
    weather::{Behaviour, Weather},
};

async fn connected(weather_url: &str) -> (Origin, Client) {
    let origin = Origin::start(variables(weather_url)).await;
    let client = connect(&origin.mcp(), &assertion_of("user-1"), Era::Modern).await;
    (origin, client)
}

fn tools() -> [(&'static str, Value); 2] {
    [("get_alerts", json!({ "state": "CA" })), ("get_forecast", json!({ "latitude": 39.7456, "longitude": -97.0892 }))]
}

async fn assert_fails(client: &Client, tool: &str, arguments: Value, saying: &str) {
    let result = call(client, tool, arguments).await;
    assert_eq!(result.is_error, Some(true), "{tool}");
    assert!(text(&result).contains(saying), "{tool}: {}", text(&result));
}

async fn assert_works(client: &Client) {
    for (tool, arguments) in tools() {
        assert_eq!(call(client, tool, arguments).await.is_error, Some(false), "{tool}");
    }
}

#[tokio::test]
async fn a_service_that_is_down_is_a_tool_error() {
    let (_origin, client) = connected(NOWHERE).await;
    for (tool, arguments) in tools() {
        assert_fails(&client, tool, arguments, "cannot be reached").await;
    }
    // Only the weather is down.
    assert_eq!(call(&client, "whoami", json!({})).await.is_error, Some(false));
}

#[tokio::test]
async fn a_service_that_answers_with_an_error_is_a_tool_error() {
    let weather = Weather::start(any_port()).await.unwrap();
    let (_origin, client) = connected(&weather.url()).await;
    weather.behave(Behaviour::Failing);
    for (tool, arguments) in tools() {
        assert_fails(&client, tool, arguments, "status 503").await;
    }
    weather.behave(Behaviour::Normal);
    assert_works(&client).await;
}

#[tokio::test]
async fn a_service_that_is_slow_is_waited_for_but_not_for_ever() {
    let weather = Weather::start(any_port()).await.unwrap();
    let (_origin, client) = connected(&weather.url()).await;
    weather.behave(Behaviour::Slow(Duration::from_millis(500)));
    assert_works(&client).await;
    weather.behave(Behaviour::Slow(Duration::from_secs(60)));
    let [(tool, arguments), _] = tools();
    assert_fails(&client, tool, arguments, "did not answer in time").await;
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_a_tool_error() {
    let weather = Weather::start(any_port()).await.unwrap();
    let (_origin, client) = connected(&weather.url()).await;
    weather.behave(Behaviour::Nonsense);
    for (tool, arguments) in tools() {
        assert_fails(&client, tool, arguments, "makes no sense").await;
    }
    weather.behave(Behaviour::Normal);
    assert_works(&client).await;
}

#[tokio::test]
async fn the_service_cannot_send_us_to_another_host() {
    let weather = Weather::start(any_port()).await.unwrap();
    let (_origin, client) = connected(&weather.url()).await;
    weather.behave(Behaviour::Astray);
    let [_, (tool, arguments)] = tools();
    assert_fails(&client, tool, arguments, "makes no sense").await;
    weather.behave(Behaviour::Normal);
    assert_works(&client).await;
}

#[tokio::test]
async fn a_point_outside_the_united_states_has_no_forecast() {
    let weather = Weather::start(any_port()).await.unwrap();
    let (_origin, client) = connected(&weather.url()).await;
    let london = json!({ "latitude": 51.5, "longitude": -0.12 });
    assert_fails(&client, "get_forecast", london, "covers the United States only").await;
}
