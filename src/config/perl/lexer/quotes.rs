//! What is between delimiters: strings, patterns, edits.

use super::{ConfigError, Lexer, TokenKind, is_word};

impl Lexer<'_> {
    /// Takes what is between the delimiter here and its partner; brackets nest.
    pub(super) fn delimited(&mut self, offset: usize) -> Result<String, ConfigError> {
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

    /// A pattern, from its delimiter on.
    pub(super) fn pattern(
        &mut self,
        offset: usize,
        matches_at_once: bool,
    ) -> Result<TokenKind, ConfigError> {
        let opener = self.rest().chars().next().unwrap_or('/');
        let begin = self.at + opener.len_utf8();
        let inner = self.delimited(offset)?;
        let rest = self.rest();
        let length = rest
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        self.at += length;
        let flags = rest.get(..length).unwrap_or_default().to_owned();
        let interpolates = opener != '\'';
        Ok(if matches_at_once {
            TokenKind::Match(inner, flags, begin, interpolates)
        } else {
            TokenKind::Pattern(inner, flags, begin, interpolates)
        })
    }

    /// `s/.../.../flags`, `tr/.../.../`
    pub(super) fn edit(&mut self, offset: usize, word: &str) -> Result<TokenKind, ConfigError> {
        let opener = self.rest().chars().next().unwrap_or('/');
        self.delimited(offset)?;
        if "([{<".contains(opener) {
            self.skip_blanks();
        } else {
            // One delimiter ends the first part and begins the second.
            self.at -= opener.len_utf8();
        }
        self.delimited(offset)?;
        let rest = self.rest();
        self.at += rest
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        Ok(TokenKind::Edit(word.to_owned()))
    }
}

/// Resolves `\\` and the escaped delimiter, as in single quotes.
pub(super) fn unquote(inner: &str, opener: char) -> String {
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

/// True if what follows `q`, `qw` and the like is a delimiter: `=>` and `,` make it a plain word.
pub(super) fn begins_quote(after: &str) -> bool {
    let trimmed = after.trim_start();
    match trimmed.chars().next() {
        None => false,
        Some('=') => !trimmed.starts_with("=>") && after.len() == trimmed.len(),
        Some(',' | ';' | ')' | '}') => false,
        Some('#') => after.len() == trimmed.len(),
        Some(character) => !is_word(character),
    }
}
