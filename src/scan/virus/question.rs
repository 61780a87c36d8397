//! Scanners that are asked with a line about the folder with the parts.
//!
//! # Source
//! content.md 4.4 (simple, sophie, trophie, fpscand): `{}` is the folder; with `{}/*` each file is asked about on its own.

use super::{Found, ScanError, clamd, expected::judge, folder_of, room_for};
use crate::{
    config::scanner::{ScannerAddress, VirusScanner},
    scan::{contents::Contents, link::Link},
    sys::clock::Deadline,
};

pub(super) struct Question<'q> {
    pub(super) query: &'q str,
    pub(super) addresses: &'q [ScannerAddress],
    /// The connection stays open: an answer is one line.
    pub(super) is_line: bool,
}

pub(super) fn ask(
    scanner: &VirusScanner,
    question: &Question<'_>,
    contents: &Contents<'_>,
    deadline: Deadline,
) -> Result<Found, ScanError> {
    let folder = folder_of(contents)?;
    let mut found = Found::default();
    let mut link: Option<Link> = None;
    for (place, query) in queries(question.query, &folder, contents) {
        let mut open = match link.take() {
            Some(link) => link,
            None => Link::open(question.addresses, deadline, room_for(contents))?,
        };
        open.send(&[query.as_bytes()])?;
        let answer = if question.is_line {
            let line = open.line()?;
            link = Some(open);
            line
        } else {
            String::from_utf8_lossy(&open.until_closed()?).into_owned()
        };
        match judged(scanner, question, &place, &answer, &mut found) {
            Err(ScanError::MayNotRead(why)) => {
                // The same daemon takes contents over its socket, whatever its rights.
                let mut streamed = clamd::stream(question.addresses, contents, deadline)?;
                streamed.note = Some(format!(
                    "{} may not read {folder} ({why}): contents were streamed to it instead; add its user to our group, or use clamd: before its socket",
                    scanner.name
                ));
                return Ok(streamed);
            }
            result => result?,
        }
    }
    Ok(found)
}

fn judged(
    scanner: &VirusScanner,
    question: &Question<'_>,
    place: &str,
    answer: &str,
    found: &mut Found,
) -> Result<(), ScanError> {
    let before = found.infections.len();
    let is_clamd = ["CONTSCAN ", "MULTISCAN ", "ALLMATCHSCAN ", "SCAN "]
        .iter()
        .any(|command| {
            question
                .query
                .trim_start_matches(['n', 'z'])
                .starts_with(command)
        });
    let result = judge(scanner, place, answer, None, found);
    if is_clamd && found.infections.len() == before {
        // One that it could not read is not clean because others are.
        let lines = answer.split(['\n', '\0']);
        let mut lines = lines.map(str::trim_end);
        if let Some(line) = lines.find(|line| line.ends_with(" ERROR")) {
            let line: String = line.chars().take(200).collect();
            let is_right = [
                "ermission denied",
                "ccess denied",
                "lstat() failed",
                "Can't open",
            ];
            return Err(if is_right.iter().any(|words| line.contains(words)) {
                ScanError::MayNotRead(line)
            } else {
                ScanError::Strange(line)
            });
        }
    }
    result
}

/// What is asked, and about which part.
fn queries(query: &str, folder: &str, contents: &Contents<'_>) -> Vec<(String, String)> {
    if !query.contains("{}/*") {
        return vec![(String::new(), query.replace("{}", folder))];
    }
    let items = (0..contents.count()).map(|item| contents.name(item));
    items
        .map(|name| {
            let one = query.replace("{}/*", &format!("{folder}/{name}"));
            (name.to_owned(), one.replace("{}", folder))
        })
        .collect()
}
