//! Tables as docker and kubectl print them: columns as wide as their widest cell, three spaces between.

/// The table with its heads; trailing spaces are kept off.
pub fn table(heads: &[&str], rows: Vec<Vec<String>>) -> String {
    let heads: Vec<String> = heads.iter().map(|h| (*h).to_owned()).collect();
    lines(std::iter::once(heads).chain(rows).collect())
}

/// The rows alone.
pub fn lines(rows: Vec<Vec<String>>) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| rows.iter().filter_map(|r| r.get(column)).map(|c| c.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}   "));
        format!("{}\n", cells.collect::<String>().trim_end())
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let text =
            table(&["NAME", "AGE"], vec![vec!["a-long-name…".into(), "3d".into()], vec!["b".into(), String::new()]]);
        assert_eq!(text, "NAME           AGE\na-long-name…   3d\nb\n");
    }
}
