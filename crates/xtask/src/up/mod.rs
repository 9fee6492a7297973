//! `cargo x up`: from a checkout to a server with a device and a run to look at, and the same again at every later start.
//!
//! Everything lies in one folder, `.taskey/` of the checkout: the server's data, the agent's state, the profile of the client, the
//! password, and the logs. Removing the folder begins anew. Both programs are children of this one and end with it.

mod children;
mod home;
mod start;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};

use crate::step::{self, Failure, Outcome};
use crate::up::children::Children;
use crate::up::home::Home;
use crate::up::start::Started;
use crate::{missing, web, workspace};

/// How often the children are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

struct Options {
    data: PathBuf,
    /// Stop after the summary.
    exit: bool,
}

pub fn run(arguments: &[String]) -> Outcome {
    let options = read_options(arguments)?;
    missing::ensure_node()?;
    web::ensure_built()?;
    step::run(workspace::cargo().args(["build", "--workspace"]))?;

    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).map_err(|error| Failure::new(format!("signals: {error}")))?;
    }
    let home = Home::open(&options.data)?;
    let mut children = Children::new(home.logs());
    let outcome = start::everything(&home, &mut children, &stop);
    match outcome {
        Ok(started) => summarize(&home, &started),
        // The children saw no Ctrl-C, but what ran in between did, and its failure is no news.
        Err(_) if stop.load(Ordering::Relaxed) => {
            children.stop();
            return Err(Failure::interrupted());
        }
        Err(failure) => return Err(failure),
    }
    if !options.exit {
        println!("Ctrl-C stops server and agent; the next `cargo x up` finds everything again.");
    }
    while !options.exit && !stop.load(Ordering::Relaxed) {
        children.check()?;
        thread::sleep(LOOK_EVERY);
    }
    children.stop();
    Ok(())
}

fn read_options(arguments: &[String]) -> Outcome<Options> {
    let mut options = Options { data: workspace::root().join(".taskey"), exit: false };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--exit" => options.exit = true,
            "--data" => {
                let folder = arguments.next().ok_or_else(|| Failure::new("--data wants a folder"))?;
                options.data = std::path::absolute(folder).map_err(|error| Failure::new(format!("{folder}: {error}")))?;
            }
            other => return Err(Failure::new(format!("`{other}` is not known here; there are --data DIR and --exit"))),
        }
    }
    Ok(options)
}

fn summarize(home: &Home, started: &Started) {
    let taskey = workspace::binary("taskey");
    let (taskey, device, url) = (taskey.display(), &started.device, &started.url);
    let password = match &started.new_password {
        Some(password) => format!("{password}   (shown this once; it lies in {})", home.password_file().display()),
        None => format!("in {}", home.password_file().display()),
    };
    println!("\n{}\n\ntaskey is up.\n", started.run_output.trim_end());
    println!("  open      {url}");
    println!("  user      {}", start::USERNAME);
    println!("  password  {password}");
    println!("  device    {device}, online");
    println!("  logs      {}", home.logs().display());
    println!("\nTry next:\n");
    println!("  export TASKEY_CONFIG={}", home.config_file().display());
    println!("  {taskey} exec --device {device} -- uname -a");
    println!("  {taskey} run disk-space --device {device} --wait");
    println!("  {taskey} runs ls");
    println!("  {taskey} --help\n");
}
