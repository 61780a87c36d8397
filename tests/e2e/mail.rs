//! Messages that can be told apart, and counted at both ends.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    ops::Range,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::support::{client::Client, next_hop::NextHop};

/// The `number`-th message.
pub fn message(number: usize) -> String {
    let text = "0123456789".repeat(20);
    format!(
        "From: a@example.org\r\nDate: Thu, 26 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{number}@example.org>\r\nSubject: x\r\n\
         X-Number: {number}\r\n\r\n{text}\r\n"
    )
}

/// Sends messages to a Postfix, `clients` at the same time; all must be acknowledged.
pub fn send(address: SocketAddr, numbers: Range<usize>, clients: usize) {
    let next = AtomicUsize::new(numbers.start);
    let refused = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| {
                let mut client = Client::hello(address);
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= numbers.end {
                        client.say("QUIT");
                        return;
                    }
                    let to = format!("b{number}@example.net");
                    let reply = client.deliver("a@example.org", &[&to], &message(number));
                    if !reply.starts_with("250 ") {
                        refused.lock().unwrap().push(reply);
                    }
                }
            });
        }
    });
    let refused = refused.into_inner().unwrap();
    assert!(refused.is_empty(), "Postfix refused: {refused:?}");
}

/// What came out at the other end.
#[derive(Debug)]
pub struct Count {
    /// Numbers of messages that never arrived.
    pub lost: Vec<usize>,
    /// Numbers of messages that arrived more than once.
    pub doubled: Vec<usize>,
}

/// Counts what arrived at the sink.
pub fn count(sink: &NextHop, numbers: Range<usize>) -> Count {
    let mut copies: BTreeMap<usize, usize> = BTreeMap::new();
    for taken in sink.taken() {
        let content = String::from_utf8_lossy(&taken.content).into_owned();
        if let Some((_, rest)) = content.split_once("X-Number: ") {
            let number = rest.lines().next().unwrap().parse().unwrap();
            *copies.entry(number).or_default() += 1;
        }
    }
    Count {
        lost: numbers
            .filter(|number| !copies.contains_key(number))
            .collect(),
        doubled: copies
            .into_iter()
            .filter(|(_, copies)| *copies > 1)
            .map(|(number, _)| number)
            .collect(),
    }
}
