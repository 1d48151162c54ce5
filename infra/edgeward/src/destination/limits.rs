//! What Cloudflare takes as one variable or secret of a Worker.

use edgeward_identity::names::edge::{BRAND, CLIENTS, KEYS, RESOURCES};

use crate::{deployment::Deployment, edge::Settings, report::Problem};

/// The most bytes that one variable or secret may have: the 5 KB of
/// <https://developers.cloudflare.com/workers/platform/limits/#environment-variables>.
const MAX_BYTES: usize = 5 * 1024;

/// The settings that Cloudflare would refuse because of their size. No value is shown: it may be secret.
pub(crate) fn too_large(settings: &Settings, deployment: &Deployment) -> Vec<Problem> {
    let all = settings.plain().chain(settings.secret());
    let large = all.filter(|(_, value)| value.len() > MAX_BYTES);
    let problem = |(variable, value): (&'static str, &str)| {
        Problem::new(
            deployment.place(variable),
            format!("has {} bytes, and Cloudflare takes {MAX_BYTES} at most", value.len()),
            remedy(variable),
        )
    };
    large.map(problem).collect()
}

fn remedy(variable: &str) -> &'static str {
    match variable {
        CLIENTS => {
            "list fewer pre-registered clients, or leave out their optional members: other clients can register \
             themselves or have a metadata document"
        }
        RESOURCES => "list fewer resources or scopes, or describe them in fewer words",
        KEYS => "remove replaced keys: `edgeward rotate registration --force-remove`, or `sealing`, or `signing`",
        BRAND => "use shorter texts and URLs",
        _ => "list less in it",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgeward_identity::names::edge::SETTINGS;

    fn of(bytes: usize) -> Vec<Problem> {
        let mut settings = Settings::of(&Default::default());
        // Two bytes each: it is not characters that count.
        settings.set(CLIENTS, &format!("{}{}", "ü".repeat(bytes / 2), "x".repeat(bytes % 2)));
        settings.set(RESOURCES, "[]");
        too_large(&settings, &"prod".parse().unwrap())
    }

    #[test]
    fn a_setting_may_be_as_large_as_cloudflare_takes_it() {
        assert_eq!(of(5120), []);
        let [problem] = &of(5121)[..] else { panic!("not one problem") };
        assert_eq!(problem.place, "/edgeward/prod/edge/clients (EDGEWARD_CLIENTS)");
        assert_eq!(problem.what, "has 5121 bytes, and Cloudflare takes 5120 at most");
        assert!(problem.remedy.contains("fewer pre-registered clients"));
    }

    /// A Worker on the Free plan may have 64 variables and secrets.
    #[test]
    fn there_are_not_too_many_settings() {
        assert!(SETTINGS.len() <= 64);
    }
}
