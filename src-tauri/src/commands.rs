//! What the page can ask for. Each command parses, calls the journey, and answers in the page's terms; what goes wrong is
//! a [`Said`]: code, sentence, next step.

use std::sync::Arc;

use jianzai_journey::outbox::Header;
use jianzai_journey::person::{Field, TypedFacts};
use jianzai_journey::{
    CONSENT_VERSION, Certification, DrawnForm, EventSink, JourneyEvent, Preferences, Request as Certify, Said,
};
use jianzai_wire::api::ConsentBy;
use jianzai_wire::{Action, Division, Language, Mode, ReasonCode};
use serde::{Deserialize, Serialize};
use tauri::ipc::{Channel, InvokeBody, Request};
use tauri::{AppHandle, Manager as _};

use crate::state::{Camera, Shared};

/// What this installation is and has.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppInfo {
    demo: bool,
    actor: bool,
    /// The system's.
    language: Language,
    preferences: Preferences,
    cameras: Vec<CameraName>,
    consent_version: &'static str,
}

#[derive(Serialize)]
struct CameraName {
    id: String,
    name: String,
}

#[tauri::command(async)]
pub(crate) fn app_info(app: Shared<'_>) -> AppInfo {
    // No camera, or none that Rust may use: then the page looks for one itself.
    let cameras = jianzai_camera::list_cameras().unwrap_or_default();
    AppInfo {
        demo: cfg!(feature = "demo"),
        actor: app.actor.is_some(),
        language: app.journey.config().language,
        preferences: Preferences::kept(&app.journey.config().data),
        cameras: cameras.into_iter().map(|c| CameraName { id: c.number.to_string(), name: c.name }).collect(),
        consent_version: CONSENT_VERSION,
    }
}

/// A division that can be chosen.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DivisionName {
    code: String,
    name: &'static str,
    has_children: bool,
}

#[tauri::command(async)]
pub(crate) fn divisions(app: Shared<'_>, parent: Option<String>) -> Result<Vec<DivisionName>, Said> {
    let parent = parent.map(|code| Division::parse(&code)).transpose().map_err(|reason| app.said(reason))?;
    let children = Division::children(parent).into_iter();
    Ok(children
        .map(|division| DivisionName {
            code: String::from(division),
            name: division.name(),
            has_children: !Division::children(Some(division)).is_empty(),
        })
        .collect())
}

#[tauri::command(async)]
pub(crate) fn check_field(app: Shared<'_>, field: Field, value: String, language: Language) -> Option<Said> {
    app.speak(language);
    field.check(&value).err().map(|reason| app.said(reason))
}

#[tauri::command(async)]
pub(crate) fn warm_camera(app: Shared<'_>, camera: Camera) -> Result<(), Said> {
    app.warm(app.choice(camera)?).map_err(|reason| app.said(reason))
}

/// Who agreed.
#[derive(Deserialize)]
pub(crate) struct Consented {
    by: ConsentBy,
}

#[expect(clippy::too_many_arguments, reason = "they are the names that the page sends")]
#[tauri::command(async)]
pub(crate) fn begin(
    app: Shared<'_>,
    mode: Mode,
    person: TypedFacts,
    consent: Consented,
    cannot: Vec<Action>,
    camera: Camera,
    language: Language,
    events: Channel<JourneyEvent>,
) -> Result<(), Said> {
    app.speak(language);
    let limitations = person.limitations.clone();
    let person = person.check().map_err(|bad| app.said(bad.reason))?;
    let camera = app.choice(camera)?;
    let link = app.link();
    let request = Certify { person, mode, consent: consent.by, cannot, limitations, camera, link, session: None };
    // The former certification ends, and lets its camera go, before the next begins.
    app.replace(None);
    let (mut tell, noticing) = (sink(events), Arc::clone(&app));
    let tell: EventSink = Box::new(move |event| {
        noticing.notice(&event);
        tell(event);
    });
    app.replace(Some(app.journey().certify(request, app.take_warm(), tell)));
    Ok(())
}

#[tauri::command]
pub(crate) fn prompt_ended(app: Shared<'_>, id: u32) {
    app.with_current(|certification| certification.prompt_ended(id));
}

/// One frame of the page's camera: JPEG, or RGBA with the headers `x-format: rgba`, `x-width` and `x-height`. A frame that
/// nobody waits for is no error.
#[tauri::command(async)]
pub(crate) fn push_frame(app: Shared<'_>, request: Request<'_>) -> Result<(), Said> {
    let refused = || app.said(ReasonCode::CameraStopped);
    let InvokeBody::Raw(frame) = request.body() else { return Err(refused()) };
    let Some(booth) = app.with_current(Certification::booth).flatten() else { return Ok(()) };
    let Some(pusher) = booth.pusher() else { return Ok(()) };
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let pushed = match header("x-format") {
        Some("rgba") => {
            let side = |name| header(name).and_then(|value| value.parse().ok()).unwrap_or(0);
            pusher.push_rgba(side("x-width"), side("x-height"), frame)
        }
        _ => pusher.push_jpeg(frame),
    };
    match pushed {
        // The capture has ended while this frame was on its way.
        Ok(_) | Err(jianzai_camera::PushError::Closed) => Ok(()),
        Err(_) => Err(refused()),
    }
}

#[tauri::command(async)]
pub(crate) fn cancel(app: Shared<'_>) {
    drop(app.take_warm());
    app.with_current(Certification::cancel);
}

/// Tries again; answers whether there is a certification that can.
#[tauri::command]
pub(crate) fn retry(app: Shared<'_>) -> bool {
    app.with_current(Certification::retry).is_some()
}

/// Appeals against the refusal that is on the screen; answers the day by which somebody answers.
#[tauri::command]
pub(crate) async fn appeal(app: Shared<'_>, language: Language) -> Result<String, Said> {
    app.speak(language);
    let refused = app.with_current(Certification::refused).flatten();
    let refused = refused.ok_or_else(|| app.said(ReasonCode::AppealNothing))?;
    let appeal = refused.appeal(None).await.map_err(|reason| app.said(reason))?;
    Ok(appeal.answer_by.to_string())
}

/// Something that waits; says nothing about a person.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WaitingItem {
    attempt: String,
    captured_at: String,
    bytes: u64,
}

#[tauri::command(async)]
pub(crate) fn outbox(app: Shared<'_>) -> Result<Vec<WaitingItem>, Said> {
    let waiting = app.journey.outbox().and_then(|outbox| outbox.waiting()).map_err(|e| app.said(e.reason()))?;
    let item = |header: Header| WaitingItem {
        attempt: header.attempt.to_string(),
        captured_at: header.captured_at.to_string(),
        bytes: header.bytes,
    };
    Ok(waiting.into_iter().map(item).collect())
}

/// Takes up the oldest of what waits and was not taken up lately; its events follow in the channel. Answers whether there
/// was anything.
#[tauri::command(async)]
pub(crate) fn resume(app: Shared<'_>, language: Language, events: Channel<JourneyEvent>) -> Result<bool, Said> {
    app.speak(language);
    let waiting = app.journey.outbox().and_then(|outbox| outbox.waiting()).map_err(|e| app.said(e.reason()))?;
    let Some(next) = app.next_of(waiting) else { return Ok(false) };
    app.replace(None);
    app.replace(Some(app.journey().resume(next, sink(events))));
    Ok(true)
}

/// Keeps how people want the app. What the disk does not take lasts as long as the window.
#[tauri::command(async)]
pub(crate) fn keep_preferences(app: Shared<'_>, preferences: Preferences) {
    if let Err(error) = preferences.keep(&app.journey.config().data) {
        tracing::warn!(%error, "preferences are not kept");
    }
}

/// Saves the certificate where people look for what they saved, and answers where.
#[tauri::command]
pub(crate) async fn save_certificate(handle: AppHandle, app: Shared<'_>, kind: DrawnForm) -> Result<String, Said> {
    let drawn = app.certificate().ok_or_else(|| app.said(ReasonCode::CertificateUnreadable))?;
    let file = drawn.fetch(kind).await.map_err(|error| app.said(error.reason()))?;
    let full = || app.said(ReasonCode::DeviceStorageFull);
    let folder = handle.path().download_dir().or_else(|_| handle.path().home_dir()).map_err(|_| full())?;
    std::fs::create_dir_all(&folder).map_err(|_| full())?;
    let path = folder.join(format!("jianzai-{}-{}", drawn.attempt(), kind.file_name()));
    std::fs::write(&path, &file).map_err(|_| full())?;
    app.journey.certificate_is_saved(drawn.attempt());
    Ok(path.display().to_string())
}

fn sink(events: Channel<JourneyEvent>) -> EventSink {
    Box::new(move |event| {
        // A page that is gone hears nothing more; what is saved is delivered all the same.
        let _ = events.send(event);
    })
}
