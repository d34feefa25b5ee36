//! What follows from findings: certifications, reports of death, and that the data did not find somebody.
//!
//! **In**: findings of one range, the policies of the day. **Out**: rows, written at once. **What can go wrong**: the database
//! fails: nothing of the range is kept.
//!
//! - Confirmed: one certification and its fact, by the way that the rules name, if the policy of the place opens that way and
//!   takes a proof of that age. It bears the name that any such record would bear, so the same proof again adds nothing.
//! - Suspected dead: a report of death for a clerk, and the fact that holds a suspension meanwhile; nothing else. The same
//!   death is reported once, and reported anew only where [`super::deaths`] says so.
//! - Not confirmed: the fact that the data did not find the person, if the policy opens that way, and unless they have proven
//!   lately that they live. Where the rules confirm by the register and no whole one was compared: nothing.
//! - Flagged: nothing. Clerks see who it is ([`super::flagged`]).

use std::collections::{HashMap, HashSet};
use std::ops::AddAssign;

use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement};
use time::Date;
use uuid::Uuid;

use super::deaths::{Suspected, decided};
use super::evaluate::{Finding, Outcome};
use super::grounds;
use super::question::{Gathered, Range};
use super::records::{look_today, write_certified, write_dead, write_facts, write_found};
use super::rules::Rules;
use crate::chronicle::record::certification_id;
use crate::db::bulk::Bulk;
use crate::db::silent_entity::silent_run;
use crate::year::channel::{Channel, EvidenceKind};
use crate::year::dates::{day_number, days_after, numbered_day};
use crate::year::facts::{Fact, What};
use crate::year::names::{Named as _, words};
use crate::year::policy::{Place, Policy, PolicySet, Scheme};
use crate::year::record::Party;

words! {
    /// What follows from a finding.
    pub Effect {
        /// A certification.
        Certified = "certified",
        /// A report of death for a clerk.
        Review = "review",
        /// The data did not find the person.
        Missing = "missing",
        /// Nothing.
        Nothing = "nothing",
    }
}

/// The policies of the day, by place and benefit as rows name them.
pub(super) struct Policies<'a> {
    set: &'a PolicySet,
    rules: &'a Rules,
    on: Date,
    known: HashMap<(String, String), Option<&'a Policy>>,
}

impl<'a> Policies<'a> {
    pub(super) fn new(set: &'a PolicySet, rules: &'a Rules, on: Date) -> Self {
        Self { set, rules, on, known: HashMap::new() }
    }

    /// The policy that somebody lives by, if it opens the rules' way of certifying.
    fn open(&mut self, of: &Gathered) -> Option<&'a Policy> {
        let (set, on, channel) = (self.set, self.on, self.rules.channel);
        let key = (of.policy_place.clone(), of.scheme.clone());
        *self.known.entry(key).or_insert_with_key(|(place, scheme)| {
            let versions = set.versions_of(Place::parse(place)?, Scheme::named(scheme)?);
            PolicySet::in_force(versions, on).filter(|policy| policy.allows(channel))
        })
    }
}

/// Rows of a range.
#[derive(Debug, Default)]
pub(super) struct Effects {
    people: Vec<Uuid>,
    /// In the order of `people`.
    found: Vec<Found>,
    certified: Vec<Certified>,
    /// Places in `found` of the suspected dead, and their reports.
    dead: Vec<(usize, Suspected)>,
    /// Places in `found` of those who may be missing.
    missing: Vec<usize>,
}

/// A finding as it is kept.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) outcome: Outcome,
    pub(super) proof: Option<i64>,
    pub(super) grounds: String,
    pub(super) effect: Effect,
    pub(super) about: Option<Uuid>,
    pub(super) entitled_from: i64,
}

/// How many rows of each kind were new.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Added {
    pub(super) certified: u64,
    pub(super) reviews: u64,
    pub(super) missing: u64,
}

impl AddAssign for Added {
    fn add_assign(&mut self, more: Self) {
        self.certified += more.certified;
        self.reviews += more.reviews;
        self.missing += more.missing;
    }
}

/// A certification.
#[derive(Debug)]
pub(super) struct Certified {
    pub(super) id: Uuid,
    pub(super) beneficiary: Uuid,
    pub(super) proof: Date,
    pub(super) policy_place: String,
    pub(super) policy_version: i64,
    pub(super) delete_on: i64,
}

impl Effects {
    /// Adds what follows from a finding.
    pub(super) fn add(
        &mut self,
        run: &silent_run::Model,
        policies: &mut Policies<'_>,
        of: &Gathered,
        finding: &Finding,
    ) {
        let id = of.beneficiary_id;
        let policy = policies.open(of);
        let (effect, about) = match (finding.outcome, finding.proof, policy) {
            (Outcome::Confirmed, Some(proof), Some(policy)) if takes(policy, proof, policies.on) => {
                let certified = certified(id, proof, policies, policy);
                let about = certified.id;
                self.certified.push(certified);
                (Effect::Certified, Some(about))
            }
            (Outcome::SuspectedDead, ..) => {
                let suspected = Suspected::of(id, finding);
                let about = suspected.review;
                self.dead.push((self.found.len(), suspected));
                (Effect::Review, Some(about))
            }
            (Outcome::NotConfirmed, _, Some(_)) => {
                self.missing.push(self.found.len());
                (Effect::Missing, None)
            }
            _ => (Effect::Nothing, None),
        };
        self.people.push(id);
        self.found.push(Found {
            outcome: finding.outcome,
            proof: finding.proof.map(day_number),
            grounds: grounds::write(&finding.grounds),
            effect,
            about: about.filter(|_| !run.shadow),
            entitled_from: of.entitled_from,
        });
    }

    /// Whether anybody may be missing.
    pub(super) fn may_be_missing(&self) -> bool {
        !self.missing.is_empty()
    }

    /// Nobody is missing: nothing was compared that could say so.
    pub(super) fn spare_all(&mut self) {
        for at in std::mem::take(&mut self.missing) {
            if let Some(found) = self.found.get_mut(at) {
                found.effect = Effect::Nothing;
            }
        }
    }

    /// A death whose report was withdrawn, or decided on long ago, is reported anew.
    pub(super) async fn report_anew(
        &mut self,
        run: &silent_run::Model,
        db: &impl ConnectionTrait,
        range: Range,
    ) -> Result<(), DbErr> {
        if self.dead.is_empty() || run.shadow {
            return Ok(());
        }
        let (decided, on) = (decided(db, range).await?, numbered_day(run.on_day));
        for (at, suspected) in &mut self.dead {
            suspected.follow(&decided, on);
            if let Some(found) = self.found.get_mut(*at) {
                found.about = Some(suspected.review);
            }
        }
        Ok(())
    }

    /// Whoever has proven lately that they live is not missing.
    pub(super) async fn spare_proven(
        &mut self,
        db: &impl ConnectionTrait,
        rules: &Rules,
        on: Date,
        range: Range,
    ) -> Result<(), DbErr> {
        #[derive(FromQueryResult)]
        struct Proven {
            beneficiary_id: Uuid,
        }
        let backend = db.get_database_backend();
        let lately = day_number(days_after(on, -i64::from(rules.missing_after_days)));
        let sql = format!(
            "SELECT DISTINCT f.beneficiary_id FROM fact f WHERE {} AND f.kind = 'certified' AND f.on_day > {lately} \
             AND f.on_day <= f.recorded_day AND NOT EXISTS (SELECT 1 FROM fact void WHERE \
               void.beneficiary_id = f.beneficiary_id AND void.kind = 'revoked' AND void.about_id = f.about_id)",
            range.holds(backend, "f.beneficiary_id")
        );
        let proven = Proven::find_by_statement(Statement::from_string(backend, sql)).all(db).await?;
        let proven: HashSet<Uuid> = proven.into_iter().map(|row| row.beneficiary_id).collect();
        for at in std::mem::take(&mut self.missing) {
            let (Some(found), Some(who)) = (self.found.get_mut(at), self.people.get(at)) else { continue };
            if proven.contains(who) || found.entitled_from > lately {
                found.effect = Effect::Nothing;
            } else {
                self.missing.push(at);
            }
        }
        Ok(())
    }

    /// Writes everything, and lets the next tick look at whoever is concerned. Says what was new.
    pub(super) async fn write(
        self,
        bulk: &mut Bulk,
        run: &silent_run::Model,
        rules: &Rules,
        range: Range,
    ) -> Result<Added, DbErr> {
        let mut added = Added::default();
        if !run.shadow {
            let [certified, dead, missing] = self.facts(run, rules.channel);
            added.certified = write_certified(bulk, run, rules, &self.certified).await?;
            added.reviews = write_dead(bulk, run, &self.dead).await?;
            added.missing = write_facts(bulk, run, None, &missing).await?;
            let others = write_facts(bulk, run, Some(rules.channel), &certified).await?
                + write_facts(bulk, run, None, &dead).await?;
            if added.missing + others > 0 {
                look_today(bulk, run, range).await?;
            }
        }
        write_found(bulk, run, self.people, &self.found, range).await?;
        Ok(added)
    }

    /// Of the certified, the suspected dead, the missing.
    fn facts(&self, run: &silent_run::Model, channel: Channel) -> [Vec<(Uuid, Fact)>; 3] {
        let day = numbered_day(run.on_day);
        let certified = self.certified.iter().map(|certified| {
            let what = What::Certified { id: certified.id, channel };
            (certified.beneficiary, Fact { on: certified.proof, recorded: day, what })
        });
        let dead = self.dead.iter().map(|(_, suspected)| {
            let what = What::ReviewOpened { review: suspected.review };
            (suspected.beneficiary, Fact::of_day(day, what))
        });
        let missing = self.missing.iter().filter_map(|at| self.people.get(*at));
        let missing = missing.map(|who| (*who, Fact::of_day(day, What::NoMatch { run: run.id })));
        [certified.collect(), dead.collect(), missing.collect()]
    }
}

/// Whether the policy takes a proof of that day.
fn takes(policy: &Policy, proof: Date, on: Date) -> bool {
    proof <= on && proof >= days_after(on, -i64::from(policy.proof_age_days))
}

fn certified(beneficiary: Uuid, proof: Date, policies: &Policies<'_>, policy: &Policy) -> Certified {
    let by = Party::Rules { version: policies.rules.version };
    Certified {
        id: certification_id(beneficiary, policies.rules.channel, by, proof),
        beneficiary,
        proof,
        policy_place: policy.place.to_string(),
        policy_version: i64::from(policy.version),
        delete_on: day_number(policy.delete_on(EvidenceKind::Data, policies.on)),
    }
}
