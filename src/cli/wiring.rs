//! What ties the master to its children: functions that know both.

use std::{io, path::Path, rc::Rc};

use crate::{
    child,
    config::settled::Config,
    log::{Log, Settings, Target},
    net::listener::Listener,
    scan::{health::Health, probe},
    scoreboard::Scoreboard,
    spool::work_dir,
    supervisor::{Birth, Hooks, StartContext},
};

/// The hooks of every program that runs a master.
pub(super) const HOOKS: Hooks = Hooks {
    child: be_child,
    examine,
    tidy,
    open_log,
};

fn be_child(birth: &Birth<'_>) -> i32 {
    let listener =
        |(socket, endpoint): &(Rc<std::os::fd::OwnedFd>, crate::sys::socket::Endpoint)| Listener {
            socket: Rc::clone(socket),
            endpoint: endpoint.clone(),
        };
    child::live(&child::Birth {
        number: birth.number,
        slot: birth.slot,
        master: birth.master,
        config: Rc::clone(birth.config),
        log: Rc::clone(birth.log),
        scoreboard: birth.scoreboard,
        listeners: birth.sockets.iter().map(listener).collect(),
        lifeline: Rc::clone(birth.lifeline),
        identity: birth.identity.cloned(),
        keys: Rc::clone(birth.keys),
        program: birth.program.to_owned(),
    })
}

fn tidy(folder: &Path, pid: Option<u32>) -> io::Result<usize> {
    work_dir::remove_leftovers(folder, pid)
}

/// Scanners that are not there are marked as down before the first message comes.
fn examine(config: &Config, board: &Scoreboard, log: &Log) {
    let health = Health {
        board: Some(board),
        log,
    };
    probe::note_missing(&config.scan, health);
    probe::find_out(&config.scan);
    let absent = probe::absent(&config.scan);
    if !absent.is_empty() {
        log.note(
            0,
            format_args!(
                "virus scanners that are not installed are not asked: {}",
                absent.join(", ")
            ),
        );
    }
    for engine in config.scan.spam.iter().filter(|engine| engine.is_stand_in) {
        let addresses: Vec<String> = engine
            .how
            .addresses()
            .iter()
            .map(ToString::to_string)
            .collect();
        log.note(
            0,
            format_args!(
                "{} does not run in this daemon: spamd at {} is asked instead",
                engine.name,
                addresses.join(", ")
            ),
        );
    }
}

/// The log that a configuration asks for.
pub(super) fn open_log(config: &Config, context: &StartContext) -> io::Result<Log> {
    let log = &config.log;
    let target = match (&log.file, log.to_syslog) {
        _ if context.logs_to_standard_error => Target::StandardError,
        (_, true) => Target::Syslog,
        (Some(file), false) => Target::File(file.clone()),
        (None, false) => Target::StandardError,
    };
    Log::open(Settings {
        level: log.level,
        target,
        ident: log.ident.clone(),
        facility: log.facility.clone(),
        longest_line: log.longest_line,
        host: config.identity.host_name.clone(),
        program: context.name.clone(),
    })
}
