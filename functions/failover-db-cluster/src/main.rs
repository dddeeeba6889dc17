//! The function `failover-db-cluster`.

use std::process::ExitCode;

use clusterwarden::aws::failover_db_cluster;
use clusterwarden_edge::serve;

#[tokio::main]
async fn main() -> ExitCode {
    serve("failover-db-cluster", async |edge, trigger| {
        failover_db_cluster::run(&edge.failover(trigger), |record| edge.emit(record)).await
    })
    .await
}
