//! Files by name or glob.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::ctx::{Ctx, plain};
use super::seen::{Problem, Seen};
use super::trust::{hex, io_words, sha256_hex};
use crate::runbook::kinds::FileProbe;
use crate::words::{Value, short_duration};

/// Together no more than this is hashed at a look: 64 MiB. A backup of 50 GB is not read each ten seconds.
const HASH_CAP: u64 = 64 << 20;

/// The paths that match, sorted; a path that is there as written is taken as it is, whatever signs are in it.
pub(super) fn matches(pattern: &Path) -> Result<Vec<PathBuf>, Problem> {
    if pattern.symlink_metadata().is_ok() {
        return Ok(vec![pattern.to_owned()]);
    }
    let text = pattern.to_string_lossy();
    let found = glob::glob(&text).map_err(|e| Problem::nothing(format!("`{text}` is no path or glob: {}", e.msg)))?;
    let mut paths = vec![];
    for path in found {
        match path {
            Ok(path) => paths.push(path),
            Err(e) => {
                return Err(Problem::nothing(format!("{}: {}", e.path().display(), io_words(e.error()))));
            }
        }
    }
    paths.sort();
    Ok(paths)
}

/// Looks once, on a thread for files.
pub(super) async fn look(spec: &FileProbe, ctx: &Ctx) -> Seen {
    let shown = match plain(&spec.path) {
        Ok(path) => path.to_owned(),
        Err(problem) => return problem.into(),
    };
    let (pattern, root) = (ctx.path(&shown), ctx.root.clone());
    ctx.blocking(move || read(&pattern, &shown, &root).unwrap_or_else(Seen::from)).await
}

fn read(pattern: &Path, shown: &str, root: &Path) -> Result<Seen, Problem> {
    let paths = matches(pattern)?;
    let mut found: Vec<(PathBuf, Metadata)> = vec![];
    for path in paths {
        // A file that went away since the glob is not there.
        if let Ok(meta) = fs::metadata(&path) {
            found.push((path, meta));
        }
    }
    let count = Value::Number(found.len() as f64);
    let sizes: Vec<u64> = found.iter().filter(|(_, m)| m.is_file()).map(|(_, m)| m.len()).collect();
    let newest = found.iter().filter_map(|(_, m)| m.modified().ok()).max();
    let (Some(loosest), Some(newest)) =
        (found.iter().map(|(_, m)| m.permissions().mode() & 0o7777).max_by_key(looseness), newest)
    else {
        let why = format!("no file matches {shown}");
        let mut seen = Seen::text(why.clone()).field("count", count).value(0.0);
        for field in ["smallest", "largest", "distinct", "mode", "age", "sha256"] {
            seen = seen.missing(field, why.clone());
        }
        return Ok(seen);
    };
    let age = SystemTime::now().duration_since(newest).unwrap_or_default().as_secs_f64();
    let total: u64 = sizes.iter().sum();
    let size = Value::Size(total as f64);
    let text = match found.len() {
        1 => format!("{size}, {} old", short_duration(age)),
        n => format!("{n} files, {size}, newest {} old", short_duration(age)),
    };
    let mut seen = Seen::text(text)
        .field("count", count)
        .field("mode", Value::Text(format!("{loosest:04o}")))
        .field("age", Value::Duration(age))
        .value(found.len() as f64);
    if let (Some(least), Some(most)) = (sizes.iter().min(), sizes.iter().max()) {
        seen = seen.field("smallest", Value::Size(*least as f64)).field("largest", Value::Size(*most as f64));
    }
    let files: Vec<&Path> = found.iter().filter(|(_, m)| m.is_file()).map(|(p, _)| p.as_path()).collect();
    Ok(match hashes(&files, total) {
        Ok(list) if list.is_empty() => seen.missing("sha256", "folders are not hashed"),
        Ok(list) => {
            let distinct = list.iter().collect::<BTreeSet<_>>().len();
            let all = match list.as_slice() {
                [one] => one.clone(),
                many => {
                    let name = |p: &Path| p.strip_prefix(root).unwrap_or(p).display().to_string();
                    let lines: String = many.iter().zip(&files).map(|(h, p)| format!("{h}  {}\n", name(p))).collect();
                    sha256_hex(lines.as_bytes())
                }
            };
            seen.field("distinct", Value::Number(distinct as f64)).field("sha256", Value::Text(all))
        }
        Err(why) => seen.missing("sha256", why.clone()).missing("distinct", why),
    })
}

/// How much others may do, then the group, then the owner.
fn looseness(mode: &u32) -> (u32, u32, u32) {
    (mode & 0o7, (mode >> 3) & 0o7, *mode)
}

fn hashes(files: &[&Path], total: u64) -> Result<Vec<String>, String> {
    if total > HASH_CAP {
        return Err("larger than 64 MiB together: not hashed".into());
    }
    files.iter().map(|p| hash(p).map_err(|e| format!("{}: {}", p.display(), io_words(&e)))).collect()
}

/// The hash of a file that may grow meanwhile: read no further than the cap.
fn hash(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?.take(HASH_CAP);
    let (mut hasher, mut chunk) = (Sha256::new(), vec![0; 64 * 1024]);
    loop {
        let n = file.read(&mut chunk)?;
        if n == 0 {
            return Ok(hex(&hasher.finalize()));
        }
        hasher.update(&chunk[..n]);
    }
}
