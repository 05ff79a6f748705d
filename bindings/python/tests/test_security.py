"""TLS and SASL, and what is told when they fail."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime
from pathlib import Path

import pytest
import trustme
import zk_recipes
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from zk_recipes import sync
from zk_recipes.testing import Server

USERS = {"app": "s3cret", "other": "0ther"}


class World:
    """A server that speaks TLS, and its authority."""

    def __init__(self, *, wants_certificates: bool = False) -> None:
        self.authority = trustme.CA()
        self.ca = self.authority.cert_pem.bytes()
        self.server = Server(
            tls=both(self.authority.issue_cert("127.0.0.1")),
            tls_client_ca=self.ca if wants_certificates else None,
            sasl_users=USERS,
        )
        self.hosts = self.server.connect_string


def both(issued: trustme.LeafCert) -> tuple[bytes, bytes]:
    """Certificate and key, as PEM."""
    return issued.cert_chain_pems[0].bytes(), issued.private_key_pem.bytes()


@pytest.fixture
def world() -> Generator[World]:
    made = World()
    with made.server:
        yield made


@pytest.fixture
def strict() -> Generator[World]:
    made = World(wants_certificates=True)
    with made.server:
        yield made


async def test_a_server_of_a_trusted_authority_is_reached_by_tls(world: World, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(world.ca)
    for ca in (world.ca, file, str(file)):
        async with zk_recipes.connect(world.hosts, tls_ca=ca) as zk:
            await zk.create("/a-", sequential=True)
    with sync.connect(world.hosts, tls_ca=file) as same:
        assert len(same.children("/")) == 4


async def test_a_server_of_another_authority_or_name_is_refused(world: World) -> None:
    stranger = trustme.CA(organization_name="another").cert_pem.bytes()
    with pytest.raises(zk_recipes.TlsError, match="an authority that is not trusted") as refused:
        await zk_recipes.connect(world.hosts, tls_ca=stranger, connect_timeout=1)
    assert refused.value.fate == "not_applied"
    by_name = world.hosts.replace("127.0.0.1", "localhost")
    with pytest.raises(zk_recipes.TlsError, match="not for localhost but for 127.0.0.1"):
        await zk_recipes.connect(by_name, tls_ca=world.ca, connect_timeout=1)
    assert world.server.sessions() == []
    for options in ({"tls_ca": world.ca, "dangerous_accept_any_host_name": True},
                    {"dangerous_accept_any_certificate": True}):
        async with zk_recipes.connect(by_name, **options):  # type: ignore[arg-type]
            pass


async def test_a_client_certificate_is_shown_and_names_the_client(
    strict: World, tmp_path: Path
) -> None:
    with pytest.raises(zk_recipes.TlsError, match="wants a client certificate"):
        await zk_recipes.connect(strict.hosts, tls_ca=strict.ca, connect_timeout=1)
    cert, key = both(strict.authority.issue_cert("app.example", common_name="app"))
    async with zk_recipes.connect(strict.hosts, tls_ca=strict.ca, tls_cert=cert, tls_key=key) as app:
        await app.create("/mine", acl=[zk_recipes.Acl.creator_all()])
        await app.set("/mine", b"1")
    other = [tmp_path / "other.pem", tmp_path / "other.key"]
    for file, pem in zip(other, both(strict.authority.issue_cert("other.example", common_name="other"))):
        file.write_bytes(pem)
    connecting = zk_recipes.connect(strict.hosts, tls_ca=strict.ca, tls_cert=other[0], tls_key=other[1])
    async with connecting as zk:
        with pytest.raises(zk_recipes.NoAuthError):
            await zk.set("/mine", b"2")


def revocation_list(authority: trustme.CA, revoked: list[int]) -> bytes:
    """The authority's list of revoked certificates, by their numbers."""
    since = datetime(2020, 1, 1)
    builder = x509.CertificateRevocationListBuilder(
        issuer_name=x509.load_pem_x509_certificate(authority.cert_pem.bytes()).subject,
        last_update=since,
        next_update=since.replace(year=2120),
    ).add_extension(x509.CRLNumber(1), critical=False)
    for number in revoked:
        one = x509.RevokedCertificateBuilder(number, since)
        builder = builder.add_revoked_certificate(one.build())
    key = serialization.load_pem_private_key(authority.private_key_pem.bytes(), None)
    assert isinstance(key, EllipticCurvePrivateKey)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


async def test_a_revoked_certificate_is_refused_where_a_list_is_given() -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    number = x509.load_pem_x509_certificate(both(issued)[0]).serial_number
    ca = authority.cert_pem.bytes()
    with Server(tls=both(issued)) as server:
        hosts = server.connect_string
        async with zk_recipes.connect(hosts, tls_ca=ca, tls_crl=revocation_list(authority, [])):
            pass
        revoked = revocation_list(authority, [number])
        with pytest.raises(zk_recipes.TlsError, match="was revoked by its authority"):
            await zk_recipes.connect(hosts, tls_ca=ca, tls_crl=revoked, connect_timeout=1)


async def test_sasl_names_the_client_and_a_wrong_password_is_an_error_of_its_own(world: World) -> None:
    options = {"tls_ca": world.ca}
    async with zk_recipes.connect(world.hosts, sasl=("app", "s3cret"), tls_ca=world.ca) as app:
        await app.create("/mine", acl=["sasl:app:cdrwa"])
        await app.set("/mine", b"1")
    async with zk_recipes.connect(world.hosts, sasl=("other", "0ther"), tls_ca=world.ca) as other:
        with pytest.raises(zk_recipes.NoAuthError):
            await other.get("/mine")
    with pytest.raises(zk_recipes.AuthFailed, match="refused SASL DIGEST-MD5 for user app") as refused:
        await zk_recipes.connect(world.hosts, sasl=("app", "hunter2"), connect_timeout=5, **options)
    assert "hunter2" not in str(refused.value) and "hunter2" not in repr(refused.value.__dict__)


def test_what_cannot_work_is_refused_before_anything_is_sent(world: World, tmp_path: Path) -> None:
    cert, key = both(world.authority.issue_cert("app"))
    missing = tmp_path / "none.pem"

    def refused(kind: type[Exception], match: str, **options: object) -> None:
        with pytest.raises(kind, match=match) as caught:
            sync.connect(world.hosts, **options)  # type: ignore[arg-type]
        assert "PRIVATE KEY" not in str(caught.value)

    ca = world.ca
    refused(zk_recipes.ConfigError, "belong together", tls_ca=ca, tls_cert=cert)
    refused(zk_recipes.ConfigError, "both paths or both PEM", tls_ca=ca, tls_cert=cert, tls_key=missing)
    refused(zk_recipes.ConfigError, "give tls_ca", tls_cert=cert, tls_key=key)
    refused(zk_recipes.ConfigError, "give tls_ca", dangerous_accept_any_host_name=True)
    refused(zk_recipes.ConfigError, "give one of them", tls_ca=ca, dangerous_accept_any_certificate=True)
    refused(zk_recipes.ConfigError, "give tls_ca", tls_crl=missing)
    refused(zk_recipes.ConfigError, f"cannot read {missing}", tls_ca=missing)
    refused(zk_recipes.ConfigError, f"cannot read {missing}", tls_ca=ca, tls_crl=missing)
    refused(zk_recipes.ConfigError, "no revocation list in PEM", tls_ca=ca, tls_crl=ca)
    refused(zk_recipes.ConfigError, "no private key in PEM", tls_ca=ca, tls_cert=cert, tls_key=cert)
    refused(zk_recipes.ConfigError, "one of them is empty", sasl=("app", ""))
    refused(TypeError, "encode PEM", tls_ca=ca, tls_cert=cert, tls_key=key.decode())
    refused(TypeError, "tls_ca must be a path, or PEM as bytes, not int", tls_ca=1)
    refused(TypeError, "sasl is a pair", sasl="app:s3cret")
    assert world.server.connection_count() == 0
    with pytest.raises(zk_recipes.ConfigError, match="give tls, too"):
        Server(tls_client_ca=ca)
    with pytest.raises(zk_recipes.ConfigError, match="no private key in PEM"):
        Server(tls=(cert, b"nothing"))
