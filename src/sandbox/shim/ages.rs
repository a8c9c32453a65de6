//! Durations in the words of docker and of kubectl.

use crate::sandbox::world::clock::Millis;

/// As docker says them: `About a minute`, `3 days`.
pub fn docker(age: Millis) -> String {
    let seconds = age.max(0) / 1000;
    let (minutes, hours) = (seconds / 60, (seconds + 1800) / 3600);
    let below: [(bool, String); 10] = [
        (seconds < 1, "Less than a second".into()),
        (seconds < 2, "1 second".into()),
        (seconds < 60, format!("{seconds} seconds")),
        (minutes < 2, "About a minute".into()),
        (minutes < 60, format!("{minutes} minutes")),
        (hours < 2, "About an hour".into()),
        (hours < 48, format!("{hours} hours")),
        (hours < 14 * 24, format!("{} days", hours / 24)),
        (hours < 60 * 24, format!("{} weeks", hours / 24 / 7)),
        (true, format!("{} months", hours / 24 / 30)),
    ];
    first(below)
}

/// As kubectl says them: `45s`, `2m10s`, `12m`, `3d`.
pub fn kubectl(age: Millis) -> String {
    let seconds = age.max(0) / 1000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let with = |big: i64, unit: &str, small: i64, small_unit: &str| {
        if small == 0 { format!("{big}{unit}") } else { format!("{big}{unit}{small}{small_unit}") }
    };
    let below: [(bool, String); 7] = [
        (seconds < 120, format!("{seconds}s")),
        (minutes < 10, with(minutes, "m", seconds % 60, "s")),
        (hours < 3, format!("{minutes}m")),
        (hours < 8, with(hours, "h", minutes % 60, "m")),
        (hours < 48, format!("{hours}h")),
        (days < 8, with(days, "d", hours % 24, "h")),
        (true, format!("{days}d")),
    ];
    first(below)
}

fn first<const N: usize>(choices: [(bool, String); N]) -> String {
    choices.into_iter().find(|(so, _)| *so).map(|(_, words)| words).unwrap_or_default()
}

/// A duration as kubectl's and Go's flags take it (`2m`, `1m30s`, `500ms`), in milliseconds.
pub fn read(text: &str) -> Option<Millis> {
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        total += number
            * match &rest[..letters] {
                "ms" => 1.0,
                "s" => 1_000.0,
                "m" => 60_000.0,
                "h" => 3_600_000.0,
                _ => return None,
            };
        rest = &rest[letters..];
    }
    (!text.is_empty()).then_some(total as Millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_read_as_the_tools_write_them() {
        let docker_words: Vec<String> =
            [0, 1_000, 59_000, 90_000, 600_000, 4_000_000, 3 * 86_400_000].map(docker).into();
        let expected =
            ["Less than a second", "1 second", "59 seconds", "About a minute", "10 minutes", "About an hour", "3 days"];
        assert_eq!(docker_words, expected);
        let kubectl_words: Vec<String> =
            [5_000, 119_000, 130_000, 900_000, 14_400_000, 3 * 86_400_000].map(kubectl).into();
        assert_eq!(kubectl_words, ["5s", "119s", "2m10s", "15m", "4h", "3d"]);
    }

    #[test]
    fn durations_of_flags_read() {
        assert_eq!([read("2m"), read("1m30s"), read("500ms"), read("0s")], [120_000, 90_000, 500, 0].map(Some));
        assert_eq!([read(""), read("2"), read("2 m"), read("x")], [None; 4]);
    }
}
