/* libzk_recipes: ZooKeeper locks with fencing tokens, and a client that says of each failure whether it took effect.
 *
 * Made from bindings/c/src by `cargo xtask c header`; do not edit.
 *
 * Status. Functions that can fail in a way that a program decides on return a zk_status; ZK_OK is 0. Functions that
 * return a value return the neutral one on failure. Either way zk_last_error() and its sisters tell the calling thread
 * what failed, whether it took effect, at which path, at which server. On failure no output is written to.
 *
 * Handles. zk_options, zk_client, zk_mutex, zk_guard and zk_result are handles: values that look like pointers and
 * point to nothing. Each is to be freed once with its _free function, in any order. Using one that was freed, or one of
 * another type, or NULL, is an error and nothing else happens: ZK_ERR_INVALID_HANDLE, ZK_ERR_NULL_ARGUMENT.
 *
 * Texts and bytes. A text is a pointer and a length, in UTF-8; the length ZK_NUL says that it ends with a NUL. Bytes are
 * a pointer and a length; NULL with length 0 is empty. Both need to be good only during the call. Texts that come back
 * end with a NUL.
 *
 * Outputs. A pointer to write a result to must be NULL, where that is allowed, or may be written to during the call.
 *
 * Deadlines. Each call that waits takes a deadline in milliseconds from now; negative is none. 0 still asks, and gives
 * up unless the answer is there. A request without a deadline ends with the client's request timeout, an acquisition
 * never. What is given up at the deadline fails with ZK_ERR_TIMED_OUT, and its fate tells whether it had left.
 *
 * Waiting or not. Each operation has a function that waits, and one named _start_ that does not: it takes a tag of your
 * choice, tells the operation's number (`operation` may be NULL), and its end comes as a zk_completion.
 *
 * Threads. All functions may be called from any thread, with the same handles, at any time, also from several threads
 * at once. Requests of one client leave in the order of the calls. The library runs two threads of its own, and never
 * calls back into a program. No function is for signal handlers.
 *
 * Fork. A child of fork() cannot use what its parent had made, nor the library if the parent had used it before:
 * everything fails with ZK_ERR_FORKED, without touching the parent's sessions. Fork first, or exec in the child.
 */


#ifndef ZK_RECIPES_H
#define ZK_RECIPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length of a text that ends with a NUL. */
#define ZK_NUL SIZE_MAX

/*
 The header's version: the first number.
 */
#define ZK_VERSION_MAJOR 0

/*
 The header's version: the second number.
 */
#define ZK_VERSION_MINOR 1

/*
 The header's version: the third number.
 */
#define ZK_VERSION_PATCH 0

/*
 The header's version as one number that grows: major * 1,000,000 + minor * 1,000 + patch.
 */
#define ZK_VERSION_NUMBER 1000

/*
 The version that every node has: no condition.
 */
#define ZK_ANY_VERSION -1

/*
 How a call ended. 0 is success; negative codes are ZooKeeper's own; the others are grouped: connection 10,
 session 20, set-up 30, caller 40, protocol 50, recipes 100, bugs of this library 900. Codes keep their meaning;
 new ones may come, so treat an unknown code as a failure.
 */
typedef enum zk_status {
    /*
     Success.
     */
    ZK_OK = 0,
    /*
     The server answered with a code that none of the others names.
     */
    ZK_ERR_SERVER_ERROR = 1,
    /*
     The server does not know the operation.
     */
    ZK_ERR_UNIMPLEMENTED = -6,
    /*
     The server refused the arguments.
     */
    ZK_ERR_BAD_ARGUMENTS = -8,
    /*
     The node, or the parent of a node to create, does not exist.
     */
    ZK_ERR_NO_NODE = -101,
    /*
     The node's ACL does not allow the operation to this connection.
     */
    ZK_ERR_NO_AUTH = -102,
    /*
     The node's version is not the expected one.
     */
    ZK_ERR_BAD_VERSION = -103,
    /*
     An ephemeral node cannot have children.
     */
    ZK_ERR_NO_CHILDREN_FOR_EPHEMERALS = -108,
    /*
     A node to create exists already.
     */
    ZK_ERR_NODE_EXISTS = -110,
    /*
     The node still has children.
     */
    ZK_ERR_NOT_EMPTY = -111,
    /*
     An ACL is empty or malformed.
     */
    ZK_ERR_INVALID_ACL = -114,
    /*
     The server is read-only.
     */
    ZK_ERR_READ_ONLY_SERVER = -119,
    /*
     A quota would be exceeded.
     */
    ZK_ERR_QUOTA_EXCEEDED = -125,
    /*
     The server gave up the operation under load.
     */
    ZK_ERR_THROTTLED = -127,
    /*
     The connection broke before the answer arrived.
     */
    ZK_ERR_CONNECTION_LOST = 10,
    /*
     The deadline passed.
     */
    ZK_ERR_TIMED_OUT = 11,
    /*
     The operation was cancelled with zk_client_cancel, or its client was freed.
     */
    ZK_ERR_CANCELLED = 19,
    /*
     The session is gone, and with it every ephemeral node and hold.
     */
    ZK_ERR_SESSION_EXPIRED = 20,
    /*
     The server refused the credentials.
     */
    ZK_ERR_AUTH_FAILED = 21,
    /*
     The client was closed.
     */
    ZK_ERR_CLOSED = 22,
    /*
     No server could be reached in time.
     */
    ZK_ERR_NO_SERVER_REACHABLE = 30,
    /*
     The connect string or an option is invalid.
     */
    ZK_ERR_INVALID_CONFIG = 31,
    /*
     No server is who it should be, or none agreed on how to encrypt the connection.
     */
    ZK_ERR_TLS = 32,
    /*
     The path is malformed.
     */
    ZK_ERR_INVALID_PATH = 40,
    /*
     A frame is larger than the limit.
     */
    ZK_ERR_FRAME_TOO_LARGE = 41,
    /*
     Too many requests or completions wait already.
     */
    ZK_ERR_QUEUE_FULL = 42,
    /*
     The library was used in a way that cannot work.
     */
    ZK_ERR_MISUSE = 43,
    /*
     A pointer that must not be NULL is.
     */
    ZK_ERR_NULL_ARGUMENT = 46,
    /*
     A text is not UTF-8.
     */
    ZK_ERR_INVALID_UTF8 = 47,
    /*
     A handle was freed, is of another type, or never was one.
     */
    ZK_ERR_INVALID_HANDLE = 48,
    /*
     The library was in use before this process was forked; a child cannot use it.
     */
    ZK_ERR_FORKED = 49,
    /*
     The server broke the protocol.
     */
    ZK_ERR_PROTOCOL = 50,
    /*
     A lock was not acquired in time.
     */
    ZK_ERR_ACQUIRE_TIMED_OUT = 100,
    /*
     A hold ended before it was released.
     */
    ZK_ERR_LOCK_LOST = 101,
    /*
     Contenders of different layouts wait in one directory, and neither sees the other.
     */
    ZK_ERR_MIXED_CONTENDERS = 102,
    /*
     It is not certain any more that a lock is held.
     */
    ZK_ERR_LOCK_DOUBT = 103,
    /*
     Others wrote first, at each of the attempts that were to be made.
     */
    ZK_ERR_CONTENDED = 110,
    /*
     What was waited for did not happen in time.
     */
    ZK_ERR_WAIT_TIMED_OUT = 111,
    /*
     The node holds something else than the recipe stores there.
     */
    ZK_ERR_UNDECODABLE = 112,
    /*
     A cache has a part of its nodes only: the next one is beyond a limit.
     */
    ZK_ERR_INCOMPLETE = 120,
    /*
     A bug of this library.
     */
    ZK_ERR_BUG = 900,
    /*
     A bug of this library that was stopped at its border.
     */
    ZK_ERR_PANIC = 901,
} zk_status;

/*
 Whether the failed call took effect.
 */
typedef enum zk_fate {
    /*
     It did not take effect.
     */
    ZK_FATE_NOT_APPLIED = 0,
    /*
     It may have taken effect: the request left this process, and its answer was lost or not waited for.
     */
    ZK_FATE_UNKNOWN = 1,
} zk_fate;

/*
 The state of a session.
 */
typedef enum zk_state {
    /*
     Not known: the question failed.
     */
    ZK_STATE_UNKNOWN = 0,
    /*
     Looking for a server; no session yet.
     */
    ZK_STATE_CONNECTING = 1,
    /*
     Connected.
     */
    ZK_STATE_CONNECTED = 2,
    /*
     Connected to a server that only serves reads.
     */
    ZK_STATE_CONNECTED_READ_ONLY = 3,
    /*
     The connection is down; the session may still live.
     */
    ZK_STATE_SUSPENDED = 4,
    /*
     The session is gone with all its ephemeral nodes and holds.
     */
    ZK_STATE_EXPIRED = 5,
    /*
     A server refused the credentials; final.
     */
    ZK_STATE_AUTH_FAILED = 6,
    /*
     The client was closed; final.
     */
    ZK_STATE_CLOSED = 7,
} zk_state;

/*
 Which recipes write a contender's name.
 */
typedef enum zk_family {
    /*
     One that this version does not know.
     */
    ZK_FAMILY_OTHER = 0,
    /*
     A mutex of this library, of Curator or of go-zk.
     */
    ZK_FAMILY_MUTEX = 1,
    /*
     Another recipe of Curator: read-write lock, leader latch, semaphore.
     */
    ZK_FAMILY_OTHER_CURATOR = 2,
    /*
     A lock of kazoo.
     */
    ZK_FAMILY_KAZOO = 3,
    /*
     Another recipe of kazoo: the reader of a read-write lock.
     */
    ZK_FAMILY_OTHER_KAZOO = 4,
} zk_family;

/*
 Why a hold ended before it was released.
 */
typedef enum zk_loss {
    /*
     It was not lost: it is held, or it was released.
     */
    ZK_LOSS_NONE = 0,
    /*
     Somebody deleted the holder's node.
     */
    ZK_LOSS_NODE_DELETED = 1,
    /*
     The session expired.
     */
    ZK_LOSS_SESSION_EXPIRED = 2,
    /*
     A server refused the credentials on a reconnect.
     */
    ZK_LOSS_AUTH_FAILED = 3,
    /*
     The client was closed or freed.
     */
    ZK_LOSS_CLOSED = 4,
    /*
     Another reason; or the question failed.
     */
    ZK_LOSS_OTHER = 5,
} zk_loss;

/*
 How long a node lives and how it is named.
 */
typedef enum zk_create_mode {
    /*
     Stays until deleted.
     */
    ZK_PERSISTENT = 0,
    /*
     Goes with the session that created it.
     */
    ZK_EPHEMERAL = 1,
    /*
     Persistent, with a sequence number appended to its name.
     */
    ZK_PERSISTENT_SEQUENTIAL = 2,
    /*
     Ephemeral, with a sequence number appended to its name.
     */
    ZK_EPHEMERAL_SEQUENTIAL = 3,
    /*
     Deleted by the server some time after its last child has gone.
     */
    ZK_CONTAINER = 4,
} zk_create_mode;

/*
 Whose programs a lock is shared with.
 */
typedef enum zk_layout {
    /*
     Curator's InterProcessMutex and go-zk's lock: the default.
     */
    ZK_LAYOUT_CURATOR = 0,
    /*
     kazoo's Lock.
     */
    ZK_LAYOUT_KAZOO = 1,
} zk_layout;

/*
 A session with an ensemble, and a new one after an expiry unless told otherwise.
 */
typedef struct zk_client zk_client;

/*
 A lock that is, or was, held. It belongs to one session and never re-acquires by itself.
 */
typedef struct zk_guard zk_guard;

/*
 A lock on a path that one contender holds at a time, in the order of arrival; shared with Curator's
 InterProcessMutex, or with kazoo's Lock (zk_mutex_set_layout). Not re-entrant: who acquires it twice waits for itself. A fact for third parties is only the
 token of a guard.
 */
typedef struct zk_mutex zk_mutex;

/*
 Options of zk_client_connect.
 */
typedef struct zk_options zk_options;

/*
 What an operation yielded: data, metadata, a path, names, contenders or a guard. Does not change. What pointers
 taken from it point to is good until it is freed.
 */
typedef struct zk_result zk_result;

/*
 A node's metadata. Zxids are numbers of transactions; they grow over all nodes.
 */
typedef struct zk_stat {
    /*
     The transaction that created the node.
     */
    int64_t czxid;
    /*
     The transaction that last changed its data.
     */
    int64_t mzxid;
    /*
     The transaction that last created or deleted a child.
     */
    int64_t pzxid;
    /*
     When it was created, in milliseconds since 1970 by the server's clock.
     */
    int64_t ctime_ms;
    /*
     When its data last changed, likewise.
     */
    int64_t mtime_ms;
    /*
     The session an ephemeral node goes with, else 0.
     */
    int64_t ephemeral_owner;
    /*
     Counts changes of its data.
     */
    int32_t version;
    /*
     Counts changes of its children.
     */
    int32_t cversion;
    /*
     Counts changes of its ACL.
     */
    int32_t aversion;
    /*
     The length of its data.
     */
    int32_t data_length;
    /*
     The number of its children.
     */
    int32_t num_children;
} zk_stat;

/*
 One contender of a lock. Its texts are good until the result is freed.
 */
typedef struct zk_contender {
    /*
     The path of its node.
     */
    const char *node;
    /*
     What it says about itself: ours host name and process id unless set otherwise.
     */
    const char *text;
    /*
     Its session; 0 for a node that does not go with a session.
     */
    int64_t session;
    /*
     The fencing token it has or will have.
     */
    uint64_t token;
    /*
     When its node was created, in milliseconds since 1970 by the server's clock.
     */
    int64_t since_ms;
    /*
     Which recipes write such names.
     */
    enum zk_family family;
    /*
     True for the first of its family.
     */
    bool holds;
} zk_contender;

/*
 The end of one operation that was started.
 */
typedef struct zk_completion {
    /*
     The operation's number, as it was given when it was started. 0: there is no completion.
     */
    uint64_t operation;
    /*
     What the caller gave when the operation was started.
     */
    void *tag;
    /*
     How it ended.
     */
    enum zk_status status;
    /*
     What it yielded, or why it failed (see zk_result_status). Never NULL; to be freed.
     */
    struct zk_result *result;
} zk_completion;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/*
 The version of the library that the program runs with, as ZK_VERSION_NUMBER counts. May be called at any time,
 also in a forked child.
 */
uint32_t zk_version_number(void);

/*
 The version of the library that the program runs with, as text.
 */
const char *zk_version(void);

/*
 The text of the latest failed call of this thread: one line that names the operation, the path and the next
 step. Empty if no call has failed yet. Valid until the next call in this thread fails, or the thread ends.
 Never NULL. May be called in a forked child.
 */
const char *zk_last_error(void);

/*
 The path that the latest failed call of this thread was about; empty if it was about none. Valid as long as
 zk_last_error() is.
 */
const char *zk_last_error_path(void);

/*
 The server, as named in the connect string, that the latest failed call of this thread asked; empty if it asked
 none. Valid as long as zk_last_error() is.
 */
const char *zk_last_error_server(void);

/*
 The code of the latest failed call of this thread; ZK_OK if no call has failed yet.
 */
enum zk_status zk_last_error_status(void);

/*
 Whether the latest failed call of this thread took effect.
 */
enum zk_fate zk_last_error_fate(void);

/*
 Makes options with the defaults. Free them with zk_options_free; a client does not need them any more once
 zk_client_connect has returned.
 */
enum zk_status zk_options_new(struct zk_options **options);

/*
 Frees options. NULL is allowed.
 */
enum zk_status zk_options_free(struct zk_options *options);

/*
 Sets the session timeout to ask for; the server clamps it (stock: 4 to 40 s). Default: 10 s. After this long
 without contact the server deletes the session's ephemeral nodes, and its locks go to others.
 */
enum zk_status zk_options_set_session_timeout(struct zk_options *options, int64_t ms);

/*
 Sets how long a request may take that is made without a deadline. Default: twice the session timeout.
 */
enum zk_status zk_options_set_request_timeout(struct zk_options *options, int64_t ms);

/*
 Lets zk_client_connect fail as soon as each server was tried once, instead of trying until its deadline.
 Default: false.
 */
enum zk_status zk_options_set_fail_fast(struct zk_options *options, bool on);

/*
 Lets the client end when its session expires, instead of going on with a new session. What was held is lost
 either way. Default: false.
 */
enum zk_status zk_options_set_stop_on_expiry(struct zk_options *options, bool on);

/*
 Adds credentials, presented on each connection: scheme "digest" and "user:password". May be called repeatedly.
 */
enum zk_status zk_options_add_auth(struct zk_options *options,
                                   const char *scheme,
                                   size_t scheme_len,
                                   const void *auth,
                                   size_t auth_len);

/*
 Encrypts every connection, and trusts servers whose certificates are of an authority in this file (PEM). Servers
 listen for TLS on a port of its own, often 2281, and have to prove the name that stands in the connect string. The
 file is read for each connection: what replaces it counts from the next one on. May be called repeatedly.
 */
enum zk_status zk_options_add_tls_ca_file(struct zk_options *options,
                                          const char *tls_ca,
                                          size_t tls_ca_len);

/*
 As zk_options_add_tls_ca_file, with the PEM itself.
 */
enum zk_status zk_options_add_tls_ca_pem(struct zk_options *options, const void *tls_ca, size_t tls_ca_len);

/*
 Refuses servers whose certificate is in this file's revocation lists (PEM). With one list there has to be a current one
 of each authority between a server and a trusted one, else the server is refused, too. The file is read for each
 connection; nothing is fetched. May be called repeatedly.
 */
enum zk_status zk_options_add_tls_crl_file(struct zk_options *options,
                                           const char *tls_crl,
                                           size_t tls_crl_len);

/*
 As zk_options_add_tls_crl_file, with the PEM itself.
 */
enum zk_status zk_options_add_tls_crl_pem(struct zk_options *options,
                                          const void *tls_crl,
                                          size_t tls_crl_len);

/*
 Shows servers that want one (ssl.clientAuth) the certificate in one file (PEM), with those that lead to its
 authority behind it, and proves by the key in another (PEM, not encrypted) that it is ours. Both are read for each
 connection.
 */
enum zk_status zk_options_set_tls_cert_files(struct zk_options *options,
                                             const char *tls_cert,
                                             size_t tls_cert_len,
                                             const char *tls_key,
                                             size_t tls_key_len);

/*
 As zk_options_set_tls_cert_files, with the PEM itself.
 */
enum zk_status zk_options_set_tls_cert_pem(struct zk_options *options,
                                           const void *tls_cert,
                                           size_t tls_cert_len,
                                           const void *tls_key,
                                           size_t tls_key_len);

/*
 Accepts a trusted certificate whatever name it is for: whoever has any certificate of the authority can pass for a
 server. Cannot be taken back.
 */
enum zk_status zk_options_set_dangerous_accept_any_host_name(struct zk_options *options);

/*
 Encrypts every connection, and accepts any certificate: whoever is on the way can pass for a server, read and change
 everything, passwords included. For a first try alone. Cannot be taken back.
 */
enum zk_status zk_options_set_dangerous_accept_any_certificate(struct zk_options *options);

/*
 Proves by SASL DIGEST-MD5 who the client is, on each connection before anything else, and that the server knows the
 password, too. A refusal ends the client: ZK_ERR_AUTH_FAILED. The password is not sent, but whoever hears the exchange
 can try passwords against it: use TLS below it.
 */
enum zk_status zk_options_set_sasl(struct zk_options *options,
                                   const char *user,
                                   size_t user_len,
                                   const char *password,
                                   size_t password_len);

/*
 Connects to an ensemble, "host[:port][,host[:port]...][/chroot]", and waits for the first connection. `options`
 may be NULL. Without a deadline it tries for ever. Fails with ZK_ERR_NO_SERVER_REACHABLE, whose text gives a
 reason for each server.

 Threads: any.
 */
enum zk_status zk_client_connect(const char *servers,
                                 size_t servers_len,
                                 const struct zk_options *options,
                                 int64_t deadline_ms,
                                 struct zk_client **client);

/*
 Ends the session and waits until the server has deleted its ephemeral nodes; what is held is lost, which is how its
 waiters hear of it. The handle stays good, for what is left of the completions, and still has to be freed. Everything that waits or runs ends,
 mostly with ZK_ERR_CLOSED. If the deadline passes the closing goes on in the background.

 Threads: any, also while others wait in calls of the same client. The library never calls back into a program, so
 there is no place from which a client must not be closed.
 */
enum zk_status zk_client_close(struct zk_client *client,
                               int64_t deadline_ms);

/*
 Frees a client. A session that was not closed is closed in the background; guards made from it are lost. NULL is
 allowed.

 Threads: any, also while others wait in calls of the same client: those end.
 */
enum zk_status zk_client_free(struct zk_client *client);

/*
 The state of the session now. Threads: any. Never waits.
 */
enum zk_state zk_client_state(const struct zk_client *client);

/*
 The id of the session, as servers log it; 0 on failure. Threads: any. Never waits.
 */
int64_t zk_client_session_id(const struct zk_client *client);

/*
 The session timeout that the server granted, in milliseconds; 0 on failure. Threads: any. Never waits.
 */
int64_t zk_client_session_timeout_ms(const struct zk_client *client);

/*
 Reads a node: zk_result_data, zk_result_stat. Threads: any.
 */
enum zk_status zk_client_get(struct zk_client *client,
                             const char *path,
                             size_t path_len,
                             int64_t deadline_ms,
                             struct zk_result **result);

/*
 Starts zk_client_get. Threads: any. Never waits.
 */
enum zk_status zk_client_start_get(struct zk_client *client,
                                   const char *path,
                                   size_t path_len,
                                   int64_t deadline_ms,
                                   void *tag,
                                   uint64_t *operation);

/*
 Asks whether a node exists. `stat` may be NULL, and is left as it is if the node does not exist. Threads: any.
 */
enum zk_status zk_client_exists(struct zk_client *client,
                                const char *path,
                                size_t path_len,
                                int64_t deadline_ms,
                                bool *exists,
                                struct zk_stat *stat);

/*
 Starts zk_client_exists: zk_result_exists, zk_result_stat. Threads: any. Never waits.
 */
enum zk_status zk_client_start_exists(struct zk_client *client,
                                      const char *path,
                                      size_t path_len,
                                      int64_t deadline_ms,
                                      void *tag,
                                      uint64_t *operation);

/*
 Lists the names of a node's children, in no order: zk_result_count, zk_result_name. Threads: any.
 */
enum zk_status zk_client_children(struct zk_client *client,
                                  const char *path,
                                  size_t path_len,
                                  int64_t deadline_ms,
                                  struct zk_result **result);

/*
 Starts zk_client_children. Threads: any. Never waits.
 */
enum zk_status zk_client_start_children(struct zk_client *client,
                                        const char *path,
                                        size_t path_len,
                                        int64_t deadline_ms,
                                        void *tag,
                                        uint64_t *operation);

/*
 Creates a node; its parent must exist. `mode` is a zk_create_mode. `fence` may be NULL; with the guard of a lock
 the node is created only if the lock is still held, else the call fails with ZK_ERR_LOCK_LOST. `result` may be
 NULL; it tells the path, with the sequence number if there is one (zk_result_path). Threads: any.
 */
enum zk_status zk_client_create(struct zk_client *client,
                                const char *path,
                                size_t path_len,
                                const void *data,
                                size_t data_len,
                                int32_t mode,
                                const struct zk_guard *fence,
                                int64_t deadline_ms,
                                struct zk_result **result);

/*
 Starts zk_client_create: zk_result_path. The data is copied. Threads: any. Never waits.
 */
enum zk_status zk_client_start_create(struct zk_client *client,
                                      const char *path,
                                      size_t path_len,
                                      const void *data,
                                      size_t data_len,
                                      int32_t mode,
                                      const struct zk_guard *fence,
                                      int64_t deadline_ms,
                                      void *tag,
                                      uint64_t *operation);

/*
 Replaces a node's data. `version` is the version that the node must have, or ZK_ANY_VERSION. `fence` as for
 zk_client_create. `stat` may be NULL; it tells the node's new metadata. Threads: any.
 */
enum zk_status zk_client_set(struct zk_client *client,
                             const char *path,
                             size_t path_len,
                             const void *data,
                             size_t data_len,
                             int32_t version,
                             const struct zk_guard *fence,
                             int64_t deadline_ms,
                             struct zk_stat *stat);

/*
 Starts zk_client_set: zk_result_stat. The data is copied. Threads: any. Never waits.
 */
enum zk_status zk_client_start_set(struct zk_client *client,
                                   const char *path,
                                   size_t path_len,
                                   const void *data,
                                   size_t data_len,
                                   int32_t version,
                                   const struct zk_guard *fence,
                                   int64_t deadline_ms,
                                   void *tag,
                                   uint64_t *operation);

/*
 Deletes a node without children. `version` and `fence` as for zk_client_set. Threads: any.
 */
enum zk_status zk_client_delete(struct zk_client *client,
                                const char *path,
                                size_t path_len,
                                int32_t version,
                                const struct zk_guard *fence,
                                int64_t deadline_ms);

/*
 Starts zk_client_delete. Threads: any. Never waits.
 */
enum zk_status zk_client_start_delete(struct zk_client *client,
                                      const char *path,
                                      size_t path_len,
                                      int32_t version,
                                      const struct zk_guard *fence,
                                      int64_t deadline_ms,
                                      void *tag,
                                      uint64_t *operation);

/*
 How the operation ended. A failure becomes the last error of the calling thread, as if the operation had been
 waited for. Threads: any. Never waits, like all functions of a result.
 */
enum zk_status zk_result_status(const struct zk_result *result);

/*
 The data of a node that was read; `data` may come back as NULL if `len` is 0.
 */
enum zk_status zk_result_data(const struct zk_result *result, const void **data, size_t *len);

/*
 The metadata of a node that was read, written, or found to exist.
 */
enum zk_status zk_result_stat(const struct zk_result *result, struct zk_stat *stat);

/*
 Whether the node of zk_client_start_exists exists.
 */
enum zk_status zk_result_exists(const struct zk_result *result, bool *exists);

/*
 The path of the node that was created, with its sequence number if it has one.
 */
enum zk_status zk_result_path(const struct zk_result *result, const char **path);

/*
 How many children or contenders were listed; 0 on failure.
 */
size_t zk_result_count(const struct zk_result *result);

/*
 The name of the child number `index` (from 0), without its parent's path.
 */
enum zk_status zk_result_name(const struct zk_result *result, size_t index, const char **name);

/*
 The contender number `index` (from 0) of a lock, in the order of the queue.
 */
enum zk_status zk_result_contender(const struct zk_result *result,
                                   size_t index,
                                   struct zk_contender *contender);

/*
 Takes the guard of an acquired lock out of a result; NULL if zk_mutex_start_try_acquire found the lock taken.
 A guard that is not taken is released when the result is freed. The second taking fails with ZK_ERR_MISUSE.
 */
enum zk_status zk_result_take_guard(const struct zk_result *result, struct zk_guard **guard);

/*
 Whether the lock that was released had been held to the end.
 */
enum zk_status zk_result_was_held(const struct zk_result *result, bool *was_held);

/*
 Frees a result. NULL is allowed.
 */
enum zk_status zk_result_free(struct zk_result *result);

/*
 A descriptor to put into poll(2), epoll(7) or any event loop: readable while there is a completion to take, one
 or many; and for good once the client is closed and nothing is left. Do not read from it, write to it or close
 it. Good until the client is freed: take it out of the event loop before. -1 on failure.

 Threads: any. Never waits.
 */
int zk_client_poll_fd(const struct zk_client *client);

/*
 Takes the oldest completion. Each operation that was started makes exactly one, whatever becomes of it. With
 deadline 0 it never waits, which is what an event loop wants: take until there is none, then poll. If there is none
 the call succeeds with operation 0 and result NULL. Fails with ZK_ERR_CLOSED once the client is closed and
 nothing is left.

 Threads: any; each completion goes to one of them.
 */
enum zk_status zk_client_next_completion(struct zk_client *client,
                                         int64_t deadline_ms,
                                         struct zk_completion *completion);

/*
 Gives an operation up that was started: a request that was not sent is taken back, an acquisition leaves no
 contender behind. It completes with ZK_ERR_CANCELLED, or, if it was done before, as it ended; `running` tells
 which to expect and may be NULL. The fate of a write that was cancelled is unknown.

 Threads: any. Never waits.
 */
enum zk_status zk_client_cancel(struct zk_client *client, uint64_t operation, bool *running);

/*
 The lock at `path`. Sends nothing; missing parents are made when somebody acquires it. The mutex does not keep the
 client: when that is closed or freed, the calls of the mutex fail with ZK_ERR_CLOSED. Threads: any. Never waits.
 */
enum zk_status zk_mutex_new(struct zk_client *client,
                            const char *path,
                            size_t path_len,
                            struct zk_mutex **mutex);

/*
 Frees a mutex. Guards made from it stay. NULL is allowed. Threads: any, also while others wait in calls of the same
 mutex, which go on.
 */
enum zk_status zk_mutex_free(struct zk_mutex *mutex);

/*
 Sets the text by which operators recognise the contenders of later acquisitions. Default: host name and process
 id. Threads: any. Never waits.
 */
enum zk_status zk_mutex_set_contender(struct zk_mutex *mutex,
                                      const char *text,
                                      size_t text_len);

/*
 Sets whose programs later acquisitions share the lock with: `layout` is a zk_layout. All contenders of one path use
 one layout; a path with both is refused (ZK_ERR_MIXED_CONTENDERS). Threads: any. Never waits.
 */
enum zk_status zk_mutex_set_layout(struct zk_mutex *mutex,
                                   int32_t layout);

/*
 Acquires the lock, waiting for those who came before. Fails with ZK_ERR_ACQUIRE_TIMED_OUT when the deadline passes
 first; then, as after any failure, no contender is left behind. After an expiry of the session it waits at the tail
 again. Release the guard with zk_guard_release, free it with zk_guard_free. Threads: any.
 */
enum zk_status zk_mutex_acquire(struct zk_mutex *mutex,
                                int64_t deadline_ms,
                                struct zk_guard **guard);

/*
 Starts zk_mutex_acquire: zk_result_take_guard. To stop waiting: zk_client_cancel. Threads: any. Never waits.
 */
enum zk_status zk_mutex_start_acquire(struct zk_mutex *mutex,
                                      int64_t deadline_ms,
                                      void *tag,
                                      uint64_t *operation);

/*
 Acquires the lock if nobody holds it or waits for it; otherwise succeeds with `guard` NULL. Never waits for other
 contenders; the deadline is for the servers' answers. Threads: any.
 */
enum zk_status zk_mutex_try_acquire(struct zk_mutex *mutex,
                                    int64_t deadline_ms,
                                    struct zk_guard **guard);

/*
 Starts zk_mutex_try_acquire: zk_result_take_guard. Threads: any. Never waits.
 */
enum zk_status zk_mutex_start_try_acquire(struct zk_mutex *mutex,
                                          int64_t deadline_ms,
                                          void *tag,
                                          uint64_t *operation);

/*
 Lists who holds the lock and who waits, in order: zk_result_count, zk_result_contender. Empty if the lock is free.
 Threads: any.
 */
enum zk_status zk_mutex_contenders(struct zk_mutex *mutex,
                                   int64_t deadline_ms,
                                   struct zk_result **result);

/*
 Starts zk_mutex_contenders. Threads: any. Never waits.
 */
enum zk_status zk_mutex_start_contenders(struct zk_mutex *mutex,
                                         int64_t deadline_ms,
                                         void *tag,
                                         uint64_t *operation);

/*
 The fencing token: it grows with every new holder of the path. Give it to what you write to. 0 on failure. Threads:
 any. Never waits.
 */
uint64_t zk_guard_token(const struct zk_guard *guard);

/*
 The lock's path; good until the guard is freed. NULL on failure. Threads: any. Never waits.
 */
const char *zk_guard_path(const struct zk_guard *guard);

/*
 The path of the holder's own node; good until the guard is freed. NULL on failure. Threads: any. Never waits.
 */
const char *zk_guard_node(const struct zk_guard *guard);

/*
 True until the hold was released or is known to be lost. False on failure. Threads: any. Never waits.
 */
bool zk_guard_is_held(const struct zk_guard *guard);

/*
 True while it is proven that the servers have not let the session expire. False in doubt, after a loss, during the
 first moments of a hold on a fresh connection, and on failure. A pause of the process between this call and what it
 is followed by cannot be seen: only the token and fenced writes are proofs. Threads: any. Never waits.
 */
bool zk_guard_is_safe(const struct zk_guard *guard);

/*
 How much longer the hold is certainly safe, in milliseconds of real time; 0 if it is not, or on failure. Threads:
 any. Never waits.
 */
int64_t zk_guard_safe_for_ms(const struct zk_guard *guard);

/*
 Why the hold was lost. Threads: any. Never waits.
 */
enum zk_loss zk_guard_loss(const struct zk_guard *guard);

/*
 Waits until the hold ends: ZK_ERR_LOCK_LOST if it was lost, ZK_OK if it was released, ZK_ERR_TIMED_OUT if it is
 still held at the deadline. Threads: any, also while others use or free the guard.
 */
enum zk_status zk_guard_wait_lost(const struct zk_guard *guard,
                                  int64_t deadline_ms);

/*
 Starts zk_guard_wait_lost. Threads: any. Never waits.
 */
enum zk_status zk_guard_start_wait_lost(const struct zk_guard *guard,
                                        int64_t deadline_ms,
                                        void *tag,
                                        uint64_t *operation);

/*
 Waits until it is not certain any more that the lock is held: ZK_ERR_LOCK_DOUBT, or ZK_ERR_LOCK_LOST if it is known to
 be lost, ZK_OK if it was released, ZK_ERR_TIMED_OUT if it is certainly held at the deadline. Threads: any, also while
 others use or free the guard.
 */
enum zk_status zk_guard_wait_doubted(const struct zk_guard *guard,
                                     int64_t deadline_ms);

/*
 Starts zk_guard_wait_doubted. Threads: any. Never waits.
 */
enum zk_status zk_guard_start_wait_doubted(const struct zk_guard *guard,
                                           int64_t deadline_ms,
                                           void *tag,
                                           uint64_t *operation);

/*
 Releases the lock and waits until the server has deleted the holder's node. `was_held` may be NULL; it is true if
 the lock was held to the end, false if it had been lost before. If the deadline passes, or the call fails, the
 release goes on in the background. A second release fails with ZK_ERR_MISUSE. The guard still has to be freed.
 Threads: any.
 */
enum zk_status zk_guard_release(struct zk_guard *guard,
                                int64_t deadline_ms,
                                bool *was_held);

/*
 Starts zk_guard_release: zk_result_was_held. The lock is let go of at once. Threads: any. Never waits.
 */
enum zk_status zk_guard_start_release(struct zk_guard *guard,
                                      int64_t deadline_ms,
                                      void *tag,
                                      uint64_t *operation);

/*
 Frees a guard. A lock that was not released is released in the background. NULL is allowed. Threads: any, also
 while others wait for its loss: they hear of the release. Never waits.
 */
enum zk_status zk_guard_free(struct zk_guard *guard);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ZK_RECIPES_H */
