//! Scanners: virus scanners and spam engines, each behind one call; selection and fall-back rules; health that all children share.
//!
//! Scanners that do not depend on one another run at the same time, each in a thread of its own that ends before its message goes on:
//! nothing forks meanwhile but helpers, which only make system calls before they execute. One scanner alone needs no thread.
//!
//! # Guards
//! I5: every wait has a deadline. I7: a scanner that failed is not a scanner that found nothing: [`virus::ScanResult`] has no default.
//!
//! # Source
//! content.md 4 and 5; decisions 14-17.

pub mod contents;
mod failure;
pub mod health;
mod link;
pub mod probe;
mod program;
pub mod spam;
pub mod virus;

pub use failure::ScanError;

use std::time::Duration;

use crate::sys::{clock::Deadline, wait::pause};

/// Pause before the second try of a scanner that restarts.
const PAUSE: Duration = Duration::from_millis(500);

/// A scanner that is to be asked, and whether it was up until now; or why it is not to be asked.
type Job<'s, S> = (&'s S, Result<bool, ScanError>);

/// Calls `ask` for each scanner that may be asked, all at the same time; gives the answers in order.
fn all_at_once<S: Sync, R: Send>(
    jobs: Vec<Job<'_, S>>,
    ask: impl Fn(&S) -> Result<R, ScanError> + Sync,
    deadline: Deadline,
) -> Vec<Result<R, ScanError>> {
    let twice = |scanner: &S, is_up: bool| match ask(scanner) {
        // It may be restarting; those that are known to be down are not waited for.
        Err(error) if is_up && error.may_pass() && deadline.remaining() > PAUSE * 4 => {
            pause(PAUSE);
            ask(scanner)
        }
        result => result,
    };
    if let [(scanner, Ok(is_up))] = jobs.as_slice() {
        return vec![twice(scanner, *is_up)];
    }
    std::thread::scope(|scope| {
        let started = jobs.into_iter().map(|(scanner, may)| {
            may.map(|is_up| {
                let twice = &twice;
                scope.spawn(move || twice(scanner, is_up))
            })
        });
        let started: Vec<_> = started.collect();
        let results = started.into_iter().map(|thread| {
            // A thread that panicked found nothing out.
            let broken = |_| Err(ScanError::Program("it broke off".to_owned()));
            thread.and_then(|thread| thread.join().unwrap_or_else(broken))
        });
        results.collect()
    })
}
