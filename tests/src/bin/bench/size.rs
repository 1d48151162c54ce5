//! What is uploaded to the platform.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use edgeward_tests::workerd::Worker;

use crate::{
    figures::{BUNDLE, Figures, names},
    scene::Scene,
};

/// Measures both bundles, as `make size` does.
///
/// # Errors
/// When there is no gzip.
pub(crate) fn measure(scene: &Scene, figures: &mut Figures) -> Result<()> {
    let edge = Worker::edge(&Default::default())?;
    let sizes: Result<Vec<_>> = edge.modules.iter().map(|module| compressed(&module.content)).collect();
    figures.note(BUNDLE, names::EDGEWARD, sizes?.iter().sum::<usize>() as f64);
    figures.note(BUNDLE, names::LIBRARY, compressed(&scene.library)? as f64);
    Ok(())
}

fn compressed(bytes: &[u8]) -> Result<usize> {
    let mut gzip = Command::new("gzip")
        .args(["-9", "--stdout"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run gzip")?;
    let mut stdin = gzip.stdin.take().context("gzip does not listen")?;
    let bytes = bytes.to_vec();
    // It writes while it reads: somebody has to read meanwhile.
    let writing = std::thread::spawn(move || stdin.write_all(&bytes));
    let output = gzip.wait_with_output()?;
    writing.join().ok().context("gzip was not told everything")??;
    ensure!(output.status.success(), "gzip has failed");
    Ok(output.stdout.len())
}
