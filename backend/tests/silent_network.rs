//! A network that swallows packets: nothing is refused and nothing is answered.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use backend::clock::SystemClock;
use backend::collector::{Watched, watch_database};
use domain::observation::Health;
use domain::problem::ProblemKind;
use support::{Server, TestDatabase, server_url};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Stands between the console and the server, and passes on what comes, or swallows it.
struct Network {
    port: u16,
    swallows: Arc<AtomicBool>,
}

impl Network {
    async fn before(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let swallows = Arc::new(AtomicBool::new(false));
        let swallowing = Arc::clone(&swallows);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(&server).await else {
                    continue;
                };
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(pass_on(from_client, to_server, Arc::clone(&swallowing)));
                tokio::spawn(pass_on(from_server, to_client, Arc::clone(&swallowing)));
            }
        });
        Self { port, swallows }
    }

    fn swallow(&self, swallows: bool) {
        self.swallows.store(swallows, Ordering::SeqCst);
    }
}

async fn pass_on(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    swallows: Arc<AtomicBool>,
) {
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if swallows.load(Ordering::SeqCst) {
            // What was lost stays lost, and so does the connection it belonged to.
            std::future::pending::<()>().await;
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

async fn until(watched: &mut Watched, within: Duration, reached: impl Fn(Health) -> bool) {
    let waiting = async {
        while !reached(watched.observation().health()) {
            assert!(watched.changed().await, "the collector goes on");
        }
    };
    tokio::time::timeout(within, waiting)
        .await
        .unwrap_or_else(|_| panic!("{:?}", watched.observation()));
}

#[tokio::test]
async fn a_server_that_falls_silent_is_noticed_and_read_again_once_it_answers() {
    let test = "a_server_that_falls_silent";
    let Some(url) = server_url(Server::Any, test) else {
        return;
    };
    let database = TestDatabase::timescale(&url).await;
    let mut through: url::Url = database.url().parse().expect("a URL");
    let server = format!(
        "{}:{}",
        through.host_str().expect("a host"),
        through.port().unwrap_or(5432)
    );
    let network = Network::before(server).await;
    through.set_port(Some(network.port)).expect("a port");
    through.set_host(Some("127.0.0.1")).expect("a host");
    let (mut watched, collecting) = watch_database(
        "silent".parse().expect("a name"),
        through.as_str().parse().expect("a connection"),
        Duration::from_millis(200),
        Arc::new(SystemClock),
    );
    let collecting = tokio::spawn(collecting);
    until(&mut watched, Duration::from_secs(30), |health| {
        health == Health::Healthy
    })
    .await;

    network.swallow(true);
    until(&mut watched, Duration::from_mins(1), |health| {
        health == Health::Stale
    })
    .await;
    let failing = watched.observation().failing.expect("a problem");
    let kind = &failing.problem.kind;
    assert!(
        matches!(kind, ProblemKind::TimedOut | ProblemKind::Unreachable),
        "{failing:?}"
    );
    let before = watched.observation().snapshot.expect("the last figures stay");

    network.swallow(false);
    until(&mut watched, Duration::from_secs(30), |health| {
        health == Health::Healthy
    })
    .await;
    let after = watched.observation().snapshot.expect("a snapshot");
    assert!(
        after.sizes_collected_at > before.sizes_collected_at,
        "what is back is read whole"
    );
    collecting.abort();
}
