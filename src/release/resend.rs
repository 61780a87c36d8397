//! The message itself, sent again: its own octets below fields that say who sent it again, and when (RFC 5322 section 3.6.6).

use super::Parts;
use crate::{
    mail::{address::Address, text::folded},
    sys::clock::LocalTime,
};

/// The message with its new fields, in canonical form.
pub(super) fn compose(parts: &Parts<'_>) -> Vec<u8> {
    let host = &parts.config.identity.host_name;
    let date = LocalTime::now().for_mail();
    let from = match &parts.request.requested_by {
        Some(address) => shown(address),
        None => parts.config.release.from.clone(),
    };
    let to = match parts.recipients {
        [only] => shown(only),
        _ => "undisclosed-recipients:;".to_owned(),
    };
    let old = parts.copy.label.mail_id.as_ref();
    let id = match old {
        Some(old) => format!("{old}-{}", parts.new_id),
        None => parts.new_id.to_string(),
    };
    let mut fields = vec![received(parts, &date)];
    fields.extend([
        folded(&format!("Resent-From: {from}")),
        folded(&format!("Resent-To: {to}")),
        folded(&format!("Resent-Date: {date}")),
        folded(&format!("Resent-Message-ID: <{id}@{host}>")),
    ]);
    let mut content = Vec::with_capacity(parts.copy.message().len() + 1024);
    for field in fields {
        content.extend_from_slice(field.as_bytes());
        content.extend_from_slice(b"\r\n");
    }
    content.extend_from_slice(parts.copy.message());
    content
}

fn received(parts: &Parts<'_>, date: &str) -> String {
    let product = parts.config.identity.product.as_deref().unwrap_or("amavis");
    let whom = match parts.recipients {
        [only] => format!("\r\n for {only}"),
        _ => String::new(),
    };
    format!(
        "Received: from unknown by {} ({product}, unix socket)\r\n id {}{whom};\r\n {date}",
        parts.config.identity.localhost_name, parts.new_id
    )
}

/// `a@example.com`, as it stands in a field of addresses.
pub(super) fn shown(address: &Address) -> String {
    String::from_utf8_lossy(address.as_bytes()).into_owned()
}
