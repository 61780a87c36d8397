//! clamd.

use std::{fs, process::Command};

use serde_json::Value;

use super::{
    carriers,
    daemons::Real,
    deliver, eicar, message, packers,
    support::{daemon::Daemon, load::Load, next_hop::NextHop, wildcard::fits},
};

fn by_stream(clamd: &Real) -> String {
    format!(
        "av_scanners = [{{ name = \"ClamAV\", protocol = \"clamd\", socket = \"{}\" }}]\n",
        clamd.path("clamd.ctl")
    )
}

/// All ways to ask it.
fn ways(clamd: &Real) -> Vec<(&'static str, String)> {
    let socket = clamd.path("clamd.ctl");
    let port = clamd.port;
    let tuple = |socket: &str| {
        format!(
            "av_scanners = [[\"ClamAV-clamd\", {{ code = \"ask_daemon\" }}, [\"CONTSCAN {{}}\\n\", \"{socket}\"], {{ pattern = '\\bOK$', flags = \"m\" }}, \
             {{ pattern = '\\bFOUND$', flags = \"m\" }}, {{ pattern = '^.*?: (?!Infected Archive)(.*) FOUND$', flags = \"m\" }}]]\n"
        )
    };
    vec![
        ("stream, socket", by_stream(clamd)),
        (
            "stream, port",
            format!("av_scanners = [{{ protocol = \"clamd\", socket = \"127.0.0.1:{port}\" }}]\n"),
        ),
        (
            "descriptor",
            format!("av_scanners = [{{ protocol = \"clamd-fd\", socket = \"{socket}\" }}]\n"),
        ),
        ("CONTSCAN, by descriptor", tuple(&socket)),
        ("CONTSCAN, with files", tuple(&format!("simple:{socket}"))),
        ("stream in a tuple", tuple(&format!("clamd:{socket}"))),
    ]
}

#[test]
fn every_way_of_asking_finds_the_same() {
    let Some(clamd) = Real::clamd("") else { return };
    for (way, config) in ways(&clamd) {
        let hop = NextHop::start();
        let daemon = Daemon::start(hop.port(), &config);
        assert!(
            deliver(&daemon, &["b@example.net"], &message("good")).starts_with("250 2.6.0"),
            "{way}: {}",
            daemon.log()
        );
        let reply = deliver(
            &daemon,
            &["b@example.net"],
            &message("filterd-test-virus-one"),
        );
        assert!(
            fits(
                "250 2.7.0 Ok, discarded, id=* - INFECTED: Test.Virus.One*",
                &reply
            ),
            "{way}: {reply}"
        );
        // Only when it is decoded.
        let attached =
            String::from_utf8(carriers::attached("x.bin", b"filterd-test-virus-one")).unwrap();
        let reply = deliver(&daemon, &["b@example.net"], &attached);
        assert!(reply.contains("INFECTED: Test.Virus.One"), "{way}: {reply}");
        let (_, probed, _) = daemon.run(&[
            "check-config",
            "--probe",
            "-X",
            "no_conf_file_writable_check",
            "-c",
            &daemon.config().display().to_string(),
        ]);
        assert!(
            probed.contains("knows the EICAR test file as Eicar-Test"),
            "{way}: {probed}"
        );
    }
}

#[test]
fn the_test_file_is_found_in_every_container() {
    let Some(clamd) = Real::clamd("") else { return };
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("filterd.toml");
    fs::write(
        &config,
        by_stream(&clamd) + "test_patterns = \"off\"\nspam_scanners = []\n",
    )
    .unwrap();
    let mut files = Vec::new();
    for (kind, name, content) in packers::all(eicar().as_bytes()) {
        for (carrier, message) in carriers::all(&name, &content) {
            let file = folder.path().join(format!("{}.eml", files.len()));
            fs::write(&file, message).unwrap();
            files.push((format!("{kind}, {carrier}"), file));
        }
    }
    let mut missed = Vec::new();
    for chunk in files.chunks(100) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_filterd"));
        command
            .args(["scan", "--json", "-X", "no_conf_file_writable_check", "-c"])
            .arg(&config);
        command.args(chunk.iter().map(|(_, file)| file));
        let output = command.output().unwrap();
        let json: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        for ((name, _), scanned) in chunk.iter().zip(json.as_array().unwrap()) {
            if scanned["scanners"][0]["result"] != "infected" {
                missed.push(format!("{name}: {}", scanned["scanners"]));
            }
        }
    }
    println!("{} messages, {} missed", files.len(), missed.len());
    assert_eq!(missed, Vec::<String>::new());
    assert!(files.len() > 250, "{}", files.len());
}

#[test]
fn large_mail_is_scanned_and_what_is_larger_than_clamd_takes_is_unchecked() {
    let Some(clamd) = Real::clamd("StreamMaxLength 10M\n") else {
        return;
    };
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), &by_stream(&clamd));
    let noise: String = (0..200_000_u64)
        .map(|n| {
            format!(
                "{:016x} {:080}\r\n",
                n.wrapping_mul(0x9E37_79B9_7F4A_7C15),
                n
            )
        })
        .collect();
    let small = message(&noise[..8_000_000]);
    assert!(deliver(&daemon, &["b@example.net"], &small).starts_with("250 2.6.0"));
    daemon.wait_for_log("(*) Passed CLEAN *");
    let large = message(&noise);
    assert!(large.len() > 19_000_000);
    let reply = deliver(&daemon, &["b@example.net"], &large);
    assert!(reply.starts_with("250 2.6.0"), "{reply}");
    daemon.wait_for_log("(*) Passed UNCHECKED *");
    // By descriptor nothing is too large.
    let daemon = Daemon::start(
        hop.port(),
        &format!(
            "av_scanners = [{{ protocol = \"clamd-fd\", socket = \"{}\" }}]\n",
            clamd.path("clamd.ctl")
        ),
    );
    let reply = deliver(
        &daemon,
        &["b@example.net"],
        &large.replace(
            &noise[19_000_000..19_000_100],
            "\r\nfilterd-test-virus-one\r\n",
        ),
    );
    assert!(reply.starts_with("250 2."), "{reply}");
}

#[test]
fn a_stopped_clamd_under_load_loses_nothing_and_lets_nothing_through() {
    let Some(clamd) = Real::clamd("") else { return };
    let hop = NextHop::start();
    let daemon = Daemon::start(
        hop.port(),
        &(by_stream(&clamd) + "max_servers = 3\nvirus_scan_timeout = 2\n"),
    );
    let load = Load::start(daemon.address(), 3, 5);
    super::support::wait_for("some mail", || (load.acknowledged() > 20).then_some(()));
    clamd.signal("STOP");
    daemon.wait_for_log("(*) (!!)virus scanner ClamAV is down: timed out*");
    let passed = daemon.log().matches("Passed CLEAN").count();
    let reply = deliver(
        &daemon,
        &["b@example.net"],
        &message("filterd-test-virus-one"),
    );
    assert!(reply.starts_with("451 "), "{reply}");
    assert!(
        daemon.log().matches("Passed CLEAN").count() <= passed + 3,
        "what was answered before"
    );
    clamd.signal("CONT");
    daemon.wait_for_log("*virus scanner ClamAV is up again, *");
    let reply = deliver(
        &daemon,
        &["b@example.net"],
        &message("filterd-test-virus-one"),
    );
    assert!(
        reply.contains("INFECTED") || reply.starts_with("451 "),
        "{reply}"
    );
    let count = load.stop(&hop);
    assert_eq!(count.lost, Vec::<usize>::new());
}

/// Debian's own list, as it is but for the place of the socket.
#[test]
fn the_list_of_debian_works_as_it_is() {
    const LIST: &str = "/etc/amavis/conf.d/15-av_scanners";
    let Ok(list) = fs::read_to_string(LIST) else {
        println!("skipped: no {LIST}");
        return;
    };
    let Some(clamd) = Real::clamd("") else { return };
    let hop = NextHop::start();
    let mut daemon = Daemon::prepare(hop.port(), "spam_scanners = []\n");
    let list = list.replace("/var/run/clamav/clamd.ctl", &clamd.path("clamd.ctl"));
    fs::write(daemon.path("av.conf"), list).unwrap();
    let text = fs::read_to_string(daemon.config()).unwrap();
    fs::write(daemon.config(), format!("include = [\"av.conf\"]\n{text}")).unwrap();
    daemon.launch();
    daemon.wait_for_log("virus scanners that are not installed are not asked: *KasperskyLab AVP*");
    assert!(deliver(&daemon, &["b@example.net"], &message("good")).starts_with("250 2.6.0"));
    let reply = deliver(&daemon, &["b@example.net"], &message(&eicar()));
    assert!(reply.contains("INFECTED: Eicar-Test"), "{reply}");
    assert!(!daemon.log().contains("FAILED"), "{}", daemon.log());
}
