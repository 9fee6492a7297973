//! The web UI: files built by `cargo x web`, in the binary for a release, read from the checkout in a debug build.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use rust_embed::{EmbeddedFile, RustEmbed};
use taskey_proto::crypto;

use super::http::ApiError;

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Files;

const NONCE: &str = "__CSP_NONCE__";

/// Serves a file of the UI; every other address that is not of the API is the UI's to show.
pub async fn serve(uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path.starts_with("api/") || path.starts_with("agent/") {
        return ApiError::not_found("address").into_response();
    }
    if !path.is_empty() && path != "index.html" {
        if let Some(response) = file(path, &headers) {
            return response;
        }
        if path.starts_with("assets/") {
            return ApiError::not_found("file").into_response();
        }
    }
    index()
}

fn file(path: &str, headers: &HeaderMap) -> Option<Response> {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let packed = [("br", ".br"), ("gzip", ".gz")]
        .into_iter()
        .filter(|(encoding, _)| accepted.split(',').any(|word| word.split(';').next().unwrap_or_default().trim() == *encoding))
        .find_map(|(encoding, ending)| Files::get(&format!("{path}{ending}")).map(|file| (file, Some(encoding))));
    let (file, encoding) = packed.or_else(|| Files::get(path).map(|file| (file, None)))?;
    let etag = etag(&file);
    // Names of files below assets/ carry a hash of their content.
    let caching = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    if headers.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == etag.as_bytes()) {
        return Some((StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response());
    }
    let mut response = file.data.into_owned().into_response();
    let kind = media_type(path);
    let set = [(header::CONTENT_TYPE, kind.to_owned()), (header::CACHE_CONTROL, caching.to_owned()), (header::ETAG, etag)];
    for (name, value) in set {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    if let Some(encoding) = encoding {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    Some(response)
}

/// The page itself, with a nonce of its own for every answer: only the scripts and styles that it names may run.
fn index() -> Response {
    let Some(page) = Files::get("index.html") else {
        let text = "The web UI is not built into this server. Build it with `cargo x web` and start again; the API is at /api/v1.\n";
        return (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response();
    };
    let Ok(random) = crypto::random::<18>() else {
        return ApiError::internal("no random bytes for a nonce").into_response();
    };
    let nonce = crypto::base64url(&random);
    let page = String::from_utf8_lossy(&page.data).replace(NONCE, &nonce);
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data: blob: https:; \
         font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy),
    ];
    (headers, page).into_response()
}

fn etag(file: &EmbeddedFile) -> String {
    format!("\"{}\"", crypto::hex(&file.metadata.sha256_hash()[..8]))
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
