//! One more file into the runbook's files, each once.

use super::Files;
use crate::runbook::{SourceFile, Sources};

/// The most files that one runbook may have.
const MOST: usize = 1000;

impl Sources {
    /// The file that `path` names in the file `base`, read when it was not yet; its index.
    pub fn bring(&mut self, files: &dyn Files, base: &str, path: &str) -> Result<u16, String> {
        let name = beside(base, path);
        if let Some(index) = self.files.iter().position(|file| file.name == name) {
            return u16::try_from(index).map_err(|_| "there are too many files".into());
        }
        if self.files.len() >= MOST {
            return Err("there are too many files".into());
        }
        let bytes = files.read(&name)?;
        self.files.push(SourceFile::new(files.show(&name), name, bytes));
        u16::try_from(self.files.len() - 1).map_err(|_| "there are too many files".into())
    }
}

/// The name of what `path` means in the file `base`: `../shared/x.sh` in `more/common.yaml` is `shared/x.sh`.
pub fn beside(base: &str, path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    let folder = base.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = vec![];
    let rooted = base.starts_with('/');
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if rooted { format!("/{joined}") } else { joined }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_from_the_file_that_says_them() {
        assert_eq!(beside("a.yaml", "common.yaml"), "common.yaml");
        assert_eq!(beside("a.yaml", "./smoke.sh"), "smoke.sh");
        assert_eq!(beside("more/common.yaml", "../shared/x.sh"), "shared/x.sh");
        assert_eq!(beside("../common.yaml", "../x.sh"), "../../x.sh");
        assert_eq!(beside("a.yaml", "/etc/x"), "/etc/x");
        assert_eq!(beside("/etc/a.yaml", "x"), "/etc/x");
    }
}
