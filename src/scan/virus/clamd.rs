//! clamd, which gets contents over its socket, or open descriptors: it needs no right to read our files.
//!
//! One session for a message; a content that is larger than clamd takes ends its session, and the next one begins after it.
//!
//! # Guards
//! I7: every content has a reply of its own, by number, or there is no verdict.

use std::{collections::BTreeMap, io::Write, os::fd::AsFd, time::Duration};

use super::{Found, LONGEST_ANSWER, ScanError, room_for};
use crate::{
    config::scanner::{Descriptors, ScannerAddress},
    scan::{
        contents::{Contents, STEP},
        link::Link,
    },
    sys::{clock::Deadline, fd},
    wire::clamd::{self, Verdict},
};

/// Longest wait for the version.
const PATIENCE: Duration = Duration::from_secs(2);
/// Contents that wait for a reply.
const OUTSTANDING: usize = 8;

/// How contents are handed over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Stream,
    Descriptor,
}

pub(super) fn stream(
    addresses: &[ScannerAddress],
    contents: &Contents<'_>,
    deadline: Deadline,
) -> Result<Found, ScanError> {
    ask(addresses, contents, Way::Stream, deadline)
}

/// Whether what is asked about folders is a clamd, which takes descriptors: it need not read our files then. Nothing is remembered of one
/// that does not answer.
pub(super) fn takes_descriptors(
    descriptors: &Descriptors,
    addresses: &[ScannerAddress],
    deadline: Deadline,
) -> bool {
    let Descriptors::Unknown(known) = descriptors else {
        return false;
    };
    if let Some(known) = known.get() {
        return *known;
    }
    let Ok(mut link) = Link::open(addresses, deadline.or_after(PATIENCE), LONGEST_ANSWER) else {
        return false;
    };
    let sent = link.send(&[clamd::VERSION]);
    let version = sent.and_then(|()| link.line());
    // Who does not answer is no clamd, or has no time: files do as well.
    *known.get_or_init(|| version.is_ok_and(|version| version.starts_with("ClamAV ")))
}

pub(super) fn descriptor(
    addresses: &[ScannerAddress],
    contents: &Contents<'_>,
    deadline: Deadline,
) -> Result<Found, ScanError> {
    // Only a UNIX socket carries descriptors.
    let is_local = |address: &ScannerAddress| matches!(address, ScannerAddress::Unix(_));
    let way = if addresses.iter().all(is_local) {
        Way::Descriptor
    } else {
        Way::Stream
    };
    ask(addresses, contents, way, deadline)
}

fn ask(
    addresses: &[ScannerAddress],
    contents: &Contents<'_>,
    way: Way,
    deadline: Deadline,
) -> Result<Found, ScanError> {
    let mut found = Found::default();
    let mut first = 0;
    let mut window = OUTSTANDING;
    while first < contents.count() {
        let link = Link::open(addresses, deadline, room_for(contents))?;
        let mut session = Session {
            link,
            contents,
            first,
            asked: 0,
            verdicts: BTreeMap::new(),
            window,
            is_unclear: false,
        };
        let result = session.run(way);
        session.hear_out(&result);
        if session.is_unclear {
            // One after another: then it is clear what an answer without a number is about.
            window = 1;
            continue;
        }
        first = session.settle(result, &mut found)?;
    }
    Ok(found)
}

/// One session: contents from `first` on.
struct Session<'s> {
    link: Link,
    contents: &'s Contents<'s>,
    first: usize,
    /// Contents that were handed over.
    asked: usize,
    /// By number of the command, from 1.
    verdicts: BTreeMap<usize, Verdict>,
    /// Contents that may wait for a reply.
    window: usize,
    /// A reply could be about any of several.
    is_unclear: bool,
}

impl Session<'_> {
    fn run(&mut self, way: Way) -> Result<(), ScanError> {
        self.link.send(&[clamd::SESSION])?;
        for item in self.first..self.contents.count() {
            self.asked += 1;
            match way {
                Way::Stream => self.stream(item)?,
                Way::Descriptor => self.descriptor(item)?,
            }
            while self.asked - self.verdicts.len() >= self.window {
                self.reply()?;
            }
        }
        while self.verdicts.len() < self.asked {
            self.reply()?;
        }
        // It closes at the end in any case.
        let _sent = self.link.send(&[clamd::END]);
        Ok(())
    }

    fn stream(&mut self, item: usize) -> Result<(), ScanError> {
        let mut offset = 0;
        let mut command = clamd::STREAM;
        loop {
            let chunk = self.contents.read(item, offset, clamd::CHUNK)?;
            offset += chunk.len() as u64;
            let length = u32::try_from(chunk.len()).unwrap_or_default().to_be_bytes();
            let is_last = offset >= self.contents.size(item);
            let end = if is_last { clamd::NO_MORE } else { b"" };
            if chunk.is_empty() {
                return self.link.send(&[command, clamd::NO_MORE]);
            }
            self.link.send(&[command, &length, &chunk, end])?;
            if is_last {
                return Ok(());
            }
            command = b"";
        }
    }

    fn descriptor(&mut self, item: usize) -> Result<(), ScanError> {
        let mut file = fd::memory_file(c"content")?;
        let mut offset = 0;
        loop {
            let octets = self.contents.read(item, offset, STEP)?;
            if octets.is_empty() {
                break;
            }
            file.write_all(&octets)?;
            offset += octets.len() as u64;
        }
        self.link
            .send_with_descriptor(clamd::DESCRIPTOR, file.as_fd())
    }

    fn reply(&mut self) -> Result<(), ScanError> {
        let line = self.link.until(0)?;
        let line = String::from_utf8_lossy(&line).into_owned();
        let (number, verdict) = clamd::reply(&line)
            .ok_or_else(|| ScanError::Strange(line.chars().take(200).collect()))?;
        let number = match (number, &verdict) {
            (Some(number), _) => number,
            // What is said before a session ends is about the content that is being sent.
            (None, Verdict::TooLarge(_)) if self.window == 1 => self.asked,
            (None, Verdict::TooLarge(_)) => {
                self.is_unclear = true;
                return Err(ScanError::Closed(self.link.address().to_owned()));
            }
            (None, _) => return Err(ScanError::Strange(line.chars().take(200).collect())),
        };
        if number == 0 || number > self.asked || self.verdicts.insert(number, verdict).is_some() {
            return Err(ScanError::Strange(line.chars().take(200).collect()));
        }
        Ok(())
    }

    /// One that closes may have said why before.
    fn hear_out(&mut self, result: &Result<(), ScanError>) {
        if matches!(
            result,
            Err(ScanError::Closed(_) | ScanError::Unreachable { .. })
        ) {
            while !self.is_unclear && self.verdicts.len() < self.asked && self.reply().is_ok() {}
        }
    }

    /// Takes over what was found; gives the content with which to go on.
    fn settle(self, result: Result<(), ScanError>, found: &mut Found) -> Result<usize, ScanError> {
        let mut next = self.first;
        for number in 1..=self.asked {
            let item = self.first + number - 1;
            let name = self.contents.name(item);
            match self.verdicts.get(&number) {
                Some(Verdict::Clean) => {}
                Some(Verdict::Found(virus)) => found.add(name, virus),
                Some(Verdict::TooLarge(why)) => {
                    found.left_out = Some(format!("{name} is larger than clamd takes ({why})"));
                }
                Some(Verdict::Error(why)) => return Err(ScanError::Strange(why.clone())),
                None if next > self.first
                    && matches!(self.verdicts.get(&(number - 1)), Some(Verdict::TooLarge(_))) =>
                {
                    return Ok(next);
                }
                None => {
                    return Err(result
                        .err()
                        .unwrap_or_else(|| ScanError::Closed(self.link.address().to_owned())));
                }
            }
            next = item + 1;
        }
        match result {
            Err(error) if next == self.first => Err(error),
            _ => Ok(next),
        }
    }
}
