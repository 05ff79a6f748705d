//! The shell that comes with ZooKeeper.

use zk_tests::java;

use crate::kit::Stand;

#[test]
fn zk_cli_works_through_its_commands_across_a_cut() {
    let stand = Stand::start();
    let mut program = java("org.apache.zookeeper.ZooKeeperMain");
    program.args(["-server", &stand.connect_string(), "-timeout", "10000"]);
    let mut cli = stand.run(program);
    // Commands in front of the last answer nothing when all is well.
    let mut check = |commands: &str, answer: &str| {
        cli.say(commands);
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
    check("setquota -n 100 /app\nlistquota /app", "count=100");
    check("delquota /app\ncreate /guarded secret", "Created /guarded");
    check("addauth digest alice:pass\nwhoami", "digest: alice");
    check(
        "setAcl /guarded auth:alice:pass:crwda\ngetAcl /guarded",
        "'digest,'alice:",
    );
    check(
        "addWatch -m PERSISTENT_RECURSIVE /app\nset /app third",
        "NodeDataChanged path:/app",
    );
    // Its session, its ephemeral, its authentication and its watch outlive the connection.
    stand.hooks().cut_all();
    check("", "SyncConnected type:None");
    check("get /guarded", "secret");
    check("ls /app", "member-0000000000");
    check("create /app/box/inner", "NodeCreated path:/app/box/inner");
    check("sync /app", "Sync is OK");
    check("version", "3.8.0");
    check("delete /app", "Node not empty: /app");
    check("deleteall /app\nget /app", "Node does not exist: /app");
    // It ends as its last command did.
    check("delete /guarded\nls /", "[zookeeper]");
    cli.say("quit");
    cli.finish();
    stand.assert_left(&[]);
}
