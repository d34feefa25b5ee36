//! Each place's ways, year after year, as its people and clerks go them: by the calls of the app and of the desk, on both databases.
//!
//! Each time somebody comes due, stands on the clerk's list, certifies by the next way of the place, and stands on it no more. In
//! place of the judge somebody says that the face was right; footage goes through the real one in the tests of the whole. What
//! certifies by data is lived in `silent/tests/places.rs`.

use super::*;
use crate::chronicle::rows::of_party;
use crate::db::entity::job;
use crate::db::year::{benefit, certification, instruction};
use crate::judging::tests::judge_next;
use crate::year::dates::day_number;

/// One way of certifying, as somebody goes it.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// The app, in the own hand.
    Own,
    /// The app, held by a child.
    Child,
    /// The app, held by a clerk who is signed in.
    Office,
    /// The app, held by a volunteer who is signed in, without a plan taken along.
    Volunteer,
    /// The app, by a link of this kind.
    Link(&'static str),
    /// The clerk sees the person: the ID card on the reader, or by hand.
    Counter(&'static str),
    /// A colleague goes there.
    Visit,
    /// A form of this kind, by post and back.
    Form(&'static str),
    /// A list of a sender of this kind.
    List(&'static str),
    /// A video call, by appointment.
    Call,
}

/// A place with one person in it.
struct Town {
    desk: Desk,
    code: &'static str,
    person: Uuid,
    clerk: Clerk,
    head: Clerk,
    colleague: Clerk,
    volunteer: Clerk,
}

/// What a record should say: by which way, who brought it, who decided.
type Said = (&'static str, Party, Party);

/// Identifies whoever sends lists.
const SENDER: Uuid = Uuid::from_u128(9);
const NAME: &str = "王健在";

impl Town {
    async fn new(kind: Kind, code: &'static str) -> Self {
        let heading = "name,id_number,insured_place,residence,phones,portrait";
        let register = format!("{heading}\n{NAME},{WANG},{code},{code},13800000000,\n");
        let desk = Desk::with(kind, &register).await;
        let person = desk.person(WANG).await.id;
        let clerk = desk.clerk("clerk.one", code).await;
        let colleague = desk.clerk("clerk.two", code).await;
        let head = desk.staff("head.three", StaffRole::Head, code).await;
        let volunteer = desk.staff("auntie.chen", StaffRole::Volunteer, code).await;
        Self { desk, code, person, clerk, head, colleague, volunteer }
    }

    async fn tick(&self) -> benefit::Model {
        let office = Office::open(&self.desk.config, &*self.desk.clock).await.unwrap();
        let ticked = office.tick(self.desk.now()).await.unwrap();
        assert_eq!((ticked.unreadable, ticked.without_policy), (0, 0));
        office.close().await.unwrap();
        benefit::Entity::find_by_id(self.person).one(self.desk.app.store.reads()).await.unwrap().unwrap()
    }

    /// Lets time go by until it is time to certify.
    async fn until_due(&self) {
        for _ in 0..40 {
            let row = self.tick().await;
            if row.standing == "due" {
                return;
            }
            let today = day_number(self.desk.now().date());
            let days = row.opens.map_or(1, |opens| opens - today).max(1);
            self.desk.later(Duration::from_hours(24 * days.unsigned_abs())).await;
        }
        panic!("never due: {:?}", self.tick().await);
    }

    /// Who is due on the clerk's list.
    async fn listed(&self) -> Vec<Value> {
        let ask = json!({ "standing": "due", "reason": "visit" });
        let (status, list) = self.desk.post(&self.clerk, "due", &ask).await;
        assert_eq!(status, StatusCode::OK, "{list}");
        list["people"].as_array().unwrap().clone()
    }

    /// One way after another, each when it is time.
    async fn live(&self, ways: &[Way]) {
        for way in ways {
            self.until_due().await;
            let listed = self.listed().await;
            assert_eq!((listed.len(), &listed[0]["id"]), (1, &json!(self.person)), "{way:?}");
            let (channel, by, decided_by) = self.go(*way).await;
            let kept = certification::Entity::find().order_by_desc(certification::Column::RecordedAt);
            let kept = kept.one(self.desk.app.store.reads()).await.unwrap().unwrap();
            let said = (kept.channel.as_str(), kept.brought_by.as_str(), kept.decided_by.as_str());
            assert_eq!(said, (channel, of_party(by).as_str(), of_party(decided_by).as_str()), "{way:?}");
            assert_eq!(kept.beneficiary_id, self.person);
            assert_eq!(self.tick().await.standing, "current", "{way:?}");
            assert_eq!(self.listed().await, Vec::<Value>::new(), "{way:?}");
        }
        let told = instruction::Entity::find().all(self.desk.app.store.reads()).await.unwrap();
        assert_eq!(told, [], "payment never stopped");
        self.desk.demand_whole_log().await;
    }

    async fn go(&self, way: Way) -> Said {
        let clerk = Party::Staff(self.clerk.id);
        match way {
            Way::Own => self.face("self", None, None, ("app_self", Party::Beneficiary, Party::Judge)).await,
            Way::Child => self.face("assisted", None, None, ("app_assisted", Party::Family, Party::Judge)).await,
            Way::Office => self.face("assisted", None, Some(&self.clerk), ("office_phone", clerk, Party::Judge)).await,
            Way::Volunteer => {
                let roster = json!({ "volunteer": self.volunteer.id, "days": 7, "listed": [self.person] });
                let (_, made) = self.desk.post(&self.clerk, "rosters", &roster).await;
                assert_eq!(made["listed"], 1, "{made}");
                let said = ("app_assisted", Party::Volunteer(self.volunteer.id), Party::Judge);
                self.face("assisted", None, Some(&self.volunteer), said).await
            }
            Way::Link(kind) => {
                let ask = json!({ "id_number": WANG, "channel": kind, "days": 10 });
                let (status, link) = self.desk.post(&self.clerk, "links", &ask).await;
                assert_eq!(status, StatusCode::CREATED, "{link}");
                self.face("self", link["token"].as_str(), None, (kind, Party::Beneficiary, Party::Judge)).await
            }
            Way::Counter(kind) => self.seen(kind, None, (kind, clerk, clerk)).await,
            Way::Visit => {
                let by = Party::Staff(self.colleague.id);
                self.seen("home_visit", Some(self.colleague.id), ("home_visit", by, clerk)).await
            }
            Way::Form(kind) => self.form(kind).await,
            Way::List(from) => self.list(from).await,
            Way::Call => self.call().await,
        }
    }

    /// Facts, attempt, and a face that was right.
    async fn face(&self, mode: &str, link: Option<&str>, helper: Option<&Clerk>, said: Said) -> Said {
        let consent = if mode == "self" { "beneficiary" } else { "beneficiary_spoken" };
        let key = ed25519_dalek::SigningKey::from_bytes(&[1; 32]).verifying_key();
        let mut body = json!({
            "person": { "name": NAME, "id_number": WANG, "insured_place": self.code, "residence": self.code },
            "mode": mode,
            "consent": { "text_version": "2026-1", "by": consent },
            "device_key": Bytes32(key.to_bytes()).to_string(),
        });
        if let Some(link) = link {
            body["link"] = link.into();
        }
        let session = helper.map_or("", |helper| &helper.token);
        let (status, activation) = self.desk.app_call(session, "/v1/activations", Some(&body)).await;
        assert_eq!(status, StatusCode::CREATED, "{activation}");
        let token = activation["token"].as_str().unwrap();
        let (status, attempt) = self.desk.app_call(token, "/v1/attempts", Some(&json!({}))).await;
        assert_eq!(status, StatusCode::CREATED, "{attempt}");
        self.arrived(attempt["id"].as_str().unwrap().parse().unwrap()).await;
        assert!(judge_next(&self.desk.app, Uuid::nil()).await);
        said
    }

    /// The bundle of an attempt is there.
    async fn arrived(&self, id: Uuid) {
        let now = self.desk.clock.now();
        let row = attempt::ActiveModel {
            id: Set(id),
            state: Set(State::Accepted),
            committed_at: Set(Some(now)),
            chain_head: Set(Some(vec![5; 32])),
            frames: Set(Some(100)),
            duration_ms: Set(Some(9_000)),
            plan_hash: Set(Some(vec![6; 32])),
            deliver_by: Set(Some(now)),
            accepted_at: Set(Some(now)),
            evidence_path: Set(Some("gone".into())),
            delete_at: Set(Some(now + 86_400_000)),
            ..Default::default()
        };
        let waits = job::ActiveModel { attempt_id: Set(id), run_at: Set(now), tries: Set(0), ..Default::default() };
        let tx = self.desk.app.store.begin("test").await.unwrap();
        row.update(&*tx).await.unwrap();
        waits.insert(&*tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn seen(&self, by: &str, visitor: Option<Uuid>, said: Said) -> Said {
        let mut body = json!({ "id_number": WANG, "by": by, "on": self.desk.now().date().to_string() });
        if let Some(visitor) = visitor {
            body["visitor"] = json!(visitor);
            body["why"] = json!("severely_ill");
        }
        let (status, answer) = self.desk.post(&self.clerk, "certifications", &body).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        said
    }

    async fn form(&self, kind: &'static str) -> Said {
        let ask = json!({ "id_number": WANG, "kind": kind });
        let (status, form) = self.desk.post(&self.clerk, "forms", &ask).await;
        assert_eq!(status, StatusCode::CREATED, "{form}");
        // The post takes a week each way; the paper is signed between.
        self.desk.later(Duration::from_hours(24 * 14)).await;
        let on = days_after(self.desk.now().date(), -7).to_string();
        let scan = data_encoding::BASE64.encode(b"%PDF-1.7 a paper");
        let mut back = json!({ "code": form["code"], "on": on, "scan": scan });
        let by = match kind {
            "assistance_form" => {
                back["office"] = json!(SENDER);
                Party::Office(SENDER)
            }
            _ => Party::Beneficiary,
        };
        let (status, answer) = self.desk.post(&self.clerk, "forms/returned", &back).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        (kind, by, Party::Staff(self.clerk.id))
    }

    async fn list(&self, from: &'static str) -> Said {
        let list = format!("name,id_number,proof_date\n{NAME},{WANG},{}\n", self.desk.now().date());
        let call = self.desk.client.post(self.desk.url(&format!("/v1/desk/batches/{from}/{SENDER}")));
        let answer = call.bearer_auth(&self.clerk.token).body(list).send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), "line,result,reason\n2,recorded,\n");
        let (channel, by) = match from {
            "employer" => ("employer", Party::Employer(SENDER)),
            "community" => ("community", Party::Office(SENDER)),
            _ => ("assistance_form", Party::Office(SENDER)),
        };
        (channel, by, Party::Staff(self.clerk.id))
    }

    async fn call(&self) -> Said {
        let rfc = time::format_description::well_known::Rfc3339;
        let begins = (self.desk.now() + time::Duration::hours(50)).format(&rfc).unwrap();
        let offer = json!({ "begins": [begins], "minutes": 15 });
        assert_eq!(self.desk.post(&self.head, "slots", &offer).await.1, json!({ "added": 1 }));
        let free: Value = self.desk.get(&self.clerk, "slots").await.json().await.unwrap();
        let slot = free["free"][0]["id"].as_str().unwrap();
        let who = json!({ "id_number": WANG });
        assert_eq!(self.desk.post(&self.clerk, &format!("slots/{slot}/book"), &who).await.0, StatusCode::NO_CONTENT);
        self.desk.later(Duration::from_hours(51)).await;
        let outcome = json!({ "id_number": WANG, "outcome": "certified" });
        let (status, answer) = self.desk.post(&self.clerk, &format!("slots/{slot}/outcome"), &outcome).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        ("video_call", Party::Beneficiary, Party::Staff(self.clerk.id))
    }
}

/// A test for each place on each database.
macro_rules! places {
    ($($place:ident: $code:literal, [$($way:expr),+];)+) => {
        mod sqlite {
            use super::*;
            $(#[tokio::test]
            async fn $place() {
                Town::new(Kind::Sqlite, $code).await.live(&[$($way),+]).await;
            })+
        }

        mod postgres {
            use super::*;
            $(#[tokio::test]
            async fn $place() {
                Town::new(Kind::Postgres, $code).await.live(&[$($way),+]).await;
            })+
        }
    };
}

places! {
    shenzhen: "440300", [Way::Own, Way::Child];
    e_card_link: "510100", [Way::Link("e_card_link"), Way::List("community")];
    kunming: "530100", [Way::Own, Way::Office, Way::Counter("agency_by_hand"), Way::Volunteer];
    nanjing: "320100", [Way::Call, Way::Form("paper_by_mail")];
    shanghai: "310000", [Way::Own, Way::Form("paper_by_mail")];
    beijing: "110000", [Way::List("employer"), Way::Counter("agency_by_hand"), Way::Own];
    changsha: "430100", [
        Way::Link("web_portal"), Way::Counter("agency_by_hand"), Way::List("community"), Way::List("employer"), Way::Own
    ];
    xiangtan: "430300", [
        Way::Link("web_portal"), Way::Own, Way::Counter("office_id_card"), Way::Visit, Way::Form("assistance_form"),
        Way::List("assistance")
    ];
    qingdao: "370200", [Way::Own, Way::Visit];
    guangzhou: "440100", [Way::Counter("agency_by_hand"), Way::Own];
}
