//! From characters to tokens.

mod here_document;
mod number;
mod quotes;

use self::quotes::{begins_quote, unquote};
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
    /// `qr/.../flags`, the offset at which the pattern begins, and whether variables are put in.
    Pattern(String, String, usize, bool),
    /// `/.../flags`, `m/.../flags`: the same, matched at once.
    Match(String, String, usize, bool),
    /// `s/.../.../`, `tr/.../.../`: its word.
    Edit(String),
    /// A sigil before `$` or `{`.
    Cast(char),
    /// `$name`, `@name`, `%name`
    Variable(String),
    /// `` `command` ``
    Command(String),
    /// `&name`
    Code(String),
    /// A bare word.
    Word(String),
    /// A character that begins no token.
    Odd(char),
    /// An operator or bracket.
    Sign(&'static str),
}

/// Operators and brackets, longest first.
const SIGNS: &[&str] = &[
    "||=", "&&=", "//=", "**", "=>", "->", "..", "==", "!=", "<=", ">=", "=~", "!~", "&&", "||",
    "//", "+=", "-=", "*=", "/=", ".=", "=", ";", ",", "(", ")", "[", "]", "{", "}", "\\", "+",
    "-", "*", "/", "%", ".", "!", "?", ":", "<", ">",
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
        here_document: None,
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
    /// Where the line with the last `<<` ends, and where the text that it announced ends.
    here_document: Option<(usize, usize)>,
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
            self.skip_white_space();
            let trimmed = self.rest();
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

    /// Skips white space, and the text of a here-document after its line.
    fn skip_white_space(&mut self) {
        let rest = self.rest();
        let next = self.at + rest.len() - rest.trim_start().len();
        match self.here_document {
            Some((line_end, end)) if next > line_end => {
                self.at = end.max(self.at);
                self.here_document = None;
                self.skip_white_space();
            }
            _ => self.at = next,
        }
    }

    /// True if a value has just ended: what follows is an operator.
    fn after_value(&self) -> bool {
        match self.tokens.last().map(|token| &token.kind) {
            Some(TokenKind::Word(word)) => !matches!(
                word.as_str(),
                "and"
                    | "or"
                    | "not"
                    | "if"
                    | "unless"
                    | "grep"
                    | "map"
                    | "split"
                    | "return"
                    | "x"
                    | "join"
            ),
            Some(TokenKind::Sign(sign)) => matches!(*sign, ")" | "]" | "}"),
            None | Some(TokenKind::Cast(_)) => false,
            Some(_) => true,
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
            '$' | '@' | '%'
                if rest.get(1..).unwrap_or_default().starts_with(['$', '{'])
                    && self.may_be_variable(first) =>
            {
                self.at += 1;
                TokenKind::Cast(first)
            }
            '/' if !self.after_value() => self.pattern(offset, true)?,
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

    /// After a value, `%` is the remainder; but a word may be a function.
    fn may_be_variable(&self, sigil: char) -> bool {
        // After a block a statement begins.
        let last = self.tokens.last().map(|token| &token.kind);
        sigil != '%'
            || !self.after_value()
            || matches!(last, Some(TokenKind::Word(_) | TokenKind::Sign("}")))
    }

    fn sign(&mut self, offset: usize) -> Result<TokenKind, ConfigError> {
        let rest = self.rest();
        if rest.starts_with("<<") {
            return self.here_document(offset);
        }
        match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            Some(sign) => {
                self.at += sign.len();
                Ok(TokenKind::Sign(sign))
            }
            // What it is in may be refused as a whole.
            None => {
                let odd = rest.chars().next().unwrap_or('?');
                self.at += odd.len_utf8();
                Ok(TokenKind::Odd(odd))
            }
        }
    }

    fn word(&mut self, offset: usize) -> Result<TokenKind, ConfigError> {
        let rest = self.rest();
        let length = name_length(rest);
        let word = rest.get(..length).unwrap_or_default();
        let after = rest.get(length..).unwrap_or_default();
        let is_key = matches!(
            self.tokens.last().map(|token| &token.kind),
            Some(TokenKind::Sign("{" | "->"))
        ) && after.trim_start().starts_with('}');
        let quotes = matches!(word, "q" | "qq" | "qw" | "qr" | "m" | "s" | "tr" | "y")
            && !is_key
            && begins_quote(after);
        self.at += length;
        if !quotes {
            return Ok(TokenKind::Word(word.to_owned()));
        }
        if matches!(word, "s" | "tr" | "y") {
            return self.edit(offset, word);
        }
        self.at += after.len() - after.trim_start().len();
        if matches!(word, "qr" | "m") {
            return self.pattern(offset, word == "m");
        }
        let opener = self.rest().chars().next().unwrap_or('/');
        let begin = self.at + opener.len_utf8();
        let inner = self.delimited(offset)?;
        Ok(match word {
            "q" => TokenKind::Literal(unquote(&inner, opener)),
            "qq" => TokenKind::Interpolated(inner, begin),
            _ => TokenKind::Words(inner.split_whitespace().map(str::to_owned).collect()),
        })
    }
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
