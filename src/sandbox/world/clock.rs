//! The world's clock: milliseconds since the world was made, `speed` of them a real millisecond.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

/// World time in milliseconds; negative before the run began.
pub type Millis = i64;

/// Reads world time.
#[derive(Clone, Debug)]
pub struct Clock {
    opened: DateTime<Utc>,
    speed: f64,
    base: Millis,
    started: Instant,
}

impl Clock {
    /// A clock for a world that was made at `opened`; after a restart it goes on by the wall's gap, and never behind
    /// `floor`, the time of the last thing that happened.
    pub fn start(opened: DateTime<Utc>, speed: f64, floor: Millis) -> Self {
        let gap = (Utc::now() - opened).num_milliseconds().max(0) as f64;
        let base = ((gap * speed) as Millis).max(floor);
        Self { opened, speed, base, started: Instant::now() }
    }

    /// World time now.
    pub fn now(&self) -> Millis {
        self.base + (self.started.elapsed().as_secs_f64() * 1000.0 * self.speed) as Millis
    }

    /// How long `world` milliseconds last in real time.
    pub fn real(&self, world: Millis) -> Duration {
        Duration::from_secs_f64((world.max(0) as f64 / 1000.0) / self.speed)
    }

    /// The wall's time at a world time; never in the future for what has happened.
    pub fn wall(&self, at: Millis) -> DateTime<Utc> {
        let scaled = if at > 0 { (at as f64 / self.speed) as Millis } else { at };
        self.opened + TimeDelta::milliseconds(scaled)
    }

    /// The world time of a wall time: the other way round.
    pub fn at_wall(&self, wall: DateTime<Utc>) -> Millis {
        let gap = (wall - self.opened).num_milliseconds();
        if gap > 0 { (gap as f64 * self.speed) as Millis } else { gap }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_on_after_a_restart_and_never_back() {
        let opened = Utc::now() - TimeDelta::seconds(10);
        let now = Clock::start(opened, 10.0, 0).now();
        assert!((100_000..130_000).contains(&now), "{now}");
        assert!(Clock::start(opened, 10.0, 500_000).now() >= 500_000);
        assert!(Clock::start(Utc::now() + TimeDelta::hours(1), 1.0, 42).now() >= 42, "the wall stepped back");
    }

    #[test]
    fn real_time_is_world_time_over_speed() {
        let clock = Clock::start(Utc::now(), 20.0, 0);
        assert_eq!(clock.real(2_000), Duration::from_millis(100));
        assert!(clock.wall(clock.now()) <= Utc::now());
        for at in [-5_000, 0, 40_000] {
            assert_eq!(clock.at_wall(clock.wall(at)), at);
        }
    }
}
