//! The second act: mail that is held back or marked, who is told of it, and how one gets it back.

use super::{
    maildir::Maildir,
    report::{log_id, main_line},
    samples::{HELD, SAMPLES, Sample},
    send,
    stage::Stage,
};
use crate::{
    cli::{
        print,
        table::{Colours, Side, Table},
    },
    config::{files::Sources, secure_open::Guard},
    counters::Cells,
    log::{Log, Settings},
    outbound::Outbound,
    pipeline::Identifier,
    release::{self, Desk, Request, Verb, Whom},
    sys::{clock::Deadline, wait::pause},
};
use std::time::Duration;

/// Longest wait for a line of the log, and for a release.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was found out about a message, by the log, the quarantine and the Maildir.
#[derive(Clone, Debug, Default)]
struct Fate {
    decided: String,
    /// The file below the quarantine.
    kept: Option<String>,
    mail_id: String,
    /// The next hop has it.
    is_delivered: bool,
    /// The administrator has a notice.
    is_told: bool,
}

/// Plays it; true if everything is as it should be.
pub(super) fn play(stage: &Stage, maildir: &Maildir, colours: Colours) -> Result<bool, String> {
    print::out("");
    print::out(&colours.bold("Held back, or marked"));
    print::out("");
    let mut table = Table::new(&[
        ("message", Side::Left),
        ("decided", Side::Left),
        ("to the client", Side::Left),
        ("kept as", Side::Left),
        ("and so", Side::Left),
    ]);
    let mut fates = Vec::new();
    for (at, sample) in HELD.iter().enumerate() {
        let reply = send(stage, SAMPLES.len() + at, sample)?;
        let fate = look_up(stage, reply.text(), maildir);
        table.add(vec![
            sample.what.to_owned(),
            fate.decided.clone(),
            reply.code().to_string(),
            fate.kept.clone().unwrap_or_else(|| "-".to_owned()),
            outcome(&fate),
        ]);
        fates.push((sample, fate));
    }
    let paint = |column: usize, cell: &str, text: String| match column {
        1 if cell.starts_with("Passed") => colours.yellow(&text),
        1 => colours.red(&text),
        _ => text,
    };
    table
        .lines(colours, paint)
        .iter()
        .for_each(|line| print::out(line));
    print::out("");
    let is_well = fates.iter().all(|(_, fate)| is_kept(stage, fate));
    // Somebody has been asked, and wants the program.
    let banned = fates
        .iter()
        .find(|(_, fate)| fate.decided.contains("BANNED"));
    let is_back = match banned {
        Some((sample, fate)) => back(stage, sample, fate, maildir, colours)?,
        None => false,
    };
    Ok(is_well && is_back)
}

fn outcome(fate: &Fate) -> String {
    let mut words = vec![match (fate.is_delivered, fate.decided.as_str()) {
        (true, decided) if decided.contains("SPAM") => "delivered, with a tag before its subject",
        (true, _) => "delivered, with an alert field",
        (false, _) => "not delivered",
    }];
    if fate.is_told {
        words.push("the administrator is told");
    }
    words.join("; ")
}

/// True if the copy that the log names is there.
fn is_kept(stage: &Stage, fate: &Fate) -> bool {
    fate.kept
        .as_ref()
        .is_some_and(|place| stage.quarantine().join(place).is_file())
}

fn look_up(stage: &Stage, reply: &str, maildir: &Maildir) -> Fate {
    let deadline = Deadline::after(PATIENCE);
    loop {
        let log = stage.log_text();
        if let Some(line) = log_id(reply).and_then(|id| main_line(&log, id)) {
            return read(line, maildir);
        }
        if deadline.has_passed() {
            return Fate::default();
        }
        pause(Duration::from_millis(5));
    }
}

/// Reads a main entry of the log.
fn read(line: &str, maildir: &Maildir) -> Fate {
    let part = |name: &str| {
        line.split(", ")
            .find_map(|part| part.strip_prefix(name))
            .map(str::to_owned)
    };
    let decided = line.split('{').next().unwrap_or_default().trim_end();
    let mail_id = part("mail_id: ").unwrap_or_default();
    Fate {
        decided: decided.to_owned(),
        kept: part("quarantine: "),
        is_delivered: part("queued_as: ").is_some(),
        is_told: maildir.has(format!("/{mail_id}\r\n").as_bytes()),
        mail_id,
    }
}

/// Releases a message, as `filterd quarantine release` does; true if it is in the Maildir then.
fn back(
    stage: &Stage,
    sample: &Sample,
    fate: &Fate,
    maildir: &Maildir,
    colours: Colours,
) -> Result<bool, String> {
    let sources = Sources {
        files: vec![stage.config()],
        overrides: Vec::new(),
        guard: Guard::Off,
    };
    let config = sources.load().map_err(|errors| errors.to_string())?;
    let quiet = Settings {
        level: -5,
        ..Settings::default()
    };
    let log = Log::on_standard_error(quiet);
    let cells = Cells::private();
    let hello = config.identity.localhost_name.clone();
    let mut outbound = Outbound::new(config.delivery.clone(), hello, cells);
    let new_id = Identifier::default()
        .mail_id()
        .map_err(|error| error.to_string())?;
    let place = release::find(&stage.quarantine(), &fate.mail_id)?;
    let request = Request {
        verb: Verb::Release,
        format: None,
        place: &place,
        mail_id: None,
        whom: Whom::Blocked,
        sender: None,
        requested_by: None,
    };
    let mut desk = Desk {
        config: &config,
        log: &log,
        outbound: &mut outbound,
        cells,
    };
    let sent = release::release(&request, &new_id, &mut desk, Deadline::after(PATIENCE));
    outbound.close();
    let sent = sent.map_err(|error| error.to_string())?;
    let is_there = sent.iter().all(|(_, result)| {
        result.as_ref().is_ok_and(|acceptance| {
            let content = maildir.find(&acceptance.queued_as()).ok().flatten();
            content.is_some_and(|content| content.ends_with(&sample.content()))
        })
    });
    let shown = format!("filterd quarantine release {}", fate.mail_id);
    print::out(&if is_there {
        colours.green(&format!(
            "{shown}: {} is in the Maildir now, as it was sent.",
            sample.what
        ))
    } else {
        colours.red(&format!("{shown}: {} did not arrive.", sample.what))
    });
    Ok(is_there)
}
