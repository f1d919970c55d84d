//! An HTTP server on a real socket that notes what it is sent, and can refuse, hang and hang up.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with the next request.
#[derive(Debug, Clone, Copy)]
pub enum Turn {
    Answer(u16, &'static str),
    /// Takes the request and hangs up without a word.
    Swallow,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Heard {
    /// `POST /send?x=1`.
    pub line: String,
    pub headers: String,
    pub body: String,
}

#[derive(Clone, Default)]
pub struct Gateway {
    /// Every request, also those that were not answered well.
    pub heard: Arc<Mutex<Vec<Heard>>>,
    /// What is done with the next ones; after that all are taken.
    pub turns: Arc<Mutex<VecDeque<Turn>>>,
    pub url: String,
}

impl Gateway {
    pub async fn open() -> Gateway {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let gateway = Gateway {
            url,
            ..Gateway::default()
        };
        let desk = gateway.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let desk = desk.clone();
                tokio::spawn(async move { desk.serve(stream).await });
            }
        });
        gateway
    }

    pub fn next(&self, turns: &[Turn]) {
        self.turns.lock().unwrap().extend(turns);
    }

    /// What was heard, and takes it out.
    pub fn collect(&self) -> Vec<Heard> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }

    /// Waits until so many came, and takes them out.
    pub async fn wait_for(&self, count: usize) -> Vec<Heard> {
        let enough = async || (self.heard.lock().unwrap().len() >= count).then_some(());
        super::eventually("as many messages as are waited for", enough).await;
        self.collect()
    }

    async fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let mut bytes = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let end = text.split_once("\r\n\r\n");
            let whole = end.filter(|(head, body)| {
                let length = head.lines().find_map(|line| {
                    let (name, value) = line.split_once(": ")?;
                    let is_it = name.eq_ignore_ascii_case("content-length");
                    is_it.then(|| value.parse::<usize>().unwrap_or(0))
                });
                body.len() >= length.unwrap_or(0)
            });
            let Some((head, body)) = whole else {
                let mut piece = [0; 4096];
                let read = stream.read(&mut piece).await.ok()?;
                if read == 0 {
                    return None;
                }
                bytes.extend_from_slice(&piece[..read]);
                continue;
            };
            let (line, headers) = head.split_once("\r\n").unwrap_or((head, ""));
            let line = line.trim_end_matches(" HTTP/1.1").to_owned();
            self.heard.lock().unwrap().push(Heard {
                line,
                headers: headers.to_owned(),
                body: body.to_owned(),
            });
            bytes.clear();
            let turn = self.turns.lock().unwrap().pop_front();
            let (status, text) = match turn {
                Some(Turn::Swallow) => return None,
                Some(Turn::Answer(status, text)) => (status, text),
                None => (200, "ok"),
            };
            let answer = format!(
                "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{text}",
                text.len()
            );
            stream.write_all(answer.as_bytes()).await.ok()?;
        }
    }
}
