//! Signals of the master: signal-hook's pipe in mio's poll.

use std::{io, time::Duration};

use mio::{Events, Interest, Poll, Token, net::UnixStream};
use signal_hook::{
    consts::{
        SIGCHLD, SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM, SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2,
    },
    iterator::{backend::SignalDelivery, exfiltrator::SignalOnly},
};

use crate::sys::signal;

/// What a signal means (decision 24).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Order {
    /// CHLD
    Reap,
    /// USR1
    ReopenLog,
    /// TTIN
    OneMore,
    /// TTOU
    OneFewer,
    /// HUP
    Reload,
    /// USR2
    Upgrade,
    /// QUIT
    Quit,
    /// TERM, INT
    Stop,
}

/// The master's wait.
#[derive(Debug)]
pub(super) struct Signals {
    poll: Poll,
    events: Events,
    delivery: SignalDelivery<UnixStream, SignalOnly>,
}

impl Signals {
    /// Registers the handlers, then opens the mask: what came in between is delivered now (D3).
    pub(super) fn new() -> io::Result<Self> {
        let (mut read, write) = UnixStream::pair()?;
        let poll = Poll::new()?;
        poll.registry()
            .register(&mut read, Token(0), Interest::READABLE)?;
        let wanted = [
            SIGCHLD, SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM, SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2,
        ];
        let delivery = SignalDelivery::with_pipe(read, write, SignalOnly, wanted)?;
        signal::unblock_all()?;
        Ok(Self {
            poll,
            events: Events::with_capacity(8),
            delivery,
        })
    }

    /// Waits for signals, at most `timeout`; gives what they mean, each once, the mildest first.
    pub(super) fn wait(&mut self, timeout: Duration) -> io::Result<Vec<Order>> {
        match self.poll.poll(&mut self.events, Some(timeout)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        // A signal to a child wakes this poll as well: then there is nothing pending.
        let mut orders: Vec<Order> = self.delivery.pending().filter_map(order).collect();
        orders.sort_unstable();
        orders.dedup();
        Ok(orders)
    }
}

const fn order(number: i32) -> Option<Order> {
    Some(match number {
        SIGCHLD => Order::Reap,
        SIGHUP => Order::Reload,
        SIGTERM | SIGINT => Order::Stop,
        SIGQUIT => Order::Quit,
        SIGUSR1 => Order::ReopenLog,
        SIGUSR2 => Order::Upgrade,
        SIGTTIN => Order::OneMore,
        SIGTTOU => Order::OneFewer,
        _ => return None,
    })
}
