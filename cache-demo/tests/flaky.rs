//! Which calls a flaky server fails hangs on nothing but their number.

use std::net::{Ipv4Addr, SocketAddr};

use cache_demo::client::CacheClient;
use cache_demo::server::{Limits, Server};
use tonic::transport::Endpoint;

// The only test here: the calls are numbered through the whole process.
#[tokio::test]
async fn three_attempts_win_at_a_share_of_a_third() {
    let free_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Server::start(free_port, Limits::default()).expect("a free port");
    let uri = format!("http://{}", server.address());
    let client = CacheClient::new(&Endpoint::from_shared(uri).expect("an address"));

    server.trouble().fail(1.0 / 3.0);
    let mut fails = Vec::new();
    for _ in 0..150 {
        fails.push(client.get("123").await.is_err());
    }
    assert!(fails.windows(3).all(|run| run != [true; 3]), "{fails:?}");
    assert!(fails.windows(2).any(|run| run == [true; 2]), "{fails:?}");
    let failed = fails.iter().filter(|&&fails| fails).count();
    assert!((30..70).contains(&failed), "{failed} of 150");
}
