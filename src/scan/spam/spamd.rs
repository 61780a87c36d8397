//! SpamAssassin's spamd.
//!
//! `HEADERS` tells most: tests, what was learned, and exact points if spamd's configuration has
//! `add_header all Tests _TESTSSCORES(,)_`. Who does not know it is asked for `SYMBOLS`.

use super::{LONGEST_REPLY, Request, SpamReport};
use crate::{
    config::scanner::ScannerAddress,
    mail::{score::Points, text::printable},
    scan::{failure::ScanError, link::Link},
    sys::clock::Deadline,
    wire::{
        http,
        spamd::{self, Head, Told},
    },
};

/// Longest field that is taken over, characters.
const LONGEST_FIELD: usize = 900;
/// The code for a request that is not understood.
const PROTOCOL_ERROR: u32 = 76;

pub(super) fn ask(
    addresses: &[ScannerAddress],
    request: &Request<'_>,
    own_limit: Option<u64>,
    deadline: Deadline,
) -> Result<SpamReport, ScanError> {
    let message = request.with_pseudo_fields(own_limit);
    let user = user_field(request.user);
    let (_, mut head, mut told) = exchange("HEADERS", addresses, &user, &message, deadline)?;
    if head.code == PROTOCOL_ERROR {
        (_, head, told) = exchange("SYMBOLS", addresses, &user, &message, deadline)?;
    }
    if head.code != 0 {
        return Err(refused(&head));
    }
    let told_score = head
        .score
        .ok_or_else(|| ScanError::Strange("no score".to_owned()))?;
    let score = exact(told_score, &told);
    Ok(SpamReport {
        score,
        tests: points(told.tests),
        autolearn: told.autolearn.map(|word| word.chars().take(40).collect()),
        fields: told
            .tests_field
            .map(|value| ("X-Spam-Tests".to_owned(), printable(&value, LONGEST_FIELD)))
            .into_iter()
            .collect(),
    })
}

/// The sum of all points, where all are told and fit the score, which has one digit only.
fn exact(score: f64, told: &Told) -> f64 {
    const ROUNDING: f64 = 0.0501;
    let points: Option<Vec<f64>> = told.tests.iter().map(|(_, points)| *points).collect();
    match points {
        Some(points) if !points.is_empty() => {
            let sum: f64 = points.iter().sum();
            if (sum - score).abs() <= ROUNDING {
                sum
            } else {
                score
            }
        }
        _ => score,
    }
}

/// What is to be learned.
#[derive(Clone, Copy, Debug)]
pub struct Lesson<'l> {
    /// `spam`, `ham` or `forget`.
    pub kind: &'l str,
    /// The message.
    pub message: &'l [u8],
    /// Whose database.
    pub user: Option<&'l str>,
}

/// Has it learn a message; false if that changed nothing.
///
/// # Errors
/// Why it did not.
pub fn learn(
    addresses: &[ScannerAddress],
    lesson: &Lesson<'_>,
    deadline: Deadline,
) -> Result<bool, ScanError> {
    let fields = match lesson.kind {
        "forget" => "Remove: local\r\n".to_owned(),
        class => format!("Message-class: {class}\r\nSet: local\r\n"),
    };
    let fields = fields + &user_field(lesson.user);
    let (section, head, _) = exchange("TELL", addresses, &fields, lesson.message, deadline)?;
    if head.code != 0 {
        return Err(refused(&head));
    }
    let is_changed = |line: &str| {
        let line = line.to_ascii_lowercase();
        line.starts_with("didset:") || line.starts_with("didremove:")
    };
    Ok(section.lines().any(is_changed))
}

fn user_field(user: Option<&str>) -> String {
    match user {
        Some(user) => format!("User: {}\r\n", http::value(user)),
        None => String::new(),
    }
}

fn refused(head: &Head) -> ScanError {
    let words: String = head.words.chars().take(200).collect();
    ScanError::Strange(format!("{} {words}", head.code))
}

fn points(tests: Vec<(String, Option<f64>)>) -> Vec<Points> {
    let mut points: Vec<Points> = tests
        .into_iter()
        .map(|(name, points)| Points { name, points })
        .collect();
    points.sort_by(|one, other| one.name.cmp(&other.name));
    points
}

/// One request: what the reply's header section is, what it says, and what its body tells.
fn exchange(
    command: &str,
    addresses: &[ScannerAddress],
    fields: &str,
    message: &[u8],
    deadline: Deadline,
) -> Result<(String, Head, Told), ScanError> {
    let mut link = Link::open(addresses, deadline, LONGEST_REPLY)?;
    let head = format!(
        "{command} SPAMC/1.5\r\nContent-length: {}\r\n{fields}\r\n",
        message.len()
    );
    let sent = link.send(&[head.as_bytes(), message]);
    if let Err(error) = sent
        && !matches!(error, ScanError::Closed(_))
    {
        return Err(error);
    }
    link.shut_down();
    let mut section = String::new();
    loop {
        match link.line() {
            Ok(line) if line.is_empty() => break,
            Ok(line) => {
                section.push_str(&line);
                section.push_str("\r\n");
            }
            // An error may come without an empty line.
            Err(ScanError::Closed(_)) if !section.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    let head = spamd::head(section.trim_end())
        .ok_or_else(|| ScanError::Strange(section.chars().take(200).collect()))?;
    if head.code != 0 {
        return Ok((section, head, Told::default()));
    }
    let body = match head.length {
        Some(length) => link.exactly(length)?,
        None => link.until_closed()?,
    };
    let told = spamd::body(&String::from_utf8_lossy(&body));
    Ok((section, head, told))
}
