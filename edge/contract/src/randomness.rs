//! The contract of `Randomness`.

use edgeward_core::platform::Randomness;

use crate::report::{Found, Report, ensure};

/// Holds a generator to its contract. That its bytes cannot be predicted no test can tell; these find one that is forgotten,
/// fixed or cut short.
pub async fn randomness_contract(port: &impl Randomness) -> Report {
    let mut report = Report::new("randomness");
    report.hold("it fills all bytes, whatever their number", async { fills_all(port) }).await;
    report
        .hold("no two fills are alike", async {
            let fills = (0..FILLS).map(|_| fill(port, 16)).collect::<Result<Vec<_>, _>>()?;
            let twice = fills.iter().enumerate().find(|(at, bytes)| fills[..*at].contains(bytes));
            ensure(twice.is_none(), || format!("it has given {twice:?} twice"))
        })
        .await;
    report
        .hold("ones are as frequent as zeros", async {
            let bytes = fill(port, LARGE)?;
            let (ones, bits) = (bytes.iter().map(|byte| byte.count_ones() as usize).sum::<usize>(), LARGE * 8);
            // The standard deviation is a fourteenth of this.
            ensure(ones.abs_diff(bits / 2) < bits / 100, || format!("{ones} of {bits} bits are ones"))
        })
        .await;
    report
}

/// What a byte is in all of so many fills by chance: once in 2^128 times.
const FILLS: usize = 16;
/// As many as WebCrypto gives at once.
const LARGE: usize = 65_536;

fn fills_all(port: &impl Randomness) -> Found {
    for length in [0, 1, 2, 7, 8, 9, 16, 24, 32, 33, 160, LARGE] {
        let mut is_filled = vec![false; length];
        for _ in 0..FILLS {
            for (is_filled, byte) in is_filled.iter_mut().zip(fill(port, length)?) {
                *is_filled |= byte != 0;
            }
        }
        let missing = is_filled.iter().position(|is_filled| !is_filled);
        ensure(missing.is_none(), || format!("of {length} bytes, byte {missing:?} is always zero"))?;
    }
    Ok(())
}

fn fill(port: &impl Randomness, length: usize) -> Result<Vec<u8>, String> {
    let mut bytes = vec![0; length];
    port.fill(&mut bytes).map_err(|error| format!("{length} bytes: {error}"))?;
    Ok(bytes)
}
