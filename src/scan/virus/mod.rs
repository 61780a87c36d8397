//! Virus scanners.

mod clamd;
mod expected;
mod mail;
mod patterns;
mod program;
mod question;
mod savapi;
mod select;
mod sssp;

pub(super) use patterns::test_file;
pub use select::{Scanned, Selection, names, run};

use super::{contents::Contents, failure::ScanError};
use crate::{
    config::scanner::{VirusProtocol, VirusScanner},
    sys::clock::Deadline,
};

/// What a virus scanner found; there is no default.
#[derive(Debug)]
pub enum ScanResult {
    /// Nothing, in anything.
    Clean,
    /// Something.
    Infected(Vec<Infection>),
    /// It gave no verdict: whether there is something is not known.
    Failed(ScanError),
}

/// One thing that was found.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Infection {
    /// Where: `p002`; empty if the scanner did not say.
    pub place: String,
    /// What, as the scanner calls it.
    pub name: String,
}

/// The word that health and log use.
pub(super) const KIND: &str = "virus";
/// Longest answer that is read, octets.
const LONGEST_ANSWER: usize = 200_000;
/// Octets of an answer about one content.
const LONGEST_LINE: usize = 1024;

/// Octets that answers about all contents may take, where each has its own.
fn room_for(contents: &Contents<'_>) -> usize {
    LONGEST_ANSWER + contents.count() * LONGEST_LINE
}

/// Names that are kept.
const MOST_NAMES: usize = 100;

/// Asks one scanner.
pub(super) fn ask(
    scanner: &VirusScanner,
    contents: &Contents<'_>,
    deadline: Deadline,
) -> Result<Found, ScanError> {
    match &scanner.how {
        VirusProtocol::ClamdStream(addresses) => clamd::stream(addresses, contents, deadline),
        VirusProtocol::ClamdDescriptor(addresses) => {
            clamd::descriptor(addresses, contents, deadline)
        }
        VirusProtocol::Question {
            query,
            addresses,
            is_line,
            descriptors,
        } => {
            if clamd::takes_descriptors(descriptors, addresses, deadline) {
                return clamd::descriptor(addresses, contents, deadline);
            }
            let question = question::Question {
                query,
                addresses,
                is_line: *is_line,
            };
            question::ask(scanner, &question, contents, deadline)
        }
        VirusProtocol::Sssp(addresses) => sssp::ask(scanner, addresses, contents, deadline),
        VirusProtocol::Savapi(addresses, product) => {
            savapi::ask(scanner, addresses, product, contents, deadline)
        }
        VirusProtocol::Mail(addresses, is_lmtp) => {
            mail::ask(scanner, addresses, *is_lmtp, contents, deadline)
        }
        VirusProtocol::Program(program) => program::ask(scanner, program, contents, deadline),
        VirusProtocol::Unknown(why) => Err(ScanError::Program(why.clone())),
        VirusProtocol::TestPatterns => Ok(patterns::look(contents)),
    }
}

/// True if it reads the parts from a folder; whether clamd does is found out now.
#[must_use]
pub fn needs_folder(scanner: &VirusScanner, deadline: Deadline) -> bool {
    let reads_descriptors = match &scanner.how {
        VirusProtocol::Question {
            descriptors,
            addresses,
            ..
        } => clamd::takes_descriptors(descriptors, addresses, deadline),
        _ => false,
    };
    is_there(scanner) && scanner.how.needs_folder() && !reads_descriptors
}

/// False for what is configured, but not installed, or known to nobody here: it is not asked.
pub(super) fn is_there(scanner: &VirusScanner) -> bool {
    match &scanner.how {
        VirusProtocol::Program(program) => super::program::file_of(program).is_some(),
        VirusProtocol::Unknown(_) => false,
        _ => true,
    }
}

/// The folder that holds the parts as files.
fn folder_of(contents: &Contents<'_>) -> Result<String, ScanError> {
    let folder = contents.folder();
    let folder =
        folder.ok_or_else(|| ScanError::Program("there is no folder with the parts".to_owned()))?;
    Ok(folder.display().to_string())
}

/// What a scanner that answered has found: nothing is clean.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) infections: Vec<Infection>,
    /// What it did not take, in words: it was not looked at.
    left_out: Option<String>,
    /// Worth telling.
    pub(super) note: Option<String>,
}

impl Found {
    fn add(&mut self, place: &str, name: &str) {
        let name = crate::mail::text::printable(name.trim(), 200);
        let infection = Infection {
            place: place.to_owned(),
            name,
        };
        if self.infections.len() < MOST_NAMES && !self.infections.contains(&infection) {
            self.infections.push(infection);
        }
    }
}
