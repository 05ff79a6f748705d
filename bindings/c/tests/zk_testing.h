/* Of the feature `testing`; made by `cargo xtask c header`, do not edit. */

#ifndef ZK_TESTING_H
#define ZK_TESTING_H

#include "zk_recipes.h"

/*
 A server on a port of 127.0.0.1, in memory.
 */
typedef struct zk_test_server zk_test_server;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/*
 Starts a server.
 */
zk_status zk_test_server_start(struct zk_test_server **server);

/*
 Starts a server that speaks TLS, and has a certificate for 127.0.0.1, of an authority of its own. It may want a
 certificate of that authority of each client (`certificates`), or that each client is the user `app` of SASL, whose
 password is `s3cret` (`sasl`).
 */
zk_status zk_test_server_start_protected(bool certificates,
                                         bool sasl,
                                         struct zk_test_server **server);

/*
 The certificate (PEM) of a protected server's authority. Good until the server is freed.
 */
const char *zk_test_server_ca(const struct zk_test_server *server);

/*
 That authority's list of revoked certificates (PEM), in which the server's own one is. Good until the server is freed.
 */
const char *zk_test_server_crl(const struct zk_test_server *server);

/*
 A certificate (PEM) of that authority for a client. Good until the server is freed.
 */
const char *zk_test_server_client_cert(const struct zk_test_server *server);

/*
 Its key (PEM). Good until the server is freed.
 */
const char *zk_test_server_client_key(const struct zk_test_server *server);

/*
 Stops a server, waits until it has stopped, and frees it.
 */
zk_status zk_test_server_free(struct zk_test_server *server);

/*
 Where it listens, for zk_client_connect. Good until it is freed.
 */
const char *zk_test_server_address(const struct zk_test_server *server);

/*
 Closes every connection; sessions live on.
 */
void zk_test_server_cut(const struct zk_test_server *server);

/*
 While refusing, every new connection is closed at once.
 */
void zk_test_server_refuse(const struct zk_test_server *server, bool refuse);

/*
 While held, reads and pings are answered and nothing is committed.
 */
void zk_test_server_hold_commits(const struct zk_test_server *server, bool hold);

/*
 Ends a session as if its time had come; false if there is none.
 */
bool zk_test_server_expire(const struct zk_test_server *server, int64_t session);

/*
 The next request with this operation code on a path that begins with this text takes effect and its connection is
 closed instead of an answer; or, if not `applied`, has no effect.
 */
zk_status zk_test_server_cut_at(const struct zk_test_server *server,
                                int op,
                                const char *path,
                                size_t path_len,
                                bool applied);

/*
 The next request with this operation code on a path that begins with this text is answered that much later.
 */
zk_status zk_test_server_delay(const struct zk_test_server *server,
                               int op,
                               const char *path,
                               size_t path_len,
                               uint64_t ms);

/*
 How often an operation was asked for.
 */
uint64_t zk_test_server_requests(const struct zk_test_server *server, int op);

/*
 How many nodes there are below a path.
 */
size_t zk_test_server_nodes_below(const struct zk_test_server *server, const char *path, size_t path_len);

/*
 How many sessions there are.
 */
size_t zk_test_server_sessions(const struct zk_test_server *server);

/*
 How many handles are not freed.
 */
size_t zk_test_live_handles(void);

/*
 Panics, and is stopped at the border.
 */
zk_status zk_test_panic(void);

/*
 Loses a few bytes, to see that leaks of the library are found.
 */
void zk_test_leak(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ZK_TESTING_H */
