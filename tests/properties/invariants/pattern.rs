//! Patterns in Perl's syntax.

use filterd::pattern::Pattern;

/// `text` is a pattern, a line end, flags, a line end, and what it is matched with. It is compiled or refused in one line; matching
/// ends; what is quoted matches itself.
pub fn check(text: &str) {
    let mut parts = text.splitn(3, '\n');
    let source = parts.next().unwrap_or_default();
    let flags = parts.next().unwrap_or_default();
    let subject = parts.next().unwrap_or_default();
    match Pattern::compile(source, flags) {
        Err(what) => assert!(!what.is_empty() && !what.contains('\n'), "{what:?}"),
        Ok(pattern) => {
            let found = pattern.is_match(subject);
            if let (Ok(found), Ok(captures)) = (found, pattern.captures(subject)) {
                assert_eq!(found, captures.is_some());
            }
        }
    }
    if !subject.contains('\\') && subject.len() < 1000 {
        let quoted = format!("\\A\\Q{subject}\\E\\z");
        let pattern =
            Pattern::compile(&quoted, "").unwrap_or_else(|what| panic!("{quoted}: {what}"));
        assert_eq!(pattern.is_match(subject), Ok(true), "{quoted:?}");
    }
}
