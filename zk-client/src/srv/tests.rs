//! Against name servers on this machine.

use simple_dns::rdata::{RData, SRV};
use simple_dns::{CLASS, Name, Packet, PacketFlag, RCODE, ResourceRecord};
use tokio::net::TcpListener;

use super::*;

const SERVICE: &str = "_zookeeper._tcp.example.com";

/// The answer to a question, before it is changed for a test.
fn answer<'a>(question: &'a [u8], servers: &[(&'a str, u16)]) -> Packet<'a> {
    let mut packet = Packet::parse(question).unwrap();
    packet.set_flags(PacketFlag::RESPONSE);
    let name = packet.questions[0].qname.clone();
    for (host, port) in servers {
        let srv = SRV {
            priority: 0,
            weight: 0,
            port: *port,
            target: Name::new(host).unwrap(),
        };
        let record = ResourceRecord::new(name.clone(), CLASS::IN, 60, RData::SRV(srv));
        packet.answers.push(record);
    }
    packet
}

/// A name server that answers each question over UDP with what `answers` makes of it.
async fn name_server(answers: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 512];
        while let Ok((len, from)) = socket.recv_from(&mut buffer).await {
            for message in answers(&buffer[..len]) {
                socket.send_to(&message, from).await.unwrap();
            }
        }
    });
    address
}

fn three(question: &[u8]) -> Vec<u8> {
    let servers = [
        ("zk1.example.com", 2181),
        ("zk2.example.com", 2182),
        ("zk3", 2183),
    ];
    answer(question, &servers)
        .build_bytes_vec_compressed()
        .unwrap()
}

fn shown(servers: &[ServerAddr]) -> Vec<String> {
    servers.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn the_servers_of_a_service_are_found_with_their_ports() {
    let server = name_server(|question| vec![three(question)]).await;
    let found = look_up(&[server], &[SERVICE.to_owned()]).await.unwrap();
    assert_eq!(
        shown(&found),
        ["zk1.example.com:2181", "zk2.example.com:2182", "zk3:2183"]
    );
}

#[tokio::test]
async fn answers_to_other_questions_are_not_taken() {
    let server = name_server(|question| {
        let mut forged = answer(question, &[("evil", 1)]);
        forged.set_id(forged.id().wrapping_add(1));
        let other = query(Packet::parse(question).unwrap().id(), "other.example.com").unwrap();
        let other = answer(&other, &[("evil", 1)]).build_bytes_vec().unwrap();
        let echo = question.to_vec();
        let forged = forged.build_bytes_vec().unwrap();
        vec![
            forged,
            other,
            echo,
            vec![1, 2, 3],
            Vec::new(),
            three(question),
        ]
    })
    .await;
    let found = look_up(&[server], &[SERVICE.to_owned()]).await.unwrap();
    assert_eq!(found.len(), 3);
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_asked_for_over_tcp() {
    let (server, listener) = loop {
        let server = name_server(|question| {
            let mut cut = answer(question, &[]);
            cut.set_flags(PacketFlag::TRUNCATION);
            vec![cut.build_bytes_vec().unwrap()]
        })
        .await;
        // The same port may be taken; then there is another.
        if let Ok(listener) = TcpListener::bind(server).await {
            break (server, listener);
        }
    };
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut question = vec![0; usize::from(stream.read_u16().await.unwrap())];
        stream.read_exact(&mut question).await.unwrap();
        let hosts: Vec<String> = (0..200).map(|n| format!("zk{n}.example.com")).collect();
        let servers: Vec<_> = hosts.iter().map(|host| (host.as_str(), 2181)).collect();
        let answer = answer(&question, &servers).build_bytes_vec().unwrap();
        let len = u16::try_from(answer.len()).unwrap();
        stream.write_u16(len).await.unwrap();
        stream.write_all(&answer).await.unwrap();
    });
    let found = look_up(&[server], &[SERVICE.to_owned()]).await.unwrap();
    assert_eq!(found.len(), 200);
}

#[tokio::test]
async fn a_short_name_is_looked_up_below_the_search_list() {
    let server = name_server(|question| {
        let name = Packet::parse(question).unwrap().questions[0]
            .qname
            .to_string();
        if name == SERVICE {
            return vec![three(question)];
        }
        let mut none = answer(question, &[]);
        *none.rcode_mut() = RCODE::NameError;
        vec![none.build_bytes_vec().unwrap()]
    })
    .await;
    let search = [
        "corp.invalid".to_owned(),
        "example.com.".to_owned(),
        ".".to_owned(),
    ];
    let names = full_names("_zookeeper._tcp", &search);
    assert_eq!(
        names,
        ["_zookeeper._tcp", "_zookeeper._tcp.corp.invalid", SERVICE]
    );
    assert_eq!(look_up(&[server], &names).await.unwrap().len(), 3);
    assert_eq!(full_names("full.", &search), ["full"]);
    let error = look_up(&[server], &full_names("gone.", &search))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "service not found (DNS SRV, tried gone)");
}

#[tokio::test]
async fn a_name_server_that_refuses_or_is_silent_gives_way_to_the_next() {
    let refuses = name_server(|question| {
        let mut refusal = answer(question, &[]);
        *refusal.rcode_mut() = RCODE::ServerFailure;
        vec![refusal.build_bytes_vec().unwrap()]
    })
    .await;
    let answers = name_server(|question| vec![three(question)]).await;
    let found = look_up(&[refuses, answers], &[SERVICE.to_owned()])
        .await
        .unwrap();
    assert_eq!(found.len(), 3);
    let error = look_up(&[refuses], &[SERVICE.to_owned()])
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("name server {refuses}: it refused: ServerFailure")
    );
}

#[tokio::test(start_paused = true)]
async fn a_silent_name_server_is_given_up() {
    // In virtual time: nothing comes, so only the patience ends the wait.
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let started = tokio::time::Instant::now();
    let error = look_up(&[address], &[SERVICE.to_owned()])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert!(started.elapsed() <= PATIENCE * 2 + Duration::from_millis(10));
}

#[test]
fn a_name_that_cannot_be_asked_for_is_refused() {
    let long = "a".repeat(64);
    let error = query(1, &long).unwrap_err();
    assert!(
        error.to_string().contains("is no name that DNS can know"),
        "{error}"
    );
}

#[test]
fn no_answer_however_broken_does_any_harm() {
    let question = query(7, SERVICE).unwrap();
    let good = three(&question);
    assert!(read(7, SERVICE, &good).unwrap().is_some());
    for end in 0..good.len() {
        let _ = read(7, SERVICE, &good[..end]);
    }
    for place in 0..good.len() {
        for value in [0, 1, 0x3f, 0x7f, 0xc0, 0xff] {
            let mut broken = good.clone();
            broken[place] = value;
            let _ = read(7, SERVICE, &broken);
        }
    }
}
