//! Everything the service knows about an attempt that is to be judged.

use jianzai_evidence::RecipientSecret;
use jianzai_examiner::RegisterFace;
use jianzai_face::Embedding;
use jianzai_liveness::StepReveal;
use jianzai_wire::api::CommitRequest;
use jianzai_wire::desk::StaffRole;
use jianzai_wire::{Bytes32, CapturePolicy, Division, Mode, Name, Step};
use object_store::{ObjectStoreExt as _, path::Path as ObjectPath};
use sea_orm::{ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::JudgingError;
use super::pacing::Mark;
use crate::app::App;
use crate::attempts::{DAY_MS, adding_up_since, bytes32, failed};
use crate::chronicle::people::is_mobile;
use crate::chronicle::policies::Rules;
use crate::columns;
use crate::db::desk_entity::staff;
use crate::db::entity::{activation, attempt, beneficiary, certificate};
use crate::keys::Role;
use crate::messages::announce::Certification;
use crate::register::place;
use crate::steps::{self, Revealed};
use crate::year::channel::Channel;
use crate::year::record::Party;

/// An attempt, its plan, and whose it should be.
pub(super) struct Case {
    pub(super) attempt: Uuid,
    pub(super) beneficiary: Uuid,
    pub(super) mode: Mode,
    /// By which way the person came.
    pub(super) channel: Channel,
    pub(super) demo: bool,
    pub(super) nonce: Bytes32,
    pub(super) policy: CapturePolicy,
    pub(super) device_key: Bytes32,
    pub(super) steps: Vec<Step>,
    pub(super) reveals: Vec<StepReveal>,
    /// Frames and chain head that came with each step request.
    pub(super) step_heads: Vec<(u32, Bytes32)>,
    /// When the service heard of how many frames.
    pub(super) marks: Vec<Mark>,
    pub(super) committed: CommitRequest,
    pub(super) committed_at: i64,
    pub(super) issued_at: i64,
    /// Set where a volunteer had taken the plan along.
    pub(super) leased: Option<Leased>,
    /// Who was signed in and held the phone, if anybody was.
    pub(super) helper: Option<Helper>,
    /// Milliseconds between issue and commit: no recording of the attempt is longer.
    pub(super) open_ms: i64,
    pub(super) secrets: Vec<RecipientSecret>,
    pub(super) name: Name,
    pub(super) insured_place: Division,
    pub(super) likeness: RegisterFace,
    /// Whether the register has a mobile phone of theirs.
    mobile: bool,
    /// What the place asks of this person.
    pub(super) rules: Rules,
    /// Attempts for this person that got as far as a step and led to nothing: within a day, and since the last
    /// certificate or for a year.
    pub(super) failed_before: [u64; 2],
    evidence_path: String,
}

/// A plan that was taken along.
pub(super) struct Leased {
    /// When it was carried out, as the device says.
    pub(super) captured_at: i64,
    /// Whether it was drawn for a person to look at, whatever the judge says.
    pub(super) sampled: bool,
}

/// An account that was signed in where somebody was helped.
pub(super) struct Helper {
    /// As the record names them.
    pub(super) party: Party,
    /// Whether the account has been closed since.
    pub(super) closed: bool,
}

impl Case {
    /// The time by which it was proven: of the commit, whose clock is ours; without network, the device's own word.
    pub(super) fn proven_at(&self) -> i64 {
        self.leased.as_ref().map_or(self.committed_at, |leased| leased.captured_at)
    }

    /// Reads all of it.
    pub(super) async fn load(app: &App, id: Uuid) -> Result<Self, JudgingError> {
        let db = app.store.reads();
        let attempt = attempt::Entity::find_by_id(id).one(db).await?.ok_or(JudgingError::Kept("attempt"))?;
        let activation = activation::Entity::find_by_id(attempt.activation_id).one(db).await?;
        let activation = activation.ok_or(JudgingError::Kept("activation"))?;
        let person = beneficiary::Entity::find_by_id(attempt.beneficiary_id).one(db).await?;
        let person = person.ok_or(JudgingError::Kept("beneficiary"))?;
        let earlier = certificate::Entity::find().filter(certificate::Column::BeneficiaryId.eq(person.id));
        let first = earlier.count(db).await? == 0;
        let phones = open(app, &person, "phones", &person.phones);
        let rules = Rules::of(&app.policies, db, &app.keys, person.id).await;
        let revealed = steps::revealed(db, id).await.map_err(|_| JudgingError::Kept("steps"))?;
        let committed_at = attempt.committed_at.ok_or(JudgingError::Kept("committed_at"))?;
        let committed = committed(&attempt).ok_or(JudgingError::Kept("commitment"))?;
        let secrets = secrets(app);
        // Keys are named by their day. One that is older and not here is gone for good, and its bundles open to nobody.
        let newer = |secret: &RecipientSecret| secret.key_id() < attempt.recipient_key.as_str();
        if secrets.iter().all(newer) {
            return Err(JudgingError::KeyNotHere(attempt.recipient_key));
        }
        Ok(Self {
            attempt: id,
            beneficiary: person.id,
            mode: if activation.mode == "assisted" { Mode::Assisted } else { Mode::OwnPhone },
            channel: activation.way(),
            demo: attempt.demo,
            nonce: attempt.nonce().map_err(|_| JudgingError::Kept("nonce"))?,
            policy: attempt.rules().map_err(|_| JudgingError::Kept("policy"))?,
            device_key: bytes32(&activation.device_key).map_err(|_| JudgingError::Kept("device_key"))?,
            steps: steps::plan(&revealed),
            reveals: revealed.iter().map(steps::Revealed::for_judge).collect(),
            step_heads: steps::heads(&revealed).map_err(|_| JudgingError::Kept("chain_head"))?,
            marks: marks(&revealed, &committed, committed_at),
            committed,
            committed_at,
            issued_at: attempt.issued_at,
            leased: leased(&attempt)?,
            helper: helper(app, attempt.leased_to_id.or(activation.helper_id)).await?,
            open_ms: committed_at - attempt.issued_at,
            secrets,
            name: open(app, &person, "name", &person.name)
                .and_then(|text| Name::parse(&text).ok())
                .ok_or(JudgingError::Kept("name"))?,
            insured_place: open(app, &person, "insured_place", &person.insured_place)
                .and_then(|text| Division::parse(&text).ok())
                .ok_or(JudgingError::Kept("insured_place"))?,
            likeness: likeness(app, &person, first)?,
            mobile: phones.ok_or(JudgingError::Kept("phones"))?.lines().any(is_mobile),
            rules: rules.map_err(|_| JudgingError::Kept("rules"))?.ok_or(JudgingError::Kept("policy"))?,
            failed_before: failed_before(app, &attempt).await?,
            evidence_path: attempt.evidence_path.ok_or(JudgingError::Kept("evidence_path"))?,
        })
    }

    /// What is announced of it, if it passes.
    pub(super) fn certification(&self) -> Certification<'_> {
        let (beneficiary, attempt, mobile) = (self.beneficiary, self.attempt, self.mobile);
        Certification { beneficiary, attempt, device_key: &self.device_key.0, mobile }
    }

    /// The sealed bundle.
    pub(super) async fn bundle(&self, app: &App) -> Result<Vec<u8>, JudgingError> {
        let object = app.objects.get(&ObjectPath::from(self.evidence_path.as_str())).await?;
        Ok(object.bytes().await?.to_vec())
    }
}

fn leased(attempt: &attempt::Model) -> Result<Option<Leased>, JudgingError> {
    if attempt.leased_to_id.is_none() {
        return Ok(None);
    }
    let captured_at = attempt.captured_at.ok_or(JudgingError::Kept("captured_at"))?;
    Ok(Some(Leased { captured_at, sampled: attempt.sampled }))
}

async fn helper(app: &App, account: Option<Uuid>) -> Result<Option<Helper>, JudgingError> {
    let Some(id) = account else { return Ok(None) };
    let row = staff::Entity::find_by_id(id).one(app.store.reads()).await?.ok_or(JudgingError::Kept("account"))?;
    let account = row.account().ok_or(JudgingError::Kept("account"))?;
    let party = if account.role == StaffRole::Volunteer { Party::Volunteer(id) } else { Party::Staff(id) };
    Ok(Some(Helper { party, closed: row.disabled_at.is_some() }))
}

fn committed(attempt: &attempt::Model) -> Option<CommitRequest> {
    Some(CommitRequest {
        chain_head: bytes32(attempt.chain_head.as_ref()?).ok()?,
        frames: u32::try_from(attempt.frames?).ok()?,
        duration_ms: u32::try_from(attempt.duration_ms?).ok()?,
    })
}

/// How many failed before this one was committed: within a day, and since the last certificate or for a year.
async fn failed_before(app: &App, attempt: &attempt::Model) -> Result<[u64; 2], JudgingError> {
    let (db, person, issued) = (app.store.reads(), attempt.beneficiary_id, attempt.issued_at);
    let until = attempt.committed_at.unwrap_or(issued);
    let since = adding_up_since(db, person, issued).await?;
    let day = failed(db, person, issued - DAY_MS..=until, attempt.id).await?;
    Ok([day, failed(db, person, since..=until, attempt.id).await?])
}

/// The first step was asked for, each was reported as ended, the whole was committed.
fn marks(steps: &[Revealed], committed: &CommitRequest, committed_at: i64) -> Vec<Mark> {
    let first = steps.first().map(|step| Mark { frames: step.frames, at: step.revealed_at, ended: None });
    let ended = steps.iter().filter_map(|step| {
        let (frames, _) = step.ended.as_ref()?;
        Some(Mark { frames: *frames, at: step.ended_at?, ended: step.report })
    });
    let last = Mark { frames: committed.frames, at: committed_at, ended: None };
    first.into_iter().chain(ended).chain([last]).collect()
}

fn secrets(app: &App) -> Vec<RecipientSecret> {
    let keys = app.keys.all(Role::Evidence).iter();
    keys.map(|key| RecipientSecret::from_bytes(&key.id, *key.expose())).collect()
}

fn open(app: &App, person: &beneficiary::Model, column: &'static str, sealed: &[u8]) -> Option<Zeroizing<String>> {
    let opened = columns::open(&app.keys, place(column, person.id), sealed).ok()?;
    std::str::from_utf8(&opened).ok().map(|text| Zeroizing::new(text.to_owned()))
}

fn likeness(app: &App, person: &beneficiary::Model, first: bool) -> Result<RegisterFace, JudgingError> {
    let opened = |column, sealed: &Option<Vec<u8>>| match sealed {
        None => Ok(None),
        Some(sealed) => {
            columns::open(&app.keys, place(column, person.id), sealed).map(Some).map_err(|_| JudgingError::Kept(column))
        }
    };
    let values = opened("face_print", &person.face_print)?
        .map(|bytes| bytes.as_chunks().0.iter().map(|value| f32::from_le_bytes(*value)).collect::<Vec<_>>());
    let print = values.and_then(Embedding::from_values).zip(person.face_print_model.clone());
    let portrait = opened("portrait", &person.portrait)?;
    Ok(RegisterFace { print, portrait, poor: person.portrait_quality != "good", first })
}
