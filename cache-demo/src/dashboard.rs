//! The page beside the story.

use std::io;
use std::net::SocketAddr;

use axum::http::header::HOST;
use axum::http::request::Parts;
use resilient_runtime::dashboard;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A page at an address of its own, gone when this is dropped.
#[derive(Debug)]
pub struct Dashboard {
    address: SocketAddr,
    serving: JoinHandle<io::Result<()>>,
}

impl Dashboard {
    /// On it breakers can be opened and settings changed, by whoever is at this machine and at this address.
    pub async fn serve(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await.map_err(|error| {
            let what = format!("cannot serve a page at {address}: {error}");
            io::Error::new(error.kind(), what)
        })?;
        let address = listener.local_addr()?;
        let page = dashboard::Dashboard::new()
            .allow_actions(move |request| async move { is_here(address, &request) });
        let serving = axum::serve(listener, page.router());
        Ok(Self {
            address,
            serving: tokio::spawn(serving.into_future()),
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Nobody else reaches the loopback; a name that leads to it by its owner's wish is not this address.
fn is_here(address: SocketAddr, request: &Parts) -> bool {
    let host = request
        .headers
        .get(HOST)
        .and_then(|host| host.to_str().ok());
    let own = [address.to_string(), format!("localhost:{}", address.port())];
    address.ip().is_loopback() && host.is_some_and(|host| own.iter().any(|own| own == host))
}

impl Drop for Dashboard {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    #[tokio::test]
    async fn the_page_is_served_until_it_is_dropped_and_a_port_in_use_is_told() {
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        let page = Dashboard::serve(free).await.expect("a free port");
        let mut client = TcpStream::connect(page.address())
            .await
            .expect("it listens");
        let request = b"GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n";
        client.write_all(request).await.expect("it reads");
        let mut answer = String::new();
        client
            .read_to_string(&mut answer)
            .await
            .expect("it answers");
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        assert!(answer.contains("<title>resilience</title>"), "{answer}");

        let told = Dashboard::serve(page.address())
            .await
            .expect_err("it is in use");
        assert!(
            told.to_string()
                .starts_with("cannot serve a page at 127.0.0.1:"),
            "{told}"
        );

        let address = page.address();
        drop(page);
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    }

    #[test]
    fn only_who_is_here_may_act() {
        for (address, host, may) in [
            ("127.0.0.1:80", Some("127.0.0.1:80"), true),
            ("127.0.0.1:80", Some("localhost:80"), true),
            ("127.0.0.1:80", Some("elsewhere.example:80"), false),
            ("127.0.0.1:80", None, false),
            ("192.0.2.1:80", Some("192.0.2.1:80"), false),
        ] {
            let request = host.into_iter().fold(Request::builder(), |request, host| {
                request.header(HOST, host)
            });
            let (request, ()) = request.body(()).expect("a request").into_parts();
            let address = address.parse().expect("an address");
            assert_eq!(is_here(address, &request), may, "{address} {host:?}");
        }
    }
}
