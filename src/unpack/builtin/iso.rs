//! Images of discs: ISO 9660 with Joliet and Rock Ridge, and UDF.

use std::io::{self, Cursor, Write};

use isomage::TreeNode;

use super::super::members::{Failure, Member, Members, brief, damaged};
use crate::mail::node::{Entry, State};

/// Levels of folders.
const DEEPEST: usize = 64;

pub(in super::super) fn decode(
    content: &[u8],
    members: &mut Members<'_, '_>,
) -> Result<(), Failure> {
    let mut source = Cursor::new(content);
    let root = isomage::detect_and_parse_filesystem(&mut source, "image").map_err(damaged)?;
    let mut open: Vec<(&TreeNode, String, usize)> = root
        .children
        .iter()
        .rev()
        .map(|node| (node, String::new(), 0))
        .collect();
    while let Some((node, above, depth)) = open.pop() {
        let name = format!("{above}{}", node.name);
        if node.is_directory {
            members.phantom(Member::named(name.clone()).entry(Entry::Folder))?;
            if depth < DEEPEST {
                let below = node.children.iter().rev();
                open.extend(below.map(|child| (child, format!("{name}/"), depth + 1)));
            }
            continue;
        }
        let mut out = Bounded {
            content: Vec::new(),
            left: members.most_octets(),
        };
        let member = Member::named(name);
        match isomage::cat_node(&mut source, node, &mut out) {
            Ok(_) => {
                members.charge(out.content.len())?;
                members.hand_over(member, out.content)?;
            }
            Err(error) => {
                members.charge(out.content.len())?;
                let state = State::Undecodable(format!("damaged: {}", brief(error)));
                members.hand_over(member.state(state), out.content)?;
            }
        }
    }
    Ok(())
}

/// Takes what the library writes, up to a bound.
struct Bounded {
    content: Vec<u8>,
    left: u64,
}

impl Write for Bounded {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let count = octets.len() as u64;
        self.left = self
            .left
            .checked_sub(count)
            .ok_or_else(|| io::Error::other("it is too large"))?;
        self.content.extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
