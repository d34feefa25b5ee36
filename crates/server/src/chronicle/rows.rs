//! Rows and the year's own values, each from the other.
//!
//! **What can go wrong**: a row was changed by hand, or by a later release, and says something unknown: [`Unreadable`].

use sea_orm::ActiveValue::Set;
use sha2::{Digest as _, Sha256};
use time::Date;
use uuid::Uuid;

use crate::db::year::{fact, instruction};
use crate::year::channel::Channel;
use crate::year::dates::{Month, day_number, numbered_day};
use crate::year::facts::{Fact, What};
use crate::year::instructions::{Instruction, ResumeCause, Told};
use crate::year::names::Named;
use crate::year::record::Party;

/// A row says something that this release does not know, or a sealed value can't be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a row can't be read: {0}")]
pub(crate) struct Unreadable(pub(crate) &'static str);

/// A name that follows from what it names, so that the same thing never has two.
pub(crate) fn name(kind: &str, parts: &[&[u8]]) -> Uuid {
    let mut digest = Sha256::new();
    for part in [kind.as_bytes()].iter().chain(parts) {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    let mut bytes = [0; 16];
    for (byte, from) in bytes.iter_mut().zip(digest.finalize()) {
        *byte = from;
    }
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// The row of a fact that is recorded at `at`.
pub(crate) fn of_fact(beneficiary: Uuid, fact: &Fact, at: i64) -> fact::ActiveModel {
    let (kind, about, clerk) = match fact.what {
        What::Certified { id, .. } => ("certified", Some(id), None),
        What::Revoked { certification, clerk } => ("revoked", Some(certification), Some(clerk)),
        What::NoMatch { run } => ("no_match", Some(run), None),
        What::NoMatchWithdrawn { run, clerk } => ("no_match_withdrawn", Some(run), Some(clerk)),
        What::AppealOpened { appeal } => ("appeal_opened", Some(appeal), None),
        What::AppealDecided { appeal, clerk, .. } => ("appeal_decided", Some(appeal), Some(clerk)),
        What::ReviewOpened { review } => ("review_opened", Some(review), None),
        What::ReviewClosed { review } => ("review_closed", Some(review), None),
        What::Deceased { clerk } => ("deceased", None, Some(clerk)),
        What::DeathWithdrawn { clerk } => ("death_withdrawn", None, Some(clerk)),
    };
    let channel = match fact.what {
        What::Certified { channel, .. } => Some(channel.name().to_owned()),
        _ => None,
    };
    let upheld = match fact.what {
        What::AppealDecided { upheld, .. } => Some(upheld),
        _ => None,
    };
    // What happens once to one thing is named by it; what can happen again, by its days too. A run compares many people.
    let days = [day_number(fact.on).to_be_bytes(), day_number(fact.recorded).to_be_bytes()];
    let id = match &about {
        Some(run) if matches!(fact.what, What::NoMatch { .. } | What::NoMatchWithdrawn { .. }) => {
            name("fact", &[kind.as_bytes(), beneficiary.as_bytes(), &days[0], run.as_bytes()])
        }
        Some(about) => name("fact", &[kind.as_bytes(), about.as_bytes()]),
        None => name("fact", &[kind.as_bytes(), beneficiary.as_bytes(), &days[0], &days[1]]),
    };
    fact::ActiveModel {
        id: Set(id),
        beneficiary_id: Set(beneficiary),
        kind: Set(kind.to_owned()),
        on_day: Set(day_number(fact.on)),
        recorded_day: Set(day_number(fact.recorded)),
        recorded_at: Set(at),
        about_id: Set(about),
        channel: Set(channel),
        clerk_id: Set(clerk),
        upheld: Set(upheld),
    }
}

/// The fact of a row.
pub(crate) fn fact(row: &fact::Model) -> Result<Fact, Unreadable> {
    let about = || row.about_id.ok_or(Unreadable("fact.about_id"));
    let clerk = || row.clerk_id.ok_or(Unreadable("fact.clerk_id"));
    let what = match row.kind.as_str() {
        "certified" => {
            let channel = row.channel.as_deref().and_then(Channel::named).ok_or(Unreadable("fact.channel"))?;
            What::Certified { id: about()?, channel }
        }
        "revoked" => What::Revoked { certification: about()?, clerk: clerk()? },
        "no_match" => What::NoMatch { run: about()? },
        "no_match_withdrawn" => What::NoMatchWithdrawn { run: about()?, clerk: clerk()? },
        "appeal_opened" => What::AppealOpened { appeal: about()? },
        "appeal_decided" => {
            let upheld = row.upheld.ok_or(Unreadable("fact.upheld"))?;
            What::AppealDecided { appeal: about()?, upheld, clerk: clerk()? }
        }
        "review_opened" => What::ReviewOpened { review: about()? },
        "review_closed" => What::ReviewClosed { review: about()? },
        "deceased" => What::Deceased { clerk: clerk()? },
        "death_withdrawn" => What::DeathWithdrawn { clerk: clerk()? },
        _ => return Err(Unreadable("fact.kind")),
    };
    Ok(Fact { on: numbered_day(row.on_day), recorded: numbered_day(row.recorded_day), what })
}

/// The row of the `number`th instruction about somebody.
pub(crate) fn of_instruction(
    beneficiary: Uuid,
    number: usize,
    told_on: Date,
    told: &Instruction,
) -> instruction::ActiveModel {
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    let none: &[Month] = &[];
    let (kind, from, months, overpaid, cause, died_on) = match told {
        Instruction::Suspend { from } => ("suspend", Some(from), none, none, None, None),
        Instruction::Resume { from, back_pay, cause } => {
            let cause = match cause {
                ResumeCause::Confirmed => "confirmed",
                ResumeCause::Appeal => "appeal",
            };
            ("resume", Some(from), back_pay.as_slice(), none, Some(cause.to_owned()), None)
        }
        Instruction::BackPay { months } => ("back_pay", None, months.as_slice(), none, None, None),
        Instruction::Stop { from, died_on, owed, overpaid } => {
            ("stop", Some(from), owed.as_slice(), overpaid.as_slice(), None, Some(day_number(*died_on)))
        }
    };
    instruction::ActiveModel {
        id: Set(name("instruction", &[beneficiary.as_bytes(), &number.to_be_bytes()])),
        beneficiary_id: Set(beneficiary),
        number: Set(number),
        kind: Set(kind.to_owned()),
        told_on: Set(day_number(told_on)),
        from_month: Set(from.map(Month::to_string)),
        months: Set(listed(months)),
        overpaid: Set(listed(overpaid)),
        cause: Set(cause),
        died_on: Set(died_on),
    }
}

/// What the payer was told by a row.
pub(crate) fn told(row: &instruction::Model) -> Result<Told, Unreadable> {
    let from = || row.from_month.as_deref().and_then(Month::parse).ok_or(Unreadable("instruction.from_month"));
    let instruction = match (row.kind.as_str(), row.cause.as_deref()) {
        ("suspend", _) => Instruction::Suspend { from: from()? },
        ("resume", Some("confirmed")) => {
            Instruction::Resume { from: from()?, back_pay: months(&row.months)?, cause: ResumeCause::Confirmed }
        }
        ("resume", Some("appeal")) => {
            Instruction::Resume { from: from()?, back_pay: months(&row.months)?, cause: ResumeCause::Appeal }
        }
        ("back_pay", _) => Instruction::BackPay { months: months(&row.months)? },
        ("stop", _) => Instruction::Stop {
            from: from()?,
            died_on: numbered_day(row.died_on.ok_or(Unreadable("instruction.died_on"))?),
            owed: months(&row.months)?,
            overpaid: months(&row.overpaid)?,
        },
        _ => return Err(Unreadable("instruction.kind")),
    };
    Ok(Told { on: numbered_day(row.told_on), instruction })
}

fn listed(months: &[Month]) -> String {
    months.iter().map(Month::to_string).collect::<Vec<_>>().join(",")
}

/// The months of a list.
pub(crate) fn months(text: &str) -> Result<Vec<Month>, Unreadable> {
    let parts = text.split(',').filter(|part| !part.is_empty());
    parts.map(|part| Month::parse(part).ok_or(Unreadable("a list of months"))).collect()
}

/// Who took part, as it is written in rows.
pub(crate) fn of_party(party: Party) -> String {
    match party {
        Party::Beneficiary => "beneficiary".to_owned(),
        Party::Family => "family".to_owned(),
        Party::Judge => "judge".to_owned(),
        Party::Rules { version } => format!("rules:{version}"),
        Party::Volunteer(id) => format!("volunteer:{id}"),
        Party::Staff(id) => format!("staff:{id}"),
        Party::Office(id) => format!("office:{id}"),
        Party::Employer(id) => format!("employer:{id}"),
    }
}

/// Who took part.
pub(crate) fn party(text: &str) -> Result<Party, Unreadable> {
    let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
    let id = || Uuid::parse_str(rest).map_err(|_| Unreadable("a party"));
    Ok(match kind {
        "beneficiary" if rest.is_empty() => Party::Beneficiary,
        "family" if rest.is_empty() => Party::Family,
        "judge" if rest.is_empty() => Party::Judge,
        "rules" => Party::Rules { version: rest.parse().map_err(|_| Unreadable("a party"))? },
        "volunteer" => Party::Volunteer(id()?),
        "staff" => Party::Staff(id()?),
        "office" => Party::Office(id()?),
        "employer" => Party::Employer(id()?),
        _ => return Err(Unreadable("a party")),
    })
}

#[cfg(test)]
mod tests {
    use sea_orm::TryIntoModel as _;
    use time::macros::date;

    use super::*;

    #[test]
    fn every_fact_is_read_as_it_was_written() {
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        for what in [
            What::Certified { id: one, channel: Channel::HomeVisit },
            What::Revoked { certification: one, clerk: two },
            What::NoMatch { run: one },
            What::NoMatchWithdrawn { run: one, clerk: two },
            What::AppealOpened { appeal: one },
            What::AppealDecided { appeal: one, upheld: true, clerk: two },
            What::AppealDecided { appeal: one, upheld: false, clerk: two },
            What::ReviewOpened { review: one },
            What::ReviewClosed { review: one },
            What::Deceased { clerk: two },
            What::DeathWithdrawn { clerk: two },
        ] {
            let written = Fact { on: date!(2026 - 03 - 01), recorded: date!(2026 - 03 - 09), what };
            let row = of_fact(Uuid::from_u128(9), &written, 5).try_into_model().unwrap();
            assert_eq!(fact(&row), Ok(written));
            assert_eq!(of_fact(Uuid::from_u128(9), &written, 6).id, of_fact(Uuid::from_u128(9), &written, 5).id);
            assert_eq!(fact(&fact::Model { kind: "other".into(), ..row }), Err(Unreadable("fact.kind")));
        }
    }

    #[test]
    fn every_instruction_is_read_as_it_was_written() {
        let month = Month::of(date!(2026 - 12 - 01));
        let (from, several) = (month.plus(2), vec![month, month.plus(1)]);
        for instruction in [
            Instruction::Suspend { from },
            Instruction::Resume { from, back_pay: several.clone(), cause: ResumeCause::Confirmed },
            Instruction::Resume { from, back_pay: vec![], cause: ResumeCause::Appeal },
            Instruction::BackPay { months: several.clone() },
            Instruction::Stop { from, died_on: date!(2026 - 12 - 24), owed: vec![month], overpaid: several },
        ] {
            let on = date!(2026 - 12 - 31);
            let row = of_instruction(Uuid::from_u128(9), 3, on, &instruction).try_into_model().unwrap();
            assert_eq!(told(&row), Ok(Told { on, instruction }));
        }
    }

    #[test]
    fn every_party_is_read_as_it_was_written() {
        let id = Uuid::from_u128(7);
        for who in [
            Party::Beneficiary,
            Party::Family,
            Party::Judge,
            Party::Rules { version: 4 },
            Party::Volunteer(id),
            Party::Staff(id),
            Party::Office(id),
            Party::Employer(id),
        ] {
            assert_eq!(party(&of_party(who)), Ok(who));
        }
        for wrong in ["", "staff", "staff:x", "rules:-1", "family:1"] {
            assert!(party(wrong).is_err(), "{wrong}");
        }
    }
}
