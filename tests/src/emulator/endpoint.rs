//! What clients of AWS talk to: the emulator, and what it lacks of Cognito. An app client there has one secret; at Cognito
//! it can have two, which is how a secret is replaced.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result};
use axum::{
    Json, Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64ct::{Base64, Encoding as _};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use super::{Aws, Service};
use crate::forward::{self, Received, lock};

/// A running proxy; it stops when it is dropped.
#[derive(Debug)]
pub(super) struct Endpoint {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    http: reqwest::Client,
    emulator: String,
    secrets: Mutex<Option<Secrets>>,
}

/// The secrets of the one app client.
#[derive(Debug, Clone)]
struct Secrets {
    client_id: String,
    /// The one that the emulator knows.
    known: String,
    /// Those that are good: id, value, date.
    good: Vec<(String, String, u64)>,
    added: u64,
}

impl Endpoint {
    pub(super) async fn start(emulator: &str) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let shared = Shared { http: forward::client()?, emulator: emulator.to_owned(), secrets: Mutex::default() };
        let router = Router::new().fallback(answer).with_state(Arc::new(shared));
        let serving = tokio::spawn(async move {
            // Ends only when the task is aborted.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, serving })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let mut received = match Received::read(request).await {
        Ok(received) => received,
        Err(status) => return status.into_response(),
    };
    match shared.about_secrets(&received).await {
        Ok(Some(answer)) => return Json(answer).into_response(),
        Ok(None) => {}
        Err(error) => return (StatusCode::BAD_REQUEST, format!("{error:#}")).into_response(),
    }
    if received.path.starts_with("/oauth2/token") {
        shared.translate(&mut received.headers);
    }
    match forward::send(&shared.http, &shared.emulator, received).await {
        Ok((headers, answer)) => forward::answer(answer.status(), headers, answer.bytes_stream()),
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

impl Shared {
    /// The answer to an operation of Cognito's that the emulator lacks.
    async fn about_secrets(&self, received: &Received) -> Result<Option<Value>> {
        let target = received.headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let Some(operation) = target.strip_prefix("AWSCognitoIdentityProviderService.") else { return Ok(None) };
        if !operation.contains("UserPoolClientSecret") {
            return Ok(None);
        }
        let input: Value = serde_json::from_slice(&received.body)?;
        let first = lock(&self.secrets).is_none();
        if first {
            let asked = self.ask(&input, &received.headers).await?;
            lock(&self.secrets).get_or_insert(asked);
        }
        let mut secrets = lock(&self.secrets);
        let secrets = secrets.as_mut().context("no secrets")?;
        let listed = |(id, _, created): &(String, String, u64)| json!({ "ClientSecretId": id, "ClientSecretCreateDate": created });
        Ok(Some(match operation {
            "ListUserPoolClientSecrets" => {
                json!({ "ClientSecrets": secrets.good.iter().map(listed).collect::<Vec<_>>() })
            }
            "AddUserPoolClientSecret" => {
                anyhow::ensure!(secrets.good.len() < 2, "an app client has two secrets at most");
                secrets.added += 1;
                let number = secrets.added;
                let new =
                    (format!("added-{number}"), format!("secret{number}of0the0app0client0at0the0emulator"), now()?);
                let mut answer = listed(&new);
                answer["ClientSecretValue"] = new.1.as_str().into();
                secrets.good.push(new);
                json!({ "ClientSecretDescriptor": answer })
            }
            "DeleteUserPoolClientSecret" => {
                anyhow::ensure!(secrets.good.len() == 2, "the last secret stays");
                secrets.good.retain(|(id, _, _)| input["ClientSecretId"] != id.as_str());
                json!({})
            }
            _ => return Ok(None),
        }))
    }

    /// What the emulator says of the app client, before anything was changed.
    async fn ask(&self, input: &Value, headers: &HeaderMap) -> Result<Secrets> {
        // `Credential=key/date/region/…`
        let signed = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let region = signed.split('/').nth(2).context("a request that is not signed")?;
        let which = json!({ "UserPoolId": input["UserPoolId"], "ClientId": input["ClientId"] });
        let answer = Aws::at(&self.emulator)?.call(region, Service::Cognito, "DescribeUserPoolClient", which).await?;
        let client = &answer["UserPoolClient"];
        let known = client["ClientSecret"].as_str().context("an app client without a secret")?.to_owned();
        let client_id = client["ClientId"].as_str().unwrap_or_default().to_owned();
        // Older than whatever is added.
        let first = ("first".to_owned(), known.clone(), now()? - 3600);
        Ok(Secrets { client_id, known, good: vec![first], added: 0 })
    }

    /// Puts the one secret that the emulator knows in the place of any that is good, and none in the place of one that
    /// no longer is.
    fn translate(&self, headers: &mut HeaderMap) {
        let secrets = lock(&self.secrets);
        let Some(Secrets { client_id, known, good, .. }) = secrets.as_ref() else { return };
        let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Basic "));
        let shown = shown.and_then(|text| String::from_utf8(Base64::decode_vec(text).ok()?).ok()).unwrap_or_default();
        let is_good = good.iter().any(|(_, value, _)| shown == format!("{client_id}:{value}"));
        let instead = if is_good { known } else { "none" };
        let basic = format!("Basic {}", Base64::encode_string(format!("{client_id}:{instead}").as_bytes()));
        if let Ok(value) = HeaderValue::from_str(&basic) {
            headers.insert(header::AUTHORIZATION, value);
        }
    }
}

fn now() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}
