//! Trace ids after W3C Trace Context: the caller's, if it sends a valid one, else a new one.

use axum::http::HeaderMap;
use edgeward_identity::traceparent;

/// 32 lower-case hexadecimal digits that name one request across the edge, the load balancer and this server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TraceId(String);

impl TraceId {
    /// The trace id of a request.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self::from_traceparent(headers).unwrap_or_else(Self::random)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn from_traceparent(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(traceparent::HEADER).iter();
        let value = values.next().filter(|_| values.next().is_none())?;
        traceparent::trace_id(value.to_str().ok()?).map(|id| Self(id.to_owned()))
    }

    fn random() -> Self {
        let mut bytes = [0; 16];
        // Without randomness, trace ids are all alike, but requests are still served.
        let _ = getrandom::fill(&mut bytes);
        Self(format!("{:032x}", u128::from_be_bytes(bytes)))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn trace_id(values: &[&str]) -> TraceId {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("traceparent", HeaderValue::from_str(value).unwrap());
        }
        TraceId::of(&headers)
    }

    #[test]
    fn a_valid_traceparent_names_the_request() {
        // The example of W3C Trace Context §3.2.3.
        assert_eq!(trace_id(&["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"]).as_str(), ID);
    }

    #[test]
    fn an_invalid_traceparent_is_replaced() {
        let valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let invalid: &[&[&str]] = &[&[], &[valid, valid], &["nonsense"]];
        for values in invalid {
            let found = trace_id(values);
            assert_ne!(found.as_str(), ID, "{values:?}");
            assert!(found.as_str().len() == 32 && found.as_str().bytes().all(|digit| digit.is_ascii_hexdigit()));
        }
        assert_ne!(trace_id(&[]), trace_id(&[]));
    }
}
