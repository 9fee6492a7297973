//! The code that proves, at the first start, that who sets the server up can read its output. It lives in memory alone.

use std::sync::Mutex;

use taskey_proto::Time;
use taskey_proto::crypto::{self, CryptoError};

const VALID_MS: i64 = 3_600_000;
/// Crockford's: nothing that looks like something else.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const WRONG_MAX: u32 = 20;

#[derive(Default)]
pub struct SetupCode(Mutex<Option<Code>>);

struct Code {
    text: String,
    valid_until: Time,
    wrong_count: u32,
}

impl SetupCode {
    /// Makes a new code, valid for an hour: `XXXX-XXXX-XXXX-XXXX`, 80 bits.
    pub fn renew(&self, now: Time) -> Result<String, CryptoError> {
        let random: [u8; 16] = crypto::random()?;
        let letters: Vec<char> = random.iter().map(|byte| LETTERS[usize::from(byte & 31)] as char).collect();
        let text = letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-");
        *self.lock() = Some(Code { text: text.clone(), valid_until: now.plus_ms(VALID_MS), wrong_count: 0 });
        Ok(text)
    }

    /// After twenty wrong tries the code is void: a restart prints a new one.
    pub fn is_right(&self, text: &str, now: Time) -> bool {
        let mut place = self.lock();
        let Some(code) = place.as_mut() else { return false };
        if code.valid_until <= now || code.wrong_count >= WRONG_MAX {
            return false;
        }
        let right = crypto::same_bytes(plain(&code.text).as_bytes(), plain(text).as_bytes());
        code.wrong_count += u32::from(!right);
        right
    }

    pub fn void(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Code>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// As it is compared: however it was typed.
fn plain(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_right_for_an_hour_and_not_after_twenty_wrong_tries() {
        let code = SetupCode::default();
        let start = Time::from_ms(0);
        assert!(!code.is_right("", start));
        let text = code.renew(start).unwrap();
        assert_eq!(text.len(), 19);
        assert!(code.is_right(&format!(" {}\n", text.to_lowercase().replace('-', " ")), start.plus_ms(VALID_MS - 1)));
        assert!(!code.is_right(&text, start.plus_ms(VALID_MS)));
        for _ in 0..WRONG_MAX {
            assert!(!code.is_right("XXXX", start));
        }
        assert!(!code.is_right(&text, start));
    }
}
