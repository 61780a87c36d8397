//! Terms: values, variables with what is asked of them, functions.

use super::{
    super::{
        evaluate::CONSTANTS,
        lexer::{Token, TokenKind},
        syntax::{Expression, Kind, Subscript},
    },
    ConfigError, Parsed, Parser,
};

/// True for the name of a constant.
pub(super) fn is_constant(word: &str) -> bool {
    CONSTANTS.iter().any(|(name, _)| *name == word)
}

impl Parser<'_> {
    pub(super) fn term(&mut self) -> Parsed {
        let mut term = self.simple_term()?;
        // `->` may be left out between two subscripts.
        while self.take("->") || (is_element(&term) && (self.sees("{") || self.sees("["))) {
            if matches!(self.peek(), Some(TokenKind::Word(_))) {
                return Err(self
                    .error(
                        self.offset(),
                        "methods of objects are beyond what is understood",
                    )
                    .advise("code is not run"));
            }
            if !self.sees("{") && !self.sees("[") {
                return Err(self.unexpected("expected { or [ after ->"));
            }
            let subscript = self.subscript()?;
            term = Expression {
                offset: term.offset,
                kind: Kind::Element(Box::new(term), Box::new(subscript)),
            };
            self.depth_of(&term)?;
        }
        Ok(term)
    }

    /// A long row of subscripts is a deep tree.
    fn depth_of(&self, term: &Expression) -> Result<(), ConfigError> {
        let (mut depth, mut inner) = (0, term);
        while let Kind::Element(base, _) = &inner.kind {
            depth += 1;
            inner = base;
        }
        if depth > super::DEEPEST {
            let what = format!("nested deeper than {}", super::DEEPEST);
            return Err(self.error(term.offset, what));
        }
        Ok(())
    }

    fn simple_term(&mut self) -> Parsed {
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
            TokenKind::Interpolated(text, begin) => self.joined(text, *begin)?,
            TokenKind::Words(words) => {
                let word = |word: &String| Expression {
                    offset,
                    kind: Kind::Literal(word.clone()),
                };
                Kind::List(words.iter().map(word).collect())
            }
            TokenKind::Command(command) => Kind::Command(command.clone()),
            TokenKind::Pattern(source, flags, begin, interpolates) => {
                self.pattern(source, flags, *begin, *interpolates)?
            }
            TokenKind::Match(source, flags, begin, interpolates) => {
                let kind = self.pattern(source, flags, *begin, *interpolates)?;
                let subject = Kind::Variable("$_".to_owned());
                let wrap = |kind| Box::new(Expression { offset, kind });
                Kind::Match(wrap(subject), wrap(kind), false)
            }
            TokenKind::Variable(name) => return self.variable(offset, name),
            TokenKind::Cast(sigil) => return self.dereference(offset, *sigil),
            TokenKind::Word(word) => return self.word(offset, word),
            // `&CC_SPAM` calls what `CC_SPAM` calls.
            TokenKind::Code(name) if is_constant(name) => return self.word(offset, name),
            TokenKind::Code(_) | TokenKind::Sign(_) | TokenKind::Odd(_) | TokenKind::Edit(_) => {
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
    pub(super) fn items(&mut self, closer: &str) -> Result<Vec<Expression>, ConfigError> {
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

    /// Items without brackets, up to where the statement or the list around them ends.
    pub(super) fn items_to_the_end(&mut self) -> Result<Vec<Expression>, ConfigError> {
        let mut items = Vec::new();
        while !self.at_the_end() {
            items.push(self.assignment()?);
            if !self.take(",") && !self.take("=>") {
                break;
            }
        }
        Ok(items)
    }

    pub(super) fn at_the_end(&self) -> bool {
        match self.peek() {
            None | Some(TokenKind::Sign(";" | ")" | "]" | "}" | ":" | "?" | "=")) => true,
            Some(TokenKind::Word(word)) => matches!(
                word.as_str(),
                "if" | "unless" | "for" | "foreach" | "or" | "and"
            ),
            Some(_) => false,
        }
    }

    pub(super) fn list_to_the_end(&mut self, offset: usize) -> Parsed {
        let items = self.items_to_the_end()?;
        Ok(Expression {
            offset,
            kind: Kind::List(items),
        })
    }

    /// `$name`, `$name{key}`, `@name{...}`
    fn variable(&mut self, offset: usize, name: &str) -> Parsed {
        let wrap = |kind| Expression { offset, kind };
        let (sigil, bare) = name.split_at(1);
        if !(self.sees("{") || self.sees("[")) || sigil == "%" {
            return Ok(wrap(Kind::Variable(name.to_owned())));
        }
        let of = if self.sees("{") { '%' } else { '@' };
        let base = Box::new(wrap(Kind::Variable(format!("{of}{bare}"))));
        if sigil == "@" {
            let subscript = Box::new(self.slice_subscript()?);
            return Ok(wrap(Kind::Slice(base, subscript)));
        }
        let subscript = Box::new(self.subscript()?);
        Ok(wrap(Kind::Element(base, subscript)))
    }

    /// `@$x`, `%{ ... }`, `$$x`, `${name}`
    fn dereference(&mut self, offset: usize, sigil: char) -> Parsed {
        let inner = if self.take("{") {
            // `@{name}` is the variable itself.
            if let (Some(TokenKind::Word(word)), Some(TokenKind::Sign("}"))) =
                (self.peek(), self.peek_second())
            {
                self.at += 2;
                return self.variable(offset, &format!("{sigil}{word}"));
            }
            let inner = self.expression()?;
            self.expect("}")?;
            inner
        } else {
            let at = self.offset();
            match self.peek() {
                Some(TokenKind::Variable(name)) => {
                    self.at += 1;
                    Expression {
                        offset: at,
                        kind: Kind::Variable(name.clone()),
                    }
                }
                _ => return Err(self.unexpected(&format!("expected a variable after {sigil}"))),
            }
        };
        let inner = Box::new(inner);
        let kind = if sigil == '@' && (self.sees("{") || self.sees("[")) {
            Kind::Slice(inner, Box::new(self.slice_subscript()?))
        } else if sigil == '$' && (self.sees("{") || self.sees("[")) {
            Kind::Element(inner, Box::new(self.subscript()?))
        } else {
            Kind::Dereference(sigil, inner)
        };
        Ok(Expression { offset, kind })
    }

    /// `{key}` or `[index]`
    fn subscript(&mut self) -> Result<Subscript, ConfigError> {
        if self.take("[") {
            let index = self.expression()?;
            self.expect("]")?;
            return Ok(Subscript::Index(index));
        }
        self.expect("{")?;
        let offset = self.offset();
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
                    offset,
                    kind: Kind::Literal(word.clone()),
                }
            }
            _ => self.expression()?,
        };
        self.expect("}")?;
        Ok(Subscript::Key(key))
    }

    fn slice_subscript(&mut self) -> Result<Subscript, ConfigError> {
        let offset = self.offset();
        let is_index = self.sees("[");
        self.at += 1;
        let items = self.items(if is_index { "]" } else { "}" })?;
        let list = Expression {
            offset,
            kind: Kind::List(items),
        };
        Ok(if is_index {
            Subscript::Index(list)
        } else {
            Subscript::Key(list)
        })
    }
}

/// True if a subscript may follow without an arrow.
fn is_element(term: &Expression) -> bool {
    matches!(term.kind, Kind::Element(..))
}
