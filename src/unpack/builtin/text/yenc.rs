//! yEnc.

use memchr::memmem;

use super::{
    super::super::{
        members::{Failure, Member, Members},
        name,
    },
    MOST,
};

pub(in super::super::super) fn yenc(
    content: &[u8],
    members: &mut Members<'_, '_>,
) -> Result<(), Failure> {
    let mut rest = content;
    for _ in 0..MOST {
        let Some(at) = memmem::find(rest, b"=ybegin ") else {
            return Ok(());
        };
        let from = rest.get(at..).unwrap_or_default();
        let line_end = memchr::memchr(b'\n', from).unwrap_or(from.len());
        let line = from.get(..line_end).unwrap_or_default().trim_ascii_end();
        let file = memmem::find(line, b" name=").and_then(|at| line.get(at + 6..));
        let body = from.get(line_end + 1..).unwrap_or_default();
        let end = memmem::find(body, b"=yend");
        let text = body.get(..end.unwrap_or(body.len())).unwrap_or_default();
        let data = decoded(text);
        members.charge(data.len())?;
        let mut member = Member::named(name::text(file.unwrap_or_default()));
        if end.is_none() {
            member = member.odd("has no end");
        }
        members.hand_over(member, data)?;
        rest = body.get(text.len()..).unwrap_or_default();
    }
    Ok(())
}

fn decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for line in text.split(|octet| *octet == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.starts_with(b"=ypart ") {
            continue;
        }
        // Dots at the beginning of lines may have been doubled on the way by news systems: mail undoes that itself.
        let mut octets = line.iter();
        while let Some(&octet) = octets.next() {
            let octet = if octet == b'=' {
                octets.next().map_or(octet, |next| next.wrapping_sub(64))
            } else {
                octet
            };
            out.push(octet.wrapping_sub(42));
        }
    }
    out
}
