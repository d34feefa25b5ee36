//! Messages: each once, none at night, none to those who need none, whatever the sender does, on both databases.

use std::sync::{Arc, Mutex};

use axum::http::{HeaderMap, StatusCode};
use sea_orm::EntityTrait as _;
use time::macros::date;
use tokio::task::JoinHandle;

use super::*;
use crate::chronicle::policies;
use crate::chronicle::record::add;
use crate::chronicle::tick::tick;
use crate::db::entity::beneficiary;
use crate::tests::{Kind, World};
use crate::year::channel::Channel;
use crate::year::dates::{LETTER_DAYS, days_after};
use crate::year::facts::{Fact, What};
use crate::year::tests::stage::{at, morning};

pub(super) const DUE: time::Date = date!(2027 - 01 - 09);

/// A sender that fails so often, and then remembers what it took.
#[derive(Default)]
pub(super) struct Counting {
    failures: Mutex<u32>,
    taken: Mutex<Vec<Outgoing>>,
}

impl Sender for Counting {
    async fn send(&self, message: &Outgoing) -> Result<String, SendError> {
        let mut failures = self.failures.lock().unwrap();
        if *failures > 0 {
            *failures -= 1;
            return Err(SendError::Unreachable);
        }
        self.taken.lock().unwrap().push(message.clone());
        Ok(format!("r-{}", message.id))
    }
}

/// Somebody of Shenzhen whose window has just opened, and to whom the first reminder is due.
pub(super) async fn due(kind: Kind) -> (World, Office) {
    let world = World::new(kind).await;
    world.person(1, "440300", date!(1945 - 09 - 15), date!(2026 - 03 - 10), date!(2026 - 03 - 10)).await;
    let policies = policies::load(world.store.reads()).await.unwrap();
    let ticked = tick(&world.store, &world.keys, &policies, morning(DUE), &|| false).await.unwrap();
    assert_eq!(ticked.messages, 1);
    let office = Office::open(&world.config, &crate::clock::SystemClock).await.unwrap();
    (world, office)
}

pub(super) async fn the_one(world: &World) -> Model {
    Entity::find().one(world.store.reads()).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_message_is_handed_over_once_and_its_receipt_is_kept() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (world, office) = due(kind).await;
        let sender = Counting::default();
        let sent = office.send(&sender, morning(DUE)).await.unwrap();
        assert_eq!(sent, Sent { handed_over: 1, ..Sent::default() });
        assert_eq!(office.send(&sender, morning(DUE)).await.unwrap(), Sent::default());
        let taken = sender.taken.lock().unwrap().clone();
        let address = taken[0].address.as_ref().map(Secret::expose);
        assert_eq!((taken.len(), taken[0].medium, address), (1, Medium::Sms, Some("13800000000")));
        assert!(taken[0].text.contains("2027年"), "{}", taken[0].text);
        let row = the_one(&world).await;
        assert_eq!((row.state.as_str(), row.handed_on), ("handed_over", Some(day_number(DUE))));
        assert_eq!(row.receipt, Some(format!("r-{}", row.id)));
    }
}

#[tokio::test]
async fn a_sender_that_fails_is_asked_again_later_and_in_the_end_a_person_looks() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (world, office) = due(kind).await;
        let sender = Counting { failures: Mutex::new(2), ..Counting::default() };
        assert_eq!(office.send(&sender, morning(DUE)).await.unwrap().put_off, 1);
        assert_eq!(office.send(&sender, morning(DUE)).await.unwrap(), Sent::default(), "not at once");
        assert_eq!(office.send(&sender, morning(DUE) + Duration::minutes(3)).await.unwrap().put_off, 1);
        assert_eq!(office.send(&sender, morning(DUE) + Duration::minutes(8)).await.unwrap().handed_over, 1);
        assert_eq!(the_one(&world).await.tries, 3);
        let (world, office) = due(kind).await;
        let sender = Counting { failures: Mutex::new(99), ..Counting::default() };
        for hours in 0..i64::from(u8::try_from(MAX_TRIES).unwrap()) {
            let sent = office.send(&sender, morning(DUE) + Duration::hours(24 * hours)).await.unwrap();
            assert_eq!(sent.failed, u64::from(hours + 1 == MAX_TRIES), "{hours}");
        }
        assert_eq!(the_one(&world).await.state, "failed");
    }
}

#[tokio::test]
async fn nothing_is_sent_at_night_or_to_whom_needs_nothing() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (world, office) = due(kind).await;
        let sender = Counting::default();
        assert_eq!(office.send(&sender, at(DUE, 23)).await.unwrap().put_off, 1);
        assert_eq!(office.send(&sender, at(days_after(DUE, 1), 7)).await.unwrap(), Sent::default());
        assert_eq!(office.send(&sender, at(days_after(DUE, 1), 9)).await.unwrap().handed_over, 1);
        for opted_out in [false, true] {
            let (world, office) = due(kind).await;
            let tx = world.store.begin("test").await.unwrap();
            if opted_out {
                let row = opt_out::ActiveModel {
                    beneficiary_id: Set(Uuid::from_u128(1)),
                    recipient: Set("elder".to_owned()),
                    since: Set(0),
                };
                row.insert(&*tx).await.unwrap();
            } else {
                // After the tick: no row says yet that nothing is due.
                let what = What::Certified { id: Uuid::from_u128(7), channel: Channel::AppSelf };
                add(&*tx, Uuid::from_u128(1), &Fact::of_day(DUE, what), 0).await.unwrap();
            }
            tx.commit().await.unwrap();
            assert_eq!(office.send(&sender, morning(DUE)).await.unwrap().withdrawn, 1);
            assert_eq!(the_one(&world).await.state, "withdrawn");
        }
        assert_eq!(sender.taken.lock().unwrap().len(), 1);
        drop(world);
    }
}

#[tokio::test]
async fn a_gateway_that_takes_its_time_is_given_nothing_at_night_and_every_message_has_its_own_day() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (world, office) = due(kind).await;
        for number in [2, 3] {
            world.person(number, "440300", date!(1945 - 09 - 15), date!(2026 - 03 - 10), date!(2026 - 03 - 10)).await;
        }
        let policies = policies::load(world.store.reads()).await.unwrap();
        tick(&world.store, &world.keys, &policies, morning(DUE), &|| false).await.unwrap();
        let sender = Counting::default();
        // Five minutes pass between one look at the clock and the next; it is quiet from nine on.
        let looks = std::sync::atomic::AtomicI64::new(0);
        let five_minutes_each = |from: OffsetDateTime| {
            let looks = &looks;
            move || from + Duration::minutes(5 * looks.fetch_add(1, std::sync::atomic::Ordering::SeqCst))
        };
        let evening = five_minutes_each(at(DUE, 20) + Duration::minutes(50));
        let sent = office.send_while(&sender, &evening).await.unwrap();
        assert_eq!(sent, Sent { handed_over: 1, put_off: 2, ..Sent::default() });
        looks.store(0, std::sync::atomic::Ordering::SeqCst);
        let next_day = five_minutes_each(at(days_after(DUE, 1), 9));
        assert_eq!(office.send_while(&sender, &next_day).await.unwrap().handed_over, 2);
        let rows = Entity::find().all(world.store.reads()).await.unwrap();
        let mut days: Vec<_> = rows.iter().filter_map(|row| row.handed_on).collect();
        days.sort_unstable();
        let (first, second) = (day_number(DUE), day_number(days_after(DUE, 1)));
        assert_eq!(days, [first, second, second]);
    }
}

/// Takes text messages, and letters from the day on which somebody prints them.
struct Printing(std::sync::atomic::AtomicBool);

impl Sender for Printing {
    async fn send(&self, message: &Outgoing) -> Result<String, SendError> {
        let prints = self.0.load(std::sync::atomic::Ordering::Relaxed);
        let taken = prints || message.medium != Medium::Letter;
        if taken { Ok(format!("r-{}", message.id)) } else { Err(SendError::Unreachable) }
    }
}

impl Printing {
    fn prints(&self) {
        self.0.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

/// A person of Shenzhen whose text messages never arrive.
struct Unreached {
    world: World,
    office: Office,
    sender: Printing,
    day: time::Date,
}

impl Unreached {
    async fn new(kind: Kind) -> Self {
        let (world, office) = due(kind).await;
        Self { world, office, sender: Printing(false.into()), day: DUE }
    }

    /// Looks and sends every day, and says of each legal text message that it did not arrive.
    async fn live(&mut self, days: i64) {
        use jianzai_wire::messages::{Delivery, DeliveryReceipt};
        for _ in 0..days {
            self.day = days_after(self.day, 1);
            let now = morning(self.day);
            self.office.tick(now).await.unwrap();
            self.office.send(&self.sender, now).await.unwrap();
            let lost = |row: &Model| row.legal && row.medium.as_deref() == Some("sms") && row.receipt.is_some();
            for row in self.rows().await.into_iter().filter(lost) {
                let outcome = Delivery::Failed;
                let receipt = DeliveryReceipt { id: row.id, receipt: row.receipt.unwrap_or_default(), outcome };
                assert!(self.office.receipts(&[receipt], now).await.unwrap().is_empty());
            }
        }
    }

    async fn rows(&self) -> Vec<Model> {
        Entity::find().all(self.world.store.reads()).await.unwrap()
    }

    /// The legal notice, by one medium.
    async fn notice(&self, by: &str) -> Model {
        let of = |row: &Model| row.rung == "notice" && row.medium.as_deref() == Some(by);
        self.rows().await.into_iter().find(of).expect("a notice")
    }

    async fn is_suspended(&self) -> bool {
        let told = crate::db::year::instruction::Entity::find().all(self.world.store.reads()).await.unwrap();
        told.iter().any(|told| told.kind == "suspend")
    }

    async fn record(&self, what: What) {
        let tx = self.world.store.begin("test").await.unwrap();
        add(&*tx, Uuid::from_u128(1), &Fact::of_day(self.day, what), 0).await.unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn nobody_is_suspended_whose_notice_did_not_arrive_until_a_letter_has_gone() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut person = Unreached::new(kind).await;
        person.live(300).await;
        assert!(!person.is_suspended().await);
        let (first, letter) = (person.notice("sms").await, person.notice("letter").await);
        assert_eq!((first.state.as_str(), letter.state.as_str()), ("failed", "waiting"));
        let come = letter.decided_on + LETTER_DAYS;
        assert!(letter.about_day >= first.about_day && letter.about_day > Some(come), "{letter:?}");
        person.sender.prints();
        person.live(1 + LETTER_DAYS).await;
        assert!(!person.is_suspended().await, "the post is on its way");
        person.live(1).await;
        assert!(person.is_suspended().await);
        let letter = person.notice("letter").await;
        assert_eq!(letter.about_day, letter.handed_on.map(|day| day + LETTER_DAYS + 1), "no day that is over");
    }
}

#[tokio::test]
async fn a_notice_that_waits_for_the_post_outlives_a_review() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut person = Unreached::new(kind).await;
        while person.rows().await.iter().all(|row| row.medium.as_deref() != Some("letter")) {
            person.live(1).await;
        }
        let review = Uuid::from_u128(70);
        person.record(What::ReviewOpened { review }).await;
        person.live(20).await;
        assert_eq!(person.notice("letter").await.state, "waiting");
        person.record(What::ReviewClosed { review }).await;
        person.sender.prints();
        person.live(120).await;
        assert_eq!((person.notice("letter").await.state.as_str(), person.is_suspended().await), ("handed_over", true));
    }
}

#[tokio::test]
async fn a_letter_tells_of_what_has_happened_with_its_own_day() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (world, _office) = due(kind).await;
        let long_ago = Some(day_number(days_after(DUE, -90)));
        let failed = Model { legal: true, template: "new_device".into(), about_day: long_ago, ..the_one(&world).await };
        let tx = world.store.begin("test").await.unwrap();
        for _ in 0..2 {
            letter::instead(&*tx, failed.clone(), morning(DUE)).await.unwrap();
        }
        // It would come after the call.
        let reminder = Model { id: Uuid::from_u128(9), template: CALL_SOON.into(), ..failed };
        letter::instead(&*tx, reminder, morning(DUE)).await.unwrap();
        tx.commit().await.unwrap();
        let letters = Entity::find().filter(Column::Medium.eq("letter")).all(world.store.reads()).await.unwrap();
        assert_eq!((letters.len(), letters[0].about_day, letters[0].state.as_str()), (1, long_ago, "waiting"));
    }
}

#[tokio::test]
async fn as_a_file_a_message_shows_no_number() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (world, office) = due(kind).await;
        let folder = world.config.data.join("messages");
        let sender = FileSender::new(folder.clone()).unwrap();
        assert_eq!(office.send(&sender, morning(DUE)).await.unwrap().handed_over, 1);
        let written = std::fs::read_to_string(folder.join(format!("{}.json", the_one(&world).await.id))).unwrap();
        let message: serde_json::Value = serde_json::from_str(&written).unwrap();
        assert_eq!((message["address"].as_str(), message["medium"].as_str()), (Some("*******0000"), Some("sms")));
        assert!(!written.contains("13800000000"));
    }
}

/// What a gateway heard: each message, and the name that it came with.
type Heard = Arc<Mutex<Vec<(String, serde_json::Value)>>>;

/// The address of a gateway that is busy at first, and then forgets to give a receipt.
async fn gateway(heard: Heard) -> (String, JoinHandle<std::io::Result<()>>) {
    let answer = move |headers: HeaderMap, axum::Json(body): axum::Json<serde_json::Value>| async move {
        let mut heard = heard.lock().unwrap();
        heard.push((headers["idempotency-key"].to_str().unwrap().to_owned(), body));
        assert_eq!(headers["authorization"], "Bearer t");
        match heard.len() {
            1 => Err(StatusCode::SERVICE_UNAVAILABLE),
            2 => Ok(axum::Json(serde_json::json!({ "other": 1 }))),
            _ => Ok(axum::Json(serde_json::json!({ "receipt": "g-1" }))),
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/send", listener.local_addr().unwrap());
    let router = axum::Router::new().route("/send", axum::routing::post(answer));
    (address, tokio::spawn(axum::serve(listener, router).into_future()))
}

#[tokio::test]
async fn a_gateway_gets_the_message_with_its_name_and_gives_a_receipt() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let seen = Heard::default();
        let (address, serving) = gateway(seen.clone()).await;
        let (world, office) = due(kind).await;
        let gateway = Gateway::new(&address, Some(Secret::new("t".to_owned()))).unwrap();
        for (minutes, handed_over) in [(0, 0), (30, 0), (60, 1)] {
            let sent = office.send(&gateway, morning(DUE) + Duration::minutes(minutes)).await.unwrap();
            assert_eq!(sent.handed_over, handed_over);
        }
        serving.abort();
        let row = the_one(&world).await;
        let seen = seen.lock().unwrap().clone();
        assert_eq!(row.receipt.as_deref(), Some("g-1"));
        assert!(seen.iter().all(|(key, body)| *key == row.id.to_string() && body["to"] == "13800000000"));
    }
    for unsafe_address in ["http://sms.example.org/", "ftp://127.0.0.1/", "sms"] {
        assert_eq!(Gateway::new(unsafe_address, None).unwrap_err(), GatewayError::NotSafe);
    }
}

#[tokio::test]
async fn a_reminder_that_can_be_tapped_leads_into_the_app() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (_world, office) = due(kind).await;
        let address = "https://certify.example/v1/links/";
        let office = office.with_links(Some(LinkAddress::parse(address).unwrap()));
        let sender = Counting::default();
        assert_eq!(office.send(&sender, morning(DUE)).await.unwrap().handed_over, 1);
        let taken = sender.taken.lock().unwrap()[0].clone();
        let (words, token) = taken.text.split_once(address).unwrap();
        assert!(words.ends_with("点这里办：") && token.len() < 130, "{words} {}", token.len());
        let link = office.follow(token, morning(DUE)).unwrap();
        assert_eq!((link.beneficiary, link.channel), (taken.beneficiary, Channel::AppSelf));
        // Until payment would stop, which in Shenzhen is months away.
        let row = benefit::Entity::find().one(office.store.reads()).await.unwrap().unwrap();
        assert_eq!(link.until, numbered_day(row.suspends_on.unwrap()));
        assert!(office.follow(token, morning(days_after(link.until, 1))).is_err());
    }
    let plain = |to, by| !super::tapped::can_be_tapped(to, by);
    assert!(plain(Recipient::Elder, Medium::Letter) && plain(Recipient::Elder, Medium::Call));
    assert!(plain(Recipient::Community, Medium::Task) && !plain(Recipient::Family, Medium::Wechat));
}

#[test]
fn the_quiet_hours_end() {
    let wait = |hour| quiet_until(21 * 60, 8 * 60, at(DUE, hour)).map(|until| (until.date() > DUE, until.hour()));
    assert_eq!(
        (wait(20), wait(21), wait(23), wait(7), wait(8)),
        (None, Some((true, 8)), Some((true, 8)), Some((false, 8)), None)
    );
    assert_eq!(quiet_until(0, 0, at(DUE, 3)), None, "no quiet hours");
}

#[test]
fn every_template_has_words_in_both_languages_and_names_its_day() {
    let with_day = [
        "due",
        "overdue",
        "stops",
        "stopped",
        "visit",
        "new_device",
        "review_certified",
        "appeal_upheld",
        "appeal_dismissed",
        "death_recorded",
        "call_soon",
        "call_booked",
    ];
    for language in [Language::Zh, Language::En] {
        let mut said: Vec<_> = with_day.iter().map(|template| text(template, Some(DUE), language)).collect();
        assert!(said.iter().all(|said| said.contains("2027")), "{said:?}");
        said.push(text("review_refused", Some(DUE), language));
        said.extend(with_day.iter().map(|template| text(template, None, language)));
        assert!(said.iter().all(|said| !said.contains('{')), "{said:?}");
        said.sort_unstable();
        said.dedup();
        assert_eq!(said.len(), 2 * with_day.len() + 1, "each says something of its own");
    }
    assert_ne!(text("due", None, Language::Zh), text("due", None, Language::En));
}

#[tokio::test]
async fn one_who_cannot_be_read_costs_nobody_else_their_message() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (world, office) = due(kind).await;
        world.person(2, "440300", date!(1945 - 09 - 15), date!(2026 - 03 - 10), date!(2026 - 03 - 10)).await;
        let policies = policies::load(world.store.reads()).await.unwrap();
        tick(&world.store, &world.keys, &policies, morning(DUE), &|| false).await.unwrap();
        let tx = world.store.begin("test").await.unwrap();
        beneficiary::Entity::update_many()
            .col_expr(beneficiary::Column::Phones, Expr::value(vec![1_u8, 2, 3]))
            .filter(beneficiary::Column::Id.eq(Uuid::from_u128(1)))
            .exec(&*tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let sender = Counting::default();
        let sent = office.send(&sender, morning(DUE)).await.unwrap();
        assert_eq!((sent.handed_over, sent.put_off, sent.failed), (1, 1, 0), "{kind:?}");
        // Tried ever later, and in the end a person has to look.
        for day in 1..=MAX_TRIES {
            office.send(&sender, morning(days_after(DUE, day))).await.unwrap();
        }
        let row = Entity::find().filter(Column::BeneficiaryId.eq(Uuid::from_u128(1))).one(world.store.reads());
        assert_eq!(row.await.unwrap().unwrap().state, "failed");
    }
}
