//! What staff do is put down: who read about whom and why, in a log that is proven whole by the program.

use jianzai_wire::desk::{DeskPerson, StaffRole};
use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection, QueryResult, Statement};
use serde_json::{Value, json};

use crate::databases::{Kind, on_both_databases};
use crate::people::{KNOWN, STRANGER, World};

on_both_databases! {
    every_read_is_logged_with_its_reason_also_one_that_found_nobody,
    reads_are_kept_for_three_years_and_stay_in_the_linked_log,
    the_program_proves_the_log_whole_and_names_what_is_not,
    accounts_are_looked_after_from_the_command_line,
}

async fn database(world: &World) -> DatabaseConnection {
    let file = || format!("sqlite://{}", world.data().join("jianzai.sqlite3").display());
    let url = world.config.database.as_ref().map_or_else(file, |url| url.expose().to_owned());
    Database::connect(url).await.unwrap()
}

async fn rows(world: &World, sql: &str) -> Vec<QueryResult> {
    let database = database(world).await;
    database.query_all_raw(Statement::from_string(database.get_database_backend(), sql)).await.unwrap()
}

fn audit(world: &World, arguments: &[&str]) -> (bool, String) {
    let output = world.program(&[&["audit"], arguments].concat()).output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

async fn every_read_is_logged_with_its_reason_also_one_that_found_nobody(kind: Kind) {
    let world = World::new(kind).await;
    let clerk = world.signed_in("clerk.wang", StaffRole::Clerk, "440300").await;
    let case = uuid::Uuid::new_v4();
    let body = json!({ "id_number": KNOWN.1, "reason": "appeal", "reference": case });
    let person: DeskPerson = world.desk(&clerk, "people", &body).await.unwrap();
    let body = json!({ "id_number": STRANGER.1, "reason": "asked" });
    world.desk::<Value>(&clerk, "people", &body).await.unwrap_err();

    let read = rows(&world, "SELECT * FROM access_log ORDER BY at, id").await;
    let text = |row: &QueryResult, column: &str| row.try_get::<String>("", column).unwrap();
    let told: Vec<_> = read.iter().map(|row| (text(row, "what"), text(row, "reason"), text(row, "outcome"))).collect();
    let expected = [("person", "appeal", "shown"), ("person", "asked", "nobody")];
    assert_eq!(told, expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned())));
    let id = |row: &QueryResult, column: &str| row.try_get::<Option<uuid::Uuid>>("", column).unwrap();
    assert_eq!(id(&read[0], "staff_id"), Some(clerk.account.id));
    assert_eq!((id(&read[0], "beneficiary_id"), id(&read[0], "reference_id")), (Some(person.id), Some(case)));
    assert_eq!(id(&read[1], "beneficiary_id"), None);

    let linked = rows(&world, "SELECT action, detail FROM audit_entry ORDER BY seq").await;
    let linked: Vec<_> = linked.iter().map(|row| (text(row, "action"), text(row, "detail"))).collect();
    let expected = [
        ("register_imported", "2,0"),
        ("account_added", "clerk"),
        ("signed_in", ""),
        ("read", "person,appeal,shown"),
        ("read", "person,asked,nobody"),
    ];
    assert_eq!(linked, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
}

async fn reads_are_kept_for_three_years_and_stay_in_the_linked_log(kind: Kind) {
    let mut world = World::new(kind).await;
    let clerk = world.signed_in("clerk.wang", StaffRole::Clerk, "440300").await;
    let body = json!({ "id_number": KNOWN.1, "reason": "asked" });
    world.desk::<DeskPerson>(&clerk, "people", &body).await.unwrap();
    let days = |days: u64| std::time::Duration::from_secs(days * 86_400);
    for (further, kept) in [(days(3 * 366 - 1), 1), (days(2), 0)] {
        world.clock.advance(further);
        world.stop().await;
        // The first look is at the start, and a stop waits for its end.
        world.start().await;
        world.stop().await;
        assert_eq!(rows(&world, "SELECT id FROM access_log").await.len(), kept);
    }
    let linked = rows(&world, "SELECT detail FROM audit_entry WHERE action = 'read'").await;
    assert_eq!(linked.len(), 1);
    assert!(audit(&world, &["verify"]).0);
}

async fn the_program_proves_the_log_whole_and_names_what_is_not(kind: Kind) {
    let mut world = World::new(kind).await;
    let clerk = world.signed_in("clerk.wang", StaffRole::Clerk, "440300").await;
    for _ in 0..5 {
        let body = json!({ "id_number": KNOWN.1, "reason": "asked" });
        world.desk::<DeskPerson>(&clerk, "people", &body).await.unwrap();
    }
    world.stop().await;
    let (whole, said) = audit(&world, &["verify"]);
    assert!(whole && said.contains("whole: 8 entries, 1 signed heads compared"), "stopping signs the log: {said}");
    let (_, head) = audit(&world, &["head"]);
    let given_away = world.folder.path().join("head.json");
    std::fs::write(&given_away, &head).unwrap();

    let connection = database(&world).await;
    connection.execute_unprepared("UPDATE audit_entry SET detail = 'person,review,shown' WHERE seq = 4").await.unwrap();
    let (whole, said) = audit(&world, &["verify"]);
    assert!(!whole && said.contains("entry 4 was changed"), "{said}");
    connection.execute_unprepared("DELETE FROM audit_entry WHERE seq = 4").await.unwrap();
    let (whole, said) = audit(&world, &["verify"]);
    assert!(!whole && said.contains("entries 4 to 4 are missing"), "{said}");

    // The end cut off, and everything that could show it adjusted, but for the head that was given away.
    let cut = "DELETE FROM audit_entry WHERE seq > 2; \
        UPDATE audit_head SET seq = 2, hash = (SELECT hash FROM audit_entry WHERE seq = 2)";
    connection.execute_unprepared(cut).await.unwrap();
    std::fs::remove_file(world.data().join("audit-head.json")).unwrap();
    assert!(audit(&world, &["verify"]).0);
    let (whole, said) = audit(&world, &["verify", "--head", given_away.to_str().unwrap()]);
    assert!(!whole && said.contains("the log ends at entry 2, but entry 8 was signed"), "{said}");
}

async fn accounts_are_looked_after_from_the_command_line(kind: Kind) {
    let mut world = World::new(kind).await;
    world.stop().await;
    let run = |arguments: &[&str], input: &str| {
        use std::io::Write as _;
        let mut command = world.program(arguments);
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.success(), text(output.stdout), text(output.stderr))
    };
    let add = ["account", "add", "Clerk.Wang", "--role", "clerk", "--area", "440300"];
    let (done, told, _) = run(&add, "");
    assert!(done && told.contains("password ") && told.contains("otpauth://totp/Jianzai:clerk.wang?secret="), "{told}");
    let (done, _, why) = run(&add, "");
    assert!(!done && why.contains("login name already"), "{why}");
    let given = ["account", "add", "head.li", "--role", "head", "--area", "440000", "--password-stdin"];
    let (done, _, why) = run(&given, "short\n");
    assert!(!done && why.contains("account.password_weak"), "{why}");
    let (done, told, _) = run(&given, "vier Worte ohne Sinn\n");
    assert!(done && !told.contains("password "), "what was given is not repeated: {told}");
    assert!(run(&["account", "disable", "clerk.wang"], "").0);
    let (_, listed, _) = run(&["account", "list"], "");
    let listed: Vec<_> = listed.lines().map(|line| line.split_once(' ').unwrap().1).collect();
    assert_eq!(listed, ["clerk.wang clerk 440300 closed 0", "head.li head 440000 open 0"]);
    let (done, told, _) = run(&["account", "reset", "clerk.wang"], "");
    assert!(done && told.contains("password "), "{told}");
    assert!(!run(&["account", "reset", "nobody"], "").0);
    assert!(audit(&world, &["verify"]).1.contains("whole: 5 entries"));
}
