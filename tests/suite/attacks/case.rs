//! A case.

use std::{pin::Pin, sync::Arc};

use anyhow::{Context as _, Result};

use crate::world::{Test, World};

/// One attack, and what it would be if it were none.
pub(super) struct Case {
    /// What is attacked.
    pub(super) group: &'static str,
    /// Its name in the group.
    pub(super) name: String,
    /// What is tried.
    pub(super) tried: String,
    /// What is answered, as `seen` tells it.
    pub(super) answer: &'static str,
    /// What is answered to the same without the attack.
    pub(super) control: &'static str,
    send_attack: Sending,
    send_control: Sending,
}

type Sending = Box<dyn FnOnce(Arc<World>) -> Pin<Box<dyn Future<Output = Result<String>> + Send>> + Send>;

/// Cases of one group that are sent in one way.
pub(super) struct Cases<A, F> {
    group: &'static str,
    send: fn(Arc<World>, A) -> F,
    control: (A, &'static str),
    cases: Vec<Case>,
}

impl<A, F> Cases<A, F>
where
    A: Clone + Send + 'static,
    F: Future<Output = Result<String>> + Send + 'static,
{
    /// None yet. What `control` is answered must be the same beside each of them.
    pub(super) fn new(group: &'static str, send: fn(Arc<World>, A) -> F, control: (A, &'static str)) -> Self {
        Self { group, send, control, cases: Vec::new() }
    }

    /// One more.
    pub(super) fn add(
        self,
        name: impl Into<String>,
        tried: impl Into<String>,
        attack: A,
        answer: &'static str,
    ) -> Self {
        let control = self.control.clone();
        self.beside(name, tried, (attack, answer), control)
    }

    /// One more, with a control of its own.
    pub(super) fn beside(
        mut self,
        name: impl Into<String>,
        tried: impl Into<String>,
        (attack, answer): (A, &'static str),
        (control, passes): (A, &'static str),
    ) -> Self {
        let send = self.send;
        self.cases.push(Case {
            group: self.group,
            name: name.into(),
            tried: tried.into(),
            answer,
            control: passes,
            send_attack: Box::new(move |world| Box::pin(send(world, attack))),
            send_control: Box::new(move |world| Box::pin(send(world, control))),
        });
        self
    }

    /// All of them.
    pub(super) fn list(self) -> Vec<Case> {
        self.cases
    }
}

impl Case {
    /// As the suite runs it, and as the document names it.
    pub(super) fn full_name(&self) -> String {
        format!("attacks::{}::{}", self.group, self.name)
    }

    pub(super) fn test(self) -> Test {
        Test::named(self.full_name(), move |world| Box::pin(self.run(world)))
    }

    async fn run(self, world: Arc<World>) -> Result<()> {
        let answer = (self.send_attack)(Arc::clone(&world)).await.context("the attack")?;
        let control = (self.send_control)(world).await.context("the control")?;
        assert_eq!((answer.as_str(), control.as_str()), (self.answer, self.control), "the attack, and its control");
        Ok(())
    }
}
