//! Double-quoted strings and patterns: escapes, and variables that are put in.

use super::{
    super::{
        lexer::{self, name_length},
        syntax::{Expression, Kind, Piece},
    },
    ConfigError, Parser,
};

/// What a text is for: in a pattern, a backslash stays for the engine.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    String,
    Pattern,
}

impl Parser<'_> {
    /// A double-quoted string; `begin` is where its text begins in the file.
    pub(super) fn joined(&mut self, text: &str, begin: usize) -> Result<Kind, ConfigError> {
        let mut pieces = self.pieces(text, begin, Style::String)?;
        Ok(match pieces.as_mut_slice() {
            [] => Kind::Literal(String::new()),
            [Piece::Text(text)] => Kind::Literal(std::mem::take(text)),
            _ => Kind::Joined(pieces),
        })
    }

    pub(super) fn pattern(
        &mut self,
        source: &str,
        flags: &str,
        begin: usize,
        interpolates: bool,
    ) -> Result<Kind, ConfigError> {
        let pieces = if interpolates {
            self.pieces(source, begin, Style::Pattern)?
        } else {
            vec![Piece::Text(source.to_owned())]
        };
        Ok(Kind::Pattern(pieces, flags.to_owned()))
    }

    fn pieces(
        &mut self,
        string: &str,
        begin: usize,
        style: Style,
    ) -> Result<Vec<Piece>, ConfigError> {
        let (mut pieces, mut text) = (Vec::new(), String::new());
        let mut at = 0;
        while let Some(character) = string.get(at..).and_then(|rest| rest.chars().next()) {
            let rest = string.get(at + character.len_utf8()..).unwrap_or_default();
            let used = match character {
                '\\' if style == Style::Pattern => {
                    text.push('\\');
                    text.extend(rest.chars().next());
                    rest.chars().next().map_or(0, char::len_utf8)
                }
                '\\' => escape(rest, &mut text)
                    .ok_or_else(|| self.error(begin + at, "unfinished escape"))?,
                '$' | '@' => {
                    let length = extent(character, rest, style);
                    if length == 0 {
                        text.push(character);
                    } else {
                        if !text.is_empty() {
                            pieces.push(Piece::Text(std::mem::take(&mut text)));
                        }
                        let source = string.get(at..=at + length).unwrap_or_default();
                        pieces.push(Piece::Value(self.embedded(source, begin + at)?));
                    }
                    length
                }
                other => {
                    text.push(other);
                    0
                }
            };
            at += character.len_utf8() + used;
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        Ok(pieces)
    }

    /// Parses the variable that a string names.
    fn embedded(&mut self, source: &str, begin: usize) -> Result<Expression, ConfigError> {
        let mut tokens =
            lexer::tokens(self.file, source).map_err(|error| self.error(begin, error.what))?;
        for token in &mut tokens {
            token.offset += begin;
        }
        let mut parser = Parser {
            file: self.file,
            text: self.text,
            tokens: &tokens,
            at: 0,
            depth: self.depth,
        };
        let expression = parser.deeper(Parser::term)?;
        if parser.peek().is_some() {
            return Err(parser.unexpected("expected the end of the variable"));
        }
        Ok(expression)
    }
}

/// Octets after the sigil that belong to a variable; 0 if there is none.
fn extent(sigil: char, rest: &str, style: Style) -> usize {
    let mut length = match rest.chars().next() {
        Some('{') => {
            let inner = rest.get(1..).unwrap_or_default();
            let plain = name_length(inner);
            match inner.get(plain..).and_then(|tail| tail.chars().next()) {
                Some('}') if plain > 0 => plain + 2,
                _ if inner.starts_with('$') => balanced(rest),
                _ => 0,
            }
        }
        Some('$') if name_length(rest.get(1..).unwrap_or_default()) > 0 && sigil == '@' => {
            1 + name_length(rest.get(1..).unwrap_or_default())
        }
        _ => name_length(rest),
    };
    if length == 0 || sigil == '@' {
        return length;
    }
    loop {
        let tail = rest.get(length..).unwrap_or_default();
        let arrow = if tail.starts_with("->[") || tail.starts_with("->{") {
            2
        } else {
            0
        };
        let subscript = tail.get(arrow..).unwrap_or_default();
        if !is_subscript(subscript, style) {
            return length;
        }
        length += arrow + balanced(subscript);
    }
}

/// True if a text begins with a subscript, not with a class or a repetition of a pattern, nor with something in brackets.
fn is_subscript(text: &str, style: Style) -> bool {
    let end = balanced(text);
    let inner = text.get(1..end.saturating_sub(1)).unwrap_or_default();
    let is_number = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
    };
    match text.chars().next() {
        Some('[') => {
            let name = inner.strip_prefix('$').unwrap_or_default();
            is_number(inner) || (!name.is_empty() && name_length(name) == name.len())
        }
        Some('{') => {
            let is_repetition =
                style == Style::Pattern && inner.bytes().all(|b| b.is_ascii_digit() || b == b',');
            !inner.is_empty() && !is_repetition
        }
        _ => false,
    }
}

/// Octets up to the bracket that closes the first one; 0 if it is not closed.
fn balanced(text: &str) -> usize {
    let (opener, closer) = match text.chars().next() {
        Some('{') => ('{', '}'),
        Some('[') => ('[', ']'),
        _ => return 0,
    };
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        depth += usize::from(character == opener);
        depth -= usize::from(character == closer);
        if depth == 0 {
            return at + 1;
        }
    }
    0
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
