//! A connection of AM.PDP: a milter that wants a verdict, or somebody who wants a message back from the quarantine.
//!
//! # Guards
//! A client names files: only those below our own folders are opened, and no link is followed. Trap 1 of daemon.md 5.3: what fails for
//! now is `tempfail`, never `discard`.
//!
//! # Source
//! daemon.md 5.

mod check;
mod place;
mod release;

use super::{Surroundings, limits};
use crate::{
    counters::Counter,
    mail::reply::Reply,
    net::stream::{Stream, StreamError},
    policy::bank::Chosen,
    scoreboard::Stage,
    sys::{
        clock::Deadline,
        signal::{self, Flag},
        socket::Endpoint,
        wait::Wake,
    },
    wire::ampdp::{Incoming, Receiver, Request, Response},
};

/// Serves one connection; gives the number of requests.
pub(super) fn serve<'s>(
    stream: &mut Stream,
    peer: &Endpoint,
    ordinal: u64,
    chosen: &Chosen<'s>,
    surroundings: &mut Surroundings<'s>,
) -> u64 {
    let mut desk = Desk {
        peer,
        ordinal,
        requests: 0,
        chosen,
        surroundings,
    };
    if let Err(error) = desk.run(stream) {
        desk.surroundings.cells.count(Counter::SessionsBroken);
        desk.surroundings
            .log
            .note(1, format_args!("AM.PDP session with {peer} ended: {error}"));
    }
    desk.surroundings.slot.name_message("", "", 0);
    desk.requests
}

/// One connection's state.
struct Desk<'d, 's> {
    peer: &'d Endpoint,
    ordinal: u64,
    requests: u64,
    chosen: &'d Chosen<'s>,
    surroundings: &'d mut Surroundings<'s>,
}

impl Desk<'_, '_> {
    /// Answers requests until the client has no more.
    fn run(&mut self, stream: &mut Stream) -> Result<(), StreamError> {
        let timeout = self.chosen.config.smtpd.timeout;
        let (mut receiver, mut input) = (Receiver::default(), Vec::new());
        // A request that comes octet by octet has no more time than one that comes at once.
        let mut deadline = Deadline::after(timeout);
        loop {
            match receiver.take(&mut input) {
                Incoming::Request(request) => {
                    self.requests += 1;
                    self.surroundings.slot.count_task();
                    let response = self.answer(&request);
                    stream.send(&response.finish(), Deadline::after(timeout))?;
                    self.restore();
                    deadline = Deadline::after(timeout);
                }
                Incoming::TooLong => {
                    let response = failure("Request is too long");
                    stream.send(&response.finish(), Deadline::after(timeout))?;
                    stream.close_gently(limits::LINGER);
                    return Ok(());
                }
                Incoming::Part => {
                    self.surroundings.slot.enter(Stage::Waiting, Some(deadline));
                    let is_between = !receiver.is_inside() && input.is_empty();
                    if is_between && (signal::is_set(Flag::Stop) || signal::is_set(Flag::Orphaned))
                    {
                        return Ok(());
                    }
                    match stream.wait_readable(deadline)? {
                        Wake::Ready => {}
                        Wake::Signal => continue,
                        Wake::TimedOut => return Err(StreamError::TimedOut),
                    }
                    match stream.receive(&mut input, limits::INPUT, deadline) {
                        Ok(_) => {}
                        Err(StreamError::Closed) if is_between => return Ok(()),
                        Err(error) => return Err(error),
                    }
                }
            }
        }
    }

    fn answer(&mut self, request: &Request) -> Response {
        for line in &request.strange {
            self.surroundings.log.note(
                -1,
                format_args!("policy protocol: INVALID AM.PDP ATTRIBUTE LINE: {line}"),
            );
        }
        match request.text("request") {
            Some("AM.PDP") => self.check(request),
            Some(verb @ ("release" | "requeue" | "report")) => self.release(verb, request),
            // A policy client of Postfix: we have no opinion before there is a message.
            Some("smtpd_access_policy") => {
                let mut response = Response::default();
                response.add_text("action", "DUNNO");
                response
            }
            Some(other) => self.refuse(&format!("Unknown request {other:?}")),
            None => self.refuse("Missing 'request' field"),
        }
    }

    /// A request that makes no sense: the client keeps what it has.
    fn refuse(&self, what: &str) -> Response {
        self.surroundings.cells.count(Counter::CommandsRefused);
        self.surroundings.log.note(
            -1,
            format_args!("AM.PDP request of {} refused: {what}", self.peer),
        );
        failure(what)
    }

    /// The session's own settings hold again.
    fn restore(&mut self) {
        self.surroundings.slot.name_message("", "", 0);
        self.surroundings
            .log
            .set_level(self.chosen.config.log.level);
    }
}

/// `450 4.5.0 Failure: ...`, with the words for a client that does not read replies.
fn failure(what: &str) -> Response {
    let mut response = Response::default();
    add_reply(
        &mut response,
        &Reply::status(450, 5, 0, format!("Failure: {what}")),
    );
    response.add_text("return_value", "tempfail");
    response.add_text("exit_code", "75");
    response
}

/// `setreply=250 2.5.0 Ok,%20..`
fn add_reply(response: &mut Response, reply: &Reply) {
    let code = reply.code().to_string();
    let enhanced = reply
        .enhanced()
        .map_or_else(|| format!("{}.0.0", reply.code() / 100), |e| e.to_string());
    response.add(
        "setreply",
        &[
            code.as_bytes(),
            enhanced.as_bytes(),
            reply.text().as_bytes(),
        ],
    );
}
