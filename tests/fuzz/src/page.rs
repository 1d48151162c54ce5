//! Pages: nothing that a stranger sent may become more than text in them.

use html5gum::{Token, Tokenizer};

const TAGS: [&str; 25] = [
    "html", "head", "meta", "title", "style", "body", "header", "img", "bdi", "main", "h1", "h2", "p", "strong", "ul",
    "li", "code", "form", "input", "label", "div", "button", "a", "span", "br",
];
const ATTRIBUTES: [&str; 14] = [
    "lang", "charset", "name", "content", "class", "method", "action", "type", "value", "href", "src", "alt", "height",
    "id",
];

/// Panics if a page has other elements and attributes than ours have.
pub(crate) fn check(page: &str) {
    for token in Tokenizer::new(page).flatten() {
        match token {
            Token::StartTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name);
                assert!(TAGS.contains(&&*name), "the element {name}");
                for attribute in tag.attributes.keys() {
                    let attribute = String::from_utf8_lossy(attribute);
                    assert!(ATTRIBUTES.contains(&&*attribute), "the attribute {attribute} of {name}");
                }
            }
            Token::Comment(_) => panic!("a comment"),
            // Such as characters that are none.
            Token::Error(_) | Token::EndTag(_) | Token::String(_) | Token::Doctype(_) => {}
        }
    }
}
