//! What callers can rely on: the OpenAPI document, and one form of every refusal.

use jianzai_wire::api::Problem;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::databases::{Kind, on_both_databases};
use crate::people::{KNOWN, World, activation};

on_both_databases! {
    the_document_is_served_and_names_every_route,
    every_refusal_is_a_problem_document_in_the_callers_language,
    answers_with_tokens_are_not_stored_by_anyone_between,
    a_data_folder_is_served_once,
}

#[test]
fn the_openapi_document_is_as_agreed() {
    insta::assert_json_snapshot!("openapi", jianzai_server::openapi());
}

async fn the_document_is_served_and_names_every_route(kind: Kind) {
    let world = World::new(kind).await;
    let document: Value = world.client.get(world.url("/openapi.json")).send().await.unwrap().json().await.unwrap();
    assert_eq!(document, serde_json::to_value(jianzai_server::openapi()).unwrap());
    assert_eq!(world.client.get(world.url("/health")).send().await.unwrap().status(), StatusCode::NO_CONTENT);
}

async fn every_refusal_is_a_problem_document_in_the_callers_language(kind: Kind) {
    let world = World::new(kind).await;
    let calls = [
        (Method::GET, "/nowhere", String::new(), StatusCode::NOT_FOUND),
        (Method::DELETE, "/v1/attempts", String::new(), StatusCode::METHOD_NOT_ALLOWED),
        (Method::GET, "/v1/attempts/not-an-id", String::new(), StatusCode::BAD_REQUEST),
        (Method::POST, "/v1/activations", "{".to_owned(), StatusCode::UNPROCESSABLE_ENTITY),
        (Method::POST, "/v1/activations", "x".repeat(70_000), StatusCode::PAYLOAD_TOO_LARGE),
        (Method::POST, "/v1/attempts", "{}".to_owned(), StatusCode::UNAUTHORIZED),
    ];
    for (method, path, body, status) in calls {
        for (asked, language) in [("en-GB, zh;q=0.5", "en"), ("zh-CN", "zh-CN"), ("", "zh-CN")] {
            let request = world.client.request(method.clone(), world.url(path)).body(body.clone());
            let response = request.header("Accept-Language", asked).send().await.unwrap();
            assert_eq!(response.status(), status, "{method} {path}");
            assert_eq!(response.headers()["content-type"], "application/problem+json");
            assert_eq!(response.headers()["content-language"], language);
            let problem: Problem = response.json().await.unwrap();
            assert_eq!(problem.status, status.as_u16());
            assert_eq!(problem.kind, format!("urn:jianzai:reason:{}", problem.code));
            assert_eq!(problem.title.is_ascii(), language == "en", "{}", problem.title);
        }
    }
}

async fn answers_with_tokens_are_not_stored_by_anyone_between(kind: Kind) {
    let world = World::new(kind).await;
    let response = world.post("/v1/activations", &activation(KNOWN, 1)).send().await.unwrap();
    assert_eq!(response.headers()["cache-control"], "no-store");
}

async fn a_data_folder_is_served_once(kind: Kind) {
    let world = World::new(kind).await;
    let second = jianzai_server::serve(world.config.clone(), world.clock.clone()).await;
    assert!(matches!(second, Err(jianzai_server::StartError::InUse(_))));
}
