//! An SMTP client that does as it is told.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpStream, ToSocketAddrs},
};

use super::PATIENCE;

/// See the module's text.
#[derive(Debug)]
pub struct Client {
    reader: BufReader<TcpStream>,
    /// The greeting was read and EHLO said.
    pub has_greeted: bool,
}

impl Client {
    /// Connects; the greeting is not read.
    pub fn dial(address: impl ToSocketAddrs) -> Self {
        Self::try_dial(address).unwrap()
    }

    pub fn try_dial(address: impl ToSocketAddrs) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self {
            reader: BufReader::new(stream),
            has_greeted: false,
        })
    }

    /// Connects, reads the greeting, says EHLO.
    pub fn hello(address: impl ToSocketAddrs) -> Self {
        let mut client = Self::dial(address);
        let greeting = client.reply();
        assert!(greeting.starts_with("220 "), "{greeting}");
        let hello = client.say("EHLO client.example");
        assert!(hello.starts_with("250-"), "{hello}");
        client.has_greeted = true;
        client
    }

    pub fn send(&mut self, octets: &[u8]) {
        self.try_send(octets).unwrap();
    }

    pub fn try_send(&mut self, octets: &[u8]) -> std::io::Result<()> {
        self.reader.get_mut().write_all(octets)
    }

    /// Sends a line and reads the reply.
    pub fn say(&mut self, line: &str) -> String {
        self.send(format!("{line}\r\n").as_bytes());
        self.reply()
    }

    /// Reads a whole reply, its lines joined by `\n`.
    pub fn reply(&mut self) -> String {
        self.try_reply().expect("a reply")
    }

    pub fn try_reply(&mut self) -> Option<String> {
        let mut lines = Vec::new();
        loop {
            let line = self.line()?;
            let is_last = line.as_bytes().get(3) != Some(&b'-');
            lines.push(line);
            if is_last {
                return Some(lines.join("\n"));
            }
        }
    }

    /// Reads a line without its end; `None` at the end of the stream.
    pub fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.reader.read_line(&mut line) {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(line.trim_end_matches(['\r', '\n']).to_owned()),
        }
    }

    /// True if the other side closes without another word.
    pub fn is_closed(&mut self) -> bool {
        let mut rest = Vec::new();
        self.reader.read_to_end(&mut rest).is_ok() && rest.is_empty()
    }

    /// Another handle to the connection, to be read while this one sends.
    pub fn clone_stream(&self) -> TcpStream {
        self.reader.get_ref().try_clone().unwrap()
    }

    pub fn shut_down_sending_if_open(&self) {
        drop(self.reader.get_ref().shutdown(Shutdown::Write));
    }

    pub fn shut_down_sending(&self) {
        self.reader.get_ref().shutdown(Shutdown::Write).unwrap();
    }

    /// Sends one message in one transaction, step by step; gives the final reply, or the first refusal.
    pub fn deliver(&mut self, from: &str, to: &[&str], content: &str) -> String {
        let mut lines = vec![format!("MAIL FROM:<{from}>")];
        lines.extend(to.iter().map(|to| format!("RCPT TO:<{to}>")));
        for line in lines {
            let reply = self.say(&line);
            if !reply.starts_with('2') {
                return reply;
            }
        }
        let reply = self.say("DATA");
        if !reply.starts_with("354") {
            return reply;
        }
        self.send(content.as_bytes());
        self.say(".")
    }
}
