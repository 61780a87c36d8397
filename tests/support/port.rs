//! Ports for daemons whose configuration must name one.

use std::{
    net::TcpListener,
    sync::atomic::{AtomicU16, Ordering},
};

/// Below the range from which the kernel takes ports for connections.
const RANGE: std::ops::Range<u16> = 20_000..32_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// A port that nobody listens on now. Two test programs begin their search at different places.
pub fn free_port() -> u16 {
    let width = RANGE.end - RANGE.start;
    let first = u16::try_from(std::process::id() % u32::from(width)).unwrap();
    for _ in 0..width {
        let step = NEXT.fetch_add(1, Ordering::SeqCst) % width;
        let port = RANGE.start + (first + step) % width;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no free port in {RANGE:?}");
}
