//! What is known of each address, and of all of them.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

use crate::words::{Look, Sample};

/// Latencies that percentiles are made of: two minutes at one a second.
const RECENT: usize = 120;

/// One address.
pub struct Row {
    /// The address, without a password.
    pub url: String,
    /// What the last look said; none before the first.
    pub look: Option<Look>,
    /// The answer's status.
    pub status: Option<u16>,
    /// What was seen, or why it is not good; clean.
    pub text: String,
    /// What to do next, where the cause is known.
    pub hint: Option<String>,
    /// Seconds that the last answer took.
    pub latency: Option<f64>,
    /// Looks so far.
    pub looks: u64,
    /// Looks that were not good.
    pub failures: u64,
    /// Since when it stands like this, µs from the beginning.
    pub since: u64,
    recent: VecDeque<f32>,
}

impl Row {
    /// Half of the last answers, and 95 % of them, took at most so many seconds.
    pub fn percentiles(&self) -> Option<(f64, f64)> {
        percentiles(self.recent.iter().copied().collect())
    }

    /// The order of the list: what fails first, then what says nothing, then what was not looked at yet.
    fn rank(&self) -> u8 {
        match self.look {
            Some(Look::Bad) => 0,
            Some(Look::NoData) => 1,
            None => 2,
            Some(Look::Good) => 3,
        }
    }
}

/// Something to write without a screen.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// A row stands otherwise than before; how long it stood as before, µs.
    Turned(usize, Option<(Look, u64)>),
    /// A look, when it came.
    Looked(usize, DateTime<Utc>, Box<Sample>),
}

/// How all of them stand.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    /// Good.
    pub ok: usize,
    /// Failing.
    pub bad: usize,
    /// Nothing is known.
    pub nothing: usize,
    /// Not looked at yet.
    pub waiting: usize,
}

impl Counts {
    /// `498 ok, 2 bad`.
    pub fn words(self) -> String {
        let named = [(self.bad, "bad"), (self.nothing, "no data"), (self.waiting, "not looked at yet")];
        let rest = named.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!(", {n} {word}"));
        format!("{} ok{}", self.ok, rest.collect::<String>())
    }
}

/// All addresses.
pub struct Table {
    /// In the order in which they were given.
    pub rows: Vec<Row>,
    /// What was not written yet; kept only without a screen.
    news: Vec<News>,
    /// None: a screen shows the rows. Else whether every look is news, or only what turns.
    told: Option<bool>,
}

impl Table {
    /// Nothing is known yet.
    pub fn new(urls: &[String], told: Option<bool>) -> Self {
        let row = |url: &String| Row {
            url: shown(url),
            look: None,
            status: None,
            text: String::new(),
            hint: None,
            latency: None,
            looks: 0,
            failures: 0,
            since: 0,
            recent: VecDeque::new(),
        };
        Self { rows: urls.iter().map(row).collect(), news: vec![], told }
    }

    /// Takes a look in.
    pub fn take(&mut self, sample: Sample) {
        let Some(index) = sample.probe.as_str().parse::<usize>().ok().filter(|i| *i < self.rows.len()) else { return };
        let row = &mut self.rows[index];
        row.looks += 1;
        if sample.look != Look::Good {
            row.failures += 1;
        }
        row.status = sample.fields.get("status").and_then(|v| v.figure()).map(|code| code as u16);
        row.latency = sample.value;
        if let Some(latency) = sample.value {
            if row.recent.len() == RECENT {
                row.recent.pop_front();
            }
            row.recent.push_back(latency as f32);
        }
        let before = row.look.replace(sample.look);
        let turned = before != Some(sample.look);
        let text = sample.why.as_ref().unwrap_or(&sample.text);
        if turned || *text != row.text {
            row.text = crate::tui::text::line(text);
        }
        row.hint.clone_from(&sample.hint);
        if turned {
            let stood = before.map(|look| (look, sample.up.saturating_sub(row.since)));
            row.since = sample.up;
            // What is good from the start is no news.
            if self.told == Some(false) && (before.is_some() || sample.look != Look::Good) {
                self.news.push(News::Turned(index, stood));
            }
        }
        if self.told == Some(true) {
            self.news.push(News::Looked(index, Utc::now(), Box::new(sample)));
        }
    }

    /// What came since the last call.
    pub fn news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// How all of them stand.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for row in &self.rows {
            match row.look {
                Some(Look::Good) => counts.ok += 1,
                Some(Look::Bad) => counts.bad += 1,
                Some(Look::NoData) => counts.nothing += 1,
                None => counts.waiting += 1,
            }
        }
        counts
    }

    /// Looks so far, and those that were not good.
    pub fn looks(&self) -> (u64, u64) {
        self.rows.iter().fold((0, 0), |(looks, bad), row| (looks + row.looks, bad + row.failures))
    }

    /// Percentiles over all addresses.
    pub fn percentiles(&self) -> Option<(f64, f64)> {
        percentiles(self.rows.iter().flat_map(|row| row.recent.iter().copied()).collect())
    }

    /// The last look at each was good.
    pub fn all_good(&self) -> bool {
        self.counts().ok == self.rows.len()
    }

    /// Rows whose address holds a text, the worst first; among equals those that stand so for the shortest time, then as
    /// given.
    pub fn worst_first(&self, wanted: &str) -> Vec<usize> {
        let wanted = wanted.to_lowercase();
        let mut list: Vec<usize> =
            (0..self.rows.len()).filter(|i| self.rows[*i].url.to_lowercase().contains(&wanted)).collect();
        list.sort_by_key(|i| {
            let row = &self.rows[*i];
            let since = if row.rank() < 2 { u64::MAX - row.since } else { 0 };
            (row.rank(), since, *i)
        });
        list
    }
}

/// An address without its password.
fn shown(url: &str) -> String {
    let mut shown = crate::tui::text::line(url);
    if let Ok(mut parsed) = url::Url::parse(url)
        && parsed.password().is_some()
        && parsed.set_password(Some("***")).is_ok()
    {
        shown = parsed.to_string();
    }
    shown
}

fn percentiles(mut all: Vec<f32>) -> Option<(f64, f64)> {
    let last = all.len().checked_sub(1)?;
    all.sort_by(f32::total_cmp);
    let at = |share: f64| f64::from(all[((last as f64) * share).round() as usize]);
    Some((at(0.5), at(0.95)))
}

/// A latency in at most six columns: `0.42 ms`, `12 ms`, `1.2 s`.
pub fn latency(seconds: f64) -> String {
    match seconds * 1000.0 {
        ms if ms < 0.95 => format!("{ms:.2}ms"),
        ms if ms < 9.95 => format!("{ms:.1}ms"),
        ms if ms < 999.5 => format!("{ms:.0}ms"),
        ms => format!("{:.1}s", ms / 1000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Value;

    fn sample(index: usize, up: u64, look: Look, value: Option<f64>) -> Sample {
        let fields = value.map(|_| ("status".to_owned(), Value::Number(200.0))).into_iter().collect();
        Sample { probe: super::super::id(index), up, look, value, fields, text: "x".into(), ..Sample::default() }
    }

    fn table(told: Option<bool>) -> Table {
        let urls = ["http://a/", "http://b/", "http://u:hush@c/"].map(str::to_owned);
        Table::new(&urls, told)
    }

    #[test]
    fn the_worst_is_first_and_no_data_is_never_ok() {
        let mut t = table(None);
        assert_eq!(t.counts().words(), "0 ok, 3 not looked at yet");
        for i in 0..3 {
            t.take(sample(i, 1, Look::Good, Some(0.01)));
        }
        assert!(t.all_good());
        assert_eq!(t.worst_first(""), [0, 1, 2]);
        t.take(sample(1, 2, Look::NoData, None));
        t.take(sample(2, 3, Look::Bad, None));
        assert_eq!(t.worst_first(""), [2, 1, 0]);
        assert_eq!(t.worst_first("//B"), [1]);
        assert_eq!(t.counts().words(), "1 ok, 1 bad, 1 no data");
        assert!(!t.all_good());
        assert_eq!((t.rows[2].failures, t.rows[2].looks, t.rows[2].since), (1, 2, 3));
        assert_eq!(t.rows[2].latency, None, "an answer that did not come has no latency");
        assert!(!t.rows[2].url.contains("hush"), "{}", t.rows[2].url);
        t.take(sample(9, 3, Look::Bad, None));
    }

    #[test]
    fn news_are_what_turns_or_every_look() {
        let mut t = table(Some(false));
        t.take(sample(0, 1, Look::Good, Some(0.01)));
        assert!(t.news().is_empty(), "good from the start");
        t.take(sample(1, 2, Look::Bad, None));
        t.take(sample(0, 5, Look::Bad, None));
        t.take(sample(0, 6, Look::Bad, None));
        assert_eq!(t.news(), [News::Turned(1, None), News::Turned(0, Some((Look::Good, 4)))]);
        let mut t = table(Some(true));
        t.take(sample(0, 1, Look::Good, Some(0.01)));
        t.take(sample(0, 2, Look::Good, Some(0.01)));
        assert_eq!(t.news().len(), 2);
    }

    #[test]
    fn percentiles_are_of_the_last_answers() {
        let mut t = table(None);
        assert_eq!(t.percentiles(), None);
        (0..300).for_each(|i| t.take(sample(0, i, Look::Good, Some(i as f64))));
        let (p50, p95) = t.rows[0].percentiles().unwrap();
        assert_eq!((p50, p95), (240.0, 293.0), "of 180 to 299");
        assert_eq!(["0.42ms", "9.9ms", "10ms", "1.2s"], [0.00042, 0.0099, 0.00996, 1.2].map(latency).as_slice());
    }
}
