//! Double-quoted strings: escapes and variables.

use super::lexer::name_length;

/// A piece of a double-quoted string.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Piece {
    Text(String),
    /// `$name`, with its sigil.
    Variable(String),
}

/// Splits a string; the error says what is wrong, and at which octet of the string.
pub(super) fn pieces(string: &str) -> Result<Vec<Piece>, (usize, String)> {
    let (mut pieces, mut text) = (Vec::new(), String::new());
    let mut at = 0;
    while let Some(character) = string.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = string.get(at + character.len_utf8()..).unwrap_or_default();
        let used = match character {
            '\\' => escape(rest, &mut text).ok_or_else(|| (at, "unfinished escape".to_owned()))?,
            '$' => match variable(rest) {
                Some((name, used)) => {
                    if matches!(
                        rest.get(used..).and_then(|tail| tail.chars().next()),
                        Some('{' | '[')
                    ) {
                        return Err((at, "elements in strings are not understood".to_owned()));
                    }
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                    pieces.push(Piece::Variable(format!("${name}")));
                    used
                }
                None => {
                    text.push('$');
                    0
                }
            },
            '@' if name_length(rest) > 0 => {
                return Err((
                    at,
                    format!(
                        "@{} in double quotes means a list",
                        rest.get(..name_length(rest)).unwrap_or_default()
                    ),
                ));
            }
            other => {
                text.push(other);
                0
            }
        };
        at += character.len_utf8() + used;
    }
    pieces.push(Piece::Text(text));
    Ok(pieces)
}

/// `name` or `{name}` after the sigil: the name, and the octets used.
fn variable(rest: &str) -> Option<(&str, usize)> {
    if let Some(inner) = rest.strip_prefix('{') {
        let length = name_length(inner);
        return (length > 0
            && inner
                .get(length..)
                .is_some_and(|tail| tail.starts_with('}')))
        .then(|| (inner.get(..length).unwrap_or_default(), length + 2));
    }
    let length = name_length(rest);
    (length > 0).then(|| (rest.get(..length).unwrap_or_default(), length))
}

/// Resolves what follows a backslash into `text`; gives the octets used.
fn escape(rest: &str, text: &mut String) -> Option<usize> {
    let character = rest.chars().next()?;
    let plain = match character {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'e' => '\x1b',
        '0' => '\0',
        'a' => '\x07',
        'f' => '\x0c',
        'x' => {
            let (digits, used) = match rest.get(1..)?.strip_prefix('{') {
                Some(inner) => {
                    let end = inner.find('}')?;
                    (inner.get(..end)?, end + 3)
                }
                None => {
                    let end = rest
                        .get(1..)?
                        .find(|c: char| !c.is_ascii_hexdigit())
                        .unwrap_or(rest.len() - 1)
                        .min(2);
                    (rest.get(1..=end)?, end + 1)
                }
            };
            text.push(
                u32::from_str_radix(digits, 16)
                    .ok()
                    .and_then(char::from_u32)?,
            );
            return Some(used);
        }
        other => other,
    };
    text.push(plain);
    Some(character.len_utf8())
}
