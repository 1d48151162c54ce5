//! Questions to people, line by line on standard error, so that a pipe can answer too.

use std::io::{self, BufRead as _, Write as _};

use anyhow::{Context as _, Result, bail};

use crate::pool::Named;

/// Asks, or takes what is there.
pub(super) struct Questions {
    are_asked: bool,
}

impl Questions {
    /// With `yes`, nothing is asked.
    pub(super) const fn new(yes: bool) -> Self {
        Self { are_asked: !yes }
    }

    pub(super) const fn are_asked(&self) -> bool {
        self.are_asked
    }

    /// An answer in text, unless it was `given`. `option` is how a script gives it.
    pub(super) fn text(
        &self,
        option: &str,
        question: &str,
        given: Option<&String>,
        default: Option<&str>,
    ) -> Result<String> {
        if let Some(given) = given {
            return Ok(given.trim().to_owned());
        }
        if !self.are_asked {
            return default.map(str::to_owned).with_context(|| format!("--{option} is missing ({question})"));
        }
        let shown = default.map_or(String::new(), |default| format!(" [{default}]"));
        loop {
            let line =
                line(&format!("{question}{shown}: "))?.with_context(|| format!("no answer: --{option} gives it"))?;
            match (line.as_str(), default) {
                ("", Some(default)) => return Ok(default.to_owned()),
                ("", None) => {}
                (text, _) => return Ok(text.to_owned()),
            }
        }
    }

    /// One of `choices`, by its number or its id; or another id.
    pub(super) fn choice(&self, option: &str, question: &str, choices: &[Named]) -> Result<String> {
        if !self.are_asked {
            bail!("--{option} is missing ({question})");
        }
        for (number, Named { id, name }) in (1..).zip(choices) {
            say(&format!("  {number}  {id}  {name}\n"));
        }
        let default = (choices.len() == 1).then_some("1");
        let answer = self.text(option, question, None, default)?;
        let chosen = answer.parse().ok().and_then(|number: usize| choices.get(number.checked_sub(1)?));
        Ok(chosen.map_or(answer, |chosen| chosen.id.clone()))
    }

    /// Whether the operator wants it. Who asks no questions has said so.
    pub(super) fn agrees(&self, question: &str) -> Result<bool> {
        if !self.are_asked {
            return Ok(true);
        }
        let answer = line(&format!("{question} [y/N]: "))?.unwrap_or_default();
        Ok(["y", "yes"].contains(&answer.to_ascii_lowercase().as_str()))
    }
}

/// The next line of standard input, or nothing at its end.
fn line(prompt: &str) -> Result<Option<String>> {
    say(prompt);
    let mut line = String::new();
    let length = io::stdin().lock().read_line(&mut line).context("standard input cannot be read")?;
    Ok((length > 0).then(|| line.trim().to_owned()))
}

fn say(text: &str) {
    // Whoever does not read the question may still answer it.
    let _ = io::stderr().write_all(text.as_bytes());
}
