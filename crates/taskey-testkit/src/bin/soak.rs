//! `cargo x soak`: seeded faults on both databases, for as many seeds as one likes.

use std::io::Write as _;
use std::time::Instant;

use anyhow::Context as _;
use taskey_testkit::Engine;
use taskey_testkit::soak::run_seed;

const SEEDS_DEFAULT: u64 = 100;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let seeds = seeds(std::env::args().skip(1).collect())?;
    let mut out = std::io::stdout();
    let (started, count) = (Instant::now(), seeds.len());
    for (index, seed) in seeds.into_iter().enumerate() {
        for engine in [Engine::Sqlite, Engine::Postgres] {
            let began = Instant::now();
            let report = run_seed(engine, seed).await?;
            let states: Vec<String> = report.states.iter().map(|(state, count)| format!("{count} {state}")).collect();
            let slots: Vec<String> = report.slots.iter().map(|(state, count)| format!("{count} {state}")).collect();
            writeln!(
                out,
                "{:>4}/{count}  seed {seed:<6} {:<9} {:>2} runs, {} agents and {} servers killed: {}; slots: {} ({:.1} s)",
                index + 1,
                format!("{engine:?}"),
                report.runs,
                report.agents_killed,
                report.servers_killed,
                states.join(", "),
                slots.join(", "),
                began.elapsed().as_secs_f64(),
            )?;
        }
    }
    writeln!(
        out,
        "every execution ended once, every slot is settled once, nothing ran twice, nothing was lost ({:.0} s)",
        started.elapsed().as_secs_f64()
    )?;
    Ok(())
}

/// `[COUNT] [--seed SEED]`
fn seeds(arguments: Vec<String>) -> anyhow::Result<Vec<u64>> {
    let usage = "cargo x soak [COUNT] [--seed SEED]";
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Ok((1..=SEEDS_DEFAULT).collect()),
        ["--seed", seed] => Ok(vec![seed.parse().context(usage)?]),
        [count] => Ok((1..=count.parse::<u64>().context(usage)?).collect()),
        _ => anyhow::bail!(usage),
    }
}
