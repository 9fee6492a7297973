//! The few primitives that taskey signs, seals and hashes with, all of them ring's.
//!
//! Keys are Ed25519. A signature always covers a context word first, so that a document of one kind can never pass for another.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SecureRandom as _;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

pub const PUBLIC_KEY_LEN: usize = 32;

#[derive(Debug, thiserror::Error)]
pub enum CryptoError {
    #[error("the system's random source failed")]
    Random,
    #[error("the key file does not hold an Ed25519 key")]
    Key,
    #[error("the signature does not match")]
    Signature,
    #[error("it was sealed with another key, for something else, or was changed")]
    Sealed,
}

/// An Ed25519 key pair. Its private half never leaves this type but as PKCS#8 for its own file.
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// Makes a key; the second value is its PKCS#8 form, to be stored with mode 0600.
    pub fn generate() -> Result<(Self, Vec<u8>), CryptoError> {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new()).map_err(|_| CryptoError::Random)?;
        Ok((Self::from_pkcs8(pkcs8.as_ref())?, pkcs8.as_ref().to_vec()))
    }

    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, CryptoError> {
        Ed25519KeyPair::from_pkcs8(pkcs8).map(Self).map_err(|_| CryptoError::Key)
    }

    pub fn public_key(&self) -> PublicKey {
        let mut bytes = [0; PUBLIC_KEY_LEN];
        bytes.copy_from_slice(self.0.public_key().as_ref());
        PublicKey(bytes)
    }

    /// Signs `context`, a zero byte and `message`; 64 bytes.
    pub fn sign(&self, context: &str, message: &[u8]) -> Vec<u8> {
        self.0.sign(&signed_bytes(context, message)).as_ref().to_vec()
    }
}

/// An Ed25519 public key; base64 in JSON.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(pub [u8; PUBLIC_KEY_LEN]);

impl PublicKey {
    pub fn verify(&self, context: &str, message: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        UnparsedPublicKey::new(&ED25519, self.0).verify(&signed_bytes(context, message), signature).map_err(|_| CryptoError::Signature)
    }

    /// The first 16 bytes of the key's SHA-256, 32 hexadecimal digits: what people compare and tokens carry.
    pub fn fingerprint(&self) -> String {
        hex(&sha256(&self.0)[..16])
    }
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({})", self.fingerprint())
    }
}

fn signed_bytes(context: &str, message: &[u8]) -> Vec<u8> {
    [context.as_bytes(), &[0], message].concat()
}

pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    digest.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref());
    digest
}

/// HMAC-SHA-256 of `message` under `key`.
pub fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut tag = [0; 32];
    tag.copy_from_slice(ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key), message).as_ref());
    tag
}

/// Bytes of the nonce before each ciphertext of [`encrypt`].
const NONCE_LEN: usize = 12;

/// Encrypts with ChaCha20-Poly1305: a random nonce of 12 bytes, the ciphertext, the tag. `context` is authenticated, not included.
pub fn encrypt(key: &[u8; 32], context: &[u8], plain: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let nonce = random::<NONCE_LEN>()?;
    let mut bytes = plain.to_vec();
    let aad = ring::aead::Aad::from(context);
    aead(key)
        .seal_in_place_append_tag(ring::aead::Nonce::assume_unique_for_key(nonce), aad, &mut bytes)
        .map_err(|_| CryptoError::Sealed)?;
    Ok([&nonce[..], &bytes].concat())
}

/// Undoes [`encrypt`].
pub fn decrypt(key: &[u8; 32], context: &[u8], bytes: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let (nonce, rest) = bytes.split_first_chunk::<NONCE_LEN>().ok_or(CryptoError::Sealed)?;
    let mut rest = rest.to_vec();
    let aad = ring::aead::Aad::from(context);
    let nonce = ring::aead::Nonce::assume_unique_for_key(*nonce);
    let plain = aead(key).open_in_place(nonce, aad, &mut rest).map_err(|_| CryptoError::Sealed)?;
    Ok(plain.to_vec())
}

fn aead(key: &[u8; 32]) -> ring::aead::LessSafeKey {
    // The key's length is that of the algorithm: this cannot fail.
    let key = ring::aead::UnboundKey::new(&ring::aead::CHACHA20_POLY1305, key).expect("a key of 32 bytes");
    ring::aead::LessSafeKey::new(key)
}

/// Encrypts to the holder of an X25519 key: an ephemeral public key of 32 bytes, then as [`encrypt`] with the key that both agree on
/// (HKDF-SHA-256 over both public keys).
pub fn seal(recipient: &PublicKey, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, CryptoError> {
    use ring::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
    let own = EphemeralPrivateKey::generate(&X25519, &ring::rand::SystemRandom::new()).map_err(|_| CryptoError::Random)?;
    let public = own.compute_public_key().map_err(|_| CryptoError::Random)?;
    let mut ephemeral = [0; PUBLIC_KEY_LEN];
    ephemeral.copy_from_slice(public.as_ref());
    let key = agree_ephemeral(own, &UnparsedPublicKey::new(&X25519, recipient.0), |shared| agreed_key(shared, &ephemeral, recipient));
    let key = key.map_err(|_| CryptoError::Key)?;
    Ok([&ephemeral[..], &encrypt(&key, context, plain)?].concat())
}

/// Undoes [`seal`]; `agree` is the recipient's half of X25519, `None` where the sender's key is no key.
pub fn unseal(
    recipient: &PublicKey,
    context: &[u8],
    bytes: &[u8],
    agree: impl FnOnce([u8; 32]) -> Option<[u8; 32]>,
) -> Result<Vec<u8>, CryptoError> {
    let (ephemeral, rest) = bytes.split_first_chunk::<PUBLIC_KEY_LEN>().ok_or(CryptoError::Sealed)?;
    let shared = agree(*ephemeral).ok_or(CryptoError::Sealed)?;
    decrypt(&agreed_key(&shared, ephemeral, recipient), context, rest)
}

fn agreed_key(shared: &[u8], ephemeral: &[u8; 32], recipient: &PublicKey) -> [u8; 32] {
    let extracted = mac(&[&ephemeral[..], &recipient.0].concat(), shared);
    mac(&extracted, b"taskey sealed v1\x01")
}

/// Compares in constant time.
pub fn same_bytes(left: &[u8], right: &[u8]) -> bool {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"compare");
    ring::hmac::verify(&key, left, ring::hmac::sign(&key, right).as_ref()).is_ok()
}

pub fn random<const N: usize>() -> Result<[u8; N], CryptoError> {
    let mut bytes = [0; N];
    ring::rand::SystemRandom::new().fill(&mut bytes).map_err(|_| CryptoError::Random)?;
    Ok(bytes)
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Undoes [`hex`], where there are exactly so many bytes.
pub fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != N * 2 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; N];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[place * 2..place * 2 + 2], 16).ok()?;
    }
    Some(bytes)
}

pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Undoes [`base64`].
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Bytes as standard base64 in JSON: `#[serde(with = "taskey_proto::crypto::base64_bytes")]`.
pub mod base64_bytes {
    use base64::Engine as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::base64(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        super::STANDARD.decode(text.as_bytes()).map_err(serde::de::Error::custom)
    }
}

impl serde::Serialize for PublicKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&base64(&self.0))
    }
}

impl<'de> serde::Deserialize<'de> for PublicKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = base64_bytes::deserialize(deserializer)?;
        let bytes = bytes.try_into().map_err(|_| serde::de::Error::custom("a public key is 32 bytes of base64"))?;
        Ok(Self(bytes))
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for PublicKey {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("32 bytes in standard base64"))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for PublicKey {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_of_one_context_does_not_pass_in_another() {
        let (key, _) = SigningKey::generate().unwrap();
        let signature = key.sign("taskey/v1/dispatch", b"bytes");
        assert!(key.public_key().verify("taskey/v1/dispatch", b"bytes", &signature).is_ok());
        assert!(key.public_key().verify("taskey/v1/authorization", b"bytes", &signature).is_err());
        assert!(key.public_key().verify("taskey/v1/dispatch", b"bytez", &signature).is_err());
    }

    /// RFC 8032, section 7.1, test 2: the public key and signature of another implementation.
    #[test]
    fn ed25519_agrees_with_its_standard() {
        let hex =
            |text: &str| -> Vec<u8> { (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect() };
        let public = hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
        let signature = hex(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        );
        assert!(UnparsedPublicKey::new(&ED25519, public).verify(&[0x72], &signature).is_ok());
    }

    /// RFC 4231, test case 2.
    #[test]
    fn hmac_agrees_with_its_standard() {
        let tag = mac(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(hex(&tag), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
