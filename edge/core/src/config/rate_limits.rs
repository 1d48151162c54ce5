//! Other numbers for the limits of requests. The edge itself does not count: whoever deploys it tells them to the platform.

use crate::platform::Limit;

/// Requests a minute, where they are others than the platform has been told already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RateLimits([Option<u32>; Limit::ALL.len()]);

impl RateLimits {
    /// Parses `calls:600 grant:60 client:1200 redirect-host:2400 address:6000`, of which any may be left out.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut limits = Self::default();
        for word in text.split_whitespace() {
            let (name, number) = word.split_once(':').unwrap_or_default();
            let limit = Limit::ALL.iter().position(|limit| limit.as_str() == name);
            match (limit, number.parse()) {
                (Some(at), Ok(number @ 1..)) if limits.0[at].is_none() => limits.0[at] = Some(number),
                _ => {
                    return Err(
                        "is not a list of limits such as `calls:600 grant:60 client:1200 redirect-host:2400 address:6000`".into(),
                    );
                }
            }
        }
        Ok(limits)
    }

    /// The number for one of them.
    pub fn get(&self, limit: Limit) -> Option<u32> {
        self.0[limit as usize]
    }

    /// Whether the edge asks for this one. Calls of the resources are counted only where the settings say so: it costs a question
    /// to the counter for each of them.
    pub fn is_counted(&self, limit: Limit) -> bool {
        limit != Limit::Calls || self.get(limit).is_some()
    }
}
