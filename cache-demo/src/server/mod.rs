//! The server: a cache behind gRPC that can be put in trouble while it runs.

mod counters;
pub mod policies;
mod service;
mod store;
mod trouble;
mod wire;
mod workers;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use resilient_runtime::grpc::DeadlineLayer;
use tokio::net::TcpSocket;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::codegen::http::{Request, Response};
use tower::util::{MapRequestLayer, MapResponseLayer};

pub use counters::{Counters, Counts};
pub use service::{NOTHING_STORED, Service};
pub use store::{Limits, Store};
pub use trouble::Trouble;
pub use workers::{Standstill, Work};

use crate::proto::cache_service_server::CacheServiceServer;

const BACKLOG: u32 = 1024;

/// A server that is there.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    service: Arc<Service>,
    counters: Arc<Counters>,
    closed: CancellationToken,
    cut: CancellationToken,
    accepting: JoinHandle<()>,
    serving: JoinHandle<Result<(), tonic::transport::Error>>,
}

/// A server that is gone: whoever connects to its port is refused.
#[derive(Debug)]
pub struct DeadServer {
    service: Arc<Service>,
    counters: Arc<Counters>,
    /// Bound but not listening, so that nobody else takes the port in the meantime.
    port: TcpSocket,
}

impl Server {
    /// Listens on `address`; port 0 takes a free one.
    pub fn start(address: SocketAddr, limits: Limits) -> io::Result<Self> {
        let counters = Arc::<Counters>::default();
        let service = Arc::new(Service::new(limits, Arc::clone(&counters)));
        Self::serve(bind(address)?, service, counters)
    }

    fn serve(port: TcpSocket, service: Arc<Service>, counters: Arc<Counters>) -> io::Result<Self> {
        let listener = port.listen(BACKLOG)?;
        let address = listener.local_addr()?;
        let (closed, cut) = (CancellationToken::new(), CancellationToken::new());
        let (connections, incoming) = mpsc::channel(1);
        let accepting = tokio::spawn(wire::accept(
            listener,
            connections,
            Arc::clone(&service.trouble),
            closed.clone(),
            cut.clone(),
        ));
        let (asked, answered) = (Arc::clone(&counters), Arc::clone(&counters));
        let serving = tokio::spawn(
            tonic::transport::Server::builder()
                .layer(MapRequestLayer::new(move |request: Request<_>| {
                    asked.count(&request);
                    request
                }))
                .layer(MapResponseLayer::new(move |response: Response<_>| {
                    answered.count_end(&response);
                    response
                }))
                // Inside of the counters: what it refuses or cuts off has reached the server all the same.
                .layer(DeadlineLayer::new())
                .add_service(CacheServiceServer::from_arc(Arc::clone(&service)))
                .serve_with_incoming_shutdown(
                    ReceiverStream::new(incoming),
                    closed.clone().cancelled_owned(),
                ),
        );
        Ok(Server {
            address,
            service,
            counters,
            closed,
            cut,
            accepting,
            serving,
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn trouble(&self) -> &Arc<Trouble> {
        &self.service.trouble
    }

    /// Lets the workers finish what they are at, and stand still until what is returned is dropped.
    pub async fn stand_still(&self) -> Standstill {
        self.service.workers.stand_still().await
    }

    pub fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// Takes no new call, finishes those in flight, and ends.
    pub async fn drain(self) -> io::Result<()> {
        self.end().await.map(|_| ())
    }

    /// Closes the listener and resets every connection. The values stay, for when it comes back.
    pub async fn die(self) -> io::Result<DeadServer> {
        self.cut.cancel();
        let (address, counters) = (self.address, Arc::clone(&self.counters));
        let service = self.end().await?;
        let port = bind(address)?;
        Ok(DeadServer {
            service,
            counters,
            port,
        })
    }

    async fn end(self) -> io::Result<Arc<Service>> {
        self.closed.cancel();
        self.serving.await?.map_err(io::Error::other)?;
        self.accepting.await?;
        Ok(self.service)
    }
}

impl DeadServer {
    /// Listens again, on the same port.
    pub fn come_back(self) -> io::Result<Server> {
        Server::serve(self.port, self.service, self.counters)
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A port whose last connections linger in the kernel can be had again at once.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}
