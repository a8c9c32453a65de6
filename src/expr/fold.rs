//! One figure from the samples of a window.

/// What is asked of a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fold {
    /// The mean.
    Avg,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// By how much a counter rose; a fall is a restart from zero, as Prometheus counts.
    Increase,
    /// The newest less the oldest.
    Delta,
    /// By which part of itself it rose, 0.1 is 10 %: the straight line through the samples (least squares), its end
    /// against its begin. One figure that stands out moves it little.
    Growth,
    /// The quantile, 0..1, linear between two samples, as Prometheus counts.
    Quantile(f64),
}

impl Fold {
    /// The figure of these samples, oldest first. None where there are too few: none at all, or one for a difference.
    pub fn of(self, samples: &[f64]) -> Option<f64> {
        let (first, last) = (samples.first()?, samples.last()?);
        let figure = match self {
            Self::Avg => samples.iter().sum::<f64>() / samples.len() as f64,
            Self::Min => samples.iter().copied().fold(f64::INFINITY, f64::min),
            Self::Max => samples.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Self::Increase | Self::Delta if samples.len() < 2 => return None,
            // Two points are a line through any noise.
            Self::Growth if samples.len() < 3 => return None,
            Self::Increase => {
                samples.windows(2).map(|two| if two[1] >= two[0] { two[1] - two[0] } else { two[1] }).sum()
            }
            Self::Delta => last - first,
            Self::Growth => growth(samples)?,
            Self::Quantile(q) => {
                let mut sorted = samples.to_vec();
                sorted.sort_by(f64::total_cmp);
                let place = q.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
                let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
                below + (above - below) * place.fract()
            }
        };
        figure.is_finite().then_some(figure)
    }
}

/// None where the line begins at nothing or below.
fn growth(samples: &[f64]) -> Option<f64> {
    let count = samples.len() as f64;
    let (middle, mean) = ((count - 1.0) / 2.0, samples.iter().sum::<f64>() / count);
    let (mut along, mut across) = (0.0, 0.0);
    for (place, sample) in samples.iter().enumerate() {
        let x = place as f64 - middle;
        along += x * (sample - mean);
        across += x * x;
    }
    let slope = along / across;
    let begin = mean - slope * middle;
    (begin > 0.0).then(|| slope * (count - 1.0) / begin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_of_a_window() {
        let samples = [4.0, 1.0, 3.0, 2.0];
        assert_eq!(Fold::Avg.of(&samples), Some(2.5));
        assert_eq!(Fold::Min.of(&samples), Some(1.0));
        assert_eq!(Fold::Max.of(&samples), Some(4.0));
        assert_eq!(Fold::Delta.of(&samples), Some(-2.0));
        assert_eq!(Fold::Quantile(0.5).of(&samples), Some(2.5));
        assert_eq!(Fold::Quantile(1.0).of(&samples), Some(4.0));
        assert_eq!(Fold::Quantile(0.0).of(&samples), Some(1.0));
    }

    #[test]
    fn growth_is_that_of_the_line_not_of_one_figure() {
        let of = |samples: &[f64]| Fold::Growth.of(samples);
        assert_eq!(of(&[100.0, 105.0, 110.0]), Some(0.1));
        assert_eq!(of(&[100.0, 100.0, 100.0, 100.0]), Some(0.0));
        assert!(of(&[100.0, 102.0, 160.0, 99.0, 101.0]).unwrap().abs() < 0.05, "a peak is no leak");
        assert!(of(&[200.0, 190.0, 180.0]).unwrap() < 0.0);
        assert_eq!(of(&[100.0, 200.0]), None, "two figures are no line");
        assert_eq!(of(&[0.0, 0.0, 0.0]), None, "nothing has no part of itself");
    }

    #[test]
    fn a_counter_that_restarts_still_rises() {
        assert_eq!(Fold::Increase.of(&[10.0, 15.0, 3.0, 4.0]), Some(9.0));
    }

    #[test]
    fn too_few_samples_are_no_figure() {
        for fold in [Fold::Avg, Fold::Min, Fold::Max, Fold::Increase, Fold::Delta, Fold::Growth, Fold::Quantile(0.5)] {
            assert_eq!(fold.of(&[]), None);
        }
        assert_eq!(Fold::Increase.of(&[1.0]), None);
        assert_eq!(Fold::Delta.of(&[1.0]), None);
        assert_eq!(Fold::Avg.of(&[f64::MAX, f64::MAX]), None, "an overflow is no figure");
    }
}
