//! JSON bodies, with errors that point at the field.

use axum::extract::{FromRequest, Request};
use http::header;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use taskey_proto::problem::{Code, FieldError, located, pointer};

use super::ApiError;

/// Bytes of a JSON body.
pub const BODY_LEN_MAX: usize = 4 * 1024 * 1024;

/// A JSON body; also hashed, for idempotency keys.
pub struct Body<T> {
    pub content: T,
    pub hash: [u8; 32],
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        let media = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if media.split(';').next().unwrap_or_default().trim() != "application/json" {
            return Err(ApiError::new(Code::UnsupportedMediaType, "Send the body as application/json."));
        }
        let bytes = Limited::new(request.into_body(), BODY_LEN_MAX).collect().await.map_err(unreadable)?.to_bytes();
        Ok(Self { content: parse(&bytes)?, hash: taskey_proto::crypto::sha256(&bytes) })
    }
}

fn unreadable(error: Box<dyn std::error::Error + Send + Sync>) -> ApiError {
    if error.is::<LengthLimitError>() {
        return ApiError::new(Code::BodyTooLarge, format!("A body has at most {BODY_LEN_MAX} bytes."));
    }
    ApiError::new(Code::MalformedBody, "The body ended before it was whole.")
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let content = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let place = pointer(error.path());
        let inner = error.into_inner();
        match inner.classify() {
            serde_json::error::Category::Data => {
                let (pointer, detail) = located(&place, &inner.to_string());
                ApiError::invalid(vec![FieldError::new(pointer, detail)])
            }
            _ => ApiError::new(Code::MalformedBody, format!("The body is not JSON: {inner}.")),
        }
    })?;
    json.end().map_err(|error| ApiError::new(Code::MalformedBody, format!("The body is not JSON: {error}.")))?;
    Ok(content)
}
