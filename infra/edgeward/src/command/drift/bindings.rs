//! The Worker's variables and secrets, as Cloudflare's API tells them.

use super::PUSH;
use crate::{
    cloudflare::Cloudflare,
    edge::Settings,
    fetch::Fetch,
    report::{Problem, Report},
};

/// Compares them with the settings.
pub(super) async fn check(
    cloudflare: &Cloudflare,
    fetch: &Fetch,
    settings: &Settings,
    worker: &str,
    report: &mut Report,
) {
    let place = format!("the Worker {worker}");
    let found = match cloudflare.bindings(fetch, worker).await {
        Ok(found) => found,
        Err(error) => {
            let what = format!("cannot be read from Cloudflare: {error:#}");
            let remedy =
                "compare CLOUDFLARE_ACCOUNT_ID and the token's permissions, or run `edgeward push` if it is new";
            report.problem(Problem::new(place, what, remedy));
            return;
        }
    };
    let mut problem = |what: String, remedy: &str| report.problem(Problem::new(place.clone(), what, remedy));
    for (name, expected) in settings.plain() {
        match found.variables.get(name) {
            None => problem(format!("lacks the variable {name}"), PUSH),
            Some(text) if text != expected => {
                problem(format!("has {name} = {text:?}, and the parameter says {expected:?}"), PUSH);
            }
            Some(_) => {}
        }
    }
    for name in found.variables.keys().filter(|name| !settings.plain().any(|(expected, _)| expected == *name)) {
        problem(format!("has the variable {name}, for which there is no parameter"), PUSH);
    }
    for (name, _) in settings.secret().filter(|(name, _)| !found.secrets.iter().any(|found| found == name)) {
        problem(format!("lacks the secret {name}"), PUSH);
    }
    for name in found.secrets.iter().filter(|name| !settings.secret().any(|(expected, _)| expected == *name)) {
        let remedy = "run `edgeward push`, or `wrangler secret delete` if it is none of Edgeward's";
        problem(format!("has the secret {name}, for which there is no parameter"), remedy);
    }
}
