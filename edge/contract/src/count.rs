//! The contract of `Count`.

use edgeward_core::platform::{Count, Limit, Randomness, random_id};

use crate::report::{Found, Report, ensure};

/// Holds a counter to its contract. The limits should be low, or there should be none.
pub async fn count_contract(port: &impl Count, randomness: &impl Randomness) -> Report {
    let mut report = Report::new("count");
    report
        .hold("the first request of a name is within every limit", async {
            for limit in Limit::ALL {
                is(port, limit, new_name(randomness)?, true).await?;
            }
            Ok(())
        })
        .await;
    let mut exhausted = Vec::new();
    for limit in Limit::ALL {
        match new_name(randomness) {
            Ok(name) if is_exhausted(port, limit, &name).await => exhausted.push((limit, name)),
            Ok(_) | Err(_) => {}
        }
    }
    if exhausted.is_empty() {
        report.leave_out("it says yes to thousands: there is no counter, or its limits are high");
    }
    report
        .hold("it says no to a name over the limit, for every limit", async {
            let counted = |limit: &Limit| exhausted.iter().any(|(known, _)| known == limit);
            let missing: Vec<_> = Limit::ALL.into_iter().filter(|limit| !counted(limit)).collect();
            ensure(missing.is_empty(), || format!("it does not count for {missing:?}"))
        })
        .await;
    report
        .hold("it counts names apart", async {
            for (limit, _) in &exhausted {
                is(port, *limit, new_name(randomness)?, true).await?;
            }
            Ok(())
        })
        .await;
    report
        .hold("it counts limits apart", async {
            for (limit, name) in &exhausted {
                for other in Limit::ALL.into_iter().filter(|other| other != limit) {
                    is(port, other, name.clone(), true).await?;
                }
            }
            Ok(())
        })
        .await;
    report
}

/// A counter need not be exact, and may begin a new period in between.
const MOST: usize = 1_000;

async fn is_exhausted(port: &impl Count, limit: Limit, name: &str) -> bool {
    for _ in 0..MOST {
        if !port.is_within(limit, name.to_owned()).await {
            return true;
        }
    }
    false
}

async fn is(port: &impl Count, limit: Limit, name: String, promised: bool) -> Found {
    let found = port.is_within(limit, name).await;
    ensure(found == promised, || format!("{limit:?}: it says {found}"))
}

fn new_name(randomness: &impl Randomness) -> Result<String, String> {
    random_id(randomness).map_err(|error| error.to_string())
}
