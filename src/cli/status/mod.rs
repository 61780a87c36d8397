//! `filterd status`: the scoreboard, for people and for programs.

mod metrics;
mod text;
mod watch;

use std::{path::Path, time::Duration};

use serde::Serialize;

use super::{control, exit, print};
use crate::{
    counters::{Cells, Counter},
    scoreboard::{Field, Report, ScannerState, Scoreboard, Stage, Text},
    sys::clock::{monotonic_ms, unix_seconds},
};

/// Everything that is shown.
#[derive(Debug, Serialize)]
struct Status {
    version: String,
    master_pid: u64,
    generation: u64,
    uptime_seconds: u64,
    listeners: Vec<String>,
    configuration: String,
    max_servers: u64,
    busy: usize,
    idle: usize,
    forks: u64,
    kills: u64,
    crashes: u64,
    reloads: u64,
    rejected_reloads: u64,
    children: Vec<ChildStatus>,
    scanners: Vec<ScannerStatus>,
    counters: std::collections::BTreeMap<&'static str, u64>,
}

/// One scanner.
#[derive(Debug, Serialize)]
struct ScannerStatus {
    name: String,
    is_up: bool,
    /// Failing since, seconds since 1970; nothing if it is up.
    failing_since: Option<u64>,
    /// Seconds to the next try; nothing if it is up.
    next_try_seconds: Option<u64>,
    answers: u64,
    failures: u64,
    /// Why it failed last.
    why: String,
}

/// One child.
#[derive(Debug, Serialize)]
struct ChildStatus {
    pid: u32,
    slot: usize,
    generation: u64,
    state: &'static str,
    /// In this state.
    seconds: u64,
    /// Since its fork.
    age_seconds: u64,
    sessions: u64,
    messages: u64,
    log_id: String,
    queue_id: String,
    #[serde(skip)]
    is_busy: bool,
}

/// How it is shown.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    /// Tables.
    Text,
    /// One JSON object.
    Json,
    /// Prometheus' text format.
    Metrics,
    /// Tables, again and again, with this many seconds between.
    Watch(u64),
}

/// Prints the status of the master whose scoreboard is in `state_dir`; gives the exit status.
pub(super) fn show(state_dir: &Path, form: Form) -> u8 {
    if let Form::Watch(seconds) = form {
        return watch(state_dir, Duration::from_secs(seconds), u64::MAX);
    }
    let status = match current(state_dir) {
        Ok(status) => status,
        Err(why) => {
            print::error(&format!("filterd: {why}"));
            return exit::UNAVAILABLE;
        }
    };
    match form {
        Form::Json => match serde_json::to_string_pretty(&status) {
            Ok(text) => print::out(&text),
            Err(error) => {
                print::error(&format!("filterd: {error}"));
                return exit::SOFTWARE;
            }
        },
        Form::Metrics => metrics::lines(&status)
            .iter()
            .for_each(|line| print::out(line)),
        Form::Text | Form::Watch(_) => text::lines(&status)
            .iter()
            .for_each(|line| print::out(line)),
    }
    exit::OK
}

/// Shows the tables `count` times, with `every` between, or until the daemon is gone; gives the exit status.
pub(super) fn watch(state_dir: &Path, every: Duration, count: u64) -> u8 {
    watch::run(state_dir, every, count)
}

/// The status of the master whose scoreboard is in `state_dir`; an error if none runs.
fn current(state_dir: &Path) -> Result<Status, String> {
    control::master_of(state_dir).and_then(|_| read(state_dir))
}

fn read(state_dir: &Path) -> Result<Status, String> {
    let board = Scoreboard::open(state_dir).map_err(|error| {
        format!(
            "cannot read {}: {error}",
            Scoreboard::path(state_dir).display()
        )
    })?;
    let now = monotonic_ms();
    let reports = (0..Scoreboard::capacity()).filter_map(|slot| Some((slot, board.report(slot)?)));
    let children: Vec<ChildStatus> = reports
        .filter(|(_, report)| report.pid != 0)
        .map(|(slot, report)| child(slot, &report, now))
        .collect();
    Ok(Status {
        version: board.text(Text::Version),
        master_pid: board.get(Field::MasterPid),
        generation: board.get(Field::Generation),
        uptime_seconds: unix_seconds().saturating_sub(board.get(Field::StartedUnix)),
        listeners: board
            .text(Text::Listeners)
            .split(' ')
            .map(str::to_owned)
            .collect(),
        configuration: board.text(Text::Configuration),
        max_servers: board.get(Field::MaxServers),
        busy: children.iter().filter(|child| child.is_busy).count(),
        idle: children
            .iter()
            .filter(|child| child.state == Stage::Idle.name())
            .count(),
        forks: board.get(Field::Forks),
        kills: board.get(Field::Kills),
        crashes: board.get(Field::Crashes),
        reloads: board.get(Field::Reloads),
        rejected_reloads: board.get(Field::RejectedReloads),
        children,
        scanners: board
            .scanners()
            .into_iter()
            .map(|state| scanner(state, now))
            .collect(),
        counters: counters(&board),
    })
}

fn child(slot: usize, report: &Report, now: u64) -> ChildStatus {
    let seconds_since = |then: u64| now.saturating_sub(then) / 1000;
    let (log_id, queue_id) = report
        .ident
        .as_ref()
        .map(|ident| (ident.log_id.clone(), ident.queue_id.clone()))
        .unwrap_or_default();
    ChildStatus {
        pid: report.pid,
        slot,
        generation: report.generation,
        state: report.stage.map_or("unknown", Stage::name),
        seconds: seconds_since(report.since_ms),
        age_seconds: seconds_since(report.started_ms),
        sessions: report.sessions,
        messages: report.tasks,
        log_id,
        queue_id,
        is_busy: report.stage.is_some_and(Stage::is_busy),
    }
}

fn scanner(state: ScannerState, now: u64) -> ScannerStatus {
    let is_up = state.failing_since == 0;
    ScannerStatus {
        name: state.name,
        is_up,
        failing_since: (!is_up).then_some(state.failing_since),
        next_try_seconds: (!is_up).then(|| state.next_ms.saturating_sub(now).div_ceil(1000)),
        answers: state.answers,
        failures: state.failed,
        why: state.why,
    }
}

/// The sum over all slots, free ones included: their cells outlive their children.
fn counters(board: &Scoreboard) -> std::collections::BTreeMap<&'static str, u64> {
    let cells: Vec<Cells> = (0..Scoreboard::capacity())
        .filter_map(|slot| board.counter_words(slot))
        .map(Cells::new)
        .collect();
    Counter::ALL
        .iter()
        .map(|counter| {
            (
                counter.name(),
                cells
                    .iter()
                    .map(|cell| cell.get(*counter))
                    .fold(0, u64::wrapping_add),
            )
        })
        .collect()
}
