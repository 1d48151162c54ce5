//! How long tokens of Cognito's live, how they are replaced, and how many sessions a user may have.

use aws_sdk_cognitoidentityprovider::types::ExplicitAuthFlowsType;
use edgeward_core::Config;

use super::{
    providers::Providers,
    remedy::{INFORMATION, Remedy},
    seen,
};
use crate::{
    pool::{AppClient, Pool},
    report::{Problem, Report, Weight},
};

/// Seconds: below, a lost answer signs users out, and so do two refreshes at once that are not coordinated.
const SHORT_GRACE: u64 = 10;
/// The longest grace period that Cognito has, in seconds.
pub(super) const FULL_GRACE: u64 = 60;
const DAY: u64 = 86_400;
const WEEK: u64 = 7 * DAY;
/// Sessions of a user that Cognito keeps, unless told otherwise.
const DEFAULT_SESSIONS: u64 = 20;

pub(super) fn check(
    client: &AppClient,
    remedy: &Remedy,
    config: Option<&Config>,
    providers: &Providers,
    report: &mut Report,
) {
    let place = format!("the app client {}", remedy.client);
    let mut add = |weight, what: String, to_do: String| report.add(weight, Problem::new(&place, what, to_do));
    let fixed = |what: &str| remedy.fixed(INFORMATION, what);
    let days = client.refresh_token_seconds() / DAY;
    match client.rotation_grace() {
        None => add(
            Weight::Note,
            format!(
                "does not rotate refresh tokens: a stolen one of Cognito's is good for its whole life, {days} days, unnoticed. \
                 Choose that for clients that keep copies of a refresh token in several processes"
            ),
            fixed("leave it so, or enable refresh token rotation with a grace period of 60 seconds"),
        ),
        Some(grace) => {
            let short = match grace {
                0..SHORT_GRACE => Some((Weight::Problem, "signs its user out", "so does")),
                SHORT_GRACE..FULL_GRACE => Some((Weight::Note, "may sign its user out", "so may")),
                _ => None,
            };
            if let Some((weight, ends, so)) = short {
                let what = format!(
                    "rotates refresh tokens with a grace period of {grace} seconds: a refresh whose answer from Cognito is lost \
                     {ends}; {so} one that meets another where the edge does not coordinate refreshes"
                );
                add(weight, what, fixed("set the grace period of refresh token rotation to 60 seconds"));
            }
            if client.allows(&ExplicitAuthFlowsType::AllowRefreshTokenAuth) {
                let what =
                    "rotates refresh tokens and allows ALLOW_REFRESH_TOKEN_AUTH, which AWS documents as incompatible";
                let to_do = fixed("take ALLOW_REFRESH_TOKEN_AUTH out of the authentication flows");
                add(Weight::Problem, what.to_owned(), to_do);
            }
        }
    }
    if !providers.names.is_empty() && client.refresh_token_seconds() > WEEK {
        let what = format!(
            "has refresh tokens that are good for {days} days, and a refresh does not ask {}: somebody who has left there keeps \
             access here for as long",
            providers.names.join(" or ")
        );
        let to_do = "shorten the refresh token expiration to 7 days or less, or disable leavers in the pool as well";
        add(Weight::Note, what, remedy.client(INFORMATION, to_do));
    }
    let Some(config) = config else { return };
    let (ours, theirs) = (config.access_token_seconds, client.access_token_seconds());
    if theirs < ours {
        let what = format!(
            "has access tokens that are good for {theirs} seconds: the edge's must not outlive them, so they are not good for the \
             {ours} seconds of access-token-seconds, and clients refresh more often"
        );
        add(Weight::Note, what, fixed("lengthen the access token expiration, or lower access-token-seconds"));
    }
}

pub(super) async fn sessions(pool: &Pool, remedy: &Remedy, report: &mut Report) {
    let place = format!("the user pool {}", pool.id());
    let limit = seen(pool.session_limit().await, &place, "GetUserPoolSessionConfiguration", report);
    let Some(limit) = limit.flatten().filter(|limit| *limit <= DEFAULT_SESSIONS) else { return };
    let what = format!(
        "tracks sessions, {limit} of a user at most: each sign-in through the edge is one, and the next one ends the one that was \
         used least recently, so a user with many clients loses some"
    );
    let arguments = "--user-session-tracking ENABLED --token-session MaxPerUser=100";
    report.note(Problem::new(place, what, remedy.command("set-user-pool-session-configuration", arguments)));
}
