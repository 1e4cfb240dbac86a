//! Health over gRPC.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use futures_util::stream::unfold;
use tokio::sync::Notify;
use tokio::time::timeout;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse, health_server};

use super::Health;
use super::watched::{self, Watched};

/// Whoever watches looks anew. Not an observer of events: it is there for as long as a load balancer is, and would have
/// every event of every policy built for nothing. And that a layer is switched off is no event.
pub(super) static CHANGED: Notify = Notify::const_new();

/// That a key comes and is served, which is no change of any breaker, is seen after this time at the latest.
const KEYS_COME: Duration = Duration::from_secs(1);

impl Health {
    /// A `grpc.health.v1.Health`, for `Server::add_service`.
    ///
    /// | service | `SERVING` while |
    /// |---|---|
    /// | empty | the program is [ready](Self::is_ready) |
    /// | the name of a function with a breaker, such as `shop::stock::get` | its breaker is not [down](super::HealthStatus::Down), whether it is required or not |
    ///
    /// Any other is `NOT_FOUND` to `Check`, and `SERVICE_UNKNOWN` to `Watch`.
    ///
    /// `Watch` sends what holds now, and then each change. It ends with its client and not before: a graceful shutdown
    /// waits for whoever watches.
    ///
    /// The empty service is for readiness. A liveness probe that asks for it would have the program started anew
    /// because something else is down: let that probe connect and no more (`tcpSocket` in Kubernetes).
    ///
    /// ```
    /// use resilient_runtime::health::{Health, HealthService};
    /// use tonic_health::pb::health_server::HealthServer;
    ///
    /// // Server::builder().add_service(health)..
    /// let health: HealthServer<HealthService> = Health::new().grpc_service();
    /// ```
    #[must_use]
    pub fn grpc_service(&self) -> HealthServer<HealthService> {
        HealthServer::new(HealthService(self.clone()))
    }
}

/// `grpc.health.v1.Health` over [`Health`]. Made by [`Health::grpc_service`].
#[derive(Clone, Debug)]
pub struct HealthService(Health);

#[tonic::async_trait]
impl health_server::Health for HealthService {
    type WatchStream = WatchStream;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let watch = Watch::new(&self.0, request);
        match watch.look() {
            (ServingStatus::ServiceUnknown, _) => {
                Err(Status::not_found("no function with a circuit breaker"))
            }
            (status, _) => Ok(Response::new(response(status))),
        }
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<WatchStream>, Status> {
        let watch = Watch::new(&self.0, request);
        let answers = unfold(watch, |watch| async { Some(watch.next().await) });
        Ok(Response::new(WatchStream(Box::pin(answers))))
    }
}

/// What holds, and then each change. Dropped, it leaves nothing behind.
pub struct WatchStream(Pin<Box<dyn Stream<Item = Answer> + Send>>);

type Answer = Result<HealthCheckResponse, Status>;

impl Stream for WatchStream {
    type Item = Answer;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Answer>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for WatchStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchStream").finish_non_exhaustive()
    }
}

/// One who asks.
struct Watch {
    /// `None` where there is no such service.
    breakers: Option<Vec<Watched>>,
    told: Option<ServingStatus>,
}

impl Watch {
    fn new(health: &Health, request: Request<HealthCheckRequest>) -> Self {
        let service = request.into_inner().service;
        let is_program = service.is_empty();
        let meant = health.breakers.iter().copied().filter(|breaker| {
            if is_program {
                breaker.is_required
            } else {
                breaker.function == service
            }
        });
        let breakers = Some(meant.collect::<Vec<_>>());
        Self {
            breakers: breakers.filter(|breakers| is_program || !breakers.is_empty()),
            told: None,
        }
    }

    async fn next(mut self) -> (Answer, Self) {
        loop {
            // Before the look: what changes after it ends this.
            let change = CHANGED.notified();
            let (status, again) = self.look();
            if self.told != Some(status) {
                self.told = Some(status);
                return (Ok(response(status)), self);
            }
            match again {
                // An open time that ends is no change. A look too early does no harm.
                Some(again) => drop(timeout(again, change).await),
                None => change.await,
            }
        }
    }

    /// What holds now, and when to look again if nothing changes before.
    fn look(&self) -> (ServingStatus, Option<Duration>) {
        let Some(breakers) = &self.breakers else {
            return (ServingStatus::ServiceUnknown, None);
        };
        let Some(mut again) = watched::down_for(breakers) else {
            return (ServingStatus::Serving, None);
        };
        if breakers.iter().any(Watched::is_keyed) {
            again = again.min(KEYS_COME);
        }
        (ServingStatus::NotServing, Some(again))
    }
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}

#[cfg(test)]
mod tests;
