//! The page that somebody sees who opens a link's address in a browser: one button that leads into the app, and what else
//! can be done. It names nobody, and loads nothing.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use jianzai_wire::{Language, Secret};
use time::Date;

use crate::problem::{Refusal, SpeaksForItself};

const PAGE: &str = include_str!("page.html");
/// Nothing but what the page itself holds.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Whether a browser asks, for a person to read.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.contains("text/html")
}

/// The page of a link that can be used until a day. The token has been opened: it holds nothing but letters, digits, `-`, `_`.
pub(super) fn good(token: &Secret, until: Date, language: Language) -> Response {
    let (title, said, button, nothing) = match language {
        Language::Zh => (
            "可以办养老认证了",
            format!(
                "这个链接用到{}年{}月{}日（含当天），可以用多次。",
                until.year(),
                u8::from(until.month()),
                until.day()
            ),
            "打开“健在”，开始办",
            "按了没有反应？",
        ),
        Language::En => (
            "It is time to certify the pension",
            format!("This link can be used until {until}, as often as needed."),
            "Open Jianzai and begin",
            "Nothing happens? ",
        ),
    };
    let button = format!("<a href=\"jianzai://links/{}\">{button}</a>", token.expose());
    page(StatusCode::OK, language, title, &said, &button, &format!("{nothing}{}", without(language)))
}

/// The page of a link that can't be used: why, and what else can be done.
pub(super) fn refused(refusal: Refusal, language: Language) -> Response {
    let words = refusal.reason.words(language);
    let mut response = page(refusal.status, language, words.sentence, words.next_step, "", without(language));
    if let Some(seconds) = refusal.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// What can be done without the link.
fn without(language: Language) -> &'static str {
    match language {
        Language::Zh => {
            "请自己打开“健在”，从首页开始，一样能办。手机上没有“健在”，请家人、社区帮忙，或者打参保地社保电话。"
        }
        Language::En => {
            "Open Jianzai yourself and begin on its first page; it is the same. No Jianzai on this phone? Ask family or the \
             community for help, or phone the social security office."
        }
    }
}

fn page(status: StatusCode, language: Language, title: &str, said: &str, button: &str, otherwise: &str) -> Response {
    let text = PAGE
        .replace("{language}", language.tag())
        .replace("{title}", title)
        .replace("{said}", said)
        .replace("{button}", button)
        .replace("{otherwise}", otherwise);
    let mut response = (status, Html(text)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response.extensions_mut().insert(SpeaksForItself);
    response
}
