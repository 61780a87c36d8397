//! DIAGNOSTICS of filterd(8) against the lines that the code can write.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::page::{Page, plain, root};

/// Folders of the code that write lines about what they do.
const WRITERS: [&str; 8] = [
    "release",
    "supervisor",
    "child",
    "session",
    "pipeline",
    "outbound",
    "deliver",
    "scan",
];

/// Lines whose text is put together elsewhere, with how they begin in the page.
const COMPOSED: [&str; 11] = [
    "virus scanners that are not installed",
    "ENGINE does not run in this daemon",
    "spam-tag, SENDER -> RECIPIENT",
    "PART: WORDS",
    "(!)decoder process PID was stopped: REASON",
    "PROTOCOL [ADDRESS]:PORT FOLDER: SENDER -> RECIPIENTS OPTIONS Received: VALUE",
    "(!!)not checked: internal error, not for the first time",
    "(!!)child PID ended by SIGNAL",
    "(!)no room for a message of N B in FOLDER: free some space, or lower spool_min_free",
    "(!!)FOLDER cannot be used: ERROR",
    "(!)N log lines were lost before this one",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The literals of `format_args!` in the code, tests left out.
fn literals() -> Vec<String> {
    let mut files = Vec::new();
    for writer in WRITERS {
        sources(&root().join("src").join(writer), &mut files);
    }
    let mut found = Vec::new();
    for file in files {
        let text = fs::read_to_string(file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        let places: Vec<&str> = code.split("format_args!(").collect();
        for pair in places.windows(2) {
            let &[before, rest] = pair else { continue };
            // A field of the message is no line of the log.
            if before.ends_with("field.put(") {
                continue;
            }
            let Some(rest) = rest.trim_start().strip_prefix('"') else {
                continue;
            };
            found.push(rest.split('"').next().unwrap().to_owned());
        }
    }
    found
}

/// What is constant in a literal: `"a {b} c"` gives `a` and `c`.
fn constants(literal: &str) -> Vec<String> {
    let mut parts = Vec::new();
    for part in literal.split('{') {
        let text = part.split_once('}').map_or(part, |(_, text)| text);
        parts.push(text.trim().to_owned());
    }
    parts.retain(|part| part.chars().any(char::is_alphabetic));
    parts
}

/// True if the parts are in the line, in their order.
fn fits(line: &str, parts: &[String]) -> bool {
    let mut rest = line;
    parts
        .iter()
        .all(|part| match rest.split_once(part.as_str()) {
            Some((_, after)) => {
                rest = after;
                true
            }
            None => false,
        })
}

#[test]
fn every_line_that_the_code_writes_is_explained() {
    let page = Page::read("filterd.8");
    let section = page.section("DIAGNOSTICS");
    let lines: Vec<String> = section
        .lines()
        .filter_map(|line| line.strip_prefix(".It \"")?.strip_suffix('"'))
        .map(plain)
        .collect();
    let mut used = vec![false; lines.len()];
    let literals = literals();
    assert!(literals.len() > 40, "{literals:?}");
    for literal in literals {
        let parts = constants(&literal);
        if parts.is_empty() {
            continue;
        }
        let at = lines.iter().position(|line| fits(line, &parts));
        let at = at.unwrap_or_else(|| panic!("{literal:?} is not in DIAGNOSTICS"));
        used[at] = true;
    }
    // And nothing is explained that is not written.
    for (line, is_used) in lines.iter().zip(used) {
        let is_composed = COMPOSED.iter().any(|head| line.starts_with(head));
        let is_warning = line == "(!)FILE:LINE:COLUMN: WARNING";
        let is_twin = ["cannot reopen the log", "PROTOCOL REJECT"]
            .iter()
            .any(|text| line.contains(text));
        assert!(
            is_used || is_composed || is_warning || is_twin,
            "nothing writes {line:?}"
        );
    }
}
