//! Microsoft cabinets.

use std::io::Cursor;

use super::super::members::{End, Failure, Member, Members, brief, damaged};
use crate::mail::node::State;

pub(in super::super) fn decode(
    content: &[u8],
    members: &mut Members<'_, '_>,
) -> Result<(), Failure> {
    let mut cabinet = cab::Cabinet::new(Cursor::new(content)).map_err(damaged)?;
    let names: Vec<String> = cabinet
        .folder_entries()
        .flat_map(|folder| {
            folder
                .file_entries()
                .map(|file| file.name().to_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    let mut worst = None;
    for name in names {
        let member = Member::named(name.clone());
        match cabinet.read_file(&name) {
            Ok(mut file) => {
                if let End::Damaged(error) = members.read(member, &mut file)? {
                    worst = Some(brief(error));
                }
            }
            Err(error) => {
                let why = brief(error);
                members.phantom(member.state(State::Undecodable(format!("damaged: {why}"))))?;
                worst = Some(why);
            }
        }
    }
    worst.map_or(Ok(()), |why| Err(Failure::Damaged(why)))
}
