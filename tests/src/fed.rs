//! A recorded person before the WebView's own camera: frames are drawn on a canvas whose stream stands in for the camera,
//! and go through the production grabber. (An attacker with a virtual camera does the same; see docs/THREATS.md.)

use std::io::Cursor;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use base64::Engine as _;
use jianzai_camera::actor::{Actor, Instruction};
use jianzai_camera::{CaptureClock, FrameSource as _};
use jianzai_wire::Action;
use serde_json::json;

use crate::window::Window;

/// Replaces the page's camera by a canvas.
const CANVAS: &str = "
    const canvas = document.createElement('canvas');
    canvas.width = 400; canvas.height = 300;
    const context = canvas.getContext('2d');
    context.fillRect(0, 0, 400, 300);
    window.drawFrame = async (text) => {
        const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
        context.drawImage(await createImageBitmap(new Blob([bytes], {type: 'image/jpeg'})), 0, 0, 400, 300);
    };
    window.askedFacing = [];
    // On the prototype: WebKit may make the object itself anew.
    MediaDevices.prototype.getUserMedia = async (wanted) => {
        window.askedFacing.push(wanted.video.facingMode);
        return canvas.captureStream(25);
    };";

/// Draws a frame, and tells what the page says meanwhile.
const DRAW: &str = "
    window.drawFrame(arguments[0]);
    const told = document.querySelector(\"[data-testid='instruction']\");
    const ended = document.querySelector(\"[data-testid='result-state']\");
    return [told ? told.dataset.instruction : null, ended ? ended.dataset.state : null];";

impl Window {
    /// From now on the page gets the canvas when it asks for a camera.
    pub async fn replace_camera(&self) -> Result<()> {
        self.script(CANVAS).await?;
        Ok(())
    }

    /// Feeds the actor's frames, asking of the actor whatever the page asks, until there is a result.
    pub async fn feed(&self, actor: &Path) -> Result<String> {
        let mut actor = Actor::open(actor, 11, CaptureClock::real())?;
        let cue = actor.cue();
        let until = Instant::now() + Duration::from_secs(150);
        let mut told = String::new();
        loop {
            let frame = tokio::task::block_in_place(|| actor.next())?;
            let mut jpeg = Vec::new();
            image::codecs::jpeg::JpegEncoder::new_with_quality(&mut Cursor::new(&mut jpeg), 95)
                .encode_image(&frame.image)?;
            let text = base64::engine::general_purpose::STANDARD.encode(&jpeg);
            let answer = self.script_with(DRAW, vec![json!(text)]).await?;
            if let Some(state) = answer.get(1).and_then(serde_json::Value::as_str) {
                return Ok(state.to_owned());
            }
            let now = answer.get(0).and_then(serde_json::Value::as_str).unwrap_or_default();
            if now != told {
                now.clone_into(&mut told);
                let action = Action::ALL.into_iter().find(|action| action.name() == now);
                cue.ask(action.map_or(Instruction::Rest, Instruction::Do));
            }
            if Instant::now() > until {
                bail!("no result; the page says: {}", self.text().await?);
            }
        }
    }
}
