//! Banned rules: patterns that are matched with what is known of a thing in a message, and of what holds it.
//!
//! # Source
//! content.md 2.9.

use std::sync::Arc;

use icu_normalizer::ComposingNormalizerBorrowed;

use crate::{
    lookup::table::{PatternEntry, Scalar},
    mail::node::{Exploded, Node, NodeId},
};

/// Why something is banned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Banned {
    /// What is banned.
    pub node: NodeId,
    /// The rule that decided, as it is written.
    pub rule: String,
    /// Comment of the rule, and keys of the thing: `.exe,.exe-ms,hello.exe`.
    pub reason: String,
    /// It and what holds it, with all that is known: `P=p003,L=1,M=multipart/mixed | P=p002,L=1/2,T=exe`.
    pub path: String,
    /// What the rule's right side says after `DISCARD`, if it begins so: the sender is not told.
    pub discards: Option<String>,
}

/// The rules of a recipient.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// `@banned_filename_maps`, all that match the recipient, in order.
    pub names: Vec<Arc<PatternEntry>>,
    /// `$banned_namepath_re`
    pub paths: Vec<Arc<PatternEntry>>,
}

impl Rules {
    /// True if nothing can be banned.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.names.is_empty() && self.paths.is_empty()
    }
}

/// What the rules ban in a message. On the way from the message to each thing that holds no others, the first rule that matches any key
/// of any thing on that way decides; if none does, the patterns for whole ways are asked.
#[must_use]
pub fn judge(rules: &Rules, exploded: &Exploded) -> Vec<Banned> {
    if rules.is_empty() {
        return Vec::new();
    }
    let nodes = &exploded.nodes;
    // For each node, the first rule that matches it or what holds it.
    let mut first: Vec<Option<usize>> = Vec::with_capacity(nodes.len());
    let mut holds = vec![false; nodes.len()];
    for node in nodes {
        let above = node.parent.and_then(|parent| first.get(parent).copied());
        let above = above.flatten();
        let own = first_match(&rules.names, &node_keys(node), above);
        first.push(own.or(above));
        if let Some(holder) = node.parent.and_then(|parent| holds.get_mut(parent)) {
            *holder = true;
        }
    }
    let mut banned = Vec::new();
    for id in (0..nodes.len()).filter(|id| holds.get(*id) == Some(&false)) {
        let rule = first.get(id).copied().flatten();
        let entry = match rule.and_then(|rule| rules.names.get(rule)) {
            Some(entry) => Some(entry),
            None => path_rule(rules, nodes, id),
        };
        if let Some(entry) = entry
            && let Some(result) = entry.result.as_ref().filter(|result| result.is_true())
        {
            banned.push(told(nodes, id, entry, result));
        }
    }
    banned
}

/// The first of `rules`, before number `before`, that matches any of `keys`.
fn first_match(
    rules: &[Arc<PatternEntry>],
    keys: &[String],
    before: Option<usize>,
) -> Option<usize> {
    let rules = rules.get(..before.unwrap_or(rules.len()))?;
    rules
        .iter()
        .position(|entry| keys.iter().any(|key| matches(entry, key)))
}

/// A pattern that takes too many steps counts as one that bans: whoever makes such a name must not get past the rule, and a refusal for
/// now would be one for ever (decision 17).
fn matches(entry: &PatternEntry, text: &str) -> bool {
    let bans = || entry.result.as_ref().is_some_and(Scalar::is_true);
    entry.pattern.is_match(text).unwrap_or_else(|_| bans())
}

/// The first of the patterns for whole ways that matches: attributes with tabs between them, things with line ends between them.
fn path_rule<'r>(rules: &'r Rules, nodes: &[Node], id: NodeId) -> Option<&'r Arc<PatternEntry>> {
    if rules.paths.is_empty() {
        return None;
    }
    let text = way(nodes, id, "\t", "\n");
    rules.paths.iter().find(|entry| matches(entry, &text))
}

fn told(nodes: &[Node], id: NodeId, entry: &PatternEntry, result: &Scalar) -> Banned {
    let keys = nodes.get(id).map(told_keys).unwrap_or_default().join(",");
    let reason = match comment(entry.pattern.source()) {
        Some(comment) => format!("{comment}:{keys}"),
        None => keys,
    };
    Banned {
        node: id,
        rule: format!("{:?}", entry.pattern),
        reason,
        path: shown(nodes, id),
        discards: result
            .as_str()
            .strip_prefix("DISCARD")
            .map(|why| why.trim().to_owned()),
    }
}

/// A thing and what holds it, as the log has them.
#[must_use]
pub fn shown(nodes: &[Node], id: NodeId) -> String {
    way(nodes, id, ",", " | ")
}

fn way(nodes: &[Node], id: NodeId, comma: &str, bar: &str) -> String {
    let mut way = Vec::new();
    let mut at = Some(id);
    while let Some((id, node)) = at.and_then(|id| Some((id, nodes.get(id)?))) {
        way.push((id, node));
        // What holds a thing comes before it, so this ends.
        at = node.parent.filter(|parent| *parent < id);
    }
    way.reverse();
    let mut placement = String::from("1");
    let mut parts = Vec::with_capacity(way.len());
    for (level, (id, node)) in way.into_iter().enumerate() {
        if level > 0 {
            placement.push_str(&format!("/{}", node.place));
        }
        parts.push(attributes(id, node, &placement).join(comma));
    }
    parts.join(bar)
}

/// `P=p002`, `L=1/2`, `M=application/zip`, `T=zip`, `N=x.zip`, `A=U`.
fn attributes(id: NodeId, node: &Node, placement: &str) -> Vec<String> {
    let flat = |text: &str| text.replace(['\t', '\n', '\r'], " ");
    let mut out = vec![format!("P=p{:03}", id + 1), format!("L={placement}")];
    for (letter, values) in [('M', &node.types), ('T', &node.kinds), ('N', &node.names)] {
        out.extend(
            values
                .iter()
                .map(|value| format!("{letter}={}", flat(value))),
        );
    }
    out.extend(node.attributes().iter().map(|letter| format!("A={letter}")));
    out
}

/// What rules are matched with, as the original has it: types, kinds with a dot in front, names.
fn plain_keys(node: &Node) -> Vec<String> {
    let kinds = node.kinds.iter().map(|kind| format!(".{kind}"));
    let keys = node.types.iter().cloned().chain(kinds);
    let undecipherable = node
        .state
        .is_undecipherable()
        .then(|| "UNDECIPHERABLE".to_owned());
    keys.chain(node.names.iter().cloned())
        .chain(undecipherable)
        .collect()
}

/// The same for people: names without their folders.
fn told_keys(node: &Node) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for key in plain_keys(node) {
        let short = if node.names.contains(&key) {
            base(&key)
        } else {
            key
        };
        if !keys.contains(&short) {
            keys.push(short);
        }
    }
    keys
}

/// Those, and names as a system may take them.
fn node_keys(node: &Node) -> Vec<String> {
    let mut keys = plain_keys(node);
    for name in &node.names {
        for plain in [normal(name), base(name), normal(base(name).as_str())] {
            if !plain.is_empty() && !keys.contains(&plain) {
                keys.push(plain);
            }
        }
    }
    keys
}

/// The last part of a name with folders in it.
fn base(name: &str) -> String {
    name.rsplit(['/', '\\'])
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// `(?# ... )` in a pattern.
fn comment(source: &str) -> Option<&str> {
    let (_, rest) = source.split_once("(?#")?;
    rest.split_once(')').map(|(comment, _)| comment.trim())
}

/// A name as a system may take it when it is saved: in one form of writing (NFKC), without blanks, dots and NULs at its end, and without
/// characters that cannot be seen or that turn the direction of writing.
fn normal(name: &str) -> String {
    let is_invisible = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{ad}' | '\u{61c}')
    };
    let visible = name.chars().filter(|c| !is_invisible(*c));
    let visible: String = if name.is_ascii() {
        visible.collect()
    } else {
        ComposingNormalizerBorrowed::new_nfkc()
            .normalize_iter(visible)
            .collect()
    };
    let end = |c: char| c.is_whitespace() || c == '.';
    let visible = visible.trim_end_matches(end);
    // A stream of a file, as Windows writes it.
    let visible = visible.split("::$").next().unwrap_or_default();
    visible.trim_end_matches(end).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{perl, raw::RawConfig, resolve::resolve},
        mail::{address::Address, node::State},
    };

    fn rules(text: &str, recipient: &str) -> Rules {
        let mut raw = RawConfig::default();
        perl::read("f", text, &mut raw, &perl::Nowhere).unwrap();
        let recipient = Address::parse(recipient.as_bytes()).unwrap();
        let config = resolve(&raw).unwrap();
        Rules {
            names: config.checks.banned.of(&recipient),
            paths: Vec::new(),
        }
    }

    fn node(types: &str, kinds: &str, names: &str) -> Node {
        let list = |text: &str| -> Vec<String> {
            text.split(',')
                .filter(|item| !item.is_empty())
                .map(str::to_owned)
                .collect()
        };
        Node {
            state: if kinds.contains("zip!") {
                State::Encrypted
            } else {
                State::Plain
            },
            types: list(types),
            kinds: list(&kinds.replace('!', "")),
            names: list(names),
            ..Node::default()
        }
    }

    /// `+reason` for what is banned, nothing if nothing is; each node holds the next.
    fn says(rules: &Rules, way: &[Node]) -> String {
        let nodes = way.iter().enumerate().map(|(at, node)| Node {
            parent: at.checked_sub(1),
            place: at,
            ..node.clone()
        });
        let exploded = Exploded {
            nodes: nodes.collect(),
            over: None,
        };
        let banned = judge(rules, &exploded);
        banned
            .iter()
            .map(|banned| format!("+{}", banned.reason))
            .collect()
    }

    #[test]
    fn the_first_rule_that_matches_a_thing_or_what_holds_it_decides() {
        let rules = rules(
            "$banned_filename_re = new_RE(qr'^\\.(exe-ms|dll)$', [qr'^\\.(rpm|cpio|tar)$' => 0], \
             qr'^application/x-msdownload$'i, qr'.\\.(?# script )(vbs|js)$'i, [qr'\\.keep$' => 0], qr'UNDECIPHERABLE');",
            "a@b",
        );
        let mixed = node("multipart/mixed", "", "");
        for (part, want) in [
            (node("text/plain", "asc", ""), ""),
            (
                node("application/octet-stream", "exe,exe-ms", "hello.exe"),
                "+application/octet-stream,.exe,.exe-ms,hello.exe",
            ),
            (
                node("Application/X-MSDownload", "dat", ""),
                "+Application/X-MSDownload,.dat",
            ),
            (node("a/b", "asc", "x.VBS"), "+script:a/b,.asc,x.VBS"),
            (node("a/b", "asc", "x.vbs . "), "+script:a/b,.asc,x.vbs . "),
            (
                node("a/b", "asc", "x.vbs::$DATA"),
                "+script:a/b,.asc,x.vbs::$DATA",
            ),
            (
                node("a/b", "asc", "x\u{202e}.js\u{200b}"),
                "+script:a/b,.asc,x\u{202e}.js\u{200b}",
            ),
            (
                node("a/b", "asc", "x\u{ff0e}js"),
                "+script:a/b,.asc,x\u{ff0e}js",
            ),
            (node("a/b", "tar", "x.vbs"), ""),
            (node("a/b", "dat", "x.keep"), ""),
        ] {
            assert_eq!(
                says(&rules, &[mixed.clone(), part.clone()]),
                want,
                "{part:?}"
            );
        }
        // What is in an archive that is allowed is allowed.
        let way = [mixed, node("a/b", "tar", "x.tar"), node("", "dat", "x.js")];
        assert_eq!(says(&rules, &way), "");
        assert_eq!(
            says(&rules, &[node("a/b", "zip!", "")]),
            "+a/b,.zip,UNDECIPHERABLE"
        );
        let nodes = [
            node("multipart/mixed", "", ""),
            Node {
                parent: Some(0),
                place: 2,
                ..node("a/zip", "zip", "x\ty.zip")
            },
        ];
        assert_eq!(
            shown(&nodes, 1),
            "P=p001,L=1,M=multipart/mixed | P=p002,L=1/2,M=a/zip,T=zip,N=x y.zip"
        );
    }

    #[test]
    fn whole_ways_are_asked_when_no_name_decides() {
        let mut rules = rules(
            "$banned_filename_re = new_RE(qr'zip', [qr'fine' => 0], [qr'hush' => 'DISCARD quietly']);",
            "a@b",
        );
        rules.paths = rules_of("new_RE(qr'T=tar\\t.*\\n.*N=x\\.js(\\t|$)'s)");
        let tar = node("", "tar", "a.tar");
        assert_eq!(
            says(&rules, &[tar.clone(), node("", "asc", "x.js")]),
            "+.asc,x.js"
        );
        assert_eq!(says(&rules, &[tar.clone(), node("", "asc", "y.js")]), "");
        assert_eq!(says(&rules, &[tar, node("", "fine", "x.js")]), "");
        let hush = Exploded {
            nodes: vec![node("", "hush", "")],
            over: None,
        };
        let banned = judge(&rules, &hush);
        assert_eq!(banned[0].discards.as_deref(), Some("quietly"));
    }

    #[test]
    fn a_rule_that_cannot_be_decided_bans_and_does_not_allow() {
        let name = format!("{}!", "a".repeat(60));
        for (rule, want) in [
            (r"qr'^((a|aa)+)+(?!x)\1x$'", format!("+{name}")),
            (r"[qr'^((a|aa)+)+(?!x)\1x$' => 0]", String::new()),
        ] {
            let rules = rules(&format!("$banned_filename_re = new_RE({rule});"), "a@b");
            assert!(rules.names[0].pattern.is_match(&name).is_err(), "{rule}");
            assert_eq!(says(&rules, &[node("", "", &name)]), want, "{rule}");
        }
    }

    fn rules_of(table: &str) -> Vec<Arc<PatternEntry>> {
        rules(&format!("$banned_filename_re = {table};"), "a@b").names
    }

    #[test]
    fn rules_are_chosen_by_recipient() {
        let text = "$banned_filename_re = new_RE(qr'exe'); \
            %banned_rules = ('NO-JS' => new_RE(qr'js'), 'NONE' => undef, 'MORE' => new_RE([qr'exe' => 0]), 'DEFAULT' => $banned_filename_re);\n\
            @banned_filename_maps = ({ 'js@example.com' => 'NO-JS, DEFAULT', 'more@example.com' => ['MORE', new_RE(qr'pif')], \
            'none@example.com' => 'NONE UNKNOWN', '.example.com' => 'DEFAULT' }, new_RE(qr'always'));";
        for (recipient, key, want) in [
            ("js@example.com", "x.js", "+x.js"),
            ("js@example.com", "x.exe", "+x.exe"),
            ("a@example.com", "x.js", ""),
            ("a@example.com", "x.exe", "+x.exe"),
            ("more@example.com", "x.exe", ""),
            ("more@example.com", "x.pif", "+x.pif"),
            ("none@example.com", "x.exe", ""),
            ("a@else.where", "x.exe", ""),
            ("a@else.where", "always", "+always"),
        ] {
            let way = [node("", "", key)];
            assert_eq!(
                says(&rules(text, recipient), &way),
                want,
                "{recipient} {key}"
            );
        }
        assert_eq!(
            says(
                &rules("$banned_filename_re = new_RE(qr'exe');", "a@b"),
                &[node("", "", "exe")]
            ),
            "+exe"
        );
        assert!(rules("", "a@b").is_empty());
    }
}
