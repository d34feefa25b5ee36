//! What other services know of people, month after month: the household register of Guangzhou and Qingdao, and the events of
//! Qingdao.
//!
//! **In**: a month. **Out**: a register and a list of events as files, as `jianzai-server silent import` takes them. Most are
//! found, some are not for a month or for good, of some a death is stated or reported, of a few of those by mistake; with a few
//! the data contradict each other. **What can go wrong**: the disk is full.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use time::{Date, Duration};

use super::people::{Lists, Way, id_number};

/// Events of a month that somebody may leave, in thousandths. Of the first two each counts alone, the others count together.
const EVENTS: [(&str, u32); 6] = [
    ("hospital_stay", 100),
    ("home_care", 150),
    ("clinic_visit", 300),
    ("vaccination", 60),
    ("travel", 150),
    ("card_spend", 700),
];

/// What the data will say of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Alive, month after month.
    Found,
    /// Nothing, from one month up to another.
    Missing { from: u64, until: u64 },
    /// Dead, from a month on.
    Dead { from: u64 },
    /// Dead in one month, and alive again in the next.
    Mistaken { in_month: u64 },
    /// Neither alive nor dead.
    Unclear,
}

impl Fate {
    fn draw(draw: &mut StdRng) -> Self {
        let (lot, from) = (draw.random_range(0..1_000), draw.random_range(0..12));
        match lot {
            0..30 => Self::Missing { from, until: from + 1 },
            30..45 => Self::Missing { from, until: from + 3 },
            45..60 => Self::Missing { from: 0, until: u64::MAX },
            60..72 => Self::Dead { from },
            72..76 => Self::Mistaken { in_month: from },
            76..84 => Self::Unclear,
            _ => Self::Found,
        }
    }

    /// Whether the data know somebody dead in a month.
    fn is_dead(self, month: u64) -> bool {
        match self {
            Self::Dead { from } => from <= month,
            Self::Mistaken { in_month } => in_month == month,
            _ => false,
        }
    }

    fn is_missing(self, month: u64) -> bool {
        matches!(self, Self::Missing { from, until } if (from..until).contains(&month))
    }

    /// What the register states in a month; nothing of whom it does not know.
    fn status(self, month: u64) -> Option<&'static str> {
        match self {
            _ if self.is_missing(month) => None,
            _ if self.is_dead(month) => Some("deceased"),
            Self::Unclear => Some("cancelled"),
            _ => Some("resident"),
        }
    }
}

impl Lists {
    /// The household register of a month, counted from 0.
    pub fn household(&self, month: u64) -> Result<PathBuf> {
        let mut text = "id_number,status\n".to_owned();
        for (number, mut draw) in self.certified_by(Way::Compared) {
            if let Some(status) = Fate::draw(&mut draw).status(month) {
                writeln!(text, "{},{status}", id_number(number)?)?;
            }
        }
        // Those of Qingdao all live there, as far as the register knows: of them the events tell.
        for (number, _) in self.certified_by(Way::Traced) {
            writeln!(text, "{},resident", id_number(number)?)?;
        }
        self.file(&format!("household-{month}.csv"), &text)
    }

    /// The events of the 30 days before a day of that month.
    pub fn events(&self, month: u64, before: Date) -> Result<PathBuf> {
        let mut text = "id_number,event,day\n".to_owned();
        for (number, mut draw) in self.certified_by(Way::Traced) {
            let (fate, id) = (Fate::draw(&mut draw), id_number(number)?);
            // Each month is drawn by itself, whatever was drawn for those before it.
            let mut draw = StdRng::seed_from_u64(draw.random::<u64>() ^ month);
            // A death is reported once.
            let reported = fate.is_dead(month) && !fate.is_dead(month.wrapping_sub(1));
            let gone = fate.is_missing(month) || matches!(fate, Fate::Dead { from } if from <= month);
            for (kind, chance) in EVENTS {
                let day = before - Duration::days(draw.random_range(1..=30));
                let happens = draw.random_range(0..1_000) < chance;
                if happens && !gone {
                    writeln!(text, "{id},{kind},{day}")?;
                }
            }
            if reported {
                let day = before - Duration::days(draw.random_range(1..=30));
                writeln!(text, "{id},death,{day}")?;
            }
        }
        self.file(&format!("events-{month}.csv"), &text)
    }
}
