//! `POST /v1/desk/people`: a clerk looks a person up.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use jianzai_wire::api::Problem;
use jianzai_wire::desk::{DeskAttempt, DeskCertificate, DeskPerson, PersonRequest};
use jianzai_wire::{Division, IdNumber, Name, ReasonCode};
use sea_orm::{
    ActiveEnum as _, ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::access::{Wanted, What, Who, served};
use super::due::standing;
use super::in_vain;
use crate::accounts::SignedIn;
use crate::accounts::signed_in::Clerks;
use crate::app::App;
use crate::chronicle::people::is_mobile;
use crate::clock::to_time;
use crate::columns;
use crate::db::entity::{attempt, beneficiary, certificate};
use crate::db::year::benefit;
use crate::keys::KeyRing;
use crate::limitations;
use crate::problem::{Body, Refusal};
use crate::register::{id_hashes, place};

/// Of certificates and attempts, so many are shown.
const LATEST: u64 = 20;
/// Digits of a phone number that are shown.
const DIGITS_SHOWN: usize = 4;

/// Look a person of one's own area up.
#[utoipa::path(post, path = "/v1/desk/people", tag = "desk", security(("desk" = [])), request_body = PersonRequest,
    responses(
    (status = 200, body = DeskPerson, description = "The read is logged with its reason."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 403, body = Problem, content_type = "application/problem+json", description = "`account.not_allowed`: the \
        role is not enough."),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "`desk.nobody_found`: nobody \
        has the number, or the pension is insured in another area; which is not said."),
    (status = 429, body = Problem, content_type = "application/problem+json", description = "`limit.too_many_tries`"),
))]
pub(crate) async fn look_up(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Clerks>,
    Body(request): Body<PersonRequest>,
) -> Result<Json<DeskPerson>, Refusal> {
    let PersonRequest { id_number, reason, reference } = &request;
    let wanted = Wanted { who: Who::Number(id_number), what: What::Person, reason: *reason, reference: *reference };
    let person = served(&app, &signed_in, wanted).await?;
    Ok(Json(show(&app, &person).await?))
}

/// The row of a person, by ID number.
pub(super) async fn find(
    db: &impl ConnectionTrait,
    keys: &KeyRing,
    id_number: &IdNumber,
) -> Result<Option<beneficiary::Model>, Refusal> {
    let by_number = beneficiary::Column::IdHash.is_in(id_hashes(keys, id_number));
    Ok(beneficiary::Entity::find().filter(by_number).one(db).await?)
}

impl beneficiary::Model {
    fn opened(&self, keys: &KeyRing, column: &'static str, sealed: &[u8]) -> Result<Zeroizing<String>, Refusal> {
        let opened = columns::open(keys, place(column, self.id), sealed).map_err(|error| Refusal::internal(&error))?;
        let text = std::str::from_utf8(&opened).map_err(|error| Refusal::internal(&error))?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    /// The name in the register.
    pub(super) fn name(&self, keys: &KeyRing) -> Result<Name, Refusal> {
        Ok(Name::parse(&self.opened(keys, "name", &self.name)?).map_err(|_| ReasonCode::ServerInternal)?)
    }

    /// Where the pension is insured.
    pub(super) fn insured_place(&self, keys: &KeyRing) -> Result<Division, Refusal> {
        let text = self.opened(keys, "insured_place", &self.insured_place)?;
        Ok(Division::parse(&text).map_err(|_| ReasonCode::ServerInternal)?)
    }

    /// Whether the register has a mobile phone of theirs.
    pub(super) fn has_mobile(&self, keys: &KeyRing) -> Result<bool, Refusal> {
        Ok(self.opened(keys, "phones", &self.phones)?.lines().any(is_mobile))
    }

    /// Where the person lives.
    pub(super) fn residence(&self, keys: &KeyRing) -> Result<Division, Refusal> {
        let text = self.opened(keys, "residence", &self.residence)?;
        Ok(Division::parse(&text).map_err(|_| ReasonCode::ServerInternal)?)
    }
}

/// What a clerk of the area sees of a person.
pub(super) async fn show(app: &App, person: &beneficiary::Model) -> Result<DeskPerson, Refusal> {
    let keys = &app.keys;
    Ok(DeskPerson {
        id: person.id,
        name: person.name(keys)?,
        insured_place: person.insured_place(keys)?,
        residence: person.residence(keys)?,
        standing: benefit::Entity::find_by_id(person.id).one(app.store.reads()).await?.map(standing),
        phones: person.opened(keys, "phones", &person.phones)?.lines().map(hidden).collect(),
        portrait: person.portrait_quality.clone(),
        certificates: certificates(app, person.id).await?,
        attempts: attempts(app, person.id).await?,
        in_vain: in_vain::days_of(app.store.reads(), &[person.id]).await?.remove(&person.id).unwrap_or_default(),
    })
}

async fn certificates(app: &App, person: Uuid) -> Result<Vec<DeskCertificate>, Refusal> {
    let rows = certificate::Entity::find()
        .filter(certificate::Column::BeneficiaryId.eq(person))
        .order_by_desc(certificate::Column::IssuedAt)
        .limit(LATEST)
        .all(app.store.reads())
        .await?;
    let told = rows.into_iter().map(|row| DeskCertificate {
        serial: row.serial,
        issued_at: to_time(row.issued_at),
        valid_until: to_time(row.valid_until),
        demo: row.demo,
    });
    Ok(told.collect())
}

async fn attempts(app: &App, person: Uuid) -> Result<Vec<DeskAttempt>, Refusal> {
    let rows = attempt::Entity::find()
        .filter(attempt::Column::BeneficiaryId.eq(person))
        .order_by_desc(attempt::Column::IssuedAt)
        .limit(LATEST)
        .all(app.store.reads())
        .await?;
    let told = rows.into_iter().map(|row| DeskAttempt {
        id: row.id,
        issued_at: to_time(row.issued_at),
        state: row.state.to_value(),
        reasons: row.why(),
        limitations: limitations::of(&app.keys, &row),
    });
    Ok(told.collect())
}

/// All but the last digits of a phone number hidden.
fn hidden(phone: &str) -> String {
    let digits = phone.chars().filter(char::is_ascii_digit).count();
    // A short number would be shown whole, or nearly.
    let shown = if digits >= 2 * DIGITS_SHOWN { DIGITS_SHOWN } else { 0 };
    let mut hide = digits - shown;
    let hidden = phone.chars().map(|c| {
        let covered = c.is_ascii_digit() && hide > 0;
        hide -= usize::from(covered);
        if covered { '*' } else { c }
    });
    hidden.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_phone_number_four_digits_are_shown() {
        for (phone, shown) in [
            ("13812345678", "*******5678"),
            ("0755-12345678", "****-****5678"),
            ("+86-755-1234", "+**-***-1234"),
            ("12345", "*****"),
            ("", ""),
        ] {
            assert_eq!(hidden(phone), shown);
        }
    }
}
