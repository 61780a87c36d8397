//! The native syntax: TOML with the settings' names in `snake_case`.

use ::toml::{
    Spanned,
    de::{DeArray, DeTable, DeValue},
};

use super::{
    error::{ConfigError, ConfigErrors, Place},
    raw::RawConfig,
    settings,
    value::Value,
};

/// Reads `text`, the content of `file`, into `config`.
///
/// # Errors
/// A syntax error, or every unknown name.
pub fn read(file: &str, text: &str, config: &mut RawConfig) -> Result<(), ConfigErrors> {
    let table = DeTable::parse(text).map_err(|error| {
        let offset = error.span().map_or(text.len(), |span| span.start);
        ConfigError::at(Place::at(file, text, offset), error.message().trim_end())
    })?;
    let mut errors = Vec::new();
    for (key, value) in table.get_ref() {
        let place = Place::at(file, text, key.span().start);
        if let Err(error) = set(key.get_ref(), value, &place, config) {
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

fn set(
    name: &str,
    value: &Spanned<DeValue<'_>>,
    place: &Place,
    config: &mut RawConfig,
) -> Result<(), ConfigErrors> {
    if name == "policy" {
        return set_banks(value, place, config);
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
    config.set(perl, convert(value.get_ref()), place.clone())
}

/// `[policy.NAME]`: the policy bank of that name.
fn set_banks(
    value: &Spanned<DeValue<'_>>,
    place: &Place,
    config: &mut RawConfig,
) -> Result<(), ConfigErrors> {
    let DeValue::Table(banks) = value.get_ref() else {
        let what = "policy: expected a table for each policy bank, such as [policy.MYNETS]";
        return Err(ConfigError::at(place.clone(), what).into());
    };
    for (name, bank) in banks {
        let name = name.get_ref().as_ref();
        let none = Value::Map(std::collections::BTreeMap::new());
        let slot = config.slot("%policy_bank", Some(name), none, place.clone())?;
        if let Value::Map(entries) = slot {
            entries.insert(name.to_owned(), convert(bank.get_ref()));
        }
    }
    Ok(())
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

fn convert(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::text(text.as_ref()),
        DeValue::Integer(number) => Value::text(integer(number.as_str(), number.radix())),
        DeValue::Float(number) => Value::text(number.as_str()),
        DeValue::Boolean(true) => Value::text("1"),
        DeValue::Boolean(false) => Value::text("0"),
        DeValue::Datetime(time) => Value::text(time.to_string()),
        DeValue::Array(items) => array(items),
        DeValue::Table(entries) => Value::Map(
            entries
                .iter()
                .map(|(key, value)| (key.get_ref().to_string(), convert(value.get_ref())))
                .collect(),
        ),
    }
}

/// An integer as decimal text.
fn integer(digits: &str, radix: u32) -> String {
    let digits = digits.replace('_', "");
    i64::from_str_radix(&digits, radix).map_or(digits, |number| number.to_string())
}

fn array(items: &DeArray<'_>) -> Value {
    Value::List(items.iter().map(|item| convert(item.get_ref())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<RawConfig, String> {
        let mut config = RawConfig::default();
        read("f.toml", text, &mut config)
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
