//! Trace ids after W3C Trace Context: the caller's, if it sends a valid one, else a new one.

use axum::http::HeaderMap;

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

    /// `version-traceid-parentid-flags`; later versions may append more (W3C Trace Context §3.2.2, §3.2.4).
    fn from_traceparent(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all("traceparent").iter();
        let value = values.next()?.to_str().ok()?;
        if values.next().is_some() {
            return None;
        }
        let mut fields = value.split('-');
        let version = fields.next().filter(|field| is_hex(field, 2) && *field != "ff")?;
        let trace_id = fields.next().filter(|field| is_hex(field, 32) && field.bytes().any(|digit| digit != b'0'))?;
        fields.next().filter(|field| is_hex(field, 16) && field.bytes().any(|digit| digit != b'0'))?;
        fields.next().filter(|field| is_hex(field, 2))?;
        (version != "00" || fields.next().is_none()).then(|| Self(trace_id.to_owned()))
    }

    fn random() -> Self {
        let mut bytes = [0; 16];
        // Without randomness, trace ids are all alike, but requests are still served.
        let _ = getrandom::fill(&mut bytes);
        Self(format!("{:032x}", u128::from_be_bytes(bytes)))
    }
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
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
        assert_eq!(trace_id(&["cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-comes"]).as_str(), ID);
    }

    #[test]
    fn an_invalid_traceparent_is_replaced() {
        let valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let invalid: &[&[&str]] = &[
            &[],
            &[valid, valid],
            &["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"],
            &["ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
            &["00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"],
            &["00-00000000000000000000000000000000-00f067aa0ba902b7-01"],
            &["00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"],
            &["00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01"],
            &["nonsense"],
        ];
        for values in invalid {
            let found = trace_id(values);
            assert_ne!(found.as_str(), ID, "{values:?}");
            assert!(is_hex(found.as_str(), 32));
        }
        assert_ne!(trace_id(&[]), trace_id(&[]));
    }
}
