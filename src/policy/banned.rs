//! Banned rules: patterns that are matched with what is known of a part and of those that hold it.
//!
//! # Source
//! content.md 2.9.

use crate::lookup::table::{LookupError, PatternEntry, Scalar};

/// A part on the way from the message to the part that is judged.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Node {
    /// `p002`
    pub base_name: String,
    /// `1/2`
    pub placement: String,
    /// Declared types.
    pub types: Vec<String>,
    /// What its content is.
    pub kinds: Vec<String>,
    /// Declared names.
    pub names: Vec<String>,
    /// It could not be decoded.
    pub is_undecipherable: bool,
}

/// What the rules say about a part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// It is banned; otherwise it is allowed by a rule.
    pub is_banned: bool,
    /// The rule that decided, as it is written.
    pub rule: String,
    /// Comment of the rule, and keys of the part: `.exe,.exe-ms,hello.exe`.
    pub reason: String,
}

impl Node {
    /// What rules are matched with: types, kinds with a dot in front, names.
    fn keys(&self) -> Vec<String> {
        let kinds = self.kinds.iter().map(|kind| format!(".{kind}"));
        let undecipherable = self.is_undecipherable.then(|| "UNDECIPHERABLE".to_owned());
        let keys = self.types.iter().cloned().chain(kinds);
        keys.chain(self.names.iter().cloned())
            .chain(undecipherable)
            .collect()
    }

    /// Attributes as the log has them: `P=p002,L=1/2,M=application/zip,T=zip,N=x.zip`.
    fn attributes(&self) -> String {
        let flat = |text: &str| text.replace(['\t', '\n', '\r'], " ");
        let mut out = format!("P={},L={}", self.base_name, self.placement);
        for (letter, values) in [('M', &self.types), ('T', &self.kinds), ('N', &self.names)] {
            for value in values {
                out.push_str(&format!(",{letter}={}", flat(value)));
            }
        }
        if self.is_undecipherable {
            out.push_str(",A=U");
        }
        out
    }
}

/// A path as the log has it.
#[must_use]
pub fn shown(path: &[Node]) -> String {
    let nodes: Vec<String> = path.iter().map(Node::attributes).collect();
    nodes.join(" | ")
}

/// What `rules` say about the last part of `path`, which begins at the message itself. The first rule that matches any key of any part
/// on the path decides; none says nothing.
///
/// # Errors
/// If a pattern takes too long: it is not known then.
pub fn judge(rules: &[PatternEntry], path: &[Node]) -> Result<Option<Verdict>, LookupError> {
    let mut keys: Vec<String> = path.iter().flat_map(Node::keys).collect();
    let plain: Vec<String> = path
        .iter()
        .flat_map(|node| &node.names)
        .map(|name| normal(name))
        .filter(|name| !keys.contains(name))
        .collect();
    keys.extend(plain);
    for entry in rules {
        for key in &keys {
            let is_match = entry.pattern.is_match(key).map_err(|_| {
                LookupError(format!(
                    "{:?} takes too many steps for {key:?}",
                    entry.pattern
                ))
            })?;
            if is_match {
                return Ok(Some(verdict(entry, path)));
            }
        }
    }
    Ok(None)
}

fn verdict(entry: &PatternEntry, path: &[Node]) -> Verdict {
    let keys = path.last().map(Node::keys).unwrap_or_default().join(",");
    let reason = match comment(entry.pattern.source()) {
        Some(comment) => format!("{comment}:{keys}"),
        None => keys,
    };
    Verdict {
        is_banned: entry.result.as_ref().is_some_and(Scalar::is_true),
        rule: format!("{:?}", entry.pattern),
        reason,
    }
}

/// `(?# ... )` in a pattern.
fn comment(source: &str) -> Option<&str> {
    let (_, rest) = source.split_once("(?#")?;
    rest.split_once(')').map(|(comment, _)| comment.trim())
}

/// A name as a system may take it when it is saved: without blanks, dots and NULs at its end, and without characters that cannot be
/// seen or that turn the direction of writing.
fn normal(name: &str) -> String {
    let is_invisible = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{ad}')
    };
    let visible: String = name.chars().filter(|c| !is_invisible(*c)).collect();
    visible
        .trim_end_matches(|c: char| c.is_whitespace() || c == '.')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{perl, raw::RawConfig, resolve::banned_rules},
        mail::address::Address,
    };

    fn rules(text: &str, recipient: &str) -> Vec<PatternEntry> {
        let mut raw = RawConfig::default();
        perl::read("f", text, &mut raw, &perl::Nowhere).unwrap();
        let recipient = Address::parse(recipient.as_bytes()).unwrap();
        banned_rules(&raw, &recipient).unwrap()
    }

    fn node(types: &str, kinds: &str, names: &str) -> Node {
        let list = |text: &str| -> Vec<String> {
            text.split(',')
                .filter(|item| !item.is_empty())
                .map(str::to_owned)
                .collect()
        };
        Node {
            types: list(types),
            kinds: list(kinds),
            names: list(names),
            ..Node::default()
        }
    }

    /// `+reason` for banned, `-` for allowed, nothing if no rule says anything.
    fn says(rules: &[PatternEntry], path: &[Node]) -> String {
        match judge(rules, path).unwrap() {
            None => String::new(),
            Some(verdict) if verdict.is_banned => format!("+{}", verdict.reason),
            Some(_) => "-".to_owned(),
        }
    }

    #[test]
    fn the_first_rule_that_matches_a_part_or_what_holds_it_decides() {
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
                node("a/b", "asc", "x\u{202e}.js\u{200b}"),
                "+script:a/b,.asc,x\u{202e}.js\u{200b}",
            ),
            (node("a/b", "tar", "x.vbs"), "-"),
            (node("a/b", "dat", "x.keep"), "-"),
        ] {
            assert_eq!(
                says(&rules, &[mixed.clone(), part.clone()]),
                want,
                "{part:?}"
            );
        }
        // What is in an archive that is allowed is allowed.
        let path = [mixed, node("a/b", "tar", "x.tar"), node("", "dat", "x.js")];
        assert_eq!(says(&rules, &path), "-");
        let undecipherable = Node {
            is_undecipherable: true,
            ..node("a/b", "zip", "")
        };
        assert_eq!(says(&rules, &[undecipherable]), "+a/b,.zip,UNDECIPHERABLE");
        let path = [Node {
            base_name: "p002".into(),
            placement: "1/2".into(),
            ..node("a/zip", "zip", "x\ty.zip")
        }];
        assert_eq!(shown(&path), "P=p002,L=1/2,M=a/zip,T=zip,N=x y.zip");
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
            ("more@example.com", "x.exe", "-"),
            ("more@example.com", "x.pif", "+x.pif"),
            ("none@example.com", "x.exe", ""),
            ("a@else.where", "x.exe", ""),
            ("a@else.where", "always", "+always"),
        ] {
            let path = [node("", "", key)];
            assert_eq!(
                says(&rules(text, recipient), &path),
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
