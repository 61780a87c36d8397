//! Walks through everything that a message holds, and keeps the list.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    io,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
};

use super::{
    budget::Budget,
    decoder::{self, Decoder, Fitting},
    members::{Failure, Member, Members},
    name,
};
use crate::{
    mail::{
        node::{Entry, Limit, Node, NodeId, State},
        part::{Cut, Encoding, Oddity, Part, PartId, PartKind, PartTree, Role},
    },
    mime::{
        kind,
        transfer::decode,
        walk::{self, Reading, walk},
    },
};

/// Takes what is found, as it is found.
pub trait Keep {
    /// Everything that can be said about a node before it is opened, and its content.
    ///
    /// # Errors
    /// If it cannot be kept; nothing more is looked into then.
    fn keep(&mut self, id: NodeId, node: &Node, content: &[u8]) -> io::Result<()>;

    /// False if contents are not looked at.
    fn wants_content(&self) -> bool {
        true
    }

    /// Something is about to be opened.
    ///
    /// # Errors
    /// As [`Self::keep`].
    fn opening(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// A node is done with.
    ///
    /// # Errors
    /// As [`Self::keep`].
    fn finish(&mut self, _id: NodeId, _node: &Node) -> io::Result<()> {
        Ok(())
    }
}

/// What waits for a decoder process.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) node: NodeId,
    pub(super) content: Vec<u8>,
}

/// Why nothing more is looked into.
#[derive(Debug)]
pub(super) enum Stop {
    Over(Limit),
    Broken(io::Error),
}

impl From<Limit> for Stop {
    fn from(limit: Limit) -> Self {
        Self::Over(limit)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

pub(super) struct Explorer<'k> {
    pub(super) budget: Budget,
    pub(super) nodes: Vec<Node>,
    /// How many nodes each one holds.
    held: Vec<usize>,
    keep: &'k mut dyn Keep,
    /// This is a decoder process: containers are opened here. Otherwise they wait.
    is_fenced: bool,
    pub(super) waiting: Vec<Waiting>,
}

impl<'k> Explorer<'k> {
    pub(super) fn new(budget: Budget, is_fenced: bool, keep: &'k mut dyn Keep) -> Self {
        Self {
            budget,
            nodes: Vec::new(),
            held: Vec::new(),
            keep,
            is_fenced,
            waiting: Vec::new(),
        }
    }

    /// Goes on from nodes that are known.
    pub(super) fn resume(&mut self, nodes: Vec<Node>) {
        self.held = vec![0; nodes.len()];
        for node in &nodes {
            if let Some(held) = node.parent.and_then(|parent| self.held.get_mut(parent)) {
                *held += 1;
            }
        }
        self.nodes = nodes;
    }

    /// A node more, below `parent`.
    pub(super) fn add(&mut self, parent: Option<NodeId>, member: Member) -> Result<NodeId, Limit> {
        let level = parent
            .and_then(|parent| self.nodes.get(parent))
            .map_or(0, |parent| parent.level + 1);
        self.budget.charge_file(level)?;
        let place = parent.and_then(|parent| self.held.get_mut(parent));
        let place = place.map_or(1, |held| {
            *held += 1;
            *held
        });
        self.nodes.push(Node {
            parent,
            level,
            place,
            types: member.types,
            names: name::all(&member.names),
            kinds: Vec::new(),
            entry: member.entry,
            size: 0,
            state: member.state,
            oddities: member.oddities,
            is_ambiguous: false,
        });
        self.held.push(0);
        Ok(self.nodes.len() - 1)
    }

    pub(super) fn wants_content(&self) -> bool {
        self.keep.wants_content()
    }

    /// Shows what a decoder process found.
    pub(super) fn keep_found(&mut self, id: NodeId, node: &Node, content: &[u8]) -> io::Result<()> {
        self.keep.keep(id, node, content)
    }

    /// Shows what a decoder process is done with.
    pub(super) fn finish_found(&mut self, id: NodeId, node: &Node) -> io::Result<()> {
        self.keep.finish(id, node)
    }

    pub(super) fn odd(&mut self, id: NodeId, words: &str) {
        if let Some(node) = self.nodes.get_mut(id)
            && node.oddities.len() < 20
            && !node.oddities.iter().any(|known| known == words)
        {
            node.oddities.push(words.to_owned());
        }
    }

    pub(super) fn set_ambiguous(&mut self, id: NodeId) {
        if let Some(node) = self.nodes.get_mut(id) {
            node.is_ambiguous = true;
        }
    }

    /// Nothing is at this node but what is known already.
    pub(super) fn leave(&mut self, id: NodeId) -> io::Result<()> {
        match self.nodes.get(id) {
            Some(node) => {
                self.keep.keep(id, node, &[])?;
                self.keep.finish(id, node)
            }
            None => Ok(()),
        }
    }

    /// Looks at the content of a node, and into it.
    pub(super) fn look(&mut self, id: NodeId, content: Cow<'_, [u8]>) -> Result<(), Stop> {
        let kinds = kind::kinds(&content);
        let Some(node) = self.nodes.get_mut(id) else {
            return Ok(());
        };
        node.size = content.len() as u64;
        node.kinds = kinds.iter().map(|kind| (*kind).to_owned()).collect();
        let fitting = decoder::fitting(&content, &kinds, node);
        if let Some(what) = decoder::closed(&kinds)
            && !node.state.is_undecipherable()
        {
            node.state = State::Undecodable(format!("not supported: {what}"));
        }
        self.keep.keep(id, node, &content)?;
        if let Err(limit) = self.has_level_below(id) {
            if !fitting.is_empty() {
                self.settle(id, Err(Failure::Over(limit)));
            }
            return self.finish(id);
        }
        let (fenced, free): (Vec<_>, Vec<_>) =
            fitting.into_iter().partition(|fit| fit.decoder.is_fenced);
        for fit in &free {
            self.open(id, fit, &content)?;
        }
        if fenced.is_empty() {
            return self.finish(id);
        }
        if self.is_fenced {
            return self.open_all(id, &fenced, &content);
        }
        self.waiting.push(Waiting {
            node: id,
            content: content.into_owned(),
        });
        Ok(())
    }

    /// Opens what waited.
    pub(super) fn open_waiting(&mut self, id: NodeId, content: &[u8]) -> Result<(), Stop> {
        let Some(node) = self.nodes.get(id) else {
            return Ok(());
        };
        let kinds = kind::kinds(content);
        let mut fitting = decoder::fitting(content, &kinds, node);
        fitting.retain(|fit| fit.decoder.is_fenced);
        self.open_all(id, &fitting, content)?;
        // What is known by now must not be lost with this process.
        Ok(self.keep.opening()?)
    }

    fn open_all(&mut self, id: NodeId, fitting: &[Fitting], content: &[u8]) -> Result<(), Stop> {
        for fit in fitting {
            self.open(id, fit, content)?;
        }
        self.finish(id)
    }

    fn finish(&mut self, id: NodeId) -> Result<(), Stop> {
        if let Some(node) = self.nodes.get(id) {
            self.keep.finish(id, node)?;
        }
        Ok(())
    }

    fn has_level_below(&mut self, id: NodeId) -> Result<(), Limit> {
        let limits = *self.budget.limits();
        let most = limits.levels.min(super::budget::Limits::MOST_LEVELS);
        let level = self.nodes.get(id).map_or(0, |node| node.level);
        if level < most {
            return Ok(());
        }
        Err(Limit::Levels(most))
    }

    /// Tries one decoder.
    fn open(&mut self, id: NodeId, fit: &Fitting, content: &[u8]) -> Result<(), Stop> {
        let Some(payload) = content.get(fit.offset..) else {
            return Ok(());
        };
        let Decoder { decode, .. } = fit.decoder;
        self.keep.opening()?;
        let known = self.nodes.len();
        let mut members = Members::new(self, id);
        // Libraries break off at what they did not expect: that ends this container, not the message.
        let result = catch_unwind(AssertUnwindSafe(|| decode(payload, &mut members)));
        let result = result.unwrap_or_else(|_| {
            let name = fit.decoder.name;
            Err(Failure::Unsupported(format!(
                "the decoder of {name} broke off"
            )))
        });
        if let Err(Failure::Broken(error)) = result {
            return Err(Stop::Broken(error));
        }
        // What was only found by a signature somewhere in it may be nothing, unless something came out.
        if fit.is_guess
            && self.nodes.len() == known
            && matches!(result, Err(Failure::Foreign | Failure::Damaged(_)))
        {
            if matches!(result, Err(Failure::Damaged(_))) {
                let what = fit.decoder.name;
                self.odd(
                    id,
                    &format!("holds what looks like a {what}, and cannot be opened as one"),
                );
            }
            return Ok(());
        }
        let limit = match &result {
            Err(Failure::Over(limit)) => Some(*limit),
            _ => None,
        };
        self.settle(id, result);
        match limit {
            Some(limit) if !matches!(limit, Limit::Levels(_)) => Err(Stop::Over(limit)),
            _ => Ok(()),
        }
    }

    fn settle(&mut self, id: NodeId, result: Result<(), Failure>) {
        if let Err(Failure::Over(limit)) = &result {
            self.budget.exceed(*limit);
        }
        let Some(node) = self.nodes.get_mut(id) else {
            return;
        };
        let state = match result {
            Ok(()) => State::Decoded,
            Err(Failure::Encrypted) => State::Encrypted,
            Err(Failure::Foreign) => State::Undecodable("not what it seems to be".to_owned()),
            Err(Failure::Damaged(why)) => State::Undecodable(format!("damaged: {why}")),
            Err(Failure::Unsupported(what)) => State::Undecodable(format!("not supported: {what}")),
            Err(Failure::Over(limit)) => State::Undecodable(limit.to_string()),
            Err(Failure::Broken(error)) => State::Undecodable(error.to_string()),
        };
        // The worst that any decoder said stays.
        if node.state.is_undecipherable() || (node.state == State::Decoded && state == State::Plain)
        {
            return;
        }
        node.state = state;
    }
}

/// Mail.
impl Explorer<'_> {
    /// Takes a message apart: `id` is its node.
    pub(super) fn mail(&mut self, id: NodeId, message: &[u8]) -> Result<(), Stop> {
        let base = self.nodes.get(id).map_or(0, |node| node.level);
        let levels = self
            .budget
            .limits()
            .levels
            .min(super::budget::Limits::MOST_LEVELS);
        let limits = walk::Limits {
            depth: levels.saturating_sub(base),
            parts: self.budget.limits().files,
        };
        let tree = walk(message, limits, Reading::First);
        self.parts(id, message, &tree)?;
        if is_contested(&tree) {
            self.second_reading(id, message, limits, &prints(message, &tree))?;
        }
        let limit = tree.cut.map(|cut| match cut {
            Cut::Depth => Limit::Levels(levels),
            Cut::Parts => Limit::Files(limits.parts),
        });
        if let Some(limit) = limit {
            self.settle(id, Err(Failure::Over(limit)));
        }
        // What was found out after its own parts is part of what is told.
        self.finish(id)?;
        match limit {
            Some(limit @ Limit::Files(_)) => Err(Stop::Over(limit)),
            _ => Ok(()),
        }
    }

    /// Adds the parts of a tree below `root`.
    fn parts(&mut self, root: NodeId, message: &[u8], tree: &PartTree) -> Result<(), Stop> {
        let mut ids: Vec<NodeId> = Vec::with_capacity(tree.parts.len());
        let mut margins = margins_by_part(tree);
        for (at, part) in tree.parts.iter().enumerate() {
            let parent = part.parent.and_then(|parent| ids.get(parent).copied());
            let id = match parent {
                None => {
                    self.describe(root, part);
                    root
                }
                Some(parent) => self.add(Some(parent), member_of(part))?,
            };
            ids.push(id);
            if part.kind == PartKind::Leaf {
                let body = message.get(part.body.clone()).unwrap_or_default();
                let content = self.transfer_decoded(id, part, body)?;
                self.look(id, content)?;
            } else {
                self.leave(id)?;
                self.margins(id, message, margins.remove(&at).unwrap_or_default())?;
            }
        }
        Ok(())
    }

    fn transfer_decoded<'b>(
        &mut self,
        id: NodeId,
        part: &Part,
        body: &'b [u8],
    ) -> Result<Cow<'b, [u8]>, Stop> {
        if part.encoding == Encoding::Identity {
            self.budget.charge_octets(body.len() as u64)?;
            return Ok(Cow::Borrowed(body));
        }
        let (decoded, is_damaged) = decode(body, part.encoding, body.len());
        if is_damaged {
            self.odd(id, "its encoding is damaged");
        }
        self.budget.charge_octets(decoded.len() as u64)?;
        Ok(Cow::Owned(decoded))
    }

    /// The message itself is described by its own header.
    fn describe(&mut self, root: NodeId, part: &Part) {
        let member = member_of(part);
        if let Some(node) = self.nodes.get_mut(root) {
            for name in name::all(&member.names) {
                if !node.names.contains(&name) {
                    node.names.push(name);
                }
            }
            for kind in member.types {
                if !node.types.contains(&kind) {
                    node.types.push(kind);
                }
            }
            if part.kind != PartKind::Leaf {
                node.entry = Entry::Holder;
            }
            if !node.state.is_undecipherable() {
                node.state = member.state;
            }
        }
        for oddity in &member.oddities {
            self.odd(root, oddity);
        }
    }

    /// Preamble and epilogue, where somebody could have put something.
    fn margins(&mut self, id: NodeId, message: &[u8], margins: Vec<Margin>) -> Result<(), Stop> {
        for (range, role) in margins {
            let text = message.get(range).unwrap_or_default();
            if !has_content(text) {
                continue;
            }
            let name = if role == Role::Preamble {
                "preamble"
            } else {
                "epilogue"
            };
            let member = Member {
                names: vec![name.to_owned()],
                ..Member::default()
            };
            let margin = self.add(Some(id), member)?;
            self.budget.charge_octets(text.len() as u64)?;
            self.look(margin, Cow::Borrowed(text))?;
        }
        Ok(())
    }

    /// Another reading of the same octets; what it finds and the first did not makes the message ambiguous (decision 32).
    fn second_reading(
        &mut self,
        id: NodeId,
        message: &[u8],
        limits: walk::Limits,
        known: &[Print],
    ) -> Result<(), Stop> {
        let tree = walk(message, limits, Reading::Last);
        for part in tree.parts.iter().filter(|part| part.kind == PartKind::Leaf) {
            let body = message.get(part.body.clone()).unwrap_or_default();
            let (content, _) = decode(body, part.encoding, body.len());
            let print = Print::of(&content);
            if print.is_blank || known.contains(&print) {
                continue;
            }
            self.set_ambiguous(id);
            self.odd(id, "another reading of it holds something else");
            let other = self.add(Some(id), member_of(part))?;
            self.odd(other, "found by another reading");
            self.budget.charge_octets(content.len() as u64)?;
            self.look(other, Cow::Owned(content))?;
        }
        Ok(())
    }
}

/// What is compared of the leaves of two readings.
#[derive(PartialEq, Eq)]
struct Print {
    length: usize,
    hash: u64,
    is_blank: bool,
}

impl Print {
    fn of(content: &[u8]) -> Self {
        let content = content.trim_ascii();
        // FNV-1a: whoever makes two contents collide hides one of them from nobody but himself, as the scanner gets the whole.
        let hash = content.iter().fold(0xcbf2_9ce4_8422_2325, |hash, octet| {
            (hash ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3)
        });
        Self {
            length: content.len(),
            hash,
            is_blank: content.is_empty(),
        }
    }
}

/// A preamble or an epilogue.
type Margin = (Range<usize>, Role);

/// The margins of each part, found in one pass.
fn margins_by_part(tree: &PartTree) -> BTreeMap<PartId, Vec<Margin>> {
    let mut margins: BTreeMap<PartId, Vec<Margin>> = BTreeMap::new();
    for segment in &tree.segments {
        if matches!(segment.role, Role::Preamble | Role::Epilogue) {
            let margin = (segment.range.clone(), segment.role);
            margins.entry(segment.part).or_default().push(margin);
        }
    }
    margins
}

/// The prints of what the leaves of a reading hold.
fn prints(message: &[u8], tree: &PartTree) -> Vec<Print> {
    let leaves = tree.parts.iter().filter(|part| part.kind == PartKind::Leaf);
    leaves
        .map(|part| {
            let body = message.get(part.body.clone()).unwrap_or_default();
            Print::of(&decode(body, part.encoding, body.len()).0)
        })
        .collect()
}

/// True if a field or a parameter that says what holds what is there twice.
fn is_contested(tree: &PartTree) -> bool {
    tree.parts.iter().any(|part| {
        part.oddities.iter().any(|oddity| {
            matches!(
                oddity,
                Oddity::RepeatedType | Oddity::RepeatedEncoding | Oddity::RepeatedBoundary
            )
        })
    })
}

fn member_of(part: &Part) -> Member {
    Member {
        names: part.names.clone(),
        types: vec![part.content_type.clone()],
        entry: if part.kind == PartKind::Leaf {
            Entry::File
        } else {
            Entry::Holder
        },
        state: match part.content_type.as_str() {
            kind if kind.ends_with("encrypted") => State::Encrypted,
            "message/partial" => State::Undecodable("only a fragment of a message".to_owned()),
            _ => State::Plain,
        },
        oddities: part
            .oddities
            .iter()
            .map(|oddity| oddity.words())
            .chain(
                (part.content_type == "message/external-body")
                    .then_some("its content is elsewhere"),
            )
            .map(str::to_owned)
            .collect(),
    }
}

/// True if a margin is more than the usual sentence for old mail readers (content.md 2.1).
fn has_content(text: &[u8]) -> bool {
    let lines = text.split(|octet| *octet == b'\n');
    let is_usual =
        |octet: &u8| octet.is_ascii_alphanumeric() || b"/@:;,. \t\r\n_-'\"()!".contains(octet);
    let lines = lines.filter(|line| !line.trim_ascii().is_empty()).count();
    lines > 5 || !text.iter().all(is_usual)
}
