//! What the platform is told as bindings: the limits of requests, those of `wrangler.toml` with the deployment's numbers, and
//! where counts and times go.

use anyhow::{Context as _, Result};
use edgeward_core::{Config, config::RateLimits, platform::Limit};
use serde_json::{Value, json};

use super::CONFIG;
use crate::deployment::Environment;

/// The members of a configuration that hold bindings, with what they hold.
pub(super) type Bindings = [(&'static str, Value); 2];

/// The bindings that a deployment has in an environment: those of `own`, which `wrangler.toml` says, and its own.
///
/// # Errors
/// When the settings have a number for a limit that is not there.
pub(super) fn of(own: &Value, environment: Environment, config: &Config) -> Result<Bindings> {
    let member = |name: &str| {
        let bindings = &own["env"][environment.to_string()][name];
        bindings.as_array().cloned().unwrap_or_default()
    };
    let (mut limits, mut datasets) = (member(LIMITS), member(DATASETS));
    set_limits(&mut limits, &config.rate_limits)?;
    if let Some(dataset) = &config.metrics_dataset {
        datasets.retain(|binding| binding["binding"] != METRICS);
        datasets.push(json!({ "binding": METRICS, "dataset": dataset }));
    }
    Ok([(LIMITS, limits.into()), (DATASETS, datasets.into())])
}

const LIMITS: &str = "ratelimits";
const DATASETS: &str = "analytics_engine_datasets";
/// What the edge calls the dataset.
const METRICS: &str = "METRICS";

fn set_limits(bindings: &mut [Value], limits: &RateLimits) -> Result<()> {
    for limit in Limit::ALL {
        let Some(number) = limits.get(limit) else { continue };
        let binding = bindings.iter_mut().find(|binding| binding["name"] == limit.binding());
        let binding = binding.with_context(|| format!("{CONFIG} has no binding {} to limit", limit.binding()))?;
        binding["simple"]["limit"] = number.into();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::destination::tests::config;

    fn of_the_edge(environment: Environment) -> Vec<Value> {
        let own = toml::from_str(include_str!("../../../../edge/cloudflare/wrangler.toml")).unwrap();
        let [(_, limits), (_, datasets)] = of(&own, environment, &config(&[])).unwrap();
        assert_eq!(datasets, json!([]), "off by default");
        limits.as_array().cloned().unwrap()
    }

    #[test]
    fn every_environment_has_every_limit_with_the_same_numbers_and_counters_of_its_own() {
        let all = [Environment::Dev, Environment::Staging, Environment::Prod].map(of_the_edge);
        let mut counters = Vec::new();
        for bindings in &all {
            let names: Vec<_> = bindings.iter().map(|binding| binding["name"].as_str().unwrap()).collect();
            assert_eq!(names, Limit::ALL.map(Limit::binding));
            for (binding, same) in bindings.iter().zip(&all[0]) {
                assert_eq!(binding["simple"], same["simple"]);
                counters.push(binding["namespace_id"].as_str().unwrap());
            }
        }
        counters.sort_unstable();
        counters.dedup();
        assert_eq!(counters.len(), 3 * Limit::ALL.len(), "no counter is shared");
    }

    #[test]
    fn a_number_for_a_limit_that_is_not_there_is_refused() {
        let mut bindings = of_the_edge(Environment::Prod);
        let limits = |text: &str| config(&[("EDGEWARD_RATE_LIMITS", text)]).rate_limits;
        let before = bindings.clone();
        let client = bindings.iter().position(|binding| binding["name"] == Limit::Client.binding()).unwrap();
        set_limits(&mut bindings, &limits("client:7")).unwrap();
        for (place, (now, before)) in bindings.iter().zip(&before).enumerate() {
            let numbers = if place == client { &json!({ "limit": 7, "period": 60 }) } else { &before["simple"] };
            assert_eq!(now["simple"], *numbers);
        }
        bindings.remove(client);
        assert!(set_limits(&mut bindings, &limits("client:7")).is_err());
        set_limits(&mut bindings, &limits("address:7")).unwrap();
    }
}
