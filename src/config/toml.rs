//! The native syntax: TOML with the settings' names in `snake_case`.

use std::collections::BTreeMap;

use ::toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    error::{ConfigError, ConfigErrors, Place},
    perl::World,
    raw::RawConfig,
    settings, special,
    value::Value,
};

/// A file, taken apart and not understood yet.
pub struct Document<'d> {
    file: &'d str,
    text: &'d str,
    table: Spanned<DeTable<'d>>,
}

impl<'d> Document<'d> {
    /// Takes `text`, the content of `file`, apart.
    ///
    /// # Errors
    /// A syntax error.
    pub fn parse(file: &'d str, text: &'d str) -> Result<Self, ConfigErrors> {
        let table = DeTable::parse(text).map_err(|error| {
            let offset = error.span().map_or(text.len(), |span| span.start);
            ConfigError::at(Place::at(file, text, offset), error.message().trim_end())
        })?;
        Ok(Self { file, text, table })
    }

    /// Files that are to be read before this one, with the place where each is named.
    ///
    /// # Errors
    /// If `include` is no list of texts.
    pub fn includes(&self) -> Result<Vec<(String, Place)>, ConfigErrors> {
        let Some(value) = self.table.get_ref().get("include") else {
            return Ok(Vec::new());
        };
        let place = |offset| Place::at(self.file, self.text, offset);
        let wrong = |offset| {
            let what = "include: expected a list of files";
            ConfigErrors::from(ConfigError::at(place(offset), what))
        };
        let DeValue::Array(items) = value.get_ref() else {
            return Err(wrong(value.span().start));
        };
        let files = items.iter().map(|item| match item.get_ref() {
            DeValue::String(file) => Ok((file.to_string(), place(item.span().start))),
            _ => Err(wrong(item.span().start)),
        });
        files.collect()
    }

    /// Reads the settings into `config`; `world` reads the files that tables name.
    ///
    /// # Errors
    /// Every unknown name and every value that is not understood.
    pub fn read(&self, config: &mut RawConfig, world: &dyn World) -> Result<(), ConfigErrors> {
        let mut errors = Vec::new();
        for (key, value) in self.table.get_ref() {
            let name = key.get_ref().as_ref();
            if name == "include" {
                continue;
            }
            let place = Place::at(self.file, self.text, key.span().start);
            let setter = Setter {
                document: self,
                world,
            };
            if let Err(error) = setter.set(name, value, &place, config) {
                errors.extend(error.0);
            }
        }
        errors.sort_by_key(|error| error.place.as_ref().map(|place| (place.line, place.column)));
        if errors.is_empty() {
            Ok(())
        } else {
            Err(ConfigErrors(errors))
        }
    }
}

/// Reads `text`, the content of `file`, into `config`: a file that includes no others.
///
/// # Errors
/// As [`Document`].
pub fn read(
    file: &str,
    text: &str,
    config: &mut RawConfig,
    world: &dyn World,
) -> Result<(), ConfigErrors> {
    let document = Document::parse(file, text)?;
    if let Some((_, place)) = document.includes()?.into_iter().next() {
        return Err(ConfigError::at(place, "include: no other files are read here").into());
    }
    document.read(config, world)
}

struct Setter<'s> {
    document: &'s Document<'s>,
    world: &'s dyn World,
}

impl Setter<'_> {
    fn set(
        &self,
        name: &str,
        value: &Spanned<DeValue<'_>>,
        place: &Place,
        config: &mut RawConfig,
    ) -> Result<(), ConfigErrors> {
        if name == "policy" {
            return self.set_banks(value, place, config);
        }
        let Some(perl) = settings::find_by_toml_name(name) else {
            let error = ConfigError::at(place.clone(), format!("unknown setting {name}"));
            let all: Vec<String> = all_names().collect();
            return Err(
                match settings::nearest_of(name, all.iter().map(String::as_str)) {
                    Some(nearest) => error.advise(format!("did you mean {nearest}?")).into(),
                    None => error.into(),
                },
            );
        };
        config.set(perl, self.convert(value)?, place.clone())
    }

    /// `[policy.NAME]`: the policy bank of that name.
    fn set_banks(
        &self,
        value: &Spanned<DeValue<'_>>,
        place: &Place,
        config: &mut RawConfig,
    ) -> Result<(), ConfigErrors> {
        let DeValue::Table(banks) = value.get_ref() else {
            let what = "policy: expected a table for each policy bank, such as [policy.MYNETS]";
            return Err(ConfigError::at(place.clone(), what).into());
        };
        for (name, bank) in banks {
            let place = &self.place(name.span().start);
            let name = name.get_ref().as_ref();
            let none = Value::Map(BTreeMap::new());
            let value = self.convert(bank)?;
            let slot = config.slot("%policy_bank", Some(name), none, place.clone())?;
            if let Value::Map(entries) = slot {
                entries.insert(name.to_owned(), value);
            }
        }
        Ok(())
    }

    fn place(&self, offset: usize) -> Place {
        Place::at(self.document.file, self.document.text, offset)
    }

    fn entries(&self, table: &DeTable<'_>) -> Result<BTreeMap<String, Value>, ConfigErrors> {
        let entries = table
            .iter()
            .map(|(key, value)| Ok((key.get_ref().to_string(), self.convert(value)?)));
        entries.collect()
    }

    fn convert(&self, value: &Spanned<DeValue<'_>>) -> Result<Value, ConfigErrors> {
        Ok(match value.get_ref() {
            DeValue::String(text) => Value::text(text.as_ref()),
            DeValue::Integer(number) => Value::text(integer(number.as_str(), number.radix())),
            DeValue::Float(number) => Value::text(number.as_str()),
            DeValue::Boolean(true) => Value::text("1"),
            DeValue::Boolean(false) => Value::text("0"),
            DeValue::Datetime(time) => Value::text(time.to_string()),
            DeValue::Array(items) => Value::List(
                items
                    .iter()
                    .map(|item| self.convert(item))
                    .collect::<Result<_, _>>()?,
            ),
            DeValue::Table(entries) => {
                // What is in `{ map = { ... } }` has no meaning of its own.
                if let (1, Some(inner)) = (entries.len(), entries.get("map"))
                    && let DeValue::Table(inner) = inner.get_ref()
                {
                    return Ok(Value::Map(self.entries(inner)?));
                }
                special::understand(self.entries(entries)?, self.world)
                    .map_err(|what| ConfigError::at(self.place(value.span().start), what))?
            }
        })
    }
}

fn all_names() -> impl Iterator<Item = String> {
    let without = super::original::WITHOUT_EFFECT
        .iter()
        .map(|perl| settings::toml_name(perl));
    settings::SETTINGS
        .iter()
        .map(|setting| setting.name.to_owned())
        .chain(without)
}

/// An integer as decimal text.
fn integer(digits: &str, radix: u32) -> String {
    let digits = digits.replace('_', "");
    i64::from_str_radix(&digits, radix).map_or(digits, |number| number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<RawConfig, String> {
        let mut config = RawConfig::default();
        read("f.toml", text, &mut config, &crate::config::perl::Nowhere)
            .map(|()| config)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn values_of_every_type_are_read() {
        let config = load(
            "max_servers = 5\nunix_socket_mode = 0o770\ndo_syslog = true\nlogfile = \"/x\"\n\
             inet_acl = [\"127.0.0.1\", \"10.0.0.0/8\"]\n[local_domains]\n\".example.com\" = 1\n[policy.A]\nx = 1\n",
        )
        .unwrap();
        let value = |name: &str| config.get(name).unwrap().value.clone();
        assert_eq!(value("$max_servers"), Value::text("5"));
        assert_eq!(value("$unix_socket_mode"), Value::text("504"));
        assert_eq!(value("$do_syslog"), Value::text("1"));
        assert_eq!(
            value("@inet_acl"),
            Value::List(vec![Value::text("127.0.0.1"), Value::text("10.0.0.0/8")])
        );
        assert!(matches!(value("%local_domains"), Value::Map(map) if map.len() == 1));
        assert!(matches!(value("%policy_bank"), Value::Map(map) if map.contains_key("A")));
    }

    #[test]
    fn every_error_names_its_place() {
        assert_eq!(
            load("max_server = 3\nfoo_bar_baz_qux = 1\n").unwrap_err(),
            "f.toml:1:1: unknown setting max_server (did you mean max_servers?)\nf.toml:2:1: unknown setting foo_bar_baz_qux"
        );
        let error = load("max_servers = \n").unwrap_err();
        assert!(error.starts_with("f.toml:1:15: "), "{error}");
        let error = load("max_servers = 1\nmax_servers = 2\n").unwrap_err();
        assert!(error.starts_with("f.toml:2:1: duplicate key"), "{error}");
    }
}
