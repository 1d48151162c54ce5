//! Text of others, made fit to be shown to people.

/// Without control characters and those that change the direction of writing or cannot be seen, and no longer than
/// `max` characters; `None` if nothing is left.
pub fn visible(text: &str, max: usize) -> Option<String> {
    let text: String = text.trim().chars().filter(|c| is_visible(*c)).take(max).collect();
    (!text.is_empty()).then_some(text)
}

/// Whether a character can be seen and leaves the others where they are.
pub fn is_visible(c: char) -> bool {
    let is_hidden =
        matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !is_hidden && !c.is_control()
}
