//! The desk over HTTP, on both databases: a service, clerks who don't exist, and cases with real sealed evidence.

mod appeals;
mod bundle;
mod by_people;
mod dead;
mod deciding;
mod due;
mod four_eyes;
mod helped;
mod leases;
mod letters;
mod links;
mod own;
mod places;
mod queue;
mod visits;
mod wishes;

use std::sync::Arc;
use std::time::Duration;

use jianzai_wire::desk::StaffRole;
use jianzai_wire::{Action, Area, Bytes32, CapturePolicy, Language, LoginName, Secret};
use reqwest::{Client, RequestBuilder, StatusCode};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::app::App;
use crate::chronicle::reviews::{self, Opening};
use crate::clock::{Clock as _, ShiftedClock};
use crate::config::Config;
use crate::db::desk_entity::{access_log, audit_entry, staff_session};
use crate::db::entity::{State, activation, attempt, beneficiary, step};
use crate::import::import;
use crate::keys::Role;
use crate::office::Office;
use crate::tests::{Kind, TestDatabase, id_number};
use crate::year::dates::{china, days_after};
use crate::year::record::Party;
use crate::{Running, accounts, columns, register, serve};

/// In Shenzhen.
pub(super) const WANG: &str = "44030419520315201X";
/// In Shenzhen as well.
pub(super) const OUYANG: &str = "440304194910083020";
/// In Shijiazhuang, which has no policy of its own.
pub(super) const LI: &str = "320102194805262026";

/// Of somebody in Xiangtan (1), Nanjing (2), Beijing (3 and 4).
pub(super) fn number(sequence: u16) -> String {
    id_number(time::macros::date!(1948 - 05 - 26), sequence).expose().to_owned()
}
/// Authorises an attempt of [`Desk::attempt`].
pub(super) fn token_of(attempt: Uuid) -> String {
    format!("token of {attempt}")
}

/// A service that judges nothing, and a hand in its tables.
pub(super) struct Desk {
    pub(super) app: App,
    pub(super) clock: Arc<ShiftedClock>,
    pub(super) config: Config,
    client: Client,
    running: Running,
    _folder: TempDir,
    _database: Option<TestDatabase>,
}

/// Somebody who is signed in.
#[derive(Clone)]
pub(super) struct Clerk {
    pub(super) id: Uuid,
    token: String,
}

impl Desk {
    pub(super) async fn new(kind: Kind) -> Self {
        Self::with(
            kind,
            &format!(
                "name,id_number,insured_place,residence,phones,portrait\n\
                 王健在,{WANG},440300,440300,13800000000,\n\
                 欧阳长青,{OUYANG},440300,530100,13800000001,\n\
                 李安,{LI},130100,130100,13800000002,\n\
                 王健在,{},430300,430300,13800000003,\n\
                 王健在,{},320100,320100,13800000004,\n\
                 王健在,{},110000,110000,13800000005,\n\
                 王健在,{},110000,110000,13800000006,\n",
                number(1),
                number(2),
                number(3),
                number(4)
            ),
        )
        .await
    }

    /// With a register of one's own.
    pub(super) async fn with(kind: Kind, register: &str) -> Self {
        // A second installation in the same process is refused, and that is fine.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let database = (kind == Kind::Postgres).then(TestDatabase::new);
        let mut config = Config::new(folder.path().join("data"));
        config.judge = false;
        config.database = database.as_ref().map(|database| Secret::new(database.url()));
        let clock = Arc::new(ShiftedClock::default());
        // Whenever the tests run, it is ten in the morning: at night nobody is reminded.
        let hours = time::Time::from_hms(10, 0, 0).unwrap() - china(clock.now()).time();
        clock.advance(Duration::from_secs(u64::try_from(hours.whole_seconds().rem_euclid(86_400)).unwrap()));
        let csv = folder.path().join("register.csv");
        std::fs::write(&csv, register).unwrap();
        import(&config, &*clock, &csv, Language::En).await.unwrap();
        let running = serve(config.clone(), clock.clone()).await.unwrap();
        let app = App::open(config.clone(), clock.clone()).await.unwrap();
        let client = Client::builder().no_proxy().build().unwrap();
        Self { app, clock, config, client, running, _folder: folder, _database: database }
    }

    pub(super) fn now(&self) -> OffsetDateTime {
        china(self.clock.now())
    }

    /// Somebody with an account and a session.
    pub(super) async fn staff(&self, login: &str, role: StaffRole, area: &str) -> Clerk {
        let (name, area) = (LoginName::parse(login).unwrap(), Area::parse(area).unwrap());
        let password = Some(Secret::new("vier Worte ohne Sinn".into()));
        let access = accounts::add(&self.config, &*self.clock, &name, role, area, password).await.unwrap();
        let clerk = Clerk { id: access.id, token: format!("session of {login}") };
        self.sign_in(&clerk).await;
        clerk
    }

    pub(super) async fn clerk(&self, login: &str, area: &str) -> Clerk {
        self.staff(login, StaffRole::Clerk, area).await
    }

    async fn sign_in(&self, clerk: &Clerk) {
        let now = self.clock.now();
        let session = staff_session::ActiveModel {
            id: Set(Uuid::now_v7()),
            staff_id: Set(clerk.id),
            token_digest: Set(Sha256::digest(&clerk.token).to_vec()),
            created_at: Set(now),
            used_at: Set(now),
            expires_at: Set(now + 4_000 * 86_400_000),
            revoked_at: Set(None),
        };
        let tx = self.app.store.begin("test").await.unwrap();
        session.insert(&*tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// From tomorrow on, a place's shipped policy says a line more; and it is tomorrow.
    pub(super) async fn amend(&self, file: &str, line: &str) {
        let (_, text) = crate::year::policy::SHIPPED.iter().find(|(name, _)| *name == file).unwrap();
        let tomorrow = days_after(self.now().date(), 1).to_string();
        let text = text
            .replace("version = 1", "version = 2")
            .replace("2026-01-01", &tomorrow)
            .replace("proof_age_days", &format!("{line}\nproof_age_days"));
        let office = Office::open(&self.config, &*self.clock).await.unwrap();
        office.apply(&[("two.toml".to_owned(), text)], Party::Staff(Uuid::nil()), self.now()).await.unwrap();
        self.later(Duration::from_hours(24)).await;
    }

    /// The clock goes on, and everybody stays signed in.
    pub(super) async fn later(&self, by: Duration) {
        self.clock.advance(by);
        let tx = self.app.store.begin("test").await.unwrap();
        staff_session::Entity::update_many()
            .col_expr(staff_session::Column::UsedAt, sea_orm::sea_query::Expr::value(self.clock.now()))
            .exec(&*tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    /// Ends every session of an account, as its head does.
    pub(super) async fn revoke(&self, clerk: &Clerk) {
        let head = self
            .staff(&format!("head.{}", clerk.id.simple().to_string().get(..8).unwrap()), StaffRole::Head, "000000")
            .await;
        let (status, _) = self.post(&head, &format!("accounts/{}/sign-out", clerk.id), &json!({})).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.address())
    }

    /// A call of the desk: status and body.
    pub(super) async fn post(&self, by: &Clerk, path: &str, body: &Value) -> (StatusCode, Value) {
        let call = self.client.post(self.url(&format!("/v1/desk/{path}"))).bearer_auth(&by.token).json(body);
        Self::answered(call).await
    }

    pub(super) async fn get(&self, by: &Clerk, path: &str) -> reqwest::Response {
        self.client.get(self.url(&format!("/v1/desk/{path}"))).bearer_auth(&by.token).send().await.unwrap()
    }

    /// A call of the app, authorised by `token`, if there is one.
    pub(super) async fn app_call(&self, token: &str, path: &str, body: Option<&Value>) -> (StatusCode, Value) {
        let url = self.url(path);
        let call = match body {
            Some(body) => self.client.post(url).json(body),
            None => self.client.get(url),
        };
        let call = if token.is_empty() { call } else { call.bearer_auth(token) };
        Self::answered(call).await
    }

    async fn answered(call: RequestBuilder) -> (StatusCode, Value) {
        let answer = call.send().await.unwrap();
        let (status, bytes) = (answer.status(), answer.bytes().await.unwrap());
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// The person with a number.
    pub(super) async fn person(&self, id_number: &str) -> beneficiary::Model {
        let number = jianzai_wire::IdNumber::parse(id_number).unwrap();
        let hashes = register::id_hashes(&self.app.keys, &number);
        let found = beneficiary::Entity::find().filter(beneficiary::Column::IdHash.is_in(hashes));
        found.one(self.app.store.reads()).await.unwrap().unwrap()
    }

    /// An attempt with sealed evidence that the judge left open: the case and the attempt.
    pub(super) async fn submission(&self, id_number: &str) -> (Uuid, Uuid) {
        let attempt = self.attempt(id_number, State::Review).await;
        let tx = self.app.store.begin("test").await.unwrap();
        let row = attempt::Entity::find_by_id(attempt).one(&*tx).await.unwrap().unwrap();
        let review = reviews::open(&*tx, &Opening::submission(&row), self.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        (review, attempt)
    }

    /// An attempt with sealed evidence, in a state.
    pub(super) async fn attempt(&self, id_number: &str, state: State) -> Uuid {
        let (now, id, activation_id) = (self.clock.now(), Uuid::new_v4(), Uuid::new_v4());
        let person = self.person(id_number).await;
        let policy = CapturePolicy::for_actions(&Action::ALL);
        let recipient = self.app.recipient().unwrap();
        let made = bundle::Made::new(id, Bytes32([4; 32]), policy.clone(), &recipient);
        let path = format!("test/{id}.jzev");
        let sealed = object_store::PutPayload::from(made.bytes.clone());
        object_store::ObjectStoreExt::put(&*self.app.objects, &path.as_str().into(), sealed).await.unwrap();
        let activation = activation::ActiveModel {
            id: Set(activation_id),
            beneficiary_id: Set(person.id),
            token_digest: Set(activation_id.as_bytes().to_vec()),
            device_key: Set(made.device_key.0.to_vec()),
            mode: Set("self".into()),
            consent_text: Set("1".into()),
            consent_by: Set("beneficiary".into()),
            created_at: Set(now),
            expires_at: Set(now),
            attempts: Set(1),
            channel: Set(None),
            helper_id: Set(None),
        };
        let row = attempt::ActiveModel {
            id: Set(id),
            activation_id: Set(activation_id),
            beneficiary_id: Set(person.id),
            token_digest: Set(Sha256::digest(token_of(id)).to_vec()),
            nonce: Set(vec![4; 32]),
            demo: Set(false),
            policy: Set(serde_json::to_string(&policy).unwrap()),
            recipient_key: Set(self.app.keys.current(Role::Evidence).unwrap().id.clone()),
            issued_at: Set(now - 60_000),
            commit_by: Set(now),
            state: Set(state),
            reasons: Set(if state == State::Review { "match.unsure" } else { "match.not_same" }.to_owned()),
            committed_at: Set(Some(now)),
            chain_head: Set(Some(made.committed.chain_head.0.to_vec())),
            frames: Set(Some(made.committed.frames.into())),
            duration_ms: Set(Some(made.committed.duration_ms.into())),
            plan_hash: Set(Some(vec![6; 32])),
            deliver_by: Set(Some(now)),
            accepted_at: Set(Some(now)),
            evidence_path: Set(Some(path)),
            delete_at: Set(Some(now + 30 * 86_400_000)),
            judged_at: Set(Some(now)),
            judgement: Set(Some(bundle::JUDGEMENT.to_owned())),
            ..Default::default()
        };
        let step = step::ActiveModel {
            attempt_id: Set(id),
            idx: Set(0),
            action: Set(made.step.action.name().to_owned()),
            wait_ms: Set(made.step.wait_ms.into()),
            revealed_at: Set(now - 50_000),
            frames: Set(0),
            chain_head: Set(made.first_head.0.to_vec()),
            ..Default::default()
        };
        let tx = self.app.store.begin("test").await.unwrap();
        activation.insert(&*tx).await.unwrap();
        row.insert(&*tx).await.unwrap();
        step.insert(&*tx).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// Gives somebody a portrait in the register.
    pub(super) async fn portrait(&self, id_number: &str, file: &[u8]) {
        let id = self.person(id_number).await.id;
        let sealed = columns::seal(&self.app.keys, register::place("portrait", id), file).unwrap();
        let tx = self.app.store.begin("test").await.unwrap();
        let row = beneficiary::ActiveModel { id: Set(id), portrait: Set(Some(sealed)), ..Default::default() };
        row.update(&*tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// What the linked log says of an action: by whom, and the codes.
    pub(super) async fn logged(&self, action: &str) -> Vec<(Option<Uuid>, String)> {
        let entries = audit_entry::Entity::find().filter(audit_entry::Column::Action.eq(action));
        let entries = entries.order_by_asc(audit_entry::Column::Seq).all(self.app.store.reads()).await.unwrap();
        entries.into_iter().map(|entry| (entry.actor_id, entry.detail)).collect()
    }

    /// What an account read: what, why, outcome.
    pub(super) async fn reads(&self, by: &Clerk) -> Vec<String> {
        let rows = access_log::Entity::find().filter(access_log::Column::StaffId.eq(by.id));
        let rows = rows.order_by_asc(access_log::Column::At).order_by_asc(access_log::Column::Id);
        let rows = rows.all(self.app.store.reads()).await.unwrap();
        rows.into_iter().map(|row| format!("{},{},{}", row.what, row.reason, row.outcome)).collect()
    }

    /// The linked log is whole.
    pub(super) async fn demand_whole_log(&self) {
        let report = crate::audit::verify(&self.config, &self.app.keys, &[]).await.unwrap();
        assert!(report.faults.is_empty(), "{:?}", report.faults);
    }
}

/// The code of a refusal.
pub(super) fn code(answer: &Value) -> &str {
    answer["code"].as_str().unwrap_or_default()
}
