//! What a command knows of the place it was started in: the environment, and the checkout around it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::failure::Failure;

/// The policy's place in a checkout.
const POLICY: &str = "policy/policy.toml";

/// The place a command was started in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Surroundings {
    /// The environment, except for what is not text.
    pub(super) variables: BTreeMap<String, String>,
    /// The current folder; empty when the system can't tell.
    folder: PathBuf,
}

impl Surroundings {
    /// The one place where a command reads its environment.
    pub(super) fn of_this_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self {
            variables: std::env::vars_os().filter_map(text).collect(),
            folder: std::env::current_dir().unwrap_or_default(),
        }
    }

    /// The policy that a command means: the one it was given, else that of the checkout around the current folder, else
    /// that of the checkout that cargo runs. Absolute.
    pub(super) fn policy(&self, given: Option<&Path>) -> Result<PathBuf, Failure> {
        if let Some(given) = given {
            let path = self.folder.join(given);
            return if path.is_file() {
                Ok(path)
            } else {
                let path = given.to_owned();
                Err(Failure::NoPolicy { path })
            };
        }
        let from_cargo = self.variables.get("CARGO_MANIFEST_DIR").map(Path::new);
        [Some(self.folder.as_path()), from_cargo]
            .into_iter()
            .flatten()
            .flat_map(Path::ancestors)
            .map(|folder| folder.join(POLICY))
            .find(|path| path.is_file())
            .ok_or_else(|| Failure::NoPolicy {
                path: PathBuf::from(POLICY),
            })
    }
}
