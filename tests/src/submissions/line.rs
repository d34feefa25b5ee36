//! One connection that asks and waits for the answer: as little HTTP as it takes, so that the caller costs next to nothing.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A connection that is kept.
#[derive(Debug)]
pub struct Line {
    stream: TcpStream,
    host: SocketAddr,
    read: Vec<u8>,
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    head: String,
}

impl Answer {
    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }
}

impl Line {
    /// Connects.
    pub async fn to(host: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, host, read: Vec::new() })
    }

    /// Asks; `headers` are whole lines, each with its end.
    pub async fn ask(&mut self, method: &str, path: &str, headers: &str, body: &[u8]) -> Result<Answer> {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n{headers}\r\n",
            self.host,
            body.len()
        );
        self.stream.write_all(&[head.as_bytes(), body].concat()).await?;
        self.read.clear();
        let end = loop {
            if let Some(end) = self.read.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            self.more().await?;
        };
        let head = String::from_utf8_lossy(self.read.get(..end).context("the head was found")?).into_owned();
        let status = head.split_whitespace().nth(1).and_then(|word| word.parse().ok()).context("a status")?;
        let answer = Answer { status, head };
        // 204 has no body and may not say so.
        let length: usize = answer.header("content-length").map_or(Ok(0), str::parse)?;
        while self.read.len() < end + length {
            self.more().await?;
        }
        Ok(answer)
    }

    async fn more(&mut self) -> Result<()> {
        let read = self.stream.read_buf(&mut self.read).await?;
        ensure!(read > 0, "the line was closed in the middle of an answer");
        Ok(())
    }
}
