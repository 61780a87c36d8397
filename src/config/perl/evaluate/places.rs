//! What variables and elements hold: settings and the file's own.
//!
//! A reference is kept as the value itself, or as the name of a setting: a list that two settings share after `$a = $b` is two lists.

use super::{
    super::syntax::{Expression, Kind, Subscript},
    ConfigErrors, Evaluated, Evaluator, Local, Value,
    computing::whole,
};
use crate::config::{settings, value::FileTable};

/// Most references that are followed from one to the next.
pub(super) const MOST_REFERENCES: usize = 16;
impl Evaluator<'_> {
    /// True for a setting or a variable of the file's own.
    pub(super) fn is_known(&self, name: &str) -> bool {
        self.local(name).is_some() || settings::find(name).is_some()
    }

    pub(super) fn local(&self, name: &str) -> Option<&Local> {
        self.scopes.iter().rev().find_map(|scope| scope.get(name))
    }

    /// What a variable holds at this point of the file.
    pub(super) fn variable(&mut self, offset: usize, name: &str) -> Evaluated {
        let value = self.held(offset, name)?;
        self.grow(offset, value.size())?;
        Ok(value)
    }

    pub(super) fn held(&self, offset: usize, name: &str) -> Evaluated {
        if let Some(local) = self.local(name) {
            return Ok(local.value.clone());
        }
        let Some(known) = settings::find(name) else {
            if name == "%ENV" {
                return Err(self.environment(offset));
            }
            let error = self.error(offset, format!("unknown setting {name}"));
            return Err(match settings::nearest(name) {
                Some(nearest) => error.advise(format!("did you mean {nearest}?")),
                None => error,
            }
            .into());
        };
        Ok(match self.config.get(known.perl()) {
            Some(assigned) => assigned.value.clone(),
            None => Self::default_of(known.perl()),
        })
    }

    fn environment(&self, offset: usize) -> ConfigErrors {
        self.error(offset, "the environment is not read")
            .advise("write the value instead")
            .into()
    }

    /// Follows references to settings.
    pub(super) fn followed(&self, offset: usize, mut value: Value) -> Evaluated {
        for _ in 0..MOST_REFERENCES {
            match value {
                Value::Reference(name) => value = self.held(offset, &name)?,
                other => return Ok(other),
            }
        }
        Err(self.error(offset, "references lead in a circle").into())
    }

    /// What is in a variable with `%` or `@`, or in what an expression refers to.
    pub(super) fn container(&mut self, base: &Expression) -> Evaluated {
        let value = match &base.kind {
            Kind::Variable(name) if !name.starts_with('$') => self.held(base.offset, name)?,
            _ => self.scalar(base)?,
        };
        self.followed(base.offset, value)
    }

    /// How many items a list has, or a hash.
    pub(super) fn count(&mut self, expression: &Expression) -> Evaluated {
        let value = match &expression.kind {
            Kind::Dereference(_, inner) => self.container(inner)?,
            _ => self.container(expression)?,
        };
        let count = match &value {
            Value::List(items) | Value::PatternTable(items) => items.len(),
            Value::Map(entries) => entries.len(),
            Value::File(table) => table.len(),
            Value::Undef => 0,
            _ => 1,
        };
        Ok(Value::text(count.to_string()))
    }

    /// `$x{key}`, `$x[0]`, `$$x`
    pub(super) fn element(&mut self, expression: &Expression) -> Evaluated {
        let (base, subscript) = match &expression.kind {
            Kind::Element(base, subscript) => (base, subscript),
            Kind::Dereference(_, inner) => {
                let value = self.container(inner)?;
                self.grow(expression.offset, value.size())?;
                return Ok(value);
            }
            _ => return self.scalar(expression),
        };
        let container = self.container(base)?;
        let offset = base.offset;
        let value = match subscript.as_ref() {
            Subscript::Key(key) => {
                let key = self.text_of(key)?;
                by_key(&container, &key)
            }
            Subscript::Index(index) => {
                let index = self.index_of(index)?;
                by_index(&container, index)
            }
        };
        let value = value.ok_or_else(|| {
            let what = format!("{} has no elements", container.kind());
            ConfigErrors::from(self.error(offset, what))
        })?;
        self.grow(expression.offset, value.size())?;
        Ok(value)
    }

    /// `@x{...}`, `@x[...]`
    pub(super) fn slice(
        &mut self,
        base: &Expression,
        subscript: &Subscript,
        out: &mut Vec<Value>,
    ) -> Result<(), ConfigErrors> {
        let container = self.container(base)?;
        self.grow(base.offset, container.size())?;
        match subscript {
            Subscript::Key(keys) => {
                for key in self.listed(keys)? {
                    let key = self.text(key, keys.offset)?;
                    out.push(by_key(&container, &key).unwrap_or_default());
                }
            }
            Subscript::Index(indices) => {
                for index in self.listed(indices)? {
                    let index = self.number(index, indices.offset)?;
                    let index = self.whole_number(index, indices.offset)?;
                    out.push(by_index(&container, index).unwrap_or_default());
                }
            }
        }
        Ok(())
    }

    pub(super) fn index_of(&mut self, index: &Expression) -> Result<i64, ConfigErrors> {
        let number = self.number_of(index)?;
        self.whole_number(number, index.offset)
    }

    fn whole_number(&self, number: f64, offset: usize) -> Result<i64, ConfigErrors> {
        let size = whole(number.abs().trunc()).and_then(|size| i64::try_from(size).ok());
        match size {
            Some(size) if number < 0.0 => Ok(-size),
            Some(size) => Ok(size),
            None => Err(self.error(offset, "that is no index of a list").into()),
        }
    }

    pub(super) fn reference(&mut self, target: &Expression) -> Evaluated {
        match &target.kind {
            Kind::Variable(name) if self.local(name).is_none() => {
                self.held(target.offset, name)?;
                Ok(Value::Reference(settings::find(name).map_or_else(
                    || name.clone(),
                    |known| known.perl().to_owned(),
                )))
            }
            Kind::Variable(_) | Kind::Dereference('@' | '%', _) => {
                self.container(match &target.kind {
                    Kind::Dereference(_, inner) => inner,
                    _ => target,
                })
            }
            // `\"text"` and `\undef`: a constant table.
            _ => self.scalar(target),
        }
    }
}

/// An element of a hash; `None` if the value has no keys.
pub(super) fn by_key(container: &Value, key: &str) -> Option<Value> {
    match container {
        Value::Map(entries) => Some(entries.get(key).cloned().unwrap_or_default()),
        Value::File(table) => Some(FileTable::get(table, key).cloned().unwrap_or_default()),
        Value::Undef => Some(Value::Undef),
        _ => None,
    }
}

/// An item of a list; `None` if the value has no items.
pub(super) fn by_index(container: &Value, index: i64) -> Option<Value> {
    match container {
        Value::List(items) | Value::PatternTable(items) => {
            let at = position(index, items.len());
            Some(at.and_then(|at| items.get(at)).cloned().unwrap_or_default())
        }
        Value::Undef => Some(Value::Undef),
        _ => None,
    }
}

pub(super) fn position(index: i64, length: usize) -> Option<usize> {
    match usize::try_from(index) {
        Ok(at) => Some(at),
        Err(_) => usize::try_from(index.unsigned_abs())
            .ok()
            .and_then(|back| length.checked_sub(back)),
    }
}
