use super::*;
use crate::cloud::{elasticache::max_memory, workload::memory::float};

#[test]
fn a_full_cache_evicts_on_its_primaries_and_reads_about_a_hundred_percent() {
    let mut cloud = cloud(
        GroupLoad {
            data: data(1e12, true),
            ..load(18_000.0)
        },
        "cache.r7g.xlarge",
    );
    minutes(&mut cloud, 2);
    for shard in view(&cloud).shards {
        let group = [
            ("NodeGroupId", shard.id.as_str()),
            ("ReplicationGroupId", GROUP),
        ];
        let full = value(
            &cloud,
            "DatabaseMemoryUsageCountedForEvictPercentage",
            &group,
            Statistic::Minimum,
        );
        assert!((98.5..=100.0).contains(&full), "{full}");
        for node in shard.nodes {
            let evictions = value(
                &cloud,
                "Evictions",
                &[("CacheClusterId", node.id.as_str())],
                Statistic::Sum,
            );
            assert_eq!(evictions > 0.0, node.is_primary);
        }
    }
}

#[test]
fn data_grows_by_the_hour_and_what_does_not_evict_stops_at_full() {
    let growing = Data {
        bytes_per_hour: 6e9,
        ..data(6e9, false).unwrap()
    };
    let mut cloud = cloud(
        GroupLoad {
            data: Some(growing.clone()),
            ..load(3_000.0)
        },
        "cache.r7g.xlarge",
    );
    minutes(&mut cloud, 61);
    let total: u64 = view(&cloud).shards.iter().map(|shard| shard.bytes).sum();
    assert!((12_000_000_000..12_200_000_000).contains(&total), "{total}");
    cloud.workload.load_mut(GROUP).data = Some(Data {
        bytes: 1e12,
        ..growing
    });
    minutes(&mut cloud, 2);
    let most = 3 * max_memory("cache.r7g.xlarge").unwrap();
    let total: u64 = view(&cloud).shards.iter().map(|shard| shard.bytes).sum();
    assert!(total <= most && total > most / 100 * 98);
    let node = [("CacheClusterId", "orders-0001-001")];
    assert_eq!(
        value(&cloud, "Evictions", &node, Statistic::Sum).to_bits(),
        0.0_f64.to_bits()
    );
}

#[test]
fn bytes_and_percent_of_a_node_tell_its_capacity() {
    let mut cloud = cloud(
        GroupLoad {
            data: data(24e9, false),
            ..load(3_000.0)
        },
        "cache.r7g.xlarge",
    );
    minutes(&mut cloud, 2);
    let node = [("CacheClusterId", "orders-0002-002")];
    let bytes = value(&cloud, "BytesUsedForCache", &node, Statistic::Maximum);
    let percent = value(
        &cloud,
        "DatabaseMemoryUsagePercentage",
        &node,
        Statistic::Maximum,
    );
    let capacity = bytes * 100.0 / percent;
    assert!((capacity / float(max_memory("cache.r7g.xlarge").unwrap()) - 1.0).abs() < 1e-6);
}
