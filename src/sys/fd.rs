//! File descriptors: the flags that decide who inherits them.

use std::{
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
};

use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};

/// Sets or clears close-on-exec.
///
/// # Errors
/// The kernel's.
pub fn set_close_on_exec(fd: BorrowedFd<'_>, on: bool) -> io::Result<()> {
    let flags = if on {
        FdFlag::FD_CLOEXEC
    } else {
        FdFlag::empty()
    };
    fcntl(fd, FcntlArg::F_SETFD(flags))?;
    Ok(())
}

/// Sets or clears `O_NONBLOCK`, which belongs to the open description: all processes that share it see it.
///
/// # Errors
/// The kernel's.
pub fn set_nonblocking(fd: BorrowedFd<'_>, on: bool) -> io::Result<()> {
    let mut flags = OFlag::from_bits_truncate(fcntl(fd, FcntlArg::F_GETFL)?);
    flags.set(OFlag::O_NONBLOCK, on);
    fcntl(fd, FcntlArg::F_SETFL(flags))?;
    Ok(())
}

/// A pipe, both ends close-on-exec: (read end, write end).
///
/// # Errors
/// The kernel's.
pub fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(nix::unistd::pipe2(OFlag::O_CLOEXEC)?)
}

/// Duplicates to the lowest free number of at least `lowest`, close-on-exec.
///
/// # Errors
/// The kernel's.
pub fn duplicate_above(fd: BorrowedFd<'_>, lowest: RawFd) -> io::Result<OwnedFd> {
    let number = fcntl(fd, FcntlArg::F_DUPFD_CLOEXEC(lowest))?;
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Takes over a descriptor that came by inheritance, if it is open. Each number may be taken once.
#[must_use]
pub fn take_inherited(number: RawFd) -> Option<OwnedFd> {
    if number < 0 {
        return None;
    }
    // SAFETY: borrowed for one call that says whether the number is open.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    fcntl(borrowed, FcntlArg::F_GETFD).ok()?;
    // SAFETY: open, and the caller takes each number once (see above).
    Some(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Closes a descriptor that the parent goes on to own. Only for a process that was just forked, leaves by `leave`, and never
/// drops the owner.
pub fn close_in_child(descriptor: BorrowedFd<'_>) {
    // SAFETY: this process's copy is closed; the owner in this process is never dropped, so nothing closes it again.
    unsafe { libc::close(descriptor.as_raw_fd()) };
}

/// Points standard input, output and error at `/dev/null`.
///
/// # Errors
/// If `/dev/null` cannot be opened.
pub fn detach_standard_streams() -> io::Result<()> {
    let null = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    for number in 0..=2 {
        // SAFETY: dup2 onto a standard descriptor has no memory effects.
        if unsafe { libc::dup2(null.as_raw_fd(), number) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Makes sure that descriptors 0, 1 and 2 are open, so that no file or socket gets one of these numbers.
///
/// # Errors
/// If `/dev/null` cannot be opened.
pub fn reserve_standard_streams() -> io::Result<()> {
    loop {
        let null = std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/null")?;
        let null = OwnedFd::from(null);
        if null.as_raw_fd() > 2 {
            return Ok(());
        }
        let number = std::os::fd::IntoRawFd::into_raw_fd(null);
        // SAFETY: the descriptor was just opened and given away by its owner.
        set_close_on_exec(unsafe { BorrowedFd::borrow_raw(number) }, false)?;
    }
}

/// Opens a file for reading; a pipe that has no writer does not hold us up.
///
/// # Errors
/// The kernel's.
pub fn open_without_waiting(path: &std::path::Path) -> io::Result<std::fs::File> {
    let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    Ok(nix::fcntl::open(path, flags, nix::sys::stat::Mode::empty())?.into())
}

/// True if `path` still leads to the open file `fd`; a link at its end is not followed.
///
/// # Errors
/// The kernel's.
pub fn same_file(fd: impl AsFd, path: &std::path::Path) -> io::Result<bool> {
    let here = nix::sys::stat::fstat(fd.as_fd())?;
    match nix::sys::stat::lstat(path) {
        Ok(there) => Ok(here.st_dev == there.st_dev && here.st_ino == there.st_ino),
        Err(nix::errno::Errno::ENOENT) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// A file in memory, empty, open for reading and writing.
///
/// # Errors
/// The kernel's.
pub fn memory_file(name: &std::ffi::CStr) -> io::Result<std::fs::File> {
    use nix::sys::memfd::{MFdFlags, memfd_create};
    Ok(memfd_create(name, MFdFlags::MFD_CLOEXEC)?.into())
}
