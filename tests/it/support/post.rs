//! A mail server on a real socket that can refuse, put off and hang up.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with the next mail.
#[derive(Debug, Clone, Copy)]
pub enum Turn {
    /// Answers the recipient with this line.
    Recipient(&'static str),
    /// Answers the mail itself with this line.
    Data(&'static str),
    /// Takes the mail and hangs up without saying so.
    Swallow,
}

#[derive(Clone, Default)]
pub struct Post {
    /// Every mail that was taken, headers and all.
    pub taken: Arc<Mutex<Vec<String>>>,
    /// What is done with the next ones; after that all are taken.
    pub turns: Arc<Mutex<VecDeque<Turn>>>,
    pub url: String,
}

impl Post {
    pub async fn open() -> Post {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let post = Post {
            url,
            ..Post::default()
        };
        let desk = post.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let desk = desk.clone();
                tokio::spawn(async move { desk.serve(stream).await });
            }
        });
        post
    }

    pub fn next(&self, turns: &[Turn]) {
        self.turns.lock().unwrap().extend(turns);
    }

    /// The mails that were taken, and takes them out.
    pub fn collect(&self) -> Vec<String> {
        std::mem::take(&mut *self.taken.lock().unwrap())
    }

    /// The mails that were taken, once there are so many; takes them out.
    pub async fn collect_many(&self, many: usize) -> Vec<String> {
        let enough = async || (self.taken.lock().unwrap().len() >= many).then_some(());
        super::eventually("as many mails as are waited for", enough).await;
        self.collect()
    }

    async fn serve(&self, stream: TcpStream) -> Option<()> {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        write.write_all(b"220 post\r\n").await.ok()?;
        let mut turn = None;
        while let Ok(Some(line)) = lines.next_line().await {
            let word = line.split([' ', ':']).next().unwrap_or("").to_uppercase();
            let answer = match word.as_str() {
                "EHLO" => "250-post\r\n250 8BITMIME",
                "MAIL" => {
                    turn = self.turns.lock().unwrap().pop_front();
                    "250 ok"
                }
                "RCPT" => match turn {
                    Some(Turn::Recipient(answer)) => answer,
                    _ => "250 ok",
                },
                "DATA" => {
                    write.write_all(b"354 go on\r\n").await.ok()?;
                    let mut mail = String::new();
                    while let Ok(Some(line)) = lines.next_line().await {
                        if line == "." {
                            break;
                        }
                        mail.push_str(line.strip_prefix('.').unwrap_or(&line));
                        mail.push('\n');
                    }
                    match turn.take() {
                        Some(Turn::Data(answer)) => answer,
                        Some(Turn::Swallow) => {
                            self.taken.lock().unwrap().push(mail);
                            return None;
                        }
                        _ => {
                            self.taken.lock().unwrap().push(mail);
                            "250 taken"
                        }
                    }
                }
                "QUIT" => "221 bye",
                _ => "250 ok",
            };
            write
                .write_all(format!("{answer}\r\n").as_bytes())
                .await
                .ok()?;
        }
        None
    }
}
