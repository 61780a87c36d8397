//! From tokens to statements.

use super::{
    lexer::{Token, TokenKind},
    syntax::{Expression, Kind, Operator},
};
use crate::config::error::{ConfigError, Place};

/// Deepest nesting of brackets and operators: real files have six.
pub(super) const DEEPEST: usize = 64;

/// Words that begin a statement beyond what is understood, and what to do about each.
const BEYOND: &[(&str, &str)] = &[
    ("if", "write the setting itself, without a condition"),
    ("unless", "write the setting itself, without a condition"),
    ("for", "write the settings out"),
    ("foreach", "write the settings out"),
    ("while", "write the settings out"),
    ("sub", "code is not run"),
    ("require", "code is not loaded"),
    ("do", "code is not loaded"),
    ("eval", "code is not run"),
    ("BEGIN", "code is not run"),
    ("local", "write the setting itself"),
    ("my", "write the value where it is used"),
    ("open", "files are not opened"),
    ("print", "code is not run"),
    ("system", "commands are not run"),
];

/// Parses a whole file.
///
/// # Errors
/// The first construct that is not understood.
pub(super) fn statements(
    file: &str,
    text: &str,
    tokens: &[Token],
) -> Result<Vec<Expression>, ConfigError> {
    let mut parser = Parser {
        file,
        text,
        tokens,
        at: 0,
        depth: 0,
    };
    let mut statements = Vec::new();
    while parser.at < tokens.len() {
        if parser.take(";") || parser.skip_pragma()? {
            continue;
        }
        parser.refuse_what_is_beyond()?;
        statements.push(parser.expression()?);
        if parser.at < tokens.len() && !parser.take(";") {
            return Err(parser.unexpected("expected ; at the end of the statement"));
        }
    }
    Ok(statements)
}

struct Parser<'t> {
    file: &'t str,
    text: &'t str,
    tokens: &'t [Token],
    at: usize,
    depth: usize,
}

type Parsed = Result<Expression, ConfigError>;

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&'t TokenKind> {
        self.tokens.get(self.at).map(|token| &token.kind)
    }

    fn offset(&self) -> usize {
        self.tokens
            .get(self.at)
            .map_or(self.text.len(), |token| token.offset)
    }

    fn sees(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(TokenKind::Sign(found)) if *found == sign)
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = self.sees(sign);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), ConfigError> {
        if self.take(sign) {
            Ok(())
        } else {
            Err(self.unexpected(&format!("expected {sign}")))
        }
    }

    fn error(&self, offset: usize, what: impl Into<String>) -> ConfigError {
        ConfigError::at(Place::at(self.file, self.text, offset), what)
    }

    fn unexpected(&self, what: &str) -> ConfigError {
        let found = match self.peek() {
            None => "the end of the file".to_owned(),
            Some(TokenKind::Sign(sign)) => format!("{sign:?}"),
            Some(TokenKind::Word(word)) => format!("{word:?}"),
            Some(TokenKind::Variable(name)) => name.clone(),
            Some(TokenKind::Number(number)) => number.clone(),
            Some(TokenKind::Command(command)) => format!("`{command}`"),
            Some(_) => "a string".to_owned(),
        };
        // Just after the token before: that is where something is missing.
        self.error(self.offset(), format!("{what}, found {found}"))
    }

    /// `use strict;`, `use warnings;`, `package Amavis::Conf;`, `1;`
    fn skip_pragma(&mut self) -> Result<bool, ConfigError> {
        let begin = self.offset();
        match (
            self.peek(),
            self.tokens.get(self.at + 1).map(|token| &token.kind),
        ) {
            (Some(TokenKind::Word(word)), Some(TokenKind::Word(name)))
                if word == "use" || word == "package" || word == "no" =>
            {
                let harmless = matches!(
                    name.as_str(),
                    "strict" | "warnings" | "re" | "vars" | "utf8" | "Amavis::Conf"
                );
                if !harmless {
                    return Err(self
                        .error(begin, format!("{word} {name} is beyond what is understood"))
                        .advise("modules are not loaded"));
                }
                while self.peek().is_some() && !self.take(";") {
                    self.at += 1;
                }
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn refuse_what_is_beyond(&self) -> Result<(), ConfigError> {
        let Some(TokenKind::Word(word)) = self.peek() else {
            return Ok(());
        };
        match BEYOND.iter().find(|(beyond, _)| beyond == word) {
            Some((_, advice)) => Err(self
                .error(
                    self.offset(),
                    format!("{word} is beyond what is understood"),
                )
                .advise(*advice)),
            None => Ok(()),
        }
    }

    /// An assignment, or something of a higher rank.
    fn expression(&mut self) -> Parsed {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.error(self.offset(), format!("nested deeper than {DEEPEST}")));
        }
        let left = self.binary(0)?;
        let result = if self.take("=") {
            let right = self.expression()?;
            Expression {
                offset: left.offset,
                kind: Kind::Assign(Box::new(left), Box::new(right)),
            }
        } else {
            left
        };
        self.depth -= 1;
        Ok(result)
    }

    /// Operators with two sides, by rank.
    fn binary(&mut self, rank: usize) -> Parsed {
        const RANKS: [&[(&str, Operator)]; 3] = [
            &[("..", Operator::Range)],
            &[
                ("+", Operator::Add),
                ("-", Operator::Subtract),
                (".", Operator::Concatenate),
            ],
            &[
                ("*", Operator::Multiply),
                ("/", Operator::Divide),
                ("%", Operator::Remainder),
                ("x", Operator::Repeat),
            ],
        ];
        let Some(operators) = RANKS.get(rank) else {
            return self.unary();
        };
        let first = self.binary(rank + 1)?;
        let mut rest = Vec::new();
        while let Some((_, operator)) = operators
            .iter()
            .find(|(sign, _)| self.sees(sign) || (*sign == "x" && self.sees_repeat()))
        {
            self.at += 1;
            rest.push((*operator, self.binary(rank + 1)?));
        }
        if rest.is_empty() {
            return Ok(first);
        }
        Ok(Expression {
            offset: first.offset,
            kind: Kind::Chain(Box::new(first), rest),
        })
    }

    fn sees_repeat(&self) -> bool {
        matches!(self.peek(), Some(TokenKind::Word(word)) if word == "x")
    }

    fn unary(&mut self) -> Parsed {
        let offset = self.offset();
        let wrap = |kind: Kind| Ok(Expression { offset, kind });
        if self.take("-") {
            wrap(Kind::Negative(Box::new(self.nested_unary()?)))
        } else if self.take("+") {
            self.nested_unary()
        } else if self.take("!") {
            wrap(Kind::Not(Box::new(self.nested_unary()?)))
        } else if self.take("\\") {
            if let Some(TokenKind::Code(name)) = self.peek() {
                self.at += 1;
                return wrap(Kind::Code(name.clone()));
            }
            wrap(Kind::Reference(Box::new(self.nested_unary()?)))
        } else {
            self.power()
        }
    }

    /// `**` ranks above the signs on its left and below those on its right, and joins from right to left.
    fn power(&mut self) -> Parsed {
        let base = self.primary()?;
        if !self.take("**") {
            return Ok(base);
        }
        let exponent = self.nested_unary()?;
        Ok(Expression {
            offset: base.offset,
            kind: Kind::Chain(Box::new(base), vec![(Operator::Power, exponent)]),
        })
    }

    fn nested_unary(&mut self) -> Parsed {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.error(self.offset(), format!("nested deeper than {DEEPEST}")));
        }
        let result = self.unary();
        self.depth -= 1;
        result
    }

    fn primary(&mut self) -> Parsed {
        let offset = self.offset();
        let Some(token) = self.peek() else {
            return Err(self.unexpected("expected a value"));
        };
        if let TokenKind::Sign("(" | "[" | "{") = token {
            return self.bracketed(offset);
        }
        self.at += 1;
        let kind = match token {
            TokenKind::Number(text) | TokenKind::Literal(text) => Kind::Literal(text.clone()),
            TokenKind::Interpolated(text, begin) => Kind::Interpolated(text.clone(), *begin),
            TokenKind::Words(words) => {
                let word = |word: &String| Expression {
                    offset,
                    kind: Kind::Literal(word.clone()),
                };
                Kind::List(words.iter().map(word).collect())
            }
            TokenKind::Command(command) => Kind::Command(command.clone()),
            TokenKind::Pattern(pattern, flags) => Kind::Pattern(pattern.clone(), flags.clone()),
            TokenKind::Variable(name) => return self.variable(offset, name),
            TokenKind::Word(word) => return self.word(offset, word),
            TokenKind::Code(_) | TokenKind::Sign(_) => {
                self.at -= 1;
                return Err(self.unexpected("expected a value"));
            }
        };
        Ok(Expression { offset, kind })
    }

    fn bracketed(&mut self, offset: usize) -> Parsed {
        let kind = if self.take("(") {
            Kind::List(self.items(")")?)
        } else if self.take("[") {
            Kind::Array(self.items("]")?)
        } else {
            self.expect("{")?;
            Kind::Hash(self.items("}")?)
        };
        Ok(Expression { offset, kind })
    }

    /// Items up to `closer`; `,` and `=>` separate, and a comma at the end is allowed.
    fn items(&mut self, closer: &str) -> Result<Vec<Expression>, ConfigError> {
        let mut items = Vec::new();
        loop {
            while self.take(",") {}
            if self.take(closer) {
                return Ok(items);
            }
            items.push(self.expression()?);
            if !self.sees(closer) && !self.take(",") && !self.take("=>") {
                return Err(self.unexpected(&format!("expected , or {closer}")));
            }
        }
    }

    /// `$name`, or `$name{key}`, which is an element of `%name`.
    fn variable(&mut self, offset: usize, name: &str) -> Parsed {
        let Some(bare) = name
            .strip_prefix('$')
            .filter(|_| self.sees("{") || self.sees("[") || self.sees("->"))
        else {
            return Ok(Expression {
                offset,
                kind: Kind::Variable(name.to_owned()),
            });
        };
        if !self.take("{") {
            return Err(self.unexpected("elements of lists and references are not understood"));
        }
        let key_offset = self.offset();
        let key = match self.peek() {
            Some(TokenKind::Word(word))
                if matches!(
                    self.tokens.get(self.at + 1),
                    Some(Token {
                        kind: TokenKind::Sign("}"),
                        ..
                    })
                ) =>
            {
                self.at += 1;
                Expression {
                    offset: key_offset,
                    kind: Kind::Literal(word.clone()),
                }
            }
            _ => self.expression()?,
        };
        self.expect("}")?;
        if self.sees("{") || self.sees("[") || self.sees("->") {
            return Err(self.unexpected("elements of elements are not understood"));
        }
        Ok(Expression {
            offset,
            kind: Kind::Element(format!("%{bare}"), Box::new(key)),
        })
    }

    /// A bare word: a key before `=>`, a constant, a function.
    fn word(&mut self, offset: usize, word: &str) -> Parsed {
        if self.sees("=>") {
            return Ok(Expression {
                offset,
                kind: Kind::Literal(word.to_owned()),
            });
        }
        if word == "undef" {
            return self.undef(offset);
        }
        if word == "sub" && self.sees("{") {
            return self.code(offset);
        }
        let arguments = if self.take("(") {
            self.items(")")?
        } else {
            Vec::new()
        };
        Ok(Expression {
            offset,
            kind: Kind::Call(word.to_owned(), arguments),
        })
    }

    /// `sub { ... }`: code is not run, but what some of it is for is known (daemon.md 8.3).
    fn code(&mut self, offset: usize) -> Parsed {
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
        let body: Vec<&TokenKind> = body
            .unwrap_or_default()
            .iter()
            .map(|token| &token.kind)
            .collect();
        let kind = match body.as_slice() {
            // Scanners of old went to a folder and back; ours are started where they shall be.
            [TokenKind::Word(word), ..] if word == "chdir" => Kind::Code("chdir".to_owned()),
            [
                TokenKind::Word(word),
                TokenKind::Sign("("),
                TokenKind::Literal(name),
                TokenKind::Sign(")"),
            ] if word == "c" || word == "cr" || word == "ca" => {
                let sigil = if word == "ca" { '@' } else { '$' };
                let name = Kind::Variable(format!("{sigil}{name}"));
                Kind::Reference(Box::new(Expression { offset, kind: name }))
            }
            _ => {
                return Err(self
                    .error(offset, "sub is beyond what is understood")
                    .advise("code is not run"));
            }
        };
        Ok(Expression { offset, kind })
    }

    /// `undef`, or `undef $name` and `undef($name)`, which are assignments.
    fn undef(&mut self, offset: usize) -> Parsed {
        let wrap = |kind: Kind| Expression { offset, kind };
        let in_brackets = self.take("(");
        let target = match self.peek() {
            Some(TokenKind::Variable(name)) => {
                self.at += 1;
                Some(name)
            }
            _ => None,
        };
        if in_brackets {
            self.expect(")")?;
        }
        let Some(name) = target else {
            return Ok(wrap(Kind::Undef));
        };
        // A list or a hash becomes empty; it does not hold `undef`.
        let nothing = if name.starts_with('$') {
            Kind::Undef
        } else {
            Kind::List(Vec::new())
        };
        let target = wrap(Kind::Variable(name.clone()));
        Ok(wrap(Kind::Assign(
            Box::new(target),
            Box::new(wrap(nothing)),
        )))
    }
}
