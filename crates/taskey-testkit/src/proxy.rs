//! A proxy that takes TLS off in front of a server, and a certificate for it that nobody trusts by itself.

use std::net::TcpListener;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// A certificate for `localhost` and 127.0.0.1 with its key, both in PEM.
pub struct SelfSigned {
    pub certificate: String,
    pub key: String,
}

pub fn self_signed() -> anyhow::Result<SelfSigned> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    Ok(SelfSigned { certificate: made.cert.pem(), key: made.signing_key.serialize_pem() })
}

impl SelfSigned {
    /// TLS that shows this certificate.
    pub fn server_config(&self) -> anyhow::Result<ServerConfig> {
        let certificate = CertificateDer::from_pem_slice(self.certificate.as_bytes())?;
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes())?;
        let builder = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
        Ok(builder.with_safe_default_protocol_versions()?.with_no_client_auth().with_single_cert(vec![certificate], key)?)
    }
}

/// Listens on a free port of loopback; passes bytes on once it is told where to.
pub struct TlsProxy {
    pub port: u16,
    /// PEM.
    pub certificate: String,
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl TlsProxy {
    pub fn bind() -> anyhow::Result<Self> {
        let made = self_signed()?;
        let config = made.server_config()?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        Ok(Self { port, certificate: made.certificate, listener, acceptor: Arc::new(config).into() })
    }

    /// Begins, on a thread of its own, for as long as the test runs.
    pub fn forward_to(self, address: String) {
        std::thread::spawn(move || -> std::io::Result<()> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(self.forward(address))
        });
    }

    async fn forward(self, address: String) -> std::io::Result<()> {
        self.listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            let (acceptor, address) = (self.acceptor.clone(), address.clone());
            tokio::spawn(async move {
                let mut outside = acceptor.accept(stream).await?;
                let mut inside = tokio::net::TcpStream::connect(address).await?;
                tokio::io::copy_bidirectional(&mut outside, &mut inside).await
            });
        }
    }
}
