//! A client that speaks frames and knows nothing else.

use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use zk_embedded::{EmbeddedServer, PipeEnsemble, PipeServer, PipeStream, ServerId};
use zk_wire::jute::{Decode, Encode, Reader};
use zk_wire::{
    ConnectRequest, ConnectResponse, Create, CreateMode, ErrorCode, FrameDecoder, ReplyHeader,
    Request, Response, SessionId, WatcherEvent, Zxid, frame, xid,
};

/// A connection with a session.
pub(crate) struct Client<S> {
    stream: S,
    received: BytesMut,
    next_xid: i32,
    /// The events that came before replies.
    pub(crate) events: Vec<WatcherEvent>,
    pub(crate) session: ConnectResponse,
}

impl Client<TcpStream> {
    pub(crate) async fn at(address: std::net::SocketAddr) -> io::Result<Self> {
        Self::shake(TcpStream::connect(address).await?, &hello(10_000)).await
    }

    pub(crate) async fn over_tcp(server: &EmbeddedServer) -> Self {
        let stream = TcpStream::connect(server.addr()).await.unwrap();
        Self::shake(stream, &hello(10_000)).await.unwrap()
    }
}

impl Client<PipeStream> {
    /// Of an ensemble.
    pub(crate) async fn to(ensemble: &PipeEnsemble, server: ServerId) -> io::Result<Self> {
        Self::shake(ensemble.connect(server)?, &hello(10_000)).await
    }

    /// Takes the session up again, at any server of an ensemble.
    pub(crate) async fn move_to(
        &self,
        ensemble: &PipeEnsemble,
        server: ServerId,
    ) -> io::Result<Self> {
        let request = ConnectRequest {
            session_id: self.session.session_id,
            password: self.session.password.clone(),
            ..hello(self.session.timeout_ms)
        };
        Self::shake(ensemble.connect(server)?, &request).await
    }

    pub(crate) async fn over_pipe(server: &PipeServer) -> Self {
        Self::shake(server.connect().unwrap(), &hello(10_000))
            .await
            .unwrap()
    }

    /// Takes the session up again.
    pub(crate) async fn resume(&self, server: &PipeServer) -> io::Result<Self> {
        let request = ConnectRequest {
            session_id: self.session.session_id,
            password: self.session.password.clone(),
            ..hello(self.session.timeout_ms)
        };
        Self::shake(server.connect()?, &request).await
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(crate) async fn shake(stream: S, request: &ConnectRequest) -> io::Result<Self> {
        let mut client = Self {
            stream,
            received: BytesMut::new(),
            next_xid: 0,
            events: Vec::new(),
            session: ConnectResponse::invalid_session(None),
        };
        let mut bytes = Vec::new();
        frame::write_frame(&mut bytes, |out| request.encode(out));
        client.stream.write_all(&bytes).await?;
        let frame = client.frame().await?;
        client.session = ConnectResponse::decode(&mut Reader::new(frame)).unwrap();
        Ok(client)
    }

    pub(crate) fn id(&self) -> SessionId {
        self.session.session_id
    }

    /// Sends several requests in one write.
    pub(crate) async fn send(&mut self, requests: &[Request]) -> io::Result<()> {
        let mut bytes = Vec::new();
        for request in requests {
            let xid = match request {
                Request::Ping => xid::PING,
                _ => {
                    self.next_xid += 1;
                    self.next_xid
                }
            };
            frame::write_frame(&mut bytes, |out| request.encode(xid, out));
        }
        self.stream.write_all(&bytes).await
    }

    /// The next reply to a request like this; events before it are kept.
    pub(crate) async fn reply(
        &mut self,
        request: &Request,
    ) -> io::Result<(Zxid, Result<Response, ErrorCode>)> {
        loop {
            let (header, mut body) = self.header().await?;
            if header.xid == xid::NOTIFICATION {
                self.events.push(WatcherEvent::decode(&mut body).unwrap());
                continue;
            }
            let result = match ErrorCode::from_raw(header.err) {
                None => Ok(Response::decode(request.op_code(), &mut body).unwrap()),
                Some(code) => Err(code),
            };
            return Ok((header.zxid, result));
        }
    }

    pub(crate) async fn call(&mut self, request: &Request) -> Result<Response, ErrorCode> {
        self.send(std::slice::from_ref(request)).await.unwrap();
        self.reply(request).await.unwrap().1
    }

    /// The next event, which must come before any reply.
    pub(crate) async fn event(&mut self) -> WatcherEvent {
        let (header, mut body) = self.header().await.unwrap();
        assert_eq!(header.xid, xid::NOTIFICATION);
        WatcherEvent::decode(&mut body).unwrap()
    }

    /// Waits until the server hangs up.
    pub(crate) async fn hung_up(&mut self) {
        while self.frame().await.is_ok() {}
    }

    async fn header(&mut self) -> io::Result<(ReplyHeader, Reader)> {
        let mut reader = Reader::new(self.frame().await?);
        Ok((ReplyHeader::decode(&mut reader).unwrap(), reader))
    }

    async fn frame(&mut self) -> io::Result<Bytes> {
        let mut decoder = FrameDecoder::new(usize::MAX);
        loop {
            if let Some(frame) = decoder.next(&mut self.received).unwrap() {
                return Ok(frame);
            }
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

/// The handshake of a new session.
pub(crate) fn hello(timeout_ms: i32) -> ConnectRequest {
    ConnectRequest {
        protocol_version: 0,
        last_zxid_seen: Zxid::NONE,
        timeout_ms,
        session_id: SessionId::NONE,
        password: Bytes::from_static(&[0; 16]),
        read_only: Some(false),
    }
}

pub(crate) fn create(path: &str, mode: CreateMode) -> Request {
    Request::Create(Create::new(path, "data", mode))
}

pub(crate) fn get(path: &str, watch: bool) -> Request {
    Request::GetData {
        path: path.to_owned(),
        watch,
    }
}

pub(crate) fn exists(path: &str, watch: bool) -> Request {
    Request::Exists {
        path: path.to_owned(),
        watch,
    }
}
