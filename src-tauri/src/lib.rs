//! The window. It shows the pages of `ui/`, hands their commands to [`jianzai_journey`] and its events back, and holds no
//! rules of its own.
//!
//! **In**: commands of the page ([`commands`]), frames of its camera. **Out**: events, the camera's picture and the
//! certificate's ([`preview`]). **What can go wrong** is answered as a reason in words; a wrong configuration ends the
//! program at its start, with a message.
//!
//! The page may call the commands listed in `build.rs`, use the camera, and nothing else of the system. What it keeps is
//! forgotten when the window closes; how people want the app is kept by [`jianzai_journey::Preferences`].

mod commands;
mod preview;
mod setup;
mod state;
mod window;

use std::process::ExitCode;

use tracing_subscriber::EnvFilter;

/// Starts the window and runs until it is closed.
pub fn main() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write as _;
            // Where even this cannot be written, nobody is there to read it.
            let _ = writeln!(std::io::stderr(), "jianzai-app: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Where phones begin.
#[cfg_attr(mobile, tauri::mobile_entry_point)]
pub fn run() {
    main();
}

fn start() -> Result<(), Box<dyn std::error::Error>> {
    // What goes wrong, for whoever looks after the machine: codes and causes, never a fact about a person.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("error,jianzai_journey=info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let builder = tauri::Builder::default()
        .on_permission_request(|_, kind| window::allow(kind))
        .register_asynchronous_uri_scheme_protocol("preview", preview::answer)
        .invoke_handler(tauri::generate_handler![
            commands::app_info,
            commands::divisions,
            commands::check_field,
            commands::warm_camera,
            commands::begin,
            commands::prompt_ended,
            commands::push_frame,
            commands::cancel,
            commands::retry,
            commands::appeal,
            commands::outbox,
            commands::resume,
            commands::keep_preferences,
            commands::save_certificate,
        ])
        .setup(|app| {
            setup::prepare(app)?;
            window::open(app)?;
            Ok(())
        });
    builder.build(tauri::generate_context!())?.run(|_, event| {
        if let tauri::RunEvent::Exit = event {
            jianzai_journey::close_networks();
        }
    });
    Ok(())
}
