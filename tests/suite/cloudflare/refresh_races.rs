//! Two instances of the edge that refresh the same token within Cognito's grace period sign no client out, whatever Cognito does
//! with replays: one of them asks, and both give the answer.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use edgeward_cognito::{Endpoint, Fault, FaultKind, Replay};
use edgeward_tests::{
    by_hand::{Answer, HandMade, Parameters},
    twins::{Objects, Twins},
};
use reqwest::StatusCode;
use tokio::{io::AsyncWriteExt as _, net::TcpStream, task::JoinSet};

use crate::{
    faulty::until,
    rotation::{BOTH, Form, goes_on},
    settings::GRACE_SECONDS,
    world::{World, refused, tests},
};

tests![
    parallel_refreshes_at_two_instances_all_succeed_and_go_on,
    an_answer_that_was_lost_is_given_by_the_other_instance,
    an_older_token_goes_on_with_the_newest_that_either_instance_got,
    a_revocation_at_one_instance_is_known_at_the_other,
    a_slow_cognito_is_asked_once_by_both_instances,
    an_instance_takes_over_when_the_request_that_asked_is_lost,
    refreshes_go_on_when_the_object_does_not_work,
    without_objects_two_instances_sign_a_client_out,
];

/// Two instances with the keys and the Cognito of the stack, and a client that has signed in.
struct Scene {
    world: Arc<World>,
    twins: Twins,
    here: HandMade,
    there: HandMade,
    tokens: Answer,
    mark: usize,
}

impl Scene {
    async fn new(world: &Arc<World>) -> Result<Self> {
        let twins = Twins::start("twins", world.stack.variables(), world.stack.folder()).await?;
        let client = HandMade::register(&world.stack).await?;
        let [here, there] = twins.urls().map(|url| client.clone().at(url));
        let tokens = client.tokens().await?;
        let mark = world.stack.cognito().requests().len();
        Ok(Self { world: Arc::clone(world), twins, here, there, tokens, mark })
    }

    fn form(&self) -> Parameters {
        self.here.refreshing(self.tokens.text("refresh_token"))
    }

    /// How often Cognito was asked for tokens since the sign-in.
    fn asked(&self) -> usize {
        let requests = self.world.stack.cognito().requests();
        requests[self.mark..].iter().filter(|request| request.path == "/oauth2/token").count()
    }

    /// Lets more time pass than Cognito's grace period, for everybody.
    async fn outlive_grace(&self) -> Result<()> {
        let seconds = GRACE_SECONDS + 1;
        self.world.stack.cognito().advance(seconds);
        self.twins.move_clock(seconds).await
    }

    /// Sends several requests at both instances at once.
    async fn at_both(&self, forms: &[Parameters]) -> Result<Vec<Answer>> {
        let mut sent = JoinSet::new();
        for form in forms {
            for client in [&self.here, &self.there] {
                let (client, form) = (client.clone(), form.clone());
                sent.spawn(async move { client.token(&form).await });
            }
        }
        sent.join_all().await.into_iter().collect()
    }

    /// Each of these answers is good for another refresh, at either instance.
    async fn all_go_on(&self, answers: &[Answer]) -> Result<()> {
        let mut tokens: Vec<_> = answers.iter().map(|answer| answer.text("refresh_token").to_owned()).collect();
        tokens.sort_unstable();
        tokens.dedup();
        let forms: Vec<_> = tokens.iter().map(|token| self.here.refreshing(token)).collect();
        for answer in self.at_both(&forms).await? {
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text("error"));
        }
        Ok(())
    }
}

async fn parallel_refreshes_at_two_instances_all_succeed_and_go_on(world: Arc<World>) -> Result<()> {
    for replay in BOTH {
        let _form = Form::of(&world, replay);
        let scene = Scene::new(&world).await?;
        let answers = scene.at_both(&[scene.form(), scene.form(), scene.form()]).await?;
        assert_eq!(scene.asked(), 1, "times that Cognito was asked");
        for answer in &answers {
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text("error"));
            assert_eq!(world.whoami(answer.text("access_token")).await?.status(), StatusCode::OK);
        }
        scene.outlive_grace().await?;
        scene.all_go_on(&answers).await?;
        assert_eq!(scene.asked(), 2, "{replay:?}: times that Cognito was asked");
    }
    Ok(())
}

async fn an_answer_that_was_lost_is_given_by_the_other_instance(world: Arc<World>) -> Result<()> {
    for replay in BOTH {
        let _form = Form::of(&world, replay);
        let scene = Scene::new(&world).await?;
        let lost = scene.here.token(&scene.form()).await?;
        let again = scene.there.token(&scene.form()).await?;
        assert_eq!(again.status, StatusCode::OK, "{}", again.text("error"));
        assert_eq!(scene.asked(), 1, "times that Cognito was asked");
        scene.outlive_grace().await?;
        scene.all_go_on(&[lost, again]).await?;
    }
    Ok(())
}

async fn an_older_token_goes_on_with_the_newest_that_either_instance_got(world: Arc<World>) -> Result<()> {
    for replay in BOTH {
        let _form = Form::of(&world, replay);
        let scene = Scene::new(&world).await?;
        let second = scene.here.token(&scene.form()).await?;
        let third = goes_on(&scene.there, &second).await?;
        // Its own answer is older than the other's.
        let mut answers = scene.at_both(&[scene.form(), scene.here.refreshing(second.text("refresh_token"))]).await?;
        answers.push(third);
        assert_eq!(scene.asked(), 2, "times that Cognito was asked");
        scene.outlive_grace().await?;
        scene.all_go_on(&answers).await?;
    }
    Ok(())
}

async fn a_revocation_at_one_instance_is_known_at_the_other(world: Arc<World>) -> Result<()> {
    let scene = Scene::new(&world).await?;
    for client in [&scene.here, &scene.there] {
        assert_eq!(client.token(&scene.form()).await?.status, StatusCode::OK);
    }
    let token = scene.tokens.text("refresh_token");
    let revocation = Parameters::new([("client_id", &scene.here.client_id), ("token", token)]);
    assert_eq!(scene.there.revoke(&revocation).await?.status, StatusCode::OK);
    for answer in scene.at_both(&[scene.form()]).await? {
        refused(&answer, StatusCode::BAD_REQUEST, "invalid_grant");
    }
    Ok(())
}

/// For longer than a lease that nobody renews.
async fn a_slow_cognito_is_asked_once_by_both_instances(world: Arc<World>) -> Result<()> {
    let _form = Form::of(&world, Replay::Supersedes);
    let scene = Scene::new(&world).await?;
    let slow = FaultKind::Delay { milliseconds: 5_000 };
    world.stack.cognito().set_fault(Fault::on(Endpoint::Token, slow).times(1));
    let answers = scene.at_both(&[scene.form(), scene.form()]).await?;
    assert_eq!(scene.asked(), 1, "times that Cognito was asked");
    scene.outlive_grace().await?;
    scene.all_go_on(&answers).await
}

/// As when the platform ends a request, or an isolate: what it has asked for is lost.
async fn an_instance_takes_over_when_the_request_that_asked_is_lost(world: Arc<World>) -> Result<()> {
    for replay in BOTH {
        let _form = Form::of(&world, replay);
        let scene = Scene::new(&world).await?;
        let [here, _] = scene.twins.urls();
        scene.twins.goes_on(here, false).await?;
        let slow = FaultKind::Delay { milliseconds: 7_000 };
        world.stack.cognito().set_fault(Fault::on(Endpoint::Token, slow).times(1));
        let body = scene.here.authorization_url(&scene.form())?.query().context("no form")?.to_owned();
        let host = here.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).await?;
        let head = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length";
        let request = format!("POST /token HTTP/1.1\r\nHost: {host}\r\n{head}: {}\r\n\r\n{body}", body.len());
        stream.write_all(request.as_bytes()).await?;
        until("Cognito is asked", || scene.asked() == 1).await?;
        stream.set_zero_linger()?;
        drop(stream);
        let started = Instant::now();
        let answer = scene.there.token(&scene.form()).await?;
        let took = started.elapsed();
        assert!(took < Duration::from_secs(8), "after {took:?}");
        assert_eq!(scene.asked(), 2, "times that Cognito was asked");
        scene.outlive_grace().await?;
        scene.all_go_on(&[answer]).await?;
    }
    Ok(())
}

async fn refreshes_go_on_when_the_object_does_not_work(world: Arc<World>) -> Result<()> {
    for (objects, reason, longest) in [
        (Objects::Throw, "an error of the platform", Duration::from_secs(5)),
        (Objects::Hang, "no answer in time", Duration::from_secs(8)),
    ] {
        let scene = Scene::new(&world).await?;
        for url in scene.twins.urls() {
            scene.twins.set_objects(url, objects).await?;
        }
        let (started, log) = (Instant::now(), scene.twins.process().log().len());
        let answer = scene.here.token(&scene.form()).await?;
        assert!(started.elapsed() < longest, "{objects:?}: after {:?}", started.elapsed());
        let answer = goes_on(&scene.here, &answer).await?;
        goes_on(&scene.there, &answer).await?;
        let records = scene.twins.records_after(log);
        let told: Vec<_> = records.iter().filter(|record| record["event"] == "refreshes are not coordinated").collect();
        assert_eq!(told.len(), 2, "once for each instance: {told:?}");
        assert!(told.iter().all(|record| record["level"] == "warn" && record["reason"] == reason), "{told:?}");
    }
    Ok(())
}

/// What the objects are for: the same requests, and one of the clients must sign in again. Nothing is revoked by it.
async fn without_objects_two_instances_sign_a_client_out(world: Arc<World>) -> Result<()> {
    for replay in BOTH {
        let _form = Form::of(&world, replay);
        let scene = Scene::new(&world).await?;
        for url in scene.twins.urls() {
            scene.twins.set_objects(url, Objects::Missing).await?;
        }
        let log = scene.twins.process().log().len();
        let (older, newer) = (scene.here.token(&scene.form()).await?, scene.there.token(&scene.form()).await?);
        assert_eq!((older.status, newer.status, scene.asked()), (StatusCode::OK, StatusCode::OK, 2));
        match replay {
            Replay::Forks => drop(goes_on(&scene.here, &older).await?),
            Replay::Supersedes => {
                let older = scene.here.refreshing(older.text("refresh_token"));
                for answer in scene.at_both(&[older]).await? {
                    refused(&answer, StatusCode::BAD_REQUEST, "invalid_grant");
                }
            }
        }
        let next = goes_on(&scene.here, &newer).await?;
        goes_on(&scene.there, &next).await?;
        let records = scene.twins.records_after(log);
        let told = records.iter().filter(|record| record["event"] == "refreshes are not coordinated");
        assert_eq!(told.count(), 2, "once for each instance");
        let requests = world.stack.cognito().requests();
        assert!(requests[scene.mark..].iter().all(|request| request.path != "/oauth2/revoke"), "nothing is revoked");
    }
    Ok(())
}
