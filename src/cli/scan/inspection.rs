//! Looks into one message for `filterd scan`.

use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::verdicts::{Scanners, Verdict, verdicts};
use crate::{
    mail::node::{Entry, Exploded, Node, NodeId},
    mime::header_check,
    policy::banned::{self, Rules},
    scan::contents::Contents,
    sys::clock::Deadline,
    unpack::{Keep, budget::Limits, explode},
};

/// Largest message, octets.
const LARGEST: u64 = 1 << 30;

/// One message.
#[derive(Debug, Serialize)]
pub(super) struct Scanned {
    pub(super) file: String,
    pub(super) octets: usize,
    /// The limit that was reached.
    pub(super) over: Option<String>,
    /// Decoder processes that were stopped.
    pub(super) notes: Vec<String>,
    /// What is wrong with the header section, in words.
    pub(super) header: Vec<String>,
    /// What the scanners of the configuration say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) scanners: Vec<Verdict>,
    pub(super) parts: Vec<ScannedPart>,
}

impl Scanned {
    /// True if anything about it is not as it should be.
    pub(super) fn is_odd(&self) -> bool {
        let is_bad = |verdict: &Verdict| {
            verdict.kind == "virus" && matches!(verdict.result, "infected" | "failed")
        };
        self.scanners.iter().any(is_bad)
            || self.over.is_some()
            || !self.header.is_empty()
            || self.parts.iter().any(ScannedPart::is_odd)
    }
}

/// One thing in it.
#[derive(Debug, Serialize)]
pub(super) struct ScannedPart {
    /// Places on the way from the message, from 1: `1/2`; empty for the message itself.
    pub(super) place: String,
    #[serde(skip)]
    pub(super) parent: Option<NodeId>,
    /// Declared types.
    pub(super) types: Vec<String>,
    pub(super) names: Vec<String>,
    /// What the content is, by its octets; of what only holds others, nothing.
    pub(super) kinds: Vec<String>,
    /// Octets after decoding; of what only holds others, nothing.
    pub(super) octets: Option<u64>,
    /// `folder`, `link` or `special`; nothing for content.
    pub(super) entry: Option<&'static str>,
    /// `encrypted`, or why it could not be decoded to its end.
    pub(super) state: Option<String>,
    pub(super) is_ambiguous: bool,
    pub(super) oddities: Vec<String>,
    /// What the banned rules of the configuration say; nothing if they let it pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) banned: Option<ScannedBan>,
    /// The file that it was written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<String>,
}

/// Why a part is banned.
#[derive(Debug, Serialize)]
pub(super) struct ScannedBan {
    /// What is known of the part.
    pub(super) reason: String,
    /// The rule.
    pub(super) rule: String,
    /// The part and those that hold it, as the log has them.
    pub(super) path: String,
}

impl ScannedPart {
    fn is_odd(&self) -> bool {
        self.state.is_some()
            || self.is_ambiguous
            || !self.oddities.is_empty()
            || self.banned.is_some()
    }
}

/// How messages are looked into.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way<'w> {
    /// What is in them is written there.
    pub(super) folder: Option<&'w Path>,
    /// The number of the message, from 1.
    pub(super) number: usize,
    pub(super) rules: &'w Rules,
    pub(super) limits: Limits,
    pub(super) scanners: &'w Scanners,
}

/// Looks into the message in `file`.
pub(super) fn scan(file: &Path, way: &Way<'_>) -> io::Result<Scanned> {
    let Way {
        folder,
        number,
        rules,
        limits,
        scanners,
    } = *way;
    let message = read(file)?;
    let mut contents = scanners.contents(&message);
    let mut shelf = Shelf {
        folder,
        number,
        files: Vec::new(),
        contents: contents.as_mut(),
    };
    let explosion = explode(&message, limits, Deadline::after(limits.time), &mut shelf)?;
    let exploded = &explosion.exploded;
    let files = std::mem::take(&mut shelf.files);
    let mut parts = described(exploded, files);
    for ban in banned::judge(rules, exploded) {
        if let Some(part) = parts.get_mut(ban.node) {
            part.banned = Some(ScannedBan {
                reason: ban.reason,
                rule: ban.rule,
                path: ban.path,
            });
        }
    }
    Ok(Scanned {
        file: file.display().to_string(),
        octets: message.len(),
        over: exploded.over.map(|limit| limit.to_string()),
        notes: explosion.notes,
        header: problems(&message),
        scanners: verdicts(scanners, &message, contents)?,
        parts,
    })
}

/// Writes what is found into a folder, if there is one.
struct Shelf<'f, 'm> {
    folder: Option<&'f Path>,
    /// For virus scanners.
    contents: Option<&'f mut Contents<'m>>,
    number: usize,
    /// Node and file.
    files: Vec<(NodeId, PathBuf)>,
}

impl Keep for Shelf<'_, '_> {
    fn keep(&mut self, id: NodeId, node: &Node, content: &[u8]) -> io::Result<()> {
        if let Some(contents) = &mut self.contents
            && node.entry == Entry::File
        {
            contents.add(id + 1, content)?;
        }
        let Some(folder) = self.folder else {
            return Ok(());
        };
        if node.entry != Entry::File || node.kinds.is_empty() {
            return Ok(());
        }
        // What is there already is left alone.
        fs::create_dir_all(folder)?;
        let path = folder.join(format!("m{:03}-p{:03}", self.number, id + 1));
        let mut file = fs::File::options()
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
        file.write_all(content)?;
        self.files.push((id, path));
        Ok(())
    }

    fn wants_content(&self) -> bool {
        self.folder.is_some() || self.contents.is_some()
    }
}

/// What is wrong with the header section of the message itself.
fn problems(message: &[u8]) -> Vec<String> {
    // It goes to the empty line here: a line that is no field is one of the problems.
    header_check::check(message, false, &header_check::Tests::default())
        .into_iter()
        .map(|problem| problem.text)
        .collect()
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    let source: Box<dyn Read> = if file.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        Box::new(fs::File::open(file)?)
    };
    #[allow(clippy::disallowed_methods, reason = "limited by take")]
    source.take(LARGEST + 1).read_to_end(&mut octets)?;
    if octets.len() as u64 > LARGEST {
        return Err(io::Error::other(format!("is larger than {LARGEST} octets")));
    }
    Ok(octets)
}

fn described(exploded: &Exploded, files: Vec<(NodeId, PathBuf)>) -> Vec<ScannedPart> {
    let mut parts: Vec<ScannedPart> = Vec::with_capacity(exploded.nodes.len());
    for node in &exploded.nodes {
        let above = node.parent.and_then(|parent| parts.get(parent));
        let place = match above {
            None => String::new(),
            Some(above) if above.place.is_empty() => node.place.to_string(),
            Some(above) => format!("{}/{}", above.place, node.place),
        };
        parts.push(ScannedPart {
            place,
            parent: node.parent,
            types: node.types.clone(),
            names: node.names.clone(),
            kinds: node.kinds.clone(),
            octets: (node.entry == Entry::File && !node.kinds.is_empty()).then_some(node.size),
            entry: match node.entry {
                Entry::File | Entry::Holder => None,
                Entry::Folder => Some("folder"),
                Entry::Link => Some("link"),
                Entry::Special => Some("special"),
            },
            state: node
                .state
                .is_undecipherable()
                .then(|| node.state.words().to_owned()),
            is_ambiguous: node.is_ambiguous,
            oddities: node.oddities.clone(),
            banned: None,
            file: None,
        });
    }
    for (id, file) in files {
        if let Some(part) = parts.get_mut(id) {
            part.file = Some(file.display().to_string());
        }
    }
    parts
}
