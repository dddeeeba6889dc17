//! The function `promote-replica`.

use std::process::ExitCode;

use clusterwarden::aws::promote_replica;
use clusterwarden_edge::serve;

#[tokio::main]
async fn main() -> ExitCode {
    serve("promote-replica", async |edge, trigger| {
        promote_replica::run(&edge.failover(trigger), |record| edge.emit(record)).await
    })
    .await
}
