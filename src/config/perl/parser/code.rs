//! `sub { ... }`: code is not run, but what some of it is for is known.
//!
//! # Source
//! daemon.md 8.3 (the bodies that real files have).

use super::{
    super::{
        lexer::TokenKind,
        syntax::{Expression, Kind},
    },
    Parsed, Parser,
};

impl<'t> Parser<'t> {
    pub(super) fn code(&mut self, offset: usize) -> Parsed {
        let body = self.body();
        let wrap = |kind: Kind| Expression { offset, kind };
        let kind = match body.as_slice() {
            // Scanners of old went to a folder and back; ours are started where they shall be.
            [TokenKind::Word(word), ..] if word == "chdir" => Kind::Code("chdir".to_owned()),
            // A period of time that names a table's partition.
            [TokenKind::Word(word), ..]
                if word == "my" || word == "sprintf" || word.starts_with("iso8601_") =>
            {
                match body.iter().find_map(|token| period(token)) {
                    Some(name) => Kind::Code(name.to_owned()),
                    None => return Err(self.not_run(offset)),
                }
            }
            _ => match current_value(&body) {
                Some(kind) => kind(offset),
                None => return Err(self.not_run(offset)),
            },
        };
        Ok(wrap(kind))
    }

    fn not_run(&self, offset: usize) -> super::ConfigError {
        self.error(offset, "sub is beyond what is understood")
            .advise("code is not run")
    }

    /// The tokens between the braces.
    fn body(&mut self) -> Vec<&'t TokenKind> {
        let (begin, mut depth) = (self.at + 1, 0_usize);
        while let Some(token) = self.peek() {
            depth += usize::from(*token == TokenKind::Sign("{"));
            depth -= usize::from(*token == TokenKind::Sign("}"));
            self.at += 1;
            if depth == 0 {
                break;
            }
        }
        let body = self.tokens.get(begin..self.at.saturating_sub(1));
        body.unwrap_or_default()
            .iter()
            .map(|token| &token.kind)
            .collect()
    }
}

/// The function that gives a week or a day, if it is one.
fn period(token: &TokenKind) -> Option<&str> {
    match token {
        TokenKind::Word(word) if word.starts_with("iso8601_") => Some(word),
        _ => None,
    }
}

/// What code gives that asks for the value of a setting: `c('x')`, `ca('x')`, `[ c('x') ]`, `Opaque(c('x'))`.
fn current_value(body: &[&TokenKind]) -> Option<impl Fn(usize) -> Kind> {
    use TokenKind::{Sign, Word};
    let body = match body {
        [rest @ .., Sign(";")] => rest,
        _ => body,
    };
    let (wrapper, inner) = match body {
        [Sign("["), inner @ .., Sign("]")] => ("[", inner),
        [Word(word), Sign("("), inner @ .., Sign(")")] if word == "Opaque" => ("Opaque", inner),
        _ => ("", body),
    };
    let [
        Word(function),
        Sign("("),
        TokenKind::Literal(name),
        Sign(")"),
    ] = inner
    else {
        return None;
    };
    let sigil = match function.as_str() {
        "c" | "cr" => '$',
        "ca" => '@',
        _ => return None,
    };
    let name = format!("{sigil}{name}");
    Some(move |offset| {
        let wrap = |kind: Kind| Expression { offset, kind };
        let setting = wrap(Kind::Variable(name.clone()));
        let reference = Kind::Reference(Box::new(setting));
        match wrapper {
            "[" => Kind::Array(vec![wrap(reference)]),
            "Opaque" => Kind::Call(wrapper.to_owned(), vec![wrap(reference)]),
            _ => reference,
        }
    })
}
