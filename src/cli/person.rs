//! Who sits here: the login name at this machine.

use rustix::process::geteuid;

use crate::words::Actor;

/// `anna@ops1`: the login name and the machine's name.
pub fn operator() -> Actor {
    Actor(format!("{}@{}", login(), machine()))
}

/// An operator of another name at this machine.
pub fn named(name: &str) -> Actor {
    if name.contains('@') { Actor(name.to_owned()) } else { Actor(format!("{name}@{}", machine())) }
}

/// The login name of the account that this process runs as.
pub fn login() -> String {
    let uid = geteuid().as_raw();
    std::fs::read_to_string("/etc/passwd")
        .ok()
        .and_then(|text| of_uid(&text, uid))
        // Accounts of a directory service stand in no file.
        .or_else(|| ["LOGNAME", "USER"].iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty())))
        .unwrap_or_else(|| format!("uid{uid}"))
}

fn of_uid(passwd: &str, uid: u32) -> Option<String> {
    passwd.lines().find_map(|line| {
        let mut parts = line.split(':');
        let name = parts.next()?;
        (parts.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

/// The account's name for a number, else the number.
pub fn account(uid: u32) -> String {
    std::fs::read_to_string("/etc/passwd")
        .ok()
        .and_then(|text| of_uid(&text, uid))
        .unwrap_or_else(|| format!("uid{uid}"))
}

/// The machine's name, without its domain.
pub fn machine() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    name.split('.').next().unwrap_or("here").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_is_found_by_its_number() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\nanna:x:1000:1000:,,,:/home/anna:/bin/zsh\nbad line\n";
        assert_eq!(of_uid(passwd, 1000).as_deref(), Some("anna"));
        assert_eq!(of_uid(passwd, 7), None);
        assert_eq!(named("bob@ops2").0, "bob@ops2");
        assert!(named("bob").0.starts_with("bob@"));
    }
}
