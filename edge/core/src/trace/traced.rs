//! A platform whose log lines name the request.

use super::{header::Trace, ids::TraceIds};
use crate::platform::{
    Clock, CoordinateRefreshes, CoordinationError, Count, Fetch, FetchError, FetchReply, FetchRequest, Limit, Log,
    Memory, MemoryName, Platform, Randomness, RandomnessError, Recalled, Record, RefreshClaim, RefreshUpdate,
    RsaPublicKey, Timer, Turn, UnixTime, VerificationError, VerifyRs256,
};

/// A platform, all of whose log lines during one request have its trace id.
pub struct Traced<'a, P> {
    platform: &'a P,
    trace: Trace,
}

impl<'a, P: Platform> Traced<'a, P> {
    /// For a request with this `traceparent`.
    pub fn of(header: Option<&str>, platform: &'a P) -> Self {
        Self { platform, trace: Trace::of(header, || TraceIds::one(platform)) }
    }
}

impl<P: Platform> Log for Traced<'_, P> {
    fn log(&self, record: &Record) {
        self.platform.log(&Record { trace: Some(self.trace.id().to_owned()), ..record.clone() });
    }
}

impl<P: Platform> Clock for Traced<'_, P> {
    fn now(&self) -> UnixTime {
        self.platform.now()
    }
}

impl<P: Platform> Randomness for Traced<'_, P> {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
        self.platform.fill(bytes)
    }
}

impl<P: Platform> Fetch for Traced<'_, P> {
    fn fetch(&self, request: FetchRequest) -> impl Future<Output = Result<FetchReply, FetchError>> {
        self.platform.fetch(request)
    }
}

impl<P: Platform> Timer for Traced<'_, P> {
    fn sleep(&self, milliseconds: u32) -> impl Future<Output = ()> {
        self.platform.sleep(milliseconds)
    }
}

impl<P: Platform> Count for Traced<'_, P> {
    fn is_within(&self, limit: Limit, name: String) -> impl Future<Output = bool> {
        self.platform.is_within(limit, name)
    }
}

impl<P: Platform> CoordinateRefreshes for Traced<'_, P> {
    fn coordinates_refreshes(&self) -> bool {
        self.platform.coordinates_refreshes()
    }

    fn claim(&self, claim: &RefreshClaim) -> impl Future<Output = Result<Turn, CoordinationError>> {
        self.platform.claim(claim)
    }

    fn update(&self, update: RefreshUpdate<'_>) -> impl Future<Output = Result<(), CoordinationError>> {
        self.platform.update(update)
    }
}

impl<P: Platform> Memory for Traced<'_, P> {
    type Sharing = P::Sharing;
    type Turn = P::Turn;

    fn is_shared(&self) -> bool {
        self.platform.is_shared()
    }

    fn look(&self, name: &MemoryName) -> impl Future<Output = Option<Vec<u8>>> {
        self.platform.look(name)
    }

    fn recall(
        &self,
        name: &MemoryName,
        is_good: &dyn Fn(&[u8]) -> bool,
        patience_ms: u32,
    ) -> impl Future<Output = Recalled<Vec<u8>, P::Turn>> {
        self.platform.recall(name, is_good, patience_ms)
    }

    fn keep(&self, turn: P::Turn, value: &[u8], seconds: u32) -> impl Future<Output = ()> {
        self.platform.keep(turn, value, seconds)
    }

    fn put(&self, name: &MemoryName, value: &[u8], seconds: u32) -> impl Future<Output = ()> {
        self.platform.put(name, value, seconds)
    }

    fn insert_if_absent(&self, name: &MemoryName, seconds: u32) -> impl Future<Output = Option<bool>> {
        self.platform.insert_if_absent(name, seconds)
    }
}

impl<P: Platform> VerifyRs256 for Traced<'_, P> {
    fn verify_rs256(
        &self,
        key: &RsaPublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> impl Future<Output = Result<bool, VerificationError>> {
        self.platform.verify_rs256(key, message, signature)
    }
}
