//! A corpus of messages that carry something: every kind of container in every kind of carrier, damaged and tricky ones, and honest mail.
//!
//! What is carried is a program that does nothing, made here; containers are made by programs that are independent of us (7z, tar, cpio
//! and others, as far as they are installed), or by hand. Each must be found, or be told of as not looked into. Honest mail must pass
//! without a word.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::missing_panics_doc,
    clippy::too_many_lines,
    clippy::large_stack_arrays,
    missing_docs,
    reason = "a test that fails says where"
)]

mod carriers;
mod honest;
mod packers;
mod tricks;

use std::{collections::BTreeMap, fs, process::Command};

use serde_json::Value;

/// One message of the corpus.
pub struct Case {
    /// `7z in a forwarded message`
    pub name: String,
    pub message: Vec<u8>,
}

/// A program for Windows that does nothing: headers, and words.
pub fn payload() -> Vec<u8> {
    let mut program = vec![0_u8; 512];
    program[..2].copy_from_slice(b"MZ");
    program[0x3c] = 0x80;
    program[0x80..0x84].copy_from_slice(b"PE\0\0");
    for n in 0..40 {
        program.extend_from_slice(format!("line {n} of a harmless program. ").as_bytes());
    }
    program
}

/// What `filterd scan` says about each message, by name.
fn scanned(cases: &[Case]) -> BTreeMap<String, Value> {
    let folder = tempfile::tempdir().unwrap();
    let mut found = BTreeMap::new();
    for chunk in cases.chunks(100) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_filterd"));
        command.args(["scan", "--json"]);
        for (at, case) in chunk.iter().enumerate() {
            let file = folder.path().join(format!("{at}.eml"));
            fs::write(&file, &case.message).unwrap();
            // For a look at them, or to show them to another program.
            if let Some(kept) = std::env::var_os("CORPUS_DIR") {
                let name = case.name.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
                fs::write(std::path::Path::new(&kept).join(name), &case.message).unwrap();
            }
            command.arg(file);
        }
        let output = command.output().unwrap();
        let json: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        for (case, scanned) in chunk.iter().zip(json.as_array().unwrap()) {
            assert_eq!(
                scanned["notes"],
                serde_json::json!([]),
                "{}: {scanned:#}",
                case.name
            );
            let before = found.insert(case.name.clone(), scanned.clone());
            assert!(before.is_none(), "{} is there twice", case.name);
        }
    }
    found
}

fn parts(scanned: &Value) -> &Vec<Value> {
    scanned["parts"].as_array().unwrap()
}

/// The program was found by what it is, whole.
fn holds_program(scanned: &Value) -> bool {
    let size = payload().len() as u64;
    parts(scanned).iter().any(|part| {
        let kinds = part["kinds"].as_array().unwrap();
        kinds.iter().any(|kind| kind == "exe") && part["octets"] == size
    })
}

/// Something in it was not looked into, and it says so.
fn is_unchecked(scanned: &Value) -> bool {
    scanned["over"] != Value::Null
        || parts(scanned)
            .iter()
            .any(|part| part["state"] != Value::Null || part["is_ambiguous"] == true)
}

#[test]
fn what_is_carried_is_found_in_every_container_and_carrier() {
    let packed = packers::all(&payload());
    let mut cases = Vec::new();
    for (kind, name, content) in &packed {
        for (carrier, message) in carriers::all(name, content) {
            cases.push(Case {
                name: format!("{kind} {carrier}"),
                message,
            });
        }
    }
    let scanned = scanned(&cases);
    let missed: Vec<&String> = scanned
        .iter()
        .filter(|(_, scanned)| !holds_program(scanned))
        .map(|(name, _)| name)
        .collect();
    println!(
        "{} kinds of containers, {} messages, {} missed",
        packed.len(),
        cases.len(),
        missed.len()
    );
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn what_cannot_be_opened_is_told() {
    let mut cases = Vec::new();
    for (kind, name, content) in packers::closed(&payload()) {
        for (carrier, message) in carriers::all(&name, &content) {
            cases.push(Case {
                name: format!("{kind} {carrier}"),
                message,
            });
        }
    }
    let scanned = scanned(&cases);
    for (name, scanned) in &scanned {
        assert!(is_unchecked(scanned), "{name}: {scanned:#}");
    }
    println!("{} messages that cannot be looked into", scanned.len());
}

#[test]
fn damaged_containers_are_told_or_opened_all_the_same() {
    let mut cases = Vec::new();
    for (kind, name, content) in packers::all(&payload()) {
        if packers::has_no_end(kind) {
            continue;
        }
        for (what, damaged) in packers::damaged(&content) {
            cases.push(Case {
                name: format!("{kind}, {what}"),
                message: carriers::attached(&name, &damaged),
            });
        }
    }
    let scanned = scanned(&cases);
    let silent: Vec<&String> = scanned
        .iter()
        .filter(|(_, scanned)| !holds_program(scanned) && !is_unchecked(scanned))
        .map(|(name, _)| name)
        .collect();
    println!("{} damaged containers", scanned.len());
    assert!(silent.is_empty(), "{silent:#?}");
}

#[test]
fn tricks_hide_nothing() {
    let cases = tricks::all(&payload());
    let scanned = scanned(&cases);
    let missed: Vec<&String> = scanned
        .iter()
        .filter(|(_, scanned)| !holds_program(scanned))
        .map(|(name, _)| name)
        .collect();
    println!("{} tricks", cases.len());
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn honest_mail_passes_without_a_word() {
    let cases = honest::all();
    assert!(cases.len() >= 60, "{}", cases.len());
    let scanned = scanned(&cases);
    let suspected: Vec<String> = scanned
        .iter()
        .filter(|(_, scanned)| is_unchecked(scanned))
        .map(|(name, scanned)| format!("{name}: {scanned:#}"))
        .collect();
    println!("{} honest messages", cases.len());
    assert!(suspected.is_empty(), "{}", suspected.join("\n"));
}

/// Archives of which there is no packer: what is in them, or that it cannot be seen.
#[test]
fn foreign_archives_are_opened_or_told_of() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/foreign");
    let mut cases = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.ends_with(".rar") {
            let message = carriers::attached(&name, &fs::read(&path).unwrap());
            cases.push(Case { name, message });
        }
    }
    assert!(cases.len() >= 7, "{}", cases.len());
    for (name, scanned) in scanned(&cases) {
        let states: Vec<&str> = parts(&scanned)
            .iter()
            .filter_map(|part| part["state"].as_str())
            .collect();
        if name.contains("encrypted") {
            assert!(states.contains(&"encrypted"), "{name}: {scanned:#}");
        } else {
            assert!(states.is_empty(), "{name}: {scanned:#}");
            // Below the archive, which is the third part.
            let members = &parts(&scanned)[3..];
            let filled = members
                .iter()
                .filter(|part| part["octets"].as_u64() > Some(0));
            assert!(filled.count() >= 1, "{name}: {scanned:#}");
        }
    }
}

#[test]
fn macros_and_encryption_of_documents_are_seen() {
    let plain: &[u8] = &[7; 64];
    let case = |name: &str, streams: &[(&str, &[u8])]| Case {
        name: name.to_owned(),
        message: carriers::attached("a.doc", &tricks::compound(streams)),
    };
    let mut old = vec![0; 64];
    old[..2].copy_from_slice(b"\xec\xa5");
    old[11] = 1;
    let cases = [
        case("plain", &[("/WordDocument", plain)]),
        case(
            "macro",
            &[("/Macros/VBA/dir", plain), ("/WordDocument", plain)],
        ),
        case(
            "new encryption",
            &[("/EncryptedPackage", plain), ("/EncryptionInfo", plain)],
        ),
        case("old encryption", &[("/WordDocument", &old)]),
    ];
    let scanned = scanned(&cases);
    let document = |name: &str| parts(&scanned[name])[2].clone();
    let kinds = |name: &str| document(name)["kinds"].clone();
    assert_eq!(kinds("plain"), serde_json::json!(["cdf-ms"]));
    assert_eq!(document("plain")["state"], Value::Null);
    assert_eq!(kinds("macro"), serde_json::json!(["cdf-ms", "macro"]));
    assert_eq!(document("macro")["state"], Value::Null);
    assert_eq!(document("new encryption")["state"], "encrypted");
    assert_eq!(document("old encryption")["state"], "encrypted");
}
