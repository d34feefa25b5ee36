//! Everybody who lives through the year, and the lists on which some of them are seen alive.
//!
//! **In**: how many, a seed. **Out**: the register as a file; each week's lists as files. The same seed gives the same.
//! **What can go wrong**: the disk is full.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use jianzai_wire::IdNumber;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use time::macros::date;
use time::{Date, Duration};
use uuid::Uuid;

/// Where everybody is insured, of a hundred, each place with a policy of its own: Beijing by lists of employers, Changsha of
/// communities, Xiangtan of agencies elsewhere; Guangzhou by comparison with the household register, Qingdao by traces of
/// other services; Shenzhen by the app.
const PLACES: [(&str, Way, u64); 6] = [
    ("110000", Way::List("employer"), 24),
    ("430100", Way::List("community"), 8),
    ("430300", Way::List("assistance"), 8),
    ("440100", Way::Compared, 34),
    ("370200", Way::Traced, 24),
    ("440300", Way::App, 2),
];
/// In a year of 52 weeks so many of a thousand people are on no list: they are reminded, and suspended in the end.
const UNSEEN: u32 = 120;
const NAME: &str = "王健在";

/// How a place certifies its people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By lists of these senders.
    List(&'static str),
    /// By comparison with the household register.
    Compared,
    /// By what other services saw.
    Traced,
    /// By the app.
    App,
}

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
    pub fn arguments(&self, clerk: &str) -> [String; 6] {
        let sender = Uuid::from_u128(1).to_string();
        ["--from".into(), self.from.into(), "--sender".into(), sender, "--clerk".into(), clerk.into()]
    }
}

impl Lists {
    /// Writes the register, in which everybody has drawn their pension since some day of the year before.
    pub fn write(folder: &Path, people: u64, seed: u64, today: Date) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let mut text = "name,id_number,insured_place,residence,phones,portrait,scheme,entitled_from\n".to_owned();
        for number in 0..people {
            let (id, (place, _)) = (id_number(number)?, place(number));
            let since = today - Duration::days((number * 7 % 360).cast_signed());
            writeln!(text, "{NAME},{id},{place},{place},13800000000,,employee_pension,{since}")?;
        }
        std::fs::write(folder.join("register.csv"), text)?;
        Ok(Self { folder: folder.to_owned(), people, seed })
    }

    /// The register.
    pub fn register(&self) -> PathBuf {
        self.folder.join("register.csv")
    }

    /// A file beside it.
    pub(super) fn file(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.folder.join(name);
        std::fs::write(&path, text)?;
        Ok(path)
    }

    /// Whoever is certified this way, with a draw of their own, the same each time.
    pub(super) fn certified_by(&self, way: Way) -> impl Iterator<Item = (u64, StdRng)> {
        let seed = self.seed << 32;
        let numbers = (0..self.people).filter(move |number| place(*number).1 == way);
        numbers.map(move |number| (number, StdRng::seed_from_u64(seed ^ number)))
    }

    /// The lists of a week, one for each place that has them: everybody there is on one list in the year, or on none.
    pub fn of_week(&self, week: u64, day: Date) -> Result<Vec<List>> {
        let mut lists = Vec::new();
        for (_, way, _) in PLACES {
            let Way::List(from) = way else { continue };
            let mut text = "name,id_number,proof_date\n".to_owned();
            for (number, mut draw) in self.certified_by(way) {
                if draw.random_range(0..1_000) >= UNSEEN && draw.random_range(0..53) == week {
                    writeln!(text, "{NAME},{},{day}", id_number(number)?)?;
                }
            }
            lists.push(List { path: self.file(&format!("{from}-{week}.csv"), &text)?, from });
        }
        Ok(lists)
    }
}

/// Where somebody is insured; neighbours in the register mostly in different places.
fn place(number: u64) -> (&'static str, Way) {
    let mut lot = number * 37 % 100;
    let found = PLACES.into_iter().find(|(_, _, share)| {
        let here = lot < *share;
        lot = lot.saturating_sub(*share);
        here
    });
    found.map_or(("440300", Way::App), |(place, way, _)| (place, way))
}

/// A number that passes every check: nine thousand days of birth, 997 people on each.
pub(super) fn id_number(number: u64) -> Result<String> {
    let born = date!(1936 - 01 - 01) + Duration::days((number / 997 % 9_000).cast_signed());
    let body = format!("110101{:04}{:02}{:02}{:03}", born.year(), u8::from(born.month()), born.day(), 1 + number % 997);
    let found = "0123456789X".chars().map(|check| format!("{body}{check}")).find(|id| IdNumber::parse(id).is_ok());
    found.context("one of eleven check digits fits")
}
