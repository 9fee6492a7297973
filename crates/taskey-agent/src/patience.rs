//! Asking the server again, where the first answer was none.

use std::time::Duration;

use crate::credential::CredentialError;
use crate::http::HttpError;

/// Before the second and the third try.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(3)];

/// Tries up to three times. The server's own refusal is an answer, and is not asked for again.
pub async fn patiently<T, F>(once: impl Fn() -> F) -> Result<T, CredentialError>
where
    F: Future<Output = Result<T, CredentialError>>,
{
    for pause in PAUSES {
        match once().await {
            Err(CredentialError::Http(HttpError::Unreachable { .. } | HttpError::Proxy { .. } | HttpError::Unexpected { .. })) => {
                tokio::time::sleep(pause).await;
            }
            result => return result,
        }
    }
    once().await
}
