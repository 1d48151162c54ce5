//! The contract of `VerifyRs256`.

use edgeward_core::{jose::PublicKey, platform::VerifyRs256};
use serde_json::Value;

use crate::{
    concurrency::join,
    report::{Found, Report, expect},
};

/// Holds a verifier to its contract, with the vectors in `vectors/rs256.json`.
pub async fn rs256_contract(port: &impl VerifyRs256) -> Report {
    let mut report = Report::new("rs256");
    let vectors: Value = serde_json::from_str(VECTORS).unwrap_or_default();
    let groups = vectors["groups"].as_array().map(Vec::as_slice).unwrap_or_default();
    for group in groups {
        let cases = group["cases"].as_array().map(Vec::as_slice).unwrap_or_default();
        let clause = async {
            for case in cases {
                is_judged(port, &vectors, case).await?;
            }
            Ok(())
        };
        report.hold(text(&group["clause"]), clause).await;
    }
    report
        .hold("verdicts of requests at the same time are each their own", async {
            let cases: Vec<_> = groups.iter().filter_map(|group| group["cases"].as_array()).flatten().collect();
            for pair in cases.windows(2) {
                let (first, second) =
                    join(is_judged(port, &vectors, pair[0]), is_judged(port, &vectors, pair[1])).await;
                first.and(second)?;
            }
            Ok(())
        })
        .await;
    report
}

const VECTORS: &str = include_str!("../vectors/rs256.json");

async fn is_judged(port: &impl VerifyRs256, vectors: &Value, case: &Value) -> Found {
    let what = text(&case["what"]);
    let Some(PublicKey::Rsa(key)) = PublicKey::parse(&vectors["keys"][text(&case["key"])]) else {
        return Err(format!("{what}: no key"));
    };
    let signature = edgeward_base64url::decode(text(&case["signature"])).ok_or_else(|| format!("{what}: no base64"))?;
    let verdict = port.verify_rs256(&key, text(&case["message"]).as_bytes(), &signature).await;
    expect(what, verdict.ok(), case["is_good"].as_bool())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
