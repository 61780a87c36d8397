//! The lines that tell of a message when it is in, at level 1.
//!
//! # Source
//! daemon.md 3.3 (transaction line), 7.2 (`Checking`).

use std::fmt;

use super::{Arrived, Workshop, trace_field};
use crate::{
    config::{listen::ListenAddress, settled::Config},
    mail::{envelope::Envelope, id::MailId},
};

/// Writes them, if they are to be seen.
pub(super) fn announce(arrived: &Arrived<'_>, mail_id: &MailId, workshop: &mut Workshop<'_>) {
    let log = workshop.log;
    if !log.shows(1) {
        return;
    }
    let envelope = arrived.envelope;
    let field = trace_field::received(arrived, None, workshop.config, workshop.date.now());
    let field = String::from_utf8_lossy(&field).replace("\r\n", "");
    log.write(
        1,
        Some(arrived.log_id),
        format_args!(
            "{}{} {}: {} -> {}{} {field}",
            arrived.protocol,
            place(arrived, workshop.config),
            workshop.config.process.temp_base.display(),
            envelope.reverse_path,
            Recipients(envelope),
            Options(envelope),
        ),
    );
    log.write(
        1,
        Some(arrived.log_id),
        format_args!(
            "Checking: {mail_id} {} {} -> {}",
            arrived.client.shown().unwrap_or_default(),
            envelope.reverse_path,
            Recipients(envelope)
        ),
    );
}

/// ` [127.0.0.1]:10024`, or `:10024` where that is the only address; nothing for a UNIX socket.
fn place(arrived: &Arrived<'_>, config: &Config) -> String {
    let (Some(address), Some(port)) = (arrived.local, arrived.port) else {
        return String::new();
    };
    let is_other = |listen: &ListenAddress| match listen {
        ListenAddress::Tcp(listen) => listen.ip() != address,
        ListenAddress::Unix(_) => false,
    };
    if config.listen.addresses.iter().any(is_other) {
        format!(" [{address}]:{port}")
    } else {
        format!(" :{port}")
    }
}

/// `<a@b>,<c@d>`
struct Recipients<'e>(&'e Envelope);

impl fmt::Display for Recipients<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, recipient) in self.0.recipients.iter().enumerate() {
            let separator = if at == 0 { "" } else { "," };
            write!(f, "{separator}{}", recipient.address)?;
        }
        Ok(())
    }
}

/// ` SIZE=.. BODY=.. RET=.. ENVID=..`: what MAIL asked for.
struct Options<'e>(&'e Envelope);

impl fmt::Display for Options<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let envelope = self.0;
        if let Some(size) = envelope.declared_size {
            write!(f, " SIZE={size}")?;
        }
        if let Some(body) = envelope.body {
            write!(f, " BODY={}", body.as_str())?;
        }
        if let Some(ret) = envelope.ret {
            write!(f, " RET={}", ret.as_str())?;
        }
        if let Some(envid) = &envelope.envid {
            write!(f, " ENVID={envid}")?;
        }
        if envelope.wants_smtputf8 {
            f.write_str(" SMTPUTF8")?;
        }
        Ok(())
    }
}
