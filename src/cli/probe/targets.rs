//! What is looked at: addresses, and files of them.

use std::path::{Path, PathBuf};

use url::Url;

use super::Stop;

/// The addresses of the command line and of its files, in order, each once.
///
/// # Errors
/// One is no address, a file cannot be read, there is none at all.
pub fn gather(words: &[String], files: &[PathBuf]) -> Result<Vec<String>, Stop> {
    let mut urls: Vec<String> = vec![];
    for word in words {
        // What has no scheme and is a file can only be meant as one.
        if !word.contains("://") && Path::new(word).is_file() {
            read(Path::new(word), &mut urls)?;
        } else {
            urls.push(checked(word).map_err(Stop::usage)?);
        }
    }
    for file in files {
        read(file, &mut urls)?;
    }
    let mut seen = std::collections::HashSet::new();
    urls.retain(|url| seen.insert(url.clone()));
    if urls.is_empty() { Err(Stop::usage("no address to look at: the files are empty")) } else { Ok(urls) }
}

fn read(file: &Path, into: &mut Vec<String>) -> Result<(), Stop> {
    let text = std::fs::read_to_string(file).map_err(|e| Stop::usage(format!("{}: {e}", file.display())))?;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let url = checked(line).map_err(|why| Stop::usage(format!("{}:{}: {why}", file.display(), number + 1)))?;
        into.push(url);
    }
    Ok(())
}

fn checked(text: &str) -> Result<String, String> {
    // A password in it is not for an error's text.
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(text.to_owned()),
        Ok(url) => Err(format!("`{}:` is not spoken here: write http:// or https://", url.scheme())),
        Err(error) => Err(format!("no address ({error}): write https://host:port/path")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_files_make_one_list() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("urls");
        std::fs::write(&file, "# the shop\nhttp://b/\n\n  https://c:8/x \nhttp://a/\n").unwrap();
        let words = ["http://a/".to_owned(), file.display().to_string()];
        assert_eq!(gather(&words, &[]).unwrap(), ["http://a/", "http://b/", "https://c:8/x"]);
        assert_eq!(gather(&[], &[file.clone()]).unwrap().len(), 3);
        std::fs::write(&file, "http://b/\nftp://u:hush@c/\n").unwrap();
        let why = gather(&[], &[file]).unwrap_err().to_string();
        assert!(why.contains("urls:2: `ftp:`") && !why.contains("hush"), "{why}");
        assert!(gather(&["shop.example".to_owned()], &[]).unwrap_err().to_string().contains("write https://"));
    }
}
