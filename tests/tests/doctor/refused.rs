//! A caller who may not, and services that do not answer: a finding of its own, and no other check stops.

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use clusterwarden_account::doctor::{PERMISSIONS, Severity};
use clusterwarden_local::cloud::Fault;

use crate::world::{World, apply};

/// How each service refuses.
fn denial(service: &str) -> Fault {
    let (status, code) = match service {
        "lambda" => (403, "AccessDeniedException"),
        "iam" | "elasticache" | "rds" | "cloudwatch" => (403, "AccessDenied"),
        "sns" => (403, "AuthorizationError"),
        _ => (400, "AccessDeniedException"),
    };
    Fault::Error {
        status,
        code: code.to_owned(),
        message: "User: arn:aws:iam::123456789012:user/jana is not authorized".to_owned(),
    }
}

#[tokio::test]
async fn each_refusal_names_its_permission_and_stops_no_other_check() {
    let healthy = World::of_now(apply()).look_as_now().await.findings.len();
    for permission in PERMISSIONS {
        let (service, operation) = permission.split_once(':').expect("an action");
        let world =
            World::of_now(apply()).with(|cloud| cloud.faults.push(operation, denial(service)));
        let looked = world.look_as_now().await;
        let bad = looked.bad();
        assert!(!bad.is_empty(), "{permission} is not missed");
        for finding in &bad {
            assert_eq!(
                finding.severity,
                Severity::Unknown,
                "{permission}: {finding:?}"
            );
            assert!(
                finding
                    .saw
                    .contains(&format!("the caller lacks {permission}")),
                "{finding:?}"
            );
            let fix = finding.fix.as_deref().unwrap_or_default();
            assert!(fix.contains(&format!("allow {permission}")), "{finding:?}");
        }
        // Nothing can be said of groups that nobody may list: what each function covers, quotas, scalers.
        let many = if service == "elasticache" { 6 } else { 2 };
        assert!(bad.len() <= many, "{permission}: {bad:#?}");
        // Most of what is said of a healthy deployment is still said.
        assert!(
            looked.findings.len() > healthy / 2,
            "{permission}: {}",
            looked.report().text()
        );
    }
}

/// A way on which every connection is refused.
#[derive(Debug, Clone)]
struct Nowhere;

impl HttpClient for Nowhere {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Nowhere {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(Err(ConnectorError::io("connection refused".into())))
    }
}

#[tokio::test]
async fn where_nothing_answers_nothing_is_called_good() {
    let world = World::new(apply());
    let config = world.cloud.sdk_config_over(Nowhere);
    let looked = world
        .look_as(&config, clusterwarden_tests::monday_morning)
        .await;
    assert!(!looked.findings.is_empty());
    for finding in &looked.findings {
        assert_eq!(finding.severity, Severity::Unknown, "{finding:?}");
    }
    let text = looked.report().text();
    assert!(
        text.contains("connection refused") && !text.contains("the caller lacks"),
        "{text}"
    );
}
