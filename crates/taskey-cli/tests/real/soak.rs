//! A few of the seeds of `cargo x soak`.

use taskey_testkit::Engine;
use taskey_testkit::soak::run_seed;

#[tokio::test]
async fn seeded_faults_on_sqlite() {
    for seed in [1001, 1002, 1003] {
        run_seed(Engine::Sqlite, seed).await.unwrap();
    }
}

#[tokio::test]
async fn seeded_faults_on_postgres() {
    for seed in [1004, 1005] {
        run_seed(Engine::Postgres, seed).await.unwrap();
    }
}
