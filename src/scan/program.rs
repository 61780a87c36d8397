//! Runs a scanner that is a program: no shell, a process group of its own, killed when its time is over.

use std::{
    ffi::OsString,
    fs::File,
    io,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use super::failure::ScanError;
use crate::config::scanner::Program;
use crate::sys::{
    clock::Deadline,
    fd,
    helper::{self, Endowment},
    process::{self, Exit, Send},
    wait::{Interest, Wake, wait},
};

/// Where programs are looked for that are named without a folder.
const PATH: [&str; 8] = [
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
    "/usr/libexec",
    "/opt/bin",
];
/// Longest output that is read, octets.
const MOST: usize = 200_000;

/// The first of `programs` that there is.
pub(super) fn find(programs: &[String]) -> Option<PathBuf> {
    let candidates = programs.iter().flat_map(|program| {
        if program.starts_with('/') {
            vec![PathBuf::from(program)]
        } else if program.contains('/') {
            Vec::new()
        } else {
            PATH.map(|folder| PathBuf::from(folder).join(program))
                .to_vec()
        }
    });
    candidates.into_iter().find(|path| path.is_file())
}

/// The file of a scanner that is a program, looked for once.
pub(super) fn file_of(program: &Program) -> Option<&Path> {
    program.file.get_or_init(|| find(&program.names)).as_deref()
}

/// How a program ended, and what it said on both outputs.
pub(super) struct Ran {
    pub(super) status: i32,
    pub(super) output: String,
}

/// Runs one with `input` as its standard input.
pub(super) fn run(
    program: &Path,
    arguments: &[String],
    input: Option<File>,
    deadline: Deadline,
) -> Result<Ran, ScanError> {
    let (ours, theirs) = fd::pipe()?;
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    let endowment = Endowment {
        input: input.map(OwnedFd::from),
        output: Some(theirs.try_clone()?),
        error: Some(theirs),
        ends_gently: false,
    };
    let shown = program.display();
    let pid = helper::start(program, &arguments, &[("LC_ALL", "C")], endowment)
        .map_err(|error| ScanError::Program(format!("cannot run {shown}: {error}")))?;
    let read = read(File::from(ours), deadline);
    // One that has said everything may still go on.
    let ended = match &read {
        Ok(_) => process::wait_until(pid, deadline)?,
        Err(_) => None,
    };
    let Some(exit) = ended else {
        // It may have ended meanwhile.
        let _killed = process::signal_group(pid, Send::Kill);
        process::wait_for(pid)?;
        return Err(match read {
            Err(error) => error,
            Ok(_) => ScanError::TimedOut("the end of the program".to_owned()),
        });
    };
    let output = read?;
    match exit {
        Exit::Status(status) => Ok(Ran {
            status,
            output: String::from_utf8_lossy(&output).into_owned(),
        }),
        Exit::Signal(signal) => Err(ScanError::Program(format!(
            "{shown} died of signal {signal}"
        ))),
    }
}

/// Reads until all who write have closed.
fn read(mut pipe: File, deadline: Deadline) -> Result<Vec<u8>, ScanError> {
    use std::io::Read;
    let mut output = Vec::new();
    let mut buffer = [0_u8; 8192];
    loop {
        let mut interest = [Interest::reading(std::os::fd::AsFd::as_fd(&pipe))];
        if wait(&mut interest, Some(deadline), false)? == Wake::TimedOut {
            return Err(ScanError::TimedOut("the program".to_owned()));
        }
        match pipe.read(&mut buffer) {
            Ok(0) => return Ok(output),
            Ok(count) => {
                let room = MOST.saturating_sub(output.len()).min(count);
                output.extend_from_slice(buffer.get(..room).unwrap_or_default());
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}
