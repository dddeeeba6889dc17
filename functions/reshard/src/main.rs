//! The function `reshard`.

use std::process::ExitCode;

use clusterwarden_edge::serve;

#[tokio::main]
async fn main() -> ExitCode {
    serve("reshard", async |edge, trigger| {
        edge.reshard(trigger).run(|record| edge.emit(record)).await
    })
    .await
}
