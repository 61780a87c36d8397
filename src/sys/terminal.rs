//! What the standard streams are connected to.

use std::io::IsTerminal;

/// True if standard output is a terminal.
#[must_use]
pub fn output_is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// True if standard error is a terminal.
#[must_use]
pub fn error_is_terminal() -> bool {
    std::io::stderr().is_terminal()
}

/// Columns of the terminal on standard output, 80 if it is none.
#[must_use]
pub fn columns() -> usize {
    // SAFETY: all-zero is a valid `winsize`.
    let mut size: libc::winsize = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is valid for the call, and TIOCGWINSZ writes a `winsize`.
    let result = unsafe { libc::ioctl(1, libc::TIOCGWINSZ, &raw mut size) };
    if result == 0 && size.ws_col >= 20 {
        usize::from(size.ws_col)
    } else {
        80
    }
}
