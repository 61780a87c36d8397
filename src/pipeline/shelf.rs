//! Keeps what is found in a message for the scanners, if there are any.

use std::io;

use crate::{
    mail::node::{Entry, Node, NodeId},
    scan::contents::Contents,
    unpack::Keep,
};

/// The message itself is there already; its first node is its body if it has no parts.
pub(super) struct Shelf<'s, 'm> {
    pub(super) contents: Option<&'s mut Contents<'m>>,
}

impl Keep for Shelf<'_, '_> {
    fn keep(&mut self, id: NodeId, node: &Node, content: &[u8]) -> io::Result<()> {
        match &mut self.contents {
            Some(contents) if node.entry == Entry::File => contents.add(id + 1, content),
            _ => Ok(()),
        }
    }

    fn wants_content(&self) -> bool {
        self.contents.is_some()
    }
}
