//! Operators: numbers, texts, comparisons, patterns.

pub(super) use super::super::arithmetic::whole;
use super::{
    super::syntax::{Expression, Kind, Operator},
    ConfigErrors, Evaluated, Evaluator, MOST, Value, truth,
};
use crate::{
    config::perl::arithmetic::{calculate, show},
    pattern::Pattern,
};

impl Evaluator<'_> {
    pub(super) fn text_of(&mut self, expression: &Expression) -> Result<String, ConfigErrors> {
        let value = self.scalar(expression)?;
        self.text(value, expression.offset)
    }

    pub(super) fn number_of(&mut self, expression: &Expression) -> Result<f64, ConfigErrors> {
        let value = self.scalar(expression)?;
        self.number(value, expression.offset)
    }

    /// A number that can be a count.
    pub(super) fn whole_of(&mut self, expression: &Expression) -> Result<usize, ConfigErrors> {
        let number = self.number_of(expression)?;
        whole(number).ok_or_else(|| {
            self.error(expression.offset, "expected a whole number")
                .into()
        })
    }

    pub(super) fn text(&self, value: Value, offset: usize) -> Result<String, ConfigErrors> {
        match self.followed(offset, value)? {
            Value::Scalar(text) => Ok(text),
            Value::Undef => Ok(String::new()),
            other => Err(self
                .error(offset, format!("expected a scalar, found {}", other.kind()))
                .into()),
        }
    }

    pub(super) fn number(&self, value: Value, offset: usize) -> Result<f64, ConfigErrors> {
        let text = self.text(value, offset)?;
        let number = if text.is_empty() {
            Some(0.0)
        } else {
            text.trim()
                .parse()
                .ok()
                .filter(|number: &f64| number.is_finite())
        };
        number.ok_or_else(|| self.error(offset, format!("{text:?} is no number")).into())
    }

    pub(super) fn negative(&mut self, inner: &Expression) -> Evaluated {
        let number = self.number_of(inner)?;
        Ok(Value::text(show(-number)))
    }

    pub(super) fn chain(
        &mut self,
        first: &Expression,
        rest: &[(Operator, Expression)],
    ) -> Evaluated {
        let mut value = self.scalar(first)?;
        for (operator, right) in rest {
            value = self.binary(first.offset, *operator, value, right)?;
        }
        Ok(value)
    }

    pub(super) fn binary(
        &mut self,
        offset: usize,
        operator: Operator,
        left: Value,
        right: &Expression,
    ) -> Evaluated {
        match operator {
            Operator::Concatenate => {
                let (text, right) = (self.text(left, offset)?, self.text_of(right)?);
                self.grow(offset, right.len())?;
                Ok(Value::Scalar(text + &right))
            }
            Operator::Repeat => {
                let (text, count) = (self.text(left, offset)?, self.number_of(right)?);
                let count = whole(count.max(0.0).trunc())
                    .filter(|&count| count.saturating_mul(text.len()) <= MOST);
                let count =
                    count.ok_or_else(|| self.error(offset, "the result would be too long"))?;
                self.grow(offset, count * text.len())?;
                Ok(Value::Scalar(text.repeat(count)))
            }
            Operator::Range => {
                let what = "a range is a list: it cannot stand where one value is taken";
                Err(self.error(offset, what).into())
            }
            Operator::Same
            | Operator::NotSame
            | Operator::Before
            | Operator::After
            | Operator::NotAfter
            | Operator::NotBefore => {
                let (left, right) = (self.text(left, offset)?, self.text_of(right)?);
                let order = left.cmp(&right);
                Ok(truth(fits(operator, order)))
            }
            Operator::Equal
            | Operator::NotEqual
            | Operator::Less
            | Operator::Greater
            | Operator::AtMost
            | Operator::AtLeast => {
                let (left, right) = (self.number(left, offset)?, self.number_of(right)?);
                let order = left.total_cmp(&(right + 0.0));
                Ok(truth(fits(operator, order)))
            }
            _ => {
                let (left, other) = (self.number(left, offset)?, self.number_of(right)?);
                let number = calculate(operator, left, other)
                    .ok_or_else(|| self.error(right.offset, "division by zero"))?;
                if !number.is_finite() {
                    return Err(self.error(right.offset, "the result is too large").into());
                }
                Ok(Value::text(show(number)))
            }
        }
    }

    /// `subject =~ pattern`
    pub(super) fn matches(
        &mut self,
        subject: &Expression,
        pattern: &Expression,
    ) -> Result<bool, ConfigErrors> {
        let text = self.text_of(subject)?;
        let pattern = self.compiled(pattern)?;
        pattern.is_match(&text).map_err(|_| {
            self.error(
                subject.offset,
                "the pattern takes too many steps for this text",
            )
            .into()
        })
    }

    /// An expression as a pattern.
    pub(super) fn compiled(&mut self, expression: &Expression) -> Result<Pattern, ConfigErrors> {
        let (source, flags) = match &expression.kind {
            Kind::Match(_, pattern, _) => return self.compiled(pattern),
            _ => match self.scalar(expression)? {
                Value::Pattern(source, flags) => (source, flags),
                other => (self.text(other, expression.offset)?, String::new()),
            },
        };
        Pattern::compile(&source, &flags).map_err(|what| self.error(expression.offset, what).into())
    }
}

/// True if a comparison holds for two sides in that order.
const fn fits(operator: Operator, order: std::cmp::Ordering) -> bool {
    match operator {
        Operator::Equal | Operator::Same => order.is_eq(),
        Operator::NotEqual | Operator::NotSame => order.is_ne(),
        Operator::Less | Operator::Before => order.is_lt(),
        Operator::Greater | Operator::After => order.is_gt(),
        Operator::AtMost | Operator::NotAfter => order.is_le(),
        _ => order.is_ge(),
    }
}
