//! The routes of the dashboard.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::middleware::{Next, from_fn};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::board::Board;
use super::{Check, Dashboard, act, page};

#[derive(Clone)]
pub(super) struct Shared {
    pub(super) board: Arc<Board>,
    pub(super) may_act: Option<Check>,
}

pub(super) fn router<S: Clone + Send + Sync + 'static>(
    board: Arc<Board>,
    dashboard: Dashboard,
) -> Router<S> {
    let Dashboard { may_act, hosts } = dashboard;
    let router = Router::new()
        .route("/", get(page::page))
        .route("/api/state", get(state))
        .route("/events", get(events))
        .route("/api/act", post(act::act))
        .with_state(Shared { board, may_act });
    match hosts {
        Some(hosts) => router.layer(from_fn(move |request, next| {
            only_for(Arc::clone(&hosts), request, next)
        })),
        None => router,
    }
}

async fn only_for(hosts: Arc<[String]>, request: Request, next: Next) -> Response {
    let host = act::host_of(request.headers(), request.uri());
    if host.is_some_and(|host| hosts.iter().any(|own| own == host)) {
        next.run(request).await
    } else {
        (StatusCode::MISDIRECTED_REQUEST, "not a host of this page").into_response()
    }
}

impl Shared {
    pub(super) async fn may_act(&self, request: Parts) -> bool {
        match &self.may_act {
            Some(check) => check(request).await,
            None => false,
        }
    }
}

async fn state(State(shared): State<Shared>, request: Request) -> Response {
    shared.board.start();
    let (request, _) = request.into_parts();
    let may_act = shared.may_act(request).await;
    match shared.board.all(Some(may_act)) {
        Ok(all) => {
            let headers = [
                (CONTENT_TYPE, "application/json"),
                (CACHE_CONTROL, "no-store"),
            ];
            (headers, all).into_response()
        }
        Err(error) => act::Refusal::internal(&error).into_response(),
    }
}

async fn events(
    State(shared): State<Shared>,
    request: Request,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    shared.board.start();
    let (request, _) = request.into_parts();
    let may_act = shared.may_act(request).await;
    let from = Listening {
        board: shared.board,
        may_act,
        ticks: None,
    };
    Sse::new(unfold(from, Listening::next)).keep_alive(KeepAlive::default())
}

/// One who looks.
struct Listening {
    board: Arc<Board>,
    may_act: bool,
    /// `None` until everything was told.
    ticks: Option<Receiver<Arc<str>>>,
}

impl Listening {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        if let Some(ticks) = &mut self.ticks {
            match ticks.recv().await {
                Ok(tick) => return Some((Ok(Event::default().event("tick").data(tick)), self)),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
        // First the ticks, then the whole: what changes in between is told twice and not never.
        self.ticks = Some(self.board.listen());
        let all = self.board.all(Some(self.may_act)).ok()?;
        Some((Ok(Event::default().event("all").data(all)), self))
    }
}
