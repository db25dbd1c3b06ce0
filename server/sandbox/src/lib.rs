//! A strict, stateful stand-in for the world outside Portolan: AWS in two regions, Jenkins and the Kubernetes API of each EKS cluster.
//!
//! Tests run it in process ([`Sandbox::start`]); the local stack runs the binary. It is strict where the vendors are strict
//! (signatures, IAM, session limits, parameter grammar), because a lenient stand-in proves nothing about its clients.
pub mod aws;
pub mod edge;
pub mod jenkins;
pub mod kubernetes;
pub mod world;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use world::World;
pub use world::description::Description;

/// Where to listen and which world to serve. The default takes free loopback ports and the shop seed.
#[derive(Debug, Clone)]
pub struct Options {
    /// Address of the HTTP port (AWS, Jenkins, Pod Identity, `/_world`).
    pub listen: SocketAddr,
    /// Address of the TLS port (Kubernetes API of every cluster).
    pub kubernetes_listen: SocketAddr,
    /// The world to serve.
    pub world: Description,
}

impl Default for Options {
    fn default() -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            listen: any,
            kubernetes_listen: any,
            world: Description::shop(),
        }
    }
}

/// A running stand-in world. Dropping it stops the listeners, every connection and every task.
#[derive(Debug)]
pub struct Sandbox {
    world: Arc<World>,
    stop: CancellationToken,
}

impl Sandbox {
    /// Binds both ports, seeds the state and starts to serve.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let http = bind(options.listen).await?;
        let tls = bind(options.kubernetes_listen).await?;
        let authority = edge::tls::Authority::new(tls.local_addr()?)
            .context("cannot make the Kubernetes CA")?;
        let addresses = world::Addresses {
            http: http.local_addr()?,
            kubernetes: tls.local_addr()?,
        };
        let stop = CancellationToken::new();
        let world = Arc::new(World::new(
            options.world,
            addresses,
            authority.ca_pem().to_owned(),
            stop.clone(),
        )?);
        let routes = edge::Routes::new(&world);
        tokio::spawn(edge::serve(http, None, routes.clone(), Arc::clone(&world)));
        tokio::spawn(edge::serve(
            tls,
            Some(authority.acceptor()?),
            routes,
            Arc::clone(&world),
        ));
        Ok(Self { world, stop })
    }

    /// Address of the HTTP port, `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> &str {
        self.world.url()
    }

    /// Address of the TLS port, `https://127.0.0.1:PORT`, without a slash at the end.
    pub fn kubernetes_url(&self) -> &str {
        self.world.kubernetes_url()
    }

    /// The world itself, for tests that look at or alter its state without HTTP.
    pub fn world(&self) -> &Arc<World> {
        &self.world
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))
}
