//! Media types (RFC 9110 §8.3.1).

/// The media type in a `Content-Type`, in lower case and without its parameters.
pub(crate) fn media_type(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_case_do_not_count() {
        for same in ["application/json", " Application/JSON ; charset=utf-8", "application/json;"] {
            assert_eq!(media_type(same), "application/json");
        }
        assert_eq!(media_type(""), "");
    }
}
