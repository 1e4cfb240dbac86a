//! A server that keeps to deadlines, and the channel to it.

use std::io;
use std::net::Ipv4Addr;

use cache_demo::proto::cache_service_server::{CacheService, CacheServiceServer};
use hyper_util::rt::TokioIo;
use resilient_runtime::grpc::DeadlineLayer;
use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tower::service_fn;

/// In memory: with paused time, nothing takes any but what sleeps.
pub(super) fn in_memory(service: impl CacheService) -> Channel {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let server = Server::builder()
        .layer(DeadlineLayer::new())
        .add_service(CacheServiceServer::new(service))
        .serve_with_incoming(tokio_stream::once(io::Result::Ok(far)));
    tokio::spawn(server);
    let mut near = Some(near);
    Endpoint::from_static("http://memory").connect_with_connector_lazy(service_fn(move |_| {
        let near = near.take().map(TokioIo::new);
        async { near.ok_or(io::Error::from(io::ErrorKind::ConnectionRefused)) }
    }))
}

/// Over a socket, on a port that the system chooses.
pub(super) async fn on_loopback(service: impl CacheService) -> Channel {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::builder()
        .layer(DeadlineLayer::new())
        .add_service(CacheServiceServer::new(service))
        .serve_with_incoming(TcpIncoming::from(listener));
    tokio::spawn(server);
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    endpoint.connect_lazy()
}
