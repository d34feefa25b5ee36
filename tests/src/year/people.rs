//! Everybody who lives through the year, and the lists on which they are seen alive.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use jianzai_wire::IdNumber;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use time::Date;
use time::macros::date;
use uuid::Uuid;

/// Insured places with a policy of their own, and whose lists certify there: Beijing, Changsha, Xiangtan.
const PLACES: [(&str, &str); 3] = [("110000", "employer"), ("430100", "community"), ("430300", "assistance")];
/// In a year of 52 weeks so many of a thousand people are on no list: they are reminded, and suspended in the end.
const UNSEEN: u32 = 120;
const NAME: &str = "王健在";

/// A register as a file, and the lists of each week.
#[derive(Debug)]
pub struct Lists {
    folder: PathBuf,
    people: u64,
    seed: u64,
}

/// A list to hand in.
#[derive(Debug)]
pub struct List {
    path: PathBuf,
    from: &'static str,
}

impl List {
    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Who hands it in, and who takes it.
    pub fn arguments(&self) -> [String; 6] {
        let by = |number| Uuid::from_u128(number).to_string();
        ["--from".into(), self.from.into(), "--sender".into(), by(1), "--clerk".into(), by(2)]
    }
}

impl Lists {
    /// Writes the register.
    pub fn write(folder: &Path, people: u64, seed: u64) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let mut text = "name,id_number,insured_place,residence,phones,portrait,scheme,entitled_from\n".to_owned();
        for number in 0..people {
            let (id, (place, _)) = (id_number(number)?, place(number));
            let day = 1 + number % 28;
            let line = format!(
                "{NAME},{id},{place},{place},13800000000,,employee_pension,2024-{:02}-{day:02}\n",
                1 + number % 12
            );
            text.push_str(&line);
        }
        std::fs::write(folder.join("register.csv"), text)?;
        Ok(Self { folder: folder.to_owned(), people, seed })
    }

    /// The register.
    pub fn register(&self) -> PathBuf {
        self.folder.join("register.csv")
    }

    /// The lists of a week, one for each place: everybody is on one list in the year, or on none.
    pub fn of_week(&self, week: u64, day: Date) -> Result<Vec<List>> {
        let mut lists = Vec::new();
        for (place, (_, from)) in PLACES.into_iter().enumerate() {
            let mut text = "name,id_number,proof_date\n".to_owned();
            for number in (place as u64..self.people).step_by(PLACES.len()) {
                let mut draw = StdRng::seed_from_u64(self.seed << 32 ^ number);
                if draw.random_range(0..1_000) >= UNSEEN && draw.random_range(0..53) == week {
                    writeln!(text, "{NAME},{},{day}", id_number(number)?)?;
                }
            }
            let path = self.folder.join(format!("{from}-{week}.csv"));
            std::fs::write(&path, text)?;
            lists.push(List { path, from });
        }
        Ok(lists)
    }
}

fn place(number: u64) -> (&'static str, &'static str) {
    PLACES[(number % PLACES.len() as u64) as usize]
}

/// A number that passes every check: nine thousand days of birth, 997 people on each.
fn id_number(number: u64) -> Result<String> {
    let born = date!(1936 - 01 - 01) + time::Duration::days((number / 997 % 9_000).cast_signed());
    let body = format!("110101{:04}{:02}{:02}{:03}", born.year(), u8::from(born.month()), born.day(), 1 + number % 997);
    let found = "0123456789X".chars().map(|check| format!("{body}{check}")).find(|id| IdNumber::parse(id).is_ok());
    found.context("one of eleven check digits fits")
}
