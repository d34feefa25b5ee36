//! Forms by post: sent out with a code, matched by it when they come back.
//!
//! **In**: for whom and by which way; later the code that stands on the paper, and a scan of it. **Out**: the code, to be
//! printed; later the certification, with the scan sealed beside the database. **What can go wrong**: the code is unknown or
//! its days are over ([`FormRefused`]); a form that was recorded already is known, and its scan stays as it was; the place does
//! not take the certification: the scan stays, so that it can be tried again while the form is taken. Clerks look at it through
//! the desk, as long as it is kept.
//!
//! Every scan bears the day on which it goes, by the policy of the day it was taken in, whatever came of it. Its path stands in
//! the row before there is a file, so that no file is ever without a row that deletes it; and whoever writes or deletes one
//! holds the row.
//!
//! A code has 20 characters of 32 (100 random bits, no 0, 1, I, O), in groups of five. The service keeps its digest only.

use std::path::Path;

use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _,
    QueryFilter as _, QuerySelect as _,
};
use sha2::{Digest as _, Sha256};
use time::{Date, OffsetDateTime};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::by_hand::{ByHand, Certified};
use crate::audit::{self, Action, Entry};
use crate::chronicle::policies::Rules;
use crate::chronicle::rows::{name, of_party};
use crate::clock::to_millis;
use crate::columns::{self, Place};
use crate::config::Config;
use crate::db::Datastore;
use crate::db::year::certification;
use crate::db::year::mailed_form::{ActiveModel, Column, Entity, Model};
use crate::durable;
use crate::office::{Office, OfficeError};
use crate::year::channel::Channel;
use crate::year::dates::{day_number, days_after};
use crate::year::names::Named as _;
use crate::year::record::{Ground, Party};

/// Days in which a form may come back: the post, an office elsewhere, the post again.
const DAYS: i64 = 90;
/// Scans deleted at once; the rest wait for the next look.
const AT_ONCE: u64 = 500;
/// No scan is larger.
const MAX_SCAN: usize = 20 << 20;
const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// A form to print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedForm {
    /// Names the paper.
    pub id: Uuid,
    /// Stands on it: `ABCDE-FGHJK-LMNPQ-RSTUV`.
    pub code: String,
    /// The last day on which it is taken.
    pub until: Date,
}

/// Why a form was not taken.
#[derive(Debug, thiserror::Error)]
pub enum FormRefused {
    /// The database failed, or something else of our own.
    #[error(transparent)]
    Office(#[from] OfficeError),
    /// No form has this code, or its days are over.
    #[error("no form that is still taken has this code; read it again, or send a new form")]
    NotTaken,
    /// The scan is too large.
    #[error("the scan is larger than 20 MB; scan it again with fewer pixels")]
    TooLarge,
}

impl From<sea_orm::DbErr> for FormRefused {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Office(error.into())
    }
}

impl Office {
    /// Issues a form for somebody.
    pub async fn issue_form(
        &self,
        who: Uuid,
        channel: Channel,
        by: Party,
        now: OffsetDateTime,
    ) -> Result<IssuedForm, OfficeError> {
        if !matches!(channel, Channel::PaperByMail | Channel::AssistanceForm) {
            return Err(OfficeError::Refused(format!("no form certifies by `{}`", channel.name())));
        }
        let code = code()?;
        let (id, until) = (Uuid::new_v4(), days_after(now.date(), DAYS));
        let row = ActiveModel {
            id: Set(id),
            beneficiary_id: Set(who),
            channel: Set(channel.name().to_owned()),
            code_digest: Set(digest(&code)),
            issued_at: Set(to_millis(now)),
            issued_by: Set(of_party(by)),
            valid_until: Set(day_number(until)),
            returned_day: Set(None),
            scan_path: Set(None),
            delete_on: Set(None),
        };
        let tx = self.store.begin("issue form").await?;
        row.insert(&*tx).await?;
        let entry = Entry::of(Action::FormIssued, id).detail(channel.name());
        audit::append(&tx, to_millis(now), Entry { actor: by.account(), ..entry }).await?;
        tx.commit().await?;
        Ok(IssuedForm { id, code, until })
    }

    /// A form has come back: keeps its scan, sealed, and certifies. `proof_date` is the day that the paper bears.
    pub async fn return_form(
        &self,
        config: &Config,
        code: &str,
        scan: &[u8],
        returned: Returned,
        now: OffsetDateTime,
    ) -> Result<Certified, FormRefused> {
        let form = of_code(self.store.reads(), code).await?.ok_or(FormRefused::NotTaken)?;
        let record = name("form", &[form.id.as_bytes()]);
        if certification::Entity::find_by_id(record).one(self.store.reads()).await?.is_some() {
            return Ok(Certified::Known(record));
        }
        if day_number(now.date()) > form.valid_until {
            return Err(FormRefused::NotTaken);
        }
        if scan.len() > MAX_SCAN {
            return Err(FormRefused::TooLarge);
        }
        let channel = Channel::named(&form.channel).ok_or(OfficeError::Unreadable("mailed_form.channel"))?;
        let rules = Rules::of(&self.policies, self.store.reads(), &self.keys, form.beneficiary_id).await;
        let Some(rules) = rules.map_err(OfficeError::from)? else { return Ok(Certified::NoPolicy) };
        let delete_on = rules.on(now.date()).delete_on(channel.evidence(), now.date());
        self.take_in(config, form.id, scan, delete_on, now).await?;
        let how = ByHand {
            channel,
            by: returned.by,
            decided_by: returned.decided_by,
            seconded_by: None,
            proof_date: returned.proof_date,
            ground: Ground::Evidence { kind: channel.evidence(), reference: form.id },
        };
        Ok(self.certify_as(record, form.beneficiary_id, &how, now).await?)
    }

    /// What came back, opened; `None`: nothing has, or it went on its day.
    pub(crate) async fn scan_of(
        &self,
        config: &Config,
        form: &Model,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, OfficeError> {
        let Some(path) = form.scan_path.as_ref().map(|path| config.data.join(path)) else { return Ok(None) };
        let sealed = match tokio::fs::read(&path).await {
            // The row comes first, and the file goes first.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| OfficeError::File(format!("{}: {error}", path.display())))?,
        };
        let keys = self.keys.clone();
        let place = Place { table: "mailed_form", column: "scan", row: form.id };
        let opened = tokio::task::spawn_blocking(move || columns::open(&keys, place, &sealed));
        Ok(Some(opened.await.map_err(|error| OfficeError::File(error.to_string()))??))
    }

    /// Puts down that a form is back, with its scan. One that was refused before keeps the scan that it had, as long as if it
    /// had come back today.
    async fn take_in(
        &self,
        config: &Config,
        form: Uuid,
        scan: &[u8],
        delete_on: Date,
        now: OffsetDateTime,
    ) -> Result<(), OfficeError> {
        let path = format!("papers/{form}.sealed");
        let tx = self.store.begin("form returned").await?;
        let Some(row) = held(&*tx, form).await? else { return Ok(()) };
        let back = ActiveModel {
            id: Set(form),
            delete_on: Set(Some(day_number(delete_on))),
            scan_path: Set(Some(path.clone())),
            returned_day: Set(row.returned_day.or(Some(day_number(now.date())))),
            ..Default::default()
        };
        back.update(&*tx).await?;
        tx.commit().await?;
        let place = Place { table: "mailed_form", column: "scan", row: form };
        let (keys, scan) = (self.keys.clone(), Zeroizing::new(scan.to_vec()));
        let sealed = tokio::task::spawn_blocking(move || columns::seal(&keys, place, &scan));
        let sealed = sealed.await.map_err(|error| OfficeError::File(error.to_string()))??;
        let tx = self.store.begin("scan of a form").await?;
        held(&*tx, form).await?;
        let file = config.data.join(&path);
        let at = file.clone();
        let kept = durable::off_thread(move || {
            if at.exists() {
                return Ok(());
            }
            at.parent().map_or(Ok(()), durable::private_folder)?;
            durable::create_private(&at, &sealed)
        });
        kept.await.map_err(|error| OfficeError::File(format!("{}: {error}", file.display())))?;
        Ok(tx.commit().await?)
    }
}

/// A form, not to be changed by anybody else before the transaction ends.
async fn held(tx: &impl ConnectionTrait, form: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(form).lock_exclusive().one(tx).await
}

/// The form that a code stands on.
pub(crate) async fn of_code(db: &impl ConnectionTrait, code: &str) -> Result<Option<Model>, DbErr> {
    Entity::find().filter(Column::CodeDigest.eq(digest(code))).one(db).await
}

/// Deletes the scans whose day has come: first the file, then its path; cut short between, the file is gone already.
pub(crate) async fn delete_due(store: &Datastore, data: &Path, today: Date) -> Result<u64, OfficeError> {
    let due = Entity::find()
        .filter(Column::ScanPath.is_not_null())
        .filter(Column::DeleteOn.lt(day_number(today)))
        .limit(AT_ONCE)
        .all(store.reads())
        .await?;
    let mut deleted = 0;
    for form in due {
        let tx = store.begin("scan deleted").await?;
        // It may have come back once more meanwhile.
        let form = held(&*tx, form.id).await?.filter(|form| form.delete_on.is_some_and(|on| on < day_number(today)));
        let Some((id, path)) = form.and_then(|form| Some((form.id, data.join(form.scan_path?)))) else { continue };
        for file in [durable::draft_of(&path), path] {
            match tokio::fs::remove_file(&file).await {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(OfficeError::File(format!("{}: {error}", file.display())));
                }
                _ => {}
            }
        }
        ActiveModel { id: Set(id), scan_path: Set(None), ..Default::default() }.update(&*tx).await?;
        tx.commit().await?;
        deleted += 1;
    }
    Ok(deleted)
}

/// What a clerk sees on a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Returned {
    /// The day that the paper bears.
    pub proof_date: Date,
    /// Who sent it back.
    pub by: Party,
    /// The clerk.
    pub decided_by: Party,
}

fn code() -> Result<String, OfficeError> {
    let mut random = [0_u8; 20];
    getrandom::fill(&mut random).map_err(|error| OfficeError::File(format!("no randomness: {error}")))?;
    let letters: Vec<char> = random
        .iter()
        .filter_map(|byte| LETTERS.get(usize::from(byte % 32)))
        .map(|letter| char::from(*letter))
        .collect();
    Ok(letters.chunks(5).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-"))
}

/// Digest of a code however it was typed.
pub(crate) fn digest(code: &str) -> Vec<u8> {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    Sha256::digest(plain).to_vec()
}
