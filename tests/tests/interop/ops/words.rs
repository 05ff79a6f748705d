//! Four-letter words, asked for by kazoo's client and ours.

use zk_client::{ServerAddr, Word, ask_word};
use zk_tests::{RealServer, Talk, bytes};

/// How often each side asks.
const TURNS: usize = 50;

/// Its lines without the sizes of the files, which grow.
fn lasting(answer: &str) -> Vec<&str> {
    let grows = |line: &&str| line.starts_with("dataDirSize=") || line.starts_with("dataLogSize=");
    answer.split('\n').filter(|line| !grows(line)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn b92_our_client_and_kazoos_are_given_the_same_answers_to_four_letter_words() {
    let server = RealServer::shared();
    let mut kazoo = Talk::kazoo()
        .open("sessions", &server.connect_string())
        .await;
    let release = kazoo.ask("release").await;
    let ask = |word| ask_word(ServerAddr::new("127.0.0.1", server.port()), word);
    // Answers that stay the same while others use the server.
    let words = [Word::RUOK, Word::ISRO, Word::CONF];
    for (word, _) in words.into_iter().cycle().zip(0..TURNS) {
        let order = format!("command {word}");
        let (ours, theirs) = tokio::join!(ask(word), kazoo.ask(&order));
        let theirs = String::from_utf8(bytes(&theirs).unwrap()).unwrap();
        let ours = ours.unwrap();
        let [ours, theirs] = [ours.text(), &theirs].map(lasting);
        assert_eq!(ours, theirs, "{word}");
    }
    let srvr = ask(Word::SRVR).await.unwrap();
    assert_eq!(srvr.version(), Some(release.as_str()));
}
