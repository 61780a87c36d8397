//! The built-in test: it knows the GTUBE line and nothing else. It is no spam engine.
//!
//! # Source
//! SpamAssassin's description of GTUBE: a line of 68 octets.

use super::{Request, SpamReport};
use crate::mail::score::Points;

/// Two halves, so that this program is not taken for the test.
const HALVES: [&[u8]; 2] = [
    b"XJS*C4JDBQADN1.NSBN3*2IDNEN*",
    b"GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X",
];
const SCORE: f64 = 1000.0;

/// The line itself.
pub(in super::super) fn test_line() -> Vec<u8> {
    HALVES.concat()
}

pub(super) fn look(request: &Request<'_>) -> SpamReport {
    if memchr::memmem::find(request.message, &HALVES.concat()).is_none() {
        return SpamReport::default();
    }
    SpamReport {
        score: SCORE,
        tests: vec![Points::new("GTUBE", SCORE)],
        ..SpamReport::default()
    }
}
