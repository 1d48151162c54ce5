//! What is handed over.

use edgeward_core::platform::{Fetch, FetchReply, FetchRequest, REPLY_HEADERS, Timer};
use http::{HeaderName, header};

use super::{Scene, outcome};
use crate::report::{Found, Report, ensure, expect};

pub(super) async fn hold(scene: &Scene<'_, impl Fetch, impl Timer>, report: &mut Report) {
    report.hold("it follows no redirect", scene.follows_no_redirect()).await;
    report.hold("an answer of any status is an answer", scene.hands_over_any_status()).await;
    report.hold("the header fields that core looks at are handed over", scene.hands_over_fields()).await;
    report.hold("a repeated header field keeps all its values", scene.keeps_repeated_fields()).await;
    report.hold("a body is handed over byte by byte", scene.hands_over_bytes()).await;
    report.hold("a body in chunks is put together", scene.joins_chunks()).await;
    report.hold("a compressed body is decoded, if it was asked for", scene.decodes()).await;
    report.hold("no cache answers", scene.asks_each_time()).await;
}

impl<P: Fetch, T: Timer> Scene<'_, P, T> {
    async fn follows_no_redirect(&self) -> Found {
        for status in [301, 302, 303, 307, 308] {
            let path = format!("/redirect/{status}");
            let reply = self.answer(self.get(&path)).await?;
            expect(&path, (reply.status, text(&reply)), (status, "redirect"))?;
        }
        Ok(())
    }

    async fn hands_over_any_status(&self) -> Found {
        for status in [200, 201, 204, 400, 401, 403, 404, 410, 418, 429, 500, 502, 503, 504, 520, 530, 599] {
            let path = format!("/status/{status}");
            let reply = self.answer(self.get(&path)).await?;
            let body = if status == 204 { "" } else { "a body" };
            expect(&path, (reply.status, text(&reply)), (status, body))?;
        }
        Ok(())
    }

    async fn hands_over_fields(&self) -> Found {
        let reply = self.answer(self.get("/fields")).await?;
        for name in REPLY_HEADERS {
            expect(name.as_str(), values(&reply, &name), vec![format!("{name} of the peer")])?;
        }
        Ok(())
    }

    async fn keeps_repeated_fields(&self) -> Found {
        let reply = self.answer(self.get("/repeated")).await?;
        expect("Cache-Control", values(&reply, &header::CACHE_CONTROL), vec!["public".into(), "max-age=600".into()])?;
        expect("Age", values(&reply, &header::AGE), vec!["1".into(), "2".into(), "3".into()])
    }

    async fn hands_over_bytes(&self) -> Found {
        let reply = self.answer(self.get("/every-byte")).await?;
        expect("body", reply.body, (0..=255).collect())
    }

    async fn joins_chunks(&self) -> Found {
        let reply = self.answer(self.get("/chunks/1000")).await?;
        ensure(reply.body == (0..1_000).map(|at| b'a' + (at % 26) as u8).collect::<Vec<_>>(), || {
            format!("{} bytes in another order", reply.body.len())
        })
    }

    async fn decodes(&self) -> Found {
        let reply = self.answer(self.get("/compressed/short")).await?;
        expect("body", text(&reply), r#"{"compressed":true}"#)?;
        let long = self.get("/compressed/long");
        let fetched = self.send(FetchRequest { max_bytes: 200_000, ..long }).await?;
        expect("a long one", outcome(&fetched), Ok((200, 100_000)))
    }

    async fn asks_each_time(&self) -> Found {
        let mut seen = Vec::new();
        for _ in 0..3 {
            let reply = self.answer(self.get("/count")).await?;
            ensure(!seen.contains(&reply.body), || format!("{:?} has come twice", text(&reply)))?;
            seen.push(reply.body);
        }
        Ok(())
    }
}

fn text(reply: &FetchReply) -> &str {
    std::str::from_utf8(&reply.body).unwrap_or("no text")
}

/// The values of a field, which come as often as they were sent, or joined.
fn values(reply: &FetchReply, name: &HeaderName) -> Vec<String> {
    let values = reply.headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(|value| value.trim().to_owned()).collect()
}
