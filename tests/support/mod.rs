//! What the tests need around a daemon: a folder, a next hop that does as it is told, a client. Everything ends by itself.

pub mod client;
pub mod daemon;
pub mod load;
pub mod next_hop;
pub mod port;
pub mod scanner;
pub mod wildcard;

use std::time::{Duration, Instant};

/// Longest that any one wait of a test may take.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until `done` gives something; fails the test when patience ends.
pub fn wait_for<T>(what: &str, mut done: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(result) = done() {
            return result;
        }
        assert!(begin.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// True if the tests run as root, so that daemons must drop to somebody.
pub fn is_root() -> bool {
    std::fs::metadata("/proc/self")
        .is_ok_and(|status| std::os::unix::fs::MetadataExt::uid(&status) == 0)
}
