//! What is sent.

use edgeward_core::{
    platform::{Fetch, FetchRequest, Timer, USER_AGENT},
    secret::Secret,
};
use serde_json::Value;

use super::Scene;
use crate::{
    concurrency::join,
    report::{Found, Report, ensure, expect},
};

/// Beside what a request is given: what HTTP itself needs, and what platforms add on the way.
const OTHER_FIELDS: [&str; 10] = [
    "accept-encoding",
    "cache-control",
    "cdn-loop",
    "connection",
    "content-length",
    "host",
    "pragma",
    "te",
    "transfer-encoding",
    "via",
];
const FORM: &str = "grant_type=refresh_token&refresh_token=a%2Bb%20c&empty=&%C3%A9=%E2%82%AC";
const CREDENTIALS: &str = "Basic Y2xpZW50OnNlY3JldA==";

pub(super) async fn hold(scene: &Scene<'_, impl Fetch, impl Timer>, report: &mut Report) {
    report.hold("a request without a form is a GET without a body", scene.is_get()).await;
    report.hold("a form is sent with POST, as it is", scene.is_post()).await;
    report.hold("credentials are sent as given, and only where they are given", scene.sends_credentials()).await;
    report.hold("it asks for JSON and names itself", scene.names_itself()).await;
    report.hold("it sends no other header fields", scene.sends_no_others()).await;
    report.hold("it asks for exactly the URL", scene.asks_for_the_url()).await;
    report.hold("no cookie of an answer is sent with another request", scene.keeps_no_cookie()).await;
    report.hold("requests at the same time get each their own answer", scene.keeps_apart()).await;
}

impl<P: Fetch, T: Timer> Scene<'_, P, T> {
    fn with_form(&self) -> FetchRequest {
        let form = Some(Secret::new(FORM.to_owned()));
        FetchRequest { form, authorization: Some(Secret::new(CREDENTIALS.to_owned())), ..self.get("/echo") }
    }

    /// The request as the peer has got it.
    async fn echo(&self, request: FetchRequest) -> Result<Value, String> {
        let reply = self.answer(request).await?;
        expect("status of /echo", reply.status, 200)?;
        serde_json::from_slice(&reply.body).map_err(|error| format!("/echo: {error}"))
    }

    async fn is_get(&self) -> Found {
        let echo = self.echo(self.get("/echo")).await?;
        expect("method", &echo["method"], &"GET".into())?;
        expect("body", &echo["body"], &"".into())?;
        expect("type", values(&echo, "content-type"), vec![])
    }

    async fn is_post(&self) -> Found {
        let echo = self.echo(self.with_form()).await?;
        expect("method", &echo["method"], &"POST".into())?;
        expect("body", &echo["body"], &FORM.into())?;
        expect("type", values(&echo, "content-type"), vec!["application/x-www-form-urlencoded"])
    }

    async fn sends_credentials(&self) -> Found {
        let echo = self.echo(self.with_form()).await?;
        expect("with credentials", values(&echo, "authorization"), vec![CREDENTIALS])?;
        let echo = self.echo(self.get("/echo")).await?;
        expect("without", values(&echo, "authorization"), vec![])
    }

    async fn names_itself(&self) -> Found {
        for request in [self.get("/echo"), self.with_form()] {
            let echo = self.echo(request).await?;
            expect("Accept", values(&echo, "accept"), vec!["application/json"])?;
            expect("User-Agent", values(&echo, "user-agent"), vec![USER_AGENT])?;
        }
        Ok(())
    }

    async fn sends_no_others(&self) -> Found {
        let given = ["accept", "user-agent", "authorization", "content-type"];
        let echo = self.echo(self.with_form()).await?;
        let others = fields(&echo).map(|(name, _)| name);
        // Cloudflare's own begin so.
        let is_known = |name: &&str| given.contains(name) || OTHER_FIELDS.contains(name) || name.starts_with("cf-");
        let others: Vec<_> = others.filter(|name| !is_known(name)).collect();
        ensure(others.is_empty(), || format!("it sends {others:?}"))
    }

    async fn asks_for_the_url(&self) -> Found {
        for path in ["/echo", "/echo?a=b&a=c%20d+e%2Ff", "/echo?uri=https%3A%2F%2Fclient.example%2F%3Fq"] {
            expect("target", &self.echo(self.get(path)).await?["target"], &path.into())?;
        }
        Ok(())
    }

    async fn keeps_no_cookie(&self) -> Found {
        expect("status of /cookie", self.answer(self.get("/cookie")).await?.status, 200)?;
        expect("Cookie", values(&self.echo(self.get("/echo")).await?, "cookie"), vec![])
    }

    async fn keeps_apart(&self) -> Found {
        let (late, early) = join(self.answer(self.get("/late")), self.echo(self.get("/echo?early"))).await;
        expect("late", late?.body, b"late".to_vec())?;
        expect("early", &early?["target"], &"/echo?early".into())
    }
}

/// The header fields that have come, as often as they were sent.
fn fields(echo: &Value) -> impl Iterator<Item = (&str, &str)> {
    let fields = echo["headers"].as_array().into_iter().flatten();
    fields.filter_map(|field| Some((field[0].as_str()?, field[1].as_str()?)))
}

fn values<'a>(echo: &'a Value, name: &str) -> Vec<&'a str> {
    fields(echo).filter(|(known, _)| *known == name).map(|(_, value)| value).collect()
}
