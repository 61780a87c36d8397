//! Nodes: everything that was found in a message, whatever held it: parts of the mail, members of archives, streams of documents.
//!
//! # Source
//! content.md 2.1 (attributes), 2.3, 2.9.

use serde::{Deserialize, Serialize};

/// Place of a node in [`Exploded::nodes`].
pub type NodeId = usize;

/// A message with all that is in it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Exploded {
    /// All nodes, each after the one that holds it; the first is the message itself.
    pub nodes: Vec<Node>,
    /// The limit that was reached, if one was: what lies beyond it was not looked into.
    pub over: Option<Limit>,
}

/// One thing that a message holds.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Node {
    /// What holds it; the message itself has none.
    pub parent: Option<NodeId>,
    /// Levels above it.
    pub level: usize,
    /// Its place among those with the same parent, from 1.
    pub place: usize,
    /// Declared types.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    /// Declared names, as they are written and as they are meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// What its content is, in short types; nothing for what only holds others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    /// What stands there.
    pub entry: Entry,
    /// Octets of its content.
    pub size: u64,
    /// How far it could be looked into.
    pub state: State,
    /// What is odd about it, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub oddities: Vec<String>,
    /// Two readings of it differ in what they hold.
    pub is_ambiguous: bool,
}

/// What stands at a place in an archive.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Entry {
    /// Content.
    #[default]
    File,
    /// Only a holder of others, such as a multipart.
    Holder,
    /// A folder.
    Folder,
    /// A link, symbolic or hard.
    Link,
    /// A device, a pipe, or another special file.
    Special,
}

/// How far a node could be looked into.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum State {
    /// It holds nothing that we know how to get out.
    #[default]
    Plain,
    /// What it holds is below it.
    Decoded,
    /// It is encrypted.
    Encrypted,
    /// It could not be decoded, or not to the end; why, in our words.
    Undecodable(String),
}

impl State {
    /// True if something may be in it that was not seen.
    #[must_use]
    pub const fn is_undecipherable(&self) -> bool {
        matches!(self, Self::Encrypted | Self::Undecodable(_))
    }

    /// In words; empty if there is nothing to tell.
    #[must_use]
    pub fn words(&self) -> &str {
        match self {
            Self::Plain | Self::Decoded => "",
            Self::Encrypted => "encrypted",
            Self::Undecodable(why) => why,
        }
    }
}

impl Node {
    /// Attribute letters (content.md 2.1): U undecodable, C encrypted, B ambiguous, D folder, S special file, L link.
    #[must_use]
    pub fn attributes(&self) -> Vec<char> {
        let facts = [
            (self.state.is_undecipherable(), 'U'),
            (self.state == State::Encrypted, 'C'),
            (self.is_ambiguous, 'B'),
            (self.entry == Entry::Folder, 'D'),
            (self.entry == Entry::Special, 'S'),
            (self.entry == Entry::Link, 'L'),
        ];
        let facts = facts.iter().filter(|(holds, _)| *holds);
        facts.map(|(_, letter)| *letter).collect()
    }
}

/// Limits of what is taken apart, for a message as a whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Limit {
    /// Levels of things in things (`$MAXLEVELS`).
    Levels(usize),
    /// Number of things (`$MAXFILES`).
    Files(usize),
    /// Octets that were decoded (`$MAX_EXPANSION_QUOTA` and its like).
    Octets(u64),
    /// Time.
    Time,
}

/// In the original's words (content.md 2.7), without its places in the source.
impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Levels(most) => write!(f, "Maximum decoding depth ({most}) exceeded"),
            Self::Files(most) => write!(f, "Maximum number of files ({most}) exceeded"),
            Self::Octets(most) => write!(f, "Exceeded storage quota {most} bytes"),
            Self::Time => f.write_str("Time for decoding exceeded"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_letters() {
        let node = Node {
            state: State::Encrypted,
            entry: Entry::Link,
            is_ambiguous: true,
            ..Node::default()
        };
        assert_eq!(node.attributes(), ['U', 'C', 'B', 'L']);
        assert!(Node::default().attributes().is_empty());
    }
}
