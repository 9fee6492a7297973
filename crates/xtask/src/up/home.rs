//! The folder in which a trial lives.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{FlockOperation, flock};

use crate::step::{self, Failure, Outcome};
use crate::workspace;

const PORT_DEFAULT: u16 = 8080;
const PASSWORD_LEN: usize = 20;
/// Settings of the one who works here have no say in the trial.
const FOREIGN_SETTINGS: [&str; 8] = [
    "TASKEY_SERVER",
    "TASKEY_API_KEY",
    "TASKEY_PROFILE",
    "TASKEY_DATABASE_URL",
    "TASKEY_PUBLIC_URL",
    "TASKEY_LISTEN",
    "TASKEY_MQTT_LISTEN",
    "TASKEY_EGRESS_ALLOW",
];

pub struct Home {
    folder: PathBuf,
    /// Held while we run: two trials in one folder would fight.
    _lock: File,
}

/// Where the server is to listen.
pub struct Port {
    pub number: u16,
    /// Whether the profile and the agent, if there are any, know another one.
    pub moved: bool,
}

impl Home {
    pub fn open(folder: &Path) -> Outcome<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| at(folder, &error))?;
        let path = folder.join("lock");
        let lock =
            OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(|error| at(&path, &error))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| Failure::new(format!("another `cargo x up` runs in {}; stop it first, or use --data", folder.display())))?;
        Ok(Self { folder: folder.to_owned(), _lock: lock })
    }

    pub fn logs(&self) -> PathBuf {
        self.folder.clone()
    }

    pub fn server_data(&self) -> PathBuf {
        self.folder.join("server")
    }

    pub fn agent_state(&self) -> PathBuf {
        self.folder.join("agent")
    }

    pub fn config_file(&self) -> PathBuf {
        self.folder.join("config.toml")
    }

    pub fn password_file(&self) -> PathBuf {
        self.folder.join("password")
    }

    /// One of our programs, with the settings of this folder alone.
    pub fn program(&self, name: &str) -> Command {
        let mut program = Command::new(workspace::binary(name));
        program.env("TASKEY_CONFIG", self.config_file());
        FOREIGN_SETTINGS.iter().for_each(|name| {
            program.env_remove(name);
        });
        program
    }

    /// The port of the last start, or the usual one; a free one where that is taken.
    pub fn choose_port(&self) -> Outcome<Port> {
        let file = self.folder.join("port");
        let last: Option<u16> = fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok());
        let wanted = last.unwrap_or(PORT_DEFAULT);
        let number = match free_port(wanted) {
            Some(port) => port,
            None => {
                let free = free_port(0).ok_or_else(|| Failure::new("no port is free on 127.0.0.1"))?;
                step::say(&format!("port {wanted} is taken by another program; {free} takes its place"));
                free
            }
        };
        fs::write(&file, format!("{number}\n")).map_err(|error| at(&file, &error))?;
        Ok(Port { number, moved: last.is_some_and(|last| last != number) })
    }

    pub fn read_password(&self) -> Outcome<String> {
        let path = self.password_file();
        fs::read_to_string(&path).map(|text| text.trim().to_owned()).map_err(|error| at(&path, &error))
    }

    /// A new random password, kept in the password file.
    pub fn make_password(&self) -> Outcome<String> {
        let password = random_text()?;
        let path = self.password_file();
        let _ = fs::remove_file(&path);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        file.and_then(|mut file| writeln!(file, "{password}")).map_err(|error| at(&path, &error))?;
        Ok(password)
    }

    /// Forgets the agent's state, for a device that joins anew.
    pub fn forget_agent(&self) -> Outcome {
        match fs::remove_dir_all(self.agent_state()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(at(&self.agent_state(), &error)),
            _ => Ok(()),
        }
    }
}

fn free_port(port: u16) -> Option<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()?;
    listener.local_addr().ok().map(|address| address.port())
}

fn random_text() -> Outcome<String> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0; PASSWORD_LEN];
    let random = Path::new("/dev/urandom");
    File::open(random).and_then(|mut file| file.read_exact(&mut bytes)).map_err(|error| at(random, &error))?;
    Ok(bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte & 31)])).collect())
}

fn at(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("{}: {error}", path.display()))
}
