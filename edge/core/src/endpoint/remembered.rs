//! Consent that is not asked for again: in a sealed cookie, for the same user, client, redirect URI, resource and scope.
//!
//! A page of another site must not be able to use it: whoever could send the browser here unnoticed would get a code for
//! a client that the user once allowed. So it counts only where the user or a page of this very origin opened the address,
//! in a window of its own.
//!
//! Who the user is shows only after the sign-in: `/authorize` skips the question because somebody allowed it in this browser, and
//! `/callback` compares the users.

use http::Response;
use sha2::{Digest, Sha256};

use super::{cookie_name, surplus_cookies};
use crate::{
    config::ConsentMode,
    message::{
        request::{Request, SEC_FETCH_DEST, SEC_FETCH_MODE, SEC_FETCH_SITE},
        response::{clear_cookie, set_cookie},
    },
    platform::Platform,
    request_context::RequestContext,
    sealed::{RememberedConsent, Seal, Transaction},
};

/// Cookies of consents that are remembered.
pub const REMEMBERED_COOKIE: &str = "__Host-edgeward-remembered-";

/// Whether the user need not be asked about this transaction before it shows who they are.
pub(super) fn is_remembered<P: Platform>(
    request: &Request,
    transaction: &Transaction,
    context: &RequestContext<'_, P>,
) -> bool {
    was_opened_by_the_user(request)
        // OpenID Connect Core §3.1.2.1: `consent` and `select_account` want a page; `login` is for careful clients, too.
        && !transaction.prompt.wants_a_page()
        && allowed_by(request, transaction, context).is_some()
}

/// The user who has allowed all of this transaction before.
pub(super) fn allowed_by<P: Platform>(
    request: &Request,
    transaction: &Transaction,
    context: &RequestContext<'_, P>,
) -> Option<String> {
    if context.config.pages.consent != ConsentMode::Remember {
        return None;
    }
    let id = id_of(transaction);
    let cookie = request.cookie(&cookie_name(REMEMBERED_COOKIE, &id))?;
    let consent: RememberedConsent = context.open(&cookie, &id).ok()?;
    consent.subject.filter(|_| transaction.scope.is_subset(&consent.scope))
}

/// Browsers that do not say who opened the address are asked every time.
fn was_opened_by_the_user(request: &Request) -> bool {
    let site = request.header(SEC_FETCH_SITE);
    // Not `same-site`: that is any other host of the domain.
    matches!(site, Some("none" | "same-origin"))
        && request.header(SEC_FETCH_MODE) == Some("navigate")
        && request.header(SEC_FETCH_DEST) == Some("document")
}

/// Has the browser remember the consent of this user.
pub(super) fn remember<P: Platform>(
    response: &mut Response<String>,
    request: &Request,
    transaction: &Transaction,
    subject: &str,
    context: &RequestContext<'_, P>,
) {
    let id = id_of(transaction);
    let consent = RememberedConsent { scope: transaction.scope.clone(), subject: Some(subject.to_owned()) };
    // If it cannot be remembered, the user is asked again.
    let Ok(sealed) = context.seal(&consent, &id) else { return };
    let name = cookie_name(REMEMBERED_COOKIE, &id);
    for surplus in surplus_cookies(request, REMEMBERED_COOKIE, &name) {
        clear_cookie(response, &surplus);
    }
    let max_age = u32::try_from(RememberedConsent::LIFETIME).unwrap_or(u32::MAX);
    set_cookie(response, &name, &sealed, max_age);
}

/// Client, redirect URI and resource, as one name: the seal's context, so that a cookie is good under no other.
fn id_of(transaction: &Transaction) -> String {
    let target = transaction.redirect_target.without_loopback_port();
    let mut digest = Sha256::new();
    for part in [transaction.client.as_str(), &target, &transaction.resource] {
        digest.update(part);
        digest.update([0]);
    }
    edgeward_base64url::encode(&digest.finalize()[..16])
}
