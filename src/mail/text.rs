//! Text from mail made fit for a header field or a reply.

/// Printable ASCII; anything else as `\x{HH}`, at most `most` characters.
#[must_use]
pub fn printable(text: &str, most: usize) -> String {
    let mut out = String::with_capacity(text.len().min(most));
    for c in text.chars() {
        let before = out.len();
        if c == ' ' || c.is_ascii_graphic() {
            out.push(c);
        } else {
            out.push_str(&format!("\\x{{{:02X}}}", u32::from(c)));
        }
        if out.len() > most {
            out.truncate(before);
            out.push_str("[...]");
            break;
        }
    }
    out
}

/// A header field, folded at blanks so that lines have at most 78 characters where that can be had.
#[must_use]
pub fn folded(field: &str) -> String {
    const WIDTH: usize = 78;
    let mut out = String::with_capacity(field.len() + 8);
    let mut column = 0;
    for (at, word) in field.split(' ').enumerate() {
        if at > 0 {
            if column + 1 + word.len() > WIDTH && !word.is_empty() {
                out.push_str("\r\n");
                column = 0;
            }
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += word.len();
    }
    out
}

/// A text as encoded words (RFC 2047), none longer than 75 characters, with blanks between them.
#[must_use]
pub fn encoded_words(text: &str) -> String {
    const LONGEST: usize = 75 - "=?UTF-8?Q??=".len();
    let mut words = vec![String::new()];
    for character in text.chars() {
        let mut octets = [0; 4];
        let encoded: String = match character {
            ' ' => "_".to_owned(),
            c if c.is_ascii_alphanumeric() || "-.,:!*+/".contains(c) => c.to_string(),
            c => c
                .encode_utf8(&mut octets)
                .bytes()
                .map(|octet| format!("={octet:02X}"))
                .collect(),
        };
        match words.last_mut() {
            Some(word) if word.len() + encoded.len() <= LONGEST => word.push_str(&encoded),
            _ => words.push(encoded),
        }
    }
    let words: Vec<String> = words
        .iter()
        .map(|word| format!("=?UTF-8?Q?{word}?="))
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_printed_is_shown() {
        assert_eq!(
            printable("a b\r\n\u{e4}\0", 100),
            "a b\\x{0D}\\x{0A}\\x{E4}\\x{00}"
        );
        assert_eq!(printable("abcdef", 3), "abc[...]");
    }

    #[test]
    fn words_are_encoded_and_none_is_too_long() {
        assert_eq!(encoded_words("Caf\u{e9} con"), "=?UTF-8?Q?Caf=C3=A9_con?=");
        let long = encoded_words(&"\u{e4} ".repeat(100));
        assert!(
            long.split(' ')
                .all(|word| word.len() <= 75 && word.ends_with("?="))
        );
    }

    #[test]
    fn long_fields_are_folded_at_blanks() {
        let field = format!("X-A: {}", ["word"; 30].join(" "));
        let folded = folded(&field);
        assert!(folded.split("\r\n").all(|line| line.len() <= 78));
        assert_eq!(folded.replace("\r\n", ""), field);
        let long = format!("X-A: {} b", "w".repeat(200));
        assert_eq!(
            super::folded(&long),
            format!("X-A:\r\n {}\r\n b", "w".repeat(200))
        );
    }
}
