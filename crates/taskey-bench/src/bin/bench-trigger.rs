//! `cargo x bench trigger`: how long from the API call to the command's first instruction, and to its stored result.
//!
//! Contenders take turns in blocks, so that what else happens on the machine happens to all of them.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};
use taskey_bench::figures::{Ratio, Samples, percentile, ratios, table};
use taskey_bench::floors::{self, Broker, FloorA, FloorB};
use taskey_bench::product::Product;
use taskey_bench::programs::folder;
use taskey_bench::stamps::{self, Stamps};

/// Runs of one contender before the next takes its turn.
const BLOCK: usize = 25;

#[derive(Parser)]
#[command(name = "bench-trigger", about = "Measures one trigger on one device, with its floors beside it")]
struct Cli {
    /// Runs of each contender that count
    #[arg(long, default_value_t = 300)]
    runs: usize,
    /// Runs of each contender before those, so that the database has a history
    #[arg(long, default_value_t = 500)]
    warm_up: usize,
    #[command(subcommand)]
    part: Option<Part>,
}

/// The floors' own processes.
#[derive(Subcommand)]
enum Part {
    #[command(hide = true)]
    FloorAgent { broker_port: u16, name: String },
    #[command(hide = true)]
    FloorServer { broker_port: u16, name: String, database: PathBuf },
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    match cli.part {
        Some(Part::FloorAgent { broker_port, name }) => floors::agent::run(broker_port, &name),
        Some(Part::FloorServer { broker_port, name, database }) => floors::server::run(broker_port, &name, &database),
        None => measure(cli.runs, cli.warm_up),
    }
}

fn measure(runs: usize, warm_up: usize) -> anyhow::Result<()> {
    let folder = folder()?;
    let mut contenders = Contenders::start(folder.path())?;
    contenders.run(warm_up)?;
    contenders.forget();
    contenders.run(runs)?;
    write!(io::stdout(), "{}\n{}", conditions(runs, warm_up), contenders.report())?;
    Ok(())
}

fn conditions(runs: usize, warm_up: usize) -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    format!(
        "one device, one command, loopback; taskey over TLS, both the call and the line, the floors without\n\
         SQLite {}, WAL, FULL; {cores} cores, load {load}; {runs} runs each in blocks of {BLOCK}, after {warm_up}; {} stamp\n",
        rusqlite::version(),
        stamps::LINKING,
    )
}

struct Contenders {
    stamps: Stamps,
    file: File,
    floor_a: FloorA,
    floor_b: FloorB,
    product: Product,
    _broker: Broker,
    append: Samples,
    spawn: Samples,
    a: Samples,
    b: Samples,
    taskey: Samples,
}

impl Contenders {
    fn start(folder: &Path) -> anyhow::Result<Self> {
        let broker = Broker::start(folder)?;
        Ok(Self {
            stamps: Stamps::listen(folder)?,
            file: File::create(folder.join("appended"))?,
            floor_a: FloorA::start(&broker, folder)?,
            floor_b: FloorB::start(&broker, folder)?,
            product: Product::start(folder)?,
            _broker: broker,
            append: Samples::new("fdatasync of 8 KiB"),
            spawn: Samples::new("spawn"),
            a: Samples::new("floor A: MQTT, spawn"),
            b: Samples::new("floor B: HTTP, SQLite, MQTT, spawn"),
            taskey: Samples::new("taskey"),
        })
    }

    fn run(&mut self, runs: usize) -> anyhow::Result<()> {
        let mut left = runs;
        while left > 0 {
            let block = left.min(BLOCK);
            left -= block;
            for _ in 0..block {
                self.append.result.push(floors::append(&self.file)?);
            }
            let stamps = &mut self.stamps;
            take_turn(&mut self.spawn, block, || floors::spawn(stamps))?;
            take_turn(&mut self.a, block, || self.floor_a.trigger(stamps))?;
            take_turn(&mut self.b, block, || self.floor_b.trigger(stamps))?;
            take_turn(&mut self.taskey, block, || self.product.trigger(stamps))?;
        }
        Ok(())
    }

    fn forget(&mut self) {
        for samples in [&mut self.append, &mut self.spawn, &mut self.a, &mut self.b, &mut self.taskey] {
            samples.started.clear();
            samples.result.clear();
        }
    }

    fn report(&self) -> String {
        let floor_started = percentile(&self.b.started, 50);
        let floor_result = percentile(&self.b.result, 50);
        let (started, result) = (&self.taskey.started, &self.taskey.result);
        let budgets = [
            Ratio::new("started p50 to started p50", percentile(started, 50), floor_started, 4.0),
            Ratio::new("result p50 to result p50", percentile(result, 50), floor_result, 4.6),
            Ratio::new("result p99 to result p50", percentile(result, 99), floor_result, 14.0),
        ];
        format!("{}\n{}", table(&[&self.append, &self.spawn, &self.a, &self.b, &self.taskey]), ratios("taskey against floor B", &budgets))
    }
}

fn take_turn(samples: &mut Samples, runs: usize, mut trigger: impl FnMut() -> anyhow::Result<(u64, u64)>) -> anyhow::Result<()> {
    for _ in 0..runs {
        let (started, result) = trigger()?;
        samples.started.push(started);
        samples.result.push(result);
    }
    Ok(())
}
