//! `GET /logout`: ends the browser's session at Cognito and forgets what the browser was to remember here. Access tokens
//! are the clients': they end by themselves, or with `/revoke`.

use http::{Response, StatusCode};

use super::{
    Answer,
    authorize::{CONSENT_COOKIE, PENDING_COOKIE},
    remembered::REMEMBERED_COOKIE,
};
use crate::{
    config::Config,
    message::{
        parameters::{Parameters, Repeated},
        response::{clear_cookie, redirect},
    },
    oauth::error_code::{MAX_QUOTED, quotable_uri},
    page,
    platform::{Event, Level},
    received::Received,
    route::Route,
    upstream,
};

/// Sends the browser to Cognito, which sends it on to `post_logout_redirect_uri`, or to our own page if there is none.
/// The parameter is called as in OpenID Connect RP-Initiated Logout §2.
pub(crate) fn handle(received: &Received<'_>, config: &Config) -> Answer {
    let back = match return_uri(&received.parameters, config) {
        Ok(back) => back,
        Err(error) => {
            let what = format!("You cannot be sent to the address that should follow: {error}.");
            let way_on = "You are still signed in.";
            let title = "You were not signed out";
            let response = page::error(StatusCode::BAD_REQUEST, title, &what, way_on, &config.pages.brand);
            return Answer::new(response, Level::Warn, Event::LogoutRefused).because(&error);
        }
    };
    let mut response = redirect(StatusCode::FOUND, &upstream::logout_url(&config.cognito, &back));
    let cookies = received.request.cookies();
    let names = cookies.iter().flat_map(|cookies| cookies.iter()).map(|(name, _)| name);
    let own = |name: &&str| [CONSENT_COOKIE, PENDING_COOKIE, REMEMBERED_COOKIE].iter().any(|own| name.starts_with(own));
    for name in names.filter(own) {
        clear_cookie(&mut response, name);
    }
    Answer::new(response, Level::Info, Event::SignedOut)
}

/// Where Cognito sends the browser when it has no session any more.
pub(crate) fn done(config: &Config) -> Response<String> {
    let what = "Applications that you have connected stay connected until you disconnect them.";
    page::error(StatusCode::OK, "You are signed out", what, "You can close this page.", &config.pages.brand)
}

/// Compared character by character, as Cognito does.
fn return_uri(parameters: &Parameters<'_>, config: &Config) -> Result<String, LogoutError> {
    match parameters.get("post_logout_redirect_uri")? {
        None => Ok(format!("{}{}", config.issuer, Route::SignedOut.path())),
        Some(uri) if config.pages.sign_out_urls.iter().any(|allowed| allowed == uri) => Ok(uri.to_owned()),
        Some(uri) => Err(LogoutError::NotAllowed(quotable_uri(uri, MAX_QUOTED))),
    }
}

/// Why nobody was signed out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum LogoutError {
    #[error("post_logout_redirect_uri is not allowed here (EDGEWARD_SIGN_OUT_URLS): {0}")]
    NotAllowed(String),
    #[error(transparent)]
    Repeated(#[from] Repeated),
}
