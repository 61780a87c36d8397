//! The log: one line for one event, printable, bounded, with the id of the message it is about.
//!
//! # Guards
//! I10: [`Log::write`] is the only way to a log line, and escapes the whole text: nothing reaches a line raw.
//!
//! # Source
//! daemon.md 7.1 (destinations, levels, marks, splitting): analyzers parse these lines.

mod destination;
mod escape;
mod syslog;

use std::{
    cell::{Cell, RefCell},
    fmt, io,
    path::PathBuf,
};

pub use escape::escape;

use self::destination::Destination;
use crate::{
    mail::id::LogId,
    sys::{clock::tick_ms, process},
};

/// How much a line matters: 0 is the main entry of a message, higher is detail, negative is trouble.
pub type Level = i32;

/// Where the log goes and what it holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Lines above this level are not written.
    pub level: Level,
    /// Where to.
    pub target: Target,
    /// `syslog_ident`.
    pub ident: String,
    /// `syslog_facility`, such as `mail`.
    pub facility: String,
    /// `logline_maxlen`: longest line for syslog, octets.
    pub longest_line: usize,
    /// Host name in lines of a log file.
    pub host: String,
    /// Program name in lines of a log file.
    pub program: String,
}

/// Where the log goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// Standard error.
    StandardError,
    /// The system log.
    Syslog,
    /// A file, appended to.
    File(PathBuf),
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            level: 0,
            target: Target::StandardError,
            ident: "amavis".to_owned(),
            facility: "mail".to_owned(),
            longest_line: 980,
            host: "localhost".to_owned(),
            program: "filterd".to_owned(),
        }
    }
}

/// The log of one process.
#[derive(Debug)]
pub struct Log {
    settings: Settings,
    /// What is written now; a policy bank may want more or less than the settings say.
    level: Cell<Level>,
    destination: RefCell<Destination>,
}

impl Log {
    /// Opens the log.
    ///
    /// # Errors
    /// If the log file cannot be opened; the system log may come later.
    pub fn open(settings: Settings) -> io::Result<Self> {
        let destination = RefCell::new(Destination::open(&settings)?);
        Ok(Self {
            level: Cell::new(settings.level),
            settings,
            destination,
        })
    }

    /// The log on standard error, whatever the settings say.
    #[must_use]
    pub fn on_standard_error(settings: Settings) -> Self {
        Self {
            level: Cell::new(settings.level),
            destination: RefCell::new(Destination::standard_error()),
            settings,
        }
    }

    /// True if lines of this level are written.
    #[must_use]
    pub fn shows(&self, level: Level) -> bool {
        level <= self.level.get()
    }

    /// Writes lines up to this level from now on.
    pub fn set_level(&self, level: Level) {
        self.level.set(level);
    }

    /// What the log was opened with.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Writes one line, about the message with `id` if there is one. A line that cannot be written is counted and told of
    /// when writing works again: mail goes on.
    pub fn write(&self, level: Level, id: Option<&LogId>, text: fmt::Arguments<'_>) {
        if !self.shows(level) {
            return;
        }
        let (mut body, mut head) = (String::with_capacity(512), String::new());
        let written = fmt::write(&mut body, text);
        debug_assert!(written.is_ok(), "writing to a String");
        if let Some(id) = id {
            head = ["(", id.as_str(), ") "].concat();
        }
        let line = Line {
            level,
            head: &head,
            mark: mark(level),
            body: &escape(body),
        };
        self.destination.borrow_mut().write(&self.settings, &line);
    }

    /// Writes one line that is about no message.
    pub fn note(&self, level: Level, text: fmt::Arguments<'_>) {
        self.write(level, None, text);
    }

    /// To be called in a new process: the next line carries its own process id, over a connection of its own.
    pub fn after_fork(&self) {
        self.destination.borrow_mut().after_fork();
    }

    /// Opens the log file anew, after it was rotated.
    ///
    /// # Errors
    /// If it cannot be opened; the old one stays in use.
    pub fn reopen(&self) -> io::Result<()> {
        let fresh = Destination::open(&self.settings)?;
        *self.destination.borrow_mut() = fresh;
        Ok(())
    }
}

/// `(!)` and `(!!)`: how trouble is marked.
const fn mark(level: Level) -> &'static str {
    match level {
        ..=-2 => "(!!)",
        -1 => "(!)",
        _ => "",
    }
}

/// The syslog severity of a level: 2 critical to 7 debug.
const fn severity(level: Level) -> u8 {
    match level {
        ..=-3 => 2,
        -2 => 3,
        -1 => 4,
        0 => 5,
        1 | 2 => 6,
        _ => 7,
    }
}

/// One line before it takes its destination's form.
#[derive(Clone, Copy, Debug)]
struct Line<'l> {
    level: Level,
    /// `(am_id) ` or nothing.
    head: &'l str,
    mark: &'l str,
    /// Escaped.
    body: &'l str,
}

impl Line<'_> {
    /// Splits the line into parts of at most `longest` octets: each but the last ends in `...`, each but the first begins so.
    fn parts(&self, longest: usize) -> Vec<String> {
        let room = longest
            .max(50)
            .saturating_sub(self.head.len() + self.mark.len() + 6)
            .max(20);
        let (mut parts, mut rest, mut lead) = (Vec::new(), self.body, "");
        while lead.len() + rest.len() > room + 3 {
            let cut = (1..=room)
                .rev()
                .find(|&at| rest.is_char_boundary(at))
                .unwrap_or(rest.len());
            let (part, tail) = rest.split_at(cut);
            parts.push(format!("{}{}{lead}{part}...", self.head, self.mark));
            (rest, lead) = (tail, "...");
        }
        parts.push(format!("{}{}{lead}{rest}", self.head, self.mark));
        parts
    }
}

/// Lets a line through once in a while; for events that can come in floods.
#[derive(Clone, Debug, Default)]
pub struct Throttle {
    last_ms: Option<u64>,
    held_back: u64,
}

impl Throttle {
    /// `Some(n)` if a line may be written now; `n` lines were held back since the last one.
    pub fn pass(&mut self, every_ms: u64) -> Option<u64> {
        let now = tick_ms();
        if self
            .last_ms
            .is_some_and(|last| now < last.saturating_add(every_ms))
        {
            self.held_back = self.held_back.saturating_add(1);
            return None;
        }
        self.last_ms = Some(now);
        Some(std::mem::take(&mut self.held_back))
    }
}

/// The process id that a destination stamps on its lines.
fn own_id() -> u32 {
    process::id()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_split_as_analyzers_expect() {
        let body = "x".repeat(100);
        let line = Line {
            level: -1,
            head: "(1-2) ",
            mark: "(!)",
            body: &body,
        };
        let parts = line.parts(60);
        assert!(
            parts.len() > 1
                && parts
                    .iter()
                    .all(|p| p.len() <= 60 && p.starts_with("(1-2) (!)")),
            "{parts:?}"
        );
        assert!(parts[0].ends_with("...") && !parts[0].contains("(!)..."));
        assert!(parts[1].starts_with("(1-2) (!)..."));
        assert!(!parts.last().unwrap().ends_with("..."));
        let joined: String = parts
            .iter()
            .map(|p| {
                p.trim_start_matches("(1-2) (!)")
                    .trim_start_matches("...")
                    .trim_end_matches("...")
            })
            .collect();
        assert_eq!(joined, body);
        let short = Line {
            level: 0,
            head: "",
            mark: "",
            body: "short",
        };
        assert_eq!(short.parts(980), ["short"]);
        let wide = "\u{e4}".repeat(100);
        assert!(
            Line {
                level: 0,
                head: "",
                mark: "",
                body: &wide
            }
            .parts(51)
            .len()
                > 2
        );
    }

    #[test]
    fn levels_have_their_marks_and_severities() {
        for (level, want) in [
            (-3, ("(!!)", 2)),
            (-2, ("(!!)", 3)),
            (-1, ("(!)", 4)),
            (0, ("", 5)),
            (2, ("", 6)),
            (5, ("", 7)),
        ] {
            assert_eq!((mark(level), severity(level)), want);
        }
    }

    #[test]
    fn floods_are_held_back() {
        let mut throttle = Throttle::default();
        assert_eq!(throttle.pass(60_000), Some(0));
        assert_eq!(throttle.pass(60_000), None);
        assert_eq!(throttle.pass(60_000), None);
        assert_eq!(throttle.pass(0), Some(2));
    }

    #[test]
    fn a_log_file_holds_escaped_lines() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let settings = Settings {
            target: Target::File(path.clone()),
            ..Settings::default()
        };
        let log = Log::open(settings).unwrap();
        log.write(
            0,
            Some(&LogId::new(7, 1, 1)),
            format_args!("subject: {}", "a\nNov 22 fake\x1b[2J"),
        );
        log.note(1, format_args!("detail"));
        log.note(-1, format_args!("trouble"));
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(
            lines[0].ends_with(&format!(
                "localhost filterd[{}]: (00007-01) subject: a\\nNov 22 fake\\x1B[2J",
                own_id()
            )),
            "{text}"
        );
        assert!(lines[1].ends_with("]: (!)trouble"), "{text}");
        std::fs::rename(&path, dir.path().join("log.1")).unwrap();
        log.reopen().unwrap();
        log.note(0, format_args!("after"));
        assert!(
            std::fs::read_to_string(&path)
                .unwrap()
                .ends_with("]: after\n")
        );
    }
}
