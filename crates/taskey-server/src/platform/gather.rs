//! What many ask for at the same time is done together: one transaction for all who wait, instead of one for each.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::oneshot;

/// What is done together at most.
const AT_ONCE: usize = 32;
/// Batches at the same time: while one is stored, the next is prepared.
const WORKERS_MAX: usize = 2;

/// Questions `I` that wait to be answered together, each with an `O`.
pub struct Gather<I, O>(Arc<Mutex<State<I, O>>>);

struct State<I, O> {
    waiting: VecDeque<(I, oneshot::Sender<O>)>,
    workers: usize,
}

impl<I, O> Default for Gather<I, O> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(State { waiting: VecDeque::new(), workers: 0 })))
    }
}

impl<I: Send + 'static, O: Send + 'static> Gather<I, O> {
    /// Asks by `together`, with those that ask meanwhile; it answers all of them in their order. It goes on when whoever asked goes away;
    /// `None` where it panicked.
    pub async fn ask<F, A>(&self, question: I, together: F) -> Option<O>
    where
        F: Fn(Vec<I>) -> A + Send + 'static,
        A: Future<Output = Vec<O>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let is_needed = {
            let mut state = lock(&self.0);
            state.waiting.push_back((question, answer));
            let is_needed = state.workers < WORKERS_MAX;
            state.workers += usize::from(is_needed);
            is_needed
        };
        if is_needed {
            tokio::spawn(work(Worker { state: self.0.clone(), has_ended: false }, together));
        }
        answered.await.ok()
    }
}

async fn work<I, O, F, A>(mut worker: Worker<I, O>, together: F)
where
    F: Fn(Vec<I>) -> A,
    A: Future<Output = Vec<O>>,
{
    while let Some(waiting) = worker.take() {
        let (questions, answers): (Vec<I>, Vec<oneshot::Sender<O>>) = waiting.into_iter().unzip();
        for (answer, told) in answers.into_iter().zip(together(questions).await) {
            // Whoever asked may have gone away.
            let _ = answer.send(told);
        }
    }
}

/// Its place is given up also when it panics.
struct Worker<I, O> {
    state: Arc<Mutex<State<I, O>>>,
    has_ended: bool,
}

impl<I, O> Worker<I, O> {
    /// What it does next; with nothing to do it has ended, before anybody else can ask.
    fn take(&mut self) -> Option<Vec<(I, oneshot::Sender<O>)>> {
        let mut state = lock(&self.state);
        if state.waiting.is_empty() {
            state.workers -= 1;
            self.has_ended = true;
            return None;
        }
        let count = state.waiting.len().min(AT_ONCE);
        Some(state.waiting.drain(..count).collect())
    }
}

impl<I, O> Drop for Worker<I, O> {
    fn drop(&mut self) {
        if !self.has_ended {
            lock(&self.state).workers -= 1;
        }
    }
}

fn lock<I, O>(state: &Mutex<State<I, O>>) -> MutexGuard<'_, State<I, O>> {
    state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_who_ask_are_answered_with_their_own_and_most_of_them_together() {
        let gather: Gather<u32, (u32, usize)> = Gather::default();
        let together = |questions: Vec<u32>| async move {
            tokio::task::yield_now().await;
            let count = questions.len();
            questions.into_iter().map(|question| (question * 2, count)).collect()
        };
        let asked = futures_util::future::join_all((0..100).map(|question| gather.ask(question, together))).await;
        let told: Vec<(u32, usize)> = asked.into_iter().flatten().collect();
        assert!(told.iter().map(|(answer, _)| *answer).eq((0..100).map(|question| question * 2)), "{told:?}");
        assert!(told.iter().any(|(_, count)| *count == AT_ONCE), "{told:?}");
        assert_eq!(lock(&gather.0).workers, 0);
    }

    #[tokio::test]
    async fn one_that_panics_leaves_its_place() {
        let gather: Gather<bool, ()> = Gather::default();
        let together = |questions: Vec<bool>| async move {
            assert!(!questions.contains(&true), "as asked");
            vec![(); questions.len()]
        };
        for _ in 0..WORKERS_MAX + 1 {
            assert_eq!(gather.ask(true, together).await, None);
        }
        assert_eq!(gather.ask(false, together).await, Some(()));
    }
}
