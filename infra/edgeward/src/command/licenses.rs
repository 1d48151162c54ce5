//! `edgeward licenses`: what the licences of the software in this program ask to be passed on.

use std::{
    io::{self, ErrorKind, Write as _},
    process::ExitCode,
};

/// `make notices` writes it.
const NOTICES: &str = include_str!("../../NOTICES.txt");

pub(crate) fn run() -> ExitCode {
    match io::stdout().write_all(NOTICES.as_bytes()) {
        // A pager that was closed before the end.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            eprintln!("edgeward: the licences could not be written: {error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}
