//! The Kubernetes API's port-forward: a WebSocket whose messages begin with a channel, two channels a port (data,
//! errors), each of which first says its port (KEP-4006's older subprotocol `v4.channel.k8s.io`).

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{SinkExt, StreamExt};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::sandbox::world::ports::{Port, Ports};

const PROTOCOL: &str = "v4.channel.k8s.io";
const DATA: u8 = 0;
const ERRORS: u8 = 1;

/// Which port inside a deployment's pods is which of the world's listeners.
const INSIDE: [(&str, u16, Port); 5] = [
    ("cryptoutil-kms", 8080, Port::KmsApi),
    ("cryptoutil-kms", 9090, Port::KmsAdmin),
    ("identity-authz", 8080, Port::Authz),
    ("identity-idp", 8080, Port::Idp),
    ("identity-rs", 8080, Port::Rs),
];

/// The world's port behind a port of a pod, which may also be named by the world's own number.
pub(super) fn inside(ports: &Ports, deployment: &str, number: u16) -> Option<u16> {
    let mut of = INSIDE.iter().filter(|(name, ..)| *name == deployment);
    of.find_map(|(_, inside, port)| Some(ports.of(*port)).filter(|world| *inside == number || *world == number))
}

/// Takes the connection over; `world` is where the port leads, if anywhere.
pub(super) fn forward(mut request: Request, port: u16, world: Option<u16>) -> Response {
    let key = request.headers().get(header::SEC_WEBSOCKET_KEY).map(|key| derive_accept_key(key.as_bytes()));
    let Some(accept) = key.and_then(|key| HeaderValue::from_str(&key).ok()) else {
        return (StatusCode::BAD_REQUEST, "unable to upgrade: no WebSocket is asked for\n").into_response();
    };
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
        // A caller that is gone needs no answer.
        let _ = carry(socket, port, world).await;
    });
    let headers = [
        (header::CONNECTION, HeaderValue::from_static("Upgrade")),
        (header::UPGRADE, HeaderValue::from_static("websocket")),
        (header::SEC_WEBSOCKET_ACCEPT, accept),
        (header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL)),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

async fn carry<S>(mut socket: WebSocketStream<S>, port: u16, world: Option<u16>) -> Result<(), Error>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let message = |channel: u8, bytes: &[u8]| Message::binary([&[channel], bytes].concat());
    for channel in [DATA, ERRORS] {
        socket.send(message(channel, &port.to_le_bytes())).await?;
    }
    let connected = match world {
        Some(world) => TcpStream::connect(("127.0.0.1", world)).await.ok(),
        None => None,
    };
    let Some(stream) = connected else {
        let text = format!("failed to dial {port}: dial tcp4 127.0.0.1:{port}: connect: connection refused");
        socket.send(message(ERRORS, text.as_bytes())).await?;
        return socket.close(None).await;
    };
    let (mut from, mut to) = stream.into_split();
    let mut buffer = vec![0; 16 * 1024];
    loop {
        tokio::select! {
            read = from.read(&mut buffer) => match read {
                Ok(0) | Err(_) => return socket.close(None).await,
                Ok(n) => socket.send(message(DATA, buffer.get(..n).unwrap_or_default())).await?,
            },
            said = socket.next() => match said {
                None | Some(Ok(Message::Close(_))) => return Ok(()),
                Some(Ok(Message::Binary(bytes))) => {
                    if let Some((&DATA, bytes)) = bytes.split_first()
                        && to.write_all(bytes).await.is_err()
                    {
                        return socket.close(None).await;
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error),
            },
        }
    }
}
