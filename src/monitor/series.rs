//! The samples of one probe: the newest as they came, older ones a minute each, a day in all.

use std::collections::VecDeque;

use crate::expr::{Fold, Window};
use crate::words::{Look, Sample};

/// How many of the newest samples are kept as they came: 12 minutes at one a second.
const RECENT: usize = 720;
/// How many minutes are kept: 25 hours.
const MINUTES: usize = 1_500;
const MINUTE: u64 = 60_000_000;

/// One look, without words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Run time in µs.
    pub up: u64,
    /// The figure, in base units.
    pub value: Option<f64>,
    /// What the look alone said.
    pub look: Look,
}

/// One minute of run time, summed up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Minute {
    /// The minute's number: run time divided by 60 s.
    pub number: u32,
    /// Looks that were good, bad, without data.
    pub looks: [u16; 3],
    /// Figures in it.
    pub figures: u16,
    /// Least figure.
    pub min: f32,
    /// Greatest figure.
    pub max: f32,
    /// Sum of figures.
    pub sum: f64,
    /// The last figure.
    pub last: f64,
}

/// The samples of one probe, bounded.
#[derive(Clone, Debug, Default)]
pub struct Series {
    recent: VecDeque<Point>,
    minutes: VecDeque<Minute>,
    forgot: bool,
}

impl Series {
    /// Takes a sample in. One that is older than the newest is left out: time does not run backwards.
    pub fn push(&mut self, sample: &Sample) {
        if self.recent.back().is_some_and(|last| last.up > sample.up) {
            return;
        }
        let value = sample.value.filter(|v| v.is_finite());
        if self.recent.len() == RECENT {
            self.recent.pop_front();
            self.forgot = true;
        }
        self.recent.push_back(Point { up: sample.up, value, look: sample.look });
        let number = u32::try_from(sample.up / MINUTE).unwrap_or(u32::MAX);
        if self.minutes.back().is_none_or(|m| m.number != number) {
            if self.minutes.len() == MINUTES {
                self.minutes.pop_front();
            }
            self.minutes.push_back(Minute {
                number,
                looks: [0; 3],
                figures: 0,
                min: f32::INFINITY,
                max: f32::NEG_INFINITY,
                sum: 0.0,
                last: 0.0,
            });
        }
        if let Some(minute) = self.minutes.back_mut() {
            minute.take(sample.look, value);
        }
    }

    /// The newest samples, oldest first.
    pub fn recent(&self) -> impl DoubleEndedIterator<Item = &Point> + ExactSizeIterator {
        self.recent.iter()
    }

    /// The minutes of the last 25 hours, oldest first.
    pub fn minutes(&self) -> impl DoubleEndedIterator<Item = &Minute> + ExactSizeIterator {
        self.minutes.iter()
    }

    /// The newest sample.
    pub fn last(&self) -> Option<&Point> {
        self.recent.back()
    }

    /// At most `width` figures that end at `up`, oldest first, one each equal part of `span` µs: the worst (greatest)
    /// of each part, for a sparkline. Parts without a figure are `None`.
    pub fn spark(&self, up: u64, span: u64, width: usize) -> Vec<Option<f64>> {
        let width = width.max(1);
        let step = (span / width as u64).max(1);
        let from = up.saturating_sub(step * width as u64);
        let mut cells = vec![None::<f64>; width];
        let mut put = |at: u64, value: f64| {
            // Counted from the end, which stands for now however young the run is.
            let back = usize::try_from(up.saturating_sub(at) / step).unwrap_or(usize::MAX);
            if at <= up && back < width {
                let cell = &mut cells[width - 1 - back];
                *cell = Some(cell.map_or(value, |v| v.max(value)));
            }
        };
        if self.holds(from) {
            self.recent.iter().filter_map(|p| Some((p.up, p.value?))).for_each(|(at, v)| put(at, v));
        } else {
            self.minutes.iter().filter(|m| m.figures > 0).for_each(|m| put(m.end(), f64::from(m.max)));
        }
        cells
    }

    /// The figures of a window that ends at `up`, oldest first, as they came. None where the window reaches further
    /// back than they are kept.
    pub fn figures(&self, window: Window, up: u64) -> Option<Vec<f64>> {
        match window {
            Window::Samples(n) => {
                let skip = self.recent.len().saturating_sub(n.max(1));
                Some(self.recent.iter().skip(skip).filter_map(|p| p.value).collect())
            }
            Window::Seconds(span) => {
                let from = back(up, span);
                let inside = |p: &&Point| p.up >= from && p.up <= up;
                self.holds(from).then(|| self.recent.iter().filter(inside).filter_map(|p| p.value).collect())
            }
        }
    }

    /// A figure over a window that ends at `up`; none when it holds too few samples. Windows that reach further back
    /// than the samples as they came are computed from whole minutes.
    pub fn fold(&self, fold: Fold, window: Window, up: u64) -> Option<f64> {
        match (self.figures(window, up), window) {
            (Some(figures), _) => fold.of(&figures),
            (None, Window::Seconds(span)) => {
                let first = back(up, span).div_ceil(MINUTE);
                coarse(fold, self.minutes.iter().filter(|m| u64::from(m.number) >= first && m.figures > 0))
            }
            (None, Window::Samples(_)) => None,
        }
    }

    /// The figures of good looks since `from`, and how many looks there were: as they came, or a mean a minute where
    /// the samples are not kept that long.
    pub(super) fn good_since(&self, from: u64, up: u64) -> (Vec<f64>, usize) {
        if self.holds(from) {
            let inside = |p: &&Point| p.up >= from && p.up <= up && p.look == Look::Good;
            let figures: Vec<f64> = self.recent.iter().filter(inside).filter_map(|p| p.value).collect();
            let count = figures.len();
            return (figures, count);
        }
        let first = from.div_ceil(MINUTE);
        let minutes = self.minutes.iter().filter(|m| u64::from(m.number) >= first && m.figures > 0 && m.looks[0] > 0);
        minutes.fold((vec![], 0), |(mut figures, count), m| {
            figures.push(m.sum / f64::from(m.figures));
            (figures, count + usize::from(m.looks[0]))
        })
    }

    /// Whether all that came since `from` is still there as it came.
    fn holds(&self, from: u64) -> bool {
        !self.forgot || self.recent.front().is_some_and(|p| p.up <= from)
    }
}

impl Minute {
    /// Run time of the minute's end in µs.
    pub fn end(&self) -> u64 {
        (u64::from(self.number) + 1) * MINUTE
    }

    fn take(&mut self, look: Look, value: Option<f64>) {
        let cell = match look {
            Look::Good => 0,
            Look::Bad => 1,
            Look::NoData => 2,
        };
        self.looks[cell] = self.looks[cell].saturating_add(1);
        if let Some(value) = value {
            self.figures = self.figures.saturating_add(1);
            self.min = self.min.min(value as f32);
            self.max = self.max.max(value as f32);
            self.sum += value;
            self.last = value;
        }
    }
}

/// Run time so many seconds before `up`, µs.
fn back(up: u64, seconds: f64) -> u64 {
    up.saturating_sub((seconds.max(0.0) * 1e6) as u64)
}

/// Over whole minutes: exact for mean, least and greatest; a quantile is one of the minutes' means.
fn coarse<'a>(fold: Fold, minutes: impl Iterator<Item = &'a Minute>) -> Option<f64> {
    let minutes: Vec<&Minute> = minutes.collect();
    let each = |figure: fn(&Minute) -> f64| minutes.iter().map(|m| figure(m)).collect::<Vec<_>>();
    match fold {
        Fold::Avg => {
            let count: f64 = minutes.iter().map(|m| f64::from(m.figures)).sum();
            (count > 0.0).then(|| minutes.iter().map(|m| m.sum).sum::<f64>() / count)
        }
        Fold::Min => fold.of(&each(|m| f64::from(m.min))),
        Fold::Max => fold.of(&each(|m| f64::from(m.max))),
        Fold::Delta | Fold::Increase => fold.of(&each(|m| m.last)),
        Fold::Growth | Fold::Quantile(_) => fold.of(&each(|m| m.sum / f64::from(m.figures))),
    }
}

/// The middle figure (the mean of the two middle ones); none without figures.
pub(super) fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    let upper = *figures.get(middle)?;
    Some(if figures.len().is_multiple_of(2) { (figures[middle - 1] + upper) / 2.0 } else { upper })
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000;

    fn series(figures: impl IntoIterator<Item = f64>) -> Series {
        let mut series = Series::default();
        for (i, value) in figures.into_iter().enumerate() {
            let sample = Sample { up: i as u64 * S, look: Look::Good, value: Some(value), ..Sample::default() };
            series.push(&sample);
        }
        series
    }

    #[test]
    fn a_window_counts_only_what_lies_in_it() {
        let series = series([1.0, 2.0, 3.0, 4.0, 10.0]);
        let over = |fold, s| series.fold(fold, Window::Seconds(s), 4 * S);
        assert_eq!(over(Fold::Avg, 2.0), Some((3.0 + 4.0 + 10.0) / 3.0));
        assert_eq!(over(Fold::Min, 10.0), Some(1.0));
        assert_eq!(over(Fold::Max, 10.0), Some(10.0));
        assert_eq!(over(Fold::Delta, 10.0), Some(9.0));
        assert_eq!(series.fold(Fold::Avg, Window::Samples(2), 4 * S), Some(7.0));
        assert_eq!(series.fold(Fold::Avg, Window::Seconds(1.0), 60 * S), None);
        assert_eq!(series.fold(Fold::Delta, Window::Samples(1), 4 * S), None);
    }

    #[test]
    fn a_day_at_one_a_second_stays_bounded_and_answers() {
        let series = series((0..100_000).map(|i| f64::from(i % 60)));
        assert_eq!(series.recent().len(), RECENT);
        assert_eq!(series.minutes().len(), MINUTES);
        let up = 99_999 * S;
        assert_eq!(series.fold(Fold::Max, Window::Seconds(3600.0), up), Some(59.0));
        let avg = series.fold(Fold::Avg, Window::Seconds(3600.0), up).unwrap();
        assert!((avg - 29.5).abs() < 0.5, "{avg}");
    }

    #[test]
    fn older_samples_do_not_come_in() {
        let mut series = series([1.0, 2.0]);
        series.push(&Sample { up: 0, value: Some(9.0), ..Sample::default() });
        assert_eq!(series.recent().len(), 2);
    }

    #[test]
    fn a_sparkline_shows_the_worst_of_each_part_and_gaps() {
        let mut series = series([1.0, 5.0, 2.0]);
        series.push(&Sample { up: 9 * S, value: Some(7.0), ..Sample::default() });
        assert_eq!(series.spark(10 * S, 10 * S, 5), [Some(5.0), None, None, None, Some(7.0)]);
        let young = series.spark(10 * S, 600 * S, 40);
        assert_eq!(young.last(), Some(&Some(7.0)), "the newest figure is the last, also in a young run: {young:?}");
    }
}
