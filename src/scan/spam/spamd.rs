//! SpamAssassin's spamd.
//!
//! `HEADERS` tells most: tests, what was learned, and exact points if spamd's configuration has
//! `add_header all Tests _TESTSSCORES(,)_`. Who does not know it is asked for `SYMBOLS`.

use super::{LONGEST_REPLY, Request, SpamReport};
use crate::{
    config::scanner::ScannerAddress,
    mail::score::Points,
    scan::{failure::ScanError, link::Link},
    sys::clock::Deadline,
    wire::{
        http,
        spamd::{self, Head, Told},
    },
};

/// The code for a request that is not understood.
const PROTOCOL_ERROR: u32 = 76;

pub(super) fn ask(
    addresses: &[ScannerAddress],
    request: &Request<'_>,
    own_limit: Option<u64>,
    deadline: Deadline,
) -> Result<SpamReport, ScanError> {
    let message = request.with_pseudo_fields(own_limit);
    let (mut head, mut told) = exchange("HEADERS", addresses, request, &message, deadline)?;
    if head.code == PROTOCOL_ERROR {
        (head, told) = exchange("SYMBOLS", addresses, request, &message, deadline)?;
    }
    if head.code != 0 {
        let words: String = head.words.chars().take(200).collect();
        return Err(ScanError::Strange(format!("{} {words}", head.code)));
    }
    let told_score = head
        .score
        .ok_or_else(|| ScanError::Strange("no score".to_owned()))?;
    Ok(SpamReport {
        score: exact(told_score, &told),
        tests: points(told.tests),
        autolearn: told.autolearn.map(|word| word.chars().take(40).collect()),
        fields: Vec::new(),
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

fn points(tests: Vec<(String, Option<f64>)>) -> Vec<Points> {
    let mut points: Vec<Points> = tests
        .into_iter()
        .map(|(name, points)| Points { name, points })
        .collect();
    points.sort_by(|one, other| one.name.cmp(&other.name));
    points
}

fn exchange(
    command: &str,
    addresses: &[ScannerAddress],
    request: &Request<'_>,
    message: &[u8],
    deadline: Deadline,
) -> Result<(Head, Told), ScanError> {
    let mut link = Link::open(addresses, deadline, LONGEST_REPLY)?;
    let user = match request.user {
        Some(user) => format!("User: {}\r\n", http::value(user)),
        None => String::new(),
    };
    let head = format!(
        "{command} SPAMC/1.5\r\nContent-length: {}\r\n{user}\r\n",
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
        return Ok((head, Told::default()));
    }
    let body = match head.length {
        Some(length) => link.exactly(length)?,
        None => link.until_closed()?,
    };
    let told = spamd::body(&String::from_utf8_lossy(&body));
    Ok((head, told))
}
