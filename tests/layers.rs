//! Fails when a module imports upwards, when a crate is used outside the module it belongs to, or when a file grows too long.
//! The table is the architecture (see `src/lib.rs`).
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails says where"
)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Floor, module under `src/`, modules it may import.
///
/// Two edges differ from the first design: `session` and `pipeline` import `scoreboard`, because only they know in which stage
/// a message is; `outbound` and `deliver` import `counters`, which count connections and recipients where they come about, and
/// `deliver` imports `wire` for the plan of a transaction.
const LAYERS: &[(u8, &str, &str)] = &[
    (0, "mail", ""),
    (0, "pattern", ""),
    (0, "sys", ""),
    (1, "log", "sys mail"),
    (1, "counters", "sys"),
    (1, "scoreboard", "sys"),
    (1, "lookup", "mail pattern"),
    (1, "mime", "mail"),
    (1, "template", "pattern"),
    (1, "wire", "mail"),
    (2, "spool", "sys mail log"),
    (2, "net", "sys log"),
    // `config` knows the tests of header sections by their type in `mime`.
    (2, "config", "sys mail pattern lookup template mime"),
    (3, "outbound", "sys mail log counters wire config net spool"),
    (3, "policy", "mail lookup config"),
    (4, "notify", "mail template config"),
    (
        4,
        "deliver",
        "sys mail log counters wire config spool outbound",
    ),
    (4, "unpack", "sys mail mime config"),
    (4, "quarantine", "sys mail spool"),
    (4, "scan", "sys mail scoreboard log wire config pattern net"),
    (
        5,
        "pipeline",
        "sys mail log counters scoreboard mime lookup template config policy spool outbound unpack quarantine scan deliver notify",
    ),
    (
        5,
        "release",
        "sys mail log counters config outbound quarantine deliver",
    ),
    (
        6,
        "session",
        "sys mail log counters scoreboard wire lookup config policy net spool outbound pipeline release",
    ),
    (
        7,
        "child",
        "sys scoreboard counters log config net spool outbound pipeline session",
    ),
    (7, "supervisor", "sys scoreboard counters log config"),
    (
        8,
        "cli",
        "sys mail scoreboard counters log wire lookup config policy net spool outbound mime unpack scan quarantine pipeline release child supervisor",
    ),
];

/// Crates that one module alone may name.
const OWNERS: &[(&str, &[&str])] = &[
    ("mail_parser::", &["mime"]),
    ("signal_hook::", &["supervisor"]),
    ("mio::", &["supervisor"]),
    ("seccompiler::", &["sys"]),
    ("landlock::", &["sys"]),
    ("sevenz_rust2::", &["unpack"]),
    ("rars::", &["unpack"]),
    ("flate2::", &["unpack", "quarantine"]),
    ("nix::", &["sys"]),
    ("libc::", &["sys"]),
    ("syslog::", &["log"]),
    ("::toml::", &["config"]),
    ("sd_notify::", &["sys"]),
    ("clap::", &["cli"]),
    ("idna::", &["mail"]),
    ("regex::", &["pattern"]),
    ("fancy_regex::", &["pattern"]),
];

/// Longest file, unless it says `//! table:`.
const LONGEST: usize = 600;

#[test]
fn modules_import_only_lower_floors() {
    for (floor, module, allowed) in LAYERS {
        for name in allowed.split_whitespace() {
            let (below, ..) = row(name).unwrap_or_else(|| panic!("{name}: not in the table"));
            assert!(
                below < floor,
                "{module} may import {name}, which is not on a lower floor"
            );
        }
    }
    let mut wrong = Vec::new();
    for (module, relative, text) in production_files() {
        let Some((_, _, allowed)) = row(&module) else {
            wrong.push(format!("{module}: not in the table"));
            continue;
        };
        for name in imports(&text) {
            if name != module && !allowed.split_whitespace().any(|a| a == name) {
                wrong.push(format!("{relative} imports {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn crates_stay_where_they_belong() {
    let mut wrong = Vec::new();
    for (module, relative, text) in production_files() {
        for (path, owners) in OWNERS {
            let named = code(&text).match_indices(path).any(|(at, _)| {
                let before = code(&text)[..at].chars().next_back();
                !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
            });
            if named && !owners.contains(&module.as_str()) {
                wrong.push(format!("{relative} names {path}"));
            }
        }
        if module != "sys" && code(&text).contains("unsafe ") {
            wrong.push(format!("{relative} is unsafe"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_have_one_job() {
    let mut wrong = Vec::new();
    for (_, relative, text) in production_files() {
        let lines = text
            .split("#[cfg(test)]")
            .next()
            .unwrap_or_default()
            .lines()
            .count();
        if lines > LONGEST && !text.starts_with("//! table:") {
            wrong.push(format!("{relative} has {lines} lines"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_row_has_its_module() {
    let modules: BTreeSet<String> = production_files()
        .into_iter()
        .map(|(module, ..)| module)
        .collect();
    let rows: BTreeSet<String> = LAYERS
        .iter()
        .map(|(_, module, _)| (*module).to_owned())
        .collect();
    assert_eq!(modules, rows);
}

fn row(name: &str) -> Option<&'static (u8, &'static str, &'static str)> {
    LAYERS.iter().find(|(_, module, _)| *module == name)
}

/// Module, path and text of every file below `src/` that is no program and no test.
fn production_files() -> Vec<(String, String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    files
        .into_iter()
        .filter_map(|file| {
            let relative = file.strip_prefix(&root).unwrap();
            let module = relative
                .iter()
                .next()
                .unwrap()
                .to_str()
                .unwrap()
                .trim_end_matches(".rs")
                .to_owned();
            let is_test = relative.file_name().is_some_and(|name| name == "tests.rs");
            let skipped = matches!(module.as_str(), "lib" | "bin") || is_test;
            (!skipped).then(|| {
                (
                    module,
                    relative.display().to_string(),
                    fs::read_to_string(&file).unwrap(),
                )
            })
        })
        .collect()
}

fn sources(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// The text without comments and without the `#[cfg(test)]` tail.
fn code(text: &str) -> String {
    let production = text.split("#[cfg(test)]").next().unwrap();
    production
        .lines()
        .map(|l| l.split("//").next().unwrap())
        .collect::<Vec<_>>()
        .join("\n")
}

/// The names that follow `crate::`.
fn imports(text: &str) -> BTreeSet<String> {
    let code = code(text);
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + 7..];
        let Some(group) = rest.strip_prefix('{') else {
            found.insert(first(rest));
            continue;
        };
        let (mut depth, mut name) = (1, String::new());
        for c in group.chars() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
            if depth == 1 && c == ',' {
                found.insert(first(&name));
                name.clear();
            } else {
                name.push(c);
            }
        }
        found.insert(first(&name));
    }
    found.remove("");
    found
}

fn first(path: &str) -> String {
    path.trim_start()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}
