//! Experiments whose figures stand in docs/LIVENESS.md, beside the benchmark:
//! `cargo run --release -p jianzai-tests --bin experiment -- eyes|lamp|dead`; `eyes FOLDER` leaves a frame of each kind there, to be looked
//! at.

use std::path::Path;

use anyhow::{Result, bail};
use jianzai_tests::trials::material::Material;
use jianzai_tests::trials::{dead, eyes, lamp};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let material = Material::open()?;
    let report = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["eyes"] => eyes::report(&material)?,
        ["eyes", folder] => eyes::pictures(&material, Path::new(folder))?,
        ["lamp"] => lamp::report(&material)?,
        ["dead"] => dead::report(&material)?,
        _ => bail!("experiment eyes|lamp|dead"),
    };
    println!("{report}");
    Ok(())
}
