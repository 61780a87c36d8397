//! `filterd demo`: the main job on this machine, without Postfix, without root, without a configuration.
//!
//! The real master and its real children run on ports of the loopback address; a next hop of our own takes Postfix's place behind
//! them and keeps the mail in a Maildir.

pub(super) mod next_hop;

mod held;
mod maildir;
mod report;
mod samples;
mod stage;

use std::{path::Path, time::Duration};

use self::{
    maildir::Maildir,
    report::{Fate, Sent},
    samples::{SAMPLES, Sample},
    stage::Stage,
};
use super::{exit, print, table::Colours};
use crate::{
    config::{method::Method, settled::DeliveryConfig},
    counters::Cells,
    log::{Log, Settings},
    mail::{id::LogId, reply::Reply},
    outbound::{Outbound, Outgoing, Route},
    spool::message::Message,
    sys::{
        clock::Deadline,
        process,
        signal::{self, Flag},
        wait::wait,
    },
    wire::smtp::{client, data},
};

/// Longest wait for one message.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often the log is looked at while people try things out.
const GLANCE: Duration = Duration::from_millis(300);

/// What the command line asks for.
#[derive(Clone, Debug)]
pub(super) struct Wish<'w> {
    /// End after the samples.
    pub(super) once: bool,
    /// Leave the next hop out.
    pub(super) without_next_hop: bool,
    /// Where everything is kept.
    pub(super) folder: &'w Path,
}

/// Runs the demonstration; gives the exit status.
pub(super) fn run(wish: &Wish<'_>) -> u8 {
    // Flags, not sudden death: what was started is ended in order.
    if let Err(error) = signal::install_child_handlers(std::iter::empty()) {
        print::error(&format!("filterd demo: {error}"));
        return exit::OS;
    }
    let mut stage = match Stage::set(wish.folder, !wish.without_next_hop) {
        Ok(stage) => stage,
        Err(why) => {
            print::error(&format!("filterd demo: {why}"));
            return exit::CANNOT_CREATE;
        }
    };
    let status = play(&stage, wish);
    stage.strike();
    match status {
        Ok(status) => status,
        Err(why) => {
            print::error(&format!("filterd demo: {why}"));
            exit::OS
        }
    }
}

fn play(stage: &Stage, wish: &Wish<'_>) -> Result<u8, String> {
    let colours = Colours::detect();
    introduce(stage, wish, colours);
    let maildir = Maildir::open(stage.maildir()).map_err(|error| error.to_string())?;
    let mut all = Vec::new();
    for (at, sample) in SAMPLES.iter().enumerate() {
        let reply = send(stage, at, sample)?;
        let sent = Sent {
            sample: *sample,
            reply,
        };
        let fate = look_up(stage, &sent, &maildir);
        all.push((sent, fate));
    }
    report::table(&all, colours)
        .iter()
        .for_each(|line| print::out(line));
    print::out("");
    let delivered = all
        .iter()
        .filter(|(sent, fate)| fate.is_delivered(sent))
        .count();
    for (sent, _) in all.iter().filter(|(sent, fate)| !fate.is_delivered(sent)) {
        print::out(&colours.red(&format!("{}: {}", sent.sample.what, sent.reply)));
    }
    let is_well = delivered == all.len();
    let count = format!("{delivered} of {} messages delivered", all.len());
    print::out(&if is_well {
        colours.green(&format!(
            "{count}: each is in the Maildir, with one trace field added and otherwise unchanged."
        ))
    } else {
        colours.red(&format!(
            "{count}. The others are still the client's: it has no 250, and will try again later."
        ))
    });
    let is_well = is_well && (wish.without_next_hop || held::play(stage, &maildir, colours)?);
    if !wish.once {
        tell_more(stage, colours);
        follow(stage);
    }
    Ok(if is_well {
        exit::OK
    } else {
        exit::NOT_DELIVERED
    })
}

fn introduce(stage: &Stage, wish: &Wish<'_>, colours: Colours) {
    print::out(&colours.bold("filterd demo"));
    print::out(&format!(
        "The daemon (process {}) listens on {}, and hands on to the next hop on {}{}.",
        stage.master(),
        stage.listens_at(),
        stage.next_hop_at(),
        if wish.without_next_hop {
            ", which is not there"
        } else {
            ""
        }
    ));
    print::out(&format!("Mail is kept in  {}", stage.maildir().display()));
    print::out(&format!("The log is in    {}", stage.log().display()));
    print::out("");
}

/// Hands a sample to the daemon, as Postfix would; gives the reply, or the refusal of whichever command was refused.
fn send(stage: &Stage, at: usize, sample: &Sample) -> Result<Reply, String> {
    let envelope = sample.envelope().map_err(|error| error.to_string())?;
    let content = sample.content();
    let facts = data::facts_of(&content);
    let message = Message::composed(content, facts);
    let client = Sample::client(at + 1);
    let method = Method::parse(&format!("smtp:[127.0.0.1]:{}", stage.listens_at().port()))?;
    let config = DeliveryConfig {
        forward: vec![method.clone()],
        notify: vec![method.clone()],
        bind_address: None,
        keeps_connections: false,
        keeps_on_demand: false,
        passes_dsn_on: false,
        ends_success_reports: false,
        soft_bounce: false,
    };
    let plan = client::Plan {
        reverse_path: &envelope.reverse_path,
        recipients: &envelope.recipients,
        body: envelope.body,
        smtputf8: envelope.wants_smtputf8,
        ret: None,
        envid: None,
        client: Some(&client),
        passes_dsn_on: false,
        ends_success_reports: false,
        lmtp: false,
        one_fails_all: true,
    };
    let log_id = LogId::new(process::id(), at as u64 + 1, 1);
    let outgoing = Outgoing {
        plan,
        prefix: &[],
        message: &message,
        log_id: &log_id,
    };
    let quiet = Settings {
        level: -5,
        ..Settings::default()
    };
    let log = Log::open(quiet).map_err(|error| error.to_string())?;
    let route = Route::new(&method, None, None)?;
    let mut outbound = Outbound::new(config, "mail.example.com".to_owned(), Cells::private());
    let delivery = outbound.send(&[route], &outgoing, Deadline::after(PATIENCE), &log);
    outbound.close();
    let reply = delivery.fates.into_iter().find_map(|fate| match fate {
        client::Fate::Taken(reply) | client::Fate::Refused(_, reply) => Some(reply),
        client::Fate::GivenUp | client::Fate::Later => None,
    });
    reply.ok_or_else(|| "the daemon gave no reply".to_owned())
}

/// The log may be a moment behind the reply.
fn look_up(stage: &Stage, sent: &Sent, maildir: &Maildir) -> Fate {
    let deadline = Deadline::after(Duration::from_secs(2));
    loop {
        let fate = Fate::find(sent, &stage.log_text(), maildir);
        if fate.decided.is_some() || deadline.has_passed() {
            return fate;
        }
        crate::sys::wait::pause(Duration::from_millis(5));
    }
}

fn tell_more(stage: &Stage, colours: Colours) {
    let address = stage.listens_at();
    let (host, port) = (address.ip(), address.port());
    let state = stage.state_dir();
    print::out("");
    print::out(&colours.bold("Talk to it"));
    for line in [
        format!("  swaks --server {address} --from you@example.com --to ben@example.net"),
        format!(
            "  telnet {host} {port}     and then: EHLO me, MAIL FROM:<you@example.com>, RCPT TO:<ben@example.net>, DATA"
        ),
        format!(
            "  filterd status --state-dir {}     shows the children at work",
            state.display()
        ),
        format!(
            "  filterd -c {} quarantine list     shows what is kept",
            stage.config().display()
        ),
    ] {
        print::out(&line);
    }
    print::out("");
    print::out(&colours.bold("Hook it to Postfix"));
    for line in [
        "  main.cf     content_filter = amavisfeed:[127.0.0.1]:10024",
        "  master.cf   amavisfeed unix - - n - 2 lmtp -o lmtp_data_done_timeout=1200 -o lmtp_send_xforward_command=yes",
        "              127.0.0.1:10025 inet n - n - - smtpd -o content_filter= -o mynetworks=127.0.0.0/8",
        "  Details, and all the options that belong there: filterd(8), and etc/postfix in the sources.",
    ] {
        print::out(line);
    }
    print::out("");
    print::out(&colours.dim("New mail is shown here. End with Ctrl-C."));
}

/// Shows what comes in, until a signal comes.
fn follow(stage: &Stage) {
    let mut shown = stage.log_text().len();
    while !signal::is_set(Flag::Stop) {
        // A wait that cannot be had is only a shorter one.
        if wait(&mut [], Some(Deadline::after(GLANCE)), true).is_err() {
            return;
        }
        let text = stage.log_text();
        // Only whole lines: the last one may still be on its way.
        let end = text.rfind('\n').map_or(0, |at| at + 1);
        for line in text.get(shown..end).unwrap_or_default().lines() {
            if let Some(at) = line.find("Passed ").or_else(|| line.find("Blocked ")) {
                print::out(line.get(at..).unwrap_or_default());
            }
        }
        shown = end.max(shown);
        if !process::is_alive(stage.master()) {
            print::out("the daemon has ended");
            return;
        }
    }
}
