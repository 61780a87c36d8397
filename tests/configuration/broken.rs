//! Broken configurations: each is refused with its message, at its line and column.

use std::fs;

use filterd::config::{error::ConfigErrors, perl, raw::RawConfig, resolve::resolve, toml};

use crate::world::{Files, folder};

/// One broken configuration.
struct Case {
    class: String,
    syntax: String,
    text: String,
    /// The lines of the message; `F` is the file.
    message: String,
}

/// Cases are `=== CLASS SYNTAX`, the text, `---`, the message.
fn cases() -> Vec<Case> {
    let table = fs::read_to_string(folder().join("broken.txt")).unwrap();
    let cases = table.split("=== ").skip(1).map(|case| {
        let (head, rest) = case.split_once('\n').unwrap();
        let (class, syntax) = head.split_once(' ').unwrap();
        let (text, message) = rest.split_once("---\n").unwrap_or((rest, ""));
        Case {
            class: class.to_owned(),
            syntax: syntax.to_owned(),
            text: text.to_owned(),
            message: message.trim_end().to_owned(),
        }
    });
    cases.collect()
}

fn load(case: &Case) -> Result<(), ConfigErrors> {
    let mut raw = RawConfig::default();
    if case.syntax == "toml" {
        toml::read("F.toml", &case.text, &mut raw, &Files)?;
    } else {
        perl::read("F", &case.text, &mut raw, &Files)?;
    }
    resolve(&raw).map(drop)
}

/// With `UPDATE_GOLDEN=1` the messages are written anew, to be looked at.
#[test]
fn every_broken_configuration_is_refused_with_its_message() {
    let cases = cases();
    let mut updated = String::new();
    for case in &cases {
        let message = match load(case) {
            Ok(()) => panic!("accepted: {}", case.text),
            Err(errors) => errors.to_string(),
        };
        updated.push_str(&format!(
            "=== {} {}\n{}---\n{message}\n",
            case.class, case.syntax, case.text
        ));
        if std::env::var_os("UPDATE_GOLDEN").is_none() {
            assert_eq!(message, case.message, "{}", case.text);
        }
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(folder().join("broken.txt"), updated).unwrap();
    }
    assert!(cases.len() >= 60, "{}", cases.len());
    for class in [
        "lexer", "syntax", "type", "unit", "name", "pattern", "path", "include", "method", "bank",
    ] {
        let count = cases.iter().filter(|case| case.class == class).count();
        assert!(count >= 5, "{class}: {count}");
    }
}
