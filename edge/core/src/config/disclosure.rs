//! What the MCP server is told about users: of which groups, and of which e-mail addresses.

/// Groups among the settings: exact names, and with `*` at its end the beginning of names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupPatterns {
    patterns: Vec<String>,
    /// How the groups begin that Cognito itself makes, one for each identity provider: `<user pool id>_<provider>`.
    of_providers: String,
}

impl GroupPatterns {
    /// Parses patterns separated by spaces: no group's name has one (`[\p{L}\p{M}\p{S}\p{N}\p{P}]+` in Cognito's API).
    /// A name may have a `*`, but whoever writes one in the middle means something else.
    ///
    /// # Errors
    /// When one of them can mean no group.
    pub(super) fn parse(text: &str, user_pool_id: &str) -> Result<Self, String> {
        let of_providers = format!("{user_pool_id}_");
        let patterns: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        for pattern in &patterns {
            let name = pattern.strip_suffix('*').unwrap_or(pattern);
            if name.contains('*') {
                return Err(format!("has {pattern:?}, which is no group's name and no beginning of one with `*`"));
            }
            if name.len() < pattern.len() && name.starts_with(&of_providers) {
                return Err(format!("has {pattern:?}: groups that Cognito makes for its providers are named in full"));
            }
        }
        Ok(Self { patterns, of_providers })
    }

    /// Whether one of them means `group`. The groups that Cognito makes for identity providers are meant by their full
    /// names only: every user of a provider is in its group, and hardly anybody wants to be told.
    pub fn include(&self, group: &str) -> bool {
        self.patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(beginning) => group.starts_with(beginning) && !group.starts_with(&self.of_providers),
            None => group == pattern,
        })
    }
}

/// Which e-mail addresses count as verified, and what becomes of the others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EmailRules {
    /// Identity providers of the user pool whose users' addresses count as verified.
    pub trusted_providers: Vec<String>,
    /// What becomes of an address that is not verified.
    pub unverified: UnverifiedEmail,
}

/// What becomes of an e-mail address that is not verified.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UnverifiedEmail {
    /// The MCP server does not get it.
    #[default]
    Hide,
    /// The MCP server is told, under another name.
    Tell,
}

/// Reads the names of identity providers, separated by spaces: Cognito lets none have one.
pub(super) fn providers(text: &str) -> Result<Vec<String>, String> {
    let names: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    // `*` may stand in a name, but whoever writes it means all.
    match names.iter().find(|name| name.contains('*')) {
        Some(name) => Err(format!("has {name:?}, which is no identity provider's name: each is named in full")),
        None => Ok(names),
    }
}

pub(super) fn unverified_email(text: &str) -> Result<UnverifiedEmail, String> {
    match text {
        "hide" => Ok(UnverifiedEmail::Hide),
        "tell" => Ok(UnverifiedEmail::Tell),
        _ => Err("is neither `hide` nor `tell`".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POOL: &str = "eu-west-1_Example";
    const GOOGLE: &str = "eu-west-1_Example_Google";

    fn includes(setting: &str, group: &str) -> bool {
        GroupPatterns::parse(setting, POOL).unwrap().include(group)
    }

    #[test]
    fn a_pattern_means_one_group_or_all_that_begin_so() {
        for (setting, group, expected) in [
            ("", "editors", false),
            ("editors", "editors", true),
            ("editors", "Editors", false),
            ("editors", "editors2", false),
            ("editors", "editor", false),
            ("  owners\teditors ", "editors", true),
            ("team-*", "team-", true),
            ("team-*", "team-a", true),
            ("team-*", "team", false),
            ("team-*", "my-team-a", false),
            ("gr\u{f6}\u{df}e*", "gr\u{f6}\u{df}er", true),
            ("*", "anything", true),
            ("a,b", "a", false),
            ("a,b", "a,b", true),
        ] {
            assert_eq!(includes(setting, group), expected, "{setting:?} {group:?}");
        }
        assert!(!GroupPatterns::default().include(""));
    }

    #[test]
    fn a_group_of_cognitos_own_is_meant_by_its_full_name_only() {
        for (setting, expected) in
            [("*", false), ("eu-west-1*", false), (GOOGLE, true), ("* eu-west-1_Example_Google", true)]
        {
            assert_eq!(includes(setting, GOOGLE), expected, "{setting}");
        }
        // Another pool's is a name like any other.
        assert!(includes("*", "eu-west-1_Other_Google"));
        assert!(includes("*", POOL));
    }

    #[test]
    fn what_can_mean_no_group_is_refused() {
        for bad in ["a*b", "*a", "**", "a **", "eu-west-1_Example_*", "eu-west-1_Example_Goo*"] {
            assert!(GroupPatterns::parse(bad, POOL).is_err(), "{bad}");
        }
        for good in ["*", "a", "a*", "\u{1f600}!", "eu-west-1_Example", "eu-west-1_Example_Google"] {
            assert!(GroupPatterns::parse(good, POOL).is_ok(), "{good}");
        }
    }

    #[test]
    fn providers_are_named_in_full() {
        assert_eq!(providers(" Entra  Okta ").unwrap(), ["Entra", "Okta"]);
        for bad in ["*", "Ok*", "Entra *"] {
            assert!(providers(bad).is_err(), "{bad}");
        }
    }
}
