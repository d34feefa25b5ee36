//! People as the year sees them, read from rows: many at once, in as many questions as for one.
//!
//! **In**: rows of `benefit`. **Out**: a [`Life`] for each: facts, ways to reach the family, what was sent and told.
//! **What can go wrong**: a person whose row can't be read is [`Unreadable`]; the others are not touched by it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jianzai_wire::{Division, IdNumber, Language, Secret};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, FromQueryResult, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use time::Date;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::policies::RulesError;
use super::rows::{self, Unreadable};
use crate::columns;
use crate::db::entity::beneficiary;
use crate::db::text::Text;
use crate::db::year::{benefit, contact_way, fact, instruction, message, opt_out};
use crate::keys::KeyRing;
use crate::messages::WITHDRAWN;
use crate::messages::unreached::RETURNED;
use crate::register::place;
use crate::year::dates::{LETTER_DAYS, Month, days_after, numbered_day};
use crate::year::facts::{Fact, Person};
use crate::year::instructions::Told;
use crate::year::ladder::{Contact, ReminderKey};
use crate::year::names::Named;
use crate::year::policy::{Medium, Recipient, Scheme};
use crate::year::tick::Kept;
use crate::year::window::spread_seed;

/// A person with all that bears on their year.
#[derive(Debug, Clone)]
pub(crate) struct Life {
    /// Their row.
    pub(crate) benefit: benefit::Model,
    /// Where they are insured.
    pub(crate) insured_place: Division,
    /// What they draw.
    pub(crate) scheme: Scheme,
    /// Birth, entitlement, facts.
    pub(crate) person: Person,
    /// How they and theirs can be reached.
    pub(crate) contact: Contact,
    /// What earlier looks left behind.
    pub(crate) kept: Kept,
}

/// What is needed of a row of the register.
#[derive(FromQueryResult)]
struct Registered {
    id: Uuid,
    id_number: Vec<u8>,
    insured_place: Vec<u8>,
    phones: Vec<u8>,
    family_phones: Option<Vec<u8>>,
}

/// Everything that the rows of some people say, by person.
#[derive(Default)]
struct Rows {
    registered: HashMap<Uuid, Registered>,
    facts: HashMap<Uuid, Vec<fact::Model>>,
    told: HashMap<Uuid, Vec<instruction::Model>>,
    messages: HashMap<Uuid, Vec<message::Model>>,
    ways: HashMap<Uuid, Vec<contact_way::Model>>,
    opted_out: HashMap<Uuid, Vec<opt_out::Model>>,
}

/// Reads the lives of those to whom the rows belong, in the order of the rows. `today` is the day of the look.
pub(crate) async fn lives(
    db: &impl ConnectionTrait,
    keys: &KeyRing,
    benefits: Vec<benefit::Model>,
    today: Date,
) -> Result<Vec<Result<Life, (Uuid, Unreadable)>>, DbErr> {
    let ids: Vec<Uuid> = benefits.iter().map(|benefit| benefit.beneficiary_id).collect();
    let mut rows = read(db, &ids).await?;
    let life = |benefit: benefit::Model| {
        let id = benefit.beneficiary_id;
        rows.life(keys, benefit, today).map_err(|error| (id, error))
    };
    Ok(benefits.into_iter().map(life).collect())
}

/// The life of one person, for tests; `None` if there is no such person, or none who draws anything.
#[cfg(test)]
pub(crate) async fn life(
    db: &impl ConnectionTrait,
    keys: &KeyRing,
    id: Uuid,
    today: Date,
) -> Result<Option<Result<Life, Unreadable>>, DbErr> {
    let Some(benefit) = benefit::Entity::find_by_id(id).one(db).await? else { return Ok(None) };
    let life = lives(db, keys, vec![benefit], today).await?.pop();
    Ok(life.map(|life| life.map_err(|(_, error)| error)))
}

async fn read(db: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Rows, DbErr> {
    let registered = registered_rows(db, ids).await?;
    let facts = fact::Entity::find().filter(fact::Column::BeneficiaryId.is_in(ids.iter().copied())).all(db).await?;
    let told = instruction::Entity::find()
        .filter(instruction::Column::BeneficiaryId.is_in(ids.iter().copied()))
        .order_by_asc(instruction::Column::Number)
        .all(db)
        .await?;
    let messages = message::Entity::find()
        .filter(message::Column::BeneficiaryId.is_in(ids.iter().copied()))
        .filter(message::Column::Cycle.is_not_null())
        .all(db)
        .await?;
    let ways = contact_way::Entity::find()
        .filter(contact_way::Column::BeneficiaryId.is_in(ids.iter().copied()))
        .all(db)
        .await?;
    let opted_out =
        opt_out::Entity::find().filter(opt_out::Column::BeneficiaryId.is_in(ids.iter().copied())).all(db).await?;
    Ok(Rows {
        registered: registered.into_iter().map(|row| (row.id, row)).collect(),
        facts: by_person(facts, |row| row.beneficiary_id),
        told: by_person(told, |row| row.beneficiary_id),
        messages: by_person(messages, |row| row.beneficiary_id),
        ways: by_person(ways, |row| row.beneficiary_id),
        opted_out: by_person(opted_out, |row| row.beneficiary_id),
    })
}

fn by_person<R>(rows: Vec<R>, person: impl Fn(&R) -> Uuid) -> HashMap<Uuid, Vec<R>> {
    let mut found: HashMap<Uuid, Vec<R>> = HashMap::new();
    for row in rows {
        found.entry(person(&row)).or_default().push(row);
    }
    found
}

impl Rows {
    fn life(&mut self, keys: &KeyRing, benefit: benefit::Model, today: Date) -> Result<Life, Unreadable> {
        let id = benefit.beneficiary_id;
        let registered = self.registered.remove(&id).ok_or(Unreadable("beneficiary"))?;
        let (insured_place, born) = registered.place_and_birth(keys)?;
        let phones = registered.numbers(keys)?;
        let facts = self.facts.remove(&id).unwrap_or_default();
        let facts: Vec<Fact> = facts.iter().map(rows::fact).collect::<Result<_, _>>()?;
        let told = self.told.remove(&id).unwrap_or_default();
        let told: Vec<Told> = told.iter().map(rows::told).collect::<Result<_, _>>()?;
        let messages = self.messages.remove(&id).unwrap_or_default();
        let (ways, opted_out) = (self.ways.remove(&id), self.opted_out.remove(&id));
        let entitled_from = numbered_day(benefit.entitled_from);
        Ok(Life {
            insured_place,
            scheme: scheme(&benefit.scheme)?,
            person: Person { born, entitled_from, spread: spread_seed(id), facts },
            contact: contact(&phones, &ways.unwrap_or_default(), &opted_out.unwrap_or_default())?,
            kept: Kept { steps_until: numbered_day(benefit.steps_until), told, sent: sent(&messages, today)? },
            benefit,
        })
    }
}

impl Registered {
    /// The phones of the person and of their family.
    fn numbers(&self, keys: &KeyRing) -> Result<Numbers, Unreadable> {
        let family = self.family_phones.as_ref().map(|sealed| open_text(keys, self.id, "family_phones", sealed));
        let elder = open_text(keys, self.id, "phones", &self.phones)?;
        Ok(Numbers { elder, family: family.transpose()?.unwrap_or_default() })
    }

    /// Where somebody is insured, and the first day of the month of their birth: more of it is not used.
    fn place_and_birth(&self, keys: &KeyRing) -> Result<(Division, Date), Unreadable> {
        let number = open_text(keys, self.id, "id_number", &self.id_number)?;
        // It was checked when it came.
        let number = IdNumber::parse_on(&number, Date::MAX).map_err(|_| Unreadable("id_number"))?;
        let insured_place = open_text(keys, self.id, "insured_place", &self.insured_place)?;
        let insured_place = Division::parse(&insured_place).map_err(|_| Unreadable("insured_place"))?;
        Ok((insured_place, Month::of(number.birth_date()).first()))
    }
}

/// Phone numbers of the register, one a line.
struct Numbers {
    elder: Zeroizing<String>,
    family: Zeroizing<String>,
}

impl Numbers {
    /// Each, and whose it is.
    fn each(&self) -> impl Iterator<Item = (Recipient, &str)> {
        let elder = self.elder.lines().map(|phone| (Recipient::Elder, phone));
        elder.chain(self.family.lines().map(|phone| (Recipient::Family, phone)))
    }
}

/// What decides which rules somebody lives by.
pub(crate) struct Belonging {
    /// Where they are insured.
    pub(crate) insured_place: Division,
    /// What they draw.
    pub(crate) scheme: Scheme,
    /// The first day of the month of their birth.
    pub(crate) born: Date,
    /// Versions of policies that there are.
    pub(crate) versions: u64,
}

/// To where somebody belongs, in one question. `None`: there is no such person. Who has no row of `benefit` yet draws the
/// employees' pension, as in [`super::tick`].
pub(crate) async fn belonging(
    db: &impl ConnectionTrait,
    keys: &KeyRing,
    id: Uuid,
) -> Result<Option<Result<Belonging, Unreadable>>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        #[sea_orm(nested)]
        registered: Registered,
        scheme: Option<String>,
        versions: i64,
    }
    let mut text = Text::new(db.get_database_backend());
    let sql = format!(
        "SELECT p.id, p.id_number, p.insured_place, p.phones, p.family_phones, b.scheme, (SELECT count(*) FROM policy) AS versions \
         FROM beneficiary p LEFT JOIN benefit b ON b.beneficiary_id = p.id WHERE p.id = {}",
        text.holds(id)
    );
    let Some(row) = Row::find_by_statement(text.statement(sql)).one(db).await? else { return Ok(None) };
    let read = || {
        let (insured_place, born) = row.registered.place_and_birth(keys)?;
        let scheme = row.scheme.as_deref().map_or(Ok(Scheme::EmployeePension), scheme)?;
        let versions = u64::try_from(row.versions).map_err(|_| Unreadable("policy"))?;
        Ok(Belonging { insured_place, scheme, born, versions })
    };
    Ok(Some(read()))
}

async fn registered_rows(db: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Registered>, DbErr> {
    use beneficiary::Column;
    beneficiary::Entity::find()
        .select_only()
        .columns([Column::Id, Column::IdNumber, Column::InsuredPlace, Column::Phones, Column::FamilyPhones])
        .filter(Column::Id.is_in(ids.iter().copied()))
        .into_model::<Registered>()
        .all(db)
        .await
}

fn scheme(stored: &str) -> Result<Scheme, Unreadable> {
    Scheme::named(stored).ok_or(Unreadable("benefit.scheme"))
}

fn open_text(keys: &KeyRing, id: Uuid, column: &'static str, sealed: &[u8]) -> Result<Zeroizing<String>, Unreadable> {
    let opened = columns::open(keys, place(column, id), sealed).map_err(|_| Unreadable(column))?;
    let text = std::str::from_utf8(&opened).map_err(|_| Unreadable(column))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// By a mobile phone come text messages; by any phone, calls. A letter reaches the elder always: the post room has the
/// address. Families are reached by the phones that the register has of theirs, and by what they have given.
fn contact(phones: &Numbers, ways: &[contact_way::Model], opted_out: &[opt_out::Model]) -> Result<Contact, Unreadable> {
    let mut reach = BTreeMap::from([(Recipient::Elder, BTreeSet::from([Medium::Letter]))]);
    for (to, phone) in phones.each() {
        let by: &mut BTreeSet<_> = reach.entry(to).or_default();
        by.insert(Medium::Call);
        by.extend(is_mobile(phone).then_some(Medium::Sms));
    }
    for way in ways {
        let to = Recipient::named(&way.recipient).ok_or(Unreadable("contact_way.recipient"))?;
        let by = Medium::named(&way.medium).ok_or(Unreadable("contact_way.medium"))?;
        reach.entry(to).or_default().insert(by);
    }
    let opted_out = opted_out.iter().map(|row| Recipient::named(&row.recipient).ok_or(Unreadable("opt_out.recipient")));
    Ok(Contact { reach, opted_out: opted_out.collect::<Result<_, _>>()? })
}

/// Whether the register has a mobile phone of somebody's.
pub(crate) async fn has_mobile(db: &impl ConnectionTrait, keys: &KeyRing, id: Uuid) -> Result<bool, RulesError> {
    let Some(row) = registered_rows(db, &[id]).await?.pop() else { return Ok(false) };
    Ok(open_text(keys, row.id, "phones", &row.phones)?.lines().any(is_mobile))
}

/// Eleven digits that begin with 1, with the country's code or without.
pub(crate) fn is_mobile(phone: &str) -> bool {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    let own = digits.strip_prefix("86").filter(|_| digits.len() == 13).unwrap_or(&digits);
    own.len() == 11 && own.starts_with('1')
}

/// What was sent and when. A legal notice counts from the day on which a sender took it, unless it did not arrive and none
/// was taken in its place, and a letter from when the post has brought it: until then it is not sent again, but neither is
/// anybody suspended who waits for it. What was withdrawn before it went, or whose letter
/// was, is to be told once there is cause again.
fn sent(messages: &[message::Model], today: Date) -> Result<BTreeMap<ReminderKey, Date>, Unreadable> {
    let mut sent = BTreeMap::new();
    let name = |row: &message::Model| (row.cycle, row.rung.clone(), row.recipient.clone());
    let withdrawn: BTreeSet<_> = messages.iter().filter(|row| row.state == WITHDRAWN).map(name).collect();
    for row in messages.iter().filter(|row| !withdrawn.contains(&name(row))) {
        let to = Recipient::named(&row.recipient).ok_or(Unreadable("message.recipient"))?;
        let cycle = numbered_day(row.cycle.ok_or(Unreadable("message.cycle"))?);
        let by_letter = row.medium.as_deref() == Some(Medium::Letter.name());
        let arrives = |day| if by_letter { days_after(numbered_day(day), LETTER_DAYS) } else { numbered_day(day) };
        let given =
            || row.handed_on.filter(|_| !matches!(row.state.as_str(), "failed" | RETURNED)).map_or(today, arrives);
        let day = if row.legal { given() } else { numbered_day(row.decided_on) };
        let known: &mut Date = sent.entry(ReminderKey { cycle, rung: row.rung.clone(), to }).or_insert(day);
        *known = day.min(*known);
    }
    Ok(sent)
}

/// Where somebody and theirs can be reached.
pub(crate) struct Addresses(Vec<(Recipient, Medium, Secret, Language)>);

impl Addresses {
    /// The first address of one of them, for one way.
    pub(crate) fn first(&self, to: Recipient, by: Medium) -> Option<(Secret, Language)> {
        let found = self.0.iter().find(|(whom, way, ..)| (*whom, *way) == (to, by));
        found.map(|(_, _, address, language)| (address.clone(), *language))
    }
}

/// The addresses of one person and theirs: those that were given last first, then the phones of the register.
pub(crate) async fn addresses(
    db: &impl ConnectionTrait,
    keys: &KeyRing,
    id: Uuid,
) -> Result<Result<Addresses, Unreadable>, DbErr> {
    let ways = contact_way::Entity::find()
        .filter(contact_way::Column::BeneficiaryId.eq(id))
        .order_by_desc(contact_way::Column::AddedAt)
        .all(db)
        .await?;
    let registered = registered_rows(db, &[id]).await?.pop();
    Ok(opened(keys, &ways, registered.as_ref()))
}

fn opened(keys: &KeyRing, ways: &[contact_way::Model], row: Option<&Registered>) -> Result<Addresses, Unreadable> {
    let mut found = Vec::new();
    for way in ways {
        let address = columns::open(keys, way_place(way.id), &way.address).map_err(|_| Unreadable("contact_way"))?;
        let address = std::str::from_utf8(&address).map_err(|_| Unreadable("contact_way.address"))?;
        found.push((
            Recipient::named(&way.recipient).ok_or(Unreadable("contact_way.recipient"))?,
            Medium::named(&way.medium).ok_or(Unreadable("contact_way.medium"))?,
            Secret::new(address.to_owned()),
            if way.language == Language::En.tag() { Language::En } else { Language::Zh },
        ));
    }
    let Some(row) = row else { return Ok(Addresses(found)) };
    for (to, phone) in row.numbers(keys)?.each() {
        if is_mobile(phone) {
            found.push((to, Medium::Sms, Secret::new(phone.to_owned()), Language::Zh));
        }
        found.push((to, Medium::Call, Secret::new(phone.to_owned()), Language::Zh));
    }
    Ok(Addresses(found))
}

/// Place of an address.
pub(crate) fn way_place(way: Uuid) -> columns::Place {
    columns::Place { table: "contact_way", column: "address", row: way }
}
