//! Private scanner daemons.

use std::{
    fs,
    net::TcpStream,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::support::{daemon::send_signal, port::free_port};

/// A scanner that ends with the test.
#[derive(Debug)]
pub struct Real {
    pub folder: TempDir,
    child: Child,
    pub port: u16,
}

impl Drop for Real {
    fn drop(&mut self) {
        send_signal(self.child.id(), "CONT");
        send_signal(self.child.id(), "TERM");
        let _gone = self.child.wait();
    }
}

fn find(program: &str) -> Option<PathBuf> {
    let folders = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    let found = folders.iter().map(|folder| Path::new(folder).join(program));
    let found = found.into_iter().find(|path| path.exists());
    if found.is_none() {
        println!("skipped: {program} is not installed");
    }
    found
}

fn folder() -> TempDir {
    let folder = tempfile::Builder::new()
        .prefix("filterd-scanner-")
        .tempdir()
        .unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(folder.path(), mode).unwrap();
    folder
}

fn start(command: &mut Command, folder: TempDir, port: u16, is_there: impl Fn() -> bool) -> Real {
    let log = fs::File::create(folder.path().join("output")).unwrap();
    // What it writes to no place in particular stays with it.
    command
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log);
    let child = command.spawn().unwrap();
    let mut real = Real {
        folder,
        child,
        port,
    };
    let began = Instant::now();
    while !is_there() {
        let output = fs::read_to_string(real.folder.path().join("output")).unwrap_or_default();
        assert!(
            real.child.try_wait().unwrap().is_none(),
            "{command:?}: {output}"
        );
        assert!(
            began.elapsed() < Duration::from_secs(90),
            "{command:?}: {output}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    real
}

impl Real {
    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    pub fn signal(&self, signal: &str) {
        send_signal(self.child.id(), signal);
    }

    /// clamd on a socket and on a port. It does not unpack, so that only what it is given whole is found.
    pub fn clamd(more: &str) -> Option<Self> {
        let program = find("clamd")?;
        let (folder, port) = (folder(), free_port());
        let path = folder.path().display().to_string();
        fs::create_dir(folder.path().join("db")).unwrap();
        let hex = |text: &str| data_encoding::HEXLOWER.encode(text.as_bytes());
        let signatures = format!(
            "Eicar-Test:0:*:{}\nTest.Virus.One:0:*:{}\n",
            hex(&super::eicar()),
            hex("filterd-test-virus-one")
        );
        fs::write(folder.path().join("db/test.ndb"), signatures).unwrap();
        let config = format!(
            "LocalSocket {path}/clamd.ctl\nLocalSocketMode 666\nTCPSocket {port}\nTCPAddr 127.0.0.1\nDatabaseDirectory {path}/db\n\
             Foreground yes\nTemporaryDirectory {path}\nScanArchive no\nScanMail no\nScanOLE2 no\nScanPDF no\nScanHTML no\nScanPE no\n{more}"
        );
        fs::write(folder.path().join("clamd.conf"), config).unwrap();
        let socket = folder.path().join("clamd.ctl");
        let mut command = Command::new(program);
        command.arg("-c").arg(folder.path().join("clamd.conf"));
        Some(start(&mut command, folder, port, || {
            UnixStream::connect(&socket).is_ok() && TcpStream::connect(("127.0.0.1", port)).is_ok()
        }))
    }

    /// spamd with local rules only; its own database learns from the first message on.
    pub fn spamd() -> Option<Self> {
        let program = find("spamd")?;
        let (folder, port) = (folder(), free_port());
        let path = folder.path().display().to_string();
        fs::create_dir(folder.path().join("site")).unwrap();
        for entry in fs::read_dir("/etc/spamassassin").unwrap() {
            let file = entry.unwrap().path();
            if file.extension().is_some_and(|extension| extension == "pre") {
                let name = file.file_name().unwrap();
                fs::copy(&file, folder.path().join("site").join(name)).unwrap();
            }
        }
        let rules = format!(
            "use_bayes 1\nbayes_path {path}/bayes\nbayes_auto_learn 0\nbayes_min_ham_num 1\nbayes_min_spam_num 1\n\
             score BAYES_99 5.0\nscore BAYES_95 5.0\nscore BAYES_80 5.0\nadd_header all Tests _TESTSSCORES(,)_\n\
             body MY_WORD /filterd-test-word/\nscore MY_WORD 3.125\n"
        );
        fs::write(folder.path().join("site/local.cf"), rules).unwrap();
        // It falls back to nobody when it is root.
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        fs::set_permissions(folder.path(), mode).unwrap();
        let mut command = Command::new(program);
        command.args([
            "-L",
            "-x",
            "--allow-tell",
            "--max-children=2",
            "--siteconfigpath",
        ]);
        command.arg(folder.path().join("site"));
        command.arg(format!("--listen=127.0.0.1:{port}"));
        command.arg("-r").arg(folder.path().join("pid"));
        Some(start(&mut command, folder, port, || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        }))
    }

    /// rspamd without modules.
    pub fn rspamd() -> Option<Self> {
        let program = find("rspamd")?;
        let (folder, port) = (folder(), free_port());
        let path = folder.path().display().to_string();
        let config = format!(
            "options {{ pidfile = \"{path}/pid\"; filters = \"\"; dns {{ nameserver = [\"127.0.0.1:1\"]; timeout = 0.1s; retransmits = 1; }} \
             url_tld = \"/usr/share/rspamd/effective_tld_names.dat\"; rrd = \"\"; history_file = \"\"; stats_file = \"{path}/stats\"; \
             hs_cache_dir = \"{path}\"; tempdir = \"{path}\"; }}\n\
             logging {{ type = \"console\"; level = \"error\"; }}\n\
             worker \"normal\" {{ bind_socket = \"127.0.0.1:{port}\"; count = 1; enabled = true; }}\n\
             actions {{ reject = 15; }}\n"
        );
        fs::write(folder.path().join("rspamd.conf"), config).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        fs::set_permissions(folder.path(), mode).unwrap();
        let mut command = Command::new(program);
        command.args(["-f", "--insecure", "-u", "nobody", "-g", "nogroup", "-c"]);
        command.arg(folder.path().join("rspamd.conf"));
        Some(start(&mut command, folder, port, || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        }))
    }
}
