//! Tests in temporary folders that are laid out as cargo lays them out.

use std::{fs, time::Duration};

use super::*;

fn origin(executable: PathBuf) -> Origin {
    Origin {
        executable,
        functions_dir: None,
        cargo: None,
        manifest_dir: None,
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[tokio::test]
async fn an_unknown_function_is_answered_with_the_known_ones() {
    let error = locate("failover", |_| ()).await.unwrap_err();
    let text = "there is no function `failover`; the functions are: reshard, failover-shard, failover-db-cluster, promote-replica";
    assert_eq!(error.to_string(), text);
}

#[tokio::test]
async fn the_named_folder_wins_and_may_be_laid_out_as_sam_lays_it_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut origin = origin(folder.path().join("bin/clusterwarden"));
    write(&folder.path().join("bin/reshard"), "");
    origin.functions_dir = Some(folder.path().join("lambda"));
    let error = origin.locate("reshard", |_| ()).await.unwrap_err();
    assert!(
        error.to_string().starts_with("`reshard` is not in "),
        "{error}"
    );

    let bootstrap = folder.path().join("lambda/reshard/bootstrap");
    write(&bootstrap, "");
    assert_eq!(origin.locate("reshard", |_| ()).await.unwrap(), bootstrap);
}

#[tokio::test]
async fn an_installed_launcher_finds_the_function_beside_itself() {
    let folder = tempfile::tempdir().unwrap();
    let origin = origin(folder.path().join("clusterwarden"));
    let error = origin.locate("reshard", |_| ()).await.unwrap_err();
    assert!(matches!(error, BinaryError::NotBuilt { .. }), "{error}");

    let beside = folder.path().join("reshard");
    write(&beside, "");
    assert_eq!(origin.locate("reshard", |_| ()).await.unwrap(), beside);
}

#[tokio::test]
async fn a_test_takes_what_is_up_to_date_and_builds_what_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    let mut origin = origin(at("target/debug/deps/runtime-0123"));
    // In place of cargo: a program that fails, to see whether it is called.
    origin.cargo = Some("false".to_owned());
    origin.manifest_dir = Some(at("local"));
    write(&at("functions/reshard/Cargo.toml"), "");
    write(&at("my sources/main.rs"), "");
    let listed = format!(
        "{}: {}",
        at("target/debug/reshard").display(),
        at("my sources/main.rs")
            .display()
            .to_string()
            .replace(' ', "\\ ")
    );
    write(&at("target/debug/reshard.d"), &listed);
    write(&at("target/debug/reshard"), "");
    let found = origin.locate("reshard", |_| ()).await.unwrap();
    assert_eq!(found, at("target/debug/reshard"));

    let later = fs::metadata(&found).unwrap().modified().unwrap() + Duration::from_secs(1);
    let source = fs::File::options()
        .write(true)
        .open(at("my sources/main.rs"))
        .unwrap();
    source.set_modified(later).unwrap();
    let error = origin.locate("reshard", |_| ()).await.unwrap_err();
    assert!(matches!(error, BinaryError::BuildFailed { .. }), "{error}");
}

#[test]
fn the_executable_is_read_from_cargos_messages() {
    let messages = r#"{"reason":"compiler-artifact","target":{"name":"clusterwarden"},"executable":"/t/clusterwarden"}
{"reason":"compiler-artifact","target":{"name":"reshard"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"reshard"},"executable":"/t/debug/reshard"}
{"reason":"build-finished","success":true}"#;
    let found = built_executable(messages, "reshard");
    assert_eq!(found, Some(PathBuf::from("/t/debug/reshard")));
}

#[tokio::test]
async fn a_quick_build_is_silent_unless_it_fails() {
    for (script, told) in [("echo noise >&2", 0), ("echo noise >&2; exit 101", 1)] {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", script])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut lines = Vec::new();
        watch_build(command, "reshard", |line| lines.push(line.to_owned()))
            .await
            .unwrap();
        assert_eq!(lines.len(), told, "{script}");
    }
}
