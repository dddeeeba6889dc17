//! ARNs: what all services' have in common.

/// The partition that a Region lies in.
pub(crate) fn partition(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "aws-cn",
        Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
        Some(_) | None => "aws",
    }
}
