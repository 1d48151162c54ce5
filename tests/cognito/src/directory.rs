//! Who is in the pool now. It starts with the users of the settings.

use parking_lot::Mutex;

use crate::config::{Config, Identity, User, check_user};

/// The users, by name.
#[derive(Debug)]
pub(crate) struct Directory {
    users: Mutex<Vec<User>>,
    is_case_sensitive: bool,
}

impl Directory {
    pub(crate) fn new(config: &Config) -> Self {
        Self { users: Mutex::new(config.users.clone()), is_case_sensitive: config.case_sensitive_usernames }
    }

    pub(crate) fn list(&self) -> Vec<User> {
        self.users.lock().clone()
    }

    pub(crate) fn find(&self, username: &str) -> Option<User> {
        self.users.lock().iter().find(|user| self.is_named(user, username)).cloned()
    }

    /// The user with this identity at an identity provider.
    pub(crate) fn find_identity(&self, provider: &str, user_id: &str) -> Option<User> {
        let has = |identity: &Identity| identity.provider == provider && identity.user_id == user_id;
        self.users.lock().iter().find(|user| user.identities.iter().any(has)).cloned()
    }

    pub(crate) fn add(&self, user: User) {
        self.users.lock().push(user);
    }

    /// Changes a user but for the name. Gives the user before and after, or nothing if there is none or a pool would refuse
    /// the change, which is then not made.
    pub(crate) fn update(&self, username: &str, change: impl FnOnce(&mut User)) -> Option<(User, User)> {
        let mut users = self.users.lock();
        let user = users.iter_mut().find(|user| self.is_named(user, username))?;
        let before = user.clone();
        let mut after = before.clone();
        change(&mut after);
        after.username.clone_from(&before.username);
        check_user(&after).ok()?;
        user.clone_from(&after);
        Some((before, after))
    }

    pub(crate) fn remove(&self, username: &str) -> Option<User> {
        let mut users = self.users.lock();
        let index = users.iter().position(|user| self.is_named(user, username))?;
        Some(users.remove(index))
    }

    fn is_named(&self, user: &User, username: &str) -> bool {
        user.username == username
            || (!self.is_case_sensitive && user.username.to_lowercase() == username.to_lowercase())
    }
}
