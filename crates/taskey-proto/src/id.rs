//! Typed ids: a public prefix and a UUIDv7 in lower-case Crockford base32, as in `run_01jd2v0q8rf7x9d2k3m4n5p6q7`.
//!
//! Ids sort by the time they were made. They are opaque to everyone outside: names are labels, ids are identity.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const TEXT_LEN: usize = 26;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid id; it looks like {0}…")]
pub struct InvalidId(pub &'static str);

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            pub const PREFIX: &'static str = $prefix;

            /// Wraps a UUID (version 7) that the caller made.
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                f.write_str(std::str::from_utf8(&encode(self.0)).map_err(|_| fmt::Error)?)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.strip_prefix($prefix).and_then(decode).map(Self).ok_or(InvalidId($prefix))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some(concat!("^", $prefix, "[0-9a-hjkmnp-tv-z]{26}$")))
                    .into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}
    )*};
}

ids! {
    OrganizationId = "org_";
    UserId = "usr_";
    SessionId = "ses_";
    KeyId = "key_";
    /// A group of users.
    GroupId = "grp_";
    DeviceGroupId = "dgr_";
    DeviceId = "dev_";
    EnrollTokenId = "etk_";
    SecretId = "sec_";
    TaskId = "tsk_";
    RunId = "run_";
    ExecutionId = "exe_";
    ScheduleId = "sch_";
    CalendarId = "cal_";
    ItemTypeId = "ity_";
    ItemId = "itm_";
    /// A saved list of items.
    ItemViewId = "viw_";
    WebhookId = "whk_";
    /// One message for one webhook: the `webhook-id` of its tries.
    DeliveryId = "msg_";
    /// One `taskey serve` process.
    NodeId = "nod_";
    /// The instance: one database with its keys.
    InstanceId = "ins_";
    /// One request, in answers and logs.
    RequestId = "req_";
}

fn encode(uuid: Uuid) -> [u8; TEXT_LEN] {
    let mut rest = uuid.as_u128();
    let mut text = [0; TEXT_LEN];
    for place in text.iter_mut().rev() {
        *place = ALPHABET[(rest & 31) as usize];
        rest >>= 5;
    }
    text
}

fn decode(text: &str) -> Option<Uuid> {
    if text.len() != TEXT_LEN || text.as_bytes()[0] > b'7' {
        return None;
    }
    let mut value: u128 = 0;
    for byte in text.bytes() {
        let digit = ALPHABET.iter().position(|letter| *letter == byte)?;
        value = value << 5 | digit as u128;
    }
    Some(Uuid::from_u128(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text() {
        for value in [0, 1, u128::MAX, 0x0193_4d5e_0000_7000_8000_0000_0000_00ff] {
            let id = RunId::new(Uuid::from_u128(value));
            assert_eq!(id.to_string().parse(), Ok(id));
        }
    }

    #[test]
    fn a_foreign_prefix_upper_case_and_a_wrong_length_are_refused() {
        let text = RunId::new(Uuid::from_u128(7)).to_string();
        assert!(text.replace("run_", "dev_").parse::<RunId>().is_err());
        assert!(text.to_uppercase().parse::<RunId>().is_err());
        assert!(text[..text.len() - 1].parse::<RunId>().is_err());
        assert!("run_80000000000000000000000000".parse::<RunId>().is_err());
    }
}
