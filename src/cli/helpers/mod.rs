//! The programs that go by names of the original: one executable looks at the name under which it was started.

pub mod nanny;
pub mod release;
mod socket;
pub mod submit;

use std::{ffi::OsStr, path::Path, process::ExitCode};

use super::amavisd;

/// The program that a name stands for; `None` is `filterd` itself.
pub(super) fn program(name: &OsStr) -> Option<fn() -> ExitCode> {
    let name = Path::new(name).file_name()?.to_string_lossy().into_owned();
    let rest = name.strip_prefix("amavisd")?;
    Some(match rest {
        "-release" | "-requeue" | "-report" => release::main,
        "-submit" => submit::main,
        "-nanny" | "-agent" => nanny::main,
        _ => amavisd::main,
    })
}
