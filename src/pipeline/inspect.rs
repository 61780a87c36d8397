//! The first stage: what is there.
//!
//! # Guards
//! P4, decision 17: the first time that inspection breaks, the child ends as from any internal error: the MTA keeps the message, and
//! the master remembers it. The second time, a fence here makes it a finding.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Arrived, Workshop};
use crate::{mail::finding::Finding, mime::trace::Trace, sys::fault};

/// Crashes after which a message is not looked into any more.
const ENOUGH_CRASHES: u64 = 2;
/// Octets of a message in a file that are read for its header section.
const HEAD: usize = 1 << 20;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Inspection {
    pub(super) trace: Trace,
    pub(super) findings: Vec<Finding>,
}

/// Looks at a message.
///
/// # Errors
/// What went wrong, if the message may be tried again.
pub(super) fn inspect(
    arrived: &Arrived<'_>,
    workshop: &Workshop<'_>,
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
        inspection.findings.push(Finding::Unchecked { why });
    } else {
        match guarded(arrived) {
            Ok(Ok(trace)) => inspection.trace = trace,
            Ok(Err(error)) => return Err(format!("cannot read the message back: {error}")),
            Err(why) => {
                workshop
                    .log
                    .write(-2, Some(arrived.log_id), format_args!("not checked: {why}"));
                inspection.findings.push(Finding::Unchecked { why });
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

/// Looks, behind a fence if this message has broken a child before.
fn guarded(arrived: &Arrived<'_>) -> Result<std::io::Result<Trace>, String> {
    if arrived.earlier_crashes + 1 < ENOUGH_CRASHES {
        return Ok(look(arrived));
    }
    catch_unwind(AssertUnwindSafe(|| look(arrived)))
        .map_err(|_| "an internal error stopped its check, not for the first time".to_owned())
}

fn look(arrived: &Arrived<'_>) -> std::io::Result<Trace> {
    fault::point("pipeline.inspect")?;
    Ok(Trace::read(&arrived.message.head(HEAD)?))
}
