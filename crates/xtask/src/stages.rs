//! Progress: one line when a stage begins, its time when it ends, all of them at the end.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// The stages of one command.
pub(crate) struct Stages {
    ended: Vec<(String, Duration, bool)>,
}

impl Stages {
    pub(crate) fn new() -> Self {
        Self { ended: Vec::new() }
    }

    /// Runs one stage and keeps its time. The stage's name is put in front of its error.
    pub(crate) fn stage<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        println!("▸ {name}");
        let begun = Instant::now();
        let result = work().with_context(|| name.to_owned());
        let took = begun.elapsed();
        println!("{} {name}: {}", if result.is_ok() { "✓" } else { "✗" }, minutes(took));
        self.ended.push((name.to_owned(), took, result.is_ok()));
        result
    }

    /// Prints every stage with its time.
    pub(crate) fn summary(&self) {
        println!("\nstages");
        for (name, took, good) in &self.ended {
            println!("  {} {:>8}  {name}", if *good { "✓" } else { "✗" }, minutes(*took));
        }
        let all = self.ended.iter().map(|(_, took, _)| *took).sum();
        println!("    {:>8}  in all", minutes(all));
    }
}

fn minutes(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        format!("{:.1} s", time.as_secs_f32())
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}
