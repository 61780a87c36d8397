//! Scanners as the configuration has them: what they are called, how they are asked, and how their answers are read.
//!
//! # Source
//! content.md 4.1, 4.4, 5.1.

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};

use crate::{lookup::table::Maps, pattern::Pattern};

/// Where a scanner listens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ScannerAddress {
    /// A UNIX socket.
    Unix(PathBuf),
    /// Host and port.
    Tcp(String, u16),
}

impl ScannerAddress {
    /// `/path`, `host:port`, `[address]:port`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.starts_with('/') {
            return Some(Self::Unix(PathBuf::from(text)));
        }
        let (host, port) = text.rsplit_once(':')?;
        let host = host.strip_prefix('[').unwrap_or(host);
        let host = host.strip_suffix(']').unwrap_or(host);
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '_');
        if host.is_empty() || !host.chars().all(is_plain) {
            return None;
        }
        Some(Self::Tcp(host.to_owned(), port.parse().ok()?))
    }
}

impl fmt::Display for ScannerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "{}", path.display()),
            Self::Tcp(host, port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp(host, port) => write!(f, "{host}:{port}"),
        }
    }
}

/// What an answer or an exit status must be.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Expected {
    /// Exit statuses of a program.
    pub statuses: Vec<i32>,
    /// What the answer looks like.
    pub pattern: Option<Pattern>,
}

/// A virus scanner.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VirusScanner {
    /// What it is called in the log.
    pub name: String,
    /// How it is asked.
    pub how: VirusProtocol,
    /// What it says or how it ends if nothing was found.
    pub clean: Expected,
    /// The same if something was; asked first.
    pub infected: Expected,
    /// Finds names in an answer: the first group, or all of it.
    pub names: Option<Pattern>,
}

/// Whether a scanner that is asked about a folder takes open descriptors as well: clamd does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Descriptors {
    /// It is not to be found out.
    Never,
    /// Found out when it is first asked; all who have this configuration share it.
    Unknown(Arc<OnceLock<bool>>),
}

/// A scanner that is a program.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Program {
    /// Names or paths; the first that there is counts.
    pub names: Vec<String>,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// The file that was found when it was first looked for; all who have this configuration share it.
    pub file: Arc<OnceLock<Option<PathBuf>>>,
}

/// How a virus scanner is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum VirusProtocol {
    /// clamd gets the contents themselves: INSTREAM, in one session for a message.
    ClamdStream(Vec<ScannerAddress>),
    /// clamd gets open descriptors: FILDES.
    ClamdDescriptor(Vec<ScannerAddress>),
    /// A question in which `{}` is the folder with the parts; the answer goes to the end of the connection, or to the end of a line.
    Question {
        /// The question.
        query: String,
        /// Where to ask, in turn.
        addresses: Vec<ScannerAddress>,
        /// The connection stays open: an answer is one line.
        is_line: bool,
        /// Whether it is a clamd that takes open descriptors, where that may be found out.
        descriptors: Descriptors,
    },
    /// Sophos' savdid.
    Sssp(Vec<ScannerAddress>),
    /// Avira's SAVAPI; the product to name.
    Savapi(Vec<ScannerAddress>, String),
    /// A mail server that refuses what is infected; true for LMTP.
    Mail(Vec<ScannerAddress>, bool),
    /// A program.
    Program(Program),
    /// Something that nothing here can do; why, in words.
    Unknown(String),
    /// The built-in test: it knows one file, and is no virus scanner.
    TestPatterns,
}

impl VirusProtocol {
    /// True if it reads the parts from a folder.
    #[must_use]
    pub const fn needs_folder(&self) -> bool {
        matches!(
            self,
            Self::Question { .. } | Self::Sssp(_) | Self::Savapi(..) | Self::Program(..)
        )
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> &[ScannerAddress] {
        match self {
            Self::ClamdStream(addresses)
            | Self::ClamdDescriptor(addresses)
            | Self::Question { addresses, .. }
            | Self::Sssp(addresses)
            | Self::Savapi(addresses, _)
            | Self::Mail(addresses, _) => addresses,
            Self::Program(_) | Self::Unknown(_) | Self::TestPatterns => &[],
        }
    }

    /// In a word, for tables.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::ClamdStream(_) => "clamd, by stream",
            Self::ClamdDescriptor(_) => "clamd, by descriptor",
            Self::Question { .. } => "question and answer",
            Self::Sssp(_) => "SSSP",
            Self::Savapi(..) => "SAVAPI",
            Self::Mail(_, false) => "SMTP",
            Self::Mail(_, true) => "LMTP",
            Self::Program(_) => "program",
            Self::Unknown(_) => "unknown",
            Self::TestPatterns => "built in",
        }
    }
}

/// A spam engine.
#[derive(Clone, PartialEq, Debug)]
pub struct SpamScanner {
    /// What it is called in the log.
    pub name: String,
    /// How it is asked.
    pub how: SpamProtocol,
    /// What its score is multiplied with.
    pub score_factor: f64,
    /// Octets of a body that it is given at most; the rest is left out.
    pub body_limit: Option<u64>,
    /// Set in the configuration as an engine that runs in the daemon; asked by spamd's protocol here.
    pub is_stand_in: bool,
}

/// How a spam engine is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SpamProtocol {
    /// SpamAssassin's spamd.
    Spamd(Vec<ScannerAddress>),
    /// Rspamd's normal worker.
    Rspamd {
        /// Where it listens.
        addresses: Vec<ScannerAddress>,
        /// What is asked for.
        path: String,
        /// `Password`
        password: Option<String>,
    },
    /// A program that adds fields to a message.
    Program {
        /// Which fields are read.
        dialect: Dialect,
        /// The program and its arguments.
        command: Vec<String>,
    },
    /// The built-in test: it knows one line, and is no spam engine.
    TestPatterns,
}

/// Whose fields a program adds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// `X-Bogosity`
    Bogofilter,
    /// `X-DSPAM-Result`
    Dspam,
    /// `X-CRM114-Status`
    Crm114,
}

impl SpamProtocol {
    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> &[ScannerAddress] {
        match self {
            Self::Spamd(addresses) | Self::Rspamd { addresses, .. } => addresses,
            Self::Program { .. } | Self::TestPatterns => &[],
        }
    }

    /// In a word, for tables.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Spamd(_) => "spamd",
            Self::Rspamd { .. } => "Rspamd",
            Self::Program { .. } => "program",
            Self::TestPatterns => "built in",
        }
    }
}

/// All that is about scanners.
#[derive(Clone, PartialEq, Debug)]
pub struct ScanConfig {
    /// `@av_scanners`
    pub virus: Vec<VirusScanner>,
    /// `@av_scanners_backup`
    pub virus_backup: Vec<VirusScanner>,
    /// `$first_infected_stops_scan`
    pub first_infected_stops: bool,
    /// `$virus_scanners_failure_is_fatal`
    pub virus_failure_is_fatal: bool,
    /// `$virus_scan_timeout`
    pub virus_timeout: Duration,
    /// `@virus_name_to_spam_score_maps`
    pub virus_scores: Maps,
    /// `@viruses_that_fake_sender_maps`
    pub fake_senders: Maps,
    /// `@spam_scanners`
    pub spam: Vec<SpamScanner>,
    /// `$spam_scan_timeout`
    pub spam_timeout: Duration,
    /// `$sa_mail_body_size_limit`, octets
    pub spam_body_limit: Option<u64>,
    /// `@sa_username_maps`
    pub spam_users: Maps,
    /// `@bypass_virus_checks_maps`
    pub bypass_virus: Maps,
    /// `@bypass_spam_checks_maps`
    pub bypass_spam: Maps,
}

impl ScanConfig {
    /// True if virus scanners are configured; the built-in test is none.
    #[must_use]
    pub fn has_virus_scanner(&self) -> bool {
        let mut all = self.virus.iter().chain(&self.virus_backup);
        all.any(|scanner| scanner.how != VirusProtocol::TestPatterns)
    }
}
