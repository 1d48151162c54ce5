//! The issuer that Cognito's tokens name, which has two forms.

use aws_sdk_cognitoidentityprovider::types::{IssuerType, UserPoolType};
use edgeward_core::Config;

use crate::{
    pool::Pool,
    report::{Problem, Report},
};

/// The issuer in both of its forms, if it is one of Cognito's, or else as it is. Both serve the same document and keys.
pub(super) fn forms(issuer: &str) -> Vec<String> {
    let (original, updated) = ("https://cognito-idp.", "https://issuer-cognito-idp.");
    match (issuer.strip_prefix(original), issuer.strip_prefix(updated)) {
        (Some(rest), _) | (_, Some(rest)) => vec![format!("{original}{rest}"), format!("{updated}{rest}")],
        (None, None) => vec![issuer.to_owned()],
    }
}

/// Compares the form that the pool is set to with those that the edge takes: both, unless the settings name one.
pub(super) fn check(pool: &Pool, user_pool: Option<&UserPoolType>, config: &Config, report: &mut Report) {
    let forms = forms(config.cognito.issuer());
    let [original, updated] = forms.as_slice() else { return };
    let named = match user_pool.and_then(|pool| pool.issuer_configuration.as_ref()?.r#type.as_ref()) {
        Some(IssuerType::Original) => original,
        Some(IssuerType::Updated) => updated,
        _ => return,
    };
    if !config.cognito.issuers.contains(named) {
        let what = format!(
            "its tokens name the issuer {named}, and the parameter cognito-issuer names {}: the edge would refuse every sign-in",
            config.cognito.issuer()
        );
        let place = format!("the user pool {}", pool.id());
        report.problem(Problem::new(
            place,
            what,
            format!("delete the parameter cognito-issuer, or add {named} to it, and push it"),
        ));
    }
}
