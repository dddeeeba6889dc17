//! DynamoDB's expressions: conditions, updates, projections and key conditions.

mod condition;
mod path;
mod reader;
mod update;

pub use condition::Condition;
pub use path::{Path, project};
pub use reader::{Bindings, Reader};
pub use update::Update;
