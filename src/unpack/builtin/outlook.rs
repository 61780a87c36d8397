//! TNEF: what Outlook puts attachments into (`winmail.dat`).
//!
//! # Source
//! [MS-OXTNEF].

use super::super::{
    cursor::Cursor,
    members::{Failure, Member, Members},
    name,
};

const SIGNATURE: u32 = 0x223E_9F78;
const ATTACH_TITLE: u32 = 0x0001_8010;
const ATTACH_DATA: u32 = 0x0006_800F;
const ATTACH_PROPERTIES: u32 = 0x0006_9005;
const ATTACH_RENDERING: u32 = 0x0006_9002;
const MESSAGE_PROPERTIES: u32 = 0x0006_9003;
/// Properties of an attachment: its data, and its names.
const DATA: u16 = 0x3701;
const LONG_NAME: u16 = 0x3707;
const SHORT_NAME: u16 = 0x3704;
/// Properties of a message: its text as HTML, and as compressed RTF.
const HTML: u16 = 0x1013;
/// Octets of an object's class, before its data.
const CLASS: usize = 16;

#[derive(Default)]
struct Attachment<'a> {
    title: Option<String>,
    data: Option<&'a [u8]>,
    names: Vec<String>,
    object: Option<&'a [u8]>,
}

impl Attachment<'_> {
    fn hand_over(self, members: &mut Members<'_, '_>) -> Result<(), Failure> {
        let mut member = Member::default();
        for name in self.names.iter().chain(&self.title) {
            member = member.also_named(name);
        }
        let wanted = |data: &&[u8]| !data.is_empty();
        if let Some(object) = self.object.filter(wanted)
            && self.data != Some(object)
        {
            members.bytes(member.clone(), object)?;
        }
        match self.data {
            Some(data) => members.bytes(member, data),
            None => Ok(()),
        }
    }
}

pub(in super::super) fn tnef(content: &[u8], members: &mut Members<'_, '_>) -> Result<(), Failure> {
    let mut cursor = Cursor::new(content);
    if cursor.u32_le() != Some(SIGNATURE) || cursor.skip(2).is_none() {
        return Err(Failure::Foreign);
    }
    let mut attachment = Attachment::default();
    let mut is_cut = false;
    while !cursor.rest().is_empty() {
        let Some((id, data)) = attribute(&mut cursor) else {
            is_cut = true;
            break;
        };
        match id {
            ATTACH_RENDERING => std::mem::take(&mut attachment).hand_over(members)?,
            ATTACH_TITLE => {
                let title = data.split(|octet| *octet == 0).next().unwrap_or_default();
                attachment.title = Some(name::text(title));
            }
            ATTACH_DATA => attachment.data = Some(data),
            ATTACH_PROPERTIES => {
                properties(data, &mut |id, value| match id {
                    DATA => attachment.object = Some(value.get(CLASS..).unwrap_or(value)),
                    LONG_NAME | SHORT_NAME => attachment.names.push(text(value)),
                    _ => {}
                });
            }
            MESSAGE_PROPERTIES => {
                let mut bodies = Vec::new();
                properties(data, &mut |id, value| {
                    if id == HTML {
                        bodies.push(value);
                    }
                });
                for body in bodies {
                    members.bytes(Member::default(), body)?;
                }
            }
            _ => {}
        }
    }
    attachment.hand_over(members)?;
    if is_cut {
        return Err(Failure::Damaged("it is cut off".to_owned()));
    }
    Ok(())
}

fn attribute<'a>(cursor: &mut Cursor<'a>) -> Option<(u32, &'a [u8])> {
    cursor.skip(1)?;
    let id = cursor.u32_le()?;
    let length = cursor.length()?;
    let data = cursor.take(length)?;
    // The checksum is not looked at: readers do not either.
    cursor.skip(2)?;
    Some((id, data))
}

/// Text of a property: wide if every other octet of its beginning is NUL.
fn text(value: &[u8]) -> String {
    if value.get(1) == Some(&0) && value.len() > 2 {
        name::wide(value)
    } else {
        name::text(value.split(|octet| *octet == 0).next().unwrap_or_default())
    }
}

/// Calls `each` for every property; stops at what it does not understand.
fn properties<'a>(data: &'a [u8], each: &mut dyn FnMut(u16, &'a [u8])) -> Option<()> {
    let mut cursor = Cursor::new(data);
    let count = cursor.u32_le()?;
    for _ in 0..count {
        let kind = cursor.u16_le()?;
        let id = cursor.u16_le()?;
        if id >= 0x8000 {
            named(&mut cursor)?;
        }
        let fixed = match kind & 0x0FFF {
            0x0002 | 0x000B | 0x0003 | 0x0004 | 0x000A => Some(4),
            0x0005 | 0x0006 | 0x0007 | 0x0014 | 0x0040 => Some(8),
            0x0048 => Some(16),
            _ => None,
        };
        let is_multiple = kind & 0x1000 != 0;
        let values = if is_multiple || fixed.is_none() {
            cursor.u32_le()?
        } else {
            1
        };
        for _ in 0..values {
            let length = match fixed {
                Some(length) => length,
                None => cursor.length()?,
            };
            let value = cursor.take(length)?;
            let _padding = cursor.skip((4 - length % 4) % 4);
            each(id, value);
        }
    }
    Some(())
}

/// The name of a named property, passed over.
fn named(cursor: &mut Cursor<'_>) -> Option<()> {
    cursor.skip(CLASS)?;
    if cursor.u32_le()? == 0 {
        return cursor.skip(4);
    }
    let length = cursor.length()?;
    cursor.skip(length)?;
    cursor.skip((4 - length % 4) % 4)
}
