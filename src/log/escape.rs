//! Making text fit for a line.

use std::fmt::Write;

/// Appends `text` to `out`, with control characters (C0, DEL, C1) and backslashes escaped; other UTF-8 stays.
pub fn escape(text: &str, out: &mut String) {
    if text
        .bytes()
        .all(|b| (0x20..0x7F).contains(&b) && b != b'\\')
    {
        out.push_str(text);
        return;
    }
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
            let mut out = String::new();
            escape(text, &mut out);
            assert_eq!(out, want);
        }
    }
}
