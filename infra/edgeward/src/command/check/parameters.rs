//! Parameters of the edge, and whether the origin's agree with them.

use edgeward_core::Config;
use edgeward_identity::names::{
    edge::{ORIGIN_AUDIENCE, ORIGIN_URL, SETTINGS},
    origin::{AUDIENCE, ISSUER, Setting},
};

use super::super::Described;
use crate::{
    managed_secret,
    parameter::Parameters,
    report::{Problem, Report},
};

const STACKS: &str = "deploy the stacks again";

pub(super) fn check(
    described: &Described,
    origin: Option<&Parameters>,
    config: &Result<Config, Vec<Problem>>,
    report: &mut Report,
) {
    let deployment = &described.store.deployment;
    for (name, found) in &described.edge {
        let place = match deployment.file() {
            Some(_) => deployment.secret(name),
            None => format!("{}/{name}", deployment.edge_path()),
        };
        match SETTINGS.into_iter().find(|setting| setting.parameter == name) {
            None => report.problem(Problem::new(
                place,
                "no setting of the edge is called so",
                "correct its name, or delete it",
            )),
            // The ARN of a secret is none.
            Some(setting) if setting.secret && !found.is_secure && managed_secret::arn(found.text()).is_none() => {
                let remedy = "delete it, replace what it held, and store that as a SecureString";
                report.problem(Problem::new(place, "holds a secret and is not encrypted", remedy));
            }
            Some(_) => {}
        }
    }
    let (Some(origin), Ok(config)) = (origin, config) else { return };
    let mut agrees = |setting: Setting, expected: &str, named: &str| {
        let place = format!("{}/{}", deployment.origin_path(), setting.parameter);
        match origin.get(setting.parameter).map(|found| found.text().trim()) {
            None | Some("") => report.problem(Problem::new(place, "is missing", STACKS)),
            Some(found) if found != expected => {
                let what = format!("is {found:?}, but {named} is {expected:?}: the origin would refuse every request");
                report.problem(Problem::new(
                    place,
                    what,
                    "make both the same in the stacks' configuration and deploy them",
                ));
            }
            Some(_) => {}
        }
    };
    agrees(ISSUER, &config.issuer, "the edge's public-url");
    // The resources with a server of their own are not the stacks'.
    let url = || described.settings.get(ORIGIN_URL).map(|url| url.trim_end_matches('/'));
    let ours = described.settings.get(ORIGIN_AUDIENCE).or_else(url).unwrap_or_default();
    agrees(AUDIENCE, ours, "the edge's origin-audience (or else origin-url)");
}
