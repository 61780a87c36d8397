//! Command lines that start nothing: what is said, and the exit status.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
};

use crate::{
    differences::{self, key_of},
    program::Program,
    subject::{Subject, USER_ID},
    support::{daemon::run, is_root, wildcard::fits},
};

/// One command line.
struct Case {
    /// Words; `{conf}` is a good configuration, `{folder}` the folder in which the other files are, `{debian}` what Debian's package
    /// configures.
    arguments: &'static str,
    /// What is said on both streams together, `*` for any text; or the key of a difference, which names the status too.
    said: &'static str,
    status: i32,
}

const fn case(arguments: &'static str, status: i32, said: &'static str) -> Case {
    Case {
        arguments,
        said,
        status,
    }
}

/// Where Debian keeps the configuration.
const DEBIAN: &str = "/etc/amavis/conf.d";

/// What only root can arrange.
const NEEDS_ROOT: &[&str] = &[
    "owned.conf",
    "writable.conf",
    "nobody.conf",
    "-u ",
    "-c{conf}",
];

const CASES: &[Case] = &[
    case("-V", 1, "amavis-2.13.0 (20230106)"),
    case("-h", 1, "amavis-2.13.0 (20230106)\n\nUsage:\n*"),
    // Options
    case(
        "-Z",
        1,
        "Error in parsing command line options: -Z\n\nUsage:\n*",
    ),
    case(
        "-Zx start",
        1,
        "Error in parsing command line options: -Zx\n\nUsage:\n*",
    ),
    case(
        "--help",
        1,
        "Error in parsing command line options: --help\n\nUsage:\n*",
    ),
    case(
        "-",
        1,
        "Error in parsing command line options: -\n\nUsage:\n*",
    ),
    case("-m many start", 1, "Option -m requires a numeric argument"),
    case("-i a/b start", 1, "Special chars in option -i a/b"),
    case("-c{conf} test-config", 0, "<<attached value>>"),
    // Commands
    case(
        "bogus",
        1,
        "amavis-2.13.0 (20230106):\n  Unknown command line parameter: bogus\n\nUsage:\n*",
    ),
    case(
        "start stop",
        1,
        "amavis-2.13.0 (20230106):\n  Only one command line parameter allowed: stop\n\nUsage:\n*",
    ),
    case(
        "-c {conf} test-config -V",
        1,
        "amavis-2.13.0 (20230106):\n  Only one command line parameter allowed: -V\n\nUsage:\n*",
    ),
    // Configurations
    case("-c {conf} test-config", 0, "<<good configuration>>"),
    case("-c {conf} -- test-config", 0, "<<good configuration>>"),
    case(
        "-c  -c {conf} -i one -m 3 -d 2,all test-config",
        0,
        "<<good configuration>>",
    ),
    case(
        "-c {folder}/none test-config",
        1,
        "<<configuration that is not there>>",
    ),
    case(
        "-c {folder}/none start",
        1,
        "<<configuration that is not there>>",
    ),
    case(
        "-c {folder} test-config",
        1,
        "<<configuration that is a folder>>",
    ),
    case(
        "-c {folder}/bad.conf test-config",
        1,
        "<<configuration with an error>>",
    ),
    case(
        "-c {folder}/bad.conf foreground",
        1,
        "<<configuration with an error>>",
    ),
    case(
        "-c {folder}/writable.conf test-config",
        1,
        "<<configuration that is writable>>",
    ),
    case(
        "-c {folder}/owned.conf test-config",
        1,
        "<<configuration of somebody else>>",
    ),
    case(
        "-X no_conf_file_writable_check -c {folder}/writable.conf test-config",
        0,
        "<<configuration that may be writable>>",
    ),
    case("{debian} -c {conf} test-config", 0, "*"),
    case("-u root -c {conf} test-config", 1, "<<root as user>>"),
    case(
        "-u no-such-user -c {conf} test-config",
        1,
        "<<unknown user>>",
    ),
    case("-c {folder}/nobody.conf foreground", 0, "<<no user>>"),
    case(
        "-c {folder}/short_name.conf stop",
        1,
        "<<host name without a dot>>",
    ),
    case(
        "-c {folder}/no_sockets.conf foreground",
        1,
        "*No listen sockets or ports specified*",
    ),
    case(
        "-c {folder}/no_tempbase.conf foreground",
        2,
        "*TROUBLE in pre_loop_hook: No TEMPBASE directory: {folder}/nowhere*",
    ),
    // Nothing runs
    case(
        "-c {conf} -P {folder}/none stop",
        1,
        "The amavisd daemon is apparently not running, no PID file {folder}/none",
    ),
    case(
        "-c {conf} -P {folder}/none reload",
        1,
        "The amavisd daemon is apparently not running, no PID file {folder}/none",
    ),
    case(
        "-c {conf} -P {folder}/none restart",
        1,
        "The amavisd daemon is apparently not running, no PID file {folder}/none",
    ),
    case(
        "-c {conf} stop",
        1,
        "The amavisd daemon is apparently not running, no PID file {home}/amavisd.pid",
    ),
    case(
        "-c {conf} -P {folder}/empty.pid stop",
        1,
        "The amavisd daemon is apparently not running, empty PID file {folder}/empty.pid",
    ),
    case(
        "-c {conf} -P {folder}/garbage.pid reload",
        1,
        "The amavisd daemon is apparently not running, empty PID file {folder}/garbage.pid",
    ),
    case(
        "-c {conf} -P {folder}/dead.pid stop",
        1,
        "The amavisd daemon is apparently not running, cannot stop it.",
    ),
    case(
        "-c {conf} -P {folder}/dead.pid reload",
        1,
        "The amavisd daemon is apparently not running, cannot reload it.",
    ),
    case(
        "-c {folder}/bad.conf reload",
        1,
        "<<configuration with an error>>",
    ),
    // Keys
    case("-c {conf} showkeys", 0, "<<showkeys>>"),
    case("-c {conf} testkeys", 0, "<<testkeys>>"),
    case("genrsa", 1, "<<genrsa without a file>>"),
];

/// Keys of differences.
pub fn keys() -> impl Iterator<Item = String> {
    CASES
        .iter()
        .filter_map(|case| key_of(case.said))
        .map(str::to_owned)
}

/// Every row of [`CASES`].
pub fn command_lines(program: Program) {
    let subject = Subject::prepare(program, "127.0.0.1", 1, "");
    let folder = subject.path("cases");
    prepare(&folder, &subject);
    let failures: Vec<String> = CASES
        .iter()
        .filter_map(|case| check(case, program, &subject, &folder).err())
        .collect();
    let (count, all) = (failures.len(), CASES.len());
    assert!(
        failures.is_empty(),
        "{count} of {all} command lines fail with {program:?}:\n\n{}",
        failures.join("\n\n")
    );
}

fn check(case: &Case, program: Program, subject: &Subject, folder: &Path) -> Result<(), String> {
    if !is_root() && NEEDS_ROOT.iter().any(|word| case.arguments.contains(word)) {
        eprintln!(
            "skipped: amavisd {}: only root can arrange it",
            case.arguments
        );
        return Ok(());
    }
    let debian = debian();
    if case.arguments.contains("{debian}") && debian.is_empty() {
        eprintln!("skipped: amavisd {}: no {DEBIAN}", case.arguments);
        return Ok(());
    }
    let fill = |text: &str| {
        text.replace("{conf}", &subject.config().display().to_string())
            .replace("{home}", &subject.path("home").display().to_string())
            .replace("{folder}", &folder.display().to_string())
            .replace("{debian}/", &format!("{DEBIAN}/"))
    };
    let (status, said) = match key_of(case.said) {
        None => (case.status, case.said),
        Some(key) => {
            let expected = differences::expectation(key, program);
            let (status, said) = expected.split_once(' ').unwrap();
            (status.parse().unwrap(), said)
        }
    };
    let filled = fill(case.arguments).replace("{debian}", &debian);
    // Two blanks hold an empty word.
    let arguments: Vec<&str> = filled.split(' ').collect();
    let (got, text) = if arguments.contains(&"-c") && !arguments.contains(&"-X") {
        subject.command(&arguments)
    } else {
        let (got, out, err) = run(program.path(), &arguments);
        (got, out + &err)
    };
    if got == status && fits(&fill(said), text.trim_end()) {
        return Ok(());
    }
    Err(format!(
        "* amavisd {filled}\n   ends with {got}, not {status}, and says\n{text}\n   instead of\n{}",
        fill(said)
    ))
}

/// Names all files of Debian's package, or is empty.
fn debian() -> String {
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in ["/usr/share/amavis/conf.d", DEBIAN] {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut here: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        here.sort_unstable();
        files.extend(here);
    }
    let names: Vec<String> = files
        .iter()
        .map(|file| format!("-c {}", file.display()))
        .collect();
    names.join(" ")
}

/// Files that are wrong, each in its own way.
fn prepare(folder: &Path, subject: &Subject) {
    fs::create_dir(folder).unwrap();
    let good = fs::read_to_string(subject.config()).unwrap();
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
    let nowhere = folder.join("nowhere").display().to_string();
    write("empty.pid", "");
    write("garbage.pid", "hello\n");
    // Above every limit of process ids.
    write("dead.pid", "99999999\n");
    write("bad.conf", "$max_servers = ;\n");
    write("writable.conf", &good);
    write("owned.conf", &good);
    write("nobody.conf", &good.replace("$daemon_user = 'nobody';", ""));
    write(
        "short_name.conf",
        &good.replace("'filter.example.com'", "'filter'"),
    );
    write(
        "no_sockets.conf",
        &format!("{good}\n$inet_socket_port = undef;\n1;\n"),
    );
    write(
        "no_tempbase.conf",
        &format!("{good}\n$TEMPBASE = '{nowhere}';\n1;\n"),
    );
    let mode = fs::Permissions::from_mode(0o666);
    fs::set_permissions(folder.join("writable.conf"), mode).unwrap();
    if is_root() {
        chown(folder.join("owned.conf"), Some(USER_ID), None).unwrap();
        // Where the original fails before it drops its privileges, it leaves a log that it cannot open later.
        let log = subject.path("home/amavis.log");
        fs::write(&log, "").unwrap();
        chown(log, Some(USER_ID), Some(USER_ID)).unwrap();
    }
}
