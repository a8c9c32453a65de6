//! A git folder, through the `git` command.

use chrono::{DateTime, Utc};

use super::ctx::{Ctx, maybe, short};
use super::process::{self, Ended, Job};
use super::seen::{Problem, Seen};
use crate::runbook::kinds::Git;
use crate::words::Value;

/// Looks once: two commands, both read-only and without locks.
pub(super) async fn look(spec: &Git, ctx: &Ctx) -> Seen {
    match read(spec, ctx).await {
        Ok(seen) => seen,
        Err(problem) => problem.into(),
    }
}

async fn read(spec: &Git, ctx: &Ctx) -> Result<Seen, Problem> {
    let folder = maybe(spec.folder.as_ref())?;
    // %H commit, %cI committer date, %D names: `HEAD -> main, tag: v1.0, origin/main`.
    let head = git(&["log", "-1", "--decorate=short", "--format=%H%n%cI%n%D"], folder, ctx).await?;
    let status = git(&["status", "--porcelain", "--untracked-files=normal"], folder, ctx).await?;
    let mut lines = head.stdout.lines();
    let (commit, date, names) =
        (lines.next().unwrap_or_default(), lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let names: Vec<&str> = names.split(", ").collect();
    let branch = names.iter().find_map(|n| n.strip_prefix("HEAD -> ")).unwrap_or_default();
    let tag = names.iter().find_map(|n| n.strip_prefix("tag: ")).unwrap_or_default();
    let changed = status.stdout.lines().count();
    let time = DateTime::parse_from_rfc3339(date).map_or(Value::NoData, |t| Value::Time(t.with_timezone(&Utc)));

    let place = [tag, branch].into_iter().find(|n| !n.is_empty()).unwrap_or("no branch");
    let mut text = format!("{} ({place})", commit.get(..9).unwrap_or(commit));
    if changed > 0 {
        text.push_str(&format!(", {changed} changed"));
    }
    Ok(Seen::text(text)
        .field("commit", Value::Text(commit.to_owned()))
        .field("branch", Value::Text(branch.to_owned()))
        .field("tag", Value::Text(tag.to_owned()))
        .field("dirty", Value::Bool(changed > 0))
        .field("commit_time", time))
}

async fn git(args: &[&str], folder: Option<&str>, ctx: &Ctx) -> Result<Ended, Problem> {
    let mut env = ctx.env.clone();
    env.insert("GIT_OPTIONAL_LOCKS".into(), "0".into());
    env.insert("LC_ALL".into(), "C".into());
    let cwd = folder.map_or_else(|| ctx.root.clone(), |f| ctx.path(f));
    let argv = ["git"].iter().chain(args).map(|&a| a.to_owned()).collect();
    let ended = process::run(Job { argv, cwd, env }).await?;
    if ended.code == 0 {
        return Ok(ended);
    }
    let problem = Problem::nothing(format!("git: {}", short(ended.stderr.trim_start_matches("fatal: "), 100)));
    Err(if ended.stderr.contains("dubious ownership") {
        problem.hint("the folder is another account's: `git config --global --add safe.directory FOLDER`")
    } else if ended.stderr.contains("not a git repository") {
        problem.hint("set `folder:` to the repository")
    } else {
        problem
    })
}
