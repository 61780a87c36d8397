//! The demonstration, as a newcomer starts it.

use std::{
    fs,
    process::{Command, Stdio},
};

use crate::support::{daemon::run, wait_for};

const SAMPLES: usize = 7;

#[test]
fn it_delivers_the_samples_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("demo").display().to_string();
    let (status, told, more) = run(
        env!("CARGO_BIN_EXE_filterd"),
        &["demo", "--once", "--dir", &dir],
    );
    assert_eq!(status, 0, "{told}{more}");
    assert_eq!(told.matches("Passed CLEAN").count(), SAMPLES, "{told}");
    assert!(told.contains("7 of 7 messages delivered"), "{told}");
    let new = folder.path().join("demo/Maildir/new");
    let files: Vec<_> = fs::read_dir(new)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    // Besides: three notices, two that are marked, and one that was released.
    assert_eq!(files.len(), SAMPLES + 6, "{told}");
    for want in [
        "Blocked INFECTED (Eicar-Test-Signature)",
        "Passed SPAM ",
        "Blocked BANNED (",
        "Passed BAD-HEADER-7 ",
        ": program in a zip is in the Maildir now, as it was sent.",
    ] {
        assert!(told.contains(want), "{want}: {told}");
    }
    for file in &files {
        let text = String::from_utf8(fs::read(file).unwrap()).unwrap();
        if !text.starts_with("Received: from mail.example.com") {
            continue;
        }
        assert!(text.starts_with("Received: from mail.example.com ([127.0.0.1])\r\n by localhost (demo.filterd.example"), "{text}");
        let id = file
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .split('.')
            .nth(1)
            .unwrap();
        assert!(told.contains(id), "{id} in {told}");
    }
    let log = fs::read_to_string(folder.path().join("demo/filterd.log")).unwrap();
    assert!(log.contains("stopped"), "{log}");
}

#[test]
fn without_a_next_hop_it_says_451_and_fails() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().display().to_string();
    let (status, told, more) = run(
        env!("CARGO_BIN_EXE_filterd"),
        &["demo", "--once", "--without-next-hop", "--dir", &dir],
    );
    assert_eq!(status, 1, "{told}{more}");
    assert!(
        told.contains("0 of 7 messages delivered") && told.contains(": 451 4.5.0 "),
        "{told}"
    );
    assert!(!told.contains("Passed"), "{told}");
}

#[test]
fn it_goes_on_until_it_is_told_and_leaves_nothing_running() {
    let folder = tempfile::tempdir().unwrap();
    let output = fs::File::create(folder.path().join("output")).unwrap();
    let mut demo = Command::new(env!("CARGO_BIN_EXE_filterd"))
        .args(["demo", "--dir"])
        .arg(folder.path().join("demo"))
        .stdin(Stdio::null())
        .stdout(output)
        .spawn()
        .unwrap();
    let told = || fs::read_to_string(folder.path().join("output")).unwrap();
    wait_for("the samples", || {
        told().contains("End with Ctrl-C").then_some(())
    });
    let told = told();
    let address = told
        .split("listens on ")
        .nth(1)
        .unwrap()
        .split(',')
        .next()
        .unwrap();
    let mut client = crate::support::client::Client::hello(address);
    let reply = client.deliver(
        "you@example.com",
        &["ben@example.net"],
        "Subject: by hand\r\nFrom: a@b\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\n\r\nx\r\n",
    );
    assert!(reply.starts_with("250 2.6.0 "), "{reply}");
    client.say("QUIT");
    wait_for("the new message to be shown", || {
        fs::read_to_string(folder.path().join("output"))
            .unwrap()
            .contains("Passed CLEAN {RelayedInbound}, ")
            .then_some(())
    });
    crate::support::daemon::send_signal(demo.id(), "INT");
    let status = wait_for("the end", || demo.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
    assert!(crate::support::client::Client::try_dial(address).is_err());
}

#[test]
fn a_folder_that_cannot_be_made_is_told() {
    let (status, _, told) = run(
        env!("CARGO_BIN_EXE_filterd"),
        &["demo", "--once", "--dir", "/proc/no/such"],
    );
    assert_eq!(status, 73);
    assert!(told.starts_with("filterd demo: /proc/no/such: "), "{told}");
}
