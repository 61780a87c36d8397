//! The server side of one session, as a machine without I/O.
//!
//! Input goes in with [`Server::receive`] and [`Server::receive_data`], replies come out of [`Server::take_output`], and
//! [`Server::wants`] tells what the session must do next. Whatever needs a decision (is there room, does the size fit, what
//! became of the message) is an [`Event`] that waits for its answer.
//!
//! # Guards
//! I1: the state `Verdict` is left only by [`Server::answer`], which takes a `FinalReply`.
//! I6: data ends only at CRLF `.` CRLF (see `data`). P9: the machine is made anew for each connection.
//!
//! # Source
//! daemon.md section 3.

mod dispatch;
mod envelope_commands;
mod options;

pub use options::Options;

use super::{data, reply};
use crate::mail::{
    client::ClientFacts, content::ContentFacts, envelope::Envelope, reply::Reply,
    settlement::FinalReply,
};

/// One session's state.
#[derive(Clone, Debug)]
pub struct Server {
    options: Options,
    state: State,
    hello: Hello,
    hello_name: Vec<u8>,
    /// XFORWARD facts for the next transaction; spent when a transaction ends.
    client: ClientFacts,
    /// The transaction in work.
    envelope: Envelope,
    /// Path as received of the command that waits for its answer.
    pending_path: Vec<u8>,
    /// RCPT commands of this transaction, refused ones counted.
    recipients_tried: usize,
    decoder: data::Decoder,
    errors: u32,
    /// In an over-long command line, up to its end.
    is_skipping: bool,
    /// The client said QUIT.
    has_quit: bool,
    output: Vec<u8>,
}

/// Where the session stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Between transactions.
    Ready,
    /// MAIL was read and waits for its answer.
    MailPending,
    /// In a transaction.
    Envelope,
    /// RCPT was read and waits for its answer; the recipient is the last of the envelope.
    RcptPending,
    /// DATA was read and waits for its answer.
    DataPending,
    /// Reading the message.
    Data,
    /// The message is in; nobody has said yet what became of it.
    Verdict,
    /// Nothing more is read.
    Closed,
}

/// How the client greeted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Hello {
    None,
    Helo,
    Ehlo,
    Lhlo,
}

/// What the session must decide or know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A transaction begins: [`Server::accept`] or [`Server::refuse`]. Its facts are in [`Server::envelope`].
    Mail,
    /// A recipient, the last of the envelope: [`Server::accept`] or [`Server::refuse`].
    Recipient,
    /// The client wants to send the message: [`Server::accept`] or [`Server::refuse`].
    Data,
    /// The transaction was given up (RSET, HELO, QUIT).
    Abandoned,
    /// A command was refused; worth a log line.
    Refused {
        /// The line, cut at 200 octets.
        line: Vec<u8>,
        /// What was answered.
        reply: Reply,
    },
}

/// What the machine waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wants {
    /// A command line.
    Command,
    /// An answer to an event.
    Answer,
    /// Octets of the message.
    Data,
    /// The final reply.
    Verdict,
    /// Output is to be sent and the connection closed.
    Close,
}

/// How far the message is in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DataProgress {
    /// More is to come.
    More,
    /// That was all of it; the octets are what the client sent after it.
    End(Vec<u8>),
}

impl Server {
    /// Room for the replies that usually come together, octets.
    const USUAL_OUTPUT: usize = 512;

    /// Begins a session: the greeting is in the output.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let hello = if options.speaks_lmtp {
            Hello::Lhlo
        } else {
            Hello::None
        };
        let greeting = Reply::new(220, None, options.greeting.clone());
        let mut server = Self {
            options,
            state: State::Ready,
            hello,
            hello_name: Vec::new(),
            client: ClientFacts::default(),
            envelope: Envelope::default(),
            pending_path: Vec::new(),
            recipients_tried: 0,
            decoder: data::Decoder::default(),
            errors: 0,
            is_skipping: false,
            has_quit: false,
            output: Vec::with_capacity(Self::USUAL_OUTPUT),
        };
        server.say(&greeting);
        server
    }

    /// Takes command lines from `input`, as many as need no decision, and gives the first event; `None` when more input is
    /// needed, or when [`Self::wants`] is no longer `Command`.
    pub fn receive(&mut self, input: &mut &[u8]) -> Option<Event> {
        while matches!(self.state, State::Ready | State::Envelope) {
            let Some(end) = line_end(input) else {
                return self.unfinished_line(input);
            };
            let (line, rest) = input.split_at_checked(end)?;
            *input = rest.get(2..).unwrap_or_default();
            if std::mem::take(&mut self.is_skipping) {
                continue;
            }
            let event = if line.len() + 2 > Options::LONGEST_LINE {
                Some(self.refuse_line(line, line_too_long()))
            } else {
                self.dispatch(line, !input.is_empty())
            };
            if event.is_some() {
                return event;
            }
        }
        None
    }

    /// Input without a line end: waits for more, or drops what is longer than a command can be.
    fn unfinished_line(&mut self, input: &mut &[u8]) -> Option<Event> {
        if input.len() < Options::LONGEST_LINE {
            return None;
        }
        // The last octet may be the CR of the line's end.
        let line = *input;
        let keep = line.len() - usize::from(line.last() == Some(&b'\r'));
        *input = line.get(keep..).unwrap_or_default();
        let begins = !std::mem::replace(&mut self.is_skipping, true);
        begins.then(|| self.refuse_line(line, line_too_long()))
    }

    /// Takes octets of the message: `buffer[from..]` is decoded in place. Without effect unless the machine wants data.
    pub fn receive_data(&mut self, buffer: &mut Vec<u8>, from: usize) -> DataProgress {
        if self.state != State::Data {
            return DataProgress::More;
        }
        match self.decoder.decode(buffer, from) {
            data::Progress::More => DataProgress::More,
            data::Progress::End => {
                self.state = State::Verdict;
                DataProgress::End(self.decoder.take_rest())
            }
        }
    }

    /// Answers the event that waits: yes.
    pub fn accept(&mut self) {
        let path = std::mem::take(&mut self.pending_path);
        let shown = String::from_utf8_lossy(&path);
        match self.state {
            State::MailPending => {
                self.state = State::Envelope;
                self.say(&Reply::status(250, 1, 0, format!("Sender {shown} OK")));
            }
            State::RcptPending => {
                self.state = State::Envelope;
                self.say(&Reply::status(250, 1, 5, format!("Recipient {shown} OK")));
            }
            State::DataPending => {
                self.state = State::Data;
                self.decoder = data::Decoder::default();
                self.say(&Reply::new(354, None, "End data with <CR><LF>.<CR><LF>"));
            }
            State::Ready | State::Envelope | State::Data | State::Verdict | State::Closed => {}
        }
    }

    /// Answers the event that waits: no. A refused MAIL begins no transaction, and keeps the XFORWARD facts (D13).
    pub fn refuse(&mut self, reply: &Reply) {
        match self.state {
            State::MailPending => {
                self.envelope = Envelope::default();
                self.state = State::Ready;
            }
            State::RcptPending => {
                self.envelope.recipients.pop();
                self.state = State::Envelope;
            }
            State::DataPending => {
                self.end_transaction();
                self.state = State::Ready;
            }
            State::Ready | State::Envelope | State::Data | State::Verdict | State::Closed => return,
        }
        self.say(reply);
    }

    /// Says what became of the message and ends the transaction; without effect unless the machine wants a verdict.
    pub fn answer(&mut self, verdict: &FinalReply) {
        if self.state != State::Verdict {
            return;
        }
        let replies = verdict.replies();
        let wanted = if self.speaks_lmtp() {
            self.envelope.recipients.len()
        } else {
            1
        };
        for at in 0..wanted {
            match replies.get(at).or_else(|| replies.last()) {
                Some(reply) => self.say(&reply.clone()),
                None => self.say(&Reply::status(451, 5, 0, "Error in processing, no verdict")),
            }
        }
        self.end_transaction();
        self.state = State::Ready;
    }

    /// Ends the session with `reply`.
    pub fn close(&mut self, reply: &Reply) {
        if self.state != State::Closed {
            self.say(reply);
            self.state = State::Closed;
        }
    }

    /// Octets to send, in order.
    #[must_use]
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// Octets to send, in order; they stay until [`Self::clear_output`].
    #[must_use]
    pub fn output(&self) -> &[u8] {
        &self.output
    }

    /// Forgets what has been sent.
    pub fn clear_output(&mut self) {
        self.output.clear();
    }

    /// True if there is something to send.
    #[must_use]
    pub const fn has_output(&self) -> bool {
        !self.output.is_empty()
    }

    /// What must happen next.
    #[must_use]
    pub const fn wants(&self) -> Wants {
        match self.state {
            State::Ready | State::Envelope => Wants::Command,
            State::MailPending | State::RcptPending | State::DataPending => Wants::Answer,
            State::Data => Wants::Data,
            State::Verdict => Wants::Verdict,
            State::Closed => Wants::Close,
        }
    }

    /// True if it was the client who ended the session.
    #[must_use]
    pub const fn has_quit(&self) -> bool {
        self.has_quit
    }

    /// The transaction in work.
    #[must_use]
    pub const fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// What XFORWARD told about the client.
    #[must_use]
    pub const fn client(&self) -> &ClientFacts {
        &self.client
    }

    /// The name the client greeted with, limited to printable octets.
    #[must_use]
    pub fn hello_name(&self) -> String {
        String::from_utf8_lossy(&self.hello_name).into_owned()
    }

    /// Facts about the message read so far.
    #[must_use]
    pub const fn facts(&self) -> &ContentFacts {
        self.decoder.facts()
    }

    /// True if a reply is due for each recipient.
    #[must_use]
    pub fn speaks_lmtp(&self) -> bool {
        self.hello == Hello::Lhlo
    }

    /// `SMTP`, `ESMTP`, `LMTP`, `UTF8SMTP`, `UTF8LMTP`: for the trace field. Of the message, not of the session (D13).
    #[must_use]
    pub fn protocol_name(&self) -> &'static str {
        match (self.hello, self.envelope.wants_smtputf8) {
            (Hello::Lhlo, true) => "UTF8LMTP",
            (Hello::Lhlo, false) => "LMTP",
            (_, true) => "UTF8SMTP",
            (Hello::Ehlo, false) => "ESMTP",
            (Hello::None | Hello::Helo, false) => "SMTP",
        }
    }

    /// Puts a reply into the output.
    fn say(&mut self, reply: &Reply) {
        reply::write(reply, self.envelope.wants_smtputf8, &mut self.output);
    }

    /// Forgets the transaction and the XFORWARD facts.
    fn end_transaction(&mut self) {
        self.envelope = Envelope::default();
        self.client = ClientFacts::default();
        self.recipients_tried = 0;
        self.pending_path.clear();
    }
}

/// The refusal of a command line beyond [`Options::LONGEST_LINE`] (D22).
fn line_too_long() -> Reply {
    Reply::status(500, 5, 2, "Error: line too long")
}

/// Offset of the first CRLF.
fn line_end(input: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = memchr::memchr(b'\n', input.get(from..)?) {
        let newline = from + at;
        if newline > 0 && input.get(newline - 1) == Some(&b'\r') {
            return Some(newline - 1);
        }
        from = newline + 1;
    }
    None
}

#[cfg(test)]
mod tests;
