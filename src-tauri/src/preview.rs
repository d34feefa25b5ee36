//! The scheme `preview`: `preview://localhost/<n>` is the latest picture of a camera that Rust drives, as JPEG, whatever
//! the number; `preview://localhost/certificate.png` the certificate. Nothing there yet: 404.

use std::borrow::Cow;
use std::sync::Arc;

use jianzai_journey::DrawnForm;
use tauri::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use tauri::http::{Request, Response, StatusCode};
use tauri::{Manager as _, Runtime, UriSchemeContext, UriSchemeResponder};

use crate::state::App;

/// Answers a request of the page.
pub(crate) fn answer<R: Runtime>(
    context: UriSchemeContext<'_, R>,
    request: Request<Vec<u8>>,
    responder: UriSchemeResponder,
) {
    let app = Arc::clone(&context.app_handle().state::<Arc<App>>());
    let is_certificate = request.uri().path().ends_with("/certificate.png");
    tauri::async_runtime::spawn(async move {
        let (kind, found) = if is_certificate {
            ("image/png", certificate(&app).await)
        } else {
            // Encoding a picture takes some milliseconds: not on the thread that runs everything else.
            let picture = tauri::async_runtime::spawn_blocking(move || app.picture()).await;
            ("image/jpeg", picture.ok().flatten().map(Cow::Owned))
        };
        responder.respond(response(kind, found));
    });
}

async fn certificate(app: &App) -> Option<Cow<'static, [u8]>> {
    let drawn = app.certificate()?.fetch(DrawnForm::Png).await.ok()?;
    Some(Cow::Owned(drawn.to_vec()))
}

fn response(kind: &'static str, body: Option<Cow<'static, [u8]>>) -> Response<Cow<'static, [u8]>> {
    let status = if body.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    let mut response = Response::new(body.unwrap_or_default());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, tauri::http::HeaderValue::from_static(kind));
    // A face is not to be found in any cache.
    headers.insert(CACHE_CONTROL, tauri::http::HeaderValue::from_static("no-store"));
    response
}
