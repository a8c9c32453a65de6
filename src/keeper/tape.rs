//! What an attempt's output becomes on disk: `N.out`, `N.tim`, `N.stdout`, and the running hash.
//!
//! Bytes that the disk does not take stay pending; the caller stops reading the PTY until they are gone.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::fstatvfs;
use sha2::{Digest, Sha256};

use crate::words::files;

/// Most of a captured stdout that is kept in `N.stdout`, in bytes; captures are read into memory by the host.
pub(super) const STDOUT_CAP: u64 = 16 << 20;
/// Timing lines that wait for the disk, in bytes; they are worth less than the output and are dropped beyond this.
const TIM_PENDING_CAP: usize = 64 << 10;

/// A file that is appended to.
pub(super) trait Sheet: Write + Send {
    /// Forces what was written to the disk.
    fn sync(&self) -> io::Result<()>;
}

/// How output files come into being; tests give one whose disk is full.
pub(super) type Opener = Arc<dyn Fn(&Path) -> io::Result<Box<dyn Sheet>> + Send + Sync>;

/// The last bytes of a disk that output leaves to the journal: what a loud command takes there, nobody could write down
/// any more that it was stopped. Twice the journal's reserve.
const LEFT: u64 = 2 << 20;

/// Real files.
pub(super) fn real_files() -> Opener {
    files_that_leave(LEFT)
}

fn files_that_leave(left: u64) -> Opener {
    Arc::new(move |path| Ok(Box::new(Considerate { file: super::files::create_new(path)?, left })))
}

/// A file that does not take the last of the disk.
struct Considerate {
    file: File,
    left: u64,
}

impl Write for Considerate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A file system that does not count its blocks says nothing.
        if let Ok(disk) = fstatvfs(&self.file)
            && disk.f_blocks > 0
            && disk.f_bavail.saturating_mul(disk.f_frsize) < self.left
        {
            let why = format!("no space left but the last {} MiB, which are the journal's", self.left >> 20);
            return Err(io::Error::new(io::ErrorKind::StorageFull, why));
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sheet for Considerate {
    fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// One file, made at its first byte, and what it has not taken yet.
struct Strip {
    path: PathBuf,
    opener: Opener,
    sheet: Option<Box<dyn Sheet>>,
    pending: Vec<u8>,
}

impl Strip {
    fn new(path: PathBuf, opener: &Opener) -> Self {
        Self { path, opener: Arc::clone(opener), sheet: None, pending: Vec::new() }
    }

    /// Writes what is pending; `taken` is called with what the file took, also before an error.
    fn flush(&mut self, mut taken: impl FnMut(&[u8])) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let mut done = 0;
        let outcome = self.write_from(&mut done);
        taken(&self.pending[..done]);
        self.pending.drain(..done);
        outcome.map_err(|error| super::files::named(error, &self.path))
    }

    fn write_from(&mut self, done: &mut usize) -> io::Result<()> {
        let sheet = match &mut self.sheet {
            Some(sheet) => sheet,
            None => self.sheet.insert((self.opener)(&self.path)?),
        };
        while *done < self.pending.len() {
            match sheet.write(&self.pending[*done..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => *done += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// The output files of one attempt.
pub(super) struct Tape {
    out: Strip,
    tim: Strip,
    stdout: Option<Strip>,
    stdout_len: u64,
    stdout_truncated: bool,
    hash: Sha256,
    len: u64,
    lost: u64,
    last: Option<u8>,
}

impl Tape {
    /// No file is made before there is output.
    pub(super) fn new(folder: &Path, attempt: u32, opener: &Opener, capture: bool) -> Self {
        let strip = |name: String| Strip::new(folder.join(name), opener);
        Self {
            out: strip(files::out(attempt)),
            tim: strip(files::tim(attempt)),
            stdout: capture.then(|| strip(files::stdout(attempt))),
            stdout_len: 0,
            stdout_truncated: false,
            hash: Sha256::new(),
            len: 0,
            lost: 0,
            last: None,
        }
    }

    /// Takes redacted bytes as the terminal shows them.
    pub(super) fn show(&mut self, bytes: &[u8]) {
        self.out.pending.extend_from_slice(bytes);
        self.last = bytes.last().copied().or(self.last);
    }

    /// Takes redacted bytes of a captured stdout: raw into `N.stdout`, and shown as a terminal would, LF as CRLF.
    pub(super) fn show_stdout(&mut self, bytes: &[u8]) {
        if let Some(strip) = &mut self.stdout {
            let room = usize::try_from(STDOUT_CAP.saturating_sub(self.stdout_len)).unwrap_or(usize::MAX);
            let kept = bytes.len().min(room);
            strip.pending.extend_from_slice(&bytes[..kept]);
            self.stdout_len += kept as u64;
            self.stdout_truncated |= kept < bytes.len();
        }
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            match line.split_last() {
                Some((b'\n', text)) => {
                    self.out.pending.extend_from_slice(text);
                    self.out.pending.extend_from_slice(b"\r\n");
                }
                _ => self.out.pending.extend_from_slice(line),
            }
        }
        self.last = bytes.last().copied().or(self.last);
    }

    /// Writes what is pending; `at` is the time since the spawn.
    pub(super) fn flush(&mut self, at: Duration) -> io::Result<()> {
        let before = self.len;
        let Self { out, hash, len, .. } = self;
        let outcome = out.flush(|taken| {
            hash.update(taken);
            *len += taken.len() as u64;
        });
        if self.len > before {
            // Timing is for replay only: when it cannot be written the output still counts.
            if self.tim.pending.len() < TIM_PENDING_CAP {
                let _ = writeln!(self.tim.pending, "{} {}", at.as_micros(), self.len - before);
            }
            let _ = self.tim.flush(|_| {});
        }
        outcome?;
        match &mut self.stdout {
            Some(stdout) => stdout.flush(|_| {}),
            None => Ok(()),
        }
    }

    /// Drops what is pending: the operator went on without a disk.
    pub(super) fn give_up(&mut self) {
        self.lost += self.out.pending.len() as u64;
        self.out.pending.clear();
        if let Some(stdout) = &mut self.stdout {
            self.stdout_truncated |= !stdout.pending.is_empty();
            self.stdout_len -= stdout.pending.len() as u64;
            stdout.pending.clear();
        }
    }

    /// Forces `N.out` to the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        match &self.out.sheet {
            Some(sheet) => sheet.sync(),
            None => Ok(()),
        }
    }

    /// Bytes of `N.out`.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Whether the last line that was shown has no end yet.
    pub(super) fn unfinished(&self) -> bool {
        self.last.is_some_and(|byte| byte != b'\n')
    }

    /// Bytes that were dropped.
    pub(super) fn lost(&self) -> u64 {
        self.lost
    }

    /// Lower-case hex of what `N.out` holds.
    pub(super) fn sha256(&self) -> String {
        self.hash.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Length of `N.stdout` and whether it was cut, when stdout is captured.
    pub(super) fn stdout(&self) -> (Option<u64>, bool) {
        (self.stdout.as_ref().map(|_| self.stdout_len), self.stdout_truncated)
    }
}

#[cfg(test)]
pub(super) mod full_disk {
    //! A disk that can be full.
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A disk with so many bytes of room left for all its files together.
    pub(in crate::keeper) fn with_room(room: &Arc<AtomicUsize>) -> Opener {
        let room = Arc::clone(room);
        Arc::new(move |path| {
            Ok(Box::new(Limited { file: crate::keeper::files::create_new(path)?, room: Arc::clone(&room) }))
        })
    }

    struct Limited {
        file: File,
        room: Arc<AtomicUsize>,
    }

    impl Write for Limited {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let room = self.room.load(Ordering::SeqCst);
            if room == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            let n = self.file.write(&bytes[..bytes.len().min(room)])?;
            self.room.fetch_sub(n, Ordering::SeqCst);
            Ok(n)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Sheet for Limited {
        fn sync(&self) -> io::Result<()> {
            self.file.sync_data()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn sha(bytes: &[u8]) -> String {
        Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn no_output_costs_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut tape = Tape::new(folder.path(), 1, &real_files(), true);
        tape.flush(Duration::ZERO).unwrap();
        tape.sync().unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert_eq!((tape.len(), tape.sha256(), tape.stdout()), (0, sha(b""), (Some(0), false)));
    }

    #[test]
    fn a_full_disk_keeps_bytes_and_goes_on_where_it_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let room = Arc::new(AtomicUsize::new(4));
        let mut tape = Tape::new(folder.path(), 1, &full_disk::with_room(&room), false);
        tape.show(b"hello world\r\n");
        let error = tape.flush(Duration::from_micros(7)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(error.to_string().contains("1.out"), "{error}");
        assert_eq!((tape.len(), tape.sha256()), (4, sha(b"hell")));

        room.store(1000, Ordering::SeqCst);
        tape.flush(Duration::from_micros(9)).unwrap();
        assert_eq!(std::fs::read(folder.path().join("1.out")).unwrap(), b"hello world\r\n");
        assert_eq!((tape.len(), tape.sha256(), tape.lost()), (13, sha(b"hello world\r\n"), 0));
        assert_eq!(std::fs::read_to_string(folder.path().join("1.tim")).unwrap(), "7 4\n9 9\n");
        assert!(!tape.unfinished());
    }

    #[test]
    fn the_last_of_the_disk_is_the_journal_s() {
        let folder = tempfile::tempdir().unwrap();
        let mut tape = Tape::new(folder.path(), 1, &files_that_leave(u64::MAX), false);
        tape.show(b"hello");
        let error = tape.flush(Duration::ZERO).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(error.to_string().contains("journal's"), "{error}");
        assert_eq!(tape.len(), 0);
    }

    #[test]
    fn what_is_given_up_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let room = Arc::new(AtomicUsize::new(2));
        let mut tape = Tape::new(folder.path(), 1, &full_disk::with_room(&room), false);
        tape.show(b"abcdef");
        tape.flush(Duration::ZERO).unwrap_err();
        tape.give_up();
        tape.flush(Duration::ZERO).unwrap();
        assert_eq!((tape.len(), tape.lost(), tape.unfinished()), (2, 4, true));
    }

    #[test]
    fn captured_stdout_is_raw_in_its_file_and_has_crlf_on_the_screen() {
        let folder = tempfile::tempdir().unwrap();
        let mut tape = Tape::new(folder.path(), 1, &real_files(), true);
        tape.show_stdout(b"a\nb");
        tape.show_stdout(b"\n\nc");
        tape.flush(Duration::ZERO).unwrap();
        assert_eq!(std::fs::read(folder.path().join("1.stdout")).unwrap(), b"a\nb\n\nc");
        assert_eq!(std::fs::read(folder.path().join("1.out")).unwrap(), b"a\r\nb\r\n\r\nc");
        assert_eq!(tape.stdout(), (Some(6), false));
    }

    #[test]
    fn captured_stdout_stops_at_its_cap_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let mut tape = Tape::new(folder.path(), 1, &real_files(), true);
        let chunk = vec![b'x'; 1 << 20];
        for _ in 0..17 {
            tape.show_stdout(&chunk);
            tape.flush(Duration::ZERO).unwrap();
        }
        assert_eq!(tape.stdout(), (Some(STDOUT_CAP), true));
        assert_eq!(std::fs::metadata(folder.path().join("1.stdout")).unwrap().len(), STDOUT_CAP);
        assert_eq!(tape.len(), 17 << 20);
    }
}
