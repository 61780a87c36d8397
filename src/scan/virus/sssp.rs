//! Sophos' savdid.
//!
//! # Source
//! content.md 4.4 (sssp): greeting, one request about the folder, an answer that ends with an empty line.

use super::{Found, LONGEST_ANSWER, ScanError, folder_of};
use crate::{
    config::scanner::{ScannerAddress, VirusScanner},
    scan::{contents::Contents, link::Link},
    sys::clock::Deadline,
};

pub(super) fn ask(
    scanner: &VirusScanner,
    addresses: &[ScannerAddress],
    contents: &Contents<'_>,
    deadline: Deadline,
) -> Result<Found, ScanError> {
    let folder = folder_of(contents)?;
    let mut link = Link::open(addresses, deadline, LONGEST_ANSWER)?;
    let greeting = link.line()?;
    if !greeting.starts_with("OK SSSP/") {
        return Err(ScanError::Strange(greeting));
    }
    link.send(&[format!("SSSP/1.0 SCANDIRR {folder}\r\n").as_bytes()])?;
    let accepted = link.line()?;
    if !accepted.starts_with("ACC ") {
        return Err(ScanError::Strange(accepted));
    }
    let mut answer = String::new();
    loop {
        let line = link.line()?;
        if line.is_empty() {
            break;
        }
        answer.push_str(&line);
        answer.push('\n');
    }
    // It closes at the end in any case.
    let _sent = link.send(&[b"BYE\r\n"]);
    judge(scanner, &answer)
}

/// The configuration's patterns, or what the protocol says.
fn judge(scanner: &VirusScanner, answer: &str) -> Result<Found, ScanError> {
    let mut found = Found::default();
    if scanner.clean.pattern.is_some() {
        super::expected::judge(scanner, "", answer, None, &mut found)?;
        return Ok(found);
    }
    let mut is_done = false;
    for line in answer.lines() {
        if let Some(rest) = line.strip_prefix("VIRUS ") {
            found.add("", rest.split(' ').next().unwrap_or_default());
        } else if line.starts_with("DONE OK 0000") || line.starts_with("DONE OK 0203") {
            is_done = true;
        } else if line.starts_with("DONE FAIL") || line.starts_with("FAIL") {
            return Err(ScanError::Strange(line.to_owned()));
        }
    }
    if is_done || !found.infections.is_empty() {
        Ok(found)
    } else {
        Err(ScanError::Strange(answer.chars().take(200).collect()))
    }
}
