//! A rule file, read and checked.

use std::collections::{BTreeMap, BTreeSet};

use jianzai_wire::Language;
use serde::{Deserialize, Deserializer};

use crate::year::channel::Channel;
use crate::year::names::Named as _;
use crate::year::policy::Place;

/// Days that a trace may be old at most.
const LONGEST_WINDOW: u16 = 5 * 366;
/// Kinds that a file may name.
const MOST_KINDS: usize = 500;
/// Points that all kinds together may give.
const MOST_POINTS: u32 = 1_000_000;

/// The files that come with the service.
pub const SHIPPED: [(&str, &str); 3] = [
    ("silent.toml", include_str!("../../rules/silent.toml")),
    ("qingdao.toml", include_str!("../../rules/qingdao.toml")),
    ("guangzhou.toml", include_str!("../../rules/guangzhou.toml")),
];

/// Which traces count, and how.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Findings name it.
    pub version: u32,
    /// The way of certifying that a confirmation is recorded as: one by data.
    #[serde(deserialize_with = "channel")]
    pub channel: Channel,
    /// Whose people are looked at: those who live by the policy of one of these places; empty: everybody.
    #[serde(default, deserialize_with = "places")]
    pub places: Vec<Place>,
    /// Whom the data do not find is asked by other ways, unless they have proven to live within so many days.
    pub missing_after_days: u16,
    /// Older traces say nothing, and an older register neither confirms anybody nor misses them.
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
    /// Whether to be stated alive counts alone, as a trace of the register's day. Then nobody counts as not found unless a whole
    /// register was compared, of a day within the window.
    #[serde(default)]
    pub confirms: bool,
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

    /// A rule file that comes with the service: its name and text.
    pub fn shipped(name: &str) -> Option<(&'static str, &'static str)> {
        SHIPPED.into_iter().find(|(file, _)| *file == name || file.strip_suffix(".toml") == Some(name))
    }

    fn fault(&self) -> Option<(&'static str, &'static str)> {
        let kinds = self.strong.iter().chain(&self.death).map(|kind| &kind.kind);
        let kinds = kinds.chain(self.weak.iter().map(|weak| &weak.kind));
        let (count, different) = (kinds.clone().count(), kinds.clone().collect::<BTreeSet<_>>().len());
        let most: u32 = self.weak.iter().map(|weak| weak.at_most).fold(0, u32::saturating_add);
        let alone = self.weak.iter().any(|weak| weak.at_most >= self.together.points) && self.together.kinds < 2;
        let worth = |weak: &Weak| (1..=weak.at_most).contains(&weak.points);
        let named = kinds.chain(&self.register.alive).chain(&self.register.dead).all(|word| is_word(word));
        [
            (!named, "kind", "begin kinds and statuses with a letter; then a to z, 0 to 9 and _, 40 at most"),
            (count > MOST_KINDS, "kind", "name 500 kinds at most"),
            (most > MOST_POINTS, "weak.at_most", "give a million points in all at most"),
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

/// Whether a word can be a kind or a status: nothing else is kept of what other services send, so that no name of a person
/// comes in by a wrong column.
pub(super) fn is_word(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    text.len() <= 40 && text.bytes().all(plain) && text.bytes().next().is_some_and(|first| first.is_ascii_lowercase())
}

fn channel<'de, D: Deserializer<'de>>(from: D) -> Result<Channel, D::Error> {
    let name = String::deserialize(from)?;
    let found = Channel::named(&name).filter(|channel| !channel.needs_the_person());
    found.ok_or_else(|| serde::de::Error::custom("give a way of certifying by data: silent_events or register_match"))
}

fn places<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Place>, D::Error> {
    let wrong = || serde::de::Error::custom("give places of policies: \"nationwide\", or six digits");
    Vec::<String>::deserialize(from)?.iter().map(|text| Place::parse(text).ok_or_else(wrong)).collect()
}
