//! Whom a message did not reach, and must: a person goes and finds them.
//!
//! **In**: a letter that came back, as a clerk or its gateway says; or a legal notice that is said to have failed only after the
//! payer was told to stop. **Out**: a case for a clerk ([`ReviewKind::Unreached`]), one for each person however much fails, which
//! keeps a suspension from beginning. Where a clerk has found the person and told them, the notice counts from that day.
//! **What can go wrong**: nothing depends on the message any more, since the person is certified, has died, or is in another
//! cycle: then there is no case. There is no such letter, or no sender took it: [`Office::letter_returned`] knows nothing of it.
//! The clerk found nobody: [`AGAIN_DAYS`] later they are looked for again, as long as the cycle lasts and they have not come.
//!
//! A letter that came back counts as given to nobody (`chronicle::people`), whatever its gateway says of it before or after.

use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _,
    FromQueryResult, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use crate::audit::{self, Action, Entry};
use crate::chronicle::decisions::Decision;
use crate::chronicle::reminder::STOPS;
use crate::chronicle::reviews::unreached;
use crate::chronicle::rows::name;
use crate::clock::to_millis;
use crate::db::text::Text;
use crate::db::year::message::{ActiveModel, Column, Entity, Model};
use crate::db::year::{benefit, instruction};
use crate::db::{Datastore, Writing};
use crate::office::{Office, OfficeError};
use crate::year::dates::{china, day_number};
use crate::year::names::Named as _;
use crate::year::policy::{Medium, Recipient, ReviewKind};
use crate::year::standing::Standing;

/// After so long whoever was not found is looked for again.
const AGAIN_DAYS: time::Duration = time::Duration::days(30);
/// Cases of one question.
const AT_ONCE: u64 = 500;

/// The state of a letter that came back.
pub(crate) const RETURNED: &str = "returned";

/// What came of saying that a letter has come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LetterReturned {
    /// The case of whoever has to be found; none where nothing depends on the letter any more.
    pub(crate) review: Option<Uuid>,
    /// Whether it was said before.
    pub(crate) known: bool,
}

impl Office {
    /// A letter to a person came back. `None`: no sender took such a letter.
    pub(crate) async fn letter_returned(
        &self,
        letter: Uuid,
        clerk: Uuid,
        now: OffsetDateTime,
    ) -> Result<Option<LetterReturned>, OfficeError> {
        let (tx, at) = (self.store.begin("letter returned").await?, to_millis(now));
        let row = hold(&tx, letter).await?;
        let Some(row) = row.filter(was_posted) else { return Ok(None) };
        if row.state == RETURNED {
            let review = open_case(&*tx, row.beneficiary_id).await?;
            return Ok(Some(LetterReturned { review, known: true }));
        }
        let returned = ActiveModel { id: Set(letter), state: Set(RETURNED.to_owned()), ..Default::default() };
        returned.update(&*tx).await?;
        let case = find_somebody(&tx, &row, at).await?;
        let mut entries = vec![Entry::of(Action::LetterReturned, letter).by(clerk)];
        entries.extend(case.filter(|case| case.is_new).map(|case| put_down(case.review).by(clerk)));
        audit::append_all(&tx, at, entries).await?;
        tx.commit().await?;
        Ok(Some(LetterReturned { review: case.map(|case| case.review), known: false }))
    }
}

/// A message, not to be changed by anybody else before the transaction ends; and before it the row of whom it is about, as whoever
/// changes both holds them: so a tick that is stopping payment at this moment, on the strength of the message, is waited for.
pub(super) async fn hold(tx: &Writing, message: Uuid) -> Result<Option<Model>, DbErr> {
    let Some(row) = Entity::find_by_id(message).one(&**tx).await? else { return Ok(None) };
    benefit::Entity::find_by_id(row.beneficiary_id).lock_exclusive().one(&**tx).await?;
    Entity::find_by_id(message).lock_exclusive().one(&**tx).await
}

/// Whether it is a letter to the person themselves that a sender took.
pub(crate) fn was_posted(row: &Model) -> bool {
    let is_letter = row.medium.as_deref() == Some(Medium::Letter.name()) && row.recipient == Recipient::Elder.name();
    is_letter && matches!(row.state.as_str(), "handed_over" | "delivered" | "failed" | RETURNED)
}

/// Opens a case where a message failed, as a gateway says, that no letter can make good: it was one itself, or told from when
/// payment would stop, and it has stopped. The last that a transaction does: it logs.
pub(super) async fn look_for(tx: &Writing, lost: &Model, at: i64) -> Result<(), DbErr> {
    if lost.recipient != Recipient::Elder.name() {
        return Ok(());
    }
    let too_late = lost.template == STOPS && is_stopped(&**tx, lost.beneficiary_id).await?;
    if !too_late && !was_posted(lost) {
        return Ok(());
    }
    match find_somebody(tx, lost, at).await?.filter(|case| case.is_new) {
        Some(case) => audit::append(tx, at, put_down(case.review)).await,
        None => Ok(()),
    }
}

/// Looks again for whoever was not found lately and has not come since; how many. Repeated, it finds nothing more to do: a case
/// is named after the one that it follows.
pub(crate) async fn look_again(
    store: &Datastore,
    now: OffsetDateTime,
    interrupted: &(dyn Fn() -> bool + Sync),
) -> Result<u64, DbErr> {
    let (at, mut after, mut opened) = (to_millis(now), Uuid::nil(), 0);
    loop {
        let cases = given_up(store.reads(), now, after).await?;
        let Some(last) = cases.last() else { return Ok(opened) };
        after = last.review;
        // Each by itself: another look beside this one holds people in another order.
        for case in &cases {
            let tx = store.begin("look again").await?;
            let row = benefit::Entity::find_by_id(case.beneficiary_id).lock_exclusive().one(&*tx).await?;
            if !row.is_some_and(|row| case.goes_on(&row)) || open_case(&*tx, case.beneficiary_id).await?.is_some() {
                continue;
            }
            let (review, is_new) = unreached(&*tx, case.beneficiary_id, case.review, at).await?;
            if interrupted() {
                return Ok(opened);
            }
            if is_new {
                audit::append(&tx, at, put_down(review)).await?;
                opened += 1;
            }
            tx.commit().await?;
        }
    }
}

/// A case that was decided `not_found`, the last of its person.
#[derive(FromQueryResult)]
struct GivenUp {
    review: Uuid,
    beneficiary_id: Uuid,
    decided_at: i64,
}

impl GivenUp {
    /// Whether the person, of whom this is the row, has not come in the cycle in which they were not found.
    fn goes_on(&self, row: &benefit::Model) -> bool {
        let decided_on = day_number(china(self.decided_at).date());
        !is_over(&row.standing) && row.opens.is_some_and(|opens| opens <= decided_on)
    }
}

/// Those of long enough ago whose person has not come since, after a case, in the order of cases.
async fn given_up(db: &impl ConnectionTrait, now: OffsetDateTime, after: Uuid) -> Result<Vec<GivenUp>, DbErr> {
    let [kind, decision, current, deceased] =
        [ReviewKind::Unreached.name(), Decision::NotFound.name(), Standing::Current.name(), Standing::Deceased.name()];
    let mut text = Text::new(db.get_database_backend());
    let (until, after) = (text.holds(to_millis(now - AGAIN_DAYS)), text.holds(after));
    let sql = format!(
        "SELECT r.id AS review, r.beneficiary_id, r.decided_at FROM review r \
         JOIN benefit b ON b.beneficiary_id = r.beneficiary_id \
         WHERE r.kind = '{kind}' AND r.decision = '{decision}' AND r.decided_at <= {until} AND r.id > {after} \
           AND b.standing NOT IN ('{current}', '{deceased}') \
           AND NOT EXISTS (SELECT 1 FROM review l WHERE l.beneficiary_id = r.beneficiary_id AND l.kind = r.kind \
             AND l.opened_at >= r.decided_at AND l.id <> r.id) \
         ORDER BY r.id LIMIT {AT_ONCE}"
    );
    GivenUp::find_by_statement(text.statement(sql)).all(db).await
}

/// The case of somebody who has to be found.
#[derive(Clone, Copy)]
struct Case {
    review: Uuid,
    is_new: bool,
}

fn put_down(review: Uuid) -> Entry {
    Entry::of(Action::Unreached, review)
}

/// Opens the case of whoever a message did not reach, if anything depends on it.
async fn find_somebody(tx: &Writing, lost: &Model, at: i64) -> Result<Option<Case>, DbErr> {
    let who = lost.beneficiary_id;
    // Held, so that of two messages that fail at once only one opens a case.
    let row = benefit::Entity::find_by_id(who).lock_exclusive().one(&**tx).await?;
    let depends = |row: &benefit::Model| row.cycle == lost.cycle && !is_over(&row.standing);
    if lost.cycle.is_none() || !row.as_ref().is_some_and(depends) {
        return Ok(None);
    }
    if let Some(review) = open_case(&**tx, who).await? {
        return Ok(Some(Case { review, is_new: false }));
    }
    let (review, is_new) = unreached(&**tx, who, lost.id, at).await?;
    Ok(Some(Case { review, is_new }))
}

/// Whether nobody has to be found who stands so.
fn is_over(standing: &str) -> bool {
    [Standing::Current, Standing::Deceased].iter().any(|over| over.name() == standing)
}

/// The open case of somebody who has to be found.
async fn open_case(tx: &impl ConnectionTrait, who: Uuid) -> Result<Option<Uuid>, DbErr> {
    use crate::db::year::review::{Column, Entity};
    let open = Entity::find().filter(Column::BeneficiaryId.eq(who)).filter(Column::DecidedAt.is_null());
    let open = open.filter(Column::Kind.eq(ReviewKind::Unreached.name())).one(tx).await?;
    Ok(open.map(|row| row.id))
}

/// Whether the payer was told to stop, and has not been told otherwise since.
async fn is_stopped(tx: &impl ConnectionTrait, who: Uuid) -> Result<bool, DbErr> {
    let told = instruction::Entity::find().filter(instruction::Column::BeneficiaryId.eq(who));
    let last = told.order_by_desc(instruction::Column::Number).one(tx).await?;
    Ok(last.is_some_and(|last| last.kind == "suspend"))
}

/// A clerk has told somebody in person what did not reach them: it counts as given from today.
pub(crate) async fn told_in_person(tx: &impl ConnectionTrait, who: Uuid, today: Date) -> Result<(), DbErr> {
    let Some(now) = benefit::Entity::find_by_id(who).one(tx).await? else { return Ok(()) };
    let lost = Entity::find()
        .filter(Column::BeneficiaryId.eq(who))
        .filter(Column::Cycle.eq(now.cycle))
        .filter(Column::Recipient.eq(Recipient::Elder.name()))
        .filter(Column::Legal.eq(true))
        .filter(Column::State.is_in(["failed", "no_way", RETURNED]));
    for row in lost.all(tx).await? {
        let cycle = row.cycle.unwrap_or_default().to_be_bytes();
        let told = ActiveModel {
            id: Set(name("message", &[who.as_bytes(), &cycle, row.rung.as_bytes(), b"in_person"])),
            medium: Set(None),
            decided_on: Set(day_number(today)),
            state: Set("delivered".to_owned()),
            handed_on: Set(Some(day_number(today))),
            receipt: Set(None),
            ..row.into_active_model().reset_all()
        };
        Entity::insert(told).on_conflict_do_nothing().exec_without_returning(tx).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
