//! Values in and rows out, the same for both databases: texts, 64-bit integers, bytes. Times are milliseconds, flags 0 or 1.

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Postgres, Row as _, SqlSafeStr, Sqlite};
use taskey_proto::Time;

use super::DbError;

pub type Args = Vec<Val>;

/// A value to bind. The empty ones keep their type: PostgreSQL wants to know it.
#[derive(Debug, Clone, PartialEq)]
pub enum Val {
    Text(Option<String>),
    Int(Option<i64>),
    Bytes(Option<Vec<u8>>),
}

pub trait IntoVal {
    fn into_val(self) -> Val;
}

macro_rules! into_val {
    ($($type:ty => $kind:ident($value:ident) $expr:expr;)*) => {$(
        impl IntoVal for $type {
            fn into_val(self) -> Val {
                let $value = self;
                Val::$kind(Some($expr))
            }
        }

        impl IntoVal for Option<$type> {
            fn into_val(self) -> Val {
                Val::$kind(self.map(|$value| $expr))
            }
        }
    )*};
}

into_val! {
    &str => Text(text) text.to_owned();
    String => Text(text) text;
    &String => Text(text) text.clone();
    i64 => Int(number) number;
    u64 => Int(number) number as i64;
    u32 => Int(number) i64::from(number);
    usize => Int(number) number as i64;
    bool => Int(flag) i64::from(flag);
    Time => Int(time) time.ms();
    Vec<u8> => Bytes(bytes) bytes;
    &[u8] => Bytes(bytes) bytes.to_vec();
    &Vec<u8> => Bytes(bytes) bytes.clone();
}

macro_rules! ids {
    ($($id:ident)*) => {$(
        into_val! { taskey_proto::id::$id => Text(id) id.to_string(); }

        impl FromCol for taskey_proto::id::$id {
            fn from_col(row: &Row, column: &str) -> Result<Self, DbError> {
                parse(column, &row.get::<String>(column)?)
            }
        }

        impl FromCol for Option<taskey_proto::id::$id> {
            fn from_col(row: &Row, column: &str) -> Result<Self, DbError> {
                row.get::<Option<String>>(column)?.map(|text| parse(column, &text)).transpose()
            }
        }
    )*};
}

ids! { OrganizationId UserId SessionId KeyId GroupId DeviceGroupId ScheduleId CalendarId ItemTypeId ItemId ItemViewId WebhookId DeliveryId DeviceId EnrollTokenId SecretId TaskId RunId ExecutionId NodeId InstanceId }

pub enum Row {
    Lite(SqliteRow),
    Pg(PgRow),
}

impl Row {
    pub fn get<T: FromCol>(&self, column: &str) -> Result<T, DbError> {
        T::from_col(self, column)
    }

    /// A column that holds JSON.
    pub fn json<T: serde::de::DeserializeOwned>(&self, column: &str) -> Result<T, DbError> {
        let text: String = self.get(column)?;
        serde_json::from_str(&text).map_err(|error| DbError::Column { column: column.to_owned(), detail: error.to_string() })
    }
}

pub trait FromCol: Sized {
    fn from_col(row: &Row, column: &str) -> Result<Self, DbError>;
}

macro_rules! from_col {
    ($($type:ty)*) => {$(
        impl FromCol for $type {
            fn from_col(row: &Row, column: &str) -> Result<Self, DbError> {
                Ok(match row {
                    Row::Lite(row) => row.try_get(column)?,
                    Row::Pg(row) => row.try_get(column)?,
                })
            }
        }
    )*};
}

from_col! { String Option<String> i64 Option<i64> Vec<u8> Option<Vec<u8>> }

impl FromCol for Time {
    fn from_col(row: &Row, column: &str) -> Result<Self, DbError> {
        Ok(Time::from_ms(row.get(column)?))
    }
}

impl FromCol for Option<Time> {
    fn from_col(row: &Row, column: &str) -> Result<Self, DbError> {
        Ok(row.get::<Option<i64>>(column)?.map(Time::from_ms))
    }
}

impl FromCol for bool {
    fn from_col(row: &Row, column: &str) -> Result<Self, DbError> {
        Ok(row.get::<i64>(column)? != 0)
    }
}

impl FromCol for u64 {
    fn from_col(row: &Row, column: &str) -> Result<Self, DbError> {
        let number: i64 = row.get(column)?;
        u64::try_from(number).map_err(|_| DbError::Column { column: column.to_owned(), detail: format!("{number} is negative") })
    }
}

impl FromCol for u32 {
    fn from_col(row: &Row, column: &str) -> Result<Self, DbError> {
        let number: i64 = row.get(column)?;
        u32::try_from(number).map_err(|_| DbError::Column { column: column.to_owned(), detail: format!("{number} is out of range") })
    }
}

fn parse<T: std::str::FromStr>(column: &str, text: &str) -> Result<T, DbError>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| DbError::Column { column: column.to_owned(), detail: error.to_string() })
}

pub(super) fn bind_sqlite(sql: impl SqlSafeStr, args: Args) -> sqlx::query::Query<'static, Sqlite, SqliteArguments> {
    let mut query = sqlx::query(sql);
    for value in args {
        query = match value {
            Val::Text(text) => query.bind(text),
            Val::Int(number) => query.bind(number),
            Val::Bytes(bytes) => query.bind(bytes),
        };
    }
    query
}

pub(super) fn bind_postgres(sql: impl SqlSafeStr, args: Args) -> sqlx::query::Query<'static, Postgres, PgArguments> {
    let mut query = sqlx::query(sql);
    for value in args {
        query = match value {
            Val::Text(text) => query.bind(text),
            Val::Int(number) => query.bind(number),
            Val::Bytes(bytes) => query.bind(bytes),
        };
    }
    query
}
