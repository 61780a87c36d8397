//! Draws what is in a message as a tree.

use super::{
    inspection::{Scanned, ScannedPart},
    verdicts::Verdict,
};
use crate::{
    cli::{print, table::Colours},
    log::escape,
    mail::{node::NodeId, score::Rounded},
};

/// The tree, drawn.
pub(super) fn show(scanned: &Scanned, colours: Colours) {
    let file = escape(scanned.file.clone());
    print::out(&format!(
        "{} {} octets",
        colours.bold(&file),
        scanned.octets
    ));
    let last_of = last_children(scanned);
    let lines: Vec<String> = scanned
        .parts
        .iter()
        .enumerate()
        .map(|(id, part)| branch(id, part, scanned, &last_of) + &line(part, colours))
        .collect();
    print::out(&lines.join("\n"));
    for verdict in &scanned.scanners {
        print::out(&said(verdict, colours));
    }
    for problem in &scanned.header {
        print::out(&colours.yellow(&format!("! {problem}")));
    }
    for note in &scanned.notes {
        print::out(&colours.red(&format!("! {note}")));
    }
    if let Some(over) = &scanned.over {
        print::out(&colours.red(&format!("not taken apart to the end: {over}")));
    }
}

/// `virus scanner ClamAV: infected: Eicar-Signature`
fn said(verdict: &Verdict, colours: Colours) -> String {
    let what = match verdict.kind {
        "virus" => "virus scanner",
        _ => "spam engine",
    };
    let mut words = format!(
        "{what} {}: {}",
        escape(verdict.scanner.clone()),
        verdict.result
    );
    if let Some(score) = verdict.score {
        words.push_str(&format!(" {}", Rounded(score)));
    }
    if !verdict.names.is_empty() {
        words.push_str(&format!(": {}", verdict.names.join(", ")));
    }
    if let Some(why) = &verdict.why {
        words.push_str(&format!(": {}", escape(why.clone())));
    }
    match verdict.result {
        "infected" => colours.red(&words),
        "failed" => colours.yellow(&words),
        _ => words,
    }
}

fn branch(id: NodeId, part: &ScannedPart, scanned: &Scanned, last_of: &[NodeId]) -> String {
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
    branch
}

/// The last child of each part; of a part without children, nothing that is one.
fn last_children(scanned: &Scanned) -> Vec<NodeId> {
    let mut last = vec![usize::MAX; scanned.parts.len()];
    for (id, part) in scanned.parts.iter().enumerate() {
        if let Some(slot) = part.parent.and_then(|parent| last.get_mut(parent)) {
            *slot = id;
        }
    }
    last
}

fn line(part: &ScannedPart, colours: Colours) -> String {
    let mut words: Vec<String> = part.types.iter().cloned().map(escape).collect();
    let names = part.names.iter().cloned();
    words.extend(names.map(|name| colours.bold(&escape(name))));
    if let Some(octets) = part.octets {
        let kinds = part.kinds.join(" ");
        words.push(colours.dim(&format!("({kinds}, {octets} octets)")));
    }
    if let Some(entry) = part.entry {
        words.push(colours.dim(&format!("({entry})")));
    }
    for oddity in &part.oddities {
        words.push(colours.yellow(&format!("! {}", escape(oddity.clone()))));
    }
    if part.is_ambiguous {
        words.push(colours.red("! ambiguous"));
    }
    if let Some(state) = &part.state {
        words.push(colours.red(&format!("! {}", escape(state.clone()))));
    }
    if let Some(banned) = &part.banned {
        words.push(colours.red(&format!(
            "! banned: {} by {}",
            escape(banned.reason.clone()),
            escape(banned.rule.clone())
        )));
    }
    if let Some(file) = &part.file {
        words.push(format!("-> {file}"));
    }
    if words.is_empty() {
        words.push("?".to_owned());
    }
    words.join(" ")
}
