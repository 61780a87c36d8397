//! Where variables and elements are kept, to be changed.

use super::{
    super::syntax::{Expression, Kind, Subscript},
    ConfigErrors, Evaluator, Local, Value,
    places::{MOST_REFERENCES, by_index, by_key, position},
};
use crate::config::settings;

/// How far behind its end a list may be set.
const MOST_GAP: usize = 1000;

/// Where a value is.
pub(super) struct Path {
    root: String,
    steps: Vec<Step>,
    offset: usize,
}

enum Step {
    Key(String),
    /// Negative from the end.
    Index(i64),
}

impl Path {
    /// The name, if it is a whole variable.
    pub(super) fn whole(&self) -> Option<&str> {
        self.steps.is_empty().then_some(self.root.as_str())
    }

    /// The variable.
    pub(super) fn root(&self) -> &str {
        &self.root
    }

    /// The first key, if the path leads into a hash.
    pub(super) fn first_key(&self) -> Option<&str> {
        match self.steps.first() {
            Some(Step::Key(key)) => Some(key),
            _ => None,
        }
    }
}

impl Evaluator<'_> {
    /// Where an expression's value is kept.
    pub(super) fn path(&mut self, expression: &Expression) -> Result<Path, ConfigErrors> {
        let offset = expression.offset;
        match &expression.kind {
            Kind::Variable(name) => Ok(Path {
                root: name.clone(),
                steps: Vec::new(),
                offset,
            }),
            Kind::Declare(names) => {
                self.declare(expression)?;
                Ok(Path {
                    root: names.first().cloned().unwrap_or_default(),
                    steps: Vec::new(),
                    offset,
                })
            }
            Kind::Element(base, subscript) => {
                let mut path = self.path(base)?;
                path.steps.push(match subscript.as_ref() {
                    Subscript::Key(key) => Step::Key(self.text_of(key)?),
                    Subscript::Index(index) => Step::Index(self.index_of(index)?),
                });
                path.offset = offset;
                Ok(path)
            }
            Kind::Dereference(_, inner) => {
                let path = self.path(inner)?;
                self.redirected(path, true)
            }
            Kind::List(items) => match items.as_slice() {
                [item] => self.path(item),
                _ => Err(self.not_assignable(offset)),
            },
            _ => Err(self.not_assignable(offset)),
        }
    }

    fn not_assignable(&self, offset: usize) -> ConfigErrors {
        self.error(offset, "only a setting can be assigned to")
            .into()
    }

    /// Where a path leads if what is on it refers to settings; `to_the_end` follows the last one, too.
    fn redirected(&self, mut path: Path, to_the_end: bool) -> Result<Path, ConfigErrors> {
        'follow: for _ in 0..MOST_REFERENCES {
            let mut value = self.held(path.offset, &path.root)?;
            for at in 0..=path.steps.len() {
                if let Value::Reference(name) = value {
                    if at < path.steps.len() || to_the_end {
                        path.steps.drain(..at);
                        path.root = name;
                        continue 'follow;
                    }
                    break;
                }
                let next = match path.steps.get(at) {
                    None => break,
                    Some(Step::Key(key)) => by_key(&value, key),
                    Some(Step::Index(index)) => by_index(&value, *index),
                };
                value = next.unwrap_or_default();
            }
            return Ok(path);
        }
        Err(self
            .error(path.offset, "references lead in a circle")
            .into())
    }

    /// The value at a path; what is missing on the way is made.
    pub(super) fn slot(&mut self, path: Path) -> Result<&mut Value, ConfigErrors> {
        let path = self.redirected(path, false)?;
        let place = self.place(path.offset);
        let is_local = self.local(&path.root);
        if is_local.is_some_and(|local| local.is_item) {
            let what = format!("{}: items of a loop are not changed", path.root);
            return Err(self.error(path.offset, what).into());
        }
        let error = self.error(path.offset, "");
        let mut value = if is_local.is_some() {
            let found = self
                .scopes
                .iter_mut()
                .rev()
                .find_map(|scope| scope.get_mut(&path.root));
            match found {
                Some(local) => &mut local.value,
                None => return Err(error.into()),
            }
        } else {
            let default =
                Self::default_of(settings::find(&path.root).map_or("", |known| known.perl()));
            self.config
                .slot(&path.root, path.first_key(), default, place)?
        };
        for step in path.steps {
            value = match step {
                Step::Key(key) => key_slot(value, key),
                Step::Index(index) => index_slot(value, index),
            }
            .ok_or_else(|| {
                let mut error = error.clone();
                "the value here has no such element".clone_into(&mut error.what);
                ConfigErrors::from(error)
            })?;
        }
        Ok(value)
    }

    /// Makes the variables of `my` and `our`.
    pub(super) fn declare(&mut self, expression: &Expression) -> Result<(), ConfigErrors> {
        let Kind::Declare(names) = &expression.kind else {
            return Ok(());
        };
        for name in names {
            // `our $max_servers` is the setting itself.
            if settings::find(name).is_some() {
                continue;
            }
            let value = Self::default_of(name);
            let is_item = false;
            if let Some(scope) = self.scopes.last_mut() {
                scope.insert(name.clone(), Local { value, is_item });
            }
        }
        Ok(())
    }
}

fn key_slot(value: &mut Value, key: String) -> Option<&mut Value> {
    if let Value::File(table) = value {
        *value = table.value();
    }
    if matches!(value, Value::Undef) {
        *value = Value::Map(std::collections::BTreeMap::new());
    }
    match value {
        Value::Map(entries) => Some(entries.entry(key).or_default()),
        _ => None,
    }
}

fn index_slot(value: &mut Value, index: i64) -> Option<&mut Value> {
    if matches!(value, Value::Undef) {
        *value = Value::List(Vec::new());
    }
    let (Value::List(items) | Value::PatternTable(items)) = value else {
        return None;
    };
    let at = position(index, items.len()).filter(|at| *at <= items.len() + MOST_GAP)?;
    if at >= items.len() {
        items.resize(at + 1, Value::Undef);
    }
    items.get_mut(at)
}
