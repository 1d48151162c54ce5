//! Text of others, made fit to be shown to people.

/// Without characters that people do not see ([`is_visible`]), with one space for everything that looks like space, and no
/// longer than `max` characters; `None` if nothing is left.
pub fn visible(text: &str, max: usize) -> Option<String> {
    let printed: String = text.chars().map(|c| if is_blank(c) { ' ' } else { c }).filter(|c| is_visible(*c)).collect();
    let words: Vec<&str> = printed.split_ascii_whitespace().collect();
    let shown: String = words.join(" ").chars().take(max).collect();
    let shown = shown.trim_end();
    (!shown.is_empty()).then(|| shown.to_owned())
}

/// Whether a character can be seen, or is a space, and leaves the others where they are: it is no control or format
/// character (general categories Cc and Cf), and browsers do not ignore it (`Default_Ignorable_Code_Point`).
pub fn is_visible(c: char) -> bool {
    !c.is_control() && !HIDDEN.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

/// White space, and what looks like it: the empty pattern of Braille, a null note head, a filler of the Khitan script.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{2800}' | '\u{16fe4}' | '\u{1d159}')
}

/// The characters that are format characters or ignored by default. A test holds it to Unicode's own tables, which would be
/// many kilobytes here.
const HIDDEN: &[(char, char)] = &[
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{202a}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use icu_properties::{
        CodePointMapData, CodePointSetData,
        props::{DefaultIgnorableCodePoint, GeneralCategory},
    };

    use super::*;

    #[test]
    fn unicode_says_which_characters_are_hidden() {
        let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
        let category = CodePointMapData::<GeneralCategory>::new();
        let is_hidden = |c: &char| ignorable.contains(*c) || category.get(*c) == GeneralCategory::Format;
        let mut hidden: Vec<(char, char)> = Vec::new();
        for c in ('\0'..=char::MAX).filter(is_hidden) {
            match hidden.last_mut() {
                Some((_, last)) if u32::from(*last) + 1 == u32::from(c) => *last = c,
                _ => hidden.push((c, c)),
            }
        }
        assert_eq!(HIDDEN, hidden);
    }

    #[test]
    fn what_cannot_be_seen_is_left_out_and_space_is_one_space() {
        for (text, shown) in [
            ("Claude", Some("Claude")),
            ("  Claude \t\r\n Code ", Some("Claude Code")),
            ("a\u{200b}b\u{202e}c\u{ad}d\u{e0041}\u{fe0f}", Some("abcd")),
            ("\u{1f468}\u{200d}\u{1f469}", Some("\u{1f468}\u{1f469}")),
            ("a\u{a0}\u{2800}\u{3000}b", Some("a b")),
            ("B\u{fc}cher \u{65e5}\u{672c}", Some("B\u{fc}cher \u{65e5}\u{672c}")),
            ("\u{3164}\u{115f}\u{ffa0}\u{2800}\u{180e}", None),
            (" \u{200b} ", None),
            ("", None),
        ] {
            assert_eq!(visible(text, 64).as_deref(), shown, "{text:?}");
        }
        assert_eq!(visible("a b c", 4).as_deref(), Some("a b"));
    }
}
