//! `amavisd-submit`: have the daemon check a message, and tell by the exit status what is to be done with it.
//!
//! # Source
//! daemon.md 1.5 (arguments, attributes, exit statuses).

use std::{
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use data_encoding::BASE64URL_NOPAD;

use super::socket::{Connection, replies};
use crate::{
    cli::print,
    sys::{dir::Folder, random},
    wire::ampdp::Response,
};

/// Where the original's program puts messages.
const FOLDER: &str = "/var/lib/amavis/tmp";
/// Names another one.
const VARIABLE: &str = "AMAVISD_TEMPBASE";
/// Something is wrong that may not be so later.
const TEMPORARY: u8 = 75;
/// Wrong arguments.
const USAGE: u8 = 64;

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let mut arguments = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned());
    let program = arguments.next().unwrap_or_default();
    let arguments: Vec<String> = arguments.collect();
    let Some((sender, recipients)) = arguments
        .split_first()
        .filter(|(sender, recipients)| !recipients.is_empty() && !sender.starts_with("--"))
    else {
        print::error(&format!(
            "Usage:  {program} sender recipient ... < message\n\
             The folder for the message is {FOLDER}; the environment's {VARIABLE} and AMAVISD_SOCKET name others."
        ));
        return ExitCode::from(USAGE);
    };
    match submit(sender, recipients) {
        Ok(status) => ExitCode::from(status),
        Err(why) => {
            print::error(&format!("{program}: {why}"));
            ExitCode::from(TEMPORARY)
        }
    }
}

/// Puts the message where the daemon finds it, asks, and gives the exit status.
fn submit(sender: &str, recipients: &[String]) -> Result<u8, String> {
    let base = PathBuf::from(std::env::var_os(VARIABLE).unwrap_or_else(|| FOLDER.into()));
    let failed = |what: &str, error: &io::Error| format!("{what} {}: {error}", base.display());
    let folder = Folder::open(&base).map_err(|error| failed("cannot use", &error))?;
    let mut octets = [0_u8; 9];
    random::fill(&mut octets).map_err(|error| failed("no random name for", &error))?;
    let name = format!("amavis-{}", BASE64URL_NOPAD.encode(&octets));
    let result = put(&folder, &name)
        .map_err(|error| failed("cannot write the message below", &error))
        .and_then(|()| ask(&base.join(&name), sender, recipients));
    // The daemon has done so if all went well.
    drop(folder.remove_tree(&name));
    result
}

/// Writes standard input into `email.txt` in a new folder.
fn put(base: &Folder, name: &str) -> io::Result<()> {
    let folder = base.create_folder(name, 0o750)?;
    let mut file = folder.create_file("email.txt", 0o640)?;
    let mut input = io::stdin().lock();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = input.read(&mut buffer)?;
        if count == 0 {
            return file.flush();
        }
        file.write_all(buffer.get(..count).unwrap_or_default())?;
    }
}

fn ask(folder: &Path, sender: &str, recipients: &[String]) -> Result<u8, String> {
    let path = folder.to_string_lossy();
    let mut request = Response::default();
    request.add_text("request", "AM.PDP");
    request.add_text("mail_file", &format!("{path}/email.txt"));
    request.add_text("tempdir", &path);
    request.add_text("tempdir_removed_by", "server");
    request.add_text("sender", &bracketed(sender));
    for recipient in recipients {
        request.add_text("recipient", &bracketed(recipient));
    }
    let answer = Connection::open()?.ask(request)?;
    let replies = replies(&answer);
    for reply in replies.iter().filter(|reply| !reply.starts_with('2')) {
        print::error(reply);
    }
    let status = answer
        .text("exit_code")
        .and_then(|text| text.parse::<u8>().ok())
        .ok_or("the daemon gave no exit code")?;
    Ok(if status == 99 { 0 } else { status })
}

fn bracketed(address: &str) -> String {
    let inner = address.trim_start_matches('<').trim_end_matches('>');
    format!("<{inner}>")
}
