//! Whom the last runs flagged: something in the data does not fit, and somebody has to look.
//!
//! **In**: after whom. **Out**: some of them, by run and person, each with the explanation in words. Of each file of rules the last
//! run counts that came to its end and recorded what it found, unless a part of it was taken back; whoever has been certified
//! since, or was put before a clerk, is left out. **What can go wrong**: what a run found can't be read: that person is logged by identifier and left out.

use std::collections::HashSet;

use jianzai_wire::Language;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use time::Date;
use uuid::Uuid;

use super::report::told;
use super::rules::Rules;
use crate::db::silent_entity::{silent_finding, silent_run};
use crate::db::year::fact;
use crate::office::{Office, OfficeError};
use crate::year::dates::numbered_day;

/// Somebody whom a run flagged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flagged {
    /// The run.
    pub(crate) run: Uuid,
    /// About whom.
    pub(crate) beneficiary: Uuid,
    /// The day that the run looked at.
    pub(crate) on: Date,
    /// Why, in words that hold nothing that names the person.
    pub(crate) explanation: String,
}

/// Some of those who are flagged, and where the next begin.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Who.
    pub(crate) people: Vec<Flagged>,
    /// The run and the last person looked at; none if nobody follows.
    pub(crate) next: Option<(Uuid, Uuid)>,
}

impl Office {
    /// The next who are flagged, of `count` looked at.
    pub(crate) async fn silent_flagged(
        &self,
        after: Option<(Uuid, Uuid)>,
        count: u64,
        language: Language,
    ) -> Result<Batch, OfficeError> {
        use silent_finding::Column;
        let runs = self.last_runs().await?;
        // A run that another has followed meanwhile is gone through no more: from its place the others go on.
        let begin = after.and_then(|(after, _)| runs.iter().position(|run| run.id == after)).unwrap_or(0);
        for run in runs.iter().skip(begin) {
            // In the index's own words, or SQLite does not take it.
            let mut rows = silent_finding::Entity::find()
                .filter(Column::RunId.eq(run.id))
                .filter(Expr::cust("outcome = 'flagged'"))
                .order_by_asc(Column::BeneficiaryId)
                .limit(count);
            if let Some((_, last)) = after.filter(|(after, _)| *after == run.id) {
                rows = rows.filter(Column::BeneficiaryId.gt(last));
            }
            let rows = rows.all(self.store.reads()).await?;
            let Some(last) = rows.last() else { continue };
            let next = Some((run.id, last.beneficiary_id));
            return Ok(Batch { people: self.flagged_of(run, rows, language).await?, next });
        }
        Ok(Batch::default())
    }

    /// Of each file of rules the last run that came to its end, if nothing of it was taken back; the oldest first, so that one that
    /// comes while somebody reads stands behind those that were there.
    async fn last_runs(&self) -> Result<Vec<silent_run::Model>, OfficeError> {
        let runs = silent_run::Entity::find()
            .filter(silent_run::Column::Shadow.eq(false))
            .filter(silent_run::Column::EndedAt.is_not_null())
            .order_by_desc(silent_run::Column::BeganAt)
            .all(self.store.reads())
            .await?;
        let mut seen = HashSet::new();
        let last = runs.into_iter().filter(|run| seen.insert(run.rules_file.clone()));
        // Whoever takes a part back says that the data, or the rules, were wrong.
        let stands = |run: &silent_run::Model| {
            [run.pass_reverted_at, run.dead_reverted_at, run.missing_reverted_at].iter().all(Option::is_none)
        };
        let mut last: Vec<_> = last.filter(stands).collect();
        last.reverse();
        Ok(last)
    }

    async fn flagged_of(
        &self,
        run: &silent_run::Model,
        rows: Vec<silent_finding::Model>,
        language: Language,
    ) -> Result<Vec<Flagged>, OfficeError> {
        let Ok(rules) = Rules::read(&run.rules_file, &run.rules) else {
            tracing::error!(run = %run.id, "its rules can't be read any more; whom it flagged is left out");
            return Ok(Vec::new());
        };
        let since: Vec<Uuid> = fact::Entity::find()
            .select_only()
            .column(fact::Column::BeneficiaryId)
            .filter(fact::Column::BeneficiaryId.is_in(rows.iter().map(|row| row.beneficiary_id)))
            .filter(fact::Column::Kind.is_in(["certified", "review_opened", "deceased"]))
            .filter(fact::Column::RecordedAt.gte(run.began_at))
            .into_tuple()
            .all(self.store.reads())
            .await?;
        let since: HashSet<Uuid> = since.into_iter().collect();
        let flagged = rows.iter().filter(|row| !since.contains(&row.beneficiary_id)).filter_map(|row| {
            let told = told(row, &rules, language).inspect_err(|error| {
                tracing::error!(beneficiary = %row.beneficiary_id, %error, "what was flagged can't be told");
            });
            let (run, on) = (row.run_id, numbered_day(run.on_day));
            Some(Flagged { run, beneficiary: row.beneficiary_id, on, explanation: told.ok()?.explanation })
        });
        Ok(flagged.collect())
    }
}
