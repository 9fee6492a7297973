//! `Idempotency-Key`: the same key of the same caller with the same body answers what the first request was answered.
//!
//! The answer is stored by the op that does the work, in its transaction: either both are there or neither. So a second request
//! that arrives while the first is being worked on waits for its commit on another node; on this node it is told 409 at once.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use taskey_proto::Time;
use taskey_proto::crypto::hex;
use taskey_proto::id::OrganizationId;
use taskey_proto::problem::Code;

use super::ApiError;
use crate::platform::db::{DbError, Source as _, Tx};
use crate::{args, sql};

const KEY_LEN_MAX: usize = 255;
/// How long an answer is kept.
pub const KEPT_MS: i64 = 24 * 3_600_000;

/// Keys whose requests are being worked on by this node.
#[derive(Clone, Default)]
pub struct InFlight(Arc<Mutex<HashSet<(OrganizationId, String)>>>);

/// One request that may be sent again. Dropped, it is no longer in flight.
pub struct Once {
    in_flight: InFlight,
    organization: OrganizationId,
    key: String,
    hash: String,
}

/// A stored answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub location: Option<String>,
    pub body: String,
    pub replayed: bool,
}

impl InFlight {
    /// Reads the header; `None` where the request has none. `hash` is that of its body. What one caller calls `order-1` is nothing to
    /// another.
    pub fn begin(
        &self,
        organization: OrganizationId,
        caller: &str,
        headers: &HeaderMap,
        hash: [u8; 32],
    ) -> Result<Option<Arc<Once>>, ApiError> {
        let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
        let key = key.to_str().ok().map(unquoted).filter(|key| !key.is_empty() && key.len() <= KEY_LEN_MAX);
        let key = key.ok_or_else(|| ApiError::new(Code::MalformedBody, "An Idempotency-Key has 1 to 255 ASCII characters."))?;
        let key = format!("{caller}/{key}");
        if !self.keys().insert((organization, key.clone())) {
            return Err(ApiError::new(Code::InFlight, "A request with this Idempotency-Key is being worked on; ask again in a moment."));
        }
        Ok(Some(Arc::new(Once { in_flight: self.clone(), organization, key, hash: hex(&hash) })))
    }

    fn keys(&self) -> std::sync::MutexGuard<'_, HashSet<(OrganizationId, String)>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// The text of a structured-field string, `"k"`; most send it bare.
fn unquoted(key: &str) -> &str {
    key.strip_prefix('"').and_then(|key| key.strip_suffix('"')).unwrap_or(key)
}

impl Drop for Once {
    fn drop(&mut self) {
        self.in_flight.keys().remove(&(self.organization, std::mem::take(&mut self.key)));
    }
}

impl Once {
    /// The answer of an earlier request with this key.
    pub async fn recall(&self, tx: &mut Tx<'_>) -> Result<Option<Answer>, ApiError> {
        let sql = sql!("SELECT request_hash, status, location, body FROM idempotency WHERE organization_id = $1 AND idempotency_key = $2");
        let Some(row) = tx.row(sql, args![self.organization, &self.key]).await? else { return Ok(None) };
        if row.get::<String>("request_hash")? != self.hash {
            let detail = "This Idempotency-Key was used with another body; use a new key for a new request.";
            return Err(ApiError::new(Code::IdempotencyKeyReused, detail));
        }
        let status: u32 = row.get("status")?;
        Ok(Some(Answer { status: status as u16, location: row.get("location")?, body: row.get("body")?, replayed: true }))
    }

    pub async fn remember(&self, tx: &mut Tx<'_>, answer: &Answer, now: Time) -> Result<(), DbError> {
        let sql = sql!(
            "INSERT INTO idempotency (organization_id, idempotency_key, request_hash, status, location, body, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)"
        );
        let values = args![self.organization, &self.key, &self.hash, u32::from(answer.status), answer.location.clone(), &answer.body, now];
        tx.later(sql, values).await
    }
}

impl Answer {
    pub fn new<T: Serialize>(status: StatusCode, location: Option<String>, body: &T) -> Result<Self, ApiError> {
        let body = serde_json::to_string(body).map_err(ApiError::internal)?;
        Ok(Self { status: status.as_u16(), location, body, replayed: false })
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let mut response = (status, [(header::CONTENT_TYPE, "application/json")], self.body).into_response();
        if let Some(location) = self.location.and_then(|location| HeaderValue::from_str(&location).ok()) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        if self.replayed {
            response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
        }
        response
    }
}
