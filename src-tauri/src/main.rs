//! The window's program on a desktop; on a phone the system starts the library.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

fn main() -> std::process::ExitCode {
    #[expect(unsafe_code, reason = "nothing else runs yet")]
    // SAFETY: this is the first thing that the program does; it has one thread.
    unsafe {
        jianzai_journey::forbid_telemetry();
    }
    jianzai_app::main()
}
