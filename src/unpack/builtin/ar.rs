//! ar, and with it Debian packages: GNU and BSD names.
//!
//! # Source
//! ar(5); deb(5).

use super::super::{
    cursor::Cursor,
    members::{Failure, Member, Members},
    name,
};

const MAGIC: &[u8] = b"!<arch>\n";

/// A text field, without the blanks and NULs around it.
pub(super) fn padded(field: &[u8]) -> &[u8] {
    let end = field.iter().rposition(|octet| !matches!(octet, 0 | b' '));
    let field = field
        .get(..end.map_or(0, |end| end + 1))
        .unwrap_or_default();
    field.trim_ascii_start()
}

fn number(field: &[u8]) -> Option<usize> {
    std::str::from_utf8(padded(field)).ok()?.parse().ok()
}

pub(in super::super) fn decode(
    content: &[u8],
    members: &mut Members<'_, '_>,
) -> Result<(), Failure> {
    if !content.starts_with(MAGIC) {
        return Err(Failure::Foreign);
    }
    let cut = || Failure::Damaged("it is cut off".to_owned());
    let mut cursor = Cursor::from(content, MAGIC.len());
    let mut long_names: &[u8] = &[];
    while !cursor.rest().is_empty() {
        let header = cursor.take(60).ok_or_else(cut)?;
        let field = header.get(..16).unwrap_or_default();
        let size = header
            .get(48..58)
            .and_then(number)
            .ok_or_else(|| Failure::Damaged("a size is no number".to_owned()))?;
        let data = cursor.take(size.min(cursor.rest().len())).ok_or_else(cut)?;
        let is_cut = data.len() < size;
        if size % 2 == 1 {
            // The last member may lack its padding.
            let _padding = cursor.skip(1);
        }
        let field = padded(field);
        if field == b"//" {
            long_names = data;
            continue;
        }
        if matches!(field, b"/" | b"/SYM64/") || field.starts_with(b"__.SYMDEF") {
            continue;
        }
        let (file, data) = resolved(field, data, long_names);
        members.bytes(Member::named(name::text(file)), data)?;
        if is_cut {
            return Err(cut());
        }
    }
    Ok(())
}

/// Name and data of a member: long names stand in a table (GNU) or before the data (BSD).
fn resolved<'a>(field: &'a [u8], data: &'a [u8], long_names: &'a [u8]) -> (&'a [u8], &'a [u8]) {
    if let Some(length) = field.strip_prefix(b"#1/").and_then(number)
        && let Some((file, rest)) = data.split_at_checked(length)
    {
        return (padded(file), rest);
    }
    if let Some(at) = field.strip_prefix(b"/").and_then(number)
        && let Some(rest) = long_names.get(at..)
    {
        let end = rest.iter().position(|octet| *octet == b'\n');
        let file = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        return (file.strip_suffix(b"/").unwrap_or(file), data);
    }
    (field.strip_suffix(b"/").unwrap_or(field), data)
}
