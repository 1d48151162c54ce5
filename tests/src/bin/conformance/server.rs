//! The MCP server behind the edge, as any client sees it.

use anyhow::Result;
use edgeward_tests::{
    browser::{Browser, User},
    client::SignedIn,
    stack::Stack,
    token_proxy::TokenProxy,
};

use crate::{
    report::{self, Tally},
    tool::Run,
};

/// All that the tool knows for the revision: what it requires, and what it runs without counting it.
pub(crate) async fn judge(stack: &Stack, revision: &str) -> Result<Tally> {
    let client = SignedIn::with(&mut Browser::new()?, &stack.mcp(), User::DEMO).await?;
    let proxy = TokenProxy::start(stack.issuer(), &client.access_token().await?).await?;
    let url = format!("{}/mcp", proxy.url());
    let arguments = ["server", "--url", &url, "--requirements", revision];
    let run = Run::start(stack, &format!("server-{revision}"), &arguments)?;
    let (results, content) = run.results().await?;
    report::of("server", revision, &results, scenarios(revision), content)
}

/// How many there are: a run that leaves some out does not count.
fn scenarios(revision: &str) -> usize {
    if revision == "2025-11-25" { 33 } else { 50 }
}
