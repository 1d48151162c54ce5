//! What was measured, and how it is told.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use edgeward_tests::stack::Stack;
use tokio::task::{JoinHandle, JoinSet};

/// What one kind of load has brought.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    /// How long each success took.
    pub(crate) latencies: Vec<Duration>,
    /// Refusals that were due.
    pub(crate) refused: usize,
    /// What went wrong.
    pub(crate) failures: Vec<String>,
    /// How long all of it took.
    pub(crate) elapsed: Duration,
}

impl Figures {
    /// Notes how one thing went.
    pub(crate) fn note(&mut self, outcome: Result<Duration>) {
        match outcome {
            Ok(latency) => self.latencies.push(latency),
            Err(error) => self.failures.push(format!("{error:#}")),
        }
    }

    /// Those of all workers, which began at that time.
    ///
    /// # Errors
    /// When one of them has panicked.
    pub(crate) async fn of(mut workers: JoinSet<Self>, begun: Instant) -> Result<Self> {
        let mut figures = Self::default();
        while let Some(ended) = workers.join_next().await {
            figures = figures.and(ended.context("a client was lost")?);
        }
        figures.elapsed = begun.elapsed();
        Ok(figures)
    }

    /// Both together.
    #[must_use]
    fn and(mut self, other: Self) -> Self {
        self.latencies.extend(other.latencies);
        self.failures.extend(other.failures);
        self.refused += other.refused;
        self
    }

    /// Prints them.
    ///
    /// # Errors
    /// When something went wrong, or nothing was done.
    pub(crate) fn finish(mut self, what: &str, memory: &Memory) -> Result<()> {
        self.latencies.sort_unstable();
        let done = self.latencies.len();
        let at = |share: f64| {
            let index = (done.saturating_sub(1) as f64 * share).round() as usize;
            self.latencies.get(index).map_or(0.0, |latency| latency.as_secs_f64() * 1000.0)
        };
        let seconds = self.elapsed.as_secs_f64();
        let refused =
            if self.refused > 0 { format!(", {} refused as they must be", self.refused) } else { String::new() };
        println!(
            "{what:<16} {done} in {seconds:.1} s ({:.0}/s){refused}, errors {}, p50 {:.1} ms, p99 {:.1} ms; {}",
            done as f64 / seconds,
            self.failures.len(),
            at(0.5),
            at(0.99),
            memory.since_last(),
        );
        for failure in self.failures.iter().take(5) {
            eprintln!("  {failure}");
        }
        ensure!(self.failures.is_empty(), "{what}: {} went wrong", self.failures.len());
        ensure!(done > 0, "{what}: nothing was done");
        Ok(())
    }
}

/// The memory of edge and origin, looked at again and again.
#[derive(Debug)]
pub(crate) struct Memory {
    stack: Arc<Stack>,
    most: Arc<[AtomicU64; 2]>,
    watching: JoinHandle<()>,
}

impl Memory {
    /// Begins to look.
    pub(crate) fn watch(stack: &Arc<Stack>) -> Self {
        let most: Arc<[AtomicU64; 2]> = Arc::default();
        let (watched, noted) = (Arc::clone(stack), Arc::clone(&most));
        let watching = tokio::spawn(async move {
            loop {
                for (most, now) in noted.iter().zip(resident(&watched)) {
                    most.fetch_max(now, Ordering::Relaxed);
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        });
        Self { stack: Arc::clone(stack), most, watching }
    }

    /// What edge and origin have now, in bytes.
    pub(crate) fn resident(&self) -> [u64; 2] {
        resident(&self.stack)
    }

    /// The same, in words.
    pub(crate) fn now(&self, when: &str) -> String {
        let [edge, origin] = self.resident().map(megabytes);
        format!("{when:<16} edge {edge} MB, origin {origin} MB")
    }

    fn since_last(&self) -> String {
        let now = self.resident();
        let most: Vec<_> = self.most.iter().map(|most| most.swap(0, Ordering::Relaxed)).collect();
        let words = |at: usize| format!("{} MB (at most {})", megabytes(now[at]), megabytes(most[at].max(now[at])));
        format!("edge {}, origin {}", words(0), words(1))
    }

    /// That neither has more than this, in bytes.
    ///
    /// # Errors
    /// When one has.
    pub(crate) fn bounded(&self, most: [u64; 2]) -> Result<()> {
        for (name, (most, now)) in ["edge", "origin"].into_iter().zip(most.into_iter().zip(self.resident())) {
            ensure!(now > 0, "the memory of the {name} cannot be seen");
            ensure!(now <= most, "the {name} has {} MB, more than {}", megabytes(now), megabytes(most));
        }
        Ok(())
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

fn resident(stack: &Stack) -> [u64; 2] {
    [stack.edge().process().memory("workerd"), stack.origins().memory()]
}

const fn megabytes(bytes: u64) -> u64 {
    bytes / 1024 / 1024
}
