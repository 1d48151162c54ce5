//! How many documents of one host are fetched in a minute, so that nobody can have a third party stormed from here.

use std::cell::RefCell;

use super::error::DocumentError;
use crate::{
    bounded::Bounded,
    platform::{Platform, UnixTime},
    request_context::RequestContext,
    shared_memory::{SharedMemory, name},
};

/// An instance fetches as many documents of one host in a minute that it does not know yet. To renew one that it knows costs nothing of
/// that: strangers cannot use up what a client needs that is in use here.
const FETCHES_OF_HOST: u32 = 32;
const BUDGET_SECONDS: u64 = 60;
/// Of those that a host has in a minute among all instances, a request tries so many, one after the other.
const TRIES: u32 = 4;
const HOSTS: usize = 256;
pub(super) const HOST_IS_BUSY: DocumentError =
    DocumentError::Busy("too many documents of this host were asked for in the last minute");

/// What each host has been asked for by this instance in this minute.
#[derive(Default)]
pub(super) struct Budgets(RefCell<Bounded<String, Budget, HOSTS>>);

struct Budget {
    since: UnixTime,
    fetches: u32,
}

impl Budgets {
    /// Counts a fetch from a host.
    ///
    /// # Errors
    /// When there were as many in this minute as may be.
    pub(super) fn spend(&self, host: &str, now: UnixTime) -> Result<(), DocumentError> {
        let mut budgets = self.0.borrow_mut();
        budgets.retain(|_, budget| now.secs_since(budget.since) < BUDGET_SECONDS && budget.since <= now);
        match budgets.get_mut(host) {
            Some(budget) if budget.fetches >= FETCHES_OF_HOST => Err(HOST_IS_BUSY),
            Some(budget) => {
                budget.fetches += 1;
                Ok(())
            }
            // Never one that is used up for those of a stranger who names so many hosts in a minute.
            None => {
                let fewest = budgets.iter().map(|(_, budget)| budget.fetches).min();
                let budget = Budget { since: now, fetches: 1 };
                budgets.add(host.to_owned(), budget, |_, budget| Some(budget.fetches) == fewest);
                Ok(())
            }
        }
    }
}

/// Counts a fetch from a host among those of all instances: there is a name for each that it may have in a minute.
pub(super) async fn is_within_budget<P: Platform>(host: &str, context: &RequestContext<'_, P>) -> bool {
    let RequestContext { config, platform, .. } = *context;
    let memory = SharedMemory::of(context);
    let mut random = [0; 4];
    // Without randomness all begin with the same name, which costs tries.
    let _ = platform.fill(&mut random);
    let (first, minute) = (u32::from_le_bytes(random) % FETCHES_OF_HOST, platform.now().as_secs() / BUDGET_SECONDS);
    for number in (0..TRIES).map(|at| (first + at) % FETCHES_OF_HOST) {
        let parts = [&config.issuer, host, &minute.to_string(), &number.to_string()];
        match memory.insert_if_absent(&name("fetch from a host/1", &parts), BUDGET_SECONDS).await {
            Some(false) => {}
            // This instance's own budget holds where the others' cannot be told.
            Some(true) | None => return true,
        }
    }
    false
}
