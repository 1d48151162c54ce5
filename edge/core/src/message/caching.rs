//! What the header of an answer says of time: how long it is fresh, and when to come back.
//!
//! A platform may hand a repeated field over as often as it came, or joined by a comma (RFC 9110 §5.3). Both read alike here.

use std::time::UNIX_EPOCH;

use edgeward_identity::UnixTime;
use http::{HeaderMap, HeaderName, header};

/// The values of a field, joined. A value that is no text is as good as none.
pub(crate) fn joined(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let mut values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let first = values.next()?.to_owned();
    Some(values.fold(first, |all, value| all + ", " + value))
}

/// In how many seconds to come back (`Retry-After`, RFC 9110 §10.2.3), if the answer says so in either form.
pub(crate) fn retry_after(headers: &HeaderMap, now: UnixTime) -> Option<u32> {
    let text = joined(headers, header::RETRY_AFTER)?;
    let seconds = number(&text).or_else(|| Some(date(&text)?.secs_since(now)))?;
    Some(u32::try_from(seconds).unwrap_or(u32::MAX))
}

/// Whether an answer may be used again, and for how long (RFC 9111 §4.2.1, §5.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// It must not, or not without asking.
    Never,
    /// For so many seconds.
    Seconds(u64),
    /// The answer does not say.
    Unknown,
}

impl Freshness {
    /// What the header says. `max-age` comes before `Expires`; an `Expires` that is no date has passed (RFC 9111 §5.3).
    pub(crate) fn of(headers: &HeaderMap, now: UnixTime) -> Self {
        let directives = joined(headers, header::CACHE_CONTROL).unwrap_or_default().to_ascii_lowercase();
        let mut directives = directives.split(',').map(str::trim);
        if directives.clone().any(|directive| matches!(directive, "no-store" | "no-cache")) {
            return Self::Never;
        }
        let max_age = directives.find_map(|directive| directive.strip_prefix("max-age="));
        if let Some(seconds) = max_age.and_then(|text| number(text.trim_matches('"'))) {
            return Self::Seconds(seconds.saturating_sub(age(headers)));
        }
        match joined(headers, header::EXPIRES) {
            Some(text) => Self::Seconds(date(&text).map_or(0, |expires| expires.secs_since(now))),
            None => Self::Unknown,
        }
    }
}

/// How long a cache has had the answer: of several values the first counts (RFC 9111 §5.1).
fn age(headers: &HeaderMap) -> u64 {
    let ages = joined(headers, header::AGE).unwrap_or_default();
    ages.split(',').next().and_then(|first| number(first.trim())).unwrap_or(0)
}

/// A number of seconds. One that is too large is as large as can be (RFC 9111 §1.2.2).
fn number(text: &str) -> Option<u64> {
    let digits = text.bytes().try_fold(0_u64, |number, byte| {
        byte.is_ascii_digit().then(|| number.saturating_mul(10).saturating_add((byte - b'0').into()))
    });
    digits.filter(|_| !text.is_empty())
}

/// A date in one of the three forms of HTTP (RFC 9110 §5.6.7).
fn date(text: &str) -> Option<UnixTime> {
    let time = httpdate::parse_http_date(text).ok()?;
    Some(UnixTime::from_secs(time.duration_since(UNIX_EPOCH).ok()?.as_secs()))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110 §5.6.7.
    const THEN: UnixTime = UnixTime::from_secs(784_111_777);
    const NOW: UnixTime = UnixTime::from_secs(784_111_717);

    fn headers(fields: &[(HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn a_date_has_three_forms() {
        for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(date(text), Some(THEN), "{text}");
        }
        for text in [
            "",
            "0",
            "-1",
            "Sun, 06 Nov 1994",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nox 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 06 Nov 1994 08:60:37 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Nov 1994 08:49:37:00 GMT",
            "Sun, 06 Nov 1969 08:49:37 GMT",
            "Sun, 06 Nov 99999999999999999999 08:49:37 GMT",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
        assert_eq!(date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(UnixTime::from_secs(0)));
        assert_eq!(date("Thursday, 01-Jan-70 00:00:01 GMT"), Some(UnixTime::from_secs(1)));
        assert_eq!(date("Fri, 31 Dec 9999 23:59:59 GMT"), Some(UnixTime::from_secs(253_402_300_799)));
    }

    #[test]
    fn a_time_to_come_back_is_a_number_or_a_date() {
        let told = |text: &str| retry_after(&headers(&[(header::RETRY_AFTER, text)]), NOW);
        for (text, seconds) in [
            ("0", Some(0)),
            ("120", Some(120)),
            ("99999999999999999999", Some(u32::MAX)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:48:36 GMT", Some(0)),
            ("-1", None),
            ("+1", None),
            ("1.5", None),
            ("soon", None),
            ("5, 7", None),
            ("", None),
        ] {
            assert_eq!(told(text), seconds, "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), NOW), None);
    }

    #[test]
    fn an_answer_is_fresh_as_long_as_its_header_says() {
        use Freshness::{Never, Seconds, Unknown};
        let cache = |text| (header::CACHE_CONTROL, text);
        let (age, expires) = (|text| (header::AGE, text), |text| (header::EXPIRES, text));
        let later = || expires("Sun, 06 Nov 1994 08:49:37 GMT");
        for (fields, freshness) in [
            (vec![], Unknown),
            (vec![cache("public")], Unknown),
            (vec![cache("max-age=600")], Seconds(600)),
            (vec![cache("public"), cache("Max-Age=600")], Seconds(600)),
            (vec![cache("public, max-age=\"600\""), age("100")], Seconds(500)),
            (vec![cache("max-age=600"), age("100"), age("200")], Seconds(500)),
            (vec![cache("max-age=600"), age("100, 200")], Seconds(500)),
            (vec![cache("max-age=600"), age("99999999999999999999")], Seconds(0)),
            (vec![cache("max-age=600"), age("-100")], Seconds(600)),
            (vec![cache("max-age=99999999999999999999")], Seconds(u64::MAX)),
            (vec![cache("max-age=-1")], Unknown),
            (vec![cache("no-store")], Never),
            (vec![cache("max-age=600"), cache("no-cache")], Never),
            (vec![later()], Seconds(60)),
            (vec![cache("public"), later()], Seconds(60)),
            (vec![cache("max-age=300"), later()], Seconds(300)),
            (vec![age("10")], Unknown),
            (vec![expires("0")], Seconds(0)),
            (vec![expires("Sun, 06 Nov 1994 08:40:00 GMT")], Seconds(0)),
            (vec![later(), later()], Seconds(0)),
        ] {
            assert_eq!(Freshness::of(&headers(&fields), NOW), freshness, "{fields:?}");
        }
    }

    #[test]
    fn a_repeated_field_reads_as_one_that_was_joined() {
        let name = header::CONTENT_TYPE;
        let twice = headers(&[(name.clone(), "application/json"), (name.clone(), "text/html")]);
        assert_eq!(joined(&twice, name.clone()).as_deref(), Some("application/json, text/html"));
        assert_eq!(joined(&HeaderMap::new(), name), None);
    }
}
