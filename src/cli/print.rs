//! Writing to the terminal. The only place that prints; a closed pipe is no reason to panic.

use std::io::{self, Write};

/// Writes a line to standard output.
pub(super) fn out(line: &str) {
    emit(&mut io::stdout().lock(), line);
}

/// Writes several lines at once to standard output; false if nobody reads any more.
pub(super) fn page(text: &str) -> bool {
    let mut to = io::stdout().lock();
    to.write_all(text.as_bytes())
        .and_then(|()| to.flush())
        .is_ok()
}

/// Writes a line to standard error.
pub(super) fn error(line: &str) {
    emit(&mut io::stderr().lock(), line);
}

fn emit(to: &mut impl Write, line: &str) {
    // Nobody is left to be told of a failure here.
    drop(to.write_all(format!("{line}\n").as_bytes()));
}
