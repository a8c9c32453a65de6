//! A disk for tests: it fails when told to, and forgets what was not synced.
//!
//! A failed sync behaves as ext4, XFS and Btrfs do (Rebello, ATC 2020): the pages are marked clean, so they can still be
//! read but no later sync writes them.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, Cursor};
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::journal::Disk;

/// Smaller than a line, so that a lost page is never written again by chance with the next line.
const PAGE: usize = 128;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// The call does nothing and fails.
    Error(Errno),
    /// A write writes half and fails; a sync brings half of the pages to the disk, loses the others and fails.
    Half(Errno),
}

#[derive(Clone, Copy, Debug)]
struct Plan {
    /// Fails the call with this number, from 1.
    nth: u64,
    fault: Fault,
    /// And all after it.
    for_ever: bool,
}

#[derive(Clone, Debug, Default)]
struct Inode {
    cache: Vec<u8>,
    durable: Vec<u8>,
    dirty: BTreeSet<usize>,
    durable_len: usize,
}

#[derive(Clone, Debug, Default)]
pub struct MemDisk {
    inodes: RefCell<Vec<Inode>>,
    names: RefCell<BTreeMap<PathBuf, usize>>,
    durable_names: RefCell<BTreeMap<PathBuf, usize>>,
    plan: Cell<Option<Plan>>,
    calls: Cell<u64>,
    failed: Cell<u64>,
}

impl MemDisk {
    pub fn new() -> Self {
        Self::default()
    }

    /// A disk with one file, synced.
    pub fn with(path: &Path, bytes: &[u8]) -> Self {
        let disk = Self::new();
        let inode = Inode { cache: bytes.into(), durable: bytes.into(), durable_len: bytes.len(), ..Inode::default() };
        disk.inodes.borrow_mut().push(inode);
        disk.names.borrow_mut().insert(path.into(), 0);
        disk.durable_names.borrow_mut().insert(path.into(), 0);
        disk
    }

    pub fn fail(&self, nth: u64, fault: Fault, for_ever: bool) {
        self.calls.set(0);
        self.failed.set(0);
        self.plan.set(Some(Plan { nth, fault, for_ever }));
    }

    /// Nothing fails from now on.
    pub fn heal(&self) {
        self.plan.set(None);
    }

    /// How many calls failed since the plan was made.
    pub fn failed(&self) -> u64 {
        self.failed.get()
    }

    pub fn exists(&self, path: &Path) -> bool {
        self.names.borrow().contains_key(path)
    }

    pub fn bytes(&self, path: &Path) -> Vec<u8> {
        self.names.borrow().get(path).map(|i| self.inodes.borrow()[*i].cache.clone()).unwrap_or_default()
    }

    /// The same machine after a kill -9: the same caches.
    pub fn killed(&self) -> Self {
        let disk = self.clone();
        disk.plan.set(None);
        disk
    }

    /// The machine after a power cut: only what was synced, and of each file `extra` bytes of what was not, as far as
    /// the file was only appended to.
    pub fn power_cut(&self, extra: usize) -> Self {
        let disk = self.killed();
        *disk.names.borrow_mut() = disk.durable_names.borrow().clone();
        for inode in disk.inodes.borrow_mut().iter_mut() {
            inode.durable.truncate(inode.durable_len);
            let from = inode.durable.len().min(inode.cache.len());
            let to = (from + extra).min(inode.cache.len());
            inode.durable.extend_from_slice(&inode.cache[from..to]);
            inode.cache.clone_from(&inode.durable);
            inode.durable_len = inode.durable.len();
            inode.dirty.clear();
        }
        disk
    }

    /// How many bytes of the longest file are not synced.
    pub fn unsynced(&self) -> usize {
        self.inodes.borrow().iter().map(|i| i.cache.len().saturating_sub(i.durable_len)).max().unwrap_or(0)
    }

    fn tick(&self) -> Option<Fault> {
        let call = self.calls.get() + 1;
        self.calls.set(call);
        let plan = self.plan.get()?;
        let hit = call == plan.nth || (plan.for_ever && call > plan.nth);
        hit.then(|| {
            self.failed.set(self.failed.get() + 1);
            plan.fault
        })
    }

    fn check(&self) -> io::Result<()> {
        match self.tick() {
            None => Ok(()),
            Some(Fault::Error(e) | Fault::Half(e)) => Err(e.into()),
        }
    }
}

impl Disk for MemDisk {
    type File = usize;

    fn create(&self, path: &Path) -> io::Result<usize> {
        self.check()?;
        if self.exists(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let mut inodes = self.inodes.borrow_mut();
        inodes.push(Inode::default());
        self.names.borrow_mut().insert(path.into(), inodes.len() - 1);
        Ok(inodes.len() - 1)
    }

    fn open(&self, path: &Path) -> io::Result<Option<usize>> {
        self.check()?;
        Ok(self.names.borrow().get(path).copied())
    }

    fn len(&self, file: &usize) -> io::Result<u64> {
        self.check()?;
        Ok(self.inodes.borrow()[*file].cache.len() as u64)
    }

    fn read_at(&self, file: &usize, offset: u64, into: &mut [u8]) -> io::Result<()> {
        self.check()?;
        let at = usize::try_from(offset).unwrap();
        let inodes = self.inodes.borrow();
        let from = inodes[*file].cache.get(at..at + into.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        into.copy_from_slice(from);
        Ok(())
    }

    fn write_at(&self, file: &usize, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let (bytes, result) = match self.tick() {
            None => (bytes, Ok(())),
            Some(Fault::Error(e)) => (&bytes[..0], Err(e.into())),
            Some(Fault::Half(e)) => (&bytes[..bytes.len() / 2], Err(e.into())),
        };
        let at = usize::try_from(offset).unwrap();
        let inode = &mut self.inodes.borrow_mut()[*file];
        if !bytes.is_empty() {
            let end = at + bytes.len();
            inode.cache.resize(inode.cache.len().max(end), 0);
            inode.cache[at..end].copy_from_slice(bytes);
            inode.dirty.extend(at / PAGE..=(end - 1) / PAGE);
        }
        result
    }

    fn set_len(&self, file: &usize, len: u64) -> io::Result<()> {
        self.check()?;
        let inode = &mut self.inodes.borrow_mut()[*file];
        inode.cache.resize(usize::try_from(len).unwrap(), 0);
        Ok(())
    }

    fn sync(&self, file: &usize) -> io::Result<()> {
        let fault = self.tick();
        let inode = &mut self.inodes.borrow_mut()[*file];
        let dirty = std::mem::take(&mut inode.dirty);
        let (kept, result) = match fault {
            None => (dirty.len(), Ok(())),
            Some(Fault::Error(e)) => (0, Err(e.into())),
            Some(Fault::Half(e)) => (dirty.len() / 2, Err(e.into())),
        };
        for page in dirty.into_iter().take(kept) {
            let (from, to) = (page * PAGE, ((page + 1) * PAGE).min(inode.cache.len()));
            if from < to {
                inode.durable.resize(inode.durable.len().max(to), 0);
                inode.durable[from..to].copy_from_slice(&inode.cache[from..to]);
            }
        }
        if result.is_ok() {
            inode.durable.resize(inode.cache.len(), 0);
            inode.durable_len = inode.cache.len();
        }
        result
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.check()?;
        let names = self.names.borrow();
        let mut durable = self.durable_names.borrow_mut();
        durable.retain(|path, _| path.parent() != Some(dir));
        durable.extend(names.iter().filter(|(p, _)| p.parent() == Some(dir)).map(|(p, i)| (p.clone(), *i)));
        Ok(())
    }

    fn reader(&self, path: &Path) -> io::Result<Option<Box<dyn BufRead + '_>>> {
        self.check()?;
        let exists = self.exists(path);
        Ok(exists.then(|| Box::new(Cursor::new(self.bytes(path))) as Box<dyn BufRead>))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.check()?;
        self.names.borrow_mut().remove(path);
        Ok(())
    }

    fn reserve(&self, path: &Path, bytes: u64) -> io::Result<()> {
        let file = self.create(path)?;
        // Its length is all that counts; a MiB of zeros for each test would only cost time.
        let _ = bytes;
        self.inodes.borrow_mut()[file].cache.resize(1, 0);
        Ok(())
    }

    fn free(&self, _dir: &Path) -> io::Result<u64> {
        self.check()?;
        Ok(1 << 40)
    }
}
