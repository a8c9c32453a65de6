//! Faults that can be switched: when the service starts (`FAULT`), or while it serves (`service fault WORDS`).
//!
//! `slow=800` (milliseconds before each answer), `errors=5` (percent that are 500), `unready`, `leaking=4` (MiB a
//! second), `crashing=3` (seconds until it does), `bad_certificate` (one that no authority signed); several with commas.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::say;

/// What is wrong now.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub struct Set {
    pub slow: Duration,
    pub errors: u64,
    pub unready: bool,
    pub leaking: usize,
    pub crashing: Option<Instant>,
    pub bad_certificate: bool,
}

impl Set {
    fn read(text: &str) -> Result<Self, String> {
        let mut set = Self::default();
        for word in text.split([',', ' ']).filter(|word| !word.is_empty()) {
            let (name, number) = word.split_once('=').map_or((word, None), |(name, number)| (name, Some(number)));
            let number =
                |default: u64| number.map_or(Ok(default), |n| n.parse().map_err(|_| format!("{word}: which number")));
            match name {
                "slow" => set.slow = Duration::from_millis(number(1_500)?),
                "errors" => set.errors = number(100)?.min(100),
                "unready" => set.unready = true,
                "leaking" => set.leaking = number(4)?.min(4_096) as usize,
                "crashing" => set.crashing = Some(Instant::now() + Duration::from_secs(number(0)?)),
                "bad_certificate" => set.bad_certificate = true,
                "none" => set = Self::default(),
                other => return Err(format!("no fault {other}")),
            }
        }
        Ok(set)
    }
}

/// The switches.
pub struct Faults(Mutex<Set>);

impl Faults {
    /// Those of a text; begins to leak and to crash.
    ///
    /// # Errors
    /// There is no such fault.
    pub fn new(text: &str) -> Result<Self, String> {
        Ok(Self(Mutex::new(Set::read(text)?)))
    }

    pub fn get(&self) -> Set {
        *self.0.lock().unwrap()
    }

    /// Replaces them by those of a text.
    ///
    /// # Errors
    /// There is no such fault.
    pub fn set(&self, text: &str) -> Result<(), String> {
        *self.0.lock().unwrap() = Set::read(text)?;
        say::line("INFO", &format!("faults: {text}"));
        Ok(())
    }

    /// Leaks and crashes when it shall; for ever.
    pub async fn happen(&self) {
        let mut leaked: Vec<Vec<u8>> = vec![];
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let set = self.get();
            if set.leaking > 0 {
                leaked.push(vec![1; set.leaking * 1024 * 1024 / 10]);
            }
            if set.crashing.is_some_and(|at| at <= Instant::now()) {
                eprintln!(
                    "panic: runtime error: invalid memory address or nil pointer dereference\n\ngoroutine 1 [running]:"
                );
                std::process::exit(2);
            }
        }
    }
}
