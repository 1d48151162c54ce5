//! How requests end: deadlines, lengths, connections that fail.

use edgeward_core::platform::{Fetch, FetchError, FetchRequest, Timer};

use super::{Fetched, Scene, outcome};
use crate::report::{Found, Report, ensure, expect};

pub(super) async fn hold(scene: &Scene<'_, impl Fetch, impl Timer>, report: &mut Report) {
    report.hold("it ends at the deadline when no answer comes", scene.ends_at_the_deadline("/silent")).await;
    report.hold("it ends at the deadline when a body stalls", scene.ends_at_the_deadline("/stalls")).await;
    report.hold("it waits for an answer until the deadline", scene.waits()).await;
    report.hold("a body of exactly the longest length is whole", scene.takes_the_longest()).await;
    report.hold("a longer body fails as a whole", scene.refuses_longer()).await;
    report.hold("a body without an end fails when it is too long", scene.refuses_endless()).await;
    report.hold("a compressed body is measured as it is decoded", scene.measures_decoded()).await;
    report.hold("a body that breaks off fails as a whole", scene.refuses_broken()).await;
    report.hold("a connection that is closed without an answer fails", scene.fails(&scene.peer.closing)).await;
    report.hold("a connection that is refused fails", scene.fails(&scene.peer.refusing)).await;
    report.hold("after all that it works", scene.waits()).await;
}

/// Less than anything else here takes.
const SOON_MS: u32 = 700;

impl<P: Fetch, T: Timer> Scene<'_, P, T> {
    async fn ends_at_the_deadline(&self, path: &str) -> Found {
        let fetched = self.send(FetchRequest { deadline_ms: SOON_MS, ..self.get(path) }).await?;
        expect(path, outcome(&fetched), Err(FetchError::DeadlineExceeded))
    }

    async fn waits(&self) -> Found {
        let fetched = self.send(self.get("/late")).await?;
        expect("/late", outcome(&fetched), Ok((200, 4)))
    }

    async fn limited(&self, path: &str, max_bytes: usize) -> Result<Fetched, String> {
        self.send(FetchRequest { max_bytes, ..self.get(path) }).await
    }

    async fn takes_the_longest(&self) -> Found {
        for (path, length) in
            [("/bytes/0", 0), ("/bytes/5000", 5_000), ("/chunks/5000", 5_000), ("/bytes/300000", 300_000)]
        {
            let fetched = self.limited(path, length).await?;
            expect(path, outcome(&fetched), Ok((200, length)))?;
        }
        Ok(())
    }

    async fn refuses_longer(&self) -> Found {
        for (path, most) in
            [("/bytes/1", 0), ("/bytes/5001", 5_000), ("/chunks/5001", 5_000), ("/bytes/300000", 299_999)]
        {
            let fetched = self.limited(path, most).await?;
            expect(path, outcome(&fetched), Err(FetchError::TooLong))?;
        }
        Ok(())
    }

    async fn refuses_endless(&self) -> Found {
        let fetched = self.limited("/endless", 100_000).await?;
        expect("/endless", outcome(&fetched), Err(FetchError::TooLong))
    }

    async fn measures_decoded(&self) -> Found {
        let fetched = self.limited("/compressed/long", 99_999).await?;
        expect("/compressed/long", outcome(&fetched), Err(FetchError::TooLong))
    }

    async fn refuses_broken(&self) -> Found {
        for path in ["/breaks-off/announced", "/breaks-off/chunked"] {
            is_failure(path, &self.send(self.get(path)).await?)?;
        }
        Ok(())
    }

    async fn fails(&self, base: &str) -> Found {
        let url = format!("{base}/echo");
        is_failure(&url, &self.send(FetchRequest { url: url.clone(), ..self.get("") }).await?)
    }
}

fn is_failure(what: &str, fetched: &Fetched) -> Found {
    let is_failure = matches!(fetched, Err(FetchError::Connection | FetchError::Unreachable(_)));
    ensure(is_failure, || format!("{what}: {:?} instead of a failure of the connection", outcome(fetched)))
}
