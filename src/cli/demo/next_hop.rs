//! The next hop of the demonstration: an SMTP server that keeps what it gets in a Maildir. A process of its own, as Postfix's would be.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    path::Path,
    time::Duration,
};

use super::maildir::Maildir;
use crate::{
    cli::{exit, print},
    mail::{reply::Reply, settlement::FinalReply},
    net::stream::{Stream, StreamError},
    sys::{
        clock::Deadline,
        fd,
        process::{self, Fork},
        signal, socket,
        wait::{Interest, wait},
    },
    wire::smtp::server::{DataProgress, Options, Server, Wants},
};

/// Longest wait for the client.
const PATIENCE: Duration = Duration::from_secs(300);
/// Octets taken from the connection at a time.
const CHUNK: usize = 64 * 1024;
/// Largest message, octets: it is all in memory.
const LARGEST: u64 = 64 << 20;

/// Serves connections to the listening socket on standard input until it is told to end.
pub(in crate::cli) fn run(folder: &Path) -> u8 {
    let result = Maildir::open(folder).and_then(|maildir| serve_all(&maildir));
    match result {
        Ok(()) => exit::OK,
        Err(error) => {
            print::error(&format!("filterd demo: next hop: {error}"));
            exit::OS
        }
    }
}

fn serve_all(maildir: &Maildir) -> io::Result<()> {
    signal::ignore_broken_pipes()?;
    let listener: OwnedFd = io::stdin().as_fd().try_clone_to_owned()?;
    fd::set_nonblocking(listener.as_fd(), true)?;
    loop {
        let second = Deadline::after(Duration::from_secs(1));
        wait(
            &mut [Interest::reading(listener.as_fd())],
            Some(second),
            false,
        )?;
        while process::reap()?.is_some() {}
        let Some(connection) = socket::accept(listener.as_fd())? else {
            continue;
        };
        if matches!(process::fork()?, Fork::Child) {
            let result = serve(&mut Stream::new(connection), maildir);
            process::leave(i32::from(result.is_err()));
        }
    }
}

fn serve(stream: &mut Stream, maildir: &Maildir) -> Result<(), StreamError> {
    let mut server = Server::new(Options {
        greeting: "demo.filterd.example ESMTP next hop of the demonstration".to_owned(),
        goodbye: "Bye".to_owned(),
        size_limit: Some(LARGEST),
        ..Options::default()
    });
    let (mut input, mut content) = (Vec::new(), Vec::new());
    loop {
        match server.wants() {
            Wants::Command => {
                let mut rest = &input[..];
                let event = server.receive(&mut rest);
                input = rest.to_vec();
                if event.is_none() && server.wants() == Wants::Command {
                    say(stream, &mut server)?;
                    stream.receive(&mut input, CHUNK, Deadline::after(PATIENCE))?;
                }
            }
            Wants::Answer => server.accept(),
            Wants::Data => {
                let from = content.len();
                content.append(&mut input);
                match server.receive_data(&mut content, from) {
                    DataProgress::End(rest) => input = rest,
                    DataProgress::More => {
                        say(stream, &mut server)?;
                        stream.receive(&mut input, CHUNK, Deadline::after(PATIENCE))?;
                        if server.facts().size > LARGEST {
                            return Ok(());
                        }
                    }
                }
            }
            Wants::Verdict => {
                let recipients = server.envelope().recipients.len();
                let verdict = maildir.store(&content).map_or_else(
                    |error| {
                        let reply = Reply::status(452, 3, 0, format!("cannot store it: {error}"));
                        FinalReply::refusal(reply, recipients)
                    },
                    |acceptance| FinalReply::queued(&acceptance, recipients),
                );
                content.clear();
                server.answer(&verdict);
            }
            Wants::Close => return say(stream, &mut server),
        }
    }
}

fn say(stream: &mut Stream, server: &mut Server) -> Result<(), StreamError> {
    let output = server.take_output();
    stream.send(&output, Deadline::after(PATIENCE))
}
