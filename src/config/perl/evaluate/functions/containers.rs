//! Functions of lists and hashes.

use super::super::{
    super::syntax::{Expression, Kind, Subscript},
    Evaluated, Evaluator, MOST, Value, truth,
};

impl Evaluator<'_> {
    pub(super) fn defined(&mut self, offset: usize, arguments: &[Expression]) -> Evaluated {
        let value = match arguments {
            [] => self.variable(offset, "$_")?,
            _ => self.scalar(self.only(offset, "defined", arguments)?)?,
        };
        Ok(truth(!matches!(value, Value::Undef)))
    }

    pub(super) fn exists(&mut self, offset: usize, arguments: &[Expression]) -> Evaluated {
        let target = self.only(offset, "exists", arguments)?;
        let Kind::Element(base, subscript) = &target.kind else {
            return Err(self.error(offset, "exists takes an element").into());
        };
        let container = self.container(base)?;
        Ok(truth(match (subscript.as_ref(), &container) {
            (Subscript::Key(key), Value::Map(entries)) => entries.contains_key(&self.text_of(key)?),
            (Subscript::Key(key), Value::File(table)) => table.get(&self.text_of(key)?).is_some(),
            _ => !matches!(self.element(target)?, Value::Undef),
        }))
    }

    pub(super) fn delete(&mut self, offset: usize, arguments: &[Expression]) -> Evaluated {
        let target = self.only(offset, "delete", arguments)?;
        let (Kind::Element(base, subscript) | Kind::Slice(base, subscript)) = &target.kind else {
            return Err(self.error(offset, "delete takes an element").into());
        };
        let Subscript::Key(keys) = subscript.as_ref() else {
            return Err(self
                .error(offset, "delete takes an element of a hash")
                .into());
        };
        let mut names = Vec::new();
        for key in self.listed(keys)? {
            names.push(self.text(key, keys.offset)?);
        }
        let path = self.path(&container_of(base))?;
        let slot = self.slot(path)?;
        if let Value::File(table) = slot {
            *slot = table.value();
        }
        let mut removed = Vec::new();
        if let Value::Map(entries) = slot {
            removed.extend(names.iter().filter_map(|name| entries.remove(name)));
        }
        Ok(Value::List(removed))
    }

    pub(super) fn keys(
        &mut self,
        offset: usize,
        name: &str,
        arguments: &[Expression],
        as_list: bool,
    ) -> Evaluated {
        let target = self.only(offset, name, arguments)?;
        if !as_list {
            return self.count(target);
        }
        let container = match &target.kind {
            Kind::Dereference(_, inner) => self.container(inner)?,
            _ => self.container(target)?,
        };
        self.grow(offset, container.size())?;
        let container = match container {
            Value::File(table) => table.value(),
            other => other,
        };
        Ok(Value::List(match container {
            Value::Map(entries) if name == "keys" => {
                entries.into_keys().map(Value::Scalar).collect()
            }
            Value::Map(entries) => entries.into_values().collect(),
            Value::List(items) if name == "values" => items,
            Value::List(items) => (0..items.len())
                .map(|at| Value::text(at.to_string()))
                .collect(),
            _ => Vec::new(),
        }))
    }

    pub(super) fn push(
        &mut self,
        offset: usize,
        name: &str,
        arguments: &[Expression],
    ) -> Evaluated {
        let [target, rest @ ..] = arguments else {
            return Err(self.error(offset, format!("{name} takes a list")).into());
        };
        let values = self.items(rest)?;
        let path = self.path(&container_of(target))?;
        let slot = self.slot(path)?;
        if matches!(slot, Value::Undef) {
            *slot = Value::List(Vec::new());
        }
        let (Value::List(items) | Value::PatternTable(items)) = slot else {
            let what = format!("{name} takes a list, found {}", slot.kind());
            return Err(self.error(offset, what).into());
        };
        if items.len() + values.len() > MOST {
            let what = format!("more than {MOST} items");
            return Err(self.error(offset, what).into());
        }
        let at = if name == "push" { items.len() } else { 0 };
        items.splice(at..at, values);
        Ok(Value::List(Vec::new()))
    }

    pub(super) fn pop(&mut self, offset: usize, name: &str, arguments: &[Expression]) -> Evaluated {
        let target = self.only(offset, name, arguments)?;
        let path = self.path(&container_of(target))?;
        Ok(match self.slot(path)? {
            Value::List(items) if name == "pop" => items.pop().unwrap_or_default(),
            Value::List(items) if !items.is_empty() => items.remove(0),
            _ => Value::Undef,
        })
    }
}

/// The expression that names a container, whatever way it is written.
fn container_of(base: &Expression) -> Expression {
    match &base.kind {
        Kind::Variable(name) if !name.starts_with('$') => base.clone(),
        Kind::Dereference(..) | Kind::Declare(_) => base.clone(),
        // `push $x, ...`, `$x->{key}`: what it refers to.
        _ => Expression {
            offset: base.offset,
            kind: Kind::Dereference('@', Box::new(base.clone())),
        },
    }
}
