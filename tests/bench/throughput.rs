//! Throughput, CPU time, memory and start-up, measured from outside. See `run`.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_precision_loss,
    clippy::exit,
    missing_docs,
    unreachable_pub,
    reason = "a program for developers: what goes wrong ends it and says where"
)]

mod peers;
mod report;
mod tree;

use std::{
    io::{IsTerminal, Write},
    time::Instant,
};

use peers::{Sink, Target, is_there, send};
use report::{Figure, Start};

/// What the command line asks for.
#[derive(Clone, Debug)]
pub struct Wish {
    pub rounds: usize,
    pub children: usize,
    pub messages: usize,
    pub json: bool,
    pub smoke: bool,
}

/// Message sizes in octets, and by how much fewer messages there are.
const SIZES: &[(&str, usize, usize)] = &[
    ("4 KiB", 4 << 10, 1),
    ("100 KiB", 100 << 10, 3),
    ("1 MiB", 1 << 20, 12),
];

fn main() {
    let wish = wish();
    for program in ["smtp-source", "smtp-sink"] {
        if !is_there(program) {
            eprintln!("skipped: {program} is not there (Debian's package postfix has it)");
            return;
        }
    }
    let targets: Vec<Target> = Target::ALL
        .into_iter()
        .filter(|target| {
            let there = target.is_there();
            if !there {
                eprintln!("skipped: {}: not installed", target.name());
            }
            there
        })
        .collect();
    let sink = Sink::start();
    let mut starts = Vec::new();
    let mut figures = Vec::new();
    let progress = Progress::new(&wish, targets.len());
    for _ in 0..wish.rounds {
        for &target in &targets {
            measure(target, &sink, &wish, &progress, &mut figures, &mut starts);
        }
    }
    progress.clear();
    if wish.json {
        println!("{}", report::json(&wish, &figures, &starts));
    } else {
        report::print(&wish, &figures, &starts);
    }
}

/// One round of one target: a fresh daemon, then every size in both modes.
fn measure(
    target: Target,
    sink: &Sink,
    wish: &Wish,
    progress: &Progress,
    figures: &mut Vec<Figure>,
    starts: &mut Vec<Start>,
) {
    let daemon = target.start(sink, wish.children);
    for &(size, octets, fewer) in SIZES {
        for keeps_open in [false, true] {
            let count = (wish.messages / fewer / target.slowness()).max(2 * wish.children);
            let before = daemon.tree().cpu_seconds();
            let begin = Instant::now();
            send(daemon.port(), octets, count, wish.children, keeps_open);
            let wall = begin.elapsed().as_secs_f64();
            let cpu = daemon.tree().cpu_seconds() - before;
            figures.push(Figure {
                target,
                size,
                keeps_open,
                per_second: count as f64 / wall,
                cpu_per_thousand: cpu * 1000.0 / count as f64,
            });
            progress.advance(target, size);
        }
    }
    starts.push(Start {
        target,
        milliseconds: daemon.start_up().as_secs_f64() * 1000.0,
        pss_kib: daemon.tree().pss_kib(),
    });
}

fn wish() -> Wish {
    let mut wish = Wish {
        rounds: 5,
        children: 2,
        messages: 1000,
        json: false,
        smoke: false,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || {
            let text = arguments.next().unwrap_or_default();
            text.parse()
                .ok()
                .filter(|&number| number > 0)
                .unwrap_or_else(|| {
                    eprintln!("{argument} needs a number above 0, not {text:?}");
                    std::process::exit(2);
                })
        };
        match argument.as_str() {
            "--rounds" => wish.rounds = number(),
            "--children" => wish.children = number(),
            "--messages" => wish.messages = number(),
            "--json" => wish.json = true,
            "--smoke" => (wish.smoke, wish.rounds, wish.messages) = (true, 1, 20),
            // From cargo.
            "--bench" => {}
            other => {
                eprintln!("unknown argument {other}; see tests/bench/run --help");
                std::process::exit(2);
            }
        }
    }
    wish
}

/// A line on the terminal that says how far it is.
#[derive(Debug)]
struct Progress {
    total: usize,
    done: std::cell::Cell<usize>,
    is_shown: bool,
}

impl Progress {
    fn new(wish: &Wish, targets: usize) -> Self {
        Self {
            total: wish.rounds * targets * SIZES.len() * 2,
            done: std::cell::Cell::new(0),
            is_shown: std::io::stderr().is_terminal(),
        }
    }

    fn advance(&self, target: Target, size: &str) {
        self.done.set(self.done.get() + 1);
        if self.is_shown {
            let (done, width) = (self.done.get(), 30);
            let bar = "#".repeat(done * width / self.total);
            eprint!(
                "\r\x1b[K[{bar:<width$}] {done}/{} {} {size}",
                self.total,
                target.name()
            );
            drop(std::io::stderr().flush());
        }
    }

    fn clear(&self) {
        if self.is_shown {
            eprint!("\r\x1b[K");
        }
    }
}
