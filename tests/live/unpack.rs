//! The decoder process: what it opens, and what it may not do.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use super::support::{
    daemon::{run_with, send_signal},
    wait_for,
};

/// A message with a gzip file and a text.
fn message() -> Vec<u8> {
    // `printf hello | gzip -n`
    let body = "H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA==";
    format!(
        "From: a@b\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
         --x\r\nContent-Type: application/octet-stream; name=a.txt.gz\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}\r\n\
         --x\r\nContent-Type: application/octet-stream; name=b.txt.gz\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}\r\n--x--\r\n"
    )
    .into_bytes()
}

fn scan(folder: &Path, faults: &str) -> serde_json::Value {
    let (file, config) = (folder.join("m.eml"), folder.join("c.toml"));
    fs::write(&file, message()).unwrap();
    fs::write(
        &config,
        "decoder_cpu_limit = 1\ndecoder_memory_limit = \"64M\"\n",
    )
    .unwrap();
    let (file, config) = (file.display().to_string(), config.display().to_string());
    let arguments = [
        "-X",
        "no_conf_file_writable_check",
        "-c",
        &config,
        "scan",
        "--json",
        &file,
    ];
    let (_, said, complained) = run_with(
        env!("CARGO_BIN_EXE_filterd"),
        &arguments,
        // With it, the runtime looks for files when memory is out, which is one thing more that it may not.
        &[("FILTERD_FAULTS", faults), ("RUST_BACKTRACE", "0")],
    );
    assert_eq!(complained, "", "{faults}");
    let json: serde_json::Value = serde_json::from_str(&said).unwrap();
    json[0].clone()
}

#[test]
fn beyond_a_limit_it_ends_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let head = "From: a@b\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\n";
    let mut zeros = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..64 {
        zeros.write_all(&[0; 16_384]).unwrap();
        zeros.write_all(&[0; 16_384]).unwrap();
    }
    let body = data_encoding::BASE64.encode(&zeros.finish().unwrap());
    let bomb =
        format!("{head}Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}\r\n");
    let nested = format!(
        "{head}{}x\r\n",
        "Content-Type: message/rfc822\r\n\r\n".repeat(100_000)
    );
    let unended: String = (0..16_000)
        .map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n"))
        .collect();
    let many = format!(
        "{head}Content-Type: multipart/mixed; boundary=b\r\n\r\n{}",
        "--b\r\n\r\n".repeat(20_000)
    );
    for (name, message, want) in [
        ("bomb", bomb, "Exceeded storage quota 1048576 bytes"),
        ("nested", nested, "Maximum decoding depth (30) exceeded"),
        (
            "unended",
            format!("{head}{unended}"),
            "Maximum decoding depth (30) exceeded",
        ),
        ("many", many, "Maximum number of files (10000) exceeded"),
    ] {
        let file = folder.path().join(name);
        fs::write(&file, message).unwrap();
        let config = folder.path().join("limits.toml");
        fs::write(
            &config,
            "max_expansion_quota = \"1M\"\nmin_expansion_factor = 1\n",
        )
        .unwrap();
        let (file, config) = (file.display().to_string(), config.display().to_string());
        let arguments = [
            "-X",
            "no_conf_file_writable_check",
            "-c",
            &config,
            "scan",
            "--json",
            &file,
        ];
        let (status, said, complained) = run_with(env!("CARGO_BIN_EXE_filterd"), &arguments, &[]);
        assert_eq!((status, complained.as_str()), (1, ""), "{name}");
        let json: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!(json[0]["over"], want, "{name}");
    }
}

#[test]
fn containers_are_opened() {
    let folder = tempfile::tempdir().unwrap();
    let scanned = scan(folder.path(), "");
    assert_eq!(scanned["notes"], serde_json::json!([]));
    assert_eq!(scanned["parts"].as_array().unwrap().len(), 5);
    assert_eq!(scanned["parts"][3]["names"][0], "a.txt");
    assert_eq!(scanned["parts"][4]["octets"], 5);
}

#[test]
fn a_decoder_that_does_what_it_may_not_is_stopped_and_the_rest_is_opened() {
    if !cfg!(feature = "faults") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (fault, why) in [
        ("abort", "it ran out of memory, or gave up"),
        ("die", "it took too much processor time, or was killed"),
        ("spin", "it took too much processor time, or was killed"),
        ("park", "it took too much processor time, or was killed"),
        ("grow", "it ran out of memory, or gave up"),
        ("open", "it did what a decoder may not do"),
        ("connect", "it did what a decoder may not do"),
        ("exec", "it did what a decoder may not do"),
        ("panic", "it ended by exit status 3"),
    ] {
        let scanned = scan(folder.path(), &format!("unpack.decoder={fault}"));
        let state = |at: usize| {
            scanned["parts"][at]["state"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        // Every process breaks at its first part.
        assert_eq!(
            (state(1), state(2)),
            (why.to_owned(), why.to_owned()),
            "{fault}"
        );
        assert_eq!(
            scanned["notes"].as_array().unwrap().len(),
            2,
            "{fault}: {scanned}"
        );
        assert_eq!(scanned["over"], serde_json::Value::Null, "{fault}");
        // The second time: the first part is done, the second one breaks.
        let scanned = scan(folder.path(), &format!("unpack.decoder={fault}@2"));
        let state = |at: usize| {
            scanned["parts"][at]["state"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        assert_eq!(
            (state(1), state(2)),
            (String::new(), why.to_owned()),
            "{fault}"
        );
        assert_eq!(scanned["parts"][3]["names"][0], "a.txt", "{fault}");
    }
}

#[test]
fn the_fence_is_up_before_anything_is_opened() {
    if !cfg!(feature = "faults") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("m.eml");
    fs::write(&file, message()).unwrap();
    let mut scan = Command::new(env!("CARGO_BIN_EXE_filterd"))
        .arg("scan")
        .arg(&file)
        .env("FILTERD_FAULTS", "unpack.decoder=stop")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let children = format!("/proc/{0}/task/{0}/children", scan.id());
    // Two of them, for each stops before its first part.
    for _ in 0..2 {
        let status = wait_for("a stopped decoder", || {
            let pid = fs::read_to_string(&children).ok()?;
            let status = fs::read_to_string(format!("/proc/{}/status", pid.trim())).ok()?;
            status.contains("State:\tT").then_some(status)
        });
        for fact in ["Seccomp:\t2", "NoNewPrivs:\t1", "Threads:\t1"] {
            assert!(status.contains(fact), "{fact} is not in {status}");
        }
        let pid = fs::read_to_string(&children).unwrap().trim().to_owned();
        let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
        for limit in [
            "Max open files            0",
            "Max processes             0",
            "Max file size             0",
        ] {
            assert!(limits.contains(limit), "{limit} is not in {limits}");
        }
        let open: Vec<String> = fs::read_dir(format!("/proc/{pid}/fd"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(open.len(), 4, "the standard streams and the pipe: {open:?}");
        send_signal(pid.parse().unwrap(), "KILL");
    }
    assert!(!scan.wait().unwrap().success());
}
