//! A client that speaks frames by hand, and holds nothing but its stream.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

pub(crate) struct Client<IO> {
    stream: IO,
    last: u64,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Client<IO> {
    /// Shakes hands, and logs in.
    pub(crate) async fn connect(mut stream: IO, path: &str) -> Self {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.expect("the service reads");
        let mut end = [0; 4];
        while end != *b"\r\n\r\n" {
            end.rotate_left(1);
            end[3] = stream.read_u8().await.expect("the service answers");
        }
        let mut client = Self { stream, last: 0 };
        client.ask("Admin", 3, "Login", r#"{"auth-tag":"user-admin","credentials":"s3cret"}"#).await;
        client.reply().await;
        client
    }

    /// Opens its one watcher.
    pub(crate) async fn watch(&mut self) {
        self.ask("Client", 6, "WatchAll", "{}").await;
        self.reply().await;
    }

    pub(crate) async fn ask_next(&mut self) {
        self.ask("AllWatcher", 3, "Next", "{}").await;
    }

    /// Reads a reply, and forgets it; its length.
    pub(crate) async fn reply(&mut self) -> usize {
        self.reply_with(|_| ()).await
    }

    /// Reads a reply frame by frame.
    pub(crate) async fn reply_with(&mut self, mut each: impl FnMut(&[u8])) -> usize {
        let mut bytes = 0;
        loop {
            let mut head = [0; 2];
            self.stream.read_exact(&mut head).await.expect("the service answers");
            let length = match head[1] {
                126 => usize::from(self.stream.read_u16().await.expect("it goes on")),
                127 => usize::try_from(self.stream.read_u64().await.expect("it goes on")).expect("it fits"),
                short => usize::from(short),
            };
            let mut payload = vec![0; length];
            self.stream.read_exact(&mut payload).await.expect("it goes on");
            // A ping is none of the reply's frames; these clients are not long enough there to be asked twice.
            if head[0] & 0x0f >= 8 {
                continue;
            }
            each(&payload);
            bytes += length;
            if head[0] & 0x80 != 0 {
                return bytes;
            }
        }
    }

    async fn ask(&mut self, facade: &str, version: u8, method: &str, params: &str) {
        self.last += 1;
        let text = format!(
            r#"{{"request-id":{},"type":"{facade}","version":{version},"request":"{method}","id":"1","params":{params}}}"#,
            self.last
        );
        let length = u16::try_from(text.len()).expect("requests are short");
        // The mask is four zeros, which change nothing.
        let mut frame = vec![0x81, 0xfe];
        frame.extend_from_slice(&length.to_be_bytes());
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(text.as_bytes());
        self.stream.write_all(&frame).await.expect("the service reads");
    }
}
