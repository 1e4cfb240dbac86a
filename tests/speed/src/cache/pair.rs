//! A client and its server, with one connection over loopback between them.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use cache_demo::client::CacheClient;
use cache_demo::proto::cache_service_server::CacheServiceServer;
use cache_demo::server::{Counters, Limits, Service};
use resilient_runtime::grpc::DeadlineLayer;
use resilient_runtime::{Event, Subscription, observe};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Endpoint, Server};

use super::bare::{BareClient, BareService};
use super::hand::{HandClient, HandService};

/// The client. Its server serves as long as the runtime on which it was made.
#[derive(Clone, Debug)]
pub enum Pair {
    Bare(BareClient),
    Hand(HandClient),
    Annotated(CacheClient),
}

impl Pair {
    /// tonic alone.
    pub fn bare() -> io::Result<Self> {
        let (incoming, endpoint) = listen()?;
        let service = CacheServiceServer::new(BareService::new());
        let server = Server::builder().add_service(service);
        tokio::spawn(server.serve_with_incoming(incoming));
        Ok(Self::Bare(BareClient::new(&endpoint)))
    }

    /// What a careful person writes.
    pub fn by_hand() -> io::Result<Self> {
        let (incoming, endpoint) = listen()?;
        let service = CacheServiceServer::new(HandService::new());
        let server = Server::builder().add_service(service);
        tokio::spawn(server.serve_with_incoming(incoming));
        Ok(Self::Hand(HandClient::new(&endpoint)))
    }

    /// Each attribute of the demo's client and server, and the layers that carry deadlines. No limit is in reach: that of
    /// the rate by a feature of the demo; the one that adapts counts handlers under way, and these are ready at once.
    pub fn annotated() -> io::Result<Self> {
        let (incoming, endpoint) = listen()?;
        let service = Service::new(Limits::default(), Arc::<Counters>::default());
        let server = Server::builder()
            .layer(DeadlineLayer::new())
            .add_service(CacheServiceServer::new(service));
        tokio::spawn(server.serve_with_incoming(incoming));
        Ok(Self::Annotated(CacheClient::new(&endpoint)))
    }
}

fn listen() -> io::Result<(TcpIncoming, Endpoint)> {
    let incoming = TcpIncoming::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let address = incoming.local_addr()?;
    let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(io::Error::other)?;
    Ok((incoming.with_nodelay(Some(true)), endpoint))
}

/// Hears what the attributes decide. Where nothing is refused, fails, takes too long or is tried again they decide nothing,
/// and to be listened to costs them nothing.
#[derive(Debug)]
pub struct Decisions {
    first: Arc<OnceLock<Event>>,
    _subscription: Subscription,
}

impl Decisions {
    #[must_use]
    pub fn listen() -> Self {
        let first = Arc::<OnceLock<Event>>::default();
        let heard = Arc::clone(&first);
        let subscription = observe(move |event| {
            let _ = heard.set(event.clone());
        });
        Self {
            first,
            _subscription: subscription,
        }
    }

    /// The first there was.
    #[must_use]
    pub fn first(&self) -> Option<&Event> {
        self.first.get()
    }
}
