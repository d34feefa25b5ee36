//! People of a database, files about them, and runs.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use time::Date;
use time::macros::date;
use uuid::Uuid;

use crate::clock::SystemClock;
use crate::office::{Office, OfficeError};
use crate::silent::{Household, RunReport, Source, Taken};
use crate::tests::{Kind, World, id_number};
use crate::year::tests::stage::morning;

pub(crate) const BORN: Date = date!(1945 - 09 - 15);

/// A database, open as the program opens it, and a folder for files.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) office: Office,
    pub(crate) folder: TempDir,
    files: u32,
}

impl Stage {
    /// `people`, numbered from 1, insured at a place, of whom a tick knows the policy.
    pub(crate) async fn new(kind: Kind, place: &str, people: u128, came: Date) -> Self {
        let world = World::new(kind).await;
        for number in 1..=people {
            world.person(number, place, BORN, came, came).await;
        }
        let office = Office::open(&world.config, &SystemClock).await.unwrap();
        office.tick(morning(came)).await.unwrap();
        Self { world, office, folder: tempfile::tempdir().unwrap(), files: 0 }
    }

    /// The number of the person with that number.
    pub(crate) fn id_number(person: u128) -> String {
        id_number(BORN, u16::try_from(person % 1_000).unwrap()).expose().to_owned()
    }

    /// A fresh file.
    pub(crate) fn file(&mut self, ending: &str, text: &str) -> PathBuf {
        self.files += 1;
        let path = self.folder.path().join(format!("{}.{ending}", self.files));
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) async fn import(&self, source: Source, path: &Path, day: Date) -> Taken {
        self.office.silent_import(source, path, morning(day)).await.unwrap()
    }

    /// Takes events: person, kind, day.
    pub(crate) async fn events(&mut self, events: &[(u128, &str, Date)], day: Date) -> Taken {
        let line = |(person, kind, day): &(u128, &str, Date)| format!("{},{kind},{day}\n", Self::id_number(*person));
        let text = events.iter().map(line).collect::<String>();
        let path = self.file("csv", &format!("id_number,event,day\n{text}"));
        self.import(Source::Events, &path, day).await
    }

    /// Takes a register of a day, however many people it is about: person, status.
    pub(crate) async fn register(&mut self, stated: &[(u128, &str)], of: Date, day: Date) -> Taken {
        self.household(stated, Household { fewer: true, ..Household::of(of) }, day).await.unwrap()
    }

    /// Takes a register: person, status.
    pub(crate) async fn household(
        &mut self,
        stated: &[(u128, &str)],
        household: Household,
        day: Date,
    ) -> Result<Taken, OfficeError> {
        let line = |(person, status): &(u128, &str)| format!("{},王健在,{status}\n", Self::id_number(*person));
        let text = stated.iter().map(line).collect::<String>();
        let path = self.file("csv", &format!("id_number,name,status\n{text}"));
        self.office.silent_import(Source::Register(household), &path, morning(day)).await
    }

    pub(crate) async fn run(&self, rules: (&str, &str), shadow: bool, day: Date) -> RunReport {
        let report = self.office.silent_run(rules.0, rules.1, shadow, morning(day)).await.unwrap();
        assert!(report.ended && !report.day_over);
        report
    }
}

/// The identifier of a person.
pub(crate) fn who(number: u128) -> Uuid {
    Uuid::from_u128(number)
}
