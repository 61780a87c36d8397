//! The first stage: what is there.
//!
//! # Guards
//! P4, decision 17: what inspection cannot digest ends in the fence here. The first time, that is a temporary failure, in case
//! the trouble was ours; from the second time on it is a finding.

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
        match catch_unwind(AssertUnwindSafe(|| look(arrived))) {
            Ok(Ok(trace)) => inspection.trace = trace,
            Ok(Err(error)) => return Err(format!("cannot read the message back: {error}")),
            Err(_) if arrived.earlier_crashes + 1 < ENOUGH_CRASHES => {
                return Err("check_header FAILED: internal error".to_owned());
            }
            Err(_) => {
                workshop.log.write(
                    -2,
                    Some(arrived.log_id),
                    format_args!("not checked: internal error, not for the first time"),
                );
                inspection.findings.push(Finding::Unchecked {
                    why: "an internal error stopped its check".to_owned(),
                });
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

fn look(arrived: &Arrived<'_>) -> std::io::Result<Trace> {
    fault::point("pipeline.inspect")?;
    Ok(Trace::read(&arrived.message.head(HEAD)?))
}
