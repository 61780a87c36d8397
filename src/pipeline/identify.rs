//! Names for messages: mail ids, and the key under which a message is known again.
//!
//! # Source
//! daemon.md 2.2 (form of ids), decision 27 (key: queue id or digest).

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    io,
};

use data_encoding::BASE64URL_NOPAD;
use md5::{Digest, Md5};

use crate::{
    mail::{envelope::Envelope, id::MailId},
    sys::random::Pool,
};

/// Makes mail ids; one for each child, made after the fork.
#[derive(Debug, Default)]
pub struct Identifier {
    pool: Pool,
}

impl Identifier {
    /// A new mail id.
    ///
    /// # Errors
    /// If the kernel gives no random octets.
    pub fn mail_id(&mut self) -> io::Result<MailId> {
        self.with_secret().map(|(id, _)| id)
    }

    /// A new mail id, the digest of a secret, and that secret: who knows it can prove it.
    ///
    /// # Errors
    /// If the kernel gives no random octets.
    pub fn with_secret(&mut self) -> io::Result<(MailId, String)> {
        loop {
            let mut secret = [0_u8; 9];
            self.pool.take(&mut secret)?;
            let digest = BASE64URL_NOPAD.encode(&Md5::digest(secret));
            // One in sixteen begins or ends with `-` or `_`: draw again.
            if let Some(id) = digest.get(..12).and_then(MailId::from_text) {
                return Ok((id, BASE64URL_NOPAD.encode(&secret)));
            }
        }
    }
}

/// The key of a message in the poison table, never 0: from its queue id, or from its envelope and beginning.
///
/// `keys` are the master's, so that all children agree and no sender can choose.
#[must_use]
pub fn key_of(
    keys: &RandomState,
    queue_id: Option<&str>,
    envelope: &Envelope,
    size: u64,
    head: &[u8],
) -> u64 {
    let mut hasher = keys.build_hasher();
    match queue_id {
        Some(queue_id) => hasher.write(queue_id.as_bytes()),
        None => {
            hasher.write_u64(size);
            hasher.write(envelope.reverse_path.as_bytes());
            for recipient in &envelope.recipients {
                hasher.write(recipient.address.as_bytes());
                hasher.write_u8(0);
            }
            hasher.write(head);
        }
    }
    hasher.finish().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::{address::Address, envelope::Recipient};

    #[test]
    fn ids_are_all_different() {
        let mut identifier = Identifier::default();
        let ids: std::collections::BTreeSet<String> = (0..1000)
            .map(|_| identifier.mail_id().unwrap().as_str().to_owned())
            .collect();
        assert_eq!(ids.len(), 1000);
    }

    #[test]
    fn a_message_is_known_again() {
        let keys = RandomState::new();
        let envelope = |to: &str| Envelope {
            recipients: vec![Recipient {
                address: Address::parse(to.as_bytes()).unwrap(),
                ..Recipient::default()
            }],
            ..Envelope::default()
        };
        let key =
            |queue_id, to: &str, head: &[u8]| key_of(&keys, queue_id, &envelope(to), 10, head);
        assert_eq!(key(None, "a@b", b"x"), key(None, "a@b", b"x"));
        assert_ne!(key(None, "a@b", b"x"), key(None, "a@b", b"y"));
        assert_ne!(key(None, "a@b", b"x"), key(None, "a@c", b"x"));
        assert_eq!(
            key(Some("4433C9D2139"), "a@b", b"x"),
            key(Some("4433C9D2139"), "a@c", b"y")
        );
    }
}
