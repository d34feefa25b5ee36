//! What is wrong with the models is said when they are opened, with its remedy, and nothing panics.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod support;

use std::path::Path;
use std::process::Command;

use jianzai_face::{FaceEngine, ModelError, Models, Slot};
use jianzai_wire::ReasonCode;
use support::{changed_models, refusal, root};

/// One sentence: what, where, and what to do about it.
fn assert_helpful(error: &ModelError, reason: ReasonCode, words: &[&str]) {
    let said = error.to_string();
    for word in words {
        assert!(said.contains(word), "`{word}` is not in: {said}");
    }
    assert!(said.contains(';'), "no remedy in: {said}");
    assert_eq!(error.reason(), reason);
}

#[test]
fn the_models_are_those_of_the_manifest() {
    let models = support::models();
    let slots: Vec<_> = models.identities().into_iter().map(|network| network.slot).collect();
    assert_eq!(slots, [Slot::Detector, Slot::Mesh, Slot::Blendshapes, Slot::Passive, Slot::Embedding]);
    assert!(models.identities().iter().all(|network| network.sha256.len() == 64));
    for (name, network) in &models.manifest().network {
        assert!(network.licence.production || network.licence.unclear.is_some(), "{name}: what is unclear?");
    }
    for staged in &models.manifest().staged {
        assert!(staged.to.starts_with("staged/") && staged.sha256.len() == 64, "{staged:?}");
    }
}

#[test]
fn an_altered_network_is_named() {
    let folder = changed_models(|text| text);
    let file = folder.path().join("face_mesh.onnx");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[1000] ^= 1;
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, bytes).unwrap();
    let error = refusal(&folder);
    assert!(matches!(&error, ModelError::WrongHash { network, .. } if network == "facemesh_v2"), "{error}");
    assert_helpful(&error, ReasonCode::DeviceModelWrong, &["facemesh_v2", "face_mesh.onnx", "altered"]);
}

#[test]
fn a_missing_network_is_named() {
    let folder = changed_models(|text| text);
    std::fs::remove_file(folder.path().join("staged/fr_feature.onnx")).unwrap();
    let error = refusal(&folder);
    assert!(matches!(&error, ModelError::FileMissing { network, .. } if network == "fr_feature"), "{error}");
    assert_helpful(&error, ReasonCode::DeviceModelMissing, &["fr_feature", "missing", "cargo xtask setup"]);
}

#[test]
fn a_missing_or_senseless_manifest_is_said() {
    let error = Models::open(Path::new("/nowhere")).unwrap_err();
    assert_helpful(&error, ReasonCode::DeviceModelMissing, &["/nowhere/MODELS.toml", "point to"]);
    let senseless: [fn(String) -> String; 6] = [
        |_| "format = [".to_owned(),
        |text| text.replace("format = 1", "format = 2"),
        |text| text.replace("embedding = \"fr_feature\"", "embedding = \"nobody\""),
        |text| text.replace("embedding = \"fr_feature\"", "embedding = \"facemesh_v2\""),
        |text| text.replace("crop = { kind = \"five_points\" }", "crop = { kind = \"letterbox\" }"),
        |text| text.replace("points = 478", "points = 468"),
    ];
    for change in senseless {
        let error = refusal(&changed_models(change));
        assert!(matches!(error, ModelError::ManifestInvalid { .. }), "{error}");
        assert_helpful(&error, ReasonCode::DeviceModelWrong, &["MODELS.toml", "restore"]);
    }
}

#[test]
fn a_slot_without_a_network_is_found_when_it_is_needed() {
    let folder = changed_models(|text| text.replace("mesh = \"facemesh_v2\"\n", ""));
    let models = Models::open(folder.path()).unwrap();
    let error = FaceEngine::new(&models, Default::default()).err().unwrap();
    assert_helpful(&error, ReasonCode::DeviceModelWrong, &["Mesh"]);
}

#[test]
fn a_network_that_is_not_what_its_entry_says_is_found_before_it_is_used() {
    for (from, to) in [
        ("width = 256, height = 256", "width = 192, height = 192"),
        ("length = 512", "length = 128"),
        ("count = 3, live = 0", "count = 2, live = 0"),
        ("mesh = \"facemesh_v2\"", "mesh = \"impostor\""),
    ] {
        let folder = changed_models(|text| {
            // The passive network under the name of a mesh: intact, but not a mesh.
            let (begin, end) =
                (text.find("[network.facemesh_v2]").unwrap(), text.find("[network.mediapipe_b").unwrap());
            let passive = text.lines().skip_while(|line| *line != "[network.fr_liveness]").nth(3).unwrap().to_owned();
            let impostor = text[begin..end]
                .replace("[network.facemesh_v2]", "[network.impostor]")
                .replace("face_mesh.onnx", "staged/fr_liveness.onnx");
            let hash = impostor.lines().find(|line| line.starts_with("sha256")).unwrap().to_owned();
            let impostor = impostor.replace(&hash, &passive);
            text.replacen(from, to, 1) + "\n" + &impostor
        });
        let models = Models::open(folder.path()).unwrap();
        let error = FaceEngine::new(&models, Default::default())
            .err()
            .or_else(|| jianzai_face::Embedder::new(&models).err())
            .unwrap_or_else(|| panic!("{to} was not noticed"));
        assert!(matches!(error, ModelError::Unfit { .. }), "{error}");
        assert_helpful(&error, ReasonCode::DeviceModelWrong, &["does not fit", "correct the entry"]);
    }
}

#[test]
fn a_missing_runtime_is_said_with_where_it_was_looked_for() {
    let folder = changed_models(|text| text);
    std::fs::remove_dir_all(folder.path().join("staged/lib")).ok();
    std::fs::remove_file(folder.path().join("staged/lib")).ok();
    let error = refusal(&folder);
    assert!(matches!(error, ModelError::RuntimeMissing { .. }), "{error}");
    assert_helpful(
        &error,
        ReasonCode::DeviceRuntimeMissing,
        &["staged/lib", "JIANZAI_ONNXRUNTIME", "cargo xtask setup"],
    );
}

#[cfg(target_os = "linux")]
mod runtimes {
    use super::*;

    fn folder_with_runtime(make: impl FnOnce(&Path)) -> tempfile::TempDir {
        let folder = changed_models(|text| text);
        std::fs::remove_file(folder.path().join("staged/lib")).unwrap();
        std::fs::create_dir(folder.path().join("lib")).unwrap();
        make(&folder.path().join("lib/libonnxruntime.so"));
        folder
    }

    /// A library that answers as ONNX Runtime of that version does.
    fn compile(version: &str, target: &Path) {
        let source = target.with_extension("c");
        let text = format!(
            "static const char *version(void) {{ return \"{version}\"; }}\n\
             static const void *api(unsigned wanted) {{ return 0; }}\n\
             static const struct {{ const void *(*api)(unsigned); const char *(*version)(void); }} base = {{ api, version }};\n\
             const void *OrtGetApiBase(void) {{ return &base; }}\n"
        );
        std::fs::write(&source, text).unwrap();
        let compiled = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(target).arg(&source).status();
        assert!(compiled.expect("a C compiler, which the H.264 library needs too").success());
    }

    #[test]
    fn an_old_runtime_is_refused_before_it_can_do_harm() {
        for version in ["1.16.3", "1.23.9"] {
            let error = refusal(&folder_with_runtime(|library| compile(version, library)));
            assert!(matches!(error, ModelError::RuntimeTooOld { .. }), "{error}");
            assert_helpful(&error, ReasonCode::DeviceRuntimeTooOld, &["at least 1.24", "cargo xtask setup"]);
        }
    }

    #[test]
    fn a_file_that_is_no_runtime_is_refused() {
        let text = folder_with_runtime(|library| std::fs::write(library, "not a library").unwrap());
        let strange = folder_with_runtime(|library| compile("2.0.0", library));
        for folder in [text, strange] {
            let error = refusal(&folder);
            assert!(matches!(error, ModelError::RuntimeUnusable { .. }), "{error}");
            assert_helpful(&error, ReasonCode::DeviceRuntimeMissing, &["lib/libonnxruntime.so", "cargo xtask setup"]);
        }
    }

    /// Runs in a process of its own, with the variable set; see the test below.
    #[test]
    fn opened_in_a_child() {
        if std::env::var_os("JIANZAI_TEST_CHILD").is_some() {
            println!("opened: {:?}", Models::open(&root().join("models")).map_err(|error| error.reason()).map(|_| ()));
        }
    }

    #[test]
    fn the_variable_names_the_runtime() {
        let folder = tempfile::tempdir().unwrap();
        let old = folder.path().join("old.so");
        compile("1.20.0", &old);
        let good = root().join("models/staged/lib/libonnxruntime.so.1");
        for (library, says) in
            [(old, "Err(DeviceRuntimeTooOld)"), (good, "Ok(())"), ("/no.so".into(), "Err(DeviceRuntimeMissing)")]
        {
            let child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "--nocapture", "runtimes::opened_in_a_child"])
                .env("JIANZAI_TEST_CHILD", "1")
                .env("JIANZAI_ONNXRUNTIME", library)
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&child.stdout).into_owned();
            assert!(said.contains(&format!("opened: {says}")), "{said}");
        }
    }
}
