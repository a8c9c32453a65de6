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
            Self::Increase => {
                samples.windows(2).map(|two| if two[1] >= two[0] { two[1] - two[0] } else { two[1] }).sum()
            }
            Self::Delta => last - first,
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
    fn a_counter_that_restarts_still_rises() {
        assert_eq!(Fold::Increase.of(&[10.0, 15.0, 3.0, 4.0]), Some(9.0));
    }

    #[test]
    fn too_few_samples_are_no_figure() {
        for fold in [Fold::Avg, Fold::Min, Fold::Max, Fold::Increase, Fold::Delta, Fold::Quantile(0.5)] {
            assert_eq!(fold.of(&[]), None);
        }
        assert_eq!(Fold::Increase.of(&[1.0]), None);
        assert_eq!(Fold::Delta.of(&[1.0]), None);
        assert_eq!(Fold::Avg.of(&[f64::MAX, f64::MAX]), None, "an overflow is no figure");
    }
}
