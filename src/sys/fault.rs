//! Fault points: places where a test build can be told to fail (decision 18).
//!
//! A point has a name such as `spool.write`. With the feature `faults`, the variable `FILTERD_FAULTS` holds a list
//! `name=what[@n]`, separated by commas: `ENOSPC`, `EIO`, `EINTR`, `ECONNRESET` and other error names let the call fail,
//! `short` lets a write take one octet, `die` kills the process with SIGKILL, `abort` with SIGABRT, `panic` panics, `spin` never
//! comes back, `stop` stops the process, `grow` takes memory without end, `park` closes descriptor 3 and waits for ever, `open`,
//! `connect` and `exec` try what their names say. `@n` means the n-th time only in this process; without it, each time.
//! Without the feature this module is two empty functions, and nothing of it is in the program.

#[cfg(not(feature = "faults"))]
use std::io;

/// What a fault point asks of the caller when it does not fail outright.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Go on.
    None,
    /// Take one octet only.
    Short,
}

/// Passes the point `name`.
///
/// # Errors
/// The error that the test asked for.
#[cfg(not(feature = "faults"))]
#[inline(always)]
#[allow(clippy::inline_always, reason = "must vanish from release builds")]
pub const fn point(_name: &str) -> io::Result<Fault> {
    Ok(Fault::None)
}

/// Passes the point `name`, where nothing can be returned.
#[cfg(not(feature = "faults"))]
#[inline(always)]
#[allow(clippy::inline_always, reason = "must vanish from release builds")]
pub const fn pass(_name: &str) {}

#[cfg(feature = "faults")]
pub use enabled::{pass, point};

#[cfg(feature = "faults")]
mod enabled {
    use std::{
        collections::BTreeMap,
        io,
        sync::{Mutex, OnceLock, PoisonError},
    };

    use super::Fault;

    /// One entry of `FILTERD_FAULTS`.
    #[derive(Clone, Debug)]
    struct Order {
        name: String,
        what: String,
        only: Option<u64>,
    }

    static ORDERS: OnceLock<Vec<Order>> = OnceLock::new();
    static PASSED: Mutex<BTreeMap<String, u64>> = Mutex::new(BTreeMap::new());

    fn orders() -> &'static [Order] {
        ORDERS.get_or_init(|| {
            let text = std::env::var("FILTERD_FAULTS").unwrap_or_default();
            text.split(',')
                .filter_map(|entry| {
                    let (name, what) = entry.trim().split_once('=')?;
                    let (what, only) = match what.split_once('@') {
                        Some((what, n)) => (what, n.parse().ok()),
                        None => (what, None),
                    };
                    Some(Order {
                        name: name.to_owned(),
                        what: what.to_owned(),
                        only,
                    })
                })
                .collect()
        })
    }

    /// See the module's text.
    ///
    /// # Errors
    /// The error that the test asked for.
    ///
    /// # Panics
    /// If the test asked for it.
    pub fn point(name: &str) -> io::Result<Fault> {
        let Some(order) = orders().iter().find(|order| order.name == name) else {
            return Ok(Fault::None);
        };
        let count = {
            let mut passed = PASSED.lock().unwrap_or_else(PoisonError::into_inner);
            let count = passed.entry(name.to_owned()).or_default();
            *count += 1;
            *count
        };
        if order.only.is_some_and(|only| only != count) {
            return Ok(Fault::None);
        }
        match order.what.as_str() {
            "short" => Ok(Fault::Short),
            "die" => die(libc::SIGKILL),
            "abort" => std::process::abort(),
            "stop" => {
                // SAFETY: raise has no preconditions.
                unsafe { libc::raise(libc::SIGSTOP) };
                Ok(Fault::None)
            }
            #[allow(clippy::panic, reason = "what the test asked for")]
            "panic" => panic!("fault point {name}"),
            "spin" => loop {
                std::hint::spin_loop();
            },
            "grow" => grow(),
            "park" => park(),
            "open" => std::fs::File::open("/etc/hostname").map(|_| Fault::None),
            "connect" => std::os::unix::net::UnixDatagram::unbound().map(|_| Fault::None),
            "exec" => {
                use std::os::unix::process::CommandExt;
                #[allow(clippy::disallowed_methods, reason = "what the test asked for")]
                Err(std::process::Command::new("/bin/true").exec())
            }
            error => Err(io::Error::from_raw_os_error(number(error))),
        }
    }

    /// See the module's text; errors are passed over.
    pub fn pass(name: &str) {
        let _fault = point(name);
    }

    /// Closes the pipe of a decoder process, and waits for ever without taking any processor time.
    fn park() -> ! {
        // SAFETY: nothing in this process uses the pipe any more.
        unsafe { libc::close(3) };
        loop {
            std::thread::park();
        }
    }

    /// Touches memory until there is none.
    fn grow() -> ! {
        let mut taken = Vec::new();
        loop {
            taken.push(vec![1_u8; 1 << 20]);
            std::hint::black_box(&taken);
        }
    }

    fn die(signal: libc::c_int) -> ! {
        // SAFETY: raise has no preconditions.
        unsafe { libc::raise(signal) };
        // SAFETY: as above; reached only if the signal is blocked.
        unsafe { libc::_exit(99) }
    }

    fn number(name: &str) -> libc::c_int {
        match name {
            "ENOSPC" => libc::ENOSPC,
            "EINTR" => libc::EINTR,
            "EAGAIN" => libc::EAGAIN,
            "ECONNRESET" => libc::ECONNRESET,
            "EPIPE" => libc::EPIPE,
            "EMFILE" => libc::EMFILE,
            "ENOMEM" => libc::ENOMEM,
            "EACCES" => libc::EACCES,
            "ECONNABORTED" => libc::ECONNABORTED,
            "EROFS" => libc::EROFS,
            "EDQUOT" => libc::EDQUOT,
            _ => libc::EIO,
        }
    }
}
