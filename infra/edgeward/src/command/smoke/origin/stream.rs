//! The standing stream of an MCP server (GET): a CDN cuts one that is silent for too long.

use std::time::Duration;

use http::{Method, StatusCode, header};

use super::{Found, Proof, Server};
use crate::{report::Problem, waiting};

/// Cloudflare cuts a stream after 120 seconds of silence
/// (<https://developers.cloudflare.com/fundamentals/reference/connection-limits/>).
pub(in crate::command) const LONGEST_SILENCE: Duration = Duration::from_secs(110);

impl Server<'_> {
    /// Waits for the first bytes of the standing stream, if the server has one.
    pub(super) async fn stream(&self, silence: Duration) -> Result<Found, Problem> {
        let url = &self.resource.origin.url;
        let first = self.ask(Proof::Edge).await?;
        let session = first.header("mcp-session-id").map(str::to_owned);
        let request = self.request(Method::GET, Proof::Edge)?.header(header::ACCEPT, "text/event-stream");
        let request = session.iter().fold(request, |request, id| request.header("mcp-session-id", id));
        let request = request.header("mcp-protocol-version", "2025-11-25");
        let failed =
            |error: anyhow::Error| Problem::new(url, format!("has no stream: {error:#}"), "the server's log says why");
        let (status, is_alive) = self.fetch.first_bytes(request, silence).await.map_err(failed)?;
        if status != StatusCode::OK {
            return Ok(Found::Good(format!("{url} has no standing stream (status {})", status.as_u16())));
        }
        if is_alive {
            return Ok(Found::Good(format!("{url} keeps its standing stream alive")));
        }
        let what = format!(
            "says nothing on its standing stream for {}, and Cloudflare cuts such streams",
            waiting::words(silence)
        );
        let to_do = "have the server send a comment (`: ping`) every 15 seconds. Clients that are cut connect again";
        Ok(Found::Note(Problem::new(url, what, to_do)))
    }
}
