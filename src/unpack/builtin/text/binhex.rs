//! `BinHex` 4.0.

use memchr::memmem;

use super::super::super::{
    cursor::Cursor,
    members::{Failure, Member, Members},
    name,
};

const MARK: &[u8] = b"(This file must be converted with BinHex";
const ALPHABET: &[u8; 64] = b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";
/// Stands before a count of repetitions.
const REPEAT: u8 = 0x90;

pub(in super::super::super) fn binhex(
    content: &[u8],
    members: &mut Members<'_, '_>,
) -> Result<(), Failure> {
    let read = || {
        let at = memmem::find(content, MARK)?;
        let rest = content.get(at + MARK.len()..)?;
        let begin = memchr::memchr(b':', rest)?;
        let rest = rest.get(begin + 1..)?;
        let end = memchr::memchr(b':', rest).unwrap_or(rest.len());
        rest.get(..end)
    };
    let text = read().ok_or(Failure::Foreign)?;
    let octets = expanded(text, members)?;
    let cut = || Failure::Damaged("it is cut off".to_owned());
    let mut cursor = Cursor::new(&octets);
    let length = usize::from(cursor.u8().ok_or_else(cut)?);
    let file = name::text(cursor.take(length).ok_or_else(cut)?);
    // Version, type, creator, flags.
    cursor.skip(1 + 4 + 4 + 2).ok_or_else(cut)?;
    let data = cursor.u32_be().ok_or_else(cut)?;
    let resource = cursor.u32_be().ok_or_else(cut)?;
    cursor.skip(2).ok_or_else(cut)?;
    let mut is_cut = false;
    for (length, member) in [
        (data, Member::named(file.clone())),
        (resource, Member::named(file).odd("a resource fork")),
    ] {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length == 0 {
            let _checksum = cursor.skip(2);
            continue;
        }
        let fork = cursor.take(length.min(cursor.rest().len()));
        let fork = fork.unwrap_or_default();
        is_cut |= fork.len() < length;
        members.hand_over(member, fork.to_vec())?;
        let _checksum = cursor.skip(2);
    }
    if is_cut { Err(cut()) } else { Ok(()) }
}

/// Six bits a character, then runs.
fn expanded(text: &[u8], members: &mut Members<'_, '_>) -> Result<Vec<u8>, Failure> {
    let (mut bits, mut count) = (0_u32, 0_u32);
    let mut packed = Vec::with_capacity(text.len());
    for octet in text {
        let Some(value) = ALPHABET.iter().position(|letter| letter == octet) else {
            continue;
        };
        bits = bits << 6 | u32::try_from(value).unwrap_or_default();
        count += 6;
        if count >= 8 {
            count -= 8;
            packed.push(u8::try_from(bits >> count & 0xff).unwrap_or_default());
        }
    }
    let mut out: Vec<u8> = Vec::with_capacity(packed.len());
    let mut octets = packed.into_iter();
    while let Some(octet) = octets.next() {
        if octet != REPEAT {
            out.push(octet);
            continue;
        }
        match octets.next() {
            Some(0) | None => out.push(REPEAT),
            Some(times) => {
                let last = out.last().copied().unwrap_or_default();
                out.extend(std::iter::repeat_n(last, usize::from(times) - 1));
            }
        }
    }
    members.charge(out.len())?;
    Ok(out)
}
