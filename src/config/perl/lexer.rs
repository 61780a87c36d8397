//! From characters to tokens.

use crate::config::error::{ConfigError, Place};

/// A token with the octet offset at which it begins.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Token {
    pub(super) offset: usize,
    pub(super) kind: TokenKind,
}

/// Kinds of tokens.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum TokenKind {
    /// Already evaluated: `0x10` is `16`.
    Number(String),
    /// `'...'`, `q{...}`
    Literal(String),
    /// `"..."`, `qq{...}`: escapes not yet resolved; the offset at which the text begins.
    Interpolated(String, usize),
    /// `qw(...)`
    Words(Vec<String>),
    /// `qr/.../flags`
    Pattern(String, String),
    /// `$name`, `@name`, `%name`
    Variable(String),
    /// `` `command` ``
    Command(String),
    /// `&name`
    Code(String),
    /// A bare word.
    Word(String),
    /// An operator or bracket.
    Sign(&'static str),
}

/// Operators and brackets, longest first.
const SIGNS: &[&str] = &[
    "**", "=>", "->", "..", "=", ";", ",", "(", ")", "[", "]", "{", "}", "\\", "+", "-", "*", "/",
    "%", ".", "!", "?", ":", "<", ">",
];

/// Splits a file into tokens.
///
/// # Errors
/// The first character that begins no token, or a literal that does not end.
pub(super) fn tokens(file: &str, text: &str) -> Result<Vec<Token>, ConfigError> {
    let mut lexer = Lexer {
        file,
        text,
        at: 0,
        tokens: Vec::new(),
    };
    while lexer.skip_blanks() {
        lexer.take_token()?;
    }
    Ok(lexer.tokens)
}

struct Lexer<'t> {
    file: &'t str,
    text: &'t str,
    at: usize,
    tokens: Vec<Token>,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn error(&self, offset: usize, what: impl Into<String>) -> ConfigError {
        ConfigError::at(Place::at(self.file, self.text, offset), what)
    }

    /// Skips blanks, comments and POD; false at the end of the file or at `__END__`.
    fn skip_blanks(&mut self) -> bool {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            let at_line_start =
                self.at == 0 || self.text.as_bytes().get(self.at - 1) == Some(&b'\n');
            let is_pod = at_line_start
                && trimmed.starts_with('=')
                && trimmed
                    .get(1..2)
                    .is_some_and(|c| c.chars().all(char::is_alphabetic));
            if trimmed.starts_with('#') {
                self.at += trimmed.find('\n').unwrap_or(trimmed.len());
            } else if is_pod {
                let end = trimmed
                    .find("\n=cut")
                    .map_or(trimmed.len(), |at| at + "\n=cut".len());
                let line_end = trimmed
                    .get(end..)
                    .and_then(|tail| tail.find('\n'))
                    .unwrap_or(trimmed.len() - end);
                self.at += end + line_end;
            } else {
                let is_end = |mark: &str| {
                    trimmed
                        .strip_prefix(mark)
                        .is_some_and(|tail| !tail.starts_with(is_word))
                };
                return !trimmed.is_empty() && !is_end("__END__") && !is_end("__DATA__");
            }
        }
    }

    fn take_token(&mut self) -> Result<(), ConfigError> {
        let (offset, rest) = (self.at, self.rest());
        let first = rest.chars().next().unwrap_or('\0');
        let kind = match first {
            '\'' => TokenKind::Literal(unquote(&self.delimited(offset)?, '\'')),
            '"' => TokenKind::Interpolated(self.delimited(offset)?, offset + 1),
            '0'..='9' => self.number()?,
            '$' | '@' | '%'
                if name_length(rest.get(1..).unwrap_or_default()) > 0
                    && self.may_be_variable(first) =>
            {
                let length = 1 + name_length(rest.get(1..).unwrap_or_default());
                self.at += length;
                TokenKind::Variable(
                    rest.get(..length)
                        .unwrap_or_default()
                        .replace("Amavis::Conf::", ""),
                )
            }
            '&' if name_length(rest.get(1..).unwrap_or_default()) > 0 => {
                let length = 1 + name_length(rest.get(1..).unwrap_or_default());
                self.at += length;
                TokenKind::Code(rest.get(1..length).unwrap_or_default().to_owned())
            }
            'a'..='z' | 'A'..='Z' | '_' => self.word(offset)?,
            '`' => TokenKind::Command(self.delimited(offset)?),
            _ => self.sign(offset)?,
        };
        self.tokens.push(Token { offset, kind });
        Ok(())
    }

    /// After a value, `%` is the remainder.
    fn may_be_variable(&self, sigil: char) -> bool {
        sigil != '%'
            || !matches!(
                self.tokens.last().map(|token| &token.kind),
                Some(
                    TokenKind::Number(_)
                        | TokenKind::Variable(_)
                        | TokenKind::Sign(")" | "]" | "}")
                )
            )
    }

    fn sign(&mut self, offset: usize) -> Result<TokenKind, ConfigError> {
        let rest = self.rest();
        if rest.starts_with("<<") {
            return Err(self
                .error(offset, "here-documents are not understood yet")
                .advise("use a quoted string"));
        }
        match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            Some(sign) => {
                self.at += sign.len();
                Ok(TokenKind::Sign(sign))
            }
            None => Err(self.error(
                offset,
                format!(
                    "unexpected character {:?}",
                    rest.chars().next().unwrap_or('?')
                ),
            )),
        }
    }

    fn word(&mut self, offset: usize) -> Result<TokenKind, ConfigError> {
        let rest = self.rest();
        let length = name_length(rest);
        let word = rest.get(..length).unwrap_or_default();
        let after = rest.get(length..).unwrap_or_default();
        let quotes = matches!(word, "q" | "qq" | "qw" | "qr" | "m") && begins_quote(after);
        self.at += length;
        if !quotes {
            return Ok(TokenKind::Word(word.to_owned()));
        }
        self.at += after.len() - after.trim_start().len();
        let opener = self.rest().chars().next().unwrap_or('/');
        let begin = self.at + opener.len_utf8();
        let inner = self.delimited(offset)?;
        Ok(match word {
            "q" => TokenKind::Literal(unquote(&inner, opener)),
            "qq" => TokenKind::Interpolated(inner, begin),
            "qw" => TokenKind::Words(inner.split_whitespace().map(str::to_owned).collect()),
            _ => {
                let rest = self.rest();
                let flags = rest
                    .find(|c: char| !c.is_ascii_alphabetic())
                    .unwrap_or(rest.len());
                self.at += flags;
                TokenKind::Pattern(inner, rest.get(..flags).unwrap_or_default().to_owned())
            }
        })
    }

    /// Takes what is between the delimiter here and its partner; brackets nest.
    fn delimited(&mut self, offset: usize) -> Result<String, ConfigError> {
        let rest = self.rest();
        let Some(opener) = rest.chars().next() else {
            return Err(self.error(offset, "string is not ended"));
        };
        let closer = match opener {
            '(' => ')',
            '[' => ']',
            '{' => '}',
            '<' => '>',
            other => other,
        };
        let (mut depth, mut escaped) = (1_usize, false);
        for (at, character) in rest.char_indices().skip(1) {
            if escaped {
                escaped = false;
            } else if character == '\\' {
                escaped = true;
            } else if character == closer {
                depth -= 1;
                if depth == 0 {
                    self.at += at + closer.len_utf8();
                    return Ok(rest
                        .get(opener.len_utf8()..at)
                        .unwrap_or_default()
                        .to_owned());
                }
            } else if character == opener {
                depth += 1;
            }
        }
        Err(self.error(
            offset,
            format!("string that begins with {opener} is not ended"),
        ))
    }

    fn number(&mut self) -> Result<TokenKind, ConfigError> {
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
        let written = rest.get(..length).unwrap_or_default().replace('_', "");
        self.at += length;
        number_text(&written)
            .map(TokenKind::Number)
            .ok_or_else(|| self.error(offset, format!("{written} is no number")))
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
        _ if written.bytes().all(|b| b.is_ascii_digit()) => {
            written.parse::<i64>().ok().map(|n| n.to_string())
        }
        _ => written
            .parse::<f64>()
            .ok()
            .filter(|n| n.is_finite())
            .map(|n| n.to_string()),
    }
}

/// Resolves `\\` and the escaped delimiter, as in single quotes.
fn unquote(inner: &str, opener: char) -> String {
    let closer = match opener {
        '(' => ')',
        '[' => ']',
        '{' => '}',
        '<' => '>',
        other => other,
    };
    let mut out = String::with_capacity(inner.len());
    let mut characters = inner.chars().peekable();
    while let Some(character) = characters.next() {
        match characters.peek() {
            Some(&next)
                if character == '\\' && (next == '\\' || next == opener || next == closer) =>
            {
                out.push(next);
                characters.next();
            }
            _ => out.push(character),
        }
    }
    out
}

/// Octets of the name at the head of `text`; `::` is part of it.
pub(super) fn name_length(text: &str) -> usize {
    if !text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return 0;
    }
    let mut length = 0;
    loop {
        let rest = text.get(length..).unwrap_or_default();
        length += rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
        let rest = text.get(length..).unwrap_or_default();
        if rest.starts_with("::") && rest.get(2..).is_some_and(|tail| tail.starts_with(is_word)) {
            length += 2;
        } else {
            return length;
        }
    }
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// True if what follows `q`, `qw` and the like is a delimiter: `=>` and `,` make it a plain word.
fn begins_quote(after: &str) -> bool {
    let trimmed = after.trim_start();
    match trimmed.chars().next() {
        None => false,
        Some('=') => !trimmed.starts_with("=>") && after.len() == trimmed.len(),
        Some(',' | ';' | ')') => false,
        Some('#') => after.len() == trimmed.len(),
        Some(character) => !is_word(character),
    }
}
