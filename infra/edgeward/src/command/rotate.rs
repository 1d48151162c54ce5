//! `edgeward rotate`

mod client_secret;
mod keys;

use anyhow::Result;

use crate::{cli::Rotate, report::Report};

/// Does the step that is due.
pub(crate) async fn run(arguments: &Rotate, report: &mut Report) -> Result<()> {
    match arguments.what.kind() {
        Some(kind) => keys::run(kind, arguments, report).await,
        None => client_secret::run(arguments, report).await,
    }
}
