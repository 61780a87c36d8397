//! Which tests are made of header sections, and where mail is kept.

use super::reader::Reader;
use crate::{config::value::Value, mime::header_check::Tests};

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
