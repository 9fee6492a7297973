//! An instant in UTC, to the millisecond: RFC 3339 in JSON, milliseconds since 1970 in the database.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

/// 9999-12-30T21:59:59.999Z: the last instant that every time zone can still write.
const MAX_MS: i64 = 253_402_207_199_999;

impl Time {
    /// An instant from milliseconds since 1970, held within the years 1970 to 9999.
    pub fn from_ms(ms: i64) -> Self {
        Self(ms.clamp(0, MAX_MS))
    }

    pub const fn ms(self) -> i64 {
        self.0
    }

    pub fn plus_ms(self, ms: i64) -> Self {
        Self::from_ms(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this instant, negative when this one is the earlier.
    pub const fn since_ms(self, earlier: Time) -> i64 {
        self.0 - earlier.0
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = Timestamp::from_millisecond(self.0).map_err(|_| fmt::Error)?;
        write!(f, "{instant:.3}")
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[derive(Debug, Clone, thiserror::Error)]
#[error("not a time; write it as 2030-01-31T09:30:00Z")]
pub struct InvalidTime;

impl FromStr for Time {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let instant: Timestamp = text.parse().map_err(|_| InvalidTime)?;
        let ms = instant.as_millisecond();
        if !(0..=MAX_MS).contains(&ms) {
            return Err(InvalidTime);
        }
        Ok(Self(ms))
    }
}

impl serde::Serialize for Time {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Time {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Time {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))).into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Time {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_utc_with_milliseconds() {
        assert_eq!(Time::from_ms(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Time::from_ms(1_795_239_063_007).to_string(), "2026-11-21T05:31:03.007Z");
        assert_eq!(Time::from_ms(i64::MAX).to_string(), "9999-12-30T21:59:59.999Z");
    }

    #[test]
    fn a_time_with_an_offset_is_read_as_its_instant() {
        let time: Time = "2026-11-21T06:31:03.007+01:00".parse().unwrap();
        assert_eq!(time.ms(), 1_795_239_063_007);
        assert!("2026-11-21".parse::<Time>().is_err());
        assert!("1969-12-31T23:59:59Z".parse::<Time>().is_err());
    }
}
