//! Clients that send until they are told to stop, and the counting of mail at both ends.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
};

use super::{client::Client, next_hop::NextHop};

/// Running clients.
#[derive(Debug)]
pub struct Load {
    state: Arc<State>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct State {
    is_over: AtomicBool,
    next: AtomicUsize,
    /// What each message met: true for a 2xx.
    acknowledged: Mutex<Vec<usize>>,
    refused: Mutex<Vec<String>>,
    /// Connections that were refused, or ended without a reply to the data.
    broken: AtomicUsize,
    refused_connections: AtomicUsize,
}

/// What the counting gave.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Count {
    /// Acknowledged to the client.
    pub acknowledged: usize,
    /// Acknowledged, but the next hop never got them.
    pub lost: Vec<usize>,
    /// Copies beyond the first.
    pub doubled: usize,
    /// Sessions that broke before the client had its reply; it sent the message again.
    pub broken: usize,
    /// Connections that nobody listened to.
    pub refused_connections: usize,
    /// Replies that were no success.
    pub refused: Vec<String>,
}

impl Load {
    /// `clients` at once, each with `per_session` messages a session.
    pub fn start(address: SocketAddr, clients: usize, per_session: usize) -> Self {
        let state = Arc::new(State::default());
        let run = |_| {
            let state = Arc::clone(&state);
            std::thread::spawn(move || {
                while !state.is_over.load(Ordering::SeqCst) {
                    session(address, per_session, &state);
                }
            })
        };
        let threads = (0..clients).map(run).collect();
        Self { state, threads }
    }

    /// Messages acknowledged so far.
    pub fn acknowledged(&self) -> usize {
        self.state.acknowledged.lock().unwrap().len()
    }

    /// Ends the clients and counts.
    pub fn stop(mut self, hop: &NextHop) -> Count {
        self.state.is_over.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
        let mut copies: BTreeMap<String, usize> = BTreeMap::new();
        for taken in hop.taken() {
            let content = String::from_utf8_lossy(&taken.content).into_owned();
            let id = content.split("X-Number: ").nth(1).unwrap();
            *copies
                .entry(id.lines().next().unwrap().to_owned())
                .or_default() += 1;
        }
        let acknowledged = self.state.acknowledged.lock().unwrap().clone();
        let is_lost = |number: &usize| !copies.contains_key(&number.to_string());
        Count {
            acknowledged: acknowledged.len(),
            lost: acknowledged.iter().copied().filter(is_lost).collect(),
            doubled: copies.values().map(|copies| copies - 1).sum(),
            broken: self.state.broken.load(Ordering::SeqCst),
            refused_connections: self.state.refused_connections.load(Ordering::SeqCst),
            refused: self.state.refused.lock().unwrap().clone(),
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::SeqCst);
    }
}

/// One session. A message that broke off is sent again in the next one, as a mail server does.
fn session(address: SocketAddr, messages: usize, state: &State) {
    let Ok(mut client) = Client::try_dial(address) else {
        state.refused_connections.fetch_add(1, Ordering::SeqCst);
        return;
    };
    for _ in 0..messages {
        let number = state.next.fetch_add(1, Ordering::SeqCst);
        let mut reply = try_message(&mut client, number);
        while reply.is_none() {
            state.broken.fetch_add(1, Ordering::SeqCst);
            match Client::try_dial(address) {
                Ok(another) => client = another,
                Err(_) if state.is_over.load(Ordering::SeqCst) => return,
                Err(_) => continue,
            }
            reply = try_message(&mut client, number);
        }
        match reply.unwrap() {
            reply if reply.starts_with('2') => state.acknowledged.lock().unwrap().push(number),
            reply => state.refused.lock().unwrap().push(reply),
        }
    }
    if client.try_send(b"QUIT\r\n").is_ok() {
        client.try_reply();
    }
}

/// `None` if the connection broke.
fn try_message(client: &mut Client, number: usize) -> Option<String> {
    if !client.has_greeted {
        client
            .try_reply()
            .filter(|greeting| greeting.starts_with("220"))?;
        client.try_send(b"EHLO client.example\r\n").ok()?;
        client
            .try_reply()
            .filter(|reply| reply.starts_with("250"))?;
        client.has_greeted = true;
    }
    let text = "0123456789".repeat(20);
    client
        .try_send(b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n")
        .ok()?;
    for _ in 0..3 {
        let reply = client.try_reply()?;
        if reply.starts_with("421") {
            return None;
        }
        if !reply.starts_with(['2', '3']) {
            return Some(reply);
        }
    }
    let content = format!("Subject: x\r\nX-Number: {number}\r\n\r\n{text}\r\n.\r\n");
    client.try_send(content.as_bytes()).ok()?;
    client.try_reply().filter(|reply| !reply.starts_with("421"))
}
