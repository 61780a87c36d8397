//! A next hop that does as it is told.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

const NO_RECIPIENTS: &[u8] = b"554 5.5.1 no valid recipients\r\n";

/// Where a next hop can be told to misbehave.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum At {
    Greeting,
    Hello,
    Mail,
    Rcpt,
    Data,
    /// After the 354, before the data is read.
    Content,
    /// The final dot.
    End,
    Quit,
    Noop,
    Reset,
}

/// What it does there.
#[derive(Clone, Debug)]
pub enum Deed {
    /// Says this instead of the usual.
    Say(&'static str),
    /// Closes the connection.
    Drop,
    /// Says nothing for this long, then goes on.
    Stall(Duration),
    /// Says the usual and then closes.
    SayAndDrop(&'static str),
}

/// One message that was taken.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Taken {
    pub mail: String,
    pub rcpts: Vec<String>,
    pub xforward: Vec<String>,
    /// Unstuffed.
    pub content: Vec<u8>,
}

#[derive(Debug, Default)]
struct State {
    taken: Mutex<Vec<Taken>>,
    deeds: Mutex<BTreeMap<At, Vec<Deed>>>,
    lines: Mutex<Vec<String>>,
    now: AtomicUsize,
    most: AtomicUsize,
    sessions: AtomicUsize,
    stopped: AtomicBool,
    lmtp: AtomicBool,
    hides: Mutex<Vec<String>>,
    /// What is announced instead of the usual XFORWARD.
    xforward: Mutex<Option<String>>,
    /// Answers to RCPT by part of the address.
    rcpt_answers: Mutex<Vec<(String, String)>>,
}

/// See the module's text.
#[derive(Debug)]
pub struct NextHop {
    state: Arc<State>,
    port: u16,
}

impl NextHop {
    pub fn start() -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    pub fn start_lmtp() -> Self {
        let hop = Self::start();
        hop.state.lmtp.store(true, Ordering::SeqCst);
        hop
    }

    pub fn on(listener: TcpListener) -> Self {
        let state = Arc::new(State::default());
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                if shared.stopped.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(connection) = connection else { continue };
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || {
                    let now = shared.now.fetch_add(1, Ordering::SeqCst) + 1;
                    shared.most.fetch_max(now, Ordering::SeqCst);
                    shared.sessions.fetch_add(1, Ordering::SeqCst);
                    serve(&connection, &shared);
                    shared.now.fetch_sub(1, Ordering::SeqCst);
                    drop(connection);
                });
            }
        });
        Self { state, port }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The next `times` visits to `at` get `deed`.
    pub fn tell(&self, at: At, deed: Deed, times: usize) {
        let mut deeds = self.state.deeds.lock().unwrap();
        deeds
            .entry(at)
            .or_default()
            .extend(std::iter::repeat_n(deed, times));
    }

    /// RCPT with `part` in its address is answered so.
    pub fn answer_rcpt(&self, part: &str, reply: &str) {
        self.state
            .rcpt_answers
            .lock()
            .unwrap()
            .push((part.to_owned(), reply.to_owned()));
    }

    /// Forgets what it was told.
    pub fn behave(&self) {
        self.state.deeds.lock().unwrap().clear();
        self.state.rcpt_answers.lock().unwrap().clear();
    }

    /// An extension that is not announced.
    pub fn hide(&self, keyword: &str) {
        self.state.hides.lock().unwrap().push(keyword.to_owned());
    }

    /// The XFORWARD attributes that are announced.
    pub fn announce_xforward(&self, attributes: &str) {
        *self.state.xforward.lock().unwrap() = Some(format!("XFORWARD {attributes}"));
    }

    /// Announces the usual again.
    pub fn announce_all(&self) {
        self.state.hides.lock().unwrap().clear();
        *self.state.xforward.lock().unwrap() = None;
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.state.taken.lock().unwrap().clone()
    }

    pub fn count(&self) -> usize {
        self.state.taken.lock().unwrap().len()
    }

    /// Lines that it was sent, data left out.
    pub fn lines(&self) -> Vec<String> {
        self.state.lines.lock().unwrap().clone()
    }

    /// Most sessions at the same time.
    pub fn most_sessions(&self) -> usize {
        self.state.most.load(Ordering::SeqCst)
    }

    /// Sessions now.
    pub fn sessions_now(&self) -> usize {
        self.state.now.load(Ordering::SeqCst)
    }

    /// Sessions ever.
    pub fn sessions(&self) -> usize {
        self.state.sessions.load(Ordering::SeqCst)
    }
}

impl Drop for NextHop {
    fn drop(&mut self) {
        self.state.stopped.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

/// What a deed makes of a reply: `None` ends the session.
fn deed(state: &State, at: At, usual: &str, out: &mut impl Write) -> Option<()> {
    let next = {
        let mut deeds = state.deeds.lock().unwrap();
        deeds.get_mut(&at).and_then(|list| {
            if list.is_empty() {
                None
            } else {
                Some(list.remove(0))
            }
        })
    };
    match next {
        None => write!(out, "{usual}\r\n").ok(),
        Some(Deed::Say(text)) => write!(out, "{text}\r\n").ok(),
        Some(Deed::Drop) => None,
        Some(Deed::Stall(time)) => {
            std::thread::sleep(time);
            write!(out, "{usual}\r\n").ok()
        }
        Some(Deed::SayAndDrop(text)) => {
            drop(write!(out, "{text}\r\n"));
            None
        }
    }
}

/// True if the next visit to `at` gets a refusal.
fn refuses_next(state: &State, at: At) -> bool {
    let deeds = state.deeds.lock().unwrap();
    let next = deeds.get(&at).and_then(|list| list.first());
    matches!(next, Some(Deed::Say(text)) if !text.starts_with('2'))
}

/// `None` when the connection broke or was told to; nobody needs to know.
fn serve(connection: &TcpStream, state: &State) -> Option<()> {
    connection.set_nodelay(true).ok()?;
    connection
        .set_read_timeout(Some(Duration::from_secs(120)))
        .ok()?;
    let mut reader = BufReader::new(connection);
    let mut out = connection;
    deed(state, At::Greeting, "220 hop ESMTP", &mut out)?;
    let mut message = Taken {
        mail: String::new(),
        rcpts: Vec::new(),
        xforward: Vec::new(),
        content: Vec::new(),
    };
    loop {
        let mut line = Vec::new();
        if reader
            .by_ref()
            .take(10_000)
            .read_until(b'\n', &mut line)
            .ok()?
            == 0
        {
            return None;
        }
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        state.lines.lock().unwrap().push(line.clone());
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "DATA" if message.rcpts.is_empty() => out.write_all(NO_RECIPIENTS).ok()?,
            "DATA" => take_data(state, &mut reader, &mut out, &mut message)?,
            "QUIT" => {
                deed(state, At::Quit, "221 2.0.0 Bye", &mut out)?;
                return Some(());
            }
            verb => answer(state, verb, line.clone(), &mut message, &mut out)?,
        }
    }
}

/// Answers a command that does not change who speaks.
fn answer(
    state: &State,
    verb: &str,
    line: String,
    message: &mut Taken,
    out: &mut impl Write,
) -> Option<()> {
    match verb {
        "EHLO" | "LHLO" => deed(state, At::Hello, &hello(state), out),
        "HELO" => deed(state, At::Hello, "250 hop", out),
        "XFOR" => {
            message.xforward.push(line);
            out.write_all(b"250 2.0.0 Ok\r\n").ok()
        }
        "MAIL" => {
            message.mail = if refuses_next(state, At::Mail) {
                String::new()
            } else {
                line
            };
            message.rcpts.clear();
            deed(state, At::Mail, "250 2.1.0 Ok", out)
        }
        "RCPT" if message.mail.is_empty() => out.write_all(b"503 5.5.1 need MAIL\r\n").ok(),
        "RCPT" => {
            let answers = state.rcpt_answers.lock().unwrap().clone();
            match answers.iter().find(|(part, _)| line.contains(part)) {
                Some((_, answer)) => write!(out, "{answer}\r\n").ok(),
                None => {
                    message.rcpts.push(line);
                    deed(state, At::Rcpt, "250 2.1.5 Ok", out)
                }
            }
        }
        "RSET" => deed(state, At::Reset, "250 2.0.0 Ok", out),
        "NOOP" => deed(state, At::Noop, "250 2.0.0 Ok", out),
        _ => out.write_all(b"500 5.5.2 what?\r\n").ok(),
    }
}

fn hello(state: &State) -> String {
    let hides = state.hides.lock().unwrap();
    let xforward = state.xforward.lock().unwrap();
    let all = [
        "PIPELINING",
        "8BITMIME",
        "SMTPUTF8",
        "ENHANCEDSTATUSCODES",
        "DSN",
        xforward
            .as_deref()
            .unwrap_or("XFORWARD NAME ADDR PORT PROTO HELO SOURCE IDENT"),
    ];
    let shown: Vec<&str> = all
        .into_iter()
        .filter(|line| !hides.iter().any(|hidden| line.starts_with(hidden.as_str())))
        .collect();
    let lines: Vec<String> = std::iter::once("hop")
        .chain(shown)
        .map(str::to_owned)
        .collect();
    let last = lines.len() - 1;
    let form =
        |(at, line): (usize, &String)| format!("250{}{line}", if at == last { ' ' } else { '-' });
    lines
        .iter()
        .enumerate()
        .map(form)
        .collect::<Vec<_>>()
        .join("\r\n")
}

fn take_data(
    state: &State,
    reader: &mut impl BufRead,
    out: &mut impl Write,
    message: &mut Taken,
) -> Option<()> {
    // A next hop that does not say 354 does not read data either.
    let told = state
        .deeds
        .lock()
        .unwrap()
        .get(&At::Data)
        .is_some_and(|list| !list.is_empty());
    deed(state, At::Data, "354 go ahead", out)?;
    if told {
        return Some(());
    }
    let content_told = state
        .deeds
        .lock()
        .unwrap()
        .get(&At::Content)
        .is_some_and(|list| !list.is_empty());
    if content_told {
        deed(state, At::Content, "", &mut std::io::sink())?;
    }
    let mut content = Vec::new();
    loop {
        let mut line = Vec::new();
        if reader.read_until(b'\n', &mut line).ok()? == 0 {
            return None;
        }
        if line == b".\r\n" {
            break;
        }
        content.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
    let number = state.taken.lock().unwrap().len() + 1;
    let replies = if state.lmtp.load(Ordering::SeqCst) {
        message.rcpts.len()
    } else {
        1
    };
    let mut said = Vec::new();
    for _ in 0..replies {
        let usual = format!("250 2.0.0 Ok: queued as Q{number}");
        if deed(state, At::End, &usual, &mut said).is_none() {
            drop(out.write_all(&said));
            return None;
        }
    }
    if said.starts_with(b"2") {
        let taken = Taken {
            content,
            ..message.clone()
        };
        state.taken.lock().unwrap().push(taken);
    }
    message.xforward.clear();
    message.rcpts.clear();
    out.write_all(&said).ok()
}
