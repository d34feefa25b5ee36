//! A recorded person before the WebView's own camera: frames are drawn on a canvas whose stream stands in for the camera,
//! and go through the production grabber. (An attacker with a virtual camera does the same; see docs/THREATS.md.)

use std::io::Cursor;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use base64::Engine as _;
use image::codecs::jpeg::JpegEncoder;
use jianzai_camera::actor::{Actor, Instruction};
use jianzai_camera::{CaptureClock, FrameSource as _};
use jianzai_wire::Action;
use serde_json::json;

use crate::window::Window;

/// Frames that a call hands over. Many at once, because a call takes longer than a frame lasts.
const AT_ONCE: usize = 10;
/// So many frames lie ready in the page; a person reacts later by as much.
const AHEAD: u64 = 20;

/// Replaces the page's camera by a canvas on which the frames that lie ready are drawn, 25 a second.
const CANVAS: &str = "
    const canvas = document.createElement('canvas');
    canvas.width = 400; canvas.height = 300;
    const context = canvas.getContext('2d');
    context.fillRect(0, 0, 400, 300);
    window.framesReady = [];
    setInterval(() => {
        const next = window.framesReady.shift();
        if (next) next.then((picture) => { context.drawImage(picture, 0, 0, 400, 300); picture.close(); });
    }, 40);
    window.askedFacing = [];
    // On the prototype: WebKit may make the object itself anew.
    MediaDevices.prototype.getUserMedia = async (wanted) => {
        window.askedFacing.push(wanted.video.facingMode);
        return canvas.captureStream(25);
    };";

/// Takes in frames, and tells how many lie ready and what the page says meanwhile.
const TAKE: &str = "
    for (const text of arguments[0]) {
        const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
        window.framesReady.push(createImageBitmap(new Blob([bytes], {type: 'image/jpeg'})));
    }
    const told = document.querySelector(\"[data-testid='instruction']\");
    const ended = document.querySelector(\"[data-testid='result-state']\");
    return [window.framesReady.length, told ? told.dataset.instruction : null, ended ? ended.dataset.state : null];";

impl Window {
    /// From now on the page gets the canvas when it asks for a camera.
    pub async fn replace_camera(&self) -> Result<()> {
        self.script(CANVAS).await?;
        Ok(())
    }

    /// Feeds the actor's frames, asking of the actor whatever the page asks, until there is a result.
    pub async fn feed(&self, actor: &Path) -> Result<String> {
        let mut actor = Actor::open(actor, 11, CaptureClock::virtual_at_zero())?;
        let cue = actor.cue();
        let until = Instant::now() + Duration::from_secs(150);
        let (mut told, mut ready) = (String::new(), 0);
        loop {
            let wanted = if ready < AHEAD { AT_ONCE } else { 0 };
            let frames = (0..wanted).map(|_| jpeg(&mut actor)).collect::<Result<Vec<_>>>()?;
            let answer = self.script_with(TAKE, vec![json!(frames)]).await?;
            ready = answer.get(0).and_then(serde_json::Value::as_u64).unwrap_or_default();
            let said = |place: usize| answer.get(place).and_then(serde_json::Value::as_str);
            if let Some(state) = said(2) {
                return Ok(state.to_owned());
            }
            let now = said(1).unwrap_or_default();
            if now != told {
                now.clone_into(&mut told);
                let action = Action::ALL.into_iter().find(|action| action.name() == now);
                cue.ask(action.map_or(Instruction::Rest, Instruction::Do));
            }
            if Instant::now() > until {
                bail!("no result; the page says: {}", self.text().await?);
            }
            if wanted == 0 {
                tokio::time::sleep(Duration::from_millis(60)).await;
            }
        }
    }
}

/// The actor's next frame, as the page can read it.
fn jpeg(actor: &mut Actor) -> Result<String> {
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut Cursor::new(&mut jpeg), 95).encode_image(&actor.next()?.image)?;
    Ok(base64::engine::general_purpose::STANDARD.encode(&jpeg))
}
