//! Whether a statement of AWS WAF matches a request of which only a part is known.

use aws_sdk_wafv2::types::{
    ByteMatchStatement, ComparisonOperator, FieldToMatch, PositionalConstraint, RegexMatchStatement,
    SizeConstraintStatement, Statement, TextTransformation, TextTransformationType,
};
use regex_lite::Regex;

/// What can be said before the request comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    Never,
    /// It depends on what is not known: an address, a body, labels of other rules.
    Perhaps,
    Always,
}

impl Match {
    const fn sure(holds: bool) -> Self {
        if holds { Self::Always } else { Self::Never }
    }

    const fn inverted(self) -> Self {
        match self {
            Self::Never => Self::Always,
            Self::Perhaps => Self::Perhaps,
            Self::Always => Self::Never,
        }
    }
}

/// A request to the user pool's domain: what is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    /// `User-Agent`, where it is always the same.
    pub(super) user_agent: Option<&'static str>,
    /// Whether there is no query.
    pub(super) has_no_query: bool,
}

/// What a statement looks at.
enum Field {
    Known(&'static str),
    /// "If the request does not have the component, AWS WAF evaluates it as not matching" (Developer Guide,
    /// waf-rule-statement-fields-list).
    Absent,
    Unknown,
}

/// Whether a statement matches. Those that stand only at the top of a rule are the review's.
pub(super) fn matches(statement: &Statement, request: &Request) -> Match {
    if let Some(all) = &statement.and_statement {
        return all.statements().iter().fold(Match::Always, |so_far, inner| and(so_far, matches(inner, request)));
    }
    if let Some(any) = &statement.or_statement {
        return any.statements().iter().fold(Match::Never, |so_far, inner| or(so_far, matches(inner, request)));
    }
    if let Some(not) = &statement.not_statement {
        return not.statement.as_deref().map_or(Match::Perhaps, |inner| matches(inner, request).inverted());
    }
    if let Some(bytes) = &statement.byte_match_statement {
        return bytes_match(bytes, request);
    }
    if let Some(regex) = &statement.regex_match_statement {
        return regex_matches(regex, request);
    }
    if let Some(size) = &statement.size_constraint_statement {
        return size_matches(size, request);
    }
    Match::Perhaps
}

const fn and(one: Match, other: Match) -> Match {
    match (one, other) {
        (Match::Never, _) | (_, Match::Never) => Match::Never,
        (Match::Always, Match::Always) => Match::Always,
        _ => Match::Perhaps,
    }
}

const fn or(one: Match, other: Match) -> Match {
    and(one.inverted(), other.inverted()).inverted()
}

fn bytes_match(statement: &ByteMatchStatement, request: &Request) -> Match {
    let search = statement.search_string.as_ref();
    with_field(statement.field_to_match.as_ref(), statement.text_transformations(), request, |value| {
        let value = value.as_bytes();
        let holds = match statement.positional_constraint {
            PositionalConstraint::Exactly => value == search,
            PositionalConstraint::StartsWith => value.starts_with(search),
            PositionalConstraint::EndsWith => value.ends_with(search),
            PositionalConstraint::Contains => contains(value, search),
            PositionalConstraint::ContainsWord if !contains(value, search) => false,
            _ => return Match::Perhaps,
        };
        Match::sure(holds)
    })
}

fn contains(value: &[u8], search: &[u8]) -> bool {
    search.is_empty() || value.windows(search.len()).any(|window| window == search)
}

fn regex_matches(statement: &RegexMatchStatement, request: &Request) -> Match {
    // A pattern that WAF understands and we do not says nothing.
    let Ok(regex) = Regex::new(&statement.regex_string) else { return Match::Perhaps };
    with_field(statement.field_to_match.as_ref(), statement.text_transformations(), request, |value| {
        Match::sure(regex.is_match(value))
    })
}

fn size_matches(statement: &SizeConstraintStatement, request: &Request) -> Match {
    with_field(statement.field_to_match.as_ref(), statement.text_transformations(), request, |value| {
        let length = i64::try_from(value.len()).unwrap_or(i64::MAX);
        let size = statement.size;
        Match::sure(match statement.comparison_operator {
            ComparisonOperator::Eq => length == size,
            ComparisonOperator::Ne => length != size,
            ComparisonOperator::Le => length <= size,
            ComparisonOperator::Lt => length < size,
            ComparisonOperator::Ge => length >= size,
            ComparisonOperator::Gt => length > size,
            _ => return Match::Perhaps,
        })
    })
}

fn with_field(
    field: Option<&FieldToMatch>,
    transformations: &[TextTransformation],
    request: &Request,
    holds: impl Fn(&str) -> Match,
) -> Match {
    match field.map_or(Field::Unknown, |field| look(field, request)) {
        Field::Known(value) => transformed(value, transformations).map_or(Match::Perhaps, |value| holds(&value)),
        Field::Absent => Match::Never,
        Field::Unknown => Match::Perhaps,
    }
}

fn look(field: &FieldToMatch, request: &Request) -> Field {
    let query = || if request.has_no_query { Field::Absent } else { Field::Unknown };
    if field.uri_path.is_some() {
        return Field::Known(request.path);
    }
    if field.method.is_some() {
        return Field::Known(request.method);
    }
    if let Some(header) = &field.single_header {
        return match (header.name.to_ascii_lowercase().as_str(), request.user_agent) {
            ("user-agent", Some(user_agent)) => Field::Known(user_agent),
            _ => Field::Unknown,
        };
    }
    if field.query_string.is_some() || field.all_query_arguments.is_some() || field.single_query_argument.is_some() {
        return query();
    }
    Field::Unknown
}

/// What WAF compares. Our paths and names hold nothing that the decoding transformations change.
fn transformed(value: &str, transformations: &[TextTransformation]) -> Option<String> {
    let mut ordered: Vec<_> = transformations.iter().collect();
    ordered.sort_by_key(|transformation| transformation.priority);
    ordered.into_iter().try_fold(value.to_owned(), |value, transformation| match transformation.r#type {
        TextTransformationType::Lowercase => Some(value.to_ascii_lowercase()),
        TextTransformationType::Uppercase => Some(value.to_ascii_uppercase()),
        TextTransformationType::None
        | TextTransformationType::CompressWhiteSpace
        | TextTransformationType::HtmlEntityDecode
        | TextTransformationType::JsDecode
        | TextTransformationType::NormalizePath
        | TextTransformationType::NormalizePathWin
        | TextTransformationType::RemoveNulls
        | TextTransformationType::ReplaceNulls
        | TextTransformationType::Trim
        | TextTransformationType::TrimLeft
        | TextTransformationType::TrimRight
        | TextTransformationType::UrlDecode
        | TextTransformationType::UrlDecodeUni => Some(value),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_wafv2::{
        primitives::Blob,
        types::{AndStatement, GeoMatchStatement, NotStatement, OrStatement, SingleHeader, UriPath},
    };

    use super::*;

    const TOKEN: Request =
        Request { method: "POST", path: "/oauth2/token", user_agent: Some("Edgeward/1"), has_no_query: true };

    fn transformation(kind: TextTransformationType) -> TextTransformation {
        TextTransformation::builder().priority(0).r#type(kind).build().unwrap()
    }

    fn path() -> FieldToMatch {
        FieldToMatch::builder().uri_path(UriPath::builder().build()).build()
    }

    fn bytes(
        field: FieldToMatch,
        search: &str,
        position: PositionalConstraint,
        kind: TextTransformationType,
    ) -> Statement {
        let bytes = ByteMatchStatement::builder()
            .field_to_match(field)
            .search_string(Blob::new(search))
            .positional_constraint(position)
            .text_transformations(transformation(kind))
            .build()
            .unwrap();
        Statement::builder().byte_match_statement(bytes).build()
    }

    fn is_path(search: &str) -> Statement {
        bytes(path(), search, PositionalConstraint::Exactly, TextTransformationType::None)
    }

    fn not(inner: Statement) -> Statement {
        Statement::builder().not_statement(NotStatement::builder().statement(inner).build()).build()
    }

    fn all(inner: Vec<Statement>) -> Statement {
        Statement::builder().and_statement(AndStatement::builder().set_statements(Some(inner)).build().unwrap()).build()
    }

    fn any(inner: Vec<Statement>) -> Statement {
        Statement::builder().or_statement(OrStatement::builder().set_statements(Some(inner)).build().unwrap()).build()
    }

    fn somewhere() -> Statement {
        Statement::builder().geo_match_statement(GeoMatchStatement::builder().build()).build()
    }

    #[test]
    fn the_path_is_compared_as_waf_compares_it() {
        use PositionalConstraint as Position;
        use TextTransformationType as Transformation;
        for (search, position, kind, expected) in [
            ("/oauth2/token", Position::Exactly, Transformation::None, Match::Always),
            ("/oauth2/", Position::StartsWith, Transformation::UrlDecode, Match::Always),
            ("token", Position::EndsWith, Transformation::Lowercase, Match::Always),
            ("auth2/t", Position::Contains, Transformation::None, Match::Always),
            ("/login", Position::Contains, Transformation::None, Match::Never),
            ("/OAUTH2/TOKEN", Position::Exactly, Transformation::Uppercase, Match::Always),
            ("/oauth2/token", Position::Exactly, Transformation::Uppercase, Match::Never),
            ("oauth2", Position::ContainsWord, Transformation::None, Match::Perhaps),
            ("login", Position::ContainsWord, Transformation::None, Match::Never),
            ("/oauth2/token", Position::Exactly, Transformation::CmdLine, Match::Perhaps),
        ] {
            assert_eq!(
                matches(&bytes(path(), search, position.clone(), kind), &TOKEN),
                expected,
                "{search} {position}"
            );
        }
        let regex = |pattern: &str| {
            let regex = RegexMatchStatement::builder()
                .field_to_match(path())
                .regex_string(pattern)
                .text_transformations(transformation(TextTransformationType::None))
                .build()
                .unwrap();
            matches(&Statement::builder().regex_match_statement(regex).build(), &TOKEN)
        };
        assert_eq!(regex("^/oauth2/(token|revoke)$"), Match::Always);
        assert_eq!(regex("^/login"), Match::Never);
        assert_eq!(regex("(?<!x)token"), Match::Perhaps, "a pattern that only WAF understands");
    }

    #[test]
    fn what_is_unknown_stays_unknown_unless_the_rest_decides() {
        assert_eq!(matches(&somewhere(), &TOKEN), Match::Perhaps);
        assert_eq!(matches(&not(somewhere()), &TOKEN), Match::Perhaps);
        let pages = not(any(vec![is_path("/oauth2/token"), is_path("/oauth2/revoke")]));
        assert_eq!(matches(&pages, &TOKEN), Match::Never);
        assert_eq!(matches(&all(vec![somewhere(), pages]), &TOKEN), Match::Never);
        assert_eq!(matches(&any(vec![somewhere(), is_path("/oauth2/token")]), &TOKEN), Match::Always);
        assert_eq!(matches(&all(vec![somewhere(), is_path("/oauth2/token")]), &TOKEN), Match::Perhaps);
    }

    #[test]
    fn user_agent_and_query_are_known_where_the_edge_asks() {
        let header = |name: &str| {
            FieldToMatch::builder().single_header(SingleHeader::builder().name(name).build().unwrap()).build()
        };
        let agent = |field| bytes(field, "curl", PositionalConstraint::Contains, TextTransformationType::Lowercase);
        assert_eq!(matches(&agent(header("User-Agent")), &TOKEN), Match::Never);
        assert_eq!(matches(&agent(header("Cookie")), &TOKEN), Match::Perhaps);
        let query = FieldToMatch::builder().query_string(aws_sdk_wafv2::types::QueryString::builder().build()).build();
        assert_eq!(matches(&agent(query), &TOKEN), Match::Never);
    }
}
