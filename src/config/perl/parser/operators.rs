//! Operators by rank.

use super::{
    super::{
        lexer::TokenKind,
        syntax::{Assignment, Expression, Kind, Logic, Operator},
    },
    DEEPEST, Parsed, Parser,
};

/// Operators from the loosest rank to the tightest; words and signs.
const RANKS: [&[(&str, Operator)]; 5] = [
    &[("..", Operator::Range)],
    &[
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("eq", Operator::Same),
        ("ne", Operator::NotSame),
    ],
    &[
        ("<", Operator::Less),
        (">", Operator::Greater),
        ("<=", Operator::AtMost),
        (">=", Operator::AtLeast),
        ("lt", Operator::Before),
        ("gt", Operator::After),
        ("le", Operator::NotAfter),
        ("ge", Operator::NotBefore),
    ],
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

/// Where functions with one argument stand: tighter than comparisons.
const ADDITIVE: usize = 3;

const ASSIGNMENTS: [(&str, Assignment); 9] = [
    ("=", Assignment::Plain),
    (".=", Assignment::With(Operator::Concatenate)),
    ("+=", Assignment::With(Operator::Add)),
    ("-=", Assignment::With(Operator::Subtract)),
    ("*=", Assignment::With(Operator::Multiply)),
    ("/=", Assignment::With(Operator::Divide)),
    ("||=", Assignment::If(Logic::Or)),
    ("&&=", Assignment::If(Logic::And)),
    ("//=", Assignment::If(Logic::Defined)),
];

impl Parser<'_> {
    /// Anything, with `and`, `or` and `not`.
    pub(super) fn expression(&mut self) -> Parsed {
        let mut left = self.low_and()?;
        let mut count = 0;
        while self.take_word("or") {
            let right = self.low_and()?;
            left = self.logic(&mut count, Logic::Or, left, right)?;
        }
        Ok(left)
    }

    fn low_and(&mut self) -> Parsed {
        let mut left = self.low_not()?;
        let mut count = 0;
        while self.take_word("and") {
            let right = self.low_not()?;
            left = self.logic(&mut count, Logic::And, left, right)?;
        }
        Ok(left)
    }

    /// Two sides; `count` is how many came before, for each is one level of the tree.
    fn logic(&self, count: &mut usize, kind: Logic, left: Expression, right: Expression) -> Parsed {
        *count += 1;
        if *count > DEEPEST {
            return Err(self.error(right.offset, format!("nested deeper than {DEEPEST}")));
        }
        Ok(Expression {
            offset: left.offset,
            kind: Kind::Logic(kind, Box::new(left), Box::new(right)),
        })
    }

    fn low_not(&mut self) -> Parsed {
        let offset = self.offset();
        if self.sees_word("not") {
            self.at += 1;
            let inner = self.deeper(Self::low_not)?;
            return Ok(Expression {
                offset,
                kind: Kind::Not(Box::new(inner)),
            });
        }
        self.assignment()
    }

    /// An assignment, or something of a higher rank: what may stand between two commas.
    pub(super) fn assignment(&mut self) -> Parsed {
        if self.sees_word("not") {
            return self.low_not();
        }
        self.deeper(|parser| {
            let left = parser.choice()?;
            let Some((_, kind)) = ASSIGNMENTS.iter().find(|(sign, _)| parser.sees(sign)) else {
                return Ok(left);
            };
            parser.at += 1;
            let right = parser.assignment()?;
            Ok(Expression {
                offset: left.offset,
                kind: Kind::Assign(*kind, Box::new(left), Box::new(right)),
            })
        })
    }

    /// `... ? ... : ...`
    fn choice(&mut self) -> Parsed {
        let condition = self.logic_or()?;
        if !self.take("?") {
            return Ok(condition);
        }
        let yes = self.assignment()?;
        self.expect(":")?;
        let no = self.assignment()?;
        Ok(Expression {
            offset: condition.offset,
            kind: Kind::Choice(Box::new([condition, yes, no])),
        })
    }

    fn logic_or(&mut self) -> Parsed {
        let mut left = self.range()?;
        let mut count = 0;
        loop {
            let kind = if self.take("||") {
                Logic::Or
            } else if self.take("//") {
                Logic::Defined
            } else {
                return Ok(left);
            };
            let right = self.range()?;
            left = self.logic(&mut count, kind, left, right)?;
        }
    }

    /// `..` ranks below `||`; no file has both in one expression, and `&&` ranks above.
    fn range(&mut self) -> Parsed {
        let mut left = self.binary(0)?;
        let mut count = 0;
        while self.take("&&") {
            let right = self.binary(0)?;
            left = self.logic(&mut count, Logic::And, left, right)?;
        }
        Ok(left)
    }

    /// The argument of a function that takes one.
    pub(super) fn argument(&mut self) -> Parsed {
        self.deeper(|parser| parser.binary(ADDITIVE))
    }

    /// Operators with two sides, of `least` rank or tighter.
    fn binary(&mut self, least: usize) -> Parsed {
        let mut left = self.matching()?;
        while let Some((rank, mut operator)) = self.operator().filter(|(rank, _)| *rank >= least) {
            let mut rest = Vec::new();
            loop {
                self.at += 1;
                rest.push((operator, self.binary(rank + 1)?));
                match self.operator() {
                    Some((next_rank, next)) if next_rank == rank => operator = next,
                    _ => break,
                }
            }
            left = Expression {
                offset: left.offset,
                kind: Kind::Chain(Box::new(left), rest),
            };
        }
        Ok(left)
    }

    /// The operator that comes next, and its rank.
    fn operator(&self) -> Option<(usize, Operator)> {
        let written = match self.peek()? {
            TokenKind::Sign(sign) => sign,
            TokenKind::Word(word) => word.as_str(),
            _ => return None,
        };
        RANKS.iter().enumerate().find_map(|(rank, operators)| {
            let found = operators.iter().find(|(sign, _)| *sign == written)?;
            Some((rank, found.1))
        })
    }

    /// `=~`, `!~`
    fn matching(&mut self) -> Parsed {
        let subject = self.unary()?;
        let is_negated = self.sees("!~");
        if !self.take("=~") && !self.take("!~") {
            return Ok(subject);
        }
        let offset = self.offset();
        let pattern = match self.peek() {
            Some(
                TokenKind::Match(source, flags, begin, interpolates)
                | TokenKind::Pattern(source, flags, begin, interpolates),
            ) => {
                self.at += 1;
                Expression {
                    offset,
                    kind: self.pattern(source, flags, *begin, *interpolates)?,
                }
            }
            _ => self.unary()?,
        };
        Ok(Expression {
            offset: subject.offset,
            kind: Kind::Match(Box::new(subject), Box::new(pattern), is_negated),
        })
    }

    fn unary(&mut self) -> Parsed {
        let offset = self.offset();
        let wrap = |kind: Kind| Ok(Expression { offset, kind });
        if let Some(test) = self.file_test() {
            self.at += 2;
            return wrap(Kind::FileTest(test, Box::new(self.argument()?)));
        }
        if self.take("-") {
            // `-bareword` is a text.
            if let (Some(TokenKind::Word(word)), false) = (
                self.peek(),
                matches!(self.peek_second(), Some(TokenKind::Sign("("))),
            ) && !super::terms::is_constant(word)
            {
                self.at += 1;
                return wrap(Kind::Literal(format!("-{word}")));
            }
            wrap(Kind::Negative(Box::new(self.deeper(Self::unary)?)))
        } else if self.take("+") {
            self.deeper(Self::unary)
        } else if self.take("!") {
            wrap(Kind::Not(Box::new(self.deeper(Self::unary)?)))
        } else if self.take("\\") {
            if let Some(TokenKind::Code(name)) = self.peek() {
                self.at += 1;
                return wrap(Kind::Code(name.clone()));
            }
            wrap(Kind::Reference(Box::new(self.deeper(Self::unary)?)))
        } else {
            self.power()
        }
    }

    /// `-e FILE` and the like.
    fn file_test(&self) -> Option<char> {
        let Some(TokenKind::Word(word)) = self.peek_second() else {
            return None;
        };
        let mut letters = word.chars();
        let letter = letters.next().filter(|letter| "edfrsx".contains(*letter))?;
        let third = self.tokens.get(self.at + 2).map(|token| &token.kind);
        let has_operand = matches!(
            third,
            Some(
                TokenKind::Literal(_)
                    | TokenKind::Interpolated(..)
                    | TokenKind::Variable(_)
                    | TokenKind::Sign("(")
            )
        );
        (self.sees("-") && letters.next().is_none() && has_operand).then_some(letter)
    }

    /// `**` ranks above the signs on its left and below those on its right, and joins from right to left.
    fn power(&mut self) -> Parsed {
        let base = self.term()?;
        if !self.take("**") {
            return Ok(base);
        }
        let exponent = self.deeper(Self::unary)?;
        Ok(Expression {
            offset: base.offset,
            kind: Kind::Chain(Box::new(base), vec![(Operator::Power, exponent)]),
        })
    }
}
