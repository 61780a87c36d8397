//! Functions that a configuration may call.
//!
//! # Source
//! daemon.md 8.3.

mod containers;
mod texts;

use super::{super::syntax::Expression, CONSTANTS, ConfigErrors, Evaluated, Evaluator, Value};
use crate::config::settings;

/// Functions of this file, for the advice when a name is not known.
const NAMES: &[&str] = &[
    "new_RE",
    "undef",
    "chomp",
    "lc",
    "uc",
    "lcfirst",
    "ucfirst",
    "length",
    "int",
    "abs",
    "defined",
    "exists",
    "delete",
    "scalar",
    "keys",
    "values",
    "push",
    "unshift",
    "pop",
    "shift",
    "reverse",
    "join",
    "split",
    "sprintf",
    "die",
    "warn",
    "c",
    "cr",
    "ca",
    "Opaque",
    "OpaqueRef",
    "read_hash",
    "read_array",
    "read_cidr",
    "read_cdb",
    "read_text",
    "read_l10n_templates",
    "include_config_files",
    "include_optional_config_files",
    "do",
    "dkim_key",
    "idn_to_ascii",
    "idn_to_utf8",
    "mail_idn_to_ascii",
    "map",
    "grep",
    "sort",
];

/// Lookup objects: kept as they are named.
const OBJECTS: &[&str] = &[
    "Opaque",
    "OpaqueRef",
    "q_dns_a",
    "q_sql_s",
    "q_sql_n",
    "q_sql_b",
    "q_ldap_s",
    "q_ldap_n",
    "q_ldap_b",
];

/// True for functions whose result is several values.
pub(super) fn gives_a_list(name: &str) -> bool {
    matches!(
        name,
        "keys" | "values" | "reverse" | "split" | "push" | "unshift" | "delete"
    )
}

impl Evaluator<'_> {
    /// Calls a function; `as_list` is true where a list is wanted.
    pub(super) fn call(
        &mut self,
        offset: usize,
        name: &str,
        arguments: &[Expression],
        as_list: bool,
    ) -> Evaluated {
        if let Some((_, value)) = CONSTANTS.iter().find(|(constant, _)| *constant == name)
            && arguments.is_empty()
        {
            return Ok(Value::text(*value));
        }
        if OBJECTS.contains(&name) {
            let mut values = self.items(arguments)?;
            if name == "OpaqueRef" {
                values = vec![self.followed(offset, values.pop().unwrap_or_default())?];
            }
            let name = if name == "OpaqueRef" { "Opaque" } else { name };
            return Ok(Value::Object(name.to_owned(), values));
        }
        match name {
            "new_RE" => Ok(Value::PatternTable(self.items(arguments)?)),
            "lc" | "uc" | "lcfirst" | "ucfirst" | "length" | "int" | "abs" | "idn_to_ascii"
            | "idn_to_utf8" | "mail_idn_to_ascii" => self.simple(offset, name, arguments),
            "chomp" => self.chomp(offset, arguments),
            "defined" => self.defined(offset, arguments),
            "exists" => self.exists(offset, arguments),
            "delete" => self.delete(offset, arguments),
            "scalar" => self.scalar(self.only(offset, name, arguments)?),
            "keys" | "values" => self.keys(offset, name, arguments, as_list),
            "push" | "unshift" => self.push(offset, name, arguments),
            "pop" | "shift" => self.pop(offset, name, arguments),
            "reverse" => {
                let mut values = self.items(arguments)?;
                values.reverse();
                Ok(Value::List(values))
            }
            "join" => self.join(offset, arguments),
            "split" => self.split(offset, arguments),
            "sprintf" => self.sprintf(offset, arguments),
            "die" | "warn" => self.say(offset, name, arguments),
            "c" | "cr" | "ca" => {
                let setting = self.text_of(self.only(offset, name, arguments)?)?;
                let sigil = if name == "ca" { '@' } else { '$' };
                let value = self.variable(offset, &format!("{sigil}{setting}"))?;
                self.followed(offset, value)
            }
            "read_hash" | "read_array" | "read_cidr" | "read_cdb" | "read_text" => {
                self.read_table(offset, name, arguments)
            }
            "read_l10n_templates" => self.read_templates(offset, arguments),
            "include_config_files" | "include_optional_config_files" | "do" | "require" => {
                self.include(offset, name, arguments)
            }
            "dkim_key" => self.dkim_key(offset, arguments),
            _ => Err(self.unknown(offset, name)),
        }
    }

    fn unknown(&self, offset: usize, name: &str) -> ConfigErrors {
        let known = CONSTANTS.iter().map(|(constant, _)| *constant);
        let known = known
            .chain(NAMES.iter().copied())
            .chain(OBJECTS.iter().copied());
        let error = self.error(offset, format!("{name} is beyond what is understood"));
        match settings::nearest_of(name, known) {
            Some(nearest) => error.advise(format!("did you mean {nearest}?")).into(),
            None => error.into(),
        }
    }

    fn only<'x>(
        &self,
        offset: usize,
        name: &str,
        arguments: &'x [Expression],
    ) -> Result<&'x Expression, ConfigErrors> {
        match arguments {
            [only] => Ok(only),
            _ => Err(self.error(offset, format!("{name} takes one value")).into()),
        }
    }

    /// `die` and `warn`: what the author of the file wants to be told.
    fn say(&mut self, offset: usize, name: &str, arguments: &[Expression]) -> Evaluated {
        let mut text = String::new();
        for value in self.items(arguments)? {
            text.push_str(&self.text(value, offset)?);
        }
        let error = self.error(offset, text.trim_end());
        if name == "die" {
            return Err(error.into());
        }
        self.config.warnings.push(error);
        Ok(Value::text("1"))
    }

    /// `dkim_key(domain, selector, file, options)`: kept until mail is signed.
    fn dkim_key(&mut self, offset: usize, arguments: &[Expression]) -> Evaluated {
        let values = self.items(arguments)?;
        if values.len() < 3 {
            let what = "dkim_key takes a domain, a selector and a file";
            return Err(self.error(offset, what).into());
        }
        let mut values = values.into_iter();
        let mut key = std::collections::BTreeMap::new();
        for name in ["domain", "selector", "file"] {
            key.insert(name.to_owned(), values.next().unwrap_or_default());
        }
        if let Value::Map(options) = self.pairs(offset, values.collect())? {
            key.extend(options);
        }
        let place = self.place(offset);
        let none = Value::List(Vec::new());
        if let Value::List(keys) = self
            .config
            .slot("@dkim_signing_keys_list", None, none, place)?
        {
            let is_same = |known: &Value| match known {
                Value::Map(known) => ["domain", "selector"]
                    .iter()
                    .all(|name| known.get(*name) == key.get(*name)),
                _ => false,
            };
            if keys.iter().any(is_same) {
                let what = "dkim_key: domain and selector have a key already";
                return Err(self.error(offset, what).into());
            }
            keys.push(Value::Map(key));
        }
        Ok(Value::text("1"))
    }
}
