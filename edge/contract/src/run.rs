//! One port's contract, as a test asks for it over HTTP.

use edgeward_core::platform::Platform;

use crate::{
    Peer, Report, clock_contract, coordination_contract, count_contract, fetch_contract, log_contract, memory_contract,
    randomness_contract, rs256_contract, timer_contract,
};

/// The ports, by the names of their contracts.
pub const PORTS: [&str; 9] =
    ["clock", "randomness", "fetch", "timer", "count", "rs256", "coordination", "memory", "log"];

/// Runs the contract of the port with this name against all of a platform, and gives its report as lines of JSON. `query` is that
/// of the request which asked for it: `serving`, `closing` and `refusing` are the addresses of the [`Peer`], and `reason` is what the
/// records of the log say. Nothing in it is encoded. `None` if there is no such port.
pub async fn run(platform: &impl Platform, port: &str, query: Option<&str>) -> Option<String> {
    let report: Report = match port {
        "clock" => clock_contract(platform, platform).await,
        "randomness" => randomness_contract(platform).await,
        "fetch" => {
            let base = |name| format!("http://{}", parameter(query, name));
            let peer = Peer { serving: base("serving"), closing: base("closing"), refusing: base("refusing") };
            fetch_contract(platform, platform, &peer).await
        }
        "timer" => timer_contract(platform, platform).await,
        "count" => count_contract(platform, platform).await,
        "rs256" => rs256_contract(platform).await,
        "coordination" => coordination_contract(platform, platform, platform).await,
        "memory" => memory_contract(platform, platform, platform).await,
        "log" => log_contract(platform, parameter(query, "reason")).await,
        _ => return None,
    };
    Some(report.to_json_lines())
}

fn parameter<'a>(query: Option<&'a str>, name: &str) -> &'a str {
    let pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(known, _)| *known == name).map(|(_, value)| value).next().unwrap_or_default()
}
