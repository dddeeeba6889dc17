//! Instance classes: how large each is.

const GIB: u64 = 1024 * 1024 * 1024;

/// Bytes of memory of an instance class such as `db.r6g.2xlarge`; `None` for one that is not known here, such as
/// `db.serverless`. By family and size: `r` has 16 GiB for `large`, `x` twice that, burstable classes half ([RDS-DG]).
pub fn memory(class: &str) -> Option<u64> {
    let (family, size) = class.strip_prefix("db.")?.split_once('.')?;
    let large = match family.chars().next()? {
        'r' => 16 * GIB,
        'x' => 32 * GIB,
        't' => 8 * GIB,
        _ => return None,
    };
    match size {
        "medium" => Some(large / 2),
        "large" => Some(large),
        _ => {
            let times = match size.strip_suffix("xlarge")? {
                "" => 1,
                times => times.parse::<u64>().ok()?,
            };
            large.checked_mul(2)?.checked_mul(times)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_and_sizes_tell_memory() {
        let classes = [
            ("db.t3.medium", Some(4)),
            ("db.r6g.large", Some(16)),
            ("db.r6g.xlarge", Some(32)),
            ("db.r5.12xlarge", Some(384)),
            ("db.x2g.large", Some(32)),
            ("db.serverless", None),
            ("r6g.large", None),
            ("db.r6g.huge", None),
        ];
        for (class, gib) in classes {
            assert_eq!(memory(class), gib.map(|gib| gib * GIB), "{class}");
        }
    }
}
