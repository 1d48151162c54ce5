//! `edgeward rotate`

mod client_secret;
mod keys;
mod session;

use anyhow::{Result, bail};

use crate::{
    cli::{Rotate, What},
    jwks::{Kind, PrivateJwk, PrivateJwks},
    report::Report,
    rotation::{self, Life, Plan, Step, Wish},
};

/// Does the step that is due.
pub(crate) async fn run(arguments: &Rotate, report: &mut Report) -> Result<()> {
    match arguments.what {
        What::Signing => keys::run(Kind::Signing, arguments, report).await,
        What::Sealing => keys::run(Kind::Sealing, arguments, report).await,
        What::Registration => keys::run(Kind::Registration, arguments, report).await,
        What::Session => session::run(arguments, report).await,
        What::ClientSecret => client_secret::run(arguments, report).await,
    }
}

/// The step that is due for the keys of one kind and is to be taken now; otherwise it is said what will be.
fn due(kind: Kind, keys: &PrivateJwks, arguments: &Rotate, report: &mut Report) -> Result<Option<Step>> {
    let word = kind.word();
    let lives: Vec<_> = keys.of_kind(kind).map(Life::of).collect();
    let wish = Wish {
        begin: arguments.begin,
        force_remove: arguments.force_remove,
        older_than: arguments.older_than.saturating_mul(DAY),
    };
    let step = match rotation::plan(&lives, arguments.clock.now(), wish) {
        Plan::Do(step) => step,
        Plan::Wait { until, step } => {
            report.did(format!("nothing is due for the {word} keys"));
            report.next(until, words(&step, word));
            return Ok(None);
        }
        Plan::Kept { key_id } => bail!(
            "client ids made with the key {key_id} never expire: with --force-remove it goes, and every client that was \
             registered with it must register again; with --begin another rotation begins, and it stays"
        ),
        Plan::NothingToRemove => bail!(
            "no {word} key has been replaced, so there is none to remove; if the key in use has leaked, run `edgeward leaked {word}`"
        ),
    };
    if arguments.dry_run {
        report.did(format!("would {}", words(&step, word)));
        return Ok(None);
    }
    Ok(Some(step))
}

/// What a removal by force has not removed.
fn still_in_use(key: &PrivateJwk, kind: Kind) -> String {
    let (id, word) = (key.key_id(), kind.word());
    format!("the {word} key {id} is still in use; if that one has leaked, run `edgeward leaked {word}`")
}

fn words(step: &Step, word: &str) -> String {
    match step {
        Step::Add => format!("make a new {word} key and deliver it behind the one in use"),
        Step::Deliver { key_id } => {
            format!("deliver the {word} key {key_id} again, as nobody knows whether it has arrived")
        }
        Step::Promote { key_id } => format!("put the {word} key {key_id} first"),
        Step::Remove { key_id } => format!("remove the {word} key {key_id}"),
    }
}

const DAY: u64 = 86_400;
