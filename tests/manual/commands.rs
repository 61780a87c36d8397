//! filterd(8) and amavisd(8) against the programs' own help, and against the tables in their code.

use std::{
    collections::BTreeSet,
    fs,
    process::{Command, Stdio},
};

use filterd::{counters::Counter, scoreboard::Stage};

use super::page::{Page, items, root};

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Commands of `filterd --help`.
fn commands() -> Vec<String> {
    commands_in(&said(env!("CARGO_BIN_EXE_filterd"), &["--help"]))
}

/// Commands that a help text lists.
fn commands_in(help: &str) -> Vec<String> {
    let Some((_, rest)) = help.split_once("Commands:\n") else {
        return Vec::new();
    };
    let list = rest.split("\n\n").next().unwrap();
    list.lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .collect()
}

/// Options of a help text, `-c` and `--config` alike.
fn options(help: &str) -> BTreeSet<String> {
    let (_, list) = help.split_once("Options:\n").unwrap();
    list.lines()
        .filter(|line| line.trim_start().starts_with('-'))
        .flat_map(|line| {
            line.split("  ")
                .find(|part| !part.is_empty())
                .unwrap()
                .split(' ')
        })
        .map(|word| word.trim_matches([' ', ',']).to_owned())
        .filter(|word| word.starts_with('-'))
        .collect()
}

#[test]
fn every_command_and_option_is_documented_and_exists() {
    let page = Page::read("filterd.8");
    let mut known = options(&said(env!("CARGO_BIN_EXE_filterd"), &["--help"]));
    let commands = commands();
    assert!(commands.len() >= 5, "{commands:?}");
    let section = page.section("COMMANDS");
    for command in &commands {
        assert!(
            section
                .lines()
                .any(|line| line == format!(".It Cm {command}")
                    || line.starts_with(&format!(".It Cm {command} "))),
            "{command} is not in COMMANDS"
        );
        let is_shown = page
            .section("SYNOPSIS")
            .contains(&format!(".Cm {command}\n"));
        assert!(
            is_shown || command == "help",
            "{command} is not in SYNOPSIS"
        );
        let help = said(env!("CARGO_BIN_EXE_filterd"), &[command, "--help"]);
        if command != "help" {
            known.extend(options(&help));
            for inner in commands_in(&help) {
                if inner == "help" {
                    continue;
                }
                let arguments = [command.as_str(), &inner, "--help"];
                known.extend(options(&said(env!("CARGO_BIN_EXE_filterd"), &arguments)));
                let shown = format!(".It Cm {command} {inner}");
                let is_shown = section.lines().any(|line| line.starts_with(&shown));
                assert!(is_shown, "{command} {inner} is not in COMMANDS");
            }
        }
    }
    for option in &known {
        assert!(page.has_option(option), "{option} is not in filterd(8)");
    }
    let first_words = section
        .lines()
        .filter_map(|line| line.strip_prefix(".It Cm "))
        .map(|line| line.split(' ').next().unwrap().to_owned());
    for command in first_words {
        assert!(commands.contains(&command), "{command} does not exist");
    }
    // Options of other programs that the page shows.
    let others = ["o", "q"];
    for option in page.options() {
        let named = [format!("-{option}")];
        assert!(
            known.contains(&named[0]) || others.contains(&option.as_str()),
            "{option} does not exist"
        );
    }
}

#[test]
fn every_option_and_command_of_the_drop_in_is_documented() {
    let page = Page::read("amavisd.8");
    let usage = said(env!("CARGO_BIN_EXE_amavisd"), &["-h"]);
    let words = usage.split(|c: char| c.is_whitespace() || "[](){}|".contains(c));
    let options: BTreeSet<&str> = words
        .clone()
        .filter(|word| word.len() == 2 && word.starts_with('-'))
        .collect();
    assert!(options.len() > 15, "{options:?}");
    for option in &options {
        assert!(page.has_option(option), "{option} is not in amavisd(8)");
    }
    for option in page.options() {
        assert!(
            options.contains(format!("-{option}").as_str()),
            "{option} does not exist"
        );
    }
    let (_, list) = usage.split_once("( [start] ").unwrap();
    let list = format!("start {}", list.split_once("where").unwrap().0);
    let takes_no_argument = |word: &&str| !matches!(*word, "domains" | "file_name" | "nbits" | "");
    let verbs = list
        .split(|c: char| c.is_whitespace() || "[](){}|".contains(c))
        .filter(takes_no_argument);
    for verb in verbs {
        let is_there = page.text.lines().any(|line| {
            (line.starts_with(".Cm ") || line.starts_with(".It Cm "))
                && line.split(' ').any(|word| word == verb)
        });
        assert!(is_there, "{verb} is not in amavisd(8)");
    }
}

#[test]
fn every_counter_is_documented_and_exists() {
    let page = Page::read("filterd.8");
    let documented = items(page.section("COUNTERS"), "Cm");
    let known: BTreeSet<String> = Counter::ALL
        .iter()
        .map(|counter| counter.name().to_owned())
        .collect();
    assert_eq!(documented, known);
}

#[test]
fn every_signal_of_the_master_is_documented_and_exists() {
    let page = Page::read("filterd.8");
    let documented = items(page.section("SIGNALS"), "Dv");
    let code = fs::read_to_string(root().join("src/supervisor/signals.rs")).unwrap();
    let (_, rest) = code.split_once("consts::{").unwrap();
    let list = rest.split('}').next().unwrap();
    let known: BTreeSet<String> = list
        .split(',')
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    assert_eq!(documented, known);
}

#[test]
fn every_exit_status_is_documented_and_exists() {
    let page = Page::read("filterd.8");
    let section = page.section("EXIT STATUS");
    let documented: BTreeSet<u8> = section
        .lines()
        .filter_map(|line| line.strip_prefix(".It ")?.parse().ok())
        .collect();
    let code = fs::read_to_string(root().join("src/cli/exit.rs")).unwrap();
    let known: BTreeSet<u8> = code
        .lines()
        .filter_map(|line| {
            line.split_once(": u8 = ")?
                .1
                .strip_suffix(';')?
                .parse()
                .ok()
        })
        .collect();
    assert!(known.len() > 5, "{known:?}");
    assert_eq!(documented, known);
}

#[test]
fn every_state_of_a_child_is_documented() {
    let page = Page::read("filterd.8");
    let section = page.section("SUPERVISOR");
    let states: Vec<&str> = (1..)
        .map_while(Stage::from_number)
        .map(Stage::name)
        .collect();
    assert!(states.len() >= 9, "{states:?}");
    for state in states {
        let is_there = section
            .lines()
            .any(|line| line.starts_with(".Cm ") && line.split(' ').any(|word| word == state));
        assert!(is_there, "{state} is not in SUPERVISOR");
    }
}
