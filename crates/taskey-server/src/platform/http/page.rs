//! Cursor paging: `?limit=50&cursor=…`, answered by `{"items", "next"}` and a `Link` header.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use serde::{Deserialize, Serialize};
use taskey_proto::crypto::{base64url, from_base64url};
use taskey_proto::page::Page;
use taskey_proto::problem::Code;
use utoipa::IntoParams;

use super::ApiError;

pub const LIMIT_DEFAULT: usize = 50;
pub const LIMIT_MAX: usize = 200;

/// Which page of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// Items on a page, 1 to 200; default 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
}

impl Paging {
    pub fn limit(&self) -> usize {
        self.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX)
    }

    /// The key of the last item that was seen, where this is not the first page.
    pub fn after<K: std::str::FromStr>(&self) -> Result<Option<K>, ApiError> {
        after(self.cursor.as_deref())
    }

    /// A page out of up to `limit() + 1` items; `key` is what the list is ordered by.
    pub fn page<T, K: std::fmt::Display>(&self, items: Vec<T>, key: impl Fn(&T) -> K) -> PageAnswer<T> {
        page_of(self.limit(), items, key)
    }
}

/// The key in a cursor.
pub fn after<K: std::str::FromStr>(cursor: Option<&str>) -> Result<Option<K>, ApiError> {
    let Some(cursor) = cursor else { return Ok(None) };
    let key = from_base64url(cursor).and_then(|bytes| String::from_utf8(bytes).ok()).and_then(|text| text.parse().ok());
    key.map(Some).ok_or_else(|| ApiError::new(Code::InvalidCursor, "Take `next` of an earlier page as it is, or leave the cursor out."))
}

/// A page out of up to `limit + 1` items; `key` is what the list is ordered by.
pub fn page_of<T, K: std::fmt::Display>(limit: usize, mut items: Vec<T>, key: impl Fn(&T) -> K) -> PageAnswer<T> {
    let more = items.len() > limit;
    items.truncate(limit);
    let next = if more { items.last().map(|item| base64url(key(item).to_string().as_bytes())) } else { None };
    PageAnswer(Page { items, next })
}

pub struct PageAnswer<T>(pub Page<T>);

impl<T: Serialize> IntoResponse for PageAnswer<T> {
    fn into_response(self) -> Response {
        let link = self.0.next.as_ref().map(|next| format!("<?cursor={next}>; rel=\"next\""));
        let mut response = Json(self.0).into_response();
        if let Some(link) = link.and_then(|link| HeaderValue::from_str(&link).ok()) {
            response.headers_mut().insert(header::LINK, link);
        }
        response
    }
}
