//! Lists: `{"items": [...], "next": CURSOR|null}`.

use serde::{Deserialize, Serialize};

/// One page of a list. `next` is the cursor of the following page, null on the last.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A list that is never longer than one page.
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}
