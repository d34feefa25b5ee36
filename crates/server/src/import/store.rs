//! Puts checked rows into the register.

use std::collections::HashMap;

use jianzai_wire::ReasonCode;
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::drawn::Drawn;
use super::portrait::{self, FacePrint, Portraits, Quality};
use super::rows::Row;
use super::{ImportError, Note, Report};
use crate::audit::{self, Action, Entry};
use crate::columns::{self, NotOpened};
use crate::db::Datastore;
use crate::db::entity::beneficiary::{ActiveModel, Column, Entity, Model};
use crate::db::year::benefit;
use crate::keys::{KeyRing, Role};
use crate::register::{id_hash, id_hashes, place};

/// What to write.
enum Change {
    Add(ActiveModel),
    Update(ActiveModel),
}

/// Works out what each row changes, then writes all of it in one transaction: faces are computed outside of it. Whoever is
/// new is written together with the others who are.
pub(super) async fn store(
    database: &Datastore,
    keys: &KeyRing,
    portraits: &mut Portraits,
    rows: Vec<Row>,
    now: i64,
    report: &mut Report,
) -> Result<(), ImportError> {
    let hashes: Vec<_> = rows.iter().map(|row| id_hashes(keys, &row.id_number)).collect();
    let known = Entity::find().filter(Column::IdHash.is_in(hashes.iter().flatten().cloned()));
    let known = known.all(database.reads()).await?;
    let mut known: HashMap<_, _> = known.into_iter().map(|known| (known.id_hash.clone(), known)).collect();
    let (mut added, mut drawn_by_them, mut changes) = (Vec::new(), Vec::new(), Vec::new());
    for (row, hashes) in rows.into_iter().zip(hashes) {
        let known = hashes.iter().find_map(|hash| known.remove(hash));
        let id = known.as_ref().map_or_else(Uuid::now_v7, |known| known.id);
        let Row { insured_place, scheme, entitled_from, .. } = row;
        let drawn = Drawn { beneficiary: id, insured_place, scheme, entitled_from };
        match change(keys, portraits, &row, id, known, now, &mut report.portraits)? {
            Some(Change::Add(person)) => {
                added.push(person);
                drawn_by_them.push(drawn.fresh(now));
            }
            Some(Change::Update(person)) => changes.push((Some(person), drawn)),
            None => changes.push((None, drawn)),
        }
    }
    let tx = database.begin_many("import").await?;
    let before = (report.added, report.updated);
    report.added += u32::try_from(added.len()).unwrap_or(u32::MAX);
    if !added.is_empty() {
        Entity::insert_many(added).exec_without_returning(&*tx).await?;
        benefit::Entity::insert_many(drawn_by_them).exec_without_returning(&*tx).await?;
    }
    for (person, drawn) in changes {
        let changed = person.is_some();
        if let Some(person) = person {
            person.update(&*tx).await?;
        }
        let drawn_anew = drawn.write(&*tx, changed, now).await?;
        match changed || drawn_anew {
            true => report.updated += 1,
            false => report.unchanged += 1,
        }
    }
    let (added, updated) = (report.added - before.0, report.updated - before.1);
    if added + updated > 0 {
        let detail = format!("{added},{updated}");
        let entry = Entry { action: Action::RegisterImported, actor: None, subject: None, detail };
        audit::append(&tx, now, entry).await?;
    }
    Ok(tx.commit().await?)
}

fn change(
    keys: &KeyRing,
    portraits: &mut Portraits,
    row: &Row,
    id: Uuid,
    known: Option<Model>,
    now: i64,
    notes: &mut Vec<Note>,
) -> Result<Option<Change>, ImportError> {
    let key = keys.current(Role::IdHash).ok_or(columns::NotSealed)?;
    let hash = id_hash(key, &row.id_number).to_vec();
    let texts = [
        ("name", Zeroizing::new(row.name.expose().to_owned())),
        ("id_number", Zeroizing::new(row.id_number.expose().to_owned())),
        ("insured_place", Zeroizing::new(String::from(row.insured_place))),
        ("residence", Zeroizing::new(String::from(row.residence))),
        ("phones", row.phones.clone()),
    ];
    let face = face(keys, portraits, row, known.as_ref(), notes)?;
    let same = match &known {
        Some(known) => known.id_hash == hash && same_texts(keys, known, &texts)? && same_family(keys, known, row)?,
        None => false,
    };
    if same && face.is_none() {
        return Ok(None);
    }
    let is_new = known.is_none();
    let mut changed = match known {
        Some(known) => known.into_active_model(),
        None => ActiveModel {
            id: Set(id),
            imported_at: Set(now),
            portrait_quality: Set(Quality::Missing.name().to_owned()),
            ..Default::default()
        },
    };
    let sealed = |column: &'static str, value: &[u8]| columns::seal(keys, place(column, id), value);
    let [name, id_number, insured_place, residence, phones] = texts;
    changed.id_hash = Set(hash);
    changed.id_hash_key = Set(key.id.clone());
    changed.name = Set(sealed("name", name.1.as_bytes())?);
    changed.id_number = Set(sealed("id_number", id_number.1.as_bytes())?);
    changed.insured_place = Set(sealed("insured_place", insured_place.1.as_bytes())?);
    changed.residence = Set(sealed("residence", residence.1.as_bytes())?);
    changed.phones = Set(sealed("phones", phones.1.as_bytes())?);
    if let Some(phones) = &row.family_phones {
        changed.family_phones = Set(Some(sealed("family_phones", phones.as_bytes())?));
    }
    changed.updated_at = Set(now);
    if let Some(face) = face {
        changed.portrait = Set(Some(sealed("portrait", &face.file)?));
        changed.face_print = Set(face.print.values.map(|values| sealed("face_print", &values)).transpose()?);
        changed.face_print_model = Set(Some(portraits.network()?));
        changed.portrait_quality = Set(face.print.quality.name().to_owned());
    }
    Ok(Some(if is_new { Change::Add(changed) } else { Change::Update(changed) }))
}

/// A portrait that is new, or whose face print was made with another network.
struct Face {
    file: Zeroizing<Vec<u8>>,
    print: FacePrint,
}

fn face(
    keys: &KeyRing,
    portraits: &mut Portraits,
    row: &Row,
    known: Option<&Model>,
    notes: &mut Vec<Note>,
) -> Result<Option<Face>, ImportError> {
    let mut note = |sentence| notes.push(Note::new(row.line, ReasonCode::MatchNoPortrait, sentence));
    let Some(path) = &row.portrait else {
        if known.is_none_or(|known| known.portrait.is_none()) {
            note("there is no portrait");
        }
        return Ok(None);
    };
    let Some(file) = portrait::load(path) else {
        note("the portrait file is missing, can't be read, or is too large");
        return Ok(None);
    };
    let network = portraits.network()?;
    if let Some(known) = known
        && known.face_print_model.as_ref() == Some(&network)
        && let Some(sealed) = &known.portrait
        && *columns::open(keys, place("portrait", known.id), sealed)? == *file
    {
        return Ok(None);
    }
    let print = portraits.read(&file)?;
    match print.quality {
        Quality::NoFace => note("the portrait shows no face, or several, or is no JPEG or PNG"),
        Quality::Poor => note("the portrait is small, blurred, dark or turned away: the first match goes to review"),
        Quality::Good | Quality::Missing => {}
    }
    Ok(Some(Face { file, print }))
}

/// Whether the file says nothing else of the family's phones than what is known.
fn same_family(keys: &KeyRing, known: &Model, row: &Row) -> Result<bool, NotOpened> {
    Ok(match (&row.family_phones, &known.family_phones) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(said), Some(sealed)) => {
            columns::open(keys, place("family_phones", known.id), sealed)?.as_slice() == said.as_bytes()
        }
    })
}

fn same_texts(
    keys: &KeyRing,
    known: &Model,
    texts: &[(&'static str, Zeroizing<String>); 5],
) -> Result<bool, NotOpened> {
    let sealed = [&known.name, &known.id_number, &known.insured_place, &known.residence, &known.phones];
    for ((column, text), sealed) in texts.iter().zip(sealed) {
        if columns::open(keys, place(column, known.id), sealed)?.as_slice() != text.as_bytes() {
            return Ok(false);
        }
    }
    Ok(true)
}
