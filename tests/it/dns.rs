//! Where a hop is found to be (RFC 3263), by a name server that is not of our making: dnsmasq.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::Command;
use std::time::Duration;

use call_agent::agent::{Address, Destination, Hop, ReachId, Reached, Unreachable};
use call_agent::sip::Transport;
use call_agent::transport::{self, Bounds, Connections, Fate, Inbound};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, timeout};

use crate::agent::{Agent, PATIENCE};
use crate::program::Program;
use crate::scratch::free_ports;

/// A running dnsmasq; it ends with the test. It knows what its options say and that there is nothing else below `test`;
/// of other domains it refuses to say more.
struct Dnsmasq {
    _program: Program,
    at: SocketAddr,
}

impl Dnsmasq {
    fn start(records: &[&str]) -> Self {
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, free_ports(1)));
        let mut command = Command::new("dnsmasq");
        command
            .args(["--no-daemon", "--conf-file=/dev/null", "--pid-file=", "--user=", "--group="])
            .args(["--no-resolv", "--no-hosts", "--local=/test/", "--log-facility=-"])
            .args(["--bind-interfaces", "--listen-address=127.0.0.1", &format!("--port={}", at.port())])
            .args(records);
        Self { _program: Program::start(command, "started, version"), at }
    }
}

/// A name server between us and another one that never answers some questions.
struct Filter {
    at: SocketAddr,
}

impl Filter {
    /// Hands questions on but for those whose name begins so, and of that type.
    fn before(server: SocketAddr, label: &'static str, kind: u16) -> Self {
        let (ours, theirs) =
            (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
        let at = ours.local_addr().unwrap();
        theirs.set_read_timeout(Some(PATIENCE)).unwrap();
        // It ends with the test's process.
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok((length, from)) = ours.recv_from(&mut buffer) {
                if !is_asked(&buffer[..length], label, kind) {
                    theirs.send_to(&buffer[..length], server).unwrap();
                    let (length, _) = theirs.recv_from(&mut buffer).unwrap();
                    ours.send_to(&buffer[..length], from).unwrap();
                }
            }
        });
        Self { at }
    }
}

/// Whether a question (RFC 1035 §4.1.2) is of that type, about a name that begins with that label.
fn is_asked(message: &[u8], label: &str, kind: u16) -> bool {
    let question = &message[12..];
    let first = &question[1..=usize::from(question[0])];
    let end = question.iter().position(|byte| *byte == 0).unwrap();
    first.eq_ignore_ascii_case(label.as_bytes()) && question[end + 1..end + 3] == kind.to_be_bytes()
}

/// The transport, and what a driver would do with it.
struct Net {
    connections: Connections,
    inbound: Receiver<Inbound>,
}

impl Net {
    fn asking(server: SocketAddr) -> Self {
        Self::with(server, Bounds::default())
    }

    fn with(server: SocketAddr, bounds: Bounds) -> Self {
        let settings = transport::Settings { bounds, dns_server: Some(server), ..Default::default() };
        let (connections, inbound) = transport::start(Vec::new(), settings);
        Self { connections, inbound }
    }

    async fn reach(&mut self, hop: Hop) -> Result<Reached, Unreachable> {
        self.connections.reach(ReachId(1), Destination::Hop(hop));
        loop {
            match self.connections.poll_fate() {
                Some(Fate::Reached(ReachId(1), reached)) => return reached,
                Some(_) => continue,
                None => {}
            }
            let next = timeout(PATIENCE, self.inbound.recv()).await;
            if let Inbound::Notice(notice) = next.expect("in time").expect("the transport lives") {
                self.connections.handle(notice);
            }
        }
    }

    /// Everywhere that the hop is, in order: `UDP 127.0.0.2:5060`; or why it is nowhere.
    async fn find(&mut self, hop: Hop) -> Vec<String> {
        match self.reach(hop).await {
            Ok(Reached { flow, others, .. }) => {
                let first =
                    Address { transport: flow.transport, address: flow.peer, host: Default::default() };
                let word = |Address { transport, address, .. }| format!("{transport} {address}");
                [first].into_iter().chain(others).map(word).collect()
            }
            Err(Unreachable(why)) => vec![why],
        }
    }
}

fn hop(host: &str) -> Hop {
    Hop { transport: None, host: host.into(), port: None, secure: false, name: None }
}

fn by(transport: Transport, host: &str) -> Hop {
    Hop { transport: Some(transport), ..hop(host) }
}

#[tokio::test]
async fn with_a_port_or_without_services_the_name_itself_is_meant() {
    let dns = Dnsmasq::start(&[
        "--host-record=pbx.test,127.0.0.2",
        "--srv-host=_sip._udp.other.test,pbx.test,5070",
        "--host-record=other.test,127.0.0.3",
        "--host-record=pbx.unsaid,127.0.0.4",
    ]);
    let mut net = Net::asking(dns.at);
    assert_eq!(net.find(hop("pbx.unsaid")).await, ["UDP 127.0.0.4:5060"], "of services nobody says anything");
    assert_eq!(net.find(hop("pbx.test")).await, ["UDP 127.0.0.2:5060"]);
    assert_eq!(net.find(hop("PBX.test.")).await, ["UDP 127.0.0.2:5060"]);
    let at = |port| Hop { port: Some(port), ..hop("other.test") };
    assert_eq!(net.find(at(5080)).await, ["UDP 127.0.0.3:5080"]);
    assert_eq!(net.find(hop("other.test")).await, ["UDP 127.0.0.2:5070"]);
    assert_eq!(net.find(hop("127.0.0.9")).await, ["UDP 127.0.0.9:5060"]);
}

#[tokio::test]
async fn servers_go_by_their_priority_and_by_the_transport_that_is_asked_for() {
    let dns = Dnsmasq::start(&[
        "--srv-host=_sip._udp.pbx.test,c.test,5060,30",
        "--srv-host=_sip._udp.pbx.test,a.test,5070,10",
        "--srv-host=_sip._udp.pbx.test,b.test,5080,20",
        "--srv-host=_sip._tcp.pbx.test,a.test,5090",
        "--host-record=a.test,127.0.0.2",
        "--host-record=b.test,127.0.0.3",
        "--host-record=c.test,127.0.0.4",
    ]);
    let mut net = Net::asking(dns.at);
    let udp = ["UDP 127.0.0.2:5070", "UDP 127.0.0.3:5080", "UDP 127.0.0.4:5060"];
    assert_eq!(net.find(by(Transport::Udp, "pbx.test")).await, udp);
    let all = net.find(hop("pbx.test")).await;
    assert_eq!(all, [&udp[..], &["TCP 127.0.0.2:5090"]].concat(), "UDP goes before TCP");
}

#[tokio::test]
async fn each_server_of_a_priority_goes_first_at_times() {
    let dns = Dnsmasq::start(&[
        "--srv-host=_sip._udp.pbx.test,a.test,5060,10,1",
        "--srv-host=_sip._udp.pbx.test,b.test,5060,10,1",
        "--host-record=a.test,127.0.0.2",
        "--host-record=b.test,127.0.0.3",
    ]);
    let mut net = Net::asking(dns.at);
    let mut first = async || net.find(by(Transport::Udp, "pbx.test")).await.remove(0);
    let once = first().await;
    for _ in 0..100 {
        if first().await != once {
            return;
        }
    }
    panic!("always {once}");
}

#[tokio::test]
async fn a_domain_says_by_its_rules_what_it_is_reached_by() {
    let listener = TcpListener::bind("127.0.0.2:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let dns = Dnsmasq::start(&[
        "--naptr-record=pbx.test,20,10,S,SIP+D2U,,_udp.servers.test",
        "--naptr-record=pbx.test,10,20,s,SIP+D2T,,_tcp.servers.test",
        "--naptr-record=pbx.test,10,10,s,SIPS+D2T,,_tls.servers.test",
        "--naptr-record=pbx.test,5,10,u,E2U+sip,!.*!sip:x@y!,.",
        "--naptr-record=pbx.test,30,10,a,SIP+D2U,,a.test",
        "--srv-host=_udp.servers.test,a.test,5070",
        &format!("--srv-host=_tcp.servers.test,a.test,{port}"),
        "--srv-host=_tls.servers.test,a.test,5072",
        "--srv-host=_sip._udp.pbx.test,a.test,5099",
        "--host-record=a.test,127.0.0.2",
    ]);
    let mut net = Net::asking(dns.at);
    let by_rules =
        [format!("TCP 127.0.0.2:{port}"), "UDP 127.0.0.2:5070".to_owned(), "UDP 127.0.0.2:5060".to_owned()];
    assert_eq!(net.find(hop("pbx.test")).await, by_rules);
    assert_eq!(net.find(by(Transport::Udp, "pbx.test")).await, ["UDP 127.0.0.2:5099"], "no rules are asked");
}

#[tokio::test]
async fn a_domain_that_must_be_secure_is_reached_by_tls_alone() {
    let dns = Dnsmasq::start(&[
        "--naptr-record=pbx.test,10,10,s,SIP+D2U,,_sip._udp.pbx.test",
        "--srv-host=_sip._udp.pbx.test,a.test,5060",
        "--srv-host=_sips._tcp.pbx.test,a.test,5062",
        "--host-record=a.test,127.0.0.2",
        "--host-record=plain.test,127.0.0.3",
    ]);
    let mut net = Net::asking(dns.at);
    let secure = |host| Hop { secure: true, ..hop(host) };
    let nowhere = |address| [format!("TLS {address}: there is no way to connect so")];
    assert_eq!(net.find(secure("pbx.test")).await, nowhere("127.0.0.2:5062"));
    assert_eq!(net.find(secure("plain.test")).await, nowhere("127.0.0.3:5061"));
    assert_eq!(net.find(secure("127.0.0.4")).await, nowhere("127.0.0.4:5061"));
    let by_tls = by(Transport::Tls, "pbx.test");
    assert_eq!(net.find(by_tls).await, nowhere("127.0.0.2:5062"));
}

#[tokio::test]
async fn a_connection_goes_to_the_first_server_that_answers() {
    let (dead, alive) = (TcpListener::bind("127.0.0.2:0").await, TcpListener::bind("127.0.0.3:0").await);
    let (dead, alive) = (dead.unwrap(), alive.unwrap());
    let (gone, there) = (dead.local_addr().unwrap(), alive.local_addr().unwrap());
    drop(dead);
    let dns = Dnsmasq::start(&[
        &format!("--srv-host=_sip._tcp.pbx.test,a.test,{},10", gone.port()),
        &format!("--srv-host=_sip._tcp.pbx.test,b.test,{},20", there.port()),
        "--srv-host=_sip._tcp.pbx.test,c.test,5060,30",
        "--host-record=a.test,127.0.0.2",
        "--host-record=b.test,127.0.0.3",
        "--host-record=c.test,127.0.0.4",
    ]);
    let reached = Net::asking(dns.at).reach(by(Transport::Tcp, "pbx.test")).await.unwrap();
    assert_eq!(reached.flow.peer, there);
    let others: Vec<_> =
        reached.others.iter().map(|other| (other.address.to_string(), &*other.host)).collect();
    assert_eq!(others, [("127.0.0.4:5060".to_owned(), "pbx.test")]);
}

#[tokio::test]
async fn a_name_has_all_of_its_addresses_and_at_most_sixteen() {
    let many = (1..=20).map(|number| format!("--host-record=many.test,127.0.1.{number}"));
    let records: Vec<_> = many.chain(["--host-record=both.test,127.0.0.2,::1".to_owned()]).collect();
    let dns = Dnsmasq::start(&records.iter().map(String::as_str).collect::<Vec<_>>());
    let mut net = Net::asking(dns.at);
    assert_eq!(net.find(hop("many.test")).await.len(), 16);
    let mut both = net.find(hop("both.test")).await;
    both.sort();
    assert_eq!(both, ["UDP 127.0.0.2:5060", "UDP [::1]:5060"]);
}

#[tokio::test]
async fn localhost_and_what_the_hosts_file_names_are_found_without_asking_anybody() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut net = Net::asking(silent.local_addr().unwrap());
    assert!(net.find(hop("localhost")).await.contains(&"UDP 127.0.0.1:5060".to_owned()));
    assert!(net.find(by(Transport::Udp, "pbx.localhost")).await.contains(&"UDP 127.0.0.1:5060".to_owned()));
}

const A: u16 = 1;
const AAAA: u16 = 28;
const NAPTR: u16 = 35;

#[tokio::test]
async fn rules_that_nobody_answers_for_leave_time_for_the_services() {
    let dns =
        Dnsmasq::start(&["--srv-host=_sip._udp.pbx.test,a.test,5070", "--host-record=a.test,127.0.0.2"]);
    let bounds = Bounds { connect: Duration::from_secs(2), ..Bounds::default() };
    let mut net = Net::with(Filter::before(dns.at, "pbx", NAPTR).at, bounds);
    assert_eq!(net.find(hop("pbx.test")).await, ["UDP 127.0.0.2:5070"]);
}

#[tokio::test]
async fn a_server_whose_address_nobody_tells_leaves_time_for_the_others() {
    let dns = Dnsmasq::start(&[
        "--srv-host=_sip._udp.pbx.test,a.test,5060,10",
        "--srv-host=_sip._udp.pbx.test,b.test,5060,20",
        "--host-record=a.test,127.0.0.2",
        "--host-record=b.test,127.0.0.3",
    ]);
    let bounds = Bounds { connect: Duration::from_secs(2), ..Bounds::default() };
    let mut net = Net::with(Filter::before(dns.at, "a", A).at, bounds);
    assert_eq!(net.find(by(Transport::Udp, "pbx.test")).await, ["UDP 127.0.0.3:5060"]);
}

#[tokio::test]
async fn a_name_server_that_answers_for_one_family_only_holds_nothing_up() {
    let dns = Dnsmasq::start(&["--host-record=pbx.test,127.0.0.2,::1"]);
    for (silent, found) in [(AAAA, "UDP 127.0.0.2:5060"), (A, "UDP [::1]:5060")] {
        let mut net = Net::asking(Filter::before(dns.at, "pbx", silent).at);
        let begun = Instant::now();
        assert_eq!(net.find(hop("pbx.test")).await, [found]);
        assert!(begun.elapsed() < Duration::from_secs(1), "{found} was there at once");
    }
}

#[tokio::test]
async fn it_is_said_why_a_name_leads_nowhere() {
    let dns = Dnsmasq::start(&["--txt-record=text.test,nothing else", "--srv-host=_sip._udp.closed.test"]);
    let mut net = Net::asking(dns.at);
    assert_eq!(net.find(hop("nobody.test")).await, ["nobody.test does not exist"]);
    assert_eq!(net.find(hop("text.test")).await, ["text.test has no address"]);
    let long = format!("{}.test", "x".repeat(64));
    assert_eq!(net.find(hop(&long)).await, [format!("{long} is not a name")]);
    assert_eq!(
        net.find(by(Transport::Udp, "closed.test")).await,
        ["closed.test says that it takes no calls"]
    );
}

#[tokio::test]
async fn where_no_name_server_answers_it_ends_in_time_and_says_so() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let bounds = Bounds { connect: Duration::from_millis(200), ..Bounds::default() };
    let mut net = Net::with(silent.local_addr().unwrap(), bounds);
    let begun = Instant::now();
    let found = net.find(hop("pbx.test")).await;
    assert_eq!(found, ["pbx.test: no name server has answered in time"]);
    assert!(begun.elapsed() < Duration::from_secs(4), "as long as is set, not as long as it is patient");
}

#[test]
fn a_host_where_nobody_listens_holds_a_call_up_by_udp_no_longer_than_its_network_takes_to_say_so() {
    let dead = free_ports(2);
    let phone = UdpSocket::bind((Ipv4Addr::LOCALHOST, dead + 1)).unwrap();
    // An INVITE without any answer is given up after 32 seconds.
    phone.set_read_timeout(Some(Duration::from_secs(16))).unwrap();
    let dns = Dnsmasq::start(&[
        "--host-record=pbx.test,127.0.0.1",
        &format!("--srv-host=_sip._udp.office.test,pbx.test,{dead},1"),
        &format!("--srv-host=_sip._udp.office.test,pbx.test,{},2", dead + 1),
    ]);
    let agent =
        Agent::start_with(&["--sip-listen", "udp://127.0.0.1:0", "--dns-server", &dns.at.to_string()]);
    let (status, _) = agent.ask("/v1/calls", json!({"to": "sip:1000@office.test"}));
    assert_eq!(status, 201);
    let mut buffer = [0; 4096];
    let (_, from) = phone.recv_from(&mut buffer).expect("an INVITE");
    assert_eq!(from, agent.sip);
    assert!(buffer.starts_with(b"INVITE sip:1000@office.test SIP/2.0\r\n"));
}
