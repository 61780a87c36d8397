//! Which tests are made of header sections, and where mail is kept.

use std::collections::BTreeMap;

use super::reader::Reader;
use crate::{
    config::{error::ConfigError, value::Value},
    mail::decision::Destiny,
    mime::header_check::Tests,
};

const TESTS: &str = "%allowed_header_tests";

/// `%allowed_header_tests`: what the table does not name is not made; without the table, the defaults hold.
pub(super) fn header_tests(reader: &mut Reader<'_>) -> Tests {
    let value = reader.value(TESTS);
    let Value::Map(entries) = &value else {
        return Tests::default();
    };
    let mut tests = Tests::none();
    for (name, value) in entries {
        if !tests.set(name, value.is_true()) {
            reader.complain(TESTS, format!("{name:?} is no test of header sections"));
        }
    }
    tests
}

const DESTINIES: &str = "%final_destiny_maps_by_ccat";

/// `%final_destiny_maps_by_ccat`, as far as it is the same for everybody.
pub(super) fn destinies(
    reader: &mut Reader<'_>,
    warnings: &mut Vec<ConfigError>,
) -> BTreeMap<String, Destiny> {
    let mut found = BTreeMap::new();
    let Value::Map(entries) = reader.value(DESTINIES) else {
        return found;
    };
    for (key, value) in entries {
        let value = match value {
            Value::Reference(name) => reader.value(&name),
            value => value,
        };
        let destiny = value.as_text().and_then(|text| {
            let number = text.parse().ok().and_then(Destiny::from_number);
            number.or_else(|| Destiny::from_name(text))
        });
        match (destiny, &value) {
            (Some(destiny), _) => {
                found.insert(key, destiny);
            }
            (None, Value::Undef) => {}
            (None, Value::Scalar(text)) => {
                reader.complain(DESTINIES, format!("{text:?} is no destiny"));
            }
            (None, _) => {
                let what = format!("the entry {key:?} has no effect: it is a {}", value.kind());
                let error = reader.at(DESTINIES, what);
                warnings.push(
                    error.advise("give one destiny for all, and name recipients in *_lovers_maps"),
                );
            }
        }
    }
    found
}
