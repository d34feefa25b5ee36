//! The window's program on a desktop; on a phone the system starts the library.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

fn main() -> std::process::ExitCode {
    jianzai_app::main()
}
