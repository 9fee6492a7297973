//! A private database of either kind.

use std::path::Path;

use taskey_server::config::Database;
use taskey_server::platform::db::Db;
use taskey_server::platform::hub::Hub;

use crate::postgres;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    /// The setting for a new, empty database.
    pub async fn new_database(self) -> Database {
        match self {
            Engine::Sqlite => Database::Sqlite,
            Engine::Postgres => Database::Postgres(postgres::new_database().await.expect("a private PostgreSQL database")),
        }
    }

    /// An open, migrated database; SQLite's file lies in `folder`.
    pub async fn open(self, folder: &Path) -> Db {
        match self.new_database().await {
            Database::Sqlite => Db::open_sqlite(&folder.join("test.db"), Hub::default()).await,
            Database::Postgres(url) => Db::open_postgres(&url, Hub::default()).await,
        }
        .expect("a new database opens")
    }
}
