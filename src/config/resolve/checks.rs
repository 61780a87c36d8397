//! Which tests are made of header sections, and where mail is kept.

use std::collections::BTreeMap;

use super::reader::Reader;
use crate::{
    config::{error::ConfigError, settled::QuarantineConfig, value::Value},
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

/// Where mail is kept.
pub(super) fn quarantine(
    reader: &mut Reader<'_>,
    warnings: &mut Vec<ConfigError>,
) -> QuarantineConfig {
    let mut template =
        |reader: &mut Reader<'_>, name: &str, kind: &str| template(reader, name, kind, warnings);
    QuarantineConfig {
        folder: reader.path("$QUARANTINEDIR"),
        has_folders: reader
            .optional_number("$quarantine_subdir_levels")
            .is_some_and(|levels| levels > 0),
        virus: template(reader, "$virus_quarantine_method", "virus"),
        spam: template(reader, "$spam_quarantine_method", "spam"),
        banned: template(reader, "$banned_files_quarantine_method", "banned"),
        bad_header: template(reader, "$bad_header_quarantine_method", "badh"),
        unchecked: template(reader, "$unchecked_quarantine_method", "unchecked"),
    }
}

/// The names of files that a method `local:` gives.
fn template(
    reader: &mut Reader<'_>,
    name: &str,
    kind: &str,
    warnings: &mut Vec<ConfigError>,
) -> Option<String> {
    let method = reader.optional_text(name)?;
    let usual = format!("{kind}-%m");
    let Some(template) = method.strip_prefix("local:") else {
        let what = format!("{method:?} is not there yet: mail is kept in $QUARANTINEDIR instead");
        warnings.push(
            reader
                .at(name, what)
                .advise("use local:, and see that $QUARANTINEDIR is set"),
        );
        return Some(usual);
    };
    let template = if template.is_empty() {
        usual.as_str()
    } else {
        template
    };
    let is_plain = template
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '%' | '-' | '_' | '.' | '+' | '/'));
    let is_inside = !template.starts_with('/') && template.split('/').all(|part| part != "..");
    if !is_plain || !is_inside {
        reader.complain(
            name,
            format!("{template:?} is no name of a file below $QUARANTINEDIR"),
        );
        return None;
    }
    if !template.contains("%m") {
        let what = format!("{template:?} is the same for every message: put %m into it");
        reader.complain(name, what);
        return None;
    }
    Some(template.to_owned())
}
