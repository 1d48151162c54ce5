//! The Durable Object in which instances coordinate refreshes, alone in the platform's own runtime: who asks, who waits, what is
//! answered, and that nothing stays.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use edgeward_tests::{
    by_hand::http,
    place,
    workerd::{Module, Worker, Workerd},
};
use serde_json::{Value, json};
use tokio::{task::JoinHandle, time::timeout};

use crate::world::{World, tests};

tests![
    the_first_claim_asks_and_others_wait_for_its_answer,
    a_lease_without_an_answer_passes_on,
    answers_are_followed_to_the_newest,
    an_answer_is_gone_after_its_lifetime_and_nothing_is_kept,
    a_grant_that_was_forgotten_has_no_answers_and_gets_none,
    a_late_holder_changes_nothing_for_the_one_that_took_over,
    an_older_token_waits_for_what_replaces_the_newest,
    a_restarted_object_keeps_its_answers_and_takes_those_of_lost_leases,
];

const MAIN: &str = r#"
import { Refreshes } from "refreshes.mjs";
export class Watched extends Refreshes {
  #begun = 0;
  claim(...given) {
    this.#begun++;
    return super.claim(...given);
  }
  // As a deployment does.
  restart() {
    this.ctx.abort("restarted");
  }
  begun() {
    return this.#begun;
  }
  async kept() {
    return [[...this.ctx.storage.kv.list()].length, await this.ctx.storage.getAlarm()];
  }
}
export default {
  async fetch(request, env) {
    if (request.method === "GET") return new Response();
    const { grant, method, given } = await request.json();
    console.log(method);
    return Response.json((await env.REFRESHES.getByName(grant)[method](...given)) ?? null);
  },
};
"#;

/// The object of one grant.
#[derive(Clone)]
struct Object {
    url: String,
    grant: String,
}

impl Object {
    async fn start(world: &World, name: &str) -> Result<(Workerd, Self)> {
        let scripts = place::edge_scripts()?.into_iter().filter(|(name, _)| name == "refreshes.mjs");
        let mut worker = Worker::script(MAIN);
        worker.modules.extend(scripts.map(|(name, text)| Module::script(&name, text)));
        worker.objects = Some(["Watched", "REFRESHES"]);
        let workerd = Workerd::start(&format!("objects-{name}"), &worker, world.stack.folder()).await?;
        let this = Self { url: workerd.url().to_owned(), grant: "grant".to_owned() };
        Ok((workerd, this))
    }

    async fn call(&self, method: &str, given: Value) -> Result<Value> {
        let call = json!({ "grant": self.grant, "method": method, "given": given });
        Ok(http()?.post(&self.url).json(&call).send().await?.error_for_status()?.json().await?)
    }

    async fn claim(&self, token: &str, holder: &str) -> Result<Value> {
        self.call("claim", json!([token, holder])).await
    }

    /// For ten seconds.
    async fn publish(&self, token: &str, holder: &str, next: Option<&str>) -> Result<()> {
        self.call("publish", json!([token, holder, next, format!("answer of {holder}"), 10])).await.map(drop)
    }

    /// A claim that waits. It is with the object when this returns.
    async fn waiting(&self, token: &str, holder: &str) -> Result<JoinHandle<Result<Value>>> {
        let before = self.call("begun", json!([])).await?;
        let (this, token, holder) = (self.clone(), token.to_owned(), holder.to_owned());
        let waiting = tokio::spawn(async move { this.claim(&token, &holder).await });
        while self.call("begun", json!([])).await? == before {}
        Ok(waiting)
    }
}

async fn the_first_claim_asks_and_others_wait_for_its_answer(world: Arc<World>) -> Result<()> {
    let (_workerd, object) = Object::start(&world, "claims").await?;
    assert_eq!(object.claim("token", "first").await?, json!(true));
    assert_eq!(object.claim("token", "first").await?, json!(true), "it has it already");
    assert_eq!(object.claim("other token", "second").await?, json!(true), "each token has its own");
    let another = Object { grant: "another".to_owned(), ..object.clone() };
    assert_eq!(another.claim("token", "second").await?, json!(true), "each grant has its own");

    let started = Instant::now();
    assert_eq!(object.claim("token", "second").await?, json!(false));
    let waited = started.elapsed();
    assert!((Duration::from_millis(600)..Duration::from_secs(5)).contains(&waited), "{waited:?}");

    let waiting = object.waiting("token", "second").await?;
    object.publish("token", "first", Some("next")).await?;
    assert_eq!(waiting.await??, "answer of first");
    assert_eq!(object.claim("token", "third").await?, "answer of first");
    // One that was taken over says nothing.
    assert_eq!(object.claim("next", "second").await?, json!(true));
    object.publish("next", "first", Some("wrong")).await?;
    object.publish("next", "second", Some("third")).await?;
    assert_eq!(object.claim("next", "third").await?, "answer of second");
    Ok(())
}

async fn a_lease_without_an_answer_passes_on(world: Arc<World>) -> Result<()> {
    let (_workerd, object) = Object::start(&world, "leases").await?;
    assert_eq!(object.claim("token", "first").await?, json!(true));
    let waiting = object.waiting("token", "second").await?;
    object.call("withdraw", json!(["token", "third", false])).await?;
    object.call("withdraw", json!(["token", "first", false])).await?;
    assert_eq!(waiting.await??, json!(true), "at once");

    // The second one is silent from now on. The object's own clock says when its lease is over.
    let started = Instant::now();
    let claimed = async {
        while object.claim("token", "third").await? == json!(false) {}
        anyhow::Ok(started.elapsed())
    };
    let silent = timeout(Duration::from_secs(10), claimed).await.context("the lease does not end")??;
    assert!(silent > Duration::from_millis(2_500), "{silent:?}");

    // The third one renews it.
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(4) {
        object.call("renew", json!(["token", "third"])).await?;
        assert_eq!(object.claim("token", "fourth").await?, json!(false));
    }
    // Nobody gets a lease by renewing it.
    object.call("withdraw", json!(["token", "third", false])).await?;
    object.call("renew", json!(["token", "third"])).await?;
    assert_eq!(object.claim("token", "fourth").await?, json!(true));
    Ok(())
}

async fn answers_are_followed_to_the_newest(world: Arc<World>) -> Result<()> {
    let (_workerd, object) = Object::start(&world, "chains").await?;
    for (token, holder, next) in [
        ("first", "one", Some("second")),
        ("second", "two", Some("third")),
        // An answer without a new token leaves this one good.
        ("third", "three", None),
        ("round", "four", Some("round")),
    ] {
        assert_eq!(object.claim(token, holder).await?, json!(true));
        object.publish(token, holder, next).await?;
    }
    for (token, answer) in [("first", "two"), ("second", "two"), ("third", "three"), ("round", "four")] {
        assert_eq!(object.claim(token, "another").await?, format!("answer of {answer}"), "{token}");
    }
    // What led to a token that is over leads nowhere.
    for holder in ["six", "without a lease"] {
        assert_eq!(object.claim("older", "five").await?, json!(true));
        object.publish("older", "five", Some("over")).await?;
        assert_eq!(object.claim("over", "six").await?, json!(true));
        if holder != "six" {
            object.call("withdraw", json!(["over", "six", false])).await?;
        }
        object.call("withdraw", json!(["over", holder, true])).await?;
        assert_eq!(object.claim("older", "five").await?, json!(true), "{holder}");
    }
    Ok(())
}

async fn an_answer_is_gone_after_its_lifetime_and_nothing_is_kept(world: Arc<World>) -> Result<()> {
    let (_workerd, object) = Object::start(&world, "lifetimes").await?;
    assert_eq!(object.claim("short", "first").await?, json!(true));
    assert_eq!(object.call("kept", json!([])).await?, json!([0, null]), "a lease is not kept");
    object.call("publish", json!(["short", "first", "next", "sealed", 1])).await?;
    object.call("publish", json!(["longer", "first", "next", "sealed", 2])).await?;
    let kept = object.call("kept", json!([])).await?;
    assert!(kept[0] == 2 && kept[1].is_u64(), "{kept}");
    assert_eq!(object.claim("short", "second").await?, "sealed");
    let empty = async {
        while object.call("kept", json!([])).await? != json!([0, null]) {}
        anyhow::Ok(())
    };
    timeout(Duration::from_secs(10), empty).await.context("something is kept")??;
    assert_eq!(object.claim("short", "second").await?, json!(true));
    Ok(())
}

async fn a_grant_that_was_forgotten_has_no_answers_and_gets_none(world: Arc<World>) -> Result<()> {
    let (_workerd, object) = Object::start(&world, "forgotten").await?;
    assert_eq!(object.claim("answered", "first").await?, json!(true));
    object.publish("answered", "first", Some("next")).await?;
    assert_eq!(object.claim("asked", "first").await?, json!(true));
    object.call("forget", json!([])).await?;
    assert_eq!(object.call("kept", json!([])).await?, json!([0, null]));
    assert_eq!(object.claim("answered", "second").await?, json!(true));
    // One asks at a time all the same.
    let waiting = object.waiting("asked", "second").await?;
    object.publish("asked", "first", Some("next")).await?;
    assert_eq!(waiting.await??, json!(true), "it came after the revocation");
    assert_eq!(object.call("kept", json!([])).await?, json!([0, null]));
    // Nor one whose lease has ended meanwhile.
    object.call("withdraw", json!(["asked", "second", true])).await?;
    object.publish("asked", "first", Some("next")).await?;
    assert_eq!(object.call("kept", json!([])).await?, json!([0, null]));
    // A claim from after it is answered.
    assert_eq!(object.claim("asked", "third").await?, json!(true));
    object.publish("asked", "third", Some("next")).await?;
    assert_eq!(object.claim("asked", "second").await?, "answer of third");
    Ok(())
}

async fn a_late_holder_changes_nothing_for_the_one_that_took_over(world: Arc<World>) -> Result<()> {
    let (_workerd, object) = Object::start(&world, "late").await?;
    assert_eq!(object.claim("before", "zero").await?, json!(true));
    object.publish("before", "zero", Some("token")).await?;
    assert_eq!(object.claim("token", "first").await?, json!(true));
    let taking_over = async {
        while object.claim("token", "second").await? == json!(false) {}
        anyhow::Ok(())
    };
    timeout(Duration::from_secs(10), taking_over).await.context("the lease does not end")??;
    // The second one is asking, and the first one is refused.
    object.call("withdraw", json!(["token", "first", true])).await?;
    assert_eq!(object.call("kept", json!([])).await?[0], 1);
    object.publish("token", "second", Some("next")).await?;
    object.publish("token", "first", Some("wrong")).await?;
    object.call("withdraw", json!(["token", "first", true])).await?;
    for token in ["before", "token"] {
        assert_eq!(object.claim(token, "third").await?, "answer of second", "{token}");
    }
    Ok(())
}

async fn an_older_token_waits_for_what_replaces_the_newest(world: Arc<World>) -> Result<()> {
    let (_workerd, object) = Object::start(&world, "replacing").await?;
    assert_eq!(object.claim("first", "one").await?, json!(true));
    object.publish("first", "one", Some("second")).await?;
    assert_eq!(object.claim("second", "two").await?, json!(true));
    assert_eq!(object.claim("first", "three").await?, json!(false));
    let waiting = object.waiting("first", "three").await?;
    // A claim that is made again is the same one.
    assert_eq!(object.claim("second", "two").await?, json!(true));
    object.publish("second", "two", Some("third")).await?;
    assert_eq!(waiting.await??, "answer of two");
    // If nothing comes of it, the token before is the newest.
    assert_eq!(object.claim("third", "four").await?, json!(true));
    let waiting = object.waiting("first", "five").await?;
    object.call("withdraw", json!(["third", "four", false])).await?;
    assert_eq!(waiting.await??, "answer of two");
    Ok(())
}

async fn a_restarted_object_keeps_its_answers_and_takes_those_of_lost_leases(world: Arc<World>) -> Result<()> {
    let (_workerd, object) = Object::start(&world, "restarted").await?;
    assert_eq!(object.claim("answered", "first").await?, json!(true));
    object.publish("answered", "first", Some("next")).await?;
    assert_eq!(object.claim("asked", "first").await?, json!(true));
    assert!(object.call("restart", json!([])).await.is_err(), "the call ends with the object");
    assert_eq!(object.call("begun", json!([])).await?, 0, "another object");
    assert_eq!(object.claim("answered", "second").await?, "answer of first");
    // The lease is lost, its answer is not.
    object.publish("asked", "first", Some("next")).await?;
    assert_eq!(object.claim("asked", "second").await?, "answer of first");
    Ok(())
}
