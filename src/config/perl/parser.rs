//! From tokens to statements: the parser itself, and what statements are made of.

mod code;
mod operators;
mod strings;
mod terms;
mod words;

use super::{
    lexer::{Token, TokenKind},
    syntax::{Expression, Kind, Statement},
};
use crate::config::error::{ConfigError, Place};

/// Deepest nesting of brackets, blocks and operators: real files have six.
pub(super) const DEEPEST: usize = 64;

/// Words that begin a statement beyond what is understood, and what to do about each.
const BEYOND: &[(&str, &str)] = &[
    ("while", "write the settings out"),
    ("until", "write the settings out"),
    ("sub", "code is not run"),
    ("require", "code is not loaded"),
    ("eval", "code is not run"),
    ("BEGIN", "code is not run"),
    ("END", "code is not run"),
    ("local", "write the setting itself"),
    ("return", "code is not run"),
    ("open", "files are not opened"),
    ("close", "files are not opened"),
    ("print", "code is not run"),
    ("printf", "code is not run"),
    ("system", "commands are not run"),
    ("exec", "commands are not run"),
    ("tie", "code is not run"),
    ("last", "write the settings out"),
    ("next", "write the settings out"),
];

/// Parses a whole file.
///
/// # Errors
/// The first construct that is not understood.
pub(super) fn statements(
    file: &str,
    text: &str,
    tokens: &[Token],
) -> Result<Vec<Statement>, ConfigError> {
    let mut parser = Parser {
        file,
        text,
        tokens,
        at: 0,
        depth: 0,
    };
    let mut statements = Vec::new();
    while parser.at < tokens.len() {
        statements.extend(parser.statement()?);
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

    fn peek_second(&self) -> Option<&'t TokenKind> {
        self.tokens.get(self.at + 1).map(|token| &token.kind)
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

    fn sees_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(TokenKind::Word(found)) if found == word)
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.sees_word(word);
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
            Some(TokenKind::Edit(word)) => {
                return self
                    .error(
                        self.offset(),
                        format!("{word}/// is beyond what is understood"),
                    )
                    .advise("texts are not edited: write the result");
            }
            Some(TokenKind::Odd(odd)) => {
                return self.error(self.offset(), format!("unexpected character {odd:?}"));
            }
            Some(TokenKind::Sign(sign)) => format!("{sign:?}"),
            Some(TokenKind::Word(word)) => format!("{word:?}"),
            Some(TokenKind::Variable(name)) => name.clone(),
            Some(TokenKind::Number(number)) => number.clone(),
            Some(TokenKind::Command(command)) => format!("`{command}`"),
            Some(TokenKind::Pattern(..) | TokenKind::Match(..)) => "a pattern".to_owned(),
            Some(TokenKind::Cast(sigil)) => sigil.to_string(),
            Some(TokenKind::Code(name)) => format!("&{name}"),
            Some(TokenKind::Literal(_) | TokenKind::Interpolated(..) | TokenKind::Words(_)) => {
                "a string".to_owned()
            }
        };
        self.error(self.offset(), format!("{what}, found {found}"))
    }

    /// Runs `inner` one level deeper.
    fn deeper<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, ConfigError>,
    ) -> Result<T, ConfigError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.error(self.offset(), format!("nested deeper than {DEEPEST}")));
        }
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// A statement; none if it says nothing.
    fn statement(&mut self) -> Result<Option<Statement>, ConfigError> {
        if self.take(";") || self.skip_pragma()? {
            return Ok(None);
        }
        if self.sees("{") {
            return Ok(Some(Statement::Block(self.block()?)));
        }
        if let Some(TokenKind::Word(word)) = self.peek() {
            match word.as_str() {
                "if" | "unless" => return self.condition().map(Some),
                "for" | "foreach" => return self.repetition().map(Some),
                _ => self.refuse_what_is_beyond()?,
            }
        }
        let expression = self.expression()?;
        let statement = self.modified(expression)?;
        if self.at < self.tokens.len() && !self.sees("}") && !self.take(";") {
            return Err(self.unexpected("expected ; at the end of the statement"));
        }
        Ok(Some(statement))
    }

    /// `... if ...`, `... for ...`
    fn modified(&mut self, expression: Expression) -> Result<Statement, ConfigError> {
        let offset = self.offset();
        let statement = Statement::Expression(expression);
        if self.take_word("if") {
            return Ok(Statement::If(
                vec![(self.expression()?, vec![statement])],
                Vec::new(),
            ));
        }
        if self.take_word("unless") {
            let condition = negated(self.expression()?);
            return Ok(Statement::If(
                vec![(condition, vec![statement])],
                Vec::new(),
            ));
        }
        if self.take_word("for") || self.take_word("foreach") {
            let list = self.list_to_the_end(offset)?;
            return Ok(Statement::For("$_".to_owned(), list, vec![statement]));
        }
        Ok(statement)
    }

    fn block(&mut self) -> Result<Vec<Statement>, ConfigError> {
        self.expect("{")?;
        self.deeper(|parser| {
            let mut statements = Vec::new();
            while !parser.take("}") {
                if parser.peek().is_none() {
                    return Err(parser.unexpected("expected }"));
                }
                statements.extend(parser.statement()?);
            }
            Ok(statements)
        })
    }

    /// `if (...) {...} elsif (...) {...} else {...}`
    fn condition(&mut self) -> Result<Statement, ConfigError> {
        let is_unless = self.sees_word("unless");
        self.at += 1;
        let mut branches = Vec::new();
        let first = self.condition_in_brackets()?;
        let first = if is_unless { negated(first) } else { first };
        branches.push((first, self.block()?));
        while self.take_word("elsif") {
            branches.push((self.condition_in_brackets()?, self.block()?));
        }
        let otherwise = if self.take_word("else") {
            self.block()?
        } else {
            Vec::new()
        };
        Ok(Statement::If(branches, otherwise))
    }

    fn condition_in_brackets(&mut self) -> Parsed {
        self.expect("(")?;
        let condition = self.expression()?;
        self.expect(")")?;
        Ok(condition)
    }

    /// `for my $x (...) {...}`
    fn repetition(&mut self) -> Result<Statement, ConfigError> {
        self.at += 1;
        let _ = self.take_word("my") || self.take_word("our");
        let variable = match self.peek() {
            Some(TokenKind::Variable(name)) if name.starts_with('$') => {
                self.at += 1;
                name.clone()
            }
            _ => "$_".to_owned(),
        };
        let offset = self.offset();
        if let Some(TokenKind::Words(_)) = self.peek() {
            let words = self.expression()?;
            return Ok(Statement::For(variable, words, self.block()?));
        }
        self.expect("(")?;
        let items = self.items(")")?;
        let list = Expression {
            offset,
            kind: Kind::List(items),
        };
        Ok(Statement::For(variable, list, self.block()?))
    }

    /// `use strict;`, `use warnings;`, `package Amavis::Conf;`
    fn skip_pragma(&mut self) -> Result<bool, ConfigError> {
        let begin = self.offset();
        match (self.peek(), self.peek_second()) {
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
        // `require '/file'` is an include; `require Module` is not.
        let is_file = matches!(
            self.peek_second(),
            Some(TokenKind::Literal(_) | TokenKind::Interpolated(..) | TokenKind::Sign("("))
        );
        if word == "require" && is_file {
            return Ok(());
        }
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
}

fn negated(expression: Expression) -> Expression {
    Expression {
        offset: expression.offset,
        kind: Kind::Not(Box::new(expression)),
    }
}
