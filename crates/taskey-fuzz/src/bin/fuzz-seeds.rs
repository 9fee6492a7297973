//! Writes the seeds of every target into the fuzzer's corpus.

use std::path::Path;

use taskey_fuzz::TARGETS;
use taskey_proto::crypto::{hex, sha256};

fn main() -> std::io::Result<()> {
    for target in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target.name);
        std::fs::create_dir_all(&folder)?;
        for seed in (target.seeds)() {
            std::fs::write(folder.join(&hex(&sha256(&seed))[..40]), seed)?;
        }
    }
    Ok(())
}
