//! The contract of `Timer`.

use edgeward_core::platform::{Clock, Timer};

use crate::{
    concurrency::{join, race},
    report::{Report, ensure, expect},
};

/// Holds a timer to its contract, by this clock.
pub async fn timer_contract(port: &impl Timer, clock: &impl Clock) -> Report {
    let mut report = Report::new("timer");
    report
        .hold("it waits at least as long as it is told", async {
            let before = clock.now();
            port.sleep(3_000).await;
            let passed = clock.now().secs_since(before);
            // Seconds are cut off, and timers of some platforms end a moment early.
            ensure(passed >= 2, || format!("it has waited {passed} s instead of 3"))
        })
        .await;
    report
        .hold("no time at all ends, too", async {
            port.sleep(0).await;
            Ok(())
        })
        .await;
    report
        .hold("a short wait ends before a long one", async {
            let wait = async |name, milliseconds| {
                port.sleep(milliseconds).await;
                name
            };
            expect("first", race(wait("long", 2_000), wait("short", 50)).await, "short")
        })
        .await;
    report
        .hold("requests wait at the same time", async {
            let before = clock.now();
            let two = || async { join(port.sleep(1_000), port.sleep(1_000)).await };
            join(join(two(), two()), join(two(), two())).await;
            let passed = clock.now().secs_since(before);
            ensure(passed < 6, || format!("eight waits of a second took {passed} s"))
        })
        .await;
    report
}
