//! Files are taken row by row: what is right is kept, what is wrong is told, and nothing is taken twice.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, Int32Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;
use time::Date;
use time::macros::date;

use super::stage::Stage;
use crate::office::OfficeError;
use crate::silent::{Household, Source, Taken};
use crate::tests::Kind;
use crate::year::dates::day_number;
use crate::year::tests::stage::morning;

const CAME: Date = date!(2026 - 01 - 10);
const TODAY: Date = date!(2026 - 11 - 21);
const TABLES: [&str; 3] = ["silent_import", "trace", "household_statement"];

fn counted(taken: &Taken) -> (u64, u64, u64, u64) {
    (taken.kept, taken.known, taken.nobody, taken.left_out)
}

#[tokio::test]
async fn bad_rows_are_told_by_line_and_reason_and_good_ones_are_kept() {
    let mut rows = Vec::new();
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut stage = Stage::new(kind, "370200", 2, CAME).await;
        let [one, two, nobody] = [1, 2, 3].map(Stage::id_number);
        let text = format!(
            "\u{feff}day,id_number,note,event\n2026-11-01,{one},x,hospital_stay\n2026-11-01,{one},x,card_spend\n\
             2026-11-01,{one},again,card_spend\n2026-10-02,{two},x,card_spend\n2026-10-02,{nobody},x,card_spend\n\
             2026-10-02,11010519491231002Y,x,card_spend\n2026-13-01,{two},x,card_spend\n2026-11-22,{two},x,card_spend\n\
             2026-10-02,{two},x,王健在\n2026-10-02,{two}\n\n"
        );
        let path = stage.file("csv", &text);
        let taken = stage.import(Source::Events, &path, TODAY).await;
        assert_eq!(counted(&taken), (3, 1, 1, 5), "{kind:?}");
        let told: Vec<_> = taken.notes.iter().map(|note| (note.line, note.reason.code())).collect();
        let body = "input.body_invalid";
        let number = taken.notes[0].reason.code();
        assert_eq!(told, [(7, number), (8, body), (9, body), (10, body), (11, body)]);
        assert!(number.starts_with("input.id_number"), "{number}");
        assert!(taken.notes.iter().all(|note| !note.sentence.contains(&two) && !note.sentence.contains('王')));
        let again = stage.import(Source::Events, &path, TODAY).await;
        assert_eq!((counted(&again), again.before, again.number), (counted(&taken), true, 1));
        // The same events in another file: the same traces.
        let more = stage.file("csv", &format!("{text}2026-09-09,{two},x,travel\n"));
        let more = stage.import(Source::Events, &more, TODAY).await;
        assert_eq!((counted(&more), more.number), ((1, 4, 1, 5), 2));
        rows.push(stage.world.rows_of(&TABLES).await);
    }
    assert_eq!(rows[0], rows[1]);
    assert_eq!(rows[0]["trace"].len(), 4);
}

#[tokio::test]
async fn of_two_statements_about_one_person_the_first_counts_and_a_day_has_one_register() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut stage = Stage::new(kind, "440100", 2, CAME).await;
        let taken = stage.register(&[(1, "resident"), (2, "deceased"), (1, "deceased")], TODAY, TODAY).await;
        assert_eq!(counted(&taken), (2, 1, 0, 0));
        let rows = stage.world.rows_of(&["household_statement"]).await;
        assert!(rows["household_statement"][0].contains("status=resident"), "{rows:?}");
        let other = stage.file("csv", "id_number,status\n");
        for (day, remedy) in
            [(TODAY, "a register of 2026-11-21 already"), (date!(2026 - 11 - 22), "a day that has not come")]
        {
            let source = Source::Register(Household::of(day));
            let error = stage.office.silent_import(source, &other, morning(TODAY)).await.unwrap_err();
            assert!(matches!(&error, OfficeError::Refused(why) if why.contains(remedy)), "{error}");
        }
    }
}

#[tokio::test]
async fn a_file_without_the_columns_or_in_no_form_is_refused_and_says_nothing_of_its_content() {
    let mut stage = Stage::new(Kind::Sqlite, "370200", 1, CAME).await;
    let files = [
        ("csv", "id_number,event\n11010519491231002X,a\n", "no column `day`"),
        ("csv", "", "no column `id_number`"),
        ("parquet", "id_number,event,day\n11010519491231002X,a,2026-01-01\n", "can't be read as Parquet"),
    ];
    for (ending, text, said) in files {
        let path = stage.file(ending, text);
        let error = stage.office.silent_import(Source::Events, &path, morning(TODAY)).await.unwrap_err().to_string();
        assert!(error.contains(said) && !error.contains("1101"), "{error}");
    }
}

/// Events as a Parquet file, the day as a date.
fn parquet(path: &std::path::Path, rows: &[(String, &str, i64)], compression: Compression) {
    let schema = "message events { required binary id_number (UTF8); optional int64 amount; \
        required binary event (UTF8); required int32 day (DATE); }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
    let mut writer = SerializedFileWriter::new(File::create(path).unwrap(), schema, properties).unwrap();
    for rows in rows.chunks(3) {
        let mut group = writer.next_row_group().unwrap();
        let texts = [0, 1].map(|column| {
            let text = |(number, event, _): &(String, &str, i64)| {
                ByteArray::from(if column == 0 { number.as_str() } else { *event })
            };
            rows.iter().map(text).collect::<Vec<_>>()
        });
        let days: Vec<_> = rows.iter().map(|(.., day)| i32::try_from(*day).unwrap()).collect();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&texts[0], None, None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let none = vec![0; rows.len()];
        column.typed::<parquet::data_type::Int64Type>().write_batch(&[], Some(&none), None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&texts[1], None, None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int32Type>().write_batch(&days, None, None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
    }
    writer.close().unwrap();
}

#[tokio::test]
async fn parquet_is_read_as_csv_is() {
    let day = day_number(date!(2026 - 11 - 01));
    let mut rows: Vec<_> =
        (1..=8).map(|person| (Stage::id_number(person % 4 + 1), "clinic_visit", day - person as i64)).collect();
    rows.insert(2, ("not a number".to_owned(), "clinic_visit", day));
    rows.insert(5, (Stage::id_number(1), "clinic_visit", day + 900));
    for (at, compression) in
        [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::GZIP(Default::default())].into_iter().enumerate()
    {
        let kind = if at == 0 { Kind::Postgres } else { Kind::Sqlite };
        let stage = Stage::new(kind, "370200", 4, CAME).await;
        let path = stage.folder.path().join("events.parquet");
        parquet(&path, &rows, compression);
        let taken = stage.import(Source::Events, &path, TODAY).await;
        assert_eq!(counted(&taken), (8, 0, 0, 2), "{compression:?}: {taken:?}");
        assert_eq!(taken.notes.iter().map(|note| note.line).collect::<Vec<_>>(), [3, 6]);
        // Cut off, or with a byte changed: an error or fewer rows, never a panic.
        let bytes = std::fs::read(&path).unwrap();
        for cut in (0..bytes.len()).step_by(37) {
            let mut damaged = bytes.clone();
            damaged[cut] ^= 0x5a;
            std::fs::write(&path, &damaged).unwrap();
            let _ = stage.office.silent_import(Source::Events, &path, morning(TODAY)).await;
        }
    }
}

#[tokio::test]
async fn an_import_cut_short_and_repeated_ends_as_an_undisturbed_one_to_the_row() {
    // Three transactions on SQLite.
    let days = |at: u32| CAME + time::Duration::days(i64::from(at % 300));
    let kinds = ["clinic_visit", "travel", "card_spend", "vaccination", "home_care"];
    let mut text = "id_number,event,day\n".to_owned();
    for at in 0..2_600_u32 {
        let (person, kind) = (u128::from(at % 60 + 1), kinds[(at / 7) as usize % kinds.len()]);
        text.push_str(&format!("{},{kind},{}\n", Stage::id_number(person), days(at / 11)));
    }
    let mut undisturbed = None;
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut stage = Stage::new(kind, "370200", 50, CAME).await;
        let path = stage.file("csv", &text);
        // PostgreSQL takes the file in one.
        let cuts: &[u32] = if kind == Kind::Postgres { &[0, 0] } else { &[0, 1, 0, 2] };
        for batches in cuts.iter().copied() {
            let left = AtomicU32::new(batches);
            let dies = || left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err();
            let cut = stage.office.silent_import_until(Source::Events, &path, morning(TODAY), &dies).await;
            assert_eq!(cut.unwrap(), Taken { number: 1, ..Taken::default() });
        }
        let taken = stage.import(Source::Events, &path, TODAY).await;
        assert!(taken.kept > 1_000 && taken.nobody > 400, "{taken:?}");
        let rows = stage.world.rows_of(&TABLES).await;
        assert_eq!(rows["trace"].len() as u64, taken.kept);
        assert_eq!(undisturbed.get_or_insert(rows.clone()), &rows, "{kind:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn no_file_makes_it_panic_or_repeats_what_it_holds(bytes in prop::collection::vec(any::<u8>(), 0..300), lines in "\\PC{0,200}") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut stage = Stage::new(Kind::Sqlite, "370200", 1, CAME).await;
            for ending in ["csv", "parquet"] {
                let path = stage.file(ending, "");
                let text = [b"id_number,event,day\n".as_slice(), &bytes, b"\n", lines.as_bytes()].concat();
                std::fs::write(&path, text).unwrap();
                if let Ok(taken) = stage.office.silent_import(Source::Events, &path, morning(TODAY)).await {
                    assert_eq!(taken.kept, 0);
                }
            }
        });
    }
}

#[tokio::test]
async fn an_event_of_a_file_that_can_t_be_read_to_its_end_counts_when_another_file_brings_it() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut stage = Stage::new(kind, "370200", 2, CAME).await;
        let one = Stage::id_number(1);
        let first = stage.file("csv", &format!("id_number,event,day\n{one},hospital_stay,2026-11-01\n"));
        // On SQLite the row is durable and the import is not at its end, as when the process dies in between.
        if kind == Kind::Sqlite {
            stage.import(Source::Events, &first, TODAY).await;
            let tx = stage.world.store.begin("test").await.unwrap();
            let open = "UPDATE silent_import SET ended_at = NULL";
            sea_orm::ConnectionTrait::execute_unprepared(&*tx, open).await.unwrap();
            tx.commit().await.unwrap();
        } else {
            stage.office.silent_import_until(Source::Events, &first, morning(TODAY), &|| true).await.unwrap();
        }
        let taken = stage.events(&[(1, "hospital_stay", date!(2026 - 11 - 01)), (1, "travel", TODAY)], TODAY).await;
        assert_eq!((taken.number, counted(&taken)), (2, (2, 0, 0, 0)), "{kind:?}");
        let report = stage.run(("silent.toml", crate::silent::EXAMPLE), true, TODAY).await;
        assert_eq!(report.people(crate::silent::Outcome::Confirmed), 1);
    }
}
