//! The readers of both configuration languages.

use filterd::config::{
    dump,
    error::ConfigErrors,
    perl::{self, Nowhere},
    raw::RawConfig,
    resolve::resolve,
    toml,
};

/// Whatever the text is, it is read or refused: a refusal says where, in a place that exists, in words that fit on a terminal.
/// What is read means the same in TOML.
pub fn check(text: &str) {
    let read = |config: &mut RawConfig| perl::read("a.conf", text, config, &Nowhere);
    look_at("a.conf", text, read);
}

/// The same for a text in TOML.
pub fn check_toml(text: &str) {
    let read = |config: &mut RawConfig| toml::read("a.toml", text, config, &Nowhere);
    look_at("a.toml", text, read);
}

fn look_at(file: &str, text: &str, read: impl Fn(&mut RawConfig) -> Result<(), ConfigErrors>) {
    let mut config = RawConfig::default();
    let Err(errors) = read(&mut config) else {
        check_resolved(file, text, &config);
        check_shown(&config);
        return;
    };
    check_places(file, text, &errors);
    // It says the same each time.
    let again = read(&mut RawConfig::default());
    assert_eq!(again.map_err(|errors| errors.0), Err(errors.0));
}

fn check_places(file: &str, text: &str, errors: &ConfigErrors) {
    assert!(!errors.0.is_empty(), "refused without a reason");
    for error in &errors.0 {
        assert!(!error.what.is_empty());
        let shown = error.to_string();
        assert!(
            !shown.chars().any(|c| c.is_control() && c != '\n'),
            "{shown:?}"
        );
        let Some(place) = &error.place else { continue };
        assert_eq!(place.file, file);
        let Some(line) = text.split('\n').nth(place.line.saturating_sub(1)) else {
            panic!("{shown}: there is no such line");
        };
        assert!(
            place.column <= line.chars().count() + 1,
            "{shown}: there is no such column"
        );
    }
}

fn check_resolved(file: &str, text: &str, config: &RawConfig) {
    if let Err(errors) = resolve(config) {
        check_places(file, text, &errors);
    }
}

/// What `config show` prints is read back as the same.
fn check_shown(config: &RawConfig) {
    let shown = dump::changed(config);
    let mut second = RawConfig::default();
    toml::read("b.toml", &shown, &mut second, &Nowhere)
        .unwrap_or_else(|errors| panic!("{errors}\n{shown}"));
    assert_eq!(dump::changed(&second), shown);
}
