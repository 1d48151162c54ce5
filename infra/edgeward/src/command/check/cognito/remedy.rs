//! Where things of Cognito's are changed.

use crate::pool::Pool;

/// The names that remedies are made of.
#[derive(Debug)]
pub(super) struct Remedy {
    pub(super) pool: String,
    pub(super) client: String,
}

impl Remedy {
    pub(super) fn of(pool: &Pool) -> Self {
        Self { pool: pool.id().to_owned(), client: pool.client_id().to_owned() }
    }

    /// Where to change the app client. An update through the API resets what it does not name, so nobody is told to make one.
    pub(super) fn client(&self, page: &str, what: &str) -> String {
        format!(
            "{what}: in the security stack's configuration, or in the console (User pools > {} > App clients > {} > {page}). \
             Make no bare `aws cognito-idp update-user-pool-client`: it resets the values that it is not given",
            self.pool, self.client
        )
    }

    /// A command of AWS's command line for the pool.
    pub(super) fn command(&self, operation: &str, arguments: &str) -> String {
        format!("run `aws cognito-idp {operation} --user-pool-id {} {arguments}`", self.pool)
    }
}

/// Pages of an app client in the console.
pub(super) const INFORMATION: &str = "App client information > Edit";
pub(super) const LOGIN_PAGES: &str = "Login pages > Edit";
pub(super) const ATTRIBUTES: &str = "Attribute permissions > Edit";
