//! A page to look at: each annotated function as its stack, live.
//!
//! [`Dashboard`] makes an [`axum::Router`] that mounts in any axum application. Its page is one document that needs
//! nothing from elsewhere; the same is there as JSON.
//!
//! ```
//! use axum::Router;
//! use resilient_runtime::dashboard;
//!
//! let app: Router = Router::new().nest("/resilience", dashboard::router());
//! ```
//!
//! | path below where it is mounted | |
//! |---|---|
//! | `GET /` | the page |
//! | `GET /api/state` | everything that it shows, as JSON |
//! | `GET /events` | the same once (`all`), and then each second what changed (`tick`), as server-sent events |
//! | `POST /api/act` | [actions](Dashboard::allow_actions), where they are allowed |
//!
//! Whoever can reach it sees the names of functions, files, settings, and keys: mount it where only operators come.

mod act;
mod board;
mod history;
mod layers;
mod log;
mod page;
mod routes;
mod view;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use http::request::Parts;

use self::board::Board;

/// A dashboard on which nothing can be changed. See the [module](self).
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Dashboard::new().router()
}

type Answer = Pin<Box<dyn Future<Output = bool> + Send>>;
type Check = Arc<dyn Fn(Parts) -> Answer + Send + Sync>;

/// The dashboard, with or without actions.
#[derive(Clone, Default)]
pub struct Dashboard {
    may_act: Option<Check>,
    hosts: Option<Arc<[String]>>,
}

impl Dashboard {
    /// One on which nothing can be changed.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets whoever `check` says yes to force breakers open, reset them, change settings, switch layers off, and
    /// everything at once. It is asked for each action, with the request's head, in which a layer of the application
    /// may have left who it is.
    ///
    /// An action that a page of another site sends is refused before that: it has to come with a header that such a
    /// page cannot set, and from the origin that it is sent to. If `check` goes by where the request comes from and not
    /// by who is logged in, say the [hosts](Self::hosts) too.
    ///
    /// ```
    /// use axum::Router;
    /// use resilient_runtime::dashboard::Dashboard;
    ///
    /// #[derive(Clone)]
    /// struct User {
    ///     is_operator: bool,
    /// }
    ///
    /// let dashboard = Dashboard::new().allow_actions(|request| async move {
    ///     request.extensions.get::<User>().is_some_and(|user| user.is_operator)
    /// });
    /// let app: Router = Router::new().nest("/resilience", dashboard.router());
    /// ```
    #[must_use]
    pub fn allow_actions<F>(mut self, check: impl Fn(Parts) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = bool> + Send + 'static,
    {
        self.may_act = Some(Arc::new(move |request| Box::pin(check(request))));
        self
    }

    /// Answers only requests for one of these hosts, with their ports where these are not those of the scheme:
    /// `ops.example`, `localhost:8080`.
    ///
    /// To be said where nobody logs in, because only who is on the same machine or network gets here: a page of
    /// another site can have its own name lead to this address, and a browser takes it for the same site then.
    #[must_use]
    pub fn hosts<H: Into<String>>(mut self, hosts: impl IntoIterator<Item = H>) -> Self {
        self.hosts = Some(hosts.into_iter().map(Into::into).collect());
        self
    }

    /// The routes, to be mounted anywhere.
    ///
    /// From now on calls are [measured](crate::Registry::measure); once a second, for as long as the router lives,
    /// what was measured is read. A stream of events ends with its client and not before: a graceful shutdown waits
    /// for whoever looks at the page.
    ///
    /// Made outside of a tokio runtime, it begins to read with the first request.
    pub fn router<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        routes::router(Board::new(), self)
    }
}

impl fmt::Debug for Dashboard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dashboard")
            .field("allows_actions", &self.may_act.is_some())
            .field("hosts", &self.hosts)
            .finish()
    }
}
