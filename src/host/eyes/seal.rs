//! The spool: samples on disk, sealed now and then, read again by a new host.

use super::Eyes;
use crate::engine::plan::Plan;
use crate::engine::{State, Want};
use crate::host::log;
use crate::journal::{RunFolder, Sealed, Spool, read_rows};
use crate::words::{Sample, files};

/// Run time between two seals of the spool, µs (DESIGN.md, How many: a seal each 10 min).
const SEAL: u64 = 600_000_000;

impl Eyes {
    /// Opens the spool of a run, and takes in what it holds; segments that were never journaled as sealed come back.
    pub fn open_spool(&mut self, folder: &RunFolder, state: &State, up: u64) -> Vec<Sealed> {
        let samples = folder.join(files::SAMPLES);
        self.last_seal = up;
        if state.begun.is_some() {
            self.remember(&state.plan, &samples, up);
            self.recall(state);
        }
        match Spool::open(&samples, |name| state.sealed.contains(name)) {
            Ok((spool, late)) => {
                self.spool = Some(spool);
                late
            }
            Err(error) => {
                log(&error.to_string());
                vec![]
            }
        }
    }

    fn remember(&mut self, plan: &Plan, samples: &std::path::Path, up: u64) {
        self.learn(plan, 0);
        let taken = read_rows(samples, 0, |row| {
            let sample = Sample {
                probe: row.probe.into_owned().into(),
                up: (row.up_ms * 1000).min(up),
                look: row.look,
                value: row.value,
                ..Sample::default()
            };
            self.monitor.push(&sample);
        });
        if let Err(error) = taken {
            log(&format!("samples cannot be read again: {error}"));
        }
    }

    /// Writes a sample down; not being able to is told once.
    pub(super) fn spool(&mut self, sample: &Sample) {
        let Some(spool) = &mut self.spool else { return };
        match spool.append(std::slice::from_ref(sample)) {
            Ok(()) => self.spool_failed = false,
            Err(error) => {
                if !std::mem::replace(&mut self.spool_failed, true) {
                    log(&error.to_string());
                }
            }
        }
    }

    pub(super) fn seal_in_time(&mut self, state: &State, up: u64) -> Vec<Want> {
        if up.saturating_sub(self.last_seal) < SEAL || state.begun.is_none() || state.ended.is_some() {
            return vec![];
        }
        self.last_seal = up;
        let sealed = self.seal();
        sealed.into_iter().chain(self.roll()).collect()
    }

    /// Seals the present segment of the spool.
    pub fn seal(&mut self) -> Option<Want> {
        match self.spool.as_mut()?.seal() {
            Ok(sealed) => sealed.as_ref().map(sealed_want),
            Err(error) => {
                log(&error.to_string());
                None
            }
        }
    }

    /// A spool past its cap loses the detail of its oldest hours, and says so.
    fn roll(&mut self) -> Vec<Want> {
        let mut told = vec![];
        while let Some(spool) = &mut self.spool {
            match spool.roll() {
                Ok(Some(rolled)) => told.push(Want::Caution {
                    text: format!(
                        "the samples on disk passed their cap: {} old ones became {} lines, one a probe and minute ({})",
                        rolled.samples, rolled.minutes, rolled.file
                    ),
                    item: None,
                }),
                Ok(None) => break,
                Err(error) => {
                    log(&error.to_string());
                    break;
                }
            }
        }
        told
    }
}

/// The intent of a sealed segment.
pub(in crate::host) fn sealed_want(sealed: &Sealed) -> Want {
    Want::Sealed {
        file: sealed.file.clone(),
        sha256: String::from_utf8_lossy(&sealed.sha256.hex()).into_owned(),
        counts: sealed.counts.iter().map(|(p, n)| (p.0.clone(), *n)).collect(),
    }
}
