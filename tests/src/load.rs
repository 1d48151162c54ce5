//! Clients that go on calling, refreshing and signing in while something is changed under them.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::Url;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::{
    browser::{Browser, User},
    client::{self, Era, SignedIn},
    forward::lock,
};

/// Running clients; they stop when this is dropped.
#[derive(Debug)]
pub struct Load {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

/// What the clients have done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Calls of tools.
    pub calls: usize,
    /// Refreshes.
    pub refreshes: usize,
    /// Sign-ins, each with a registration.
    pub sign_ins: usize,
}

#[derive(Debug)]
struct Shared {
    mcp: Url,
    user: User<'static>,
    stop: AtomicBool,
    calls: AtomicUsize,
    refreshes: AtomicUsize,
    sign_ins: AtomicUsize,
    /// Whole rounds of each client.
    rounds: Vec<AtomicUsize>,
    failures: Mutex<Vec<String>>,
}

/// What a client does again and again.
#[derive(Debug, Clone, Copy)]
enum Habit {
    /// Signs in once, then calls and refreshes.
    Stays,
    /// Registers and signs in each time, and calls.
    Comes,
}

const HABITS: [Habit; 3] = [Habit::Stays, Habit::Stays, Habit::Comes];

impl Load {
    /// Starts the clients.
    pub fn start(mcp: &Url, user: User<'static>) -> Self {
        let shared = Arc::new(Shared {
            mcp: mcp.clone(),
            user,
            stop: AtomicBool::new(false),
            calls: AtomicUsize::new(0),
            refreshes: AtomicUsize::new(0),
            sign_ins: AtomicUsize::new(0),
            rounds: HABITS.map(|_| AtomicUsize::new(0)).into(),
            failures: Mutex::default(),
        });
        let workers = HABITS.into_iter().enumerate().map(|(number, habit)| {
            let shared = Arc::clone(&shared);
            tokio::spawn(async move {
                if let Err(error) = shared.work(number, habit).await {
                    lock(&shared.failures).push(format!("client {number} ({habit:?}): {error:#}"));
                    shared.stop.store(true, Ordering::Relaxed);
                }
            })
        });
        let workers = workers.collect();
        Self { shared, workers }
    }

    /// Waits until every client has done all that it does once more, from the beginning.
    ///
    /// # Errors
    /// When one has failed, or does not come on.
    pub async fn settle(&self) -> Result<()> {
        // The round that is under way has begun before.
        let wanted: Vec<_> = self.shared.rounds.iter().map(|done| done.load(Ordering::Relaxed) + 2).collect();
        for _ in 0..MAX_WAITS {
            self.unharmed()?;
            let rounds = self.shared.rounds.iter().map(|done| done.load(Ordering::Relaxed));
            if rounds.zip(&wanted).all(|(done, wanted)| done >= *wanted) {
                return Ok(());
            }
            tokio::time::sleep(WAIT).await;
        }
        bail!("a client does not come on")
    }

    /// Stops the clients.
    ///
    /// # Errors
    /// When one has failed.
    pub async fn stop(mut self) -> Result<Tally> {
        self.shared.stop.store(true, Ordering::Relaxed);
        for worker in std::mem::take(&mut self.workers) {
            worker.await.context("a client was lost")?;
        }
        self.unharmed()?;
        let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        let Shared { calls, refreshes, sign_ins, .. } = &*self.shared;
        Ok(Tally { calls: count(calls), refreshes: count(refreshes), sign_ins: count(sign_ins) })
    }

    fn unharmed(&self) -> Result<()> {
        let failures = lock(&self.shared.failures);
        if !failures.is_empty() {
            bail!("{}", failures.join("\n"));
        }
        Ok(())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        for worker in &self.workers {
            worker.abort();
        }
    }
}

impl Shared {
    async fn work(&self, number: usize, habit: Habit) -> Result<()> {
        let mut client = self.sign_in().await?;
        while !self.stop.load(Ordering::Relaxed) {
            match habit {
                Habit::Stays => {
                    client.refresh().await.context("a refresh")?;
                    self.refreshes.fetch_add(1, Ordering::Relaxed);
                }
                Habit::Comes => client = self.sign_in().await?,
            }
            let connection = client.connect(Era::Modern).await.context("connecting")?;
            for _ in 0..CALLS {
                let answer = client::call(&connection, "whoami", json!({})).await.context("a call")?;
                let who = answer.structured_content.context("whoami told nothing")?;
                ensure!(who["username"] == self.user.name, "whoami told of another user: {who}");
                self.calls.fetch_add(1, Ordering::Relaxed);
            }
            connection.cancel().await?;
            self.rounds[number].fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn sign_in(&self) -> Result<SignedIn> {
        let signed_in = SignedIn::with(&mut Browser::new()?, &self.mcp, self.user).await.context("a sign-in")?;
        self.sign_ins.fetch_add(1, Ordering::Relaxed);
        Ok(signed_in)
    }
}

/// Calls of one round.
const CALLS: usize = 3;
const WAIT: Duration = Duration::from_millis(20);
const MAX_WAITS: u32 = 3000;
