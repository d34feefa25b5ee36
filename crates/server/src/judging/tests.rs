//! The queue: one job, one outcome, one certificate, whoever dies in between, on both databases.

use std::fs;
use std::time::Duration;

use jianzai_wire::api::StepRequest;
use jianzai_wire::{Action, Bytes32, CapturePolicy, Language, Limitation, Secret, Step};
use sea_orm::PaginatorTrait as _;
use tempfile::TempDir;

use super::*;
use crate::clock::{Clock as _, ShiftedClock};
use crate::config::Config;
use crate::db::entity::{activation, beneficiary, certificate, step};
use crate::db::year::{certification, fact, message, review};
use crate::import::import;
use crate::keys::Role;
use crate::limitations;
use crate::steps;
use crate::tests::{Kind, TestDatabase, on_both_databases};
use crate::year::dates::{end_of_day, months_after, numbered_day};

on_both_databases!(
    failures_add_up_for_a_year_or_since_the_last_certificate,
    a_process_without_the_key_leaves_the_bundle_to_one_that_has_it,
    a_job_is_one_workers_until_its_lease_runs_out,
    what_somebody_cannot_do_is_known_as_long_as_somebody_may_have_to_decide,
    a_worker_that_lost_its_job_changes_nothing_and_nobody_is_certified_twice,
    what_is_no_evidence_is_not_kept,
    an_outcome_that_is_cut_short_leaves_no_half,
    a_fault_of_our_own_is_tried_again_and_ends_with_a_person_never_with_a_refusal,
    a_certificate_comes_with_its_record_and_its_fact_and_holds_as_long_as_the_policy_says,
    a_device_that_is_new_for_the_person_is_announced_once,
);

/// A service in which one accepted attempt waits, and what keeps it there.
pub(super) struct World {
    pub(super) app: App,
    pub(super) clock: Arc<ShiftedClock>,
    pub(super) attempt: Uuid,
    _database: Option<TestDatabase>,
    _folder: TempDir,
}

impl World {
    pub(super) async fn new(kind: Kind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::new(folder.path().join("data"));
        let database = (kind == Kind::Postgres).then(TestDatabase::new);
        config.database = database.as_ref().map(|database| Secret::new(database.url()));
        let clock = Arc::new(ShiftedClock::default());
        let csv = folder.path().join("register.csv");
        let rows =
            "name,id_number,insured_place,residence,phones,portrait\n王健在,44030419520315201X,440300,440300,,\n";
        fs::write(&csv, rows).unwrap();
        import(&config, &*clock, &csv, Language::En).await.unwrap();
        let app = App::open(config, clock.clone()).await.unwrap();
        let attempt = accepted(&app).await;
        Self { app, clock, attempt, _database: database, _folder: folder }
    }
}

pub(super) async fn accepted(app: &App) -> Uuid {
    let person = beneficiary::Entity::find().one(app.store.reads()).await.unwrap().unwrap();
    let id = Uuid::new_v4();
    accept_for(app, person.id, id).await;
    id
}

/// Somebody's bundle has arrived.
pub(crate) async fn accept_for(app: &App, person: Uuid, id: Uuid) {
    let (now, activation_id) = (app.clock.now(), id);
    let tx = app.store.begin("test").await.unwrap();
    let activation = activation::ActiveModel {
        id: Set(activation_id),
        beneficiary_id: Set(person),
        token_digest: Set(activation_id.as_bytes().to_vec()),
        device_key: Set(vec![2; 32]),
        mode: Set("assisted".into()),
        consent_text: Set("1".into()),
        consent_by: Set("beneficiary_spoken".into()),
        created_at: Set(now),
        expires_at: Set(now),
        attempts: Set(1),
        channel: Set(None),
        helper_id: Set(None),
    };
    activation.insert(&*tx).await.unwrap();
    let policy = CapturePolicy::for_actions(&Action::ALL);
    let attempt = attempt::ActiveModel {
        id: Set(id),
        activation_id: Set(activation_id),
        beneficiary_id: Set(person),
        token_digest: Set(id.as_bytes().to_vec()),
        nonce: Set(vec![4; 32]),
        demo: Set(false),
        policy: Set(serde_json::to_string(&policy).unwrap()),
        recipient_key: Set(app.keys.current(Role::Evidence).unwrap().id.clone()),
        issued_at: Set(now - 60_000),
        commit_by: Set(now),
        state: Set(State::Accepted),
        reasons: Set(String::new()),
        committed_at: Set(Some(now)),
        chain_head: Set(Some(vec![5; 32])),
        frames: Set(Some(100)),
        duration_ms: Set(Some(9_000)),
        plan_hash: Set(Some(vec![6; 32])),
        deliver_by: Set(Some(now)),
        accepted_at: Set(Some(now)),
        evidence_path: Set(Some("gone".into())),
        delete_at: Set(Some(now + 1_000_000_000)),
        ..Default::default()
    };
    attempt.insert(&*tx).await.unwrap();
    job::ActiveModel { attempt_id: Set(id), run_at: Set(now), tries: Set(0), ..Default::default() }
        .insert(&*tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

/// Certifies the next who waits; whether there was one.
pub(crate) async fn judge_next(app: &App, worker: Uuid) -> bool {
    let Some(job) = claim(app, worker).await.unwrap() else { return false };
    let case = Case::load(app, job.attempt_id).await.unwrap();
    conclude(app, &job, Some(&case), &certified()).await.unwrap();
    true
}

pub(super) fn certified() -> Finding {
    Finding { state: State::Certified, reasons: Vec::new(), judgement: None }
}

pub(super) async fn certificates(app: &App) -> u64 {
    certificate::Entity::find().count(app.store.reads()).await.unwrap()
}

async fn standing(world: &World) -> State {
    attempt::Entity::find_by_id(world.attempt).one(world.app.store.reads()).await.unwrap().unwrap().state
}

/// An attempt of the same person's, so many days ago, that was shown a step.
async fn earlier(world: &World, days: i64, state: State) -> Uuid {
    let (app, id) = (&world.app, Uuid::new_v4());
    let person = beneficiary::Entity::find().one(app.store.reads()).await.unwrap().unwrap().id;
    accept_for(app, person, id).await;
    // And two minutes, so that it was before the attempt that is asked about.
    let issued_at = Set(app.clock.now() - days * 86_400_000 - 120_000);
    let then = attempt::ActiveModel { id: Set(id), issued_at, state: Set(state), ..Default::default() };
    then.update(app.store.single()).await.unwrap();
    let request = StepRequest { ended: None, frames: 3, chain_head: Bytes32([7; 32]) };
    let first = Step { index: 0, action: Action::OpenMouth, wait_ms: 200 };
    steps::row(id, first, &request, 0).insert(app.store.single()).await.unwrap();
    id
}

async fn failures_add_up_for_a_year_or_since_the_last_certificate(kind: Kind) {
    let world = World::new(kind).await;
    let before = async || Case::load(&world.app, world.attempt).await.unwrap().failed_before;
    assert_eq!(before().await, [0, 0]);
    for days in [0, 3, 200, 364, 370] {
        earlier(&world, days, State::Refused).await;
    }
    earlier(&world, 100, State::Review).await;
    assert_eq!(before().await, [1, 5], "not what is older than a year");
    let unasked = earlier(&world, 2, State::Review).await;
    step::Entity::delete_many()
        .filter(step::Column::AttemptId.eq(unasked))
        .exec(world.app.store.single())
        .await
        .unwrap();
    assert_eq!(before().await, [1, 6], "one that was asked for nothing and sent in, too");
    let certified = earlier(&world, 150, State::Certified).await;
    assert_eq!(before().await, [1, 4], "not what came before a certificate");
    let given = certificate::ActiveModel {
        attempt_id: Set(certified),
        beneficiary_id: Set(beneficiary::Entity::find().one(world.app.store.reads()).await.unwrap().unwrap().id),
        serial: Set(Uuid::new_v4().to_string()),
        sealed: Set(Vec::new()),
        signed_with: Set(String::new()),
        issued_at: Set(0),
        valid_until: Set(0),
        demo: Set(false),
        revoked_at: Set(Some(1)),
    };
    given.insert(world.app.store.single()).await.unwrap();
    assert_eq!(before().await, [1, 7], "one that was found void is a failure itself");
}

async fn a_process_without_the_key_leaves_the_bundle_to_one_that_has_it(kind: Kind) {
    let world = World::new(kind).await;
    let later = attempt::ActiveModel {
        id: Set(world.attempt),
        recipient_key: Set("evidence-20300101-00".to_owned()),
        ..Default::default()
    };
    later.update(world.app.store.single()).await.unwrap();
    let error = Case::load(&world.app, world.attempt).await.err().unwrap();
    assert!(matches!(&error, JudgingError::KeyNotHere(key) if key == "evidence-20300101-00"), "{error}");
    assert!(error.is_out_of_reach(), "which costs no try and deletes nothing");
    let own = world.app.keys.current(Role::Evidence).unwrap().id.clone();
    let gone =
        attempt::ActiveModel { id: Set(world.attempt), recipient_key: Set("0".to_owned()), ..Default::default() };
    gone.update(world.app.store.single()).await.unwrap();
    assert!(own.as_str() > "0" && own.as_str() < "evidence-20300101-00");
    assert!(
        Case::load(&world.app, world.attempt).await.is_ok(),
        "an older key does not come back: nobody waits for it"
    );
}

async fn a_job_is_one_workers_until_its_lease_runs_out(kind: Kind) {
    let world = World::new(kind).await;
    let (first, second) = (Uuid::from_u128(1), Uuid::from_u128(2));
    assert!(claim(&world.app, first).await.unwrap().is_some());
    assert!(claim(&world.app, second).await.unwrap().is_none());
    world.clock.advance(Duration::from_millis(LEASE_MS as u64 + 1_000));
    let taken = claim(&world.app, second).await.unwrap().unwrap();
    assert_eq!((taken.leased_by, taken.tries), (Some(second), 2));
    take_back(&world.app, first).await.unwrap();
    assert!(claim(&world.app, first).await.unwrap().is_none(), "what another has in hand stays theirs");
    take_back(&world.app, second).await.unwrap();
    assert!(claim(&world.app, first).await.unwrap().is_some(), "the next start takes back what was in hand");
}

async fn what_somebody_cannot_do_is_known_as_long_as_somebody_may_have_to_decide(kind: Kind) {
    let world = World::new(kind).await;
    let (keys, now) = (&world.app.keys, world.clock.now());
    let said = [Limitation::LyingDown, Limitation::CannotHear];
    let sealed = limitations::seal(keys, world.attempt, [said[1], said[0], said[1]].to_vec()).unwrap();
    assert!(sealed.as_ref().is_some_and(|sealed| !sealed.windows(5).any(|part| part == b"lying")), "sealed");
    assert_eq!(limitations::seal(keys, world.attempt, Vec::new()), Ok(None));
    for (state, over, deleted, known) in [
        (State::Open, false, false, true),
        (State::Open, true, false, true),
        (State::Committed, false, false, true),
        (State::Committed, true, false, false),
        (State::Accepted, true, false, true),
        (State::Review, true, false, true),
        (State::Review, true, true, false),
        (State::Certified, true, false, false),
        (State::Refused, true, false, true),
        (State::Refused, true, true, true),
    ] {
        let until = if over { now - 1 } else { now + 1 };
        let attempt = attempt::ActiveModel {
            id: Set(world.attempt),
            state: Set(state),
            commit_by: Set(until),
            deliver_by: Set(Some(until)),
            deleted_at: Set(deleted.then_some(now)),
            limitations: Set(sealed.clone()),
            ..Default::default()
        };
        let tx = world.app.store.begin("test").await.unwrap();
        attempt.update(&*tx).await.unwrap();
        assert_eq!(limitations::forget(&*tx, now).await.unwrap(), u64::from(!known), "{state:?} {over} {deleted}");
        tx.commit().await.unwrap();
        let row = attempt::Entity::find_by_id(world.attempt).one(world.app.store.reads()).await.unwrap().unwrap();
        let left = if known { said.to_vec() } else { Vec::new() };
        assert_eq!(limitations::of(keys, &row), left, "{state:?} {over} {deleted}");
    }
}

async fn a_worker_that_lost_its_job_changes_nothing_and_nobody_is_certified_twice(kind: Kind) {
    let world = World::new(kind).await;
    let case = Case::load(&world.app, world.attempt).await.unwrap();
    let slow = claim(&world.app, Uuid::from_u128(1)).await.unwrap().unwrap();
    world.clock.advance(Duration::from_millis(LEASE_MS as u64 + 1_000));
    let quick = claim(&world.app, Uuid::from_u128(2)).await.unwrap().unwrap();
    conclude(&world.app, &slow, Some(&case), &certified()).await.unwrap();
    assert_eq!((certificates(&world.app).await, standing(&world).await), (0, State::Accepted));
    conclude(&world.app, &quick, Some(&case), &certified()).await.unwrap();
    conclude(&world.app, &quick, Some(&case), &certified()).await.unwrap();
    assert_eq!((certificates(&world.app).await, standing(&world).await), (1, State::Certified));
    assert!(claim(&world.app, Uuid::from_u128(3)).await.unwrap().is_none());
}

async fn what_is_no_evidence_is_not_kept(kind: Kind) {
    let world = World::new(kind).await;
    let case = Case::load(&world.app, world.attempt).await.unwrap();
    let job = claim(&world.app, Uuid::from_u128(1)).await.unwrap().unwrap();
    let reasons = vec![ReasonCode::EvidenceTampered];
    let refused = Finding { state: State::Refused, reasons, judgement: None };
    conclude(&world.app, &job, Some(&case), &refused).await.unwrap();
    crate::cleaning::clean(&world.app).await.unwrap();
    let row = attempt::Entity::find_by_id(world.attempt).one(world.app.store.reads()).await.unwrap().unwrap();
    assert!(row.deleted_at.is_some(), "long before its policy's day");
}

async fn an_outcome_that_is_cut_short_leaves_no_half(kind: Kind) {
    let world = World::new(kind).await;
    let case = Case::load(&world.app, world.attempt).await.unwrap();
    let job = claim(&world.app, Uuid::from_u128(1)).await.unwrap().unwrap();
    // Another certificate of the attempt makes the transaction fail at its last insert.
    certify::certificate(&world.app, &case, world.clock.now())
        .unwrap()
        .insert(&*world.app.store.begin("test").await.unwrap())
        .await
        .unwrap();
    assert_eq!(certificates(&world.app).await, 0, "a transaction that is dropped is undone");
    let tx = world.app.store.begin("test").await.unwrap();
    certify::certificate(&world.app, &case, world.clock.now()).unwrap().insert(&*tx).await.unwrap();
    tx.commit().await.unwrap();
    assert!(conclude(&world.app, &job, Some(&case), &certified()).await.is_err());
    assert_eq!((certificates(&world.app).await, standing(&world).await), (1, State::Accepted));
}

async fn a_fault_of_our_own_is_tried_again_and_ends_with_a_person_never_with_a_refusal(kind: Kind) {
    let world = World::new(kind).await;
    let case = Case::load(&world.app, world.attempt).await.unwrap();
    let missing = case.bundle(&world.app).await;
    assert!(matches!(missing, Err(JudgingError::Store(_))), "the evidence is not there");
    for tries in 1..=MAX_TRIES {
        let job = claim(&world.app, Uuid::from_u128(1)).await.unwrap().unwrap();
        assert_eq!(job.tries, tries);
        give_back(&world.app, &job, 10_000, job.tries).await.unwrap();
        assert!(claim(&world.app, Uuid::from_u128(1)).await.unwrap().is_none(), "not at once");
        world.clock.advance(Duration::from_secs(11));
    }
    let job = claim(&world.app, Uuid::from_u128(1)).await.unwrap().unwrap();
    assert!(job.tries > MAX_TRIES);
    conclude(&world.app, &job, None, &Finding::review(ReasonCode::ServerInternal)).await.unwrap();
    assert_eq!(standing(&world).await, State::Review);
    let waiting = review::Entity::find().one(world.app.store.reads()).await.unwrap().unwrap();
    assert_eq!((waiting.attempt_id, waiting.kind.as_str()), (Some(world.attempt), "submission"));
    assert_eq!(facts(&world.app).await, ["review_opened"]);
}

async fn a_certificate_comes_with_its_record_and_its_fact_and_holds_as_long_as_the_policy_says(kind: Kind) {
    let world = World::new(kind).await;
    let case = Case::load(&world.app, world.attempt).await.unwrap();
    let job = claim(&world.app, Uuid::from_u128(1)).await.unwrap().unwrap();
    conclude(&world.app, &job, Some(&case), &certified()).await.unwrap();
    assert_eq!(facts(&world.app).await, ["certified"]);
    let record = certification::Entity::find_by_id(world.attempt).one(world.app.store.reads()).await.unwrap().unwrap();
    let said = (record.channel.as_str(), record.brought_by.as_str(), record.decided_by.as_str(), record.evidence_id);
    assert_eq!(said, ("app_assisted", "family", "judge", Some(world.attempt)));
    assert_eq!((record.policy_place.as_str(), record.delete_on), ("440300", Some(record.recorded_day + 30)));
    // Shenzhen: twelve months from the proof.
    let until = end_of_day(months_after(numbered_day(record.proof_day), 12));
    let given = certificate::Entity::find_by_id(world.attempt).one(world.app.store.reads()).await.unwrap().unwrap();
    assert_eq!(given.valid_until, until);
}

async fn a_device_that_is_new_for_the_person_is_announced_once(kind: Kind) {
    let world = World::new(kind).await;
    let mut announced = Vec::new();
    for _ in 0..2 {
        accepted(&world.app).await;
    }
    while let Some(job) = claim(&world.app, Uuid::from_u128(1)).await.unwrap() {
        let case = Case::load(&world.app, job.attempt_id).await.unwrap();
        conclude(&world.app, &job, Some(&case), &certified()).await.unwrap();
        announced.push(message::Entity::find().all(world.app.store.reads()).await.unwrap());
    }
    assert_eq!(announced.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 1], "the device is known from then on");
    let message = &announced[0][0];
    let said = (message.rung.as_str(), message.recipient.as_str(), message.medium.as_deref(), message.legal);
    assert_eq!(said, ("new_device", "elder", Some("letter"), true), "no mobile phone is registered");
}

async fn facts(app: &App) -> Vec<String> {
    let facts = fact::Entity::find().all(app.store.reads()).await.unwrap();
    facts.into_iter().map(|fact| fact.kind).collect()
}
