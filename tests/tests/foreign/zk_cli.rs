//! The shell that comes with ZooKeeper.

use zk_tests::java;

use crate::kit::Stand;

#[test]
fn zk_cli_works_through_its_commands_across_a_cut() {
    let stand = Stand::start();
    let mut program = java("org.apache.zookeeper.ZooKeeperMain");
    program.args(["-server", &stand.connect_string(), "-timeout", "10000"]);
    let mut cli = stand.run(program);
    let mut check = |command: &str, answer: &str| {
        cli.say(command);
        cli.sees(answer)
    };
    check("create /app first", "Created /app");
    check("create /app again", "Node already exists: /app");
    check(
        "create -e -s /app/member- m",
        "Created /app/member-0000000000",
    );
    check("create -s /app/item- i", "Created /app/item-0000000001");
    check("create -c /app/box", "Created /app/box");
    check("create -t 600000 /app/brief", "Created /app/brief");
    check("get /app", "first");
    check("get -w /app", "first");
    check("set /app second", "NodeDataChanged path:/app");
    check("stat /app", "dataVersion = 1");
    check("set -v 0 /app third", "version No is not valid : /app");
    check("get -s /app", "numChildren = 4");
    check(
        "ls /app",
        "[box, brief, item-0000000001, member-0000000000]",
    );
    check("ls -R /app", "/app/member-0000000000");
    check("getEphemerals /app", "/app/member-0000000000");
    check("getAllChildrenNumber /app", "4");
    check("setquota -n 100 /app", "setquota");
    check("listquota /app", "count=100");
    check("delquota /app", "delquota");
    check("create /guarded secret", "Created /guarded");
    check("addauth digest alice:pass", "addauth");
    check("setAcl /guarded auth:alice:pass:crwda", "setAcl");
    check("getAcl /guarded", "'digest,'alice:");
    check("whoami", "digest: alice");
    check("addWatch -m PERSISTENT_RECURSIVE /app", "addWatch");
    // Its session, its ephemeral, its authentication and its watch outlive the connection.
    stand.hooks().cut_all();
    check("", "SyncConnected");
    check("get /guarded", "secret");
    check("ls /app", "member-0000000000");
    check("create /app/box/inner", "NodeCreated path:/app/box/inner");
    check("removewatches /app", "removewatches");
    check("sync /app", "Sync is OK");
    check("version", "3.8.0");
    check("delete /app", "Node not empty: /app");
    check("deleteall /app", "deleteall");
    check("delete /guarded", "delete");
    check("ls /", "[zookeeper]");
    check("get /app", "Node does not exist: /app");
    cli.say("quit");
    cli.finish();
    stand.assert_left(&[]);
}
