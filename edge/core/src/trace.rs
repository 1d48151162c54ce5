//! W3C Trace Context: one id for a request, from the client through the edge to the MCP server, in all their logs.
//!
//! A valid `traceparent` is passed on as it came: the edge reports no spans of its own. Anything else is replaced.

mod header;
mod ids;

pub use header::Trace;
pub use ids::TraceIds;
