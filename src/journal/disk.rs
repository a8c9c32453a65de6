//! What the journal needs of a disk, and the real one.
//!
//! The trait exists so that tests can fail the Nth call, lose what was not synced, or tear a write.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::FallocateFlags;

/// Bytes kept back for the journal's last words on a full disk.
pub const RESERVE_BYTES: u64 = 1024 * 1024;

/// The calls that a journal makes. Every one may fail; none is retried by the implementation but for `EINTR`.
pub trait Disk {
    /// An open file.
    type File;

    /// Makes a file for reading and writing, mode 0600; fails when it exists.
    ///
    /// # Errors
    ///
    /// What the system says; so for all calls.
    fn create(&self, path: &Path) -> io::Result<Self::File>;
    /// Opens a file for reading and writing; `None` when there is none.
    fn open(&self, path: &Path) -> io::Result<Option<Self::File>>;
    /// The file's length in bytes.
    fn len(&self, file: &Self::File) -> io::Result<u64>;
    /// Reads exactly `into.len()` bytes.
    fn read_at(&self, file: &Self::File, offset: u64, into: &mut [u8]) -> io::Result<()>;
    /// Writes all bytes; on an error any part of them may have been written.
    fn write_at(&self, file: &Self::File, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Cuts or extends the file.
    fn set_len(&self, file: &Self::File, len: u64) -> io::Result<()>;
    /// fdatasync.
    fn sync(&self, file: &Self::File) -> io::Result<()>;
    /// fsync of a folder: makes created, renamed and removed names durable.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
    /// Reads a file from its start; `None` when there is none.
    fn reader(&self, path: &Path) -> io::Result<Option<Box<dyn BufRead + '_>>>;
    /// Removes a file; fine when there is none.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes a file that really occupies `bytes`, or nothing.
    fn reserve(&self, path: &Path, bytes: u64) -> io::Result<()>;
    /// Bytes that this account may still use on the folder's file system.
    fn free(&self, dir: &Path) -> io::Result<u64>;
}

/// The file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    type File = File;

    fn create(&self, path: &Path) -> io::Result<File> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
        // The mode of open(2) is cut by the umask; this one is not.
        file.set_permissions(Permissions::from_mode(0o600))?;
        Ok(file)
    }

    fn open(&self, path: &Path) -> io::Result<Option<File>> {
        found(OpenOptions::new().read(true).write(true).open(path))
    }

    fn len(&self, file: &File) -> io::Result<u64> {
        Ok(file.metadata()?.len())
    }

    fn read_at(&self, file: &File, offset: u64, into: &mut [u8]) -> io::Result<()> {
        file.read_exact_at(into, offset)
    }

    fn write_at(&self, file: &File, offset: u64, bytes: &[u8]) -> io::Result<()> {
        file.write_all_at(bytes, offset)
    }

    fn set_len(&self, file: &File, len: u64) -> io::Result<()> {
        file.set_len(len)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }

    fn reader(&self, path: &Path) -> io::Result<Option<Box<dyn BufRead + '_>>> {
        let file = found(File::open(path))?;
        Ok(file.map(|f| Box::new(BufReader::with_capacity(256 * 1024, f)) as Box<dyn BufRead>))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        found(std::fs::remove_file(path)).map(drop)
    }

    fn reserve(&self, path: &Path, bytes: u64) -> io::Result<()> {
        let file = self.create(path)?;
        let result = match rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, bytes) {
            // File systems without fallocate: zeros do as well.
            Err(rustix::io::Errno::OPNOTSUPP) => zeros(&file, bytes),
            other => other.map_err(io::Error::from),
        };
        if result.is_err() {
            let _ = std::fs::remove_file(path);
        }
        result
    }

    fn free(&self, dir: &Path) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(dir)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

fn zeros(file: &File, bytes: u64) -> io::Result<()> {
    let block = [0; 64 * 1024];
    let mut at = 0;
    while at < bytes {
        let n = block.len().min(usize::try_from(bytes - at).unwrap_or(block.len()));
        file.write_all_at(&block[..n], at)?;
        at += n as u64;
    }
    file.sync_data()
}

fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// A borrowed disk, so that a test can look at the disk while a journal writes to it.
impl<D: Disk> Disk for &D {
    type File = D::File;

    fn create(&self, path: &Path) -> io::Result<Self::File> {
        (**self).create(path)
    }

    fn open(&self, path: &Path) -> io::Result<Option<Self::File>> {
        (**self).open(path)
    }

    fn len(&self, file: &Self::File) -> io::Result<u64> {
        (**self).len(file)
    }

    fn read_at(&self, file: &Self::File, offset: u64, into: &mut [u8]) -> io::Result<()> {
        (**self).read_at(file, offset, into)
    }

    fn write_at(&self, file: &Self::File, offset: u64, bytes: &[u8]) -> io::Result<()> {
        (**self).write_at(file, offset, bytes)
    }

    fn set_len(&self, file: &Self::File, len: u64) -> io::Result<()> {
        (**self).set_len(file, len)
    }

    fn sync(&self, file: &Self::File) -> io::Result<()> {
        (**self).sync(file)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        (**self).sync_dir(dir)
    }

    fn reader(&self, path: &Path) -> io::Result<Option<Box<dyn BufRead + '_>>> {
        (**self).reader(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        (**self).remove(path)
    }

    fn reserve(&self, path: &Path, bytes: u64) -> io::Result<()> {
        (**self).reserve(path, bytes)
    }

    fn free(&self, dir: &Path) -> io::Result<u64> {
        (**self).free(dir)
    }
}
