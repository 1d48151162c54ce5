//! Settings of the pages that people see.

use url::Url;

use super::{
    entry::{self, Entry},
    url_setting::absolute_url,
};

/// Settings of the pages.
#[derive(Debug, Default)]
pub struct Pages {
    /// When the user is asked for consent.
    pub consent: ConsentMode,
    /// How pages look.
    pub brand: Brand,
    /// Where `/logout` may send the browser, besides our own page; each also registered at Cognito.
    pub sign_out_urls: Vec<String>,
}

/// When the user is asked for consent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ConsentMode {
    /// Every time.
    #[default]
    Ask,
    /// The user may let the browser remember the consent.
    Remember,
}

/// How pages look.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Brand {
    /// Whose pages they are.
    pub name: Option<String>,
    /// A picture beside the name, by its `https` URL.
    pub logo: Option<String>,
    /// The colour of what can be clicked.
    pub color: Option<Color>,
}

/// A colour, and one that can be read on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Color {
    rgb: [u8; 3],
}

pub(super) fn consent_mode(text: &str) -> Result<ConsentMode, String> {
    match text {
        "ask" => Ok(ConsentMode::Ask),
        "remember" => Ok(ConsentMode::Remember),
        _ => Err("is neither `ask` nor `remember`".into()),
    }
}

pub(super) fn brand(text: &str) -> Result<Brand, String> {
    let json = entry::json(text)?;
    let entry = Entry::read(&json, &["name", "logo", "color"])?;
    let name = entry.text("name")?.filter(|name| !name.is_empty());
    let color = entry.text("color")?.map(|text| Color::parse(text).ok_or("has a color that is not #rrggbb"));
    Ok(Brand {
        name: name.map(str::to_owned),
        logo: entry.text("logo")?.map(logo).transpose()?,
        color: color.transpose()?,
    })
}

/// It stands in a header, too, where blanks, `;` and `,` separate.
fn logo(text: &str) -> Result<String, String> {
    let url = Url::parse(&absolute_url(text).map_err(|problem| format!("has a logo that {problem}"))?);
    let url = url.map(String::from).map_err(|_| "has a logo that is no URL")?;
    if url.contains([';', ',', '\'']) { Err("has a logo with ; , or ' in its URL".into()) } else { Ok(url) }
}

/// URLs that are compared character by character.
pub(super) fn sign_out_urls(text: &str) -> Result<Vec<String>, String> {
    let each = text.split_whitespace().map(|url| absolute_url(url).map(|_| url.to_owned()));
    each.collect()
}

impl Color {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        if digits.len() != 6 || !digits.bytes().all(|c| c.is_ascii_hexdigit()) {
            return None;
        }
        let mut rgb = [0; 3];
        for (byte, at) in rgb.iter_mut().zip([0, 2, 4]) {
            *byte = u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?;
        }
        Some(Self { rgb })
    }

    /// As CSS writes it.
    pub fn css(self) -> String {
        let [r, g, b] = self.rgb;
        format!("#{r:02x}{g:02x}{b:02x}")
    }

    /// Black or white, whichever contrasts more (WCAG 2.2, relative luminance).
    pub fn readable_on_it(self) -> &'static str {
        // Close to the curve of sRGB, without a power function, which is large in wasm.
        let linear = |byte: u8| {
            let part = f32::from(byte) / 255.0;
            part * part * (0.8 + 0.2 * part)
        };
        let [r, g, b] = self.rgb.map(linear);
        let luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b;
        // Where both contrast alike: (1 + 0.05) / (l + 0.05) = (l + 0.05) / 0.05.
        if luminance > 0.179 { "#000" } else { "#fff" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_brand_has_a_name_a_logo_and_a_color() {
        let brand = brand(r##"{"name":"Acme","logo":"https://acme.example/logo.svg","color":"#1B57c9"}"##).unwrap();
        assert_eq!(brand.name.as_deref(), Some("Acme"));
        assert_eq!(brand.logo.as_deref(), Some("https://acme.example/logo.svg"));
        assert_eq!(brand.color.unwrap().css(), "#1b57c9");
    }

    #[test]
    fn what_could_break_out_of_style_or_header_is_refused() {
        for bad in [
            r##"{"color":"red"}"##,
            r##"{"color":"#1b57c"}"##,
            r##"{"color":"#1b57cé"}"##,
            r##"{"color":"#+1+2+3"}"##,
            r##"{"logo":"http://acme.example/logo.svg"}"##,
            r##"{"logo":"javascript:alert(1)"}"##,
            r##"{"logo":"https://acme.example/a;script-src *"}"##,
            r##"{"logo":"https://acme.example/a,b"}"##,
            r##"{"css":"*{}"}"##,
            "Acme",
        ] {
            assert!(brand(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn text_on_a_color_can_be_read() {
        for (color, expected) in [("#000000", "#fff"), ("#ffffff", "#000"), ("#1b57c9", "#fff"), ("#8ab4ff", "#000")] {
            assert_eq!(Color::parse(color).unwrap().readable_on_it(), expected, "{color}");
        }
    }

    #[test]
    fn sign_out_urls_stay_as_they_are_written() {
        assert_eq!(sign_out_urls("https://a.example/ https://b.example/out").unwrap()[0], "https://a.example/");
        assert!(sign_out_urls("http://a.example/").is_err());
    }
}
