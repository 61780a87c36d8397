//! What expressions are worth where a list is wanted.

use std::collections::BTreeMap;

use super::{
    super::syntax::{Expression, Kind, Operator},
    ConfigErrors, Evaluated, Evaluator, Local, MOST, Value, decides,
};

impl Evaluator<'_> {
    /// All values of an expression.
    pub(super) fn listed(&mut self, expression: &Expression) -> Result<Vec<Value>, ConfigErrors> {
        let mut values = Vec::new();
        self.list(expression, &mut values)?;
        Ok(values)
    }

    /// All values of several expressions.
    pub(super) fn items(&mut self, items: &[Expression]) -> Result<Vec<Value>, ConfigErrors> {
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            self.list(item, &mut values)?;
        }
        Ok(values)
    }

    pub(super) fn list(
        &mut self,
        expression: &Expression,
        out: &mut Vec<Value>,
    ) -> Result<(), ConfigErrors> {
        self.deeper(expression.offset, |this| this.list_of(expression, out))?;
        if out.len() > MOST {
            let what = format!("more than {MOST} items");
            return Err(self.error(expression.offset, what).into());
        }
        Ok(())
    }

    fn list_of(
        &mut self,
        expression: &Expression,
        out: &mut Vec<Value>,
    ) -> Result<(), ConfigErrors> {
        let offset = expression.offset;
        match &expression.kind {
            Kind::List(items) => {
                for item in items {
                    self.list(item, out)?;
                }
            }
            Kind::Variable(name) if !name.starts_with('$') => {
                let value = self.variable(offset, name)?;
                spread(value, out);
            }
            Kind::Dereference('@' | '%', inner) => {
                let value = self.container(inner)?;
                spread(value, out);
            }
            Kind::Slice(base, subscript) => self.slice(base, subscript, out)?,
            Kind::Each(name, body, items) => self.each(name, body, items, out)?,
            Kind::Call(name, arguments) => match self.call(offset, name, arguments, true)? {
                Value::List(values) if super::functions::gives_a_list(name) => out.extend(values),
                value => out.push(value),
            },
            Kind::Choice(parts) => {
                let [condition, yes, no] = parts.as_ref();
                let chosen = self.scalar(condition)?.is_true();
                self.list(if chosen { yes } else { no }, out)?;
            }
            Kind::Logic(kind, left, right) => {
                let left = self.scalar(left)?;
                if decides(*kind, &left) {
                    out.push(left);
                } else {
                    self.list(right, out)?;
                }
            }
            Kind::Chain(first, rest) => self.list_of_chain(expression, first, rest, out)?,
            Kind::Assign(_, target, _) if is_plural(target) => {
                self.scalar(expression)?;
                if !matches!(target.kind, Kind::List(_) | Kind::Declare(_)) {
                    self.list(target, out)?;
                }
            }
            _ => out.push(self.scalar_again(expression)?),
        }
        Ok(())
    }

    /// As [`Self::scalar`], from the same level.
    fn scalar_again(&mut self, expression: &Expression) -> Evaluated {
        self.scalar_of(expression)
    }

    /// `(1) x 5` and `1 .. 5`
    fn list_of_chain(
        &mut self,
        expression: &Expression,
        first: &Expression,
        rest: &[(Operator, Expression)],
        out: &mut Vec<Value>,
    ) -> Result<(), ConfigErrors> {
        match (rest, &first.kind) {
            ([(Operator::Repeat, count)], Kind::List(items)) => {
                let (items, count) = (self.items(items)?, self.whole_of(count)?);
                let size: usize = items.iter().map(Value::size).sum();
                if items.len().saturating_mul(count) > MOST {
                    let what = format!("more than {MOST} items");
                    return Err(self.error(expression.offset, what).into());
                }
                self.grow(expression.offset, size.saturating_mul(count))?;
                for _ in 0..count {
                    out.extend(items.iter().cloned());
                }
            }
            ([(Operator::Range, to)], _) => {
                let (from, to) = (self.whole_of(first)?, self.whole_of(to)?);
                if to.saturating_sub(from) >= MOST {
                    return Err(self.error(first.offset, "the range is too long").into());
                }
                self.grow(first.offset, to.saturating_sub(from) * size_of::<Value>())?;
                out.extend((from..=to).map(|number| Value::text(number.to_string())));
            }
            _ => out.push(self.scalar_again(expression)?),
        }
        Ok(())
    }

    /// `map`, `grep`, `sort`
    fn each(
        &mut self,
        name: &str,
        body: &Expression,
        items: &[Expression],
        out: &mut Vec<Value>,
    ) -> Result<(), ConfigErrors> {
        let mut items = self.items(items)?;
        if name == "sort" {
            items.sort_by(|a, b| a.as_text().cmp(&b.as_text()));
            out.extend(items);
            return Ok(());
        }
        for item in items {
            self.step(body.offset)?;
            let kept = (name == "grep").then(|| item.clone());
            let local = Local {
                value: item,
                is_item: true,
            };
            self.scopes.push(BTreeMap::from([("$_".to_owned(), local)]));
            let result = match kept {
                None => self.list(body, out),
                Some(item) => self.scalar(body).map(|found| {
                    if found.is_true() {
                        out.push(item);
                    }
                }),
            };
            self.scopes.pop();
            result?;
        }
        Ok(())
    }

    /// A hash of keys and values that alternate.
    pub(super) fn pairs(&self, offset: usize, values: Vec<Value>) -> Evaluated {
        if values.len() % 2 == 1 {
            return Err(self
                .error(offset, "a hash needs a value for each key")
                .into());
        }
        let mut entries = BTreeMap::new();
        let mut values = values.into_iter();
        while let (Some(key), Some(value)) = (values.next(), values.next()) {
            let key = match key {
                Value::Scalar(key) => key,
                Value::Undef => String::new(),
                other => {
                    let what = format!("{} cannot be a key", other.kind());
                    return Err(self.error(offset, what).into());
                }
            };
            entries.insert(key, value);
        }
        Ok(Value::Map(entries))
    }
}

/// Gives the items of a list, the keys and values of a hash.
pub(super) fn spread(value: Value, out: &mut Vec<Value>) {
    match value {
        Value::List(items) | Value::PatternTable(items) => out.extend(items),
        Value::Map(entries) => {
            for (key, value) in entries {
                out.push(Value::Scalar(key));
                out.push(value);
            }
        }
        Value::File(table) => spread(table.value(), out),
        Value::Undef => {}
        other => out.push(other),
    }
}

/// True for what takes a list when it is assigned to.
pub(super) fn is_plural(target: &Expression) -> bool {
    match &target.kind {
        Kind::Variable(name) => !name.starts_with('$'),
        Kind::Dereference(sigil, _) => *sigil != '$',
        Kind::Declare(names) => names.iter().any(|name| !name.starts_with('$')),
        Kind::List(_) | Kind::Slice(..) => true,
        _ => false,
    }
}
