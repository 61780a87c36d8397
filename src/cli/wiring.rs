//! What ties the master to its children: functions that know both.

use std::{io, path::Path, rc::Rc};

use crate::{
    child,
    config::settled::Config,
    log::{Log, Settings, Target},
    net::listener::Listener,
    spool::work_dir,
    supervisor::{Birth, Hooks, StartContext},
};

/// The hooks of every program that runs a master.
pub(super) const HOOKS: Hooks = Hooks {
    child: be_child,
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
