//! The real window, driven through WebKitWebDriver as a person would use it.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tokio::process::{Child, Command};

use crate::display::Display;
use crate::places;

/// A page that has not answered after this long has stopped.
const STOPPED: Duration = Duration::from_secs(40);

/// The app's window on a virtual display.
pub struct Window {
    client: Client,
    driver: Child,
    _display: Display,
}

impl Window {
    /// Opens the app. `environment` tells it where its service, data and camera are; what it and WebKit complain of is added
    /// to the file `log`.
    pub async fn open(environment: &[(&str, &str)], log: &Path) -> Result<Self> {
        let log = std::fs::File::options().create(true).append(true).open(log)?;
        let display = Display::start(480, 960)?;
        let port = free_port()?;
        let mut driver = Command::new("WebKitWebDriver");
        display.give_to(&mut driver);
        let driver = driver
            .args([&format!("--port={port}"), "--host=127.0.0.1"])
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env("JIANZAI_MODELS", places::models())
            .envs(environment.iter().copied())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("WebKitWebDriver could not be started: `cargo xtask setup` installs it")?;
        let client = connect(&format!("http://127.0.0.1:{port}")).await?;
        Ok(Self { client, driver, _display: display })
    }

    /// The element with this `data-testid`, as soon as it is there.
    pub async fn element(&self, id: &str, patience: Duration) -> Result<fantoccini::elements::Element> {
        let selector = format!("[data-testid='{id}']");
        let found = self.client.wait().at_most(patience).for_element(Locator::Css(&selector)).await;
        match found {
            Ok(element) => Ok(element),
            Err(error) => {
                let page = self.text().await.unwrap_or_default();
                bail!("no {id} within {patience:?} ({error}); the page says: {page}")
            }
        }
    }

    /// Presses a button once it is there and may be pressed. Found and pressed in one go, because pages change; pressed as a
    /// screen reader does it, which reaches the button wherever the page is scrolled.
    pub async fn press(&self, id: &str) -> Result<()> {
        let script = "const button = document.querySelector(`[data-testid='${arguments[0]}']`);
            if (!button || button.disabled) return false;
            button.scrollIntoView({block: 'center'}); button.click(); return true;";
        let until = Instant::now() + Duration::from_secs(20);
        while self.execute(script, vec![json!(id)]).await? != json!(true) {
            if Instant::now() > until {
                bail!("{id} cannot be pressed; the page says: {}", self.text().await?);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// Types into a field.
    pub async fn type_into(&self, id: &str, text: &str) -> Result<()> {
        self.element(id, Duration::from_secs(20)).await?.send_keys(text).await?;
        Ok(())
    }

    /// Everything that the page says.
    pub async fn text(&self) -> Result<String> {
        let said = self.script("return document.body.innerText").await?;
        Ok(said.as_str().unwrap_or_default().to_owned())
    }

    /// Runs a script in the page.
    pub async fn script(&self, script: &str) -> Result<serde_json::Value> {
        self.execute(script, vec![]).await
    }

    /// A picture of the window with faces, names and ID numbers masked.
    pub async fn screenshot(&self, to: &Path) -> Result<()> {
        let mask = "const style = document.createElement('style'); style.id = 'mask'; \
                    style.textContent = '[data-private] { filter: blur(28px) !important; }'; document.head.append(style);";
        self.script(mask).await?;
        tokio::time::sleep(Duration::from_millis(80)).await;
        let picture =
            tokio::time::timeout(STOPPED, self.client.screenshot()).await.context("no picture of the page")?;
        self.script("document.getElementById('mask').remove()").await?;
        std::fs::write(to, picture?)?;
        Ok(())
    }

    /// Runs a script in the page with arguments.
    pub async fn script_with(&self, script: &str, arguments: Vec<serde_json::Value>) -> Result<serde_json::Value> {
        self.execute(script, arguments).await
    }

    async fn execute(&self, script: &str, arguments: Vec<serde_json::Value>) -> Result<serde_json::Value> {
        let answer = tokio::time::timeout(STOPPED, self.client.execute(script, arguments)).await;
        Ok(answer.context("the page has stopped: it answers no script")??)
    }

    /// What the element with this `data-testid` says now; empty if it isn't there.
    pub async fn said(&self, id: &str) -> Result<String> {
        let script = "const found = document.querySelector(`[data-testid='${arguments[0]}']`); return found ? found.innerText : '';";
        let said = self.ask(script, vec![json!(id)]).await?;
        Ok(said.as_str().unwrap_or_default().to_owned())
    }

    /// An attribute of the element with this `data-testid`.
    pub async fn attribute(&self, id: &str, name: &str) -> Result<Option<String>> {
        let script =
            "return document.querySelector(`[data-testid='${arguments[0]}']`)?.getAttribute(arguments[1]) ?? null;";
        let found = self.ask(script, vec![json!(id), json!(name)]).await?;
        Ok(found.as_str().map(str::to_owned))
    }

    /// Runs a script that changes nothing. WebKit's driver now and then loses an answer, or spoils it.
    async fn ask(&self, script: &str, arguments: Vec<serde_json::Value>) -> Result<serde_json::Value> {
        for _ in 0..3 {
            match tokio::time::timeout(Duration::from_secs(10), self.client.execute(script, arguments.clone())).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => eprintln!("  asked again: {error}"),
                Err(_) => eprintln!("  asked again after 10 s"),
            }
        }
        self.execute(script, arguments).await
    }

    /// `kill -9` of the app, as when a phone runs out of memory or power; its driver is of no more use then.
    pub async fn kill(mut self) -> Result<()> {
        let app = self.app()?;
        let killed = Command::new("kill").args(["-9", &app]).status().await?;
        ensure!(killed.success(), "the app could not be killed");
        let gone = Instant::now() + Duration::from_secs(20);
        while running(&app) {
            ensure!(Instant::now() < gone, "the app lives on");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.driver.kill().await?;
        Ok(())
    }

    /// The process of the app, a child of the driver's.
    fn app(&self) -> Result<String> {
        let driver = self.driver.id().context("the driver runs")?;
        for thread in std::fs::read_dir(format!("/proc/{driver}/task"))? {
            let children = std::fs::read_to_string(thread?.path().join("children"))?;
            let app = children.split_whitespace().find(|child| name_of(child).starts_with("jianzai-app"));
            if let Some(app) = app {
                return Ok(app.to_owned());
            }
        }
        bail!("the driver has no app")
    }

    /// Closes the window and stops the driver.
    pub async fn close(mut self) -> Result<()> {
        self.client.close().await?;
        self.driver.kill().await?;
        Ok(())
    }
}

async fn connect(url: &str) -> Result<Client> {
    let app = places::built("jianzai-app")?;
    let options = json!({"webkitgtk:browserOptions": {"binary": app, "args": []}});
    let capabilities = options.as_object().context("an object")?.clone();
    let until = Instant::now() + Duration::from_secs(40);
    loop {
        match ClientBuilder::new(HttpConnector::new()).capabilities(capabilities.clone()).connect(url).await {
            Ok(client) => return Ok(client),
            Err(error) if Instant::now() > until => bail!("the window did not open: {error}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(300)).await,
        }
    }
}

fn name_of(process: &str) -> String {
    std::fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default()
}

/// Whether a process is still there, and no zombie.
fn running(process: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}

/// A port that was free a moment ago.
fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
