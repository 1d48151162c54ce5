//! Sessions in this task's memory, told from the same sessions in the memory of others.
//!
//! rmcp numbers events and the server's own requests from 0 in each task. A number that came from another task would
//! mean something else here: a client would resume the stream of another call, or answer another question. So a client
//! sees both with this task's tag, and what has the tag of another task is not taken.

use std::sync::Arc;

use futures_util::{Stream, StreamExt as _};
use rmcp::{
    model::{ClientJsonRpcMessage, RequestId, ServerJsonRpcMessage, ServerNotification},
    transport::streamable_http_server::{
        RestoreOutcome, SessionId, SessionManager,
        session::{
            ServerSseMessage,
            local::{EventIdParseError, LocalSessionManager, LocalSessionManagerError},
        },
    },
};
use uuid::Uuid;

use super::{
    exchange,
    interrupted::{Events, Interrupted, KEPT_FOR, after, number_and_call},
    local::LocalSessions,
    places::SessionLimits,
};

/// rmcp's [`LocalSessionManager`] for one of several tasks.
#[derive(Debug)]
pub struct TaskSessionManager {
    pub(super) sessions: LocalSessions,
    tag: Tag,
    interrupted: Interrupted,
}

impl TaskSessionManager {
    pub(super) fn new(limits: SessionLimits) -> Self {
        let tag = Tag(Uuid::new_v4().simple().to_string().into());
        Self { sessions: LocalSessions::new(limits), tag, interrupted: Interrupted::new(KEPT_FOR) }
    }

    /// A stream whose session is in use until its end.
    fn held<S>(
        &self,
        id: &SessionId,
        stream: S,
    ) -> impl Stream<Item = ServerSseMessage> + Send + Sync + 'static + use<S>
    where
        S: Stream<Item = ServerSseMessage> + Send + Sync + 'static,
    {
        let in_use = self.sessions.hold(id);
        stream.inspect(move |_| {
            let _ = &in_use;
        })
    }

    /// What came after an event of this task.
    async fn rest(&self, id: &SessionId, last_event_id: &str) -> Result<Events, LocalSessionManagerError> {
        let (last, call) = number_and_call(last_event_id).ok_or(EventIdParseError::MissingRequestId)?;
        let interrupted = call.and_then(|call| self.interrupted.take(id, call));
        let rest = match interrupted {
            Some(events) => events,
            // The call goes on, and nobody has noticed yet that its client is gone; or it is a standing stream.
            None => Box::pin(self.sessions.rmcp().resume(id, last_event_id.to_owned()).await?),
        };
        let rest = after(last, rest);
        Ok(if call.is_some() { self.interrupted.guard(id, rest) } else { rest })
    }

    fn tagged<S>(&self, stream: S) -> impl Stream<Item = ServerSseMessage> + Send + Sync + 'static + use<S>
    where
        S: Stream<Item = ServerSseMessage> + Send + Sync + 'static,
    {
        let tag = self.tag.clone();
        stream.map(move |event| tag.event(event))
    }
}

impl SessionManager for TaskSessionManager {
    type Error = LocalSessionManagerError;
    type Transport = <LocalSessionManager as SessionManager>::Transport;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), Self::Error> {
        self.sessions.create().await
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, Self::Error> {
        self.sessions.rmcp().initialize_session(id, message).await
    }

    /// Also keeps the session from ending for another one while the request goes on.
    async fn has_session(&self, id: &SessionId) -> Result<bool, Self::Error> {
        let Some(in_use) = self.sessions.hold(id) else { return Ok(false) };
        if let Some(exchange) = exchange::current() {
            exchange.hold(in_use);
        }
        self.sessions.rmcp().has_session(id).await
    }

    async fn close_session(&self, id: &SessionId) -> Result<(), Self::Error> {
        self.sessions.close(id).await
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        // Also while it is read on for a client that has gone.
        let answer = self.held(id, self.sessions.rmcp().create_stream(id, message).await?);
        Ok(self.tagged(self.interrupted.guard(id, Box::pin(answer))))
    }

    async fn accept_message(&self, id: &SessionId, message: ClientJsonRpcMessage) -> Result<(), Self::Error> {
        match self.tag.taken_off(message) {
            Some(message) => self.sessions.rmcp().accept_message(id, message).await,
            None => {
                tracing::debug!("an answer to a question of another task was dropped");
                Ok(())
            }
        }
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        Ok(self.tagged(self.held(id, self.sessions.rmcp().create_standalone_stream(id).await?)))
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        let stream = match self.tag.of_event(&last_event_id) {
            Some(own) => self.rest(id, own).await?.left_stream(),
            // A standing stream has no end that a client would miss: it begins anew at this task.
            None if !last_event_id.contains('/') => {
                self.sessions.rmcp().create_standalone_stream(id).await?.right_stream()
            }
            // rmcp makes an empty stream of it.
            None => return Err(EventIdParseError::MissingRequestId.into()),
        };
        Ok(self.tagged(self.held(id, stream)))
    }

    async fn restore_session(&self, id: SessionId) -> Result<RestoreOutcome<Self::Transport>, Self::Error> {
        self.sessions.restore(id).await
    }
}

/// Stands in front of every number of this task.
#[derive(Debug, Clone)]
struct Tag(Arc<str>);

impl Tag {
    fn event(&self, mut event: ServerSseMessage) -> ServerSseMessage {
        event.event_id = event.event_id.map(|id| format!("{}.{id}", self.0));
        event.message = event.message.map(|message| self.message(message));
        event
    }

    /// An event's id without this tag; `None` if it has another or none.
    fn of_event<'a>(&self, id: &'a str) -> Option<&'a str> {
        id.strip_prefix(&*self.0)?.strip_prefix('.')
    }

    /// The server's requests, and its cancellations of them.
    fn message(&self, message: Arc<ServerJsonRpcMessage>) -> Arc<ServerJsonRpcMessage> {
        let tagged = |id: &RequestId| RequestId::String(format!("{}.{id}", self.0).into());
        let mut changed = match &*message {
            ServerJsonRpcMessage::Request(_) | ServerJsonRpcMessage::Notification(_) => (*message).clone(),
            ServerJsonRpcMessage::Response(_) | ServerJsonRpcMessage::Error(_) => return message,
        };
        match &mut changed {
            ServerJsonRpcMessage::Request(request) => request.id = tagged(&request.id),
            ServerJsonRpcMessage::Notification(notification) => {
                let ServerNotification::CancelledNotification(cancelled) = &mut notification.notification else {
                    return message;
                };
                cancelled.params.request_id = cancelled.params.request_id.as_ref().map(tagged);
            }
            ServerJsonRpcMessage::Response(_) | ServerJsonRpcMessage::Error(_) => {}
        }
        Arc::new(changed)
    }

    /// A client's message as rmcp knows it; `None` if it answers a request of another task.
    fn taken_off(&self, mut message: ClientJsonRpcMessage) -> Option<ClientJsonRpcMessage> {
        let own = |id: &RequestId| match id {
            RequestId::String(id) => self.of_event(id)?.parse().ok().map(RequestId::Number),
            RequestId::Number(_) => None,
        };
        match &mut message {
            ClientJsonRpcMessage::Response(response) => response.id = own(&response.id)?,
            ClientJsonRpcMessage::Error(error) => error.id = Some(own(error.id.as_ref()?)?),
            ClientJsonRpcMessage::Request(_) | ClientJsonRpcMessage::Notification(_) => {}
        }
        Some(message)
    }
}
