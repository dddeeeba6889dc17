//! The function `reshard`.

use std::process::ExitCode;

use clusterwarden_edge::{emit, serve};

#[tokio::main]
async fn main() -> ExitCode {
    serve("reshard", async |edge, trigger| {
        edge.reshard(trigger).run(emit).await
    })
    .await
}
