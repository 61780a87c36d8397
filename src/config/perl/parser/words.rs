//! Bare words: keys, constants, functions, `my`, `undef`.

use super::{
    super::{
        lexer::TokenKind,
        syntax::{Assignment, Expression, Kind},
    },
    Parsed, Parser,
};

/// Functions that take one argument, or none.
const WITH_ONE_ARGUMENT: &[&str] = &[
    "lc", "uc", "lcfirst", "ucfirst", "length", "int", "abs", "defined", "exists", "delete",
    "scalar", "chomp", "keys", "values", "pop", "shift", "do", "require",
];

/// Functions that take all that follows.
const WITH_A_LIST: &[&str] = &[
    "push",
    "unshift",
    "join",
    "split",
    "sprintf",
    "reverse",
    "die",
    "warn",
    "new_RE",
    "dkim_key",
    "include_config_files",
    "include_optional_config_files",
    "read_hash",
    "read_array",
    "read_cidr",
    "read_cdb",
    "read_text",
    "read_l10n_templates",
];

impl Parser<'_> {
    /// A bare word: a key before `=>`, a constant, a function.
    pub(super) fn word(&mut self, offset: usize, word: &str) -> Parsed {
        let wrap = |kind| Expression { offset, kind };
        if self.sees("=>") {
            return Ok(wrap(Kind::Literal(word.to_owned())));
        }
        match word {
            "undef" => return self.undef(offset),
            "sub" if self.sees("{") => return self.code(offset),
            "my" | "our" => return self.declaration(offset),
            "map" | "grep" | "sort" => return self.each(offset, word),
            "do" if self.sees("{") => {
                return Err(self
                    .error(offset, "do { } is beyond what is understood")
                    .advise("code is not run"));
            }
            _ => {}
        }
        let arguments = if self.take("(") {
            self.items(")")?
        } else if WITH_ONE_ARGUMENT.contains(&word) && !self.at_the_end() && !self.sees(",") {
            vec![self.argument()?]
        } else if WITH_A_LIST.contains(&word) {
            self.items_to_the_end()?
        } else {
            Vec::new()
        };
        Ok(wrap(Kind::Call(word.to_owned(), arguments)))
    }

    /// `my $x`, `our ($x, @y)`
    pub(super) fn declaration(&mut self, offset: usize) -> Parsed {
        let in_brackets = self.take("(");
        let mut names = Vec::new();
        while let Some(TokenKind::Variable(name)) = self.peek() {
            self.at += 1;
            names.push(name.clone());
            if !in_brackets {
                break;
            }
            self.take(",");
        }
        if names.is_empty() {
            return Err(self.unexpected("expected a variable"));
        }
        if in_brackets {
            self.expect(")")?;
        }
        let is_list = in_brackets;
        let declaration = Expression {
            offset,
            kind: Kind::Declare(names),
        };
        Ok(if is_list {
            Expression {
                offset,
                kind: Kind::List(vec![declaration]),
            }
        } else {
            declaration
        })
    }

    /// `map { ... } list`, `grep ..., list`, `sort list`
    pub(super) fn each(&mut self, offset: usize, word: &str) -> Parsed {
        let name = match word {
            "map" => "map",
            "grep" => "grep",
            _ => "sort",
        };
        let in_brackets = self.take("(");
        let itself = Expression {
            offset,
            kind: Kind::Variable("$_".to_owned()),
        };
        let body = if self.sees("{") && name != "sort" {
            let at = self.offset();
            self.at += 1;
            self.take(";");
            let items = self.items("}")?;
            let is_value = self.take(",");
            Expression {
                offset: at,
                kind: if is_value {
                    Kind::Hash(items)
                } else {
                    Kind::List(items)
                },
            }
        } else if name == "sort" {
            if self.sees("{") {
                return Err(self
                    .error(self.offset(), "sort with code is beyond what is understood")
                    .advise("write the list in its order"));
            }
            itself
        } else {
            let body = self.assignment()?;
            self.expect(",")?;
            body
        };
        let items = if in_brackets {
            self.items(")")?
        } else {
            self.items_to_the_end()?
        };
        Ok(Expression {
            offset,
            kind: Kind::Each(name, Box::new(body), items),
        })
    }

    /// `undef`, or `undef $name` and `undef($name)`, which are assignments.
    pub(super) fn undef(&mut self, offset: usize) -> Parsed {
        let wrap = |kind: Kind| Expression { offset, kind };
        let in_brackets = self.take("(");
        let target = match self.peek() {
            Some(TokenKind::Variable(_) | TokenKind::Cast(_)) => Some(self.term()?),
            _ => None,
        };
        if in_brackets {
            self.expect(")")?;
        }
        let Some(target) = target else {
            return Ok(wrap(Kind::Undef));
        };
        // A list or a hash becomes empty; it does not hold `undef`.
        let is_scalar = match &target.kind {
            Kind::Variable(name) => name.starts_with('$'),
            Kind::Dereference(sigil, _) => *sigil == '$',
            _ => true,
        };
        let nothing = wrap(if is_scalar {
            Kind::Undef
        } else {
            Kind::List(Vec::new())
        });
        Ok(wrap(Kind::Assign(
            Assignment::Plain,
            Box::new(target),
            Box::new(nothing),
        )))
    }
}
