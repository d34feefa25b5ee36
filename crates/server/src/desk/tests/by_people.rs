//! The ways by people over HTTP: each ends in one record, within one's own area, and is put down.

use jianzai_certificate::{MailedForm, MailedFormKind, draw_form};
use sea_orm::EntityTrait as _;
use sea_orm::sea_query::Expr;

use super::*;
use crate::db::year::{certification, message};
use crate::desk::access::SOONEST;
use crate::year::dates::days_after;

async fn records(desk: &Desk) -> Vec<certification::Model> {
    let mut rows = certification::Entity::find().all(desk.app.store.reads()).await.unwrap();
    rows.sort_by_key(|row| row.recorded_at);
    rows
}

/// Status and code of a refusal.
async fn refused(desk: &Desk, by: &Clerk, path: &str, body: &Value) -> (u16, String) {
    let (status, answer) = desk.post(by, path, body).await;
    (status.as_u16(), code(&answer).to_owned())
}

#[tokio::test]
async fn at_the_counter_and_at_home() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let clerk = desk.clerk("clerk.xt", "430300").await;
        let colleague = desk.clerk("clerk.xu", "430300").await;
        let volunteer = desk.staff("auntie.chen", StaffRole::Volunteer, "430300").await;
        let elsewhere = desk.clerk("clerk.nj", "320100").await;
        let today = desk.now().date().to_string();
        let card = json!({ "id_number": number(1), "by": "office_id_card", "on": today });
        let (status, recorded) = desk.post(&clerk, "certifications", &card).await;
        assert_eq!((status, &recorded["known"]), (StatusCode::CREATED, &json!(false)), "{recorded}");
        let (status, again) = desk.post(&clerk, "certifications", &card).await;
        assert_eq!((status, &again["known"]), (StatusCode::OK, &json!(true)), "replayed");
        assert_eq!(refused(&desk, &elsewhere, "certifications", &card).await, (404, "desk.nobody_found".into()));
        assert_eq!(refused(&desk, &volunteer, "certifications", &card).await, (403, "account.not_allowed".into()));

        let mut visit = json!({ "id_number": number(1), "by": "home_visit", "on": today, "visitor": volunteer.id, "why": "severely_ill" });
        assert_eq!(desk.post(&clerk, "certifications", &visit).await.0, StatusCode::CREATED);
        visit["visitor"] = json!(clerk.id);
        assert_eq!(refused(&desk, &clerk, "certifications", &visit).await.0, 422, "nobody decides on their own visit");
        visit["visitor"] = json!(elsewhere.id);
        assert_eq!(refused(&desk, &clerk, "certifications", &visit).await, (403, "account.not_allowed".into()));
        visit["visitor"] = json!(colleague.id);
        visit["on"] = json!(days_after(desk.now().date(), 1).to_string());
        assert_eq!(refused(&desk, &clerk, "certifications", &visit).await, (422, "record.proof_in_future".into()));
        visit["on"] = json!(days_after(desk.now().date(), -91).to_string());
        assert_eq!(refused(&desk, &clerk, "certifications", &visit).await, (422, "record.proof_too_old".into()));
        let by_hand = json!({ "id_number": number(1), "by": "agency_by_hand", "on": today });
        assert_eq!(refused(&desk, &clerk, "certifications", &by_hand).await, (422, "channel.closed".into()));
        let channels: Vec<_> = records(&desk).await.into_iter().map(|row| row.channel).collect();
        assert_eq!(channels, ["office_id_card", "home_visit"]);
        let logged = desk.logged("certified").await;
        assert_eq!(logged, ["office_id_card", "home_visit"].map(|way| (Some(clerk.id), way.to_owned())));
        assert!(desk.reads(&elsewhere).await.contains(&"channel,asked,elsewhere".to_owned()));
    }
}

#[tokio::test]
async fn an_employers_list_is_answered_line_by_line() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let clerk = desk.clerk("clerk.bj", "110000").await;
        let day = desk.now().date();
        let list = format!(
            "name,id_number,proof_date\n王健在,{},{day}\n李安,{},{day}\n王健在,{},{day}\n王健在,x,{day}\n",
            number(3),
            number(4),
            number(1)
        );
        let sender = Uuid::from_u128(9);
        let send = async |by: &Clerk| {
            let call = desk.client.post(desk.url(&format!("/v1/desk/batches/employer/{sender}")));
            let answer = call.bearer_auth(&by.token).body(list.clone()).send().await.unwrap();
            (answer.status(), answer.text().await.unwrap())
        };
        let (status, answers) = send(&clerk).await;
        assert_eq!(status, StatusCode::OK, "{answers}");
        // Another's name, another area's person, no number.
        let expected = "line,result,reason\n2,recorded,\n3,refused,identity.not_confirmed\n\
            4,refused,identity.not_confirmed\n5,refused,input.id_number_length\n";
        assert_eq!(answers, expected);
        assert_eq!(send(&clerk).await.1, expected.replace("2,recorded", "2,known"), "replayed");
        let auditor = desk.staff("auditor", StaffRole::Auditor, "110000").await;
        assert_eq!(send(&auditor).await.0, StatusCode::FORBIDDEN);
        assert_eq!(records(&desk).await.len(), 1);
        let taken = ["employer,1,0,3", "employer,0,1,3"].map(|detail| (Some(clerk.id), detail.to_owned()));
        assert_eq!(desk.logged("batch_taken").await, taken);
        // Each line that names somebody is a read; the one without a number names nobody.
        let read = ["shown", "nobody", "elsewhere"].map(|outcome| format!("list,asked,{outcome}"));
        assert_eq!(desk.reads(&clerk).await, [&read[..], &read[..]].concat());
        desk.demand_whole_log().await;
    }
}

#[tokio::test]
async fn whom_a_list_names_is_put_down_for_many_lines_at_once_and_a_refusal_comes_no_sooner_than_others() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let clerk = desk.clerk("clerk.bj", "110000").await;
        let day = desk.now().date();
        let send = async |numbers: &[u16]| {
            let lines: String =
                numbers.iter().map(|sequence| format!("王健在,{},{day}\n", number(*sequence))).collect();
            let call = desk.client.post(desk.url(&format!("/v1/desk/batches/employer/{}", Uuid::from_u128(9))));
            let call = call.bearer_auth(&clerk.token).body(format!("name,id_number,proof_date\n{lines}"));
            let began = std::time::Instant::now();
            let answers = call.send().await.unwrap().text().await.unwrap();
            (answers, began.elapsed())
        };
        // Two people of the area; one of another's; nobody; and the same again behind them, beyond what is looked up at once.
        let numbers = [[3, 4, 1, 9].to_vec(), (20..70).collect(), [3, 4].to_vec()].concat();
        let (answers, _) = send(&numbers).await;
        let answers: Vec<&str> = answers.lines().skip(1).map(|line| line.split_once(',').unwrap().1).collect();
        let refused = "refused,identity.not_confirmed";
        let expected = [vec!["recorded,"; 2], vec![refused; 52], vec!["known,"; 2]].concat();
        assert_eq!(answers, expected);
        let entries = audit_entry::Entity::find().order_by_asc(audit_entry::Column::Seq);
        let entries = entries.all(desk.app.store.reads()).await.unwrap();
        let actions: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
        let first = actions.iter().position(|action| *action == "read").unwrap();
        let together = [vec!["read"; 50], vec!["certified"; 2], vec!["read"; 6], vec!["batch_taken"]].concat();
        assert_eq!(actions[first..], together, "{kind:?}");
        assert_eq!(desk.reads(&clerk).await.len(), 56);
        for alone in [1, 9] {
            let (answers, took) = send(&[alone]).await;
            assert!(answers.contains(refused) && took >= SOONEST, "{kind:?}, {alone}: {took:?}");
        }
        desk.demand_whole_log().await;
    }
}

#[tokio::test]
async fn a_list_is_no_way_to_ask_about_everybody() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let clerk = desk.clerk("clerk.bj", "110000").await;
        let day = desk.now().date();
        let send = async |numbers: &[u16]| {
            let lines: String =
                numbers.iter().map(|sequence| format!("王健在,{},{day}\n", number(*sequence))).collect();
            let call = desk.client.post(desk.url(&format!("/v1/desk/batches/employer/{}", Uuid::from_u128(9))));
            let answer = call.bearer_auth(&clerk.token).body(format!("name,id_number,proof_date\n{lines}"));
            let answer = answer.send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        };
        // Nobody has these numbers.
        let unknown: Vec<u16> = (5..505).collect();
        let (status, answer) = send(&[&unknown[..], &[3]].concat()).await;
        assert!(status == 422 && answer.contains("input.list_too_long"), "{answer}");
        assert_eq!((desk.reads(&clerk).await.len(), records(&desk).await.len()), (0, 0), "none of it was looked at");

        let (status, answers) = send(&unknown[..499]).await;
        assert_eq!((status, answers.matches("identity.not_confirmed").count()), (200, 499));
        let (status, answers) = send(&[900, 901, 3]).await;
        let expected = "line,result,reason\n2,refused,identity.not_confirmed\n\
        3,refused,limit.too_many_tries\n4,refused,limit.too_many_tries\n";
        assert_eq!((status, answers.as_str()), (200, expected), "nor whether the last one is there");
        assert_eq!((desk.reads(&clerk).await.len(), records(&desk).await.len()), (500, 0));
        assert_eq!(send(&[3]).await.0, 429);
        let ask = json!({ "id_number": number(3), "reason": "asked" });
        assert_eq!(desk.post(&clerk, "people", &ask).await.0, StatusCode::OK, "a list does not close the counter");
        desk.later(std::time::Duration::from_mins(61)).await;
        let (status, answers) = send(&[3]).await;
        assert_eq!((status, answers.as_str()), (200, "line,result,reason\n2,recorded,\n"));
    }
}

#[tokio::test]
async fn a_form_goes_out_and_comes_back_once() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let clerk = desk.clerk("clerk.nj", "320100").await;
        let elsewhere = desk.clerk("clerk.xt", "430300").await;
        let ask = json!({ "id_number": number(2), "kind": "paper_by_mail" });
        let (status, form) = desk.post(&clerk, "forms", &ask).await;
        assert_eq!(status, StatusCode::CREATED, "{form}");
        let sheet = data_encoding::BASE64.decode(form["sheet"].as_str().unwrap().as_bytes()).unwrap();
        assert!(sheet.starts_with(b"%PDF-"), "to be printed");
        let other = json!({ "id_number": number(2), "kind": "assistance_form" });
        assert_eq!(refused(&desk, &clerk, "forms", &other).await, (422, "channel.closed".into()));
        let scan = |bytes: &[u8]| data_encoding::BASE64.encode(bytes);
        let today = desk.now().date().to_string();
        let back = json!({ "code": form["code"], "on": today, "scan": scan(b"%PDF-1.7 a paper") });
        assert_eq!(refused(&desk, &elsewhere, "forms/returned", &back).await, (410, "form.not_taken".into()));
        let mut wrong = back.clone();
        wrong["code"] = json!("ABCDE-FGHJK-LMNPQ-RSTUV");
        assert_eq!(refused(&desk, &clerk, "forms/returned", &wrong).await, (410, "form.not_taken".into()), "the same");
        wrong = back.clone();
        wrong["scan"] = json!(scan(b"<html>"));
        assert_eq!(refused(&desk, &clerk, "forms/returned", &wrong).await, (422, "input.body_invalid".into()));
        assert_eq!(desk.post(&clerk, "forms/returned", &back).await.0, StatusCode::CREATED);
        assert_eq!(desk.post(&clerk, "forms/returned", &back).await.0, StatusCode::OK, "replayed");
        let kept = records(&desk).await;
        assert_eq!((kept.len(), kept[0].channel.as_str()), (1, "paper_by_mail"));
        let sealed = std::fs::read(desk.config.data.join(format!("papers/{}.sealed", form["id"].as_str().unwrap())));
        assert!(!sealed.unwrap().windows(7).any(|bytes| bytes == b"a paper"), "sealed");
        // A clerk of the place looks at it once more; another's finds nobody, as with a form that is none.
        let path = format!("forms/{}/scan", form["id"].as_str().unwrap());
        let seen = desk.get(&clerk, &path).await;
        assert_eq!(
            (seen.status().as_u16(), &seen.headers()["content-type"]),
            (200, &"application/pdf".parse().unwrap())
        );
        assert_eq!(&seen.bytes().await.unwrap()[..], b"%PDF-1.7 a paper");
        for (who, path) in [(&elsewhere, path.as_str()), (&clerk, "forms/00000000-0000-4000-8000-000000000000/scan")] {
            assert_eq!(desk.get(who, path).await.status(), StatusCode::NOT_FOUND);
        }
        let looks = access_log::Entity::find().filter(access_log::Column::What.eq("scan")).all(desk.app.store.reads());
        let looks: Vec<_> = looks.await.unwrap().into_iter().map(|look| look.outcome).collect();
        assert_eq!(looks.iter().filter(|outcome| *outcome == "shown").count(), 1, "{looks:?}");
        assert_eq!(looks.len(), 3);
        assert_eq!(desk.logged("form_issued").await, [(Some(clerk.id), "paper_by_mail".to_owned())]);
    }
}

#[tokio::test]
async fn a_line_of_somebody_who_cannot_be_read_is_nobodys_and_costs_no_other_line_its_answer() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let clerk = desk.clerk("clerk.bj", "110000").await;
        let damaged = desk.person(&number(3)).await.id;
        let damage = Expr::value(vec![1_u8, 2, 3]);
        let rows = beneficiary::Entity::update_many().col_expr(beneficiary::Column::Name, damage);
        let rows = rows.filter(beneficiary::Column::Id.eq(damaged));
        rows.exec(desk.app.store.single()).await.unwrap();
        let day = desk.now().date();
        let list = format!("name,id_number,proof_date\n王健在,{},{day}\n王健在,{},{day}\n", number(3), number(4));
        let call = desk.client.post(desk.url(&format!("/v1/desk/batches/employer/{}", Uuid::from_u128(9))));
        let answer = call.bearer_auth(&clerk.token).body(list).send().await.unwrap().text().await.unwrap();
        assert_eq!(answer, "line,result,reason\n2,refused,identity.not_confirmed\n3,recorded,\n", "{kind:?}");
    }
}

#[tokio::test]
async fn a_call_is_offered_booked_told_and_recorded() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let clerk = desk.clerk("clerk.nj", "320100").await;
        let head = desk.staff("head.nj", StaffRole::Head, "320100").await;
        let elsewhere = desk.clerk("clerk.xt", "430300").await;
        let rfc = time::format_description::well_known::Rfc3339;
        let times = [50, 74].map(|hours| (desk.now() + time::Duration::hours(hours)).format(&rfc).unwrap());
        let offer = json!({ "begins": times, "minutes": 15 });
        assert_eq!(refused(&desk, &clerk, "slots", &offer).await, (403, "account.not_allowed".into()));
        assert_eq!(desk.post(&head, "slots", &offer).await, (StatusCode::OK, json!({ "added": 2 })));
        assert_eq!(desk.post(&head, "slots", &offer).await.1, json!({ "added": 0 }), "replayed");
        let free: Value = desk.get(&clerk, "slots").await.json().await.unwrap();
        let slots: Vec<_> = free["free"].as_array().unwrap().iter().map(|slot| slot["id"].as_str().unwrap()).collect();
        assert_eq!(slots.len(), 2);
        let others: Value = desk.get(&elsewhere, "slots").await.json().await.unwrap();
        assert_eq!(others["free"], json!([]), "another office's");

        let who = json!({ "id_number": number(2) });
        let theirs = json!({ "id_number": number(1) });
        let book = |slot: &str| format!("slots/{slot}/book");
        assert_eq!(refused(&desk, &elsewhere, &book(slots[0]), &theirs).await, (409, "slot.gone".into()));
        for slot in [slots[0], slots[1], slots[1]] {
            assert_eq!(desk.post(&clerk, &book(slot), &who).await.0, StatusCode::NO_CONTENT);
        }
        let told = message::Entity::find().all(desk.app.store.reads()).await.unwrap();
        let mut told: Vec<_> = told.iter().map(|row| (row.template.as_str(), row.state.as_str())).collect();
        told.sort_unstable();
        let expected = [
            ("call_booked", "waiting"),
            ("call_booked", "withdrawn"),
            ("call_soon", "waiting"),
            ("call_soon", "withdrawn"),
        ];
        assert_eq!(told, expected, "of the time that was given back nobody hears");

        let outcome = json!({ "id_number": number(2), "outcome": "certified" });
        let ended = |slot: &str| format!("slots/{slot}/outcome");
        assert_eq!(refused(&desk, &clerk, &ended(slots[1]), &outcome).await, (409, "slot.gone".into()), "not begun");
        desk.later(Duration::from_hours(75)).await;
        let (status, answer) = desk.post(&clerk, &ended(slots[1]), &outcome).await;
        assert_eq!((status, &answer["recorded"]["known"]), (StatusCode::OK, &json!(false)), "{answer}");
        let (_, answer) = desk.post(&clerk, &ended(slots[1]), &outcome).await;
        assert_eq!(answer["recorded"]["known"], true, "replayed");
        let other = json!({ "id_number": number(2), "outcome": "not_sure" });
        assert_eq!(refused(&desk, &clerk, &ended(slots[1]), &other).await, (409, "slot.decided".into()));
        assert_eq!(records(&desk).await.len(), 1);
        assert_eq!(desk.logged("call_ended").await, [(Some(clerk.id), "certified".to_owned())]);
    }
}

#[tokio::test]
async fn a_death_is_reported_by_one_clerk_decided_in_the_queue_and_taken_back_by_a_head() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let clerk = desk.clerk("clerk.wang", "440300").await;
        let head = desk.staff("head.li", StaffRole::Head, "440300").await;
        let report = json!({ "id_number": WANG, "statement": "家属来电" });
        let (status, answer) = desk.post(&clerk, "deaths", &report).await;
        assert_eq!(status, StatusCode::CREATED);
        let (_, again) = desk.post(&clerk, "deaths", &report).await;
        assert_eq!(again, answer, "replayed");
        let case = answer["review"].as_str().unwrap();
        desk.post(&head, &format!("reviews/{case}/open"), &Value::Null).await;
        let tomorrow = days_after(desk.now().date(), 1).to_string();
        let died = |on: &str| json!({ "verdict": "died", "reason": "死亡证明", "died_on": on });
        let decide = format!("reviews/{case}/decide");
        assert_eq!(refused(&desk, &head, &decide, &died(&tomorrow)).await, (422, "record.proof_in_future".into()));
        assert_eq!(desk.post(&head, &decide, &died("2026-01-05")).await.0, StatusCode::OK);
        let office = crate::office::Office::open(&desk.config, &*desk.clock).await.unwrap();
        assert_eq!(office.tick(desk.now()).await.unwrap().instructions, 1, "the payer stops");
        let who = json!({ "id_number": WANG });
        assert_eq!(refused(&desk, &clerk, "deaths/withdraw", &who).await, (403, "account.not_allowed".into()));
        desk.later(Duration::from_hours(24)).await;
        for _ in 0..2 {
            assert_eq!(desk.post(&head, "deaths/withdraw", &who).await.0, StatusCode::NO_CONTENT);
        }
        let decided = desk.logged("death_decided").await;
        assert_eq!(decided, ["died", "withdrawn"].map(|word| (Some(head.id), word.to_owned())));
    }
}

#[tokio::test]
async fn the_scan_of_a_form_is_matched_with_its_code() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let desk = Desk::new(kind).await;
        let clerk = desk.clerk("clerk.nj", "320100").await;
        let ask = json!({ "id_number": number(2), "kind": "paper_by_mail" });
        let forms = [desk.post(&clerk, "forms", &ask).await.1, desk.post(&clerk, "forms", &ask).await.1];
        let today = desk.now().date();
        // What a scanner makes of the paper: the sheet, as a picture.
        let scan = |form: &Value| {
            let paper = MailedForm {
                kind: MailedFormKind::Papers,
                issuer: "南京".into(),
                masked_name: "**在".into(),
                code: form["code"].as_str().unwrap().to_owned(),
                issued_on: today,
                until: today,
            };
            let drawn = draw_form(&paper, crate::outcome::fonts().unwrap()).unwrap().png(1240).unwrap();
            data_encoding::BASE64.encode(&drawn)
        };
        let on = today.to_string();
        let mixed = json!({ "code": forms[0]["code"], "on": on, "scan": scan(&forms[1]) });
        assert_eq!(refused(&desk, &clerk, "forms/returned", &mixed).await, (422, "form.scan_other".into()));
        // Both in one go through the scanner.
        let page = |form: &Value| {
            let sheet = data_encoding::BASE64.decode(scan(form).as_bytes()).unwrap();
            let mut jpeg = std::io::Cursor::new(Vec::new());
            let sheet = image::load_from_memory(&sheet).unwrap().to_rgb8();
            sheet.write_to(&mut jpeg, image::ImageFormat::Jpeg).unwrap();
            jpeg.into_inner()
        };
        let both = data_encoding::BASE64.encode(&[b"%PDF-1.7".to_vec(), page(&forms[0]), page(&forms[1])].concat());
        for code in [&forms[0]["code"], &Value::Null] {
            let both = json!({ "code": code, "on": on, "scan": both });
            assert_eq!(
                refused(&desk, &clerk, "forms/returned", &both).await,
                (422, "form.scan_other".into()),
                "{code}"
            );
        }
        let unread = json!({ "on": on, "scan": data_encoding::BASE64.encode(b"%PDF-1.7 a paper") });
        assert_eq!(refused(&desk, &clerk, "forms/returned", &unread).await, (422, "form.code_unread".into()));
        assert_eq!(records(&desk).await, []);
        let alone = json!({ "on": on, "scan": scan(&forms[0]) });
        let (status, recorded) = desk.post(&clerk, "forms/returned", &alone).await;
        assert_eq!(status, StatusCode::CREATED, "nobody typed anything: {recorded}");
        let small = forms[0]["code"].as_str().unwrap().replace('-', " ").to_lowercase();
        let typed = json!({ "code": small, "on": on, "scan": scan(&forms[0]) });
        let (status, again) = desk.post(&clerk, "forms/returned", &typed).await;
        assert_eq!((status, &again["id"]), (StatusCode::OK, &recorded["id"]), "however it is typed");
    }
}
