//! The first stage: what is there.
//!
//! # Guards
//! P4, decision 17: the first time that inspection breaks, the child ends as from any internal error: the MTA keeps the message, and
//! the master remembers it. The second time, a fence here makes it a finding.

use std::{
    borrow::Cow,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
};

use super::{Arrived, Workshop, contents, shelf::Shelf, spam_fields, viruses};
use crate::{
    mail::{
        self,
        finding::{Finding, Unchecked},
        score::Points,
    },
    mime::{authors::Authors, bulk::Bulk, header_check, trace::Trace},
    policy::banned::Banned,
    scan::contents::Contents,
    spool::message::Content,
    sys::{clock::Deadline, fault},
};

/// Crashes after which a message is not looked into any more.
pub(super) const ENOUGH_CRASHES: u64 = 2;
/// Octets of a message in a file that are read for its header section.
const HEAD: usize = 1 << 20;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Inspection {
    pub(super) trace: Trace,
    pub(super) findings: Vec<Finding>,
    /// Who it says it is from.
    pub(super) authors: Authors,
    /// A virus scanner gave a verdict.
    pub(super) is_scanned: bool,
    /// Names of viruses that stand for a score.
    pub(super) virus_tests: Vec<Points>,
    /// Fields that others have put in, and that are to be taken away.
    pub(super) has_spam_fields: bool,
    /// Everything that is wrong with the header section, printable.
    pub(super) problems: Vec<String>,
    /// Minor categories of what is wrong with it.
    pub(super) bad_minors: Vec<u8>,
    /// What is banned: for each recipient with something, the first.
    pub(super) banned: Vec<(usize, Banned)>,
    /// What each scanner found.
    pub(super) scanners: Vec<(String, Vec<String>)>,
    /// What kind of mail it is.
    pub(super) bulk: Bulk,
}

/// Looks at a message, until `deadline`.
///
/// # Errors
/// What went wrong, if the message may be tried again.
pub(super) fn inspect(
    arrived: &Arrived<'_>,
    deadline: Deadline,
    workshop: &mut Workshop<'_>,
) -> Result<Inspection, String> {
    let mut inspection = Inspection::default();
    if arrived.earlier_crashes >= ENOUGH_CRASHES {
        let why = "an earlier attempt to check it did not end well".to_owned();
        workshop.log.write(
            -1,
            Some(arrived.log_id),
            format_args!(
                "not checked: its check ended a child {} times",
                arrived.earlier_crashes
            ),
        );
        inspection.findings.push(unchecked(why));
        scan_alone(arrived, deadline, workshop, &mut inspection);
    } else {
        match guarded(arrived, deadline, workshop) {
            Ok(Ok(found)) => inspection = found,
            Ok(Err(error)) => return Err(error),
            Err(why) => {
                workshop
                    .log
                    .write(-2, Some(arrived.log_id), format_args!("not checked: {why}"));
                inspection.findings.push(unchecked(why));
                scan_alone(arrived, deadline, workshop, &mut inspection);
            }
        }
    }
    for (recipient, settings) in arrived.recipients.iter().enumerate() {
        if let Some(limit) = settings
            .size_limit
            .filter(|&limit| arrived.message.size() > limit)
        {
            inspection
                .findings
                .push(Finding::Oversized { recipient, limit });
        }
    }
    Ok(inspection)
}

/// Has the message as it came scanned for viruses, when it is not looked into any more. Without a verdict it is unchecked anyway.
fn scan_alone(
    arrived: &Arrived<'_>,
    deadline: Deadline,
    workshop: &mut Workshop<'_>,
    inspection: &mut Inspection,
) {
    if !viruses::is_wanted(arrived, workshop) {
        return;
    }
    let scanned = catch_unwind(AssertUnwindSafe(|| {
        let content = whole(arrived).map_err(|error| error.to_string())?;
        let process = &workshop.config.process;
        let mut contents = Contents::new(&content, &process.temp_base, process.spool_memory_limit);
        viruses::scan(arrived, &mut contents, deadline, workshop)
    }));
    let why = match scanned {
        Ok(Ok(report)) => {
            inspection.findings.extend(report.findings);
            inspection.scanners = report.scanners;
            return;
        }
        Ok(Err(why)) => why,
        Err(_) => "its scan broke off".to_owned(),
    };
    let log_id = Some(arrived.log_id);
    workshop
        .log
        .write(-2, log_id, format_args!("not checked: {why}"));
}

const fn unchecked(why: String) -> Finding {
    Finding::Unchecked {
        cause: Unchecked::Undecodable,
        why,
    }
}

/// Looks, behind a fence if this message has broken a child before.
fn guarded(
    arrived: &Arrived<'_>,
    deadline: Deadline,
    workshop: &mut Workshop<'_>,
) -> Result<Result<Inspection, String>, String> {
    if arrived.earlier_crashes + 1 < ENOUGH_CRASHES {
        return Ok(look(arrived, deadline, workshop));
    }
    catch_unwind(AssertUnwindSafe(|| look(arrived, deadline, workshop)))
        .map_err(|_| "an internal error stopped its check, not for the first time".to_owned())
}

fn look(
    arrived: &Arrived<'_>,
    deadline: Deadline,
    workshop: &mut Workshop<'_>,
) -> Result<Inspection, String> {
    let unreadable = |error: io::Error| format!("cannot read the message back: {error}");
    fault::point("pipeline.inspect").map_err(unreadable)?;
    let checks = &workshop.config.checks;
    let scans = viruses::is_wanted(arrived, workshop);
    let content = if checks.looks_inside || scans {
        whole(arrived)
    } else {
        arrived.message.head(HEAD)
    };
    let content = content.map_err(unreadable)?;
    let mut inspection = Inspection {
        trace: Trace::read(&content),
        authors: authors(&content, workshop),
        bulk: Bulk::of(&content, &arrived.envelope.reverse_path),
        has_spam_fields: mail::header::fields(&content)
            .any(|field| spam_fields::NAMES.iter().any(|name| field.is(name))),
        ..Inspection::default()
    };
    let process = &workshop.config.process;
    let mut contents =
        scans.then(|| Contents::new(&content, &process.temp_base, process.spool_memory_limit));
    if !arrived.recipients.iter().all(|r| r.bypasses_header) {
        let problems = problems(arrived, &content, workshop);
        inspection.findings.extend(bad_header(&problems));
        inspection.bad_minors = problems.iter().map(|problem| problem.minor).collect();
        inspection.problems = problems.into_iter().map(|problem| problem.text).collect();
    }
    if checks.looks_inside {
        let shelf = Shelf {
            contents: contents.as_mut(),
        };
        let found = contents::look_inside(arrived, &content, shelf, deadline, workshop)?;
        inspection.findings.extend(found.findings);
        inspection.banned = found.banned;
    }
    if let Some(mut contents) = contents {
        let report = viruses::scan(arrived, &mut contents, deadline, workshop)?;
        inspection.findings.extend(report.findings);
        inspection.is_scanned = report.is_scanned;
        inspection.virus_tests = report.tests;
        inspection.scanners = report.scanners;
    }
    Ok(inspection)
}

/// Who the message says it is from, if some list could ask.
fn authors(content: &[u8], workshop: &Workshop<'_>) -> Authors {
    let policy = &workshop.config.policy.spam;
    if policy.has_lists() {
        Authors::read(content, &policy.trusted_authserv_ids)
    } else {
        Authors::default()
    }
}

/// All of the message.
pub(super) fn whole<'a>(arrived: &Arrived<'a>) -> io::Result<Cow<'a, [u8]>> {
    match arrived.message.content() {
        Content::Memory(content) => Ok(Cow::Borrowed(content)),
        Content::File(_) => {
            let size = usize::try_from(arrived.message.size()).unwrap_or(usize::MAX);
            arrived.message.read(0, size).map(Cow::Owned)
        }
    }
}

/// What is wrong with the header section.
fn problems(
    arrived: &Arrived<'_>,
    content: &[u8],
    workshop: &Workshop<'_>,
) -> Vec<header_check::Problem> {
    let is_smtputf8 = arrived.envelope.wants_smtputf8;
    let tests = &workshop.config.checks.header_tests;
    let problems = header_check::check(content, is_smtputf8, tests);
    for problem in &problems {
        workshop.log.write(
            2,
            Some(arrived.log_id),
            format_args!("BAD HEADER SECTION, {}", problem.text),
        );
    }
    problems
}

/// The worst category of what is wrong, and the first problem.
fn bad_header(problems: &[header_check::Problem]) -> Option<Finding> {
    let minor = problems.iter().map(|problem| problem.minor).max()?;
    let first = problems.first()?;
    Some(Finding::BadHeader {
        minor,
        problem: first.text.clone(),
    })
}
