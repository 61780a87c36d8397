//! The fence around a session: a panic is told with its place, and ends this child only.

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind, set_hook},
};

thread_local! {
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Makes panics leave their text and place for [`run`], instead of writing to standard error.
pub(super) fn install_hook() {
    set_hook(Box::new(|info| {
        let place = info
            .location()
            .map(|at| format!("{}:{}", at.file(), at.line()))
            .unwrap_or_default();
        let text = info.payload_as_str().unwrap_or("panic");
        let line = format!("{text} at {place}");
        LAST.with(|last| {
            if let Ok(mut last) = last.try_borrow_mut() {
                *last = line;
            }
        });
    }));
}

/// Runs `session`; a panic becomes an error with its text and place.
pub(super) fn run<T>(session: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(session)).map_err(|_| LAST.with(RefCell::take))
}
