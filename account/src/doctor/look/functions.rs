//! Lambda: functions as they are configured.

use std::collections::BTreeMap;

use aws_sdk_lambda::{
    error::ProvideErrorMetadata,
    operation::get_function_configuration::GetFunctionConfigurationOutput,
};
use clusterwarden::policy::Policy;
use serde_json::Value;

use super::{Clients, policy, unread};
use crate::doctor::{Function, FunctionSeen, Read};

/// The code with which Lambda says that there is none: no function, no policy, no configuration.
const NOT_FOUND: &str = "ResourceNotFoundException";

impl Clients {
    /// Every function that a policy has entries for.
    pub(super) async fn functions(
        &self,
        wanted: &Policy,
        stack: &str,
    ) -> BTreeMap<Function, Read<Option<FunctionSeen>>> {
        let [a, b, c, d] = Function::ALL.map(|function| {
            Box::pin(async move {
                if !function.is_wanted_by(wanted) {
                    return None;
                }
                let name = function.name_in(stack);
                Some((function, self.function(&name).await))
            })
        });
        let (a, b, c, d) = tokio::join!(a, b, c, d);
        [a, b, c, d].into_iter().flatten().collect()
    }

    async fn function(&self, name: &str) -> Read<Option<FunctionSeen>> {
        let asked = self.lambda.get_function_configuration().function_name(name);
        let read = match asked.send().await {
            Ok(read) => read,
            Err(error) if error.code() == Some(NOT_FOUND) => return Ok(None),
            Err(error) => return Err(unread("lambda:GetFunctionConfiguration", &error)),
        };
        let (statements, on_failure, reserved, role) = tokio::join!(
            Box::pin(self.statements(name)),
            Box::pin(self.on_failure(name)),
            Box::pin(self.reserved(name)),
            Box::pin(self.role(read.role().unwrap_or_default()))
        );
        Ok(Some(FunctionSeen {
            name: name.to_owned(),
            arn: read.function_arn().unwrap_or_default().to_owned(),
            state: read.state().map(|state| state.as_str().to_owned()),
            last_update: read
                .last_update_status()
                .map(|status| status.as_str().to_owned()),
            variables: variables(&read),
            layers: read
                .layers()
                .iter()
                .filter_map(|layer| layer.arn().map(str::to_owned))
                .collect(),
            statements,
            on_failure,
            reserved,
            role,
        }))
    }

    async fn statements(&self, name: &str) -> Read<Vec<Value>> {
        let permission = "lambda:GetPolicy";
        match self.lambda.get_policy().function_name(name).send().await {
            Ok(read) => policy(permission, read.policy()),
            Err(error) if error.code() == Some(NOT_FOUND) => Ok(Vec::new()),
            Err(error) => Err(unread(permission, &error)),
        }
    }

    async fn on_failure(&self, name: &str) -> Read<Option<String>> {
        let permission = "lambda:GetFunctionEventInvokeConfig";
        let asked = self.lambda.get_function_event_invoke_config();
        match asked.function_name(name).send().await {
            Ok(read) => {
                let on_failure = read.destination_config().and_then(|one| one.on_failure());
                let destination = on_failure.and_then(|one| one.destination());
                Ok(destination.filter(|arn| !arn.is_empty()).map(str::to_owned))
            }
            Err(error) if error.code() == Some(NOT_FOUND) => Ok(None),
            Err(error) => Err(unread(permission, &error)),
        }
    }

    async fn reserved(&self, name: &str) -> Read<Option<i32>> {
        let asked = self.lambda.get_function_concurrency().function_name(name);
        let read = asked.send().await;
        let read = read.map_err(|error| unread("lambda:GetFunctionConcurrency", &error))?;
        Ok(read.reserved_concurrent_executions())
    }
}

fn variables(read: &GetFunctionConfigurationOutput) -> BTreeMap<String, String> {
    let environment = read.environment().and_then(|one| one.variables());
    let pairs = environment.into_iter().flatten();
    pairs
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
