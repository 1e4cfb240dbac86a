//! The page beside the story.

use std::io;
use std::net::SocketAddr;

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
    /// On the loopback, which nobody else reaches, breakers can be opened and settings changed on it.
    pub async fn serve(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await.map_err(|error| {
            let what = format!("cannot serve a page at {address}: {error}");
            io::Error::new(error.kind(), what)
        })?;
        let address = listener.local_addr()?;
        // A name that leads to the loopback by its owner's wish is none of these.
        let hosts = [address.to_string(), format!("localhost:{}", address.port())];
        let is_local = address.ip().is_loopback();
        let page = match is_local {
            true => dashboard::Dashboard::new()
                .hosts(hosts)
                .allow_actions(|_| async { true }),
            false => dashboard::Dashboard::new(),
        };
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

impl Drop for Dashboard {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    #[tokio::test]
    async fn the_page_is_served_until_it_is_dropped_and_a_port_in_use_is_told() {
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        let page = Dashboard::serve(free).await.expect("a free port");
        let mut client = TcpStream::connect(page.address())
            .await
            .expect("it listens");
        let request = format!(
            "GET / HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
            page.address()
        );
        client
            .write_all(request.as_bytes())
            .await
            .expect("it reads");
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
}
