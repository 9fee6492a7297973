//! A stream on which the head of the first request is replaced by another.
//!
//! hyper sorts repeated headers together and writes names in lower case. A task's author was promised the order and the case that
//! they gave, so the head is written here, and hyper does the rest: the body, and reading the answer.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

const END: &[u8] = b"\r\n\r\n";

pub struct WithHead<S> {
    inner: S,
    stage: Stage,
}

enum Stage {
    /// Swallowing the other head; ours waits.
    Head {
        ours: Vec<u8>,
        theirs: Vec<u8>,
    },
    /// Ours, and what came after theirs, is on its way out.
    Sending {
        bytes: Vec<u8>,
        sent: usize,
    },
    Open,
}

impl<S> WithHead<S> {
    pub fn new(inner: S, head: Vec<u8>) -> Self {
        Self { inner, stage: Stage::Head { ours: head, theirs: Vec::new() } }
    }
}

impl<S: AsyncWrite + Unpin> WithHead<S> {
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Stage::Sending { bytes, sent } = &mut self.stage {
            if *sent == bytes.len() {
                self.stage = Stage::Open;
                break;
            }
            match ready!(Pin::new(&mut self.inner).poll_write(cx, &bytes[*sent..]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                len => *sent += len,
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WithHead<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_send(cx))?;
        let Stage::Head { ours, theirs } = &mut self.stage else {
            return Pin::new(&mut self.inner).poll_write(cx, data);
        };
        theirs.extend_from_slice(data);
        if let Some(end) = theirs.windows(END.len()).position(|window| window == END) {
            let mut bytes = std::mem::take(ours);
            bytes.extend_from_slice(&theirs[end + END.len()..]);
            self.stage = Stage::Sending { bytes, sent: 0 };
        }
        Poll::Ready(Ok(data.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(cx))?;
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(cx))?;
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WithHead<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    #[tokio::test]
    async fn the_head_is_replaced_however_it_is_cut_and_the_rest_is_not() {
        let theirs = b"POST / HTTP/1.1\r\na: 1\r\n\r\nbody\r\n\r\nmore";
        for cut in 1..theirs.len() {
            let mut sent = Vec::new();
            let mut stream = WithHead::new(&mut sent, b"OURS\r\n\r\n".to_vec());
            stream.write_all(&theirs[..cut]).await.unwrap();
            stream.flush().await.unwrap();
            stream.write_all(&theirs[cut..]).await.unwrap();
            stream.flush().await.unwrap();
            assert_eq!(sent, b"OURS\r\n\r\nbody\r\n\r\nmore", "cut at {cut}");
        }
    }
}
