//! The macro language, and what notices make of it.

use filterd::{
    notify::text::Text,
    template::{Macros, Template, Value, expand},
};

/// A few macros; `%e` holds signs of the language, which must come out as they are.
struct Few;

impl Macros for Few {
    fn value(&self, name: &str, arguments: &[String]) -> Option<Value> {
        Some(match name {
            "s" => "<a@b>".into(),
            "R" => vec!["<c@d>".to_owned(), "<e@f>".to_owned()].into(),
            "e" => "[:s]%s|]#[?".into(),
            "n" => Vec::new().into(),
            "join_all" => arguments.concat().into(),
            _ => return None,
        })
    }
}

/// Any text is a template; it ends, within bounds; what comes of it is a notice whose header section holds one field a line.
pub fn check(text: &str) {
    let result = expand(&Template::read(text), &Few);
    assert!(result.len() <= 1 << 20, "{} octets", result.len());
    if !text.contains(['[', ']', '|', '#', '%', '\\', '_', '"']) {
        assert_eq!(result, text);
    }
    let notice = Text::read(&result);
    let header = notice.header(&[("From", "me <m@x>")]);
    for line in header.split_terminator("\r\n") {
        assert!(!line.contains(['\r', '\n']), "{header:?}");
        let is_field = line.split_once(':').is_some_and(|(name, _)| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic())
        });
        assert!(is_field || line.starts_with(' '), "{line:?}");
    }
    let part = notice.part();
    assert!(!part.replace("\r\n", "").contains('\n'));
    assert!(part.split("\r\n").all(|line| line.len() <= 998));
    assert!(part.is_ascii());
}
