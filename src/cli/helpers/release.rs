//! `amavisd-release`, `amavisd-requeue`, `amavisd-report`: have the daemon send what it kept.
//!
//! # Source
//! daemon.md 1.5 (arguments, attributes, exit statuses).

use std::{
    io::{self, BufRead},
    process::ExitCode,
};

use super::socket::{Connection, replies};
use crate::{cli::print, wire::ampdp::Response};

/// No connection.
const NO_CONNECTION: u8 = 2;
/// Wrong arguments.
const USAGE: u8 = 255;
/// Something was not released.
const REFUSED: u8 = 1;

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let mut arguments = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned());
    let program = arguments.next().unwrap_or_default();
    let arguments: Vec<String> = arguments.collect();
    let verb = if program.ends_with("report") {
        "report"
    } else if program.ends_with("requeue") {
        "requeue"
    } else {
        "release"
    };
    let requests = match requests(verb, &arguments) {
        Ok(requests) => requests,
        Err(why) => {
            print::error(&format!("{why}\n{}", usage(&program)));
            return ExitCode::from(USAGE);
        }
    };
    let mut connection = match Connection::open() {
        Ok(connection) => connection,
        Err(why) => {
            print::error(&why);
            return ExitCode::from(NO_CONNECTION);
        }
    };
    let mut status = 0;
    for request in requests {
        match connection.ask(request) {
            Ok(answer) => {
                let replies = replies(&answer);
                if replies.is_empty() || replies.iter().any(|reply| !reply.starts_with('2')) {
                    status = REFUSED;
                }
                replies.iter().for_each(|reply| print::error(reply));
            }
            Err(why) => {
                print::error(&why);
                return ExitCode::from(NO_CONNECTION);
            }
        }
    }
    ExitCode::from(status)
}

fn usage(program: &str) -> String {
    format!(
        "Usage:  {program} mail_file [secret_id [alt_recip1 alt_recip2 ...]]\n   or:  {program} -    (one request per line on standard input)\n\
         The socket is /var/lib/amavis/amavisd.sock; the environment's AMAVISD_SOCKET names another one."
    )
}

/// The requests that the arguments stand for.
fn requests(verb: &str, arguments: &[String]) -> Result<Vec<Response>, String> {
    match arguments {
        [] => Err("Which message?".to_owned()),
        [only] if only == "-" => {
            let mut requests = Vec::new();
            for line in io::stdin().lock().lines() {
                let line = line.map_err(|error| format!("standard input: {error}"))?;
                let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
                if !words.first().is_none_or(|word| word.starts_with('#')) {
                    requests.push(request(verb, &words)?);
                }
            }
            Ok(requests)
        }
        words => Ok(vec![request(verb, words)?]),
    }
}

/// One request from its words: file, secret, recipients.
fn request(verb: &str, words: &[String]) -> Result<Response, String> {
    let (file, rest) = words.split_first().ok_or("Which message?")?;
    let named = Named::read(file).ok_or_else(|| format!("Invalid quarantine ID: {file}"))?;
    // What has an @ is a recipient, and there is no secret.
    let (secret, recipients) = match rest.split_first() {
        Some((first, rest)) if !first.contains('@') => (Some(first), rest),
        _ => (None, rest),
    };
    let mut request = Response::default();
    request.add_text("request", verb);
    request.add_text("mail_id", named.mail_id);
    if let Some(kind) = named.kind {
        request.add_text("quar_type", kind);
    }
    if let Some(secret) = secret.filter(|secret| !secret.is_empty()) {
        request.add_text("secret_id", secret);
    }
    request.add_text("mail_file", named.file);
    if let Some(tag) = named.partition_tag {
        request.add_text("partition_tag", tag);
    }
    for recipient in recipients {
        request.add_text("recipient", recipient);
    }
    Ok(request)
}

/// What the name of a copy tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Named<'n> {
    file: &'n str,
    mail_id: &'n str,
    kind: Option<&'static str>,
    partition_tag: Option<&'n str>,
}

impl<'n> Named<'n> {
    /// Reads `[folder/][kind-]mail_id[.gz][[partition_tag]]`.
    fn read(text: &'n str) -> Option<Self> {
        let (file, partition_tag) = match text.strip_suffix(']').and_then(|t| t.rsplit_once('[')) {
            Some((file, tag)) => (file, Some(tag)),
            None => (text, None),
        };
        let (folder, name) = match file.rsplit_once('/') {
            Some((folder, name)) => (Some(folder), name),
            None => (None, file),
        };
        if file.starts_with('/') {
            return None;
        }
        let is_packed = name.ends_with(".gz");
        let bare = name.strip_suffix(".gz").unwrap_or(name);
        let is_edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
        let is_id = |id: &str| {
            (12..=16).contains(&id.len())
                && is_edge(id.bytes().next())
                && is_edge(id.bytes().next_back())
                && id
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"_+-".contains(&b))
        };
        // The shortest prefix that leaves an id: an id may have a `-` in it.
        let starts = std::iter::once(0).chain(bare.match_indices(['-', '_']).map(|(at, _)| at + 1));
        let mail_id = starts
            .filter_map(|at| bare.get(at..))
            .find(|id| is_id(id))?;
        let kind = match (is_packed, folder) {
            (true, _) => Some("Z"),
            (false, Some(_)) => Some("F"),
            (false, None) => None,
        };
        Some(Self {
            file,
            mail_id,
            kind,
            partition_tag,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_id_and_the_kind() {
        for (text, id, kind) in [
            ("n/badh-nzy8k6rC05Rj", "nzy8k6rC05Rj", Some("F")),
            ("spam-nzy8k6rC05Rj.gz", "nzy8k6rC05Rj", Some("Z")),
            ("nzy8k6rC05Rj", "nzy8k6rC05Rj", None),
            ("banned-nz-8k6rC_5Rj", "nz-8k6rC_5Rj", None),
            ("banned-nz-8k6rC_5Rj[7]", "nz-8k6rC_5Rj", None),
        ] {
            let named = Named::read(text).unwrap();
            assert_eq!((named.mail_id, named.kind), (id, kind), "{text}");
        }
        for bad in ["", "x", "/etc/passwd", "spam-short", "spam-nzy8k6rC05R!"] {
            assert_eq!(Named::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn attributes_come_in_the_documented_order() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let shown = |text: &str| {
            String::from_utf8(request("release", &words(text)).unwrap().finish()).unwrap()
        };
        assert_eq!(
            shown("n/badh-nzy8k6rC05Rj"),
            "request=release\r\nmail_id=nzy8k6rC05Rj\r\nquar_type=F\r\nmail_file=n/badh-nzy8k6rC05Rj\r\n\r\n"
        );
        assert_eq!(
            shown("badh-nzy8k6rC05Rj abc a@b"),
            "request=release\r\nmail_id=nzy8k6rC05Rj\r\nsecret_id=abc\r\nmail_file=badh-nzy8k6rC05Rj\r\nrecipient=a@b\r\n\r\n"
        );
        assert!(shown("badh-nzy8k6rC05Rj a@b c@d").contains("recipient=a@b\r\nrecipient=c@d"));
    }
}
