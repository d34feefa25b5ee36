//! The walk through the window's screens, as a person takes it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::people::Person;
use crate::window::Window;

const PATIENCE: Duration = Duration::from_secs(20);

impl Window {
    /// From the welcome screen to the last one before the camera: who, the four facts, consent. With `pictures`, a masked picture of each screen.
    pub async fn walk_to_ready(&self, mode: &str, person: &Person, pictures: Option<&Path>) -> Result<()> {
        let picture = async |name: &str| match pictures {
            Some(folder) => self.screenshot(&folder.join(name)).await,
            None => Ok(()),
        };
        self.element(&format!("welcome-{mode}"), PATIENCE).await?;
        picture("1-welcome.png").await?;
        self.press(&format!("welcome-{mode}")).await?;
        self.type_into("field-name", person.name).await?;
        self.type_into("field-id", person.id_number).await?;
        picture("2-who.png").await?;
        self.press("next").await?;
        self.choose_place("insured", person.insured_place).await?;
        picture("3-insured-place.png").await?;
        self.press("next").await?;
        self.choose_place("residence", person.residence).await?;
        picture("4-residence.png").await?;
        self.press("next").await?;
        self.element("consent-yes", PATIENCE).await?;
        picture("5-consent.png").await?;
        self.press("consent-yes").await?;
        self.element("start-capture", PATIENCE).await?;
        picture("6-ready.png").await?;
        Ok(())
    }

    /// On one of the two screens of places: the province, then the city as a whole.
    async fn choose_place(&self, kind: &str, code: &str) -> Result<()> {
        let province = code.get(..2).context("a division code has six digits")?;
        self.element(&format!("place-{kind}-province"), PATIENCE).await?;
        self.press(&format!("place-option-{province}0000")).await?;
        self.element(&format!("place-{kind}-city"), PATIENCE).await?;
        self.press(&format!("place-option-{code}")).await?;
        self.press(&format!("place-{kind}-whole")).await
    }

    /// The state of the result screen: `certified`, `review`, `refused` or `failed`; `None` before it.
    pub async fn result(&self) -> Result<Option<String>> {
        self.attribute("result-state", "data-state").await
    }

    /// Waits until the certificate's picture is on the result screen.
    pub async fn wait_for_certificate_picture(&self) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        let drawn = "const picture = document.querySelector(\"[data-testid='certificate'][data-state='shown'] img\");
            return Boolean(picture && picture.complete && picture.naturalWidth > 0);";
        while self.script(drawn).await? != serde_json::Value::Bool(true) {
            ensure!(Instant::now() < until, "no picture of the certificate; the page says: {}", self.text().await?);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// Presses "save" and returns the file that the window says it wrote.
    pub async fn save_certificate(&self, kind: &str) -> Result<PathBuf> {
        self.press(if kind == "pdf" { "save-certificate-pdf" } else { "save-certificate" }).await?;
        self.element("saved-to", PATIENCE).await?;
        let path = self.attribute("saved-to", "data-path").await?;
        path.map(PathBuf::from).context("the window does not say where it saved the certificate")
    }
}
