//! Messages and containers taken apart, down to the last thing in them.

use std::{io, time::Duration};

use filterd::{
    mail::node::{Exploded, Node, NodeId, State},
    sys::clock::Deadline,
    unpack::{Keep, budget::Limits, explode_here},
};

/// Adds up what is found.
#[derive(Default)]
struct Tally {
    octets: u64,
    nodes: usize,
}

impl Keep for Tally {
    fn keep(&mut self, id: NodeId, node: &Node, content: &[u8]) -> io::Result<()> {
        assert!(node.parent.is_none_or(|parent| parent < id));
        self.octets += content.len() as u64;
        self.nodes += 1;
        Ok(())
    }
}

const LIMITS: Limits = Limits {
    levels: 6,
    files: 300,
    least_octets: 64 * 1024,
    least_factor: 5,
    most_octets: 4 << 20,
    most_factor: 50,
    cpu: Duration::from_secs(5),
    time: Duration::from_secs(5),
    memory: 256 << 20,
};

/// A message: everything stays within the limits, and what holds a thing comes before it.
pub fn check(message: &[u8]) {
    let exploded = run(message);
    let again = run(message);
    assert_eq!(exploded, again, "twice the same");
}

/// A container, by itself in a message whose parts say nothing about it.
pub fn check_container(content: &[u8]) {
    let mut message = b"From: a@b\r\nContent-Type: application/octet-stream\r\n\r\n".to_vec();
    message.extend_from_slice(content);
    run(&message);
}

fn run(message: &[u8]) -> Exploded {
    let mut tally = Tally::default();
    let deadline = Deadline::after(Duration::from_secs(5));
    let exploded = explode_here(message, LIMITS, deadline, &mut tally).unwrap();
    assert!(exploded.nodes.len() <= LIMITS.files);
    // A margin may be looked at twice, once as a part of its own.
    assert!(tally.octets <= LIMITS.quota(message.len() as u64) + message.len() as u64);
    assert!(tally.nodes <= exploded.nodes.len() + 1);
    for node in &exploded.nodes {
        assert!(node.level <= LIMITS.levels, "{node:?}");
        assert!(node.names.len() <= 8);
        if let State::Undecodable(why) = &node.state {
            assert!(
                !why.is_empty() && !why.chars().any(char::is_control),
                "{why:?}"
            );
        }
    }
    exploded
}
