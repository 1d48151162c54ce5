//! What one isolate has room for: so many clients at once that no more are let in, bodies in small pieces, requests that are lost. In
//! bare workerd, whose memory is the Worker's.

use std::{io::ErrorKind, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use edgeward_cognito::{Endpoint, Fault, FaultKind};
use edgeward_tests::{
    by_hand::{HandMade, http},
    edge::Variables,
    fault_origin::Behaviour,
    process::MEASURES,
    workerd::Workerd,
};
use reqwest::StatusCode;
use tokio::{io::AsyncWriteExt as _, net::TcpStream, time::timeout};

use crate::{
    faulty::{Faulty, until},
    gone_clients::{answer, asked, form, judged, request},
    policy,
    world::{World, tests},
};

tests![
    bodies_beyond_what_an_isolate_has_room_for_are_told_to_come_back,
    bodies_that_announce_no_length_take_no_more_than_a_share,
    a_body_in_chunks_of_one_byte_takes_no_more_than_its_bytes,
    an_instance_goes_when_it_works_for_a_request_that_is_lost,
];

/// An isolate holds as many MiB of bodies that are judged, and as many of one party.
const ROOM: usize = 32;
const SHARE: usize = 4;
const MIB: usize = 1024 * 1024;
async fn bare_edge(world: &World, variables: &Variables) -> Result<Workerd> {
    Workerd::start_measured("bare-edge", variables, world.stack.folder()).await
}

/// A request that has not ended by then is lost.
const LOST_SECONDS: u64 = 151;

/// There was no room for the request.
#[track_caller]
fn comes_back(answer: &str) {
    let head = answer.to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 503 "), "{answer}");
    assert!(head.contains("\r\nretry-after: 1\r\n") && head.contains("\r\ncache-control: no-store"), "{answer}");
    assert!(answer.ends_with(r#"{"error":"temporarily_unavailable"}"#), "{answer}");
}

/// Bodies that are judged are held until the origin begins to answer. Those of clients that go away make room again.
async fn bodies_beyond_what_an_isolate_has_room_for_are_told_to_come_back(world: Arc<World>) -> Result<()> {
    let Faulty { origin, variables, .. } = world.faulty().await?;
    origin.set(Behaviour::Hangs);
    let edge = bare_edge(&world, variables).await?;
    let begin = async |token: &str| {
        let mut stream = TcpStream::connect(edge.url().trim_start_matches("http://")).await?;
        match stream.write_all(judged(&world, token, MIB).as_bytes()).await {
            // The edge has answered, and reads no more of it.
            Err(error) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => {}
            outcome => outcome?,
        }
        anyhow::Ok(stream)
    };
    let comes_back = |answer: &str| {
        comes_back(answer);
        // Also for a page.
        let sharing = format!("\r\naccess-control-allow-origin: {}\r\n", world.stack.issuer());
        assert!(answer.to_ascii_lowercase().contains(&sharing), "{answer}");
    };
    let mark = origin.received();
    let (mut held, mut tokens) = (Vec::new(), Vec::new());
    for _ in 0..ROOM / SHARE {
        let token = policy::token(&world, "use").await?;
        for _ in 0..SHARE {
            held.push(begin(&token).await?);
        }
        until("the origin is asked by all", || origin.received() - mark == held.len()).await?;
        // One party takes its share and no more; the next one has room.
        comes_back(&answer(begin(&token).await?).await?);
        tokens.push(token);
    }
    let other = policy::token(&world, "use").await?;
    comes_back(&answer(begin(&other).await?).await?);
    let alerts = edge.records();
    let alerts = alerts.iter().filter(|record| record["event"] == "overloaded");
    assert_eq!(alerts.count(), 1, "one alert a minute");
    let discovery = http()?.get(format!("{}/.well-known/oauth-authorization-server", edge.url()));
    let discovery = discovery.header("host", world.host()).send().await?;
    assert_eq!(discovery.status(), StatusCode::OK, "the edge's own endpoints have room of their own");

    for stream in held {
        stream.set_zero_linger()?;
    }
    origin.set(Behaviour::Answers(Duration::ZERO));
    for token in [&tokens[0], &other] {
        let served = async {
            // The edge hears of it in its own time.
            while !answer(begin(token).await?).await?.starts_with("HTTP/1.1 200 ") {}
            anyhow::Ok(())
        };
        timeout(Duration::from_secs(10), served).await.context("there is no room again")??;
    }
    Ok(())
}

/// One token, however it is spelled: more of its bodies than its share are not waited for, and others have theirs.
async fn bodies_that_announce_no_length_take_no_more_than_a_share(world: Arc<World>) -> Result<()> {
    let edge = bare_edge(&world, world.stack.variables()).await?;
    let (token, other) = (policy::token(&world, "use").await?, policy::token(&world, "use").await?);
    let begin = async |number: usize| {
        let mut stream = TcpStream::connect(edge.url().trim_start_matches("http://")).await?;
        let spelled = format!("{}{token}", " ".repeat(number));
        let head = judged(&world, &spelled, 0);
        let (head, _) = head.split_once("Content-Length").context("no length")?;
        let chunk = " ".repeat(MIB - 1024);
        let begun = format!("{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{chunk}\r\n", chunk.len());
        stream.write_all(begun.as_bytes()).await?;
        anyhow::Ok(stream)
    };
    let mut held = Vec::new();
    for number in 0..SHARE {
        held.push(begin(number).await?);
    }
    // Which one has the last byte, is for the network to say.
    held.push(begin(SHARE).await?);
    let any = futures_util::future::select_all(held.into_iter().map(|stream| Box::pin(answer(stream))));
    let (stopped, _, _held) = timeout(Duration::from_secs(10), any).await.context("none is stopped")?;
    comes_back(&stopped?);
    let mut stream = TcpStream::connect(edge.url().trim_start_matches("http://")).await?;
    stream.write_all(judged(&world, &other, MIB).as_bytes()).await?;
    let served = answer(stream).await?;
    assert!(!served.starts_with("HTTP/1.1 503 ") && !served.starts_with("HTTP/1.1 408 "), "{served}");
    Ok(())
}

/// The platform reads each chunk into a buffer of four kilobytes. With those kept, one of these took 120 MB.
async fn a_body_in_chunks_of_one_byte_takes_no_more_than_its_bytes(world: Arc<World>) -> Result<()> {
    const CHUNKS: usize = 31_000;
    let edge = bare_edge(&world, world.stack.variables()).await?;
    let host = edge.url().trim_start_matches("http://");
    let head = format!(
        "POST /register HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\n",
        world.host()
    );
    let send = async |chunks: usize| {
        let mut stream = TcpStream::connect(host).await?;
        let body = format!("{}{}0\r\n\r\n", "1\r\n{\r\n".repeat(chunks), "1\r\n \r\n");
        stream.write_all(format!("{head}{body}").as_bytes()).await?;
        let answer = answer(stream).await?;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        anyhow::Ok(())
    };
    send(1).await?;
    if !MEASURES {
        println!("skipped: only Linux tells how much memory the edge takes, in /proc");
        return Ok(());
    }
    let before = edge.peak_memory();
    futures_util::future::try_join_all((0..4).map(|_| send(CHUNKS))).await?;
    let grown = edge.peak_memory() - before;
    assert!(before > 0 && grown < 256 * MIB as u64, "{grown} bytes");
    Ok(())
}

/// As if the platform did not let a request go on for its client: what it holds in wasm is gone with the instance.
async fn an_instance_goes_when_it_works_for_a_request_that_is_lost(world: Arc<World>) -> Result<()> {
    let edge = bare_edge(&world, world.stack.variables()).await?;
    let documents = async || {
        let request = http()?.get(format!("{}/.well-known/jwks.json", edge.url())).header("host", world.host());
        assert_eq!(request.send().await?.status(), StatusCode::OK);
        anyhow::Ok(())
    };
    documents().await?;
    let one = edge.wasm_memory().await?;
    edge.goes_on(false).await?;
    let mut ahead = 0;
    for _ in 0..8 {
        let client = HandMade::register(&world.stack).await?;
        let body = form(&client, &client.tokens().await?)?;
        let before = asked(&world);
        let slow = FaultKind::Delay { milliseconds: 7_000 };
        world.stack.cognito().set_fault(Fault::on(Endpoint::Token, slow).times(1));
        let mut stream = TcpStream::connect(edge.url().trim_start_matches("http://")).await?;
        stream.write_all(request(&world, &body).as_bytes()).await?;
        until("Cognito is asked", || asked(&world) > before).await?;
        stream.set_zero_linger()?;
        drop(stream);
        ahead += LOST_SECONDS;
        edge.move_clock(ahead).await?;
        documents().await?;
    }
    world.stack.cognito().clear_faults();
    edge.goes_on(true).await?;
    documents().await?;
    let gone = async {
        // The last ones stay until others have come: what the platform's stack still points to is not collected.
        while edge.wasm_memory().await? >= 5 * one {}
        anyhow::Ok(())
    };
    timeout(Duration::from_secs(20), gone).await.context("older instances are still there")?
}
