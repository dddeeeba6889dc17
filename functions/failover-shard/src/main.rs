//! The function `failover-shard`.

use std::process::ExitCode;

use clusterwarden::aws::failover_shard;
use clusterwarden_edge::serve;

#[tokio::main]
async fn main() -> ExitCode {
    serve("failover-shard", async |edge, trigger| {
        failover_shard::run(&edge.failover(trigger), |record| edge.emit(record)).await
    })
    .await
}
