//! The tables of answers that the unit tests go by are what the original and perl say today.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

/// What a perl script says to a table, without the table's first line.
fn answers(script: &str, table: &str) -> Option<String> {
    if !Path::new("/usr/bin/perl").exists() {
        eprintln!("skipped: no perl");
        return None;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/compliance/ask")
        .join(script);
    let mut perl = Command::new("/usr/bin/perl")
        .arg("-T")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = perl.stdin.take().unwrap();
    let text = table.to_owned();
    // It answers while it reads.
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = perl.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    Some(String::from_utf8(output.stdout).unwrap())
}

fn without_title(table: &str) -> &str {
    table.split_once('\n').unwrap().1
}

/// Compares what the original says with a table.
fn ask_the_original(script: &str, table: &str) {
    if !Path::new("/usr/share/perl5/Amavis/Lookup.pm").exists() {
        eprintln!("skipped: amavisd-new is not installed");
        return;
    }
    if let Some(said) = answers(script, table) {
        assert_eq!(said, without_title(table));
    }
}

#[test]
fn lookups_are_answered_as_the_table_says() {
    let table = include_str!("../../src/lookup/as_the_original.txt");
    ask_the_original("lookup.pl", table);
}

#[test]
fn networks_are_answered_as_the_table_says() {
    let table = include_str!("../../src/lookup/networks_as_the_original.txt");
    ask_the_original("network.pl", table);
}

#[test]
fn patterns_match_as_the_table_says() {
    let table = include_str!("../../src/pattern/as_perl.txt");
    if let Some(said) = answers("pattern.pl", table) {
        assert_eq!(said, without_title(table));
    }
}
