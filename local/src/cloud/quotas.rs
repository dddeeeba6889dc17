//! Service Quotas: ElastiCache's, to be looked at.

/// What AWS grants the account in its Region.
#[derive(Debug)]
pub struct Quotas {
    /// In the order of answers.
    pub listed: Vec<Quota>,
}

/// One quota.
#[derive(Debug, Clone, PartialEq)]
pub struct Quota {
    /// `elasticache`.
    pub service: String,
    /// Such as `L-DFE45DF3`.
    pub code: String,
    /// By which people and programs find it.
    pub name: String,
    /// What AWS grants everybody.
    pub default: f64,
    /// What AWS granted this account. `None`: nothing else than the default, and then only the list of defaults has it.
    pub applied: Option<f64>,
}

impl Default for Quotas {
    /// The names and values are those of the endpoints-and-quotas page of AWS's General Reference; the codes of the second
    /// and third are ASSUMED (third-party pages have them), and that the second is listed without an applied value.
    fn default() -> Self {
        let quota = |code: &str, name: &str, default: f64, applied: Option<f64>| Quota {
            service: "elasticache".to_owned(),
            code: code.to_owned(),
            name: name.to_owned(),
            default,
            applied,
        };
        Self {
            listed: vec![
                quota("L-DFE45DF3", "Nodes per Region", 300.0, Some(300.0)),
                quota(
                    "L-AF354865",
                    "Nodes per cluster per instance type (Redis cluster mode enabled)",
                    90.0,
                    None,
                ),
                quota(
                    "L-8C334AD1",
                    "Nodes per cluster (Memcached)",
                    60.0,
                    Some(60.0),
                ),
            ],
        }
    }
}
