//! Who sent the request: its address behind the trusted proxies, its browser.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use backend::auth::{BROWSER_COOKIE, Client};
use http::{HeaderMap, header};
use ipnet::IpNet;

/// The proxies whose word is taken for where a request comes from.
#[derive(Debug, Clone)]
pub(crate) struct TrustedProxies(Arc<[IpNet]>);

impl TrustedProxies {
    pub(crate) fn new(networks: &[IpNet]) -> Self {
        Self(networks.into())
    }

    fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Walks `X-Forwarded-For` from the right, where the nearest proxy wrote, as long as the proxies are trusted: the
    /// first address that is no trusted proxy is the client's. What stands left of it anybody can have written.
    fn client_address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut address = peer.to_canonical();
        if !self.trust(address) {
            return address;
        }
        let forwarded: Vec<&str> = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .collect();
        for text in forwarded.into_iter().rev() {
            let Some(hop) = parse_hop(text) else { break };
            address = hop;
            if !self.trust(address) {
                break;
            }
        }
        address
    }
}

/// An address, with or without a port, an IPv6 one with or without brackets.
fn parse_hop(text: &str) -> Option<IpAddr> {
    text.parse::<IpAddr>()
        .or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()))
        .or_else(|_| text.trim_matches(['[', ']']).parse::<IpAddr>())
        .ok()
        .map(|address| address.to_canonical())
}

/// The value of a cookie.
pub(super) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

/// Puts the [`Client`] where everything behind finds it.
pub(crate) async fn identify_client(
    State(proxies): State<TrustedProxies>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::from([0, 0, 0, 0]), |ConnectInfo(peer)| peer.ip());
    let headers = request.headers();
    let user_agent = headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let client = Client {
        address: proxies.client_address(peer, headers).to_string(),
        user_agent: user_agent.chars().take(400).collect(),
        browser_token: cookie(headers, BROWSER_COOKIE),
        is_background: false,
    };
    request.extensions_mut().insert(client);
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(trusted: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let networks: Vec<IpNet> = trusted
            .iter()
            .map(|text| text.parse().expect("a network"))
            .collect();
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().expect("a header"));
        }
        TrustedProxies::new(&networks)
            .client_address(peer.parse().expect("an address"), &headers)
            .to_string()
    }

    #[test]
    fn a_forwarded_address_counts_only_from_a_trusted_proxy() {
        assert_eq!(address(&[], "192.0.2.1", &["10.9.9.9"]), "192.0.2.1");
        assert_eq!(address(&["10.0.0.0/8"], "192.0.2.1", &["10.9.9.9"]), "192.0.2.1");
        assert_eq!(
            address(&["10.0.0.0/8"], "10.0.0.1", &["198.51.100.7"]),
            "198.51.100.7"
        );
    }

    #[test]
    fn what_the_client_itself_wrote_is_not_believed() {
        let trusted = ["10.0.0.0/8"];
        assert_eq!(
            address(&trusted, "10.0.0.1", &["1.1.1.1, 198.51.100.7"]),
            "198.51.100.7"
        );
        assert_eq!(
            address(&trusted, "10.0.0.1", &["1.1.1.1", "198.51.100.7, 10.0.0.2"]),
            "198.51.100.7"
        );
        assert_eq!(address(&trusted, "10.0.0.1", &["nonsense"]), "10.0.0.1");
        assert_eq!(address(&trusted, "10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn addresses_come_with_ports_and_brackets_too() {
        let trusted = ["::1", "127.0.0.1/32"].map(|t| {
            if t.contains('/') {
                t.to_owned()
            } else {
                format!("{t}/128")
            }
        });
        let trusted: Vec<&str> = trusted.iter().map(String::as_str).collect();
        assert_eq!(address(&trusted, "::1", &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(
            address(&trusted, "::ffff:127.0.0.1", &["198.51.100.7:1234"]),
            "198.51.100.7"
        );
    }
}
