use std::sync::Arc;

use jianzai_wire::Secret;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use super::*;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::messages::tests::{Counting, DUE, due, the_one};
use crate::messages::{Outgoing, SendError, Sender, Sent};
use crate::serve;
use crate::tests::Kind;
use crate::year::tests::stage::morning;

const TOKEN: &str = "a token that was agreed upon with the gateway";

fn said(id: Uuid, receipt: &str, outcome: Delivery) -> [DeliveryReceipt; 1] {
    [DeliveryReceipt { id, receipt: receipt.to_owned(), outcome }]
}

#[tokio::test]
async fn a_gateway_says_what_arrived_and_nobody_else_does() {
    // A second installation in the same process is refused, and that is fine.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (world, office) = due(kind).await;
        assert_eq!(office.send(&Counting::default(), morning(DUE)).await.unwrap().handed_over, 1);
        let id = the_one(&world).await.id;
        let client = Client::builder().no_proxy().build().unwrap();
        let body = json!({ "receipts": [
            { "id": id, "receipt": format!("r-{id}"), "outcome": "delivered" },
            { "id": Uuid::nil(), "receipt": "r-0", "outcome": "delivered" },
        ] });
        let call = async |config: &Config, token: &str, body: &Value| {
            let running = serve(config.clone(), Arc::new(SystemClock)).await.unwrap();
            let url = format!("http://{}/v1/messages/receipts", running.address());
            let answer = client.post(url).bearer_auth(token).json(body).send().await.unwrap();
            let (status, answer) = (answer.status(), answer.json::<Value>().await.unwrap());
            running.stop().await;
            (status, answer)
        };
        let closed = Config { judge: false, ..world.config.clone() };
        let open = Config { receipts_token: Some(Secret::new(TOKEN.to_owned())), ..closed.clone() };
        for (config, token) in [(&closed, TOKEN), (&closed, ""), (&open, "a token"), (&open, "")] {
            let (status, answer) = call(config, token, &body).await;
            assert_eq!((status, &answer["code"]), (StatusCode::UNAUTHORIZED, &json!("gateway.not_confirmed")));
        }
        assert_eq!(the_one(&world).await.state, "handed_over");
        for _ in 0..2 {
            let (status, answer) = call(&open, TOKEN, &body).await;
            assert_eq!((status, answer), (StatusCode::OK, json!({ "unknown": [Uuid::nil()] })));
            assert_eq!(the_one(&world).await.state, "delivered");
        }
        let nameless = json!({ "receipts": [{ "id": id, "receipt": "", "outcome": "failed" }] });
        for wrong in [nameless, json!({ "receipts": [] }), json!({ "receipts": [{ "id": id }] })] {
            let (status, answer) = call(&open, TOKEN, &wrong).await;
            assert_eq!((status, &answer["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("input.body_invalid")));
        }
    }
}

#[tokio::test]
async fn that_it_arrived_is_never_taken_back_and_that_it_did_not_may_be() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (world, office) = due(kind).await;
        let id = the_one(&world).await.id;
        let own = format!("r-{id}");
        let note = async |receipt: &str, outcome| {
            office.receipts(&said(id, receipt, outcome), morning(DUE)).await.unwrap().is_empty()
        };
        assert!(!note(&own, Delivery::Delivered).await, "it was given to nobody yet");
        assert_eq!(office.send(&Counting::default(), morning(DUE)).await.unwrap().handed_over, 1);
        assert!(!note("another's", Delivery::Failed).await);
        for (outcome, state) in [
            (Delivery::Failed, "failed"),
            (Delivery::Failed, "failed"),
            (Delivery::Delivered, "delivered"),
            (Delivery::Failed, "delivered"),
        ] {
            assert!(note(&own, outcome).await);
            let row = the_one(&world).await;
            assert_eq!((row.state.as_str(), row.handed_on), (state, Some(day_number(DUE))));
        }
        assert_eq!(office.send(&Counting::default(), morning(DUE)).await.unwrap(), Sent::default(), "not once more");
    }
}

/// A gateway that says that the message arrived before it answers that it took it; or dies in between.
struct Quick<'a> {
    office: &'a Office,
    answers: bool,
}

impl Sender for Quick<'_> {
    async fn send(&self, message: &Outgoing) -> Result<String, SendError> {
        let arrived = said(message.id, "g-1", Delivery::Delivered);
        assert!(self.office.receipts(&arrived, morning(DUE)).await.unwrap().is_empty());
        if self.answers { Ok("g-1".to_owned()) } else { Err(SendError::Unreachable) }
    }
}

#[tokio::test]
async fn a_receipt_may_be_quicker_than_the_answer() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        for answers in [true, false] {
            let (world, office) = due(kind).await;
            office.send(&Quick { office: &office, answers }, morning(DUE)).await.unwrap();
            let row = the_one(&world).await;
            assert_eq!((row.state.as_str(), row.receipt.as_deref()), ("delivered", Some("g-1")), "{answers}");
            assert_eq!(row.handed_on, Some(day_number(DUE)));
            let later = morning(DUE) + time::Duration::hours(1);
            assert_eq!(office.send(&Counting::default(), later).await.unwrap(), Sent::default(), "not once more");
        }
    }
}
