//! Access tokens of the wrong form, and signatures that are not quite ours.

use anyhow::Result;
use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use serde_json::json;

use super::{
    case::{Case, Cases},
    forged::{Forge, Good, honest, show, sign_text, stranger},
};

const GROUP: &str = "token_forms";
const BAD: &str = "401 invalid_token";

pub(super) fn cases() -> Vec<Case> {
    [forms(), signatures()].into_iter().flatten().collect()
}

fn list() -> Cases<Forge, impl Future<Output = Result<String>> + Send + 'static> {
    Cases::new(GROUP, show, (honest as Forge, "200 as the demo user"))
}

fn forms() -> Vec<Case> {
    fn padded(good: &Good<'_>, at: usize, padding: &str) -> String {
        let mut parts = good.parts().map(str::to_owned);
        parts[at].push_str(padding);
        parts.join(".")
    }
    /// Header text that says what `header` says, and more; signed with our own key.
    fn header_text(good: &Good<'_>, text: &str) -> String {
        let own = good.header.to_string();
        good.sign_text(&format!("{}{text}}}", own.trim_end_matches('}')), &good.claims.to_string())
    }
    list()
        .add(
            "a_part_too_few",
            "header and claims without a signature",
            |good| good.token.rsplit_once('.').expect("parts").0.to_owned(),
            BAD,
        )
        .add("a_part_too_many", "a fourth part", |good| format!("{}.x", good.token), BAD)
        .add("five_parts", "five parts, as an encrypted token has", |good| format!("{}.x.x", good.token), BAD)
        .add(
            "an_empty_header",
            "nothing before the first dot",
            |good| {
                let [_, claims, signature] = good.parts();
                format!(".{claims}.{signature}")
            },
            BAD,
        )
        .add(
            "empty_claims",
            "nothing between the dots",
            |good| {
                let [header, _, signature] = good.parts();
                format!("{header}..{signature}")
            },
            BAD,
        )
        .add("dots_alone", "`..`", |_| "..".to_owned(), BAD)
        .add("padding_behind_the_signature", "`==` behind the signature", |good| padded(good, 2, "=="), BAD)
        .add("padding_behind_the_claims", "`=` behind the claims", |good| padded(good, 1, "="), BAD)
        .add("padding_behind_the_header", "`=` behind the header", |good| padded(good, 0, "="), BAD)
        .add(
            "bits_that_are_left_over",
            "a bit set in the last character of the signature that decoders ignore",
            |good| {
                let (kept, last) = good.token.split_at(good.token.len() - 1);
                let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
                let at = alphabet.find(last).expect("base64url");
                format!("{kept}{}", &alphabet[at + 1..at + 2])
            },
            BAD,
        )
        .add(
            "the_other_alphabet",
            "the signature in base64 with `+` and `/`",
            |good| {
                let [header, claims, _] = good.parts();
                // As long as it has neither, it is the same text.
                format!("{header}.{claims}.{}", Base64::encode_string(&good.signature()))
            },
            BAD,
        )
        .add(
            "claims_of_another_token",
            "our signature over other claims: another user",
            |good| {
                let [header, _, signature] = good.parts();
                let mut claims = good.claims.clone();
                claims["sub"] = "somebody-else".into();
                format!("{header}.{}.{signature}", Base64UrlUnpadded::encode_string(claims.to_string().as_bytes()))
            },
            BAD,
        )
        .add(
            "json_of_a_jws",
            "the token in JSON serialization",
            |good| {
                let [header, claims, signature] = good.parts();
                json!({ "protected": header, "payload": claims, "signature": signature }).to_string()
            },
            BAD,
        )
        .add(
            "two_algs_in_the_header",
            "`alg` twice, signed with our own key",
            |good| header_text(good, r#","alg":"none""#),
            BAD,
        )
        .add(
            "two_key_ids_in_the_header",
            "`kid` twice, signed with our own key",
            |good| header_text(good, r#","kid":"other""#),
            BAD,
        )
        .add(
            "two_types_in_the_header",
            "`typ` twice, signed with our own key",
            |good| header_text(good, r#","typ":"JWT""#),
            BAD,
        )
        .add(
            "more_behind_the_header",
            "a second object behind the header, signed with our own key",
            |good| good.sign_text(&format!("{}{{}}", good.header), &good.claims.to_string()),
            BAD,
        )
        .add(
            "a_header_behind_a_mark",
            "a byte order mark before the header, signed with our own key",
            |good| good.sign_text(&format!("\u{feff}{}", good.header), &good.claims.to_string()),
            BAD,
        )
        .add(
            "a_header_that_is_a_list",
            "a header that is a list",
            |good| good.sign_text("[]", &good.claims.to_string()),
            BAD,
        )
        .add(
            "a_header_that_is_nested_deeply",
            "2,000 arrays within each other in a stranger's header",
            |_| {
                sign_text(
                    &stranger(),
                    &format!(
                        r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"x","x":{}{}}}"#,
                        "[".repeat(2_000),
                        "]".repeat(2_000)
                    ),
                    "{}",
                )
            },
            BAD,
        )
        .add(
            "a_token_that_is_long",
            "a token of ours of more than 8 KiB",
            |good| {
                let mut claims = good.claims.clone();
                claims["x"] = "x".repeat(8 * 1024).into();
                good.sign(&good.header, &claims)
            },
            BAD,
        )
        .add("a_token_that_is_far_too_long", "64 KB of letters", |_| "x".repeat(64 * 1024), BAD)
        .list()
}

fn signatures() -> Vec<Case> {
    list()
        .add("no_signature", "an empty signature", |good| good.with_signature(&[]), BAD)
        .add("a_signature_of_zeros", "64 zero bytes", |good| good.with_signature(&[0; 64]), BAD)
        .add(
            "the_neutral_signature",
            "the neutral point and a zero: it holds for a key of small order",
            |good| {
                let mut signature = [0; 64];
                signature[0] = 1;
                good.with_signature(&signature)
            },
            BAD,
        )
        .add(
            "a_signature_plus_the_order",
            "our signature with the order of the group added to S: the same to a lenient verifier",
            |good| good.with_signature(&plus_the_order(good.signature())),
            BAD,
        )
        .add(
            "a_signature_with_a_high_bit",
            "our signature with the highest bit of S set",
            |good| {
                let mut signature = good.signature();
                signature[63] |= 0x80;
                good.with_signature(&signature)
            },
            BAD,
        )
        .add(
            "a_signature_cut_short",
            "63 bytes of our signature",
            |good| good.with_signature(&good.signature()[..63]),
            BAD,
        )
        .add(
            "a_signature_with_more",
            "our signature and a zero byte",
            |good| good.with_signature(&[&good.signature()[..], &[0]].concat()),
            BAD,
        )
        .add(
            "a_signature_turned_around",
            "S before R",
            |good| {
                let signature = good.signature();
                good.with_signature(&[&signature[32..], &signature[..32]].concat())
            },
            BAD,
        )
        .add(
            "a_signature_of_another_token",
            "our signature over another token of ours",
            |good| {
                let mut claims = good.claims.clone();
                claims["jti"] = "another".into();
                let other = good.sign(&good.header, &claims);
                let signature = other.rsplit_once('.').expect("parts").1;
                let [header, claims, _] = good.parts();
                format!("{header}.{claims}.{signature}")
            },
            BAD,
        )
        .list()
}

/// S + L, where L is the order of the group (RFC 8032 §5.1): 2^252 + 27742317777372353535851937790883648493.
fn plus_the_order(mut signature: [u8; 64]) -> [u8; 64] {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0;
    for (byte, order) in signature[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = (sum & 0xff) as u8;
        carry = sum >> 8;
    }
    signature
}
