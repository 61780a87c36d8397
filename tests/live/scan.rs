//! `filterd scan`: what a message is made of.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use super::support::daemon::run;

const FORWARDED: &str = "From: a@b\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\nSubject: fwd\r\nContent-Type: multipart/mixed; boundary=out\r\n\r\n--out\r\n\r\nsee below\r\n--out\r\n\
    Content-Type: message/rfc822\r\n\r\nSubject: in\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n\
    Content-Type: application/octet-stream; name=\"=\x1b[2J.exe\"\r\nContent-Transfer-Encoding: base64\r\n\r\nTVqQAAMA\r\n--in--\r\n--out--\r\n";

fn filterd() -> &'static str {
    env!("CARGO_BIN_EXE_filterd")
}

#[test]
fn a_message_is_drawn_and_its_parts_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fwd.eml");
    fs::write(&file, FORWARDED).unwrap();
    let out = folder.path().join("parts");
    let (file, out) = (file.display().to_string(), out.display().to_string());
    let (status, said, complained) = run(filterd(), &["scan", &file, "--extract", &out]);
    assert_eq!((status, complained.as_str()), (0, ""));
    let want = format!(
        "{file} {} octets\nmultipart/mixed\n\u{251c}\u{2500} text/plain (asc, 9 octets) -> {out}/m001-p002\n\
         \u{2514}\u{2500} message/rfc822\n   \u{2514}\u{2500} multipart/mixed\n      \
         \u{2514}\u{2500} application/octet-stream =\\x1B[2J.exe (dat, 6 octets) -> {out}/m001-p005\n",
        FORWARDED.len()
    );
    assert_eq!(said, want);
    assert_eq!(
        fs::read(Path::new(&out).join("m001-p005")).unwrap(),
        b"MZ\x90\0\x03\0"
    );
    // What is there is not overwritten.
    let (status, _, complained) = run(filterd(), &["scan", &file, "--extract", &out]);
    assert_eq!(status, 66);
    assert!(complained.contains("m001-p002"), "{complained}");
}

#[test]
fn an_odd_message_is_told_by_the_exit_status() {
    let mut child = Command::new(filterd())
        .args(["scan", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let message = b"Content-Type: multipart/mixed; boundary=a;\n boundary=b\n\n--a\n\nx\n--a--\n";
    child.stdin.take().unwrap().write_all(message).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json[0]["parts"][0]["oddities"][0], "more than one boundary");
    assert_eq!(json[0]["parts"][1]["place"], "1");
    assert_eq!(
        json[0]["header"][0],
        "Missing required header field: \"Date\""
    );
    let (status, _, complained) = run(filterd(), &["scan", "/nowhere.eml"]);
    assert_eq!(status, 66);
    assert!(complained.contains("/nowhere.eml"), "{complained}");
    let (status, ..) = run(filterd(), &["scan"]);
    assert_eq!(status, 64);
}

#[test]
fn banned_rules_of_the_configuration_are_applied() {
    let folder = tempfile::tempdir().unwrap();
    let (config, file) = (folder.path().join("a.conf"), folder.path().join("a.eml"));
    let rules = "$banned_filename_re = new_RE(qr'.\\.exe$'i, [qr'^\\.(exe-ms)$' => 0]);\n\
        @banned_filename_maps = ({ 'free@example.com' => 'NONE', '.' => 'DEFAULT' });\n";
    fs::write(&config, rules).unwrap();
    fs::write(&file, FORWARDED).unwrap();
    let (config, file) = (config.display().to_string(), file.display().to_string());
    let scan = |more: &[&str]| {
        let mut all = vec![
            "-X",
            "no_conf_file_writable_check",
            "-c",
            &config,
            "scan",
            &file,
        ];
        all.extend(more);
        run(filterd(), &all)
    };
    let (status, said, _) = scan(&["--to", "a@example.com"]);
    assert_eq!(status, 1, "{said}");
    let want = "banned: application/octet-stream,.dat,=\\x1B[2J.exe by qr/.\\\\.exe$/i";
    assert!(said.contains(want), "{said}");
    let (_, json, _) = scan(&["--to", "a@example.com", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let path = "P=p001,L=1,M=multipart/mixed | P=p003,L=1/2,M=message/rfc822 | P=p004,L=1/2/1,M=multipart/mixed | \
        P=p005,L=1/2/1/1,M=application/octet-stream,T=dat,N==\u{1b}[2J.exe";
    assert_eq!(json[0]["parts"][4]["banned"]["path"], path);
    let (status, said, _) = scan(&["--to", "free@example.com"]);
    assert_eq!(status, 0, "{said}");
    assert_eq!(run(filterd(), &["scan", &file, "--to", "a@b"]).0, 64);
}
