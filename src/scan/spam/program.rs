//! Programs that add fields to a message: Bogofilter, DSPAM, CRM114.
//!
//! # Source
//! content.md 5.1 (external programs).

use std::io::{Seek, SeekFrom, Write};

use super::{Request, SpamReport};
use crate::{
    config::scanner::Dialect,
    mail::score::Points,
    scan::{failure::ScanError, program},
    sys::{clock::Deadline, fd},
};

pub(super) fn ask(
    dialect: Dialect,
    command: &[String],
    request: &Request<'_>,
    own_limit: Option<u64>,
    deadline: Deadline,
) -> Result<SpamReport, ScanError> {
    let (name, arguments) = command
        .split_first()
        .ok_or_else(|| ScanError::Program("no program is named".to_owned()))?;
    let program = program::find(std::slice::from_ref(name))
        .ok_or_else(|| ScanError::Program(format!("no such program: {name}")))?;
    let mut input = fd::memory_file(c"mail")?;
    input.write_all(&request.with_pseudo_fields(own_limit))?;
    input.seek(SeekFrom::Start(0))?;
    let ran = program::run(&program, arguments, Some(input), deadline)?;
    read(dialect, &ran.output).ok_or_else(|| {
        let said: String = ran.output.chars().take(200).collect();
        ScanError::Program(format!(
            "{name} ended with status {} and no verdict: {said:?}",
            ran.status
        ))
    })
}

/// Reads the fields that it added.
fn read(dialect: Dialect, output: &str) -> Option<SpamReport> {
    let text = output.replace("\r\n", "\n");
    let header = text.split("\n\n").next().unwrap_or_default();
    let header = header.replace("\n\t", " ").replace("\n ", " ");
    let field = |wanted: &str| {
        header.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(wanted).then(|| value.trim())
        })
    };
    let (name, score, test) = match dialect {
        Dialect::Bogofilter => {
            let value = field("X-Bogosity")?;
            let word = value.split([',', ' ']).next().unwrap_or_default();
            let score = match word {
                "Spam" | "Yes" => 5.0,
                "Ham" | "No" => -5.0,
                "Unsure" => 0.0,
                _ => return None,
            };
            ("X-Bogosity", score, format!("BOGOFILTER.{word}"))
        }
        Dialect::Dspam => {
            let value = field("X-DSPAM-Result")?;
            let word: String = value
                .chars()
                .take_while(char::is_ascii_alphanumeric)
                .collect();
            let score = if word == "Spam" { 10.0 } else { -1.0 };
            ("X-DSPAM-Result", score, format!("DSPAM.{word}"))
        }
        Dialect::Crm114 => {
            let value = field("X-CRM114-Status")?;
            let (_, rest) = value.split_once('(')?;
            let (number, _) = rest.split_once(')')?;
            let number: f64 = number.trim().parse().ok().filter(|n: &f64| n.is_finite())?;
            let word: String = value
                .chars()
                .take_while(char::is_ascii_alphanumeric)
                .collect();
            ("X-CRM114-Status", -0.1 * number, format!("CRM114.{word}"))
        }
    };
    let value = crate::mail::text::printable(field(name)?, 200);
    Some(SpamReport {
        score,
        tests: vec![Points::new(test, score)],
        autolearn: None,
        fields: vec![(name.to_owned(), value)],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read() {
        let cases = [
            (
                Dialect::Bogofilter,
                "X-Bogosity: Spam, tests=bogofilter\nX: y\n\nbody",
                Some("BOGOFILTER.Spam=5"),
            ),
            (
                Dialect::Bogofilter,
                "X-Bogosity: Ham, x\n\n",
                Some("BOGOFILTER.Ham=-5"),
            ),
            (Dialect::Bogofilter, "Subject: x\n\nX-Bogosity: Ham", None),
            (
                Dialect::Dspam,
                "X-DSPAM-Result: Spam\n\n",
                Some("DSPAM.Spam=10"),
            ),
            (
                Dialect::Dspam,
                "X-DSPAM-Result: Innocent\n\n",
                Some("DSPAM.Innocent=-1"),
            ),
            (
                Dialect::Crm114,
                "X-CRM114-Status: SPAM ( -50.5 )\n\n",
                Some("CRM114.SPAM=5.05"),
            ),
            (Dialect::Crm114, "X-CRM114-Status: SPAM\n\n", None),
        ];
        for (dialect, text, expected) in cases {
            let read = read(dialect, text).map(|report| report.tests[0].to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }
}
