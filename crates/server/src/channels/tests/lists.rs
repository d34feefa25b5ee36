//! A line of a list that can't be answered costs no other line its answer.

use std::io::Read as _;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, QueryFilter as _};

use super::*;
use crate::db::desk_entity::audit_entry;
use crate::db::entity::beneficiary;
use crate::office::OfficeError;
use crate::tests::on_both_databases;
use crate::year::tests::stage::CLERK_ID;

on_both_databases!(
    whoever_cannot_be_read_costs_nobody_else_their_line,
    a_line_that_is_no_text_costs_nobody_else_their_link,
    a_file_that_breaks_off_gives_no_links,
);

/// What is kept about somebody has been damaged.
async fn damage(world: &World, number: u128, column: beneficiary::Column) {
    let damaged = beneficiary::Entity::update_many().col_expr(column, Expr::value(vec![1_u8, 2, 3]));
    damaged.filter(beneficiary::Column::Id.eq(person(number))).exec(world.store.single()).await.unwrap();
}

/// The ID number of each of the three.
fn numbers() -> [String; 3] {
    [1, 2, 3].map(|number| id_number(BORN, number).expose().to_owned())
}

async fn whoever_cannot_be_read_costs_nobody_else_their_line(kind: Kind) {
    let (world, office) = place(kind, "110000").await;
    damage(&world, 1, beneficiary::Column::Name).await;
    damage(&world, 2, beneficiary::Column::IdNumber).await;
    let file = list(&numbers().each_ref().map(|number| ("王健在", number.as_str(), "2026-05-20")));
    let source = BatchSource { channel: Channel::Employer, by: EMPLOYER, decided_by: CLERK };
    let report = office.batch(source, file.as_bytes(), morning(TODAY)).await.unwrap();
    let answers: Vec<&str> = report.answers.lines().skip(1).collect();
    assert_eq!(answers, ["2,refused,server.internal", "3,refused,server.internal", "4,recorded,"]);
    assert_eq!((report.recorded, report.refused, records(&world).await.len()), (1, 2, 1));
}

async fn a_line_that_is_no_text_costs_nobody_else_their_link(kind: Kind) {
    let (world, office) = place(kind, "510100").await;
    damage(&world, 2, beneficiary::Column::IdNumber).await;
    let [first, second, third] = numbers();
    let lines: [&[u8]; 5] = [b"id_number", first.as_bytes(), b"\xff\xfe", second.as_bytes(), third.as_bytes()];
    let file = lines.join(&b'\n');
    let done = office.links_for(file.as_slice(), Channel::ECardLink, 30, CLERK_ID, morning(TODAY)).await.unwrap();
    let answers = done.answers.lines().skip(1).map(|line| line.split(',').take(2).collect::<Vec<_>>().join(" "));
    assert_eq!(answers.collect::<Vec<_>>(), ["2 issued", "3 refused", "4 refused", "5 issued"]);
    assert_eq!((done.issued, done.refused), (2, 2));
}

/// A disk that fails.
struct Failing;

impl std::io::Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(std::io::Error::other("the disk"))
    }
}

async fn a_file_that_breaks_off_gives_no_links(kind: Kind) {
    let (world, office) = place(kind, "510100").await;
    let [first, ..] = numbers();
    // More than are answered together.
    let file = "id_number\n".to_owned() + &format!("{first}\n").repeat(450);
    let broken = file.as_bytes().chain(Failing);
    let done = office.links_for(broken, Channel::ECardLink, 30, CLERK_ID, morning(TODAY)).await;
    assert!(matches!(done, Err(OfficeError::File(_))), "{done:?}");
    let issued = audit_entry::Entity::find().filter(audit_entry::Column::Action.eq("link_issued"));
    assert!(issued.all(world.store.reads()).await.unwrap().is_empty());
}
