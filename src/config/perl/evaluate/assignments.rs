//! Assignments.

use super::{
    super::{
        parser::DEEPEST as DEEPEST_VALUE,
        syntax::{Assignment, Expression, Kind, Subscript},
    },
    ConfigErrors, Evaluated, Evaluator, Value, decides,
    lists::is_plural,
};

impl Evaluator<'_> {
    pub(super) fn assign(
        &mut self,
        kind: Assignment,
        target: &Expression,
        source: &Expression,
    ) -> Evaluated {
        if let Some(key) = environment_key(target) {
            return self.set_environment(key, target, source);
        }
        match kind {
            Assignment::Plain if is_plural(target) => self.assign_list(target, source),
            Assignment::Plain => {
                let value = self.scalar(source)?;
                self.store(target, value.clone())?;
                Ok(value)
            }
            Assignment::With(operator) => {
                if is_plural(target) {
                    let what = "only = is understood for lists and hashes";
                    return Err(self.error(target.offset, what).into());
                }
                let held = self.scalar(target)?;
                let value = self.binary(target.offset, operator, held, source)?;
                self.store(target, value.clone())?;
                Ok(value)
            }
            Assignment::If(logic) => {
                let held = self.scalar(target)?;
                if decides(logic, &held) {
                    return Ok(held);
                }
                self.assign(Assignment::Plain, target, source)
            }
        }
    }

    /// Sets one value.
    fn store(&mut self, target: &Expression, value: Value) -> Result<(), ConfigErrors> {
        if value.depth() > DEEPEST_VALUE {
            let what = format!("the value is nested deeper than {DEEPEST_VALUE}");
            return Err(self.error(target.offset, what).into());
        }
        let path = self.path(target)?;
        if let (Some(name), false) = (path.whole(), self.is_local(path.root())) {
            let place = self.place(target.offset);
            return self.config.set(name, value, place);
        }
        *self.slot(path)? = value;
        Ok(())
    }

    pub(super) fn is_local(&self, name: &str) -> bool {
        self.scopes.iter().any(|scope| scope.contains_key(name))
    }

    fn assign_list(&mut self, target: &Expression, source: &Expression) -> Evaluated {
        let values = self.listed(source)?;
        let count = Value::text(values.len().to_string());
        self.distribute(target, source, values)?;
        Ok(count)
    }

    /// Gives each target its share of the values.
    fn distribute(
        &mut self,
        target: &Expression,
        source: &Expression,
        values: Vec<Value>,
    ) -> Result<(), ConfigErrors> {
        let whole = |evaluator: &mut Self, sigil: char, values: Vec<Value>| {
            let value = if sigil == '%' {
                evaluator.pairs(source.offset, values)?
            } else {
                Value::List(values)
            };
            evaluator.store(target, value)
        };
        match &target.kind {
            Kind::Variable(name) if !name.starts_with('$') => whole(self, first_of(name), values),
            Kind::Dereference(sigil, _) if *sigil != '$' => whole(self, *sigil, values),
            Kind::Declare(names) if names.len() == 1 => match names.first() {
                Some(name) if !name.starts_with('$') => whole(self, first_of(name), values),
                _ => self.store(target, values.into_iter().next().unwrap_or_default()),
            },
            Kind::Declare(names) => {
                self.declare(target)?;
                let targets = names.iter().map(|name| Expression {
                    offset: target.offset,
                    kind: Kind::Variable(name.clone()),
                });
                let targets: Vec<Expression> = targets.collect();
                self.distribute_over(&targets, source, values)
            }
            Kind::List(targets) => self.distribute_over(targets, source, values),
            Kind::Slice(base, subscript) => {
                let targets = self.slice_targets(base, subscript)?;
                self.distribute_over(&targets, source, values)
            }
            _ => self.store(target, values.into_iter().next().unwrap_or_default()),
        }
    }

    fn distribute_over(
        &mut self,
        targets: &[Expression],
        source: &Expression,
        values: Vec<Value>,
    ) -> Result<(), ConfigErrors> {
        let mut values = values.into_iter();
        for target in targets {
            let share = if is_plural(target) {
                values.by_ref().collect()
            } else {
                vec![values.next().unwrap_or_default()]
            };
            if !matches!(target.kind, Kind::Undef) {
                self.distribute(target, source, share)?;
            }
        }
        Ok(())
    }

    /// The elements that a slice names.
    fn slice_targets(
        &mut self,
        base: &Expression,
        subscript: &Subscript,
    ) -> Result<Vec<Expression>, ConfigErrors> {
        let (list, is_key) = match subscript {
            Subscript::Key(list) => (list, true),
            Subscript::Index(list) => (list, false),
        };
        let mut targets = Vec::new();
        for value in self.listed(list)? {
            let literal = Expression {
                offset: list.offset,
                kind: Kind::Literal(self.text(value, list.offset)?),
            };
            let subscript = if is_key {
                Subscript::Key(literal)
            } else {
                Subscript::Index(literal)
            };
            targets.push(Expression {
                offset: base.offset,
                kind: Kind::Element(Box::new(base.clone()), Box::new(subscript)),
            });
        }
        Ok(targets)
    }

    /// `$ENV{...} = ...`: what a child process would see; ours get a clean environment.
    fn set_environment(
        &mut self,
        key: &Expression,
        target: &Expression,
        source: &Expression,
    ) -> Evaluated {
        let (key, value) = (self.text_of(key)?, self.scalar(source)?);
        let place = self.place(target.offset);
        self.config.note_stranger(format!("$ENV{{{key}}}"), place);
        Ok(value)
    }
}

fn first_of(name: &str) -> char {
    name.chars().next().unwrap_or('$')
}

/// The key, if the target is an element of `%ENV`.
fn environment_key(target: &Expression) -> Option<&Expression> {
    let Kind::Element(base, subscript) = &target.kind else {
        return None;
    };
    match (&base.kind, subscript.as_ref()) {
        (Kind::Variable(name), Subscript::Key(key)) if name == "%ENV" => Some(key),
        _ => None,
    }
}
