//! Closes the list of commands that the page may call, and rebuilds when the pages do.

const COMMANDS: &[&str] = &[
    "app_info",
    "divisions",
    "check_field",
    "warm_camera",
    "begin",
    "prompt_ended",
    "push_frame",
    "cancel",
    "retry",
    "appeal",
    "outbox",
    "resume",
    "keep_preferences",
    "save_certificate",
];

fn main() {
    let pages = std::path::Path::new("../ui/dist");
    if !pages.join("index.html").is_file() {
        println!("cargo::warning=the window has no pages yet: `npm --prefix ui run build` makes them");
        // An empty folder lets everything but the window be built and tested; a failure shows in the next line.
        std::fs::create_dir_all(pages).ok();
    }
    println!("cargo::rerun-if-changed=../ui/dist");
    let attributes = tauri_build::Attributes::new().app_manifest(tauri_build::AppManifest::new().commands(COMMANDS));
    if let Err(error) = tauri_build::try_build(attributes) {
        println!("cargo::error={error:#}");
    }
}
