//! The time of a pass: what the services' own answers say in their `Date` header.
//!
//! All ages in a decision are differences to times that AWS stamped, so "now" is taken from the same clock. See
//! docs/decisions/0002.

use std::sync::{Arc, Mutex};

use aws_sdk_elasticache::{
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::BeforeDeserializationInterceptorContextRef,
    },
    error::BoxError,
};
use chrono::{DateTime, Utc};

/// The `Date` of the newest answer.
#[derive(Debug, Clone, Default)]
pub struct ServiceClock(Arc<Mutex<Option<DateTime<Utc>>>>);

impl ServiceClock {
    /// The services' time, as of the newest answer. `None`: no answer has said so yet.
    pub fn now(&self) -> Option<DateTime<Utc>> {
        self.0.lock().ok().and_then(|newest| *newest)
    }
}

impl ServiceClock {
    /// Forgets what was heard. A process outlives its pass, and may be thawed hours later: the last pass's time is no time.
    pub(super) fn forget(&self) {
        if let Ok(mut newest) = self.0.lock() {
            *newest = None;
        }
    }
}

impl Intercept for ServiceClock {
    fn name(&self) -> &'static str {
        "ServiceClock"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let at = date
            .and_then(|text| DateTime::parse_from_rfc2822(text).ok())
            .map(|at| at.to_utc());
        if let (Some(at), Ok(mut newest)) = (at, self.0.lock()) {
            *newest = Some(at);
        }
        Ok(())
    }
}
