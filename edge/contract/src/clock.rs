//! The contract of `Clock`.

use edgeward_core::platform::{Clock, Timer, UnixTime};

use crate::report::{Report, ensure};

/// Holds a clock to its contract.
pub async fn clock_contract(port: &impl Clock, timer: &impl Timer) -> Report {
    let mut report = Report::new("clock");
    report
        .hold("it tells a time after 2025 and before 2100", async {
            let now = port.now();
            ensure((EARLIEST..LATEST).contains(&now), || format!("it says {now:?}"))
        })
        .await;
    report
        .hold("it does not go back", async {
            let mut last = port.now();
            for _ in 0..READINGS {
                timer.sleep(1).await;
                let now = port.now();
                ensure(last <= now, || format!("{now:?} came after {last:?}"))?;
                last = now;
            }
            Ok(())
        })
        .await;
    report
        .hold("it moves while requests wait", async {
            let before = port.now();
            timer.sleep(WAIT_MS).await;
            let passed = port.now().secs_since(before);
            // Seconds are cut off, so that as many may be missing as one.
            ensure((1..=MOST_SECONDS).contains(&passed), || format!("{passed} s have passed in {WAIT_MS} ms"))
        })
        .await;
    report
}

const EARLIEST: UnixTime = UnixTime::from_secs(1_767_225_600);
const LATEST: UnixTime = UnixTime::from_secs(4_102_444_800);
const READINGS: usize = 20;
const WAIT_MS: u32 = 2_000;
/// A machine that is busy takes longer.
const MOST_SECONDS: u64 = 20;
