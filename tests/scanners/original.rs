//! The same messages through the original and through filterd, with the same clamd and the same rules of SpamAssassin: same verdict, same
//! score to the third digit, same tests, same fields.

use std::{
    collections::BTreeMap,
    fs,
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
};

use super::{
    daemons::Real,
    eicar, gtube,
    support::{
        client::Client, daemon::send_signal, is_root, next_hop::NextHop, port::free_port, wait_for,
    },
};

/// One of the two.
struct Subject {
    child: Child,
    port: u16,
    hop: NextHop,
}

impl Drop for Subject {
    fn drop(&mut self) {
        send_signal(self.child.id(), "TERM");
        let _gone = self.child.wait();
    }
}

impl Subject {
    fn start(program: &str, folder: &Path, clamd: &Real, spamd: &Real, more: &str) -> Self {
        let (port, hop) = (free_port(), NextHop::start());
        fs::create_dir(folder).unwrap();
        for name in ["tmp", "db", "vault", ".spamassassin"] {
            fs::create_dir(folder.join(name)).unwrap();
        }
        let owned = Command::new("chown")
            .args(["-R", "amavis:amavis"])
            .arg(folder)
            .status();
        assert!(owned.unwrap().success());
        let home = folder.display();
        let config = format!(
            "use strict;\n$MYHOME='{home}'; $TEMPBASE=\"$MYHOME/tmp\"; $db_home=\"$MYHOME/db\"; $helpers_home=$MYHOME; $QUARANTINEDIR=\"$MYHOME/vault\";\n\
             $lock_file=\"$MYHOME/lock\"; $pid_file=\"$MYHOME/pid\"; $daemon_user='amavis'; $daemon_group='amavis'; $mydomain='example.net';\n\
             $myhostname='mx.example.net'; @local_domains_maps=(['.example.net']); $max_servers=1; $unix_socketname=undef;\n\
             $inet_socket_bind='127.0.0.1'; $inet_socket_port={port}; $forward_method='smtp:[127.0.0.1]:{}'; $notify_method=$forward_method;\n\
             $enable_db=0; $enable_zmq=0; $enable_dkim_verification=0; $do_syslog=0; $logfile=\"$MYHOME/log\"; $log_level=0;\n\
             $sa_tag_level_deflt=-999; $sa_tag2_level_deflt=6.2; $sa_kill_level_deflt=50; $sa_local_tests_only=1;\n\
             $sa_mail_body_size_limit=200*1024; $sa_siteconfigpath='{}'; $spam_quarantine_method=undef;\n\
             $final_virus_destiny=D_DISCARD; $final_spam_destiny=D_REJECT; $final_bad_header_destiny=D_PASS; $virus_admin=undef;\n\
             @av_scanners=(['ClamAV-clamd',\\&ask_daemon,[\"CONTSCAN {{}}\\n\",'{}'],qr/\\bOK$/m,qr/\\bFOUND$/m,qr/^.*?: (?!Infected Archive)(.*) FOUND$/m]);\n\
             @av_scanners_backup=(); @blacklist_sender_maps=(['bad@example.com']); @whitelist_sender_maps=(['good@example.com']);\n\
             @score_sender_maps=({{'.'=>[{{'soft@example.com'=>3.5}},{{'.example.com'=>0.7}}]}});\n\
             @virus_name_to_spam_score_maps=({{'Test.Virus.One.UNOFFICIAL'=>2.5}});\n\
             @spam_kill_level_maps=({{'strict@example.net'=>3}},\\$sa_kill_level_deflt);\n{more}\n1;\n",
            hop.port(),
            spamd.path("site"),
            clamd.path("clamd.ctl")
        );
        let file = folder.with_extension("conf");
        fs::write(&file, config).unwrap();
        let output = fs::File::create(folder.with_extension("out")).unwrap();
        let child = Command::new(program)
            .arg("-c")
            .arg(&file)
            .arg("foreground")
            .current_dir(folder)
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        wait_for(program, || TcpStream::connect(("127.0.0.1", port)).ok());
        Self { child, port, hop }
    }

    /// The reply's code and words up to its ids, and for each recipient the fields that were put in.
    fn send(
        &self,
        from: &str,
        to: &[&str],
        message: &str,
    ) -> (String, BTreeMap<String, Vec<String>>) {
        let before = self.hop.count();
        let reply = Client::hello(("127.0.0.1", self.port)).deliver(from, to, message);
        let mut fields = BTreeMap::new();
        for taken in self.hop.taken().into_iter().skip(before) {
            let content = String::from_utf8_lossy(&taken.content).into_owned();
            for recipient in taken.rcpts {
                fields.insert(recipient, put_in(&content));
            }
        }
        (without_ids(&reply), fields)
    }
}

fn without_ids(reply: &str) -> String {
    let head = reply.split(" from MTA").next().unwrap();
    let mut words: Vec<&str> = head.split(' ').collect();
    words.retain(|word| !word.starts_with("id="));
    words.join(" ")
}

/// `X-` fields, unfolded.
fn put_in(content: &str) -> Vec<String> {
    let header = content.split("\r\n\r\n").next().unwrap();
    let unfolded = header.replace("\r\n ", " ").replace("\r\n\t", " ");
    let names = ["X-Spam-", "X-Virus-", "X-Amavis-"];
    let lines = unfolded.lines();
    let lines = lines.filter(|line| names.iter().any(|name| line.starts_with(name)));
    lines
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

fn text(from: &str, number: usize, subject: &str, more: &str, body: &str) -> String {
    format!(
        "From: {from}\r\nTo: b@example.net\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\nMessage-ID: <{number}@example.com>\r\n\
         Subject: {subject}\r\n{more}\r\n{body}\r\n"
    )
}

#[test]
fn the_original_says_the_same() {
    const ORIGINAL: &str = "/usr/sbin/amavisd";
    if !is_root() || !Path::new(ORIGINAL).exists() {
        println!("skipped: not root, or no {ORIGINAL}");
        return;
    }
    let (Some(clamd), Some(spamd)) = (Real::clamd(""), Real::spamd()) else {
        return;
    };
    let folder = tempfile::Builder::new()
        .prefix("filterd-original-")
        .tempdir()
        .unwrap();
    fs::set_permissions(
        folder.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    let original = Subject::start(
        ORIGINAL,
        &folder.path().join("original"),
        &clamd,
        &spamd,
        "",
    );
    let more = format!(
        "$reply_form='2.13'; @spam_scanners=(['SpamAssassin','Amavis::SpamControl::SpamdClient',socket=>'127.0.0.1:{}']);",
        spamd.port
    );
    let ours = Subject::start(
        env!("CARGO_BIN_EXE_amavisd"),
        &folder.path().join("filterd"),
        &clamd,
        &spamd,
        &more,
    );
    let html = "MIME-Version: 1.0\r\nContent-Type: text/html\r\n";
    let forged = "X-Spam-Flag: YES\r\nX-Spam-Status: Yes,\r\n forged\r\n";
    let rows: [(&str, &[&str], &str, &str, String); 14] = [
        (
            "a@example.com",
            &["b@example.net"],
            "hello",
            "",
            "hello there".into(),
        ),
        ("a@example.com", &["b@example.net"], "hello", "", gtube()),
        ("a@example.com", &["b@example.net"], "hello", "", eicar()),
        (
            "a@example.com",
            &["b@example.net"],
            "hello",
            "",
            "filterd-test-virus-one".into(),
        ),
        (
            "a@example.com",
            &["b@example.net"],
            "hello",
            "",
            "filterd-test-word".into(),
        ),
        (
            "soft@example.com",
            &["b@example.net"],
            "hello",
            "",
            "hello".into(),
        ),
        (
            "bad@example.com",
            &["b@example.net"],
            "hello",
            "",
            "hello".into(),
        ),
        (
            "good@example.com",
            &["b@example.net"],
            "hello",
            "",
            "hello".into(),
        ),
        (
            "a@example.com",
            &["b@example.net"],
            "FREE MONEY!!!",
            "",
            "viagra cialis click here http://example.org/".into(),
        ),
        (
            "a@example.com",
            &["b@example.net", "c@else.where"],
            "hello",
            "",
            "hello".into(),
        ),
        (
            "a@example.com",
            &["strict@example.net"],
            "CHEAP PILLS",
            "",
            "filterd-test-word".into(),
        ),
        (
            "a@example.com",
            &["b@example.net"],
            "long",
            "",
            "x".repeat(300_000),
        ),
        (
            "a@example.com",
            &["b@example.net"],
            "hello",
            forged,
            "hello".into(),
        ),
        (
            "a@example.com",
            &["b@example.net"],
            "hello",
            html,
            "<html><body>buy</body></html>".into(),
        ),
    ];
    for (number, (from, to, subject, more, body)) in rows.iter().enumerate() {
        let message = text(from, number, subject, more, body);
        let theirs = original.send(from, to, &message);
        println!("row {number}: {theirs:?}");
        assert_eq!(ours.send(from, to, &message), theirs, "row {number}");
    }
}
