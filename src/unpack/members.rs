//! What a decoder hands over: the members of a container, one after another.

use std::{
    borrow::Cow,
    io::{self, Read},
};

use super::explorer::{Explorer, Stop};
use crate::mail::node::{Entry, Limit, NodeId, State};

/// What is known of a member before its content.
#[derive(Clone, Debug, Default)]
pub(super) struct Member {
    pub(super) names: Vec<String>,
    pub(super) types: Vec<String>,
    pub(super) entry: Entry,
    pub(super) state: State,
    pub(super) oddities: Vec<String>,
}

impl Member {
    /// A file with a name; an empty one is none.
    pub(super) fn named(name: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            names: if name.is_empty() {
                Vec::new()
            } else {
                vec![name]
            },
            ..Self::default()
        }
    }

    pub(super) fn entry(mut self, entry: Entry) -> Self {
        self.entry = entry;
        self
    }

    pub(super) fn state(mut self, state: State) -> Self {
        self.state = state;
        self
    }

    pub(super) fn also_named(mut self, name: &str) -> Self {
        if !name.is_empty() && !self.names.iter().any(|known| known == name) {
            self.names.push(name.to_owned());
        }
        self
    }

    pub(super) fn odd(mut self, words: &str) -> Self {
        self.oddities.push(words.to_owned());
        self
    }
}

/// Why a container was not decoded to its end.
#[derive(Debug)]
pub(super) enum Failure {
    /// It is none of this format.
    Foreign,
    Encrypted,
    /// Why, in our words.
    Damaged(String),
    /// What, in our words.
    Unsupported(String),
    Over(Limit),
    /// Nothing can be kept any more.
    Broken(io::Error),
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Over(limit) => Self::Over(limit),
            Stop::Broken(error) => Self::Broken(error),
        }
    }
}

/// A damaged container; the words of a library are cut short and made printable.
pub(super) fn damaged(why: impl std::fmt::Display) -> Failure {
    Failure::Damaged(brief(why))
}

/// What a library says, in one short line.
pub(super) fn brief(why: impl std::fmt::Display) -> String {
    let text = why.to_string();
    let flat = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    flat.take(80).collect()
}

/// How reading a member ended.
pub(super) enum End {
    /// At its end.
    Complete,
    /// Before; why.
    Damaged(io::Error),
}

/// Octets that are read at a time.
const STEP: usize = 64 * 1024;
/// Octets that are read first.
const LEAST_STEP: usize = 2048;

/// Takes the members of one container.
pub(super) struct Members<'e, 'k> {
    explorer: &'e mut Explorer<'k>,
    holder: NodeId,
    most_octets: u64,
}

impl<'e, 'k> Members<'e, 'k> {
    pub(super) const fn new(explorer: &'e mut Explorer<'k>, holder: NodeId) -> Self {
        let most_octets = explorer.budget.left();
        Self {
            explorer,
            holder,
            most_octets,
        }
    }

    /// Octets that could be decoded when the container was opened.
    pub(super) const fn most_octets(&self) -> u64 {
        self.most_octets
    }

    /// Names of the container itself.
    pub(super) fn holder_names(&self) -> &[String] {
        self.explorer
            .nodes
            .get(self.holder)
            .map_or(&[], |node| &node.names)
    }

    /// Notes something odd about the container.
    pub(super) fn odd(&mut self, words: &str) {
        self.explorer.odd(self.holder, words);
    }

    /// The container is of one kind more.
    pub(super) fn is_also(&mut self, kind: &str) {
        if let Some(node) = self.explorer.nodes.get_mut(self.holder)
            && !node.kinds.iter().any(|known| known == kind)
        {
            node.kinds.push(kind.to_owned());
        }
    }

    /// Two readings of the container differ.
    pub(super) fn ambiguous(&mut self, words: &str) {
        self.explorer.odd(self.holder, words);
        self.explorer.set_ambiguous(self.holder);
    }

    /// A member that is read from `source` to its end. One that cannot be is kept as far as it goes, and says so.
    pub(super) fn read(&mut self, member: Member, source: &mut dyn Read) -> Result<End, Failure> {
        let mut content = Vec::new();
        let end = self.fill(&mut content, source)?;
        let member = match &end {
            End::Damaged(error) if !member.state.is_undecipherable() => {
                member.state(State::Undecodable(format!("damaged: {}", brief(error))))
            }
            _ => member,
        };
        self.hand_over(member, content)?;
        Ok(end)
    }

    /// Reads into `content` within the budget.
    pub(super) fn fill(
        &mut self,
        content: &mut Vec<u8>,
        source: &mut dyn Read,
    ) -> Result<End, Failure> {
        loop {
            let begin = content.len();
            // Most members are small, and there may be many.
            content.resize(begin + begin.clamp(LEAST_STEP, STEP), 0);
            let free = content.get_mut(begin..).unwrap_or_default();
            let result = source.read(free);
            let count = *result.as_ref().unwrap_or(&0);
            content.truncate(begin + count);
            self.charge(count)?;
            match result {
                Ok(0) => return Ok(End::Complete),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Ok(End::Damaged(error)),
            }
        }
    }

    /// Charges octets that a decoder made.
    pub(super) fn charge(&mut self, octets: usize) -> Result<(), Failure> {
        let charged = self.explorer.budget.charge_octets(octets as u64);
        charged.map_err(Failure::Over)
    }

    /// A member whose octets are charged already.
    pub(super) fn hand_over(&mut self, member: Member, content: Vec<u8>) -> Result<(), Failure> {
        let id = self.add(member)?;
        Ok(self.explorer.look(id, Cow::Owned(content))?)
    }

    /// A member that stands in the container as it is.
    pub(super) fn bytes(&mut self, member: Member, content: &[u8]) -> Result<(), Failure> {
        self.charge(content.len())?;
        let id = self.add(member)?;
        Ok(self.explorer.look(id, Cow::Borrowed(content))?)
    }

    /// A member that has no content, or none that can be had.
    pub(super) fn phantom(&mut self, member: Member) -> Result<(), Failure> {
        let id = self.add(member)?;
        self.explorer.leave(id).map_err(Failure::Broken)
    }

    /// A message.
    pub(super) fn mail(&mut self, content: &[u8]) -> Result<(), Failure> {
        self.charge(content.len())?;
        // Its own header says what it is.
        let id = self.add(Member::default())?;
        Ok(self.explorer.mail(id, content)?)
    }

    fn add(&mut self, member: Member) -> Result<NodeId, Failure> {
        let added = self.explorer.add(Some(self.holder), member);
        added.map_err(Failure::Over)
    }
}
