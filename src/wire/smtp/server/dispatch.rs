//! From a command line to what it does: everything but MAIL, RCPT and DATA.

use super::{Event, Hello, Server, State};
use crate::{
    mail::reply::Reply,
    wire::smtp::{command, xforward},
};

/// Longest part of a refused line that is kept for the log.
const SHOWN: usize = 200;

impl Server {
    /// Carries one command line out. `more_follows` tells that octets behind the line are here already.
    pub(super) fn dispatch(&mut self, line: &[u8], more_follows: bool) -> Option<Event> {
        let Some(command) = command::split(line) else {
            return Some(self.refuse_line(line, Reply::status(500, 5, 2, "Error: bad syntax")));
        };
        let verb = command.verb.to_ascii_uppercase();
        let arguments = command.arguments;
        let bare = matches!(verb.as_slice(), b"RSET" | b"QUIT" | b"DATA" | b"STARTTLS");
        if bare && !arguments.is_empty() {
            let verb = String::from_utf8_lossy(&verb);
            return Some(self.refuse_line(
                line,
                Reply::status(
                    501,
                    5,
                    4,
                    format!("Error: {verb} does not accept arguments"),
                ),
            ));
        }
        let result = match verb.as_slice() {
            b"HELO" => return self.greet(Hello::Helo, arguments),
            b"EHLO" => return self.greet(Hello::Ehlo, arguments),
            b"LHLO" => return self.greet(Hello::Lhlo, arguments),
            b"MAIL" => self.mail(arguments),
            b"RCPT" => self.rcpt(arguments),
            b"DATA" => self.data(more_follows),
            b"XFORWARD" => self.xforward(arguments),
            b"RSET" => return self.reset(),
            b"QUIT" => return self.quit(),
            b"NOOP" => Ok(self.answered(&Reply::status(250, 0, 0, "Ok NOOP"))),
            b"HELP" => Ok(self.answered(&help())),
            b"VRFY" if arguments.is_empty() => {
                Err(Reply::status(501, 5, 2, "Syntax: VRFY address"))
            }
            b"VRFY" => Ok(self.answered(&Reply::status(252, 0, 0, "Argument not checked"))),
            b"STARTTLS" => Err(Reply::status(502, 5, 1, "Error: command not available")),
            b"EXPN" | b"TURN" | b"ETRN" | b"SEND" | b"SOML" | b"SAML" => Err(Reply::status(
                502,
                5,
                1,
                format!(
                    "Error: command {} not implemented",
                    String::from_utf8_lossy(&verb)
                ),
            )),
            _ => Err(Reply::status(
                500,
                5,
                2,
                format!(
                    "Error: command {} not recognized",
                    String::from_utf8_lossy(&verb)
                ),
            )),
        };
        result.unwrap_or_else(|refusal| Some(self.refuse_line(line, refusal)))
    }

    /// Says `reply` and counts the error; the session ends when there are too many.
    pub(super) fn refuse_line(&mut self, line: &[u8], reply: Reply) -> Event {
        self.errors = self.errors.saturating_add(1);
        if self.errors > self.options.most_errors {
            self.close(&Reply::status(
                421,
                7,
                0,
                format!("{} Error: too many errors", self.options.helo_name),
            ));
        } else {
            self.say(&reply);
        }
        Event::Refused {
            line: line
                .get(..line.len().min(SHOWN))
                .unwrap_or_default()
                .to_vec(),
            reply,
        }
    }

    /// Says `reply`; no event follows.
    pub(super) fn answered(&mut self, reply: &Reply) -> Option<Event> {
        self.say(reply);
        None
    }

    fn greet(&mut self, hello: Hello, name: &[u8]) -> Option<Event> {
        let event = self.abandon();
        self.hello = hello;
        self.hello_name.clear();
        let printable = |&&b: &&u8| (0x21..0x7F).contains(&b) || b >= 0x80;
        self.hello_name
            .extend(name.iter().filter(printable).take(255));
        let mut text = String::with_capacity(256);
        text.push_str(&self.options.helo_name);
        if hello != Hello::Helo {
            self.options.announce(&mut text);
        }
        self.say(&Reply::new(250, None, text));
        event
    }

    fn xforward(&mut self, arguments: &[u8]) -> Result<Option<Event>, Reply> {
        if self.state == State::Envelope {
            return Err(Reply::status(
                503,
                5,
                1,
                "Error: XFORWARD not allowed within transaction",
            ));
        }
        let mut facts = self.client.clone();
        xforward::read(arguments, &mut facts)?;
        self.client = facts;
        Ok(self.answered(&Reply::status(250, 5, 0, "Ok XFORWARD")))
    }

    fn reset(&mut self) -> Option<Event> {
        let event = self.abandon();
        self.say(&Reply::status(250, 0, 0, "Ok RSET"));
        event
    }

    fn quit(&mut self) -> Option<Event> {
        let event = self.abandon();
        let goodbye = Reply::status(221, 0, 0, self.options.goodbye.clone());
        self.close(&goodbye);
        self.has_quit = true;
        event
    }

    /// Gives the transaction up, if there is one.
    fn abandon(&mut self) -> Option<Event> {
        let event = (self.state == State::Envelope).then_some(Event::Abandoned);
        self.state = State::Ready;
        self.end_transaction();
        event
    }
}

fn help() -> Reply {
    Reply::status(
        214,
        0,
        0,
        "Commands: HELO EHLO LHLO MAIL RCPT DATA RSET NOOP VRFY XFORWARD HELP QUIT\nSee also: man filterd",
    )
}
