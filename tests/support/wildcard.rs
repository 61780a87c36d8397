//! Patterns with `*`.

/// True if `text` fits `pattern`, in which `*` stands for any text.
pub fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

#[test]
fn stars_stand_for_anything() {
    assert!(
        fits("a*c", "abc")
            && fits("a*c", "ac")
            && fits("*", "")
            && fits("a", "a")
            && fits("*b*d", "abcd")
    );
    assert!(!fits("a*c", "ab") && !fits("a", "ab") && !fits("ab*b", "ab"));
}
