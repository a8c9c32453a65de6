//! Quantities as the API writes them: `250m`, `123456789n`, `64Mi`, `1.5`, `2e3`.

/// The multipliers (Kubernetes API reference, Quantity).
const SUFFIXES: [(&str, f64); 16] = [
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
    ("Pi", 1_125_899_906_842_624.0),
    ("Ei", 1_152_921_504_606_846_976.0),
    ("n", 1e-9),
    ("u", 1e-6),
    ("m", 1e-3),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
    ("E", 1e18),
    ("", 1.0),
];

/// The figure of a quantity.
pub(super) fn read(text: &str) -> Option<f64> {
    let of = |(suffix, times): &(&str, f64)| {
        let number: f64 = text.strip_suffix(suffix)?.parse().ok()?;
        Some(number * times).filter(|value| value.is_finite())
    };
    SUFFIXES.iter().find_map(of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_as_kubernetes_means_them() {
        for (text, value) in [
            ("250m", 0.25),
            ("500000000n", 0.5),
            ("2", 2.0),
            ("1.5", 1.5),
            ("64Mi", 67_108_864.0),
            ("1Gi", 1_073_741_824.0),
            ("128974848", 128_974_848.0),
            ("2e3", 2000.0),
            ("1k", 1000.0),
            ("1E", 1e18),
        ] {
            let read = read(text).unwrap();
            assert!((read - value).abs() <= value * 1e-12, "{text}: {read}");
        }
        for wrong in ["", "x", "Mi", "12Q", "inf", "NaNm"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
