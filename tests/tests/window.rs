//! The journey through the real window: WebKit, the real commands, the real service.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use jianzai_tests::people::{AT_HOME, Register, VISITED};
use jianzai_tests::service::Service;
use jianzai_tests::window::Window;
use jianzai_tests::{clear, places, program};
use tokio::sync::{Mutex, MutexGuard};

/// One window at a time: a page that draws what a camera gives needs the machine to itself, as it has it on a phone.
static ALONE: Mutex<()> = Mutex::const_new(());

struct Stage {
    _alone: MutexGuard<'static, ()>,
    folder: tempfile::TempDir,
    service: Service,
}

impl Stage {
    async fn set() -> Result<Self> {
        let alone = ALONE.lock().await;
        let folder = tempfile::tempdir()?;
        let register = Register::write(&folder.path().join("register"))?;
        let service = Service::start(&folder.path().join("service"), &register, &["--demo"])?;
        Ok(Self { _alone: alone, folder, service })
    }

    /// A window whose every file, WebKit's own included, lies below `app` in the stage's folder.
    async fn window(&self) -> Result<Window> {
        let app = self.folder.path().join("app");
        let home = app.join("home");
        std::fs::create_dir_all(home.join("tmp"))?;
        let text = |path: &std::path::Path| path.to_string_lossy().into_owned();
        let values = [
            ("JIANZAI_SERVER", self.service.url().to_owned()),
            ("JIANZAI_DATA", text(&app.join("data"))),
            ("JIANZAI_ACTOR", text(&places::actor())),
            ("HOME", text(&home)),
            ("XDG_DATA_HOME", text(&home.join("share"))),
            ("XDG_CACHE_HOME", text(&home.join("cache"))),
            ("XDG_CONFIG_HOME", text(&home.join("config"))),
            ("TMPDIR", text(&home.join("tmp"))),
        ];
        let environment: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Window::open(&environment, &app.join("window.log")).await
    }

    fn nothing_in_clear(&self) -> Result<()> {
        for person in [&AT_HOME, &VISITED] {
            for folder in ["app", "service"] {
                let found = clear::search(&self.folder.path().join(folder), person)?;
                ensure!(found.is_empty(), "{found:?}");
            }
        }
        Ok(())
    }
}

async fn result(window: &Window) -> Result<String> {
    let until = Instant::now() + Duration::from_secs(150);
    loop {
        if let Some(state) = window.result().await? {
            return Ok(state);
        }
        ensure!(Instant::now() < until, "no result; the page says: {}", window.text().await?);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_certifies_and_leaves_nothing_personal_behind() -> Result<()> {
    let stage = Stage::set().await?;
    let keys = stage.folder.path().join("keys.json");
    program::fetch_keys(&stage.service, &keys)?;
    let window = stage.window().await?;
    window.walk_to_ready("self", &AT_HOME, None).await?;
    window.press("camera-actor").await?;
    window.press("start-capture").await?;
    let state = result(&window).await?;
    ensure!(state == "certified", "{state}: {}", window.text().await?);
    window.wait_for_certificate_picture().await?;
    let text = window.attribute("certificate", "data-text").await?.unwrap_or_default();
    let file = stage.folder.path().join("certificate.txt");
    std::fs::write(&file, text)?;
    let (said, good) = program::verify(&file, &keys)?;
    ensure!(good, "{said}");
    window.close().await?;
    stage.nothing_in_clear()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_window_had_saved_is_sent_when_it_is_opened_again() -> Result<()> {
    let mut stage = Stage::set().await?;
    let window = stage.window().await?;
    window.walk_to_ready("self", &AT_HOME, None).await?;
    window.press("camera-actor").await?;
    window.press("start-capture").await?;
    window.element("saved", Duration::from_secs(120)).await?;
    stage.service.kill()?;
    window.kill().await?;

    let window = stage.window().await?;
    window.element("waiting", Duration::from_secs(20)).await?;
    stage.service.kill_and_restart()?;
    window.press("resume").await?;
    let state = result(&window).await?;
    ensure!(state == "certified", "{state}: {}", window.text().await?);
    ensure!(stage.service.certificates()? == 1, "certified once");
    window.close().await?;

    let window = stage.window().await?;
    window.element("welcome-self", Duration::from_secs(20)).await?;
    ensure!(window.attribute("waiting", "data-count").await?.is_none(), "nothing waits any more");
    window.close().await?;
    stage.nothing_in_clear()
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_of_the_webviews_own_camera_certify_too() -> Result<()> {
    let stage = Stage::set().await?;
    let window = stage.window().await?;
    // The page opens its camera on the last screen before the capture.
    window.replace_camera().await?;
    window.walk_to_ready("assisted", &VISITED, None).await?;
    window.press("camera-webview").await?;
    window.press("start-capture").await?;
    let state = window.feed(&places::actor()).await?;
    let facing = window.script("return window.askedFacing").await?;
    ensure!(state == "certified", "{state}: {}", window.text().await?);
    let all_rear =
        facing.as_array().is_some_and(|asked| !asked.is_empty() && asked.iter().all(|mode| mode == "environment"));
    ensure!(all_rear, "for someone else the rear camera is asked for, not {facing}");
    window.close().await?;
    stage.nothing_in_clear()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_fact_is_refused_in_words() -> Result<()> {
    let stage = Stage::set().await?;
    let window = stage.window().await?;
    let wrong = jianzai_tests::people::Person { residence: "530100", ..AT_HOME };
    window.walk_to_ready("self", &wrong, None).await?;
    window.press("camera-actor").await?;
    window.press("start-capture").await?;
    ensure!(result(&window).await? == "refused");
    ensure!(window.said("result-code").await?.contains("identity.not_confirmed"));
    ensure!(!window.said("result-next-step").await?.is_empty(), "every refusal has a next step");
    window.close().await
}
