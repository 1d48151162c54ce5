//! Cognito's discovery document and keys.

use edgeward_core::Config;

use super::issuer;
use crate::{
    fetch::Fetch,
    report::{Problem, Report},
};

const JWKS_PATH: &str = "/.well-known/jwks.json";
const DISCOVERY_PATH: &str = "/.well-known/openid-configuration";

pub(super) async fn check(config: &Config, fetch: &Fetch, report: &mut Report) {
    let cognito = &config.cognito;
    // Where the keys are is where the document is: the issuer of a stand-in may be a name only.
    let base = cognito.jwks_url.strip_suffix(JWKS_PATH).unwrap_or(cognito.issuer());
    let url = format!("{base}{DISCOVERY_PATH}");
    match fetch.json(&url, None).await {
        Err(error) => {
            let remedy = "compare cognito-user-pool-id with the user pool, and its region";
            report.problem(Problem::new(url, format!("cannot be read: {error:#}"), remedy));
        }
        Ok(document) => {
            let found = |member: &str| document[member].as_str().unwrap_or_default().to_owned();
            let mut differs = |member: &str, expected: &str, parameter: &str| {
                let found = found(member);
                if found != expected {
                    let what = format!("says {member} {found:?}, but by the parameters it is {expected:?}");
                    report.problem(Problem::new(url.clone(), what, format!("correct the parameter {parameter}")));
                }
            };
            // A pool whose tokens name one form was seen with a document that names the other.
            if !issuer::forms(cognito.issuer()).contains(&found("issuer")) {
                differs("issuer", cognito.issuer(), "cognito-user-pool-id or cognito-issuer");
            }
            differs("token_endpoint", &format!("{}/oauth2/token", cognito.domain), "cognito-domain");
            if !issuer::forms(cognito.issuer()).iter().any(|form| found("jwks_uri") == format!("{form}{JWKS_PATH}")) {
                differs("jwks_uri", &cognito.jwks_url, "cognito-jwks-url");
            }
        }
    }
    match fetch.json(&cognito.jwks_url, None).await {
        Ok(document) if document["keys"].as_array().is_some_and(|keys| !keys.is_empty()) => {}
        Ok(_) => {
            report.problem(Problem::new(&cognito.jwks_url, "holds no keys", "correct the parameter cognito-jwks-url"))
        }
        Err(error) => {
            let what = format!("cannot be read: {error:#}");
            report.problem(Problem::new(&cognito.jwks_url, what, "compare cognito-user-pool-id with the user pool"));
        }
    }
}
