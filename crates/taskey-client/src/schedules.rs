//! Schedules. A schedule is named by its id or its name; who replaces one says which version is meant.

use taskey_proto::Time;
use taskey_proto::id::DeviceId;
use taskey_proto::page::Page;
use taskey_proto::schedules::{
    Holding, PauseSchedule, Schedule, ScheduleExplanation, ScheduleSpec, ScheduleVersion, SimulateSchedule, Simulation, Slot,
};

use crate::{Client, ClientError, Tagged, pages};

impl Client {
    /// All schedules that one may see, or the first `limit`; with `task`, those of that task alone.
    pub async fn list_schedules(&self, task: Option<&str>, limit: Option<usize>) -> Result<Page<Schedule>, ClientError> {
        pages::collect(limit, || self.get(&["schedules"]).query_opt("task", task)).await
    }

    pub async fn show_schedule(&self, schedule: &str) -> Result<Tagged<Schedule>, ClientError> {
        Tagged::read(self, self.get(&["schedules", schedule])).await
    }

    pub async fn create_schedule(&self, spec: &ScheduleSpec) -> Result<Schedule, ClientError> {
        self.post(&["schedules"]).json(spec).json_answer().await
    }

    /// Stores a new version of a schedule, if `etag` is still the newest. The same content again changes nothing.
    pub async fn replace_schedule(&self, schedule: &str, spec: &ScheduleSpec, etag: &str) -> Result<Schedule, ClientError> {
        self.put(&["schedules", schedule]).if_match(etag).json(spec).json_answer().await
    }

    /// What a schedule would do. Nothing is stored.
    pub async fn simulate_schedule(&self, simulate: &SimulateSchedule) -> Result<Simulation, ClientError> {
        self.post(&["schedules", "simulate"]).json(simulate).json_answer().await
    }

    pub async fn remove_schedule(&self, schedule: &str) -> Result<(), ClientError> {
        self.delete(&["schedules", schedule]).no_answer().await
    }

    pub async fn pause_schedule(&self, schedule: &str, pause: &PauseSchedule) -> Result<Schedule, ClientError> {
        self.post(&["schedules", schedule, "pause"]).json(pause).json_answer().await
    }

    pub async fn resume_schedule(&self, schedule: &str) -> Result<Schedule, ClientError> {
        self.post(&["schedules", schedule, "resume"]).json_answer().await
    }

    /// All versions of a schedule, newest first, or the first `limit`.
    pub async fn list_schedule_versions(&self, schedule: &str, limit: Option<usize>) -> Result<Page<ScheduleVersion>, ClientError> {
        pages::collect(limit, || self.get(&["schedules", schedule, "versions"])).await
    }

    /// What became of the slots of a schedule, newest first: all of them or the first `limit`, on all devices or on one.
    pub async fn list_slots(&self, schedule: &str, device: Option<DeviceId>, limit: Option<usize>) -> Result<Page<Slot>, ClientError> {
        pages::collect(limit, || self.get(&["schedules", schedule, "slots"]).query_opt("device", device)).await
    }

    /// Why a schedule fires or does not, now or about an instant, with so many slots to come.
    pub async fn explain_schedule(
        &self,
        schedule: &str,
        at: Option<Time>,
        device: Option<DeviceId>,
        next: u32,
    ) -> Result<ScheduleExplanation, ClientError> {
        let request = self.get(&["schedules", schedule, "explain"]).query_opt("at", at).query_opt("device", device);
        request.query("next", next).json_answer().await
    }

    /// The devices of a schedule with what each holds of it: all of them, or the first `limit`.
    pub async fn list_holdings(&self, schedule: &str, limit: Option<usize>) -> Result<Page<Holding>, ClientError> {
        pages::collect(limit, || self.get(&["schedules", schedule, "devices"])).await
    }
}
