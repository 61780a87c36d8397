//! The reader of the original's configuration language.

use filterd::config::{perl, raw::RawConfig};

/// Whatever the text is, it is read or refused: a refusal says where, in a place that exists, in words that fit on a terminal.
pub fn check(text: &str) {
    let mut config = RawConfig::default();
    let Err(errors) = perl::read("a.conf", text, &mut config, &perl::Nowhere) else {
        return;
    };
    assert!(!errors.0.is_empty(), "refused without a reason");
    for error in &errors.0 {
        assert!(!error.what.is_empty());
        let shown = error.to_string();
        assert!(
            !shown.chars().any(|c| c.is_control() && c != '\n'),
            "{shown:?}"
        );
        let Some(place) = &error.place else { continue };
        assert_eq!(place.file, "a.conf");
        let Some(line) = text.split('\n').nth(place.line.saturating_sub(1)) else {
            panic!("{shown}: there is no such line");
        };
        assert!(
            place.column <= line.chars().count() + 1,
            "{shown}: there is no such column"
        );
    }
    // It says the same each time.
    let again = perl::read("a.conf", text, &mut RawConfig::default(), &perl::Nowhere);
    assert_eq!(again.map_err(|errors| errors.0), Err(errors.0));
}
