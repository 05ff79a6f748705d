//! Two kinds of faces, one server behind both.

use tokio::io::{AsyncRead, AsyncWrite};
use zk_embedded::{EmbeddedServer, PipeServer};
use zk_wire::{
    AddWatchMode, CreateMode, ErrorCode, MultiOp, MultiResult, Request, Response, SessionId, Stat,
    WatcherEvent, Zxid,
};

use crate::client::{Client, create, exists, get};

/// A bit of everything.
fn script() -> Vec<Request> {
    let delete = |path: &str| Request::Delete {
        path: path.to_owned(),
        version: -1,
    };
    vec![
        create("/a", CreateMode::Persistent),
        create("/a", CreateMode::Persistent),
        get("/a", true),
        exists("/b", true),
        Request::AddWatch {
            path: "/".to_owned(),
            mode: AddWatchMode::PersistentRecursive,
        },
        create("/a/s-", CreateMode::EphemeralSequential),
        create("/a/s-", CreateMode::EphemeralSequential),
        Request::GetChildren2 {
            path: "/a".to_owned(),
            watch: true,
        },
        Request::SetData {
            path: "/a".to_owned(),
            data: None,
            version: 0,
        },
        Request::SetData {
            path: "/a".to_owned(),
            data: None,
            version: 0,
        },
        Request::Multi(vec![
            MultiOp::Create(zk_wire::Create::new("/b", "", CreateMode::Container)),
            MultiOp::Check {
                path: "/a".to_owned(),
                version: 1,
            },
        ]),
        Request::Multi(vec![
            MultiOp::Delete {
                path: "/b".to_owned(),
                version: 0,
            },
            MultiOp::Check {
                path: "/a".to_owned(),
                version: 9,
            },
        ]),
        Request::GetAcl {
            path: "/a".to_owned(),
        },
        Request::WhoAmI,
        Request::GetEphemerals {
            prefix: "/".to_owned(),
        },
        delete("/a"),
        delete("/b"),
        Request::Sync {
            path: "/".to_owned(),
        },
        Request::Ping,
        Request::CloseSession,
    ]
}

/// What a face answers, with the session id and the times taken out.
type Answers = (Vec<(Zxid, Result<Response, ErrorCode>)>, Vec<WatcherEvent>);

async fn answers<S: AsyncRead + AsyncWrite + Unpin>(mut client: Client<S>) -> Answers {
    let script = script();
    client.send(&script).await.unwrap();
    let mut answers = Vec::new();
    for request in &script {
        let (zxid, mut result) = client.reply(request).await.unwrap();
        if let Ok(response) = &mut result {
            neutralize(response);
        }
        answers.push((zxid, result));
    }
    client.hung_up().await;
    (answers, client.events)
}

fn neutralize(response: &mut Response) {
    let stat = |stat: &mut Stat| {
        stat.ctime = 0;
        stat.mtime = 0;
        if !stat.ephemeral_owner.is_none() {
            stat.ephemeral_owner = SessionId::from_raw(1);
        }
    };
    match response {
        Response::Stat(one)
        | Response::Created { stat: one, .. }
        | Response::Data { stat: one, .. }
        | Response::Acl { stat: one, .. }
        | Response::Children2 { stat: one, .. } => stat(one),
        Response::Multi(results) => {
            for result in results {
                if let MultiResult::Created {
                    stat: Some(one), ..
                } = result
                {
                    stat(one);
                }
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn both_faces_give_the_same_answers() {
    let tcp = EmbeddedServer::builder().start().await.unwrap();
    let pipe = PipeServer::builder().in_memory();
    let over_tcp = answers(Client::over_tcp(&tcp).await).await;
    let over_pipe = answers(Client::over_pipe(&pipe).await).await;
    assert_eq!(over_tcp, over_pipe);
    let (answers, events) = over_tcp;
    assert_eq!(answers.len(), script().len());
    assert_eq!(
        answers.iter().filter(|(_, result)| result.is_err()).count(),
        4
    );
    assert!(events.len() >= 8, "{events:?}");
    assert_eq!(tcp.hooks().counts(), pipe.hooks().counts());
    assert_eq!(tcp.hooks().paths(), pipe.hooks().paths());
}

#[tokio::test]
async fn an_answer_larger_than_any_buffer_arrives_whole() {
    let tcp = EmbeddedServer::builder().start().await.unwrap();
    let mut client = Client::over_tcp(&tcp).await;
    let data = vec![7; 1_000_000];
    let large = zk_wire::Create::new("/large", data.clone(), CreateMode::Persistent);
    client.call(&Request::Create(large)).await.unwrap();
    let reads = vec![get("/large", false); 20];
    client.send(&reads).await.unwrap();
    for read in &reads {
        let (_, result) = client.reply(read).await.unwrap();
        assert!(matches!(result, Ok(Response::Data { data: Some(read), .. }) if read == data));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_clients_on_many_threads_share_one_order() {
    let server = EmbeddedServer::builder().start().await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let mut client = Client::over_tcp(&server).await;
        tasks.spawn(async move {
            let mut zxids = Vec::new();
            for _ in 0..50 {
                let request = create("/n-", CreateMode::PersistentSequential);
                let Ok(Response::Created { stat, .. }) = client.call(&request).await else {
                    panic!("the create should succeed");
                };
                zxids.push(stat.czxid);
            }
            zxids
        });
    }
    let mut all: Vec<Zxid> = tasks.join_all().await.into_iter().flatten().collect();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 400);
    assert_eq!(server.hooks().paths().len(), 400);
    assert_eq!(server.hooks().last_zxid(), Zxid::from_raw(408));
}
