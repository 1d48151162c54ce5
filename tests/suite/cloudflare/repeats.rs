//! What the Worker remembers of requests, so that one that repeats another calls into wasm no more: alone in the platform's own
//! runtime.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use edgeward_tests::{
    by_hand::http,
    place,
    workerd::{Module, Worker, Workerd},
};
use serde_json::{Value, json};

use crate::world::{World, tests};

tests![what_repeats_is_bounded_in_bytes];

/// How many of the requests that a memory is given are found in it again. When it is full for the first time it begins anew.
async fn what_repeats_is_bounded_in_bytes(world: Arc<World>) -> Result<()> {
    const SCRIPT: &str = r#"
import { Repeats } from "repeats.mjs";
const call = (url, authorization) => ({ method: "POST", url, authorization, length: 0, hasUpgrade: false });
const many = (most, make) => Array.from({ length: most }, (_, i) => make(i));
const text = (i, length) => `${i}`.padEnd(length, "x");
const until = 1e12;
function forwards(calls, identity) {
  const repeats = new Repeats(1);
  for (const each of calls) repeats.rememberForward(each, { url: each.url, identity: text(0, identity), until });
  return calls.filter((each) => repeats.find(each)).length;
}
function refusals(calls) {
  const repeats = new Repeats(1);
  for (const each of calls) repeats.rememberRefusal(each, { headers: [], body: "", repeats: "{}" });
  return calls.filter((each) => repeats.find(each)).length;
}
// So that the log is one, whose secrets are looked for.
export default { fetch: () => console.log("asked") ?? Response.json({
  usual: forwards(many(4000, (i) => call("u", text(i, 1000))), 1000),
  longest: forwards(many(2000, (i) => call("u", text(i, 8000))), 8192),
  padded: forwards(many(100, (i) => call("u", text(i, 100_000 + i))), 1000),
  paths: forwards(many(100, (i) => call(text(i, 100_000), text(i, 1000))), 1000),
  one: forwards(many(1024, (i) => call(text(i, 4000), "t")), 1000),
  growing: forwards(many(2048, (i) => call(text(i, i < 1024 ? 10 : 9_000), text(i % 1024, 10))), 10),
  strangers: refusals(many(2000, (i) => call(text(i, 100)))),
  strangersFarAway: refusals(many(200, (i) => call(text(i, 20_000)))),
  strangersTooFarAway: refusals(many(100, (i) => call(text(i, 100_000)))),
}) };
"#;
    let repeats = place::edge_scripts()?.into_iter().find(|(name, _)| name == "repeats.mjs").context("not there")?;
    let mut worker = Worker::script(SCRIPT);
    worker.modules.push(Module::script("repeats.mjs", repeats.1));
    let workerd = Workerd::start("repeats", &worker, world.stack.folder()).await?;
    let found: Value = http()?.get(workerd.url()).send().await?.json().await?;
    let mib = 1024 * 1024;
    let written = json!({
        "usual": 1024,
        "longest": 8 * mib / (8_000 + 8_192 + 2),
        "padded": 0,
        "paths": 0,
        "one": 1,
        "growing": 8 * mib / (2 * 9_000 + 2 * 10),
        "strangers": 64,
        "strangersFarAway": mib / 2 / (20_000 + 2_048),
        "strangersTooFarAway": 0,
    });
    assert_eq!(found, written);
    Ok(())
}
