//! The settings, the platform, the time and the trace of one request.

use std::cell::Cell;

use crate::{
    config::Config,
    platform::{Platform, Record, UnixTime},
    sealed::{self, OpenError, Seal, SealError},
    trace::{Trace, TraceIds},
};

/// After so many seconds the edge sends Cognito nothing more for a request that works only once.
const LATE_SECONDS: u64 = 7;

/// One request to an edge with these settings, on this platform.
pub struct RequestContext<'a, P> {
    /// The settings.
    pub config: &'a Config,
    /// The platform. Core logs through the context, which adds the trace.
    pub platform: &'a P,
    /// When the request came. Ask `platform.now()` for the time after an `await`.
    pub now: UnixTime,
    /// Whether the memory that instances share has failed during the request.
    pub(crate) memory_is_broken: Cell<bool>,
    trace: Trace,
}

impl<'a, P: Platform> RequestContext<'a, P> {
    /// For a request with this `traceparent` that comes now.
    pub fn new(traceparent: Option<&str>, config: &'a Config, platform: &'a P) -> Self {
        let trace = Trace::of(traceparent, || TraceIds::one(platform));
        Self { config, platform, now: platform.now(), memory_is_broken: Cell::new(false), trace }
    }

    /// Whether the client will have gone before Cognito answers a request that is sent now. Clients give up after ten seconds.
    pub(crate) fn is_late(&self) -> bool {
        self.platform.now().secs_since(self.now) > LATE_SECONDS
    }

    /// Tells the log, with the trace of the request.
    pub(crate) fn log(&self, record: Record) {
        self.platform.log(&record.traced(self.trace.id()));
    }

    /// As [`sealed::seal`].
    ///
    /// # Errors
    /// When there is no randomness, or the value cannot be written.
    pub(crate) fn seal<T: Seal>(&self, value: &T, associated: &str) -> Result<String, SealError> {
        sealed::seal(value, associated, &self.config.keys, self.now, self.platform)
    }

    /// As [`sealed::open`].
    ///
    /// # Errors
    /// When it is none of ours, is of something else, or its time is over.
    pub(crate) fn open<T: Seal>(&self, sealed: &str, associated: &str) -> Result<T, OpenError> {
        sealed::open(sealed, associated, &self.config.keys, self.now)
    }
}
