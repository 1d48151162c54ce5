//! The MCP server of the binary: settings, router, logs, and its way to stop.

mod body_limit;
pub mod health;
pub mod logging;
mod mcp;
mod method;
mod metrics;
pub mod parameters;
mod request_log;
mod router;
mod serve;
pub mod session;
pub mod settings;
mod trace;
mod weather;

pub use metrics::{ExportError, Metrics};
pub use router::{Lifetimes, RouterError, router, session_keys};
pub use serve::{serve, termination};
pub use settings::{KeySource, Process, SessionKeySource, Settings, SettingsError, Telemetry};
