//! A run: everybody who lives by the policies of the rules' places is looked at, and what follows is recorded.
//!
//! **In**: a rule file, the moment, the data that were taken. **Out**: a row of `silent_finding` for each person, and unless it
//! is a shadow what follows from it ([`super::effects`]). **What can go wrong**: the rules have faults, or a text that is not
//! that of their version; the database fails, or the process dies: the range in hand is undone, those before it stand, and
//! the same run again does what is left and ends as an undisturbed one, to the row (the linked log alone tells for each start what
//! it added). Another day or another import makes another run of it: then what stands can be taken back ([`super::revert`]),
//! which closes the run. A run that is closed while it goes on writes no further range.
//!
//! Nothing is recorded on a day that is over, since its steps are taken by then: a run that reaches midnight stops, and is to be
//! run again on the new day, over everybody.
//!
//! A run is named by its rules, its day and its data, so that the same one again is the same run: if it came to its end, nothing
//! is done. What is taken while it goes on does not belong to it. People are looked at in ranges of [`AT_ONCE`], each asked for
//! with one question ([`super::question`]) and written in one transaction; the next range is asked for while one is written.
//! Memory holds two ranges.

use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, DbBackend, DbErr, EntityTrait as _, FromQueryResult, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Statement,
};
use sha2::{Digest as _, Sha256};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::effects::{Added, Effects, Policies};
use super::question::{Compared, Data, Gathered, Question, Range, has_everybody, misses_people};
use super::report::RunReport;
use super::rules::Rules;
use crate::audit::{self, Action, Entry};
use crate::chronicle::rows::name;
use crate::clock::to_millis;
use crate::db::Writing;
use crate::db::bulk::literal;
use crate::db::silent_entity::{silent_import, silent_run};
use crate::office::{Office, OfficeError};
use crate::year::dates::{day_number, numbered_day};

/// People of one range; few in tests, so that there are several.
const AT_ONCE: u64 = if cfg!(test) { 8 } else { 20_000 };

/// Rules as they were given.
struct Given<'a> {
    file: &'a str,
    text: &'a str,
    version: u32,
    shadow: bool,
}

/// What a range was asked for.
struct Asked {
    range: Range,
    people: Vec<Gathered>,
}

/// How far a start of a run has come.
enum Came {
    /// To its end, with so many new rows.
    Through(Added),
    /// Until it was told to stop, or the run was closed.
    Stopped,
    /// Up to midnight.
    DayOver,
}

impl Office {
    /// Runs rules over everybody of their places, as if it stayed the day of `now`. `file` and `text` are those of the rules.
    pub async fn silent_run(
        &self,
        file: &str,
        text: &str,
        shadow: bool,
        now: OffsetDateTime,
    ) -> Result<RunReport, OfficeError> {
        self.silent_run_until(file, text, shadow, now, &|| now.date(), &|| false).await
    }

    /// The same; `today` is asked for the day that it is by then before every range, and like `interrupted` after every range,
    /// before it is made durable and behind that.
    pub async fn silent_run_until(
        &self,
        file: &str,
        text: &str,
        shadow: bool,
        now: OffsetDateTime,
        today: &(dyn Fn() -> Date + Sync),
        interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Result<RunReport, OfficeError> {
        let rules = Rules::read(file, text).map_err(|error| OfficeError::Refused(error.to_string()))?;
        let (data, digests) = self.silent_data(&rules, day_number(now.date())).await?;
        let given = Given { file, text, version: rules.version, shadow };
        let run = self.silent_begin(&given, &data, &digests, now).await?;
        let mut day_over = false;
        if run.ended_at.is_none() {
            let set = self.policies.current(self.store.reads()).await?;
            let question = Question::new(&rules, numbered_day(run.on_day), data);
            let mut policies = Policies::new(&set, &rules, numbered_day(run.on_day));
            match self.silent_ranges(&question, &run, &mut policies, today, interrupted).await? {
                Came::Through(added) => self.silent_end(&run, added, now).await?,
                Came::Stopped => {}
                Came::DayOver => day_over = true,
            }
        }
        Ok(RunReport { day_over, ..self.silent_report(run.id).await? })
    }

    /// Everything that was taken to its end, and the digest of each import. Of the registers that have everybody whom the rules
    /// look at, the newest is compared.
    async fn silent_data(&self, rules: &Rules, today: i64) -> Result<(Data, Vec<Vec<u8>>), OfficeError> {
        use silent_import::Column;
        let imports = silent_import::Entity::find().order_by_asc(Column::Number).all(self.store.reads()).await?;
        let ended = || imports.iter().filter(|import| import.ended_at.is_some());
        let last_import = ended().map(|import| import.number).max().unwrap_or(0);
        let unfinished = imports.iter().filter(|import| import.ended_at.is_none() && import.number <= last_import);
        // From one of which rows have gone, everybody would seem absent.
        let whole = ended().filter(|import| import.thinned_at.is_none());
        let registers = whole.filter(|import| import.on_day.is_some_and(|day| day <= today));
        let registers = registers.filter(|import| has_everybody(import, rules));
        let register = registers.max_by_key(|import| (import.on_day, import.number)).and_then(Compared::of);
        let data = Data { last_import, unfinished: unfinished.map(|import| import.number).collect(), register };
        let digests = ended().map(|import| import.digest.clone()).collect();
        Ok((data, digests))
    }

    /// The row of the run: there already, or made now.
    async fn silent_begin(
        &self,
        given: &Given<'_>,
        data: &Data,
        digests: &[Vec<u8>],
        now: OffsetDateTime,
    ) -> Result<silent_run::Model, OfficeError> {
        self.refuse_changed(given).await?;
        let (day, at) = (day_number(now.date()), to_millis(now));
        let (rules, day_bytes) = (Sha256::digest(given.text), day.to_be_bytes());
        let kind: &[u8] = if given.shadow { b"shadow" } else { b"run" };
        let mut parts = vec![given.file.as_bytes(), rules.as_slice(), kind, &day_bytes];
        parts.extend(digests.iter().map(Vec::as_slice));
        let id = name("silent_run", &parts);
        if let Some(known) = silent_run::Entity::find_by_id(id).one(self.store.reads()).await? {
            return Ok(known);
        }
        let run = silent_run::Model {
            id,
            rules_file: given.file.to_owned(),
            rules_version: i64::from(given.version),
            rules: given.text.to_owned(),
            on_day: day,
            shadow: given.shadow,
            last_import: data.last_import,
            register_import: data.register.map(|register| register.import),
            began_at: at,
            ended_at: None,
            pass_reverted_at: None,
            dead_reverted_at: None,
            missing_reverted_at: None,
            thinned_at: None,
            cleared_at: None,
        };
        let tx = self.store.begin("silent run").await?;
        silent_run::Entity::insert(run.clone().into_active_model()).exec_without_returning(&*tx).await?;
        let detail = if given.shadow { "shadow" } else { "begun" };
        audit::append(&tx, at, Entry::of(Action::SilentRun, id).detail(detail)).await?;
        tx.commit().await?;
        Ok(run)
    }

    /// The text of a version never changes: findings name only the version.
    async fn refuse_changed(&self, given: &Given<'_>) -> Result<(), OfficeError> {
        use silent_run::Column;
        let Given { file, text, version, .. } = *given;
        let other = silent_run::Entity::find()
            .filter(Column::RulesFile.eq(file))
            .filter(Column::RulesVersion.eq(i64::from(version)))
            .filter(Column::Rules.ne(text))
            .limit(1);
        match other.one(self.store.reads()).await? {
            None => Ok(()),
            Some(_) => Err(OfficeError::Refused(format!(
                "{file}: version: a run was made by a version {version} that says something else; give the file a new version"
            ))),
        }
    }

    /// Looks at range after range.
    async fn silent_ranges(
        &self,
        question: &Question<'_>,
        run: &silent_run::Model,
        policies: &mut Policies<'_>,
        today: &(dyn Fn() -> Date + Sync),
        interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Result<Came, OfficeError> {
        let done = self.silent_done(run.id).await?;
        let mut next = self.silent_ask(question, done).await?;
        let mut added = Added::default();
        let day_over = || today() != question.on;
        let stops = || interrupted() || day_over();
        while let Some(asked) = next {
            if day_over() {
                return Ok(Came::DayOver);
            }
            let effects = self.silent_effects(question, run, policies, &asked).await?;
            let write = self.silent_write(run, question.rules, asked.range, effects, &stops);
            let (written, following) = tokio::join!(write, self.silent_ask(question, Some(asked.range.until)));
            let Some(new) = written? else { return Ok(if day_over() { Came::DayOver } else { Came::Stopped }) };
            added += new;
            next = following?;
        }
        Ok(Came::Through(added))
    }

    /// The last person whom an earlier start of the run has looked at.
    async fn silent_done(&self, run: Uuid) -> Result<Option<Uuid>, OfficeError> {
        use crate::db::silent_entity::silent_finding::{Column, Entity};
        let last = Entity::find()
            .select_only()
            .column(Column::BeneficiaryId)
            .filter(Column::RunId.eq(run))
            .order_by_desc(Column::BeneficiaryId)
            .limit(1)
            .into_tuple::<Uuid>();
        Ok(last.one(self.store.reads()).await?)
    }

    /// Asks for the next people after somebody. `None`: there is nobody left.
    async fn silent_ask(&self, question: &Question<'_>, after: Option<Uuid>) -> Result<Option<Asked>, OfficeError> {
        #[derive(FromQueryResult)]
        struct Last {
            beneficiary_id: Uuid,
        }
        let (db, mut after) = (self.store.reads(), after.unwrap_or(Uuid::nil()));
        let backend = db.get_database_backend();
        loop {
            if after.is_max() {
                return Ok(None);
            }
            let last = format!(
                "SELECT beneficiary_id FROM benefit WHERE beneficiary_id > {} ORDER BY beneficiary_id LIMIT 1 OFFSET {}",
                literal(backend, after),
                AT_ONCE - 1
            );
            let last = Last::find_by_statement(Statement::from_string(backend, last)).one(db).await?;
            let range = Range { after, until: last.map_or(Uuid::max(), |last| last.beneficiary_id) };
            let people = question.ask(&self.store, range).await?;
            // Nobody of these lives by the policies of the rules' places.
            if people.is_empty() {
                after = range.until;
                continue;
            }
            return Ok(Some(Asked { range, people }));
        }
    }

    async fn silent_effects(
        &self,
        question: &Question<'_>,
        run: &silent_run::Model,
        policies: &mut Policies<'_>,
        asked: &Asked,
    ) -> Result<Effects, OfficeError> {
        let mut effects = Effects::default();
        for of in &asked.people {
            effects.add(run, policies, of, &question.find(of));
        }
        let (on, rules) = (question.on, question.rules);
        if !misses_people(rules, on, question.data.register) {
            effects.spare_all();
        } else if effects.may_be_missing() {
            effects.spare_proven(self.store.reads(), rules, on, asked.range).await?;
        }
        effects.report_anew(run, self.store.reads(), asked.range).await?;
        Ok(effects)
    }

    /// Writes a range; nothing if it was told to stop, or the run was closed meanwhile.
    async fn silent_write(
        &self,
        run: &silent_run::Model,
        rules: &Rules,
        range: Range,
        effects: Effects,
        stops: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Added>, OfficeError> {
        let mut bulk = self.store.begin_bulk_many().await?;
        if bulk.execute(while_open(bulk.backend(), run.id, "began_at = began_at")).await? == 0 {
            return Ok(None);
        }
        let added = effects.write(&mut bulk, run, rules, range).await?;
        if stops() {
            return Ok(None);
        }
        bulk.commit().await?;
        Ok(Some(added).filter(|_| !stops()))
    }

    /// Closes the run. The linked log tells how many certifications, reports of death and absences this start of it has added: not
    /// what others had recorded before, and not what an earlier start left that was killed.
    async fn silent_end(&self, run: &silent_run::Model, added: Added, now: OffsetDateTime) -> Result<(), OfficeError> {
        let at = to_millis(now);
        let tx = self.store.begin("silent run ends").await?;
        if !close(&tx, run.id, at).await? {
            return Ok(());
        }
        let Added { certified, reviews, missing } = added;
        let detail = match run.shadow {
            true => "shadow,ended".to_owned(),
            false => format!("certified.{certified},reviews.{reviews},missing.{missing}"),
        };
        audit::append(&tx, at, Entry::of(Action::SilentRun, run.id).detail(detail)).await?;
        Ok(tx.commit().await?)
    }
}

/// Closes a run; false if it was closed before.
pub(super) async fn close(tx: &Writing, run: Uuid, at: i64) -> Result<bool, DbErr> {
    let sql = while_open(tx.get_database_backend(), run, &format!("ended_at = {at}"));
    Ok(tx.execute_raw(Statement::from_string(tx.get_database_backend(), sql)).await?.rows_affected() > 0)
}

/// Changes the row of a run that is not closed, and keeps it from being closed until the transaction ends.
fn while_open(backend: DbBackend, run: Uuid, set: &str) -> String {
    format!("UPDATE silent_run SET {set} WHERE id = {} AND ended_at IS NULL", literal(backend, run))
}
