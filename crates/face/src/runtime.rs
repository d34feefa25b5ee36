//! Finds ONNX Runtime, checks its version, and opens it once for the whole process.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;

use crate::ModelError;

/// Names the library; otherwise it is looked for in `staged/lib` and `lib` of the models' folder.
const VARIABLE: &str = "JIANZAI_ONNXRUNTIME";

/// ort allows one environment per process and drops the library's with the last handle, so one handle stays here.
static ENVIRONMENT: Mutex<Option<Environment>> = Mutex::new(None);

/// Keeps ONNX Runtime from reporting its use to its maker: builds from some registries write an identifier of the device
/// below the user's cache folder and send events, and switching that off through the interface comes too late, when the
/// library is loaded.
///
/// # Safety
/// Call it first in `main`, while the process has one thread: it changes the environment.
#[expect(unsafe_code, reason = "the library listens to its environment alone")]
pub unsafe fn forbid_telemetry() {
    // SAFETY: the caller says that there is no other thread which could read the environment meanwhile.
    unsafe { std::env::set_var("ORT_DISABLE_TELEMETRY", "1") };
}

/// Opens the runtime, or returns the one that is open.
pub(crate) fn open(models: &Path) -> Result<Environment, ModelError> {
    let named = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    let library = find(models, named)?;
    check(&library)?;
    let mut held = ENVIRONMENT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = held.as_ref() {
        return Ok(environment.clone());
    }
    let unusable = |detail: String| ModelError::RuntimeUnusable { path: library.clone(), detail };
    let environment = ort::init_from(&library)
        .map_err(|error| unusable(error.to_string()))?
        .with_name("jianzai")
        .with_telemetry(false)
        .build()
        .map_err(|error| unusable(error.to_string()))?;
    Ok(held.insert(environment).clone())
}

/// Where the library is. The folder's own copy goes by the name it has in its package.
fn find(models: &Path, named: Option<PathBuf>) -> Result<PathBuf, ModelError> {
    let candidates = match named {
        Some(path) => vec![path],
        None => ["staged/lib", "lib"]
            .iter()
            .flat_map(|folder| FILE_NAMES.iter().map(move |name| models.join(folder).join(name)))
            .collect(),
    };
    match candidates.iter().find(|path| path.is_file()) {
        // ort reads a relative path from the program's folder, everyone else from the working folder.
        Some(path) => Ok(std::path::absolute(path).unwrap_or_else(|_| path.clone())),
        None => Err(ModelError::RuntimeMissing { searched: candidates }),
    }
}

#[cfg(target_os = "windows")]
const FILE_NAMES: &[&str] = &["onnxruntime.dll"];
#[cfg(target_vendor = "apple")]
const FILE_NAMES: &[&str] = &["libonnxruntime.1.dylib", "libonnxruntime.dylib"];
#[cfg(not(any(target_os = "windows", target_vendor = "apple")))]
const FILE_NAMES: &[&str] = &["libonnxruntime.so.1", "libonnxruntime.so"];

/// Asks the library for its version. This comes before everything else that ort does: ort panics on a library that is older
/// than the interface it was built for.
fn check(library: &Path) -> Result<(), ModelError> {
    let Some(minor) = ort::util::probe(library) else {
        let detail = "it cannot be loaded, or does not answer as ONNX Runtime 1.x does".to_owned();
        return Err(ModelError::RuntimeUnusable { path: library.to_owned(), detail });
    };
    if minor < ort::MINOR_VERSION {
        let found = format!("1.{minor}");
        return Err(ModelError::RuntimeTooOld { path: library.to_owned(), found, needed: ort::MINOR_VERSION });
    }
    Ok(())
}
