//! Wake-ups within this process: a topic is a word, a wake says "look again", the truth is in the database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::watch;

/// How often a waiter looks again without being woken: what another node committed is seen this late at most.
const LOOK_AGAIN: Duration = Duration::from_millis(900);

#[derive(Clone, Default)]
pub struct Hub(Arc<Mutex<HashMap<String, watch::Sender<u64>>>>);

impl Hub {
    /// Subscribe first, then read the database, then wait: a commit in between wakes at once.
    pub fn subscribe(&self, topic: &str) -> Waker {
        let mut topics = self.topics();
        let receiver = match topics.get(topic) {
            Some(sender) => sender.subscribe(),
            None => {
                let (sender, receiver) = watch::channel(0);
                topics.insert(topic.to_owned(), sender);
                receiver
            }
        };
        Waker { receiver }
    }

    pub fn wake(&self, topic: &str) {
        let mut topics = self.topics();
        let Some(sender) = topics.get(topic) else { return };
        if sender.receiver_count() == 0 {
            topics.remove(topic);
        } else {
            sender.send_modify(|count| *count += 1);
        }
    }

    /// How often a topic was woken that somebody waits for.
    pub fn count(&self, topic: &str) -> u64 {
        self.topics().get(topic).map_or(0, |sender| *sender.borrow())
    }

    fn topics(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<u64>>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

pub struct Waker {
    receiver: watch::Receiver<u64>,
}

impl Waker {
    /// Returns when the topic was woken since the last call; never by itself.
    pub async fn changed(&mut self) {
        if self.receiver.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Returns when the topic was woken since the last call, or after [`LOOK_AGAIN`] at the latest.
    pub async fn woken(&mut self) {
        // Both ends are reasons to look again: the time limit, and a topic that was dropped.
        if let Ok(Err(_)) = tokio::time::timeout(LOOK_AGAIN, self.receiver.changed()).await {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}
