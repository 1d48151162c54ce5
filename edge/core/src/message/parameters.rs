//! Query and form parameters (`application/x-www-form-urlencoded`).

use std::borrow::Cow;

/// The parameters of one request.
#[derive(Debug, Clone, Default)]
pub struct Parameters<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Parameters<'a> {
    /// Parses a query or form. Every byte string is one; what it means is judged parameter by parameter.
    pub fn parse(encoded: &'a [u8]) -> Self {
        Self(form_urlencoded::parse(encoded).collect())
    }

    /// The parameter `name`. One without a value counts as absent (RFC 6749 §3.1).
    ///
    /// # Errors
    /// When it is there twice (RFC 6749 §3.1): two readers could each see another one.
    pub fn get(&self, name: &'static str) -> Result<Option<&str>, Repeated> {
        let mut values = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_ref());
        let first = values.next();
        if values.next().is_some() { Err(Repeated(name)) } else { Ok(first.filter(|value| !value.is_empty())) }
    }
}

/// A parameter was sent more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the parameter `{0}` was sent more than once")]
pub struct Repeated(pub &'static str);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_is_found_and_two_are_refused() {
        let parameters = Parameters::parse(b"a=1&b=x%20y&c=&b2=2&d=1&d=1");
        assert_eq!(parameters.get("a"), Ok(Some("1")));
        assert_eq!(parameters.get("b"), Ok(Some("x y")));
        assert_eq!(parameters.get("c"), Ok(None));
        assert_eq!(parameters.get("e"), Ok(None));
        assert_eq!(parameters.get("d"), Err(Repeated("d")));
    }
}
