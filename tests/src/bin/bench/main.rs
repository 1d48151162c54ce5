//! `make bench`: what Edgeward costs, beside doing nothing and beside what people would use instead.
//!
//! All of them stand in front of one origin that answers at once, in the same runtime and the same run, and are measured in
//! turn, round by round. Ratios are what counts: they are much the same on any machine.

mod bodies;
mod budgets;
mod document;
mod figures;
mod generator;
mod identity_layer;
mod measure;
mod origin;
mod peer;
mod plot;
mod report;
mod scene;
mod settings;
mod sign_in;
mod size;
mod tokens;

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use edgeward_tests::process::must_measure;

use crate::{figures::Figures, scene::Scene, settings::Settings};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<ExitCode> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => {
            must_measure("bench")?;
            bench().await
        }
        [origin::ARGUMENT, address] => origin::serve(address.parse()?).await.map(|()| ExitCode::SUCCESS),
        [identity_layer::ARGUMENT, address, ref jwks @ ..] => {
            identity_layer::serve(address.parse()?, jwks.first().copied()).await.map(|()| ExitCode::SUCCESS)
        }
        _ => {
            eprintln!("usage: edgeward-bench");
            Ok(ExitCode::from(2))
        }
    }
}

async fn bench() -> Result<ExitCode> {
    let scene = Scene::start(Settings::read()?).await.context("not everything could be started")?;
    let mut figures = Figures::default();
    for (name, reason) in &scene.absent {
        println!("skipped: {name}: {reason}");
    }
    size::measure(&scene, &mut figures)?;
    for part in ["calls", "latencies", "refusals", "cold", "tokens", "streams", "uploads", "sign-ins", "layer"] {
        if !scene.settings.wants(part) {
            continue;
        }
        println!("measuring: {part}");
        match part {
            "calls" => measure::calls(&scene, &mut figures).await?,
            "latencies" => measure::latencies(&scene, &mut figures).await?,
            "refusals" => measure::refusals(&scene, &mut figures).await?,
            "cold" => measure::cold(&scene, &mut figures).await?,
            "tokens" => measure::tokens(&scene, &mut figures).await?,
            "streams" => bodies::streams(&scene, &mut figures).await?,
            "uploads" => bodies::uploads(&scene, &mut figures).await?,
            "sign-ins" => sign_in::measure(&scene, &mut figures).await?,
            _ => identity_layer::measure(&scene, &mut figures).await?,
        }
    }

    let budgets = budgets::all(&figures);
    println!("\n{}", report::text(&report::table(&figures)));
    for [what, most, measured, verdict] in budgets.iter().map(report::verdict) {
        println!("{verdict:<8}{what:<70}{most:>10}   {measured}");
    }
    println!("\n{}", report::ratios(&figures));
    if scene.settings.write {
        document::write(&scene, &figures, &budgets)?;
    }
    let is_kept = budgets.iter().all(budgets::Budget::is_met);
    Ok(if is_kept || !scene.settings.strict { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
