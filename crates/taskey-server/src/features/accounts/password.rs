//! Passwords: which are taken, and Argon2id, on the threads of the [`Hasher`].

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use taskey_proto::accounts::{PASSWORD_LEN_MAX, PASSWORD_LEN_MIN};

use super::hasher::Hasher;
use super::known_bad;
use crate::platform::http::ApiError;

/// Why a password is not taken, and what to do; `None` when it is taken. `context` is what belongs to the account, such as the names of the
/// user and the organization: nothing that is little more than these is taken.
pub fn problem(password: &str, context: &[&str]) -> Option<String> {
    let length = password.chars().count();
    if length < PASSWORD_LEN_MIN {
        return Some(format!("at least {PASSWORD_LEN_MIN} characters"));
    }
    if length > PASSWORD_LEN_MAX {
        return Some(format!("at most {PASSWORD_LEN_MAX} characters"));
    }
    known_bad::problem(password, context)
}

pub async fn hash(hasher: &Hasher, password: String) -> Result<String, ApiError> {
    let hashed = hasher.run(move || Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string())).await?;
    hashed.map_err(ApiError::internal)
}

/// Whether `password` is the one behind `stored`; with `None` it takes as long, and is not.
pub async fn verify(hasher: &Hasher, password: String, stored: Option<String>) -> Result<bool, ApiError> {
    hasher.run(move || matches(&password, stored.as_deref())).await
}

/// The same, here and now: for work that is on one of the [`Hasher`]'s threads already.
pub fn matches(password: &str, stored: Option<&str>) -> bool {
    // Who has no password yet has a text that is no hash, and costs the same time too.
    let known = stored.and_then(|stored| PasswordHash::new(stored).ok());
    let is_known = known.is_some();
    let Some(hash) = known.or_else(|| PasswordHash::new(NOBODY).ok()) else { return false };
    Argon2::default().verify_password(password.as_bytes(), &hash).is_ok() && is_known
}

/// The hash of a password that nobody knows, so that an unknown user name costs the same time.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZSBzYWx0IG9mIDE2Yg$n2oF1dFvC3Qe1mPjQ0y5n5zQ6fPqYdGm3mVb1n0m3dM";

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_of_a_known_user_matches() {
        let hasher = Hasher::start().unwrap();
        let stored = hash(&hasher, "correct horse".to_owned()).await.unwrap();
        assert!(verify(&hasher, "correct horse".to_owned(), Some(stored.clone())).await.unwrap());
        assert!(!verify(&hasher, "correct horses".to_owned(), Some(stored)).await.unwrap());
        assert!(!verify(&hasher, "correct horse".to_owned(), None).await.unwrap());
        assert!(!verify(&hasher, String::new(), Some(String::new())).await.unwrap(), "who has no password yet");
    }

    #[test]
    fn a_password_has_8_to_1000_characters_and_is_none_of_those_that_everybody_tries() {
        assert_eq!(problem("kF9#xQ2", &[]), Some("at least 8 characters".to_owned()));
        assert_eq!(problem("äöüßéèñç", &[]), None, "characters are counted, not bytes");
        assert_eq!(problem(&"correct horse ".repeat(72)[..1_000], &[]), None);
        assert_eq!(problem(&"correct horse ".repeat(72)[..1_001], &[]), Some("at most 1000 characters".to_owned()));
        assert!(problem("Password1!", &[]).is_some() && problem("annsmith", &["ann.smith"]).is_some());
    }

    #[test]
    fn the_hash_of_nobody_is_a_real_hash_so_that_it_takes_the_same_time() {
        assert!(PasswordHash::new(NOBODY).is_ok());
    }
}
