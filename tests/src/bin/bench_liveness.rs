//! `cargo xtask bench liveness [--quick] [--only SPECIES]... [--pictures FOLDER] [--accept]`: how well is a living person told from
//! what is not.
//!
//! **In**: the trials of `jianzai_tests::trials`. **Out**: the tables, and whether anything is not as it must be or not as
//! `tests/liveness_snapshot.txt` says, which has a line for each species. `--quick`: a fifth of each, not held against it;
//! `--only`: these species alone, or `hints` or `portraits`. Each trial is told on the error stream as it ends. `--pictures`: some frames of each species as PNG files instead, to be looked at. `--accept`: what is found
//! is kept as the snapshot.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail, ensure};
use jianzai_camera::actor::Instruction;
use jianzai_tests::places;
use jianzai_tests::trials::hints::hints;
use jianzai_tests::trials::material::Material;
use jianzai_tests::trials::portraits::portraits;
use jianzai_tests::trials::run::{seed, trials};
use jianzai_tests::trials::{SPECIES, Species, report};
use jianzai_wire::Action;

#[derive(Default)]
struct Wish {
    quick: bool,
    accept: bool,
    only: Vec<String>,
    pictures: Option<PathBuf>,
}

fn main() -> Result<ExitCode> {
    let wish = wish()?;
    let species: Vec<Species> = SPECIES.iter().filter(|species| wish.wants(species.name)).copied().collect();
    let known = |name: &String| names().split(", ").any(|known| known == name);
    ensure!(wish.only.iter().all(known), "there are: {}", names());
    let material = Material::open()?;
    if let Some(folder) = &wish.pictures {
        return pictures(&material, &species, folder).map(|()| ExitCode::SUCCESS);
    }
    let trials = trials(&material, &species, if wish.quick { 0.2 } else { 1.0 })?;
    if !trials.is_empty() {
        println!("{}", report::outcomes(&trials));
        println!("{}\n{}\n{}", report::layers(&trials), report::differences(&trials), report::losses(&trials));
        println!("{}\n{}", report::times(&trials), report::thresholds(&trials));
    }
    let mut failings = report::failings(&trials);
    if wish.wants("hints") {
        let (table, good) = hints(&material)?;
        println!("{table}");
        failings.extend((!good).then(|| "a hint is wrong or flickers".to_owned()));
    }
    if wish.wants("portraits") {
        let (table, good) = portraits(&material)?;
        println!("{table}");
        failings.extend((!good).then(|| "a genuine pair is refused or an impostor pair accepted".to_owned()));
    }
    failings.iter().for_each(|failing| println!("NOT AS IT MUST BE: {failing}"));
    let same = wish.quick || held_against_snapshot(&report::lines(&trials), wish.accept)?;
    Ok(if failings.is_empty() && same { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn wish() -> Result<Wish> {
    let mut wish = Wish::default();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--quick" => wish.quick = true,
            "--accept" => wish.accept = true,
            "--only" => wish.only.push(words.next().with_context(|| format!("--only SPECIES: {}", names()))?),
            "--pictures" => wish.pictures = Some(words.next().context("--pictures FOLDER")?.into()),
            _ => bail!("[--quick] [--only SPECIES]... [--pictures FOLDER] [--accept]"),
        }
    }
    Ok(wish)
}

/// What `--only` may name.
fn names() -> String {
    SPECIES.iter().map(|species| species.name).chain(["hints", "portraits"]).collect::<Vec<_>>().join(", ")
}

impl Wish {
    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|wanted| wanted == name)
    }
}

/// Compares with what is kept, species by species, and prints what differs; or keeps what was found.
fn held_against_snapshot(found: &[(&str, String)], accept: bool) -> Result<bool> {
    let path = places::workspace().join("tests/liveness_snapshot.txt");
    let text = if path.is_file() { std::fs::read_to_string(&path)? } else { String::new() };
    let kept: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.split_once(": ")).collect();
    let found: BTreeMap<&str, &str> = found.iter().map(|(name, line)| (*name, line.as_str())).collect();
    if accept {
        let line = |species: &Species| {
            let line = found.get(species.name).or_else(|| kept.get(species.name))?;
            Some(format!("{}: {line}\n", species.name))
        };
        std::fs::write(&path, SPECIES.iter().filter_map(line).collect::<String>())?;
        println!("kept as {}", path.display());
        return Ok(true);
    }
    let mut same = true;
    for (name, now) in found {
        let before = kept.get(name).copied().unwrap_or("nothing");
        if before != now {
            same = false;
            println!("{name}\n  kept: {before}\n  now:  {now}");
        }
    }
    println!(
        "{}",
        if same { "as the snapshot says" } else { "NOT AS THE SNAPSHOT SAYS; if it should be so: --accept" }
    );
    Ok(same)
}

/// Some frames of each species: at rest, and while it is asked for a turn and an open mouth.
fn pictures(material: &Material, species: &[Species], folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    for species in species {
        for number in 0..2 {
            let mut scene = (species.scene)(material, seed(species, number))?;
            for frame in 0..160_u32 {
                let at = scene.tick()?;
                match frame {
                    20 => scene.hear(at, Instruction::Do(Action::TurnLeft)),
                    85 => scene.hear(at, Instruction::Do(Action::OpenMouth)),
                    _ => {}
                }
                if [10, 52, 115].contains(&frame) {
                    scene.picture()?.save(folder.join(format!("{}_{number}_{frame:03}.png", species.name)))?;
                }
            }
        }
    }
    Ok(())
}
