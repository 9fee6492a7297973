//! Passwords: which are taken, and Argon2id, on the threads of the [`Hasher`].

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
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
    hasher.run(move || hash_now(&password)).await?.map_err(ApiError::internal)
}

fn hash_now(password: &str) -> Result<String, argon2::password_hash::Error> {
    let (argon2, salt) = (Argon2::default(), Salt::generate());
    let output = derive(&argon2, password, &salt, Params::DEFAULT_OUTPUT_LEN)?;
    let params = ParamsString::try_from(argon2.params())?;
    let version = Some(Version::default().into());
    Ok(PasswordHash { algorithm: Algorithm::default().ident(), version, params, salt: Some(salt), hash: Some(output) }.to_string())
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
    let hash = known.or_else(|| PasswordHash::new(NOBODY).ok());
    hash.is_some_and(|hash| is_behind(password, &hash).unwrap_or(false)) && is_known
}

fn is_behind(password: &str, stored: &PasswordHash) -> Result<bool, argon2::password_hash::Error> {
    let (Some(salt), Some(output)) = (&stored.salt, &stored.hash) else { return Ok(false) };
    let version = stored.version.map(Version::try_from).transpose()?.unwrap_or_default();
    let argon2 = Argon2::new(Algorithm::try_from(stored.algorithm.as_str())?, version, Params::try_from(stored)?);
    // Outputs are compared in constant time.
    Ok(derive(&argon2, password, salt, output.len())? == *output)
}

/// Blocks that glibc maps for each hash and gives back after it, being more than 32 MiB. Less it takes for something to keep, and after
/// a few hashes holds a hundred megabytes that nobody uses. What is not touched of them costs nothing.
const BLOCKS_MAPPED: usize = 34 * 1024;

fn derive(argon2: &Argon2<'_>, password: &str, salt: &[u8], len: usize) -> Result<Output, argon2::password_hash::Error> {
    let count = argon2.params().block_count();
    let mut memory = Vec::with_capacity(count.max(BLOCKS_MAPPED));
    memory.resize(count, Block::new());
    let mut output = vec![0; len];
    argon2.hash_password_into_with_memory(password.as_bytes(), salt, &mut output, &mut memory)?;
    Ok(Output::new(&output)?)
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
    fn what_is_stored_is_argon2id_with_19_mib_as_any_program_reads_it() {
        use argon2::PasswordVerifier as _;
        let stored = hash_now("correct horse").unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_ne!(stored, hash_now("correct horse").unwrap(), "each has a salt of its own");
        assert!(Argon2::default().verify_password(b"correct horse", stored.as_str()).is_ok());
        let other = "$argon2id$v=19$m=256,t=1,p=1$c29tZSBzYWx0IG9mIDE2Yg$";
        let other = format!("{other}{}", "A".repeat(43));
        assert!(!matches("correct horse", Some(&other)), "other parameters are those of the hash");
    }

    #[test]
    fn the_hash_of_nobody_is_a_real_hash_so_that_it_takes_the_same_time() {
        assert!(PasswordHash::new(NOBODY).is_ok());
    }
}
