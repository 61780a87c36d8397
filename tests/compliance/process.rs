//! The life of a daemon: signals, pid file, files, titles.

use std::{fs, os::unix::fs::MetadataExt, path::PathBuf, time::Duration};

use crate::{
    differences::expectation,
    program::Program,
    subject::Subject,
    support::{
        client::Client,
        daemon::send_signal,
        next_hop::{At, Deed, NextHop},
        wait_for,
        wildcard::fits,
    },
};

/// Keys of differences.
pub const KEYS: &[&str] = &[
    "message in work at TERM",
    "working directories left behind by TERM",
    "message in work at HUP",
    "idle session at QUIT",
    "stop",
];

const MESSAGE: &str = "From: a@example.com\r\nSubject: x\r\n\r\nHello.\r\n";
const BANNER: &str = "$smtpd_greeting_banner = 'changed';";

fn start(program: Program, hop: &NextHop) -> Subject {
    Subject::start(program, "127.0.0.1", hop.port(), "")
}

fn banner(subject: &Subject) -> String {
    Client::dial(subject.address()).reply()
}

fn expect(what: &str, got: &str, want: &str) {
    assert!(fits(want, got), "{what}: {got:?} instead of {want:?}");
}

fn titles(pids: &[u32]) -> Vec<String> {
    let title = |pid: &u32| {
        let text = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        text.trim_end_matches(['\0', ' ']).to_owned()
    };
    pids.iter().map(title).collect()
}

fn children(pid: u32) -> Vec<u32> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let text = fs::read_to_string(path).unwrap_or_default();
    let is_alive = |pid: &u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(") ")
            .is_some_and(|(_, rest)| !rest.starts_with('Z'))
    };
    text.split_whitespace()
        .filter_map(|word| word.parse().ok())
        .filter(is_alive)
        .collect()
}

/// In the foreground: no pid file, a log in the documented form; TERM ends it, and tells a client that waits.
pub fn foreground_and_term(program: Program) {
    let hop = NextHop::start();
    let mut subject = start(program, &hop);
    assert!(
        !subject.path("home/amavisd.pid").exists(),
        "nobody asked for a pid file"
    );
    let name = program.path().display().to_string();
    let is_titled = |title: &String| fits(&format!("{name} (*)"), title);
    wait_for("the master's title", || {
        (titles(&[subject.pid()]) == [format!("{name} (master)")]).then_some(())
    });
    wait_for("two children with titles", || {
        let all = titles(&children(subject.pid()));
        (all.len() == 2 && all.iter().all(is_titled)).then_some(())
    });
    let mut client = Client::hello(subject.address());
    let reply = client.deliver("a@example.com", &["b@example.net"], MESSAGE);
    expect("a delivery", &reply, "250 *from MTA(*");
    let log = subject.path("home/amavis.log");
    let line = wait_for("the main entry", || {
        let log = subject.log();
        log.lines()
            .find(|line| line.contains(" Passed "))
            .map(str::to_owned)
    });
    expect(
        "a line of the log",
        &line,
        &format!("* *:*:* filter.example.com {name}[*]: (*-*) Passed CLEAN *"),
    );
    assert_eq!(
        fs::metadata(log).unwrap().mode() & 0o7777,
        0o640,
        "mode of the log"
    );
    // Back at its commands: the original may say its last reply twice if it is told to end before.
    expect("a command", &client.say("NOOP"), "250 *");
    subject.signal("TERM");
    let mut reply = client.reply();
    // On a busy machine it does so even then.
    if program == Program::Original && reply == "250 2.0.0 Ok NOOP" {
        reply = client.reply();
    }
    expect("last words", &reply, "421 4.3.2 Service shutting down, *");
    assert!(client.is_closed());
    assert_eq!(subject.wait_for_end(), 0, "exit status");
}

/// A pid file that was asked for; HUP reads the configuration again and keeps the process, a wrong one is refused; INT ends it.
pub fn pid_file_and_hup(program: Program) {
    let hop = NextHop::start();
    let mut subject = Subject::prepare(program, "127.0.0.1", hop.port(), "");
    let pid_file = subject.path("home/own.pid");
    subject.launch(&["-P", &pid_file.display().to_string()]);
    let read = || fs::read_to_string(&pid_file).unwrap_or_default();
    wait_for("the pid file", || (!read().is_empty()).then_some(()));
    let pid = subject.pid();
    assert_eq!(read(), format!("{pid}\n"));
    assert_eq!(
        fs::metadata(&pid_file).unwrap().mode() & 0o7777,
        0o640,
        "mode of the pid file"
    );

    expect("the first banner", &banner(&subject), "220 [127.0.0.1] *");
    subject.configure(hop.port(), BANNER);
    subject.signal("HUP");
    wait_for("the new configuration", || {
        let mut client = Client::try_dial(subject.address()).ok()?;
        (client.try_reply()? == "220 changed").then_some(())
    });
    assert_eq!(subject.pid(), pid);
    wait_for("the pid file", || {
        (read() == format!("{pid}\n")).then_some(())
    });

    subject.configure(hop.port(), "$max_servers = ;");
    subject.signal("HUP");
    wait_for("the refusal of a wrong configuration", || {
        let log = subject.log();
        log.contains("(!)Rejecting reload, some config files unreadable or erroneous")
            .then_some(())
    });
    expect("the banner", &banner(&subject), "220 changed");
    subject.signal("INT");
    assert_eq!(subject.wait_for_end(), 0, "exit status");
    assert!(!pid_file.exists(), "the pid file is left");
}

/// TERM while a message waits for the next hop's last word.
pub fn term_with_a_message_in_work(program: Program) {
    let hop = NextHop::start();
    let mut subject = start(program, &hop);
    let mut client = Client::hello(subject.address());
    begin_a_slow_message(&hop, &mut client, Duration::from_secs(2));
    subject.signal("TERM");
    let reply = client.try_reply().unwrap_or_default();
    expect(
        "the reply",
        &reply,
        expectation("message in work at TERM", program),
    );
    drop(client);
    assert_eq!(subject.wait_for_end(), 0, "exit status");
    wait_for("the next hop to take it", || {
        (hop.count() == 1).then_some(())
    });
    let left = fs::read_dir(subject.path("home/tmp")).unwrap().count();
    let want = expectation("working directories left behind by TERM", program);
    assert_eq!(left.to_string(), want, "working directories that are left");
}

/// HUP while a message waits for the next hop's last word.
pub fn hup_with_a_message_in_work(program: Program) {
    let hop = NextHop::start();
    let subject = start(program, &hop);
    let mut client = Client::hello(subject.address());
    // The original grants a few seconds.
    begin_a_slow_message(&hop, &mut client, Duration::from_secs(6));
    subject.signal("HUP");
    let reply = client.try_reply().unwrap_or_default();
    expect(
        "the reply",
        &reply,
        expectation("message in work at HUP", program),
    );
    wait_for("the next hop to take it", || {
        (hop.count() == 1).then_some(())
    });
}

/// Sends a message up to its final dot, and waits until the next hop has it all.
fn begin_a_slow_message(hop: &NextHop, client: &mut Client, delay: Duration) {
    hop.tell(At::End, Deed::Stall(delay), 1);
    for line in [
        "MAIL FROM:<a@example.com>",
        "RCPT TO:<b@example.net>",
        "DATA",
    ] {
        client.say(line);
    }
    client.send(MESSAGE.as_bytes());
    client.send(b".\r\n");
    wait_for("the next hop to be asked", || {
        hop.lines().iter().any(|line| line == "DATA").then_some(())
    });
}

/// A child that is killed is replaced; TTIN and TTOU change their number; QUIT lets sessions end.
pub fn children_and_quit(program: Program) {
    let hop = NextHop::start();
    let mut subject = start(program, &hop);
    let pid = subject.pid();
    let of_number = |number: usize| {
        wait_for(&format!("{number} children"), || {
            let all = children(pid);
            (all.len() == number).then_some(all)
        })
    };
    let name = program.path().display().to_string();
    let before = wait_for("two children with titles", || {
        let all = children(pid);
        let are_titled = titles(&all)
            .iter()
            .all(|title| fits(&format!("{name} (*)"), title));
        (all.len() == 2 && are_titled).then_some(all)
    });
    send_signal(before[0], "KILL");
    wait_for("a new child", || {
        let all = children(pid);
        (all.len() == 2 && !all.contains(&before[0])).then_some(())
    });
    subject.signal("TTIN");
    of_number(3);
    subject.signal("TTOU");
    of_number(2);
    let mut client = Client::hello(subject.address());
    subject.signal("QUIT");
    let want = expectation("idle session at QUIT", program);
    wait_for(want, || fits(want, &client.say("NOOP")).then_some(()));
    drop(client);
    assert_eq!(subject.wait_for_end(), 0, "exit status");
}

/// `start` comes back, writes the pid file, refuses to start twice; `reload` and `stop` find it.
pub fn background(program: Program) {
    let hop = NextHop::start();
    let subject = Subject::prepare(program, "127.0.0.1", hop.port(), "");
    let config = subject.config().display().to_string();
    let command = |verb: &str| subject.command(&["-c", &config, verb]);
    let pid_file = subject.path("home/amavisd.pid");
    let _guard = Guard(pid_file.clone());
    assert_eq!(command("start"), (0, String::new()));
    let pid: u32 = wait_for("the pid file", || {
        fs::read_to_string(&pid_file)
            .ok()?
            .strip_suffix('\n')?
            .parse()
            .ok()
    });
    wait_for("an answer", || Client::try_dial(subject.address()).ok());
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    assert_eq!(
        (fields[2], fields[3]),
        (&*pid.to_string(), &*pid.to_string()),
        "its own session"
    );
    for descriptor in 0..3 {
        let link = fs::read_link(format!("/proc/{pid}/fd/{descriptor}")).unwrap();
        assert_eq!(link.display().to_string(), "/dev/null");
    }
    let (status, said) = command("start");
    let want = format!("*The amavisd daemon is already running, PID: [{pid}]\n");
    assert_eq!(status, 1);
    expect("a second start", &said, &want);

    subject.configure(hop.port(), BANNER);
    assert_eq!(command("reload"), (0, String::new()));
    wait_for("the new configuration", || {
        let mut client = Client::try_dial(subject.address()).ok()?;
        (client.try_reply()? == "220 changed").then_some(())
    });
    let (status, said) = command("stop");
    assert_eq!(status, 0);
    let wanted = expectation("stop", program).replace("{pid}", &pid.to_string());
    expect("stop", &said, &wanted);
    assert!(!pid_file.exists(), "the pid file is left");
}

/// Ends a daemon that is nobody's child, by its pid file, when a test fails.
struct Guard(PathBuf);

impl Drop for Guard {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        // It may be about to write it.
        for _ in 0..1000 {
            let text = fs::read_to_string(&self.0).unwrap_or_default();
            if let Ok(pid) = text.trim().parse() {
                return send_signal(pid, "TERM");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
