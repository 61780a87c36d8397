//! Making text fit for a line.

use std::fmt::Write;

/// `text` with control characters (C0, DEL, C1) and backslashes escaped; other UTF-8 stays.
#[must_use]
pub fn escape(text: String) -> String {
    // Without a way out on the first odd octet, so that it is vector code.
    let is_odd = |b: u8| b.wrapping_sub(0x20) >= 0x5F || b == b'\\';
    if !text.bytes().fold(false, |odd, b| odd | is_odd(b)) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 16);
    escape_into(&text, &mut out);
    out
}

fn escape_into(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '\r' => out.push_str("\\r"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            // Bidirectional overrides can make a line read as something else.
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => hex(character, out),
            c if c.is_control() => hex(c, out),
            c => out.push(c),
        }
    }
}

fn hex(character: char, out: &mut String) {
    let code = u32::from(character);
    let result = if code < 0x100 {
        write!(out, "\\x{code:02X}")
    } else {
        write!(out, "\\x{{{code:04X}}}")
    };
    debug_assert!(result.is_ok(), "writing to a String");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_a_cursor_survives() {
        let cases = [
            ("plain [x] \"y\"", "plain [x] \"y\""),
            ("a\r\n\tb", "a\\r\\n\\tb"),
            ("\x1b[31m\0\x7f", "\\x1B[31m\\x00\\x7F"),
            ("c:\\x", "c:\\\\x"),
            ("\u{e4}\u{4e16}", "\u{e4}\u{4e16}"),
            ("\u{9b}2J\u{202e}x", "\\x9B2J\\x{202E}x"),
        ];
        for (text, want) in cases {
            assert_eq!(escape(text.to_owned()), want);
        }
    }
}
