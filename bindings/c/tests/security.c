/* TLS and SASL, and what is told when they fail. */
#include "check.h"

#include <stdlib.h>
#include <unistd.h>

static zk_test_server *protected_server(bool certificates, bool sasl) {
    zk_test_server *server = NULL;
    CHECK_OK(zk_test_server_start_protected(certificates, sasl, &server));
    return server;
}

/* Options that trust a server's authority, and try each server once. */
static zk_options *trusting(const zk_test_server *server) {
    zk_options *options = NULL;
    const char *authority = zk_test_server_ca(server);
    CHECK_OK(zk_options_new(&options));
    CHECK_OK(zk_options_set_fail_fast(options, true));
    CHECK_OK(zk_options_set_session_timeout(options, 30000));
    CHECK_OK(zk_options_add_tls_ca_pem(options, authority, strlen(authority)));
    return options;
}

/* Connects to a server with options, which are freed. */
static zk_status connects(const zk_test_server *server, zk_options *options) {
    zk_client *client = NULL;
    zk_status status =
        zk_client_connect(zk_test_server_address(server), ZK_NUL, options, SOON, &client);
    CHECK_OK(zk_options_free(options));
    CHECK((status == ZK_OK) == (client != NULL));
    if (client != NULL) {
        created(client, "/a", "");
        CHECK_OK(zk_client_close(client, SOON));
    }
    CHECK_OK(zk_client_free(client));
    return status;
}

TEST(a_server_of_a_trusted_authority_is_reached_by_tls_and_others_are_not) {
    zk_test_server *server = protected_server(false, false);
    zk_test_server *stranger = protected_server(false, false);
    zk_options *plain = NULL;
    CHECK_OK(connects(server, trusting(server)));
    CHECK_STATUS(connects(server, trusting(stranger)), ZK_ERR_TLS);
    CHECK(says(zk_last_error(), "is not signed by the trusted authority of that name"));
    CHECK(zk_last_error_fate() == ZK_FATE_NOT_APPLIED);
    CHECK_OK(zk_options_new(&plain));
    CHECK_OK(zk_options_set_fail_fast(plain, true));
    CHECK(connects(server, plain) != ZK_OK);
    CHECK(zk_test_server_sessions(stranger) == 0);
    CHECK_OK(zk_test_server_free(stranger));
    CHECK_OK(zk_test_server_free(server));
}

TEST(a_server_has_to_prove_its_name_unless_told_otherwise) {
    zk_test_server *server = protected_server(false, false);
    char address[64];
    zk_client *client = NULL;
    const char *port = strrchr(zk_test_server_address(server), ':');
    snprintf(address, sizeof address, "localhost%s", port);
    for (int round = 0; round < 2; round += 1) {
        zk_options *options = trusting(server);
        if (round == 0) {
            CHECK_STATUS(zk_client_connect(address, ZK_NUL, options, SOON, &client), ZK_ERR_TLS);
            CHECK(says(zk_last_error(), "not for localhost but for 127.0.0.1"));
        } else {
            CHECK_OK(zk_options_set_dangerous_accept_any_host_name(options));
            CHECK_OK(zk_client_connect(address, ZK_NUL, options, SOON, &client));
        }
        CHECK_OK(zk_options_free(options));
    }
    CHECK_OK(zk_client_close(client, SOON));
    CHECK_OK(zk_client_free(client));
    zk_options *anybody = NULL;
    CHECK_OK(zk_options_new(&anybody));
    CHECK_OK(zk_options_set_dangerous_accept_any_certificate(anybody));
    CHECK_OK(connects(server, anybody));
    CHECK_OK(zk_test_server_free(server));
}

TEST(a_client_certificate_is_shown_to_a_server_that_wants_one) {
    zk_test_server *server = protected_server(true, false);
    const char *certificate = zk_test_server_client_cert(server);
    const char *key = zk_test_server_client_key(server);
    CHECK_STATUS(connects(server, trusting(server)), ZK_ERR_TLS);
    CHECK(says(zk_last_error(), "wants a client certificate"));
    zk_options *options = trusting(server);
    CHECK_OK(zk_options_set_tls_cert_pem(options, certificate, strlen(certificate), key, strlen(key)));
    CHECK_OK(connects(server, options));
    options = trusting(server);
    CHECK_OK(zk_options_set_tls_cert_pem(options, certificate, strlen(certificate), "x", 1));
    CHECK_STATUS(connects(server, options), ZK_ERR_INVALID_CONFIG);
    CHECK(says(zk_last_error(), "no private key in PEM"));
    CHECK_OK(zk_test_server_free(server));
}

/* Writes a text to a new file and its name to `path`. */
static void written(char *path, const char *text) {
    strcpy(path, "/tmp/zk-c-security-XXXXXX");
    int file = mkstemp(path);
    size_t len = strlen(text);
    CHECK(file >= 0 && write(file, text, len) == (ssize_t)len && close(file) == 0);
}

TEST(certificates_and_keys_are_read_from_files) {
    zk_test_server *server = protected_server(true, false);
    char authority[32], certificate[32], key[32];
    zk_options *options = NULL;
    written(authority, zk_test_server_ca(server));
    written(certificate, zk_test_server_client_cert(server));
    written(key, zk_test_server_client_key(server));
    CHECK_OK(zk_options_new(&options));
    CHECK_OK(zk_options_add_tls_ca_file(options, authority, ZK_NUL));
    CHECK_OK(zk_options_set_tls_cert_files(options, certificate, ZK_NUL, key, ZK_NUL));
    CHECK_OK(connects(server, options));
    CHECK(unlink(authority) == 0 && unlink(certificate) == 0 && unlink(key) == 0);

    CHECK_OK(zk_options_new(&options));
    CHECK_OK(zk_options_set_fail_fast(options, true));
    CHECK_OK(zk_options_add_tls_ca_file(options, authority, ZK_NUL));
    CHECK_STATUS(connects(server, options), ZK_ERR_INVALID_CONFIG);
    CHECK(says(zk_last_error(), authority) && says(zk_last_error(), "cannot read"));
    CHECK_OK(zk_test_server_free(server));
}

TEST(a_revoked_certificate_is_refused_where_a_list_is_given) {
    zk_test_server *server = protected_server(false, false);
    const char *list = zk_test_server_crl(server);
    zk_options *options = trusting(server);
    CHECK_OK(zk_options_add_tls_crl_pem(options, list, strlen(list)));
    CHECK_STATUS(connects(server, options), ZK_ERR_TLS);
    CHECK(says(zk_last_error(), "was revoked by its authority"));
    options = trusting(server);
    CHECK_OK(zk_options_add_tls_crl_file(options, "/nowhere/list.pem", ZK_NUL));
    CHECK_STATUS(connects(server, options), ZK_ERR_INVALID_CONFIG);
    CHECK(says(zk_last_error(), "cannot read /nowhere/list.pem"));
    CHECK_OK(zk_test_server_free(server));
}

TEST(sasl_tells_a_wrong_password_from_a_server_that_cannot_be_reached) {
    zk_test_server *server = protected_server(false, true);
    zk_options *options = trusting(server);
    CHECK_OK(zk_options_set_sasl(options, "app", ZK_NUL, "s3cret", ZK_NUL));
    CHECK_OK(connects(server, options));
    options = trusting(server);
    CHECK_OK(zk_options_set_sasl(options, "app", ZK_NUL, "hunter2", ZK_NUL));
    CHECK_STATUS(connects(server, options), ZK_ERR_AUTH_FAILED);
    CHECK(says(zk_last_error(), "refused SASL DIGEST-MD5 for user app"));
    CHECK(!says(zk_last_error(), "hunter2"));
    CHECK_OK(zk_test_server_free(server));
}

TEST(what_cannot_work_is_refused_before_anything_is_sent) {
    zk_options *options = NULL;
    zk_client *client = NULL;
    CHECK_OK(zk_options_new(&options));
    CHECK_STATUS(zk_options_set_sasl(options, "", 0, "s3cret", ZK_NUL), ZK_ERR_INVALID_CONFIG);
    CHECK_STATUS(zk_options_set_sasl(options, "app", ZK_NUL, "", 0), ZK_ERR_INVALID_CONFIG);
    CHECK_STATUS(zk_options_add_tls_ca_file(options, NULL, ZK_NUL), ZK_ERR_NULL_ARGUMENT);
    CHECK_STATUS(
        zk_options_set_tls_cert_files(options, "c", 1, "-----BEGIN PRIVATE KEY-----", ZK_NUL), ZK_ERR_MISUSE);
    CHECK(says(zk_last_error(), "tls_key is the path of a file"));
    CHECK_OK(zk_options_set_tls_cert_files(options, "c", 1, "k", 1));
    CHECK_STATUS(zk_client_connect("127.0.0.1:1", ZK_NUL, options, SOON, &client), ZK_ERR_INVALID_CONFIG);
    CHECK(says(zk_last_error(), "zk_options_add_tls_ca_file"));
    for (int count = 0; count < 64; count += 1) {
        CHECK_OK(zk_options_add_tls_ca_pem(options, "x", 1));
    }
    CHECK_STATUS(zk_options_add_tls_ca_pem(options, "x", 1), ZK_ERR_MISUSE);
    CHECK_OK(zk_options_free(options));
}
