//! What a command tells its caller: lines as things happen, or one JSON document at the end. Never a secret.

use std::{fmt, process::ExitCode};

use anyhow::Result;
use edgeward_identity::UnixTime;
use serde::Serialize;

use crate::date;

/// How it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Lines,
    Json,
}

/// Something that is wrong, where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Problem {
    #[serde(rename = "where")]
    pub(crate) place: String,
    pub(crate) what: String,
    #[serde(rename = "do")]
    pub(crate) remedy: String,
}

impl Problem {
    pub(crate) fn new(place: impl Into<String>, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place, self.what, self.remedy)
    }
}

/// The report of one command.
#[derive(Debug)]
pub(crate) struct Report {
    format: Format,
    document: Document,
}

#[derive(Debug, Default, Serialize)]
struct Document {
    done: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Next>,
    problems: Vec<Problem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Debug, Serialize)]
struct Next {
    at: u64,
    step: String,
}

impl Report {
    pub(crate) fn new(format: Format) -> Self {
        Self { format, document: Document::default() }
    }

    /// Something was done, or found good, or would be done.
    pub(crate) fn did(&mut self, line: impl Into<String>) {
        let line = line.into();
        self.line(&line);
        self.document.done.push(line);
    }

    /// Something is to be done later.
    pub(crate) fn next(&mut self, at: UnixTime, step: impl Into<String>) {
        let step = step.into();
        self.line(&format!("next: {step}, from {}", date::text(at)));
        self.document.next = Some(Next { at: at.as_secs(), step });
    }

    /// Something takes long. It goes to standard error: it is no part of the result.
    pub(crate) fn progress(&self, line: &str) {
        eprintln!("edgeward: {line}");
    }

    /// Something is wrong.
    pub(crate) fn problem(&mut self, problem: Problem) {
        self.line(&format!("problem: {problem}"));
        self.document.problems.push(problem);
    }

    pub(crate) fn has_problems(&self) -> bool {
        !self.document.problems.is_empty()
    }

    /// Ends the command: status 0, or 1 when something is wrong or was refused.
    pub(crate) fn end(mut self, outcome: Result<()>) -> ExitCode {
        if let Err(error) = &outcome {
            self.document.error = Some(format!("{error:#}"));
            eprintln!("edgeward: {error:#}");
        }
        if self.format == Format::Json {
            println!("{}", serde_json::to_string_pretty(&self.document).unwrap_or_default());
        }
        if outcome.is_ok() && !self.has_problems() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn line(&self, line: &str) {
        if self.format == Format::Lines {
            println!("{line}");
        }
    }
}
