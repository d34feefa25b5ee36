//! Rates with their bounds, and text in columns.

/// The upper end of the one-sided 95 % interval (Clopper-Pearson) of a rate of which `count` of `trials` were seen, so that
/// 0 of 60 is not zero but 4.9 %. 1 where nothing was tried.
pub fn upper_bound(count: usize, trials: usize) -> f64 {
    const BEYOND: f64 = 0.05;
    if count >= trials {
        return 1.0;
    }
    // The rate at which so few would be seen in 5 % of such series; the chance falls as the rate grows.
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for _ in 0..60 {
        let rate = (low + high) / 2.0;
        if at_most(count, trials, rate) > BEYOND { low = rate } else { high = rate }
    }
    high
}

/// The chance that at most `count` of `trials` happen, each at `rate`.
fn at_most(count: usize, trials: usize, rate: f64) -> f64 {
    let (yes, no) = (rate.ln(), (1.0 - rate).ln());
    let mut ways = 0.0_f64;
    let mut sum = 0.0;
    for k in 0..=count {
        if k > 0 {
            ways += ((trials - k + 1) as f64).ln() - (k as f64).ln();
        }
        sum += (ways + k as f64 * yes + (trials - k) as f64 * no).exp();
    }
    sum
}

/// `2 of 40, <= 15.0 %`.
pub fn rate(count: usize, trials: usize) -> String {
    format!("{count} of {trials}, <= {:.1} %", 100.0 * upper_bound(count, trials))
}

/// The middle one; 0 of none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// Lines of columns, the first to the left, the others to the right.
#[derive(Debug, Default)]
pub struct Table(Vec<Vec<String>>);

impl Table {
    /// A table with this first line.
    pub fn headed(columns: &[&str]) -> Self {
        Self(vec![columns.iter().map(|column| (*column).to_owned()).collect()])
    }

    /// Adds a line.
    pub fn line(&mut self, cells: Vec<String>) {
        self.0.push(cells);
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns = self.0.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.0.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for line in &self.0 {
            let mut text = String::new();
            for (place, (cell, width)) in line.iter().zip(&widths).enumerate() {
                match place {
                    0 => text.push_str(&format!("{cell:<width$}")),
                    _ => text.push_str(&format!("  {cell:>width$}")),
                }
            }
            writeln!(f, "{}", text.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_those_of_the_textbooks() {
        // None of n: 1 - 0.05^(1/n), about three over n.
        for (trials, bound) in [(20, 0.139_11), (60, 0.048_70), (300, 0.009_94)] {
            assert!((upper_bound(0, trials) - bound).abs() < 1e-4, "{trials}: {}", upper_bound(0, trials));
        }
        // One of 20 and five of 50, reckoned with exact binomials elsewhere.
        assert!((upper_bound(1, 20) - 0.216_11).abs() < 1e-4);
        assert!((upper_bound(5, 50) - 0.198_83).abs() < 1e-4);
        assert_eq!((upper_bound(3, 3), upper_bound(0, 0)), (1.0, 1.0));
    }

    #[test]
    fn a_table_lines_up() {
        let mut table = Table::headed(&["what", "n"]);
        table.line(vec!["a print".into(), "12".into()]);
        assert_eq!(table.to_string(), "what      n\na print  12\n");
    }
}
