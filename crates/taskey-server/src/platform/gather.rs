//! What many ask for at the same time is done together: one transaction for all who wait, instead of one for each.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::oneshot;

/// What is done together at most.
const AT_ONCE: usize = 32;
/// Batches at the same time, where it is not said: while one is on its way, the next is.
const WORKERS_MAX: usize = 2;

/// Questions `I` that wait to be answered together, each with an `O`.
pub struct Gather<I, O>(Arc<Mutex<State<I, O>>>);

struct State<I, O> {
    waiting: VecDeque<(I, oneshot::Sender<O>)>,
    workers: usize,
    workers_max: usize,
}

impl<I, O> Default for Gather<I, O> {
    fn default() -> Self {
        Self::of(WORKERS_MAX)
    }
}

impl<I, O> Gather<I, O> {
    /// With that many batches at the same time: one where they would only wait for each other.
    pub fn of(workers_max: usize) -> Self {
        Self(Arc::new(Mutex::new(State { waiting: VecDeque::new(), workers: 0, workers_max })))
    }
}

impl<I: Send + 'static, O: Send + 'static> Gather<I, O> {
    /// Asks by `together`, which answers in their order all who ask meanwhile; without waiting where nobody else does. `None` where it
    /// panicked.
    pub async fn ask<F, A>(&self, question: I, together: F) -> Option<O>
    where
        F: Fn(Vec<I>) -> A + Send + 'static,
        A: Future<Output = Vec<O>> + Send + 'static,
    {
        match self.enter(question) {
            // Whoever asks first works for itself alone: when it goes away, nobody else has lost anything.
            Entered::Worker(question) => {
                let answers = together(vec![question]);
                let _place = Place { state: self.0.clone(), together: Some(together) };
                answers.await.pop()
            }
            Entered::Waits(answered) => answered.await.ok(),
        }
    }

    fn enter(&self, question: I) -> Entered<I, O> {
        let mut state = lock(&self.0);
        if state.workers < state.workers_max {
            state.workers += 1;
            return Entered::Worker(question);
        }
        let (answer, answered) = oneshot::channel();
        state.waiting.push_back((question, answer));
        Entered::Waits(answered)
    }
}

enum Entered<I, O> {
    Worker(I),
    Waits(oneshot::Receiver<O>),
}

/// The place of a worker. It is given up when nobody waits; otherwise another takes it.
struct Place<I, O, F, A>
where
    I: Send + 'static,
    O: Send + 'static,
    F: Fn(Vec<I>) -> A + Send + 'static,
    A: Future<Output = Vec<O>> + Send + 'static,
{
    state: Arc<Mutex<State<I, O>>>,
    together: Option<F>,
}

impl<I, O, F, A> Drop for Place<I, O, F, A>
where
    I: Send + 'static,
    O: Send + 'static,
    F: Fn(Vec<I>) -> A + Send + 'static,
    A: Future<Output = Vec<O>> + Send + 'static,
{
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        match self.together.take() {
            Some(together) if !state.waiting.is_empty() => {
                // A runtime that ends drops what it is given at once: there is no place in it before it runs.
                let state = self.state.clone();
                tokio::spawn(async move { answer_waiting(Place { state, together: Some(together) }).await });
            }
            _ => state.workers -= 1,
        }
    }
}

async fn answer_waiting<I, O, F, A>(place: Place<I, O, F, A>)
where
    I: Send + 'static,
    O: Send + 'static,
    F: Fn(Vec<I>) -> A + Send + 'static,
    A: Future<Output = Vec<O>> + Send + 'static,
{
    loop {
        let waiting: Vec<(I, oneshot::Sender<O>)> = {
            let waiting = &mut lock(&place.state).waiting;
            let count = waiting.len().min(AT_ONCE);
            waiting.drain(..count).collect()
        };
        // Who comes after this look is seen as the place is given up.
        if waiting.is_empty() {
            return;
        }
        let (questions, answers): (Vec<I>, Vec<oneshot::Sender<O>>) = waiting.into_iter().unzip();
        let Some(together) = &place.together else { return };
        let told = together(questions).await;
        for (answer, told) in answers.into_iter().zip(told) {
            // Whoever asked may have gone away.
            let _ = answer.send(told);
        }
    }
}

/// An error of something that was asked together.
pub trait OfAll: Sized {
    /// The same error for another, where it is nobody's own: a database that is away, a full disk.
    fn of_all(&self) -> Option<Self>;
}

/// Does something for all together; where that fails by the fault of one, for each by itself. How it went with each, in their order.
pub async fn together_or_alone<I, O, E, A>(all: Vec<I>, together: impl Fn(Vec<I>) -> A) -> Vec<Result<O, E>>
where
    I: Clone,
    E: std::fmt::Debug + OfAll,
    A: Future<Output = Result<Vec<O>, E>>,
{
    let error = match together(all.clone()).await {
        Ok(done) => return done.into_iter().map(Ok).collect(),
        Err(error) => error,
    };
    let others: Option<Vec<E>> = (1..all.len()).map(|_| error.of_all()).collect();
    if let Some(others) = others {
        return std::iter::once(error).chain(others).map(Err).collect();
    }
    tracing::debug!(?error, count = all.len(), "what was asked together is done one by one");
    let mut done = Vec::with_capacity(all.len());
    for one in all {
        match together(vec![one]).await {
            Ok(answers) => done.extend(answers.into_iter().map(Ok)),
            Err(error) => done.push(Err(error)),
        }
    }
    done
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

    impl OfAll for &'static str {
        fn of_all(&self) -> Option<Self> {
            (*self == "away").then_some("away too")
        }
    }

    #[tokio::test]
    async fn what_is_nobodys_own_fault_is_not_tried_again_for_each() {
        let together = |_: Vec<u32>| async { Err::<Vec<u32>, _>("away") };
        assert_eq!(together_or_alone(vec![1, 2, 3], together).await, [Err("away"), Err("away too"), Err("away too")]);
    }

    #[test]
    fn a_runtime_that_ends_leaves_nobody_stuck() {
        let gather: Arc<Gather<u32, ()>> = Arc::default();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for _ in 0..WORKERS_MAX + 1 {
            let asking = gather.clone();
            runtime.spawn(async move {
                asking
                    .ask(1, |_| async {
                        std::future::pending::<()>().await;
                        Vec::new()
                    })
                    .await
            });
        }
        runtime.block_on(tokio::task::yield_now());
        drop(runtime);
        assert_eq!(lock(&gather.0).waiting.len(), 1);
    }

    #[tokio::test]
    async fn what_fails_together_is_done_one_by_one() {
        let together = |all: Vec<u32>| async move { if all.contains(&3) { Err("three") } else { Ok(all) } };
        assert_eq!(together_or_alone(vec![1, 2], together).await, [Ok(1), Ok(2)]);
        assert_eq!(together_or_alone(vec![1, 3, 2], together).await, [Ok(1), Err("three"), Ok(2)]);
        assert_eq!(together_or_alone(vec![3], together).await, [Err("three")]);
        assert_eq!(together_or_alone(Vec::new(), together).await, []);
    }

    #[tokio::test]
    async fn one_that_panics_or_goes_away_leaves_its_place() {
        let gather: Arc<Gather<u32, ()>> = Arc::default();
        let together = |questions: Vec<u32>| async move {
            assert!(!questions.contains(&1), "as asked");
            if questions.contains(&2) {
                std::future::pending::<()>().await;
            }
            vec![(); questions.len()]
        };
        for _ in 0..WORKERS_MAX + 1 {
            let asking = gather.clone();
            assert!(tokio::spawn(async move { asking.ask(1, together).await }).await.is_err_and(|error| error.is_panic()));
        }
        let asked = |question| {
            let asking = gather.clone();
            tokio::spawn(async move { asking.ask(question, together).await })
        };
        let stuck: Vec<_> = (0..WORKERS_MAX).map(|_| asked(2)).collect();
        tokio::task::yield_now().await;
        let (panics, fine) = (asked(1), asked(3));
        tokio::task::yield_now().await;
        assert_eq!(lock(&gather.0).waiting.len(), 2);
        stuck.iter().for_each(tokio::task::JoinHandle::abort);
        assert_eq!((panics.await.unwrap(), fine.await.unwrap()), (None, None), "they were asked together");
        assert_eq!(gather.ask(3, together).await, Some(()));
        assert_eq!(lock(&gather.0).workers, 0);
    }
}
