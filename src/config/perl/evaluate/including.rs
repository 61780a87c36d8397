//! Other files: configurations, tables, texts.
//!
//! # Source
//! daemon.md 8.3.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    super::{lexer, parser, syntax::Expression, templates},
    ConfigErrors, Evaluated, Evaluator, Value,
};
use crate::config::{table_file, value::FileTable};

/// How many configurations may include one another.
const MOST_FILES: usize = 20;

impl Evaluator<'_> {
    /// `include_config_files(...)`, `do FILE`.
    pub(super) fn include(
        &mut self,
        offset: usize,
        name: &str,
        arguments: &[Expression],
    ) -> Evaluated {
        let is_optional = name == "include_optional_config_files";
        for value in self.items(arguments)? {
            let file = self.text(value, offset)?;
            if is_optional && !self.world.has('e', Path::new(&file)) {
                continue;
            }
            self.include_one(offset, &file)?;
        }
        Ok(Value::text("1"))
    }

    fn include_one(&mut self, offset: usize, file: &str) -> Result<(), ConfigErrors> {
        if self.spent.files >= MOST_FILES {
            let what = format!("{file}: files include one another more than {MOST_FILES} deep");
            return Err(self.error(offset, what).into());
        }
        let text = self
            .world
            .read(Path::new(file))
            .map_err(|error| self.error(offset, format!("{error}")))?;
        let tokens = lexer::tokens(file, &text)?;
        let statements = parser::statements(file, &text, &tokens)?;
        self.spent.files += 1;
        let result = super::run(
            file,
            &text,
            &statements,
            self.config,
            self.world,
            self.spent,
        );
        self.spent.files -= 1;
        result
    }

    /// `read_hash(FILE)`, `read_hash(\%h, FILE)` and its like.
    pub(super) fn read_table(
        &mut self,
        offset: usize,
        name: &str,
        arguments: &[Expression],
    ) -> Evaluated {
        let mut values = self.items(arguments)?;
        let into = match values.first() {
            Some(Value::Reference(target)) if name != "read_cidr" => Some(target.clone()),
            _ => None,
        };
        if into.is_some() {
            values.remove(0);
        }
        let mut values = values.into_iter();
        let file = self.text(values.next().unwrap_or_default(), offset)?;
        let option = values.next();
        if file.is_empty() {
            return Err(self.error(offset, format!("{name} takes a file")).into());
        }
        let wrong = |error: &dyn std::fmt::Display| self.error(offset, format!("{name}: {error}"));
        if name == "read_text" {
            let text = self
                .world
                .read_text(Path::new(&file))
                .map_err(|error| wrong(&error))?;
            self.grow(offset, text.len())?;
            return Ok(Value::Scalar(text));
        }
        let as_hash = name == "read_hash"
            || matches!(&option, Some(Value::Map(_)))
            || matches!(&option, Some(Value::Reference(name)) if name.starts_with('%'));
        let function = match (name, as_hash) {
            ("read_hash", _) => "read_hash",
            ("read_array", _) => "read_array",
            ("read_cdb", _) => "read_cdb",
            (_, true) => "read_cidr_hash",
            _ => "read_cidr",
        };
        let table = table_file::open(function, &file, self.world).map_err(|error| wrong(&error))?;
        let Some(target) = into else {
            return Ok(Value::File(Arc::new(table)));
        };
        self.fill(offset, &target, &table)
    }

    /// Adds what a file holds to a setting.
    fn fill(&mut self, offset: usize, target: &str, table: &FileTable) -> Evaluated {
        let place = self.place(offset);
        let default = Self::default_of(target);
        let slot = self.config.slot(target, None, default, place)?;
        if let Value::File(known) = slot {
            *slot = known.value();
        }
        match (slot, table.value()) {
            (Value::Map(entries), Value::Map(new)) => entries.extend(new),
            (Value::List(items), Value::List(new)) => items.extend(new),
            (slot, new) => *slot = new,
        }
        Ok(Value::Reference(target.to_owned()))
    }

    /// `read_l10n_templates(folder)` or `read_l10n_templates(language, folder)`.
    pub(super) fn read_templates(&mut self, offset: usize, arguments: &[Expression]) -> Evaluated {
        let mut folder = PathBuf::new();
        // The language is the last part of the path.
        for value in self.items(arguments)?.into_iter().rev() {
            folder.push(self.text(value, offset)?);
        }
        let texts = templates::read(&folder, self.world)
            .map_err(|error| self.error(offset, format!("read_l10n_templates: {error}")))?;
        for (setting, text) in texts {
            self.grow(offset, text.len())?;
            self.config
                .set(setting, Value::Scalar(text), self.place(offset))?;
        }
        Ok(Value::text("1"))
    }
}
