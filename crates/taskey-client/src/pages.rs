//! Lists: one page, or everything by following the cursors.

use serde::de::DeserializeOwned;
use taskey_proto::page::Page;

use crate::ClientError;
use crate::transport::Call;

/// The longest page that the server gives.
pub const PAGE_LEN_MAX: usize = 200;

/// Reads pages from `call` until the list ends or `limit` items are there; `next` then says where the rest begins.
pub(crate) async fn collect<'a, T: DeserializeOwned>(limit: Option<usize>, call: impl Fn() -> Call<'a>) -> Result<Page<T>, ClientError> {
    let mut whole = Page { items: Vec::new(), next: None };
    loop {
        let wanted = limit.map_or(PAGE_LEN_MAX, |limit| limit.saturating_sub(whole.items.len()).min(PAGE_LEN_MAX));
        if wanted == 0 {
            return Ok(whole);
        }
        let page: Page<T> = call().query("limit", wanted).query_opt("cursor", whole.next.take()).json_answer().await?;
        let empty = page.items.is_empty();
        whole.items.extend(page.items);
        whole.next = page.next;
        if whole.next.is_none() || empty {
            return Ok(whole);
        }
    }
}
