//! Where things of Cognito's are changed.

use crate::{deployment::Deployment, pool::Pool};

/// The names that remedies are made of.
#[derive(Debug)]
pub(super) struct Remedy {
    pub(super) pool: String,
    pub(super) client: String,
    owner: Owner,
}

/// Who has made pool and app client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// Edgeward's stacks: a change elsewhere would make them drift.
    Stacks,
    /// Somebody else.
    Other,
}

impl Remedy {
    pub(super) fn of(pool: &Pool, deployment: &Deployment) -> Self {
        let owner = if deployment.file().is_some() { Owner::Other } else { Owner::Stacks };
        Self { pool: pool.id().to_owned(), client: pool.client_id().to_owned(), owner }
    }

    /// What to do where the remedy depends on the owner.
    pub(super) const fn by_owner<'a>(&self, stacks: &'a str, other: &'a str) -> &'a str {
        match self.owner {
            Owner::Stacks => stacks,
            Owner::Other => other,
        }
    }

    /// How to make a change of the app client that `--fix` makes.
    pub(super) fn fixed(&self, page: &str, what: &str) -> String {
        match self.owner {
            Owner::Stacks => self.client(page, what),
            Owner::Other => {
                format!("{}. `edgeward check --fix` does it, and keeps every other value", self.console(page, what))
            }
        }
    }

    fn console(&self, page: &str, what: &str) -> String {
        format!("{what}: in the console (User pools > {} > App clients > {} > {page})", self.pool, self.client)
    }

    /// Where to change the app client. An update through the API resets what it does not name, so nobody is told to make one.
    pub(super) fn client(&self, page: &str, what: &str) -> String {
        match self.owner {
            Owner::Stacks => format!(
                "{what}: in the security stack's configuration, or in the console (User pools > {} > App clients > {} > {page}). {NO_BARE_UPDATE}",
                self.pool, self.client
            ),
            Owner::Other => format!("{}. {NO_BARE_UPDATE}", self.console(page, what)),
        }
    }

    /// A command of AWS's command line for the pool.
    pub(super) fn command(&self, operation: &str, arguments: &str) -> String {
        format!("run `aws cognito-idp {operation} --user-pool-id {} {arguments}`", self.pool)
    }
}

const NO_BARE_UPDATE: &str =
    "Make no bare `aws cognito-idp update-user-pool-client`: it resets the values that it is not given";

/// Pages of an app client in the console.
pub(super) const INFORMATION: &str = "App client information > Edit";
pub(super) const LOGIN_PAGES: &str = "Login pages > Edit";
pub(super) const ATTRIBUTES: &str = "Attribute permissions > Edit";
