//! Pure: series, baselines, debounce.
