//! Every version of every policy, and who lives by which.

use std::collections::BTreeMap;
use std::path::Path;

use jianzai_wire::Division;
use time::Date;

use super::reader::Fault;
use super::{Place, Policy, SHIPPED, Scheme, load};

/// All faults of a set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Faults(pub Vec<Fault>);

/// The policies of all places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicySet {
    /// Versions in the order of their first days.
    policies: BTreeMap<(Place, Scheme), Vec<Policy>>,
}

impl PolicySet {
    /// From files: name and text. The set, or all faults of all files.
    pub fn load<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Faults> {
        let mut set = Self { policies: BTreeMap::new() };
        let mut faults = Vec::new();
        for (file, text) in files {
            match load(file, text) {
                Ok(policy) => faults.extend(set.insert(file, text, &policy)),
                Err(found) => faults.extend(found),
            }
        }
        set.inherit();
        if faults.is_empty() { Ok(set) } else { Err(Faults(faults)) }
    }

    /// The shipped examples.
    pub fn shipped() -> Result<Self, Faults> {
        Self::load(SHIPPED)
    }

    /// The `.toml` files of a folder, in the order of their names. A folder without any is a fault.
    pub fn folder(folder: &Path) -> Result<Self, Faults> {
        let unreadable = |path: &Path, error: &std::io::Error| {
            Faults(vec![Fault {
                file: path.display().to_string(),
                line: 1,
                key: "the file".to_owned(),
                wrong: format!("it cannot be read ({error})"),
                remedy: "See that it is there, is UTF-8 and may be read by the service".to_owned(),
            }])
        };
        let listed = std::fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let mut paths: Vec<_> =
            listed.map_err(|error| unreadable(folder, &error))?.into_iter().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
        paths.sort();
        if paths.is_empty() {
            return Err(unreadable(folder, &std::io::Error::other("no file in it ends in `.toml`")));
        }
        let mut texts = Vec::new();
        for path in &paths {
            let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
            texts.push((path.file_name().unwrap_or_default().to_string_lossy().into_owned(), text));
        }
        Self::load(texts.iter().map(|(name, text)| (name.as_str(), text.as_str())))
    }

    /// The versions of a place itself, those above it before its first; empty if it has none of its own.
    pub fn versions_of(&self, place: Place, scheme: Scheme) -> &[Policy] {
        self.policies.get(&(place, scheme)).map(Vec::as_slice).unwrap_or_default()
    }

    /// The versions that somebody lives by, oldest first: those of the insured place, else of the division above it,
    /// else the nationwide ones; before a place's first version those above it. Empty if there are none.
    pub fn versions(&self, insured_place: Division, scheme: Scheme) -> &[Policy] {
        let mut at = Some(insured_place);
        while let Some(division) = at {
            if let Some(found) = self.policies.get(&(Place::Division(division.code()), scheme)) {
                return found;
            }
            at = division.parent();
        }
        self.policies.get(&(Place::Nationwide, scheme)).map_or(&[], Vec::as_slice)
    }

    /// Every version of every policy; one that is inherited comes more than once.
    pub fn every(&self) -> impl Iterator<Item = &Policy> {
        self.policies.values().flatten()
    }

    /// The version in force on a day.
    pub fn in_force(versions: &[Policy], on: Date) -> Option<&Policy> {
        versions.iter().rev().find(|policy| policy.valid_from <= on)
    }

    /// Until a place has its own policy, it lives by that of those above it.
    fn inherit(&mut self) {
        // From the nation down: codes of divisions above are smaller.
        let keys: Vec<_> = self.policies.keys().copied().collect();
        for (place, scheme) in keys {
            let Place::Division(code) = place else { continue };
            let first = self.policies.get(&(place, scheme)).and_then(|own| own.first()).map(|own| own.valid_from);
            let above = match Division::from_code(code).and_then(Division::parent) {
                Some(parent) => self.versions(parent, scheme),
                None => self.policies.get(&(Place::Nationwide, scheme)).map_or(&[][..], Vec::as_slice),
            };
            let before: Vec<_> = above.iter().filter(|above| Some(above.valid_from) < first).cloned().collect();
            if let Some(own) = self.policies.get_mut(&(place, scheme)) {
                own.splice(0..0, before);
            }
        }
    }

    fn insert(&mut self, file: &str, text: &str, policy: &Policy) -> Vec<Fault> {
        let mut faults = Vec::new();
        for scheme in &policy.schemes {
            let versions = self.policies.entry((policy.place, *scheme)).or_default();
            let place = versions.partition_point(|other| other.version < policy.version);
            let follows = |before: &Policy, after: &Policy| {
                before.version < after.version && before.valid_from < after.valid_from
            };
            let fits = place.checked_sub(1).and_then(|at| versions.get(at)).is_none_or(|other| follows(other, policy))
                && versions.get(place).is_none_or(|other| follows(policy, other));
            if !fits {
                faults.push(Fault {
                    file: file.to_owned(),
                    line: text.lines().position(|line| line.trim_start().starts_with("version")).unwrap_or(0) + 1,
                    key: "`version`".to_owned(),
                    wrong: format!(
                        "another version for the same place has this number, or begins out of order ({})",
                        policy.version
                    ),
                    remedy: "Give each version a higher number and a later `valid_from` than the one before".to_owned(),
                });
                break;
            }
            versions.insert(place, policy.clone());
        }
        faults
    }
}
