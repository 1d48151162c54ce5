//! Answers to calls whose client has gone before the end: read on for it, until it comes back for the rest.
//!
//! rmcp keeps the events of a call only while the call goes on, so a client that comes back later would wait for its answer
//! for ever. And it sends the last event that a client has seen once more.

use std::{
    collections::VecDeque,
    num::NonZeroUsize,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_util::{Stream, StreamExt as _, future, stream};
use lru::LruCache;
use parking_lot::Mutex;
use rmcp::transport::streamable_http_server::{SessionId, session::ServerSseMessage};
use tokio::{
    runtime::Handle,
    sync::broadcast::{self, Receiver, error::RecvError},
};

/// What is kept of one answer: the last events, with those that were sent shortly before the client was gone.
const EVENTS: usize = 64;
/// How many answers are kept. The longest unused goes first.
const ANSWERS: NonZeroUsize = NonZeroUsize::new(256).expect("not zero");
/// How long an answer that has ended is kept.
pub(super) const KEPT_FOR: Duration = Duration::from_secs(60);

/// Events of an answer.
pub(super) type Events = Pin<Box<dyn Stream<Item = ServerSseMessage> + Send + Sync>>;

/// The answers that nobody listens to at present. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Interrupted {
    answers: Arc<Mutex<LruCache<Place, Kept>>>,
    /// How long an answer that has ended is kept.
    kept_for: Duration,
}

/// The session and rmcp's number of the call in it.
type Place = (SessionId, String);

#[derive(Debug)]
struct Kept {
    events: Receiver<ServerSseMessage>,
    /// Another one for each.
    identity: Arc<()>,
}

impl Interrupted {
    pub(super) fn new(kept_for: Duration) -> Self {
        Self { answers: Arc::new(Mutex::new(LruCache::new(ANSWERS))), kept_for }
    }

    /// An answer on its way to the client. If the client goes, the rest of it is kept.
    pub(super) fn guard(&self, session: &SessionId, events: Events) -> Events {
        Box::pin(Answer {
            session: Arc::clone(session),
            call: None,
            sent: VecDeque::new(),
            rest: Some(events),
            interrupted: self.clone(),
        })
    }

    /// The answer that was interrupted, if it is the one of this call; from then on it is not here any more.
    pub(super) fn take(&self, session: &SessionId, call: &str) -> Option<Events> {
        let kept = self.answers.lock().pop(&(Arc::clone(session), call.to_owned()))?;
        Some(Box::pin(stream::unfold(kept.events, |mut events| async move {
            loop {
                match events.recv().await {
                    Ok(event) => return Some((event, events)),
                    // The oldest are gone.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                }
            }
        })))
    }

    fn keep(&self, place: Place, sent: VecDeque<ServerSseMessage>, mut rest: Events) {
        // None while the process ends.
        let Ok(runtime) = Handle::try_current() else { return };
        let (sender, events) = broadcast::channel(EVENTS);
        for event in sent {
            // There is a receiver.
            let _ = sender.send(event);
        }
        let identity = Arc::new(());
        let kept = Kept { events, identity: Arc::clone(&identity) };
        self.answers.lock().put(place.clone(), kept);
        let this = self.clone();
        runtime.spawn(async move {
            while let Some(event) = rest.next().await {
                // An error means that there is nobody who could come back for it.
                if sender.send(event).is_err() {
                    return;
                }
            }
            // The call is over, and its session no longer in use.
            drop((rest, sender));
            tokio::time::sleep(this.kept_for).await;
            let mut kept = this.answers.lock();
            if kept.peek(&place).is_some_and(|kept| Arc::ptr_eq(&kept.identity, &identity)) {
                kept.pop(&place);
            }
        });
    }
}

/// The events after the one with this number.
pub(super) fn after(last: u64, events: impl Stream<Item = ServerSseMessage> + Send + Sync + 'static) -> Events {
    let is_new = move |event: &ServerSseMessage| {
        let number = event.event_id.as_deref().and_then(number_and_call).map(|(number, _)| number);
        future::ready(number.is_none_or(|number| number > last))
    };
    Box::pin(events.filter(is_new))
}

/// Of one of rmcp's ids of events, `NUMBER` or `NUMBER/CALL`.
pub(super) fn number_and_call(id: &str) -> Option<(u64, Option<&str>)> {
    let (number, call) = id.split_once('/').map_or((id, None), |(number, call)| (number, Some(call)));
    Some((number.parse().ok()?, call))
}

struct Answer {
    session: SessionId,
    call: Option<String>,
    /// The last events that were sent.
    sent: VecDeque<ServerSseMessage>,
    /// None at the end.
    rest: Option<Events>,
    interrupted: Interrupted,
}

impl Stream for Answer {
    type Item = ServerSseMessage;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<ServerSseMessage>> {
        let Some(rest) = &mut self.rest else { return Poll::Ready(None) };
        let Some(event) = ready!(rest.as_mut().poll_next(context)) else {
            self.rest = None;
            return Poll::Ready(None);
        };
        if self.call.is_none() {
            let call = event.event_id.as_deref().and_then(number_and_call).and_then(|(_, call)| call);
            self.call = call.map(str::to_owned);
        }
        if self.sent.len() == EVENTS {
            self.sent.pop_front();
        }
        self.sent.push_back(event.clone());
        Poll::Ready(Some(event))
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // Without the id of an event the client cannot ask for the rest.
        if let (Some(rest), Some(call)) = (self.rest.take(), self.call.take()) {
            let place = (Arc::clone(&self.session), call);
            self.interrupted.keep(place, std::mem::take(&mut self.sent), rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::{Sender, channel};

    use super::*;

    fn event(number: u64, call: u64) -> ServerSseMessage {
        let mut event = ServerSseMessage::retry(Duration::ZERO);
        event.event_id = Some(format!("{number}/{call}"));
        event
    }

    fn events() -> (Sender<ServerSseMessage>, Events) {
        let (sender, receiver) = channel(2 * EVENTS);
        let events = stream::unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) });
        (sender, Box::pin(events))
    }

    async fn ids(events: Events) -> Vec<String> {
        events.filter_map(|event| future::ready(event.event_id)).collect().await
    }

    /// An answer of three events to call 7, whose client goes before the last one.
    async fn interrupt(interrupted: &Interrupted, session: &SessionId) {
        let (sender, events) = events();
        let mut answer = interrupted.guard(session, events);
        for number in 0..3 {
            sender.send(event(number, 7)).await.unwrap();
            answer.next().await.unwrap();
        }
        drop(answer);
        sender.send(event(3, 7)).await.unwrap();
        drop(sender);
        // Until the end has been read.
        let place = (Arc::clone(session), "7".to_owned());
        let is_going_on = || interrupted.answers.lock().peek(&place).is_some_and(|kept| !kept.events.is_closed());
        while is_going_on() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn an_answer_that_ends_without_its_client_is_kept() {
        let (interrupted, session) = (Interrupted::new(KEPT_FOR), SessionId::from("session"));
        interrupt(&interrupted, &session).await;
        assert!(interrupted.take(&session, "8").is_none(), "another call");
        assert!(interrupted.take(&"other".into(), "7").is_none(), "another session");
        // What was sent and did not arrive comes again, what arrived does not.
        let rest = interrupted.take(&session, "7").unwrap();
        assert_eq!(ids(after(1, rest)).await, ["2/7", "3/7"]);
        assert!(interrupted.take(&session, "7").is_none(), "once");
    }

    #[tokio::test]
    async fn an_answer_that_has_ended_is_not_kept_for_ever() {
        let (interrupted, session) = (Interrupted::new(Duration::ZERO), SessionId::from("session"));
        interrupt(&interrupted, &session).await;
        while !interrupted.answers.lock().is_empty() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn an_answer_can_be_interrupted_again_while_it_goes_on() {
        let (interrupted, session) = (Interrupted::new(KEPT_FOR), SessionId::from("session"));
        let (sender, events) = events();
        let mut answer = interrupted.guard(&session, events);
        sender.send(event(0, 0)).await.unwrap();
        answer.next().await.unwrap();
        for number in 1..4 {
            drop(answer);
            let rest = interrupted.take(&session, "0").unwrap();
            answer = interrupted.guard(&session, after(number - 1, rest));
            sender.send(event(number, 0)).await.unwrap();
            assert_eq!(answer.next().await.unwrap().event_id.unwrap(), format!("{number}/0"));
        }
        drop(sender);
        assert!(answer.next().await.is_none());
        drop(answer);
        assert!(interrupted.take(&session, "0").is_none(), "the client has all of it");
    }

    #[tokio::test]
    async fn a_tool_does_not_wait_for_a_client_that_is_gone_and_the_end_is_kept() {
        let (interrupted, session) = (Interrupted::new(KEPT_FOR), SessionId::from("session"));
        let (sender, events) = events();
        let mut answer = interrupted.guard(&session, events);
        sender.send(event(0, 0)).await.unwrap();
        answer.next().await.unwrap();
        drop(answer);
        for number in 1..=10 * EVENTS as u64 {
            sender.send(event(number, 0)).await.unwrap();
        }
        drop(sender);
        // Wherever the reading has got to by now, it will come to the end.
        let rest = ids(interrupted.take(&session, "0").unwrap()).await;
        assert_eq!(rest.last().unwrap(), &format!("{}/0", 10 * EVENTS));
    }

    #[tokio::test]
    async fn so_many_answers_are_kept_and_no_more() {
        let (interrupted, session) = (Interrupted::new(KEPT_FOR), SessionId::from("session"));
        let mut senders = Vec::new();
        for call in 0..=ANSWERS.get() as u64 {
            let (sender, events) = events();
            let mut answer = interrupted.guard(&session, events);
            sender.send(event(0, call)).await.unwrap();
            answer.next().await.unwrap();
            senders.push(sender);
        }
        assert!(interrupted.take(&session, "0").is_none(), "the first has made room");
        assert!(interrupted.take(&session, "1").is_some());
        // It is read no more.
        let gone = &senders[0];
        while gone.send(event(1, 0)).await.is_ok() {
            tokio::task::yield_now().await;
        }
    }
}
