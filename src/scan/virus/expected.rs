//! What an answer means, by the patterns and statuses of the configuration.
//!
//! # Source
//! content.md 4.1: infected is asked before clean; neither is no verdict.

use super::{Found, ScanError};
use crate::{
    config::scanner::{Expected, VirusScanner},
    pattern::Pattern,
};

/// Judges what a scanner said about `place`.
pub(super) fn judge(
    scanner: &VirusScanner,
    place: &str,
    answer: &str,
    status: Option<i32>,
    found: &mut Found,
) -> Result<(), ScanError> {
    if holds(&scanner.infected, answer, status) {
        let names = names(scanner.names.as_ref(), answer);
        if names.is_empty() {
            found.add(place, "");
        }
        for name in names {
            found.add(place, &name);
        }
        return Ok(());
    }
    if holds(&scanner.clean, answer, status) {
        return Ok(());
    }
    let answer: String = answer.trim().chars().take(200).collect();
    Err(match status {
        Some(status) => ScanError::Program(format!(
            "exit status {status} means neither clean nor infected; it said {answer:?}"
        )),
        None => ScanError::Strange(answer),
    })
}

/// Statuses and a pattern must both hold, if both are given; nothing given never holds.
fn holds(expected: &Expected, answer: &str, status: Option<i32>) -> bool {
    let by_status = match status {
        Some(status) if !expected.statuses.is_empty() => Some(expected.statuses.contains(&status)),
        _ => None,
    };
    let by_pattern = expected
        .pattern
        .as_ref()
        .map(|pattern| pattern.is_match(answer).unwrap_or(false));
    match (by_status, by_pattern) {
        (None, None) => false,
        (status, pattern) => status.unwrap_or(true) && pattern.unwrap_or(true),
    }
}

/// All names, in order, each once: the first group, or the whole match.
fn names(pattern: Option<&Pattern>, answer: &str) -> Vec<String> {
    const MOST: usize = 100;
    let mut names: Vec<String> = Vec::new();
    let Some(pattern) = pattern else {
        return names;
    };
    let mut from = 0;
    while names.len() < MOST {
        let Ok(Some((begin, end))) = pattern.find_from(answer, from) else {
            break;
        };
        let rest = answer.get(begin..).unwrap_or_default();
        if let Ok(Some(groups)) = pattern.captures(rest) {
            let name = groups.iter().skip(1).flatten().next();
            let name = name.or(groups.first().and_then(Option::as_ref));
            if let Some(name) = name.map(|name| name.trim().to_owned())
                && !name.is_empty()
                && !names.contains(&name)
            {
                names.push(name);
            }
        }
        // An empty match must not stop us.
        from = if end > begin { end } else { next(answer, end) };
        if from > answer.len() {
            break;
        }
    }
    names
}

fn next(text: &str, at: usize) -> usize {
    let step = text.get(at..).and_then(|rest| rest.chars().next());
    at + step.map_or(1, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::scanner::VirusProtocol;

    fn clamd() -> VirusScanner {
        let pattern = |source: &str| Some(Pattern::compile(source, "m").unwrap());
        VirusScanner {
            name: "ClamAV-clamd".to_owned(),
            how: VirusProtocol::TestPatterns,
            clean: Expected {
                statuses: vec![],
                pattern: pattern(r"\bOK$"),
            },
            infected: Expected {
                statuses: vec![],
                pattern: pattern(r"\bFOUND$"),
            },
            names: pattern(r"^.*?: (?!Infected Archive)(.*) FOUND$"),
        }
    }

    #[test]
    fn answers_are_read_as_the_patterns_say() {
        let judged = |answer: &str| {
            let mut found = Found::default();
            judge(&clamd(), "", answer, None, &mut found).map(|()| {
                let names = found.infections.into_iter().map(|found| found.name);
                names.collect::<Vec<_>>()
            })
        };
        assert_eq!(judged("/x/parts: OK\n").unwrap(), [""; 0]);
        let two = "/x/p1: Eicar FOUND\n/x/p2: Win.Bad-1 FOUND\n/x/p3: Eicar FOUND\n";
        assert_eq!(judged(two).unwrap(), ["Eicar", "Win.Bad-1"]);
        assert_eq!(judged("x: Infected Archive FOUND\n").unwrap(), [""]);
        assert!(judged("/x/p1: Eicar FOUND\n/x/p2: lstat() failed. ERROR\n").is_ok());
        assert!(judged("/x/parts: lstat() failed: Permission denied. ERROR\n").is_err());
        assert!(judged("").is_err());
    }

    #[test]
    fn statuses_and_patterns_hold_together() {
        let expected = Expected {
            statuses: vec![1, 2],
            pattern: Some(Pattern::compile("virus", "").unwrap()),
        };
        assert!(holds(&expected, "a virus", Some(2)));
        assert!(!holds(&expected, "a virus", Some(3)));
        assert!(!holds(&expected, "nothing", Some(2)));
        assert!(!holds(&Expected::default(), "anything", Some(0)));
    }
}
