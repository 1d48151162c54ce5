//! What a command tells its caller: lines as things happen, or one JSON document at the end. Never a secret.

use std::process::ExitCode;

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

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// It is wrong: the command ends with status 1.
    Problem,
    /// It works, but costs or risks something that the operator should know of, or it could not be looked at.
    Note,
}

/// The report of one command.
#[derive(Debug)]
pub(crate) struct Report {
    format: Format,
    document: Document,
    /// How many of the notes are printed.
    printed_notes: usize,
}

#[derive(Debug, Default, Serialize)]
struct Document {
    done: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Next>,
    problems: Vec<Problem>,
    /// In the form of problems.
    notes: Vec<Problem>,
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
        Self { format, document: Document::default(), printed_notes: 0 }
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
        self.finding("problem", &problem);
        self.document.problems.push(problem);
    }

    /// Something works, but should be known. Notes are printed after the problems.
    pub(crate) fn note(&mut self, note: Problem) {
        self.document.notes.push(note);
    }

    /// Something is wrong, or should be known.
    pub(crate) fn add(&mut self, weight: Weight, finding: Problem) {
        match weight {
            Weight::Problem => self.problem(finding),
            Weight::Note => self.note(finding),
        }
    }

    /// Prints the notes that are not printed yet, and says how many there are in all.
    pub(crate) fn print_notes(&mut self) -> usize {
        for note in &self.document.notes[self.printed_notes..] {
            self.finding("note", note);
        }
        self.printed_notes = self.document.notes.len();
        self.printed_notes
    }

    pub(crate) fn has_problems(&self) -> bool {
        !self.document.problems.is_empty()
    }

    /// Ends the command: status 0, or 1 when something is wrong or was refused.
    pub(crate) fn end(mut self, outcome: Result<()>) -> ExitCode {
        self.print_notes();
        if let Err(error) = &outcome {
            self.document.error = Some(format!("{error:#}"));
            eprintln!("edgeward: {error:#}");
        }
        if self.format == Format::Json {
            println!("{}", serde_json::to_string_pretty(&self.document).unwrap_or_default());
        }
        if outcome.is_ok() && !self.has_problems() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    /// The remedy has a line of its own: findings are long.
    fn finding(&self, kind: &str, Problem { place, what, remedy }: &Problem) {
        self.line(&format!("{kind}: {place}: {what}\n  do: {remedy}"));
    }

    fn line(&self, line: &str) {
        if self.format == Format::Lines {
            println!("{line}");
        }
    }
}
