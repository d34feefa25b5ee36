//! Where this installation finds its service, its own folder, the networks and the actor.
//!
//! | what | environment | otherwise |
//! |---|---|---|
//! | service | `JIANZAI_SERVER` | this machine, port 8470 |
//! | own folder | `JIANZAI_DATA` | the system's folder for this app |
//! | networks | `JIANZAI_MODELS` | a debug build: those of its source; else those bundled (`tauri.bundle.conf.json`) |
//! | actor (demo) | `JIANZAI_ACTOR` | none |
//! | link that led here | `JIANZAI_LINK` | the first argument, `jianzai://links/…`, as a desktop hands over an address; or none |

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jianzai_journey::{Journey, JourneyConfig, system_language};
use jianzai_wire::Secret;
use tauri::Manager as _;

use crate::state::App;

/// As long as the window is open there is patience; what then still waits is delivered another day.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);

/// Prepares the state, and begins to deliver what a former run left.
pub(crate) fn prepare(app: &mut tauri::App) -> Result<(), Box<dyn std::error::Error>> {
    let server = std::env::var("JIANZAI_SERVER").unwrap_or_else(|_| "http://127.0.0.1:8470".to_owned());
    let data = data(app)?;
    let config = JourneyConfig { server, data, models: models(app)?, language: system_language(), patience: PATIENCE };
    let journey = Journey::new(config)?;
    journey.deliver_in_background();
    let actor = cfg!(feature = "demo").then(|| std::env::var_os("JIANZAI_ACTOR").map(PathBuf::from)).flatten();
    app.manage(Arc::new(App::new(journey, actor, link(std::env::args().nth(1), std::env::var("JIANZAI_LINK").ok()))));
    Ok(())
}

/// What the link carries that led here. What is no link of this app opens the window all the same.
fn link(argument: Option<String>, variable: Option<String>) -> Option<Secret> {
    let token = argument.as_deref().and_then(|address| address.strip_prefix("jianzai://links/"));
    let token = token.map(|token| token.trim_end_matches('/').to_owned());
    token.or(variable).filter(|token| !token.is_empty()).map(Secret::new)
}

/// The app's own folder.
pub(crate) fn data(app: &tauri::App) -> tauri::Result<PathBuf> {
    match std::env::var_os("JIANZAI_DATA") {
        Some(folder) => Ok(folder.into()),
        None => app.path().app_local_data_dir(),
    }
}

fn models(app: &tauri::App) -> tauri::Result<PathBuf> {
    if let Some(folder) = std::env::var_os("JIANZAI_MODELS") {
        return Ok(folder.into());
    }
    let source = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../models"));
    if cfg!(debug_assertions) && source.join("MODELS.toml").is_file() {
        return Ok(source);
    }
    Ok(app.path().resource_dir()?.join("models"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_comes_as_an_address_or_by_the_environment() {
        let led = |argument: &str, variable: Option<&str>| {
            let found = link(Some(argument.to_owned()), variable.map(str::to_owned));
            found.map(|token| token.expose().to_owned())
        };
        // Browsers end an address as they like.
        for address in ["jianzai://links/AbC-_9", "jianzai://links/AbC-_9/"] {
            assert_eq!(led(address, Some("other")).as_deref(), Some("AbC-_9"));
        }
        for other in ["jianzai://links/", "jianzai://", "https://example.org/v1/links/AbC", "--help", ""] {
            assert_eq!(led(other, None), None, "{other}");
        }
        assert_eq!(led("--help", Some("AbC")).as_deref(), Some("AbC"));
        assert!(link(None, None).is_none());
    }
}
