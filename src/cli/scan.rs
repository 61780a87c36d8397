//! `filterd scan`: what a message is made of, without a daemon.

use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use serde::Serialize;

use super::{exit, filterd, print, table::Colours};
use crate::{
    config::resolve::banned_rules,
    log::escape,
    lookup::table::PatternEntry,
    mail::address::Address,
    mail::part::{Cut, Encoding, Part, PartId, PartKind, PartTree},
    mime::{
        header_check, kind,
        transfer::decode,
        walk::{Limits, walk},
    },
    policy::banned::{self, Node},
};

/// Largest message, octets.
const LARGEST: u64 = 1 << 30;

/// The command, as clap knows it.
pub(super) fn command() -> Command {
    Command::new("scan")
        .about("Show what messages are made of, and what is odd about them; no daemon is needed")
        .arg(
            Arg::new("files")
                .value_name("FILE")
                .num_args(1..)
                .required(true)
                .value_parser(value_parser!(PathBuf))
                .help("Messages; - is standard input"),
        )
        .arg(
            Arg::new("to").long("to").value_name("RECIPIENT").help(
                "Whose banned rules of the configuration count; the null address if not given",
            ),
        )
        .arg(
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .help("Print JSON, for programs"),
        )
        .arg(
            Arg::new("extract")
                .long("extract")
                .value_name("DIR")
                .value_parser(value_parser!(PathBuf))
                .help("Write decoded parts into this folder, under names of our own"),
        )
}

/// One message.
#[derive(Debug, Serialize)]
struct Scanned {
    file: String,
    octets: usize,
    /// Why it was not taken apart to the end.
    cut: Option<&'static str>,
    /// What is wrong with the header section, in words.
    header: Vec<String>,
    parts: Vec<ScannedPart>,
}

impl Scanned {
    fn is_odd(&self) -> bool {
        self.cut.is_some() || !self.header.is_empty() || self.parts.iter().any(ScannedPart::is_odd)
    }
}

/// One part.
#[derive(Debug, Serialize)]
struct ScannedPart {
    /// Places on the way from the message, from 1: `1/2`; empty for the message itself.
    place: String,
    #[serde(skip)]
    parent: Option<PartId>,
    content_type: String,
    names: Vec<String>,
    encoding: &'static str,
    /// What the content is, by its octets; of a part that holds others, nothing.
    kinds: Vec<&'static str>,
    /// Octets after decoding; of a part that holds others, nothing.
    octets: Option<usize>,
    /// The encoding is damaged, or something was left over.
    is_damaged: bool,
    oddities: Vec<&'static str>,
    /// What the banned rules of the configuration say; nothing if they let it pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    banned: Option<Banned>,
    /// The file that it was written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
}

/// Why a part is banned.
#[derive(Debug, Serialize)]
struct Banned {
    /// What is known of the part.
    reason: String,
    /// The rule.
    rule: String,
    /// The part and those that hold it, as the log has them.
    path: String,
}

impl ScannedPart {
    fn is_odd(&self) -> bool {
        self.is_damaged || !self.oddities.is_empty() || self.banned.is_some()
    }
}

/// Runs it; gives the exit status.
pub(super) fn run(matches: &ArgMatches) -> u8 {
    if matches.contains_id("to") && !matches.contains_id("config") {
        print::error(
            "filterd scan: --to is about the rules of a configuration: name one with -c FILE",
        );
        return exit::USAGE;
    }
    let rules = match rules(matches) {
        Ok(rules) => rules,
        Err(error) => {
            print::error(&format!("filterd: {error}"));
            return exit::CONFIG;
        }
    };
    let folder = matches.get_one::<PathBuf>("extract");
    let mut status = exit::OK;
    let mut all = Vec::new();
    let files = matches.get_many::<PathBuf>("files").into_iter().flatten();
    for (number, file) in files.enumerate() {
        match scan(file, folder.map(PathBuf::as_path), number + 1, &rules) {
            Ok(scanned) => {
                if scanned.is_odd() && status == exit::OK {
                    status = exit::ODD;
                }
                if matches.get_flag("json") {
                    all.push(scanned);
                } else {
                    show(&scanned, Colours::detect());
                }
            }
            Err(error) => {
                print::error(&format!("filterd: {}: {error}", file.display()));
                status = exit::NO_INPUT;
            }
        }
    }
    if matches.get_flag("json") {
        print::out(&serde_json::to_string_pretty(&all).unwrap_or_default());
    }
    status
}

/// The banned rules of a recipient, if a configuration is named.
fn rules(matches: &ArgMatches) -> Result<Vec<PatternEntry>, String> {
    if !matches.contains_id("config") {
        return Ok(Vec::new());
    }
    let recipient = matches.get_one::<String>("to").map_or("", String::as_str);
    let recipient = Address::parse(recipient.as_bytes())
        .map_err(|error| format!("{recipient:?} is no address: {error}"))?;
    let mut found = Err("no configuration".to_owned());
    filterd::with_sources(matches, |sources| {
        found = sources
            .read()
            .and_then(|raw| banned_rules(&raw, &recipient))
            .map_err(|errors| errors.to_string());
        exit::OK
    });
    found
}

fn scan(
    file: &Path,
    folder: Option<&Path>,
    number: usize,
    rules: &[PatternEntry],
) -> io::Result<Scanned> {
    let message = read(file)?;
    let tree = walk(&message, Limits::default());
    let mut parts: Vec<ScannedPart> = Vec::with_capacity(tree.parts.len());
    for (id, part) in tree.parts.iter().enumerate() {
        let place = place(id, part, &tree, &parts);
        let mut scanned = described(part, place);
        if part.kind == PartKind::Leaf {
            let body = message.get(part.body.clone()).unwrap_or_default();
            let (decoded, is_damaged) = decode(body, part.encoding, body.len());
            scanned.octets = Some(decoded.len());
            scanned.kinds = kind::kinds(&decoded);
            scanned.is_damaged = is_damaged;
            scanned.banned = judged(id, &scanned, &parts, rules)?;
            if let Some(folder) = folder {
                scanned.file = Some(extract(folder, number, id, &decoded)?);
            }
        }
        parts.push(scanned);
    }
    Ok(Scanned {
        file: file.display().to_string(),
        octets: message.len(),
        cut: tree.cut.map(|cut| match cut {
            Cut::Depth => "parts in parts are too deep",
            Cut::Parts => "too many parts",
        }),
        header: problems(&message),
        parts,
    })
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

/// `1/2`: the second part of the first part.
fn place(id: PartId, part: &Part, tree: &PartTree, known: &[ScannedPart]) -> String {
    let Some(parent) = part.parent else {
        return String::new();
    };
    let siblings = tree.parts.iter().take(id);
    let number = 1 + siblings
        .filter(|sibling| sibling.parent == Some(parent))
        .count();
    let above = known.get(parent).map_or("", |parent| parent.place.as_str());
    if above.is_empty() {
        number.to_string()
    } else {
        format!("{above}/{number}")
    }
}

/// What the rules say about the part with number `id`, which the others before it may hold.
fn judged(
    id: PartId,
    part: &ScannedPart,
    known: &[ScannedPart],
    rules: &[PatternEntry],
) -> io::Result<Option<Banned>> {
    let node = |id: PartId, part: &ScannedPart| Node {
        base_name: format!("p{:03}", id + 1),
        placement: if part.place.is_empty() {
            "1".to_owned()
        } else {
            format!("1/{}", part.place)
        },
        types: vec![part.content_type.clone()],
        kinds: part.kinds.iter().map(|kind| (*kind).to_owned()).collect(),
        names: part.names.clone(),
        is_undecipherable: false,
    };
    let mut path = vec![node(id, part)];
    let mut above = part.parent;
    while let Some((id, part)) = above.and_then(|id| Some((id, known.get(id)?))) {
        path.push(node(id, part));
        above = part.parent;
    }
    path.reverse();
    let verdict = banned::judge(rules, &path).map_err(io::Error::other)?;
    Ok(verdict
        .filter(|verdict| verdict.is_banned)
        .map(|verdict| Banned {
            reason: verdict.reason,
            rule: verdict.rule,
            path: banned::shown(&path),
        }))
}

fn described(part: &Part, place: String) -> ScannedPart {
    ScannedPart {
        place,
        parent: part.parent,
        content_type: part.content_type.clone(),
        names: part.names.clone(),
        encoding: match part.encoding {
            Encoding::Identity => "none",
            Encoding::Base64 => "base64",
            Encoding::QuotedPrintable => "quoted-printable",
            Encoding::Uuencode => "uuencode",
        },
        kinds: Vec::new(),
        octets: None,
        is_damaged: false,
        oddities: part.oddities.iter().map(|oddity| oddity.words()).collect(),
        banned: None,
        file: None,
    }
}

/// Writes a part under a name of our own; what is there already is left alone.
fn extract(folder: &Path, number: usize, id: PartId, decoded: &[u8]) -> io::Result<String> {
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("m{number:03}-p{:03}", id + 1));
    let mut file = fs::File::options()
        .write(true)
        .create_new(true)
        .open(&path)
        .map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
    file.write_all(decoded)?;
    Ok(path.display().to_string())
}

/// The tree, drawn.
fn show(scanned: &Scanned, colours: Colours) {
    let file = escape(scanned.file.clone());
    print::out(&format!(
        "{} {} octets",
        colours.bold(&file),
        scanned.octets
    ));
    let last_of = last_children(scanned);
    for (id, part) in scanned.parts.iter().enumerate() {
        let mut branch = String::new();
        let mut above = part.parent;
        while let Some(parent) = above {
            let holder = scanned.parts.get(parent).and_then(|part| part.parent);
            if let Some(holder) = holder {
                let is_last = last_of.get(holder) == Some(&parent);
                branch.insert_str(0, if is_last { "   " } else { "\u{2502}  " });
            }
            above = holder;
        }
        if let Some(parent) = part.parent {
            let is_last = last_of.get(parent) == Some(&id);
            branch.push_str(if is_last {
                "\u{2514}\u{2500} "
            } else {
                "\u{251c}\u{2500} "
            });
        }
        print::out(&format!("{branch}{}", line(part, colours)));
    }
    for problem in &scanned.header {
        print::out(&colours.yellow(&format!("! {problem}")));
    }
    if let Some(cut) = scanned.cut {
        print::out(&colours.red(&format!("not taken apart to the end: {cut}")));
    }
}

/// The last child of each part; of a part without children, nothing that is one.
fn last_children(scanned: &Scanned) -> Vec<PartId> {
    let mut last = vec![usize::MAX; scanned.parts.len()];
    for (id, part) in scanned.parts.iter().enumerate() {
        if let Some(slot) = part.parent.and_then(|parent| last.get_mut(parent)) {
            *slot = id;
        }
    }
    last
}

fn line(part: &ScannedPart, colours: Colours) -> String {
    let mut line = escape(part.content_type.clone());
    for name in &part.names {
        line.push_str(&format!(" {}", colours.bold(&escape(name.clone()))));
    }
    if let Some(octets) = part.octets {
        let encoding = if part.encoding == "none" {
            String::new()
        } else {
            format!(", {}", part.encoding)
        };
        let kinds = part.kinds.join(" ");
        line.push_str(&colours.dim(&format!(" ({kinds}, {octets} octets{encoding})")));
    }
    let damage = part.is_damaged.then_some("its encoding is damaged");
    for oddity in part.oddities.iter().copied().chain(damage) {
        line.push_str(&colours.yellow(&format!(" ! {oddity}")));
    }
    if let Some(banned) = &part.banned {
        let reason = escape(banned.reason.clone());
        line.push_str(&colours.red(&format!(
            " ! banned: {reason} by {}",
            escape(banned.rule.clone())
        )));
    }
    if let Some(file) = &part.file {
        line.push_str(&format!(" -> {file}"));
    }
    line
}
