using Cluster.Api.CertificatesV1;
using Cluster.Api.MetaV1;
using Cluster.Api.Validation;
using Google.Protobuf;

namespace Cluster.Api.Tests.Validation;

public class SigningRequestRulesTests
{
    /// <summary>Signed with Ed25519, which the library does not know.</summary>
    private const string Ed25519 = """
        -----BEGIN CERTIFICATE REQUEST-----
        MIGNMEECAQAwDjEMMAoGA1UEAwwDYW5uMCowBQYDK2VwAyEAVFjLbPMtrY1FGoEn
        tvEL1IaWGq+28+sFf1XHOGhJusKgADAFBgMrZXADQQCoe3dbGqgcIvN3hJkg2vE9
        UFnKT6QhhVNFS4+JgLPGtIUJKWnZBl0UVDi1uPcG/K8K45k6xas4+BK3hk/ygUMH
        -----END CERTIFICATE REQUEST-----
        """;

    [Fact]
    public void ValidateCreate_AlgorithmWeDoNotKnow_IsTheSignersAffair() => Assert.Empty(Validator.ValidateCreate(Request(Ed25519)));

    [Fact]
    public void ValidateCreate_SignedByAnotherKey_IsTheSignersAffair() => Assert.Empty(Validator.ValidateCreate(Request(Ed25519.Replace("hk/ygU", "AAAAAA", StringComparison.Ordinal))));

    [Fact]
    public void ValidateCreate_NoRequestAtAll_IsInvalid() =>
        Assert.StartsWith("spec.request: Invalid value", Assert.Single(Validator.ValidateCreate(Request("nothing"))).Message, StringComparison.Ordinal);

    private static CertificateSigningRequest Request(string pem) => new()
    {
        Metadata = new ObjectMeta { Name = "ann" },
        Spec = new() { Request = ByteString.CopyFromUtf8(pem), SignerName = "example.com/signer", Usages = { "client auth" } },
    };
}
