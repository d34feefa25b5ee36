//! `jianzai`: a certification on a terminal, certificates checked offline, and what waits for delivery.
//!
//! Facts about a person are read from a file or from standard input, never from the command line, which every user of the
//! machine can see. Exit status: 0 certified (or: valid, nothing waits), 2 refused, 3 in review, 1 error.

mod program;

use std::process::ExitCode;

fn main() -> ExitCode {
    #[expect(unsafe_code, reason = "nothing else runs yet")]
    // SAFETY: this is the first thing that the program does; it has one thread.
    unsafe {
        jianzai_face::forbid_telemetry();
    }
    program::run()
}
