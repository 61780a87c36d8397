//! `filterd config`, `filterd explain` and what `check-config` says of policy.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

/// A folder with a configuration, its table files, and a place for the daemon.
struct Site {
    folder: TempDir,
}

impl Site {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("home")).unwrap();
        let site = Self { folder };
        site.write(
            "limits",
            "# by address\nboss@example.com 5000000\n.example.com 100000\n",
        );
        let home = site.path("home").display().to_string();
        let limits = site.path("limits").display().to_string();
        let text = text.replace("HOME", &home).replace("LIMITS", &limits);
        site.write("amavisd.conf", &format!("$MYHOME = '{home}';\n{text}"));
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Runs `filterd ARGUMENTS -c FILE`; gives the exit status, what it printed, and what it complained of.
    fn run(&self, file: &str, arguments: &[&str]) -> (i32, String, String) {
        let file = self.path(file).display().to_string();
        let mut all = vec!["-X", "no_conf_file_writable_check", "-c", &file];
        all.extend(arguments);
        filterd(&all)
    }
}

fn filterd(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_filterd"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

const SITE: &str = "$mydomain = 'example.com'; $myhostname = \"mail.$mydomain\";\n\
    @local_domains_acl = (\".$mydomain\");\n\
    @mynetworks = qw( 10.0.0.0/8 );\n\
    @message_size_limit_maps = (read_hash('LIMITS'), 200000);\n\
    $inet_socket_port = [10024, 10026];\n\
    $interface_policy{'10026'} = 'ORIGINATING';\n\
    $policy_bank{'ORIGINATING'} = { originating => 1,\n  log_level => 3 };\n\
    $policy_bank{'MYNETS'} = { signed_header_fields => {} };\n\
    $policy_bank{'MYUSERS'} = { final_unchecked_destiny => D_REJECT };\n";

/// The cells of a printed table, by line.
fn rows(text: &str) -> Vec<Vec<&str>> {
    text.lines()
        .map(|line| {
            line.split("  ")
                .map(str::trim)
                .filter(|cell| !cell.is_empty())
                .collect()
        })
        .collect()
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn explain_tells_which_banks_and_entries_decide() {
    let site = Site::new(SITE);
    let (status, said, complained) = site.run(
        "amavisd.conf",
        &[
            "explain",
            "--client",
            "10.1.2.3",
            "--port",
            "10026",
            "--from",
            "joe@example.com",
            "--to",
            "boss@example.com",
            "--to",
            "x@else.where",
        ],
    );
    assert_eq!((status, complained.as_str()), (0, ""));
    let rows = rows(&said);
    let file = site.path("amavisd.conf").display().to_string();
    let limits = site.path("limits").display().to_string();
    for want in [
        vec!["ORIGINATING", "loaded", "interface_policy has \"10026\""],
        vec![
            "MYNETS",
            "loaded",
            "client_ipaddr_policy: 10.1.2.3 is in @mynetworks",
        ],
        vec![
            "MYUSERS",
            "loaded",
            "originating is on, and <joe@example.com> is in local_domains",
        ],
        vec![
            "final_unchecked_destiny",
            "\"D_REJECT\"",
            "default",
            &format!("{file}:11:1"),
        ],
        vec!["log_level", "3", "default", &format!("{file}:8:1")],
        vec!["boss@example.com"],
        vec![
            "local_domains_maps",
            "1",
            &format!("@local_domains_acl ({file}:3:1), entry .example.com"),
        ],
        vec![
            "message_size_limit_maps",
            "5000000",
            &format!("read_hash {limits}:2, entry boss@example.com"),
        ],
        vec!["x@else.where"],
        vec!["local_domains_maps", "-", "its table says nothing"],
        vec![
            "message_size_limit_maps",
            "200000",
            &format!("a constant in @message_size_limit_maps ({file}:5:1)"),
        ],
    ] {
        assert!(rows.contains(&want), "{want:?} is not in\n{said}");
    }
    let json = site
        .run("amavisd.conf", &["explain", "--port", "10026", "--json"])
        .1;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["banks"], "ORIGINATING");
    let nothing = site
        .run("amavisd.conf", &["explain", "--client", "192.0.2.1"])
        .1;
    assert_eq!(nothing, "No policy bank is asked for.\n");
    let (status, _, complained) = site.run("amavisd.conf", &["explain", "--from", "a b@c d"]);
    assert_eq!(status, 78, "{complained}");
    assert!(complained.contains("is no address"), "{complained}");
}

#[test]
fn what_is_converted_is_the_same_configuration() {
    let site = Site::new(SITE);
    let conf = site.path("amavisd.conf").display().to_string();
    let (status, toml, complained) = filterd(&["config", "convert", &conf]);
    assert_eq!((status, complained.as_str()), (0, ""));
    site.write("filterd.toml", &toml);
    for arguments in [
        vec!["config", "show"],
        vec!["config", "show", "--changed"],
        vec!["config", "show", "--bank", "MYUSERS"],
    ] {
        let (first, second) = (
            site.run("amavisd.conf", &arguments),
            site.run("filterd.toml", &arguments),
        );
        assert_eq!(first, second, "{arguments:?}");
        assert_eq!(first.0, 0, "{arguments:?}");
    }
    assert!(
        toml.contains("[policy.MYUSERS]\nfinal_unchecked_destiny = \"D_REJECT\"\n"),
        "{toml}"
    );
    // A setting that means nothing here is told of.
    site.write("env.conf", "$ENV{TMPDIR} = '/tmp'; $max_servers = 3;\n");
    let env = site.path("env.conf").display().to_string();
    let (status, toml, complained) = filterd(&["config", "convert", &env]);
    assert_eq!(status, 0);
    assert!(toml.contains("\nmax_servers = 3\n"), "{toml}");
    assert!(complained.contains("$ENV{TMPDIR}"), "{complained}");
}

#[test]
fn what_cannot_be_shown_is_told() {
    let site = Site::new("$max_server = 3;\n");
    let file = site.path("amavisd.conf").display().to_string();
    for arguments in [
        vec!["config", "show"],
        vec!["explain"],
        vec!["check-config"],
    ] {
        let (status, said, complained) = site.run("amavisd.conf", &arguments);
        assert_eq!(status, 78, "{arguments:?}");
        let all = said + &complained;
        assert!(
            all.contains(&format!("{file}:2:1: unknown setting $max_server")),
            "{all}"
        );
    }
    let site = Site::new(SITE);
    let (status, _, complained) = site.run("amavisd.conf", &["config", "show", "--bank", "NONE"]);
    assert_eq!(status, 78);
    assert!(
        complained.contains("there are: MYNETS, MYUSERS, ORIGINATING"),
        "{complained}"
    );
    let (status, _, complained) = filterd(&["config", "doc", "max_server"]);
    assert_eq!(status, 64, "{complained}");
    assert!(
        complained.contains("did you mean max_servers?"),
        "{complained}"
    );
}

#[test]
fn every_setting_has_its_documentation() {
    let (status, list, _) = filterd(&["config", "doc"]);
    assert_eq!(status, 0);
    for line in list.lines().skip(1) {
        let name = line.split_whitespace().next().unwrap();
        let (status, text, _) = filterd(&["config", "doc", name]);
        assert_eq!(status, 0, "{name}");
        assert!(
            text.starts_with(&format!("{name}\n  in amavisd.conf ")),
            "{text}"
        );
    }
    let perl = filterd(&["config", "doc", "$log_level"]).1;
    assert!(perl.contains("in a policy bank   yes\n"), "{perl}");
    let idle = filterd(&["config", "doc", "storage_sql_dsn"]).1;
    assert!(idle.contains("it has no effect"), "{idle}");
}

#[test]
fn suspicious_local_domains_and_fields_without_effect_are_told_of() {
    for (domains, want) in [
        ("", "no local domains are set"),
        (
            "@local_domains_acl = ('.');",
            "every domain counts as local",
        ),
        ("@local_domains_maps = (1);", "every domain counts as local"),
    ] {
        let site = Site::new(&format!("$myhostname = 'a.example.com'; {domains}\n"));
        let said = site
            .run("amavisd.conf", &["check-config", "--postfix", "/nowhere"])
            .1;
        assert!(said.contains(want), "{said}");
    }
    let site = Site::new(SITE);
    let said = site
        .run("amavisd.conf", &["check-config", "--postfix", "/nowhere"])
        .1;
    assert!(!said.contains("local"), "{said}");
    assert!(said.contains("MYNETS:signed_header_fields"), "{said}");
}

#[test]
fn a_quarantine_without_a_folder_is_told_of() {
    const RULES: &str = "$banned_filename_re = new_RE(qr'exe');";
    let refused =
        "banned mail is to be thrown away and a copy to be kept, but $QUARANTINEDIR is not set";
    let missing = "$QUARANTINEDIR: folder /nowhere/at/all does not exist: make it, owned by ";
    for (text, want, unwanted) in [
        (RULES.to_owned(), refused, missing),
        (
            format!("{RULES} $QUARANTINEDIR = '/nowhere/at/all';"),
            missing,
            refused,
        ),
        (
            format!("{RULES} $final_banned_destiny = D_REJECT;"),
            "",
            refused,
        ),
        (
            format!("{RULES} $banned_files_quarantine_method = undef;"),
            "",
            refused,
        ),
    ] {
        let site = Site::new(&format!("$myhostname = 'a.example.com'; {text}\n"));
        let said = site
            .run("amavisd.conf", &["check-config", "--postfix", "/nowhere"])
            .1;
        assert!(
            said.contains(want) && !said.contains(unwanted),
            "{text}: {said}"
        );
    }
}

/// Debian's own files, where they are installed.
#[test]
fn the_packages_files_are_the_same_in_toml() {
    let folders = ["/usr/share/amavis/conf.d", "/etc/amavis/conf.d"];
    if !folders.iter().all(|folder| Path::new(folder).is_dir()) {
        eprintln!("skipped: amavisd-new is not installed");
        return;
    }
    let (status, toml, complained) = filterd(&["config", "convert"]);
    assert_eq!(status, 0, "{complained}");
    let site = Site::new("");
    site.write("filterd.toml", &toml);
    let shown = site.run("filterd.toml", &["config", "show", "--changed"]);
    assert_eq!(shown.0, 0, "{}", shown.2);
    let body = toml.split_once("\n\n").unwrap().1;
    // Root gets the package's user besides.
    for line in body.lines() {
        assert!(shown.1.contains(line), "{line}");
    }
}
