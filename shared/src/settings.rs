//! The settings of a function, from its environment.

use crate::record::Mode;

/// What the environment says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `MODE`: `plan` (default) or `apply`.
    pub mode: Mode,
    /// `POLICY_FILE`: where the policy is; a layer puts it at `/opt/policy.toml` (default).
    pub policy_file: String,
    /// `JOURNAL_TABLE`: the name of the journal's DynamoDB table.
    pub journal_table: String,
}

impl Settings {
    /// Reads the settings through `variable`, which looks one up. An empty variable counts as absent.
    ///
    /// # Errors
    ///
    /// Every mistake at once, a sentence each.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let variable = |name: &str| variable(name).filter(|text| !text.is_empty());
        let mut mistakes = Vec::new();
        let mode = variable("MODE")
            .map_or(Ok(Mode::Plan), |text| text.parse())
            .unwrap_or_else(|mistake: String| {
                mistakes.push(format!("MODE: {mistake}"));
                Mode::Plan
            });
        let journal_table = variable("JOURNAL_TABLE").unwrap_or_else(|| {
            mistakes.push(
                "JOURNAL_TABLE is not set; set it to the name of the journal's DynamoDB table"
                    .to_owned(),
            );
            String::new()
        });
        let policy_file = variable("POLICY_FILE").unwrap_or_else(|| "/opt/policy.toml".to_owned());
        if mistakes.is_empty() {
            Ok(Self {
                mode,
                policy_file,
                journal_table,
            })
        } else {
            Err(mistakes.join("; "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plan_is_the_default_and_every_mistake_is_named() {
        let settings =
            Settings::read(|name| (name == "JOURNAL_TABLE").then(|| "journal".to_owned())).unwrap();
        assert_eq!(
            (settings.mode, settings.policy_file.as_str()),
            (Mode::Plan, "/opt/policy.toml")
        );
        let mistakes =
            Settings::read(|name| (name == "MODE").then(|| "dry-run".to_owned())).unwrap_err();
        assert!(
            mistakes.contains("MODE") && mistakes.contains("JOURNAL_TABLE"),
            "{mistakes}"
        );
    }
}
