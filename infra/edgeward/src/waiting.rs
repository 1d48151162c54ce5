//! Waiting for something that takes minutes, with progress and a limit.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How long to wait, and how often to look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// The longest wait; zero looks once.
    pub(crate) limit: Duration,
    /// The pause before each look.
    pub(crate) interval: Duration,
}

/// Looks until nothing is `pending` any more or the limit is over, and gives what it saw last.
///
/// The first look comes after a pause too: a DNS resolver that is asked before a name is published remembers for many minutes
/// that there is no such name. `say` is told why we wait: when the reason changes, and every minute.
pub(crate) async fn until<T>(
    patience: Patience,
    mut look: impl AsyncFnMut() -> T,
    pending: impl Fn(&T) -> Option<String>,
    say: impl Fn(String),
) -> T {
    let Patience { limit, interval } = patience;
    if limit.is_zero() {
        return look().await;
    }
    let begin = Instant::now();
    let mut said: Option<(String, Instant)> = None;
    say(format!("waiting for the edge, {} at the most", words(limit)));
    loop {
        sleep(interval.min(limit.saturating_sub(begin.elapsed()))).await;
        let seen = look().await;
        let Some(reason) = pending(&seen) else { return seen };
        if begin.elapsed() >= limit {
            return seen;
        }
        let is_due = said.as_ref().is_none_or(|(last, at)| *last != reason || at.elapsed() >= REPEAT);
        if is_due {
            say(format!("not yet, after {} of {}: {reason}", words(begin.elapsed()), words(limit)));
            said = Some((reason, Instant::now()));
        }
    }
}

/// A time for people.
pub(crate) fn words(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 60, seconds % 60) {
        (0, 1) => "1 second".to_owned(),
        (0, seconds) => format!("{seconds} seconds"),
        (1, 0) => "1 minute".to_owned(),
        (minutes, 0) => format!("{minutes} minutes"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

const REPEAT: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    const PATIENCE: Patience = Patience { limit: Duration::from_secs(600), interval: Duration::from_secs(10) };

    /// Looks at things that are seen one after another, the last for good; what was seen last, what was said, and how many
    /// seconds that took on the clock of the test.
    async fn wait(patience: Patience, sights: &[Option<&str>]) -> (Option<String>, Vec<String>, u64) {
        let (said, begin) = (RefCell::new(Vec::new()), Instant::now());
        let mut sights = sights.iter().map(|sight| sight.map(str::to_owned)).collect::<Vec<_>>();
        let look = async || if sights.len() > 1 { sights.remove(0) } else { sights[0].clone() };
        let last = until(patience, look, Clone::clone, |line| said.borrow_mut().push(line)).await;
        (last, said.into_inner(), begin.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn without_patience_there_is_one_look_at_once_and_nothing_is_said() {
        let patience = Patience { limit: Duration::ZERO, ..PATIENCE };
        assert_eq!(wait(patience, &[Some("no name"), None]).await, (Some("no name".to_owned()), vec![], 0));
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_look_comes_after_a_pause() {
        let (last, said, seconds) = wait(PATIENCE, &[None]).await;
        assert_eq!((last, seconds), (None, 10));
        assert_eq!(said, ["waiting for the edge, 10 minutes at the most"]);
    }

    #[tokio::test(start_paused = true)]
    async fn each_new_reason_is_said_once() {
        let sights = [Some("no name"), Some("no name"), Some("no certificate"), None];
        let (last, said, seconds) = wait(PATIENCE, &sights).await;
        assert_eq!((last, seconds), (None, 40));
        let expected = [
            "not yet, after 10 seconds of 10 minutes: no name",
            "not yet, after 30 seconds of 10 minutes: no certificate",
        ];
        assert_eq!(said[1..], expected);
    }

    #[tokio::test(start_paused = true)]
    async fn the_same_reason_is_said_again_every_minute_until_the_limit() {
        let (last, said, seconds) = wait(PATIENCE, &[Some("no name")]).await;
        assert_eq!((last.as_deref(), seconds), (Some("no name"), 600));
        assert_eq!(said.len(), 11, "{said:#?}");
        assert_eq!(said[2], "not yet, after 1 min 10 s of 10 minutes: no name");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_does_not_exceed_the_limit() {
        let patience = Patience { limit: Duration::from_secs(15), ..PATIENCE };
        assert_eq!(wait(patience, &[Some("no name")]).await.2, 15);
    }
}
