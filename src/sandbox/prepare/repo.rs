//! The root folder's git repository: the running release, and the one to deploy on top of it.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use chrono::{DateTime, TimeDelta, Utc};

use super::before;
use super::files::{write_live, write_tree};
use crate::sandbox::world::log::Entry;
use crate::sandbox::world::settings::Settings;

/// Author and committer of all commits.
const AUTHOR: (&str, &str) = ("cryptoutil release", "release@cryptoutil.example");

/// Writes the tree of both releases and commits each with its tag; without git on the PATH only the newer tree is there.
/// Returns what the deployment of the earlier release changed.
///
/// # Errors
/// A file cannot be written, or git fails.
pub(super) fn write(root: &Path, settings: &Settings, now: DateTime<Utc>) -> io::Result<Vec<Entry>> {
    write_tree(root, settings, &settings.previous)?;
    write_live(root)?;
    let with_git = match git(root, now, &["init", "-q"]) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        other => other.map(|_| true)?,
    };
    let mut revision = String::new();
    if with_git {
        git(root, now, &["symbolic-ref", "HEAD", "refs/heads/main"])?;
        commit(root, &settings.previous, now - TimeDelta::days(21))?;
        revision = git(root, now, &["rev-parse", "HEAD"])?.trim().to_owned();
    }
    let before = before::changes(root, settings, &revision)?;
    write_tree(root, settings, &settings.release)?;
    if with_git {
        commit(root, &settings.release, now - TimeDelta::hours(2))?;
    }
    Ok(before)
}

fn commit(root: &Path, version: &str, at: DateTime<Utc>) -> io::Result<()> {
    git(root, at, &["add", "--all"])?;
    git(root, at, &["commit", "-q", "--allow-empty", "-m", &format!("Release {version}")])?;
    git(root, at, &["tag", "-f", &format!("v{version}")])?;
    Ok(())
}

fn git(root: &Path, at: DateTime<Utc>, args: &[&str]) -> io::Result<String> {
    let date = at.format("%Y-%m-%dT%H:%M:%S+0000").to_string();
    let mut command = Command::new("git");
    // The operator's own git settings, hooks and signing keys play no part here.
    command
        .current_dir(root)
        .args(["-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false", "-c", "gc.auto=0"])
        .args(args)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_NAME", AUTHOR.0)
        .env("GIT_AUTHOR_EMAIL", AUTHOR.1)
        .env("GIT_COMMITTER_NAME", AUTHOR.0)
        .env("GIT_COMMITTER_EMAIL", AUTHOR.1)
        .env("GIT_AUTHOR_DATE", &date)
        .env("GIT_COMMITTER_DATE", &date)
        .stdin(Stdio::null());
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_CEILING_DIRECTORIES"] {
        command.env_remove(name);
    }
    let output = command.output()?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let what = args.first().copied().unwrap_or_default();
        let text = String::from_utf8_lossy(&output.stderr);
        Err(io::Error::other(format!("the sandbox's repository: git {what}: {}", text.trim())))
    }
}
