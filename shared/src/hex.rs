//! Hexadecimal digits, without the code of `std::fmt`.

/// Appends `bytes` in lower case.
pub(crate) fn push(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        text.extend([byte >> 4, byte & 15].map(digit));
    }
}

/// Of a number below 16. Without a table, whose bounds would be checked.
const fn digit(number: u8) -> char {
    (if number < 10 { b'0' + number } else { b'a' - 10 + number }) as char
}
