//! The decoder process: forked once for a message that holds containers, with nothing but memory, a processor, and a pipe to us.
//!
//! It needs no input: what it opens was in our memory when it was forked. It opens no file, runs no program, reaches no network, and has
//! limits of its own. When it dies, what it was opening is undecodable; a new one goes on with the rest.
//!
//! # Guards
//! Decision 8; reliability.md 2 and 3; I8.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, Read},
    os::fd::{AsFd, OwnedFd},
    panic::{AssertUnwindSafe, catch_unwind},
};

use super::{
    budget::{Budget, Limits},
    explorer::{Explorer, Keep, Stop, Waiting},
    members::Member,
    name,
    stream::{Reader, Record, Writer},
};
use crate::{
    mail::node::{Entry, Exploded, Limit, Node, NodeId, State},
    sys::{
        clock::Deadline,
        fault, fd,
        process::{self, Exit, Fork},
        sandbox::{self, Fence},
        wait::{Interest, Wake, wait},
    },
};

/// Decoder processes for one message: one, and a new one after each that died.
const MOST_PROCESSES: usize = 4;
/// Octets read at a time.
const STEP: usize = 64 * 1024;

/// What became of a message.
#[derive(Debug, Default)]
pub struct Explosion {
    /// What it holds.
    pub exploded: Exploded,
    /// What the administrator should know: decoder processes that died, and why.
    pub notes: Vec<String>,
}

/// Takes `message` apart, down to the last thing in it, within `limits` and until `deadline`. Everything is shown to `keep`.
///
/// # Errors
/// If something cannot be kept, or no process be made.
pub fn explode(
    message: &[u8],
    limits: Limits,
    deadline: Deadline,
    keep: &mut dyn Keep,
) -> io::Result<Explosion> {
    let budget = Budget::new(limits, message.len() as u64, deadline);
    let mut explorer = Explorer::new(budget, false, keep);
    let mut notes = Vec::new();
    let root = Member {
        entry: Entry::File,
        ..Member::default()
    };
    let result = match explorer.add(None, root) {
        Ok(root) => explorer.mail(root, message),
        Err(limit) => Err(Stop::Over(limit)),
    };
    match result {
        Ok(()) | Err(Stop::Over(_)) => {}
        Err(Stop::Broken(error)) => return Err(error),
    }
    // What was reached before a limit is still opened as far as the budget goes.
    let mut waiting = std::mem::take(&mut explorer.waiting);
    for _ in 0..MOST_PROCESSES {
        if waiting.is_empty() {
            break;
        }
        waiting = run(&mut explorer, waiting, &mut notes)?;
    }
    for left in waiting {
        set_state(
            &mut explorer.nodes,
            left.node,
            "not opened: decoders died too often",
        );
    }
    Ok(Explosion {
        exploded: Exploded {
            over: explorer.budget.over(),
            nodes: explorer.nodes,
        },
        notes,
    })
}

/// As [`explode`], but containers are opened in this very process: for tests and fuzzing, which must see what breaks.
///
/// # Errors
/// If something cannot be kept.
pub fn explode_here(
    message: &[u8],
    limits: Limits,
    deadline: Deadline,
    keep: &mut dyn Keep,
) -> io::Result<Exploded> {
    let budget = Budget::new(limits, message.len() as u64, deadline);
    let mut explorer = Explorer::new(budget, true, keep);
    let result = match explorer.add(None, Member::default()) {
        Ok(root) => explorer.mail(root, message),
        Err(limit) => Err(Stop::Over(limit)),
    };
    match result {
        Ok(()) | Err(Stop::Over(_)) => Ok(Exploded {
            over: explorer.budget.over(),
            nodes: explorer.nodes,
        }),
        Err(Stop::Broken(error)) => Err(error),
    }
}

/// Runs one process; gives what is left to be opened.
fn run(
    explorer: &mut Explorer<'_>,
    waiting: Vec<Waiting>,
    notes: &mut Vec<String>,
) -> io::Result<Vec<Waiting>> {
    let (reader, writer) = fd::pipe()?;
    let wants_content = explorer.wants_content();
    let pid = match process::fork()? {
        Fork::Child => {
            drop(reader);
            decoder(explorer, &waiting, writer, wants_content)
        }
        Fork::Parent(pid) => pid,
    };
    drop(writer);
    let mut parent = Parent {
        first: explorer.nodes.len(),
        finished: BTreeSet::new(),
        is_done: false,
    };
    let end = parent.listen(explorer, reader);
    // Mostly it is gone, and how it ended is settled. One that only closed its pipe must not be waited for.
    drop(process::signal(pid, process::Send::Kill));
    let exit = process::wait_for(pid)?;
    let why = match (&end, parent.is_done) {
        (Err(Ended::Keeping(_)), _) => None,
        (Ok(()), true) => return Ok(Vec::new()),
        (Ok(()), false) => Some(death(exit)),
        (Err(Ended::Late), _) => Some(Limit::Time.to_string()),
        (Err(Ended::Wrong(what)), _) => Some(what.clone()),
    };
    if let Err(Ended::Keeping(error)) = end {
        return Err(error);
    }
    let why = why.unwrap_or_default();
    notes.push(format!("decoder process {pid} was stopped: {why}"));
    let is_late = matches!(end, Err(Ended::Late));
    Ok(after_death(explorer, waiting, &parent, &why, is_late))
}

/// Marks what the dead process was at; gives what a new one can go on with.
fn after_death(
    explorer: &mut Explorer<'_>,
    waiting: Vec<Waiting>,
    parent: &Parent,
    why: &str,
    is_late: bool,
) -> Vec<Waiting> {
    let is_finished = |id: NodeId| parent.finished.contains(&id);
    for id in parent.first..explorer.nodes.len() {
        if !is_finished(id) {
            set_state(&mut explorer.nodes, id, why);
        }
    }
    let mut left = waiting
        .into_iter()
        .filter(|waiting| !is_finished(waiting.node));
    if let Some(at) = left.next() {
        set_state(&mut explorer.nodes, at.node, why);
    }
    if !is_late {
        return left.collect();
    }
    explorer.budget.exceed(Limit::Time);
    for waiting in left {
        set_state(&mut explorer.nodes, waiting.node, why);
    }
    Vec::new()
}

fn set_state(nodes: &mut [Node], id: NodeId, why: &str) {
    if let Some(node) = nodes.get_mut(id)
        && !node.state.is_undecipherable()
    {
        node.state = State::Undecodable(why.to_owned());
    }
}

/// How a decoder died, in words.
fn death(exit: Exit) -> String {
    let exit = exit.to_string();
    let why = match exit.as_str() {
        "SIGSYS" => "it did what a decoder may not do",
        "SIGKILL" => "it took too much processor time, or was killed",
        "SIGABRT" => "it ran out of memory, or gave up",
        "exit status 2" => {
            "it could not be fenced in: limits or filters of system calls are forbidden here"
        }
        "SIGSEGV" => "it ran out of stack, or broke",
        _ => return format!("it ended by {exit}"),
    };
    why.to_owned()
}

/// Why the parent listens no more.
enum Ended {
    Late,
    Wrong(String),
    Keeping(io::Error),
}

/// What the parent has heard.
struct Parent {
    /// Nodes before this one were known before.
    first: usize,
    finished: BTreeSet<NodeId>,
    is_done: bool,
}

impl Parent {
    fn listen(&mut self, explorer: &mut Explorer<'_>, pipe: OwnedFd) -> Result<(), Ended> {
        let deadline = explorer.budget.deadline();
        let mut reader = Reader::default();
        let mut file = File::from(pipe);
        let mut step = vec![0; STEP];
        loop {
            let wake = {
                let mut interests = [Interest::reading(file.as_fd())];
                wait(&mut interests, Some(deadline), false).map_err(Ended::Keeping)?
            };
            if wake == Wake::TimedOut {
                return Err(Ended::Late);
            }
            let count = match file.read(&mut step) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Ended::Keeping(error)),
            };
            reader.take_in(step.get(..count).unwrap_or_default());
            loop {
                match reader.next(explorer.budget.left()) {
                    Ok(Some(record)) => self.hear(explorer, record)?,
                    Ok(None) => break,
                    Err(what) => return Err(Ended::Wrong(what)),
                }
            }
        }
    }

    fn hear(&mut self, explorer: &mut Explorer<'_>, record: Record) -> Result<(), Ended> {
        let wrong = || Ended::Wrong("what it wrote does not fit together".to_owned());
        match record {
            Record::Found(id, mut node, content) => {
                let parent = node.parent.filter(|parent| *parent < id);
                if id != explorer.nodes.len() || parent.is_none() {
                    return Err(wrong());
                }
                // The decoder charges the same; here nobody can forget it.
                let charged = explorer.budget.charge_file(node.level);
                let charged = charged.and(explorer.budget.charge_octets(content.len() as u64));
                charged.map_err(|limit| Ended::Wrong(limit.to_string()))?;
                node.names = name::all(&node.names);
                explorer
                    .keep_found(id, &node, &content)
                    .map_err(Ended::Keeping)?;
                explorer.nodes.push(node);
            }
            Record::Finished(id, mut node) => {
                let known = explorer.nodes.get_mut(id).ok_or_else(wrong)?;
                if known.parent != node.parent || known.level != node.level {
                    return Err(wrong());
                }
                node.names = name::all(&node.names);
                known.clone_from(&node);
                explorer.finish_found(id, &node).map_err(Ended::Keeping)?;
                self.finished.insert(id);
            }
            Record::Ended(id) => {
                let node = explorer.nodes.get(id).cloned().ok_or_else(wrong)?;
                explorer.finish_found(id, &node).map_err(Ended::Keeping)?;
                self.finished.insert(id);
            }
            Record::Done(over) => {
                self.is_done = true;
                if let Some(limit) = over {
                    explorer.budget.exceed(limit);
                }
            }
        }
        Ok(())
    }
}

/// The decoder process itself; never returns.
fn decoder(
    explorer: &mut Explorer<'_>,
    waiting: &[Waiting],
    pipe: OwnedFd,
    wants_content: bool,
) -> ! {
    // What a panic has to say is said by the state of the part.
    std::panic::set_hook(Box::new(|_| {}));
    let limits = *explorer.budget.limits();
    let fence = Fence {
        cpu: limits.cpu,
        memory: limits.memory,
    };
    let Ok(pipe) = sandbox::enter(fence, pipe) else {
        process::leave(2);
    };
    let mut writer = Writer::new(File::from(pipe), wants_content);
    let nodes = std::mem::take(&mut explorer.nodes);
    let result = catch_unwind(AssertUnwindSafe(|| {
        let mut fenced = Explorer::new(explorer.budget, true, &mut writer);
        fenced.resume(nodes);
        for waiting in waiting {
            fault::pass("unpack.decoder");
            match fenced.open_waiting(waiting.node, &waiting.content) {
                Ok(()) => {}
                Err(Stop::Over(limit)) => return Ok(Some(limit)),
                Err(Stop::Broken(error)) => return Err(error),
            }
        }
        Ok(fenced.budget.over())
    }));
    let status = match result {
        Ok(Ok(over)) => i32::from(writer.done(over).is_err()),
        _ => 3,
    };
    process::leave(status)
}
