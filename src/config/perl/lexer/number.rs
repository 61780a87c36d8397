//! Numbers.

use super::{super::arithmetic::show, ConfigError, Lexer, TokenKind};

impl Lexer<'_> {
    pub(super) fn number(&mut self) -> Result<TokenKind, ConfigError> {
        let (offset, rest) = (self.at, self.rest());
        let mut length = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        // A fraction: a dot that is not the beginning of `..` or of a concatenation.
        let tail = rest.get(length..).unwrap_or_default();
        let digits = |text: &str| {
            text.find(|c: char| !c.is_ascii_digit())
                .unwrap_or(text.len())
        };
        if let Some(fraction) = tail.strip_prefix('.')
            && digits(fraction) > 0
        {
            length += 1 + digits(fraction);
        }
        length += exponent(rest, length);
        let written = rest.get(..length).unwrap_or_default().replace('_', "");
        self.at += length;
        number_text(&written)
            .map(TokenKind::Number)
            .ok_or_else(|| self.error(offset, format!("{written} is no number")))
    }
}

/// Octets after the first `length` that are an exponent: `e6` after a fraction, `-7` after `1e`.
fn exponent(text: &str, length: usize) -> usize {
    let digits = |text: &str| {
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len())
    };
    let written = text.get(..length).unwrap_or_default();
    let rest = text.get(length..).unwrap_or_default();
    let is_decimal = !written.starts_with("0x") && !written.starts_with("0X");
    let begun = is_decimal && written.ends_with(['e', 'E']);
    let mark = usize::from(!begun && rest.starts_with(['e', 'E']));
    if !begun && (mark == 0 || !written.contains('.')) {
        return 0;
    }
    let tail = rest.get(mark..).unwrap_or_default();
    let sign = usize::from(tail.starts_with(['-', '+']));
    match digits(tail.get(sign..).unwrap_or_default()) {
        0 => 0,
        count => mark + sign + count,
    }
}

/// The value of a number as Perl prints it.
fn number_text(written: &str) -> Option<String> {
    let radix = |digits: &str, radix: u32| {
        i64::from_str_radix(digits, radix)
            .ok()
            .map(|n| n.to_string())
    };
    match written.get(..2) {
        Some("0x" | "0X") => radix(written.get(2..)?, 16),
        Some("0b" | "0B") => radix(written.get(2..)?, 2),
        _ if written.len() > 1
            && written.starts_with('0')
            && written.bytes().all(|b| b.is_ascii_digit()) =>
        {
            radix(written, 8)
        }
        _ => match written.parse::<i64>() {
            Ok(number) => Some(number.to_string()),
            Err(_) => written
                .parse()
                .ok()
                .filter(|number: &f64| number.is_finite())
                .map(show),
        },
    }
}
