//! What core asks of the platform it runs on. Each doc comment is the contract an adapter must keep.

mod clock;
mod coordination;
mod count;
mod fetch;
mod log;
mod memory;
mod randomness;
mod rs256;
mod timer;

pub use clock::{Clock, UnixTime};
pub use coordination::{
    CLAIM_MS, ClaimOutcome, CoordinateRefreshes, CoordinationError, LEASE_MS, PublishedAnswer, RENEW_MS, RefreshClaim,
    RefreshUpdate,
};
pub use count::{Count, Limit};
pub use fetch::{Fetch, FetchError, FetchReply, FetchRequest, REPLY_HEADERS, USER_AGENT};
pub use log::{Event, Level, Log, Record};
pub use memory::{Alone, Memory, MemoryName, MemoryUnavailable, Recalled, Sharing, Together};
pub use randomness::{Randomness, RandomnessError, random_id};
pub use rs256::{RsaPublicKey, VerificationError, VerifyRs256};
pub use timer::Timer;

/// All of it.
pub trait Platform:
    Clock + Randomness + Fetch + Timer + Count + VerifyRs256 + CoordinateRefreshes + Memory + Log
{
}

impl<T: Clock + Randomness + Fetch + Timer + Count + VerifyRs256 + CoordinateRefreshes + Memory + Log> Platform for T {}
