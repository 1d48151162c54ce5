//! The contract of `Fetch`.

mod answers;
mod endings;
mod requests;

use edgeward_core::platform::{Fetch, FetchError, FetchReply, FetchRequest, Timer};

use crate::{concurrency::race, report::Report};

/// The server that `fetch` is held to its contract with: three addresses of `scheme://host:port` each. What must be at which path
/// stands in `PEER.md`.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Serves what `PEER.md` says.
    pub serving: String,
    /// Accepts connections, and closes them without an answer.
    pub closing: String,
    /// Nobody listens there.
    pub refusing: String,
}

/// Holds `fetch` to its contract.
pub async fn fetch_contract(port: &impl Fetch, timer: &impl Timer, peer: &Peer) -> Report {
    let mut report = Report::new("fetch");
    let scene = Scene { port, timer, peer };
    requests::hold(&scene, &mut report).await;
    answers::hold(&scene, &mut report).await;
    endings::hold(&scene, &mut report).await;
    report
}

struct Scene<'a, P, T> {
    port: &'a P,
    timer: &'a T,
    peer: &'a Peer,
}

/// What came of a request.
type Fetched = Result<FetchReply, FetchError>;

/// Where no clause is about them.
const DEADLINE_MS: u32 = 10_000;
const MAX_BYTES: usize = 65_536;
/// A machine that is busy ends a request so much later.
const LATE_MS: u32 = 5_000;

impl<P: Fetch, T: Timer> Scene<'_, P, T> {
    /// A request for a path of the peer's.
    fn get(&self, path: &str) -> FetchRequest {
        FetchRequest {
            url: format!("{}{path}", self.peer.serving),
            authorization: None,
            form: None,
            max_bytes: MAX_BYTES,
            deadline_ms: DEADLINE_MS,
        }
    }

    /// Sends a request, and fails if it does not end by itself.
    async fn send(&self, request: FetchRequest) -> Result<Fetched, String> {
        let (url, deadline_ms) = (request.url.clone(), request.deadline_ms);
        let fetched = async { Ok(self.port.fetch(request).await) };
        let late = async {
            self.timer.sleep(deadline_ms.saturating_add(LATE_MS)).await;
            Err(format!("{url}: it has not ended {LATE_MS} ms after the deadline"))
        };
        race(fetched, late).await
    }

    /// The answer to a request that must get one.
    async fn answer(&self, request: FetchRequest) -> Result<FetchReply, String> {
        let url = request.url.clone();
        self.send(request).await?.map_err(|error| format!("{url}: {error}"))
    }
}

/// What there was in place of an answer, without its body, which may be long.
fn outcome(fetched: &Fetched) -> Result<(u16, usize), FetchError> {
    match fetched {
        Ok(reply) => Ok((reply.status, reply.body.len())),
        Err(error) => Err(*error),
    }
}
