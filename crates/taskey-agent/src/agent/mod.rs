//! The agent itself: the one owner of all state, between the line and the executions.
//!
//! It is a loop over events. Nothing else writes the journal or decides what runs; the line and the executions are tasks that
//! send it news. Before it waits it pumps: starts what may start, sends what may leave, and then makes the journal durable, so
//! that an end is on its way while the disk works. `intake` takes what comes from the server, `telling` gives what goes
//! there, `firing` begins what schedules on this device ask for.

mod firing;
mod intake;
mod telling;

use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use taskey_proto::Time;
use taskey_proto::document::Order;
use taskey_proto::id::{ExecutionId, ScheduleId};
use taskey_proto::line::{Down, FiredSlot};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use crate::alarm::Alarm;
use crate::audit_head;
use crate::clock::{Clock, ServerTime};
use crate::credential::newest_time;
use crate::errand::OWN_PROGRAM;
use crate::execution::Event;
use crate::executor::{CarryOut, Stop};
use crate::fetch::{Fetched, FetchedSchedules, Fetcher};
use crate::group::Warden;
use crate::identity::{Identity, IdentityError, Keys};
use crate::journal::{JOURNAL_FILE, Journal};
use crate::line::{FromLine, Line, NEWS_MAX, ToLine, Ways};
use crate::outbox::{Has, Outbox};
use crate::schedules::Schedules;
use crate::state_dir::{Lock, StateDir};
use crate::status::LineNote;
use crate::upload::{Uploaded, Uploader};
use crate::users::{User, Users};
use crate::{VERSION, facts, info, recovery, status, warning};

use firing::LastReading;
use telling::SYNC_EVERY;

/// After its executions have ended, a stopping agent tries for so long to tell.
const FAREWELL: Duration = Duration::from_secs(3);

/// For so long a starting agent looks again whether the lock is free.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What an agent is run with.
pub struct Config {
    pub state: StateDir,
    pub clock: Clock,
    pub warden: Warden,
    pub users: Users,
    /// From the polite request to end until SIGKILL.
    pub kill_grace: Duration,
    /// The program that reads files and sends requests for actions; see [`crate::errand`].
    pub own_program: PathBuf,
    /// Of a simulated device: what carries out its actions instead of processes. Its journal is in memory.
    pub simulated: Option<CarryOut>,
}

impl Config {
    pub fn new(state: StateDir) -> Self {
        Self {
            state,
            clock: Clock::Machine,
            warden: Warden::default(),
            users: Users::default(),
            kill_grace: Duration::from_secs(5),
            own_program: OWN_PROGRAM.into(),
            simulated: None,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error("another taskeyd runs on {0}")]
    AlreadyRunning(String),
    #[error("the state in {0} cannot be used: {1}")]
    State(String, io::Error),
}

/// Runs the agent until `shutdown`: ends what runs, tells the server as far as it can be reached, and leaves.
pub async fn run(config: Config, shutdown: impl Future<Output = ()>) -> Result<(), RunError> {
    let identity = Identity::load(&config.state)?;
    let failed = |error| RunError::State(config.state.path().display().to_string(), error);
    let _lock = lock(&config.state).await?;
    let keys = Arc::new(Keys::load(&config.state)?);
    let newest = newest_time(&config.state);
    let server = identity.server_url((newest.ms() > 0).then_some(newest))?;
    info!("taskeyd {VERSION} is {} ({}) of {server}", identity.name, identity.device);
    if let Some(proxy) = server.proxy() {
        info!("the way there leads through the proxy {proxy} (of {})", proxy.variable());
    }

    let journal = match config.simulated {
        Some(_) => Journal::in_memory(),
        None => Journal::open(&config.state.file(JOURNAL_FILE)).map_err(failed)?,
    };
    let time = ServerTime::new(config.clock.clone(), newest);
    let boot_id = facts::boot_id();
    let lost = recovery::end_unfinished(&journal, config.warden.cells(), &boot_id, time.now()).await;

    let (to_line, line_orders) = mpsc::unbounded_channel();
    let (line_events, from_line) = mpsc::channel(NEWS_MAX);
    let line =
        Line { state: config.state.clone(), identity: identity.clone(), keys: keys.clone(), server: server.clone(), ways: Ways::default() };
    let line = tokio::spawn(line.hold(line_orders, line_events));

    let (fetched_tx, fetched) = mpsc::unbounded_channel();
    let (schedules_tx, fetched_schedules) = mpsc::unbounded_channel();
    let fetcher =
        Fetcher { state: config.state.clone(), keys: keys.clone(), server: server.clone(), fetched: fetched_tx, schedules: schedules_tx };
    let (uploaded_tx, uploaded) = mpsc::unbounded_channel();
    let uploader = Uploader { state: config.state.clone(), keys: keys.clone(), server, uploaded: uploaded_tx };
    let (events_tx, events) = mpsc::unbounded_channel();
    let schedules = Schedules::open(&config.state, &identity);
    let alarm = Alarm::of(&config.clock);
    let mut agent = Agent {
        identity,
        keys,
        own: config.users.own(),
        boot_id,
        journal,
        journal_is_ahead: false,
        outbox: Outbox::default(),
        running: HashMap::new(),
        waiting: VecDeque::new(),
        let_go: false,
        max_concurrent: usize::MAX,
        time,
        to_line,
        generation: 0,
        sync_at: Instant::now() + SYNC_EVERY,
        fetcher,
        fetching: HashSet::new(),
        schedules,
        is_asking: false,
        ask_again: false,
        alarm,
        last_reading: None,
        uploader,
        events: events_tx,
        config,
    };
    for execution in agent.journal.unacknowledged() {
        agent.outbox.restore(execution);
    }
    agent.outbox.restore_unfired(agent.journal.unfired_number());
    for (report, valid_until) in lost {
        agent.end(report, valid_until);
    }
    agent.begin_schedules();
    let mut inputs = Inputs { from_line, events, fetched, fetched_schedules, uploaded, children: Children::of(&agent.config.warden) };
    agent.work(&mut inputs, shutdown).await;
    agent.stop(&mut inputs).await;
    // The line must not wait for somebody to take its news.
    drop(inputs);
    let _ = agent.to_line.send(ToLine::Disconnect);
    let _ = tokio::time::timeout(Duration::from_secs(1), line).await;
    agent.config.warden.cells().remove();
    info!("stopped");
    Ok(())
}

/// Takes the state for this agent. A process that an agent was starting when it was killed still holds its lock until it is exec'd.
async fn lock(state: &StateDir) -> Result<Lock, RunError> {
    let path = || state.path().display().to_string();
    let patient_until = Instant::now() + LOCK_PATIENCE;
    loop {
        if let Some(lock) = state.lock().map_err(|error| RunError::State(path(), error))? {
            return Ok(lock);
        }
        if Instant::now() > patient_until {
            return Err(RunError::AlreadyRunning(path()));
        }
        sleep(LOOK_EVERY).await;
    }
}

struct Agent {
    config: Config,
    identity: Identity,
    keys: Arc<Keys>,
    own: User,
    boot_id: String,
    journal: Journal,
    /// Whether the journal holds records that are not yet durable.
    journal_is_ahead: bool,
    outbox: Outbox,
    running: HashMap<ExecutionId, Running>,
    /// Orders that wait for a place, in the order they came.
    waiting: VecDeque<Waiting>,
    /// Whether an order was let go because too many wait or are fetched.
    let_go: bool,
    /// The policy's, when it was read last.
    max_concurrent: usize,
    time: ServerTime,
    to_line: mpsc::UnboundedSender<ToLine>,
    generation: u64,
    sync_at: Instant,
    fetcher: Fetcher,
    fetching: HashSet<ExecutionId>,
    schedules: Schedules,
    /// Whether the server is being asked what to keep.
    is_asking: bool,
    /// Whether it has to be asked once more after that.
    ask_again: bool,
    alarm: Alarm,
    last_reading: Option<LastReading>,
    uploader: Uploader,
    events: mpsc::UnboundedSender<Event>,
}

struct Running {
    stop: watch::Sender<Option<Stop>>,
    valid_until: Time,
    /// How its processes are held together.
    isolation: &'static str,
    /// Whether its first process was started.
    started: bool,
    /// Which schedule on this device began it.
    schedule: Option<ScheduleId>,
}

/// What is to be executed once there is a place.
struct Waiting {
    what: What,
    valid_until: Time,
}

enum What {
    Order(Box<Order>),
    Slot(FiredSlot),
}

impl Waiting {
    fn schedule(&self) -> Option<ScheduleId> {
        match &self.what {
            What::Order(_) => None,
            What::Slot(slot) => Some(slot.schedule),
        }
    }
}

/// Everything that wakes the agent.
struct Inputs {
    from_line: mpsc::Receiver<FromLine>,
    events: mpsc::UnboundedReceiver<Event>,
    fetched: mpsc::UnboundedReceiver<Fetched>,
    fetched_schedules: mpsc::UnboundedReceiver<FetchedSchedules>,
    uploaded: mpsc::UnboundedReceiver<Uploaded>,
    children: Children,
}

enum Input {
    Line(FromLine),
    Event(Event),
    Fetched(Fetched),
    FetchedSchedules(FetchedSchedules),
    Uploaded(Uploaded),
    ChildEnded,
    AlarmRang,
    Due,
}

impl Inputs {
    /// The next thing that happens, at the latest at `due`.
    async fn next(&mut self, due: Instant, alarm: &mut Alarm) -> Input {
        tokio::select! {
            Some(event) = self.events.recv() => Input::Event(event),
            Some(from_line) = self.from_line.recv() => Input::Line(from_line),
            Some(fetched) = self.fetched.recv() => Input::Fetched(fetched),
            Some(fetched) = self.fetched_schedules.recv() => Input::FetchedSchedules(fetched),
            Some(uploaded) = self.uploaded.recv() => Input::Uploaded(uploaded),
            () = alarm.rung() => Input::AlarmRang,
            () = self.children.ended() => Input::ChildEnded,
            () = sleep_until(due) => Input::Due,
        }
    }

    /// What has happened already.
    fn ready(&mut self) -> Option<Input> {
        self.events.try_recv().map(Input::Event).or_else(|_| self.from_line.try_recv().map(Input::Line)).ok()
    }
}

/// News of ended children, for an agent that adopts strays.
struct Children(Option<tokio::signal::unix::Signal>);

impl Children {
    fn of(warden: &Warden) -> Self {
        Self(warden.adopts().then(|| signal(SignalKind::child()).ok()).flatten())
    }

    async fn ended(&mut self) {
        match &mut self.0 {
            Some(signal) => drop(signal.recv().await),
            None => std::future::pending().await,
        }
    }
}

impl Agent {
    async fn work(&mut self, inputs: &mut Inputs, shutdown: impl Future<Output = ()>) {
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            self.begin_waiting();
            self.pump().await;
            let due = self.next_due();
            tokio::select! {
                input = inputs.next(due, &mut self.alarm) => self.take(input),
                () = &mut shutdown => return,
            }
            while let Some(input) = inputs.ready() {
                self.take(input);
            }
        }
    }

    /// Ends what runs and tells how it ended, as far as the line allows. What waits is not held and comes again.
    async fn stop(&mut self, inputs: &mut Inputs) {
        self.waiting.clear();
        for running in self.running.values() {
            running.stop.send_replace(Some(Stop::AgentStopped));
        }
        let ended_by = Instant::now() + self.config.kill_grace + FAREWELL;
        while !self.running.is_empty() && Instant::now() < ended_by {
            self.pump().await;
            let due = self.next_due().min(ended_by);
            let input = inputs.next(due, &mut self.alarm).await;
            self.take_last(input);
        }
        let told_by = Instant::now() + FAREWELL;
        self.pump().await;
        while !self.outbox.is_empty() && self.outbox.line_is_up() && Instant::now() < told_by {
            let due = self.next_due().min(told_by);
            let input = inputs.next(due, &mut self.alarm).await;
            self.take_last(input);
            self.pump().await;
        }
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Line(FromLine::Message(payload)) => self.take_message(&payload),
            Input::Line(from_line) => self.take_line(from_line),
            Input::Event(event) => self.take_event(event),
            Input::Fetched(fetched) => self.take_fetched(fetched),
            Input::FetchedSchedules(fetched) => self.take_fetched_schedules(fetched),
            Input::Uploaded(uploaded) => self.take_uploaded(uploaded),
            Input::AlarmRang => self.fire_due(),
            Input::ChildEnded => drop(self.config.warden.reap_strays()),
            Input::Due => self.sync_if_due(),
        }
    }

    /// While stopping, no order is taken any more and no schedule fires.
    fn take_last(&mut self, input: Input) {
        match input {
            Input::Line(FromLine::Message(_)) | Input::Fetched(_) | Input::FetchedSchedules(_) | Input::AlarmRang => {}
            input => self.take(input),
        }
    }

    fn take_line(&mut self, from_line: FromLine) {
        match from_line {
            FromLine::Up { generation, window, server_time, epoch } => {
                self.generation = generation;
                self.time.saw(server_time);
                self.identity.epoch = epoch;
                // The first word of the server may say that the date is wrong, and so what is due.
                self.fire_due();
                let sync = self.sync();
                self.outbox.line_up(usize::from(window), sync);
                self.sync_at = Instant::now() + SYNC_EVERY;
            }
            FromLine::Down => self.outbox.line_down(),
            FromLine::Acknowledged(number) => self.take_acknowledgement(number),
            FromLine::State(line) => {
                let proxy = self.uploader.server.proxy().map(ToString::to_string);
                if let Err(error) = status::note_line(&self.config.state, &LineNote { line, proxy }) {
                    warning!("the status cannot be written: {error}");
                }
            }
            FromLine::Message(payload) => self.take_message(&payload),
        }
    }

    fn take_acknowledgement(&mut self, number: u64) {
        // Lost, these records would only make it be told once more.
        let written = match self.outbox.acknowledged(number) {
            None => return,
            Some(Has::End(execution)) => self.journal.acknowledge(execution, self.time.now()),
            Some(Has::Unfired(numbers)) => numbers.into_iter().try_for_each(|number| self.journal.acknowledge_unfired(number)),
        };
        if let Err(error) = written {
            warning!("the journal cannot be written: {error}");
        }
    }

    fn take_message(&mut self, payload: &[u8]) {
        match serde_json::from_slice(payload) {
            Ok(Down::Execute(order)) => self.accept(order),
            Ok(Down::Fetch { execution }) => self.fetch(execution),
            Ok(Down::Cancel { document }) => self.cancel(&document),
            Ok(Down::AuditHead(head)) => {
                if let Err(error) = audit_head::keep(&self.config.state, &self.identity.server_key, *head) {
                    warning!("a head of the audit log is not kept: {error}");
                }
            }
            Ok(Down::Schedules { number }) => self.hear_of_assignment(number),
            Ok(Down::Unknown) => info!("the server sent a message of a type that taskeyd {VERSION} does not know"),
            Err(error) => warning!("a message of the server cannot be read: {error}"),
        }
    }

    fn take_event(&mut self, event: Event) {
        match event {
            Event::Process { execution, process } => {
                if let Err(error) = self.journal.note_process(execution, process) {
                    warning!("{execution}: the journal cannot be written: {error}");
                }
            }
            Event::Started { execution, at } => {
                let Some(running) = self.running.get_mut(&execution) else { return };
                if !std::mem::replace(&mut running.started, true) {
                    self.outbox.started(execution, at, running.isolation, Instant::now());
                }
            }
            Event::Output { execution, action, stream, data } => self.outbox.output(execution, action, stream, &data),
            Event::Finished(report) => {
                let valid_until = self.running.remove(&report.execution).map(|running| running.valid_until);
                let valid_until = valid_until.unwrap_or_else(|| self.time.now());
                self.end(*report, valid_until);
            }
        }
    }
}
