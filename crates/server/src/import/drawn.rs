//! What somebody of the register draws: the row from which their year goes on.

use jianzai_wire::Division;
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait as _, QuerySelect as _};
use time::Date;
use uuid::Uuid;

use crate::chronicle::record::look_by;
use crate::db::year::benefit::{ActiveModel, Entity};
use crate::year::dates::{china, day_number};
use crate::year::names::Named as _;
use crate::year::policy::Scheme;
use crate::year::standing::Standing;

/// What a file says that somebody draws.
pub(super) struct Drawn {
    pub(super) beneficiary: Uuid,
    pub(super) insured_place: Division,
    pub(super) scheme: Option<Scheme>,
    pub(super) entitled_from: Option<Date>,
}

impl Drawn {
    /// The row of somebody who is new; looked at today.
    pub(super) fn fresh(&self, now: i64) -> ActiveModel {
        let today = day_number(china(now).date());
        ActiveModel {
            beneficiary_id: Set(self.beneficiary),
            scheme: Set(self.scheme.unwrap_or(Scheme::EmployeePension).name().to_owned()),
            entitled_from: Set(self.entitled_from.map_or(today, day_number)),
            steps_until: Set(today),
            next_look: Set(Some(today)),
            standing: Set(Standing::Current.name().to_owned()),
            insured_place: Set(Some(self.insured_place.into())),
            ..Default::default()
        }
    }

    /// Makes or changes the row; says whether it changed. Whoever changed, also in the register, is looked at today: another
    /// place has another policy.
    pub(super) async fn write(&self, tx: &impl ConnectionTrait, changed: bool, now: i64) -> Result<bool, DbErr> {
        let today = day_number(china(now).date());
        let (scheme, from) = (self.scheme.map(|scheme| scheme.name().to_owned()), self.entitled_from.map(day_number));
        let Some(known) = Entity::find_by_id(self.beneficiary).lock_exclusive().one(tx).await? else {
            return self.fresh(now).insert(tx).await.map(|_| true);
        };
        let (scheme, from) = (scheme.unwrap_or(known.scheme.clone()), from.unwrap_or(known.entitled_from));
        let drawn_anew = scheme != known.scheme || from != known.entitled_from;
        let insured_place = Some(String::from(self.insured_place));
        // Whoever moves stands on no list of where they were.
        if drawn_anew || insured_place != known.insured_place {
            let row = ActiveModel {
                beneficiary_id: Set(self.beneficiary),
                scheme: Set(scheme),
                entitled_from: Set(from),
                insured_place: Set(insured_place),
                ..Default::default()
            };
            row.update(tx).await?;
        }
        if drawn_anew || changed {
            look_by(tx, self.beneficiary, today).await?;
        }
        Ok(drawn_anew)
    }
}
