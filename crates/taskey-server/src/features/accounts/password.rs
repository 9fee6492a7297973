//! Passwords: Argon2id, on a thread that may block.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use taskey_proto::accounts::{PASSWORD_LEN_MAX, PASSWORD_LEN_MIN};

use crate::platform::http::ApiError;

/// Why a password is not taken; `None` when it is.
pub fn problem(password: &str, _context: &[&str]) -> Option<String> {
    let length = password.chars().count();
    if length < PASSWORD_LEN_MIN {
        return Some(format!("at least {PASSWORD_LEN_MIN} characters"));
    }
    (length > PASSWORD_LEN_MAX).then(|| format!("at most {PASSWORD_LEN_MAX} characters"))
}

pub async fn hash(password: String) -> Result<String, ApiError> {
    blocking(move || Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string()).map_err(|error| error.to_string()))
        .await?
        .map_err(ApiError::internal)
}

/// Whether `password` is the one behind `stored`; with `None` it takes as long, and is not.
pub async fn verify(password: String, stored: Option<String>) -> Result<bool, ApiError> {
    blocking(move || {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| NOBODY.to_owned());
        let matches = PasswordHash::new(&stored).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
        matches && known
    })
    .await
}

/// The hash of a password that nobody knows, so that an unknown user name costs the same time.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZSBzYWx0IG9mIDE2Yg$n2oF1dFvC3Qe1mPjQ0y5n5zQ6fPqYdGm3mVb1n0m3dM";

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.map_err(ApiError::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_of_a_known_user_matches() {
        let stored = hash("correct horse".to_owned()).await.unwrap();
        assert!(verify("correct horse".to_owned(), Some(stored.clone())).await.unwrap());
        assert!(!verify("correct horses".to_owned(), Some(stored)).await.unwrap());
        assert!(!verify("correct horse".to_owned(), None).await.unwrap());
    }

    #[test]
    fn the_hash_of_nobody_is_a_real_hash_so_that_it_takes_the_same_time() {
        assert!(PasswordHash::new(NOBODY).is_ok());
    }
}
