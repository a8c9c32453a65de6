//! The run's clock.

use chrono::{DateTime, Utc};
use rustix::time::{ClockId, clock_gettime};

use crate::words::Stamp;

/// Wall time and run time may go apart by so much before it is told, µs.
const STEP: i64 = 2_000_000;

/// Gives stamps: wall time, and run time from CLOCK_BOOTTIME (suspend counts), which never falls and goes `speed`
/// times as fast.
#[derive(Clone, Debug)]
pub struct RunClock {
    base_up: u64,
    base_boot: i128,
    speed: f64,
}

/// µs of CLOCK_BOOTTIME.
fn boot_micros() -> i128 {
    let now = clock_gettime(ClockId::Boottime);
    i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1000
}

impl RunClock {
    /// A clock that begins at 0.
    pub fn new(speed: f64) -> Self {
        Self::from_up(0, speed)
    }

    /// A clock that goes on after a restart: from the last stamp by the wall gap, at least 0.
    pub fn after(last: Stamp, speed: f64) -> Self {
        let gap = (Utc::now() - last.at).num_microseconds().unwrap_or(0).max(0) as f64 * speed;
        Self::from_up(last.up.saturating_add(gap as u64), speed)
    }

    fn from_up(base_up: u64, speed: f64) -> Self {
        let speed = if speed.is_finite() && speed > 0.0 { speed } else { 1.0 };
        Self { base_up, base_boot: boot_micros(), speed }
    }

    /// Run time now, µs.
    pub fn up(&self) -> u64 {
        let gone = (boot_micros() - self.base_boot).max(0) as f64 * self.speed;
        self.base_up.saturating_add(gone as u64)
    }

    /// Both clocks now; wall time to the microsecond.
    pub fn now(&self) -> Stamp {
        let at = Utc::now();
        let at = DateTime::from_timestamp_micros(at.timestamp_micros()).unwrap_or(at);
        Stamp { at, up: self.up() }
    }

    /// How much faster than real time it goes.
    pub fn speed(&self) -> f64 {
        self.speed
    }

    /// How long in real time until a run time is reached.
    pub fn until(&self, up: u64) -> std::time::Duration {
        let left = up.saturating_sub(self.up()) as f64 / self.speed;
        std::time::Duration::from_micros(left as u64)
    }
}

/// Tells when wall time jumped against run time.
#[derive(Clone, Debug, Default)]
pub struct StepWatch {
    last: Option<Stamp>,
}

impl StepWatch {
    /// Looks at a stamp: by how much the wall clock stepped, µs, when it did.
    pub fn look(&mut self, now: Stamp, speed: f64) -> Option<i64> {
        let last = self.last.replace(now)?;
        let wall = (now.at - last.at).num_microseconds().unwrap_or(0);
        let ran = (now.up.saturating_sub(last.up) as f64 / speed.max(0.001)) as i64;
        let step = wall - ran;
        (step.abs() > STEP).then_some(step)
    }
}

/// A wall time in the past by so many microseconds, for tests.
#[cfg(test)]
fn ago(micros: i64) -> DateTime<Utc> {
    Utc::now() - chrono::Duration::microseconds(micros)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Duration;

    #[test]
    fn run_time_goes_on_by_the_wall_gap_and_never_falls() {
        let clock = RunClock::after(Stamp { at: ago(5_000_000), up: 7_000_000 }, 1.0);
        assert!(clock.up() >= 12_000_000 && clock.up() < 13_000_000);
        let future = RunClock::after(Stamp { at: ago(-3_600_000_000), up: 9 }, 1.0);
        assert!(future.up() >= 9 && future.up() < 1_000_000);
    }

    #[test]
    fn a_jump_of_the_wall_clock_is_told_once() {
        let mut watch = StepWatch::default();
        let at = Utc::now();
        assert_eq!(watch.look(Stamp { at, up: 0 }, 1.0), None);
        assert_eq!(watch.look(Stamp { at: at + Duration::seconds(1), up: 1_000_000 }, 1.0), None);
        let stepped = watch.look(Stamp { at: at + Duration::seconds(3602), up: 2_000_000 }, 1.0);
        assert_eq!(stepped, Some(3_600_000_000));
        assert_eq!(watch.look(Stamp { at: at + Duration::seconds(3603), up: 3_000_000 }, 1.0), None);
    }

    #[test]
    fn a_faster_clock_is_no_step() {
        let mut watch = StepWatch::default();
        let at = Utc::now();
        watch.look(Stamp { at, up: 0 }, 10.0);
        assert_eq!(watch.look(Stamp { at: at + Duration::seconds(10), up: 100_000_000 }, 10.0), None);
    }
}
