//! Looks at a clip and writes what was seen as a trace, the fixture of the liveness crate's tests:
//! `cargo run -p jianzai-tests --bin trace -- CLIP TRACE.json [FIRST LAST]`
//!
//! The clip is one of `tests/footage`, or a file. With FIRST and LAST only those frames (of the clip's own numbering) go
//! into the trace. 15 frames a second, as a capture is judged.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use jianzai_liveness::trace::Trace;
use jianzai_tests::footage::look;
use jianzai_tests::places;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (clip, to, range) = match arguments.as_slice() {
        [clip, to] => (clip, to, 0..=u64::MAX),
        [clip, to, first, last] => (clip, to, first.parse()?..=last.parse()?),
        _ => bail!("trace CLIP TRACE.json [FIRST LAST]"),
    };
    let path = if PathBuf::from(clip).is_file() { PathBuf::from(clip) } else { places::footage(clip)? };
    let mut seen = Vec::new();
    look(&path, 15, 5, |frame, observation| {
        if range.contains(&frame.number) {
            seen.push(observation);
        }
    })?;
    let name = path.file_name().context("a clip has a name")?.to_string_lossy().into_owned();
    let made_by = "jianzai-tests trace, networks of models/MODELS.toml, 15 frames a second";
    std::fs::write(to, Trace::of(&name, made_by, &seen).to_json()?)?;
    println!("{} frames of {name} -> {to}", seen.len());
    Ok(())
}
