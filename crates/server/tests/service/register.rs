//! Import: bad rows reported without their values, good ones kept, and the same file twice changes nothing.

use jianzai_server::clock::SystemClock;
use jianzai_server::config::Config;
use jianzai_server::import::{Report, import};
use jianzai_wire::{Language, ReasonCode, Secret};
use reqwest::StatusCode;

use crate::databases::{Kind, on_both_databases};
use crate::people::{Facts, KNOWN, OTHER, STRANGER, World, models, write_register};
use crate::server::TestDatabase;

on_both_databases! {
    bad_rows_are_left_out_by_line_and_good_ones_kept,
    the_same_file_again_changes_nothing_and_a_newer_one_does,
    an_import_beside_the_running_service_is_seen_by_it,
    a_portrait_becomes_a_face_print_and_is_read_once,
}

async fn import_text(config: &Config, text: &[u8]) -> Report {
    let csv = config.data.join("../rows.csv");
    std::fs::create_dir_all(&config.data).unwrap();
    std::fs::write(&csv, text).unwrap();
    import(config, &SystemClock, &csv, Language::En).await.unwrap()
}

/// A data folder, and its database where that is another's.
fn place(kind: Kind, folder: &tempfile::TempDir) -> (Config, Option<TestDatabase>) {
    let database = kind.database();
    let mut config = Config::new(folder.path().join("data"));
    config.models = models();
    config.database = database.as_ref().map(|database| Secret::new(database.url()));
    (config, database)
}

async fn bad_rows_are_left_out_by_line_and_good_ones_kept(kind: Kind) {
    let folder = tempfile::tempdir().unwrap();
    let (config, _database) = place(kind, &folder);
    let rows = "\u{feff}phones,name,id_number,insured_place,residence,portrait\n\
        13800000000,王健在,44030419520315201X,440300,440300,\n\
        13800000000,王健在,440304195203152011,440300,440300,\n\
        13800000000,王1,440304194910083020,440300,530100,\n\
        13800000000,欧阳长青,440304194910083020,000001,530100,\n\
        call me,欧阳长青,440304194910083020,440300,530100,\n\
        13800000000,欧阳长青,440304194910083020,440300\n\
        13800000000,欧阳长青,440304194910083020,440300,530100,../up.jpg\n\
        13800000000,王健在,44030419520315201X,440300,530100,\n\
        ,欧阳长青,440304194910083020,440300,云南省昆明市,missing.jpg\n";
    let report = import_text(&config, rows.as_bytes()).await;
    let left_out: Vec<_> = report.left_out.iter().map(|note| (note.line, note.reason)).collect();
    use ReasonCode::*;
    assert_eq!(
        left_out,
        [
            (3, InputIdNumberChecksum),
            (4, InputNameInvalid),
            (5, InputPlaceUnknown),
            (6, InputBodyInvalid),
            (7, InputBodyInvalid),
            (8, InputBodyInvalid),
            (9, InputBodyInvalid),
        ]
    );
    let without_face: Vec<_> = report.portraits.iter().map(|note| (note.line, note.reason)).collect();
    assert_eq!(without_face, [(2, MatchNoPortrait), (10, MatchNoPortrait)]);
    assert_eq!((report.added, report.updated, report.unchanged), (2, 0, 0));
    let printed = format!("{report:?}");
    for value in ["王", "欧阳", "4403041", "1380", "call me", "up.jpg"] {
        assert!(!printed.contains(value), "{value} in {printed}");
    }
}

async fn the_same_file_again_changes_nothing_and_a_newer_one_does(kind: Kind) {
    let folder = tempfile::tempdir().unwrap();
    let (config, _database) = place(kind, &folder);
    let csv = write_register(folder.path(), &[KNOWN, OTHER]);
    let counts = |report: Report| (report.added, report.updated, report.unchanged);
    assert_eq!(counts(import(&config, &SystemClock, &csv, Language::En).await.unwrap()), (2, 0, 0));
    assert_eq!(counts(import(&config, &SystemClock, &csv, Language::En).await.unwrap()), (0, 0, 2));
    let moved = Facts(KNOWN.0, KNOWN.1, KNOWN.2, "530100");
    let csv = write_register(folder.path(), &[moved, OTHER, STRANGER]);
    assert_eq!(counts(import(&config, &SystemClock, &csv, Language::En).await.unwrap()), (1, 1, 1));
}

async fn an_import_beside_the_running_service_is_seen_by_it(kind: Kind) {
    let world = World::new(kind).await;
    assert_eq!(world.try_activate(STRANGER, 1).await.status(), StatusCode::FORBIDDEN);
    let csv = write_register(world.folder.path(), &[STRANGER]);
    import(&world.config, &SystemClock, &csv, Language::En).await.unwrap();
    assert_eq!(world.try_activate(STRANGER, 1).await.status(), StatusCode::CREATED);
}

async fn a_portrait_becomes_a_face_print_and_is_read_once(kind: Kind) {
    let folder = tempfile::tempdir().unwrap();
    let (config, _database) = place(kind, &folder);
    std::fs::create_dir_all(&config.data).unwrap();
    image::RgbImage::from_pixel(300, 400, image::Rgb([120, 130, 140])).save(folder.path().join("wall.png")).unwrap();
    std::fs::write(folder.path().join("text.jpg"), b"no picture").unwrap();
    let rows = "name,id_number,insured_place,residence,phones,portrait\n\
        王健在,44030419520315201X,440300,440300,,wall.png\n\
        欧阳长青,440304194910083020,440300,530100,,text.jpg\n";
    let report = import_text(&config, rows.as_bytes()).await;
    let notes: Vec<_> = report.portraits.iter().map(|note| (note.line, note.reason)).collect();
    assert_eq!(notes, [(2, ReasonCode::MatchNoPortrait), (3, ReasonCode::MatchNoPortrait)], "neither shows a face");
    assert_eq!(report.added, 2);
    let again = import_text(&config, rows.as_bytes()).await;
    assert_eq!((again.unchanged, again.updated), (2, 0));
}
