//! A way to a server that the test can cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

pub(crate) struct Proxy {
    pub(crate) port: u16,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    cut: Notify,
    is_closed: AtomicBool,
    connections: AtomicUsize,
}

impl Proxy {
    /// Listens on a port of its own and passes on to this one.
    pub(crate) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let task = tokio::spawn(listen(listener, port, Arc::clone(&shared)));
        Self { port: own, shared, task }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Ends every connection. New ones are let through.
    pub(crate) fn cut(&self) {
        self.shared.cut.notify_waiters();
    }

    /// Ends every connection, and every new one at once.
    pub(crate) fn close(&self) {
        self.shared.is_closed.store(true, Ordering::SeqCst);
        self.cut();
    }

    pub(crate) fn open(&self) {
        self.shared.is_closed.store(false, Ordering::SeqCst);
    }

    /// How many connections were let through so far.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

async fn listen(listener: TcpListener, port: u16, shared: Arc<Shared>) {
    while let Ok((mut from, _)) = listener.accept().await {
        if shared.is_closed.load(Ordering::SeqCst) {
            continue;
        }
        shared.connections.fetch_add(1, Ordering::SeqCst);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let cut = shared.cut.notified();
            let pass = async {
                if let Ok(mut to) = TcpStream::connect(("127.0.0.1", port)).await {
                    let _ = copy_bidirectional(&mut from, &mut to).await;
                }
            };
            tokio::select! {
                biased;
                () = cut => {}
                () = pass => {}
            }
        });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.cut();
    }
}
