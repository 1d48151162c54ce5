//! What came of a contract: each clause, and whether the port keeps it.

use std::fmt::Debug;

use serde_json::json;

/// Whether a clause holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The port keeps it.
    Kept,
    /// The port breaks it, and how.
    Broken(String),
    /// It was not run, because the platform does not have what the clause is about.
    LeftOut(&'static str),
}

/// One promise of a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// Its name, as in `CLAUSES.md`.
    pub name: String,
    /// What came of it.
    pub verdict: Verdict,
}

/// All clauses of one port's contract.
#[derive(Debug, Clone)]
pub struct Report {
    /// The port's name.
    pub port: &'static str,
    /// The clauses, in the order in which they ran.
    pub clauses: Vec<Clause>,
    left_out: Option<&'static str>,
}

/// What a clause finds: an error says how the port breaks it.
pub(crate) type Found = Result<(), String>;

impl Report {
    pub(crate) const fn new(port: &'static str) -> Self {
        Self { port, clauses: Vec::new(), left_out: None }
    }

    /// The clauses from here on are not run, because of this.
    pub(crate) fn leave_out(&mut self, reason: &'static str) {
        self.left_out = Some(reason);
    }

    /// Runs a clause, unless it is left out.
    pub(crate) async fn hold(&mut self, name: &str, clause: impl Future<Output = Found>) {
        let verdict = match self.left_out {
            Some(reason) => Verdict::LeftOut(reason),
            None => clause.await.map_or_else(Verdict::Broken, |()| Verdict::Kept),
        };
        self.clauses.push(Clause { name: name.to_owned(), verdict });
    }

    /// The names of the clauses with a verdict of this kind.
    pub fn names(&self, is_meant: impl Fn(&Verdict) -> bool) -> Vec<&str> {
        let meant = self.clauses.iter().filter(|clause| is_meant(&clause.verdict));
        meant.map(|clause| clause.name.as_str()).collect()
    }

    /// The names of the clauses that the port breaks.
    pub fn broken(&self) -> Vec<&str> {
        self.names(|verdict| matches!(verdict, Verdict::Broken(_)))
    }

    /// A line of JSON for each clause: `port`, `clause`, `verdict` (`kept`, `broken` or `left out`) and, beside the last two, the
    /// `reason`.
    pub fn to_json_lines(&self) -> String {
        let line = |Clause { name, verdict }: &Clause| {
            let (verdict, reason) = match verdict {
                Verdict::Kept => ("kept", ""),
                Verdict::Broken(reason) => ("broken", reason.as_str()),
                Verdict::LeftOut(reason) => ("left out", *reason),
            };
            json!({ "port": self.port, "clause": name, "verdict": verdict, "reason": reason }).to_string() + "\n"
        };
        self.clauses.iter().map(line).collect()
    }
}

/// Compares what was found with what the contract promises.
pub(crate) fn expect<T: PartialEq + Debug>(what: &str, found: T, promised: T) -> Found {
    if found == promised { Ok(()) } else { Err(format!("{what}: {found:?} instead of {promised:?}")) }
}

/// For what cannot be compared.
pub(crate) fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Found {
    if holds { Ok(()) } else { Err(otherwise()) }
}
