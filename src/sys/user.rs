//! Users and groups, and dropping privileges for good.
//!
//! # Guards
//! I4: [`Identity::assume`] sets groups, group and user, in this order, and then checks that there is no way back.

use std::{io, path::Path};

use nix::unistd::{
    Gid, Group, Uid, User, chown, geteuid, getgroups, setgroups, setresgid, setresuid,
};

/// Whom the daemon runs as.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// Name, for messages.
    pub name: String,
    uid: Uid,
    gid: Gid,
    /// All groups, `gid` included.
    groups: Vec<Gid>,
}

impl Identity {
    /// Looks up a user by name or number, with groups by name or number; without groups, those of the user database.
    ///
    /// # Errors
    /// `NotFound` with a text that names what is missing.
    pub fn look_up(user: &str, groups: &[String]) -> io::Result<Self> {
        let missing = |what: String| io::Error::new(io::ErrorKind::NotFound, what);
        let by_name = User::from_name(user)?;
        let entry = match (by_name, user.parse()) {
            (Some(entry), _) => Some(entry),
            (None, Ok(number)) => User::from_uid(Uid::from_raw(number))?,
            (None, Err(_)) => None,
        };
        let entry = entry.ok_or_else(|| missing(format!("user {user:?} does not exist")))?;
        let mut wanted = Vec::new();
        for group in groups {
            wanted.push(
                group_id(group)?
                    .ok_or_else(|| missing(format!("group {group:?} does not exist")))?,
            );
        }
        if wanted.is_empty() {
            let name = std::ffi::CString::new(entry.name.clone())?;
            wanted = nix::unistd::getgrouplist(&name, entry.gid)?;
            wanted.retain(|gid| *gid != entry.gid);
            wanted.insert(0, entry.gid);
        }
        let gid = wanted.first().copied().unwrap_or(entry.gid);
        Ok(Self {
            name: entry.name,
            uid: entry.uid,
            gid,
            groups: wanted,
        })
    }

    /// True for the superuser.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.uid.is_root()
    }

    /// The user's number.
    #[must_use]
    pub fn uid(&self) -> u32 {
        self.uid.as_raw()
    }

    /// The first group's number.
    #[must_use]
    pub fn gid(&self) -> u32 {
        self.gid.as_raw()
    }

    /// Becomes this identity, for good.
    ///
    /// # Errors
    /// The kernel's, or `PermissionDenied` if the old identity could be had back.
    pub fn assume(&self) -> io::Result<()> {
        setgroups(&self.groups)?;
        setresgid(self.gid, self.gid, self.gid)?;
        setresuid(self.uid, self.uid, self.uid)?;
        self.check()
    }

    /// Checks that this process is this identity and cannot become another one.
    ///
    /// # Errors
    /// `PermissionDenied`.
    pub fn check(&self) -> io::Result<()> {
        let users = nix::unistd::getresuid()?;
        let groups = nix::unistd::getresgid()?;
        let is_so = [users.real, users.effective, users.saved]
            .iter()
            .all(|uid| *uid == self.uid)
            && [groups.real, groups.effective, groups.saved]
                .iter()
                .all(|gid| *gid == self.gid)
            && getgroups()?.iter().all(|gid| self.groups.contains(gid));
        let root = Uid::from_raw(0);
        let is_final = self.uid.is_root() || setresuid(root, root, root).is_err();
        if is_so && is_final {
            Ok(())
        } else {
            Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "privileges could not be dropped",
            ))
        }
    }

    /// Makes this identity the owner of a file.
    ///
    /// # Errors
    /// The kernel's.
    pub fn own(&self, path: &Path) -> io::Result<()> {
        Ok(chown(path, Some(self.uid), Some(self.gid))?)
    }
}

fn group_id(group: &str) -> io::Result<Option<Gid>> {
    if let Some(entry) = Group::from_name(group)? {
        return Ok(Some(entry.gid));
    }
    match group.parse() {
        Ok(number) => Ok(Group::from_gid(Gid::from_raw(number))?.map(|entry| entry.gid)),
        Err(_) => Ok(None),
    }
}

/// True if this process can make and remove entries in a folder.
#[must_use]
pub fn can_write_in(folder: &Path) -> bool {
    let wanted = nix::unistd::AccessFlags::W_OK | nix::unistd::AccessFlags::X_OK;
    nix::unistd::eaccess(folder, wanted).is_ok()
}

/// True if we run as the superuser.
#[must_use]
pub fn is_superuser() -> bool {
    geteuid().is_root()
}

/// Our effective user number.
#[must_use]
pub fn effective_user() -> u32 {
    geteuid().as_raw()
}

/// Our effective group number.
#[must_use]
pub fn effective_group() -> u32 {
    nix::unistd::getegid().as_raw()
}

/// The name of a user number, or the number.
#[must_use]
pub fn name_of(uid: u32) -> String {
    User::from_uid(Uid::from_raw(uid))
        .ok()
        .flatten()
        .map_or_else(|| uid.to_string(), |entry| entry.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_name_and_number() {
        let root = Identity::look_up("root", &[]).unwrap();
        assert!(root.is_root());
        assert_eq!(Identity::look_up("0", &[]).unwrap(), root);
        assert!(
            Identity::look_up("no-such-user-here", &[])
                .unwrap_err()
                .to_string()
                .contains("no-such-user-here")
        );
        assert!(
            Identity::look_up("root", &["no-such-group".into()])
                .unwrap_err()
                .to_string()
                .contains("no-such-group")
        );
        assert_eq!(name_of(0), "root");
    }
}
