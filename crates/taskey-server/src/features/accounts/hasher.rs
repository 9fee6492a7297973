//! The threads that hash passwords. A hash takes a core for tens of milliseconds and 19 MiB: so there are few threads, of lower priority
//! than the rest of the server, and before them a queue that ends.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use rustix::process::{getpriority_process, setpriority_process};
use taskey_proto::problem::Code;
use tokio::sync::oneshot;

use crate::platform::http::ApiError;

const THREADS_MAX: usize = 4;
/// Hashes that wait beside those that are being made: a few seconds' worth. Whoever comes then would have gone before their turn.
const WAITING_MAX: usize = 128;
/// How much nicer the threads are than the rest of the server: they get a tenth of what it gets, where it wants all.
const NICER_BY: i32 = 10;
const NICE_MAX: i32 = 19;
const RETRY_AFTER_SECS: u64 = 5;

type Job = Box<dyn FnOnce() + Send>;

/// Where the app has its passwords hashed.
pub struct Hasher {
    /// `None` once it was stopped.
    jobs: Mutex<Option<SyncSender<Job>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Hasher {
    /// Starts half as many threads as there are cores, at least one and at most four.
    pub fn start() -> io::Result<Self> {
        Self::with(thread_count(thread::available_parallelism().map_or(1, usize::from)), WAITING_MAX)
    }

    fn with(count: usize, waiting_max: usize) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(waiting_max);
        let receiver = Arc::new(Mutex::new(receiver));
        let threads = (0..count).map(|_| start_thread(receiver.clone())).collect::<io::Result<_>>()?;
        Ok(Self { jobs: Mutex::new(Some(sender)), threads: Mutex::new(threads) })
    }

    /// Runs `work` on one of the threads. Work whose caller has gone away is not begun.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
        let (answer, answered) = oneshot::channel();
        self.push(Box::new(move || {
            if !answer.is_closed() {
                let _ = answer.send(work());
            }
        }))?;
        answered.await.map_err(|_| ApiError::internal("a password was not hashed"))
    }

    /// Lets the threads end what they do, and waits for that.
    pub async fn stop(&self) {
        lock(&self.jobs).take();
        let threads = std::mem::take(&mut *lock(&self.threads));
        let ended = tokio::task::spawn_blocking(move || threads.into_iter().for_each(|thread| drop(thread.join())));
        let _ = ended.await;
    }

    fn push(&self, job: Job) -> Result<(), ApiError> {
        let refused = |detail: &str| Err(ApiError::new(Code::Unavailable, detail).retry_after(RETRY_AFTER_SECS));
        match lock(&self.jobs).as_ref().map(|jobs| jobs.try_send(job)) {
            Some(Ok(())) => Ok(()),
            Some(Err(TrySendError::Full(_))) => refused("Too many are signing in at this moment; try again in a few seconds."),
            Some(Err(TrySendError::Disconnected(_))) | None => refused("The server is stopping; try again in a few seconds."),
        }
    }
}

fn thread_count(cores: usize) -> usize {
    (cores / 2).clamp(1, THREADS_MAX)
}

fn start_thread(jobs: Arc<Mutex<Receiver<Job>>>) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name("passwords".to_owned()).spawn(move || {
        lower_priority();
        loop {
            let next = lock(&jobs).recv();
            let Ok(job) = next else { return };
            // A panic is told to the caller, who gets no answer; the thread is needed for the next.
            let _ = catch_unwind(AssertUnwindSafe(job));
        }
    })
}

/// Of this thread alone: on Linux a priority belongs to a thread. Where it cannot be set, hashing works all the same.
fn lower_priority() {
    let thread = Some(rustix::thread::gettid());
    let own = getpriority_process(thread).unwrap_or(0);
    if let Err(error) = setpriority_process(thread, (own + NICER_BY).min(NICE_MAX)) {
        tracing::debug!(%error, "the priority of hashing passwords was not lowered");
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::channel;

    use super::*;

    /// The nice value of the thread that calls.
    fn nice() -> i32 {
        getpriority_process(Some(rustix::thread::gettid())).unwrap()
    }

    #[test]
    fn half_the_cores_hash_but_at_least_one_and_at_most_four() {
        assert_eq!([1, 2, 3, 4, 7, 8, 64].map(thread_count), [1, 1, 1, 2, 3, 4, 4]);
    }

    #[tokio::test]
    async fn hashing_is_nicer_than_the_rest_of_the_server() {
        let hasher = Hasher::start().unwrap();
        let before = nice();
        assert_eq!(hasher.run(nice).await.unwrap(), (before + NICER_BY).min(NICE_MAX));
        assert_eq!(nice(), before);
    }

    #[tokio::test]
    async fn who_comes_when_the_queue_is_full_is_told_when_to_come_again_and_who_went_away_costs_nothing() {
        let hasher = Arc::new(Hasher::with(1, 1).unwrap());
        let (release, released) = channel::<()>();
        let (begin, begun) = tokio::sync::oneshot::channel();
        let first = tokio::spawn({
            let hasher = hasher.clone();
            async move {
                hasher
                    .run(move || {
                        let _ = begin.send(());
                        let _ = released.recv();
                    })
                    .await
            }
        });
        begun.await.unwrap();
        let made = Arc::new(AtomicUsize::new(0));
        let count = made.clone();
        let mut waiting = Box::pin(hasher.run(move || count.fetch_add(1, Ordering::SeqCst)));
        assert!(futures_util::future::poll_immediate(waiting.as_mut()).await.is_none());
        let refused = hasher.run(|| ()).await.unwrap_err();
        assert_eq!((refused.code, refused.retry_after_secs), (Code::Unavailable, Some(RETRY_AFTER_SECS)));
        drop(waiting);
        release.send(()).unwrap();
        first.await.unwrap().unwrap();
        hasher.stop().await;
        assert_eq!(made.load(Ordering::SeqCst), 0, "nobody waited for this one any more when its turn came");
    }

    #[tokio::test]
    async fn a_panic_costs_its_caller_and_nobody_else() {
        let hasher = Hasher::with(1, 8).unwrap();
        assert_eq!(hasher.run(|| panic!("on purpose")).await.unwrap_err().code, Code::Internal);
        assert_eq!(hasher.run(|| 7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn once_stopped_it_has_no_threads_and_takes_nothing() {
        let hasher = Hasher::with(2, 8).unwrap();
        hasher.run(|| ()).await.unwrap();
        hasher.stop().await;
        assert_eq!(hasher.run(|| ()).await.unwrap_err().code, Code::Unavailable);
        assert!(lock(&hasher.threads).is_empty());
    }
}
