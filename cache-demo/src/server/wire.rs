//! Between the socket and the gRPC server: a piece of wire that can be slow, and that can be cut.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use prost::bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, copy, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::trouble::Trouble;

const CHUNK: usize = 16 * 1024;

/// Chunks of an answer that are under way on a slow wire before the server has to wait.
const UNDER_WAY: usize = 256;

/// Takes connections and hands them to the gRPC server, until `closed`. Returns when the last of them has ended.
pub(super) async fn accept(
    listener: TcpListener,
    server: mpsc::Sender<io::Result<DuplexStream>>,
    trouble: Arc<Trouble>,
    closed: CancellationToken,
    cut: CancellationToken,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = closed.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((tcp, _)) => {
                    let (near, far) = tokio::io::duplex(4 * CHUNK);
                    connections.spawn(carry(tcp, near, Arc::clone(&trouble), cut.clone()));
                    if server.send(Ok(far)).await.is_err() {
                        break;
                    }
                }
                // Such an error (out of file descriptors, say) passes; without a pause this would spin.
                Err(error) => {
                    eprintln!("cache-demo: no connection could be accepted: {error}");
                    sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop((listener, server));
    while connections.join_next().await.is_some() {}
}

/// Carries one connection until the server has ended it, the client is gone or the wire is cut.
async fn carry(
    mut tcp: TcpStream,
    server: DuplexStream,
    trouble: Arc<Trouble>,
    cut: CancellationToken,
) {
    // Without this the kernel may hold a short answer back; nothing but time is lost then.
    let _ = tcp.set_nodelay(true);
    let (mut from_client, to_client) = tcp.split();
    let (from_server, mut to_server) = split(server);
    let requests = async {
        // However the requests end, answers may still be under way.
        let _ = copy(&mut from_client, &mut to_server).await;
        let _ = to_server.shutdown().await;
        std::future::pending::<()>().await;
    };
    let was_cut = tokio::select! {
        // A server that dies ends its side as well; the cut comes first.
        biased;
        () = cut.cancelled() => true,
        () = requests => false,
        _ = carry_late(from_server, to_client, &trouble) => false,
    };
    if was_cut {
        // Closed like this, a socket answers with a reset instead of a goodbye.
        let _ = tcp.set_zero_linger();
    }
}

/// Copies like `tokio::io::copy`, but each chunk leaves as late as the trouble says; chunks do not wait for each other twice.
async fn carry_late(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    trouble: &Trouble,
) -> io::Result<()> {
    let (queue, mut due) = mpsc::channel::<(Instant, Bytes)>(UNDER_WAY);
    let read = async move {
        let mut buffer = BytesMut::new();
        loop {
            buffer.reserve(CHUNK);
            if from.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
            let leaves = Instant::now() + trouble.late();
            if queue.send((leaves, buffer.split().freeze())).await.is_err() {
                return Ok(());
            }
        }
    };
    let write = async move {
        while let Some((leaves, chunk)) = due.recv().await {
            sleep_until(leaves).await;
            to.write_all(&chunk).await?;
        }
        to.shutdown().await
    };
    tokio::try_join!(read, write).map(|_| ())
}
