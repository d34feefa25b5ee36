//! What `cargo xtask run` shows: the service with a demo register, and the app before it.
//!
//! **In**: nothing, or `--headless`. **Out**: with a display, the app for a person to use, its camera or the recorded
//! person; headless, two certificates made by driving the real window, checked offline with keys fetched beforehand, and
//! masked pictures of every screen under `target/demo`. **What can go wrong**: any step may fail; the error says which, and
//! what the window said.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use jianzai_tests::people::{AT_HOME, Person, Register, VISITED};
use jianzai_tests::service::Service;
use jianzai_tests::window::Window;
use jianzai_tests::{places, program};

fn main() -> Result<()> {
    let headless = std::env::args().any(|argument| argument == "--headless");
    let folder = places::workspace().join("target/demo");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let register = Register::write(&folder.join("register"))?;
    let service = Service::start(&folder.join("service"), &register, &["--demo"])?;
    println!("  the service listens on {}", service.url());
    if headless {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(go_the_whole_way(&folder, &service))
    } else {
        open(&folder, &service)
    }
}

/// Opens the app and waits until it is closed.
fn open(folder: &Path, service: &Service) -> Result<()> {
    println!("  the demo register has, among others:\n\n{}", AT_HOME.toml());
    println!(
        "  His portrait is that of the recorded person; with your own face the answer is \"not the same person\"."
    );
    println!("  Close the window to end the service.");
    let mut app = Command::new(places::built("jianzai-app")?);
    app.env("JIANZAI_MODELS", places::models()).envs(environment(folder, service));
    ensure!(app.status()?.success(), "the app ended with an error");
    Ok(())
}

async fn go_the_whole_way(folder: &Path, service: &Service) -> Result<()> {
    let keys = folder.join("keys.json");
    program::fetch_keys(service, &keys)?;
    let mut made = Vec::new();
    for (mode, person) in [("self", &AT_HOME), ("assisted", &VISITED)] {
        let pictures = folder.join("screenshots").join(mode);
        std::fs::create_dir_all(&pictures)?;
        let certificate = certify(folder, service, mode, person, &pictures).await.with_context(|| {
            format!("certification {mode}; the window's log is {}", folder.join("app.log").display())
        })?;
        let (said, good) = program::verify(&certificate, &keys)?;
        ensure!(good, "{} does not verify: {said}", certificate.display());
        println!("  {mode}: {}", said.trim().replace('\n', "\n    "));
        made.push((certificate, pictures));
    }
    for (certificate, pictures) in made {
        println!("  certificate {}\n  screenshots {}", certificate.display(), pictures.display());
    }
    Ok(())
}

fn environment(folder: &Path, service: &Service) -> Vec<(&'static str, String)> {
    vec![
        ("JIANZAI_SERVER", service.url().to_owned()),
        ("JIANZAI_DATA", folder.join("app").to_string_lossy().into_owned()),
        ("JIANZAI_ACTOR", places::actor().to_string_lossy().into_owned()),
        // What is saved there stays below this folder too.
        ("HOME", folder.join("home").to_string_lossy().into_owned()),
        ("XDG_DATA_HOME", folder.join("home/share").to_string_lossy().into_owned()),
    ]
}

/// One certification through the window. Returns the saved certificate.
async fn certify(folder: &Path, service: &Service, mode: &str, person: &Person, pictures: &Path) -> Result<PathBuf> {
    let environment = environment(folder, service);
    let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let window = Window::open(&environment).await?;
    let begun = Instant::now();
    window.walk_to_ready(mode, person, Some(pictures)).await?;
    window.press("camera-actor").await?;
    window.press("start-capture").await?;
    println!("  {mode}: at the camera after {:.1} s", begun.elapsed().as_secs_f32());
    let state = follow(&window, pictures).await?;
    println!("  {mode}: {state} after {:.1} s", begun.elapsed().as_secs_f32());
    if state != "certified" {
        bail!("the window ended with {state}: {}", window.text().await?);
    }
    let saved = window.save_certificate("png").await?;
    let to = folder.join(format!("certificate-{mode}.png"));
    std::fs::copy(saved, &to)?;
    window.close().await?;
    Ok(to)
}

/// Prints each new instruction and takes a picture of it, until there is a result.
async fn follow(window: &Window, pictures: &Path) -> Result<String> {
    let until = Instant::now() + Duration::from_secs(180);
    let (mut told, mut count) = (String::new(), 0);
    loop {
        let now = window.said("instruction").await?;
        if now != told && !now.is_empty() {
            count += 1;
            println!("    {now}");
            window.screenshot(&pictures.join(format!("7-capture-{count:02}.png"))).await?;
            told = now;
        }
        if let Some(state) = window.result().await? {
            if state == "certified" {
                window.wait_for_certificate_picture().await?;
            }
            window.screenshot(&pictures.join("8-result.png")).await?;
            return Ok(state);
        }
        if Instant::now() > until {
            bail!("no result within three minutes; the page says: {}", window.text().await?);
        }
        tokio::time::sleep(Duration::from_millis(120)).await;
    }
}
