//! A scanner of the test's own: each connection is handed to a function, which speaks whatever protocol it likes.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// See the module's text.
#[derive(Debug)]
pub struct Scanner {
    port: u16,
    stopped: Arc<AtomicBool>,
    /// What was asked, one entry a connection, as the function noted it.
    heard: Arc<Mutex<Vec<String>>>,
}

/// One connection.
#[derive(Debug)]
pub struct Wire {
    reader: BufReader<TcpStream>,
}

impl Scanner {
    pub fn start(speak: impl Fn(&mut Wire) -> Option<String> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let stopped = Arc::new(AtomicBool::new(false));
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (stop, ears, speak) = (Arc::clone(&stopped), Arc::clone(&heard), Arc::new(speak));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let (speak, ears) = (Arc::clone(&speak), Arc::clone(&ears));
                thread::spawn(move || {
                    let stream = stream.unwrap();
                    stream
                        .set_read_timeout(Some(Duration::from_secs(20)))
                        .unwrap();
                    let mut wire = Wire {
                        reader: BufReader::new(stream),
                    };
                    if let Some(heard) = speak(&mut wire) {
                        ears.lock().unwrap().push(heard);
                    }
                });
            }
        });
        Self {
            port,
            stopped,
            heard,
        }
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    /// What was heard, once there is so much of it.
    pub fn heard_in_all(&self, count: usize) -> Vec<String> {
        super::wait_for("the scanner to have heard it", || {
            Some(self.heard()).filter(|heard| heard.len() >= count)
        })
    }
}

impl Drop for Scanner {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the listener.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

impl Wire {
    /// Up to and with `end`; what there is when the other side closes.
    pub fn until(&mut self, end: u8) -> Vec<u8> {
        let mut octets = Vec::new();
        let _closed = self.reader.read_until(end, &mut octets);
        octets
    }

    pub fn line(&mut self) -> String {
        String::from_utf8_lossy(&self.until(b'\n'))
            .trim_end()
            .to_owned()
    }

    pub fn exactly(&mut self, count: usize) -> Vec<u8> {
        let mut octets = Vec::new();
        let _closed = Read::by_ref(&mut self.reader)
            .take(count as u64)
            .read_to_end(&mut octets);
        octets
    }

    pub fn say(&mut self, text: &str) {
        let _gone = self.reader.get_mut().write_all(text.as_bytes());
    }

    /// Says nothing until the other side has had enough.
    pub fn stall(&mut self) {
        let mut octet = [0];
        let _closed = self.reader.read(&mut octet);
        let mut rest = Vec::new();
        let _closed = self.reader.read_to_end(&mut rest);
        // It may have closed its own half only.
        thread::sleep(Duration::from_secs(5));
    }

    /// One chunked content of clamd's INSTREAM.
    pub fn chunks(&mut self) -> Vec<u8> {
        let mut content = Vec::new();
        loop {
            let length = self.exactly(4);
            if length.len() < 4 {
                return content;
            }
            let length = u32::from_be_bytes(length.try_into().unwrap()) as usize;
            if length == 0 {
                return content;
            }
            content.extend(self.exactly(length));
        }
    }

    /// A session of clamd that finds `needle` in contents; gives how many it was given.
    pub fn clamd(&mut self, needle: &str) -> Option<String> {
        if self.until(0) != b"zIDSESSION\0" {
            return None;
        }
        let mut count = 0;
        loop {
            match self.until(0).as_slice() {
                b"zINSTREAM\0" => {
                    count += 1;
                    let content = String::from_utf8_lossy(&self.chunks()).into_owned();
                    let verdict = if content.contains(needle) {
                        "Test.Bad FOUND"
                    } else {
                        "OK"
                    };
                    self.say(&format!("{count}: stream: {verdict}\0"));
                }
                _ => return Some(count.to_string()),
            }
        }
    }

    /// Reads a request of spamd's protocol: its first line with user, and the message.
    pub fn spamd_request(&mut self) -> (String, String) {
        let mut first = self.line();
        let mut length = 0;
        loop {
            let line = self.line();
            if let Some(number) = line.strip_prefix("Content-length: ") {
                length = number.parse().unwrap();
            } else if line.starts_with("User: ") {
                first.push(' ');
                first.push_str(&line);
            } else if line.is_empty() {
                // Or the other side is gone.
                break;
            }
        }
        let message = self.exactly(length);
        (first, String::from_utf8_lossy(&message).into_owned())
    }

    /// Answers as spamd does.
    pub fn spamd_reply(&mut self, score: &str, body: &str) {
        self.say(&format!(
            "SPAMD/1.5 0 EX_OK\r\nContent-length: {}\r\nSpam: True ; {score} / 5.0\r\n\r\n{body}",
            body.len()
        ));
    }
}
