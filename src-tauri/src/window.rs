//! The one window: what its page may ask of the system, and where it keeps nothing.

use tauri::WebviewWindowBuilder;
use tauri::webview::{PermissionKind, PermissionResponse};

use crate::setup;

/// The camera, and nothing else.
pub(crate) fn allow(kind: PermissionKind) -> PermissionResponse {
    match kind {
        PermissionKind::Camera => PermissionResponse::Allow,
        _ => PermissionResponse::Deny,
    }
}

/// Opens the window. The page's storage is forgotten with it; a window that is driven by WebDriver cannot be private, and
/// keeps its storage in the app's own folder.
pub(crate) fn open(app: &mut tauri::App) -> Result<(), Box<dyn std::error::Error>> {
    let config = app.config().app.windows.first().cloned().ok_or("tauri.conf.json names no window")?;
    let driven = std::env::var_os("TAURI_WEBVIEW_AUTOMATION").is_some_and(|value| value == "true");
    let builder = WebviewWindowBuilder::from_config(app.handle(), &config)?.incognito(!driven);
    let builder = builder.data_directory(setup::data(app)?.join("webview"));
    let window = builder.build()?;
    #[cfg(target_os = "linux")]
    enable_camera(&window)?;
    #[cfg(not(target_os = "linux"))]
    drop(window);
    Ok(())
}

/// WebKitGTK has cameras switched off until it is told otherwise.
#[cfg(target_os = "linux")]
fn enable_camera(window: &tauri::WebviewWindow) -> tauri::Result<()> {
    window.with_webview(|webview| {
        use webkit2gtk::{SettingsExt as _, WebViewExt as _};
        if let Some(settings) = webview.inner().settings() {
            settings.set_enable_media_stream(true);
            // WebKit's moving test picture in place of a camera; for tests of the path that a phone takes.
            #[cfg(feature = "demo")]
            settings.set_enable_mock_capture_devices(std::env::var_os("JIANZAI_MOCK_CAMERA").is_some());
        }
    })
}
