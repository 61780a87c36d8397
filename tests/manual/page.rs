//! Just enough of mdoc(7) to find things in a page.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// A manual page, comments left out.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) text: String,
}

impl Page {
    pub(super) fn path(name: &str) -> PathBuf {
        root().join("man").join(name)
    }

    pub(super) fn read(name: &str) -> Self {
        let text = fs::read_to_string(Self::path(name)).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with(".\\\""));
        Self {
            text: lines.collect::<Vec<_>>().join("\n") + "\n",
        }
    }

    /// The part between two comments, which [`Self::read`] leaves out.
    pub(super) fn part(name: &str, title: &str) -> String {
        let text = fs::read_to_string(Self::path(name)).unwrap();
        let (begin, end) = (
            format!(".\\\" BEGIN {title}\n"),
            format!(".\\\" END {title}\n"),
        );
        let (_, rest) = text.split_once(&begin).unwrap();
        rest.split_once(&end).unwrap().0.to_owned()
    }

    /// A section, up to the next one.
    pub(super) fn section(&self, title: &str) -> &str {
        let (_, rest) = self.text.split_once(&format!("\n.Sh {title}\n")).unwrap();
        rest.split("\n.Sh ").next().unwrap()
    }

    /// What follows `.MACRO ` in each line that begins so.
    pub(super) fn lines_of(&self, name: &str) -> impl Iterator<Item = &str> {
        let head = format!(".{name} ");
        self.text
            .lines()
            .filter_map(move |line| line.strip_prefix(head.as_str()))
    }

    /// True if the page holds option `option` (`-c`, `--json`) as an option.
    pub(super) fn has_option(&self, option: &str) -> bool {
        let wanted = &option[1..];
        self.options().contains(wanted)
    }

    /// Every option, its first `-` left out.
    pub(super) fn options(&self) -> BTreeSet<String> {
        let mut options = BTreeSet::new();
        for line in self.text.lines().filter(|line| line.starts_with('.')) {
            let mut words = line[1..].split(' ');
            while let Some(word) = words.next() {
                if word != "Fl" {
                    continue;
                }
                // Up to the next macro, whose name is a capital and a small letter: `.Fl c , d , u`.
                let is_option = |word: &&str| {
                    let letters: Vec<char> = word.chars().collect();
                    !matches!(letters[..], [a, b] if a.is_uppercase() && b.is_lowercase())
                };
                for option in words.clone().take_while(is_option) {
                    if option.starts_with(|c: char| c == '-' || c.is_alphanumeric()) {
                        options.insert(option.to_owned());
                    }
                }
            }
        }
        options
    }
}

/// Words of the items of a section with `.It MACRO`, commas left out.
pub(super) fn items(section: &str, name: &str) -> BTreeSet<String> {
    let head = format!(".It {name} ");
    section
        .lines()
        .filter_map(|line| line.strip_prefix(head.as_str()))
        .flat_map(|line| line.split(' '))
        .filter(|word| *word != ",")
        .map(str::to_owned)
        .collect()
}

/// Text without the escapes of roff that the pages use.
pub(super) fn plain(text: &str) -> String {
    text.replace("\\(dq", "\"")
        .replace("\\(aq", "'")
        .replace("\"\"", "\"")
        .replace("\\-", "-")
        .replace("\\&", "")
        .replace("\\e", "\\")
}

/// The package's folder.
pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
