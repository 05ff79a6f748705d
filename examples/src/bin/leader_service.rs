//! A service whose reports only the leader makes: the others answer with who leads.
//!
//! `ZK_CONNECT=127.0.0.1:2181 cargo run -p zk-examples --bin leader_service -- 127.0.0.1:8080`, and again with another port.
//!
//! `GET /report` is answered by the leader; elsewhere with 307 and where to go, or with 503 while nobody leads.
#![expect(clippy::print_stdout, reason = "a program to watch")]

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use zk_examples::{connect, stopped};
use zk_recipes::{Election, Latch};

#[derive(Clone)]
struct Service {
    address: String,
    election: Election,
    latch: Latch,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1);
    let listener =
        tokio::net::TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:8080")).await?;
    let address = listener.local_addr()?.to_string();
    let zk = connect().await?;
    // The others look here for where to send their callers.
    let election = Election::new(&zk, "/services/report/leader")?
        .contender(address.clone())
        .announcement(address.clone());
    let (latch, driver) = election.clone().latch();
    let driver = tokio::spawn(driver);
    println!("listening on {address}");
    let service = Service {
        address,
        election,
        latch: latch.clone(),
    };
    let routes = Router::new()
        .route("/report", get(report))
        .with_state(service);
    axum::serve(listener, routes)
        .with_graceful_shutdown(stopped())
        .await?;
    // The next one leads at once.
    latch.close();
    driver.await??;
    zk.close().await?;
    Ok(())
}

async fn report(State(service): State<Service>) -> Response {
    // The report is only as good as this look; what it writes elsewhere would carry the epoch as its fencing token.
    if let Some(term) = service.latch.term().filter(|term| term.is_safe()) {
        let report = format!("report of {}, term {}\n", service.address, term.epoch());
        return report.into_response();
    }
    match service.election.leader().await {
        Ok(Some(leader)) if !leader.announcement.is_empty() => {
            let leader = String::from_utf8_lossy(&leader.announcement).into_owned();
            let there = format!("http://{leader}/report");
            let body = format!("{leader} leads\n");
            (
                StatusCode::TEMPORARY_REDIRECT,
                [(header::LOCATION, there)],
                body,
            )
                .into_response()
        }
        Ok(_) => (StatusCode::SERVICE_UNAVAILABLE, "nobody leads\n").into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}
