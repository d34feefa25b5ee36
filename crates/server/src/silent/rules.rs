//! A rule file, read and checked.

use std::collections::{BTreeMap, BTreeSet};

use jianzai_wire::Language;
use serde::Deserialize;

/// Years that a trace may be old at most.
const LONGEST_WINDOW: u16 = 5 * 366;

/// Which traces count, and how.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Findings name it.
    pub version: u32,
    /// Older traces say nothing.
    pub window_days: u16,
    /// What the household register may state.
    pub register: Register,
    /// What weak traces must come to.
    pub together: Together,
    /// Traces that count alone.
    pub strong: Vec<Kind>,
    /// Traces that count together.
    pub weak: Vec<Weak>,
    /// Traces of a death.
    pub death: Vec<Kind>,
}

/// What the household register may state.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// The person lives.
    pub alive: BTreeSet<String>,
    /// The person has died.
    pub dead: BTreeSet<String>,
    /// The register does not know the person.
    pub absent: Absent,
}

/// What it means that the register does not know somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Absent {
    /// A clerk looks.
    Flag,
    /// Nothing: it is not complete.
    Ignore,
}

/// What weak traces must come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Together {
    /// Points in all.
    pub points: u32,
    /// From so many kinds.
    pub kinds: usize,
}

/// A kind of trace.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// As it stands in the data.
    pub kind: String,
    /// As it is said in Chinese.
    pub zh: String,
    /// As it is said in English.
    pub en: String,
}

/// A kind of trace that counts with others.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weak {
    /// As it stands in the data.
    pub kind: String,
    /// Points of one trace.
    pub points: u32,
    /// Points of all traces of the kind.
    pub at_most: u32,
    /// As it is said in Chinese.
    pub zh: String,
    /// As it is said in English.
    pub en: String,
}

/// Why a rule file can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// It is no rule file; the message names line and column.
    #[error("{file}: {message}")]
    Form {
        /// Which.
        file: String,
        /// Where and what.
        message: String,
    },
    /// What it says can't be meant.
    #[error("{file}: {key}: {remedy}")]
    Meaning {
        /// Which.
        file: String,
        /// Where.
        key: &'static str,
        /// What to do.
        remedy: &'static str,
    },
}

impl Rules {
    /// Reads a rule file.
    pub fn read(file: &str, text: &str) -> Result<Self, RulesError> {
        let form = |error: toml::de::Error| RulesError::Form { file: file.to_owned(), message: error.to_string() };
        let rules: Self = toml::from_str(text).map_err(form)?;
        match rules.fault() {
            None => Ok(rules),
            Some((key, remedy)) => Err(RulesError::Meaning { file: file.to_owned(), key, remedy }),
        }
    }

    fn fault(&self) -> Option<(&'static str, &'static str)> {
        let kinds = self.strong.iter().chain(&self.death).map(|kind| &kind.kind);
        let kinds = kinds.chain(self.weak.iter().map(|weak| &weak.kind));
        let (count, different) = (kinds.clone().count(), kinds.collect::<BTreeSet<_>>().len());
        let most: u32 = self.weak.iter().map(|weak| weak.at_most).fold(0, u32::saturating_add);
        let alone = self.weak.iter().any(|weak| weak.at_most >= self.together.points) && self.together.kinds < 2;
        let worth = |weak: &Weak| (1..=weak.at_most).contains(&weak.points);
        [
            (self.version == 0, "version", "count versions from 1"),
            (!(1..=LONGEST_WINDOW).contains(&self.window_days), "window_days", "give 1 to 1830 days"),
            (
                !self.register.alive.is_disjoint(&self.register.dead),
                "register",
                "a status means life or death, not both",
            ),
            (self.register.alive.is_empty(), "register.alive", "name the statuses of people who live"),
            (count != different, "kind", "name each kind once: strong, weak or death"),
            (self.death.is_empty(), "death", "name the kinds by which a death is known"),
            (!self.weak.iter().all(worth), "weak.points", "give at least 1 point, and no more than at_most"),
            (self.together.points == 0, "together.points", "nothing would be enough; give at least 1"),
            (alone, "together.kinds", "one weak kind would count alone; ask for 2 kinds, or make it strong"),
            (
                !self.weak.is_empty() && (most < self.together.points || self.weak.len() < self.together.kinds),
                "together",
                "all weak kinds together do not reach it; ask for less, or give more points",
            ),
        ]
        .into_iter()
        .find_map(|(wrong, key, remedy)| wrong.then_some((key, remedy)))
    }

    /// Whether a kind counts alone.
    pub(super) fn is_strong(&self, kind: &str) -> bool {
        self.strong.iter().any(|strong| strong.kind == kind)
    }

    /// Whether a kind tells of a death.
    pub(super) fn is_death(&self, kind: &str) -> bool {
        self.death.iter().any(|death| death.kind == kind)
    }

    /// Points of so many traces of each kind, and from how many kinds.
    pub(super) fn points(&self, counts: &BTreeMap<&str, u32>) -> (u32, usize) {
        let of_kind = |weak: &Weak| {
            let count = counts.get(weak.kind.as_str()).copied().unwrap_or(0);
            weak.points.saturating_mul(count).min(weak.at_most)
        };
        let points: Vec<_> = self.weak.iter().map(of_kind).filter(|points| *points > 0).collect();
        (points.iter().fold(0, |sum, points| sum.saturating_add(*points)), points.len())
    }

    /// How a kind is said.
    pub(super) fn say(&self, kind: &str, language: Language) -> String {
        let alone = self.strong.iter().chain(&self.death).map(|kind| (&kind.kind, &kind.zh, &kind.en));
        let mut all = alone.chain(self.weak.iter().map(|weak| (&weak.kind, &weak.zh, &weak.en)));
        match (all.find(|(name, ..)| *name == kind), language) {
            (Some((_, zh, _)), Language::Zh) => zh.clone(),
            (Some((_, _, en)), Language::En) => en.clone(),
            (None, _) => kind.to_owned(),
        }
    }
}
