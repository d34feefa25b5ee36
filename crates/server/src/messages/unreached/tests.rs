//! A letter that comes back suspends nobody, and one case at a time asks a clerk to find the person, on both databases.

use jianzai_wire::Secret;
use jianzai_wire::messages::{Delivery, DeliveryReceipt};

use super::*;
use crate::chronicle::policies;
use crate::chronicle::record::add;
use crate::chronicle::tick::tick;
use crate::db::year::review;
use crate::messages::tests::{Counting, DUE, due};
use crate::office::Decision;
use crate::tests::{Kind, World};
use crate::year::channel::Channel;
use crate::year::dates::{LETTER_DAYS, days_after};
use crate::year::facts::{Fact, What};
use crate::year::policy::PolicySet;
use crate::year::tests::stage::{CLERK_ID, morning};

/// Somebody of Shenzhen who never answers.
struct Silent {
    world: World,
    office: Office,
    policies: PolicySet,
    today: Date,
}

impl Silent {
    async fn new(kind: Kind) -> Self {
        let (world, office) = due(kind).await;
        let policies = policies::load(world.store.reads()).await.unwrap();
        Self { world, office, policies, today: DUE }
    }

    /// Looks and sends, day after day.
    async fn live(&mut self, days: i64) {
        for _ in 0..days {
            self.today = days_after(self.today, 1);
            let (store, keys) = (&self.world.store, &self.world.keys);
            tick(store, keys, &self.policies, morning(self.today), &|| false).await.unwrap();
            self.office.send(&Counting::default(), morning(self.today)).await.unwrap();
        }
    }

    /// Lives until the notice was handed over by a way.
    async fn live_until_notice(&mut self, medium: &str) -> Model {
        for _ in 0..400 {
            if let Some(row) = self.notice(medium).await.filter(|row| row.handed_on.is_some()) {
                return row;
            }
            self.live(1).await;
        }
        panic!("no notice");
    }

    async fn notice(&self, medium: &str) -> Option<Model> {
        let rows = Entity::find().filter(Column::Rung.eq("notice")).filter(Column::Medium.eq(medium));
        rows.one(self.world.store.reads()).await.unwrap()
    }

    async fn say(&self, row: &Model, outcome: Delivery) {
        let receipt = row.receipt.clone().unwrap();
        let said = DeliveryReceipt { id: row.id, receipt, outcome };
        assert!(self.office.receipts(&[said], morning(self.today)).await.unwrap().is_empty());
    }

    async fn came_back(&self, letter: Uuid) -> Option<LetterReturned> {
        self.office.letter_returned(letter, CLERK_ID, morning(self.today)).await.unwrap()
    }

    /// A letter that was sent in place of a text message, and has come back; its case.
    async fn returned(&mut self) -> Uuid {
        let sms = self.live_until_notice("sms").await;
        self.say(&sms, Delivery::Failed).await;
        let letter = self.live_until_notice("letter").await;
        self.live(2).await;
        self.came_back(letter.id).await.unwrap().review.unwrap()
    }

    async fn certify(&self) {
        let who = self.notice("letter").await.unwrap().beneficiary_id;
        let what = What::Certified { id: Uuid::from_u128(7), channel: Channel::AgencyByHand };
        let tx = self.world.store.begin("test").await.unwrap();
        add(&*tx, who, &Fact::of_day(self.today, what), to_millis(morning(self.today))).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn cases(&self) -> Vec<review::Model> {
        review::Entity::find().all(self.world.store.reads()).await.unwrap()
    }

    async fn open(&self) -> Vec<Uuid> {
        let cases = self.cases().await;
        cases.into_iter().filter(|case| case.decided_at.is_none()).map(|case| case.id).collect()
    }

    async fn told(&self) -> Vec<String> {
        let told = instruction::Entity::find().order_by_asc(instruction::Column::Number);
        told.all(self.world.store.reads()).await.unwrap().into_iter().map(|row| row.kind).collect()
    }

    async fn decide(&self, case: Uuid, decision: Decision) {
        let words = Secret::new("上门看过".to_owned());
        self.office.decide(case, CLERK_ID, decision, &words, morning(self.today)).await.unwrap();
    }

    async fn demand_whole_log(&self) {
        let report = audit::verify(&self.world.config, &self.world.keys, &[]).await.unwrap();
        assert!(report.faults.is_empty(), "{report:?}");
    }
}

#[tokio::test]
async fn nobody_is_suspended_on_the_strength_of_a_letter_that_came_back() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut silent = Silent::new(kind).await;
        let case = silent.returned().await;
        let letter = silent.notice("letter").await.unwrap();
        let again = silent.came_back(letter.id).await;
        assert_eq!(again, Some(LetterReturned { review: Some(case), known: true }));
        // Whatever the gateway says of it, somebody holds it in their hands.
        silent.say(&letter, Delivery::Delivered).await;
        assert_eq!(silent.notice("letter").await.unwrap().state, RETURNED);
        silent.live(60).await;
        silent.decide(case, Decision::NotFound).await;
        silent.live(29).await;
        assert_eq!(silent.cases().await.len(), 1);
        assert_eq!(silent.told().await, [] as [&str; 0], "{kind:?}");
        let [row] = &silent.cases().await[..] else { panic!("one case") };
        assert_eq!((row.kind.as_str(), row.decision.as_deref()), ("unreached", Some("not_found")));
        silent.demand_whole_log().await;
    }
}

#[tokio::test]
async fn whoever_was_not_found_is_looked_for_again_until_they_come() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut silent = Silent::new(kind).await;
        let first = silent.returned().await;
        silent.decide(first, Decision::NotFound).await;
        silent.live(29).await;
        assert_eq!(silent.open().await, [] as [Uuid; 0], "{kind:?}");
        silent.live(1).await;
        let [second] = silent.open().await[..] else { panic!("one case, {kind:?}") };
        assert_ne!(second, first);
        // Two looks of a day, and those of days on which the case is open, begin no other.
        silent.today = days_after(silent.today, -1);
        silent.live(5).await;
        assert_eq!(silent.open().await, [second], "{kind:?}");
        silent.decide(second, Decision::NotFound).await;
        silent.live(30).await;
        let [third] = silent.open().await[..] else { panic!("one case, {kind:?}") };
        assert!(third != first && third != second);
        silent.decide(third, Decision::NotFound).await;
        assert_eq!(silent.told().await, [] as [&str; 0], "{kind:?}");
        silent.live(29).await;
        silent.certify().await;
        silent.live(11).await;
        assert_eq!(silent.open().await, [] as [Uuid; 0], "{kind:?}: they have come");
        silent.demand_whole_log().await;
    }
}

#[tokio::test]
async fn whoever_was_found_and_told_in_person_has_been_given_notice() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut silent = Silent::new(kind).await;
        let case = silent.returned().await;
        silent.live(60).await;
        silent.decide(case, Decision::Found).await;
        assert_eq!(silent.told().await, [] as [&str; 0]);
        silent.live(60).await;
        assert_eq!(silent.told().await, ["suspend"], "{kind:?}");
        silent.demand_whole_log().await;
    }
}

#[tokio::test]
async fn a_notice_that_failed_after_the_payer_was_told_is_a_clerks_to_look_into() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut silent = Silent::new(kind).await;
        let sms = silent.live_until_notice("sms").await;
        silent.live(30).await;
        assert_eq!((silent.told().await, silent.cases().await), (vec!["suspend".to_owned()], vec![]));
        for _ in 0..2 {
            silent.say(&sms, Delivery::Failed).await;
        }
        let [case] = &silent.cases().await[..] else { panic!("{kind:?}: one case") };
        assert_eq!((case.kind.as_str(), case.decided_at), ("unreached", None));
        // The letter that goes in its place comes back as well: it is the same case, and payment goes on no sooner.
        silent.live(LETTER_DAYS).await;
        let letter = silent.notice("letter").await.unwrap();
        let back = silent.came_back(letter.id).await;
        assert_eq!(back, Some(LetterReturned { review: Some(case.id), known: false }));
        silent.live(10).await;
        assert_eq!((silent.told().await, silent.cases().await.len()), (vec!["suspend".to_owned()], 1));
        let actions = silent.world.rows_of(&["audit_entry"]).await;
        let logged = |action: &str| actions["audit_entry"].iter().filter(|row| row.contains(action)).count();
        assert_eq!((logged("action=unreached"), logged("action=letter_returned")), (1, 1));
        silent.demand_whole_log().await;
    }
}

#[tokio::test]
async fn a_letter_that_a_gateway_lost_and_one_on_which_nothing_depends() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut silent = Silent::new(kind).await;
        let sms = silent.live_until_notice("sms").await;
        assert_eq!(silent.came_back(sms.id).await, None, "no letter");
        silent.say(&sms, Delivery::Failed).await;
        assert_eq!(silent.cases().await, [], "a letter goes first");
        let waiting = silent.notice("letter").await.unwrap();
        assert_eq!(silent.came_back(waiting.id).await, None, "it has not gone yet");
        let letter = silent.live_until_notice("letter").await;
        silent.say(&letter, Delivery::Failed).await;
        assert_eq!(silent.cases().await.len(), 1, "{kind:?}: by the gateway's word");

        let mut silent = Silent::new(kind).await;
        let sms = silent.live_until_notice("sms").await;
        silent.say(&sms, Delivery::Failed).await;
        let letter = silent.live_until_notice("letter").await;
        let row = benefit::Entity::find_by_id(letter.beneficiary_id).one(silent.world.store.reads()).await.unwrap();
        let certified = benefit::ActiveModel {
            standing: Set(Standing::Current.name().to_owned()),
            ..row.unwrap().into_active_model()
        };
        certified.update(silent.world.store.single()).await.unwrap();
        let back = silent.came_back(letter.id).await;
        assert_eq!(back, Some(LetterReturned { review: None, known: false }));
        assert_eq!(silent.cases().await, []);
    }
}
