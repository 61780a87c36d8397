//! Writing to the terminal. The only place that prints; a closed pipe is no reason to panic.

use std::io::{self, Write};

/// Writes a line to standard output.
pub(super) fn out(line: &str) {
    emit(&mut io::stdout().lock(), line);
}

/// Writes a line to standard error.
pub(super) fn error(line: &str) {
    emit(&mut io::stderr().lock(), line);
}

fn emit(to: &mut impl Write, line: &str) {
    // Nobody is left to be told of a failure here.
    drop(to.write_all(format!("{line}\n").as_bytes()));
}
