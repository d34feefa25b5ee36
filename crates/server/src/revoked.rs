//! Certificates that are void before their last day, and `GET /v1/revoked`: the signed list of them, for whoever checks
//! certificates without asking anyone.
//!
//! **In**: the number of a certificate, or of a certification by people or data that has none, that was found void. **Out**: the
//! fact that the certification counts no more, the log's entry, and the certificate's place on the list until its last day; the
//! list says nothing about anybody. **What can go wrong**: nothing has the number, or it was revoked before: then nothing changes;
//! more are void than a list names: the call fails rather than leave some out.
//!
//! The list is signed anew when it has changed, and once a day. In between the same text is handed out, so that it can be
//! cached, and a flood of calls costs neither questions nor signatures.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use ed25519_dalek::SigningKey;
use jianzai_certificate::RevokedList;
use jianzai_wire::ReasonCode;
use jianzai_wire::api::Problem;
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, Condition, ConnectionTrait, DbErr, EntityTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::app::{App, ISSUER};
use crate::audit::{self, Action, Entry};
use crate::chronicle::record::add;
use crate::clock::{to_millis, to_time};
use crate::db::entity::certificate::{ActiveModel, Column, Entity};
use crate::db::year::certification;
use crate::keys::{KeyRing, Role};
use crate::office::{Office, OfficeError};
use crate::problem::Refusal;
use crate::year::facts::{Fact, What};

const DAY_MS: i64 = 24 * 60 * 60_000;
/// The tables are asked this often at most.
const LOOK_MS: i64 = 60_000;
/// A list is believed for so long: a week for whoever fetches it at the end of the day on which it was signed.
const GOOD_FOR_MS: i64 = 8 * DAY_MS;
/// Whoever has fetched the list need not ask again for five minutes.
const CACHED: &str = "public, max-age=300";

impl Office {
    /// A certification was found void, and counts no more; its certificate, if it has one, stands on the list until its last day.
    /// `number` is that on the certificate, or names the certification, as the linked log does: those by people have no
    /// certificate. Says whether it had stood until now.
    pub async fn revoke(&self, number: Uuid, clerk: Uuid, now: OffsetDateTime) -> Result<bool, OfficeError> {
        let (tx, at) = (self.store.begin("revoke").await?, to_millis(now));
        let its = Condition::any().add(Column::Serial.eq(number.to_string())).add(Column::AttemptId.eq(number));
        let certificate = Entity::find().filter(its).lock_exclusive().one(&*tx).await?;
        let (certification, who) = match &certificate {
            Some(row) => (row.attempt_id, row.beneficiary_id),
            None => {
                let row = certification::Entity::find_by_id(number).lock_exclusive().one(&*tx).await?;
                let row = row.ok_or_else(|| OfficeError::Refused("nothing was certified by this number".to_owned()))?;
                (row.id, row.beneficiary_id)
            }
        };
        let void = What::Revoked { certification, clerk };
        if !add(&*tx, who, &Fact::of_day(now.date(), void), at).await? {
            return Ok(false);
        }
        if let Some(row) = certificate {
            let revoked =
                ActiveModel { attempt_id: Set(row.attempt_id), revoked_at: Set(Some(at)), ..Default::default() };
            revoked.update(&*tx).await?;
        }
        audit::append(&tx, at, Entry::of(Action::Revoked, certification).by(clerk)).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// The list that is handed out; none before the first call.
pub(crate) type Kept = Mutex<Option<Published>>;

/// A signed list, and what it was made from.
#[derive(Clone)]
pub(crate) struct Published {
    text: Arc<str>,
    /// Names the text.
    tag: String,
    serials: Vec<Uuid>,
    signed_at: i64,
    looked_at: i64,
}

/// The signed list of revoked certificates.
#[utoipa::path(get, path = "/v1/revoked", tag = "certificates", operation_id = "revoked",
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of the list that is there already.")),
    responses(
    (status = 200, body = String, content_type = "text/plain", description = "`JZR1:` and the list as base64url, signed \
        with the key of certificates. It names those that are not past their last day by half of their numbers, and nobody. \
        Good for a week, and five minutes in a cache."),
    (status = 304, description = "The list is still the same."),
    (status = 500, body = Problem, content_type = "application/problem+json", description = "`server.internal`"),
))]
pub(crate) async fn list(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Refusal> {
    let Published { text, tag, .. } = published(&app).await?;
    let named = |known: &str| known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag);
    let known = headers.get(header::IF_NONE_MATCH).and_then(|known| known.to_str().ok()).is_some_and(named);
    let about = [(header::ETAG, tag.as_str()), (header::CACHE_CONTROL, CACHED)];
    Ok(match known {
        true => (StatusCode::NOT_MODIFIED, about).into_response(),
        false => (about, text.to_string()).into_response(),
    })
}

/// The list of now: the one that was handed out last, unless it has changed or is a day old.
async fn published(app: &App) -> Result<Published, Refusal> {
    let mut kept = app.revoked.lock().await;
    let now = app.clock.now();
    if let Some(list) = kept.as_ref().filter(|list| (list.looked_at..list.looked_at + LOOK_MS).contains(&now)) {
        return Ok(list.clone());
    }
    let serials = revoked(app.store.reads(), now).await?;
    let stands = |list: &Published| list.serials == serials && (list.signed_at..list.signed_at + DAY_MS).contains(&now);
    let list = match kept.take().filter(stands) {
        Some(list) => Published { looked_at: now, ..list },
        None => signed(&app.keys, serials, now)?,
    };
    Ok(kept.insert(list).clone())
}

/// Numbers of the certificates that were revoked and would be good otherwise; one more than a list names, if there are more.
async fn revoked(db: &impl ConnectionTrait, now: i64) -> Result<Vec<Uuid>, DbErr> {
    let rows = Entity::find()
        .select_only()
        .column(Column::Serial)
        .filter(Column::RevokedAt.is_not_null())
        .filter(Column::ValidUntil.gt(now))
        .order_by_asc(Column::Serial)
        .limit(RevokedList::MOST as u64 + 1);
    let serials = rows.into_tuple::<String>().all(db).await?;
    serials.iter().map(|serial| Uuid::parse_str(serial).map_err(|_| DbErr::Type("serial".to_owned()))).collect()
}

fn signed(keys: &KeyRing, serials: Vec<Uuid>, now: i64) -> Result<Published, Refusal> {
    let key = keys.current(Role::Certificate).ok_or(ReasonCode::ServerInternal)?;
    let whole = |at: i64| to_time(at / 1_000 * 1_000);
    let list = RevokedList::new(ISSUER, whole(now), whole(now + GOOD_FOR_MS), serials.iter().copied());
    let text = list.sign(&SigningKey::from_bytes(key.expose()), &key.id).map_err(|error| Refusal::internal(&error))?;
    let tag = format!("\"{}\"", hex::encode(Sha256::digest(&text)));
    Ok(Published { text: text.into(), tag, serials, signed_at: now, looked_at: now })
}

#[cfg(test)]
mod tests;
