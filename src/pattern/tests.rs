use super::*;

fn matches(source: &str, flags: &str, text: &str) -> bool {
    Pattern::compile(source, flags)
        .unwrap_or_else(|error| panic!("{source}: {error}"))
        .is_match(text)
        .unwrap()
}

/// What Perl says, by line: pattern, flags, text (with `\n`, `\r`, `\t`, `\\`), and 1 or 0.
#[test]
fn matches_as_perl_does() {
    let table = include_str!("as_perl.txt");
    let mut cases = 0;
    for line in table
        .lines()
        .filter(|line| !line.starts_with("# ") && !line.is_empty())
    {
        let fields: Vec<&str> = line.split('\t').collect();
        let [source, flags, text, want] = fields[..] else {
            panic!("{line}");
        };
        let source = source.replace("<NL>", "\n");
        let text = text
            .replace("<NL>", "\n")
            .replace("<CR>", "\r")
            .replace("<TAB>", "\t");
        assert_eq!(matches(&source, flags, &text), want == "1", "{line}");
        cases += 1;
    }
    assert!(cases > 80, "{cases}");
}

#[test]
fn what_is_not_understood_is_named() {
    for (source, flags, want) in [
        ("a(?R)b", "", "recursion in a pattern is not understood"),
        ("(?1)", "", "recursion in a pattern is not understood"),
        ("(?|a|b)", "", "(?|...) in a pattern is not understood"),
        ("(*SKIP)a", "", "(*VERB) in a pattern is not understood"),
        ("(?{ die })", "", "code in a pattern is not run"),
        ("(??{ $x })", "", "code in a pattern is not run"),
        ("a\\", "", "the pattern ends in a backslash"),
        ("[a-", "", "a class of the pattern is not ended"),
        ("(?i", "", "a group of the pattern is not ended"),
        ("a", "e", "the flag e of a pattern is not understood"),
        ("\\Ca", "", "\\C in a pattern is not understood"),
    ] {
        assert_eq!(
            Pattern::compile(source, flags).unwrap_err(),
            want,
            "{source}"
        );
    }
    for source in ["(a", "a)", "*a", "\\p{Nonsense}", "(?<n"] {
        let error = Pattern::compile(source, "").unwrap_err();
        assert!(
            !error.is_empty() && !error.contains('\n'),
            "{source}: {error:?}"
        );
    }
    assert!(Pattern::compile("((a{900}){900}){900}", "").is_err());
}

#[test]
fn groups_and_limits() {
    let pattern = Pattern::compile("^(a)|(b)$", "i").unwrap();
    assert_eq!(
        pattern.captures("xB").unwrap().unwrap(),
        [Some("B"), None, Some("B")]
    );
    assert_eq!(pattern.captures("x").unwrap(), None);
    assert_eq!(format!("{pattern:?}"), "qr/^(a)|(b)$/i");
    let slow = Pattern::compile("^((a|aa)+)+(?!x)\\1x$", "").unwrap();
    let text = format!("{}!", "a".repeat(40));
    assert_eq!(slow.is_match(&text), Err(TooManySteps));
    let ahead = Pattern::compile("o(?=k)", "").unwrap();
    assert_eq!(ahead.find_from("ok ok", 1), Ok(Some((3, 4))));
}
