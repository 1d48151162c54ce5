//! What Cognito, a Lambda or an identity provider says of an error, for the log: without what may name a person.

use crate::message::visible::visible;

/// The longest text that is taken, in characters.
pub(super) const MAX_CHARACTERS: usize = 200;
/// Longer words are ids or secrets.
const MAX_WORD_BYTES: usize = 32;
/// Numbers with more digits are ids, or parts of telephone numbers.
const MAX_DIGITS: usize = 3;

/// Words with an underscore are user names (`Google_1029384756`) unless they are names of standard attributes or of OAuth.
const NAMES_WITH_UNDERSCORES: &[&str] = &[
    "access_denied",
    "client_id",
    "client_secret",
    "email_verified",
    "family_name",
    "given_name",
    "grant_type",
    "id_token",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "middle_name",
    "phone_number",
    "phone_number_verified",
    "preferred_username",
    "redirect_uri",
    "server_error",
    "unauthorized_client",
    "updated_at",
];

/// The text with e-mail addresses, ids, user names and whatever stands in quotation marks replaced. A name of a person that
/// stands there as a plain word cannot be told from any other word.
pub(super) fn redacted(text: &str) -> String {
    let text = visible(text, MAX_CHARACTERS).unwrap_or_default();
    let mut quote = None;
    let mut words = Vec::new();
    let mut rest = text.split_whitespace().peekable();
    let mut follows_number = false;
    while let Some(word) = rest.next() {
        // A telephone number in groups of digits.
        let is_of_several = is_number(word) && (follows_number || rest.peek().is_some_and(|next| is_number(next)));
        follows_number = is_number(word);
        let trimmed = word.trim_end_matches(['.', ',', ';', ':', ')', ']', '}']);
        if quote.is_none() {
            // After a name and `=` or `:`, too.
            let start = word.rsplit(['(', '[', '{', '=', ':']).next().unwrap_or(word);
            quote = start.chars().next().filter(|c| "\"'`\u{201c}\u{2018}".contains(*c));
            words.push(match quote {
                Some(_) => "[name]",
                None if is_email(word) => "[e-mail]",
                None if is_id(word) || is_of_several => "[id]",
                None => word,
            });
        }
        if quote.is_some_and(|opening| trimmed.len() > opening.len_utf8() && trimmed.ends_with(closing(opening))) {
            quote = None;
        }
    }
    words.join(" ")
}

const fn closing(opening: char) -> char {
    match opening {
        '\u{201c}' => '\u{201d}',
        '\u{2018}' => '\u{2019}',
        other => other,
    }
}

fn is_number(word: &str) -> bool {
    let has_digits = word.bytes().any(|c| c.is_ascii_digit());
    has_digits && word.bytes().all(|c| c.is_ascii_digit() || c.is_ascii_punctuation())
}

fn is_email(word: &str) -> bool {
    word.contains('@') || word.contains("%40")
}

fn is_id(word: &str) -> bool {
    // ASCII's own tables: Unicode's would be many kilobytes of the bundle.
    let word = word.trim_matches(|c: char| c.is_ascii_punctuation());
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let is_mixed = digits > 0 && word.bytes().any(|c| c.is_ascii_alphabetic() || !c.is_ascii());
    // The codes of Entra's errors.
    let is_code = word.strip_prefix("AADSTS").is_some_and(|code| code.bytes().all(|c| c.is_ascii_digit()));
    let is_attribute = word.starts_with("custom:") || NAMES_WITH_UNDERSCORES.contains(&word);
    word.len() > MAX_WORD_BYTES
        || (digits > MAX_DIGITS || is_mixed) && !is_code
        || word.contains(['_', '|', '\\']) && !is_attribute
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_name_a_person_is_replaced_and_the_rest_is_kept() {
        for (text, expected) in [
            ("Only members of the staff may sign in", "Only members of the staff may sign in"),
            ("user@example.com is not invited.", "[e-mail] is not invited."),
            ("mail (user%40example.com)", "mail [e-mail]"),
            ("Already found Google_1029384756", "Already found [id]"),
            ("okta_alice", "[id]"),
            ("CORP\\alice auth0|abc", "[id] [id]"),
            ("id 2f6a1c1e-0d4f-4a63-9d52-ad2b6c3b7c11, twice", "id [id] twice"),
            ("call 0123456 or 112", "call [id] or 112"),
            ("+49 170 123 456 has left", "[id] [id] [id] [id] has left"),
            ("alice1 has left", "[id] has left"),
            ("user='Alice Smith' has left", "[name] has left"),
            ("name:\"Alice\", role: none", "[name] role: none"),
            ("status 400 invalid_request: client_secret", "status 400 invalid_request: client_secret"),
            ("attributes required: [given_name, email]", "attributes required: [given_name, email]"),
            ("Type for attribute {custom:chatbot_role} unknown", "Type for attribute {custom:chatbot_role} unknown"),
            ("AADSTS50105: not assigned", "AADSTS50105: not assigned"),
            ("The user 'Alice Smith' may not, it's closed", "The user [name] may not, it's closed"),
            ("The user \"alice\". (Service: x)", "The user [name] (Service: x)"),
            ("\u{201c}Alice Smith\u{201d} may not", "[name] may not"),
            ("a quote 'that never ends", "a quote [name]"),
            ("line\r\nbreak\u{202e}", "line break"),
        ] {
            assert_eq!(redacted(text), expected, "{text}");
        }
        assert_eq!(redacted(&"w ".repeat(500)).len(), MAX_CHARACTERS - 1);
        assert_eq!(redacted(&"w".repeat(33)), "[id]");
    }
}
